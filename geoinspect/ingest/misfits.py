"""Single fixes that their neighbours show to be wrong: spikes, repeats, points out of order."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from geoinspect.ingest.fitting import Flags, reachable
from geoinspect.records import F8

# Fewer points than this do not tell what is usual.
_FEW_POINTS = 8
# A spike: this few fixes, out and back in turned directions (cosine) at this share of the fastest
# believed and this many times the track's own brisk pace.
_SPIKE_POINTS, _RETURN_COSINE, _SPIKE_SPEED_SHARE, _SPIKE_PACES = 3, -0.3, 1 / 3, 2.0
# Cold receivers are home within this time; a drift over less ground than this does no harm.
_SETTLING_S, _SETTLING_M = 60.0, 30.0
# A wild fix of a track without times: this many usual steps, this far away, and this share back.
_WILD_STEPS, _WILD_M, _WILD_BASE_SHARE = 50.0, 500.0, 1 / 3
# Slower than this is standing, and no pace.
_MOVING_MPS = 0.5
# So many late points in a row are no mistake of order.
_MANY_LATE = 10


def spikes(xyz_m: F8, time_s: F8, limit_mps: float) -> Flags:
    """Return which points only their neighbours show to be wrong: a few fixes out and back at
    once, faster than the track ever is around them, though not impossibly fast.
    """
    wrong = np.zeros(len(xyz_m), dtype=bool)
    legs_m, (fast, brisk_mps) = step_lengths_m(xyz_m), _fast_legs(xyz_m, time_s, limit_mps)
    outs = np.flatnonzero(fast)
    for points in range(1, _SPIKE_POINTS + 1):
        out = outs[np.isin(outs + points, outs)]
        back = out + points + 1
        away, home = xyz_m[out + 1] - xyz_m[out], xyz_m[back] - xyz_m[back - 1]
        returns = (away * home).sum(axis=1) < _RETURN_COSINE * legs_m[out] * legs_m[back - 1]
        pace_mps = _SPIKE_PACES * max(brisk_mps, _MOVING_MPS)
        returns &= reachable(xyz_m[out], xyz_m[back], time_s[back] - time_s[out], pace_mps)
        for first in out[returns].tolist():
            wrong[first + 1 : first + points + 1] = True
    return wrong


def settling(xyz_m: F8, time_s: F8, limit_mps: float, gap_s: float) -> Flags:
    """Return which points a receiver drifted home over at the start or after a pause: faster than
    the track ever is, though not impossibly fast, until it is where it should be.

    What lasts longer than a receiver takes is no drift but a way that was driven, and stays.
    """
    wrong = np.zeros(len(xyz_m), dtype=bool)
    fast, _ = _fast_legs(xyz_m, time_s, limit_mps)
    if not fast.any():
        return wrong
    begins = np.concatenate([[0], np.flatnonzero(np.diff(time_s) > gap_s) + 1])
    slow = np.append(np.flatnonzero(~fast), len(fast))
    homes = slow[np.searchsorted(slow, begins)]
    lasted = time_s[homes] - time_s[begins] <= _SETTLING_S
    away_m = np.sqrt(((xyz_m[homes] - xyz_m[begins]) ** 2).sum(axis=1))
    drifted = lasted & (away_m > _SETTLING_M)
    for begin, home in zip(begins[drifted].tolist(), homes[drifted].tolist(), strict=True):
        wrong[begin:home] = True
    return wrong


def _fast_legs(xyz_m: F8, time_s: F8, limit_mps: float) -> tuple[Flags, float]:
    """Return which legs are far faster than the track usually is, and its brisk pace."""
    with np.errstate(divide="ignore", invalid="ignore"):
        speeds_mps = step_lengths_m(xyz_m) / np.diff(time_s)
    known = speeds_mps[np.isfinite(speeds_mps)]
    if len(xyz_m) <= _FEW_POINTS or not len(known):
        return np.zeros(len(speeds_mps), dtype=bool), 0.0
    brisk_mps = float(np.quantile(known, 0.9))
    return speeds_mps > max(_SPIKE_PACES * brisk_mps, _SPIKE_SPEED_SHARE * limit_mps), brisk_mps


def duplicates(xyz_m: F8, time_s: F8, limit_mps: float) -> Flags:
    """Return which points repeat the time of the point before them, at about its place.

    A point of the same time far away is a bad fix, which the speed rule judges.
    """
    near = reachable(xyz_m[:-1], xyz_m[1:], np.ones(len(xyz_m) - 1), limit_mps)
    return np.concatenate([[False], (np.diff(time_s) == 0) & near])


def late(time_s: F8) -> Flags:
    """Return which points stand among later ones: all but the longest rise of the times. Many in
    a row are no mistake of order but a clock that was set back, and stay.
    """
    behind = np.zeros(len(time_s), dtype=bool)
    known = np.flatnonzero(np.isfinite(time_s))
    if np.all(np.diff(time_s[known]) >= 0):
        return behind
    tops_s: list[float] = []
    lengths = np.empty(len(known), np.int64)
    for place, moment_s in enumerate(time_s[known].tolist()):
        length = bisect_right(tops_s, moment_s)
        tops_s[length : length + 1] = [moment_s]
        lengths[place] = length
    behind[known] = True
    wanted, below_s = len(tops_s) - 1, np.inf
    for place in range(len(known) - 1, -1, -1):
        if lengths[place] == wanted and time_s[known[place]] <= below_s:
            behind[known[place]], below_s = False, time_s[known[place]]
            wanted -= 1
    edges = np.flatnonzero(np.diff(np.concatenate([[0], behind, [0]])))
    for first, end in edges.reshape(-1, 2).tolist():
        if end - first > _MANY_LATE:
            behind[first:end] = False
    return behind


def step_lengths_m(xyz_m: F8) -> F8:
    """Return the straight distances from point to point, metres, shape (n - 1,)."""
    return np.asarray(np.sqrt((np.diff(xyz_m, axis=0) ** 2).sum(axis=1)))


def wild(xyz_m: F8) -> Flags:
    """Return which points of a track without times lie far off and are left again at once."""
    alone = np.zeros(len(xyz_m), dtype=bool)
    if len(xyz_m) < 3:
        return alone
    away_m = step_lengths_m(xyz_m)
    far_m = max(_WILD_STEPS * float(np.median(away_m)), _WILD_M)
    around_m = np.sqrt(((xyz_m[2:] - xyz_m[:-2]) ** 2).sum(axis=1))
    returns = around_m < _WILD_BASE_SHARE * (away_m[:-1] + away_m[1:])
    alone[1:-1] = (away_m[:-1] > far_m) & (away_m[1:] > far_m) & returns
    return alone
