"""Kill web server and job worker at random while files are sent; look for what is lost or doubled.

Senders post small tracks to ``geoinspect serve`` and remember each receipt. Kills (SIGKILL) hit
the worker of the jobs, the child of a job, the web's worker, or the whole server, which is started
again. At the end of each workspace the queue is worked off: then every receipt that was handed out
must stand, be read, and have one track; no file may have two, and no job may be left or failed.

    python scripts/job_kills.py --kills 200
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

import forked_starts
from forked_starts import Forked
from sqlalchemy import func, select
from web_senders import HOST, exchange

from geoinspect.store import job_list, jobs, people, tokens
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import FileRow, TrackRow, UploadRow
from geoinspect.store.workspace import Workspace

KILLS_EACH = 40
SENDERS = 2
_LONGEST_S, _START_S, _END_S = 1.0, 120.0, 900.0
# A person sends no faster, and the queue should not grow without end.
_PAUSE_S = 1.5
_TARGETS = ("job_worker", "job_child", "web_worker", "whole")
_WEIGHTS = (5, 3, 3, 1)


def track(n: int, dice: random.Random) -> bytes:
    """Return a walk of its own ground and day."""
    lat, lon = dice.uniform(30, 34), dice.uniform(105, 110)
    points = "".join(
        f'<trkpt lat="{lat + i * 2e-5:.6f}" lon="{lon + dice.uniform(0, 1e-5):.6f}">'
        f"<time>2026-05-{1 + n % 28:02}T01:{i // 2:02}:{i % 2 * 30:02}Z</time></trkpt>"
        for i in range(60)
    )
    head = '<gpx version="1.1" creator="kills"><trk><trkseg>'
    return f"{head}{points}</trkseg></trk><!-- {n} {dice.random()} --></gpx>".encode()


@dataclass
class Sender:
    """One person who sends tracks; one that got no answer is sent again until it got one.

    Attributes:
        receipts: Receipt by hash of what was acknowledged.
        cut: Requests that got no whole answer.
        faults: Answers of status 5xx other than "not now".
    """

    port: int
    token: str
    seed: int
    receipts: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop."""
        dice, n, body = random.Random(self.seed), 0, None
        while not stop.is_set():
            if body is None:
                n, body = n + 1, track(n, dice)
            if self._send(f"{self.seed}-{n}.gpx", body):
                body = None
            stop.wait(_PAUSE_S)

    def _send(self, name: str, body: bytes) -> bool:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/octet-stream",
        }
        path = f"/api/v1/files?name={name}&wait=0"
        try:
            status, _, answer = exchange(self.port, "POST", path, body, headers)
        except (OSError, HTTPException):
            self.cut += 1
            return False
        if status == 201:
            self.receipts[hashlib.sha256(body).hexdigest()] = json.loads(answer)["receipt"]
            return True
        if status >= 500 and status != 503:
            self.faults.append(f"{status}: {answer[:200]!r}")
        return False


class Server:
    """``geoinspect serve`` with its job worker, in a process group of its own."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.port = _free_port()
        self._folder, self._log = folder, log
        self._process: Forked | None = None

    def start(self) -> None:
        """Start it where it doesn't run, and wait until it answers.

        Raises:
            RuntimeError: It doesn't answer in time.
        """
        if self._process is None:
            asked = ["-w", str(self._folder), "serve", "--port", str(self.port)]
            self._process = forked_starts.start(asked, self._log)
        end_s = time.monotonic() + _START_S
        while time.monotonic() < end_s and self._process.poll() is None:
            with suppress(OSError, HTTPException):
                if exchange(self.port, "GET", "/healthz")[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not answer: {self._log.read_text()[-2000:]}")

    def kill(self, target: str) -> bool:
        """Kill a part of it; return False where there is no such part now."""
        assert self._process is not None
        if target == "whole":
            forked_starts.end_all(self._process)
            self._process = None
            return True
        parts = _children(self._process.pid)
        workers = [pid for pid in parts if _name(pid) == forked_starts.WORKER]
        if target == "web_worker":
            found = [pid for pid in parts if pid not in workers]
        elif target == "job_worker":
            found = workers
        else:
            found = [child for pid in workers for child in _children(pid)]
        for pid in found[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(found)

    def web_worker(self) -> int:
        """Return the process number of the web's worker."""
        assert self._process is not None
        parts = _children(self._process.pid)
        return next(pid for pid in parts if _name(pid) != forked_starts.WORKER)

    def end(self) -> None:
        """Kill all of it."""
        if self._process is not None:
            self.kill("whole")


