"""What an answer would mean: the first rows of a table, and where each zone would put its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.errors import GeoInspectError, Text
from geoinspect.ingest.formats import HEAD_BYTES, recognise
from geoinspect.ingest.formats.table_declared import first_lines, first_rows, layout_of
from geoinspect.ingest.formats.table_layout import Layout
from geoinspect.ingest.formats.table_values import coordinate, pair
from geoinspect.ingest.projected import gauss_kruger_guess
from geoinspect.records import F8
from geoinspect.store import asking, grounds
from geoinspect.territory import territory_of

_SHOWN_ROWS, _SHOWN_COLUMNS, _SHOWN_CHARS = 6, 40, 40
_SHOWN_POINTS = 40
_WEB_MERCATOR = "EPSG:3857"
# Of the world's web maps; in China eastings of 8.1 to 15.1 million metres.
_CHINA = (73.0, 3.0, 136.0, 54.0)


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """A CRS that a table's metres may be in, and where its points would lie.

    Attributes:
        crs: ``EPSG:n``.
        text: For people.
        points: Lon, lat of some points, degrees of WGS84, in their order.
        area: Name of the narrowest area under the middle; None outside of all.
        away_m: From the middle to the ground that is searched, metres; 0 on it, None without one.
    """

    crs: str
    text: Text
    points: tuple[tuple[float, float], ...]
    area: str | None
    away_m: float | None


def first_rows_of(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return the first rows of a table as text, cut short; nothing for what is no plain table."""
    lines = _table_lines(path)
    rows = [] if lines is None else first_rows(lines, _SHOWN_ROWS)
    width = min(max(map(len, rows), default=0), _SHOWN_COLUMNS)
    return tuple(
        tuple(cell.strip()[:_SHOWN_CHARS] for cell in [*row, *[""] * width][:width]) for row in rows
    )


def zone_choices(
    session: Session, path: Path, *, columns: str | None, unit_code: str | None
) -> tuple[ZoneChoice, ...]:
    """Return the zones that a table's metres may be in, the nearest to the ground first.

    Args:
        session: For the areas and the unit's ground.
        path: The table.
        columns: What was said of its columns.
        unit_code: Whose ground is meant; None for the whole county's.
    """
    lines = _table_lines(path)
    if lines is None:
        return ()
    try:
        layout = layout_of(lines, columns)
    except GeoInspectError:
        return ()
    places = _places(layout)
    if not len(places):
        return ()
    ground = _searched_ground(session, unit_code)
    found = [
        _choice(session, crs, text, _in_degrees(crs, east, north), ground)
        for crs, text, east, north in _candidates(places)
    ]
    return tuple(
        sorted(found, key=lambda one: (one.away_m is None, one.away_m or 0.0, one.points[0][0]))
    )


def _table_lines(path: Path) -> list[str] | None:
    try:
        with path.open("rb") as stream:
            kind = recognise(stream.read(HEAD_BYTES))
            if getattr(kind, "format", None) != "csv":
                return None
            stream.seek(0)
            return first_lines(stream)
    except (GeoInspectError, OSError):
        return None


def _places(layout: Layout) -> F8:
    """Return the numbers in the two columns of the place, shape (n, 2)."""
    columns = layout.columns
    found: list[tuple[float, float]] = []
    for row in layout.sample:
        if columns.east is not None and columns.north is not None:
            if max(columns.east, columns.north) >= len(row):
                continue
            a, b = coordinate(row[columns.east]), coordinate(row[columns.north])
        elif columns.both is not None and columns.both < len(row):
            a, b = pair(row[columns.both])
        else:
            continue
        if isinstance(a, float) and isinstance(b, float) and (a, b) != (0.0, 0.0):
            found.append((a, b))
    known = np.array(found, np.float64).reshape(-1, 2)
    return known[np.isfinite(known).all(axis=1)]


def _candidates(places: F8) -> list[tuple[str, Text, F8, F8]]:
    first, second = places[:, 0], places[:, 1]
    found: list[tuple[str, Text, F8, F8]] = []
    guess = gauss_kruger_guess(first, second)
    if guess is not None:
        east, north = (second, first) if guess.swapped else (first, second)
        for one in guess.candidates:
            zh = f"CGCS2000 高斯-克吕格,中央经线 {one.meridian_deg}°({one.crs})"
            en = f"CGCS2000 Gauss-Krüger, central meridian {one.meridian_deg}° ({one.crs})"
            found.append((one.crs, Text(zh, en), east, north))
    lon, lat = crs_.transform_xy(_WEB_MERCATOR, crs_.WGS84, first, second)
    middle = float(np.median(lon)), float(np.median(lat))
    west, south, end, top = _CHINA
    if west <= middle[0] <= end and south <= middle[1] <= top:
        words = Text(f"网络墨卡托({_WEB_MERCATOR})", f"Web Mercator ({_WEB_MERCATOR})")
        found.append((_WEB_MERCATOR, words, first, second))
    return found


def _in_degrees(crs: str, east: F8, north: F8) -> F8:
    step = max(1, len(east) // _SHOWN_POINTS)
    lon, lat = crs_.transform_xy(crs, crs_.WGS84, east[::step], north[::step])
    found = np.column_stack([lon, lat])
    return found[np.isfinite(found).all(axis=1)]


def _choice(
    session: Session, crs: str, text: Text, points: F8, ground: Polygon | MultiPolygon | None
) -> ZoneChoice:
    lon, lat = (float(v) for v in np.median(points, axis=0))
    area = asking.narrowest_area_at(session, lon, lat)
    return ZoneChoice(
        crs,
        text,
        tuple((round(float(x), 6), round(float(y), 6)) for x, y in points),
        None if area is None else area.name,
        None if ground is None else _away_m(ground, lon, lat),
    )


def _away_m(ground: Polygon | MultiPolygon, lon: float, lat: float) -> float:
    """Return how far a place is from a ground, metres; 0 on it.

    The nearest point is found in degrees stretched by the latitude, which is right to a few per
    cent and enough to tell one zone from the next.
    """
    point = shapely.Point(lon, lat)
    if ground.intersects(point):
        return 0.0
    squeeze = float(np.cos(np.radians(lat)))
    flat = shapely.transform(ground, lambda xy: xy * [squeeze, 1.0])
    near, _ = shapely.ops.nearest_points(flat, shapely.Point(lon * squeeze, lat))
    geod = pyproj.Geod(ellps="WGS84")
    return float(geod.inv(lon, lat, near.x / squeeze, near.y)[2])


def _searched_ground(session: Session, unit_code: str | None) -> Polygon | MultiPolygon | None:
    """Return a unit's ground, or that of all areas; None without any."""
    own = None if unit_code is None else territory_of(session, unit_code).ground
    if own is not None and not own.is_empty:
        return own
    rows = grounds.areas(session)
    codes = {row.code for row in rows}
    tops: Sequence[Polygon | MultiPolygon] = [
        row.geometry for row in rows if row.parent_code not in codes
    ]
    return shapely.union_all(tops) if tops else None
