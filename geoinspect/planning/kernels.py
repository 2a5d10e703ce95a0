"""Numba kernels of planning: walk a leg over the cells, time it, see whether it is clear.

Everything is in metres from the south-west corner of a window of cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# Tobler (1993), Three presentations on geographical analysis and modeling, NCGIA TR 93-1:
# v = 6·exp(−3.5·|slope + 0.05|) km/h; scaled here so that flat ground gives the stated speed.
TOBLER_RATE, TOBLER_SHIFT = 3.5, 0.05


class Board(NamedTuple):
    """A window of cells and what lies on it.

    Attributes:
        value: Gain still to be had in each cell, shape (rows·cols,); 0 where there is no cell.
        metres: Metres walked on each cell by the routes, shape (rows·cols,).
        miss: ``exp(−effort_per_m · metres)``, shape (rows·cols,).
        rows, cols, cell_m: The window.
        effort_per_m: Effort C that one metre adds to a cell: W / cell_m².
        blocked: No-go ground in squares of ``fine_m``, shape (rows·k, cols·k), or (1, 1).
        near: Cells with any blocked square, shape (rows, cols), or (1, 1).
        fine_m: Side of a blocked square; 0 when there is no no-go ground.
        heights: Metres above sea level each ``height_m`` from the corner, or shape (1, 1).
        height_m: Spacing of the heights; 0 when there are none.
        step_m: Legs are timed in steps no longer than this.
        speed_mps: On flat ground.
    """

    value: F8
    metres: F8
    miss: F8
    rows: int
    cols: int
    cell_m: float
    effort_per_m: float
    blocked: U1
    near: U1
    fine_m: float
    heights: F8
    height_m: float
    step_m: float
    speed_mps: float


class Journal(NamedTuple):
    """Cells as they were before the changes of one move, so that it can be taken back."""

    cell: I4
    metres: F8
    miss: F8
    used: I4


@numba.njit(cache=True, nogil=True, error_model="numpy")
def clip_leg(x0: float, y0: float, x1: float, y1: float, wide: float, high: float) -> tuple[float, float]:  # fmt: skip
    """Return the part of a leg within a window as shares of its length; (1, 0) when there is none."""
    low, top = 0.0, 1.0
    for p, d, size in ((x0, x1 - x0, wide), (y0, y1 - y0, high)):
        if d == 0.0:
            if p < 0.0 or p >= size:
                return 1.0, 0.0
        else:
            one, other = -p / d, (size - p) / d
            low, top = max(low, min(one, other)), min(top, max(one, other))
    return low, top


@numba.njit(cache=True, nogil=True, error_model="numpy")
def walk_leg(
    board: Board, journal: Journal, x0: float, y0: float, x1: float, y1: float, sign: float
) -> float:
    """Add (sign 1) or take away (sign -1) the metres of a leg; return what that gains.

    Cells are half-open squares, so a leg along a cell's border counts in one cell. A journal of
    no length keeps nothing.
    """
    dx, dy = x1 - x0, y1 - y0
    total = np.sqrt(dx * dx + dy * dy)
    if total == 0.0:
        return 0.0
    cell_m = board.cell_m
    at, end = clip_leg(x0, y0, x1, y1, board.cols * cell_m, board.rows * cell_m)
    if at >= end:
        return 0.0
    nudge = at + 1e-9 * (end - at)
    col = int(np.floor((x0 + nudge * dx) / cell_m))
    row = int(np.floor((y0 + nudge * dy) / cell_m))
    step_x, step_y, per_x, per_y, next_x, next_y = 0, 0, np.inf, np.inf, np.inf, np.inf
    if dx != 0.0:
        step_x = 1 if dx > 0 else -1
        per_x = cell_m / abs(dx)
        next_x = ((col + (dx > 0)) * cell_m - x0) / dx
    if dy != 0.0:
        step_y = 1 if dy > 0 else -1
        per_y = cell_m / abs(dy)
        next_y = ((row + (dy > 0)) * cell_m - y0) / dy
    gain = 0.0
    while at < end:
        stop = min(next_x, next_y, end)
        if stop > at and 0 <= row < board.rows and 0 <= col < board.cols:
            gain += add_metres(board, journal, row * board.cols + col, sign * (stop - at) * total)
        at = max(at, stop)
        if next_x < next_y:
            next_x += per_x
            col += step_x
        else:
            next_y += per_y
            row += step_y
    return gain


@numba.njit(cache=True, nogil=True, error_model="numpy")
def add_metres(board: Board, journal: Journal, cell: int, metres: float) -> float:
    """Change the metres of a cell, keep in the journal what they were; return the gain."""
    if board.value[cell] == 0.0 and len(journal.cell) > 0:
        return 0.0
    was = board.miss[cell]
    if len(journal.cell) > 0:
        k = journal.used[0]
        # A full journal stops counting; the caller sees that and refuses the move.
        if k < len(journal.cell):
            journal.cell[k] = cell
            journal.metres[k] = board.metres[cell]
            journal.miss[k] = was
        else:
            journal.used[0] = k + 1
            return 0.0
        journal.used[0] = k + 1
    board.metres[cell] = max(board.metres[cell] + metres, 0.0)
    board.miss[cell] = np.exp(-board.effort_per_m * board.metres[cell])
    return float(board.value[cell] * (was - board.miss[cell]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def take_back(board: Board, journal: Journal) -> None:
    """Undo every change in the journal, the latest first."""
    for k in range(min(journal.used[0], len(journal.cell)) - 1, -1, -1):
        cell = journal.cell[k]
        board.metres[cell] = journal.metres[k]
        board.miss[cell] = journal.miss[k]
    journal.used[0] = 0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def height_at(board: Board, x: float, y: float) -> float:
    """Return the height at a point, bilinear; NaN outside or where it is not known."""
    u, v = x / board.height_m, y / board.height_m
    j, i = int(np.floor(u)), int(np.floor(v))
    rows, cols = board.heights.shape
    if i < 0 or j < 0 or i + 1 >= rows or j + 1 >= cols:
        return np.nan
    u, v = u - j, v - i
    h = board.heights
    south = h[i, j] + u * (h[i, j + 1] - h[i, j])
    north = h[i + 1, j] + u * (h[i + 1, j + 1] - h[i + 1, j])
    return float(south + v * (north - south))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def leg_time(board: Board, x0: float, y0: float, x1: float, y1: float) -> float:
    """Return seconds from one point to the next, slope and direction counted where heights are known."""
    total = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    if board.height_m == 0.0 or total == 0.0:
        return float(total / board.speed_mps)
    n = int(np.ceil(total / board.step_m))
    step = total / n
    seconds = 0.0
    before = height_at(board, x0, y0)
    for k in range(1, n + 1):
        after = height_at(board, x0 + (x1 - x0) * k / n, y0 + (y1 - y0) * k / n)
        slope = (after - before) / step
        if np.isnan(slope):
            slope = 0.0
        seconds += (
            step
            * np.exp(TOBLER_RATE * (abs(slope + TOBLER_SHIFT) - TOBLER_SHIFT))
            / board.speed_mps
        )
        before = after
    return float(seconds)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def times_along(board: Board, x: F8, y: F8) -> F8:
    """Return the seconds of each leg of a line of n points, shape (n - 1,)."""
    seconds = np.empty(max(len(x) - 1, 0))
    for i in range(len(seconds)):
        seconds[i] = leg_time(board, x[i], y[i], x[i + 1], y[i + 1])
    return seconds


@numba.njit(cache=True, nogil=True, error_model="numpy")
def times_to(board: Board, x: F8, y: F8, to_x: float, to_y: float) -> F8:
    """Return the seconds straight from each of n points to one place, shape (n,)."""
    seconds = np.empty(len(x))
    for i in range(len(x)):
        seconds[i] = leg_time(board, x[i], y[i], to_x, to_y)
    return seconds


@numba.njit(cache=True, nogil=True, error_model="numpy")
def meets(flags: U1, side_m: float, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Return whether a leg crosses a flagged square of a lattice; outside it nothing is flagged."""
    rows, cols = flags.shape
    at, end = clip_leg(x0, y0, x1, y1, cols * side_m, rows * side_m)
    if at > end:
        return False
    dx, dy = x1 - x0, y1 - y0
    nudge = at + 1e-9 * (end - at)
    col = int(np.floor((x0 + nudge * dx) / side_m))
    row = int(np.floor((y0 + nudge * dy) / side_m))
    step_x, step_y, per_x, per_y, next_x, next_y = 0, 0, np.inf, np.inf, np.inf, np.inf
    if dx != 0.0:
        step_x = 1 if dx > 0 else -1
        per_x, next_x = side_m / abs(dx), ((col + (dx > 0)) * side_m - x0) / dx
    if dy != 0.0:
        step_y = 1 if dy > 0 else -1
        per_y, next_y = side_m / abs(dy), ((row + (dy > 0)) * side_m - y0) / dy
    while at <= end:
        if 0 <= row < rows and 0 <= col < cols and flags[row, col]:
            return True
        if next_x < next_y:
            at, next_x, col = next_x, next_x + per_x, col + step_x
        else:
            at, next_y, row = next_y, next_y + per_y, row + step_y
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy")
def is_clear(board: Board, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Return whether a leg keeps off no-go ground (by squares, so with a little to spare)."""
    if board.fine_m == 0.0 or not meets(board.near, board.cell_m, x0, y0, x1, y1):
        return True
    return not meets(board.blocked, board.fine_m, x0, y0, x1, y1)
