"""Folders that appear whole or not at all, and files copied while their hash is taken."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from geoinspect.errors import StoreError, UsageError
from geoinspect.files import readable
from geoinspect.store.vault import FREE_FLOOR_BYTES, fsync_folder, read_chunks

_MARK = ".partial-"
# Whoever makes a folder locks it long before this.
_LEFTOVER_S = 60.0


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that gets its name when the block ends well.

    What a killed process left beside it is removed.

    Raises:
        UsageError: ``out`` is there and not an empty folder, or its parent is missing.
        StoreError: The disk refuses.
    """
    _check_free(out)
    temp = out.with_name(f".{out.name}{_MARK}{uuid.uuid4().hex[:8]}")
    handle = -1
    try:
        _sweep(out.parent)
        temp.mkdir(mode=0o700)
        handle = os.open(temp, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield temp
        _sync_folders(temp)
        # Takes the place of an empty folder, and of nothing else.
        temp.rename(out)
        fsync_folder(out.parent)
    except OSError as error:
        raise StoreError(
            f"无法写入“{readable(out)}”({error.strerror}):请检查磁盘空间和权限,没有留下半成品",
            f"cannot write {readable(out)} ({error.strerror}): check disk space and rights; nothing "
            "half-made was left",
            code="cannot_write",
        ) from error
    finally:
        if handle >= 0:
            os.close(handle)
        shutil.rmtree(temp, ignore_errors=True)


def copy_hashed(source: Path, target: Path) -> tuple[int, str]:
    """Copy one file, synced; return how many bytes it had and their SHA-256.

    Raises:
        OSError: The source can't be read or the target not be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        for chunk in read_chunks(source):
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse what the disk of a folder has no room for.

    Raises:
        StoreError: Less than the floor would be left.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + FREE_FLOOR_BYTES:
        raise StoreError(
            f"“{readable(folder)}”所在磁盘放不下:需要 {needed_bytes / 1e6:.0f} MB,"
            f"可用 {max(0, free - FREE_FLOOR_BYTES) / 1e6:.0f} MB。请换一块磁盘或清理空间",
            f"the disk of {readable(folder)} has no room: {needed_bytes / 1e6:.0f} MB are needed, "
            f"{max(0, free - FREE_FLOOR_BYTES) / 1e6:.0f} MB can be used. Take another disk or make "
            "room",
            code="disk_full",
        )


def _check_free(out: Path) -> None:
    if not out.parent.is_dir():
        raise UsageError(
            f"目录不存在:{readable(out.parent)}",
            f"there is no folder {readable(out.parent)}",
            code="no_such_folder",
        )
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UsageError(
            f"“{readable(out)}”已存在且不是空文件夹:为避免覆盖,请换一个名字",
            f"{readable(out)} is there and no empty folder: nothing is overwritten, choose another "
            "name",
            code="target_not_empty",
        )


def _sweep(folder: Path) -> None:
    """Remove folders that a killed process left."""
    for left in folder.glob(f".*{_MARK}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < _LEFTOVER_S:
                continue
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(handle)


def _sync_folders(folder: Path) -> None:
    for root, _folders, _files in os.walk(folder):
        fsync_folder(Path(root))
