"""Where one line lies on another: by its fixes, by its course, by its times; and what that proves.

A *place* on a line is the number of a point and how far on towards the next, as one float; NaN
is nowhere. Places of a line's samples on another line are an array of one place a sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect.patrols.courses import nearest_on_course
from geoinspect.patrols.flat_lines import Line
from geoinspect.records import F8

I8 = NDArray[np.int64]

# What is counted as one when matched fixes are counted, so that standing still proves nothing.
_SPOT_M = 10.0
# Between fixes further apart in time nobody knows where a track was.
_LONGEST_GAP_S = 300.0
# Matched places so near to each other have nothing between them that could differ.
_NEAR_M = 25.0
# The ways between two matched places may differ by as much again as the shorter, and this: a
# jittery line is longer than the same line thinned.
_SLACK_M = 30.0
# Holes and pieces shorter than this are not told apart.
_PIECE_M = 30.0


@dataclass(frozen=True, slots=True)
class Proof:
    """How many matched samples in a row are no chance.

    Attributes:
        misses: Most samples in a row without a match.
        share: Least share of the samples that match.
        spots: Least number of places, 10 m apart, where they do.
        wide_m: Least width of the ground they lie on.
        lasting_s: Least time from the first to the last.
    """

    misses: int
    share: float
    spots: int
    wide_m: float = 0.0
    lasting_s: float = 0.0


@dataclass(frozen=True)
class Indexed:
    """A line whose points and pieces can be looked up."""

    line: Line

    @cached_property
    def _points(self) -> shapely.STRtree:
        return shapely.STRtree(shapely.points(self.line.xy_m))

    def nearest_fixes(self, of: Line, within_m: float) -> F8:
        """Return the places here of the fixes nearest to another line's samples."""
        found = np.full(len(of.samples), np.nan)
        sample, point = self._points.query_nearest(
            shapely.points(of.xy_m[of.samples]), max_distance=within_m, all_matches=False
        )
        found[sample] = point
        return found

    def nearest_course(self, of: Line, within_m: float) -> F8:
        """Return the places on this line that are nearest to another line's samples."""
        return nearest_on_course(self.line, of.xy_m[of.samples], within_m)


