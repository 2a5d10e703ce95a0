"""The valid ground of a raster as polygons that stay few, however speckled the picture is.

The outline is drawn along blocks of pixels: a block is ground when at least half of it is valid.
Where that gives more block edges than are worth keeping (nodata speckle all over, say), blocks are
merged two by two until it does not. So the outline is true to about half a block, and a block is
never larger than 1/39 of the picture's longer side. Ground and speckle finer than a block count
as what surrounds them; the valid *area* is measured elsewhere, pixel by pixel.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features
from shapely import MultiPolygon
from shapely.geometry import shape as geometry_shape
from shapely.geometry.base import BaseGeometry

from geoinspect.ingest.raster_ground import Placement

F8 = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A ragged picture at 1024 blocks a side has some 5,000; 77 × 77 blocks can't have more than this.
_MOST_EDGES = 12_000
# Less than half the diagonal of a block, so that the corner of a single block is kept.
_SIMPLIFY_BLOCKS = 0.7


def draw_outline(shares: F8, step: int, placement: Placement) -> tuple[MultiPolygon, int]:
    """Return the valid ground in WGS84, and the side in pixels of the blocks it is drawn along.

    Args:
        shares: Valid share of each block, shape (rows, cols); one at least is above 0.
        step: Side of a block in pixels; blocks at the right and bottom edge end with the raster.
        placement: Where the raster lies.
    """
    valid = _ground_blocks(shares, step, placement)
    side = step
    while _edges(valid) > _MOST_EDGES:
        shares, side = _merged(shares, side, placement), side * 2
        valid = _ground_blocks(shares, side, placement)
    pieces = [
        geometry_shape(geometry)
        for geometry, _ in features.shapes(valid.astype(np.uint8), mask=valid, connectivity=4)
    ]
    blocks = shapely.simplify(shapely.make_valid(MultiPolygon(pieces)), _SIMPLIFY_BLOCKS)

    def to_pixels(points: F8) -> F8:
        return np.minimum(points * side, [placement.width, placement.height])

    ground = placement.to_wgs84(shapely.transform(blocks, to_pixels))
    return _polygons(shapely.make_valid(ground)), side


def block_pixels(shares: F8, step: int, placement: Placement) -> F8:
    """Return how many pixels each block of the raster has, shape as ``shares``."""
    rows, cols = shares.shape
    high = np.minimum(step, placement.height - np.arange(rows) * step)
    wide = np.minimum(step, placement.width - np.arange(cols) * step)
    return np.multiply.outer(high, wide).astype(np.float64)


def _ground_blocks(shares: F8, step: int, placement: Placement) -> Mask:
    """Return the blocks that are ground, shape as ``shares``.

    Thin speckle may leave hardly any block half full; then the fullest blocks stand for the valid
    ground, as many as hold its pixels, so that the outline claims neither nothing nor everything.
    """
    valid = shares >= 0.5
    pixels = block_pixels(shares, step, placement)
    wanted = float((shares * pixels).sum())
    if float(pixels[valid].sum()) >= wanted / 2:
        return valid
    order = np.argsort(-shares, axis=None, kind="stable")
    before = np.cumsum(pixels.ravel()[order]) - pixels.ravel()[order]
    fullest = np.zeros(shares.size, dtype=bool)
    fullest[order[before < wanted]] = True
    return fullest.reshape(shares.shape)


def _edges(valid: Mask) -> int:
    """Return how many sides of ground blocks border on what is not ground."""
    framed = np.pad(valid, 1)
    down = np.count_nonzero(framed[1:] != framed[:-1])
    return int(down + np.count_nonzero(framed[:, 1:] != framed[:, :-1]))


def _merged(shares: F8, step: int, placement: Placement) -> F8:
    """Return the valid shares of blocks twice as large each way."""
    pixels = block_pixels(shares, step, placement)
    return _by_twos(shares * pixels) / _by_twos(pixels)


def _by_twos(values: F8) -> F8:
    """Return sums over 2 × 2 neighbours, fewer at the right and bottom edge."""
    rows, cols = (np.arange(0, size, 2) for size in values.shape)
    summed: F8 = np.add.reduceat(np.add.reduceat(values, rows, axis=0), cols, axis=1)
    return summed


def _polygons(geometry: BaseGeometry) -> MultiPolygon:
    """Return the polygons of a geometry, lines and points left out."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return MultiPolygon([part for part in parts if part.geom_type == "Polygon"])
