"""Visits proved by tracks: against a way looked at moment by moment, and when the next is due."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from geoinspect.cases.distances import shapes_distance_m
from geoinspect.cases.visits import (
    DueState,
    due_on,
    due_state,
    passed_m,
    visits_of,
)
from geoinspect.crs import GEOD
from geoinspect.errors import UsageError

LON, LAT = 104.37, 33.785
START_S = 1_770_000_000.0
HERE = Point(LON, LAT)
YARD = shapely.box(LON - 2e-4, LAT - 2e-4, LON + 2e-4, LAT + 2e-4)
# Open to the north: its middle lies outside it.
HORSESHOE = shapely.union_all(
    [
        shapely.box(LON - 6e-4, LAT - 6e-4, LON - 4e-4, LAT + 6e-4),
        shapely.box(LON + 4e-4, LAT - 6e-4, LON + 6e-4, LAT + 6e-4),
        shapely.box(LON - 6e-4, LAT - 6e-4, LON + 6e-4, LAT - 4e-4),
    ]
)


def at(east_m: float, north_m: float) -> tuple[float, float]:
    distance_m = float(np.hypot(east_m, north_m))
    azimuth_deg = float(np.degrees(np.arctan2(east_m, north_m)))
    lon, lat, _ = GEOD.fwd(LON, LAT, azimuth_deg, distance_m)
    return lon, lat


def track(fixes: list[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrays of fixes given as east_m, north_m, seconds."""
    places = np.array([at(x, y) for x, y, _ in fixes]).reshape(-1, 2)
    return places[:, 0], places[:, 1], START_S + np.array([t for *_, t in fixes], dtype=float)


def test_a_straight_walk_through_has_exact_times() -> None:
    (visit,) = visits_of(*track([(-200, 30, 0), (200, 30, 400)]), HERE, 50, 20, gap_s=500)
    # Half the chord of a circle of 50 m at 30 m from its middle is 40 m.
    assert visit.arrived_s - START_S == pytest.approx(160, abs=0.01)
    assert visit.left_s - START_S == pytest.approx(240, abs=0.01)
    assert visit.dwell_s == pytest.approx(80, abs=0.02)
    assert visit.nearest_m == pytest.approx(30, abs=0.01)
    assert visit.points == 0


def test_a_drone_passing_quickly_is_no_visit() -> None:
    fly = [(-300.0 + 15 * t, 0.0, float(t)) for t in range(41)]
    assert visits_of(*track(fly), HERE, 50, 20) == ()
    (seen,) = visits_of(*track(fly), HERE, 50, 5)
    assert seen.dwell_s == pytest.approx(100 / 15, abs=0.01)
    assert seen.points == 7


def test_standing_still_counts_and_a_gap_does_not() -> None:
    (stay,) = visits_of(*track([(10, 0, 0), (10, 0, 100), (10, 0, 250)]), HERE, 50, 60)
    assert (stay.dwell_s, stay.points) == (250, 3)
    assert stay.nearest_m == pytest.approx(10, abs=1e-4)
    broken = track([(10, 0, 0), (10, 0, 100), (10, 0, 500), (10, 0, 560)])
    assert [v.dwell_s for v in visits_of(*broken, HERE, 50, 60)] == [100, 60]
    # A gap ends a stay even where a leave as long would not.
    assert len(visits_of(*broken, HERE, 50, 60, join_s=1e6)) == 2
    assert [v.dwell_s for v in visits_of(*broken, HERE, 50, 60, gap_s=400)] == [560]


def test_a_short_leave_joins_and_is_not_counted() -> None:
    way = [(0, 0, 0), (0, 0, 100), (100, 0, 110), (0, 0, 120), (0, 0, 200)]
    (one,) = visits_of(*track(way), HERE, 50, 150, join_s=10.5)
    assert one.dwell_s == pytest.approx(190, abs=0.01)
    assert one.left_s - one.arrived_s == 200
    assert one.points == 4
    assert [round(v.dwell_s) for v in visits_of(*track(way), HERE, 50, 60, join_s=9.5)] == [105, 85]


