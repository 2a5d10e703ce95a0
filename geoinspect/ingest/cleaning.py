"""Flagging the fixes of a track that can't be right, rule by rule, and cutting it at gaps.

Nothing is deleted, moved or made up: every raw point keeps its place and gets the number of the
rule that took it out, so a person can see what a rule did and switch it off for a track. The speed
rule is :mod:`.fitting`, stops and jitter are :mod:`.stops`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.cleaning_problems import (
    faster_than_mode,
    jump,
    no_time,
    reordered,
    times_unusable,
)
from geoinspect.ingest.fitting import I8, Flags, earth_centred_m, fitting
from geoinspect.ingest.misfits import duplicates, late, settling, spikes, step_lengths_m, wild
from geoinspect.ingest.stops import jitter, stop_spans
from geoinspect.records import (
    F8,
    CleanedTrack,
    Extra,
    Mode,
    Rule,
    Segment,
    Stop,
)
from geoinspect.settings import Settings

U1 = NDArray[np.uint8]

# With fewer steps than this there is no telling whether the times are of any use.
_ENOUGH_STEPS = 4
# Points at most this many places out of their order in time are put back in order.
_SWAP_PLACES = 3
# A receiver settles within so many fixes.
_SETTLING_POINTS = 10
# Slower than this is standing, and says nothing of how somebody moves.
_MOVING_MPS = 0.5
# Paces are taken over this time; bad fixes make fewer than this share of a walk's fast.
_PACE_S, _DRIVEN_SHARE = 10.0, 0.15
# A fix is poor when the device states this many times the track's usual accuracy.
_POOR_TIMES = 3.0


@dataclass(slots=True, eq=False)
class _Judgement:
    """What the rules make of one segment; arrays by place in the segment as read.

    Attributes:
        order: Places in the order of time.
        flags: Numbers of rules, 0 when kept.
        breaks: Places that the mode can't have reached from the one kept before.
    """

    segment: Segment
    order: I8
    flags: U1
    breaks: Flags
    stops: list[Stop] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the rules are applied with."""

    limit_mps: float
    settings: Settings
    off: frozenset[Rule]


def clean(
    segments: Sequence[Segment],
    *,
    mode: Mode | None,
    settings: Settings,
    rules_off: frozenset[Rule] = frozenset(),
) -> CleanedTrack:
    """Return a track with the fixes flagged that can't be right.

    Args:
        segments: As read; breaks between them stay.
        mode: How the team moved; None infers drone from heights, foot or vehicle from the speeds.
        settings: Speed limits, the longest gap that is bridged, what a stop is.
        rules_off: Rules that flag nothing; with ``jitter`` stops are still found.
    """
    turned = [_runs_backwards(segment) for segment in segments]
    forward = [
        _turned(segment) if back else segment
        for segment, back in zip(segments, turned, strict=True)
    ]
    fastest_mps = max(settings.speed_limit_mps(any_mode) for any_mode in Mode)
    read = [_spread(segment, fastest_mps) for segment in forward]
    timed = any(np.isfinite(segment.time_s).any() for segment in read)
    usable = timed and _times_are_usable(read)
    speeds_mps = _moving_speeds_mps(read, settings.gap_s) if usable else np.empty(0)
    used = mode if mode is not None else _likely_mode(segments, speeds_mps, settings)
    rules = _Rules(settings.speed_limit_mps(used), settings, rules_off)
    judge = _judge_timed if usable else _judge_untimed
    judged = [judge(segment, rules) for segment in read]
    kept = [
        piece
        for judgement, segment in zip(judged, forward, strict=True)
        for piece in _pieces(judgement, segment, settings.gap_s if usable else np.inf)
    ]
    flags = tuple(
        judgement.flags[::-1] if back else judgement.flags
        for judgement, back in zip(judged, turned, strict=True)
    )
    stops = tuple(stop for judgement in judged for stop in judgement.stops)
    problems = []
    jumps = sum(int(judgement.breaks.sum()) for judgement in judged)
    if jumps:
        problems.append(jump(jumps))
    moved = sum(int(np.count_nonzero(np.diff(one.order) != 1)) for one in judged)
    if moved or any(turned):
        problems.append(reordered())
    points = sum(map(len, flags))
    too_fast = sum(int((flag == Rule.SPEED.number).sum()) for flag in flags)
    if mode is not None and points and _is_faster(speeds_mps, rules.limit_mps, too_fast / points):
        problems.append(faster_than_mode(mode, rules.limit_mps))
    if points and not usable:
        problems.append(times_unusable() if timed else no_time())
    return CleanedTrack(
        tuple(kept),
        used,
        mode is not None,
        tuple(segments),
        flags,
        stops,
        rules_off,
        tuple(problems),
    )


