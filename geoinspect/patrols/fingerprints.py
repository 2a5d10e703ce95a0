"""A few numbers that tell of a track which others may repeat it, without reading those.

The ground is cut into cells of 50 m and each cell has a fixed random number. Of the cells a line
crosses, one after another, the lowest number of every window of so many cells is kept
(winnowing: Schleimer, Wilkerson and Aiken, SIGMOD 2003). Two tracks that share a stretch longer
than the wider of their windows share a number, wherever in them it lies and in whichever
direction it is gone. That is why it is not the lowest numbers of the whole track: those forget a
short piece of a long track.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.datum import from_wgs84, has_offset, to_wgs84
from geoinspect.records import F8, Datum, Segment

U8 = NDArray[np.uint64]
Flags = NDArray[np.bool_]

# What a track's numbers were written in, and what they were read in instead.
DATUM_MISTAKES = tuple(permutations(Datum, 2))
# Most numbers that a fingerprint has.
SKETCH_SIZE = 64
_CELL_M = 50.0
_DEGREE_M = 111_195.0
# The line is looked at so often, and never at more places than this altogether.
_STEP_M = 5.0
_MOST_PLACES = 200_000
# Lines of so few cells keep the cells beside them as well: a copy that lies some metres off must
# not miss them by the edge of a cell.
_SHORT_CELLS = 16
_BESIDE_M = 12.0
_NONE = np.empty(0, np.uint64)


def fingerprint(segments: Sequence[Segment]) -> U8:
    """Return the numbers of a track, sorted, at most 64; none when it has no points.

    They depend on the line alone and not on how it is sampled, nor on times or direction.

    Args:
        segments: In WGS84 degrees.
    """
    lines = [_places(segment, share) for segment, share in _shares(segments)]
    cells = np.concatenate([_NONE] + [_cells(lon, lat) for lon, lat in lines])
    distinct = len(np.unique(cells))
    if distinct <= _SHORT_CELLS:
        return np.unique(np.concatenate([_NONE] + [_cells_beside(*line) for line in lines]))[
            :SKETCH_SIZE
        ]
    window = 1 if distinct <= SKETCH_SIZE else 2 * distinct // SKETCH_SIZE
    kept = _lowest(cells, window)
    while len(kept) > SKETCH_SIZE:
        window += 1 + window // 8
        kept = _lowest(cells, window)
    return kept


def mistakable(segments: Sequence[Segment]) -> bool:
    """Return whether a track lies where the datums differ: on the mainland."""
    lines = [(segment.lon, segment.lat) for segment in segments]
    return bool(lines) and has_offset(*map(np.concatenate, zip(*lines, strict=True)))


def misplaced(segments: Sequence[Segment], mistake: tuple[Datum, Datum]) -> tuple[Segment, ...]:
    """Return a track as it would lie if its datum had been mistaken.

    A copy of a track that lies some hundred metres off has the fingerprint of one of these; as
    either of both may be the mistaken one, all six mistakes are worth a look. A copy that lies
    off for another reason has not: compare tracks whose times are the same by four fifths.

    Args:
        segments: In WGS84, or so it is thought.
        mistake: The datum that its numbers were written in, and the one they were read in.
    """
    written, read = mistake
    return tuple(
        segment.moved(*to_wgs84(*from_wgs84(segment.lon, segment.lat, written), read))
        for segment in segments
    )


def may_repeat(sketch: U8, others: Sequence[U8] | U8) -> Flags:
    """Return which tracks may repeat one, or be repeated by it; shape (others,).

    A copy of 0.3 of either track or more, in pieces of at least 1/20 of the longer one, is never
    missed; walks that only cross may be named as well.

    Args:
        sketch: The track's fingerprint.
        others: Those of the other tracks, a sequence or the rows of an array.
    """
    if len(others) == 0:
        return np.zeros(0, dtype=bool)
    sizes = np.array([len(other) for other in others])
    common = np.isin(np.concatenate(list(others)), sketch)
    counts = np.bincount(np.repeat(np.arange(len(sizes)), sizes), common, minlength=len(sizes))
    return np.asarray(counts > 0)


def _shares(segments: Sequence[Segment]) -> list[tuple[Segment, int]]:
    """Return the segments with points, and at how many places each may be looked at."""
    filled = [segment for segment in segments if len(segment)]
    points = sum(map(len, filled))
    return [(segment, max(2, _MOST_PLACES * len(segment) // points)) for segment in filled]


def _places(segment: Segment, most: int) -> tuple[F8, F8]:
    """Return places along a line, evenly enough that it skips next to no cell: degrees."""
    known = np.isfinite(segment.lon) & np.isfinite(segment.lat)
    # A line over the antimeridian goes on beyond 180.
    lon, lat = np.unwrap(segment.lon[known], period=360.0), segment.lat[known]
    if len(lon) < 2:
        return lon, lat
    east = np.diff(lon) * np.cos(np.radians((lat[1:] + lat[:-1]) / 2))
    along_m = np.concatenate([[0.0], np.cumsum(np.hypot(east, np.diff(lat)) * _DEGREE_M)])
    step_m = max(_STEP_M, along_m[-1] / most)
    at_m = np.linspace(0.0, along_m[-1], int(along_m[-1] / step_m) + 2)
    return np.interp(at_m, along_m, lon), np.interp(at_m, along_m, lat)


def _cells(lon: F8, lat: F8) -> U8:
    """Return the numbers of the cells of places, in their order, without standing still."""
    row = np.floor(lat * (_DEGREE_M / _CELL_M)).astype(np.int64)
    # The columns of a row are 50 m wide in its middle, whichever place asks.
    middle = np.radians((row + 0.5) * (_CELL_M / _DEGREE_M))
    column = np.floor(lon % 360.0 * np.cos(middle) * (_DEGREE_M / _CELL_M)).astype(np.int64)
    cells = _scattered(
        (row + (1 << 24)).astype(np.uint64) << np.uint64(32) | column.astype(np.uint64)
    )
    fresh = np.ones(len(cells), dtype=bool)
    fresh[1:] = cells[1:] != cells[:-1]
    return cells[fresh]


def _cells_beside(lon: F8, lat: F8) -> U8:
    """Return the numbers of the cells of places and of what lies beside them, in any order."""
    north = _BESIDE_M / _DEGREE_M
    east = north / np.maximum(np.cos(np.radians(lat)), 0.01)
    turns = [(0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]
    found = [_cells(lon + right * east, lat + up * north) for right, up in turns]
    return np.unique(np.concatenate(found))


def _scattered(cells: U8) -> U8:
    """Return a fixed random number for each cell: the finisher of SplitMix64 (Steele, Lea and
    Flood, OOPSLA 2014).
    """
    mixed = (cells ^ (cells >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _lowest(cells: U8, window: int) -> U8:
    """Return the lowest number of every window of neighbours, sorted; few cells are one window."""
    windows = np.lib.stride_tricks.sliding_window_view(cells, min(window, len(cells)))
    return np.unique(windows.min(axis=1))
