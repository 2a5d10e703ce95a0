"""Where a patch goes: open ground, wholly on the picture, clear of the patches before it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, affinity

from geoinspect.detect.implants import Picture, Wish
from geoinspect.detect.simulate.forms import outline_of
from geoinspect.detect.simulate.reading import Reading

Flags = NDArray[np.bool_]

_APART_M = 2.0
_OPEN_SHARE = 0.96
_SHAPES, _TRIES = 4, 12
_MOST_PROBES = 60


def _likely(reading: Reading, side_blocks: int) -> NDArray[np.int64]:
    """Return the middles of squares that are nearly all open, shape (n, 2)."""
    flags = reading.is_open.astype(np.int64)
    half = max(0, side_blocks // 2)
    side = 2 * half + 1
    if side > min(flags.shape):
        return np.argwhere(reading.is_open)
    total = np.zeros((flags.shape[0] + 1, flags.shape[1] + 1), dtype=np.int64)
    total[1:, 1:] = flags.cumsum(0).cumsum(1)
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side]
    inside += total[:-side, :-side]
    return np.argwhere(inside >= _OPEN_SHARE * side * side) + half


def _on_open_ground(shape_px: Polygon, picture: Picture, reading: Reading) -> bool:
    """Tell whether a patch lies on open blocks, and every pixel it touches is valid."""
    h, w = picture.valid.shape
    west, north, east, south = shape_px.bounds
    if west < 0 or north < 0 or east > w or south > h:
        return False
    step = max(
        1.0, reading.block_px / 2, (east - west) / _MOST_PROBES, (south - north) / _MOST_PROBES
    )
    grid = np.meshgrid(np.arange(west + 0.25, east, step), np.arange(north + 0.25, south, step))
    x, y = grid[0].ravel(), grid[1].ravel()
    inside = shapely.contains_xy(shape_px, x, y)
    if not inside.any():
        middle = shape_px.representative_point()
        x, y = np.append(x, middle.x), np.append(y, middle.y)
        inside = np.append(inside, True)
    col, row = x[inside].astype(np.int64), y[inside].astype(np.int64)
    if not picture.valid[row, col].all():
        return False
    if reading.is_open[row // reading.block_px, col // reading.block_px].mean() < _OPEN_SHARE:
        return False
    rows, cols = slice(int(north), int(np.ceil(south))), slice(int(west), int(np.ceil(east)))
    invalid = np.argwhere(~picture.valid[rows, cols])
    if invalid.size == 0:
        return True
    left, top = invalid[:, 1] + cols.start, invalid[:, 0] + rows.start
    return not shapely.intersects(shape_px, shapely.box(left, top, left + 1, top + 1)).any()


def find_place(
    wish: Wish,
    picture: Picture,
    reading: Reading,
    placed: list[Polygon],
    rng: np.random.Generator,
) -> tuple[Polygon, Polygon, float] | None:
    """Find a place for a patch.

    Returns:
        Its outline in pixels of the picture; in metres around its middle; and the direction of
        its rows, radians. None where no place was found.
    """
    gsd_m = picture.gsd_m
    side = int(0.6 * np.sqrt(wish.area_m2) / (gsd_m * reading.block_px))
    likely = _likely(reading, side)
    if len(likely) == 0:
        return None
    for _ in range(_SHAPES):
        outline, turn = outline_of(wish, rng)
        flat = affinity.scale(outline, 1 / gsd_m, 1 / gsd_m, origin=(0, 0))
        for _ in range(_TRIES):
            row, col = likely[rng.integers(len(likely))] + rng.random(2)
            x, y = col * reading.block_px, row * reading.block_px
            shape_px = affinity.translate(flat, x, y)
            if not _on_open_ground(shape_px, picture, reading):
                continue
            apart = shapely.distance(np.array(placed, dtype=object), shape_px) if placed else None
            if apart is not None and apart.min() * gsd_m < _APART_M:
                continue
            return shape_px, outline, turn
    return None
