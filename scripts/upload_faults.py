"""Send files by tus to the real server while it is killed, lines are cut and answers are lost.

Several senders at once, each with its own person, send files in pieces of random size. Between and
within the pieces connections are cut, answers are not read, checksums are wrong, a piece is sent
twice at once, and an old connection stays open half-way while the next one comes. Meanwhile the
server is killed (SIGKILL) at random moments: mostly gunicorn's worker, which starts anew, at times
the whole process group. At the end every file must have arrived with the hash it was sent with,
each receipt must stand exactly once, and no byte of an unfinished upload may be left.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from pathlib import Path

from sqlalchemy import func, select
from web_kills import Server
from web_senders import HOST, exchange

from geoinspect.casework.chain import verify_workspace
from geoinspect.intake.arriving import Arrivals
from geoinspect.store import people
from geoinspect.store.job_schema import IncomingRow, JobRow
from geoinspect.store.schema import AuditRow, UploadRow
from geoinspect.store.tokens import add_token
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

SENDERS = 4
UPLOADS = "/api/v1/uploads"
_PIECE = "application/offset+octet-stream"
_WHOLE_EACH = 6
_LONGEST_S = 0.9
_PASSWORD = "long enough 1"
_MOST_BYTES = 300_000
_FAULTS = ("none", "none", "cut", "unheard", "half_open", "checksum", "twice", "offset")
_PATIENCE_S = 900.0
_START_SHARE = 0.25  # What is slow to start, on a busy machine, is given longer before a kill.
Headers = dict[str, str]


class BrokenError(Exception):
    """No whole answer came."""


@dataclass(slots=True)
class Told:
    """What one sender was told.

    Attributes:
        receipts: Number of the file → receipt.
        faults: What may never happen.
    """

    receipts: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def content(index: int, number: int) -> bytes:
    """Return the bytes of a sender's file: the same each time."""
    dice = random.Random(f"{index}-{number}")
    return f"{index}-{number}\n".encode() + dice.randbytes(dice.randint(1, _MOST_BYTES))


