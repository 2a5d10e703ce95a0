"""A file's points as outings: one unbroken stretch of work each, with the day it counts for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geoinspect.records import CHINA_TIME, F8, Segment

I8 = NDArray[np.int64]

_DAY_S = 86_400
_CHINA_OFFSET_S = 8 * 3600
# Work that ends by six in the morning belongs to the evening it began; what goes on longer is a
# day of its own.
_NIGHT_ENDS_S = 6 * 3600
# A time is judged by the median of this many fixes round it: up to two wrong clocks in a row, such
# as the first fixes of a cold receiver, make no outing of their own.
_WINDOW = 5
# A segment with more long pauses than this has no times but noise.
_MOST_PAUSES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Outing:
    """A stretch of a track that was walked, driven or flown in one go.

    Attributes:
        segments: Raw, in file order, none empty.
        day: The day in China it counts for; None without times.
        start_s, end_s: Epoch seconds; NaN without times.
    """

    segments: tuple[Segment, ...]
    day: date | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A piece of one segment without a long pause; ``time_s`` has a time for every point."""

    place: int
    points: slice
    time_s: F8

    @property
    def span_s(self) -> tuple[float, float]:
        return float(self.time_s.min()), float(self.time_s.max())


def split_outings(segments: Sequence[Segment], *, gap_s: float) -> list[Outing]:
    """Cut a file into outings, by pauses and by days in China.

    Every point is in exactly one outing, in file order. Pieces of a file whose times overlap or
    come within ``gap_s`` of each other are one outing, in whatever order they stand. An outing
    belongs to the day it began, also past midnight; one that is still under way at six in the
    morning is cut at midnight. Segments without usable times belong to the file's one outing, or are one without a day
    where there are several or none.

    Args:
        segments: As read.
        gap_s: A longer pause ends an outing.

    Returns:
        By their beginning; the one without times last.
    """
    runs: list[_Run] = []
    untimed: list[Segment] = []
    for place, segment in enumerate(segments):
        found = _runs(place, segment, gap_s)
        runs += found
        if len(segment) and not found:
            untimed.append(segment)
    outings = [outing for group in _touching(runs, gap_s) for outing in _by_day(group, segments)]
    if untimed and len(outings) == 1:
        # They can only be of the one outing that the file tells of.
        whole = tuple(segment for segment in segments if len(segment))
        outings = [replace(outings[0], segments=whole)]
    elif untimed:
        outings.append(Outing(tuple(untimed), None, np.nan, np.nan))
    return outings


def _runs(place: int, segment: Segment, gap_s: float) -> list[_Run]:
    """Return a segment cut at its pauses; nothing when its times are of no use."""
    if not np.isfinite(segment.time_s).any():
        return []
    time_s = _steady_times(segment.time_s, gap_s)
    cuts = np.flatnonzero(np.abs(np.diff(time_s)) > gap_s) + 1
    if len(cuts) > _MOST_PAUSES:
        return []
    return [
        _Run(place, slice(first, end), time_s[first:end])
        for first, end in pairwise([0, *cuts.tolist(), len(segment)])
    ]


def _steady_times(time_s: F8, gap_s: float) -> F8:
    """Return a time for every point: its own unless it is far from those round it, the one before
    where there is none.
    """
    known = np.flatnonzero(np.isfinite(time_s))
    found = time_s[known]
    if len(found) >= _WINDOW:
        around = np.lib.stride_tricks.sliding_window_view(found, _WINDOW)
        middle_s = np.pad(np.median(around, axis=1), _WINDOW // 2, mode="edge")
        found = np.where(np.abs(found - middle_s) > gap_s, middle_s, found)
    before = np.searchsorted(known, np.arange(len(time_s)), side="right") - 1
    return np.asarray(found[np.maximum(before, 0)])


def _touching(runs: list[_Run], gap_s: float) -> Iterator[list[_Run]]:
    """Yield groups of runs that overlap in time or follow each other closely, by their start."""
    group: list[_Run] = []
    until_s = -np.inf
    for run in sorted(runs, key=lambda run: run.span_s):
        start_s, end_s = run.span_s
        if group and start_s - until_s > gap_s:
            yield group
            group, until_s = [], -np.inf
        group.append(run)
        until_s = max(until_s, end_s)
    if group:
        yield group


def _by_day(group: list[_Run], segments: Sequence[Segment]) -> Iterator[Outing]:
    """Yield the outings of one stretch of work, one a day."""
    runs = sorted(group, key=lambda run: (run.place, run.points.start))
    days = [((run.time_s + _CHINA_OFFSET_S) // _DAY_S).astype(np.int64) for run in runs]
    present = np.unique(np.concatenate(days)).tolist()
    end_s = max(run.span_s[1] for run in runs)
    last_midnight_s = present[-1] * _DAY_S - _CHINA_OFFSET_S
    if present[-1] - 1 in present and end_s - last_midnight_s <= _NIGHT_ENDS_S:
        late = present.pop()
        days = [np.where(day == late, late - 1, day) for day in days]
    pieces: dict[int, list[Segment]] = {number: [] for number in present}
    times_s: dict[int, list[F8]] = {number: [] for number in present}
    for run, day in zip(runs, days, strict=True):
        cuts = np.flatnonzero(np.diff(day)) + 1
        for first, end in pairwise([0, *cuts.tolist(), len(day)]):
            points = slice(run.points.start + first, run.points.start + end)
            number = int(day[first])
            pieces[number].append(segments[run.place].part(points))
            times_s[number].append(run.time_s[first:end])
    for number in present:
        time_s = np.concatenate(times_s[number])
        midnight_s = number * _DAY_S - _CHINA_OFFSET_S
        day_of = datetime.fromtimestamp(midnight_s, CHINA_TIME).date()
        yield Outing(tuple(pieces[number]), day_of, float(time_s.min()), float(time_s.max()))
