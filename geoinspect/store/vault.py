"""Raw files, kept as they came under the hash of their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from geoinspect.errors import StoreError, TooLargeError

_CHUNK_BYTES = 1 << 20
# Refuse before the disk is full: SQLite needs room to write what it has promised to keep.
FREE_FLOOR_BYTES = 200 << 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in the vault."""

    sha256: str
    bytes: int
    path: Path


class Vault:
    """A folder of raw files named by their SHA-256.

    A file appears under its name only when all of its bytes are on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, sha256: str) -> Path:
        """Return where the file with this hash lies (or would lie)."""
        return self.folder / sha256[:2] / sha256

    def keep(self, chunks: Iterable[bytes], *, max_bytes: int) -> KeptFile:
        """Write a stream of bytes to the vault and return its name.

        Raises:
            TooLargeError: More than ``max_bytes`` came; nothing is kept.
            StoreError: The disk is full or can't be written; nothing is kept.
        """
        inbox = self.folder / "inbox"
        temp = inbox / uuid.uuid4().hex
        digest, size = hashlib.sha256(), 0
        try:
            with told_of_the_disk():
                inbox.mkdir(parents=True, exist_ok=True)
                self.check_room()
                out = temp.open("wb", buffering=0)
            with out:
                for chunk in chunks:
                    size += len(chunk)
                    if size > max_bytes:
                        raise TooLargeError(
                            f"文件超过 {max_bytes / 1e6:.0f} MB 的上限:请拆分或压缩后再传",
                            f"the file is larger than the limit of {max_bytes / 1e6:.0f} MB: "
                            "split it and send the parts",
                        )
                    digest.update(chunk)
                    rest = memoryview(chunk)
                    with told_of_the_disk():
                        while rest:
                            rest = rest[out.write(rest) :]
                with told_of_the_disk():
                    os.fsync(out.fileno())
            target = self.path_of(digest.hexdigest())
            with told_of_the_disk():
                target.parent.mkdir(parents=True, exist_ok=True)
                temp.replace(target)
                fsync_folder(target.parent)
        finally:
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)
        return KeptFile(digest.hexdigest(), size, target)

    def keep_path(self, path: Path, *, max_bytes: int) -> KeptFile:
        """Copy a file of this machine into the vault (see :meth:`keep`)."""
        return self.keep(read_chunks(path), max_bytes=max_bytes)

    def keep_or_find(self, path: Path, *, max_bytes: int) -> KeptFile:
        """Keep a file unless it is one of the vault's own."""
        if path == self.path_of(path.name):
            return KeptFile(path.name, path.stat().st_size, path)
        return self.keep_path(path, max_bytes=max_bytes)

    def adopt(self, path: Path, sha256: str) -> KeptFile:
        """Give a whole and synced file its place in the vault, without copying where it can be.

        The file also stays where it was: whoever removes it there does so when the records stand.

        Args:
            path: A file whose hash is known.
            sha256: That hash, lower-case hex.

        Raises:
            StoreError: The disk refuses.
        """
        inbox, target = self.folder / "inbox", self.path_of(sha256)
        temp, size = inbox / uuid.uuid4().hex, path.stat().st_size
        try:
            with told_of_the_disk():
                inbox.mkdir(parents=True, exist_ok=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, temp)
                temp.replace(target)
                fsync_folder(target.parent)
        except StoreError:
            # Another file system, or one without links.
            return self.keep_path(path, max_bytes=size)
        finally:
            # Replacing a name by another of the same file does nothing, so both may be there.
            with contextlib.suppress(OSError):
                temp.unlink(missing_ok=True)
        return KeptFile(sha256, size, target)

    def check_room(self, coming_bytes: int = 0) -> None:
        """Refuse while the disk still has room for what was promised already.

        Raises:
            StoreError: Less than the floor would be left after so many more bytes.
        """
        free = shutil.disk_usage(self.folder).free
        if free < FREE_FLOOR_BYTES:
            raise StoreError(
                f"磁盘只剩 {free / 1e6:.0f} MB:请管理员清理空间后重传",
                f"only {free / 1e6:.0f} MB of disk are left: ask the administrator to make room, "
                "then send it again",
                code="disk_full",
            )
        if free < FREE_FLOOR_BYTES + coming_bytes:
            room = (free - FREE_FLOOR_BYTES) / 1e6
            raise StoreError(
                f"磁盘放不下:还需 {coming_bytes / 1e6:.0f} MB,可用 {room:.0f} MB"
                "(其中含正在上传的其他文件)。请管理员清理空间后重传",
                f"the disk has no room for it: {coming_bytes / 1e6:.0f} MB are needed, with other "
                f"uploads under way, {room:.0f} MB can be used. Ask the administrator to make "
                "room, then send it again",
                code="disk_full",
            )


@contextlib.contextmanager
def told_of_the_disk() -> Iterator[None]:
    """Turn what the disk refuses into words; what the sender's stream raises passes through."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"无法保存文件({error.strerror}):请检查磁盘空间后重传,已收到的文件不受影响",
            f"could not keep the file ({error.strerror}): check the disk and send it again; "
            "nothing received earlier is touched",
            code="cannot_write",
        ) from error


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces of 1 MiB."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    for chunk in read_chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
