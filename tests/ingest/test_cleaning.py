"""Laws of cleaning: it takes out and never makes up, and the spike goes, not the walk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walk_shapes import START_S, count, on_foot, part, spoilt, walk

from geoinspect.crs import GEOD
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import length_m, read_track
from geoinspect.records import Mode, Segment
from geoinspect.settings import Settings

SETTINGS = Settings()
FOOT_MPS = SETTINGS.speed_limit_mps(Mode.FOOT)


def points(segments) -> set[tuple[float, float, float]]:
    return {
        point
        for s in segments
        for point in zip(s.lon.tolist(), s.lat.tolist(), s.time_s.tolist(), strict=True)
    }


@pytest.mark.parametrize(
    "where", [[0], [0, 1, 2], [99], [97, 98, 99], [50], [50, 51], [20, 40, 60], [0, 50, 99]]
)
@pytest.mark.parametrize("by_deg", [0.01, -5.0])
def test_the_spikes_go_and_nothing_else(where, by_deg):
    truth = walk(100)
    cleaned = on_foot(spoilt(truth, where, by_deg))
    keep = np.setdiff1d(np.arange(100), where)
    at_start = sum(place < 3 for place in where)
    named = {"resume_jump": at_start, "speed": len(where) - at_start}
    assert cleaned.flagged == {rule: n for rule, n in named.items() if n}
    assert len(cleaned.segments) == 1
    assert cleaned.segments[0].lat.tolist() == truth.lat[keep].tolist()


def test_order_does_not_matter():
    truth = spoilt(walk(60), [10, 11, 30], 0.05)
    backwards = Segment(truth.lon[::-1], truth.lat[::-1], 2 * START_S - truth.time_s[::-1])
    one, other = on_foot(truth), on_foot(backwards)
    assert one.flagged == other.flagged
    assert one.segments[0].lat.tolist() == other.segments[0].lat[::-1].tolist()


def test_two_long_pieces_that_cannot_fit_both_stay():
    truth = walk(80)
    lat = truth.lat + np.where(np.arange(80) >= 40, 0.1, 0)
    cleaned = on_foot(Segment(truth.lon, lat, truth.time_s))
    assert [len(segment) for segment in cleaned.segments] == [40, 40]
    assert cleaned.flagged == {}
    assert [problem.code for problem in cleaned.problems] == ["jump"]


def test_points_at_null_island_are_no_piece_of_the_walk():
    truth = walk(80)
    lon, lat = truth.lon.copy(), truth.lat.copy()
    lon[:30] = lat[:30] = 0
    cleaned = on_foot(Segment(lon, lat, truth.time_s))
    assert count(cleaned) == 50
    assert len(cleaned.segments) == 1


def test_repeated_times_go_where_they_repeat_the_place():
    truth = walk(50)
    index = np.sort(np.concatenate([np.arange(50), [7, 7, 20]]))
    cleaned = on_foot(part(truth, index))
    assert cleaned.flagged == {"duplicate_time": 3}
    assert cleaned.segments[0].time_s.tolist() == truth.time_s.tolist()


def test_swapped_neighbours_are_put_back():
    truth = walk(50)
    index = np.arange(50)
    index[[20, 21]] = [21, 20]
    cleaned = on_foot(part(truth, index))
    assert cleaned.flagged == {}
    assert cleaned.segments[0].lon.tolist() == truth.lon.tolist()
    assert [problem.code for problem in cleaned.problems] == ["reordered"]


def test_every_row_written_twice():
    truth = walk(60)
    cleaned = on_foot(part(truth, np.repeat(np.arange(60), 2)))
    assert cleaned.flagged == {"duplicate_time": 60}
    assert cleaned.segments[0].lon.tolist() == truth.lon.tolist()
    assert cleaned.problems == ()


def test_gaps_split_and_breaks_stay():
    truth = walk(90)
    time_s = truth.time_s + np.where(np.arange(90) >= 60, 301.0, 0)
    first, last = part(truth, slice(0, 30)), Segment(truth.lon, truth.lat, time_s)
    cleaned = on_foot(first, part(last, slice(30, 90)))
    assert [len(segment) for segment in cleaned.segments] == [30, 30, 30]
    assert len(on_foot(first, part(last, slice(30, 90)), gap_s=900).segments) == 2


def test_untimed_points_between_timed_ones_stay():
    truth = walk(50)
    time_s = truth.time_s.copy()
    time_s[[0, 1, 10, 11, 49]] = np.nan
    cleaned = on_foot(Segment(truth.lon, truth.lat, time_s))
    assert count(cleaned) == 50
    lat = truth.lat.copy()
    lat[11] += 0.05
    assert on_foot(Segment(truth.lon, lat, time_s)).flagged == {"speed": 1}


def test_untimed_tracks_stay_as_they_lie():
    truth = walk(20)
    still = Segment(truth.lon, truth.lat, np.full(20, np.nan))
    cleaned = on_foot(still)
    (only,) = cleaned.segments
    assert only.lon.tolist() == still.lon.tolist()
    assert cleaned.flagged == {}
    assert [problem.code for problem in cleaned.problems] == ["no_time"]


@pytest.mark.parametrize(
    "times", [np.zeros(30), np.tile([0.0, -9.0], 15), np.repeat(np.arange(3.0), 10)]
)
def test_useless_times_are_like_none(times):
    truth = walk(30)
    cleaned = on_foot(Segment(truth.lon, truth.lat, START_S + times))
    assert count(cleaned) == 30
    assert [problem.code for problem in cleaned.problems] == ["times_unusable"]


def test_a_list_newest_first_is_a_track():
    truth = spoilt(walk(100), [30, 31], 0.05)
    newest_first = truth.part(slice(None, None, -1))
    cleaned = on_foot(newest_first)
    assert cleaned.flagged == {"speed": 2}
    assert np.flatnonzero(cleaned.flags[0]).tolist() == [68, 69]
    assert cleaned.raw[0].lon.tolist() == newest_first.lon.tolist()
    assert (np.diff(cleaned.segments[0].time_s) > 0).all()


def test_declared_foot_but_driven():
    cleaned = on_foot(walk(200, mps=15))
    assert "faster_than_mode" in [problem.code for problem in cleaned.problems]
    assert cleaned.flagged["speed"] > 150
    assert cleaned.mode_declared


@pytest.mark.parametrize(
    ("mps", "mode"), [(0.8, Mode.FOOT), (1.5, Mode.FOOT), (9.0, Mode.VEHICLE), (20, Mode.VEHICLE)]
)
def test_mode_is_inferred(mps, mode):
    cleaned = clean([walk(200, mps=mps)], mode=None, settings=SETTINGS)
    assert cleaned.mode is mode
    assert not cleaned.mode_declared
    assert cleaned.flagged == {}


def test_a_walk_with_a_drive_keeps_the_drive():
    walked, driven = walk(200), walk(50, mps=12, seed=1)
    both = clean([walked, driven], mode=None, settings=SETTINGS)
    assert count(both) == 250


@pytest.mark.parametrize("segments", [(), (walk(0),), (walk(1),), (walk(0), walk(1), walk(2))])
def test_small_tracks(segments):
    cleaned = on_foot(*segments)
    assert count(cleaned) == sum(len(segment) for segment in segments)
    assert all(len(segment) for segment in cleaned.segments)


def test_across_the_antimeridian():
    lon = (179.999 + np.arange(60) * 5e-5 + 180) % 360 - 180
    cleaned = on_foot(Segment(lon, np.full(60, -16.8), START_S + np.arange(60) * 5.0))
    assert cleaned.flagged == {}
    assert len(cleaned.segments) == 1


def held_since(segment: Segment) -> np.ndarray:
    """The time at which each point's place was first written, by plain counting."""
    since = segment.time_s.copy()
    for k in range(1, len(segment)):
        if (segment.lon[k], segment.lat[k]) == (segment.lon[k - 1], segment.lat[k - 1]):
            since[k] = since[k - 1]
    return np.maximum(since, segment.time_s - 60)


