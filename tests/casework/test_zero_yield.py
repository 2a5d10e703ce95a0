"""Zero yield: what was found adds up over areas, and the statement of a day holds exactly when an
independent look at the events says so.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from case_builders import COUNTY, NOON, TOWNS, case_row, county, opened
from hypothesis import given, settings
from hypothesis import strategies as st
from work_builders import (
    FIRST_DAY,
    assigned,
    at,
    confirmed,
    do,
    eradicated,
    plants,
    rechecked,
    said,
)

from geoinspect.cases.lifecycle import MOVES, Event
from geoinspect.cases.records import CaseAction, CaseState, Origin
from geoinspect.casework.finds import find_of
from geoinspect.casework.nothing_standing import nothing_standing_after
from geoinspect.casework.zero_yield import Tally, known_finds, standing_of
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.records import Campaign
from geoinspect.store import cases, grounds, seals
from geoinspect.store.workspace import Workspace

LETTERS = {
    ("verify", "confirmed"): "C",
    ("recheck", "standing"): "C",
    ("verify", "not_poppy"): "N",
    ("verify", "licensed"): "N",
    ("eradicate", None): "E",
    ("recheck", "clean"): "c",
    ("reopen", None): "R",
    ("dismiss", None): "D",
    ("merge", None): "M",
}


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Any history that the table of moves allows, each step a day or more after the last."""
    state, day = CaseState.SUSPECTED, 0
    events = [Event(1, CaseAction.OPEN, state, "a", at(0), {})]
    for seq in range(2, draw(st.integers(2, 24))):
        last = next(
            (e for e in reversed(events) if e.moves and e.action is not CaseAction.UNDO), None
        )
        may_undo = last is events[-1] and last.seq > 1
        day += draw(st.integers(0, 3))
        if may_undo and draw(st.integers(0, 5)) == 0:
            state = events[-2].to_state
            details = {"undoes": events[-1].seq}
            events.append(Event(seq, CaseAction.UNDO, state, "a", at(day), details))
            continue
        moves = [
            move
            for move in MOVES
            if state in move.starts
            and (not move.origins or Origin.SIGHTING in move.origins)
            and move.action not in (CaseAction.UNDO, CaseAction.CORRECT, CaseAction.SPLIT)
        ]
        weights = [move for move in moves if move.ends is not None] * 3 + moves
        if not weights:
            break
        move = draw(st.sampled_from(weights))
        details = {"facts": {"day": (FIRST_DAY + timedelta(days=day)).isoformat()}}
        if move.outcome is not None:
            details["outcome"] = move.outcome.value
        state = move.ends or state
        events.append(Event(seq, move.action, state, "a", at(day), details))
    return events


def oracle(events: list[Event], day: date) -> bool | None:
    """Whether a history lets the statement of a day stand; None where it found nothing."""
    gone = {e.details["undoes"] for e in events if e.action == "undo"}
    kept = [e for e in events if e.seq not in gone and e.action != "undo"]
    letters, days = "", []
    for event in kept:
        letter = LETTERS.get((event.action.value, event.details.get("outcome")), "")
        letters += letter
        days += [event.details["facts"]["day"]] if letter else []
    whole = [e for e in kept if e.action.value not in ("note", "link", "evidence", "extend")]
    if "C" not in letters or whole[-1].action == "merge":
        return None
    begin = letters.rindex("C") + 1
    tail = letters[begin:]
    if re.match("[^E]*N", tail):
        return None
    if "E" not in tail or re.search("R[^ND]*$", tail):
        return False
    gone_on = date.fromisoformat(days[begin + tail.rindex("E")])
    return gone_on <= day and "c" in tail[tail.rindex("E") :]


