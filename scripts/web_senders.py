"""Senders of cases, steps, evidence, answers and tips over HTTP, who remember what they were told.

Used by :mod:`web_kills`. A sender goes through the lives of its own cases in order. What was cut
off it sends again with the same identifier before anything else.
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

HOST = "127.0.0.1"
LIFE = (
    "open",
    "photo",
    "answer",
    "confirm",
    "sighting",
    "note",
    "eradicate",
    "file",
    "recheck",
    "file",
    "close",
)
_STEPS: dict[str, dict[str, object]] = {
    "confirm": {"action": "verify", "outcome": "confirmed", "facts": {"area_m2": 12.0}},
    "eradicate": {"action": "eradicate", "facts": {"method": "pulled", "area_m2": 12.0}},
    "recheck": {"action": "recheck", "outcome": "clean"},
    "close": {"action": "close"},
}
_RAW, _FORM, _JSON = (
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/json",
)
_MOST_BYTES = 400_000
_PARTS = 4
# Some bodies come slowly, so that kills meet them half-way.
_PART_S = 0.01
_LONGEST_WAIT_S = 60.0
# A form that comes back at once is taken for a robot's.
FORM_RIPENS_S = 2.3
_MOST_FORMS = 3
# Now and then something that was acknowledged is sent once more.
_AGAIN_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Job:
    """One submission.

    Attributes:
        number: Of the life, by order.
        place: Which step of it; for a tip beyond all steps.
        form: For a tip: the signed form, its forgery token and its cookie.
        made_s: For a tip: when its form came, by the monotonic clock.
    """

    number: int
    place: int
    form: tuple[str, str, str] = ("", "", "")
    made_s: float = 0.0

    @property
    def what(self) -> str:
        """What is sent."""
        return LIFE[self.place] if self.place < len(LIFE) else "tip"

    @property
    def client_id(self) -> str:
        """The identifier it comes with each time; for a tip it stands in its words."""
        return f"web-{self.number:05d}-{self.place}-{self.what}"

    @property
    def content(self) -> bytes:
        """The bytes of its file: the same each time."""
        dice = random.Random(self.client_id)
        return dice.randbytes(dice.randint(1, _MOST_BYTES))

    @property
    def suspicious(self) -> bool:
        """For an answer: whether it opens a case."""
        return self.number % 3 == 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: where to, what, and of which kind."""

    path: str
    body: bytes
    kind: str = _JSON


