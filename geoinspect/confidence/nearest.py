"""Which feature of a layer is nearest to each cell, fast enough for a county and all its roads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryCollection, Point, Polygon
from shapely.geometry.base import BaseGeometry

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Long lines are searched in pieces: a tree of boxes rules out nothing of a road across the county.
_PIECE_STEPS = 8
_FINDS_AT_ONCE = 200


def polygons_of(places: Sequence[BaseGeometry | None]) -> list[Polygon]:
    """Return the polygons in features, however deep in collections, repaired where invalid."""
    usable = [_usable(place) for place in places]
    parts = [part for place in usable if place is not None for part in _parts(place)]
    return [part for part in parts if isinstance(part, Polygon)]


def nearest(x: F8, y: F8, places: Sequence[BaseGeometry | None]) -> tuple[I8, F8]:
    """Return the nearest feature of each point; missing and empty features are passed over.

    Args:
        x, y: Points in a metric CRS, shape (n,).
        places: Features of any kind in the same CRS; the inside of polygons belongs to them.

    Returns:
        Index into ``places``, -1 without any, and the distance in metres, infinite without any;
        both of shape (n,). Of features at the same distance any one is given.
    """
    which, distance_m = np.full(len(x), -1), np.full(len(x), np.inf)
    usable = [_usable(place) for place in places]
    pieces, owner = _pieces(usable)
    if not pieces or not len(x):
        return which, distance_m
    points = shapely.points(x, y)
    tree = shapely.STRtree(pieces)
    (found, piece), metres = tree.query_nearest(points, return_distance=True, all_matches=False)
    which[found], distance_m[found] = np.asarray(owner)[piece], metres
    solid = [i for i, place in enumerate(usable) if place is not None and place.area > 0]
    if solid:
        polygon, inside = shapely.STRtree(points).query(
            [usable[i] for i in solid], predicate="intersects"
        )
        which[inside], distance_m[inside] = np.asarray(solid)[polygon], 0.0
    return which, distance_m


def nearest_with_handicap(
    x: F8, y: F8, places: Sequence[BaseGeometry | None], handicap_m: F8, reach_m: float
) -> tuple[I8, F8]:
    """Return of each point the feature with the least distance plus handicap, within reach.

    Args:
        x, y: Points in a metric CRS, shape (n,).
        places: As in :func:`nearest`.
        handicap_m: Metres added to the distance of each feature.
        reach_m: Features whose distance and handicap come to more are passed over.

    Returns:
        Index into ``places``, -1 without any, and the distance without the handicap, infinite
        without any; both of shape (n,).
    """
    which, distance_m = np.full(len(x), -1), np.full(len(x), np.inf)
    best_m = np.full(len(x), np.inf)
    usable = [_usable(place) for place in places]
    known = np.array([place is not None for place in usable], np.bool_)
    todo = np.flatnonzero(known & (handicap_m <= reach_m))
    if not len(x):
        return which, distance_m
    points = shapely.points(x, y)
    tree = shapely.STRtree(points)
    for start in range(0, len(todo), _FINDS_AT_ONCE):
        some = todo[start : start + _FINDS_AT_ONCE]
        shapes = np.array([usable[i] for i in some], dtype=object)
        left_m = reach_m - handicap_m[some]
        number, cell = tree.query(shapes, predicate="dwithin", distance=left_m)
        metres = shapely.distance(points[cell], shapes[number])
        total_m = metres + handicap_m[some[number]]
        # Best last, so that it is what stays where a cell is given several times.
        order = np.argsort(-total_m, kind="stable")
        order = order[total_m[order] < best_m[cell[order]]]
        cell, number, metres, total_m = (a[order] for a in (cell, number, metres, total_m))
        best_m[cell], which[cell], distance_m[cell] = total_m, some[number], metres
    return which, distance_m


def _usable(place: BaseGeometry | None) -> BaseGeometry | None:
    """Return a feature that distances can be taken to; None when there is nothing to it."""
    if place is None or place.is_empty:
        return None
    if place.is_valid:
        return place
    # A line without length is invalid too, but has a place; only polygons need repair.
    parts = [
        part
        if part.is_valid or not isinstance(part, Polygon)
        else shapely.make_valid(part, method="structure", keep_collapsed=True)
        for part in _parts(place)
    ]
    return parts[0] if len(parts) == 1 else GeometryCollection(parts)


def _parts(place: BaseGeometry) -> list[BaseGeometry]:
    """Return the points, lines and polygons of a feature, however deep in collections."""
    found, pending = [], [place]
    while pending:
        part = pending.pop()
        if part.geom_type in ("Point", "LineString", "LinearRing", "Polygon"):
            found += [] if part.is_empty else [part]
        else:
            pending += list(shapely.get_parts(part))
    return found


def _pieces(places: Sequence[BaseGeometry | None]) -> tuple[list[BaseGeometry], list[int]]:
    """Return points and short pieces of lines and rings, and the feature that each is of."""
    pieces: list[BaseGeometry] = []
    owner: list[int] = []
    for number, place in enumerate(places):
        if place is None:
            continue
        for part in _parts(place):
            lines = shapely.get_rings(part) if isinstance(part, Polygon) else [part]
            for line in lines:
                pieces += _chopped(line)
            owner += [number] * (len(pieces) - len(owner))
    return pieces, owner


def _chopped(line: BaseGeometry) -> list[BaseGeometry]:
    """Return a line in short pieces that share their ends; a point as it is."""
    points = shapely.get_coordinates(line)
    if len(points) == 1:
        return [Point(points[0])]
    starts = range(0, len(points) - 1, _PIECE_STEPS)
    return [shapely.LineString(points[i : i + _PIECE_STEPS + 1]) for i in starts]
