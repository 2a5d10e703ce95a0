"""Kill the real web server while people send over HTTP; look for what is lost or doubled.

Four senders send cases, steps, evidence with bytes, sightings, answers at sites and public tips at
once to ``geoinspect serve``. Most kills (SIGKILL) end its worker, which gunicorn starts anew; some
end the whole process group, and the server is started again. After each kill every receipt that a
sender holds must stand in the database exactly once, with its bytes; what was cut off is sent
again with the same identifier, and so are some of the acknowledged ones.

    python scripts/web_kills.py --kills 500
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import forked_starts
import shapely
from forked_starts import Forked
from sqlalchemy import select
from web_senders import LIFE, Job, Sender, exchange, quiet_port

from geoinspect.cases.tip_codes import hash_of_code, normal_code
from geoinspect.casework.actors import COMMAND_LINE
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.errors import GeoInspectError
from geoinspect.store import grounds, people
from geoinspect.store.case_schema import CaseEventRow, CaseRow, EvidenceRow
from geoinspect.store.site_schema import SiteAnswerRow, TipRow
from geoinspect.store.tokens import add_token
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

# A workspace that grows takes ever longer to check, so each takes only so many kills.
KILLS_EACH = 40
SENDERS = 4
# Every so many kills the whole server goes, and every so many the chain is verified.
_WHOLE_EACH, _VERIFY_EACH = 6, 8
_LONGEST_S = 1.0
# A machine that is busy with other work takes long.
_START_S = 180.0
_PASSWORD = "long enough 1"


def make_office(folder: Path) -> tuple[list[str], int]:
    """Make a workspace with a unit, one site and a person for each sender.

    Returns:
        Their API tokens, and the site's row number.
    """
    with Workspace.create(folder, config="public_tips = true\n") as workspace:
        tokens = []
        with workspace.database.writing() as session:
            grounds.add_unit(session, code="U1", name="县局", parent_code=None)
            for n in range(SENDERS):
                person = people.add_user(
                    session, name=f"u{n}", role="admin", unit_code=None, password=_PASSWORD
                )
                secret, _row = add_token(session, label=f"t{n}", user_id=person.id, days=2)
                tokens.append(secret)
        ground = shapely.Point(108.05, 33.05)
        site = NewSite("S1", "旧点", ground, unit_code="U1", checklist=("有无新土",))
        return tokens, add_site(workspace, site, COMMAND_LINE)


class Server:
    """``geoinspect serve`` on a workspace, in its own process group.

    Args:
        folder: The workspace.
        log: Where what it prints is added.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.port = quiet_port()
        self._folder, self._log = folder, log
        self._process: Forked | subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it where it doesn't run, and wait until it answers.

        Raises:
            RuntimeError: It doesn't answer in time.
        """
        if self._process is None:
            asked = ["-w", str(self._folder), "serve", "--workers", "0", "--port", str(self.port)]
            self._process = forked_starts.start(asked, self._log)
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(OSError, HTTPException):
                if exchange(self.port, "GET", "/healthz")[0] == 200:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the server does not answer: {self._log.read_text()[-2000:]}")

    def kill_worker(self) -> None:
        """Kill its one worker."""
        assert self._process is not None
        master = self._process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        (worker,) = map(int, children)
        os.kill(worker, signal.SIGKILL)

    def kill_whole(self) -> None:
        """Kill master and worker."""
        if self._process is not None:
            forked_starts.end_all(self._process)
            self._process = None


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[Server]:
    """A server that is gone at the end."""
    server = Server(folder, log)
    try:
        server.start()
        yield server
    finally:
        server.kill_whole()


def one_kill(server: Server, senders: list[Sender], after_s: float, *, whole: bool) -> None:
    """Let all send, kill at the moment, and let those end who still get an answer."""
    server.start()
    stop = threading.Event()
    threads = [threading.Thread(target=sender.run, args=(stop,)) for sender in senders]
    for thread in threads:
        thread.start()
    time.sleep(after_s)
    if whole:
        server.kill_whole()
    else:
        server.kill_worker()
    stop.set()
    for thread in threads:
        thread.join()


def check(folder: Path, senders: list[Sender], whole_files: set[int], *, verify: bool) -> list[str]:
    """Compare the workspace with what the senders were told.

    Args:
        folder: The workspace.
        senders: At rest.
        whole_files: Evidence whose bytes were found right before; added to.
        verify: Whether to verify the audit chain with all files too.

    Returns:
        What is wrong.
    """
    receipts = {name: kept for one in senders for name, kept in one.told.receipts.items()}
    jobs = {name: job for one in senders for name, job in one.told.jobs.items()}
    wrong = [fault for one in senders for fault in one.told.faults]
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            events = session.scalars(select(CaseEventRow)).all()
            pieces = session.scalars(select(EvidenceRow)).all()
            answers = session.scalars(select(SiteAnswerRow)).all()
            tips = session.scalars(select(TipRow)).all()
            versions = {row.id: row.version for row in session.scalars(select(CaseRow))}
        names = [event.client_id for event in events if event.client_id.startswith("web-")]
        names += [answer.client_id for answer in answers] + [tip.text for tip in tips]
        wrong += [f"{name} stands {n} times" for name, n in Counter(names).items() if n > 1]
        numbers = {event.client_id: event.id for event in events}
        numbers |= {answer.client_id: answer.id for answer in answers}
        codes = {tip.text: tip.claim_hash for tip in tips}
        for name, receipt in receipts.items():
            if jobs[name].what == "tip":
                stands = codes.get(name) == hash_of_code(normal_code(receipt) or "")
            else:
                stands = receipt.startswith(f"{numbers.get(name)}-")
            if not stands:
                wrong.append(f"{name} was acknowledged with {receipt} and does not stand so")
        wrong += _case_faults(events, versions, sum(a.answers["suspicious"] for a in answers))
        wrong += _file_faults(workspace, events, pieces, jobs, whole_files)
        if verify:
            report = verify_workspace(workspace, with_files=True)
            wrong += [fault.text.en for fault in report.faults]
    return wrong


def _case_faults(
    events: Sequence[CaseEventRow], versions: dict[int, int], suspicious: int
) -> list[str]:
    """Return where cases, their openings and the answers that opened one don't fit."""
    wrong = []
    opened = [event for event in events if event.action == "open"]
    if {event.case_id for event in opened} != set(versions) or len(opened) != len(versions):
        wrong.append(f"{len(versions)} cases do not fit {len(opened)} openings")
    unnamed = sum(not event.client_id.startswith("web-") for event in opened)
    if unnamed != suspicious:
        wrong.append(f"{suspicious} suspicious answers opened {unnamed} cases")
    steps = Counter(event.case_id for event in events)
    wrong += [f"case {one} lacks an event" for one in versions if versions[one] != steps[one]]
    seen = {event.client_id for event in events if event.client_id.endswith("-sighting")}
    verified = {f"{name}+verified" for name in seen}
    if {e.client_id for e in events if e.client_id.endswith("+verified")} != verified:
        wrong.append("a sighting was written without its verification")
    return wrong


