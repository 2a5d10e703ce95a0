"""Taking bad fixes out of a track: one speed rule, equal times, and gaps that are not bridged.

The speed rule: cut a segment into runs wherever two neighbours are further apart than the mode can
move in the time between them; then keep the runs that lose the fewest points and fit together. So
a bad first fix costs one point and not the rest, a spike costs the spike and never the ground on
one side of it, and where two long pieces cannot belong together both stay, with a break between.
Points are taken out or kept as they are: never moved, never made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import Text
from geoinspect.records import F8, CleanedTrack, Mode, Problem, Segment
from geoinspect.settings import Settings

I8 = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A run of this many points is a piece of the walk and is never taken for a spike.
_LONG_RUN = 10
# With fewer steps than this there is no telling whether the times are of any use.
_ENOUGH_STEPS = 4
# How many runs back a run may connect to: bounds the work on a hopeless track.
_LOOK_BACK = 20
# Points at most this many places out of their order in time are put back in order.
_SWAP_PLACES = 3
# Slower than this is standing, and says nothing of how somebody moves.
_MOVING_MPS = 0.5
# Spikes of a walk are fewer than this share of its steps.
_DRIVEN_SHARE = 0.1
# WGS84 semi-major axis (metres) and first eccentricity squared (NIMA TR8350.2).
_AXIS_M, _E2 = 6_378_137.0, 6.69437999014e-3


def clean(segments: Sequence[Segment], *, mode: Mode | None, settings: Settings) -> CleanedTrack:
    """Return a track without the fixes that can't be right.

    Args:
        segments: As read; breaks between them stay.
        mode: How the team moved; None infers foot or vehicle from the speeds.
        settings: Speed limits and the longest gap that is bridged.
    """
    segments = [segment for segment in segments if len(segment)]
    timed = any(np.isfinite(segment.time_s).any() for segment in segments)
    usable = timed and _times_are_usable(segments)
    speeds_mps = _moving_speeds_mps(segments) if usable else np.empty(0)
    used = mode if mode is not None else _likely_mode(speeds_mps, settings)
    flagged: Counter[str] = Counter()
    problems: list[Problem] = []
    kept: list[Segment] = []
    if usable:
        limit_mps = settings.speed_limit_mps(used)
        jumps = 0
        for segment in segments:
            pieces, breaks = _clean_segment(_in_order(segment), limit_mps, settings.gap_s, flagged)
            kept += pieces
            jumps += breaks
        if jumps:
            problems.append(_jump(jumps))
        points = sum(len(segment) for segment in segments)
        if mode is not None and _is_faster(speeds_mps, limit_mps, flagged["speed"] / points):
            problems.append(_faster_than_mode(mode, limit_mps))
    else:
        kept = segments
        if segments:
            problems.append(_times_unusable() if timed else _no_time())
    taken_out = {rule: count for rule, count in flagged.items() if count}
    return CleanedTrack(tuple(kept), used, mode is not None, taken_out, tuple(problems))


def _clean_segment(
    segment: Segment, limit_mps: float, gap_s: float, flagged: Counter[str]
) -> tuple[list[Segment], int]:
    """Clean one segment; count in ``flagged``; return its pieces and how many jumps break it."""
    xyz_m = _earth_centred_m(segment)
    time_s = _filled(segment.time_s)
    index = np.flatnonzero(~_duplicates(xyz_m, time_s, limit_mps))
    flagged["duplicate_time"] += len(segment) - len(index)
    chosen, jumped = _fitting(xyz_m[index], time_s[index], limit_mps)
    flagged["speed"] += len(index) - len(chosen)
    index = index[chosen]
    cuts = np.flatnonzero(jumped[1:] | (np.diff(time_s[index]) > gap_s)) + 1
    pieces = [segment.part(part) for part in np.split(index, cuts)]
    return pieces, int(jumped.sum())


def _fitting(xyz_m: F8, time_s: F8, limit_mps: float) -> tuple[I8, Flags]:
    """Choose the points that fit together.

    Returns:
        Indices of the points kept, and for each whether it can't be reached from the one before.
    """
    cut = ~_reachable(xyz_m[:-1], xyz_m[1:], np.diff(time_s), limit_mps)
    starts = np.concatenate([[0], np.flatnonzero(cut) + 1])
    ends = np.concatenate([starts[1:], [len(xyz_m)]])
    # A receiver without a fix writes 0, 0: such points are worth nothing, however many.
    fixes = np.concatenate([[0], np.cumsum(~_at_null_island(xyz_m))])
    weights = fixes[ends] - fixes[starts]
    last, first = ends - 1, starts
    reach = np.zeros((len(starts), _LOOK_BACK + 1), dtype=bool)
    for lag in range(2, min(_LOOK_BACK, len(starts) - 1) + 1):
        before, after = last[:-lag], first[lag:]
        passed_s = time_s[after] - time_s[before]
        reach[lag:, lag] = _reachable(xyz_m[before], xyz_m[after], passed_s, limit_mps)
    runs, breaks = _best_chain(weights, reach)
    index = np.concatenate([np.arange(starts[run], ends[run]) for run in runs])
    jumped = np.zeros(len(index), dtype=bool)
    offsets = np.concatenate([[0], np.cumsum(ends[runs] - starts[runs])[:-1]])
    jumped[offsets[breaks]] = True
    return index, jumped


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


def _reachable(from_m: F8, to_m: F8, passed_s: F8, limit_mps: float) -> Flags:
    """Return whether places can be reached in time; unknown times are given the benefit."""
    away_m = np.sqrt(((to_m - from_m) ** 2).sum(axis=1))
    in_time = (passed_s > 0) & (away_m <= limit_mps * passed_s)
    return np.asarray(np.isnan(passed_s) | in_time)


def _duplicates(xyz_m: F8, time_s: F8, limit_mps: float) -> Flags:
    """Return which points repeat the time of the point before them, at about its place.

    A point of the same time far away is a bad fix, which the speed rule judges.
    """
    near = _reachable(xyz_m[:-1], xyz_m[1:], np.ones(len(xyz_m) - 1), limit_mps)
    return np.concatenate([[False], (np.diff(time_s) == 0) & near])


def _earth_centred_m(segment: Segment) -> F8:
    """Return positions as x, y, z in metres, shape (n, 3): straight distances between them hold
    across the antimeridian and at the poles, and equal the geodesic where it matters here.
    """
    lon, lat = np.radians(segment.lon), np.radians(segment.lat)
    normal_m = _AXIS_M / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.column_stack(
        [
            normal_m * np.cos(lat) * np.cos(lon),
            normal_m * np.cos(lat) * np.sin(lon),
            normal_m * (1 - _E2) * np.sin(lat),
        ]
    )


def _at_null_island(xyz_m: F8) -> Flags:
    return np.asarray((xyz_m == (_AXIS_M, 0.0, 0.0)).all(axis=1))


def _filled(time_s: F8) -> F8:
    """Return times with missing ones put evenly between their neighbours; NaN at the ends."""
    known = np.flatnonzero(np.isfinite(time_s))
    if len(known) in (0, len(time_s)):
        return time_s
    places = np.arange(len(time_s))
    return np.interp(places, known, time_s[known], left=np.nan, right=np.nan)


def _in_order(segment: Segment) -> Segment:
    """Return the segment with points that are out of order by a few places put back in order."""
    if not np.isfinite(segment.time_s).all():
        return segment
    order = np.argsort(segment.time_s, kind="stable")
    moved = np.abs(order - np.arange(len(order))).max()
    if not 0 < moved <= _SWAP_PLACES:
        return segment
    return segment.part(order)


def _times_are_usable(segments: Sequence[Segment]) -> bool:
    """Return whether time passes at most steps: broken clocks repeat one moment or run back."""
    steps_s = np.concatenate([np.diff(_known_times(segment)) for segment in segments])
    passing = int(np.count_nonzero(steps_s > 0))
    return len(steps_s) < _ENOUGH_STEPS or passing * 2 >= len(steps_s)


def _known_times(segment: Segment) -> F8:
    return segment.time_s[np.isfinite(segment.time_s)]


def _moving_speeds_mps(segments: Sequence[Segment]) -> F8:
    """Return the speeds of all steps on which somebody moved."""
    speeds = []
    for segment in segments:
        steps_m = np.sqrt((np.diff(_earth_centred_m(segment), axis=0) ** 2).sum(axis=1))
        steps_s = np.diff(segment.time_s)
        passed = steps_s > 0
        speeds.append(steps_m[passed] / steps_s[passed])
    every = np.concatenate(speeds)
    return every[every > _MOVING_MPS]


def _likely_mode(speeds_mps: F8, settings: Settings) -> Mode:
    """Return vehicle when the usual speed is above half of what is believed on foot, or when a
    fair share of the way was driven, so that the driven part is not taken for bad fixes.
    """
    if len(speeds_mps) == 0:
        return Mode.FOOT
    foot_mps = settings.speed_limit_mps(Mode.FOOT)
    driven = (speeds_mps > foot_mps) & (speeds_mps <= settings.speed_limit_mps(Mode.VEHICLE))
    usual_mps = float(np.median(speeds_mps))
    drove = usual_mps > foot_mps / 2 or float(driven.mean()) > _DRIVEN_SHARE
    return Mode.VEHICLE if drove else Mode.FOOT


def _is_faster(speeds_mps: F8, limit_mps: float, flagged_share: float) -> bool:
    median_mps = float(np.median(speeds_mps)) if len(speeds_mps) else 0.0
    return median_mps > limit_mps or flagged_share > 0.5


def _jump(count: int) -> Problem:
    return Problem(
        "jump",
        Text(
            f"轨迹有 {count} 处不可能的跳跃,已在跳跃处断开,两侧都保留",
            f"the track jumps impossibly at {count} places; it was broken there and both sides "
            "kept",
        ),
        count,
    )


def _faster_than_mode(mode: Mode, limit_mps: float) -> Problem:
    return Problem(
        "faster_than_mode",
        Text(
            f"多数速度超过“{mode.value}”方式的上限 {limit_mps:g} 米/秒;请检查踏查方式是否选错",
            f"most speeds are above {limit_mps:g} m/s, the limit of mode {mode.value!r}: check "
            "that the mode is right",
        ),
    )


def _no_time() -> Problem:
    return Problem(
        "no_time",
        Text(
            "轨迹没有时间,无法检查速度,按原样使用",
            "the track has no times: speeds can't be checked and it is used as it lies",
        ),
    )


def _times_unusable() -> Problem:
    return Problem(
        "times_unusable",
        Text(
            "多数时间相同或倒退,无法检查速度,按原样使用",
            "most times repeat or run backwards: speeds can't be checked and the track is used as "
            "it lies",
        ),
    )
