"""Where a track stood still, and the fixes that only the receiver's noise moved.

A stop is made of moments around which, for a set time, the fixes spread no further than a set
radius (root mean square) about their middle: the moving spread needs no first fix that is right,
and one bad fix more or less does not end a stop. Who searches a yard stays as close together but
walks: the steps of a walk keep their direction for some seconds, those of noise do not.
"""

from __future__ import annotations

import numpy as np

from geoinspect.ingest.fitting import I8, Flags
from geoinspect.records import F8

Span = tuple[int, int]

# A stride long enough for a walk to show above the noise and too short for it to turn.
_STRIDE_S = 5.0
# Slower than this is drift; strides of noise keep their direction less (mean cosine).
_WALKING_MPS, _WALKING_PERSISTENCE = 0.3, 0.2
# Fewer fixes, or less than two of the times between those kept, do not tell a stand from a search:
# a search lost costs more than the little way that short noise adds.
_JITTER_POINTS = 20


def stop_spans(xyz_m: F8, time_s: F8, *, radius_m: float, min_s: float, gap_s: float) -> list[Span]:
    """Return the first and last index of each stop, in order and apart from each other.

    Args:
        xyz_m: Places in metres, shape (n, 3).
        time_s: Epoch seconds, increasing, shape (n,).
        radius_m: Largest spread of a stop, root mean square.
        min_s: Shortest stop.
        gap_s: Nobody knows what happened in a longer time without a fix: no stop spans it.
    """
    ends = np.searchsorted(time_s, time_s + min_s)
    starts = np.flatnonzero(ends < len(time_s))
    ends = ends[starts] + 1
    # Sums from a middle nearby keep their digits.
    near_m = xyz_m - np.median(xyz_m, axis=0) if len(xyz_m) else xyz_m
    middles = _middles(near_m, starts, ends)
    square_m2 = _within((near_m**2).sum(axis=1), starts, ends) / (ends - starts)
    spread_m2 = square_m2 - (middles**2).sum(axis=1)
    gaps = np.concatenate([[0], np.cumsum(np.diff(time_s) > gap_s)])
    still = (spread_m2 <= radius_m**2) & (gaps[starts] == gaps[ends - 1])
    halves = np.clip(np.searchsorted(time_s, time_s[starts] + min_s / 2), starts + 1, ends - 1)
    moved_m = _middles(near_m, starts, halves) - _middles(near_m, halves, ends)
    # A slow climb stays as close together as noise does, but gets somewhere.
    still &= (moved_m**2).sum(axis=1) <= radius_m**2
    still &= ~_walks(xyz_m, time_s, starts, ends)
    starts, ends = starts[still], ends[still]
    if not len(starts):
        return []
    apart = np.flatnonzero(starts[1:] >= ends[:-1])
    spans = []
    for head, tail in zip([0, *(apart + 1).tolist()], [*apart.tolist(), -1], strict=True):
        # The first and the last window hold steps that lead to the stop and away from it.
        first = starts[head] + _inside(xyz_m[starts[head] : ends[head]], radius_m)[0]
        last = starts[tail] + _inside(xyz_m[starts[tail] : ends[tail]], radius_m)[-1]
        if time_s[last] - time_s[first] >= min_s:
            spans.append((int(first), int(last)))
    return spans


def _inside(window_m: F8, radius_m: float) -> I8:
    """Return which points of a window lie within its spread: at least one always does."""
    away_m = np.sqrt(((window_m - window_m.mean(axis=0)) ** 2).sum(axis=1))
    return np.flatnonzero(away_m <= max(radius_m, float(away_m.min())))


def _middles(xyz_m: F8, starts: I8, ends: I8) -> F8:
    return np.asarray(_within(xyz_m, starts, ends) / (ends - starts)[:, None])


def _within(values: F8, starts: I8, ends: I8) -> F8:
    """Return the sums of the values from each start up to before each end."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=sums[1:])
    return np.asarray(sums[ends] - sums[starts])


def _walks(xyz_m: F8, time_s: F8, starts: I8, ends: I8) -> Flags:
    """Return in which windows somebody walks to and fro: strides that keep their direction at a
    walking pace, where noise has none and drift is slow.
    """
    one = np.searchsorted(time_s, time_s + _STRIDE_S)
    first = np.flatnonzero(one < len(time_s))
    first = first[one[one[first]] < len(time_s)]
    middle, last = one[first], one[one[first]]
    stride_m, next_m = xyz_m[middle] - xyz_m[first], xyz_m[last] - xyz_m[middle]
    length_m, next_length_m = (np.sqrt((step**2).sum(axis=1)) for step in (stride_m, next_m))
    starts = np.minimum(starts, len(first))
    ends = np.maximum(np.searchsorted(last, ends), starts)
    kept_m2 = _within((stride_m * next_m).sum(axis=1), starts, ends)
    both_m2 = _within(length_m * next_length_m, starts, ends)
    walked_m = _within(length_m, starts, ends)
    walked_s = _within(time_s[middle] - time_s[first], starts, ends)
    return np.asarray(
        (kept_m2 > _WALKING_PERSISTENCE * both_m2) & (walked_m > _WALKING_MPS * walked_s)
    )


def jitter(xyz_m: F8, time_s: F8, span: Span, *, every_s: float) -> Flags:
    """Return which fixes of a stop say nothing more: all but its ends and, every so often, the
    one nearest to its middle; shape (points of the span,).
    """
    first, last = span
    here, moments = xyz_m[first : last + 1], time_s[first : last + 1]
    spare = np.ones(len(here), dtype=bool)
    if len(here) < _JITTER_POINTS or moments[-1] - moments[0] < 2 * every_s:
        return ~spare
    away_m = np.sqrt(((here - np.median(here, axis=0)) ** 2).sum(axis=1))
    window = ((moments - moments[0]) // every_s).astype(np.int64)
    order: I8 = np.lexsort((away_m, window))
    _, nearest = np.unique(window[order], return_index=True)
    spare[order[nearest]] = False
    spare[[0, -1]] = False
    return spare
