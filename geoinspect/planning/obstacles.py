"""No-go ground and steep ground: squares to keep off, ways round, the exact check at the end."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine
from shapely import MultiPolygon, Polygon

from geoinspect.planning.kernels import (
    TOBLER_RATE,
    TOBLER_SHIFT,
    Board,
    height_at,
    is_clear,
    leg_time,
    times_along,
)

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# A straight leg may take this much longer than the way by gentle ground that it cuts short.
_STRAIGHTER = 1.05
# Squares round a start among which a first free one is looked for, and how many are tried.
_GATE_SQUARES, _GATE_TRIES = 12, 300


@dataclass(frozen=True, slots=True, eq=False)
class WayTree:
    """Quickest lattice ways from a start.

    Attributes:
        seconds: The mean of there and back, inf where there is no way, shape (rows·cols,).
        parent: The square before, -1 at the start, shape (rows·cols,).
        side_m: Side of a square.
        rows, cols: The lattice.
    """

    seconds: F8
    parent: I4
    side_m: float
    rows: int
    cols: int

    def seconds_at(self, x: F8, y: F8) -> F8:
        """Return the seconds at places in metres from the window's corner, shape (n,)."""
        row = np.clip((y / self.side_m).astype(np.int64), 0, self.rows - 1)
        col = np.clip((x / self.side_m).astype(np.int64), 0, self.cols - 1)
        return np.asarray(self.seconds[row * self.cols + col])


def squares_of(
    no_go: Sequence[Polygon | MultiPolygon], corner: tuple[float, float], shape: tuple[int, int], side_m: float, margin_m: float
) -> U1:  # fmt: skip
    """Return 1 for each square of a lattice that no-go ground (and a margin round it) touches.

    Args:
        no_go: Polygons in the grid's CRS.
        corner: South-west corner of the lattice, metres.
        shape: Rows and columns of the lattice, south first.
        side_m: Side of a square.
        margin_m: Kept free round the polygons.
    """
    wider = [shapely.buffer(polygon, margin_m, quad_segs=4) for polygon in no_go]
    west, south = corner
    return np.asarray(
        rasterize(
            [(shape_, 1) for shape_ in wider],
            out_shape=shape,
            transform=Affine(side_m, 0, west, 0, side_m, south),
            all_touched=True,
            dtype=np.uint8,
        )
    )


def cells_near(blocked: U1, k: int) -> U1:
    """Return 1 for each cell of which any of its ``k × k`` squares is blocked."""
    rows, cols = blocked.shape[0] // k, blocked.shape[1] // k
    return np.ascontiguousarray(blocked.reshape(rows, k, cols, k).max(axis=(1, 3)))


def enters(line: F8, no_go: Sequence[Polygon | MultiPolygon]) -> bool:
    """Return whether a line (n, 2) meets the interior of any polygon; touching a border is none."""
    if len(line) < 2 or not no_go:
        return False
    legs = shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1))
    tree = shapely.STRtree(np.array(list(no_go), dtype=object))
    leg, polygon = tree.query(legs, predicate="intersects")
    interior = shapely.relate_pattern(legs[leg], tree.geometries[polygon], "T********")
    return bool(np.any(interior))


