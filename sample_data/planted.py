"""Planted patches: where they hide, how they look at each stage, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from sample_data.canvas import Blobs, Canvas, linear, varied
from sample_data.fields import CODE, Fields

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]

Stage = Literal["rosette", "bud", "flower", "capsule"]
Hide = Literal["yard", "wood_edge", "maize", "open", "terrace"]

_HIDES: dict[Hide, tuple[str, ...]] = {
    "yard": ("yard",),
    "wood_edge": ("fallow", "soil", "bund", "wheat", "maize", "potato", "garlic", "film", "forest"),
    "maize": ("maize",),
    "open": ("fallow", "soil"),
    "terrace": ("wheat", "potato", "cabbage", "garlic", "rape", "film", "soil", "maize", "fallow"),
}
_WOOD_EDGE_M = (-1.0, 9.0)
_MOST_CANOPY_M = 1.4

_LEAVES: dict[Stage, tuple[F4, ...]] = {
    "rosette": (linear(124, 144, 114), linear(138, 156, 126), linear(112, 134, 103)),
    "bud": (linear(116, 141, 107), linear(129, 151, 117), linear(104, 129, 96)),
    "flower": (linear(110, 136, 99), linear(124, 147, 111), linear(100, 125, 90)),
    "capsule": (linear(132, 142, 102), linear(145, 151, 112), linear(118, 131, 93)),
}
_LEAF_HEIGHT_M: dict[Stage, float] = {"rosette": 0.1, "bud": 0.4, "flower": 0.55, "capsule": 0.6}
_PETALS = {
    "white": (linear(240, 236, 240), linear(232, 224, 234)),
    "pink": (linear(232, 160, 190), linear(222, 136, 172)),
    "red": (linear(204, 44, 52), linear(186, 34, 48)),
    "mauve": (linear(178, 120, 190), linear(160, 98, 172)),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A patch that a scene should hold.

    Attributes:
        bloom_per_m2: Open flowers; 0 but in flower.
        petals: Colours of the flowers.
        licensed: ``valid`` or ``expired`` puts a licensed parcel round it.
    """

    stage: Stage
    hide: Hide
    area_m2: float
    bloom_per_m2: float = 0.0
    petals: tuple[str, ...] = ("white",)
    licensed: Literal["", "valid", "expired"] = ""


@dataclass(frozen=True, slots=True)
class Planted:
    """A patch as planted; polygon in pixels (x right, y down)."""

    wish: Wish
    polygon: Polygon
    plants: int
    flowers: int


def plant_patches(
    canvas: Canvas, fields: Fields, wishes: tuple[Wish, ...], usable: B1
) -> list[Planted]:
    """Find a place for each wish and draw it.

    Args:
        canvas: Drawn but for these patches.
        fields: What lies where.
        wishes: What to plant.
        usable: Pixels that will hold data, shape (rows, cols); taken ground is cleared from it.

    Raises:
        ValueError: A scene has no room for a wish; choose another hide or seed.
    """
    planted = []
    for wish in wishes:
        polygon = _find_place(canvas, fields, wish, usable)
        planted.append(_draw(canvas, fields, wish, polygon))
        # Apart by more than an outline may be off, so that two are never found as one.
        usable &= ~_mask(polygon.buffer(4 / canvas.gsd_m), canvas.shape)
    return planted


def _mask(polygon: Polygon, shape: tuple[int, int]) -> B1:
    drawn = rasterio.features.rasterize([polygon], out_shape=shape, dtype="uint8")
    return np.asarray(drawn, dtype=np.bool_)


