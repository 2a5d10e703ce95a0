"""A simulated season of cases: many units, editors at work at once, wrong clocks, answers sent twice.

Every editor is a process of its own with its own connection. Each keeps a ledger of what was
acknowledged to it. Afterwards a second reading of the issue, written here by hand and without a
look at the code's table, replays the ledgers: where every case stands and every total must agree.
Everything is simulated.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import select

from geoinspect.cases.facts import read_facts
from geoinspect.cases.records import CaseAction, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.told import counts_told
from geoinspect.errors import ConflictError, ForbiddenError, GeoInspectError
from geoinspect.records import Area, Level
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseEventRow
from geoinspect.store.cases import CaseFilter
from geoinspect.store.workspace import Workspace

START = datetime(2026, 4, 1, 1, tzinfo=UTC)
# What leads where, by the issue: state → action and outcome → state.
LEADS: dict[str, dict[tuple[str, str | None], str]] = {
    "suspected": {("triage", None): "triaged", ("dismiss", None): "dismissed"},
    "triaged": {("assign", None): "assigned", ("dismiss", None): "dismissed"},
    "assigned": {
        ("verify", "confirmed"): "confirmed",
        ("verify", "not_poppy"): "refuted",
        ("verify", "licensed"): "licensed",
        ("verify", "no_access"): "no_access",
        ("assign", None): "assigned",
        ("dismiss", None): "dismissed",
    },
    "no_access": {("assign", None): "assigned", ("dismiss", None): "dismissed"},
    "confirmed": {("eradicate", None): "eradicated"},
    "eradicated": {("recheck", "clean"): "rechecked", ("recheck", "standing"): "confirmed"},
    "rechecked": {
        ("close", None): "closed",
        ("recheck", "clean"): "rechecked",
        ("recheck", "standing"): "confirmed",
        ("reopen", None): "triaged",
    },
    "refuted": {("close", None): "closed", ("reopen", None): "triaged"},
    "licensed": {("close", None): "closed", ("reopen", None): "triaged"},
    "dismissed": {("reopen", None): "triaged"},
    "merged": {("reopen", None): "triaged"},
    "closed": {("reopen", None): "triaged"},
}
# An editor tries what moves a case on more often than what can't be.
LIKELY = [(a, o) for rows in LEADS.values() for a, o in rows]
WILD = [
    ("eradicate", None),
    ("close", None),
    ("recheck", "clean"),
    ("verify", "confirmed"),
    ("reopen", None),
]


@dataclass(slots=True)
class Ledger:
    """What was acknowledged to one editor, and what was refused."""

    done: list[dict[str, Any]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    again: int = 0
    wrong_receipts: int = 0


def unit_code(number: int) -> str:
    """The code of a unit."""
    return f"U{number:02d}"


def make_county(folder: Path, units: int) -> None:
    """A workspace of one county with as many townships as units, side by side."""
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        grounds.add_unit(session, code="U00", name="县禁毒办", parent_code=None)
        whole = shapely.box(108.0, 33.0, 108.0 + 0.1 * units, 33.1)
        areas = [Area("99", "模拟县", Level.COUNTY, None, "U00", whole)]
        for n in range(1, units + 1):
            grounds.add_unit(session, code=unit_code(n), name=f"第{n}乡", parent_code="U00")
            ground = shapely.box(107.9 + 0.1 * n, 33.0, 108.0 + 0.1 * n, 33.1)
            code = f"99{n:02d}"
            areas.append(Area(code, f"第{n}乡", Level.TOWNSHIP, "99", unit_code(n), ground))
        grounds.add_areas(session, areas)


def edit(folder: Path, editor: int, share: int, steps: int, units: int, seed: int) -> Ledger:
    """One editor: opens a share of the cases, then takes steps in any case, many of them twice."""
    dice, ledger = random.Random(seed * 1000 + editor), Ledger()
    with Workspace.open(folder) as workspace:
        for n in range(share):
            _open(workspace, dice, ledger, editor, n, units)
        for n in range(steps):
            with workspace.database.reading() as session:
                known = cases.cases(session)
                row = dice.choice(known)
                number, state, unit, version = row.id, row.state, row.unit_code, row.version
                other = dice.choice(known).id
            seen = (number, state, unit, version)
            if dice.random() < 0.08:
                _merge(workspace, dice, ledger, (editor, n), number, other)
            elif dice.random() < 0.06:
                _correct(workspace, dice, ledger, (editor, n), number)
            else:
                _step(workspace, dice, ledger, (editor, n), seen, units)
    return ledger


def _open(
    workspace: Workspace, dice: random.Random, ledger: Ledger, editor: int, n: int, units: int
) -> None:
    town = dice.randrange(units)
    # A hamlet each, so that what is one place may be told twice and merged.
    place = shapely.Point(
        108.05 + 0.1 * town + dice.uniform(0, 0.005), 33.05 + dice.uniform(0, 0.005)
    )
    new = NewCase(
        title=f"线索 {editor}-{n}",
        origin=dice.choice([Origin.PATCH, Origin.TIP, Origin.OTHER]),
        ground=place.buffer(3e-5),
        happened=_clock(dice),
        client_id=f"open-{editor}-{n}",
    )
    actor = Actor("analyst", "analyst", "U00")
    done = open_case(workspace, new, actor, now=_now(dice))
    ledger.done.append({"case": done.case_id, "seq": done.seq, "action": "open", "outcome": None})
    if dice.random() < 0.2:
        again = open_case(workspace, new, actor, now=_now(dice))
        ledger.again += 1
        ledger.wrong_receipts += (again.case_id, again.receipt) != (done.case_id, done.receipt)


def _step(
    workspace: Workspace,
    dice: random.Random,
    ledger: Ledger,
    mark: tuple[int, int],
    seen: tuple[int, str, str | None, int],
    units: int,
) -> None:
    number, state, unit, version = seen
    fitting = list(LEADS[state])
    action, outcome = dice.choice(fitting if dice.random() < 0.8 else LIKELY + WILD)
    plants = dice.randrange(5, 900)
    said = {"method": "pulled", "plants": plants} if action == "eradicate" else {}
    step = Step(
        action=CaseAction(action),
        outcome=None if outcome is None else Outcome(outcome),
        reason="grass" if action == "dismiss" else "",
        note="又见疑似植株" if action == "reopen" else "",
        unit_code=unit_code(dice.randrange(1, units + 1)) if action == "assign" else None,
        facts=read_facts(said, CaseAction(action), date(2026, 5, 1)) if said else {},
        version=version if dice.random() < 0.7 else None,
        happened=_clock(dice),
        client_id=f"step-{mark[0]}-{mark[1]}",
    )
    actor = _actor(dice, action, unit, units)
    entry = {"case": number, "action": action, "outcome": outcome, "unit": step.unit_code,
             "plants": plants if action == "eradicate" else 0}  # fmt: skip
    try:
        done = act(workspace, number, step, actor, now=_now(dice))
    except (ConflictError, ForbiddenError) as error:
        ledger.refused[error.code] += 1
        return
    ledger.done.append({**entry, "seq": done.seq})
    if action == "reopen":
        _note_aside(workspace, ledger, number, "released")
    if dice.random() < 0.2:
        again = act(workspace, number, step, actor, now=_now(dice))
        ledger.again += 1
        ledger.wrong_receipts += (again.seq, again.receipt) != (done.seq, done.receipt)
    elif dice.random() < 0.05:
        _undo(workspace, dice, ledger, mark, number, actor)


def _merge(
    workspace: Workspace,
    dice: random.Random,
    ledger: Ledger,
    mark: tuple[int, int],
    number: int,
    other: int,
) -> None:
    step = Step(CaseAction.MERGE, into=other, client_id=f"merge-{mark[0]}-{mark[1]}")
    try:
        done = act(workspace, number, step, Actor("analyst", "analyst", "U00"), now=_now(dice))
    except GeoInspectError as error:
        ledger.refused[error.code] += 1
        return
    ledger.done.append(
        {"case": number, "seq": done.seq, "action": "merge", "outcome": None, "unit": None}
    )
    _note_aside(workspace, ledger, number, "absorbed")


def _correct(
    workspace: Workspace, dice: random.Random, ledger: Ledger, mark: tuple[int, int], number: int
) -> None:
    plants = dice.randrange(5, 900)
    step = Step(
        CaseAction.CORRECT,
        corrects="eradicated",
        note="重新清点",
        facts=read_facts({"plants": plants}, CaseAction.CORRECT, date(2026, 5, 1)),
        client_id=f"correct-{mark[0]}-{mark[1]}",
    )
    try:
        done = act(workspace, number, step, Actor("analyst", "analyst", "U00"), now=_now(dice))
    except GeoInspectError as error:
        ledger.refused[error.code] += 1
        return
    ledger.done.append({"case": number, "seq": done.seq, "action": "correct", "outcome": None,
                        "unit": None, "plants": plants})  # fmt: skip


def _note_aside(workspace: Workspace, ledger: Ledger, number: int, what: str) -> None:
    """Enter what a step of one case did to another: the newest such row that is not entered yet."""
    known = {(entry["case"], entry["seq"]) for entry in ledger.done}
    with workspace.database.reading() as session:
        query = (
            select(CaseEventRow)
            .where(CaseEventRow.action == "link")
            .order_by(CaseEventRow.id.desc())
        )
        for row in session.scalars(query.limit(200)):
            if row.details.get(what) == number:
                if (row.case_id, row.seq) not in known:
                    ledger.done.append(
                        {"case": row.case_id, "seq": row.seq, "action": "link", "outcome": None}
                    )
                return


def _undo(
    workspace: Workspace,
    dice: random.Random,
    ledger: Ledger,
    mark: tuple[int, int],
    number: int,
    actor: Actor,
) -> None:
    step = Step(CaseAction.UNDO, client_id=f"undo-{mark[0]}-{mark[1]}")
    try:
        done = act(workspace, number, step, actor, now=_now(dice))
    except GeoInspectError as error:
        ledger.refused[error.code] += 1
        return
    with workspace.database.reading() as session:
        event = next(e for e in cases.events_of(session, number) if e.seq == done.seq)
        undoes = event.details["undoes"]
    ledger.done.append(
        {"case": number, "seq": done.seq, "action": "undo", "outcome": None, "undoes": undoes}
    )
    if event.details["what"] == "merge":
        _note_aside(workspace, ledger, number, "released")


def _actor(dice: random.Random, action: str, unit: str | None, units: int) -> Actor:
    if action in ("verify", "eradicate", "recheck") and dice.random() < 0.8:
        code = unit if unit and dice.random() < 0.9 else unit_code(dice.randrange(1, units + 1))
        return Actor(f"field-{code}", "field", code)
    if action in ("assign", "close", "reopen"):
        return Actor("commander", "commander", "U00")
    return Actor("analyst", "analyst", "U00")


def _now(dice: random.Random) -> datetime:
    return START + timedelta(minutes=dice.uniform(0, 25))


def _clock(dice: random.Random) -> datetime | None:
    """A sender's clock: mostly right, some eight hours off, in 1980 (refused), or a year ahead."""
    return dice.choice([
        None, START, START + timedelta(hours=8), START - timedelta(days=400),
        START + timedelta(days=365), START - timedelta(minutes=3),
    ])  # fmt: skip


