"""Polygons from well-known binary, without recursion.

GEOS reads nested collections by recursion, and a few megabytes of them end the process.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from geoinspect.ingest.boundaries.layers import polygon_of

F8 = NDArray[np.float64]

_POINT, _LINE, _POLYGON, _MULTI = 1, 2, 3, (4, 5, 6, 7)
# Flags of the extended form (PostGIS); the ISO form adds thousands to the type instead.
_EXTRA_AXES, HAS_SRID = (0x80000000, 0x40000000), 0x20000000


def polygons_of_wkb(data: bytes) -> list[Polygon]:
    """Return every polygon of a geometry, 2-D; points and lines are passed over.

    Raises:
        ValueError: Broken off, of a kind with curves, or with coordinates that are no numbers.
    """
    polygons: list[Polygon] = []
    at, waiting = 0, 1
    try:
        while waiting > 0:
            waiting -= 1
            order = "<" if data[at] == 1 else ">"
            (code,) = struct.unpack_from(f"{order}I", data, at + 1)
            at += 9 if code & HAS_SRID else 5
            kind, axes = geometry_kind(code)
            if kind == _POINT:
                at += 8 * axes
                continue
            (count,) = struct.unpack_from(f"{order}I", data, at)
            at += 4
            if kind in _MULTI:
                waiting += count
            elif kind == _LINE:
                at += 8 * axes * count
            elif kind == _POLYGON:
                at, rings = read_rings(data, at, order, axes, count)
                polygon = polygon_of(rings)
                if polygon is not None:
                    polygons.append(polygon)
            else:
                raise ValueError(f"geometry type {kind}")
    except (struct.error, IndexError) as error:
        raise ValueError("the geometry breaks off") from error
    return polygons


def geometry_kind(code: int) -> tuple[int, int]:
    """Return the plain type and the number of axes of a type code."""
    iso, kind = divmod(code & 0xFFFF, 1000)
    axes = 2 + sum(bool(code & flag) for flag in _EXTRA_AXES)
    return kind, axes + {0: 0, 1: 1, 2: 1, 3: 2}.get(iso, 0)


def read_rings(data: bytes, at: int, order: str, axes: int, count: int) -> tuple[int, list[F8]]:
    """Return where the rings end and the first two coordinates of each, shape (n, 2)."""
    rings = []
    for _ in range(count):
        (points,) = struct.unpack_from(f"{order}I", data, at)
        numbers = np.frombuffer(data, f"{order}f8", points * axes, at + 4)
        rings.append(numbers.reshape(points, axes)[:, :2])
        at += 4 + 8 * axes * points
    return at, rings