def at_same_times(of: Line, on: Line, offset_s: float) -> tuple[F8, F8, F8]:
    """Return where a line was when another was at its samples, their distances, the steps apart.

    Args:
        of: The line whose samples are asked for.
        on: The line they are placed on.
        offset_s: What its clock shows more.

    Returns:
        Places, shape (samples,); distances in metres; east and north from ``of`` to ``on``,
        shape (samples, 2); NaN without time or within a long gap.
    """
    when_s = of.time_s[of.samples] + offset_s
    known = np.flatnonzero(np.isfinite(on.time_s))
    known = known[np.argsort(on.time_s[known], kind="stable")]
    times_s = on.time_s[known]
    after = np.searchsorted(times_s, when_s).clip(1, len(known) - 1)
    one, two = known[after - 1], known[after]
    passed_s = times_s[after] - times_s[after - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(passed_s > 0, (when_s - times_s[after - 1]) / passed_s, 0.0)
        inside = (part >= 0) & (part <= 1) & (passed_s <= _LONGEST_GAP_S)
    part = np.where(inside, part, np.nan)
    steps_m = on.xy_m[one] + part[:, None] * (on.xy_m[two] - on.xy_m[one]) - of.xy_m[of.samples]
    beside = (np.abs(two - one) == 1) & (on.segment[one] == on.segment[two])
    places = np.where(beside, one + part * (two - one), np.where(part < 0.5, one, two))
    places = np.where(np.isfinite(part), places, np.nan)
    return places, np.hypot(*steps_m.T), steps_m


def time_differences_s(of: Line, on: Line, places: F8) -> F8:
    """Return for each sample how much later the other line was at its place; NaN if unknown."""
    low = np.floor(np.nan_to_num(places)).astype(np.int64)
    high = np.minimum(low + 1, len(on.time_s) - 1)
    part = places - low
    there_s = np.where(
        part > 0, on.time_s[low] * (1 - part) + on.time_s[high] * part, on.time_s[low] + 0 * part
    )
    return np.asarray(there_s - of.time_s[of.samples])


def commonest_s(differences_s: F8, width_s: float) -> float:
    """Return the middle of the commonest differences, NaN where there are none."""
    known = differences_s[np.isfinite(differences_s)]
    if len(known) == 0:
        return float("nan")
    bins, counts = np.unique(np.round(known / width_s), return_counts=True)
    middle_s = bins[np.argmax(counts)] * width_s
    return float(np.median(known[np.abs(known - middle_s) <= width_s]))


def best_offset_s(of: Line, on: Line, around_s: float, reach_s: float, far_m: float) -> float:
    """Return the clock offset at which two lines are nearest to each other.

    Args:
        around_s, reach_s: Where it is sought.
        far_m: Distances beyond count as this, so that the parts that were walked apart have no
            say in it.
    """
    thin = max(1, len(of.samples) // 500)
    few = replace(of, samples=of.samples[::thin])
    best_s = around_s
    while reach_s > 0.05:
        step_s = reach_s / 12
        tried = best_s + step_s * np.arange(-12, 13)
        best_s = float(tried[np.argmin([_mean_apart_m(few, on, at, far_m) for at in tried])])
        reach_s = 1.5 * step_s
    return best_s


def _mean_apart_m(of: Line, on: Line, offset_s: float, far_m: float) -> float:
    _, apart_m, _ = at_same_times(of, on, offset_s)
    return float(np.mean(np.fmin(apart_m, far_m)))


def proved(line: Line, places: F8, proof: Proof) -> F8:
    """Return the places of a line's samples that are no chance; the others NaN."""
    hits = np.flatnonzero(np.isfinite(places))
    kept = np.full(len(places), np.nan)
    if len(hits) == 0:
        return kept
    xy_m, time_s = line.xy_m[line.samples], line.time_s[line.samples]
    for run in np.split(hits, np.flatnonzero(np.diff(hits) > proof.misses + 1) + 1):
        if len(run) < max(proof.spots, proof.share * (run[-1] - run[0] + 1)):
            continue
        spots = np.unique(np.floor(xy_m[run] / _SPOT_M), axis=0)
        wide_m = np.hypot(*np.ptp(xy_m[run], axis=0))
        lasting = proof.lasting_s == 0 or np.ptp(time_s[run]) >= proof.lasting_s
        if len(spots) >= proof.spots and wide_m >= proof.wide_m and lasting:
            kept[run] = places[run]
    return kept


def common_runs(of: Line, on: Line, there: F8, back: F8) -> F8:
    """Return the stretches of a line that the other went over as well.

    Between two matched places the lines are the same when their ways are of like length.

    Args:
        there: Places on the other line of the samples of this one.
        back: Places on this line of the samples of the other one.

    Returns:
        First and last place of each stretch, shape (stretches, 2), in order.
    """
    mine, theirs = np.isfinite(there), np.isfinite(back)
    here = np.concatenate([of.samples[mine].astype(np.float64), back[theirs]])
    other = np.concatenate([there[mine], on.samples[theirs].astype(np.float64)])
    order = np.argsort(here, kind="stable")
    here, other = here[order], other[order]
    way_m = np.diff(_along_m(of, here))
    other_way_m = np.abs(np.diff(_along_m(on, other)))
    alike = np.abs(way_m - other_way_m) <= np.minimum(way_m, other_way_m) + _SLACK_M
    alike &= np.diff(on.segment[other.astype(np.int64)]) == 0
    linked = (alike | (way_m <= _NEAR_M)) & (np.diff(of.segment[here.astype(np.int64)]) == 0)
    edges = np.diff(np.concatenate([[False], linked, [False]]).astype(np.int8))
    runs = np.column_stack([here[np.flatnonzero(edges == 1)], here[np.flatnonzero(edges == -1)]])
    return _smoothed(of, runs)


def _smoothed(line: Line, runs: F8) -> F8:
    """Return stretches without the holes and pieces that are too short to be told apart."""
    if len(runs) == 0:
        return runs
    hole_m = _along_m(line, runs[1:, 0]) - _along_m(line, runs[:-1, 1])
    places = runs.astype(np.int64)
    apart = (hole_m > _PIECE_M) | (line.segment[places[1:, 0]] != line.segment[places[:-1, 1]])
    first = np.concatenate([[True], apart])
    last = np.concatenate([apart, [True]])
    merged = np.column_stack([runs[first, 0], runs[last, 1]])
    long_m = _along_m(line, merged[:, 1]) - _along_m(line, merged[:, 0])
    return np.asarray(merged[long_m >= min(_PIECE_M, line.length_m / 2)])


def runs_length_m(line: Line, runs: F8) -> float:
    """Return the length of stretches of a line."""
    return float((_along_m(line, runs[:, 1]) - _along_m(line, runs[:, 0])).sum())


def _along_m(line: Line, places: F8) -> F8:
    return np.interp(places, np.arange(len(line.along_m)), line.along_m)
