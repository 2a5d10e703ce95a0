"""One job in the hands of a worker: its child, what it said, and what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import Text
from geoinspect.store import jobs
from geoinspect.store.jobs import Claim, Failure

# What a child may say at most; an honest result is far below.
_MOST_BYTES = 16_000_000
_READ_BYTES = 1 << 16


class Why(StrEnum):
    """Why a worker killed a child."""

    CANCEL = "cancel"
    SLOW = "slow"
    LOST = "lost"
    ENDING = "ending"
    NOISE = "noise"


_TOO_SLOW = Failure(
    "too_slow",
    Text(
        "处理时间超过上限,已停止:请分块导出后再传,或请管理员调大设置 worker_hours",
        "it took longer than allowed and was stopped: export the file in pieces, or ask the "
        "administrator to raise the setting worker_hours",
    ),
)


@dataclass(slots=True, eq=False)
class Running:
    """A job and the child that does it.

    Attributes:
        pid: Of the child.
        pipe: The worker's end of its pipe, closed when ``pipe_open`` is False.
        ended: The child is gone and reaped.
        why: Why the worker killed it; None when it didn't.
        done, total, phase: How far it said to be.
        fresh: It said something since that was last written down, at ``told_s``.
    """

    held: Claim
    pid: int
    pipe: int
    begun_s: float = field(default_factory=time.monotonic)
    told_s: float = field(default_factory=time.monotonic)
    why: Why | None = None
    done: float = 0.0
    total: float = 0.0
    phase: Text | None = None
    fresh: bool = False
    ended: bool = False
    pipe_open: bool = True
    _status: int = 0
    _said: bytearray = field(default_factory=bytearray)
    _last: dict[str, Any] | None = None

    def kill(self, why: Why) -> None:
        """End the child and all it started, at once; the first reason stands."""
        if self.ended or self.why is not None:
            return
        self.why = why
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        # In the moment after the fork it may have no group of its own yet.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def listen(self, *, wait: bool = False) -> None:
        """Take in what the child said, and see whether it has ended.

        Args:
            wait: Wait for its end.
        """
        if self.ended:
            return
        pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
        self._read()
        if pid != 0:
            self._status = os.waitstatus_to_exitcode(status)
            self.ended = True
            # What it started and left behind.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the pipe."""
        if self.pipe_open:
            os.close(self.pipe)
            self.pipe_open = False

    def settle(self, session: Session, now: datetime) -> bool:
        """Write down what came of the job; return False when it is this worker's no more."""
        if self._last is not None and "result" in self._last:
            return jobs.finish(session, self.held, now, self._last["result"])
        if self._last is not None:
            told = self._last["failure"]
            text = Text(str(told["message_zh"]), str(told["message"]))
            failure = Failure(str(told["code"]), text, again=bool(self._last.get("again")))
            return jobs.fail(session, self.held, now, failure)
        if self.why is Why.CANCEL:
            return jobs.stop(session, self.held, now)
        if self.why is Why.ENDING:
            return jobs.give_back(session, self.held, now)
        if self.why is Why.LOST:
            return False
        return jobs.fail(session, self.held, now, self._death())

    def _death(self) -> Failure:
        """Return why a child ended without a word."""
        if self.why is Why.SLOW or self._status == -signal.SIGXCPU:
            return _TOO_SLOW
        name = _signal_name(self._status)
        tries = self.held.tries
        text = Text(
            f"读取这个文件的程序 {tries} 次意外终止({name}),文件可能已损坏:请重新导出后再传",
            f"the program that read this file ended unexpectedly {tries} times ({name}); the file "
            "may be damaged: export it again and send it anew",
        )
        return Failure("crashed", text, again=True)

    def _read(self) -> None:
        while self.pipe_open:
            try:
                part = os.read(self.pipe, _READ_BYTES)
            except BlockingIOError:
                return
            if not part:
                self.close()
                return
            self._said += part
            *lines, rest = bytes(self._said).split(b"\n")
            self._said = bytearray(rest)
            for line in lines:
                self._hear(line)
            if len(self._said) > _MOST_BYTES:
                self._said.clear()
                self.kill(Why.NOISE)

    def _hear(self, line: bytes) -> None:
        """Take one line in; what is no line of ours is left out."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            if "result" in told or "failure" in told:
                self._last = told
                return
            self.done, self.total = float(told["done"]), float(told["total"])
            if "zh" in told:
                self.phase = Text(str(told["zh"]), str(told["en"]))
            self.fresh = True


def _signal_name(status: int) -> str:
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
