"""Start ``geoinspect`` often without loading its modules each time.

A campaign that kills a server hundreds of times would spend most of its time on imports. Here one
process, the stem, loads them once and forks each new ``geoinspect``, which leads a session of its
own; a server forks its worker of the jobs in the same way. What is forked opens workspace, database
and sockets itself, as one that was started anew.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

# How /proc/PID/comm names a worker of the jobs.
WORKER = b"jobs-worker"
_LOOK_EACH_S, _GROUP_S = 0.005, 10.0
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


class Forked:
    """A forked process: the part of ``subprocess.Popen`` that the campaigns use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Return None while it runs; how it ended is known to the stem alone."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        """Wait until it is gone."""
        while self.poll() is None:
            time.sleep(_LOOK_EACH_S)
        return 0


class Stem:
    """The process that forks; it ends with the process that made it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def end(self) -> None:
        """End it, when no more is to be forked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, args: list[str], log: Path) -> Forked:
        """Fork ``geoinspect ARGS``; what it prints is added to a log.

        Raises:
            RuntimeError: The stem is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps([args, str(log)]).encode() + b"\n")
                self._process.stdin.flush()
            told = self._process.stdout.readline()
        if not told:
            raise RuntimeError("the process that forks is gone")
        return Forked(int(told))


def end_all(process: Forked | subprocess.Popen[bytes]) -> None:
    """Kill a process and its group, and wait until none of them is left.

    One that is in the middle of writing to the disk outlives the first by a moment, and holds the
    address of a server until then.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    end_s = time.monotonic() + _GROUP_S
    with suppress(ProcessLookupError):
        while time.monotonic() < end_s:
            os.killpg(process.pid, 0)
            time.sleep(_LOOK_EACH_S)


_stem: list[Stem] = []
_making = threading.Lock()


def start(args: list[str], log: Path) -> Forked:
    """Fork ``geoinspect ARGS`` from the one stem of this process (see :meth:`Stem.start`)."""
    with _making:
        if not _stem:
            _stem.append(Stem())
            atexit.register(_stem[0].end)
    return _stem[0].start(args, log)


class _Worker:
    """A server's worker of the jobs: the part of ``subprocess.Popen`` that its crew uses."""

    def __init__(self, asked: list[str], **_more: object) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _become(asked[asked.index("geoinspect") + 1 :])

    def poll(self) -> int | None:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            # The server took note of it before.
            return 0
        return None if pid == 0 else os.waitstatus_to_exitcode(status)

    def wait(self, timeout: float = 60.0) -> int:
        end_s = time.monotonic() + timeout
        while (ended := self.poll()) is None:
            if time.monotonic() > end_s:
                raise subprocess.TimeoutExpired("worker", timeout)
            time.sleep(_LOOK_EACH_S)
        return ended

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def _become(args: list[str]) -> None:
    """Be a worker of the jobs, without what the server handles, listens at and hears through."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):
            if int(path.name) > 2 and str(path.readlink()).startswith(("socket:", "pipe:")):
                os.close(int(path.name))
    ctypes.CDLL(None).prctl(_PR_SET_NAME, WORKER, 0, 0, 0)
    status = 1
    try:
        _command(args)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _command(args: list[str]) -> None:
    from geoinspect.cli import main

    sys.argv = ["geoinspect", *args]
    main()


def _grow(args: list[str], log: str) -> None:
    """In the forked process: become ``geoinspect ARGS``."""
    from geoinspect.jobs import crew

    os.setsid()
    # A campaign that is killed leaves no server behind.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.write(1, f"{os.getpid()}\n".encode())
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    # Others that are open here belong to what was loaded, and it uses them.
    os.close(nothing)
    os.close(out)
    vars(crew)["subprocess"] = SimpleNamespace(
        Popen=_Worker, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
    )
    _command(args)
    sys.exit()


def _serve_starts() -> None:
    from geoinspect.jobs.limits import lock_gdal
    from geoinspect.jobs.starting import HEAVY

    # GDAL tells here which drivers it never had.
    told, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    lock_gdal()
    for name in ("geoinspect.cli", "webmap.server", *HEAVY):
        importlib.import_module(name)
    os.dup2(told, 2)
    os.close(told)
    os.close(nothing)
    # Whoever ends is forgotten by the kernel at once.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while line := os.read(0, 1 << 16):
        args, log = json.loads(line)
        if os.fork() == 0:
            _grow(args, log)


if __name__ == "__main__":
    _serve_starts()