def test_without_times_there_is_no_proof_but_a_distance() -> None:
    lon, lat, _ = track([(-200, 30, 0), (200, 30, 400)])
    assert visits_of(lon, lat, np.full(2, np.nan), HERE, 50, 0) == ()
    assert passed_m(lon, lat, HERE) == pytest.approx(30, abs=0.01)
    assert passed_m(lon, lat, shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1)) == 0
    assert passed_m(np.array([np.nan]), np.array([30.0]), HERE) is None
    assert passed_m(lon[:1], lat[:1], HERE) == pytest.approx(np.hypot(200, 30), abs=0.01)


def test_bad_fixes_are_left_out_and_order_is_by_time() -> None:
    lon, lat, time_s = track([(10, 0, 0), (10, 0, 100), (10, 0, 200)])
    mixed = np.array([2, 0, 1])
    noisy = (
        np.append(lon[mixed], [np.nan, 500.0, LON]),
        np.append(lat[mixed], [LAT, 95.0, LAT]),
        np.append(time_s[mixed], [START_S + 50, START_S + 60, np.nan]),
    )
    assert visits_of(*noisy, HERE, 50, 60) == visits_of(lon, lat, time_s, HERE, 50, 60)
    empty = np.empty(0)
    assert visits_of(empty, empty, empty, HERE, 50, 60) == ()


def test_a_site_at_the_antimeridian_and_one_near_the_pole() -> None:
    lon, lat, time_s = np.array([179.999, -179.999]), np.array([50.0, 50.0]), np.array([0.0, 100.0])
    (visit,) = visits_of(lon, lat, time_s, Point(180, 50), 20, 10)
    assert visit.arrived_s + visit.left_s == pytest.approx(100, abs=0.01)
    assert visits_of(np.array([0.0, 180.0]), np.array([89.9999] * 2), time_s, Point(0, 90), 5, 10)


walks = st.lists(
    st.tuples(
        st.floats(-150, 150), st.floats(-150, 150), st.sampled_from([5.0, 20.0, 60.0, 400.0])
    ),
    min_size=2,
    max_size=7,
).map(
    lambda steps: [(x, y, sum(s[2] for s in steps[: k + 1])) for k, (x, y, _) in enumerate(steps)]
)
sites = st.sampled_from([HERE, YARD, HORSESHOE])


def sampled_s(fixes: tuple[np.ndarray, ...], site, radius_m: float, gap_s: float) -> float:
    """Time within the radius, by looking every tenth of a second."""
    lon, lat, time_s = fixes
    spent_s = 0.0
    for k in range(len(lon) - 1):
        taken_s = time_s[k + 1] - time_s[k]
        if taken_s > gap_s:
            continue
        n = round(taken_s * 10)
        share = (np.arange(n) + 0.5) / n
        x = lon[k] + share * (lon[k + 1] - lon[k])
        y = lat[k] + share * (lat[k + 1] - lat[k])
        sites_ = np.empty(n, dtype=object)
        sites_[:] = [site] * n
        near = shapes_distance_m(np.asarray(shapely.points(x, y)), sites_) <= radius_m
        spent_s += near.sum() * taken_s / n
    return spent_s


@settings(max_examples=60, deadline=None)
@given(fixes=walks, site=sites, radius_m=st.sampled_from([10.0, 35.0, 80.0]))
def test_dwell_is_what_looking_moment_by_moment_gives(fixes, site, radius_m) -> None:
    way = track(fixes)
    got_s = sum(v.dwell_s for v in visits_of(*way, site, radius_m, 0, join_s=0))
    # Every piece may begin or end a stretch between two looks, some times over.
    slack_s = 0.2 * 4 * len(fixes)
    assert sampled_s(way, site, radius_m - 0.05, 300) - slack_s <= got_s
    assert got_s <= sampled_s(way, site, radius_m + 0.05, 300) + slack_s


