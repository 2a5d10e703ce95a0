"""Folders for the length of a piece of work; those that a killed process left are cleared."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect.detect.plane_store import writing


@contextmanager
def scratch(folder: Path, prefix: str) -> Iterator[Path]:
    """Yield a new folder inside another one, removed in the end.

    Before, folders of this prefix are removed that no living process holds.

    Args:
        folder: Exists.

    Raises:
        StoreError: The disk is full or fails.
    """
    with writing(folder), _held(folder, fcntl.LOCK_EX):
        _clear(folder, prefix)
        own = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        # The system lets go of the lock when the process ends, however it ends.
        handle = os.open(own, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        yield own
    finally:
        os.close(handle)
        shutil.rmtree(own, ignore_errors=True)


def _clear(folder: Path, prefix: str) -> None:
    for left in folder.glob(f"{prefix}*"):
        if not left.is_dir() or left.is_symlink():
            continue
        try:
            with _held(left, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            continue


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