def _judge_timed(segment: Segment, rules: _Rules) -> _Judgement:
    judgement = _Judgement(segment, _order(segment), *_blank(segment))
    _flag_poor(judgement, rules)
    ordered = segment.part(judgement.order)
    xyz_m, time_s = earth_centred_m(ordered.lon, ordered.lat), _filled(ordered.time_s)
    flags, breaks = judgement.flags[judgement.order], np.zeros(len(segment), dtype=bool)
    left = np.flatnonzero(flags == 0)
    if Rule.OUT_OF_ORDER not in rules.off:
        behind = late(time_s[left])
        flags[left[behind]] = Rule.OUT_OF_ORDER.number
        left = left[~behind]
    if Rule.DUPLICATE_TIME not in rules.off and len(left):
        repeated = duplicates(xyz_m[left], time_s[left], rules.limit_mps)
        flags[left[repeated]] = Rule.DUPLICATE_TIME.number
        left = left[~repeated]
    if len(left):
        chosen, jumped = fitting(xyz_m[left], time_s[left], rules.limit_mps, rules.settings.gap_s)
        _flag_misfits(flags, time_s, left, left[chosen], rules)
        breaks[left[chosen[jumped]]] = True
    left = np.flatnonzero(flags == 0)
    if Rule.RESUME not in rules.off:
        drifts = settling(xyz_m[left], time_s[left], rules.limit_mps, rules.settings.gap_s)
        flags[left[drifts]] = Rule.RESUME.number
        left = left[~drifts]
    if Rule.SPIKE not in rules.off:
        flags[left[spikes(xyz_m[left], time_s[left], rules.limit_mps)]] = Rule.SPIKE.number
        left = np.flatnonzero(flags == 0)
    _flag_stops(judgement, flags, xyz_m, time_s, rules)
    judgement.flags[judgement.order] = flags
    judgement.breaks[judgement.order] = breaks
    return judgement


def _judge_untimed(segment: Segment, rules: _Rules) -> _Judgement:
    """Judge what can be judged without times: impossible places and wild fixes."""
    judgement = _Judgement(segment, np.arange(len(segment)), *_blank(segment))
    _flag_poor(judgement, rules)
    left = np.flatnonzero(judgement.flags == 0)
    if Rule.SPIKE not in rules.off and len(left) > _ENOUGH_STEPS:
        xyz_m = earth_centred_m(segment.lon[left], segment.lat[left])
        judgement.flags[left[wild(xyz_m)]] = Rule.SPIKE.number
    return judgement


def _blank(segment: Segment) -> tuple[U1, Flags]:
    return np.zeros(len(segment), np.uint8), np.zeros(len(segment), dtype=bool)


def _flag_poor(judgement: _Judgement, rules: _Rules) -> None:
    """Flag what the device itself disowns: the place 0, 0, and accuracy far below its usual."""
    segment = judgement.segment
    if Rule.RANGE not in rules.off:
        # A receiver without a fix writes 0, 0.
        judgement.flags[(segment.lon == 0) & (segment.lat == 0)] = Rule.RANGE.number
    accuracy_m = segment.extras.get(Extra.ACCURACY)
    if accuracy_m is None or Rule.ACCURACY in rules.off:
        return
    usual_m = float(np.nanmedian(accuracy_m)) if np.isfinite(accuracy_m).any() else np.nan
    limit_m = np.fmax(rules.settings.accuracy_floor_m, _POOR_TIMES * usual_m)
    poor = (accuracy_m > limit_m) & (judgement.flags == 0)
    judgement.flags[poor] = Rule.ACCURACY.number


