"""Drone orthomosaics: what each flight saw, drawn, lit, photographed and written as GeoTIFF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin
from shapely import Polygon

from geoinspect.crs import transform_geometry, transform_xy
from sample_data.buildings import Box, draw_pond, draw_wood, draw_yard
from sample_data.canvas import Canvas
from sample_data.crops import paint_fields
from sample_data.fields import Lie, lay_out
from sample_data.light import Weather, photograph
from sample_data.manifest import NOTE
from sample_data.noise import smooth_field
from sample_data.planted import Planted, Wish, plant_patches

B1 = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scene:
    """The recipe of one picture.

    Attributes:
        name: File name without suffix.
        taken: Local time of the flight.
        crs: CRS of the file; None takes the county's.
        yards: Middle of each yard as shares of the picture's width and height.
        ragged: The mosaic ends where the photos end; an alpha band says where.
        striped: Rows in strips rather than tiles.
    """

    name: str
    taken: datetime
    crs: str | None
    gsd_m: float
    shape: tuple[int, int]
    lie: Lie
    weather: Weather
    wishes: tuple[Wish, ...]
    yards: tuple[tuple[float, float], ...] = ()
    pond: tuple[float, float] | None = None
    ragged: bool = False
    striped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture and the truth about it; outlines of patches in ``crs``."""

    crs: str
    transform: Affine
    pixels: NDArray[np.uint8]
    alpha: B1 | None
    planted: tuple[Planted, ...]
    outlines: tuple[Polygon, ...]


def shoot(scene: Scene, centre_xy: tuple[float, float], crs: str, seed: int) -> Shot:
    """Draw a scene over a place given in ``crs``."""
    canvas, planted, alpha = _drawn(scene, np.random.default_rng(seed))
    pixels = photograph(canvas, scene.weather)
    own_crs = scene.crs or crs
    transform = _placed(scene, centre_xy, crs, own_crs)
    outlines = tuple(
        shapely.transform(patch.polygon, lambda p: np.column_stack(transform * (p[:, 0], p[:, 1])))
        for patch in planted
    )
    return Shot(own_crs, transform, pixels, alpha, tuple(planted), outlines)


def _drawn(scene: Scene, rng: np.random.Generator) -> tuple[Canvas, list[Planted], B1 | None]:
    """Return the canvas, what was planted on it and where photos will be.

    The fields it is drawn from are let go before the light is computed; both take memory.
    """
    fields = lay_out(scene.shape, scene.gsd_m, scene.lie, rng)
    ground = fields.rise_m
    colour = np.zeros((*scene.shape, 3), np.float32)
    canvas = Canvas(scene.gsd_m, ground, ground.copy(), colour, rng)
    paint_fields(canvas, fields)
    high_m, wide_m = (side * scene.gsd_m for side in scene.shape)
    if scene.pond is not None:
        draw_pond(canvas, fields, Box(scene.pond[0] * wide_m, scene.pond[1] * high_m, 17, 12, 0.4))
    draw_wood(canvas, fields)
    for x, y in scene.yards:
        angle = scene.lie.angle + rng.normal(0, 0.08)
        size = rng.uniform(15, 19), rng.uniform(14, 17)
        draw_yard(canvas, fields, Box(x * wide_m, y * high_m, *size, angle))
    alpha = _photo_edges(scene, rng) if scene.ragged else None
    usable = np.ones(scene.shape, np.bool_) if alpha is None else alpha.copy()
    return canvas, plant_patches(canvas, fields, scene.wishes, usable), alpha


def _placed(scene: Scene, centre_xy: tuple[float, float], crs: str, own_crs: str) -> Affine:
    x, y = transform_xy(crs, own_crs, np.array([centre_xy[0]]), np.array([centre_xy[1]]))
    rows, cols = scene.shape
    west = round(x.item() - cols * scene.gsd_m / 2, 2)
    north = round(y.item() + rows * scene.gsd_m / 2, 2)
    return from_origin(west, north, scene.gsd_m, scene.gsd_m)


def _photo_edges(scene: Scene, rng: np.random.Generator) -> B1:
    """Return where at least two photos of the flight overlap: a ragged outline."""
    rows, cols = (side // 4 + 1 for side in scene.shape)
    row, col = np.mgrid[:rows, :cols].astype(np.float32)
    wobble = 4 * smooth_field((rows, cols), 60, rng)
    seen = np.zeros((rows, cols), np.int16)
    for y in np.linspace(0.18, 0.82, 6):
        for x in np.linspace(0.18, 0.82, 6):
            mid_row = (y + rng.normal(0, 0.016)) * rows
            mid_col = (x + rng.normal(0, 0.016)) * cols
            turn = rng.normal(0, 0.06)
            dy, dx = row - np.float32(mid_row), col - np.float32(mid_col)
            along = np.abs(dx * np.cos(turn) + dy * np.sin(turn)) + wobble
            aside = np.abs(dy * np.cos(turn) - dx * np.sin(turn)) + wobble
            seen += (along < 0.16 * cols) & (aside < 0.16 * rows)
    whole = np.repeat(np.repeat(seen >= 2, 4, axis=0), 4, axis=1)
    return np.asarray(whole[: scene.shape[0], : scene.shape[1]])


def write_shot(path: Path, scene: Scene, shot: Shot) -> None:
    """Write the GeoTIFF: deflate, tiled or striped, with the time of the flight."""
    rows, cols = scene.shape
    layout = {} if scene.striped else {"tiled": True, "blockxsize": 512, "blockysize": 512}
    bands = 3 if shot.alpha is None else 4
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=cols,
        count=bands,
        dtype="uint8",
        crs=shot.crs,
        transform=shot.transform,
        compress="deflate",
        predictor=2,
        zlevel=4,
        num_threads=2,
        photometric="RGB",
        **({} if shot.alpha is None else {"alpha": "yes"}),
        **layout,
    ) as out:
        out.update_tags(
            TIFFTAG_DATETIME=f"{scene.taken:%Y:%m:%d %H:%M:%S}",
            TIFFTAG_IMAGEDESCRIPTION=NOTE,
            TIFFTAG_SOFTWARE="sample_data (simulated)",
        )
        for band in range(3):
            plane = shot.pixels[:, :, band]
            out.write(plane if shot.alpha is None else plane * shot.alpha, band + 1)
        if shot.alpha is not None:
            out.write(shot.alpha.astype(np.uint8) * 255, 4)


def truth_rows(scene: Scene, shot: Shot, crs: str) -> list[dict[str, Any]]:
    """Return one row a patch for the truth, geometry in ``crs``."""
    return [
        {
            "raster": f"{scene.name}.tif",
            "stage": patch.wish.stage,
            "hide": patch.wish.hide,
            "bloom_per_m2": patch.wish.bloom_per_m2,
            "plants": patch.plants,
            "flowers": patch.flowers,
            "area_m2": round(patch.wish.area_m2, 1),
            "licence": patch.wish.licensed or None,
            "note": NOTE,
            "geometry": transform_geometry(shot.crs, crs, outline),
        }
        for patch, outline in zip(shot.planted, shot.outlines, strict=True)
    ]