def _find_place(canvas: Canvas, fields: Fields, wish: Wish, usable: B1) -> Polygon:
    """Return an outline on ground of the right kind, clear of crowns and roofs."""
    rng = canvas.rng
    gsd_m = canvas.gsd_m
    step = max(1, round(0.25 / gsd_m))
    kind = fields.kind[::step, ::step]
    fits = np.isin(kind, [CODE[name] for name in _HIDES[wish.hide]])
    if wish.hide == "wood_edge":
        low, high = _WOOD_EDGE_M
        fits &= (fields.wood_m[::step, ::step] > low) & (fields.wood_m[::step, ::step] < high)
    canopy_m = (canvas.height_m - canvas.ground_m)[::step, ::step]
    fits &= (canopy_m < _MOST_CANOPY_M) & usable[::step, ::step]
    row, col = np.nonzero(fits)
    # Where no spot fits wholly, the best of what there is: each round asks for less.
    for enough in (0.97, 0.92, 0.85, 0.75):
        for _ in range(250 if row.size else 0):
            k = int(rng.integers(row.size))
            outline = _outline(wish, fields.angle, rng)
            at = (float(col[k]), float(row[k]))
            spot = shapely.transform(outline, partial(_moved, scale=1 / (gsd_m * step), to=at))
            inside = _mask_share(spot, fits)
            if inside >= enough:
                return shapely.transform(spot, partial(_moved, scale=step, to=(0.0, 0.0)))
    raise ValueError(f"no room for {wish}")


def _moved(points: F8, scale: float, to: tuple[float, float]) -> F8:
    return points * scale + to


def _mask_share(spot: Polygon, fits: B1) -> float:
    west, south, east, north = spot.bounds
    if west < 8 or south < 8 or east > fits.shape[1] - 9 or north > fits.shape[0] - 9:
        return 0.0
    top, left = int(south) - 1, int(west) - 1
    window = fits[top : int(north) + 2, left : int(east) + 2]
    inside = _mask(shapely.affinity.translate(spot, -left, -top), window.shape)
    return float(window[inside].mean()) if inside.any() else 0.0


def _outline(wish: Wish, angle: float, rng: np.random.Generator) -> Polygon:
    """Return an outline in metres round the origin: a bed in yards, else a ragged blob."""
    stretch = rng.uniform(1.2, 2.6)
    wide = np.sqrt(wish.area_m2 * stretch)
    turn = np.degrees(angle) + rng.normal(0, 6)
    if wish.hide == "yard":
        bed = shapely.box(-wide / 2, -wide / stretch / 2, wide / 2, wide / stretch / 2)
        shape = bed.segmentize(0.4)
    else:
        theta = np.linspace(0, 2 * np.pi, 41)[:-1]
        waves = sum(
            rng.normal(0, 0.42 / n) * np.cos(n * theta + rng.uniform(0, 6.28)) for n in range(2, 7)
        )
        radius = np.exp(waves)
        shape = Polygon(
            np.column_stack([stretch**0.5 * np.cos(theta), np.sin(theta) / stretch**0.5])
            * radius[:, None]
        )
    shape = shapely.affinity.rotate(shape, turn, origin=(0, 0))
    scale = np.sqrt(wish.area_m2 / shape.area)
    return shapely.affinity.scale(shape, scale, scale, origin=(0, 0))


def _draw(canvas: Canvas, fields: Fields, wish: Wish, polygon: Polygon) -> Planted:
    cells = np.flatnonzero(_mask(polygon, canvas.shape).ravel())
    if wish.hide != "maize":
        grain = canvas.texture(canvas.grain, cells)
        shade = 1 + 0.1 * grain + 0.08 * canvas.texture(canvas.clumps, cells)
        canvas.paint(cells, linear(146, 122, 96), shade, 0.02 + 0.015 * grain)
    row, col = _places(canvas, fields, wish, polygon)
    _draw_plants(canvas, wish, row, col)
    flowers = _draw_heads(canvas, wish, row, col, polygon)
    return Planted(wish, polygon, len(row), flowers)