def _flag_misfits(flags: U1, time_s: F8, left: I8, kept: I8, rules: _Rules) -> None:
    """Name the rule of the points that do not fit, by where they lie among those that do."""
    if len(kept) == len(left):
        return
    misfits = np.setdiff1d(left, kept, assume_unique=True)
    after = np.searchsorted(kept, misfits)
    before_s = np.where(after > 0, time_s[kept[np.maximum(after - 1, 0)]], -np.inf)
    next_s = np.where(after < len(kept), time_s[kept[np.minimum(after, len(kept) - 1)]], np.inf)
    rule = np.full(len(misfits), Rule.SPEED.number, np.uint8)
    # The first few fixes after a pause or at the start, before the receiver has settled.
    fresh = (after == 0) | (time_s[misfits] - before_s > rules.settings.gap_s)
    few = np.bincount(after, minlength=len(kept) + 1)[after] <= _SETTLING_POINTS
    rule[fresh & few] = Rule.RESUME.number
    rule[(time_s[misfits] < before_s) | (time_s[misfits] > next_s)] = Rule.OUT_OF_ORDER.number
    off = [rule_.number for rule_ in rules.off]
    flags[misfits] = np.where(np.isin(rule, off), 0, rule)


def _flag_stops(judgement: _Judgement, flags: U1, xyz_m: F8, time_s: F8, rules: _Rules) -> None:
    """Find the stops; flag the jitter of those so narrow that it adds no ground."""
    settings = rules.settings
    left = np.flatnonzero((flags == 0) & np.isfinite(time_s))
    if not len(left) or time_s[left[-1]] - time_s[left[0]] < settings.stop_min_s:
        return
    # Rules that are off can leave points that go back in time.
    if np.any(np.diff(time_s[left]) < 0):
        return
    xyz_m, time_s = xyz_m[left], time_s[left]
    ordered = judgement.segment.part(judgement.order[left])
    spans = stop_spans(
        xyz_m,
        time_s,
        radius_m=settings.stop_radius_m,
        min_s=settings.stop_min_s,
        gap_s=settings.gap_s,
    )
    for first, last in spans:
        here = slice(first, last + 1)
        middle = float(np.median(ordered.lon[here])), float(np.median(ordered.lat[here]))
        judgement.stops.append(
            Stop(*middle, float(time_s[first]), float(time_s[last]), last + 1 - first)
        )
        if Rule.JITTER not in rules.off:
            spare = jitter(xyz_m, time_s, (first, last), every_s=settings.gap_s / 2)
            flags[left[here][spare]] = Rule.JITTER.number


def _pieces(judgement: _Judgement, raw: Segment, gap_s: float) -> list[Segment]:
    """Return what is kept of a segment as read, cut at jumps and gaps."""
    order = judgement.order
    stays = judgement.flags[order] == 0
    if not stays.any():
        return []
    kept, time_s = order[stays], _filled(judgement.segment.time_s[order])[stays]
    # A break may stand at a point that another rule took out.
    jumps = np.cumsum(judgement.breaks[order])[stays]
    cuts = np.flatnonzero((np.diff(jumps) > 0) | (np.diff(time_s) > gap_s)) + 1
    return [raw.part(part) for part in np.split(kept, cuts)]


def _runs_backwards(segment: Segment) -> bool:
    """Return whether a list stands newest first, as some apps and tables write it."""
    steps_s = np.diff(_known_times(segment))
    return len(steps_s) >= _ENOUGH_STEPS and bool(
        np.all(steps_s <= 0) and np.count_nonzero(steps_s < 0) * 2 >= len(steps_s)
    )


def _turned(segment: Segment) -> Segment:
    return segment.part(slice(None, None, -1))


