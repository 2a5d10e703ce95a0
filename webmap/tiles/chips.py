"""Square pictures of a patch and its surroundings, at any scale, from any survey of that ground."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyproj
import rasterio
import shapely
from PIL import Image, ImageDraw
from rio_tiler.io import Reader
from shapely.geometry.base import BaseGeometry

from geoinspect import crs as crs_
from geoinspect.errors import NotFoundError
from webmap.tiles.pictures import Pictures

CHIP_PX = 320
_MARGIN = 1.7
_LEAST_SPAN_M = 6.0
# Beyond this many pixels of the screen for one of the picture, its true pixels say more.
_TRUE_PIXELS = 2.0
# An outline in more points than a screen shows is thinned to this share of the span.
_THIN = 0.002


@dataclass(frozen=True, slots=True)
class View:
    """What a chip shows.

    Attributes:
        span_m: Width and height on the ground; None shows the patch with a margin.
        size_px: Width and height of the picture.
        outlined: Whether the patch's outline is drawn.
    """

    span_m: float | None = None
    size_px: int = CHIP_PX
    outlined: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A patch on the plane of a raster.

    Attributes:
        x, y: Middle of its box, units of the raster.
        unit_x_m, unit_y_m: Metres of one unit there, along each axis.
        shape: Its outline on that plane.
    """

    x: float
    y: float
    unit_x_m: float
    unit_y_m: float
    shape: BaseGeometry

    @property
    def span_m(self) -> float:
        """The span that shows it with a margin."""
        west, south, east, north = self.shape.bounds
        longer = max((east - west) * self.unit_x_m, (north - south) * self.unit_y_m)
        return float(max(longer * _MARGIN, _LEAST_SPAN_M))

    def rings_m(self) -> list[list[list[float]]]:
        """Return the outline as rings of metres east and north of the middle."""
        thin = shapely.simplify(self.shape, _THIN * self.span_m / self.unit_x_m)
        centre, unit = np.array([self.x, self.y]), np.array([self.unit_x_m, self.unit_y_m])
        rings = shapely.get_rings(shapely.get_parts(thin))
        return [
            np.round((shapely.get_coordinates(ring) - centre) * unit, 3).tolist() for ring in rings
        ]


def place_of(outline: BaseGeometry, crs: str) -> Place:
    """Return where a WGS84 outline lies on the plane of a raster."""
    shape = crs_.transform_geometry(crs_.WGS84, crs, outline)
    west, south, east, north = shape.bounds
    x, y = (west + east) / 2, (south + north) / 2
    geographic, unit = _unit_of(crs)
    if not geographic:
        return Place(x, y, unit, unit, shape)
    degree_m = crs_.geodesic_length_m(np.array([x, x]), np.array([y - 0.5, y + 0.5]))
    return Place(x, y, degree_m * math.cos(math.radians(y)), degree_m, shape)


@lru_cache(maxsize=64)
def _unit_of(crs: str) -> tuple[bool, float]:
    known = pyproj.CRS.from_user_input(crs)
    return known.is_geographic, float(known.axis_info[0].unit_conversion_factor)


def chip(pictures: Pictures, path: Path, outline: BaseGeometry, view: View) -> bytes:
    """Return a square PNG round the middle of a WGS84 outline, true to scale.

    Raises:
        NotFoundError: The raster is gone, or does not reach there.
    """
    dataset, look = pictures.opened(path)
    place = place_of(outline, dataset.crs.to_wkt())
    span_m = view.span_m or place.span_m
    half_x, half_y = span_m / 2 / place.unit_x_m, span_m / 2 / place.unit_y_m
    box = (place.x - half_x, place.y - half_y, place.x + half_x, place.y + half_y)
    _check_meets(dataset, box)
    pixel_m = abs(dataset.transform.determinant * place.unit_x_m * place.unit_y_m) ** 0.5
    true_pixels = view.size_px * pixel_m > _TRUE_PIXELS * span_m
    with Reader(None, dataset=dataset) as reader:
        image = reader.part(
            box,
            bounds_crs=dataset.crs,
            dst_crs=dataset.crs,
            width=view.size_px,
            height=view.size_px,
            indexes=look.indexes,
            resampling_method="nearest" if true_pixels else "bilinear",
        )
    picture = Image.fromarray(look.shown(image.data, image.mask > 0), "RGBA")
    if view.outlined:
        _draw_outline(picture, place.shape, box)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _check_meets(dataset: rasterio.DatasetReader, box: tuple[float, float, float, float]) -> None:
    bounds = dataset.bounds
    if (
        box[0] >= bounds.right
        or box[2] <= bounds.left
        or box[1] >= bounds.top
        or box[3] <= bounds.bottom
    ):
        raise NotFoundError(
            "这次航测没有拍到这个图斑", "this survey does not show this patch", code="not_shown"
        )


def _draw_outline(
    picture: Image.Image, shape: BaseGeometry, box: tuple[float, float, float, float]
) -> None:
    west, south, east, north = box
    scale = (picture.width / (east - west), picture.height / (north - south))
    draw = ImageDraw.Draw(picture)
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        points = [
            ((px - west) * scale[0], (north - py) * scale[1])
            for px, py in shapely.get_coordinates(ring)
        ]
        draw.line(points, fill=(255, 255, 255, 255), width=5, joint="curve")
        draw.line(points, fill=(142, 1, 82, 255), width=2, joint="curve")
