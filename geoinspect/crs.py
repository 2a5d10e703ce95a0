"""Which metric CRS for a place, and every change between CRSs. Axis order is x, y, always."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from importlib import resources
from typing import Literal, TypeVar

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import InputError

WGS84 = "EPSG:4326"
GEOD = pyproj.Geod(ellps="WGS84")

# CGCS2000 / Gauss-Kruger, all with central meridians 75° E … 135° E (EPSG registry): 3-degree zones
# 25 … 45 are 4513 … 4533 with the zone before the easting and 4534 … 4554 without; 6-degree zones
# 13 … 23 are 4491 … 4501 with it and 4502 … 4512 without.
_FIRST_CM_DEG, _LAST_CM_DEG = 75, 135
_PREFIXED = ((25, 45, 4513, 3), (13, 23, 4491, 6))
_BY_MERIDIAN = {3: 4534, 6: 4502}
# Hong Kong, Macau and the islands off Fujian lie within this of the mainland.
_COAST_DEG = 0.3
_DENSE_DEG = 0.001

F8 = NDArray[np.float64]
_G = TypeVar("_G", bound=BaseGeometry)


@lru_cache(maxsize=1)
def mainland() -> MultiPolygon:
    """Return mainland China and its sea, without Hong Kong, Macau and Taiwan (WGS84).

    Right to 300 m on land round Hong Kong and Macau and where people live, to some km elsewhere.
    Source: ``data/README.md``. For choosing a projection or a datum shift, nothing else.
    """
    text = resources.files("geoinspect").joinpath("data/mainland.json").read_text("utf-8")
    shape = shapely.from_geojson(json.dumps(json.loads(text)))
    assert isinstance(shape, MultiPolygon)
    shapely.prepare(shape)
    return shape


def metric_crs_for(lon: float, lat: float) -> str:
    """Return the local metric CRS of a place as ``EPSG:n``.

    In China, its coast and near islands the CGCS2000 3° zone with the nearest central meridian,
    elsewhere the WGS84 UTM zone (plain six-degree zones, without the exceptions round Norway and Svalbard).
    """
    if shapely.dwithin(mainland(), shapely.Point(lon, lat), _COAST_DEG):
        nearest = 3 * math.floor(lon / 3 + 0.5)
        return meridian_crs(min(max(nearest, _FIRST_CM_DEG), _LAST_CM_DEG))
    zone = min(max(math.floor((lon + 180) / 6) + 1, 1), 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def zone_crs(zone: int) -> tuple[str, int] | None:
    """Return the CGCS2000 Gauss-Krüger CRS whose eastings begin with a zone number.

    Returns:
        ``EPSG:n`` and the central meridian in degrees; None when China has no such zone.
    """
    for first, last, epsg, width_deg in _PREFIXED:
        if first <= zone <= last:
            return f"EPSG:{epsg + zone - first}", _FIRST_CM_DEG + width_deg * (zone - first)
    return None


def meridian_crs(meridian_deg: int, width_deg: Literal[3, 6] = 3) -> str:
    """Return the CGCS2000 Gauss-Krüger CRS of a central meridian, eastings without zone number.

    Raises:
        ValueError: No zone of that width has that meridian.
    """
    step, rest = divmod(meridian_deg - _FIRST_CM_DEG, width_deg)
    if rest or not _FIRST_CM_DEG <= meridian_deg <= _LAST_CM_DEG:
        raise ValueError(f"no {width_deg}-degree zone has the central meridian {meridian_deg}")
    return f"EPSG:{_BY_MERIDIAN[width_deg] + step}"


def centre_of(polygon: Polygon | MultiPolygon) -> tuple[float, float]:
    """Return lon, lat of the centroid of a WGS84 polygon, for choosing its CRS.

    Ground cut in two at the antimeridian has its centre there, not on the other side of the
    earth: when it spans more than half the earth, its western parts are counted from 180° on.
    """
    west, _, east, _ = polygon.bounds
    if east - west > 180:

        def shift(points: F8) -> F8:
            return np.column_stack([points[:, 0] % 360, points[:, 1]])

        polygon = shapely.transform(polygon, shift)
    centre = polygon.centroid
    return centre.x - 360 if centre.x > 180 else centre.x, centre.y


@lru_cache(maxsize=128)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """Return a cached transformer between two CRSs given as ``EPSG:n`` or WKT, x then y.

    Raises:
        InputError: One of the two is no CRS.
    """
    try:
        return pyproj.Transformer.from_crs(source, target, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise InputError(
            f"无法识别坐标系“{source}”或“{target}”:请检查 .prj 或选择 EPSG 编号",
            f"cannot use the coordinate system {source!r} or {target!r}: check the .prj or "
            "choose an EPSG code",
            code="bad_crs",
        ) from error


def transform_xy(source: str, target: str, x: F8, y: F8) -> tuple[F8, F8]:
    """Return coordinates in ``target``; arrays of one shape in, the same shape out."""
    if source == target:
        return x, y
    new_x, new_y = transformer(source, target).transform(x, y)
    return np.asarray(new_x, dtype=np.float64), np.asarray(new_y, dtype=np.float64)


def transform_geometry(source: str, target: str, geometry: _G) -> _G:
    """Return a geometry with every vertex moved from ``source`` to ``target`` (2-D)."""
    if source == target:
        return geometry

    def move(points: F8) -> F8:
        return np.column_stack(transform_xy(source, target, points[:, 0], points[:, 1]))

    moved: _G = shapely.transform(shapely.force_2d(geometry), move)
    return moved


def densified(polygon: Polygon | MultiPolygon, step: float) -> Polygon | MultiPolygon:
    """Return the polygon with vertices at most ``step`` apart, in its own units."""
    dense: Polygon | MultiPolygon = shapely.segmentize(polygon, step)
    return dense


def metric_shape(polygon: Polygon | MultiPolygon, crs: str) -> Polygon | MultiPolygon:
    """Return a WGS84 polygon in a metric CRS, valid, with its edges where they were drawn.

    Straight edges in degrees bend when projected; a vertex every 0.001° keeps the bend below a
    centimetre at Chinese latitudes.
    """
    moved = transform_geometry(WGS84, crs, densified(polygon, _DENSE_DEG))
    return moved if moved.is_valid else shapely.make_valid(moved, method="structure")


def geodesic_length_m(lon: F8, lat: F8) -> float:
    """Return the WGS84 geodesic length of a line in metres; 0 for fewer than two points."""
    return float(GEOD.line_length(lon, lat)) if len(lon) > 1 else 0.0


def geodesic_area_m2(polygon: Polygon | MultiPolygon) -> float:
    """Return the WGS84 ellipsoidal area of a lon/lat polygon in square metres."""
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(polygon))[0])


def authority_name(crs: str) -> str:
    """Return ``EPSG:n`` when a CRS has one, else its WKT.

    Raises:
        InputError: The text is no CRS.
    """
    try:
        parsed = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.ProjError as error:
        raise InputError(
            f"无法识别坐标系“{crs[:80]}”",
            f"cannot read the coordinate system {crs[:80]!r}",
            code="bad_crs",
        ) from error
    epsg = parsed.to_epsg(min_confidence=70)
    return f"EPSG:{epsg}" if epsg is not None else str(parsed.to_wkt())