def replay(ledgers: list[Ledger]) -> dict[str, Any]:
    """Where every case stands and what the totals are, from the acknowledged entries alone."""
    by_case: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for ledger in ledgers:
        for entry in ledger.done:
            # What one case's step did to another, several editors may have seen.
            if entry["action"] != "link" or entry not in by_case[entry["case"]]:
                by_case[entry["case"]].append(entry)
    states: dict[int, str] = {}
    owners: dict[int, str | None] = {}
    plants = events = 0
    for number, entries in by_case.items():
        entries.sort(key=lambda entry: entry["seq"])
        seqs = [entry["seq"] for entry in entries]
        if seqs != list(range(1, len(seqs) + 1)):
            raise AssertionError(f"case {number}: acknowledged numbers {seqs} have gaps or doubles")
        events += len(entries)
        undone = {entry["undoes"] for entry in entries if entry["action"] == "undo"}
        state, unit, pulled = "suspected", None, 0
        for entry in entries:
            if entry["action"] in ("open", "undo", "link") or entry["seq"] in undone:
                continue
            if entry["action"] in ("merge", "correct"):
                state = "merged" if entry["action"] == "merge" else state
                pulled = entry.get("plants", 0) if pulled else 0
                continue
            state = LEADS[state][entry["action"], entry["outcome"]]
            unit = entry["unit"] or unit
            if entry["action"] == "eradicate":
                pulled = entry["plants"]
            if entry["action"] == "reopen" or (entry["outcome"] == "standing"):
                pulled = 0
        states[number], owners[number] = state, unit
        plants += pulled
    return {"states": states, "owners": owners, "plants": plants,
            "events": events}  # fmt: skip