@dataclass(slots=True)
class Told:
    """What one sender was told, and what went wrong.

    Attributes:
        receipts: Identifier → receipt; of a tip its claim code.
        jobs: Identifier → what was sent.
        counts: ``cut`` connections, those ``written_unheard``, acknowledged ones sent
            ``again``, ``busy`` answers.
    """

    receipts: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Sender:
    """One client: its own cases, its own token, one request at a time.

    Args:
        index: Which sender of how many.
        senders: How many there are.
        port: Of the server.
        token: For the API.
        site_id: Where it answers.
        seed: Of its dice.
    """

    def __init__(
        self, index: int, senders: int, port: int, token: str, site_id: int, seed: int
    ) -> None:
        self.told = Told()
        self._index, self._senders = index, senders
        self._port, self._token, self._site_id = port, token, site_id
        self._dice = random.Random(f"{seed}-{index}")
        self._number, self._place = index, 0
        self._cases: dict[int, int] = {}
        self._forms: deque[Job] = deque()
        self._forms_asked = 0
        self._cut: Job | None = None

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop, or until a connection is cut."""
        try:
            while not stop.is_set() and not self.told.faults:
                if not self._one():
                    return
        except Exception as error:  # noqa: BLE001 - a sender that dies unseen would prove nothing
            self.told.faults.append(f"sender {self._index}: {type(error).__name__}: {error}")

    def finish(self) -> None:
        """Send what is open, then everything once more: each must be known with its receipt."""
        self._settle()
        for job in list(self.told.jobs.values()):
            if not self.told.faults:
                self._send(job)

    def send_one_life(self) -> None:
        """Send one case from its opening to its closing, and one tip."""
        self._ask_form()
        self._send(self._next())
        self._settle()

    def _settle(self) -> None:
        """Send what is open: what was cut, the life that was begun, the forms."""
        while (self._cut is not None or self._place or self._forms) and not self.told.faults:
            if self._cut is None and not self._place:
                time.sleep(max(0.0, self._forms[0].made_s + FORM_RIPENS_S - time.monotonic()))
            self._send(self._next())

    def _one(self) -> bool:
        done = list(self.told.jobs.values())
        if self._cut is None and done and self._dice.random() < _AGAIN_SHARE:
            return self._send(self._dice.choice(done))
        if self._cut is None and len(self._forms) < _MOST_FORMS:
            return self._ask_form() and self._send(self._next())
        return self._send(self._next())

    def _next(self) -> Job:
        """Return what is sent next: what was cut, a form that is ripe, or the next of its life."""
        if self._cut is not None:
            return self._cut
        if self._forms and time.monotonic() - self._forms[0].made_s > FORM_RIPENS_S:
            return self._forms[0]
        return Job(self._number, self._place)

    def _send(self, job: Job) -> bool:
        """Send a submission and note what was told; return whether an answer came."""
        was_cut, known = self._cut is not None, self.told.receipts.get(job.client_id)
        try:
            status, told = self._ask(job)
        except (OSError, HTTPException, ValueError):
            self.told.counts["cut"] += 1
            if known is None:
                self._cut = job
            return False
        if status == 503:
            self.told.counts["busy"] += 1
            time.sleep(0.05)
            return True
        if status not in (200, 201):
            self.told.faults.append(f"{job.client_id} was refused with {status}: {told}")
            return True
        receipt = str(told["code"] if job.what == "tip" else told["receipt"])
        if known is None:
            self.told.counts["written_unheard"] += bool(told["again"])
            if told["again"] and not was_cut:
                self.told.faults.append(f"{job.client_id} was known before it was sent")
            self._take(job, receipt, told)
            return True
        self.told.counts["again"] += 1
        if known != receipt or not told["again"]:
            self.told.faults.append(f"{job.client_id} was taken twice: {known}, {receipt}")
        return True

    def _take(self, job: Job, receipt: str, told: dict[str, object]) -> None:
        """Note an acknowledgement and go on."""
        self._cut = None
        self.told.receipts[job.client_id], self.told.jobs[job.client_id] = receipt, job
        if job.what == "tip":
            self._forms.popleft()
            return
        if job.what == "open":
            case = told["case"]
            assert isinstance(case, dict)
            self._cases[job.number] = int(case["id"])
        self._place += 1
        if self._place == len(LIFE):
            self._place, self._number = 0, self._number + self._senders

    def _ask_form(self) -> bool:
        """Get an empty form for a tip."""
        try:
            _status, told, content = exchange(self._port, "GET", "/tip")
        except (OSError, HTTPException):
            return False
        page = content.decode()
        cookie = (told["Set-Cookie"] or "").split(";", 1)[0]
        forgery = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
        signed = page.split('name="form" value="', 1)[1].split('"', 1)[0]
        number = self._index + self._senders * self._forms_asked
        self._forms_asked += 1
        self._forms.append(Job(number, len(LIFE), (signed, forgery, cookie), time.monotonic()))
        return True

    def _ask(self, job: Job) -> tuple[int, dict[str, object]]:
        """Send a request; return status and answer.

        Raises:
            OSError, HTTPException, ValueError: No whole answer came.
        """
        asked = self._request(job)
        # The public form bounds what one address sends.
        address = f"127.0.0.{2 + job.number % 200}" if job.what == "tip" else HOST
        headers = {"Content-Type": asked.kind, "Content-Length": str(len(asked.body))}
        if job.what == "tip":
            headers |= {"Cookie": job.form[2], "Accept": "application/json"}
        else:
            headers["Authorization"] = f"Bearer {self._token}"
        slow = asked.kind == _RAW and self._dice.random() < 0.5
        body = _in_parts(asked.body) if slow else asked.body
        status, _told, content = exchange(
            self._port, "POST", asked.path, body, headers, address=address
        )
        return status, json.loads(content)

    def _request(self, job: Job) -> Asked:
        case = f"/api/v1/cases/{self._cases.get(job.number)}"
        mark: dict[str, object] = {"client_id": job.client_id}
        place: dict[str, object] = {"lon": 108 + job.number % 997 / 10_000, "lat": 33.05}
        if job.what == "open":
            return _json("/api/v1/cases", mark | place | {"title": job.client_id})
        if job.what in _STEPS:
            return _json(f"{case}/steps", mark | _STEPS[job.what])
        if job.what == "note":
            return _json(f"{case}/evidence", mark | {"kind": "note", "note": "记录"})
        if job.what == "answer":
            answers = {"answers": {"有无新土": "无"}, "suspicious": job.suspicious}
            return _json(f"/api/v1/sites/{self._site_id}/answers", mark | answers)
        if job.what == "sighting":
            seen = {"title": job.client_id, "outcome": "confirmed", "facts": {"area_m2": 3.0}}
            return _json("/api/v1/cases/sightings", mark | place | seen)
        if job.what == "tip":
            words = {"form": job.form[0], "csrf_token": job.form[1], "text": job.client_id}
            return Asked("/tip", urlencode(words | place | {"reward": "1"}).encode(), _FORM)
        content = job.content
        named = {"name": f"{job.client_id}.bin", "sha256": hashlib.sha256(content).hexdigest()}
        kind = {"kind": "photo" if job.what == "photo" else "document"}
        return Asked(f"{case}/evidence?{urlencode(mark | named | kind)}", content, _RAW)


def quiet_port() -> int:
    """Return a free port that the kernel gives to no client while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as trial, suppress(OSError):
            trial.bind((HOST, port))
            return port


def exchange(
    port: int,
    method: str,
    path: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    address: str = HOST,
) -> tuple[int, Message, bytes]:
    """Send one request over a connection of its own; return status, headers and body.

    Raises:
        OSError, HTTPException: No whole answer came.
    """
    connection = HTTPConnection(HOST, port, timeout=_LONGEST_WAIT_S, source_address=(address, 0))
    with closing(connection):
        connection.request(method, path, body, headers or {})
        with closing(connection.getresponse()) as answer:
            return answer.status, answer.headers, answer.read()


def _json(path: str, values: dict[str, object]) -> Asked:
    return Asked(path, json.dumps(values).encode())


def _in_parts(body: bytes) -> Iterator[bytes]:
    size = len(body) // _PARTS + 1
    for at in range(0, len(body), size):
        yield body[at : at + size]
        time.sleep(_PART_S)
