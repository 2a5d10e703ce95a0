"""Running and standing water of the terrain, as lines and a polygon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin
from shapely import MultiPolygon, Polygon

from sample_data.terrain import RIVER_AREA_M2, Terrain

I8 = NDArray[np.int64]


def streams(terrain: Terrain) -> Iterator[I8]:
    """Yield the cells of each water course from its spring down, the greatest first.

    A course ends where it runs into one that came before it.
    """
    drained = terrain.drained_m2.ravel()
    wet = (drained > RIVER_AREA_M2) & ~terrain.lake.ravel()
    cells = np.flatnonzero(wet)
    fed = np.zeros(drained.size, np.bool_)
    fed[terrain.receiver[cells][terrain.receiver[cells] >= 0]] = True
    springs = cells[~fed[cells]]
    done = np.zeros(drained.size, np.bool_)
    for spring in springs[np.argsort(-drained[springs], kind="stable")]:
        chain = [int(spring)]
        while not done[chain[-1]] and terrain.receiver[chain[-1]] >= 0:
            done[chain[-1]] = True
            chain.append(int(terrain.receiver[chain[-1]]))
        yield np.array(chain)


def reservoir(terrain: Terrain) -> Polygon | MultiPolygon:
    """Return the shore of the reservoir in the terrain's CRS."""
    drawn = rasterio.features.shapes(
        terrain.lake.astype(np.uint8),
        mask=terrain.lake,
        connectivity=8,
        transform=from_origin(terrain.west_m, terrain.north_m, terrain.step_m, terrain.step_m),
    )
    stepped = shapely.union_all([shapely.geometry.shape(shape) for shape, _ in drawn])
    # Steps of cells become a shore: no corner is farther off than half a cell.
    return stepped.simplify(terrain.step_m / 2)