def _spread(segment: Segment, fastest_mps: float) -> Segment:
    """Return a log of many fixes a second with whole-second times, its fixes put evenly within
    their seconds, where anything can move like that.
    """
    steps_s = np.diff(segment.time_s)
    if len(steps_s) < _ENOUGH_STEPS or not np.all(steps_s >= 0):
        return segment
    moments, first, counts = np.unique(segment.time_s, return_index=True, return_counts=True)
    if len(moments) < 2 or np.median(counts) < 2 or np.any(np.diff(moments) > counts[:-1] + 1):
        return segment
    within = np.arange(len(segment)) - np.repeat(first, counts)
    lasting_s = np.minimum(np.append(np.diff(moments), 1.0), 1.0)
    time_s = segment.time_s + within * np.repeat(lasting_s / counts, counts)
    steps_m = step_lengths_m(earth_centred_m(segment.lon, segment.lat))
    if np.median(steps_m / np.diff(time_s)) > fastest_mps:
        return segment
    return Segment(segment.lon, segment.lat, time_s, segment.extras)


def _filled(time_s: F8) -> F8:
    """Return times with missing ones put evenly between their neighbours; NaN at the ends."""
    known = np.flatnonzero(np.isfinite(time_s))
    if len(known) in (0, len(time_s)):
        return time_s
    places = np.arange(len(time_s))
    return np.interp(places, known, time_s[known], left=np.nan, right=np.nan)


def _order(segment: Segment) -> I8:
    """Return the places with points that are out of order by a few places put back in order."""
    places = np.arange(len(segment))
    if not np.isfinite(segment.time_s).all() or not len(segment):
        return places
    order = np.argsort(segment.time_s, kind="stable")
    return order if np.abs(order - places).max() <= _SWAP_PLACES else places


def _times_are_usable(segments: Sequence[Segment]) -> bool:
    """Return whether time passes at most steps: broken clocks repeat one moment or run back."""
    steps_s = np.concatenate([_telling_steps_s(segment) for segment in segments])
    passing = int(np.count_nonzero(steps_s > 0))
    return len(steps_s) < _ENOUGH_STEPS or passing * 2 >= len(steps_s)


def _telling_steps_s(segment: Segment) -> F8:
    """Return the times between points, without the repeats of a row, which tell nothing."""
    known = segment.part(np.isfinite(segment.time_s))
    steps_s = np.diff(known.time_s)
    moved = (np.diff(known.lon) != 0) | (np.diff(known.lat) != 0)
    return np.asarray(steps_s[moved | (steps_s != 0)])


def _known_times(segment: Segment) -> F8:
    return segment.time_s[np.isfinite(segment.time_s)]


def _moving_speeds_mps(segments: Sequence[Segment], gap_s: float) -> F8:
    """Return how fast somebody moved, wherever somebody did: over some seconds, so that noise
    and single bad fixes hardly count.
    """
    speeds = []
    for segment in segments:
        order = np.argsort(segment.time_s, kind="stable")
        order = order[: np.count_nonzero(np.isfinite(segment.time_s))]
        time_s = segment.time_s[order]
        later = np.searchsorted(time_s, time_s + _PACE_S)
        start = np.flatnonzero(later < len(time_s))
        later = later[start]
        xyz_m = earth_centred_m(segment.lon[order], segment.lat[order])
        away_m = np.sqrt(((xyz_m[later] - xyz_m[start]) ** 2).sum(axis=1))
        passed_s = time_s[later] - time_s[start]
        speeds.append((away_m / passed_s)[passed_s <= gap_s])
    every = np.concatenate(speeds)
    return every[every > _MOVING_MPS]


def _likely_mode(segments: Sequence[Segment], speeds_mps: F8, settings: Settings) -> Mode:
    """Return drone where points say how high above the take-off they are, as only flight logs do;
    vehicle when a fair share of the way went faster than half of what is believed on foot, so
    that what was driven or ridden is not taken for bad fixes.
    """
    if any(Extra.HEIGHT in segment.extras for segment in segments):
        return Mode.DRONE
    believed = speeds_mps[speeds_mps <= settings.speed_limit_mps(Mode.VEHICLE)]
    driven = believed > settings.speed_limit_mps(Mode.FOOT) / 2
    return Mode.VEHICLE if len(driven) and driven.mean() > _DRIVEN_SHARE else Mode.FOOT


def _is_faster(speeds_mps: F8, limit_mps: float, flagged_share: float) -> bool:
    median_mps = float(np.median(speeds_mps)) if len(speeds_mps) else 0.0
    return median_mps > limit_mps or flagged_share > 0.5
