"""How fast a track went over its time, in few enough figures to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geoinspect.crs import GEOD
from geoinspect.records import F8, Segment

_MOST_PARTS = 240
# Formats write milliseconds; less than one says nothing of a speed.
_LEAST_S = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class SpeedStrip:
    """Mean speeds of equally long parts of a track's time.

    Attributes:
        start_s: When the first part begins, epoch seconds.
        part_s: How long each part is.
        speed_mps: Shape (parts,); NaN where nothing was recorded.
    """

    start_s: float
    part_s: float
    speed_mps: F8


def speed_strip(segments: Sequence[Segment]) -> SpeedStrip | None:
    """Return the speeds of cleaned segments over time; None where no step took any time.

    The way is spread evenly over the time of each step, and a pause between segments is no time
    at all, so that every part's speed is way by time recorded.
    """
    steps = np.concatenate([np.empty((0, 3)), *(_steps(segment) for segment in segments)])
    if not len(steps):
        return None
    begin_s, end_s, way_m = steps[np.argsort(steps[:, 0], kind="stable")].T
    knots_s = np.maximum.accumulate(np.column_stack([begin_s, end_s]).ravel())
    edges_s = np.linspace(knots_s[0], knots_s[-1], min(_MOST_PARTS, len(begin_s)) + 1)
    gone_m = np.diff(np.interp(edges_s, knots_s, _running(way_m)))
    took_s = np.diff(np.interp(edges_s, knots_s, _running(end_s - begin_s)))
    part_s = float(edges_s[1] - edges_s[0])
    known = took_s > 1e-3 * part_s
    # Differences of sums can fall a hair below zero.
    gone_m = np.maximum(gone_m, 0.0)
    speed_mps = np.divide(gone_m, took_s, out=np.full(len(gone_m), np.nan), where=known)
    return SpeedStrip(float(edges_s[0]), part_s, speed_mps)


def _steps(segment: Segment) -> F8:
    """Return of each step that took time its begin, its end and its length, shape (steps, 3)."""
    way_m = GEOD.inv(segment.lon[:-1], segment.lat[:-1], segment.lon[1:], segment.lat[1:])[2]
    begin_s, end_s = segment.time_s[:-1], segment.time_s[1:]
    timed = end_s - begin_s >= _LEAST_S
    return np.column_stack([begin_s, end_s, way_m])[timed]


def _running(values: F8) -> F8:
    """Return the sum before and after each value, in turn."""
    after = np.cumsum(values)
    return np.column_stack([after - values, after]).ravel()
