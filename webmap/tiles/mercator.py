"""Where a web-map tile lies. Tiles are counted from the north-west corner of the world."""

from __future__ import annotations

import math

TILE_PX = 256
MAX_ZOOM = 24
_HALF_WORLD_M = math.pi * 6378137.0


def exists(z: int, x: int, y: int) -> bool:
    """Return whether there is such a tile."""
    return 0 <= z <= MAX_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z


def bounds_m(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile in EPSG:3857 metres."""
    side_m = 2 * _HALF_WORLD_M / (1 << z)
    west, north = x * side_m - _HALF_WORLD_M, _HALF_WORLD_M - y * side_m
    return west, north - side_m, west + side_m, north