@settings(max_examples=80, deadline=None)
@given(fixes=walks, site=sites, join_s=st.sampled_from([0.0, 10.0, 120.0]))
def test_laws_of_visits(fixes, site, join_s) -> None:
    way = track(fixes)
    found = visits_of(*way, site, 40, 0, join_s=join_s)
    for visit in found:
        assert START_S <= visit.arrived_s <= visit.left_s <= way[2][-1]
        assert visit.dwell_s <= visit.left_s - visit.arrived_s + 1e-6
        assert 0 <= visit.nearest_m <= 40 + 1e-6
        assert 0 <= visit.points <= len(fixes)
        near = passed_m(way[0], way[1], site)
        assert near is not None
        assert visit.nearest_m >= near - 1e-6
    for one, two in zip(found, found[1:], strict=False):
        gapped = (np.diff(way[2]) > 300).any()
        assert two.arrived_s - one.left_s > join_s - 1e-6 or gapped
    total_s = sum(v.dwell_s for v in found)
    assert total_s == pytest.approx(
        sum(v.dwell_s for v in visits_of(*way, site, 40, 0, join_s=0)), abs=1e-5
    )
    assert sum(v.dwell_s for v in visits_of(*way, site, 60, 0)) >= total_s - 1e-5
    asked = visits_of(*way, site, 40, 30, join_s=join_s)
    assert asked == tuple(v for v in found if v.dwell_s >= 30)
    # Walked backwards, it is the same stay at mirrored times.
    back = visits_of(way[0][::-1], way[1][::-1], (-way[2])[::-1], site, 40, 0, join_s=join_s)
    assert [-v.left_s for v in back[::-1]] == pytest.approx([v.arrived_s for v in found], abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(fixes=walks, cuts=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4))
def test_more_fixes_on_the_same_way_change_nothing(fixes, cuts) -> None:
    way = track(fixes)
    extra = [
        (k + share)
        for k in range(len(fixes) - 1)
        for share in cuts
        if way[2][k + 1] - way[2][k] <= 300
    ]
    number = np.union1d(np.arange(len(fixes)), extra)
    dense = tuple(np.interp(number, np.arange(len(fixes)), values) for values in way)
    few, many = (visits_of(*w, HERE, 50, 1, join_s=5) for w in (way, dense))
    grazing = abs(sum(v.dwell_s for v in few) - sum(v.dwell_s for v in many))
    assert grazing <= 1.0


@pytest.mark.parametrize(
    "limits", [{"radius_m": 0.0}, {"radius_m": np.nan}, {"dwell_s": -1.0}, {"gap_s": np.inf}]
)
def test_limits_that_are_none_are_refused(limits) -> None:
    given_ = {"radius_m": 50.0, "dwell_s": 60.0, "gap_s": 300.0} | limits
    with pytest.raises(UsageError):
        visits_of(*track([(0, 0, 0), (1, 1, 9)]), HERE, **given_)
    with pytest.raises(UsageError):
        visits_of(*track([(0, 0, 0), (1, 1, 9)]), Point(), 50, 60)


APRIL = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("last", "today", "state"),
    [
        (None, date(2026, 3, 31), DueState.NOT_STARTED),
        (None, APRIL, DueState.NEVER),
        (None, date(2026, 9, 1), DueState.NEVER),
        (APRIL, date(2026, 4, 15), DueState.DUE_SOON),
        (APRIL, date(2026, 4, 16), DueState.OVERDUE),
        (APRIL, date(2026, 4, 11), DueState.FINE),
        (APRIL, date(2026, 4, 12), DueState.DUE_SOON),
        (date(2025, 5, 1), APRIL, DueState.DUE_SOON),
        (date(2025, 5, 1), date(2026, 4, 2), DueState.OVERDUE),
    ],
)
def test_states_of_a_site(last, today, state) -> None:
    assert due_state(last, 14, APRIL, today, 3) is state


@given(
    last=st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2030, 1, 1))),
    interval=st.integers(1, 400),
    starts=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    today=st.dates(date(2024, 1, 1), date(2031, 1, 1)),
    soon=st.integers(0, 60),
)
def test_laws_of_due_days(last, interval, starts, today, soon) -> None:
    due, state = due_on(last, interval, starts), due_state(last, interval, starts, today, soon)
    assert due >= starts
    assert due <= max(starts, last or starts) + timedelta(days=interval)
    assert (state is DueState.NOT_STARTED) == (today < starts)
    if state is DueState.OVERDUE:
        assert due < today
    if state in (DueState.FINE, DueState.DUE_SOON):
        assert today <= due
        assert (state is DueState.DUE_SOON) == (due <= today + timedelta(days=soon))
    order = [DueState.FINE, DueState.DUE_SOON, DueState.OVERDUE]
    later = due_state(last, interval, starts, today + timedelta(days=1), soon)
    if state in order:
        assert order.index(later) >= order.index(state)


def test_an_interval_that_is_none_is_refused() -> None:
    for days in (0, -3, 10**7):
        with pytest.raises(UsageError):
            due_on(None, days, APRIL)
    assert due_on(date.max, 5, APRIL) == date.max
