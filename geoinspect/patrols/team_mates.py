"""Whether two devices were carried beside each other: one walk with two receivers' errors in it.

The errors, some metres that drift over a minute or so, are as large as what has to be told apart:
mates in one file see the same ground, people abreast 20 m apart do not. Over some minutes the
errors cancel out; what stays is how far apart people were.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoinspect.patrols.flat_lines import Line
from geoinspect.patrols.likeness import at_same_times, best_offset_s
from geoinspect.records import F8

I8 = NDArray[np.int64]

# Two devices' clocks differ by at most so much.
_CLOCKS_APART_S = 60.0
# Means are taken over so long before and after.
_HALF_WINDOW_S = 300.0
# Mates are on average at most so many times as far apart as asked for, with the errors in it,
_MOST_TIMES = 1.5
# and to one side, or in one direction, so many times, where the errors cancel out.
_MOST_TIMES_ASIDE = 1.2
# Further apart counts as this many times, so that one leap does not undo ten minutes.
_FAR_TIMES = 4.0
# Samples before and after that tell where somebody is heading.
_HEADING_SAMPLES = 5


def clocks_apart_s(one: Line, two: Line, beside_m: float) -> float:
    """Return what the second clock shows more, at most a minute: then they are nearest."""
    offset_s = best_offset_s(one, two, 0.0, _CLOCKS_APART_S, _FAR_TIMES * beside_m)
    return float(np.clip(offset_s, -_CLOCKS_APART_S, _CLOCKS_APART_S))


def beside(of: Line, on: Line, offset_s: float, beside_m: float) -> F8:
    """Return the places of a line's samples on another where both were together; else NaN.

    Args:
        of, on: Lines with times.
        offset_s: What the clock of ``on`` shows more.
        beside_m: How far apart mates are, metres.
    """
    places, apart_m, steps_m = at_same_times(of, on, offset_s)
    when_s = of.time_s[of.samples]
    order = np.flatnonzero(np.isfinite(when_s))
    order = order[np.argsort(when_s[order], kind="stable")]
    when_s, far_m = when_s[order], _FAR_TIMES * beside_m
    window = (
        np.searchsorted(when_s, when_s - _HALF_WINDOW_S, side="left"),
        np.searchsorted(when_s, when_s + _HALF_WINDOW_S, side="right"),
    )
    met = (
        np.nan_to_num(steps_m[order])
        * np.minimum(1, far_m / np.fmax(apart_m[order], 1e-9))[:, None]
    )
    ahead = _headings(of.xy_m[of.samples[order]])
    aside_m = met[:, 1] * ahead[:, 0] - met[:, 0] * ahead[:, 1]
    east_m, north_m = _means(met[:, 0], window), _means(met[:, 1], window)
    leaning_m = np.fmax(np.hypot(east_m, north_m), np.abs(_means(aside_m, window)))
    mean_m = _means(np.fmin(apart_m[order], far_m), window)
    together = (mean_m <= _MOST_TIMES * beside_m) & (leaning_m <= _MOST_TIMES_ASIDE * beside_m)
    found = np.full(len(places), np.nan)
    found[order[together]] = places[order[together]]
    return found


def _headings(xy_m: F8) -> F8:
    """Return unit vectors of where a line leads at each of its samples, shape (n, 2)."""
    count = np.arange(len(xy_m))
    behind = xy_m[np.maximum(count - _HEADING_SAMPLES, 0)]
    before = xy_m[np.minimum(count + _HEADING_SAMPLES, len(xy_m) - 1)]
    length_m = np.hypot(*(before - behind).T)
    return np.asarray((before - behind) / np.maximum(length_m, 1e-9)[:, None])


def _means(values: F8, window: tuple[I8, I8]) -> F8:
    """Return the mean within each sample's window: from the first up to before the last."""
    summed = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((summed[window[1]] - summed[window[0]]) / (window[1] - window[0]))
