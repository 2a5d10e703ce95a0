"""What lines are worth: exact metres in every cell, and the confidence they add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import TooLargeError
from geoinspect.planning.kernels import Board, Journal, walk_leg
from geoinspect.planning.records import PlanCells

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# A window of 5,000 × 5,000 cells; a county has a fiftieth of that.
MAX_WINDOW = 25_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Rows and columns of cells from a south-west cell, and where its corner lies."""

    row0: int
    col0: int
    rows: int
    cols: int
    corner_m: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class RouteGain:
    """What lines add, one after another.

    Attributes:
        gains: Confidence that each line adds after those before it, shape (lines,).
        metres: Metres of all lines in each cell, shape (cells,).
        entered: Cells that each line enters, shape (lines,).
        before, after: Confidence without and with the lines.
    """

    gains: F8
    metres: F8
    entered: I8
    before: float
    after: float


def no_journal() -> Journal:
    """Return a journal that keeps nothing."""
    return Journal(np.empty(0, np.int32), np.empty(0), np.empty(0), np.zeros(1, np.int32))


def window_over(cells: PlanCells, low: tuple[int, int], high: tuple[int, int]) -> Window:
    """Return the window from one (row, col) to another, both within.

    Raises:
        TooLargeError: The cells lie absurdly far apart.
    """
    rows, cols = high[0] - low[0] + 1, high[1] - low[1] + 1
    if rows * cols > MAX_WINDOW:
        raise TooLargeError(
            f"网格范围为 {rows} 行 × {cols} 列,超过 {MAX_WINDOW} 格的上限:请按县拆分,或检查远离其他网格的格子",
            f"the cells span {rows} rows × {cols} columns, more than {MAX_WINDOW} cells: plan county by "
            "county, or look for cells far from all others",
        )
    corner = (
        cells.origin_m[0] + low[1] * cells.cell_m,
        cells.origin_m[1] + low[0] * cells.cell_m,
    )
    return Window(low[0], low[1], rows, cols, corner)


def window_of(cells: PlanCells) -> Window:
    """Return the window of all cells."""
    return window_over(
        cells,
        (int(cells.row.min()), int(cells.col.min())),
        (int(cells.row.max()), int(cells.col.max())),
    )


def plain_board(window: Window, cells: PlanCells, width_m: float, speed_mps: float = 1.0) -> Board:
    """Return an empty board of a window: values, no obstacles, no heights.

    A cell's value is ``risk · (1 − pod) / Σ risk``. Its effort is ``W·L/cell²`` for edge cells
    too: of L metres in the square the cell's share of ground counts, over that ground.
    """
    size = window.rows * window.cols
    value = np.zeros(size)
    row, col = cells.row - window.row0, cells.col - window.col0
    inside = (row >= 0) & (row < window.rows) & (col >= 0) & (col < window.cols)
    flat = (row * window.cols + col)[inside]
    value[flat] = (cells.risk * (1.0 - cells.pod))[inside] / cells.total_risk
    return Board(
        value=value,
        metres=np.zeros(size),
        miss=np.ones(size),
        rows=window.rows,
        cols=window.cols,
        cell_m=float(cells.cell_m),
        effort_per_m=float(width_m / cells.cell_m**2),
        blocked=np.zeros((1, 1), np.uint8),
        near=np.zeros((1, 1), np.uint8),
        fine_m=0.0,
        heights=np.zeros((1, 1)),
        height_m=0.0,
        step_m=float(cells.cell_m / 2),
        speed_mps=float(speed_mps),
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk_line(board: Board, journal: Journal, x: F8, y: F8) -> float:
    """Walk one line over the board; return its gain."""
    gain = 0.0
    for i in range(len(x) - 1):
        gain += walk_leg(board, journal, x[i], y[i], x[i + 1], y[i + 1], 1.0)
    return gain


def walk_line(board: Board, line: F8) -> float:
    """Walk a line, metres from the board's corner, over it for good; return its gain."""
    return float(_walk_line(board, no_journal(), line[:, 0].copy(), line[:, 1].copy()))


def route_gain(cells: PlanCells, lines: Sequence[F8], width_m: float) -> RouteGain:
    """Return what any lines add to the confidence, each after those before it.

    Args:
        cells: Cells as they stand.
        lines: Points in the cells' CRS, metres, each of shape (n, 2); every pass counts.
        width_m: Full effective sweep width.
    """
    window = _window_under(cells, lines)
    board = plain_board(window, cells, width_m)
    row, col = cells.row - window.row0, cells.col - window.col0
    inside = (row >= 0) & (row < window.rows) & (col >= 0) & (col < window.cols)
    flat = (row * window.cols + col)[inside]
    gains, entered = np.zeros(len(lines)), np.zeros(len(lines), np.int64)
    for k, line in enumerate(lines):
        before = board.metres[flat]
        gains[k] = walk_line(
            board, np.asarray(line, dtype=np.float64).reshape(-1, 2) - window.corner_m
        )
        entered[k] = int((board.metres[flat] > before).sum())
    metres = np.zeros(len(cells.row))
    metres[inside] = board.metres[flat]
    start = cells.confidence
    return RouteGain(gains, metres, entered, start, start + float(gains.sum()))


def _window_under(cells: PlanCells, lines: Sequence[F8]) -> Window:
    """Return the cells' window cut to where the lines go, at least one cell."""
    low = np.array([cells.row.min(), cells.col.min()])
    high = np.array([cells.row.max(), cells.col.max()])
    points = [np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in lines]
    xy = np.concatenate(points) if points else np.empty((0, 2))
    if len(xy):
        place = np.floor((xy - cells.origin_m) / cells.cell_m)[:, ::-1]
        first, last = place.min(axis=0), place.max(axis=0)
        new_low, new_high = np.maximum(low, first), np.minimum(high, last)
        if (new_low <= new_high).all():
            low, high = new_low.astype(np.int64), new_high.astype(np.int64)
        else:
            high = low
    else:
        high = low
    return window_over(cells, (int(low[0]), int(low[1])), (int(high[0]), int(high[1])))
