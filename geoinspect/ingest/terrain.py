"""Heights from a digital elevation model (DEM), and altitude and slope of cells.

A DEM is opened like any foreign raster. Only what lies on the ground asked for is read; of a very
fine one the mean of square blocks is kept, so memory stays bounded whatever the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from geoinspect.crs import GEOD, WGS84, authority_name, transform_xy
from geoinspect.errors import InputError, RasterError, Text
from geoinspect.files import readable
from geoinspect.ingest.raster_open import open_raster
from geoinspect.ingest.terrain_pixels import (
    HIGHEST_M,
    LOWEST_M,
    Bounds,
    block_means,
    read_window,
    window_on,
)
from geoinspect.records import Problem
from geoinspect.settings import Settings

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
_POINTS_AT_ONCE = 200_000
# What a change of coordinates may lose, in pixels.
_ROUNDING_PX = 1e-6
# Of nine samples of a cell: with fewer the mean says too little of the whole.
_ENOUGH = 5


@dataclass(frozen=True, slots=True, eq=False)
class Heights:
    """Heights in metres as a DEM gives them, above whatever zero it uses.

    Attributes:
        height_m: Shape (rows, cols), NaN where unknown.
        transform: Pixel (column, row) of the upper left corner is (0, 0) → ``crs``.
        crs: ``EPSG:n`` or WKT, without any vertical part.
        pixel_m: Side of a pixel on the ground, in the middle.
        problems: What the sender should know.
    """

    height_m: F4
    transform: Affine
    crs: str
    pixel_m: float
    problems: tuple[Problem, ...] = ()

    def at(self, lon: F8, lat: F8) -> F8:
        """Return the heights at places in WGS84, as :meth:`at_xy` does."""
        return self.at_xy(WGS84, lon, lat)

    def at_xy(self, crs: str, x: F8, y: F8) -> F8:
        """Return the heights at places, bilinear between the centres of pixels.

        Args:
            crs: Of the places, ``EPSG:n`` or WKT.
            x, y: Shape (n,).

        Returns:
            Metres, shape (n,); NaN beyond the outermost centres and where one of the (up to four)
            pixels that count is unknown.
        """
        return self._at_own(*transform_xy(crs, self.crs, x, y))

    def _at_own(self, x: F8, y: F8) -> F8:
        """Return the heights at places in the DEM's own CRS."""
        rows, cols = self.height_m.shape
        a, b, c, d, e, f = (~self.transform)[:6]
        with np.errstate(invalid="ignore"):
            u, v = a * x + b * y + c - 0.5, d * x + e * y + f - 0.5
            inside = (abs(2 * u - cols + 1) <= cols - 1 + _ROUNDING_PX) & (
                abs(2 * v - rows + 1) <= rows - 1 + _ROUNDING_PX
            )
        out = np.full(len(x), np.nan)
        u, v = np.clip(u[inside], 0, cols - 1), np.clip(v[inside], 0, rows - 1)
        j, i = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        right, down = u - j, v - i
        total = np.zeros(len(u))
        for di, dj, weight in (
            (0, 0, (1 - down) * (1 - right)),
            (0, 1, (1 - down) * right),
            (1, 0, down * (1 - right)),
            (1, 1, down * right),
        ):
            pixel = self.height_m[np.minimum(i + di, rows - 1), np.minimum(j + dj, cols - 1)]
            total += np.where(weight > 0, weight * pixel, 0.0)
        out[inside] = total
        return out

    def coarsened(self, factor: int) -> Heights:
        """Return the means of blocks of ``factor`` × ``factor`` pixels, as :func:`block_means`."""
        if factor <= 1:
            return self
        # A cut block's mean would stand in the wrong place; only a whole DEM of them is kept.
        rows, cols = (n // factor * factor or n for n in self.height_m.shape)
        return replace(
            self,
            height_m=block_means(self.height_m[:rows, :cols], factor),
            transform=self.transform * Affine.scale(factor),
            pixel_m=self.pixel_m * factor,
        )


def read_heights(
    path: Path | str,
    *,
    within: Bounds | None = None,
    settings: Settings | None = None,
    name: str | None = None,
) -> Heights:
    """Return the heights of a DEM in any CRS.

    Args:
        path: A GeoTIFF, whatever its suffix.
        within: West, south, east, north in WGS84 of the ground asked for; some 1 km more is read.
            All of the file without it.
        settings: Limits; the defaults without them.
        name: What the sender calls it, for messages.

    Raises:
        RasterError: Not a GeoTIFF, damaged, not placed, a picture instead of heights, without any
            height, or away from the ground asked for.
        TooLargeError: Beyond the limits of size.
    """
    path = Path(path)
    label = name or readable(path.name)
    with open_raster(path, settings=settings, name=label) as dataset:
        problems = _check_is_dem(dataset, label)
        crs = _flat_crs(dataset, label)
        window = window_on(dataset, crs, within, label)
        height_m, step, unlikely = read_window(dataset, window)
        transform = dataset.window_transform(window)
    if np.isnan(height_m).all():
        raise RasterError(
            f"高程文件“{label}”在所需范围内没有任何高程值:请检查范围和无效值(nodata)设置",
            f"{label!r} has no height on the ground asked for: check its extent and its nodata "
            "value",
            code="no_heights",
        )
    if unlikely:
        problems.append(_unlikely(unlikely))
    pixel_m = _pixel_m(transform, crs, window, label)
    scaled = transform * Affine.scale(step)
    return Heights(height_m, scaled, crs, pixel_m * step, tuple(problems))


def cell_relief(heights: Heights, grid_crs: str, cell_m: float, x: F8, y: F8) -> tuple[F8, F8]:
    """Return mean altitude and slope of square cells.

    Nine samples a cell (corners, middles of the sides, centre), each the mean of about half a
    cell's width where the DEM is finer than that. The slope is Horn's third-order finite
    difference over them (B. K. P. Horn, Hill shading and the reflectance map, Proc. IEEE 69(1),
    1981): that of the cell as a whole, lower than that of steep places within.

    Args:
        heights: The DEM.
        grid_crs: Metric CRS of the cells.
        cell_m: Side of a cell.
        x, y: Centres, shape (n,).

    Returns:
        Metres and degrees, each of shape (n,). Altitude is NaN where fewer than five samples are
        known, slope where any but the centre is unknown.
    """
    half_m = cell_m / 2
    fitting = heights.coarsened(math.floor(half_m / heights.pixel_m))
    altitude_m, slope_deg = np.empty(len(x)), np.empty(len(x))
    for start in range(0, len(x), _POINTS_AT_ONCE):
        part = slice(start, start + _POINTS_AT_ONCE)
        nine = _nine_samples(fitting, grid_crs, half_m, x[part], y[part])
        known = ~np.isnan(nine)
        count = known.sum(axis=(0, 1))
        total = np.where(known, nine, 0).sum(axis=(0, 1))
        altitude_m[part] = np.where(count >= _ENOUGH, total / np.maximum(count, 1), np.nan)
        weights = np.array([1.0, 2.0, 1.0])[:, None]
        to_east = (weights * (nine[:, 2] - nine[:, 0])).sum(axis=0) / (8 * half_m)
        to_north = (weights * (nine[2] - nine[0])).sum(axis=0) / (8 * half_m)
        slope_deg[part] = np.degrees(np.arctan(np.hypot(to_east, to_north)))
    return altitude_m, slope_deg


def _nine_samples(heights: Heights, grid_crs: str, half_m: float, x: F8, y: F8) -> F8:
    """Return heights at (south to north, west to east, cell), shape (3, 3, n).

    Only the centre and a point to its east and north are transformed: over a cell any projection
    is straight to millimetres.
    """
    own_x, own_y = transform_xy(grid_crs, heights.crs, x, y)
    east_x, east_y = transform_xy(grid_crs, heights.crs, x + half_m, y)
    north_x, north_y = transform_xy(grid_crs, heights.crs, x, y + half_m)
    samples = np.empty((3, 3, len(x)))
    with np.errstate(invalid="ignore"):
        for i, up in enumerate((-1, 0, 1)):
            for j, right in enumerate((-1, 0, 1)):
                samples[i, j] = heights._at_own(
                    own_x + right * (east_x - own_x) + up * (north_x - own_x),
                    own_y + right * (east_y - own_y) + up * (north_y - own_y),
                )
    return samples


def _check_is_dem(dataset: rasterio.DatasetReader, label: str) -> list[Problem]:
    """Return what is odd about the bands of a DEM.

    Raises:
        RasterError: The file is a picture, or its scale is no number.
    """
    eight_bit = dataset.dtypes[0] == "uint8"
    colours = {ColorInterp.red, ColorInterp.palette}
    if dataset.colorinterp[0] in colours or (eight_bit and dataset.count >= 3):
        raise RasterError(
            f"“{label}”是彩色图片,不是高程数据:请提供单波段的数字高程模型(DEM)",
            f"{label!r} is a picture in colour, no heights: give a DEM with one band",
            code="not_heights",
        )
    scale, offset = dataset.scales[0], dataset.offsets[0]
    if not (math.isfinite(scale) and math.isfinite(offset) and scale != 0):
        raise RasterError(
            f"“{label}”的比例系数或偏移({scale}、{offset})不可用:请重新导出高程数据",
            f"the scale or offset of {label!r} can't be used ({scale}, {offset}): export the "
            "heights again",
            code="bad_scale",
        )
    problems = []
    if dataset.count > 1:
        text = Text(
            f"文件有 {dataset.count} 个波段,只使用第 1 个作为高程",
            f"the file has {dataset.count} bands; the first is taken for the heights",
        )
        problems.append(Problem("several_bands", text, dataset.count))
    if eight_bit:
        text = Text(
            "高程值只有 8 位(0–255),可能是晕渲图而不是高程;请核对",
            "the heights are 8-bit (0-255), perhaps a hillshade and no heights: check the file",
        )
        problems.append(Problem("eight_bit_heights", text))
    return problems


def _flat_crs(dataset: rasterio.DatasetReader, label: str) -> str:
    """Return the CRS of the DEM without its vertical part.

    Raises:
        RasterError: It has no relation to longitude and latitude.
    """
    try:
        parsed = pyproj.CRS.from_user_input(authority_name(dataset.crs.to_wkt()))
        flat = parsed.sub_crs_list[0] if parsed.is_compound else parsed.to_2d()
        if flat.is_geographic or flat.is_projected:
            name = authority_name(flat.to_wkt())
            transform_xy(WGS84, name, np.zeros(1), np.zeros(1))
            return name
    except (InputError, pyproj.exceptions.ProjError) as error:
        raise _bad_crs(label) from error
    raise _bad_crs(label)


def _bad_crs(label: str) -> RasterError:
    return RasterError(
        f"高程文件“{label}”的坐标系无法换算到经纬度:请改用 CGCS2000 或 WGS84 重新导出",
        f"the coordinate system of {label!r} cannot be related to longitude and latitude: export "
        "it again in CGCS2000 or WGS84",
        code="bad_crs",
    )


def _pixel_m(transform: Affine, crs: str, window: Window, label: str) -> float:
    """Return the side of a square of a pixel's ground in the middle of a window, metres.

    Raises:
        RasterError: The middle lies outside of the CRS.
    """
    col, row = window.width / 2, window.height / 2
    a, b, c, d, e, f = transform[:6]
    cols, rows = np.array([col, col + 1, col]), np.array([row, row, row + 1])
    lon, lat = transform_xy(crs, WGS84, a * cols + b * rows + c, d * cols + e * rows + f)
    if np.isfinite(lon).all() and np.isfinite(lat).all() and np.abs(lat).max() <= 90:
        _, _, (along, down) = GEOD.inv(lon[[0, 0]], lat[[0, 0]], lon[1:], lat[1:])
        if along > 0 and down > 0:
            return math.sqrt(along * down)
    raise RasterError(
        f"高程文件“{label}”的坐标超出其坐标系“{crs[:60]}”的范围:请检查导出时选择的坐标系",
        f"{label!r} lies outside of its coordinate system {crs[:60]!r}: check the coordinate "
        "system chosen for the export",
        code="outside_crs",
    )


def _unlikely(count: int) -> Problem:
    return Problem(
        "unlikely_heights",
        Text(
            f"{count} 个像素的高程不在 {LOWEST_M:g}–{HIGHEST_M:g} 米之间,按无数据处理;很可能是未声明的无效值",
            f"{count} pixels have heights outside of {LOWEST_M:g} to {HIGHEST_M:g} m and count as "
            "unknown: probably a nodata value that the file doesn't declare",
        ),
        count,
    )
