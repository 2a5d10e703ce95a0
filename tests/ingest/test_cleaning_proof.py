"""The proof of docs/cleaning.md in short: dirt that is known is found, and little else is."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Mode, Rule, Segment
from geoinspect.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from cleaning_scores import case, cleaned, pooled, scored
from track_dirt import KINDS, STAND

SETTINGS = Settings()
START_S = 1778718600.0
NONE: frozenset[Rule] = frozenset()


def score_of(kind, *, mode=Mode.FOOT, off=NONE, tracks=10):
    scores = []
    for seed in range(tracks):
        track = case(kind, mode, seed)
        done = cleaned(track, mode=mode, off=off)
        flags = np.concatenate(done.flags)
        scores.append(scored(track, flags, done.segments, ground=False))
    return pooled(scores)


# Least share found, with the rules that see to it; without them less than half of that is.
FLOORS = {
    "place 0, 0": (1.0, {Rule.RANGE}),
    "network fixes": (0.98, {Rule.ACCURACY}),
    "repeated times": (0.98, {Rule.DUPLICATE_TIME}),
    "latecomers": (0.95, {Rule.OUT_OF_ORDER}),
    "cold starts": (0.6, {Rule.RESUME, Rule.SPEED}),
    "far spikes": (0.98, {Rule.SPEED, Rule.RESUME}),
    "small spikes": (0.85, {Rule.SPIKE, Rule.SPEED}),
    STAND: (0.93, {Rule.JITTER}),
}


@pytest.mark.parametrize("kind", FLOORS)
def test_each_kind_of_dirt_is_found_by_its_rule(kind):
    least, rules = FLOORS[kind]
    score = score_of(kind)
    assert score.dirty > 0
    assert score.found >= least * score.dirty
    # What another rule would take out too, such as 0, 0 for speed, must still be named rightly.
    without = score_of(kind, off=frozenset(rules))
    assert without.named <= 0.5 * least * score.dirty


@pytest.mark.parametrize("kind", KINDS)
def test_good_fixes_stay(kind):
    score = score_of(kind)
    # A stand in the middle of a search takes some of the search with it.
    most, most_in_yards = (0.04, 0.1) if kind == STAND else (0.01, 0.03)
    assert score.wrong <= most * score.good
    assert score.yard_wrong <= most_in_yards * score.yard


@pytest.mark.parametrize("mode", [Mode.VEHICLE, Mode.BOAT, Mode.DRONE])
def test_other_modes(mode):
    score = score_of("everything", mode=mode, tracks=4)
    assert score.found >= 0.8 * score.dirty
    assert score.wrong <= 0.005 * score.good


def test_the_length_comes_near_what_is_possible():
    for kind in ("far spikes", "place 0, 0", STAND):
        for seed in range(6):
            track = case(kind, Mode.FOOT, seed)
            nothing = np.zeros(len(track.fixes), np.uint8)
            best = scored(track, nothing, track.best.segments(), ground=False)
            done = cleaned(track, mode=Mode.FOOT)
            own = scored(track, np.concatenate(done.flags), done.segments, ground=False)
            assert own.length_error[0] == pytest.approx(best.length_error[0], abs=0.15)


def test_the_same_seed_gives_the_same_track():
    one, other = (case("everything", Mode.FOOT, 3).fixes for _ in range(2))
    assert all(
        np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


def along(x_m, y_m, every_s):
    time_s = START_S + np.arange(len(x_m)) * float(every_s)
    return Segment(112.5 + np.array(x_m) / 102_450, 23.1 + np.array(y_m) / 110_754, time_s)


def wander_m(count, sigma_m, seed):
    """Noise that is correlated over a minute and a half, fixes every second."""
    random, kept = np.random.default_rng(seed), np.exp(-1 / 90)
    values = [0.0]
    for push in random.normal(0, sigma_m * np.sqrt(1 - kept**2), count - 1):
        values.append(kept * values[-1] + push)
    return np.array(values)


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_search_of_a_yard_is_kept(seed):
    # Lanes of 18 m, 3 m apart, there and back again for six minutes.
    at_m = np.arange(360) * 0.7
    lane = at_m // 18
    x_m = np.where(lane % 2 == 0, at_m % 18, 18 - at_m % 18)
    y_m = 3.0 * np.abs((lane % 12) - 6)
    noisy = along(x_m + wander_m(360, 3, seed), y_m + wander_m(360, 3, seed + 50), 1)
    assert clean([noisy], mode=Mode.FOOT, settings=SETTINGS).flagged == {}


def test_the_steps_up_to_a_stop_stay():
    x_m = np.concatenate([np.arange(200) * 1.2, np.full(300, 240.0), 240 + np.arange(200) * 1.2])
    (flags,) = clean([along(x_m, x_m * 0, 1)], mode=Mode.FOOT, settings=SETTINGS).flags
    assert not flags[:188].any()
    assert not flags[-188:].any()
    assert flags[210:490].sum() > 270


def test_a_receiver_that_drifts_home_is_told_and_a_drive_is_not():
    x_m = np.arange(300) * 1.2
    drift = 100 * np.exp(-np.arange(300) / 20)
    (flags,) = clean([along(x_m, drift, 1)], mode=Mode.FOOT, settings=SETTINGS).flags
    assert set(flags[:10]) == {Rule.RESUME.number}
    assert not flags[40:].any()
    driven_first = np.cumsum(np.where(np.arange(900) < 80, 5.0, 1.2))
    whole = clean(
        [along(driven_first, x_m[0] * driven_first, 1)], mode=Mode.FOOT, settings=SETTINGS
    )
    assert whole.flagged == {}


def test_stops_of_a_moment_do_no_harm():
    settings = Settings(stop_min_s=1.0, stop_radius_m=0.5)
    for every_s in (1, 40):
        done = clean([along(np.arange(50.0), np.zeros(50), every_s)], mode=None, settings=settings)
        assert len(done.flags[0]) == 50


def test_a_ride_with_slow_parts_is_no_walk(shared_data):
    """A real cycle ride of which 5 % is faster than anybody walks."""
    path = shared_data / "tracks" / "fitparse__coros-pace-2-cycling-misaligned-fields.fit"
    done = clean(read_track(path, settings=SETTINGS).segments, mode=None, settings=SETTINGS)
    assert done.mode is Mode.VEHICLE
    assert sum(done.flagged.values()) < 0.01 * sum(map(len, done.flags))
