"""Where the planes of a raster are kept between the pixel pass and all that reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from geoinspect.detect.planes import PLANES, U2
from geoinspect.errors import StoreError
from geoinspect.files import readable

_BYTES = PLANES * 2


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in words that the disk is full or fails while ``path`` is written.

    Raises:
        StoreError: It is.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"无法写入检测的中间文件 {readable(path)}({reason}):请腾出磁盘空间或检查权限,"
            "再运行一次会从中断处继续",
            f"cannot write the working file {readable(path)} ({reason}): free some disk space or "
            "check permissions; a new run goes on where this one stopped",
            code="cannot_write",
        ) from error


def read_whole(handle: int, wanted: int, place: int) -> bytes:
    """Return so many bytes of a file from a place on, however many reads that takes.

    What lies beyond the end of the file is zero.
    """
    parts = []
    while wanted:
        part = os.pread(handle, wanted, place)
        if not part:
            break
        parts.append(part)
        wanted, place = wanted - len(part), place + len(part)
    return b"".join(parts) + bytes(wanted)


class Planes(Protocol):
    """The planes of a whole raster, shape (rows, cols, PLANES), read piece by piece."""

    @property
    def rows(self) -> int:
        """Rows of blocks."""

    @property
    def cols(self) -> int:
        """Columns of blocks."""

    def read(self, top: int, left: int, bottom: int, right: int) -> U2:
        """Return the blocks of a rectangle inside the raster, the lower bounds exclusive."""


@dataclass(frozen=True, slots=True, eq=False)
class MemoryPlanes:
    """Planes held in memory, for scripts and tests."""

    array: U2

    @property
    def rows(self) -> int:
        """Rows of blocks."""
        return int(self.array.shape[0])

    @property
    def cols(self) -> int:
        """Columns of blocks."""
        return int(self.array.shape[1])

    def read(self, top: int, left: int, bottom: int, right: int) -> U2:
        """Return the blocks of a rectangle."""
        return self.array[top:bottom, left:right]


class PlaneFile:
    """Planes in a file, row after row; what was never written reads as no ground.

    Read and written by position, not mapped: mapped pages would count as our memory, and writers
    in several threads or processes never touch the same bytes.

    Raises:
        StoreError: The disk is full or fails.
    """

    def __init__(self, path: Path, rows: int, cols: int) -> None:
        self.path, self._rows, self._cols = path, rows, cols
        with writing(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(self._handle, self.bytes_of(rows, cols))
            except OSError:
                os.close(self._handle)
                raise

    @staticmethod
    def bytes_of(rows: int, cols: int) -> int:
        """Return how large the file of so many blocks is."""
        return rows * cols * _BYTES

    @property
    def rows(self) -> int:
        """Rows of blocks."""
        return self._rows

    @property
    def cols(self) -> int:
        """Columns of blocks."""
        return self._cols

    def write(self, top: int, left: int, planes: U2) -> None:
        """Keep the blocks of a rectangle whose first block is at (top, left)."""
        high, wide = planes.shape[:2]
        with writing(self.path):
            if wide == self._cols:
                self._put(planes, self._place(top, 0))
                return
            for i in range(high):
                self._put(planes[i], self._place(top + i, left))

    def read(self, top: int, left: int, bottom: int, right: int) -> U2:
        """Return the blocks of a rectangle."""
        high, wide = bottom - top, right - left
        if wide == self._cols:
            return self._take(high * wide, self._place(top, 0)).reshape(high, wide, PLANES)
        out = np.empty((high, wide, PLANES), dtype=np.uint16)
        for i in range(high):
            out[i] = self._take(wide, self._place(top + i, left)).reshape(wide, PLANES)
        return out

    def close(self) -> None:
        """Give the file back to the system."""
        os.close(self._handle)

    def sync(self) -> None:
        """Return once all that was written lies on the disk."""
        with writing(self.path):
            os.fsync(self._handle)

    def _place(self, row: int, col: int) -> int:
        return (row * self._cols + col) * _BYTES

    def _put(self, planes: U2, place: int) -> None:
        view = memoryview(np.ascontiguousarray(planes).data).cast("B")
        while view:
            written = os.pwrite(self._handle, view, place)
            view, place = view[written:], place + written

    def _take(self, blocks: int, place: int) -> U2:
        return np.frombuffer(read_whole(self._handle, blocks * _BYTES, place), dtype=np.uint16)
