"""WGS84, GCJ-02 and BD-09: the formulas, and where the offset exists.

GCJ-02 is WGS84 with an offset of 100 to 700 m that differs from place to place; BD-09 adds a
second one. Source: the publicly known formula on the Krasovsky 1940 ellipsoid; there is no
official text. Both are inverted by iteration, exact to far below a millimetre.

The offset exists on maps of the mainland only: not in Hong Kong, Macau, Taiwan or abroad.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from geoinspect.crs import mainland
from geoinspect.records import F8, Datum

# Krasovsky 1940: semi-major axis in metres and first eccentricity squared.
_AXIS_M = 6_378_245.0
_E2 = 0.00669342162296594323
_BD_TURNS = np.pi * 3000.0 / 180.0
_CONVERGED_DEG = 1e-12
_MAX_ROUNDS = 12

# The box in which implementations of the formula use it (west, south, east, north).
_FORMULA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
# Where most of a line lies is known from this many of its points.
_ENOUGH_POINTS = 2_000


def wgs84_to_gcj02(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return GCJ-02 degrees of WGS84 degrees, wherever they lie; arrays of one shape."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    phi = np.radians(lat)
    squared = 1 - _E2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1 - _E2) / (squared * np.sqrt(squared))
    parallel_m = _AXIS_M / np.sqrt(squared) * np.cos(phi)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def gcj02_to_wgs84(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return WGS84 degrees of GCJ-02 degrees, wherever they lie, exact below a micrometre."""
    return _inverted(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return BD-09 degrees of GCJ-02 degrees; arrays of one shape."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURNS)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURNS)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return GCJ-02 degrees of BD-09 degrees, exact below a micrometre."""
    return _inverted(gcj02_to_bd09, lon, lat)


def to_wgs84(lon: F8, lat: F8, datum: Datum) -> tuple[F8, F8]:
    """Return one line's positions in WGS84.

    The line is shifted as a whole when most of it lies on the mainland, and else not at all, so
    that it is never torn at a border or a coast. Numbers that mean a place on the mainland when
    shifted and one in Hong Kong when not, a strip of some 500 m, count as the mainland's.
    """
    if datum is Datum.WGS84 or len(lon) == 0:
        return lon, lat
    # A wild fix elsewhere in the world has no offset, and the formula means nothing there.
    west, south, east, north = _FORMULA_BOX
    placed = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    gcj = lon[placed], lat[placed]
    true_lon, true_lat = gcj02_to_wgs84(*(bd09_to_gcj02(*gcj) if datum is Datum.BD09 else gcj))
    if not has_offset(true_lon, true_lat):
        return lon, lat
    moved_lon, moved_lat = lon.copy(), lat.copy()
    moved_lon[placed], moved_lat[placed] = true_lon, true_lat
    return moved_lon, moved_lat


def from_wgs84(lon: F8, lat: F8, datum: Datum) -> tuple[F8, F8]:
    """Return the numbers that a datum's maps show for one line's WGS84 positions.

    The opposite of :func:`to_wgs84`: the line as a whole, or unchanged where there is no offset.
    """
    if datum is Datum.WGS84 or not has_offset(lon, lat):
        return lon, lat
    gcj = wgs84_to_gcj02(lon, lat)
    return gcj02_to_bd09(*gcj) if datum is Datum.BD09 else gcj


def has_offset(lon: F8, lat: F8) -> bool:
    """Return whether maps show most of these WGS84 positions with the offset; False for none."""
    step = max(1, len(lon) // _ENOUGH_POINTS)
    lon, lat = lon[::step], lat[::step]
    inside = shapely.contains_xy(mainland(), lon, lat)
    return bool(np.count_nonzero(inside) * 2 >= len(lon) > 0)


def _inverted(forward: Callable[[F8, F8], tuple[F8, F8]], lon: F8, lat: F8) -> tuple[F8, F8]:
    """Solve ``forward(result) = (lon, lat)`` by fixed point: each round is 100 times nearer."""
    guess_lon, guess_lat = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    for _ in range(_MAX_ROUNDS):
        there_lon, there_lat = forward(guess_lon, guess_lat)
        step_lon, step_lat = lon - there_lon, lat - there_lat
        guess_lon, guess_lat = guess_lon + step_lon, guess_lat + step_lat
        if np.all(np.abs(step_lon) < _CONVERGED_DEG) and np.all(np.abs(step_lat) < _CONVERGED_DEG):
            break
    return guess_lon, guess_lat