@settings(max_examples=400, deadline=None)
@given(histories(), st.integers(0, 40))
def test_what_became_of_a_find_agrees_with_a_reading_of_its_letters(
    events: list[Event], ahead: int
) -> None:
    day = FIRST_DAY + timedelta(days=ahead)
    find = find_of(events)
    expected = oracle(events, day)
    assert (find is None) == (expected is None)
    if find is not None:
        gone = find.eradicated is not None and find.eradicated.day <= day
        assert (find.settled and gone) == expected


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.floats(0, 1e4), st.floats(0, 1e3), st.floats(0, 1e3)),
        ),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_sums_of_parts_are_the_sum_of_the_whole(
    figures: list[tuple[float, float, float] | None], cut: int
) -> None:
    known = [None if one is None else (one[0], one[0] - one[1], one[0] + one[2]) for one in figures]
    whole, left, right = Tally(), Tally(), Tally()
    for n, one in enumerate(known):
        whole.add(one)
        (left if n < cut else right).add(one)
    assert whole.value == pytest.approx(left.value + right.value)
    assert whole.below2 == pytest.approx(left.below2 + right.below2)
    assert whole.known == left.known + right.known
    assert whole.unknown == left.unknown + right.unknown
    told = whole.as_json()
    if whole.known:
        assert told["low"] <= told["sum"] <= told["high"]
        bounds = [one for one in known if one is not None]
        # Independent errors rarely fall together: never wider than the ends added up.
        assert told["low"] >= sum(low for _, low, _ in bounds) - 1e-6
        assert told["high"] <= sum(high for _, _, high in bounds) + 1e-6
    else:
        assert (told["sum"], told["low"], told["high"]) == (None, None, None)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as opened_:
        yield opened_


def status(workspace: Workspace, day: int = 20, **more: object) -> dict:
    with workspace.database.reading() as session:
        return standing_of(workspace, session, FIRST_DAY + timedelta(days=day), **more)


def statement(workspace: Workspace, day: int, area: str = COUNTY, today: int = 30) -> dict:
    with workspace.database.reading() as session:
        return nothing_standing_after(
            session, area, FIRST_DAY + timedelta(days=day), FIRST_DAY + timedelta(days=today)
        )


def scattered(workspace: Workspace, seed: int) -> list[tuple[int, str, int]]:
    """Cases in all kinds of states over three towns: town, kind, plants."""
    rng = random.Random(seed)
    makers = {
        "lead": lambda **more: assigned(workspace, **more),
        "standing": lambda n, **more: confirmed(workspace, facts=plants(n), **more),
        "eradicated": lambda **more: eradicated(workspace, **more),
        "clean": lambda **more: rechecked(workspace, **more),
    }
    made = []
    for k in range(9):
        kind, town, n = rng.choice(list(makers)), rng.randrange(3), rng.randrange(1, 600)
        more = {"n": n} if kind == "standing" else {}
        makers[kind](town=town, east=0.05 + 0.1 * k, **more)
        made.append((town, kind, n))
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_add_up_over_areas(workspace: Workspace, seed: int) -> None:
    made = scattered(workspace, seed)
    rows = {row["code"]: row for row in status(workspace, area_code=COUNTY)["rows"]}
    assert set(rows) == {COUNTY, *TOWNS}
    for key in ("found", "standing", "to_recheck", "doubted", "clean", "overdue"):
        assert rows[COUNTY][key] == sum(rows[code][key] for code in TOWNS)
    for town, code in enumerate(TOWNS):
        kinds = Counter(kind for where, kind, _n in made if where == town)
        assert rows[code]["standing"] == kinds["standing"]
        assert rows[code]["to_recheck"] == kinds["eradicated"]
        assert rows[code]["clean"] == kinds["clean"]
        total = sum(n for where, kind, n in made if where == town and kind == "standing")
        assert (rows[code]["plants"]["sum"] or 0) == total
        assert rows[code]["plants"]["low"] == rows[code]["plants"]["high"]
    assert rows[COUNTY]["found"] == sum(kind != "lead" for _t, kind, _n in made)