def _places(canvas: Canvas, fields: Fields, wish: Wish, polygon: Polygon) -> tuple[F8, F8]:
    """Plants in uneven rows 0.3 m apart; between maize they stand as they fell."""
    west, south, east, north = polygon.bounds
    rng = canvas.rng
    reach_m = np.hypot(east - west, north - south) * canvas.gsd_m / 2 + 0.5
    row_m, plant_m = (0.30, 0.18) if wish.stage != "rosette" else (0.27, 0.16)
    along, aside = np.meshgrid(
        np.arange(-reach_m, reach_m, plant_m), np.arange(-reach_m, reach_m, row_m)
    )
    loose = 0.14 if wish.hide == "maize" else 0.05
    along = along.ravel() + loose * rng.standard_normal(along.size)
    aside = aside.ravel() + loose * rng.standard_normal(aside.size)
    keep = rng.random(along.size) < (0.5 if wish.hide == "maize" else 0.88)
    cos, sin = np.cos(fields.angle), np.sin(fields.angle)
    x = (along * cos - aside * sin)[keep] / canvas.gsd_m + (west + east) / 2
    y = (along * sin + aside * cos)[keep] / canvas.gsd_m + (south + north) / 2
    inside = shapely.contains_xy(polygon, x, y)
    return y[inside], x[inside]


def _draw_plants(canvas: Canvas, wish: Wish, row: F8, col: F8) -> None:
    rng = canvas.rng
    count = len(row)
    grown = {"rosette": 0.11, "bud": 0.12, "flower": 0.125, "capsule": 0.10}[wish.stage]
    vigour = np.exp(0.16 * rng.standard_normal(count))
    for share, lift, lobes in ((1.25, 0.0, 9.0), (0.9, 0.35, 7.0), (0.5, 0.7, 5.0)):
        canvas.stamp(
            Blobs(
                row + 0.02 / canvas.gsd_m * rng.standard_normal(count),
                col + 0.02 / canvas.gsd_m * rng.standard_normal(count),
                share * grown * vigour,
                _LEAF_HEIGHT_M[wish.stage] * (1 + 0.5 * lift) * vigour,
                0.07 * vigour,
                lobes,
                0.30,
                varied(_LEAVES[wish.stage], count, 0.12, rng),
            )
        )


def _draw_heads(canvas: Canvas, wish: Wish, row: F8, col: F8, polygon: Polygon) -> int:
    """Draw buds, open flowers or capsules above the leaves; return how many flowers."""
    rng = canvas.rng
    heads = {"rosette": 0, "bud": 1, "flower": 1, "capsule": 2}[wish.stage] * len(row)
    if heads:
        pick = rng.integers(0, len(row), heads)
        green = (linear(150, 164, 128), linear(164, 174, 144))
        size = (0.016, 0.024) if wish.stage == "capsule" else (0.008, 0.013)
        _heads(canvas, row[pick], col[pick], size, 0.85, varied(green, heads, 0.08, rng), 0.0)
    flowers = round(wish.bloom_per_m2 * wish.area_m2)
    if flowers:
        pick = rng.integers(0, len(row), flowers)
        palette = tuple(colour for name in wish.petals for colour in _PETALS[name])
        colours = varied(palette, flowers, 0.05, rng)
        at = row[pick], col[pick]
        off = 0.05 / canvas.gsd_m * rng.standard_normal((2, flowers))
        at = at[0] + off[0], at[1] + off[1]
        _heads(canvas, *at, (0.035, 0.060), 0.95, colours, 0.12)
        dark = (linear(70, 40, 70), linear(150, 160, 110))
        _heads(canvas, *at, (0.009, 0.014), 1.02, varied(dark, flowers, 0.1, rng), 0.0)
    return flowers


def _heads(
    canvas: Canvas,
    row: F8,
    col: F8,
    size_m: tuple[float, float],
    height_m: float,
    colour: F4,
    depth: float,
) -> None:
    count = len(row)
    off = 0.04 / canvas.gsd_m * canvas.rng.standard_normal((2, count)) * (depth == 0)
    canvas.stamp(
        Blobs(
            row + 0.3 * off[0],
            col + 0.3 * off[1],
            canvas.rng.uniform(*size_m, count),
            height_m * canvas.rng.uniform(0.9, 1.1, count),
            np.full(count, 0.02),
            4.0,
            depth,
            colour,
        )
    )
