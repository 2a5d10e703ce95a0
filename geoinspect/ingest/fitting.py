"""Which fixes of a track fit together: nobody moves faster than the mode allows.

A segment is cut into runs wherever two neighbours are further apart than the mode can move in the
time between them; then the runs are kept that lose the fewest points and fit together. So a bad
first fix costs one point and not the rest, a spike costs the spike and never the ground on one
side of it, and where two long pieces cannot belong together both stay, with a break between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.records import F8

I8 = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A run of this many points is a piece of the walk and is never taken for a spike.
_LONG_RUN = 10
# Nobody needs longer than this for ten metres.
_HELD_S = 60.0
# So many fixes at the ends of two pieces may be wrong where the rest of them fits together.
_BAD_END = 3
# … where they lie off the way: out and home again is so many times the way without them.
_DETOUR = 2.0
# How many runs back a run may connect to: bounds the work on a hopeless track.
_LOOK_BACK = 20
# WGS84 semi-major axis (metres) and first eccentricity squared (NIMA TR8350.2).
_AXIS_M, _E2 = 6_378_137.0, 6.69437999014e-3


def earth_centred_m(lon_deg: F8, lat_deg: F8) -> F8:
    """Return positions as x, y, z in metres, shape (n, 3): straight distances between them hold
    across the antimeridian and at the poles, and equal the geodesic where it matters here.
    """
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    normal_m = _AXIS_M / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.column_stack(
        [
            normal_m * np.cos(lat) * np.cos(lon),
            normal_m * np.cos(lat) * np.sin(lon),
            normal_m * (1 - _E2) * np.sin(lat),
        ]
    )


def fitting(xyz_m: F8, time_s: F8, limit_mps: float, gap_s: float) -> tuple[I8, Flags]:
    """Choose the points that fit together.

    Args:
        xyz_m: Places, see :func:`earth_centred_m`, shape (n, 3), n > 0.
        time_s: Epoch seconds, NaN where unknown, shape (n,).
        limit_mps: The fastest that is believed.
        gap_s: What comes after a longer pause is judged by itself: almost any place can be
            reached in it, so a bad first fix would pass for the end of what was before.

    Returns:
        Indices of the points kept, and for each whether it can't be reached from the one before.
    """
    fixes = _Fixes(xyz_m, time_s, _held_since(xyz_m, time_s, gap_s), limit_mps)
    places = np.arange(len(xyz_m))
    cut = ~fixes.follow(places[:-1], places[1:]) | (np.diff(time_s) > gap_s)
    starts = np.concatenate([[0], np.flatnonzero(cut) + 1])
    ends = np.concatenate([starts[1:], [len(xyz_m)]])
    weights = ends - starts
    last, first = ends - 1, starts
    reach = np.zeros((len(starts), _LOOK_BACK + 1), dtype=bool)
    for lag in range(1, min(_LOOK_BACK, len(starts) - 1) + 1):
        before, after = last[:-lag], first[lag:]
        reach[lag:, lag] = fixes.follow(before, after)
    runs, breaks = _best_chain(weights, reach)
    index = np.concatenate([np.arange(starts[run], ends[run]) for run in runs])
    jumped = np.zeros(len(index), dtype=bool)
    offsets = np.concatenate([[0], np.cumsum(ends[runs] - starts[runs])[:-1]])
    jumped[offsets[breaks]] = True
    return _without_bad_ends(index, jumped, fixes)


@dataclass(frozen=True, slots=True, eq=False)
class _Fixes:
    """Fixes of one segment and how fast they may follow each other."""

    xyz_m: F8
    time_s: F8
    held_s: F8
    limit_mps: float

    def follow(self, before: I8, after: I8) -> Flags:
        """Return whether fixes can be reached from others, by their places in the segment."""
        moved_s = self.time_s[after] - self.held_s[before]
        later = ~(self.time_s[after] - self.time_s[before] <= 0)
        near = reachable(self.xyz_m[before], self.xyz_m[after], moved_s, self.limit_mps)
        return np.asarray(near & later)

    def stray(self, before: I8, out: I8, home: I8, after: I8) -> Flags:
        """Return whether the way out to some fixes and home from them is a detour."""
        legs_m = self._apart_m(before, out) + self._apart_m(home, after)
        return np.asarray(legs_m >= _DETOUR * self._apart_m(before, after))

    def _apart_m(self, one: I8, other: I8) -> F8:
        steps_m = self.xyz_m[other] - self.xyz_m[one]
        return np.asarray(np.sqrt((steps_m**2).sum(axis=1)))


def _held_since(xyz_m: F8, time_s: F8, gap_s: float) -> F8:
    """Return since when each fix has shown its place. Some apps repeat the last place until ten
    metres are walked: the way from there may have begun with the first of the repeats. A place
    shown for long is a lost signal, and no excuse for any leap; nor is one shown before a pause.
    """
    new = np.any(np.diff(xyz_m, axis=0) != 0, axis=1) | (np.diff(time_s) > gap_s)
    moved = np.concatenate([[True], new])
    first_s = time_s[np.flatnonzero(moved)[np.cumsum(moved) - 1]]
    return np.asarray(np.maximum(first_s, time_s - _HELD_S))


def _without_bad_ends(index: I8, jumped: Flags, fixes: _Fixes) -> tuple[I8, Flags]:
    """Mend breaks that only a few fixes at the ends of the long pieces make: a spike that can
    just be reached from one side belongs to neither.
    """
    keep = np.ones(len(index), dtype=bool)
    mended = jumped.copy()
    breaks = np.flatnonzero(jumped)
    edges = np.concatenate([[0], breaks, [len(index)]])
    for number, at in enumerate(breaks.tolist()):
        tail, head = at - edges[number], edges[number + 2] - at
        for spare in range(1, _BAD_END + 1):
            ends = [(spare - after, after) for after in range(spare + 1)]
            ends = [(a, b) for a, b in ends if a + _LONG_RUN <= tail and b + _LONG_RUN <= head]
            before, out, home, after = (
                index[np.array(places, np.int64)]
                for places in (
                    [at - 1 - a for a, _ in ends],
                    [at - a for a, _ in ends],
                    [at + b - 1 for _, b in ends],
                    [at + b for _, b in ends],
                )
            )
            fits = np.flatnonzero(
                fixes.follow(before, after) & fixes.stray(before, out, home, after)
            )
            if len(fits):
                cut_before, cut_after = ends[fits[0]]
                keep[at - cut_before : at + cut_after] = False
                mended[at] = False
                break
    return index[keep], mended[keep]


def reachable(from_m: F8, to_m: F8, passed_s: F8, limit_mps: float) -> Flags:
    """Return whether places can be reached in time; unknown times are given the benefit."""
    away_m = np.sqrt(((to_m - from_m) ** 2).sum(axis=1))
    in_time = (passed_s > 0) & (away_m <= limit_mps * passed_s)
    return np.asarray(np.isnan(passed_s) | in_time)


def _best_chain(weights: I8, reach: Flags) -> tuple[list[int], list[bool]]:
    """Choose runs by dynamic programming: drop the least, where a break costs a long run.

    Long runs are always chosen.

    Args:
        weights: Points of each run, shape (m,).
        reach: Whether run ``k`` can be reached from run ``k - lag``, shape (m, lags).

    Returns:
        The runs, and for each whether it follows a break.
    """
    count = len(weights)
    before = np.concatenate([[0], np.cumsum(weights)]).tolist()
    rows, columns = np.nonzero(reach)
    bounds = np.searchsorted(rows, np.arange(count + 1)).tolist()
    lags = columns.tolist()
    # cost[k]: the cheapest chain that ends with run k; dropping j+1 … k-1 costs their points.
    cost: list[int] = []
    came_from: list[int] = []
    broke: list[bool] = []
    long_before = leader = -1
    for run in range(count):
        dropped, source, breaks = before[run], -1, False
        if long_before >= 0:
            dropped = cost[leader] + before[run] - before[leader + 1] + _LONG_RUN
            source, breaks = leader, True
        for lag in lags[bounds[run] : bounds[run + 1]]:
            other = run - lag
            price = cost[other] + before[run] - before[other + 1]
            if other >= long_before and price < dropped:
                dropped, source, breaks = price, other, False
        cost.append(dropped)
        came_from.append(source)
        broke.append(breaks)
        is_long = weights[run] >= _LONG_RUN
        if is_long:
            long_before = run
        if is_long or leader < 0 or dropped - before[run + 1] < cost[leader] - before[leader + 1]:
            leader = run
    chain = []
    run = leader
    while run >= 0:
        chain.append(run)
        run = came_from[run]
    chain.reverse()
    return chain, [broke[run] for run in chain]
