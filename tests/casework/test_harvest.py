"""How long until a plot can be harvested: what was seen wins over the calendar."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.casework.harvest import Growing, harvest_of

DAYS = tuple(date(2026, 1, 1) + timedelta(days=n) for n in (0, 30, 60, 75, 90, 120))
CALENDAR = Growing(
    DAYS, tuple(d - timedelta(days=5) for d in DAYS), tuple(d + timedelta(days=5) for d in DAYS)
)


def seen(stage: str, day: date) -> dict:
    return {"verified": {"outcome": "confirmed", "stage": stage, "day": day.isoformat()}}


def test_the_calendar_tells_the_harvest_where_no_stage_was_seen() -> None:
    found = harvest_of({"verified": {"outcome": "confirmed", "day": "2026-02-01"}}, CALENDAR)
    assert found is not None
    told = found.as_json(date(2026, 3, 1))
    assert told["from"] == "calendar"
    assert told["earliest"] == (DAYS[4] - timedelta(days=5)).isoformat()
    assert told["days_left"] == (DAYS[4] - timedelta(days=5) - date(2026, 3, 1)).days
    assert not told["begun"]
    assert found.as_json(DAYS[5] + timedelta(days=5))["over"]
    assert harvest_of({}, None) is None


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["seedling", "rosette", "bud", "flower"]), st.integers(0, 200))
def test_a_stage_that_was_seen_wins_and_bounds_the_day(stage: str, ahead: int) -> None:
    day = date(2026, 1, 1) + timedelta(days=ahead)
    found = harvest_of(seen(stage, day), CALENDAR)
    assert found is not None
    assert found.known_from == "seen"
    at_ = ["seedling", "rosette", "bud", "flower"].index(stage)
    stays = (DAYS[at_ + 1] - DAYS[at_]).days
    assert day <= found.earliest <= found.latest
    assert (found.latest - found.earliest).days == stays
    assert (found.earliest - day).days == (DAYS[4] - DAYS[at_ + 1]).days


def test_capsules_that_were_seen_can_be_harvested_at_once() -> None:
    found = harvest_of(seen("capsule", date(2026, 5, 1)), None)
    assert found is not None
    told = found.as_json(date(2026, 5, 3))
    assert (told["days_left"], told["begun"], told["over"]) == (0, True, False)
