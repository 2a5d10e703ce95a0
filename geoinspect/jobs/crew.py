"""The worker that the web server keeps beside it: started, started again when it dies, ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

# A worker that dies at once is started again ever more slowly.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 15.0
_STEADY_S = 10.0
# It gives its children a few seconds of its own.
_END_S = 8.0


class Crew:
    """One worker process with so many slots, a child of this process.

    Args:
        folder: The workspace.
        slots: Jobs at once; 0 for no worker.
    """

    def __init__(self, folder: Path, slots: int) -> None:
        self._folder, self._slots = folder, slots
        self._process: subprocess.Popen[bytes] | None = None
        self._begun_s = self._next_s = 0.0
        self._pause_s = _FIRST_PAUSE_S

    def keep_up(self) -> None:
        """Start the worker where it doesn't run; to be called every second or so."""
        now_s = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:
            steady = now_s - self._begun_s > _STEADY_S
            self._pause_s = _FIRST_PAUSE_S if steady else min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._next_s = now_s + self._pause_s
            self._process = None
        if self._slots > 0 and now_s >= self._next_s:
            self._begun_s = now_s
            asked = [sys.executable, "-m", "geoinspect", "-w", str(self._folder), "worker"]
            # Nothing of the server's own, such as its listening socket, is handed on.
            self._process = subprocess.Popen(
                [*asked, "--workers", str(self._slots), "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                close_fds=True,
            )

    def ask_to_end(self) -> None:
        """Tell the worker to end; it is not started again."""
        self._slots = 0
        if self._process is not None:
            self._process.terminate()

    def end(self) -> None:
        """End the worker and wait for it; it gives back what it is at."""
        self.ask_to_end()
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process = None