def compare(folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Compare the replay with the workspace; returns the figures, raises where they differ."""
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            rows = cases.cases(session)
            states = {row.id: row.state for row in rows}
            owners = {row.id: row.unit_code for row in rows}
            counts = counts_told(session, CaseFilter(), date(2026, 4, 1))
            plants = sum(
                round(row.facts.get("eradicated", {}).get("count", {}).get("plants", 0))
                for row in rows
            )
            events = sum(row.version for row in rows)
        report = verify_workspace(workspace)
    assert states == told["states"], "a case stands elsewhere than its acknowledged steps put it"
    assert owners == told["owners"], "a case belongs to another unit"
    assert counts["states"] == dict(Counter(told["states"].values())), "counts by state differ"
    assert (plants, events) == (told["plants"], told["events"]), "plants or events differ"
    assert report.faults == (), report.faults[0].text.en
    return {"cases": len(states), "states": counts["states"], "events": events,
            "plants_eradicated": plants, "audit_rows": report.rows}  # fmt: skip


def season(
    folder: Path, *, number: int, units: int, editors: int, steps: int, seed: int
) -> dict[str, Any]:
    """Run a season in a new workspace and return its figures.

    Raises:
        AssertionError: The workspace and the ledgers differ.
    """
    make_county(folder, units)
    share = -(-number // editors)
    asked = [(folder, n, share, -(-steps // editors), units, seed) for n in range(editors)]
    with multiprocessing.get_context("spawn").Pool(editors) as pool:
        ledgers = pool.starmap(edit, asked)
    wrong = sum(ledger.wrong_receipts for ledger in ledgers)
    assert wrong == 0, f"{wrong} repeated submissions got another receipt"
    refused: Counter[str] = sum((ledger.refused for ledger in ledgers), Counter())
    return {
        "simulated": True,
        **compare(folder, replay(ledgers)),
        "units": units,
        "editors": editors,
        "sent_again": sum(ledger.again for ledger in ledgers),
        "refused": dict(refused),
    }


def main() -> None:
    """Run a season and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    for name, default in (("units", 12), ("editors", 4), ("steps", 6000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = season(Path(folder) / "w", number=args.cases, units=args.units,
                         editors=args.editors, steps=args.steps, seed=args.seed)  # fmt: skip
    print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
