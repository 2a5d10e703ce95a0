"""Check a backup, and make a workspace of it: nothing is final before every hash was compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from geoinspect.backup import manifest as manifests
from geoinspect.backup.copying import check_room, copy_hashed, whole_folder
from geoinspect.backup.manifest import Entry, Manifest
from geoinspect.casework.chain import ChainReport, verify_workspace
from geoinspect.errors import Text
from geoinspect.files import readable
from geoinspect.settings import CONFIG_NAME
from geoinspect.store import audit
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import DATABASE_NAME, Workspace

Tell = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """A workspace that was made of a backup.

    Attributes:
        made_at: When the backup was made, UTC.
        report: What ``audit verify`` says of it.
    """

    folder: Path
    files: int
    bytes: int
    made_at: str
    missing: tuple[str, ...]
    report: ChainReport
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {
            "folder": readable(self.folder),
            "files": self.files,
            "bytes": self.bytes,
            "made_at": self.made_at,
            "missing": list(self.missing[:20]),
            "missing_count": len(self.missing),
            "audit": self.report.as_json(),
            "seconds": round(self.seconds, 1),
        }


def check(folder: Path, *, tell: Tell = lambda done, total: None) -> Manifest:
    """Read a whole backup and compare every file with its hash.

    Raises:
        UsageError: The folder is no backup.
        InputError: It is damaged: which file, and how.
    """
    manifest = _whole(folder)
    done = 0
    for entry in manifest.files:
        _refuse_other(folder, entry, sha256_of(manifests.path_in(folder, entry)))
        done += entry.bytes
        tell(float(done), float(manifest.total_bytes))
    return manifest


def restore(
    source: Path, target: Path, *, actor: str, tell: Tell = lambda done, total: None
) -> Restored:
    """Make a workspace of a backup in a folder that is not there yet, or empty.

    The database is brought to this version's tables. Everybody signs in again, as the key of
    sessions is not in a backup.

    Args:
        source: Folder of the backup; it is only read.
        target: Of the new workspace.
        actor: For the audit row of the new workspace.
        tell: Called with bytes done and in all.

    Raises:
        UsageError: ``source`` is no backup, or ``target`` is not empty.
        InputError: The backup is damaged; the target is as it was.
        StoreError: The disk refuses, or a newer version made it; the target is as it was.
    """
    begun = time.monotonic()
    manifest = _whole(source)
    with whole_folder(target) as temp:
        check_room(target.parent, manifest.total_bytes)
        done = 0
        for entry in manifest.files:
            _size, sha256 = copy_hashed(manifests.path_in(source, entry), temp / entry.path)
            _refuse_other(source, entry, sha256)
            done += entry.bytes
            tell(float(done), float(manifest.total_bytes))
        for name in ("files", "surveys"):
            (temp / name).mkdir(exist_ok=True)
        report = _verified(temp, source, manifest, actor)
    seconds = time.monotonic() - begun
    return Restored(
        target,
        len(manifest.files),
        manifest.total_bytes,
        manifest.made_at,
        manifest.missing,
        report,
        seconds,
    )


def _whole(folder: Path) -> Manifest:
    manifest = manifests.read(folder)
    names = {entry.path for entry in manifest.files}
    for needed in (DATABASE_NAME, CONFIG_NAME):
        if needed not in names:
            raise manifests.damaged(folder, Text(f"没有 {needed}", f"there is no {needed} in it"))
    # Cheap, and tells of most damage before hours of reading.
    for entry in manifest.files:
        manifests.path_in(folder, entry)
    return manifest


def _verified(temp: Path, source: Path, manifest: Manifest, actor: str) -> ChainReport:
    """Open the copy, verify it and note in its chain where it came from."""
    with Workspace.open(temp) as workspace:
        integrity = workspace.database.integrity()
        if integrity != "ok":
            told = integrity[:200]
            raise manifests.damaged(source, Text(f"数据库损坏:{told}", f"its database: {told}"))
        report = verify_workspace(workspace)
        if report.rows != manifest.rows or report.last_hash != manifest.last_hash:
            what = Text("审计链的末尾与清单不符", "the audit chain does not end as the list says")
            raise manifests.damaged(source, what)
        with workspace.database.writing() as session:
            details: dict[str, object] = {
                "made_at": manifest.made_at,
                "files": len(manifest.files),
                "bytes": manifest.total_bytes,
                "chain_ok": not report.fault_count,
            }
            name = readable(source.resolve().name)
            audit.record(
                session, actor=actor, action="backup.restore", subject=name, details=details
            )
    return report


def _refuse_other(folder: Path, entry: Entry, sha256: str) -> None:
    if sha256 != entry.sha256:
        shown = readable(entry.path)
        raise manifests.damaged(
            folder,
            Text(f"{shown} 的内容变了(哈希不符)", f"the content of {shown} changed (another hash)"),
        )
