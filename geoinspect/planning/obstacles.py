"""No-go ground: squares that routes keep off, ways round it, and the exact check at the end."""

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

from geoinspect.planning.kernels import Board, is_clear

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

# Squares round a start among which a first free one is looked for, and how many are tried.
_GATE_SQUARES, _GATE_TRIES = 12, 300


@dataclass(frozen=True, slots=True, eq=False)
class WayTree:
    """Shortest lattice ways from a start: metres (inf: no way) and the square before, by square."""

    metres: F8
    parent: I4
    side_m: float


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
def _spread(blocked: U1, side_m: float, row: int, col: int, most_m: float) -> tuple[F8, I4]:
    """Dijkstra over free squares and their eight neighbours, no corner cut; by flat square."""
    rows, cols = blocked.shape
    metres = np.full(rows * cols, np.inf)
    parent = np.full(rows * cols, -1, np.int32)
    first = row * cols + col
    metres[first] = 0.0
    heap = [(0.0, first)]
    while len(heap) > 0:
        far, at = heapq.heappop(heap)
        if far > metres[at]:
            continue
        r, c = at // cols, at % cols
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                nr, nc = r + dr, c + dc
                if not (0 <= nr < rows and 0 <= nc < cols) or blocked[nr, nc]:
                    continue
                if dr != 0 and dc != 0 and (blocked[r, nc] or blocked[nr, c]):
                    continue
                new = far + side_m * np.sqrt(dr * dr + dc * dc)
                if new <= most_m and new < metres[nr * cols + nc] - 1e-9:
                    metres[nr * cols + nc], parent[nr * cols + nc] = new, at
                    heapq.heappush(heap, (new, nr * cols + nc))
    return metres, parent


def ways_from(board: Board, x: float, y: float, most_m: float) -> WayTree | None:
    """Return the ways, up to a length, from a free point; None when there is no no-go ground."""
    if board.fine_m == 0.0:
        return None
    rows, cols = board.blocked.shape
    row = min(max(int(y // board.fine_m), 0), rows - 1)
    col = min(max(int(x // board.fine_m), 0), cols - 1)
    metres, parent = _spread(board.blocked, board.fine_m, row, col, most_m)
    return WayTree(metres, parent, board.fine_m)


def detour(board: Board, tree: WayTree, one: tuple[float, float], other: tuple[float, float]) -> list[tuple[float, float]] | None:  # fmt: skip
    """Return points between two places over free ground, by the start's tree, with few turns.

    Returns:
        Points strictly between the two; None when there is no way.
    """
    cols = board.blocked.shape[1]
    square = [int(y // tree.side_m) * cols + int(x // tree.side_m) for x, y in (one, other)]
    if not all(0 <= s < len(tree.metres) and np.isfinite(tree.metres[s]) for s in square):
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
    """Return a way with every point left out that a straight clear leg can skip."""
    kept, i = [points[0]], 0
    while i < len(points) - 1:
        # Doubling, then halving: the farthest point seen from here, in few looks.
        low, step = i + 1, 2
        while i + step < len(points) and is_clear(board, *points[i], *points[i + step]):
            low, step = i + step, step * 2
        high = min(i + step, len(points))
        while high - low > 1:
            middle = (low + high) // 2
            if is_clear(board, *points[i], *points[middle]):
                low = middle
            else:
                high = middle
        kept.append(points[low])
        i = low
    return kept
