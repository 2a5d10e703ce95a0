"""Gaps: connected ground that lacks a state, ranked by area × prior risk.

Gaps are found on the pieces of cells, so their areas are exact and add up; the outline of a gap
is only drawn for those that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.coverage.ground import Ground

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
Flags = NDArray[np.bool_]

# Less than this is where a cell's corner reaches over a border, not ground to send people to.
_MIN_GAP_M2 = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """A connected piece of ground to search.

    Attributes:
        area_code: The area it lies in.
        area_m2: Its ground.
        risk: Mean relative risk of its ground; 1 is neutral.
        cells: The cells it spans, shape (n,).
    """

    area_code: str
    area_m2: float
    risk: float
    cells: I4

    @property
    def weight(self) -> float:
        """What it is ranked by: area × risk."""
        return self.area_m2 * self.risk


def find_gaps(
    ground: Ground, lacks: Flags, area_of: Mapping[str, str], risk: F8 | None = None
) -> list[Gap]:
    """Return the gaps of each area, the one with most area × risk first over all.

    Args:
        ground: The campaign's cells.
        lacks: Which cells lack what is wanted (say, were never seen), shape (cells,).
        area_of: Code of every area that owns pieces → code of the area to list its gaps by.
        risk: Relative risk of each cell, shape (cells,); None is 1 everywhere.
    """
    codes = sorted(set(area_of.values()))
    number = {code: k for k, code in enumerate(codes)}
    of_area = np.array([number[area_of[code]] for code in ground.area_codes], np.int32)
    wanted = np.flatnonzero(lacks[ground.piece_cell])
    if len(wanted) == 0:
        return []
    order = np.argsort(ground.piece_cell[wanted], kind="stable")
    piece = wanted[order].astype(np.int32)
    cell, listed = ground.piece_cell[piece], of_area[ground.piece_area[piece]]
    starts = np.searchsorted(cell, np.arange(len(ground.cell_row) + 1)).astype(np.int32)
    row, col = ground.cell_row - ground.grid.row0, ground.cell_col - ground.grid.col0
    label, count = _components(ground.index, row, col, cell, listed, starts)
    m2 = ground.piece_m2[piece]
    relative = np.ones(len(ground.cell_row)) if risk is None else risk
    area_m2 = np.bincount(label, m2, count)
    risk_m2 = np.bincount(label, m2 * relative[cell], count)
    by_label = np.argsort(label, kind="stable")
    cuts = np.searchsorted(label[by_label], np.arange(count + 1))
    gaps = []
    for k in np.flatnonzero(area_m2 >= _MIN_GAP_M2):
        mine = by_label[cuts[k] : cuts[k + 1]]
        gaps.append(
            Gap(
                codes[listed[mine[0]]],
                float(area_m2[k]),
                float(risk_m2[k] / area_m2[k]),
                np.unique(cell[mine]),
            )
        )
    return sorted(gaps, key=lambda gap: (-gap.weight, -gap.area_m2, gap.area_code, gap.cells[0]))


def gap_outline(ground: Ground, gap: Gap, area: Polygon | MultiPolygon) -> BaseGeometry:
    """Return the outline of a gap in the grid's CRS, clipped to the area it is listed by."""
    whole = shapely.coverage_union_all(ground.grid.squares(*_places(ground, gap)))
    parts = shapely.get_parts(shapely.intersection(whole, area))
    kept = [part for part in parts if isinstance(part, Polygon)]
    return shapely.MultiPolygon(kept) if len(kept) != 1 else kept[0]


def access_point(
    outline: BaseGeometry, ways: Sequence[BaseGeometry], seen: NDArray[np.object_]
) -> tuple[tuple[float, float], str]:
    """Return where to enter a gap, x and y in the grid's CRS, and what it is reached from.

    ``road``: the point of the gap nearest to a road or way in. ``searched``: else, nearest to
    ground that was searched on foot or by vehicle, which somebody could reach. ``inside``: else a
    point inside.

    Args:
        outline: The gap.
        ways: Roads and ways in, in the grid's CRS.
        seen: Squares of cells that were walked, polygons.
    """
    for kind, targets in (("road", ways), ("searched", seen)):
        if len(targets) == 0:
            continue
        tree = shapely.STRtree(np.asarray(targets, dtype=object))
        nearest = targets[int(tree.nearest(outline))]
        line = shapely.shortest_line(outline, nearest)
        x, y = shapely.get_coordinates(line)[0]
        return (float(x), float(y)), kind
    point = shapely.point_on_surface(outline)
    return (point.x, point.y), "inside"


def _places(ground: Ground, gap: Gap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, cols = ground.cell_row[gap.cells], ground.cell_col[gap.cells]
    return rows.astype(np.int64), cols.astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _components(index: I4, row: I4, col: I4, cell: I4, listed: I4, starts: I4) -> tuple[I4, int]:
    """Return the component of each piece and how many there are.

    Pieces hang together when they belong to one listed area and their cells share a side.

    Args:
        index: Cell number per row and column of the window, -1 outside.
        row, col: Of every cell, in the window.
        cell, listed: Cell and listed area of every piece, sorted by cell.
        starts: First piece of every cell, and the number of pieces at the end.
    """
    label = np.full(len(cell), -1, np.int32)
    queue = np.empty(len(cell), np.int32)
    count = 0
    for first in range(len(cell)):
        if label[first] >= 0:
            continue
        label[first], queue[0], head, tail = count, first, 0, 1
        while head < tail:
            p = queue[head]
            head += 1
            r, c = row[cell[p]], col[cell[p]]
            for step in range(5):
                r2 = r + (step == 1) - (step == 2)
                c2 = c + (step == 3) - (step == 4)
                if r2 < 0 or c2 < 0 or r2 >= index.shape[0] or c2 >= index.shape[1]:
                    continue
                other = index[r2, c2]
                if other < 0:
                    continue
                for q in range(starts[other], starts[other + 1]):
                    if label[q] < 0 and listed[q] == listed[p]:
                        label[q], queue[tail] = count, q
                        tail += 1
        count += 1
    return label, count
