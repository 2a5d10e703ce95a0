"""Hold many lines to the real server in every half-way state, and see how long others wait.

Silent lines, heads of a request that come byte by byte, handshakes that stop half-way, bodies that
stall, answers that nobody reads, and answered lines that nobody closes: more of each than the
server has threads, over TLS or plain. Meanwhile one person asks again and again. All of that
person's requests must be answered; how long they wait is told.
"""

from __future__ import annotations

import argparse
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import forked_starts
from upload_faults import make_office
from web_kills import Server
from web_senders import HOST

LINES, WATCHED_S, ANSWER_S = 150, 15.0, 60.0
_HEAD = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_BODY = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nusername="
Held = Callable[["Lines"], None]


class Lines:
    """The lines that are held.

    Args:
        port: Of the server.
        tls: Whether it speaks TLS.
    """

    def __init__(self, port: int, *, tls: bool) -> None:
        self.port, self.tls = port, tls
        self._open: list[socket.socket] = []
        self._dripping: list[tuple[socket.socket, bytes]] = []
        self._ended = threading.Event()
        self._drip = threading.Thread(target=self._drips)
        self._drip.start()

    def raw(self, *, window: int | None = None) -> socket.socket:
        """Open a line that says nothing yet."""
        line = socket.socket()
        if window is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        line.settimeout(ANSWER_S)
        line.connect((HOST, self.port))
        self._open.append(line)
        return line

    def line(self, *, window: int | None = None) -> socket.socket:
        """Open a line that can be spoken on."""
        line = self.raw(window=window)
        if not self.tls:
            return line
        wrapped = _trusting().wrap_socket(line)
        self._open.append(wrapped)
        return wrapped

    def say(self, said: bytes, *, window: int | None = None) -> None:
        """Open a line and say something, and no more."""
        with suppress(OSError):
            self.line(window=window).sendall(said)

    def drip(self, line: socket.socket, said: bytes) -> None:
        """Let a line say a byte each second for ever."""
        self._dripping.append((line, said))

    def close(self) -> None:
        """Hang up all."""
        self._ended.set()
        self._drip.join()
        for line in self._open:
            with suppress(OSError):
                line.close()

    def _drips(self) -> None:
        at = 0
        while not self._ended.wait(1.0):
            for line, said in list(self._dripping):
                with suppress(OSError):
                    line.settimeout(0.05)
                    line.sendall(said[at % len(said) :][:1])
            at += 1


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _silent(lines: Lines) -> None:
    lines.raw()


def _half_head(lines: Lines) -> None:
    line = lines.line()
    line.sendall(_HEAD)
    lines.drip(line, b"X-A: b\r\n")


def _half_handshake(lines: Lines) -> None:
    # The beginning of a TLS record that never comes whole; to a plain server, of a method.
    line = lines.raw()
    line.sendall(b"\x16\x03\x01\x02\x00\x01" if lines.tls else b"GE")
    lines.drip(line, b"A")


def _half_body(lines: Lines) -> None:
    line = lines.line()
    line.sendall(_BODY + _FORM)
    lines.drip(line, b"a")


def _unread(lines: Lines) -> None:
    lines.say(_HEAD.replace(b"/login", b"/api/v1/openapi.json") + b"\r\n", window=1024)


def _unclosed(lines: Lines) -> None:
    lines.say(_HEAD + b"Connection: close\r\n\r\n")


STATES: dict[str, Held] = {
    "silent": _silent,
    "half_head": _half_head,
    "half_handshake": _half_handshake,
    "half_body": _half_body,
    "unread": _unread,
    "unclosed": _unclosed,
}


def ask(port: int, *, tls: bool) -> int:
    """Ask as an honest person does; return the status.

    Raises:
        OSError, HTTPException: No whole answer came.
    """
    line: HTTPConnection
    if tls:
        line = HTTPSConnection(HOST, port, timeout=ANSWER_S, context=_trusting())
    else:
        line = HTTPConnection(HOST, port, timeout=ANSWER_S)
    line.request("GET", "/healthz", headers={"Connection": "close"})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status


def held(name: str, port: int, *, tls: bool, number: int, watched_s: float) -> dict[str, object]:
    """Hold lines in one state; return how long an honest person waits, and ``faults``."""
    lines, opened, faults, waits = Lines(port, tls=tls), threading.Event(), list[str](), []

    def open_all() -> None:
        for _ in range(number):
            with suppress(OSError):
                STATES[name](lines)
        opened.set()

    opening = threading.Thread(target=open_all)
    opening.start()
    end_s = time.monotonic() + watched_s
    try:
        while time.monotonic() < end_s or not opened.is_set():
            begun_s = time.monotonic()
            try:
                status = ask(port, tls=tls)
                if status != 200:
                    faults.append(f"{name}: an honest request was answered with {status}")
            except (OSError, HTTPException) as error:
                faults.append(f"{name}: an honest request: {type(error).__name__}: {error}")
            waits.append(time.monotonic() - begun_s)
            time.sleep(0.2)
    finally:
        opening.join()
        lines.close()
    return {"asked": len(waits), "longest_s": round(max(waits), 2), "faults": faults}


def certificate(folder: Path) -> list[str]:
    """Make a certificate; return the server's arguments for it."""
    cert, key = folder / "c.pem", folder / "k.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return ["--tls-cert", str(cert), "--tls-key", str(key)]


class AnyServer(Server):
    """A server that may speak TLS."""

    tls: list[str] | None = None

    def start(self) -> None:
        """Start it and wait until it answers (see :meth:`Server.start`)."""
        asked = ["-w", str(self._folder), "serve", "--workers", "0", "--port", str(self.port)]
        self._process = forked_starts.start([*asked, *(self.tls or [])], self._log)
        end_s = time.monotonic() + ANSWER_S
        while time.monotonic() < end_s:
            with suppress(OSError, HTTPException):
                if ask(self.port, tls=self.tls is not None) == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not answer: {self._log.read_text()[-2000:]}")


def campaign(
    folder: Path, *, number: int = LINES, watched_s: float = WATCHED_S, ways: tuple[str, ...] = ()
) -> dict[str, object]:
    """Hold lines in every state, plain and over TLS; return figures and ``faults``."""
    found: dict[str, object] = {"lines": number}
    faults: list[str] = []
    for way in ways or ("plain", "tls"):
        here = folder / way
        here.mkdir()
        make_office(here / "w")
        server = AnyServer(here / "w", here / "log")
        server.tls = certificate(here) if way == "tls" else None
        try:
            server.start()
            for name in STATES:
                one = held(name, server.port, tls=way == "tls", number=number, watched_s=watched_s)
                faults += [f"{way}: {fault}" for fault in one["faults"]]  # type: ignore[attr-defined]
                found[f"{way} {name}"] = {k: one[k] for k in ("asked", "longest_s")}
                print(f"{way} {name}: {one}", flush=True)
        finally:
            server.kill_whole()
        errors = (here / "log").read_text("utf-8", "replace").count("Traceback (most recent")
        if errors:
            faults.append(
                f"the server told of {errors} errors: {(here / 'log').read_text()[-900:]}"
            )
    return found | {"faults": faults}


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--seconds", type=float, default=WATCHED_S)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(Path(folder), number=chosen.lines, watched_s=chosen.seconds)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
