"""How far pieces of ground lie from each other, in geodesic metres, and how far they overlap.

Edges are straight in degrees, as they were drawn. The nearest points are looked for in a plane
of degrees scaled to metres at the place, in which such edges stay straight; the distance between
them is the geodesic one. A nearest point that is a little off changes the distance only in second
order: measured against finely cut edges in Chinese latitudes, it is at most 0.01 mm too long at one
kilometre, 3 mm at ten and 2 m at a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import GEOD
from geoinspect.errors import UsageError
from geoinspect.records import F8

I8 = NDArray[np.int64]
Shapes = NDArray[np.object_]

# WGS84: semi-major axis in metres, and first eccentricity squared.
AXIS_M = 6_378_137.0
E2 = 0.006694379990141317
# Pairs looked at together: each needs a copy of both shapes.
_BLOCK = 32_768
# A box in degrees round a place is wider than the metres asked for by this much.
_WIDER = 1.02


def places_of(places: object, what: str) -> F8:
    """Return lon, lat of places as numbers, shape (n, 2).

    Raises:
        UsageError: They are no pairs of finite degrees.
    """
    array = np.asarray(places, dtype=np.float64)
    array = array.reshape(-1, 2) if array.size == 0 else array
    usable = array.ndim == 2 and array.shape[1] == 2 and bool(np.isfinite(array).all())
    if not usable or (np.abs(array[:, 0]) > 360).any() or (np.abs(array[:, 1]) > 90).any():
        raise UsageError(
            f"{what}:位置应为有限的经度、纬度",
            f"{what}: places must be finite longitudes and latitudes",
            code="bad_places",
        )
    return array


def shapes_of(geometries: Sequence[BaseGeometry] | Shapes, what: str) -> Shapes:
    """Return geometries as an array, shape (n,).

    Raises:
        UsageError: One is missing or empty.
    """
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = list(geometries)
    if len(shapes) and bool((shapely.is_missing(shapes) | shapely.is_empty(shapes)).any()):
        raise UsageError(
            f"{what}:有空的图形", f"{what}: a shape is missing or empty", code="bad_places"
        )
    return shapes


def points_distance_m(a: F8, b: F8) -> F8:
    """Return the geodesic distances between places lon, lat row by row; shapes (n, 2), (n,)."""
    if len(a) == 0:
        return np.empty(0)
    _, _, metres = GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return np.asarray(metres, dtype=np.float64)


def ecef_m(places: F8) -> F8:
    """Return earth-centred metres of lon, lat on the ellipsoid, shape (n, 3).

    The chord between two such places is never longer than the geodesic.
    """
    lon, lat = np.radians(places[:, 0]), np.radians(places[:, 1])
    normal_m = AXIS_M / np.sqrt(1 - E2 * np.sin(lat) ** 2)
    across_m = normal_m * np.cos(lat)
    return np.column_stack(
        [across_m * np.cos(lon), across_m * np.sin(lon), normal_m * (1 - E2) * np.sin(lat)]
    )


def shapes_distance_m(first: Shapes, second: Shapes) -> F8:
    """Return the distances between WGS84 geometries pair by pair, 0 where they meet; shape (n,).

    Args:
        first: Points or polygons, shape (n,); none empty.
        second: As many.
    """
    blocks = range(0, len(first), _BLOCK)
    if len(blocks) != 1:
        cut = [shapes_distance_m(first[k : k + _BLOCK], second[k : k + _BLOCK]) for k in blocks]
        return np.concatenate(cut) if cut else np.empty(0)
    middle = _middles(first)
    across_m, along_m = _metres_a_degree(middle[:, 1])
    joins = shapely.shortest_line(
        _scaled(first, middle, across_m, along_m), _scaled(second, middle, across_m, along_m)
    )
    ends = shapely.get_coordinates(joins).reshape(-1, 2, 2)
    degrees = ends / np.stack([across_m, along_m], axis=-1)[:, None, :] + middle[:, None, :]
    metres = points_distance_m(degrees[:, 0], degrees[:, 1])
    return np.where((ends[:, 0] == ends[:, 1]).all(axis=1), 0.0, metres)


def apart_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return how far two grounds lie apart, metres; 0 where they meet."""
    return float(shapes_distance_m(shapes_of([one], "ground"), shapes_of([other], "ground"))[0])


