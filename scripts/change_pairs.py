"""Simulated pairs of surveys: one ground, patches kept, added, removed or grown between two dates.

All simulated: ground, patches, light, season and shift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.transform import Affine

from geoinspect.detect.implants import PatchForm, Picture, Planted, Wish
from geoinspect.search_records import GrowthStage

U1 = NDArray[np.uint8]
STATES = ("unchanged", "new", "cleared", "grown", "shrunk")
CRS, EAST, NORTH = "EPSG:4545", 500_000.0, 3_350_000.0


@dataclass(frozen=True, eq=False)
class Pair:
    """Two rasters and what is true of them; outlines in the CRS, where the first date has them."""

    before: Path
    after: Path
    shift_m: tuple[float, float]
    truth: tuple[tuple[str, shapely.Geometry], ...]


def plant_pair(
    folder: Path,
    ground: U1,
    gsd_m: float,
    simulate: Callable[..., Any],
    *,
    each: dict[str, int],
    shift_px: tuple[int, int] = (0, 0),
    thinner: int = 1,
    seed: int = 1,
    area_m2: tuple[float, float] = (12, 60),
    season: bool = True,
) -> Pair:
    """Return a pair; ``each`` says how many patches of each state.

    Args:
        ground: Shape (3, h, w).
        shift_px: Rows and columns by which the later survey's picture begins later.
        thinner: Pixels of the ground that make one of the later survey.
        season: Other light, other greens and haze on the later date.
    """
    rng = np.random.default_rng(seed)
    wishes, wanted = [], []
    for state, count in each.items():
        for _ in range(count):
            area = float(np.exp(rng.uniform(*np.log(area_m2))))
            area *= 2.5 if state in {"grown", "shrunk"} else 1
            wishes.append(Wish(Planted.POPPY, area, GrowthStage.FLOWER, 20.0, PatchForm.PARCEL))
            wanted.append(state)
    picture = Picture(ground, np.ones(ground.shape[1:], dtype=bool), gsd_m)
    made = simulate(picture, wishes, rng)
    planted = np.asarray(made.pixels)
    before, after = planted.copy(), planted.copy()
    truth = []
    used: set[int] = set()
    for implant in made.implants:
        # The same wish may stand in the list twice: by identity.
        place = next(i for i, w in enumerate(wishes) if w is implant.wish and i not in used)
        used.add(place)
        state, shape = wanted[place], implant.outline
        around = shapely.buffer(shape, 1.0 / gsd_m)
        outline = shape
        if state == "new":
            _restore(before, ground, around)
        elif state == "cleared":
            _restore(after, ground, around)
        elif state in {"grown", "shrunk"}:
            half = _half_of(shape)
            part = shapely.difference(around, shapely.buffer(half, 0.02 / gsd_m))
            _restore(before if state == "grown" else after, ground, part)
        truth.append((state, _on_ground(outline, gsd_m)))
    dy, dx = shift_px
    later = _changed(after, rng, season=season)[:, dy:, dx:]
    high, wide = (side // thinner * thinner for side in later.shape[1:])
    later = later[:, :high, :wide].reshape(3, high // thinner, thinner, wide // thinner, thinner)
    later = later.mean(axis=(2, 4))
    earlier = before + rng.normal(0, 2, before.shape)
    place = Affine(gsd_m, 0, EAST, 0, -gsd_m, NORTH)
    place2 = Affine(gsd_m * thinner, 0, EAST, 0, -gsd_m * thinner, NORTH)
    return Pair(
        _written(folder / "before.tif", _bytes(earlier), place),
        _written(folder / "after.tif", _bytes(later), place2),
        (-dx * gsd_m, dy * gsd_m),
        tuple(truth),
    )


def _changed(pixels: U1, rng: np.random.Generator, *, season: bool) -> NDArray[np.float64]:
    out = pixels.astype(np.float64)
    if season:
        # Drier greens, a lower sun, some haze.
        out *= np.array([1.12, 0.98, 0.95])[:, None, None] * 0.85
        out = 255 * (out / 255) ** 0.92 + 6
    return out + rng.normal(0, 2.5, out.shape)


def _half_of(shape: shapely.Geometry) -> shapely.Geometry:
    west, south, east, north = shape.bounds
    long_x = east - west > north - south
    middle = shape.centroid
    cut = (
        shapely.box(west - 1, south - 1, middle.x, north + 1)
        if long_x
        else shapely.box(west - 1, south - 1, east + 1, middle.y)
    )
    return shapely.intersection(shape, cut)


def _restore(pixels: U1, ground: U1, shape: shapely.Geometry) -> None:
    inside = geometry_mask([shape], pixels.shape[1:], Affine.identity(), invert=True)
    pixels[:, inside] = ground[:, inside]


def _on_ground(shape: shapely.Geometry, gsd_m: float) -> shapely.Geometry:
    return shapely.transform(
        shape, lambda p: np.column_stack([EAST + p[:, 0] * gsd_m, NORTH - p[:, 1] * gsd_m])
    )


def _written(path: Path, pixels: U1, place: Affine) -> Path:
    profile = {"driver": "GTiff", "compress": "deflate", "tiled": True, "dtype": "uint8"}
    size = {"width": pixels.shape[2], "height": pixels.shape[1], "count": 3}
    with rasterio.open(path, "w", **profile, **size, crs=CRS, transform=place) as out:
        out.write(pixels)
    return path


def _bytes(pixels: NDArray[np.float64]) -> U1:
    return np.clip(np.rint(pixels), 1, 254).astype(np.uint8)
