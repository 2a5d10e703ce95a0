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
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.ingest.datum import gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02
from geoinspect.patrols.copies import Copy, CopyKind, find_copy, repeats
from geoinspect.patrols.fingerprints import (
    DATUM_MISTAKES,
    SKETCH_SIZE,
    fingerprint,
    may_repeat,
    misplaced,
)
from geoinspect.records import Segment

LON, LAT = 104.2, 33.0
LON_M, LAT_M = 111_320 * np.cos(np.radians(LAT)), 110_900.0
START_S, DAY_S = 1.79e9, 86_400.0
BESIDE_M = 10.0
Track = list[Segment]


# --- Walks -------------------------------------------------------------------------------------


def drift(count: int, lasting: float, rng: np.random.Generator) -> np.ndarray:
    """AR(1) noise of deviation 1 that is forgotten after so many steps."""
    keep = np.exp(-1 / lasting)
    fresh = rng.normal(size=count) * np.sqrt(1 - keep**2)
    values = [rng.normal()]
    for step in fresh[1:].tolist():
        values.append(keep * values[-1] + step)
    return np.array(values)


def a_path(rng: np.random.Generator, length_m: float = 2_500) -> np.ndarray:
    heading = rng.uniform(0, 6.28) + np.cumsum(0.06 * drift(int(length_m / 5), 20, rng))
    return np.cumsum(5 * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)


