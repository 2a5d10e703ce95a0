"""Measures of how a track moves, by which a recording differs from a line that was made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.fitting import earth_centred_m
from geoinspect.ingest.misfits import step_lengths_m
from geoinspect.records import F8, Segment

# Slower than this is standing.
MOVING_MPS = 0.5
# A driven stretch is at least so many samples of this length in a row: a bad fix makes two.
_SAMPLE_S, _DRIVEN_SAMPLES = 30.0, 3
# Out and back again is a bad fix: what is driven gets this share of its way from where it began.
_ONWARD_SHARE = 0.5
# Windows of the straightness test start so far apart, and at most so many are looked at.
_STRIDE_SHARE, _MOST_WINDOWS = 0.1, 5000
# A chord over fewer steps is met by chance.
_CHORD_STEPS = 4
# Fewer points do not show how straight a line is.
_STRAIGHT_POINTS = 10
# Below this a change of speed is the rounding of its times.
_SHORTEST_STEP_S = 0.9


def spread(values: F8) -> float:
    """Return the interquartile range as a share of the median (0: all alike); NaN when empty.

    A quarter of odd values at either end, such as stops on the way, does not change it.
    """
    if not len(values):
        return float("nan")
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float((high - low) / middle) if middle > 0 else float("nan")


def lasting_s(segments: Sequence[Segment]) -> float:
    """Return the time from the first to the last fix, seconds; 0 without times."""
    known = known_times(segments)
    return float(known.max() - known.min()) if len(known) else 0.0


def known_times(segments: Sequence[Segment]) -> F8:
    """Return every time there is, epoch seconds."""
    times_s: F8 = np.concatenate([np.empty(0), *(segment.time_s for segment in segments)])
    return times_s[np.isfinite(times_s)]


def steps_m(segments: Sequence[Segment]) -> F8:
    """Return the length of every step inside segments, metres."""
    return np.concatenate([np.empty(0), *(_lengths_m(segment) for segment in segments)])


def steps_s(segments: Sequence[Segment]) -> F8:
    """Return the time of every step inside segments, seconds; NaN where unknown."""
    return np.concatenate([np.empty(0), *(np.diff(segment.time_s) for segment in segments)])


def pace_mps(segments: Sequence[Segment], *, every_s: float, gap_s: float) -> F8:
    """Return the speeds along the line over windows of ``every_s`` in which somebody moved.

    Over a window the rounding of coordinates hardly shows, but slopes, bushes and breath do.
    """
    found = [np.empty(0)]
    for segment in _longer(map(_timed, segments), 1):
        along_m = np.concatenate([[0.0], np.cumsum(_lengths_m(segment))])
        at = _samples(segment.time_s, every_s)
        took_s = np.diff(segment.time_s[at])
        fit = (took_s > 0) & (took_s <= max(gap_s, 2 * every_s))
        found.append(np.diff(along_m[at])[fit] / took_s[fit])
    speeds = np.concatenate(found)
    return speeds[speeds > MOVING_MPS]


def offsets_m(segments: Sequence[Segment], *, chord_m: float) -> F8:
    """Return how far the line lies from the middle of its chords of ``chord_m``, metres.

    One value for each point that begins a chord over at least four steps; a receiver's noise puts
    some metres there, a ruler none.
    """
    found = [np.empty(0)]
    for segment in _longer(segments, _CHORD_STEPS):
        xyz_m = earth_centred_m(segment.lon, segment.lat)
        along_m = np.concatenate([[0.0], np.cumsum(step_lengths_m(xyz_m))])
        first = np.arange(len(segment))
        middle = np.searchsorted(along_m, along_m + chord_m / 2)
        last = np.searchsorted(along_m, along_m + chord_m)
        fit = (
            (last < len(segment))
            & (last - first >= _CHORD_STEPS)
            & (middle > first)
            & (middle < last)
        )
        first, middle, last = first[fit], middle[fit], last[fit]
        found.append(_from_chord_m(xyz_m[first], xyz_m[last], xyz_m[middle]))
    return np.concatenate(found)


def straight_m(segments: Sequence[Segment], *, least_m: float, within_m: float) -> float:
    """Return the length of the longest stretch that never leaves a straight line, metres.

    Args:
        segments: The track.
        least_m: Only stretches of at least this length, with ten points or more; else 0.
        within_m: How far from the line from its first to its last point it may lie.
    """
    longest_m = 0.0
    for segment in _longer(segments, _STRAIGHT_POINTS - 1):
        xyz_m = earth_centred_m(segment.lon, segment.lat)
        along_m = np.concatenate([[0.0], np.cumsum(step_lengths_m(xyz_m))])
        since_m: float | None = None
        for start_m in _starts_m(along_m, least_m):
            first = int(np.searchsorted(along_m, start_m))
            last = int(np.searchsorted(along_m, along_m[first] + least_m))
            if not _is_straight(xyz_m[first : last + 1], least_m, within_m):
                since_m = None
                continue
            since_m = float(along_m[first]) if since_m is None else since_m
            longest_m = max(longest_m, float(along_m[min(last, len(segment) - 1)]) - since_m)
    return longest_m


def driven_m(
    segments: Sequence[Segment], *, faster_mps: float, gap_s: float
) -> tuple[float, float]:
    """Return the length of the stretches that keep up a speed, and the length of all, metres.

    Both are measured between fixes half a minute apart, over which bad fixes hardly add length.
    A stretch keeps it up for three such samples at least and gets somewhere.
    """
    fast_m, all_m = 0.0, 0.0
    for segment in _longer(map(_timed, segments), 1):
        at = _samples(segment.time_s, _SAMPLE_S)
        xyz_m = earth_centred_m(segment.lon[at], segment.lat[at])
        lengths_m, took_s = step_lengths_m(xyz_m), np.diff(segment.time_s[at])
        all_m += float(lengths_m.sum())
        if len(lengths_m) < _DRIVEN_SAMPLES:
            continue
        fast = (lengths_m > faster_mps * took_s) & (took_s > 0) & (took_s <= gap_s)
        windows = np.lib.stride_tricks.sliding_window_view
        onward_m = np.sqrt(((xyz_m[_DRIVEN_SAMPLES:] - xyz_m[:-_DRIVEN_SAMPLES]) ** 2).sum(axis=1))
        ways_m = windows(lengths_m, _DRIVEN_SAMPLES).sum(axis=1)
        kept_up = windows(fast, _DRIVEN_SAMPLES).all(axis=1) & (onward_m > _ONWARD_SHARE * ways_m)
        driven = np.zeros(len(lengths_m), dtype=bool)
        for later in range(_DRIVEN_SAMPLES):
            driven[later : later + len(kept_up)] |= kept_up
        fast_m += float(lengths_m[driven].sum())
    return fast_m, all_m


def accelerations_mps2(segments: Sequence[Segment]) -> F8:
    """Return how hard the velocity changes from step to step, metres a second squared."""
    found = [np.empty(0)]
    for segment in _longer(map(_timed, segments), 2):
        took_s = np.diff(segment.time_s)
        known_s = np.where(took_s >= _SHORTEST_STEP_S, took_s, np.nan)
        moved_m = np.diff(earth_centred_m(segment.lon, segment.lat), axis=0)
        change_mps = np.diff(moved_m / known_s[:, None], axis=0)
        hard_mps2 = np.sqrt((change_mps**2).sum(axis=1)) / ((known_s[1:] + known_s[:-1]) / 2)
        found.append(hard_mps2[np.isfinite(hard_mps2)])
    return np.concatenate(found)


def leaps(segments: Sequence[Segment], *, least_m: float) -> tuple[F8, F8]:
    """Return the distances in metres and the speeds in m/s between pieces of a track that lie far
    apart; pieces that overlap in time are not compared.
    """
    timed = [segment for segment in map(_timed, segments) if len(segment)]
    timed.sort(key=lambda segment: float(segment.time_s[0]))
    if len(timed) < 2:
        return np.empty(0), np.empty(0)
    ends = np.array([[s.lon[-1], s.lat[-1], s.time_s[-1]] for s in timed[:-1]])
    starts = np.array([[s.lon[0], s.lat[0], s.time_s[0]] for s in timed[1:]])
    away_m = np.sqrt(
        ((earth_centred_m(*starts[:, :2].T) - earth_centred_m(*ends[:, :2].T)) ** 2).sum(axis=1)
    )
    passed_s = starts[:, 2] - ends[:, 2]
    far = (passed_s >= 0) & (away_m >= least_m)
    # Times are whole seconds at best; a leap within one took at most one.
    return away_m[far], away_m[far] / np.maximum(passed_s[far], 1.0)


def extent_m(segments: Sequence[Segment]) -> float:
    """Return the diagonal of the box that holds every point, metres."""
    xyz_m = np.concatenate(
        [np.empty((0, 3)), *(earth_centred_m(segment.lon, segment.lat) for segment in segments)]
    )
    if not len(xyz_m):
        return 0.0
    return float(np.sqrt(((xyz_m.max(axis=0) - xyz_m.min(axis=0)) ** 2).sum()))


def _longer(segments: Iterable[Segment], steps: int) -> Iterator[Segment]:
    """Yield the segments of at least so many steps."""
    return (segment for segment in segments if len(segment) > steps)


def _lengths_m(segment: Segment) -> F8:
    return step_lengths_m(earth_centred_m(segment.lon, segment.lat))


def _timed(segment: Segment) -> Segment:
    return segment.part(np.isfinite(segment.time_s))


def _samples(time_s: F8, every_s: float) -> NDArray[np.int64]:
    """Return the first fix in every stretch of ``every_s``."""
    number = np.floor((time_s - time_s[0]) / every_s)
    return np.flatnonzero(np.concatenate([[True], np.diff(number) > 0]))


def _starts_m(along_m: F8, least_m: float) -> Iterator[float]:
    """Yield where the windows of a straightness test begin."""
    room_m = float(along_m[-1]) - least_m
    if room_m >= 0:
        yield from np.linspace(
            0.0, room_m, min(int(room_m / (least_m * _STRIDE_SHARE)) + 2, _MOST_WINDOWS)
        ).tolist()


def _is_straight(xyz_m: F8, least_m: float, within_m: float) -> bool:
    if len(xyz_m) < _STRAIGHT_POINTS:
        return False
    count = len(xyz_m)
    first, last = np.repeat(xyz_m[:1], count, axis=0), np.repeat(xyz_m[-1:], count, axis=0)
    away_m = _from_chord_m(first, last, xyz_m)
    chord_m = float(np.sqrt(((xyz_m[-1] - xyz_m[0]) ** 2).sum()))
    return chord_m > 0.9 * least_m and float(away_m.max()) <= within_m


def _from_chord_m(first_m: F8, last_m: F8, point_m: F8) -> F8:
    """Return the distance of points from the lines through two others, metres, shape (n,)."""
    chord_m = last_m - first_m
    length_m = np.sqrt((chord_m**2).sum(axis=1))
    across = np.cross(point_m - first_m, chord_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        away_m = np.sqrt((across**2).sum(axis=1)) / length_m
    return np.asarray(np.where(length_m > 0, away_m, np.inf), dtype=np.float64)
