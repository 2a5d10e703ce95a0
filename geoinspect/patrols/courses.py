"""The nearest place on a line, in bounded time however often the line crosses itself.

A tree of boxes is of no use where a receiver lay for hours: thousands of boxes lie over each
other there. Here the ground is cut into squares that list the pieces of line in them, and no
more than so many of a square are looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoinspect.patrols.flat_lines import Line
from geoinspect.records import F8

I8 = NDArray[np.int64]

_SQUARE_M = 10.0
# A piece is entered in the squares that it has a place in so far apart; it may cut the corner of
# another, so what is asked for is looked up as far around.
_STEP_M = 3.0
_MOST_PIECES = 48
# Long pieces of hostile lines are entered at fewer places, so that all together have no more.
_MOST_ENTRIES = 1_000_000


def nearest_on_course(line: Line, wanted_m: F8, within_m: float) -> F8:
    """Return the places on a line nearest to points, NaN where it is further away.

    Args:
        wanted_m: East and north, shape (n, 2).
        within_m: Metres, above 0.
    """
    found = np.full(len(wanted_m), np.nan)
    starts = np.flatnonzero(np.diff(line.segment) == 0)
    if len(starts) == 0:
        return found
    around_m = max(within_m, _STEP_M)
    square_m = max(_SQUARE_M, 2 * around_m)
    squares, pieces = _entries(line, starts, square_m)
    asked, start = _candidates(wanted_m, around_m, square_m, squares, pieces)
    begin, step = line.xy_m[start], line.xy_m[start + 1] - line.xy_m[start]
    away = wanted_m[asked] - begin
    part = (away * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-12)
    # Less than the next point, so that the place stays on its piece.
    part = np.clip(part, 0.0, 1.0 - 1e-9)
    apart_m = np.hypot(*(away - part[:, None] * step).T)
    # The nearest is written last and stays.
    order = np.argsort(-apart_m, kind="stable")
    order = order[apart_m[order] <= within_m]
    found[asked[order]] = (start + part)[order]
    return found


def _entries(line: Line, starts: I8, square_m: float) -> tuple[I8, I8]:
    """Return the squares of a line's pieces, sorted, and the pieces by their first points."""
    begin, step = line.xy_m[starts], line.xy_m[starts + 1] - line.xy_m[starts]
    counts = 2 + (np.hypot(*step.T) / _STEP_M).astype(np.int64)
    counts = np.minimum(counts, max(2, _MOST_ENTRIES // len(starts)))
    piece = np.repeat(np.arange(len(starts)), counts)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    part = nth / np.repeat(counts - 1, counts)
    squares = _square(begin[piece] + part[:, None] * step[piece], square_m)
    fresh = np.ones(len(piece), dtype=bool)
    fresh[1:] = (np.diff(squares) != 0) | (np.diff(piece) != 0)
    squares, piece = squares[fresh], piece[fresh]
    order = np.argsort(squares, kind="stable")
    return squares[order], starts[piece[order]]


def _candidates(
    wanted_m: F8, around_m: float, square_m: float, squares: I8, pieces: I8
) -> tuple[I8, I8]:
    """Return pairs of a point and a piece of line that may be near to it."""
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * around_m
    keys = _square(wanted_m[:, None, :] + corners, square_m)
    # A point in the middle of a square asks for it four times.
    keys.sort(axis=1)
    fresh = np.concatenate([np.ones((len(keys), 1), dtype=bool), np.diff(keys) != 0], axis=1)
    asked, key = np.nonzero(fresh)[0], keys[fresh]
    first = np.searchsorted(squares, key, side="left")
    many = np.searchsorted(squares, key, side="right") - first
    counts = np.minimum(many, _MOST_PIECES)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    # Of a crowded square evenly some.
    picked = np.repeat(first, counts) + nth * np.repeat(many, counts) // np.repeat(counts, counts)
    return np.repeat(asked, counts), pieces[picked]


def _square(xy_m: F8, square_m: float) -> I8:
    """Return one number for the square of each point, shape (…, 2)."""
    across = np.floor(xy_m / square_m).astype(np.int64)
    return np.asarray(across[..., 0] * (1 << 24) + across[..., 1])