def walked(path, rng, *, speed=1.2, mood=0.25, pauses=2, wobble_m=1.0) -> np.ndarray:
    """Where somebody is each second."""
    way_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    pace = speed * np.exp(mood * drift(int(way_m[-1] / speed * 2), 40, rng))
    for pause in rng.integers(0, len(pace) // 2, pauses):
        pace[pause : pause + rng.integers(30, 200)] = 0
    at_m = np.cumsum(pace)
    at_m = at_m[at_m < way_m[-1]]
    ahead = np.gradient(path, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    beside = wobble_m * drift(len(path), 10, rng)[:, None] * ahead[:, ::-1] * [-1, 1]
    return np.column_stack([np.interp(at_m, way_m, axis) for axis in (path + beside).T])


def recorded(xy, rng, *, start_s=START_S, noise_m=None, every=None, clock_s=0.0) -> Track:
    noise_m = rng.uniform(3, 8) if noise_m is None else noise_m
    every = int(rng.choice([1, 2, 5, 10])) if every is None else every
    which = np.arange(0, len(xy), every)
    error = np.column_stack([drift(len(which), 60 / every, rng) for _ in "xy"]) * noise_m
    error += rng.normal(0, 0.3, error.shape)
    return [placed(xy[which] + error, start_s + clock_s + which)]


def placed(xy, time_s) -> Segment:
    lon, lat = LON + xy[:, 0] / LON_M, LAT + xy[:, 1] / LAT_M
    return Segment(np.round(lon, 7), np.round(lat, 7), np.asarray(time_s, np.float64))


def one_walk(seed: int, length_m: float = 2_500, **device) -> Track:
    rng = np.random.default_rng(seed)
    path = a_path(rng, length_m)
    if seed % 2:
        path = np.vstack([path, path[::-1]])
    return recorded(walked(path, rng), rng, **device)


# --- Disguises ---------------------------------------------------------------------------------


def each(change: Callable[[Segment], Segment]) -> Callable[[Track], Track]:
    return lambda track: [change(segment) for segment in track]


def rounded(decimals):
    return each(lambda s: s.moved(np.round(s.lon, decimals), np.round(s.lat, decimals)))


def later(seconds):
    return each(lambda s: Segment(s.lon, s.lat, s.time_s + seconds))


def thinned(step):
    return each(lambda s: s.part(slice(None, None, step)))


def simplified(tolerance_m):
    def change(segment):
        line = np.column_stack([segment.lon * LON_M, segment.lat * LAT_M])
        kept = shapely.get_coordinates(
            shapely.simplify(shapely.linestrings(line), tolerance_m, preserve_topology=False)
        )
        return segment.part(np.isin(line @ [1, 1j], kept @ [1, 1j]))

    return each(change)


def resampled(every_m):
    def change(segment):
        steps_m = np.hypot(np.diff(segment.lon) * LON_M, np.diff(segment.lat) * LAT_M)
        way_m = np.concatenate([[0], np.cumsum(steps_m)])
        at_m = np.arange(0, way_m[-1], every_m)
        columns = (segment.lon, segment.lat, segment.time_s)
        return Segment(*(np.interp(at_m, way_m, column) for column in columns))

    return each(change)


def part(first, last):
    return each(lambda s: s.part(slice(int(first * len(s)), int(last * len(s)))))


def shuffled(track):
    pieces = np.array_split(np.arange(len(track[0])), 5)
    return [track[0].part(pieces[number]) for number in (3, 0, 4, 2, 1)]


def moved_by(*datums):
    def change(segment):
        lon, lat = segment.lon, segment.lat
        for datum in datums:
            lon, lat = datum(lon, lat)
        return segment.moved(lon, lat)

    return each(change)


untimed = each(lambda s: Segment(s.lon, s.lat, np.full(len(s), np.nan)))


def turned(track):
    return [segment.part(slice(None, None, -1)) for segment in reversed(track)]


def then(*changes):
    def all_of(track):
        for change in changes:
            track = change(track)
        return track

    return all_of


SAME, LATER, SHIFTED = CopyKind.SAME_RECORDING, CopyKind.TIME_SHIFTED, CopyKind.SHIFTED
DISGUISES = {
    "none": (SAME, 0.99, then()),
    "5 decimals": (SAME, 0.99, rounded(5)),
    "4 decimals": (SAME, 0.99, rounded(4)),
    "5 decimals untimed": (SAME, 0.95, then(rounded(5), untimed)),
    "4 decimals untimed": (SAME, 0.75, then(rounded(4), untimed)),
    "turned untimed": (SAME, 0.99, then(turned, untimed)),
    "shuffled": (SAME, 0.9, shuffled),
    "shuffled untimed": (SAME, 0.9, then(shuffled, untimed)),
    "thinned": (SAME, 0.7, thinned(10)),
    "simplified": (SAME, 0.75, simplified(10)),
    "simplified coarse turned untimed": (
        SAME,
        0.75,
        then(simplified(10), rounded(5), turned, untimed),
    ),
    "dense": (SAME, 0.99, resampled(0.7)),
    "resampled untimed": (SAME, 0.95, then(resampled(7), untimed)),
    "a part": (SAME, 0.15, part(0.3, 0.7)),
    "a coarse part": (SAME, 0.3, then(part(0.5, 1), rounded(4))),
    "a week later": (LATER, 0.99, later(7 * DAY_S + 1234)),
    "wrong zone": (LATER, 0.99, then(later(-8 * 3600), rounded(5))),
    "later, thin, coarse": (LATER, 0.5, then(thinned(5), rounded(4), later(DAY_S + 77))),
    "later, simplified": (LATER, 0.75, then(simplified(8), later(DAY_S))),
    "GCJ-02": (SHIFTED, 0.99, moved_by(wgs84_to_gcj02)),
    "GCJ-02, 4 decimals": (SHIFTED, 0.99, then(moved_by(wgs84_to_gcj02), rounded(4))),
    "GCJ-02 thrice": (SHIFTED, 0.6, then(moved_by(gcj02_to_wgs84), thinned(9), untimed)),
    "BD-09": (SHIFTED, 0.75, then(moved_by(wgs84_to_gcj02, gcj02_to_bd09), simplified(8))),
    "shifted": (SHIFTED, 0.99, moved_by(lambda lon, lat: (lon + 0.004, lat + 0.003))),
}


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
        still = np.zeros((3600, 2))
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


# --- Laws --------------------------------------------------------------------------------------

WALKS = [one_walk(seed, 1_500) for seed in range(6)]
CHANGES = st.sampled_from([DISGUISES[name][2] for name in DISGUISES])
laws = settings(max_examples=25, deadline=None)


@laws
@given(st.sampled_from(WALKS))
def test_a_track_repeats_itself_all_over(track):
    copy = find_copy(track, track, beside_m=BESIDE_M)
    assert copy is not None
    assert (copy.kind, copy.offset_s) == (SAME, 0.0)
    assert min(copy.share, copy.other_share) > 0.999
    (mask,) = repeats(track, track, copy, beside_m=BESIDE_M)
    assert mask.mean() > 0.99


@laws
@given(st.sampled_from(WALKS), st.sampled_from(WALKS), CHANGES)
def test_the_answer_is_the_same_both_ways(one, two, change):
    forth = find_copy(one, change(two), beside_m=BESIDE_M)
    back = find_copy(change(two), one, beside_m=BESIDE_M)
    assert (forth is None) == (back is None)
    if forth is not None and back is not None:
        offset_s = None if back.offset_s is None else -back.offset_s
        assert forth == Copy(back.kind, back.other_share, back.share, offset_s, back.shift_m)


FINE = st.sampled_from(
    [then(), untimed, turned, thinned(5), then(simplified(8), untimed), later(DAY_S)]
)


@laws
@given(st.sampled_from(WALKS), FINE, st.floats(-180, 180), st.floats(-80, 80))
def test_it_does_not_matter_where_on_earth(track, change, lon, lat):
    """But for coarse numbers, whose grid is another at another place."""
    squeeze = np.cos(np.radians(LAT)) / np.cos(np.radians(lat))
    away = each(lambda s: s.moved(lon + (s.lon - LON) * squeeze, lat + s.lat - LAT))
    here = find_copy(track, change(track), beside_m=BESIDE_M)
    there = find_copy(away(track), away(change(track)), beside_m=BESIDE_M)
    assert here is not None
    assert there is not None
    assert (there.kind, there.share) == (here.kind, pytest.approx(here.share, abs=0.02))


@laws
@given(st.sampled_from(WALKS), st.floats(0.3, 0.9), st.floats(0.05, 0.3))
def test_less_of_a_track_repeats_less_of_it(track, longer, less):
    shares = []
    for last in (longer - less + 0.1, longer + 0.1):
        copy = find_copy(track, part(0, last)(track), beside_m=BESIDE_M)
        assert copy is not None
        shares.append(copy.share)
    assert shares[0] <= shares[1] + 1e-9


def test_the_points_that_repeat_are_those_of_the_part():
    track = one_walk(4, every=2)
    other = rounded(5)(part(0.3, 0.6)(track))
    copy = find_copy(track, other, beside_m=BESIDE_M)
    assert copy is not None
    split = [track[0].part(slice(0, 100)), track[0].part(slice(100, None))]
    mask = np.concatenate(repeats(split, other, copy, beside_m=BESIDE_M))
    truth = np.zeros(len(mask), dtype=bool)
    truth[int(0.3 * len(mask)) : int(0.6 * len(mask))] = True
    assert np.mean(mask == truth) > 0.97
    assert np.count_nonzero(np.diff(mask.astype(int))) <= 4


# --- Fingerprints ------------------------------------------------------------------------------


def found_by_sketch(track: Sequence[Segment], other: Sequence[Segment]) -> bool:
    sketches = [fingerprint(other)]
    return bool(may_repeat(fingerprint(track), sketches)[0])


@pytest.mark.parametrize("name", [name for name in DISGUISES if DISGUISES[name][0] is not SHIFTED])
def test_a_fingerprint_misses_no_copy(name):
    for seed in range(6):
        track = one_walk(seed, 400 if seed == 5 else 4_000)
        assert found_by_sketch(track, DISGUISES[name][2](track)), seed


@pytest.mark.parametrize(
    "datum", [(wgs84_to_gcj02,), (gcj02_to_wgs84,), (wgs84_to_gcj02, gcj02_to_bd09)]
)
def test_a_misplaced_copy_has_the_fingerprint_of_a_mistake(datum):
    track = one_walk(1)
    wrong = moved_by(*datum)(track)
    assert any(found_by_sketch(misplaced(track, mistake), wrong) for mistake in DATUM_MISTAKES)


def test_a_short_piece_of_a_long_track_is_not_forgotten():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        track = [placed(walked(a_path(rng, 60_000), rng, speed=10), np.arange(0))]
        first = rng.integers(0, 90) / 100
        assert found_by_sketch(rounded(4)(part(first, first + 0.08)(track)), track), seed


def test_a_fingerprint_is_small_and_tells_far_tracks_apart():
    tracks = [each(lambda s, n=n: s.moved(s.lon + 0.2 * n, s.lat))(one_walk(n)) for n in range(5)]
    sketches = [fingerprint(track) for track in tracks]
    assert all(0 < len(sketch) <= SKETCH_SIZE for sketch in sketches)
    for number, sketch in enumerate(sketches):
        assert np.array_equal(np.flatnonzero(may_repeat(sketch, sketches)), [number])
    assert may_repeat(sketches[0], []).shape == (0,)
    assert not may_repeat(fingerprint([]), sketches).any()


# --- Hopeless input ----------------------------------------------------------------------------


def hopeless() -> dict[str, Track]:
    rng = np.random.default_rng(0)
    many = 6_000
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
        "points": point * 3_000,
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
        for two in (one, tracks["jitter"], tracks["a point"]):
            copy = find_copy(one, two, beside_m=BESIDE_M)
            if copy is not None:
                assert 0 <= copy.share <= 1
                masks = repeats(one, two, copy, beside_m=BESIDE_M)
                assert [len(mask) for mask in masks] == [len(segment) for segment in one]
        assert len(fingerprint(one)) <= SKETCH_SIZE
    assert time.perf_counter() - began < 30
