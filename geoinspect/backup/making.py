"""Make a backup while others write: the database first, in one step, then the files it may name.

SQLite's backup interface reads one snapshot of a database in WAL mode and stops nobody who writes
(sqlite.org/backup.html). Raw files never change and never go, so those that the copied database
names are all still there when they are copied after it. Anchors of the audit chain are copied
before it, lest one be younger than the chain it vouches for.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from geoinspect import __version__
from geoinspect.backup import manifest as manifests
from geoinspect.backup.copying import check_room, copy_hashed, whole_folder
from geoinspect.backup.manifest import Entry, Manifest
from geoinspect.casework.anchors import FOLDER as ANCHORS
from geoinspect.errors import StoreError, UsageError
from geoinspect.files import readable
from geoinspect.store import audit
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import DATABASE_NAME, Workspace

# What can be made anew, belongs to running programs, or (the key) lets one act as signed in.
_LEFT_OUT = frozenset(
    {"planes", "thumbs", "workers", "incoming", "basemap_cache", "secret.key", ANCHORS}
    | {DATABASE_NAME + end for end in ("", "-wal", "-shm", "-journal")}
)
Tell = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made.

    Attributes:
        linked: Files that an earlier backup had already.
        missing: Files that the database names and the workspace does not have.
        manifest_sha256: To keep elsewhere: it vouches for the whole backup.
    """

    folder: Path
    files: int
    bytes: int
    linked: int
    missing: tuple[str, ...]
    manifest_sha256: str
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {
            "folder": readable(self.folder),
            "files": self.files,
            "bytes": self.bytes,
            "linked": self.linked,
            "missing": list(self.missing[:20]),
            "missing_count": len(self.missing),
            "manifest_sha256": self.manifest_sha256,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the workspace at the moment it was listed."""

    path: str
    real: Path
    bytes: int
    mtime_ns: int


def make(
    workspace: Workspace,
    out: Path,
    *,
    actor: str,
    since: Path | None = None,
    tell: Tell = lambda done, total: None,
) -> Made:
    """Copy a workspace into a new folder ``out``, while the server may go on writing.

    Args:
        workspace: Opened.
        out: Not there yet, or empty; outside the workspace.
        actor: For the audit row.
        since: An earlier backup on the same disk: files that did not change are linked to it.
        tell: Called with bytes done and in all.

    Raises:
        UsageError: ``out`` can't be used, or ``since`` is no backup.
        StoreError: The disk refuses, or the database can't be read; nothing is left under ``out``.
    """
    begun = time.monotonic()
    _refuse_inside(workspace, out)
    earlier = {} if since is None else {one.path: one for one in manifests.read(since).files}
    with whole_folder(out) as temp:
        anchors = _listed(workspace.folder, ANCHORS)
        check_room(out.parent, workspace.database.path.stat().st_size)
        entries = [_copied(source, temp) for source in anchors]
        entries.append(_copy_database(workspace.database.path, temp / DATABASE_NAME))
        facts = _facts_of(temp / DATABASE_NAME)
        listed = _listed(workspace.folder)
        linked = [one for one in listed if _link(one, earlier.get(one.path), since, temp)]
        entries += [_as_before(one, earlier) for one in linked]
        kept = {one.path for one in linked}
        entries += _copy_all([one for one in listed if one.path not in kept], temp, tell)
        have = {entry.path for entry in entries}
        made = Manifest(
            datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            __version__,
            facts.revision,
            readable(workspace.folder.resolve().name),
            facts.rows,
            facts.last_hash,
            tuple(sorted(entries, key=lambda entry: entry.path)),
            tuple(sorted(facts.named - have)),
        )
        sha256 = manifests.write(temp, made)
        told = Made(
            out,
            len(made.files),
            made.total_bytes,
            len(linked),
            made.missing,
            sha256,
            time.monotonic() - begun,
        )
        # Before the folder gets its name: what is not in the chain did not happen.
        _note(workspace, told, actor)
    return told


def _note(workspace: Workspace, made: Made, actor: str) -> None:
    with workspace.database.writing() as session:
        audit.record(
            session,
            actor=actor,
            action="backup.make",
            subject=readable(made.folder.name),
            details=made.as_json(),
        )


def _refuse_inside(workspace: Workspace, out: Path) -> None:
    if out.resolve().is_relative_to(workspace.folder.resolve()):
        raise UsageError(
            "备份不能放在工作区里面:请放到另一块磁盘上的文件夹",
            "a backup can't lie inside the workspace: take a folder on another disk",
            code="backup_inside",
        )


def _copy_database(source: Path, target: Path) -> Entry:
    try:
        with (
            contextlib.closing(sqlite3.connect(source, timeout=30.0)) as ours,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            # All pages in one step: in pieces, each write of another would begin it anew.
            ours.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(
            f"数据库无法复制({error}):请检查磁盘空间,并运行 geoinspect doctor",
            f"the database can't be copied ({error}): check the disk and run geoinspect doctor",
            code="backup_database",
        ) from error
    with target.open("rb+") as handle:
        os.fsync(handle.fileno())
    return Entry(target.name, target.stat().st_size, sha256_of(target), 0)


@dataclass(frozen=True, slots=True)
class _Facts:
    revision: str
    rows: int
    last_hash: str
    named: frozenset[str]


def _facts_of(database: Path) -> _Facts:
    """Return what the copied database says: its version, its chain's end, the files it names."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as copy:
        revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        last = copy.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
        raw = [f"files/{sha[:2]}/{sha}" for (sha,) in copy.execute("SELECT sha256 FROM file")]
        surveys = [f"surveys/{number}.tif" for (number,) in copy.execute("SELECT id FROM survey")]
    rows, last_hash = last or (0, audit.GENESIS)
    return _Facts(str(revision), int(rows), str(last_hash), frozenset((*raw, *surveys)))


def _listed(folder: Path, below: str = "") -> list[_Source]:
    """Return the files of a workspace that belong into a backup, or those of one folder of it."""
    found = []
    for path in _walk(folder / below):
        name = path.relative_to(folder).as_posix()
        # What goes while we look was somebody's temporary file.
        with contextlib.suppress(FileNotFoundError):
            told = path.stat()
            found.append(_Source(name, path, told.st_size, told.st_mtime_ns))
    return found if below else [one for one in found if _belongs(one.path)]


def _walk(top: Path) -> Iterator[Path]:
    # A folder of rasters may be a link to another disk; one that leads back is entered once.
    seen: set[str] = set()
    for root, folders, files in os.walk(top, followlinks=True):
        real = os.path.realpath(root)
        at_top = Path(root) == top
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not (at_top and name in _LEFT_OUT)
        )
        if real in seen:
            folders[:] = []
            continue
        seen.add(real)
        yield from (
            Path(root, name)
            for name in sorted(files)
            if not name.startswith(".") and Path(root, name).is_file()
        )