def _file_faults(
    workspace: Workspace,
    events: Sequence[CaseEventRow],
    pieces: Sequence[EvidenceRow],
    jobs: dict[str, Job],
    whole_files: set[int],
) -> list[str]:
    """Return what evidence is not as it was sent."""
    wrong = []
    by_place = {(e.case_id, e.seq): e.client_id for e in events if e.action == "evidence"}
    owners = Counter((piece.case_id, piece.event_seq) for piece in pieces)
    if set(owners) != set(by_place) or set(owners.values()) - {1}:
        wrong.append("events of evidence and pieces of evidence differ")
    for piece in pieces:
        if piece.sha256 is None or piece.id in whole_files:
            continue
        path = workspace.vault.path_of(piece.sha256)
        job = jobs.get(by_place.get((piece.case_id, piece.event_seq), ""))
        same = job is None or (path.is_file() and path.read_bytes() == job.content)
        if not path.is_file() or sha256_of(path) != piece.sha256 or not same:
            wrong.append(f"the file of evidence {piece.id} is not as it was sent")
        elif job is not None:
            whole_files.add(piece.id)
    return wrong


def finish(folder: Path, server: Server, senders: list[Sender]) -> list[str]:
    """Let all send what is open and then everything again; nothing may be doubled or lost."""
    server.start()
    threads = [threading.Thread(target=sender.finish) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = check(folder, senders, set(), verify=True)
    sent = {name for one in senders for name in one.told.receipts}
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        stands = set(session.scalars(select(CaseEventRow.client_id)))
        stands |= set(session.scalars(select(SiteAnswerRow.client_id)))
        stands |= set(session.scalars(select(TipRow.text)))
    stands = {name for name in stands if name.startswith("web-") and "+" not in name}
    if stands != sent:
        wrong.append(f"{len(stands)} submissions stand of {len(sent)} that were sent")
    whole_lives = Counter(name.split("-")[1] for name in sent if not name.endswith("-tip"))
    wrong += [f"life {n} is not whole" for n, count in whole_lives.items() if count != len(LIFE)]
    return wrong


def _one_office(folder: Path, kills: int, dice: random.Random) -> tuple[Counter[str], list[str]]:
    """Kill the server of one workspace so many times; return counts and faults."""
    tokens, site_id = make_office(folder)
    log = folder.with_suffix(".log")
    counts: Counter[str] = Counter()
    faults: list[str] = []
    whole_files: set[int] = set()
    with serving(folder, log) as server:
        senders = [
            Sender(n, SENDERS, server.port, token, site_id, dice.randrange(1 << 30))
            for n, token in enumerate(tokens)
        ]
        while counts["kills"] < kills and not faults:
            counts["kills"] += 1
            whole = counts["kills"] % _WHOLE_EACH == 0
            before = sum(sender.told.counts["cut"] for sender in senders)
            one_kill(server, senders, dice.uniform(0.0, _LONGEST_S), whole=whole)
            counts["whole_kills" if whole else "worker_kills"] += 1
            cut = sum(sender.told.counts["cut"] for sender in senders) - before
            counts["kills_that_cut"] += cut > 0
            verify = counts["kills"] % _VERIFY_EACH == 0
            faults = check(folder, senders, whole_files, verify=verify)
        faults = faults or finish(folder, server, senders)
    for sender in senders:
        counts += sender.told.counts
        counts["acknowledged"] += len(sender.told.receipts)
        counts["tips"] += sum(job.what == "tip" for job in sender.told.jobs.values())
    errors = log.read_text("utf-8", "replace").count("Traceback (most recent call last)")
    if errors:
        faults.append(f"the server told of {errors} errors: {log}")
    return counts, faults


def campaign(kills: int, folder: Path, *, seed: int = 1) -> dict[str, object]:
    """Kill the server so many times at random moments while four senders send.

    Args:
        kills: How many.
        folder: Holds the workspaces and what the servers print.
        seed: Of the moments.

    Returns:
        Counts, and ``faults``: what was lost, doubled or broken; empty for none.
    """
    dice = random.Random(seed)
    total: Counter[str] = Counter()
    faults: list[str] = []
    while total["kills"] < kills and not faults:
        office = folder / f"w{total['workspaces']}"
        counts, faults = _one_office(office, min(KILLS_EACH, kills - total["kills"]), dice)
        total += counts
        total["workspaces"] += 1
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
