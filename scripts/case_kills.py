"""Kill submissions of cases, steps and evidence at random moments; look for what is lost or doubled.

A child works through a list of submissions and tells each receipt as it gets it; the parent keeps
them in a ledger and kills the child (SIGKILL). After each kill the workspace is opened again:
every receipt that was told must belong to exactly one event, with its evidence and file whole,
and the audit chain must hold. What was not told is sent again.

    python scripts/case_kills.py --kills 500
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import shapely
from sqlalchemy import select

from geoinspect.cases.records import CaseAction, EvidenceKind, Origin, Outcome
from geoinspect.casework.actors import COMMAND_LINE
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.evidence import NewEvidence, add_evidence
from geoinspect.errors import GeoInspectError
from geoinspect.store import grounds
from geoinspect.store.case_schema import CaseEventRow, CaseRow, EvidenceRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

# A workspace that grows takes ever longer to verify, so each takes only so many kills.
KILLS_EACH = 50
_LONGEST_S = 0.4
_MOST_BYTES = 400_000
_MB = 1 << 20

LIFE = (
    "open",
    "photo",
    "confirm",
    "note",
    "eradicate",
    "file",
    "recheck",
    "file",
    "close",
)
_STEPS = {
    "confirm": Step(CaseAction.VERIFY, Outcome.CONFIRMED, facts={"area_m2": 12.0}),
    "eradicate": Step(CaseAction.ERADICATE, facts={"method": "pulled", "area_m2": 12.0}),
    "recheck": Step(CaseAction.RECHECK, Outcome.CLEAN),
    "close": Step(CaseAction.CLOSE),
}
_START = datetime(2026, 5, 14, 4, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """One submission.

    Attributes:
        number: Of the case, by order.
        place: Which step of its life.
    """

    number: int
    place: int

    @property
    def what(self) -> str:
        """What is done."""
        return LIFE[self.place]

    @property
    def client_id(self) -> str:
        """The identifier it comes with, each time it is sent."""
        return f"kill-{self.number:05d}-{self.place}-{self.what}"

    @property
    def content(self) -> bytes:
        """The bytes of its file: the same each time."""
        dice = random.Random(self.client_id)
        return dice.randbytes(dice.randint(1, _MOST_BYTES))


@dataclass(slots=True)
class Ledger:
    """What was told to the sender, and what went wrong.

    Attributes:
        told: Identifier → receipt.
    """

    told: dict[str, str] = field(default_factory=dict)
    kills: int = 0
    again: int = 0
    faults: list[str] = field(default_factory=list)


def jobs_from(done: set[str]) -> list[Job]:
    """Return the next submissions that nobody acknowledged, in the order of the cases' lives."""
    found: list[Job] = []
    number = 0
    while len(found) < 400:
        life = [Job(number, place) for place in range(len(LIFE))]
        found += [job for job in life if job.client_id not in done]
        number += 1
    return found


def submit(workspace: Workspace, job: Job, cases: dict[int, int]) -> tuple[str, bool]:
    """Send one submission; return its receipt and whether it had come before."""
    now = _START + timedelta(minutes=job.place)
    if job.what == "open":
        ground = shapely.Point(108 + job.number % 100 / 1000, 33.05)
        new = NewCase(f"kill {job.number}", Origin.SIGHTING, ground, client_id=job.client_id)
        done = open_case(workspace, new, COMMAND_LINE, now=now)
        cases[job.number] = done.case_id
        return done.receipt, done.again
    case_id = cases[job.number]
    if job.what in _STEPS:
        step = _STEPS[job.what]
        step = Step(step.action, step.outcome, facts=step.facts, client_id=job.client_id)
        done = act(workspace, case_id, step, COMMAND_LINE, now=now)
        return done.receipt, done.again
    if job.what == "note":
        new_note = NewEvidence(EvidenceKind.NOTE, note="现场记录", client_id=job.client_id)
        added = add_evidence(workspace, case_id, new_note, COMMAND_LINE, now=now)
        return added.done.receipt, added.done.again
    content = job.content
    chunks = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    kept = workspace.vault.keep(chunks, max_bytes=_MB)
    kind = EvidenceKind.PHOTO if job.what == "photo" else EvidenceKind.DOCUMENT
    new_file = NewEvidence(kind, kept, f"{job.client_id}.bin", client_id=job.client_id)
    added = add_evidence(workspace, case_id, new_file, COMMAND_LINE, now=now)
    return added.done.receipt, added.done.again


def _child(folder: Path, jobs: list[Job], out: int) -> None:
    """Send submissions and tell their receipts until killed."""
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            rows = session.execute(select(CaseRow.title, CaseRow.id)).all()
        cases = {int(title.removeprefix("kill ")): case_id for title, case_id in rows}
        for job in jobs:
            receipt, again = submit(workspace, job, cases)
            os.write(out, f"{job.client_id} {receipt} {int(again)}\n".encode())


