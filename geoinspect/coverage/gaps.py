"""Gaps: connected ground that nobody has seen, by area, largest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geoinspect.coverage.cells import STATES, CellTable
from geoinspect.coverage.ground import Ground
from geoinspect.records import CellState

# Less than this is where a cell's corner reaches over a border, not ground to send people to.
_MIN_GAP_M2 = 100.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A connected piece of unseen ground.

    Attributes:
        area_code: The area it lies in.
        area_m2: Its ground.
        cells: How many cells it spans.
        polygon: In the grid's CRS, clipped to the area.
    """

    area_code: str
    area_m2: float
    cells: int
    polygon: Polygon


def find_gaps(
    ground: Ground, table: CellTable, areas: Mapping[str, Polygon | MultiPolygon]
) -> list[Gap]:
    """Return the gaps of each area, largest first over all.

    Args:
        ground: The campaign's cells.
        table: Their states.
        areas: Area code → polygon in the grid's CRS; areas that do not overlap.
    """
    unseen = table.state == STATES.index(CellState.UNSEEN)
    squares = ground.squares()[unseen]
    if len(squares) == 0:
        return []
    # Cells are snapped to one lattice, so a union of squares needs no tolerance.
    blocks = shapely.get_parts(shapely.coverage_union_all(squares))
    centres = shapely.centroid(squares)
    tree = shapely.STRtree(blocks)
    found: list[Gap] = []
    for code, polygon in areas.items():
        shapely.prepare(polygon)
        for block in blocks[tree.query(polygon, predicate="intersects")]:
            for part in shapely.get_parts(shapely.intersection(block, polygon)):
                if isinstance(part, Polygon) and part.area >= _MIN_GAP_M2:
                    found.append(Gap(code, part.area, 0, part))
    parts = np.array([gap.polygon for gap in found])
    gap_tree = shapely.STRtree(parts)
    counts = np.bincount(gap_tree.query(centres, predicate="within")[1], minlength=len(found))
    gaps = [
        Gap(gap.area_code, gap.area_m2, max(int(n), 1), gap.polygon)
        for gap, n in zip(found, counts, strict=True)
    ]
    return sorted(gaps, key=lambda gap: (-gap.area_m2, gap.area_code))