def test_what_lies_in_no_area_is_counted_beside(workspace: Workspace) -> None:
    confirmed(workspace)
    assert status(workspace, area_code=COUNTY)["outside"] == 0
    for town in (5, 6):
        found = opened(workspace, town=town, origin=Origin.SIGHTING)
        do(workspace, found, "verify", outcome="confirmed", facts=said(0, **plants(9)), minute=1)
    do(workspace, found, "eradicate", day=1, facts=said(1, method="pulled"))
    told, everywhere = status(workspace, area_code=COUNTY), status(workspace)
    assert (told["whole"]["found"], told["outside"]) == (1, 2)
    assert (everywhere["whole"]["found"], everywhere["outside"]) == (3, 2)
    assert told["outside"] == statement(workspace, 30)["outside"]


def test_what_nobody_counted_is_not_nought(workspace: Workspace) -> None:
    confirmed(workspace, facts={})
    told = status(workspace)["whole"]["plants"]
    assert told == {"sum": None, "low": None, "high": None, "cases": 0, "unknown": 1}


def test_a_recheck_that_finds_plants_counts_those(workspace: Workspace) -> None:
    case_id = eradicated(workspace)
    facts = said(4, **plants(3))
    do(workspace, case_id, "recheck", day=4, outcome="standing", facts=facts)
    told = status(workspace)
    assert told["whole"]["standing"] == 1
    assert told["whole"]["plants"]["sum"] == 3
    assert told["standing"][0]["confirmed_on"] == (FIRST_DAY + timedelta(days=4)).isoformat()


def test_the_statement_holds_from_the_day_of_the_last_eradication(workspace: Workspace) -> None:
    rechecked(workspace, gone=2, clean=6)
    rechecked(workspace, town=1, gone=9, clean=12)
    for day in range(1, 14):
        told = statement(workspace, day)
        assert told["holds"] == (day >= 9)
        assert told["found"] == 2
        assert len(told["missing"]) == (day < 2) + (day < 9)
        assert statement(workspace, day, TOWNS[0])["holds"] == (day >= 2)
    assert "2 处" in told["sentence_zh"]
    assert "only of what was found" in told["sentence"]


def test_the_statement_carries_its_evidence(workspace: Workspace) -> None:
    case_id = rechecked(workspace)
    line = statement(workspace, 5)["cases"][0]
    with workspace.database.reading() as session:
        rows = {row.action: row for row in cases.events_of(session, case_id)}
        for step, action in (
            ("confirmed", "verify"),
            ("eradicated", "eradicate"),
            ("rechecked", "recheck"),
        ):
            seal = seals.seal_of(session, rows[action])
            assert line[step]["receipt"] == f"{rows[action].id}-{seal[:8].upper()}"
            assert line[step]["event"] == rows[action].seq
    assert line["rechecked"]["day"] == (FIRST_DAY + timedelta(days=5)).isoformat()
    assert line["rechecked"]["by"] == "foot"
    assert line["lacks"] == []


def test_what_is_missing_is_named(workspace: Workspace) -> None:
    confirmed(workspace, east=0.1)
    eradicated(workspace, east=0.2, gone=2)
    late = rechecked(workspace, east=0.3, gone=15, clean=16)
    again = rechecked(workspace, east=0.4)
    do(workspace, again, "reopen", day=8, note="有人说又种了")
    told = statement(workspace, 10)
    lacks = [[one["code"] for one in line["lacks"]] for line in told["cases"]]
    assert lacks == [["standing"], ["no_recheck"], ["later"], ["doubted"]]
    assert not told["holds"]
    assert all(
        one["message"] and one["message_zh"] for line in told["missing"] for one in line["lacks"]
    )
    assert case_row(workspace, late).state == "rechecked"
    assert "4" in told["sentence_zh"]