class Sender:
    """One person who sends file after file; ``made`` returns the bytes of one.

    Args:
        index: Which sender.
        port: Of the server.
        token: Of the person.
        seed: Of the dice.
    """

    made = staticmethod(content)

    def __init__(self, index: int, port: int, token: str, seed: int) -> None:
        self.told = Told()
        self._index, self._port = index, port
        self._dice = random.Random(f"{seed}-{index}")
        self._headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        self._open: list[socket.socket] = []
        # What was hung up on may still be read, and move the offset after it was asked for.
        self._under_way = False

    def run(self, stop: threading.Event) -> None:
        """Send files until told to stop; the one that was begun is sent to its end."""
        number = 0
        try:
            while not stop.is_set() and not self.told.faults:
                self.send(number)
                number += 1
        except Exception as error:  # noqa: BLE001 - a sender that dies unseen would prove nothing
            self.told.faults.append(f"sender {self._index}: {type(error).__name__}: {error}")
        self.close()

    def close(self) -> None:
        """Hang up what was left half-open."""
        for one in self._open:
            one.close()

    def send(self, number: int) -> None:
        """Send a file until its receipt is heard."""
        data = self.made(self._index, number)
        whole = hashlib.sha256(data).hexdigest()
        place, offset, acknowledged = None, 0, 0
        end = time.monotonic() + _PATIENCE_S
        while number not in self.told.receipts:
            if time.monotonic() > end:
                self.told.faults.append(f"file {self._index}-{number} did not arrive in time")
                return
            try:
                if place is None:
                    place = self._begin(number, len(data), whole)
                    offset = 0
                else:
                    offset = self._where(number, place, acknowledged, len(data))
                while number not in self.told.receipts:
                    offset = self._piece(number, place, offset, data)
                    acknowledged = offset
            except (OSError, HTTPException, BrokenError):
                self.told.counts["no_answer"] += 1
                self._under_way = True
                time.sleep(0.1)

    def _begin(self, number: int, length: int, sha256: str) -> str:
        name = f"{self._index}-{number}.bin"
        said = {"filename": name, "sha256": sha256}
        meta = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        headers = {"Upload-Length": str(length), "Upload-Metadata": meta}
        status, told, body = self._ask("POST", UPLOADS, headers)
        if status != 201:
            self._wrong(f"beginning {name}", status, body)
        return str(told["Location"])

    def _where(self, number: int, place: str, acknowledged: int, length: int) -> int:
        """Ask how far it is: never less than what was acknowledged."""
        status, told, body = self._ask("HEAD", place)
        if status != 200:
            self._wrong(f"asking after {place}", status, body)
        offset = int(str(told["Upload-Offset"]))
        self.told.counts["resumed"] += 1
        if offset < acknowledged:
            self.told.faults.append(f"{place} forgot {acknowledged - offset} acknowledged bytes")
        if offset == length:
            self._received(number, told)
        return offset

    def _piece(self, number: int, place: str, offset: int, data: bytes) -> int:
        """Send a piece, with or without a fault; return where the next one begins."""
        fault = self._dice.choice(_FAULTS)
        piece = data[offset : offset + self._dice.randint(1, 1 << 17)]
        headers = {"Upload-Offset": str(offset), "Content-Type": _PIECE}
        self.told.counts[fault] += 1
        if fault in ("cut", "unheard", "half_open"):
            self._broken(fault, place, headers, piece)
        if fault == "offset":
            wrong = max(0, offset + self._dice.choice((-7, -1, 1, 1000)))
            if wrong != offset:
                self._expect(place, headers | {"Upload-Offset": str(wrong)}, b"x", {409, 413})
        moved = {409} if self._under_way else set()
        if fault == "checksum":
            spoilt = bytes([piece[0] ^ 1]) + piece[1:]
            named = headers | {"Upload-Checksum": _checksum(piece)}
            self._expect(place, named, spoilt, {460} | moved)
        if fault == "twice":
            other = threading.Thread(target=self._quietly, args=(place, headers, piece))
            other.start()
            try:
                return self._kept(number, place, headers, piece, len(data), {204, 409})
            finally:
                other.join()
        if self._dice.random() < 0.5:
            headers["Upload-Checksum"] = _checksum(piece)
        return self._kept(number, place, headers, piece, len(data), {204} | moved)

    def _kept(
        self, number: int, place: str, headers: Headers, piece: bytes, length: int, right: set[int]
    ) -> int:
        status, told, body = self._ask("PATCH", place, headers, piece)
        if status not in right:
            self._wrong(f"a piece of {place}", status, body)
        if status == 409:
            raise BrokenError
        self._under_way = False
        offset = int(str(told["Upload-Offset"]))
        if offset != int(headers["Upload-Offset"]) + len(piece):
            self.told.faults.append(f"{place} counted {offset}")
        if offset == length:
            self._received(number, told)
        return offset

    def _received(self, number: int, told: Message) -> None:
        receipt = told["Upload-Receipt"]
        if receipt is None:
            self.told.faults.append(f"{self._index}-{number} is whole and has no receipt")
            raise BrokenError
        self.told.receipts[number] = str(receipt)

    def _broken(self, fault: str, place: str, headers: Headers, piece: bytes) -> None:
        """Send a part and hang up, or all without listening, or a part and stay."""
        connection = socket.create_connection((HOST, self._port), timeout=10)
        most = len(piece) if fault == "unheard" else self._dice.randint(0, max(len(piece) - 1, 0))
        lines = {**self._headers, **headers, "Host": HOST, "Content-Length": str(len(piece))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"PATCH {place} HTTP/1.1\r\n{head}\r\n".encode() + piece[:most])
        if fault == "half_open":
            self._open.append(connection)
            while len(self._open) > 3:
                self._open.pop(0).close()
        else:
            if fault == "unheard":
                time.sleep(self._dice.uniform(0, 0.05))
            connection.close()
        raise BrokenError

    def _expect(self, place: str, headers: Headers, piece: bytes, right: set[int]) -> None:
        status, _told, body = self._ask("PATCH", place, headers, piece)
        if status not in right:
            self._wrong(f"a wrong piece of {place}", status, body)

    def _quietly(self, place: str, headers: Headers, piece: bytes) -> None:
        with suppress(OSError, HTTPException, BrokenError):
            self._ask("PATCH", place, headers, piece)

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, Message, bytes]:
        sent = {**self._headers, **(headers or {}), "Content-Length": str(len(body))}
        status, told, content = exchange(self._port, method, path, body, sent)
        if status in (423, 503):
            self.told.counts[f"busy_{status}"] += 1
            raise BrokenError
        return status, told, content

    def _wrong(self, what: str, status: int, body: bytes) -> None:
        self.told.faults.append(f"{what}: {status} {body[:200].decode('utf-8', 'replace')}")
        raise BrokenError


def _checksum(piece: bytes) -> str:
    return f"sha256 {base64.b64encode(hashlib.sha256(piece).digest()).decode()}"


