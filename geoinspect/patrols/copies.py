"""Which tracks go over ground that another has already: nothing is counted twice.

A track repeats another where one walk was recorded or sent twice. That is proved by fixes that
both have, by a course that is the same to the last decimals, or by two devices that were beside
each other at the same times. Walks of the same path on other days differ by metres and in pace
and are no copies; neither are people abreast, who see other ground.

What it can't tell: copies without times whose numbers have 4 decimals and that are shorter than
600 m; numbers cut off after 4 decimals instead of rounded; a walk made up by adding noise to
another at another time; two devices whose clocks are more than a minute apart; and who stays at
one post. A track of few fixes can be no copy but a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from geoinspect.patrols.courses import nearest_on_course
from geoinspect.patrols.fingerprints import (
    DATUM_MISTAKES,
    misplaced,
    mistakable,
)
from geoinspect.patrols.flat_lines import Frame, Line, flattened, frame_of
from geoinspect.patrols.likeness import (
    Indexed,
    Proof,
    at_same_times,
    best_offset_s,
    common_runs,
    commonest_s,
    proved,
    runs_length_m,
    time_differences_s,
)
from geoinspect.patrols.team_mates import beside, clocks_apart_s
from geoinspect.records import F8, Segment

Flags = NDArray[np.bool_]
# Of the samples of two lines, each on the other.
_Places = tuple[F8, F8]

# Beyond the rounding of the numbers, the same fix lies so near to itself: conversions, floats.
_EXACT_M = 0.15
# Numbers as coarse as this prove less, coarser ones (3 decimals) nothing.
_GRADES_M = (0.4, 2.0, 9.0)
# Two tracks of a day at one post have fixes in common by chance: they lie closer together.
_WIDE_M = 100.0
# What proves a copy at each grade: fixes that both have; or a course in common; or both at the
# same times. A few fixes prove enough when they are all there, or exact among many others.
_BY_FIXES = (
    (Proof(12, 0.2, 8, _WIDE_M), Proof(0, 1.0, 4, _WIDE_M)),
    (Proof(3, 0.6, 20, _WIDE_M),),
    (Proof(0, 1.0, 60, _WIDE_M),),
)
_BY_COURSE = ((Proof(2, 0.9, 20, _WIDE_M),), (Proof(1, 0.97, 50, _WIDE_M),), ())
_BY_TIMES = ((Proof(2, 0.9, 8),), (Proof(2, 0.9, 12),), (Proof(2, 0.9, 12, 0.0, 600.0),))
# With coarser numbers than this the offset of the clocks is sought between their fixes.
_ROUGH_M = 2.0
_SAME_OFFSET_S = 4.0
# A clock that is off by less is right: leap seconds and rounding aside.
_SAME_CLOCK_S = 1.5
# What proves that two devices were on one walk.
_TOGETHER = (Proof(misses=3, share=0.9, spots=20),)
# Less of both tracks in common is none of anybody's concern.
_LEAST_SHARE = 0.1
_LEAST_SHARE_TOGETHER = 0.3
# How far a wrong datum puts a track: GCJ-02 100 to 700 m, BD-09 up to 1400 m.
_LEAST_SHIFT_M, _MOST_SHIFT_M = 50.0, 1500.0
_SHIFT_VARIES_M = 10.0
_ENOUGH_STEPS = 20
# Enough points of a track to tell whether it is worth a closer look elsewhere.
_ROUGH_POINTS, _ROUGH_SAMPLES = 1_000, 200
_ROUGHLY_M = 30.0
_LEAST_SHARE_SHIFTED = 0.3


class CopyKind(StrEnum):
    """How one track repeats another."""

    SAME_RECORDING = "same_recording"  # the same fixes: exported again, thinned, cut, turned round
    TIME_SHIFTED = "time_shifted"  # the same fixes, all at times a constant apart
    SAME_WALK = "same_walk"  # two devices beside each other
    SHIFTED = "shifted"  # the same fixes at another place: one of both has the wrong datum


@dataclass(frozen=True, slots=True)
class Copy:
    """How a track repeats another.

    Attributes:
        kind: See there; between two tracks it is the same both ways.
        share: Part of this track's length that repeats the other, 0 to 1.
        other_share: Part of the other's length that this one repeats.
        offset_s: What the other's clock shows more, seconds; None where one has no times, or no
            constant is between them.
        shift_m: How far apart they lie when ``shifted``, else 0.
    """

    kind: CopyKind
    share: float
    other_share: float
    offset_s: float | None
    shift_m: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """Where two lines are the same: places of the samples of each on the other."""

    kind: CopyKind
    there: F8
    back: F8
    offset_s: float | None
    shift_m: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """A line at another place, and how far that is from where it was."""

    line: Line
    shift_m: float


@dataclass(frozen=True, slots=True, eq=False)
class _Overlap:
    """A copy, and the stretches of both lines that it is made of."""

    copy: Copy
    line: Line
    runs: F8


def find_copy(
    track: Sequence[Segment], other: Sequence[Segment], *, beside_m: float
) -> Copy | None:
    """Return how a track repeats another, or None.

    Args:
        track, other: In WGS84 degrees, raw or cleaned, in any order.
        beside_m: Team mates so near to each other see the same ground, metres.
    """
    overlap = _overlap(track, other, beside_m, None)
    return overlap.copy if overlap is not None else None


def repeats(
    track: Sequence[Segment], other: Sequence[Segment], copy: Copy, *, beside_m: float
) -> tuple[Flags, ...]:
    """Return for each segment of a track which of its points repeat the other track.

    Stretches and holes shorter than 30 m are not told apart.

    Args:
        track, other, beside_m: As given to :func:`find_copy`.
        copy: What it returned; only what is of this kind is looked for.
    """
    repeated = np.zeros(sum(map(len, track)), dtype=bool)
    overlap = _overlap(track, other, beside_m, copy.kind)
    if overlap is not None:
        for first, last in overlap.runs:
            points = overlap.line.point[int(np.ceil(first)) : int(np.floor(last)) + 1]
            # Points that were left out lie between those that were looked at.
            if len(points):
                repeated[points[0] : points[-1] + 1] = True
    return tuple(np.split(repeated, np.cumsum([len(segment) for segment in track])[:-1]))


def _overlap(
    track: Sequence[Segment], other: Sequence[Segment], beside_m: float, kind: CopyKind | None
) -> _Overlap | None:
    """Return what two tracks have in common, compared in an order that does not depend on which
    is asked about, so that the answer is the same both ways.
    """
    turned = _rank(other) < _rank(track)
    one, two = (other, track) if turned else (track, other)
    frame = frame_of(one)
    if frame is None:
        return None
    x, y = flattened(one, frame), flattened(two, frame)
    if min(x.length_m, y.length_m) <= 0:
        return None
    match = _match(one, x, y, frame, beside_m, kind)
    if match is None:
        return None
    runs_x, runs_y = (
        common_runs(x, y, match.there, match.back),
        common_runs(y, x, match.back, match.there),
    )
    shares = [
        min(1.0, runs_length_m(line, runs) / line.length_m)
        for line, runs in ((x, runs_x), (y, runs_y))
    ]
    together = match.kind is CopyKind.SAME_WALK
    if max(shares) < (_LEAST_SHARE_TOGETHER if together else _LEAST_SHARE):
        return None
    copy = Copy(match.kind, shares[0], shares[1], match.offset_s, match.shift_m)
    if not turned:
        return _Overlap(copy, x, runs_x)
    offset_s = None if copy.offset_s is None else -copy.offset_s
    return _Overlap(
        replace(copy, share=shares[1], other_share=shares[0], offset_s=offset_s), y, runs_y
    )


def _rank(segments: Sequence[Segment]) -> tuple[float, ...]:
    """Return figures that order two tracks whichever is named first; equal ones are one track."""
    filled = [segment for segment in segments if len(segment)]
    known = [segment.time_s[np.isfinite(segment.time_s)].sum() for segment in filled]
    places = [np.nansum(segment.lon) + np.nansum(segment.lat) for segment in filled]
    first = np.nan_to_num([[segment.lon[0], segment.lat[0]] for segment in filled[:1]]).ravel()
    sizes = [sum(map(len, filled)), len(filled)]
    return (*sizes, float(sum(places)), float(sum(known)), *first.tolist())


def _match(
    one: Sequence[Segment],
    x: Line,
    y: Line,
    frame: Frame,
    beside_m: float,
    kind: CopyKind | None,
) -> _Match | None:
    """Return how two lines match, trying one kind or all of them."""
    target = Indexed(y)
    if kind is None or kind in (CopyKind.SAME_RECORDING, CopyKind.TIME_SHIFTED):
        match = _same_fixes(Indexed(x), target)
        if match is not None or kind is not None:
            return match
    if kind is None or kind is CopyKind.SAME_WALK:
        match = _same_walk(x, y, beside_m)
        if match is not None or kind is not None:
            return match
    for moved in _moved(one, x, y, frame):
        match = _same_fixes(Indexed(moved.line), target)
        if match is not None:
            return replace(match, kind=CopyKind.SHIFTED, shift_m=moved.shift_m)
    return None


def _same_fixes(one: Indexed, two: Indexed) -> _Match | None:
    """Return where two lines are made of the same fixes, with the offset of their clocks."""
    x, y = one.line, two.line
    limit_m = max(x.grid_m, y.grid_m) + _EXACT_M
    fixes = _fixes(one, two, min(limit_m, _ROUGH_M))
    every = all(len(places) > 1 and np.isfinite(places).all() for places in fixes)
    grade = int(np.searchsorted(_GRADES_M, limit_m))
    if grade == len(_GRADES_M):
        return _recording(fixes, None) if every else None
    if not every:
        fixes = _proved(x, y, _fixes(one, two, limit_m), _BY_FIXES[grade])
    course = two.nearest_course(x, limit_m), one.nearest_course(y, limit_m)
    if not (x.timed and y.timed):
        return _recording(_either(fixes, _proved(x, y, course, _BY_COURSE[grade])), None)
    for offset_s in _offsets_s(x, y, course, limit_m):
        at_times = _timely(x, y, offset_s, limit_m), _timely(y, x, -offset_s, limit_m)
        timely = _proved(x, y, at_times, _BY_TIMES[grade])
        if any(np.isfinite(places).any() for places in timely):
            return _recording(_either(timely, fixes), offset_s)
    # Coarse numbers agree by chance where their times do not.
    return _recording(fixes, None) if every or limit_m <= _ROUGH_M else None


def _fixes(one: Indexed, two: Indexed, limit_m: float) -> _Places:
    return two.nearest_fixes(one.line, limit_m), one.nearest_fixes(two.line, limit_m)


def _offsets_s(x: Line, y: Line, course: _Places, limit_m: float) -> list[float]:
    """Return the clock offsets worth a try: none, and that of most places in common."""
    later_s = np.concatenate(
        [time_differences_s(x, y, course[0]), -time_differences_s(y, x, course[1])]
    )
    offset_s = commonest_s(later_s, _SAME_OFFSET_S)
    if not np.isfinite(offset_s):
        return []
    if limit_m > _ROUGH_M:
        offset_s = best_offset_s(x, y, offset_s, 5 * _SAME_OFFSET_S, 4 * limit_m)
    return [0.0, offset_s]


def _timely(of: Line, on: Line, offset_s: float, limit_m: float) -> F8:
    """Return the places of samples where the other line was at the same time."""
    places, apart_m, _ = at_same_times(of, on, offset_s)
    return np.where(apart_m <= limit_m, places, np.nan)


def _proved(x: Line, y: Line, places: _Places, proofs: Sequence[Proof]) -> _Places:
    """Return the places that are no chance by any of the proofs, the others NaN."""
    there, back = (np.full(len(one), np.nan) for one in places)
    for proof in proofs:
        there = np.fmax(there, proved(x, places[0], proof))
        back = np.fmax(back, proved(y, places[1], proof))
    return there, back


def _either(first: _Places, second: _Places) -> _Places:
    """Return the first places, and the second where there is no first."""
    there, back = (
        np.where(np.isfinite(one), one, other) for one, other in zip(first, second, strict=True)
    )
    return there, back


def _recording(places: _Places, offset_s: float | None) -> _Match | None:
    if not any(np.isfinite(one).any() for one in places):
        return None
    shifted = offset_s is not None and abs(offset_s) > _SAME_CLOCK_S
    kind = CopyKind.TIME_SHIFTED if shifted else CopyKind.SAME_RECORDING
    return _Match(kind, *places, offset_s)


def _same_walk(x: Line, y: Line, beside_m: float) -> _Match | None:
    """Return where two devices were carried beside each other."""
    if not (x.timed and y.timed):
        return None
    offset_s = clocks_apart_s(x, y, beside_m)
    together = beside(x, y, offset_s, beside_m), beside(y, x, -offset_s, beside_m)
    places = _proved(x, y, together, _TOGETHER)
    if not any(np.isfinite(one).any() for one in places):
        return None
    return _Match(CopyKind.SAME_WALK, *places, offset_s)


def _moved(one: Sequence[Segment], x: Line, y: Line, frame: Frame) -> Iterator[_Moved]:
    """Yield the first line where a mistaken datum would have put it, if the other lies there;
    then moved by what is between the two.
    """
    step = max(1, sum(map(len, one)) // _ROUGH_POINTS)
    rough = [segment.part(slice(None, None, step)) for segment in one]
    for mistake in DATUM_MISTAKES if mistakable(one) else ():
        if not _roughly_alike(flattened(misplaced(rough, mistake), frame), y):
            continue
        xy_m = flattened(misplaced(one, mistake), frame).xy_m
        if len(xy_m) == len(x.xy_m):
            yield _Moved(replace(x, xy_m=xy_m), float(np.median(np.hypot(*(xy_m - x.xy_m).T))))
    between_m = _between_m(x, y)
    if between_m is not None:
        yield _Moved(replace(x, xy_m=x.xy_m + between_m), float(np.hypot(*between_m)))


def _roughly_alike(x: Line, y: Line) -> bool:
    """Return whether a fair share of one of two lines lies near to the other."""
    shares = []
    for of, on in ((x, y), (y, x)):
        few = of.xy_m[of.samples[:: max(1, len(of.samples) // _ROUGH_SAMPLES)]]
        shares.append(np.isfinite(nearest_on_course(on, few, _ROUGHLY_M)).mean())
    return bool(max(shares) >= _LEAST_SHARE_SHIFTED)


def _between_m(x: Line, y: Line) -> F8 | None:
    """Return what lies between two lines all along, east and north: at the same times, or for
    want of times between their edges; None if nothing does that a wrong datum could explain.
    """
    if x.timed and y.timed:
        _, _, steps_m = at_same_times(x, y, 0.0)
        steps_m = steps_m[np.isfinite(steps_m).all(axis=1)]
        if len(steps_m) < _ENOUGH_STEPS:
            return None
    else:
        steps_m = np.array([end(y.xy_m, 0) - end(x.xy_m, 0) for end in (np.min, np.max)])
    between_m = np.median(steps_m, axis=0)
    varies_m = np.median(np.abs(steps_m - between_m))
    shifted = _LEAST_SHIFT_M <= np.hypot(*between_m) <= _MOST_SHIFT_M
    return between_m if shifted and varies_m <= _SHIFT_VARIES_M else None