def one_kill(folder: Path, ledger: Ledger, after_s: float) -> None:
    """Let a child send what is not acknowledged, kill it, and take what it told."""
    jobs = jobs_from(set(ledger.told))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            _child(folder, jobs, writing)
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    os.close(writing)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode().splitlines(keepends=True)
    _pid, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        ledger.faults.append(f"the child ended by itself with {status}")
    ledger.kills += 1
    # A line without its end was cut: the sender never saw that receipt.
    for line in lines:
        if line.endswith("\n"):
            client_id, receipt, again = line.split()
            ledger.told[client_id] = receipt
            ledger.again += int(again)


def check(folder: Path, ledger: Ledger) -> None:
    """Compare the workspace with the ledger."""
    wrong = ledger.faults
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            events = session.scalars(select(CaseEventRow)).all()
            pieces = session.scalars(select(EvidenceRow)).all()
            rows = {row.id: row for row in session.scalars(select(CaseRow))}
        by_id = {event.client_id: event for event in events}
        counts = Counter(event.client_id for event in events)
        wrong += [f"{name} stands {n} times" for name, n in counts.items() if n > 1]
        for client_id, receipt in ledger.told.items():
            event = by_id.get(client_id)
            if event is None:
                wrong.append(f"{client_id} was acknowledged and is lost")
            elif not receipt.startswith(f"{event.id}-"):
                wrong.append(f"{client_id} has another receipt than was told")
        if len(rows) != sum(event.action == "open" for event in events):
            wrong.append(f"{len(rows)} cases do not fit their openings")
        owners = Counter((piece.case_id, piece.event_seq) for piece in pieces)
        of_evidence = {(e.case_id, e.seq) for e in events if e.action == "evidence"}
        if set(owners) != of_evidence or set(owners.values()) - {1}:
            wrong.append("events of evidence and pieces of evidence differ")
        for piece in pieces:
            path = workspace.vault.path_of(piece.sha256 or "")
            if piece.sha256 and (not path.is_file() or sha256_of(path) != piece.sha256):
                wrong.append(f"the file of evidence {piece.id} is not as it came")
        for row in rows.values():
            if row.version != sum(event.case_id == row.id for event in events):
                wrong.append(f"case {row.number} does not stand where its events put it")
        report = verify_workspace(workspace, with_files=False)
        wrong += [fault.text.en for fault in report.faults]


def finish(folder: Path, ledger: Ledger) -> None:
    """Send everything of the cases begun once more; nothing may be doubled or lost."""
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            rows = session.execute(select(CaseRow.title, CaseRow.id)).all()
        cases = {int(title.removeprefix("kill ")): case_id for title, case_id in rows}
        for number in sorted(cases):
            for job in (Job(number, place) for place in range(len(LIFE))):
                receipt, again = submit(workspace, job, cases)
                known = ledger.told.get(job.client_id)
                if known is not None and (known != receipt or not again):
                    ledger.faults.append(f"{job.client_id} was taken twice")
                ledger.told[job.client_id] = receipt
        with workspace.database.reading() as session:
            names = set(session.scalars(select(CaseEventRow.client_id)))
        expected = {Job(n, place).client_id for n in cases for place in range(len(LIFE))}
        if names != expected:
            ledger.faults.append(f"{len(names)} events of {len(expected)} submissions")
    check(folder, ledger)


def make_office(folder: Path) -> None:
    """Make an empty workspace with one unit."""
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        grounds.add_unit(session, code="U1", name="县局", parent_code=None)


def campaign(kills: int, folder: Path, *, seed: int = 1) -> dict[str, object]:
    """Kill so many submissions at random moments.

    Args:
        kills: How many.
        folder: Made; holds the workspaces.
        seed: Of the moments.

    Returns:
        Counts, and ``faults``: what was lost, doubled or broken; empty for none.
    """
    dice = random.Random(seed)
    total = {"kills": 0, "acknowledged": 0, "resent_and_known": 0, "workspaces": 0}
    faults: list[str] = []
    while total["kills"] < kills and not faults:
        office = folder / f"w{total['workspaces']}"
        make_office(office)
        ledger = Ledger()
        for _ in range(min(KILLS_EACH, kills - total["kills"])):
            one_kill(office, ledger, dice.uniform(0.0, _LONGEST_S))
            check(office, ledger)
            if ledger.faults:
                break
        finish(office, ledger)
        total["kills"] += ledger.kills
        total["acknowledged"] += len(ledger.told)
        total["resent_and_known"] += ledger.again
        total["workspaces"] += 1
        faults += ledger.faults
        if not faults:
            shutil.rmtree(office)
    return {**total, "faults": faults}


def main() -> int:
    """Run a campaign and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = campaign(asked.kills, Path(folder), seed=asked.seed)
        except GeoInspectError as error:
            print(error.text.en, file=sys.stderr)
            return 1
    print(found)
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
