"""What is told of a piece of evidence: each rule alone, and laws over all of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from geoinspect.cases.evidence import EvidenceLimits, StepTimes, check_evidence, distance_m
from geoinspect.crs import GEOD
from geoinspect.errors import UsageError

LON, LAT = 104.37, 33.785
HERE = Point(LON, LAT)
FIELD = shapely.box(LON - 1e-3, LAT - 1e-3, LON + 1e-3, LAT + 1e-3)
NOON = datetime(2026, 5, 14, 4, 0, tzinfo=UTC)
LIMITS = EvidenceLimits(far_m=100.0, clock_s=120.0)
HOUR = timedelta(hours=1)


def away(metres: float, azimuth_deg: float = 70.0) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(LON, LAT, azimuth_deg, metres)
    return lon, lat


def told(
    place=(LON, LAT),
    taken=NOON,
    ground=HERE,
    steps=None,
    received=NOON + HOUR,
    accuracy_m=None,
    **more,
) -> list[str]:
    steps = steps or StepTimes()
    found = check_evidence(place, taken, ground, steps, received, accuracy_m, LIMITS, **more)
    for problem in found:
        assert problem.text.zh
        assert problem.text.en
    return [problem.code for problem in found]


def test_sound_evidence_is_told_nothing_of() -> None:
    steps = StepTimes(NOON - 3 * HOUR, NOON - HOUR, NOON + HOUR)
    assert told(steps=steps, accuracy_m=8.0) == []


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "codes"),
    [
        (99.9, None, []),
        (100.1, None, ["evidence_far"]),
        (100.1, 0.0, ["evidence_far"]),
        (100.1, -5.0, ["evidence_far"]),
        (105.0, 10.0, ["evidence_place_rough"]),
        (95.0, 10.0, ["evidence_place_rough"]),
        (85.0, 10.0, []),
        (115.0, 10.0, ["evidence_far"]),
        (0.0, 500.0, ["evidence_place_rough"]),
        (900_000.0, 10.0, ["evidence_far"]),
    ],
)
def test_the_place(metres, accuracy_m, codes) -> None:
    assert told(place=away(metres), accuracy_m=accuracy_m) == codes


def test_what_is_missing_is_told() -> None:
    assert told(place=None) == ["evidence_no_place"]
    assert told(taken=None) == ["evidence_no_time"]
    assert told(ground=None) == ["evidence_no_ground"]
    assert told(place=None, taken=None, ground=None) == ["evidence_no_place", "evidence_no_time"]


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        (StepTimes(opened=NOON + HOUR), ["evidence_before_case"]),
        (StepTimes(opened=NOON + HOUR, shows_suspicion=True), []),
        (StepTimes(opened=NOON + timedelta(seconds=120)), []),
        (StepTimes(opened=NOON + timedelta(seconds=121)), ["evidence_before_case"]),
        (StepTimes(opened=NOON - HOUR, previous=NOON + HOUR), ["evidence_before_step"]),
        # Older than the case is said once, not as a step in the wrong order too.
        (StepTimes(opened=NOON + HOUR, previous=NOON + 2 * HOUR), ["evidence_before_case"]),
        (StepTimes(next=NOON - HOUR), ["evidence_after_step"]),
        (StepTimes(next=NOON - timedelta(seconds=120)), []),
        (
            StepTimes(previous=NOON + HOUR, next=NOON - HOUR),
            ["evidence_before_step", "evidence_after_step"],
        ),
    ],
)
def test_the_order_of_times(steps, codes) -> None:
    assert told(steps=steps) == codes


def test_a_clock_ahead_and_the_same_bytes_elsewhere() -> None:
    assert told(received=NOON - HOUR) == ["evidence_clock_ahead"]
    assert told(received=NOON - timedelta(seconds=119)) == []
    assert told(also_in="A-17") == ["evidence_twice"]
    (problem,) = check_evidence(away(250), NOON, HERE, StepTimes(), NOON, None, LIMITS)
    assert "250" in problem.text.zh
    assert "250" in problem.text.en


def test_times_are_told_in_the_zone_of_china() -> None:
    (problem,) = check_evidence((LON, LAT), NOON, HERE, StepTimes(), NOON - HOUR, None, LIMITS)
    assert "2026-05-14 12:00:00" in problem.text.zh


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        told(taken=datetime(2026, 5, 14))  # noqa: DTZ001
    with pytest.raises(UsageError):
        told(place=(math.nan, LAT))
    with pytest.raises(UsageError):
        told(ground=Polygon())


moments = st.one_of(
    st.none(), st.integers(-10_000, 10_000).map(lambda s: NOON + timedelta(seconds=s))
)


@settings(deadline=None)
@given(
    metres=st.floats(0, 400),
    azimuth_deg=st.floats(0, 360),
    taken=moments,
    opened=moments,
    previous=moments,
    following=moments,
    received=st.integers(-10_000, 10_000).map(lambda s: NOON + timedelta(seconds=s)),
    accuracy_m=st.one_of(st.none(), st.floats(0, 200)),
    suspicion=st.booleans(),
)
def test_laws(
    metres, azimuth_deg, taken, opened, previous, following, received, accuracy_m, suspicion
):
    steps = StepTimes(opened, previous, following, suspicion)
    codes = told(away(metres, azimuth_deg), taken, HERE, steps, received, accuracy_m)
    assert len(set(codes)) == len(codes)
    slack = timedelta(seconds=LIMITS.clock_s)
    if metres > 100.001 + (accuracy_m or 0):
        assert "evidence_far" in codes
    if metres < 99.999 - (accuracy_m or 0):
        assert not {"evidence_far", "evidence_place_rough"} & set(codes)
    assert ("evidence_no_time" in codes) == (taken is None)
    if taken is None:
        assert all("before" not in code and "after" not in code for code in codes)
        return
    assert ("evidence_clock_ahead" in codes) == (taken > received + slack)
    assert ("evidence_after_step" in codes) == (following is not None and taken > following + slack)
    late = opened is not None and taken < opened - slack
    assert ("evidence_before_case" in codes) == (late and not suspicion)
    # The time is not blamed on the zone it is written in.
    china = taken.astimezone(datetime.now().astimezone().tzinfo)
    assert told(away(metres, azimuth_deg), china, HERE, steps, received, accuracy_m) == codes


@settings(deadline=None, max_examples=60)
@given(metres=st.floats(0, 20_000), azimuth_deg=st.floats(0, 360))
def test_distances_are_geodesic_and_nothing_inside(metres, azimuth_deg) -> None:
    place = away(metres, azimuth_deg)
    assert distance_m(place, HERE) == pytest.approx(metres, abs=1e-6)
    corners = shapely.get_coordinates(shapely.segmentize(FIELD.exterior, 2e-6))
    n = len(corners)
    nearest_m = GEOD.inv([place[0]] * n, [place[1]] * n, corners[:, 0], corners[:, 1])[2].min()
    expected_m = 0.0 if FIELD.covers(Point(*place)) else nearest_m
    assert distance_m(place, FIELD) == pytest.approx(expected_m, abs=0.3)
