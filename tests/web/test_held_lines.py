"""Lines that are held half-way, more than the server has threads: others are answered all the same.

In short what ``scripts/held_lines.py`` shows at length, and over TLS too.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import held_lines
import upload_faults
from held_lines import STATES, Lines
from web_kills import Server

# Above its 96 threads.
NUMBER = 110


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("held")
    upload_faults.make_office(folder / "w")
    server = Server(folder / "w", folder / "log")
    server.start()
    yield server
    server.kill_whole()
    assert "Traceback" not in (folder / "log").read_text("utf-8")


@pytest.mark.parametrize("state", list(STATES))
def test_lines_held_half_way_keep_nobody_out(served: Server, state: str) -> None:
    lines = Lines(served.port, tls=False)
    try:
        for _ in range(NUMBER):
            STATES[state](lines)
        assert [held_lines.ask(served.port, tls=False) for _ in range(3)] == [200] * 3
    finally:
        lines.close()


def test_a_head_in_two_parts_is_whole(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        line.sendall(b"st: 127.0.0.1\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")
        # The line stays open for the next request.
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := line.recv(4096):
            answer += part
        assert b"HTTP/1.1 200 " in answer
