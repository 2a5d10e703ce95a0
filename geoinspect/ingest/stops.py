"""Where a track stood still, and the fixes that only the receiver's noise moved.

A stop is made of moments around which, for a set time, the fixes spread no further than a set
radius (root mean square) about their middle: the moving spread needs no first fix that is right,
and one bad fix more or less does not end a stop.
"""

from __future__ import annotations

import numpy as np

from geoinspect.ingest.fitting import I8, Flags
from geoinspect.records import F8

Span = tuple[int, int]

# Slower than this, or with directions that persist less (mean cosine of the turns), is standing.
_WALKING_MPS, _WALKING_PERSISTENCE = 0.4, 0.5


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
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(near_m, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((near_m**2).sum(axis=1))])
    counts = ends - starts
    middles = (sums[ends] - sums[starts]) / counts[:, None]
    spread_m2 = (squares[ends] - squares[starts]) / counts - (middles**2).sum(axis=1)
    gaps = np.concatenate([[0], np.cumsum(np.diff(time_s) > gap_s)])
    still = (spread_m2 <= radius_m**2) & (gaps[starts] == gaps[ends - 1])
    spans: list[Span] = []
    for first, end in zip(starts[still].tolist(), ends[still].tolist(), strict=True):
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end - 1))
        else:
            spans.append((first, end - 1))
    return [span for span in spans if not _walks(xyz_m, time_s, span)]


def _walks(xyz_m: F8, time_s: F8, span: Span) -> bool:
    """Return whether somebody walks to and fro in a narrow place: steps that keep their direction
    at a walking pace, where noise has none and drift is slow.
    """
    first, last = span
    steps_m = np.diff(xyz_m[first : last + 1], axis=0)
    lengths_m = np.sqrt((steps_m**2).sum(axis=1))
    both_m2 = float((lengths_m[1:] * lengths_m[:-1]).sum())
    kept_m2 = float((steps_m[1:] * steps_m[:-1]).sum())
    pace_mps = float(lengths_m.sum()) / float(time_s[last] - time_s[first])
    return pace_mps > _WALKING_MPS and kept_m2 > _WALKING_PERSISTENCE * both_m2


def jitter(xyz_m: F8, time_s: F8, span: Span, *, every_s: float) -> Flags:
    """Return which fixes of a stop say nothing more: all but its ends and, every so often, the
    one nearest to its middle; shape (points of the span,).
    """
    first, last = span
    here, moments = xyz_m[first : last + 1], time_s[first : last + 1]
    away_m = np.sqrt(((here - np.median(here, axis=0)) ** 2).sum(axis=1))
    window = ((moments - moments[0]) // every_s).astype(np.int64)
    order: I8 = np.lexsort((away_m, window))
    _, nearest = np.unique(window[order], return_index=True)
    spare = np.ones(len(here), dtype=bool)
    spare[order[nearest]] = False
    spare[[0, -1]] = False
    return spare
