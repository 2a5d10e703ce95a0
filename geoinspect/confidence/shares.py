"""Which share of each cell's ground lies inside a polygon."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.coverage import bits
from geoinspect.coverage.ground import Ground, polygon_edges

F8 = NDArray[np.float64]
Shares: TypeAlias = Callable[[Polygon | MultiPolygon], F8]


def square_shares(x: F8, y: F8, cell_m: float, polygon: Polygon | MultiPolygon) -> F8:
    """Return the share of each square cell inside a polygon, exactly, shape (n,).

    Args:
        x, y: Centres in a metric CRS, shape (n,).
        cell_m: Side of the cells.
        polygon: Valid, in the same CRS.
    """
    out = np.zeros(len(x))
    if polygon.is_empty:
        return out
    half_m = cell_m / 2
    west, south, east, north = polygon.bounds
    near = np.flatnonzero(
        (x > west - half_m) & (x < east + half_m) & (y > south - half_m) & (y < north + half_m)
    )
    squares = shapely.box(x[near] - half_m, y[near] - half_m, x[near] + half_m, y[near] + half_m)
    tree = shapely.STRtree(squares)
    parts = shapely.get_parts(polygon)
    _, whole = tree.query(parts, predicate="contains")
    out[near[whole]] = 1.0
    part, edge = tree.query(parts, predicate="intersects")
    open_ = out[near[edge]] < 1
    part, edge = part[open_], edge[open_]
    inside_m2 = shapely.area(shapely.intersection(squares[edge], parts[part]))
    # A cell may meet several parts; they are apart, so their shares add up.
    out += np.bincount(near[edge], weights=inside_m2 / cell_m**2, minlength=len(x))
    return np.minimum(out, 1.0)


def ground_shares(ground: Ground) -> Shares:
    """Return what gives the share of each cell's own ground inside a polygon, in its order.

    Cells that are ground all over are exact; of cells at the edge of the area the bits of their
    ground are counted, right to about one bit.
    """
    cell_m = ground.grid.cell_m
    x, y = ground.centres()
    whole, edge = np.flatnonzero(ground.full), np.flatnonzero(~ground.full)
    index = np.full((ground.grid.rows, ground.grid.cols), -1, np.int32)
    row, col = ground.cell_row[edge] - ground.grid.row0, ground.cell_col[edge] - ground.grid.col0
    index[row, col] = np.arange(len(edge), dtype=np.int32)
    own_bits = ground.cell_bits[edge]
    own_count = np.maximum(bits.count_bits(own_bits), 1)
    numbers = np.arange(len(edge), dtype=np.int32)

    def shares(polygon: Polygon | MultiPolygon) -> F8:
        out = np.zeros(len(x))
        if polygon.is_empty:
            return out
        out[whole] = square_shares(x[whole], y[whole], cell_m, polygon)
        masks = np.zeros_like(own_bits)
        grid = ground.grid
        edges = polygon_edges(polygon)
        bits.fill_polygon(edges, grid.row0, grid.col0, index, cell_m, ground.side, masks)
        out[edge] = bits.count_common(masks, numbers, own_bits, numbers) / own_count
        return out

    return shares
