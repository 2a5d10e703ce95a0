"""Fifty people send at once while a worker looks through a large raster.

They send by tus to the real server over bad lines: slowly, with pauses in the middle of a piece,
and some read large answers slowly. Meanwhile one person goes from page to page. Nobody may hear an
error of the server (any status of 500 or more), and every file must arrive once, with its hash.
How long the pages take is told, not judged. The raster is simulated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import bench_detect
import requests
from job_kills import Server
from requests.adapters import HTTPAdapter
from sqlalchemy import select
from upload_faults import BrokenError, Sender, check
from urllib3.util import Retry
from web_senders import HOST

from geoinspect.store import people
from geoinspect.store.job_schema import JobRow
from geoinspect.store.tokens import add_token
from geoinspect.store.workspace import Workspace

SENDERS, FILES_EACH, MOST_BYTES = 50, 3, 400_000
SIDE_PX = 8000
_MANNERS = ("plain", "plain", "slow_writer", "pausing", "slow_reader")
_PASSWORD, _VISITOR = "long enough 1", "visitor"
_PAGES = ("/upload", "/map", "/work", "/today", "/surveys", "/jobs", "/sent", "/api/v1/receipts")
_LARGE = "vendor/leaflet/leaflet.js"
_BEGIN_S, _BETWEEN_S, _ANSWER_S, _BETWEEN_PAGES_S = 600.0, 0.3, 300.0, 0.5
_RASTER = (SENDERS, 0)


def content(index: int, number: int) -> bytes:
    """Return the bytes of a sender's file: the same each time."""
    dice = random.Random(f"fifty-{index}-{number}")
    return f"{index}-{number}\n".encode() + dice.randbytes(dice.randint(1000, MOST_BYTES))


