"""Stages of growth by place and day, and looks that no longer hold."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.coverage.growth import (
    STAGES,
    Calendar,
    GrowthTable,
    Observed,
    load_growth,
    make_calendar,
    observed_shift,
)
from geoinspect.errors import UsageError
from geoinspect.search_records import GrowthStage

TABLE = load_growth()
TEXT = (
    Path(__file__).resolve().parents[2] / "geoinspect" / "data" / "growth.toml"
).read_text("utf-8")  # fmt: skip
ORDER = [GrowthStage.NONE, *STAGES, GrowthStage.NONE]


def at(latitude: float, altitude: float = 0.0, shift: float = 0.0) -> Calendar:
    return make_calendar(TABLE, np.array([latitude]), np.array([altitude]), shift)


def stage(calendar: Calendar, day: date) -> GrowthStage:
    return calendar.stages(day)[0]


def begins(calendar: Calendar, year: int, name: GrowthStage) -> date:
    """The first day of a stage in a season, found by walking through the days."""
    day = date(year - 1, 6, 1)
    while calendar.position(day)[0][0] != year or stage(calendar, day) is not name:
        day += timedelta(days=1)
    return day


def fresh(calendar: Calendar, looked: date, as_of: date) -> bool:
    return bool(calendar.fresh([looked], as_of)[0, 0])


days = st.dates(date(2024, 1, 1), date(2029, 12, 31))
# Where all stages of a harvest begin in its year or the autumn before.
places = st.tuples(st.floats(18, 53), st.floats(-100, 3000))


def test_bloom_comes_when_it_is_reported() -> None:
    # At sea level in Guizhou in March, in Shandong in mid-May; days 82 and 132 of the year.
    assert begins(at(26.4), 2026, GrowthStage.FLOWER) == date(2026, 3, 23)
    assert begins(at(36.4), 2026, GrowthStage.FLOWER) == date(2026, 5, 12)
    # Gansu's south at 2,500 m: July to August.
    assert begins(at(34.0, 2500), 2026, GrowthStage.FLOWER).month == 7


@settings(max_examples=100, deadline=None)
@given(places)
def test_stages_follow_each_other_once_a_season(place: tuple[float, float]) -> None:
    calendar = at(*place)
    seasons: dict[int, list[int]] = {}
    for n in range(3 * 365):
        (season,), (position,) = calendar.position(date(2025, 1, 1) + timedelta(days=n))
        seasons.setdefault(int(season), []).append(int(position))
    for positions in seasons.values():
        assert positions == sorted(positions)
    assert set(seasons[2026]) >= {1, 2, 3, 4, 5, 6}
    assert sorted(seasons) == list(range(min(seasons), max(seasons) + 1))


@settings(max_examples=60, deadline=None)
@given(places, st.floats(0, 10), st.floats(0, 800), st.floats(0, 20))
def test_further_north_higher_or_observed_later_is_later(
    place: tuple[float, float], north: float, up: float, late: float
) -> None:
    here = at(*place).begins
    there = at(place[0] + north, place[1] + up, late).begins
    assert (there >= here).all()
    # The rounding to whole days apart, by what the table says.
    by = 5.0 * north + 3.28 * up / 100 + late
    np.testing.assert_allclose(there - here, by, atol=1.0)


@settings(max_examples=100, deadline=None)
@given(places, days, days)
def test_a_look_of_another_day_or_season(
    place: tuple[float, float], looked: date, as_of: date
) -> None:
    calendar = at(*place)
    assert fresh(calendar, as_of, as_of)
    if looked > as_of:
        assert not fresh(calendar, looked, as_of)
    (one,), _ = calendar.position(looked)
    (other,), _ = calendar.position(as_of)
    if one != other:
        assert not fresh(calendar, looked, as_of)


@settings(max_examples=100, deadline=None)
@given(places, days, st.integers(0, 200), st.integers(0, 200))
def test_a_look_that_no_longer_holds_never_holds_again(
    place: tuple[float, float], looked: date, some: int, more: int
) -> None:
    calendar = at(*place)
    if not fresh(calendar, looked, looked + timedelta(days=some)):
        assert not fresh(calendar, looked, looked + timedelta(days=some + more))


@settings(max_examples=60, deadline=None)
@given(places)
def test_what_was_seen_before_it_came_up_says_nothing_at_flowering(
    place: tuple[float, float],
) -> None:
    calendar = at(*place)
    flower = begins(calendar, 2027, GrowthStage.FLOWER)
    up = begins(calendar, 2027, GrowthStage.SEEDLING)
    for early in (1, 5, 30):
        assert not fresh(calendar, up - timedelta(days=early), flower)
        assert not fresh(calendar, up - timedelta(days=early), up)
    # A look at buds still holds at flowering and to the end.
    bud = begins(calendar, 2027, GrowthStage.BUD)
    assert fresh(calendar, bud, flower)
    assert fresh(calendar, bud, flower + timedelta(days=40))


def test_a_look_at_seedlings_ends_after_its_days_and_at_flowering() -> None:
    calendar = at(34.0)
    up = begins(calendar, 2026, GrowthStage.SEEDLING)
    assert fresh(calendar, up, up + timedelta(days=45))
    assert not fresh(calendar, up, up + timedelta(days=46))
    late = begins(calendar, 2026, GrowthStage.ROSETTE) - timedelta(days=1)
    flower = begins(calendar, 2026, GrowthStage.FLOWER)
    assert (flower - late).days > 45
    rosette = late + timedelta(days=1)
    assert fresh(calendar, rosette, rosette + timedelta(days=75))
    assert not fresh(calendar, rosette, rosette + timedelta(days=76))


def test_no_limit_of_days_where_none_is_given() -> None:
    text = TEXT.replace("max_days = 45\n", "").replace(
        'holds_through = "bud"', 'holds_through = "gone"'
    )
    assert text != TEXT
    import tomllib

    table = GrowthTable.model_validate(tomllib.loads(text))
    calendar = make_calendar(table, np.array([34.0]), np.array([0.0]))
    up = begins(calendar, 2026, GrowthStage.SEEDLING)
    assert fresh(calendar, up, up + timedelta(days=120))


def test_what_is_sown_in_autumn_belongs_to_the_next_harvest() -> None:
    # Yunnan's south: seedlings stand in November.
    calendar = at(22.0)
    up = begins(calendar, 2027, GrowthStage.SEEDLING)
    assert up < date(2027, 1, 1)
    (season,), (position,) = calendar.position(date(2026, 12, 31))
    assert (int(season), int(position)) == (2027, 1)
    (season,), (position,) = calendar.position(date(2027, 1, 1))
    assert int(season) == 2027
    assert int(position) >= 1
    # New Year's Eve parts nothing.
    assert fresh(calendar, date(2026, 12, 31), date(2027, 1, 2))
    assert not fresh(calendar, date(2026, 11, 1), date(2027, 2, 1))


@pytest.mark.parametrize("year", [2024, 2026, 2028])
def test_the_last_day_of_any_year_is_one_day_before_the_first(year: int) -> None:
    for latitude in (21.0, 25.0, 34.0, 48.0):
        calendar = at(latitude)
        (before,), (old,) = calendar.position(date(year, 12, 31))
        (after,), (new,) = calendar.position(date(year + 1, 1, 1))
        assert (int(after), int(new)) >= (int(before), int(old))
        assert int(after) == year + 1


def test_observed_dates_move_the_calendar() -> None:
    seen = Observed(area="a", stage=GrowthStage.FLOWER, day=date(2026, 5, 20))
    shift = observed_shift(TABLE, seen, 36.5, 0.0)
    assert shift == pytest.approx(140 - 132.5)
    assert begins(at(36.5, 0.0, shift), 2026, GrowthStage.FLOWER) == date(2026, 5, 20)
    # Seedlings seen in late November for a date of the table in early January: early, not late.
    autumn = Observed(area="a", stage=GrowthStage.SEEDLING, day=date(2026, 11, 25))
    early = observed_shift(TABLE, autumn, 26.0, 0.0)
    assert early == pytest.approx(329 - 5 - 365)
    assert begins(at(26.0, 0.0, early), 2027, GrowthStage.SEEDLING) == date(2026, 11, 25)


def test_cells_with_equal_dates_are_one_kind() -> None:
    latitude = np.array([34.0, 34.0001, 36.0, 34.0])
    calendar = make_calendar(TABLE, latitude, np.array([np.nan, 0.0, 0.0, 3000.0]))
    assert calendar.kinds == 3
    assert calendar.kind_of_cell[0] == calendar.kind_of_cell[1]
    assert len(set(calendar.kind_of_cell.tolist())) == 3
    counts = calendar.fresh([date(2026, 5, 1)], date(2026, 7, 20))
    assert counts.shape == (1, 3)
    low, high = (int(calendar.kind_of_cell[k]) for k in (0, 3))
    assert counts[0, low]
    assert not counts[0, high]


def test_a_stage_never_begins_before_the_one_before_it() -> None:
    import tomllib

    steep = TEXT.replace("day = 75\nper_degree = 5.0", "day = 75\nper_degree = -3.0")
    assert steep != TEXT
    table = GrowthTable.model_validate(tomllib.loads(steep))
    calendar = make_calendar(table, np.linspace(18, 53, 40), np.zeros(40))
    assert (np.diff(calendar.begins, axis=1) >= 0).all()


BROKEN = {
    "no TOML": "[[stage]\n",
    "a stage missing": TEXT.replace('stage = "bud"\nday', 'stage = "seedling"\nday'),
    "an unknown stage": TEXT.replace('stage = "bud"\nday', 'stage = "budding"\nday'),
    "a slope of nonsense": TEXT.replace("per_degree = 5.0", "per_degree = 500", 1),
    "no number": TEXT.replace("day = 75", "day = nan"),
    "a day of no year": TEXT.replace("day = 125", "day = 1250"),
    "an unknown name": TEXT + "\nspeed = 3\n",
    "no days": TEXT.replace("max_days = 45", "max_days = 0"),
    "holds through nothing": TEXT.replace('holds_through = "bud"', 'holds_through = "none"'),
    "no such day": TEXT + '\n[[observed]]\narea = "1"\nstage = "flower"\nday = 2026-02-30\n',
    "none observed": TEXT + '\n[[observed]]\narea = "1"\nstage = "none"\nday = 2026-02-20\n',
    "empty": "",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_table_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    assert text != TEXT
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as refusal:
        load_growth(path)
    assert refusal.value.code == "bad_growth_table"
    assert "mine.toml" in str(refusal.value)


def test_bytes_that_are_no_text_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    for wrong in (path, tmp_path / "none.toml"):
        with pytest.raises(UsageError):
            load_growth(wrong)
