"""The backups in the folder of the settings: made one after the other, listed and checked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.backup import making, manifest, restoring
from geoinspect.backup.making import Made
from geoinspect.errors import GeoInspectError, NotFoundError, UsageError
from geoinspect.files import readable
from geoinspect.store import audit, audit_list, jobs
from geoinspect.store.audit_list import Wanted
from geoinspect.store.job_schema import JobRow
from geoinspect.store.workspace import Workspace

Tell = Callable[[float, float], None]
_MOST = 50
MOST_LISTED = 5000
_GOING = ".removed-"
_MADE = Wanted(action="backup.make")


@dataclass(frozen=True, slots=True)
class Told:
    """A backup of which the audit chain tells.

    Attributes:
        at: UTC, ISO 8601.
        there: Whether it lies in the folder of the settings now.
    """

    name: str
    at: str
    actor: str
    files: int
    bytes: int
    missing: int
    there: bool


def folder_of(workspace: Workspace) -> Path:
    """Return the folder of the settings, made where it is missing.

    Raises:
        UsageError: None is set, or it can't be made.
    """
    given = workspace.settings.backup_folder
    if not given:
        raise UsageError(
            f"还没有设置备份文件夹:请在 {workspace.folder}/geoinspect.toml 中设置 backup_folder,"
            "最好在另一块磁盘上",
            "no folder for backups is set: set backup_folder in geoinspect.toml, best on another "
            "disk",
            code="no_backup_folder",
        )
    folder = (workspace.folder.resolve() / given).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"备份文件夹“{readable(folder)}”不可用({error.strerror}):请检查磁盘是否已接好",
            f"the folder for backups {readable(folder)} can't be used ({error.strerror}): is the "
            "disk there?",
            code="bad_backup_folder",
        ) from error
    return folder


def make_next(workspace: Workspace, *, actor: str, tell: Tell) -> Made:
    """Make a backup named by its moment, sharing with the newest one what did not change.

    Raises:
        UsageError: No folder is set, or it can't be used.
        StoreError: The disk refuses.
    """
    folder = folder_of(workspace)
    since = _newest(folder)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}Z"
    made = making.make(workspace, folder / name, actor=actor, since=since, tell=tell)
    drop_old(workspace, folder, actor=actor)
    return made


def drop_old(workspace: Workspace, folder: Path, *, actor: str) -> list[str]:
    """Remove what is older than the newest backups that the settings keep; return their names.

    Only backups that the audit chain tells of go. One that was found damaged is not counted as kept,
    and the newest that was compared with its hashes and found whole stays, however old it is.
    """
    keep = workspace.settings.backup_keep
    with workspace.database.reading() as session:
        ours = {row.subject for row in audit_list.listed(session, _MADE, limit=MOST_LISTED)}
        checks = checked(session)
    there = sorted((p for p in folder.glob("*Z") if p.name in ours and _is_backup(p)), reverse=True)
    good = [path.name for path in there if checks.get(path.name, True)]
    oldest_kept = good[keep - 1] if keep and len(good) > keep else ""
    whole = next((name for name in good if checks.get(name)), None)
    gone = []
    for path in there:
        if path.name >= oldest_kept or path.name == whole:
            continue
        # The chain tells of it first: what it tells of may still be there, never the other way.
        details: dict[str, object] = {"kept": keep}
        with workspace.database.writing() as session:
            audit.record(
                session, actor=actor, action="backup.remove", subject=path.name, details=details
            )
        # Under another name in one step: what is half removed must not pass for a backup.
        try:
            path.rename(folder / f"{_GOING}{path.name}")
        except OSError:
            continue
        gone.append(path.name)
    for path in folder.glob(f"{_GOING}*"):
        shutil.rmtree(path, ignore_errors=True)
    return gone


def checked(session: Session) -> dict[str, bool]:
    """Return of each backup that was compared whether it was found whole the last time."""
    rows = audit_list.listed(session, Wanted(action="backup.check"), limit=MOST_LISTED)
    return {row.subject: bool(json.loads(row.details).get("ok")) for row in reversed(rows)}


def check_named(workspace: Workspace, name: str, *, actor: str, tell: Tell) -> dict[str, object]:
    """Compare a backup of the folder with its hashes, and note in the chain what was found.

    Raises:
        NotFoundError: There is none of this name.
        InputError: It is damaged.
    """
    folder = folder_of(workspace)
    if name not in {path.name for path in folder.iterdir() if path.is_dir()}:
        raise NotFoundError(
            f"备份文件夹中没有“{readable(name[:80])}”",
            f"there is no {readable(name[:80])!r} in the folder for backups",
            code="no_such_backup",
        )
    found: dict[str, object] = {"ok": False}
    try:
        made = restoring.check(folder / name, tell=tell)
        found = {"ok": True, "files": len(made.files), "bytes": made.total_bytes}
    finally:
        with workspace.database.writing() as session:
            audit.record(
                session, actor=actor, action="backup.check", subject=name, details=dict(found)
            )
    return found


def told(session: Session, workspace: Workspace, limit: int = _MOST) -> list[Told]:
    """Return the newest backups that the chain tells of, newest first."""
    given = workspace.settings.backup_folder
    folder = workspace.folder.resolve() / given if given else None
    found = []
    for row in audit_list.listed(session, Wanted(action="backup.make"), limit=limit):
        details = json.loads(row.details)
        there = folder is not None and (folder / row.subject / manifest.NAME).is_file()
        found.append(
            Told(
                row.subject,
                row.at,
                row.actor,
                int(details.get("files", 0)),
                int(details.get("bytes", 0)),
                int(details.get("missing_count", 0)),
                there,
            )
        )
    return found


def is_due(session: Session, every: timedelta, now: datetime) -> bool:
    """Return whether the time has come for the next backup that makes itself."""
    row = audit_list.newest_of(session, "backup.make")
    # A clock that was set back must not stop backups; a failing one is not asked for each minute.
    if row is not None and abs(now - datetime.fromisoformat(row.at)) < every:
        return False
    newest = (
        select(JobRow.created_at).where(JobRow.kind == "backup").order_by(JobRow.id.desc()).limit(1)
    )
    asked = session.scalar(newest)
    return asked is None or abs(now - asked) >= min(every, timedelta(hours=1))


def ask(session: Session, *, asked_by: int | None) -> JobRow:
    """Ask for a backup in the background; one that waits already is that one."""
    return jobs.enqueue(
        session,
        "backup",
        "workspace",
        {},
        asked_by=asked_by,
        weight="long",
        priority=jobs.PRIORITY_ASKED if asked_by else jobs.PRIORITY_LATER,
        key="backup",
    )


def _is_backup(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and (path / manifest.NAME).is_file()


def _newest(folder: Path) -> Path | None:
    """Return the newest usable backup in a folder, for sharing files with."""
    for path in sorted(folder.glob("*Z"), reverse=True):
        try:
            manifest.read(path)
        except GeoInspectError:
            continue
        return path
    return None