class SlowSender(Sender):
    """One of the fifty."""

    made = staticmethod(content)

    def __init__(self, index: int, port: int, token: str, seed: int) -> None:
        super().__init__(index, port, token, seed)
        self.statuses: Counter[int] = Counter()
        self._manner = "plain"

    def run(self, stop: threading.Event) -> None:
        """Send each file to its end."""
        try:
            for number in range(FILES_EACH):
                if not stop.is_set():
                    self.send(number)
        except Exception as error:  # noqa: BLE001 - a sender that dies unseen would prove nothing
            self.told.faults.append(f"sender {self._index}: {type(error).__name__}: {error}")

    def _piece(self, number: int, place: str, offset: int, data: bytes) -> int:
        self._manner = self._dice.choice(_MANNERS)
        self.told.counts[self._manner] += 1
        piece = data[offset : offset + self._dice.randint(1 << 12, 1 << 17)]
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        reached = self._kept(number, place, headers, piece, len(data), {204})
        if self._manner == "slow_reader":
            self.statuses[read_slowly(self._port, self._dice)] += 1
        return reached

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, Message, bytes]:
        sent = {**self._headers, **(headers or {}), "Content-Length": str(len(body))}
        with closing(HTTPConnection(HOST, self._port, timeout=_ANSWER_S)) as connection:
            connection.putrequest(method, path)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            for part, wait_s in self._parts(body):
                connection.send(part)
                time.sleep(wait_s)
            with closing(connection.getresponse()) as answer:
                self.statuses[answer.status] += 1
                return answer.status, answer.headers, answer.read()

    def _parts(self, body: bytes) -> list[tuple[bytes, float]]:
        """Return a body in parts, each with how long to wait after it."""
        if not body or self._manner in ("plain", "slow_reader"):
            return [(body, 0.0)]
        if self._manner == "pausing":
            at = self._dice.randint(0, len(body))
            return [(body[:at], self._dice.uniform(2, 8)), (body[at:], 0.0)]
        size = max(1, len(body) // 40)
        return [(body[at : at + size], 0.1) for at in range(0, len(body), size)]


def read_slowly(port: int, dice: random.Random) -> int:
    """Read a large answer in small bites through a small window; return its status."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(_ANSWER_S)
        line.connect((HOST, port))
        path = requests.get(f"http://{HOST}:{port}/login", timeout=_ANSWER_S).text
        build = re.search(r"/static/([0-9a-f]+)/", path)
        if build is None:
            raise BrokenError
        asked = f"GET /static/{build[1]}/{_LARGE} HTTP/1.1\r\nHost: {HOST}\r\n"
        line.sendall(f"{asked}Connection: close\r\n\r\n".encode())
        got = line.recv(512)
        while bite := line.recv(4096):
            got = got if len(got) > 64 else got + bite
            time.sleep(dice.uniform(0.02, 0.08))
        return int(got.split(b" ", 2)[1])


class Visitor(threading.Thread):
    """A person who signs in and goes from page to page."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.waited_s: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self.ended = threading.Event()
        self._base = f"http://{HOST}:{port}"

    def run(self) -> None:
        """Ask for pages until told to end."""
        try:
            with requests.Session() as session:
                # As a browser does where a line that rested was just closed.
                session.mount("http://", HTTPAdapter(max_retries=Retry(2, status=0)))
                self._sign_in(session)
                while not self.ended.wait(_BETWEEN_PAGES_S):
                    path = _PAGES[len(self.waited_s) % len(_PAGES)]
                    begun_s = time.monotonic()
                    answer = session.get(self._base + path, timeout=_ANSWER_S)
                    self.waited_s.append(time.monotonic() - begun_s)
                    self.statuses[answer.status_code] += 1
                    if answer.status_code != 200:
                        self.faults.append(f"{path}: {answer.status_code}")
        except Exception as error:  # noqa: BLE001 - as above
            self.faults.append(f"the visitor: {type(error).__name__}: {error}")

    def _sign_in(self, session: requests.Session) -> None:
        page = session.get(f"{self._base}/login", timeout=_ANSWER_S).text
        forgery = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert forgery is not None
        said = {"username": _VISITOR, "password": _PASSWORD, "csrf_token": forgery[1], "next": ""}
        answer = session.post(f"{self._base}/login", said, timeout=_ANSWER_S)
        if answer.url.endswith("/login"):
            self.faults.append(f"the visitor was not let in: {answer.status_code}")


def make_office(folder: Path) -> list[str]:
    """Make a workspace with its people; return the senders' API tokens, the administrator's last."""
    tokens = []
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        for n in range(SENDERS + 1):
            role = "field" if n < SENDERS else "admin"
            name = f"u{n}" if n < SENDERS else _VISITOR
            person = people.add_user(
                session, name=name, role=role, unit_code=None, password=_PASSWORD
            )
            tokens.append(add_token(session, label="t", user_id=person.id, days=2)[0])
    return tokens


def _running(folder: Path, receipt: str) -> bool:
    """Return whether the job of a receipt is at work."""
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        asked = select(JobRow.state).where(JobRow.subject == receipt)
        return session.scalar(asked) == "running"


def begin_long_job(folder: Path, port: int, token: str, raster: Path) -> Sender:
    """Send the raster and wait until the worker is at it.

    Raises:
        RuntimeError: It was not begun in time.
    """
    sender = Sender(_RASTER[0], port, token, 1)
    data = raster.read_bytes()
    whole = hashlib.sha256(data).hexdigest()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    answer = requests.post(
        f"http://{HOST}:{port}/api/v1/files?name=long.tif&wait=0&sha256={whole}",
        data=data, headers=headers, timeout=_ANSWER_S,
    )  # fmt: skip
    answer.raise_for_status()
    sender.told.receipts[_RASTER[1]] = receipt = str(answer.json()["receipt"])
    end_s = time.monotonic() + _BEGIN_S
    while not _running(folder, receipt):
        if time.monotonic() > end_s:
            raise RuntimeError("the worker did not begin the long job in time")
        time.sleep(0.5)
    return sender


def campaign(folder: Path, *, side_px: int = SIDE_PX, seed: int = 1) -> dict[str, object]:
    """Let all send at once; return counts, figures and ``faults``."""
    office, log, raster = folder / "w", folder / "log", folder / "long.tif"
    tokens = make_office(office)
    bench_detect.write(raster, side_px)
    server, stop = Server(office, log), threading.Event()
    try:
        server.start()
        long = begin_long_job(office, server.port, tokens[-1], raster)
        senders = [SlowSender(n, server.port, tokens[n], seed) for n in range(SENDERS)]
        visitor = Visitor(server.port)
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in senders]
        begun_s = time.monotonic()
        for thread in [visitor, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        took_s = time.monotonic() - begun_s
        still = _running(office, long.told.receipts[_RASTER[1]])
        visitor.ended.set()
        visitor.join()
    finally:
        stop.set()
        server.end()
    faults = check(
        office, [*senders, long],
        made=lambda *which: raster.read_bytes() if which == _RASTER else content(*which),
    )  # fmt: skip
    return _found(senders, visitor, faults, log) | {
        "took_s": round(took_s),
        "long_job_ran_throughout": still,
        "raster": f"{side_px} x {side_px} px, {raster.stat().st_size / 1e6:.0f} MB",
    }


def _found(
    senders: list[SlowSender], visitor: Visitor, faults: list[str], log: Path
) -> dict[str, object]:
    statuses = visitor.statuses.copy()
    counts: Counter[str] = Counter()
    for one in senders:
        statuses += one.statuses
        counts += one.told.counts
    received = sum(len(one.told.receipts) for one in senders)
    # None of them asks for what is not there.
    wrong = {status: n for status, n in statuses.items() if status >= 400}
    faults = faults + visitor.faults + ([f"refused: {wrong}"] if wrong else [])
    if received != SENDERS * FILES_EACH:
        faults.append(f"{received} of {SENDERS * FILES_EACH} files arrived")
    errors = log.read_text("utf-8", "replace").count("Traceback (most recent call last)")
    if errors:
        faults.append(f"the server told of {errors} errors: {log.read_text()[-1500:]}")
    waits = sorted(visitor.waited_s) or [0.0]
    cuts = statistics.quantiles([*waits, waits[-1]], n=20)
    return {
        "senders": SENDERS,
        "received": received,
        "statuses": dict(statuses),
        "counts": dict(counts),
        "pages": len(visitor.waited_s),
        "page_s": {
            "p50": round(cuts[9], 2),
            "p95": round(cuts[18], 2),
            "max": round(waits[-1], 2),
        },
        "faults": faults,
    }


def main() -> int:
    """Run it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=SIDE_PX, help="pixels of the raster's side")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(Path(folder), side_px=chosen.side, seed=chosen.seed)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
