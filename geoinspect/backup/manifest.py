"""What a backup holds: ``manifest.json`` names each file with its size and hash.

A backup is a folder. What it says of itself is taken as a stranger's word until it is checked:
names that lead out of the folder, links, and files of another size are refused before any is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from geoinspect.errors import InputError, Text, UsageError
from geoinspect.files import readable

NAME, SEAL_NAME = "manifest.json", "manifest.sha256"
_FORMAT, _VERSION = "geoinspect-backup", 1
# A million files take about 250 MB.
_MOST_BYTES = 512 << 20
_HASH = re.compile("[0-9a-f]{64}")
_LONGEST_PATH = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a backup.

    Attributes:
        path: Below the folder, with forward slashes.
        mtime_ns: Of the workspace's own file, to see later whether it is still the same.
    """

    path: str
    bytes: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        made_at: UTC, ISO 8601.
        program: Version that made it.
        revision: Of the database's tables.
        rows, last_hash: The end of the audit chain in it.
        missing: Files that the database names and the workspace did not have.
    """

    made_at: str
    program: str
    revision: str
    workspace: str
    rows: int
    last_hash: str
    files: tuple[Entry, ...]
    missing: tuple[str, ...]

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(entry.bytes for entry in self.files)


def write(folder: Path, manifest: Manifest) -> str:
    """Write the manifest and its seal, synced; return the manifest's hash."""
    document = {"format": _FORMAT, "version": _VERSION, **asdict(manifest)}
    raw = json.dumps(document, ensure_ascii=False, indent=0, sort_keys=True).encode()
    sha256 = hashlib.sha256(raw).hexdigest()
    for name, content in ((NAME, raw), (SEAL_NAME, f"{sha256}  {NAME}\n".encode())):
        with (folder / name).open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    return sha256


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup after checking its seal and every name in it.

    Raises:
        UsageError: The folder is no backup.
        InputError: The manifest is damaged, or names what no backup of ours names.
    """
    if not (folder / NAME).is_file():
        raise UsageError(
            f"“{readable(folder)}”不是备份(没有 {NAME}):请给出备份文件夹",
            f"{readable(folder)} is no backup (no {NAME}): give the folder of a backup",
            code="no_backup",
        )
    raw, seal = _bytes_of(folder, NAME), _bytes_of(folder, SEAL_NAME)
    if seal.split()[:1] != [hashlib.sha256(raw).hexdigest().encode()]:
        raise damaged(
            folder, Text(f"{NAME} 与 {SEAL_NAME} 不符", f"{NAME} is not as {SEAL_NAME} says")
        )
    try:
        made = _of_json(json.loads(raw))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, Text(f"{NAME} 读不懂", f"{NAME} can't be read")) from error
    seen: set[str] = set()
    for entry in made.files:
        if not _is_plain(entry) or entry.path in seen:
            shown = readable(entry.path[:120])
            raise damaged(
                folder, Text(f"不允许的文件名“{shown}”", f"a name that may not be: {shown!r}")
            )
        seen.add(entry.path)
    return made


def path_in(folder: Path, entry: Entry) -> Path:
    """Return where a file of a backup lies, after looking that it is an ordinary file of that size.

    Raises:
        InputError: It is missing, a link or leads through one, or has another size.
    """
    path = folder / entry.path
    shown = readable(entry.path)
    try:
        found = path.lstat()
    except OSError as error:
        raise damaged(folder, Text(f"缺少文件 {shown}", f"the file {shown} is missing")) from error
    own = folder.resolve() / entry.path
    if not stat.S_ISREG(found.st_mode) or path.resolve() != own:
        raise damaged(folder, Text(f"{shown} 不是普通文件", f"{shown} is no ordinary file"))
    if found.st_size != entry.bytes:
        told = f"{found.st_size} / {entry.bytes}"
        raise damaged(
            folder,
            Text(f"{shown} 的大小不符({told} 字节)", f"{shown} has another size ({told} bytes)"),
        )
    return path


def damaged(folder: Path, what: Text) -> InputError:
    """Return the error of a backup that is not as it was made."""
    name = readable(folder)
    return InputError(
        f"备份“{name}”已损坏或被改动:{what.zh}。请改用另一份备份,不要使用这一份",
        f"the backup {name} is damaged or was changed: {what.en}. Use another one, not this",
        code="bad_backup",
    )


def _bytes_of(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise damaged(folder, Text(f"{name} 不可用", f"{name} can't be used"))
        return path.read_bytes()
    except OSError as error:
        raise damaged(folder, Text(f"读不到 {name}", f"{name} can't be read")) from error


def _of_json(told: dict[str, Any]) -> Manifest:
    if told["format"] != _FORMAT or told["version"] != _VERSION:
        raise ValueError(told["format"])
    files = tuple(
        Entry(str(one["path"]), int(one["bytes"]), str(one["sha256"]), int(one["mtime_ns"]))
        for one in told["files"]
    )
    return Manifest(
        made_at=str(told["made_at"]),
        program=str(told["program"]),
        revision=str(told["revision"]),
        workspace=str(told["workspace"]),
        rows=int(told["rows"]),
        last_hash=str(told["last_hash"]),
        files=files,
        missing=tuple(str(one) for one in told["missing"]),
    )


def _is_plain(entry: Entry) -> bool:
    path = entry.path
    pure = PurePosixPath(path)
    return (
        0 < len(path) <= _LONGEST_PATH
        and path == str(pure)
        and not pure.is_absolute()
        and not any(part.startswith(".") for part in pure.parts)
        and "\\" not in path
        and ":" not in pure.parts[0]
        and not any(ord(sign) < 32 for sign in path)
        and path not in {NAME, SEAL_NAME}
        and entry.bytes >= 0
        and _HASH.fullmatch(entry.sha256) is not None
    )
