"""The child that does one job: forked by the worker, bounded, and gone when the job ends.

What it has to say goes through a pipe, a line of JSON each: ``{"done", "total", "zh", "en"}`` while
it works, and at the end ``{"result"}`` or ``{"failure"}``. It dies with its worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from geoinspect.errors import GeoInspectError, StoreError, Text
from geoinspect.jobs import limits, network, tasks
from geoinspect.store.jobs import Claim, Failure
from geoinspect.store.workspace import Workspace

# More often than this nobody looks.
_TELL_S = 0.25
_LONG_NICE = 10
NO_MEMORY = Failure(
    "out_of_memory",
    Text(
        "文件太大或太复杂,内存不够:请分块导出后再传,或请管理员调大设置 worker_memory_gb",
        "the file is too large or too complicated for the memory allowed: export it in pieces, or "
        "ask the administrator to raise the setting worker_memory_gb",
    ),
)


@dataclass(slots=True)
class Pipe:
    """The child's end of the pipe; also the task's way to tell how far it is."""

    handle: int
    _told_s: float = field(default=float("-inf"), init=False)
    _phase: Text | None = field(default=None, init=False)

    def __call__(self, done: float, total: float, phase: Text | None = None) -> None:
        """Tell how far the job is; too frequent news are left out, new phases never."""
        now_s = time.monotonic()
        new = phase is not None and phase != self._phase
        self._phase = phase or self._phase
        if new or now_s - self._told_s >= _TELL_S:
            self._told_s = now_s
            told = {} if self._phase is None else {"zh": self._phase.zh, "en": self._phase.en}
            self.say({"done": done, "total": total, **told})

    def say(self, told: dict[str, object]) -> None:
        """Send one line."""
        data = json.dumps(told).encode() + b"\n"
        while data:
            data = data[os.write(self.handle, data) :]


def start_child(
    folder: Path, held: Claim, bounds: limits.Bounds, others: Iterable[int] = ()
) -> tuple[int, int]:
    """Fork the child of a job.

    No connection to the database may be open: SQLite's don't survive a fork.

    Args:
        folder: Of the workspace.
        held: The job.
        bounds: Of the child.
        others: The worker's ends of other jobs' pipes, which the child gives up.

    Returns:
        Its process number, and the worker's end of its pipe, which doesn't block.
    """
    ours, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _be_child(folder, held, bounds, theirs, parent, (ours, *others))
    os.close(theirs)
    os.set_blocking(ours, False)
    # Before it runs on, lest a kill of its group miss it; it does the same.
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    return child, ours


def failure_of(error: Exception) -> Failure:
    """Return what went wrong in a task in plain words."""
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, GeoInspectError):
        # The office's trouble may be over soon, a fault of the file stays.
        return Failure(error.code, error.text, again=isinstance(error, StoreError))
    what = type(error).__name__
    text = Text(
        f"处理时出现程序错误({what}):文件仍在,请把这条信息告诉管理员",
        f"the program failed ({what}): the file is kept, tell the administrator",
    )
    return Failure("program_error", text, again=True)


def _be_child(
    folder: Path,
    held: Claim,
    bounds: limits.Bounds,
    handle: int,
    parent: int,
    others: Iterable[int],
) -> NoReturn:
    """Do the job and end, whatever happens: nothing of the worker's own may run here."""
    status = 1
    try:
        network.die_with_parent(parent)
        os.setpgid(0, 0)
        for one in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(one, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        # These and no more: libraries that the worker has loaded keep files open (PROJ its database),
        # and would go on reading by numbers that meanwhile stand for other files.
        for other in others:
            os.close(other)
        if held.weight == "long":
            os.nice(_LONG_NICE)
        status = _work(folder, held, bounds, Pipe(handle))
    except BaseException:  # noqa: BLE001 - the end of this process
        with contextlib.suppress(Exception):
            traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _work(folder: Path, held: Claim, bounds: limits.Bounds, pipe: Pipe) -> int:
    try:
        limits.enter_bounds(bounds)
        with Workspace(folder) as workspace:
            order = tasks.order_of(workspace, held)
            result = tasks.task_of(held.kind).does(workspace, order, pipe)
        pipe.say({"result": result})
    except Exception as error:  # noqa: BLE001 - told in words, and in the log when it is ours
        failure = failure_of(error)
        if failure.code == "program_error":
            traceback.print_exc()
        pipe.say({"failure": failure.as_json(), "again": failure.again})
    return 0
