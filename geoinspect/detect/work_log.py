"""Which windows of a raster are done, so that broken-off work goes on where it stopped."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from geoinspect.detect.plane_store import writing
from geoinspect.detect.windows import Core
from geoinspect.errors import UsageError
from geoinspect.files import readable

LOG_NAME, PLANES_NAME = "done.jsonl", "planes.bin"


class WorkLog:
    """A list of windows in a folder: what the work is, then a line for each window done.

    A line is written after the window's figures are on the disk. Lines that were cut off or
    damaged end the list; work of another file, or whose figures are gone, is begun afresh.

    Attributes:
        done: The windows that need no more work.

    Raises:
        UsageError: Another process is at work in the folder.
        StoreError: The disk is full or fails.
    """

    def __init__(self, folder: Path, what: Mapping[str, object], planes_bytes: int) -> None:
        path, planes = folder / LOG_NAME, folder / PLANES_NAME
        with writing(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(folder)
            head, self.done = _read(path)
            whole = planes.is_file() and planes.stat().st_size == planes_bytes
            if head != dict(what) or not whole:
                self.done = set()
                planes.unlink(missing_ok=True)
            lines = [json.dumps(what), *map(_line, sorted(self.done, key=_order))]
            with writing(path):
                os.ftruncate(self._handle, 0)
                os.lseek(self._handle, 0, os.SEEK_SET)
                self._write("\n".join(lines) + "\n")
        except BaseException:
            os.close(self._handle)
            raise
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def add(self, core: Core) -> None:
        """Note a window as done."""
        with writing(self._path):
            self._write(_line(core) + "\n")

    def _lock(self, folder: Path) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"另一个进程正在 {readable(folder)} 里做同一件工作:请等它结束;写到 --out 的检测也可换一个输出名",
                f"another process is at the same work in {readable(folder)}: wait for it to end; "
                "what is written to --out may take another name instead",
                code="work_in_progress",
            ) from error

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._handle, data) :]


def _read(path: Path) -> tuple[object, set[Core]]:
    """Return what the work was and the windows done, up to the first line that is no such thing."""
    head: object = None
    done: set[Core] = set()
    lines = path.read_bytes().split(b"\n")
    # What has no end of line was cut off while it was written.
    with contextlib.suppress(ValueError, TypeError):
        for number, line in enumerate(lines[:-1]):
            record = json.loads(line)
            if number == 0:
                head = record
                continue
            row, col, height, width = record
            if not all(type(value) is int for value in record):
                break
            done.add(Core(row, col, height, width))
    return head, done


def _line(core: Core) -> str:
    return json.dumps([core.row, core.col, core.height, core.width])


def _order(core: Core) -> tuple[int, int]:
    return core.row, core.col