def _belongs(name: str) -> bool:
    first, _, rest = name.partition("/")
    if first == "files":
        return not rest.startswith("inbox/")
    # A raster under another name than its survey's number is still being written.
    if first == "surveys" and rest.endswith(".tif"):
        return rest.removesuffix(".tif").isdecimal()
    return first not in _LEFT_OUT and name not in {manifests.NAME, manifests.SEAL_NAME}


def _link(source: _Source, before: Entry | None, since: Path | None, temp: Path) -> bool:
    """Give a file of the earlier backup its place in this one too; return whether it could be."""
    if before is None or since is None:
        return False
    if (source.bytes, source.mtime_ns) != (before.bytes, before.mtime_ns):
        return False
    old, new = since / before.path, temp / source.path
    try:
        if old.is_symlink() or old.stat().st_size != before.bytes:
            return False
        new.parent.mkdir(parents=True, exist_ok=True)
        os.link(old, new, follow_symlinks=False)
    except OSError:
        # Another disk, or one without links: it is copied.
        return False
    return True


def _as_before(source: _Source, earlier: dict[str, Entry]) -> Entry:
    return earlier[source.path]


def _copy_all(sources: list[_Source], temp: Path, tell: Tell) -> list[Entry]:
    total = sum(one.bytes for one in sources)
    check_room(temp, total)
    entries, done = [], 0
    for source in sources:
        # A file that is not the database's to name may go meanwhile; others show as missing.
        with contextlib.suppress(FileNotFoundError):
            entries.append(_copied(source, temp))
        done += source.bytes
        tell(float(done), float(total))
    return entries


def _copied(source: _Source, temp: Path) -> Entry:
    size, sha256 = copy_hashed(source.real, temp / source.path)
    return Entry(source.path, size, sha256, source.mtime_ns)
