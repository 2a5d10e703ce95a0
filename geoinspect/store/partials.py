"""Files that have not arrived whole: the size of each is how far it is, and nothing else is.

What is appended is on the disk before anybody hears of it. One process or thread at a time writes
to a file: the lock is the kernel's (``flock``), so it ends with whoever held it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from geoinspect.errors import ConflictError
from geoinspect.store.vault import fsync_folder, told_of_the_disk

_ID = re.compile("[0-9a-f]{32}")
_SUFFIX = ".part"
# Nobody holds a lock longer but one who hashes a large file.
_PATIENCE_S = 10.0
_PAUSE_S = 0.02


class Partial:
    """One such file, locked and open."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        """How many bytes came."""
        return os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Write bytes at the end and sync them.

        Raises:
            StoreError: The disk can't take them all; the file is as it was.
        """
        before, rest = self.size, memoryview(data)
        with told_of_the_disk():
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                os.fsync(self._descriptor)
            except OSError:
                # Making a file shorter needs no room.
                os.ftruncate(self._descriptor, before)
                raise

    def sync(self) -> None:
        """Put on the disk what a process that was killed may have left in memory."""
        with told_of_the_disk():
            os.fsync(self._descriptor)

    def head(self, length: int) -> bytes:
        """Return the first bytes."""
        return os.pread(self._descriptor, length, 0)

    def remove(self) -> None:
        """Remove the file; what lies in the vault under another name stays."""
        self.path.unlink(missing_ok=True)


class Partials:
    """A folder of such files, named by their upload's identifier."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, upload_id: str) -> Path:
        """Return where the bytes of an upload lie.

        Raises:
            ValueError: It is no identifier of ours.
        """
        if _ID.fullmatch(upload_id) is None:
            raise ValueError(upload_id)
        return self.folder / f"{upload_id}{_SUFFIX}"

    def create(self, upload_id: str) -> None:
        """Make an empty file that outlasts a power cut.

        Raises:
            StoreError: The disk can't take it.
        """
        with told_of_the_disk():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            os.close(os.open(self.path_of(upload_id), flags, 0o600))
            fsync_folder(self.folder)

    def size(self, upload_id: str) -> int:
        """Return how many bytes came; 0 where there is no file."""
        try:
            return self.path_of(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self, upload_id: str) -> None:
        """Remove what came of an upload."""
        self.path_of(upload_id).unlink(missing_ok=True)

    def ids(self, *, older_than_s: float) -> list[str]:
        """Return the identifiers of files that nobody touched for so long."""
        found, now = [], time.time()
        for path in self.folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                if _ID.fullmatch(path.stem) and now - path.stat().st_mtime > older_than_s:
                    found.append(path.stem)
        return found

    @contextlib.contextmanager
    def locked(self, upload_id: str, *, patience_s: float = _PATIENCE_S) -> Iterator[Partial]:
        """Yield an upload's file for writing; made anew where it is gone.

        Raises:
            ConflictError: Somebody else has it for too long.
            StoreError: The disk refuses.
        """
        end = time.monotonic() + patience_s
        while True:
            descriptor = self._opened(upload_id)
            try:
                path = self.path_of(upload_id)
                if _took(descriptor, end) and _is_file(descriptor, path):
                    yield Partial(path, descriptor)
                    return
            finally:
                os.close(descriptor)
            if time.monotonic() >= end:
                raise ConflictError(
                    "此文件正由另一个连接写入:请稍候几秒,会自动继续",
                    "another connection is writing this file: wait a few seconds, it goes on",
                    code="upload_locked",
                )

    def _opened(self, upload_id: str) -> int:
        with told_of_the_disk():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_CREAT | os.O_RDWR | os.O_APPEND
            return os.open(self.path_of(upload_id), flags, 0o600)


def _took(descriptor: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True


def _is_file(descriptor: int, path: Path) -> bool:
    """Return whether the open file still lies there: who had it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
