"""The commander's figures: the past told again is what was counted then, and all adds up."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from case_builders import ADMIN, COUNTY, TOWN_UNITS, TOWNS, county, opened
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.records import CaseAction, CaseState, Outcome
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.claim_records import AreaClaim, Claim
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME
from geoinspect.settings import Settings
from geoinspect.situation.board import Moment, claims_by_area, clean_figure, figures, ranking
from geoinspect.situation.tallies import DayCounts, Tally, day_counts, end_of, rolled_up, tallies
from geoinspect.store import cases
from geoinspect.store.workspace import Workspace

FIRST = date(2026, 5, 1)
SETTINGS = Settings()
ERADICATED = {"method": "pulled"}
NEXT = {
    CaseState.SUSPECTED: Step(CaseAction.TRIAGE),
    CaseState.TRIAGED: Step(CaseAction.ASSIGN, unit_code=TOWN_UNITS[0]),
    CaseState.ASSIGNED: Step(CaseAction.VERIFY, outcome=Outcome.CONFIRMED),
    CaseState.CONFIRMED: Step(CaseAction.ERADICATE, facts=ERADICATED),
    CaseState.ERADICATED: Step(CaseAction.RECHECK, outcome=Outcome.CLEAN),
    CaseState.RECHECKED: Step(CaseAction.CLOSE),
    CaseState.CLOSED: Step(CaseAction.REOPEN, note="又见"),
}


def state_of(workspace: Workspace, case_id: int) -> CaseState:
    with workspace.database.reading() as session:
        return CaseState(cases.case(session, case_id).state)


def live(workspace: Workspace, seed: int) -> tuple[dict[date, dict], dict[date, list[int]]]:
    """Live through a fortnight of cases; return what was counted and done each evening."""
    chance = random.Random(seed)
    counted: dict[date, dict] = {}
    done: dict[date, list[int]] = {}
    known: list[int] = []
    for n in range(14):
        day = FIRST + timedelta(days=n)
        morning = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        did = [0, 0, 0, 0]
        for k in range(chance.randrange(3)):
            town = chance.randrange(3)
            known.append(
                opened(
                    workspace,
                    town=town,
                    now=morning + timedelta(minutes=k),
                    east=chance.random() * 0.8 + 0.1,
                )
            )
            did[0] += 1
        for k, case_id in enumerate(chance.sample(known, min(len(known), 4))):
            at = morning + timedelta(hours=2, minutes=k)
            step = NEXT[state_of(workspace, case_id)]
            if step.action is CaseAction.ERADICATE:
                step = replace(step, facts={**ERADICATED, "day": day.isoformat()})
            act(workspace, case_id, step, ADMIN, now=at)
            ends = state_of(workspace, case_id)
            kind = (
                2
                if step.action is CaseAction.ERADICATE
                else {CaseState.CONFIRMED: 1, CaseState.CLOSED: 3}.get(ends)
            )
            if kind is not None and chance.random() < 0.3:
                act(workspace, case_id, Step(CaseAction.UNDO), ADMIN, now=at + timedelta(minutes=1))
            elif kind is not None:
                did[kind] += 1
        with workspace.database.reading() as session:
            counted[day] = tallies(session, workspace.settings, day)
        done[day] = did
    return counted, done


@pytest.mark.parametrize("seed", [3, 11])
def test_the_past_is_what_was_counted_then(tmp_path: Path, seed: int) -> None:
    with county(tmp_path / "w") as workspace:
        counted, done = live(workspace, seed)
        assert any(tally.overdue for day in counted.values() for tally in day.values())
        assert any(tally.standing for day in counted.values() for tally in day.values())
        with workspace.database.reading() as session:
            for day, then in counted.items():
                assert tallies(session, workspace.settings, day, until=end_of(day)) == then, day
            told = day_counts(session, FIRST, FIRST + timedelta(days=13), [*TOWNS, None])
        assert {
            one.day: [one.opened, one.confirmed, one.eradicated, one.closed] for one in told
        } == done


def test_days_of_other_areas_are_not_told(tmp_path: Path) -> None:
    with county(tmp_path / "w") as workspace:
        now = datetime(2026, 5, 2, 4, tzinfo=UTC)
        opened(workspace, town=0, now=now)
        with workspace.database.reading() as session:
            assert day_counts(session, date(2026, 5, 2), date(2026, 5, 2), [TOWNS[1]]) == [
                DayCounts(date(2026, 5, 2))
            ]
            assert (
                day_counts(session, date(2026, 5, 2), date(2026, 5, 2), [TOWNS[0]])[0].opened == 1
            )


def test_a_day_ends_at_midnight_in_beijing() -> None:
    assert end_of(date(2026, 5, 1)) == datetime(2026, 5, 1, 16, tzinfo=UTC)
    assert end_of(date(2026, 5, 1)).astimezone(CHINA_TIME).hour == 0


counts = st.builds(Tally, *[st.integers(0, 50)] * 5)


@given(st.dictionaries(st.sampled_from([*TOWNS, COUNTY, None, "elsewhere"]), counts))
def test_the_county_is_the_sum_of_its_parts(own) -> None:
    parents = {COUNTY: None, **dict.fromkeys(TOWNS, COUNTY)}
    whole = rolled_up(own, parents)
    inside = [tally for code, tally in own.items() if code in parents]
    assert whole[COUNTY] == sum(inside, Tally())
    assert all(whole[code] == own.get(code, Tally()) for code in TOWNS)


def test_a_circle_of_parents_ends() -> None:
    assert rolled_up({"a": Tally(1)}, {"a": "b", "b": "a"}) == {"a": Tally(1), "b": Tally(1)}


SUM = CoverageSum(
    area_m2=1e6,
    seen_m2=6e5,
    unseen_m2=4e5,
    touched_m2=6e5,
    covered_m2=5e5,
    cleared_m2=2.5e5,
    cells=100,
)


def test_every_figure_says_what_it_is_of_and_how_it_changed() -> None:
    before = Moment(
        FIRST, {"a": replace(SUM, seen_m2=5e5, cleared_m2=2e5)}, {"a": Tally(4, 1, 2, 3, 1)}, 5
    )
    now = Moment(FIRST + timedelta(days=1), {"a": SUM}, {"a": Tally(5, 3, 2, 3, 0)}, 7)
    told = {one.key: one.as_json() for one in figures("a", now, before, SETTINGS, FIRST)}
    assert len(told) + 1 <= 7
    assert (told["unseen"]["value"], told["unseen"]["of"], told["unseen"]["change"]) == (
        4e5,
        1e6,
        -1e5,
    )
    assert told["cleared"]["value"] == 0.25
    assert told["cleared"]["change"] == pytest.approx(0.05)
    assert (told["overdue"]["value"], told["overdue"]["of"], told["overdue"]["change"]) == (3, 5, 2)
    assert (told["sites_late"]["value"], told["sites_late"]["of"]) == (0, 3)
    assert (told["uploads"]["value"], told["uploads"]["before"]) == (7, 5)


def test_what_nobody_knows_is_not_zero() -> None:
    nothing = Moment(FIRST, None, {}, 0)
    told = {one.key: one.as_json() for one in figures("a", nothing, nothing, SETTINGS, None)}
    for key in ("unseen", "cleared"):
        assert (told[key]["value"], told[key]["change"], told[key]["as_of"]) == (None, None, None)
    assert clean_figure("a", None, None).as_json()["value"] is None
    assert ranking(["a"], nothing, ())[0]["cleared_share"] is None


def claim(**posteriors: float) -> Claim:
    def area(code: str) -> AreaClaim:
        p = posteriors[code]
        return AreaClaim(code, 1, 1, 1.0, 0.5, 0.5, p, (p - 0.1, p + 0.1), 0.1, None)

    whole, *parts = posteriors
    return Claim(
        FIRST, 0.95, 4.0, area(whole), tuple(map(area, parts)), 0.5, Text("先", "prior"), {}
    )


def test_clean_is_told_for_the_whole_and_its_parts_alone() -> None:
    made, before = claim(county=0.7, east=0.9), claim(county=0.6, east=0.95)
    assert clean_figure("county", made, before).as_json()["change"] == pytest.approx(0.1)
    assert clean_figure("east", made, before).as_json()["change"] == pytest.approx(-0.05)
    assert clean_figure("a village", made, before).value is None
    assert set(claims_by_area(made)) == {"county", "east"}


def test_the_ranking_starts_with_most_unseen_and_keeps_denominators() -> None:
    now = Moment(FIRST, {"a": SUM, "b": replace(SUM, seen_m2=1e5)}, {"a": Tally(5, 3, 2, 3, 1)}, 0)
    days = [{"a": replace(SUM, cleared_m2=1e5)}, {"a": SUM}]
    rows = ranking(["a", "b", "c"], now, days)
    assert [row["code"] for row in rows] == ["b", "a", "c"]
    assert rows[1]["curve"] == [0.1, 0.25]
    assert rows[1]["coverage"]["area_m2"] == 1e6
    assert rows[2]["curve"] == [None, None]
