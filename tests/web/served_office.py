"""``geoinspect serve`` itself, as offices start it, and the bare connections that attackers use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

# A crowded machine takes long; nothing waits so long where all is well.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        folder: Its workspace.
        port: Where it listens on this computer.
        log: What it prints, its worker's words too.
        pid: Of the server; it leads its process group.
    """

    folder: Path
    port: int
    log: Path
    pid: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def exchange(self, data: bytes) -> bytes:
        """Send bytes as they are and return all that comes until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as way:
            way.sendall(data)
            # Nothing more comes from here: a server that waits for the rest ends it too.
            way.shutdown(socket.SHUT_WR)
            heard = b""
            while piece := _read(way):
                heard += piece
        return heard


def _read(way: socket.socket) -> bytes:
    try:
        return way.recv(65536)
    except ConnectionResetError:
        # It had not read all that was sent when it hung up.
        return b""


@contextmanager
def served(folder: Path, log: Path, *, workers: int = 0) -> Iterator[Served]:
    """Serve a workspace on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    asked = [sys.executable, "-m", "geoinspect", "-w", folder, "serve", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*asked, "--workers", str(workers)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=out,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        # It prints its address once it listens.
        assert b"http://" in process.stdout.readline(), log.read_text()
        yield Served(folder, port, log, process.pid)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
