"""From pixels to the ground: places in WGS84, true areas, the ground sampling distance.

A projected pixel is not always what it claims (in Web Mercator at 30° it is 13 % too long), so
areas are geodesic, taken on a lattice over the raster and interpolated between its nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import GEOD, WGS84, authority_name, densified, transform_xy
from geoinspect.errors import InputError, RasterError

F8 = NDArray[np.float64]
_NODES = 17
# Vertices this far apart keep straight edges straight when they are reprojected.
_EDGE_PX = 256.0


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the pixels of one raster lie.

    Attributes:
        crs: ``EPSG:n`` or WKT.
        transform: Pixel (column, row) of the upper left corner is (0, 0) → ``crs``.
        node_area_m2: Ground area of a pixel at the nodes of the lattice, shape (_NODES, _NODES).
    """

    crs: str
    transform: Affine
    width: int
    height: int
    node_area_m2: F8

    def pixel_area_m2(self, col: float, row: float) -> float:
        """Return the ground area of one pixel at a place given in pixels."""
        x = min(max(col / self.width, 0.0), 1.0) * (_NODES - 1)
        y = min(max(row / self.height, 0.0), 1.0) * (_NODES - 1)
        i, j = min(int(y), _NODES - 2), min(int(x), _NODES - 2)
        v, u = y - i, x - j
        near, far = self.node_area_m2[i], self.node_area_m2[i + 1]
        upper = near[j] * (1 - u) + near[j + 1] * u
        lower = far[j] * (1 - u) + far[j + 1] * u
        return float(upper * (1 - v) + lower * v)

    @property
    def gsd_m(self) -> float:
        """Ground sampling distance at the centre: the side of a square of a pixel's area."""
        return math.sqrt(self.pixel_area_m2(self.width / 2, self.height / 2))

    def to_crs(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a geometry given in pixels in the raster's CRS."""

        def move(points: F8) -> F8:
            return np.column_stack(_apply(self.transform, points[:, 0], points[:, 1]))

        return shapely.transform(shape, move)

    def to_wgs84(self, polygon: Polygon | MultiPolygon) -> BaseGeometry:
        """Return a polygon given in pixels in WGS84, its edges densified first."""

        def move(points: F8) -> F8:
            x, y = _apply(self.transform, points[:, 0], points[:, 1])
            return np.column_stack(transform_xy(self.crs, WGS84, x, y))

        return shapely.transform(densified(polygon, _EDGE_PX), move)


def placement_of(dataset: rasterio.DatasetReader, name: str) -> Placement:
    """Return where a raster lies.

    Raises:
        RasterError: Its CRS is unknown to PROJ or the picture lies outside of the CRS.
    """
    try:
        crs = authority_name(dataset.crs.to_wkt())
        areas = _node_areas(crs, dataset.transform, dataset.width, dataset.height)
    except InputError as error:
        raise RasterError(
            f"影像“{name}”的坐标系无法换算到经纬度:请改用 CGCS2000 或 WGS84 重新导出",
            f"the coordinate system of {name!r} cannot be related to longitude and latitude: "
            "export again in CGCS2000 or WGS84",
            code="bad_crs",
        ) from error
    if not np.all(np.isfinite(areas)) or np.any(areas <= 0):
        raise RasterError(
            f"影像“{name}”的坐标超出其坐标系“{crs[:60]}”的范围:请检查导出时选择的坐标系",
            f"{name!r} lies outside of its coordinate system {crs[:60]!r}: check the coordinate "
            "system chosen for the export",
            code="outside_crs",
        )
    return Placement(crs, dataset.transform, dataset.width, dataset.height, areas)


def _apply(transform: Affine, col: F8, row: F8) -> tuple[F8, F8]:
    """Return x, y of pixel places; any affine, also rotated or south-up."""
    a, b, c, d, e, f = transform[:6]
    return a * col + b * row + c, d * col + e * row + f


def _node_areas(crs: str, transform: Affine, width: int, height: int) -> F8:
    """Return the ground area of a pixel around each node of the lattice."""
    step_x, step_y = width / (_NODES - 1) / 2, height / (_NODES - 1) / 2
    cols, rows = np.meshgrid(np.linspace(0, width, _NODES), np.linspace(0, height, _NODES))
    ring_x = np.array([-1, 1, 1, -1]) * step_x
    ring_y = np.array([-1, -1, 1, 1]) * step_y
    x, y = _apply(transform, cols[..., None] + ring_x, rows[..., None] + ring_y)
    lon, lat = transform_xy(crs, WGS84, x.ravel(), y.ravel())
    lon, lat = lon.reshape(x.shape), lat.reshape(y.shape)
    if not (np.all(np.isfinite(lon)) and np.all(np.isfinite(lat)) and np.all(np.abs(lat) <= 90)):
        return np.full(cols.shape, np.nan)
    areas = np.empty(cols.shape)
    for place in np.ndindex(cols.shape):
        areas[place] = abs(GEOD.polygon_area_perimeter(lon[place], lat[place])[0])
    return areas / (4 * step_x * step_y)
