"""Square metric cells with lines at whole multiples of the cell size.

``col = floor(x / cell_m)``, ``row = floor(y / cell_m)``: a cell's number never depends on the
area it was made for, so two campaigns with one CRS and cell size share their cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import UsageError

I8 = NDArray[np.int64]

# A county of 50,000 km² at 100 m cells; more would not fit in an office machine's memory.
MAX_CELLS = 5_000_000
MAX_CELL_M = 100_000.0


@dataclass(frozen=True, slots=True)
class Grid:
    """A window of cells: ``rows`` × ``cols`` from the south-west cell (``row0``, ``col0``)."""

    crs: str
    cell_m: float
    row0: int
    col0: int
    rows: int
    cols: int

    @classmethod
    def over(cls, polygon: Polygon | MultiPolygon, *, crs: str, cell_m: float) -> Grid:
        """Return the smallest window that holds ``polygon`` (metres, in ``crs``).

        Raises:
            UsageError: The cell size is not a positive number or gives absurdly many cells.
        """
        check_cell_size(cell_m)
        west, south, east, north = polygon.bounds
        col0, row0 = math.floor(west / cell_m), math.floor(south / cell_m)
        cols = max(1, math.ceil(east / cell_m) - col0)
        rows = max(1, math.ceil(north / cell_m) - row0)
        if rows * cols > MAX_CELLS:
            raise UsageError(
                f"网格 {cell_m} 米会产生 {rows * cols} 个格子,上限 {MAX_CELLS};请加大网格边长",
                f"cells of {cell_m} m give {rows * cols} cells, the limit is {MAX_CELLS}: "
                "choose a larger cell",
                code="too_many_cells",
            )
        return cls(crs, float(cell_m), row0, col0, rows, cols)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        west, south = self.col0 * self.cell_m, self.row0 * self.cell_m
        return west, south, west + self.cols * self.cell_m, south + self.rows * self.cell_m

    def squares(self, rows: I8, cols: I8) -> NDArray[np.object_]:
        """Return the square polygons of cells given by absolute row and column, shape (n,)."""
        west, south = cols * self.cell_m, rows * self.cell_m
        return np.asarray(shapely.box(west, south, west + self.cell_m, south + self.cell_m))


def check_cell_size(cell_m: float) -> None:
    """Check that a cell size can be one.

    Raises:
        UsageError: It is no positive number, or larger than any county.
    """
    if not 0 < cell_m <= MAX_CELL_M:
        raise UsageError(
            f"网格边长必须是不超过 {MAX_CELL_M:g} 的正数(米),得到 {cell_m}",
            f"the cell size must be a positive number of metres up to {MAX_CELL_M:g}, got {cell_m}",
            code="bad_cell_size",
        )


def cell_id(row: int, col: int) -> str:
    """Return the name of a cell, stable across campaigns with the same CRS and cell size."""
    return f"{row}_{col}"