def make_office(folder: Path) -> list[str]:
    """Make a workspace with a person for each sender; return their API tokens."""
    tokens = []
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        for n in range(SENDERS):
            person = people.add_user(
                session, name=f"u{n}", role="field", unit_code=None, password=_PASSWORD
            )
            tokens.append(add_token(session, label="t", user_id=person.id, days=2)[0])
    return tokens


def check(
    folder: Path, senders: list[Sender], made: Callable[[int, int], bytes] = content
) -> list[str]:
    """Compare the workspace with what the senders were told; return what is wrong.

    Args:
        folder: The workspace.
        senders: At rest.
        made: Returns the bytes of a sender's file.
    """
    wrong = [fault for one in senders for fault in one.told.faults]
    sent = {
        receipt: (index, number)
        for index, one in enumerate(senders)
        for number, receipt in one.told.receipts.items()
    }
    if len(sent) != sum(len(one.told.receipts) for one in senders):
        wrong.append("two files have one receipt")
    with Workspace.open(folder) as workspace:
        # What the worker's rounds do.
        arrivals = Arrivals(workspace)
        arrivals.repair()
        arrivals.sweep()
        with workspace.database.reading() as session:
            rows = {row.id: row for row in session.scalars(select(UploadRow))}
            jobs = Counter(
                session.scalars(select(JobRow.subject).where(JobRow.kind == "understand"))
            )
            told = Counter(
                json.loads(details)["receipt"]
                for details in session.scalars(
                    select(AuditRow.details).where(AuditRow.action == "upload")
                )
            )
            open_ = session.scalar(
                select(func.count())
                .select_from(IncomingRow)
                .where(
                    IncomingRow.state == "arriving",
                    IncomingRow.touched_at != IncomingRow.created_at,
                )
            )
        wrong += [f"receipt {one} does not stand" for one in sent.keys() - rows.keys()]
        wrong += [f"receipt {one} was made twice" for one in rows.keys() - sent.keys()]
        wrong += [f"receipt {one} has {jobs[one]} jobs" for one in rows if jobs[one] != 1]
        wrong += [
            f"receipt {one} stands {told[one]} times in the audit" for one in rows if told[one] != 1
        ]
        if open_:
            wrong.append(f"{open_} uploads did not end")
        for receipt, (index, number) in sent.items():
            row = rows.get(receipt)
            if row is None:
                continue
            path = workspace.vault.path_of(row.file.sha256)
            data = made(index, number)
            right = hashlib.sha256(data).hexdigest()
            if row.file.sha256 != right or row.file.bytes != len(data) or sha256_of(path) != right:
                wrong.append(f"{index}-{number} is not as it was sent")
        left = [p for p in (folder / "incoming").glob("*") if p.stat().st_size]
        wrong += [f"{len(left)} partial files are left"] if left else []
        wrong += [fault.text.en for fault in verify_workspace(workspace, with_files=True).faults]
    return wrong


def _started_in_s(server: Server) -> float:
    """Start the server where it doesn't run; return how long it took to answer."""
    begun_s = time.monotonic()
    server.start()
    return time.monotonic() - begun_s


def campaign(kills: int, folder: Path, *, seed: int = 1) -> dict[str, object]:
    """Kill the server so many times while four people send; return counts and ``faults``."""
    dice = random.Random(seed)
    office, log = folder / "w", folder / "log"
    tokens = make_office(office)
    counts: Counter[str] = Counter()
    server = Server(office, log)
    stop = threading.Event()
    try:
        took_s = _started_in_s(server)
        senders = [Sender(n, server.port, token, seed) for n, token in enumerate(tokens)]
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in senders]
        for thread in threads:
            thread.start()
        while counts["kills"] < kills and not any(one.told.faults for one in senders):
            time.sleep(dice.uniform(0.05, max(_LONGEST_S, _START_SHARE * took_s)))
            counts["kills"] += 1
            if counts["kills"] % _WHOLE_EACH == 0:
                server.kill_whole()
                counts["whole_kills"] += 1
            else:
                # gunicorn may be about to start it anew.
                with suppress(ValueError, ProcessLookupError):
                    server.kill_worker()
                    counts["worker_kills"] += 1
            took_s = _started_in_s(server)
        stop.set()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        server.kill_whole()
    for one in senders:
        counts += one.told.counts
        counts["acknowledged"] += len(one.told.receipts)
    faults = check(office, senders)
    errors = log.read_text("utf-8", "replace").count("Traceback (most recent call last)")
    if errors:
        faults.append(f"the server told of {errors} errors: {log.read_text()[-1500:]}")
    return {**counts, "faults": faults}


def main() -> int:
    """Run it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(chosen.kills, Path(folder), seed=chosen.seed)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
