"""What holds of any two tracks, and that fingerprints name every copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walk_builders import (
    DAY_S,
    DISGUISES,
    LAT,
    LON,
    SAME,
    SHIFTED,
    a_path,
    each,
    later,
    moved_by,
    one_walk,
    part,
    placed,
    rounded,
    simplified,
    then,
    thinned,
    turned,
    untimed,
    walked,
)

from geoinspect.ingest.datum import gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02
from geoinspect.patrols.copies import Copy, find_copy, repeats
from geoinspect.patrols.fingerprints import (
    DATUM_MISTAKES,
    SKETCH_SIZE,
    fingerprint,
    may_repeat,
    misplaced,
)
from geoinspect.records import Segment

BESIDE_M = 10.0


# --- Laws --------------------------------------------------------------------------------------

WALKS = [one_walk(seed, 1_500) for seed in range(6)]
CHANGES = st.sampled_from([DISGUISES[name][2] for name in DISGUISES])
laws = settings(max_examples=12, deadline=None)


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
