"""Each rule of cleaning on its own dirt, and switching rules off and on again."""

from __future__ import annotations

import numpy as np
import pytest
from walk_shapes import START_S, count, on_foot, part, spoilt, walk

from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import length_m
from geoinspect.records import Extra, Mode, Rule, Segment
from geoinspect.settings import Settings

SETTINGS = Settings()


def still(seconds: int, *, every_s: float = 5.0, noise_m: float = 4.0, seed: int = 1) -> Segment:
    """Fixes of a receiver that lies still."""
    count = int(seconds / every_s)
    east, north = np.random.default_rng(seed).normal(0, noise_m, (2, count)) / 111_000
    return Segment(112.5 + east, 23.1 + north, START_S + np.arange(count) * every_s)


def joined(*segments: Segment) -> Segment:
    """One segment after the other, each beginning where the last ended, in place and time."""
    lon, lat, time_s = segments[0].lon, segments[0].lat, segments[0].time_s
    for more in segments[1:]:
        lon = np.append(lon, more.lon - more.lon[0] + lon[-1])
        lat = np.append(lat, more.lat - more.lat[0] + lat[-1])
        time_s = np.append(time_s, more.time_s - more.time_s[0] + time_s[-1] + 5)
    return Segment(lon, lat, time_s)


def test_standing_still_is_a_stop_and_its_noise_no_way():
    track = joined(walk(100), still(1800), walk(100, seed=2))
    cleaned = on_foot(track)
    (stop,) = cleaned.stops
    assert abs(stop.end_s - stop.start_s - 1800) < 120
    assert cleaned.flagged.keys() == {"jitter"}
    walked_m = length_m([walk(100)]) + length_m([walk(100, seed=2)])
    assert length_m([track]) > 2 * walked_m
    assert length_m(cleaned.segments) == pytest.approx(walked_m, rel=0.2)
    assert len(cleaned.segments) == 1


@pytest.mark.parametrize("radius_m", [6, 9, 14])
def test_walking_round_a_yard_is_no_stop(radius_m):
    angle = np.arange(0, 600, 3) * 0.9 / radius_m
    lon = 112.5 + radius_m * np.cos(angle) / 102_000
    lat = 23.1 + radius_m * np.sin(angle) / 111_000
    cleaned = on_foot(Segment(lon, lat, START_S + np.arange(0, 600, 3.0)))
    assert cleaned.stops == ()
    assert cleaned.flagged == {}


def test_a_slow_climb_is_no_stop():
    steps = np.arange(200) * 5.0
    rng = np.random.default_rng(4)
    lon = 112.5 + (steps * 0.2 + rng.normal(0, 2, 200)) / 102_000
    lat = 23.1 + rng.normal(0, 2, 200) / 111_000
    cleaned = on_foot(Segment(lon, lat, START_S + steps))
    assert cleaned.stops == ()
    assert cleaned.flagged == {}


def test_poor_fixes_go_by_what_is_usual_for_the_device():
    truth = walk(100)
    metres = np.full(100, 8.0)
    metres[[10, 11, 50]] = 120
    good = Segment(truth.lon, truth.lat, truth.time_s, {Extra.ACCURACY: metres})
    assert on_foot(good).flagged == {"accuracy": 3}
    poor = Segment(truth.lon, truth.lat, truth.time_s, {Extra.ACCURACY: metres * 10})
    assert on_foot(poor).flagged == {"accuracy": 3}
    everywhere = Segment(truth.lon, truth.lat, truth.time_s, {Extra.ACCURACY: np.full(100, 80.0)})
    assert on_foot(everywhere).flagged == {}


@pytest.mark.parametrize("points", [1, 2, 3])
@pytest.mark.parametrize("away_m", [80, 100])
def test_a_spike_at_a_possible_speed_is_shown_by_its_neighbours(points, away_m):
    truth = walk(200, every_s=20)
    cleaned = on_foot(spoilt(truth, list(range(80, 80 + points)), away_m / 111_000))
    assert cleaned.flagged == {"spike": points}
    assert np.flatnonzero(cleaned.flags[0]).tolist() == list(range(80, 80 + points))


def test_wild_fixes_of_an_untimed_track():
    truth = walk(100)
    lon, lat = truth.lon.copy(), truth.lat.copy()
    lat[40] += 1
    lon[70] = lat[70] = 0
    cleaned = on_foot(Segment(lon, lat, np.full(100, np.nan)))
    assert cleaned.flagged == {"range": 1, "spike": 1}
    assert count(cleaned) == 98


def test_points_far_out_of_order_are_told_from_fast_ones():
    truth = walk(100)
    index = np.insert(np.arange(100), 60, 20)
    cleaned = on_foot(part(truth, index))
    assert cleaned.flagged == {"out_of_order": 1}
    assert cleaned.flags[0][60] == Rule.OUT_OF_ORDER.number


def test_many_fixes_a_second_with_whole_seconds_keep_their_points():
    truth = walk(300, mps=12, every_s=0.1)
    whole = Segment(truth.lon, truth.lat, np.floor(truth.time_s))
    cleaned = clean([whole], mode=Mode.DRONE, settings=SETTINGS)
    assert cleaned.flagged == {}
    assert cleaned.problems == ()
    assert cleaned.segments[0].time_s.tolist() == whole.time_s.tolist()


def test_after_a_pause_the_first_bad_fixes_are_told():
    truth = walk(100)
    time_s = truth.time_s + np.where(np.arange(100) >= 50, 4000.0, 0)
    late = spoilt(Segment(truth.lon, truth.lat, time_s), [50, 51], 0.2)
    cleaned = on_foot(late)
    assert cleaned.flagged == {"resume_jump": 2}
    assert [len(segment) for segment in cleaned.segments] == [50, 48]


@pytest.mark.parametrize("rule", list(Rule))
def test_a_rule_can_be_switched_off_and_back(rule):
    truth = joined(walk(150, every_s=20), still(900))
    lat = truth.lat.copy()
    lat[[40, 41]] += 110 / 111_000
    lat[[0, 90]] += 0.3
    metres = np.full(len(lat), 5.0)
    metres[20] = 500
    lon = truth.lon.copy()
    lon[110] = lat[110] = 0
    index = np.insert(np.arange(len(lat)), [60, 100], [25, 100])
    dirty = Segment(lon, lat, truth.time_s, {Extra.ACCURACY: metres}).part(index)
    whole = on_foot(dirty)
    assert set(whole.flagged) == {rule.value for rule in Rule}
    without = clean([dirty], mode=Mode.FOOT, settings=SETTINGS, rules_off=frozenset([rule]))
    assert rule.value not in without.flagged
    assert without.rules_off == {rule}
    assert count(without) + sum(without.flagged.values()) == len(dirty)
    assert count(without) >= count(whole)
    assert on_foot(dirty).flagged == whole.flagged


def test_breaks_survive_when_the_point_after_one_goes():
    truth = walk(60)
    cleaned = on_foot(part(truth, slice(0, 30)), spoilt(part(truth, slice(30, 60)), [0], 0.5))
    assert [len(segment) for segment in cleaned.segments] == [30, 29]