def overlap_shares(first: Shapes, second: Shapes) -> F8:
    """Return the shared ground as a share of the smaller of each pair, 0 to 1; shape (n,).

    Where the smaller is a point or a line, it is 1 when the two meet.
    """
    if len(first) == 0:
        return np.empty(0)
    middle = _middles(first)
    ones = np.ones(len(first))
    first, second = (_scaled(shapes, middle, ones, ones) for shapes in (first, second))
    smaller = np.minimum(shapely.area(first), shapely.area(second))
    meets = shapely.intersects(first, second)
    shared = np.zeros(len(first))
    flat = smaller <= 0
    shared[meets & flat] = 1.0
    solid = np.flatnonzero(meets & ~flat)
    cut = shapely.area(shapely.intersection(first[solid], second[solid]))
    shared[solid] = np.clip(cut / smaller[solid], 0.0, 1.0)
    return shared


def boxes_around(shapes: Shapes, metres: float) -> tuple[Shapes, I8]:
    """Return boxes in degrees that hold all within ``metres`` of each shape, and whose they are.

    A box that passes the antimeridian comes twice, once on each side of the map.
    """
    west, south, east, north = shapely.bounds(shapes).T
    up = metres / 110_500.0 * _WIDER + 1e-9
    south, north = south - up, north + up
    widest = np.maximum(np.abs(south), np.abs(north))
    near_pole = widest >= 89.9
    cosine = np.cos(np.radians(np.minimum(widest, 89.9)))
    over = np.where(near_pole, 360.0, np.minimum(metres / (111_300.0 * cosine) * _WIDER, 360.0))
    west, east = west - over - 1e-9, east + over + 1e-9
    whose: I8 = np.arange(len(shapes))
    left, right = np.flatnonzero(west < -180), np.flatnonzero(east > 180)
    number = np.concatenate([whose, left, right])
    shift = np.concatenate(
        [np.zeros(len(shapes)), np.full(len(left), 360.0), np.full(len(right), -360.0)]
    )
    boxes = shapely.box(west[number] + shift, south[number], east[number] + shift, north[number])
    return np.asarray(boxes, dtype=object), number


def _middles(shapes: Shapes) -> F8:
    west, south, east, north = shapely.bounds(shapes).T
    return np.column_stack([(west + east) / 2, (south + north) / 2])


def _metres_a_degree(lat: F8) -> tuple[F8, F8]:
    """Return the lengths of a degree of longitude and of latitude on the ellipsoid."""
    phi = np.radians(np.clip(lat, -89.9, 89.9))
    squared = 1 - E2 * np.sin(phi) ** 2
    degree = np.pi / 180
    return (
        AXIS_M / np.sqrt(squared) * np.cos(phi) * degree,
        AXIS_M * (1 - E2) / squared**1.5 * degree,
    )


def _scaled(shapes: Shapes, middle: F8, across: F8, along: F8) -> Shapes:
    """Return shapes about each one's middle, scaled; longitudes count the shorter way round."""
    flat: Any = shapely.force_2d(shapes)
    points, owner = shapely.get_coordinates(flat, return_index=True)
    east = (points[:, 0] - middle[owner, 0] + 180.0) % 360.0 - 180.0
    north = points[:, 1] - middle[owner, 1]
    moved = np.column_stack([east * across[owner], north * along[owner]])
    scaled: Shapes = shapely.set_coordinates(np.array(flat, dtype=object), moved)
    return scaled
