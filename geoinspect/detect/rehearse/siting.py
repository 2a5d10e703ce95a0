"""Where a patch may stand: open low vegetation or soil, and shapes that fit on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, affinity

from geoinspect.detect.implants import PatchForm, Picture
from geoinspect.detect.rehearse.rasters import block_colours, box_sum, fill_outline, share_on

F4 = NDArray[np.float32]
Mask = NDArray[np.bool_]
I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

# Ground is judged on blocks of this side, and its roughness over about this reach.
_BLOCK_M = 0.25
_REACH_M = 0.75
# Spread of brightness over its mean. Rows of crops are rough up close but even by the metre;
# crowns with the shade between them are uneven over metres.
_CROWN_ROUGHNESS = 0.34
_CROWN_UNEVENNESS = 0.15
_DEEP_SHADOW = 0.45
_DAZZLING = 2.2
_LEAF_EXCESS = 0.035
# Greyer than this is concrete, gravel or tin; redder is a tiled roof; bluer is water or tin.
_LEAST_COLOUR = 0.07
_TILE_RED = 1.6
_SMOOTH_WATER = 0.04
_WATER_BLUE_TO_GREEN = 0.84
_APART_M = 2.0
_TRIES = 120
# A bed lies within one field: in the first half of the tries blocks must be this much alike.
_ALIKE = 0.14
_OPEN_SHARE = 0.97
_OPEN_CORNERS = 0.85


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What the blocks of a picture are.

    Attributes:
        block_px: Side of a block.
        colour: Mean colour of each block, shape (3, rows, cols), in units of the picture.
        open: Blocks a patch may stand on; ``leafy``: those of low vegetation; ``soil``: bare ones.
        places: Row and column of the open blocks, shape (n, 2).
        donors: Upper left blocks of leafy squares by their side, filled as they are asked for.
        running: Running sums of ``colour`` over rows and columns, shape (3, rows + 1, cols + 1).
    """

    block_px: int
    colour: F4
    open: Mask
    leafy: Mask
    soil: Mask
    places: I8
    donors: dict[int, I8]
    running: F8