def gate_of(
    board: Board, start: tuple[float, float], corner: tuple[float, float], no_go: Sequence[Polygon | MultiPolygon]
) -> tuple[float, float] | None:  # fmt: skip
    """Return the free point nearest a start that a straight line reaches, None when shut in.

    Both points are metres from the window's corner.
    """
    if board.fine_m == 0.0:
        return start
    side, (rows, cols) = board.fine_m, board.blocked.shape
    row, col = int(start[1] // side), int(start[0] // side)
    if not (0 <= row < rows and 0 <= col < cols) or not board.blocked[row, col]:
        return start
    south, west = max(row - _GATE_SQUARES, 0), max(col - _GATE_SQUARES, 0)
    block = board.blocked[south : row + _GATE_SQUARES + 1, west : col + _GATE_SQUARES + 1]
    free = np.argwhere(block == 0) + np.array([south, west])
    points = (free[:, ::-1] + 0.5) * side
    nearest = np.argsort(np.hypot(*(points - start).T), kind="stable")[:_GATE_TRIES]
    for x, y in points[nearest].tolist():
        if not enters(np.array([start, (x, y)]) + corner, no_go):
            return x, y
    return None


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _square_heights(board: Board, rows: int, cols: int, side_m: float) -> F8:
    """Return the height in the middle of each square; shape (1, 1) on flat ground."""
    if board.height_m == 0.0:
        return np.zeros((1, 1))
    heights = np.empty((rows, cols))
    for r in range(rows):
        for c in range(cols):
            heights[r, c] = height_at(board, (c + 0.5) * side_m, (r + 0.5) * side_m)
    return heights


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _slower(slope: float) -> float:
    """Return how much slower a slope is than flat ground, there and back on average."""
    if np.isnan(slope):
        return 1.0
    up, down = abs(slope + TOBLER_SHIFT), abs(TOBLER_SHIFT - slope)
    both = np.exp(TOBLER_RATE * (up - TOBLER_SHIFT)) + np.exp(TOBLER_RATE * (down - TOBLER_SHIFT))
    return float(0.5 * both)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _spread(
    blocked: U1, heights: F8, side_m: float, speed_mps: float, row: int, col: int, most_s: float
) -> tuple[F8, I4]:
    """Dijkstra over free squares and their eight neighbours, no corner cut; by flat square."""
    rows, cols = blocked.shape
    seconds = np.full(rows * cols, np.inf)
    parent = np.full(rows * cols, -1, np.int32)
    first = row * cols + col
    seconds[first] = 0.0
    heap = [(0.0, first)]
    while len(heap) > 0:
        far, at = heapq.heappop(heap)
        if far > seconds[at]:
            continue
        r, c = at // cols, at % cols
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                nr, nc = r + dr, c + dc
                if not (0 <= nr < rows and 0 <= nc < cols) or blocked[nr, nc]:
                    continue
                if dr != 0 and dc != 0 and (blocked[r, nc] or blocked[nr, c]):
                    continue
                step_m = side_m * np.sqrt(dr * dr + dc * dc)
                new = far + step_m / speed_mps
                if len(heights) > 1 and (dr != 0 or dc != 0):
                    slope = (heights[nr, nc] - heights[r, c]) / step_m
                    new = far + step_m / speed_mps * _slower(slope)
                if new <= most_s and new < seconds[nr * cols + nc] - 1e-9:
                    seconds[nr * cols + nc], parent[nr * cols + nc] = new, at
                    heapq.heappush(heap, (new, nr * cols + nc))
    return seconds, parent


def ways_from(board: Board, x: float, y: float, most_s: float) -> WayTree | None:
    """Return the ways, up to some seconds, from a free point; None on flat ground without no-go."""
    if board.fine_m == 0.0 and board.height_m == 0.0:
        return None
    blocked, side_m = board.blocked, board.fine_m
    if side_m == 0.0:
        side_m = max(board.height_m, board.step_m)
        shape = np.ceil(np.array([board.rows, board.cols]) * (board.cell_m / side_m) - 1e-9)
        blocked = np.zeros(np.maximum(shape, 2).astype(np.int64), np.uint8)
    rows, cols = blocked.shape
    row = min(max(int(y // side_m), 0), rows - 1)
    col = min(max(int(x // side_m), 0), cols - 1)
    heights = _square_heights(board, rows, cols, side_m)
    seconds, parent = _spread(blocked, heights, side_m, board.speed_mps, row, col, most_s)
    return WayTree(seconds, parent, side_m, rows, cols)


def detour(board: Board, tree: WayTree, one: tuple[float, float], other: tuple[float, float]) -> list[tuple[float, float]] | None:  # fmt: skip
    """Return points between two places over free, gentle ground, by the start's tree, with few turns.

    Returns:
        Points strictly between the two; None when there is no way.
    """
    cols = tree.cols
    square = [int(y // tree.side_m) * cols + int(x // tree.side_m) for x, y in (one, other)]
    if not all(0 <= s < len(tree.seconds) and np.isfinite(tree.seconds[s]) for s in square):
        return None
    climb = []
    for s in square:
        way = [s]
        while tree.parent[way[-1]] >= 0:
            way.append(int(tree.parent[way[-1]]))
        climb.append(way)
    up, down = climb
    while len(up) > 1 and len(down) > 1 and up[-2] == down[-2]:
        up.pop()
        down.pop()
    squares = [*up, *down[-2::-1]] if len(down) > 1 else up
    points = [((s % cols + 0.5) * tree.side_m, (s // cols + 0.5) * tree.side_m) for s in squares]
    return _pulled(board, [one, *points, other])[1:-1]


def _pulled(board: Board, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a way with every point left out that a straight, clear, quick leg can skip."""
    x, y = np.array(points, np.float64).T
    done_s = np.concatenate([[0.0], np.cumsum(times_along(board, x.copy(), y.copy()))])

    def straight(i: int, j: int) -> bool:
        if not is_clear(board, *points[i], *points[j]):
            return False
        if board.height_m == 0.0:
            return True
        return bool(
            leg_time(board, *points[i], *points[j]) <= _STRAIGHTER * (done_s[j] - done_s[i])
        )

    kept, i = [points[0]], 0
    while i < len(points) - 1:
        # Doubling, then halving: the farthest point seen from here, in few looks.
        low, step = i + 1, 2
        while i + step < len(points) and straight(i, i + step):
            low, step = i + step, step * 2
        high = min(i + step, len(points))
        while high - low > 1:
            middle = (low + high) // 2
            if straight(i, middle):
                low = middle
            else:
                high = middle
        kept.append(points[low])
        i = low
    return kept