def test_an_app_that_holds_its_place_is_not_cut():
    truth = walk(120, mps=1.1, every_s=2.0)
    held = np.arange(120) // 7 * 7
    cleaned = on_foot(Segment(truth.lon[held], truth.lat[held], truth.time_s))
    assert cleaned.flagged == {}
    assert len(cleaned.segments) == 1


@pytest.mark.parametrize("where", [[60], [59, 60], [60, 61, 62]])
def test_a_spike_within_reach_of_one_side_does_not_cut_the_track(where):
    truth = walk(120)
    cleaned = on_foot(spoilt(truth, where, 34 / 111_000))
    assert len(cleaned.segments) == 1
    assert count(cleaned) >= 120 - len(where) - 1


degrees = st.one_of(st.floats(-0.001, 0.001), st.sampled_from([0.0, 0.02, -1.0, 40.0]))
dirty = st.lists(
    st.tuples(degrees, degrees, st.one_of(st.integers(0, 400), st.sampled_from([0, 1, 5]))),
    min_size=1,
    max_size=60,
)


@settings(deadline=None)
@given(st.lists(dirty, min_size=1, max_size=3), st.sampled_from(list(Mode)))
def test_laws_on_anything(raw, mode):
    segments = []
    for rows in raw:
        table = np.array(rows, dtype=np.float64)
        time_s = START_S + np.cumsum(table[:, 2])
        segments.append(Segment(112.5 + table[:, 0], 23.1 + table[:, 1], time_s))
    cleaned = clean(segments, mode=mode, settings=SETTINGS)
    assert points(cleaned.segments) <= points(segments)
    before = sum(len(segment) for segment in segments)
    assert count(cleaned) + sum(cleaned.flagged.values()) == before
    if "times_unusable" in [problem.code for problem in cleaned.problems]:
        return
    for segment in cleaned.segments:
        steps_s = np.diff(segment.time_s)
        assert (steps_s >= 0).all()
        assert (steps_s <= SETTINGS.gap_s).all()
        if (steps_s == 0).any():
            # Many fixes a second under whole-second times keep those times; they are judged
            # spread within their seconds, so no speed can be taken over a step of theirs.
            continue
        steps_m = GEOD.line_lengths(segment.lon, segment.lat)
        limit_m = SETTINGS.speed_limit_mps(mode) * (segment.time_s[1:] - held_since(segment)[:-1])
        assert (np.asarray(steps_m) <= limit_m * (1 + 1e-6) + 1e-6).all()
    again = clean(cleaned.segments, mode=mode, settings=SETTINGS)
    assert again.flagged == {}
    assert points(again.segments) == points(cleaned.segments)
    assert len(again.segments) == len(cleaned.segments)


def test_outliers_file_comes_back_to_the_truth(shared_data):
    folder = shared_data / "tracks"
    entries = json.loads((folder / "expected.json").read_text("utf-8"))
    truth = next(e for e in entries if e["file"] == "syn_outliers.gpx")["wgs84_truth"]
    file = read_track(folder / "syn_outliers.gpx", settings=SETTINGS)
    cleaned = clean(file.segments, mode=None, settings=SETTINGS)
    assert len(cleaned.segments) == 1
    assert count(cleaned) >= truth["points"] - 4
    assert length_m(cleaned.segments) == pytest.approx(truth["length_m_single_line"], rel=0.001)


def test_a_hopeless_track_is_still_quick():
    import time

    begun = time.monotonic()
    cleaned = on_foot(walk(100_000, mps=40, every_s=1))
    noisy = walk(100_000, every_s=1)
    cleaned_noisy = on_foot(spoilt(noisy, list(range(0, 100_000, 2)), 0.01))
    assert time.monotonic() - begun < 5
    assert count(cleaned) < 100_000
    assert count(cleaned_noisy) == 50_000
