"""Tracks laid on one plane to be compared: metres, lengths, and how finely they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.datum import from_wgs84
from geoinspect.ingest.fitting import earth_centred_m
from geoinspect.records import F8, Datum, Segment

I8 = NDArray[np.int64]

# A longer track is thinned before anything else, so that time and memory stay bounded.
_MOST_POINTS = 300_000
# Points are looked up this far apart, and never more of them than this.
_SAMPLE_M = 5.0
_MOST_SAMPLES = 4_000
# What sinks below the plane by more lies over 500 km off and is no part of a patrol.
_DEEPEST_M = -20_000.0
_DEGREE_M = 111_320.0
# So many decimals are as good as exact.
_FINE_DECIMALS = 6
# A number counts as written with few decimals when it is so near to one, in units of the last:
# coarse numbers that were converted to another datum and written with 7 decimals are this far off.
_WRITTEN = 6e-3


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A plane that touches the earth: the point, earth-centred metres, and its three axes."""

    origin_m: F8
    axes: F8


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A track on a plane; arrays of one length n, in the order of the file.

    Attributes:
        xy_m: East and north of the frame's origin, shape (n, 2).
        time_s: Epoch seconds, NaN where unknown.
        segment: Number of each point's segment.
        point: Place of each point among all points of the track.
        along_m: Way from the first point, shape (n,), without the breaks between segments.
        samples: Places in these arrays that are looked up, some metres apart.
        grid_m: How far from its fix a number can lie that was written with as few decimals.
    """

    xy_m: F8
    time_s: F8
    segment: I8
    point: I8
    along_m: F8
    samples: I8
    grid_m: float

    @property
    def length_m(self) -> float:
        """The whole way, metres."""
        return float(self.along_m[-1]) if len(self.along_m) else 0.0

    @property
    def timed(self) -> bool:
        """Whether at least two points have a time."""
        return int(np.isfinite(self.time_s).sum()) > 1


def frame_of(segments: Sequence[Segment]) -> Frame | None:
    """Return the plane in the middle of a track; None for one without points."""
    lon, lat = _places(segments)
    known = np.flatnonzero(np.isfinite(lon))
    if len(known) == 0:
        return None
    middle = known[len(known) // 2]
    origin_m = earth_centred_m(lon[[middle]], lat[[middle]])[0]
    up = origin_m / np.linalg.norm(origin_m)
    east = np.cross([0.0, 0.0, 1.0], up)
    # At a pole every direction is east.
    east = east / np.linalg.norm(east) if np.linalg.norm(east) > 1e-9 else np.array([1.0, 0, 0])
    return Frame(origin_m, np.column_stack([east, np.cross(up, east), up]))


def flattened(segments: Sequence[Segment], frame: Frame) -> Line:
    """Return a track on a plane, without the points that have no place or lie 500 km off."""
    counts = [len(segment) for segment in segments]
    number = np.repeat(np.arange(len(counts)), counts)
    time_s = np.concatenate([np.empty(0)] + [segment.time_s for segment in segments])
    lon, lat = _places(segments)
    some = np.arange(0, len(lon), max(1, -(-len(lon) // _MOST_POINTS)))
    flat_m = (earth_centred_m(lon[some], lat[some]) - frame.origin_m) @ frame.axes
    near = flat_m[:, 2] >= _DEEPEST_M
    use, xy_m = some[near], flat_m[near, :2]
    number = number[use]
    step_m = np.hypot(*np.diff(xy_m, axis=0).T) * (np.diff(number) == 0)
    along_m = np.concatenate([[0.0], np.cumsum(step_m)])[: len(use)]
    samples = _samples(along_m, number)
    return Line(xy_m, time_s[use], number, use, along_m, samples, _grid_m(segments))


def _places(segments: Sequence[Segment]) -> tuple[F8, F8]:
    """Return longitudes and latitudes of all points, both NaN where one is no number."""
    lon = np.concatenate([np.empty(0)] + [segment.lon for segment in segments])
    lat = np.concatenate([np.empty(0)] + [segment.lat for segment in segments])
    known = np.isfinite(lon) & np.isfinite(lat)
    return np.where(known, lon, np.nan), np.where(known, lat, np.nan)


def _samples(along_m: F8, number: I8) -> I8:
    """Return the first point of every few metres, and where segments begin and end."""
    if len(along_m) == 0:
        return np.empty(0, np.int64)
    every_m = max(_SAMPLE_M, along_m[-1] / _MOST_SAMPLES)
    stretch = np.floor(along_m / every_m)
    first = np.concatenate([[True], (np.diff(stretch) > 0) | (np.diff(number) > 0)])
    last = np.concatenate([np.diff(number) > 0, [True]])
    chosen = np.flatnonzero(first | last)
    return chosen[:: max(1, -(-len(chosen) // (2 * _MOST_SAMPLES)))]


def _grid_m(segments: Sequence[Segment]) -> float:
    """Return half the diagonal of the finest grid of decimals that all numbers lie on, metres.

    Numbers that were written as GCJ-02 or BD-09 lie on a grid there.
    """
    lon, lat = _places(segments)
    known = np.flatnonzero(np.isfinite(lon))
    known = known[:: max(1, len(known) // 500)]
    decimals = _FINE_DECIMALS
    if len(known) >= 5:
        written = [from_wgs84(lon[known], lat[known], datum) for datum in Datum]
        decimals = min(_decimals(np.concatenate(numbers)) for numbers in written)
    wide = np.hypot(1.0, np.cos(np.radians(np.median(lat[known])))) if len(known) else 1.0
    return float(wide * _DEGREE_M * 10.0**-decimals / 2)


def _decimals(degrees: F8) -> int:
    """Return how many decimals nearly all numbers are written with, at most 6."""
    for decimals in range(2, _FINE_DECIMALS):
        last = degrees * 10.0**decimals
        if np.mean(np.abs(last - np.round(last)) < _WRITTEN) >= 0.99:
            return decimals
    return _FINE_DECIMALS