def test_a_reopened_case_that_turned_out_nothing_is_no_doubt(workspace: Workspace) -> None:
    case_id = rechecked(workspace)
    do(workspace, case_id, "reopen", day=8, note="再看一次")
    do(workspace, case_id, "assign", day=8, minute=1)
    assert not statement(workspace, 10)["holds"]
    do(workspace, case_id, "verify", day=8, outcome="no_access", facts=said(8), minute=2)
    assert not statement(workspace, 10)["holds"]
    do(workspace, case_id, "assign", day=8, minute=3)
    do(workspace, case_id, "verify", day=9, outcome="not_poppy", facts=said(9))
    told = statement(workspace, 10)
    assert told["holds"]
    assert told["found"] == 1


def test_nothing_found_says_so_and_leads_stand_beside_it(workspace: Workspace) -> None:
    opened(workspace)
    told = statement(workspace, 10)
    assert (told["holds"], told["found"], told["leads"]) == (True, 0, 1)
    assert "没有确认过" in told["sentence_zh"]
    assert "1 条线索尚未实地核查" in told["sentence_zh"]
    assert told["unseen_share"] is None
    assert "不清楚" in told["sentence_zh"]


def test_a_day_to_come_and_an_area_that_is_none_are_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        statement(workspace, 31)
    with pytest.raises(NotFoundError):
        statement(workspace, 1, "no such area")


def test_a_merged_case_is_carried_by_the_other(workspace: Workspace) -> None:
    one, other = confirmed(workspace), confirmed(workspace, east=0.51)
    do(workspace, other, "merge", day=1, into=one)
    told = status(workspace)["whole"]
    assert (told["found"], told["standing"]) == (1, 1)


def test_a_correction_of_the_day_moves_the_statement(workspace: Workspace) -> None:
    case_id = rechecked(workspace, gone=3, clean=8)
    assert not statement(workspace, 2)["holds"]
    do(
        workspace,
        case_id,
        "correct",
        day=9,
        corrects="eradicated",
        note="日期写错",
        facts={"day": (FIRST_DAY + timedelta(days=2)).isoformat()},
    )
    assert statement(workspace, 2)["holds"]


def test_a_campaign_counts_what_may_still_stand_whenever_it_was_found(workspace: Workspace) -> None:
    old = confirmed(workspace, east=0.1)
    gone = rechecked(workspace, east=0.2, gone=1, clean=3)
    mine = rechecked(workspace, east=0.3, day=20, gone=22, clean=25)
    late = rechecked(workspace, east=0.4, day=60, gone=61, clean=62)
    with workspace.database.writing() as session:
        for name, first, last in (("春", 10, 40), ("夏", 50, 90)):
            window = FIRST_DAY + timedelta(days=first), FIRST_DAY + timedelta(days=last)
            campaign = Campaign(name, COUNTY, *window, 100.0, "EPSG:4545")
            grounds.add_campaign(session, campaign, side=8, ground=b"")
    counted = {}
    with workspace.database.reading() as session:
        for row in grounds.campaigns(session):
            told = SimpleNamespace(campaign_id=row.id, campaign=grounds.campaign_record(row))
            counted[row.name] = {one.row.id for one in known_finds(session, told, COUNTY)}
    assert counted["春"] == {old, mine}
    assert counted["夏"] == {old, late}
    assert gone not in counted["春"] | counted["夏"]


def test_the_list_of_what_stands_begins_with_the_soonest_harvest(workspace: Workspace) -> None:
    plain = confirmed(workspace, east=0.1)
    capsule = confirmed(workspace, east=0.3, facts={"stage": "capsule", **plants(600)})
    told = status(workspace)["standing"]
    assert [one["id"] for one in told] == [capsule, plain]
    assert told[0]["harvest"]["days_left"] == 0
    assert told[1]["harvest"] is None
    assert told[0]["large_scale"]["verdict"] in ("yes", "maybe", "no", "unknown")
    assert told[0]["large_scale"]["indicative"]
    assert told[0]["count"]["plants"] == 600
    assert math.isclose(told[0]["days_standing"], 20)
    assert NOON.date() == FIRST_DAY
