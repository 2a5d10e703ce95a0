"""Laws of what is kept of patrols: hours, raw points, route cells and swaths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.patrols.choices import Counts, TrackChoices
from geoinspect.patrols.hours import Shift, hours_by_person, person_hours
from geoinspect.patrols.swaths import swaths_of
from geoinspect.patrols.trace import cells_bytes, cells_of, trace_bytes, trace_segments
from geoinspect.records import Datum, Extra, Mode, Rule, Segment
from geoinspect.settings import Settings

SETTINGS = Settings(drone_fov_deg=70.0)
DAWN = datetime(2026, 5, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)

minutes = st.integers(0, 600)
shift = st.builds(
    lambda start, lasting, people, again: Shift(
        DAWN + timedelta(minutes=start),
        DAWN + timedelta(minutes=start + lasting),
        tuple(sorted(people)),
        again,
    ),
    minutes,
    minutes,
    st.sets(st.sampled_from("ABC"), max_size=2),
    st.booleans(),
)
shifts = st.lists(shift, max_size=6)


def by_the_minute(found: list[Shift], person: str) -> float:
    """Hours of a person, counted minute by minute."""
    spent = {
        minute
        for one in found
        if person in one.people
        for minute in range(int((one.start - DAWN) / HOUR * 60), int((one.end - DAWN) / HOUR * 60))
    }
    return len(spent) / 60


@given(shifts)
def test_nobodys_minute_counts_twice(found: list[Shift]) -> None:
    hours = hours_by_person(found)
    assert set(hours) == {person for one in found for person in one.people}
    for person, spent_h in hours.items():
        assert spent_h == pytest.approx(by_the_minute(found, person), abs=0.02)


@given(shifts, st.randoms())
def test_the_order_of_shifts_does_not_matter(found: list[Shift], random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)
    assert hours_by_person(mixed) == pytest.approx(hours_by_person(found))
    assert person_hours(mixed) == pytest.approx(person_hours(found))


@given(shifts, shift)
def test_another_shift_takes_no_hours_away(found: list[Shift], more: Shift) -> None:
    assert person_hours([*found, more]) >= person_hours(found) - 1e-9


@given(shifts)
def test_what_was_sent_again_without_a_name_adds_nothing(found: list[Shift]) -> None:
    again = [Shift(one.start, one.end, (), sent_again=True) for one in found]
    assert person_hours([*found, *again]) == pytest.approx(person_hours(found))


@given(shifts, st.integers(1, 9))
def test_a_headcount_is_at_least_so_many_times_the_outing(
    found: list[Shift], headcount: int
) -> None:
    whole = [Shift(one.start, one.end, ("X",)) for one in found]
    together_h = hours_by_person(whole).get("X", 0.0)
    told_h = person_hours(found, headcount)
    assert told_h == pytest.approx(max(person_hours(found), headcount * together_h))


finite = st.floats(-179.9, 179.9)
point = st.tuples(
    finite,
    st.floats(-89.9, 89.9),
    st.one_of(st.just(np.nan), st.floats(0, 4e9)),
    st.one_of(st.just(np.nan), st.floats(-100, 5000, width=32)),
)


@given(st.lists(st.lists(point, min_size=1, max_size=8), min_size=1, max_size=4), st.booleans())
def test_a_trace_gives_back_what_it_was_given(rows: list[list[tuple]], high: bool) -> None:
    segments = []
    for place, some in enumerate(rows):
        lon, lat, time_s, height = np.array(some).T
        # Only every other segment says how high it was.
        extras = {Extra.HEIGHT: height} if high and place % 2 == 0 else {}
        segments.append(Segment(lon, lat, time_s, extras))
    found = trace_segments(trace_bytes(segments))
    assert [len(segment) for segment in found] == [len(segment) for segment in segments]
    for segment, given_ in zip(found, segments, strict=True):
        assert np.abs(segment.lon - given_.lon).max() <= 5.1e-9
        assert np.abs(segment.lat - given_.lat).max() <= 5.1e-9
        np.testing.assert_allclose(segment.time_s, given_.time_s, atol=5.1e-4, equal_nan=True)
        if Extra.HEIGHT in given_.extras:
            np.testing.assert_array_equal(segment.extras[Extra.HEIGHT], given_.extras[Extra.HEIGHT])
    again = trace_segments(trace_bytes(found))
    for one, two in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.lon, two.lon)
        np.testing.assert_array_equal(one.time_s, two.time_s)


def test_a_trace_is_small() -> None:
    random = np.random.default_rng(1)
    steps = random.normal(0, 1e-5, (2, 5000))
    track = Segment(*np.round(np.cumsum(steps, axis=1), 7), 1.8e9 + np.arange(5000.0))
    assert len(trace_bytes([track])) < 10 * 5000


@given(st.sets(st.integers(-(2**60), 2**60)))
def test_cells_come_back(cells: set[int]) -> None:
    given_ = np.array(sorted(cells), np.int64)
    np.testing.assert_array_equal(cells_of(cells_bytes(given_)), given_)
    assert len(cells_of(None)) == 0


@given(
    st.one_of(st.none(), st.sampled_from(Mode)),
    st.one_of(st.none(), st.sampled_from(Datum)),
    st.sets(st.sampled_from(Rule)),
    st.sampled_from(Counts),
    st.one_of(st.none(), st.just("EPSG:4545")),
)
def test_choices_come_back(
    mode: Mode | None, datum: Datum | None, off: set[Rule], counts: Counts, crs: str | None
) -> None:
    choices = TrackChoices(mode, datum, frozenset(off), counts, "UTC", crs)
    assert TrackChoices.from_json(choices.as_json()) == choices
    assert TrackChoices.from_json({}) == TrackChoices()


heights = st.lists(st.one_of(st.just(np.nan), st.floats(-20, 600)), min_size=2, max_size=30)


@given(heights, st.sampled_from([-90.0, -45.0, 0.0, np.nan]))
def test_swaths_lie_on_the_flight_and_are_as_wide_as_the_camera_sees(
    high: list[float], pitch: float
) -> None:
    count = len(high)
    flight = Segment(
        np.arange(count) * 1e-4,
        np.zeros(count),
        np.arange(count, dtype=float),
        {Extra.HEIGHT: np.array(high), Extra.PITCH: np.full(count, pitch)},
    )
    down = np.sin(np.radians(90.0 if np.isnan(pitch) else -pitch))
    total = 0
    for width_m, pieces in swaths_of([flight], Mode.DRONE, SETTINGS):
        for piece in pieces:
            total += len(piece)
            first = int(piece.time_s[0])
            np.testing.assert_array_equal(piece.lon, flight.lon[first : first + len(piece)])
            # The last point may be the next piece's first.
            for height_m in piece.extras[Extra.HEIGHT][: max(1, len(piece) - 1)]:
                truth_m = SETTINGS.sweep_width_drone_m
                if np.isfinite(height_m):
                    assert 0 < height_m <= 500 * down
                    truth_m = 2 * height_m / down * np.tan(np.radians(35))
                assert width_m == pytest.approx(truth_m, rel=0.026)
    sees = np.isnan(high) | (np.array(high) > 1.0)
    if down > 0 and np.nanmax([*high, 0.0]) <= 500 * down:
        assert total >= sees.sum()


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.DRONE])
def test_only_a_drones_height_matters(mode: Mode) -> None:
    walk = Segment(np.arange(3.0), np.zeros(3), np.arange(3.0), {Extra.HEIGHT: np.full(3, 90.0)})
    assert swaths_of([walk], mode, SETTINGS) == [(SETTINGS.sweep_width_m(mode), [walk])]


def test_no_flight_at_all_sees_nothing() -> None:
    assert swaths_of([], Mode.DRONE, SETTINGS) == [(SETTINGS.sweep_width_drone_m, [])]
