"""Which ground a route goes over, and how much of it an earlier one went over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.fitting import earth_centred_m
from geoinspect.ingest.misfits import step_lengths_m
from geoinspect.records import F8, Segment

I8 = NDArray[np.int64]

# Two lines on one path lie at most the foot's sweep width apart; routes 50 m apart see other ground.
CELL_M = 20.0
_DEGREE_M = 111_320.0
# Beyond this the meridians converge too fast for rows of equal cells; nobody patrols there.
_POLAR_DEG = 85.0
_ROW_STEP = np.int64(1) << 32
# Places on a line this far apart miss no cell but its corners.
_PLACES_A_CELL = 4
# What lies between fixes further apart is not known; it also bounds the work on a hostile track.
_LONGEST_STEP_M = 500.0
# Steps taken at once: bounds the memory.
_BATCH = 10_000


def route_cells(segments: Sequence[Segment]) -> I8:
    """Return the numbers of the ground cells, about 20 m wide, that a route crosses; sorted.

    The cells are the same for every route: rows by latitude, columns by longitude on the scale of
    the row's whole degree.
    """
    found = [np.empty(0, np.int64)]
    for segment in segments:
        for first in range(0, len(segment), _BATCH):
            lon, lat = _dense(segment.part(slice(first, first + _BATCH + 1)))
            found.append(np.unique(_cell(lon, lat)))
    return np.unique(np.concatenate(found))


def middles(cells: I8) -> tuple[F8, F8]:
    """Return longitude and latitude of the middles of cells, degrees."""
    row = (cells + _ROW_STEP // 2) // _ROW_STEP
    lat = (row + 0.5) * (CELL_M / _DEGREE_M)
    lon = (cells - row * _ROW_STEP + 0.5) * (CELL_M / _DEGREE_M) / np.cos(np.radians(np.round(lat)))
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def overlap(route: I8, earlier: I8) -> float:
    """Return the share of a route whose cells, or those beside them, an earlier route crossed.

    From 0 to 1; 0 for an empty route.
    """
    if not len(route) or not len(earlier):
        return 0.0
    beside = np.array([row * _ROW_STEP + col for row in (-1, 0, 1) for col in (-1, 0, 1)])
    again = np.isin(route[:, None] + beside, earlier).any(axis=1)
    return float(again.mean())


def _dense(segment: Segment) -> tuple[F8, F8]:
    """Return places along a line, at most a quarter of a cell apart."""
    steps_m = step_lengths_m(earth_centred_m(segment.lon, segment.lat))
    steps_m = np.where(steps_m > _LONGEST_STEP_M, 0.0, steps_m)
    pieces = np.maximum(np.ceil(steps_m * _PLACES_A_CELL / CELL_M), 1).astype(np.int64)
    starts = np.repeat(np.arange(len(pieces)), pieces)
    along = np.arange(len(starts)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    at = np.append(starts + along / pieces[starts], float(len(segment) - 1))
    places = np.arange(len(segment))
    return np.interp(at, places, segment.lon), np.interp(at, places, segment.lat)


def _cell(lon: F8, lat: F8) -> I8:
    lat = np.clip(lat, -_POLAR_DEG, _POLAR_DEG)
    row = np.floor(lat * (_DEGREE_M / CELL_M)).astype(np.int64)
    scale = np.cos(np.radians(np.round(lat)))
    col = np.floor(lon * scale * (_DEGREE_M / CELL_M)).astype(np.int64)
    return row * _ROW_STEP + col
