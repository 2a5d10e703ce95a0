"""WGS84, GCJ-02 and BD-09, and which of them a file is in.

GCJ-02 is WGS84 with an offset of 100 to 700 m that differs from place to place; BD-09 adds a
second one. Source: the publicly known formula on the Krasovsky 1940 ellipsoid; there is no
official text. Both are inverted by iteration, exact to far below a millimetre.

The offset exists on maps of the mainland only: not in Hong Kong, Macau, Taiwan or abroad.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import shapely

from geoinspect.crs import mainland
from geoinspect.errors import Text
from geoinspect.records import F8, Datum, DatumChoice, Problem, TrackLine

# Krasovsky 1940: semi-major axis in metres and first eccentricity squared.
_AXIS_M = 6_378_245.0
_E2 = 0.00669342162296594323
_BD_TURNS = np.pi * 3000.0 / 180.0
_CONVERGED_DEG = 1e-12
_MAX_ROUNDS = 12

# The outline is a few km exact and patrols use boats: this far off it still counts as mainland.
_NEAR_MAINLAND_DEG = 0.05
# Except here, where land without an offset lies nearer than that: Hong Kong, Macau, Kinmen
# (west, south, east, north).
_EXACT_BOXES = (
    (113.81, 22.13, 114.52, 22.58),
    (113.50, 22.05, 113.64, 22.24),
    (118.13, 24.35, 118.52, 24.56),
)

# The box in which implementations of the formula use it (west, south, east, north).
_FORMULA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
# Where most of a line lies is known from this many of its points.
_ENOUGH_POINTS = 2_000

_WORDS: tuple[tuple[Datum, re.Pattern[str]], ...] = (
    (
        Datum.GCJ02,
        re.compile(r"gcj[\s_-]?0?2|火星坐标|国测局|高德坐标|腾讯坐标|mars[\s_-]coord", re.I),
    ),
    (Datum.BD09, re.compile(r"bd[\s_-]?0?9(?!\d)|百度坐标|百度经纬度", re.I)),
    (
        Datum.WGS84,
        re.compile(r"wgs[\s_-]?(?:19)?84|cgcs[\s_-]?2000|epsg:{1,2}(?:4326|4490)\b|国家2000", re.I),
    ),
)
_NAMES = {Datum.WGS84: "WGS84", Datum.GCJ02: "GCJ-02", Datum.BD09: "BD-09"}


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
    that it is never torn at a border or a coast.
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


def has_offset(lon: F8, lat: F8) -> bool:
    """Return whether maps show most of these WGS84 positions with the offset; False for none."""
    step = max(1, len(lon) // _ENOUGH_POINTS)
    lon, lat = lon[::step], lat[::step]
    inside = shapely.contains_xy(mainland(), lon, lat)
    unsure = ~inside
    for west, south, east, north in _EXACT_BOXES:
        unsure &= (lon < west) | (lon > east) | (lat < south) | (lat > north)
    places = shapely.points(lon[unsure], lat[unsure])
    inside[unsure] = shapely.dwithin(mainland(), places, _NEAR_MAINLAND_DEG)
    return bool(np.count_nonzero(inside) * 2 >= len(lon) > 0)


def lines_to_wgs84(lines: Iterable[TrackLine], datum: Datum) -> tuple[TrackLine, ...]:
    """Return tracks in WGS84; each is shifted as a whole or comes back as it is."""
    if datum is Datum.WGS84:
        return tuple(lines)
    return tuple(_line_to_wgs84(line, datum) for line in lines)


def _line_to_wgs84(line: TrackLine, datum: Datum) -> TrackLine:
    whole_lon = np.concatenate([segment.lon for segment in line.segments])
    whole_lat = np.concatenate([segment.lat for segment in line.segments])
    lon, lat = to_wgs84(whole_lon, whole_lat, datum)
    if lon is whole_lon:
        return line
    ends = np.cumsum([len(segment) for segment in line.segments])[:-1]
    parts = zip(np.split(lon, ends), np.split(lat, ends), line.segments, strict=True)
    return replace(line, segments=tuple(old.moved(x, y) for x, y, old in parts))


def named_datum(texts: Iterable[str]) -> Datum | None:
    """Return the one datum that texts of a file name; None when they name none or several."""
    named = {datum for text in texts for datum, words in _WORDS if words.search(text)}
    return named.pop() if len(named) == 1 else None


def resolve_datum(declared: Datum | None, flagged: Datum | None) -> DatumChoice:
    """Choose the datum to read a file in.

    Args:
        declared: What the sender said.
        flagged: What the file itself says.
    """
    if declared is not None:
        name = _NAMES[declared]
        why = Text(f"上传者指定坐标为 {name}", f"the sender declared {name}")
        if flagged is not None and flagged is not declared:
            why = Text(
                f"{why.zh};文件自己写的是 {_NAMES[flagged]},以指定为准",
                f"{why.en}; the file says {_NAMES[flagged]}, the declaration was followed",
            )
        return DatumChoice(flagged, declared, why)
    if flagged is not None:
        name = _NAMES[flagged]
        return DatumChoice(
            flagged, flagged, Text(f"文件注明坐标为 {name}", f"the file says that it is {name}")
        )
    return DatumChoice(
        None,
        Datum.WGS84,
        Text(
            "文件没有注明坐标系,按 WGS84 处理;如果是奥维、高德或百度导出的,请选择 GCJ-02 或 BD-09",
            "the file does not say its datum and was read as WGS84; choose GCJ-02 or BD-09 if it "
            "comes from Ovital, Amap or Baidu",
        ),
    )


def datum_problems(choice: DatumChoice, unmoved: int) -> list[Problem]:
    """Return what the sender should know of the choice.

    Args:
        choice: What was used and why.
        unmoved: Tracks that had no offset to take out.
    """
    problems = []
    if choice.found is not None and choice.found is not choice.used:
        problems.append(Problem("datum_contradiction", choice.why))
    if choice.used is not Datum.WGS84 and unmoved:
        name = _NAMES[choice.used]
        problems.append(
            Problem(
                "datum_not_shifted",
                Text(
                    f"{unmoved} 条轨迹在大陆以外(含港澳台),{name} 在那里没有偏移,坐标未作改动",
                    f"{unmoved} tracks lie outside the mainland, where {name} has no offset; their "
                    "positions were left as they are",
                ),
                unmoved,
            )
        )
    return problems


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