def judge_grounds(picture: Picture) -> Grounds:
    """Tell open ground from crowns, roofs, roads, water, deep shade and the unseen."""
    block_px = max(1, round(_BLOCK_M / picture.gsd_m))
    colour, spread, seen = block_colours(picture.pixels, picture.valid, block_px)
    running = np.pad(colour.cumsum(1, dtype=np.float64).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    total = np.maximum(colour.sum(axis=0), 1e-6)
    red, green, blue = colour
    if not seen.any():
        none = np.zeros_like(seen)
        return Grounds(block_px, colour, none, none, none, np.argwhere(none), {}, running)
    middle = float(np.median(total[seen]))
    lit = (total > _DEEP_SHADOW * middle) & (total < _DAZZLING * middle)
    leafy = 3 * green / total - 1 > _LEAF_EXCESS
    vivid = np.maximum(red, green) - blue > _LEAST_COLOUR * total / 3
    earthy = ~leafy & vivid & (red >= blue) & (red < _TILE_RED * green)
    reach = max(1, round(_REACH_M / (block_px * picture.gsd_m)))
    rough = _roughness(total, seen, reach)
    even = box_sum(np.where(seen, total, np.float32(middle)), reach)
    even /= box_sum(np.ones_like(total), reach)
    uneven = _roughness(even.astype(np.float32), seen, 2 * reach)
    still = (spread < _SMOOTH_WATER) & (rough < _SMOOTH_WATER)
    still &= (blue > _WATER_BLUE_TO_GREEN * green) & (red < 1.04 * green)
    plain = seen & lit & (rough < _CROWN_ROUGHNESS) & (uneven < _CROWN_UNEVENNESS) & ~still
    standing = plain & (leafy | earthy)
    return Grounds(
        block_px,
        colour,
        standing,
        plain & leafy,
        plain & earthy,
        np.argwhere(standing),
        {},
        running,
    )


def _roughness(total: F4, seen: Mask, reach: int) -> F4:
    """Return the spread of brightness over its mean, in a square around each block."""
    weight = np.maximum(box_sum(seen.astype(np.float32), reach), 1)
    values = np.where(seen, total, np.float32(0))
    mean = box_sum(values, reach) / weight
    variance = box_sum(values * values, reach) / weight - mean * mean
    return np.asarray(np.sqrt(np.maximum(variance, 0)) / np.maximum(mean, 1e-9), dtype=np.float32)


def outline_of(form: PatchForm, area_m2: float, rng: np.random.Generator) -> Polygon:
    """Return a shape of this form and area in metres, around the origin."""
    if form is PatchForm.PARCEL:
        shape = _bed(area_m2, min(4.0, 1 + rng.exponential(0.7)), 0.10, rng)
    elif form is PatchForm.ROWS:
        shape = _bed(area_m2, rng.uniform(2.0, 5.0), 0.04, rng)
    elif form is PatchForm.STRIP:
        shape = _strip(area_m2, rng)
    else:
        shape = _blob(rng)
    scale = math.sqrt(area_m2 / shape.area)
    shape = affinity.scale(shape, scale, scale, origin=(0, 0))
    middle = shape.centroid
    return affinity.rotate(
        affinity.translate(shape, -middle.x, -middle.y), rng.uniform(0, 360), origin=(0, 0)
    )


def _bed(area_m2: float, slender: float, crooked: float, rng: np.random.Generator) -> Polygon:
    length, width = math.sqrt(area_m2 * slender), math.sqrt(area_m2 / slender)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (length / 2, width / 2)
    corners = corners + rng.uniform(-crooked, crooked, (4, 2)) * width
    # A hand-dug bed has no needle-sharp corners.
    soft = 0.12 * width
    return Polygon(corners).buffer(-soft).buffer(soft, quad_segs=3)


def _strip(area_m2: float, rng: np.random.Generator) -> Polygon:
    width = max(rng.uniform(0.8, 1.4), math.sqrt(area_m2 / 40))
    length = area_m2 / width
    at = np.linspace(-length / 2, length / 2, 12)
    bend = rng.uniform(0.0, 0.06) * length * np.sin(at / length * rng.uniform(2, 6))
    line = shapely.LineString(np.column_stack([at, bend]))
    return line.buffer(width / 2, cap_style="flat")


def _blob(rng: np.random.Generator) -> Polygon:
    turn = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    radius = np.ones(48)
    for k in range(2, 7):
        radius += rng.normal(0, 0.28 / k) * np.cos(k * turn + rng.uniform(0, 2 * math.pi))
    radius = np.maximum(radius, 0.3)
    long = rng.uniform(1.0, 1.6)
    return Polygon(np.column_stack([long * radius * np.cos(turn), radius * np.sin(turn)]))


def site(
    shape_m: Polygon,
    picture: Picture,
    grounds: Grounds,
    taken: Sequence[Polygon | MultiPolygon],
    rng: np.random.Generator,
) -> Polygon | None:
    """Return the shape, in pixels, where it stands whole on open valid ground; None if nowhere.

    Args:
        shape_m: In metres around the origin; turned at random when it does not fit.
        taken: Outlines that stand already, in pixels, to be kept 2 m away from.
    """
    places = grounds.places
    if not len(places):
        return None
    ring = np.array(shape_m.exterior.coords) / picture.gsd_m
    others = np.array(taken, dtype=object)
    for attempt in range(_TRIES):
        middle = (places[rng.integers(len(places))] + rng.uniform(0, 1, 2)) * grounds.block_px
        turn = rng.uniform(0, 2 * math.pi)
        ca, sa = math.cos(turn), math.sin(turn)
        here = ring @ np.array([[ca, sa], [-sa, ca]]) + middle[::-1]
        if not _fits(here, picture, grounds, alike=attempt < _TRIES // 2):
            continue
        outline = Polygon(here)
        if len(others) and shapely.dwithin(others, outline, _APART_M / picture.gsd_m).any():
            continue
        return outline
    return None


def _fits(ring: F8, picture: Picture, grounds: Grounds, *, alike: bool) -> bool:
    """Tell whether an outline lies on valid pixels only, and on open blocks nearly everywhere."""
    h, w = picture.valid.shape
    k = grounds.block_px
    rows, cols = grounds.open.shape
    # Most places are refused here already, without filling the outline.
    if share_on(ring, grounds.open, k, h, w) < _OPEN_CORNERS:
        return False
    (left, top), (right, bottom) = ring.min(axis=0), ring.max(axis=0)
    a, b = int(top) // k, int(left) // k
    c, d = min(rows, int(bottom) // k + 1), min(cols, int(right) // k + 1)
    if c <= a or d <= b:
        return False
    inside = fill_outline(ring / k - (b, a), c - a, d - b, True)
    if grounds.open[a:c, b:d][inside].mean() < _OPEN_SHARE:
        return False
    if alike:
        colours = grounds.colour[:, a:c, b:d][:, inside]
        if (colours.std(axis=1) > _ALIKE * colours.mean(axis=1)).any():
            return False
    a, b, c, d = int(top) - 1, int(left) - 1, min(h, int(bottom) + 2), min(w, int(right) + 2)
    pixels = fill_outline(ring - (b, a), c - a, d - b, True)
    return bool(picture.valid[a:c, b:d][pixels].all())