def _free_port() -> int:
    """Return a port that no sender's own end is ever given: who connects to a port of that range
    where nobody listens may meet himself there, and keeps the server from it.
    """
    for port in range(21_000, 29_000):
        with socket.socket() as trial, suppress(OSError):
            trial.bind((HOST, port))
            return port
    raise RuntimeError("no port is free")


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _name(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes().strip()
    except OSError:
        return b""


def worked_off(workspace: Workspace) -> bool:
    """Wait until no job waits or runs; return whether that came in time."""
    end_s = time.monotonic() + _END_S
    while time.monotonic() < end_s:
        with workspace.database.reading() as session:
            live = select(JobRow.id).where(JobRow.state.in_(("waiting", "running"))).limit(1)
            if session.scalar(live) is None:
                return True
        time.sleep(0.2)
    return False


def _at_work(workspace: Workspace) -> None:
    """Wait, not for ever, until jobs are done again: a kill of what has not begun shows nothing."""
    done = select(func.count()).where(JobRow.state == "done")
    before, end_s = None, time.monotonic() + _START_S / 8
    while time.monotonic() < end_s:
        with workspace.database.reading() as session:
            now = session.scalar(done)
        before = now if before is None else before
        if now != before:
            return
        time.sleep(0.1)


def tried_again(workspace: Workspace, owner: int) -> int:
    """Try again what failed, as a child that is killed at each of its tries does; return how many."""
    with workspace.database.writing() as session:
        failed = job_list.failed_of(session, owner)
        for job_id in failed:
            jobs.retry(session, job_id, datetime.now(UTC))
    return len(failed)


def check(workspace: Workspace, receipts: dict[str, str]) -> tuple[Counter[str], list[str]]:
    """Compare the workspace with the receipts; return counts and what is wrong."""
    wrong: list[str] = []
    with workspace.database.reading() as session:
        uploads = {row.id: row for row in session.scalars(select(UploadRow))}
        files = {row.id: row.sha256 for row in session.scalars(select(FileRow))}
        of_file = Counter(files[n] for n in session.scalars(select(TrackRow.file_id)))
        states = Counter(session.scalars(select(JobRow.state)))
        subjects = set(session.scalars(select(JobRow.subject)))
    for sha256, receipt in receipts.items():
        row = uploads.get(receipt)
        if row is None or row.file.sha256 != sha256:
            wrong.append(f"receipt {receipt} is lost")
        elif row.status != "added" or not row.result:
            wrong.append(f"receipt {receipt} is {row.status}: {row.result}")
        elif not workspace.vault.path_of(sha256).is_file():
            wrong.append(f"the bytes of receipt {receipt} are lost")
        if of_file[sha256] != 1:
            wrong.append(f"receipt {receipt} has {of_file[sha256]} tracks")
    wrong += [f"{sha256} has {n} tracks" for sha256, n in of_file.items() if n != 1]
    wrong += [f"upload {one} has no job" for one in uploads.keys() - subjects]
    if set(states) - {"done"}:
        wrong.append(f"jobs are {dict(states)}")
    hashes = Counter(row.file.sha256 for row in uploads.values())
    wrong += [f"{sha256} has {n} receipts" for sha256, n in hashes.items() if n != 1]
    return Counter(acknowledged=len(receipts), stored=len(uploads), jobs=states["done"]), wrong


def _one_office(folder: Path, kills: int, dice: random.Random) -> tuple[Counter[str], list[str]]:
    with Workspace.create(folder) as workspace:
        with workspace.database.writing() as session:
            person = people.add_user(
                session, name="u", role="admin", unit_code=None, password="long enough 1"
            )
            token, _row = tokens.add_token(session, label="kills", user_id=person.id, days=2)
        server, stop = Server(folder, folder.with_suffix(".log")), threading.Event()
        server.start()
        senders = [Sender(server.port, token, dice.randrange(1 << 30)) for _ in range(SENDERS)]
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in senders]
        counts: Counter[str] = Counter()
        try:
            for thread in threads:
                thread.start()
            while counts["kills"] < kills:
                _at_work(workspace)
                time.sleep(dice.uniform(0.0, _LONGEST_S))
                (target,) = dice.choices(_TARGETS, _WEIGHTS)
                if server.kill(target):
                    counts["kills"] += 1
                    counts[f"kills_{target}"] += 1
                server.start()
            stop.set()
            for thread in threads:
                thread.join()
            in_time = worked_off(workspace)
            counts["failed_visibly"] = tried_again(workspace, person.id)
            in_time = worked_off(workspace) and in_time
        finally:
            stop.set()
            server.end()
        receipts = {sha256: one for sender in senders for sha256, one in sender.receipts.items()}
        found, wrong = check(workspace, receipts)
        wrong += [] if in_time else ["the queue was not worked off in time"]
        wrong += [fault for sender in senders for fault in sender.faults]
        counts["cut_requests"] += sum(sender.cut for sender in senders)
        return counts + found, wrong


def campaign(kills: int, folder: Path, *, seed: int = 1) -> dict[str, object]:
    """Kill so many times while files are sent.

    Args:
        kills: How many.
        folder: Holds the workspaces and what the servers print.
        seed: Of the moments and targets.

    Returns:
        Counts, and ``faults``: what was lost, doubled or broken; empty for none.
    """
    dice, total, faults = random.Random(seed), Counter[str](), list[str]()
    while total["kills"] < kills and not faults:
        office = folder / f"j{total['workspaces']}"
        counts, faults = _one_office(office, min(KILLS_EACH, kills - total["kills"]), dice)
        total += counts
        total["workspaces"] += 1
        print(dict(total), flush=True)
    return {**total, "faults": faults}


def main() -> int:
    """Run a campaign and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(asked.kills, asked.folder or Path(folder), seed=asked.seed)
    print(found)
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
