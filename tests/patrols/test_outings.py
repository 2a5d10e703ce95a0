"""Laws of outings: no point is lost or doubled, and a day's work is one outing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.patrols.outings import split_outings
from geoinspect.records import CHINA_TIME, Extra, Segment

GAP_S = 7200.0
DAY_S = 86_400.0


def at(hour: float, day: int = 14) -> float:
    """Epoch seconds of an hour in China, May 2026; hours past 24 are the next day."""
    return (datetime(2026, 5, day, tzinfo=CHINA_TIME) + timedelta(hours=hour)).timestamp()


def walk(start: float, end: float, *, day: int = 14, every_s: float = 300.0) -> Segment:
    """A walk from hour to hour."""
    time_s = np.arange(at(start, day), at(end, day) + 1, every_s)
    return Segment(112 + np.arange(len(time_s)) * 1e-4, np.full(len(time_s), 23.0), time_s)


def joined(*parts: Segment) -> Segment:
    lon, lat, time_s = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("lon", "lat", "time_s")
    )
    return Segment(lon, lat, time_s)


def split(*segments: Segment, gap_s: float = GAP_S):
    return split_outings(segments, gap_s=gap_s)


def hours(outing) -> tuple[date | None, float, float]:
    midnight_s = at(0)
    return outing.day, (outing.start_s - midnight_s) / 3600, (outing.end_s - midnight_s) / 3600


MAY14, MAY15, MAY16 = (date(2026, 5, n) for n in (14, 15, 16))


def test_one_walk_is_one_outing_and_stays_as_it_was() -> None:
    one = walk(8, 11)
    (outing,) = split(one)
    assert hours(outing) == (MAY14, 8, 11)
    (segment,) = outing.segments
    assert np.array_equal(segment.lon, one.lon)
    assert np.array_equal(segment.time_s, one.time_s)


@pytest.mark.parametrize(("rest_h", "count"), [(1.9, 1), (2.1, 2)])
@pytest.mark.parametrize("broken", [True, False])
def test_a_pause_ends_an_outing(rest_h: float, count: int, broken: bool) -> None:
    morning, later = walk(8, 10), walk(10 + rest_h, 13)
    found = split(morning, later) if broken else split(joined(morning, later))
    assert len(found) == count
    assert {outing.day for outing in found} == {MAY14}


def test_a_file_of_three_days_is_three_outings() -> None:
    found = split(joined(walk(8, 11), walk(9, 12, day=15), walk(7, 9, day=16)))
    assert [outing.day for outing in found] == [MAY14, MAY15, MAY16]
    assert [len(outing.segments[0]) for outing in found] == [37, 37, 25]


@pytest.mark.parametrize("ends", [24.5, 28.0, 30.0])
def test_a_night_patrol_belongs_to_the_evening_it_began(ends: float) -> None:
    (outing,) = split(walk(22, ends))
    assert hours(outing) == (MAY14, 22, ends)


def test_what_is_still_under_way_after_six_is_cut_at_midnight() -> None:
    first, second = split(walk(22, 31))
    assert first.day == MAY14
    assert first.end_s < at(24) <= second.start_s
    assert hours(second) == (MAY15, 24, 31)


def test_a_march_of_days_is_cut_at_every_midnight_but_the_last_short_one() -> None:
    found = split(walk(20, 53))
    assert [hours(outing) for outing in found] == [
        (MAY14, 20, pytest.approx(24, abs=0.1)),
        (MAY15, 24, 53),
    ]


def test_a_day_begins_at_midnight_in_china() -> None:
    (outing,) = split(walk(0.5, 3))
    assert outing.day == MAY14
    assert datetime.fromtimestamp(outing.start_s, UTC).date() == date(2026, 5, 13)


@pytest.mark.parametrize("wrong", [[0], [0, 1], [20], [20, 21], [36], [0, 20, 36]])
def test_a_wrong_clock_makes_no_outing(wrong: list[int]) -> None:
    one = walk(8, 11)
    one.time_s[wrong] = 315_964_800.0
    (outing,) = split(one)
    assert outing.day == MAY14
    assert len(outing.segments[0]) == len(one)
    assert at(8) <= outing.start_s <= at(8.4)


def test_points_without_time_go_with_those_beside_them() -> None:
    one = joined(walk(8, 9), walk(14, 15))
    one.time_s[[0, 5, 12, 25]] = np.nan
    morning, afternoon = split(one)
    assert [len(morning.segments[0]), len(afternoon.segments[0])] == [13, 13]


def test_the_order_of_the_file_does_not_matter_to_days() -> None:
    found = split(walk(8, 9, day=16), walk(8, 9, day=14), walk(8, 9, day=15))
    assert [outing.day for outing in found] == [MAY14, MAY15, MAY16]


def test_recordings_at_the_same_time_are_one_outing_in_file_order() -> None:
    phone, watch = walk(8, 12), walk(7.5, 12)
    (outing,) = split(phone, watch)
    assert [len(segment) for segment in outing.segments] == [len(phone), len(watch)]


def test_segments_without_times_are_one_outing_without_a_day() -> None:
    plain = Segment(np.array([112.0, 112.1]), np.array([23.0, 23.1]), np.full(2, np.nan))
    timed, later, untimed = split(plain, walk(8, 9), walk(8, 9, day=15), plain)
    assert (timed.day, later.day) == (MAY14, MAY15)
    assert untimed.day is None
    assert np.isnan(untimed.start_s)
    assert len(untimed.segments) == 2


def test_segments_without_times_go_with_the_only_outing() -> None:
    plain = Segment(np.array([112.0, 112.1]), np.array([23.0, 23.1]), np.full(2, np.nan))
    (outing,) = split(plain, walk(8, 9), plain)
    assert outing.day == MAY14
    assert [len(segment) for segment in outing.segments] == [2, len(walk(8, 9)), 2]


def test_nothing_gives_nothing() -> None:
    assert split() == []
    assert split(Segment(np.empty(0), np.empty(0), np.empty(0))) == []


def test_what_devices_said_stays_with_its_points() -> None:
    one = joined(walk(8, 9), walk(14, 15))
    said = Segment(one.lon, one.lat, one.time_s, {Extra.ELEVATION: np.arange(26.0)})
    _, afternoon = split(said)
    assert afternoon.segments[0].extras[Extra.ELEVATION].tolist() == list(range(13, 26))


@pytest.mark.parametrize("shuffled", [True, False])
def test_times_that_are_noise_are_no_times(shuffled: bool) -> None:
    time_s = at(8) + np.cumsum(np.tile([1.0, 1.0, 1.0, 90_000.0], 75_000))
    if shuffled:
        time_s = np.random.default_rng(1).permutation(time_s)
    place = np.zeros(len(time_s))
    (outing,) = split(Segment(place, place, time_s))
    assert outing.day is None
    assert len(outing.segments[0]) == len(time_s)


times = st.one_of(
    st.floats(at(0), at(60)),
    st.floats(at(0), at(0) + 600),
    st.just(np.nan),
    st.sampled_from([0.0, -1e9, 4e9]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(times, max_size=12), max_size=5),
    st.booleans(),
    st.sampled_from([60.0, GAP_S, 1e9]),
)
def test_no_point_is_lost_or_doubled_and_order_is_kept(drawn, sort: bool, gap_s: float) -> None:
    segments, number = [], 0
    for one in drawn:
        time_s = np.array(sorted(one) if sort else one, dtype=np.float64)
        segments.append(
            Segment(np.arange(number, number + len(one)) * 1.0, np.zeros(len(one)), time_s)
        )
        number += len(one)
    found = split_outings(segments, gap_s=gap_s)
    numbers = [np.concatenate([s.lon for s in outing.segments]).tolist() for outing in found]
    assert sorted(n for some in numbers for n in some) == list(range(number))
    assert all(some == sorted(some) for some in numbers)
    assert all(len(segment) for outing in found for segment in outing.segments)
    timed = [outing for outing in found if outing.day is not None]
    assert [o.start_s for o in timed] == sorted(o.start_s for o in timed)
    assert all(o.start_s <= o.end_s for o in timed)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 23), st.floats(0.1, 40), st.integers(-400, 400))
def test_moving_a_walk_by_whole_days_moves_its_days(start: float, lasts: float, days: int) -> None:
    one = walk(start, start + lasts)
    moved = Segment(one.lon, one.lat, one.time_s + days * DAY_S)
    was, now = split(one), split(moved)
    assert [o.day + timedelta(days=days) for o in was] == [o.day for o in now]
    assert [[len(s) for s in o.segments] for o in was] == [
        [len(s) for s in o.segments] for o in now
    ]
