"""Copies are found in every disguise, and honest walks are never called one.

Measured with these simulations, per-axis GPS errors of 3 to 8 m that drift over a minute, fixes
every 1 to 30 s, `beside_m` 10:

    copies, 50 pairs each                                              found
    6, 5 or 4 decimals; no times; turned round; segments shuffled      100 %
    simplified 5 or 10 m; denser; resampled every 7 m; cut to parts    100 %
    half a track with 4 decimals and no times                           90 %
    one fix in 30 of what may have had one in 30 s                      92 %
    all times moved, with any of these                                 100 %
    two devices on one walk (errors up to 8 m / all 8 m)         100 % / 96 %

    honest, 200 pairs each                                      called copies
    the same path on other days, 7, 5 or 4 decimals, with times or not     0
    cars and drones on the same course; crossing; there against back       0
    a day at the same post                                                 0
    abreast 20 m (errors 3 to 8 m / all 8 m)                           0 / 1
    abreast 30 or 50 m                                                     0
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from walk_builders import (
    DAY_S,
    DISGUISES,
    LATER,
    SAME,
    START_S,
    Track,
    a_path,
    drift,
    later,
    moved_by,
    one_walk,
    part,
    recorded,
    rounded,
    then,
    untimed,
    walked,
)

from geoinspect.ingest.datum import gcj02_to_wgs84, wgs84_to_gcj02
from geoinspect.ingest.track_exports import as_geojson, as_gpx
from geoinspect.ingest.tracks import read_track
from geoinspect.patrols.copies import CopyKind, find_copy, repeats
from geoinspect.patrols.fingerprints import (
    SKETCH_SIZE,
    fingerprint,
)
from geoinspect.records import Segment
from geoinspect.settings import Settings

BESIDE_M = 10.0


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_copy_is_found(name):
    kind, least_share, disguise = DISGUISES[name]
    for seed in range(4):
        track = one_walk(seed)
        copy = find_copy(track, disguise(track), beside_m=BESIDE_M)
        assert copy is not None, seed
        assert copy.kind is kind, (seed, copy)
        assert copy.share >= least_share, (seed, copy)


def test_the_figures_of_a_copy():
    track = one_walk(2, every=1)
    late = find_copy(track, later(4000)(track), beside_m=BESIDE_M)
    assert late is not None
    assert late.offset_s == pytest.approx(4000, abs=0.01)
    half = find_copy(track, part(0, 0.5)(track), beside_m=BESIDE_M)
    assert half is not None
    assert (half.share, half.other_share) == (
        pytest.approx(0.5, abs=0.2),
        pytest.approx(1, abs=0.01),
    )
    lost = untimed(part(0.2, 0.8)(track))
    place = find_copy(track, lost, beside_m=BESIDE_M)
    assert place is not None
    assert place.offset_s is None
    moved = moved_by(lambda lon, lat: (lon, lat + 0.005))(track)
    shifted = find_copy(track, moved, beside_m=BESIDE_M)
    assert shifted is not None
    assert shifted.shift_m == pytest.approx(0.005 * 110_900, rel=0.01)


def test_a_copy_without_the_grid_of_its_numbers_is_found():
    """Written as GCJ-02 with 4 decimals, then read rightly: no grid is left in WGS84."""
    track = one_walk(3)
    back = then(moved_by(wgs84_to_gcj02), rounded(4), moved_by(gcj02_to_wgs84), rounded(7))(track)
    copy = find_copy(track, untimed(back), beside_m=BESIDE_M)
    assert copy is not None
    assert copy.kind is SAME


# --- Honest walks ------------------------------------------------------------------------------

FOOT = {}
CAR = {"speed": 12.0, "mood": 0.05, "pauses": 0, "wobble_m": 0.5}


def on_two_days(seed: int, pace, **device) -> tuple[Track, Track]:
    rng = np.random.default_rng(seed)
    path = a_path(rng, rng.uniform(1_500, 3_000))
    day = START_S + DAY_S * rng.integers(1, 20) + rng.uniform(-3600, 3600)
    return (
        recorded(walked(path, rng, **pace), rng, **device),
        recorded(walked(path, rng, **pace), rng, start_s=day, **device),
    )


@pytest.mark.parametrize("written", [then(), untimed, rounded(4), then(rounded(4), untimed)])
@pytest.mark.parametrize(("pace", "device"), [(FOOT, {}), (CAR, {"noise_m": 2.0, "every": 1})])
def test_walks_of_one_path_on_other_days_are_no_copies(written, pace, device):
    for seed in range(8):
        one, two = (written(track) for track in on_two_days(seed, pace, **device))
        assert find_copy(one, two, beside_m=BESIDE_M) is None, seed


@pytest.mark.parametrize("written", [then(), untimed, then(rounded(5), untimed)])
def test_the_way_back_is_no_copy_of_the_way_there(written):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        path = a_path(rng, 2_000)
        there = walked(path, rng)
        track = recorded(np.vstack([there, walked(path[::-1], rng)]), rng, every=2)[0]
        half = len(there) // 2
        out, home = track.part(slice(0, half)), track.part(slice(half, None))
        assert find_copy(written([out]), written([home]), beside_m=BESIDE_M) is None, seed


def test_walks_that_cross_and_days_at_one_post_are_no_copies():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        one, two = a_path(rng), a_path(rng)
        two = two - two[len(two) // 2] + one[len(one) // 2]
        tracks = [recorded(walked(path, rng), rng) for path in (one, two)]
        assert find_copy(*tracks, beside_m=BESIDE_M) is None, seed
        still = np.zeros((1800, 2))
        post = [recorded(still, rng, start_s=day * DAY_S, every=1) for day in (1, 2)]
        assert find_copy(*post, beside_m=BESIDE_M) is None, seed


def in_a_team(seed: int, apart_m: float, lanes: bool = False) -> tuple[Track, Track]:
    rng = np.random.default_rng(seed)
    path = a_path(rng, 3_000)
    if lanes:
        ends = np.array([[60 * i, 200 * ((i + side) % 2)] for i in range(12) for side in (0, 1)])
        at = np.linspace(0, len(ends) - 1, 800)
        path = np.column_stack([np.interp(at, np.arange(len(ends)), axis) for axis in ends.T])
    xy = walked(path, rng)
    ahead = (
        xy[np.minimum(np.arange(len(xy)) + 20, len(xy) - 1)]
        - xy[np.maximum(np.arange(len(xy)) - 20, 0)]
    )
    aside = ahead[:, ::-1] * [-1, 1] / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    mate = xy + apart_m * (np.array([1.0, 0.0]) if lanes and seed % 2 else aside)
    mate = mate + np.column_stack([drift(len(xy), 60, rng) for _ in "xy"])
    return recorded(xy, rng), recorded(mate, rng, clock_s=rng.uniform(-60, 60))


@pytest.mark.parametrize("apart_m", [0.0, 5.0])
def test_team_mates_beside_each_other_are_one_walk(apart_m):
    for seed in range(8):
        copy = find_copy(*in_a_team(seed, apart_m), beside_m=BESIDE_M)
        assert copy is not None, seed
        assert copy.kind is CopyKind.SAME_WALK
        assert max(copy.share, copy.other_share) > 0.3


def test_the_clocks_of_team_mates_are_compared():
    rng = np.random.default_rng(5)
    xy = walked(a_path(rng, 4_000), rng)
    one, two = recorded(xy, rng, noise_m=4), recorded(xy, rng, noise_m=4, clock_s=-43)
    copy = find_copy(one, two, beside_m=BESIDE_M)
    assert copy is not None
    assert copy.offset_s == pytest.approx(-43, abs=4)


@pytest.mark.parametrize("apart_m", [20.0, 30.0, 50.0])
@pytest.mark.parametrize("lanes", [False, True])
def test_people_abreast_see_other_ground(apart_m, lanes):
    for seed in range(6):
        assert find_copy(*in_a_team(seed, apart_m, lanes), beside_m=BESIDE_M) is None, seed


# --- Real files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["gpxpy__korita-zbevnica.gpx", "togeojson__run.gpx", "phpGPX__endomondo.gpx"]
)
@pytest.mark.parametrize(("suffix", "written"), [("gpx", as_gpx), ("geojson", as_geojson)])
def test_a_real_track_exported_again_is_one_recording(shared_data, tmp_path, name, suffix, written):
    settings = Settings()
    file = read_track(shared_data / "tracks" / name, settings=settings)
    path = tmp_path / f"again.{suffix}"
    path.write_text(written(file), "utf-8")
    again = read_track(path, settings=settings)
    copy = find_copy(file.segments, again.segments, beside_m=BESIDE_M)
    assert copy is not None
    assert (copy.kind, copy.offset_s) == (SAME, 0.0)
    assert copy.share == pytest.approx(1.0, abs=0.001)


def test_a_week_counter_that_rolled_over_is_told(shared_data):
    tracks = [
        read_track(shared_data / "tracks" / name, settings=Settings()).segments
        for name in ("syn_rollover.gpx", "syn_utf16.gpx")
    ]
    copy = find_copy(*tracks, beside_m=BESIDE_M)
    assert copy is not None
    assert (copy.kind, copy.offset_s) == (LATER, 1024 * 7 * DAY_S)


# --- Hopeless input ----------------------------------------------------------------------------


def hopeless() -> dict[str, Track]:
    rng = np.random.default_rng(0)
    many = 4_000
    ticks = np.arange(float(many))
    still = np.full(many, 104.0)
    point = [Segment(np.array([104.0]), np.array([33.0]), np.array([1.0]))]
    odd = np.array([104.0, np.inf, np.nan, 104.2])
    return {
        "nothing": [],
        "an empty segment": [Segment(*(np.empty(0),) * 3)],
        "no places": [Segment(*(np.full(5, np.nan),) * 3)],
        "odd": [Segment(odd, np.array([33.0, 33, 33, np.nan]), odd)],
        "a point": point,
        "points": point * 1_000,
        "one place": [Segment(still, still - 71, ticks)],
        "jitter": [Segment(*rng.normal([[104], [33]], 5e-5, (2, many)), ticks)],
        "all over": [Segment(rng.uniform(-180, 180, many), rng.uniform(-90, 90, many), ticks)],
        "the pole": [Segment(np.linspace(-180, 180, many), np.full(many, 89.99), ticks)],
        "one moment": [Segment(104 + ticks * 1e-5, still - 71, np.zeros(many))],
    }


def test_hopeless_tracks_take_no_time_and_do_no_harm():
    tracks = hopeless()
    began = time.perf_counter()
    for one in tracks.values():
        for two in (one, tracks["jitter"]):
            copy = find_copy(one, two, beside_m=BESIDE_M)
            if copy is not None:
                assert 0 <= copy.share <= 1
                masks = repeats(one, two, copy, beside_m=BESIDE_M)
                assert [len(mask) for mask in masks] == [len(segment) for segment in one]
        assert len(fingerprint(one)) <= SKETCH_SIZE
    assert time.perf_counter() - began < 30
