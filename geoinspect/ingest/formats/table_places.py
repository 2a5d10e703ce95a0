"""Where the rows of a table lie: degrees or metres, which column is east, and in which zone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyproj

from geoinspect.crs import WGS84, transform_xy
from geoinspect.errors import Text, TrackError
from geoinspect.ingest.formats.reading import CoordinateValue
from geoinspect.ingest.formats.stated_crs import SAME_AS_WGS84, checked_crs, unsure_datum
from geoinspect.ingest.formats.table_columns import Columns, Role
from geoinspect.ingest.formats.table_values import coordinate, nmea_degrees, on_side, pair
from geoinspect.ingest.projected import gauss_kruger_guess
from geoinspect.records import F8, Problem

Row = Sequence[str]
ReadCell = Callable[[Row], CoordinateValue]
ReadPlace = Callable[[Row], tuple[CoordinateValue, CoordinateValue]]

# West, south, east, north of China with its sea.
_CHINA = (73.0, 3.0, 136.0, 54.0)
# Nobody walks north of here; a "latitude" up there is the longitude of China's west.
_LAST_LATITUDE = 73.0
# The number of its zone stands before an easting in millions.
_ZONE_M = 1e6
# Web Mercator has eastings of 8.1 to 15.1 million metres in China, as the zones 13 and 14 have.
_LIKE_WEB_MERCATOR = (13, 14)
_OTHER_DATUM = re.compile(r"北京\s*54|西安\s*80|beijing\s*(?:19)?54|xi'?an\s*(?:19)?80", re.I)
_EPSG = re.compile(r"EPSG:\d{4,6}", re.I)
# An area of use is a rough box; work near its edge is fine.
_NEAR_AREA_DEG = 2.0
_SCALES = {
    "rad": math.degrees(1),
    "radians": math.degrees(1),
    "弧度": math.degrees(1),
    "1e7": 1e-7,
    "e7": 1e-7,
}


@dataclass(frozen=True, slots=True)
class Places:
    """How positions are read.

    Attributes:
        read: East and north of a row, in ``crs``.
        crs: ``EPSG:n``.
        window: Eastings that belong to the zone of ``crs``, metres; None for any.
        problems: What the sender should know of it.
    """

    read: ReadPlace
    crs: str = WGS84
    window: tuple[float, float] | None = None
    problems: tuple[Problem, ...] = ()


def find_places(columns: Columns, rows: Sequence[Row], crs: str | None, words: str) -> Places:
    """Return how positions are read, by the headers and by what stands under them.

    Args:
        columns: Which columns hold positions.
        rows: The first rows of data, each as wide as the table.
        crs: CRS that the sender declares for projected numbers.
        words: Texts of the file in which a datum may be named.

    Raises:
        TrackError: Swapped columns, or metres whose CRS has to be asked for.
    """
    read = _reader(columns)
    names = _names(columns)
    found = [read(row) for row in rows]
    known = np.array(
        [place for place in found if all(isinstance(value, float) for value in place)], np.float64
    ).reshape(-1, 2)
    known = known[np.isfinite(known).all(axis=1) & (known != 0).any(axis=1)]
    declared = _declared(crs)
    if len(known) == 0:
        return Places(read)
    middle = np.median(known, axis=0)
    if np.abs(middle).max() <= 180:
        return _in_degrees(read, columns, middle, names, declared)
    if declared is not None:
        return _in_declared(read, middle, declared, known)
    return _in_zone(read, columns, known, words)


def _reader(columns: Columns) -> ReadPlace:
    if columns.east is None or columns.north is None:
        number = columns.both or 0
        latitude_first = columns.headers[number].word.startswith(("lat", "position"))
        return (
            (lambda row: pair(row[number])[::-1])
            if latitude_first
            else lambda row: pair(row[number])
        )
    east = _cell_reader(columns, columns.east, Role.EAST_SIDE)
    north = _cell_reader(columns, columns.north, Role.NORTH_SIDE)
    return lambda row: (east(row), north(row))


def _cell_reader(columns: Columns, number: int, side: Role) -> ReadCell:
    header = columns.headers[number] if number < len(columns.headers) else None
    text = header.text if header is not None else ""
    unit = header.unit if header is not None else ""
    word = header.word if header is not None else ""
    side_column = columns.first(side)
    if "ddmm" in text.replace("°", ""):
        if side_column is not None:
            return lambda row: on_side(nmea_degrees(coordinate(row[number])), row[side_column])
        return lambda row: nmea_degrees(coordinate(row[number]))
    scale = _SCALES.get(unit, 1e-7 if word.endswith("e7") else None)
    if scale is not None:
        return lambda row: _scaled(coordinate(row[number]), scale)
    if side_column is not None:
        return lambda row: on_side(coordinate(row[number]), row[side_column])
    return lambda row: coordinate(row[number])


def _scaled(value: CoordinateValue, scale: float) -> CoordinateValue:
    return value * scale if isinstance(value, float) else value


def _turned(read: ReadPlace) -> ReadPlace:
    def read_turned(row: Row) -> tuple[CoordinateValue, CoordinateValue]:
        first, second = read(row)
        return second, first

    return read_turned


def _names(columns: Columns) -> tuple[str, str]:
    """Return what the two columns are called, for messages."""
    if columns.east is None or columns.north is None:
        text = columns.headers[columns.both or 0].text
        return text, text
    first, second = (
        columns.headers[number].text if columns.headers else f"{number + 1}"
        for number in (columns.east, columns.north)
    )
    return first, second


def _declared(crs: str | None) -> str | None:
    """Return a declared CRS as ``EPSG:n``.

    Raises:
        TrackError: It is none.
    """
    if crs is None:
        return None
    if _EPSG.fullmatch(crs.strip()):
        return checked_crs(crs.strip().upper())
    raise TrackError(
        f"声明的坐标系“{crs[:40]}”不是 EPSG 编号,例如应写 EPSG:4526",
        f"the declared CRS {crs[:40]!r} is no EPSG code: write EPSG:4526, for example",
        code="bad_crs",
    )


def _in_china(lon: float, lat: float) -> bool:
    west, south, east, north = _CHINA
    return west <= lon <= east and south <= lat <= north


def _in_degrees(
    read: ReadPlace, columns: Columns, middle: F8, names: tuple[str, str], declared: str | None
) -> Places:
    east, north = middle.tolist()
    swapped = abs(east) <= 90 < abs(north) or (
        abs(north) > _LAST_LATITUDE and _in_china(north, east)
    )
    problems: tuple[Problem, ...] = ()
    named = columns.both is None and not columns.by_value
    if named and swapped:
        raise TrackError(
            f"经纬度列可能写反了:“{names[1]}”列的值约为 {north:.4f},“{names[0]}”列约为 {east:.4f};"
            "请把两列的表头对调后重新上传",
            f"the columns look swapped: {names[1]!r} holds about {north:.4f} and {names[0]!r} about "
            f"{east:.4f}; exchange the two headers and send the file again",
            code="swapped_columns",
        )
    if not named and (swapped or (not _in_china(east, north) and _in_china(north, east))):
        read = _turned(read)
        if columns.by_value:
            problems = (_by_value(names, north, east),)
    crs = WGS84
    if declared is not None and declared not in SAME_AS_WGS84:
        if pyproj.CRS.from_user_input(declared).is_geographic:
            crs = declared
            problems += _unsure(declared)
        else:
            problems += (_not_used(declared),)
    return Places(read, crs, problems=problems)


def _in_declared(read: ReadPlace, middle: F8, declared: str, known: F8) -> Places:
    """Return metres in the declared CRS, the axes in whichever order falls into its area."""
    orders = [(read, middle), (_turned(read), middle[::-1])]
    fitting = [(order, *place) for order, at in orders if (place := _in_area(declared, *at))]
    if fitting and declared not in SAME_AS_WGS84:
        # In a CRS of the whole world both orders may fit; ours is in China.
        order = max(fitting, key=lambda found: _in_china(*found[1:]))[0]
        return Places(order, declared, problems=(_projected(declared, known), *_unsure(declared)))
    raise TrackError(
        f"坐标数值({_range(known[:, 0])};{_range(known[:, 1])})不在声明的坐标系 {declared} 的适用范围内;"
        "请核对带号或中央经线",
        f"the coordinates ({_range(known[:, 0])}; {_range(known[:, 1])}) do not fall into the area "
        f"of the declared {declared}: check its zone or central meridian",
        code="crs_mismatch",
    )


def _unsure(crs: str) -> tuple[Problem, ...]:
    unsure = unsure_datum(crs)
    return () if unsure is None else (unsure,)


def _in_area(crs: str, east: float, north: float) -> tuple[float, float] | None:
    """Return degrees of a place, None when it is outside the area that its CRS is made for."""
    lon, lat = (v.item() for v in transform_xy(crs, WGS84, np.array([east]), np.array([north])))
    area = pyproj.CRS.from_user_input(crs).area_of_use
    west, south, end, top = area.bounds if area is not None else (-180.0, -90.0, 180.0, 90.0)
    near = _NEAR_AREA_DEG
    inside = west - near <= lon <= end + near and south - near <= lat <= top + near
    return (lon, lat) if inside else None


def _in_zone(read: ReadPlace, columns: Columns, known: F8, words: str) -> Places:
    """Return metres in the zone that stands before the eastings.

    Raises:
        TrackError: There is none, or it could be something else.
    """
    guess = None if _OTHER_DATUM.search(words) else gauss_kruger_guess(known[:, 0], known[:, 1])
    if guess is None:
        raise _crs_needed(_names(columns), known, None)
    if guess.crs is None:
        raise _crs_needed(_names(columns), known, guess.text)
    zone = int(np.median(known[:, int(guess.swapped)]) // _ZONE_M)
    if zone in _LIKE_WEB_MERCATOR and _may_be_web_mercator(columns, turned=guess.swapped):
        raise _crs_needed(_names(columns), known, None)
    window = (zone * _ZONE_M, (zone + 1) * _ZONE_M)
    order = _turned(read) if guess.swapped else read
    return Places(order, guess.crs, window, (_projected(guess.crs, known, guess.text),))


def _crs_needed(names: tuple[str, str], known: F8, places: Text | None) -> TrackError:
    """Ask for the CRS, with the places that are possible where zones alone are in doubt."""
    zh = f"坐标是平面坐标(米):“{names[0]}”列为 {_range(known[:, 0])},“{names[1]}”列为 {_range(known[:, 1])};"
    en = (
        f"the coordinates are metres: {names[0]!r} holds {_range(known[:, 0])}, {names[1]!r} "
        f"{_range(known[:, 1])}. "
    )
    if places is not None:
        zh += f"{places.zh}。用 --crs 声明所选的 EPSG 编号;北京54、西安80 请先转换"
        en += f"{places.en}. Declare its EPSG code with --crs; "
    else:
        zh += (
            "不能确定投影带,请声明坐标系:CGCS2000 3°带用 --crs EPSG:4534(中央经线75°)至 "
            "EPSG:4554(135°),6°带用 EPSG:4502 至 EPSG:4512;北京54、西安80 请先转换"
        )
        en += (
            "Their projection is unknown. Declare it: --crs EPSG:4534 (central meridian 75°) to "
            "EPSG:4554 (135°) for 3° zones of CGCS2000, EPSG:4502 to EPSG:4512 for 6° zones; "
        )
    return TrackError(zh, f"{en}transform Beijing 1954 and Xi'an 1980 first", code="crs_needed")


def _may_be_web_mercator(columns: Columns, *, turned: bool) -> bool:
    """Return whether eastings come first under no Chinese name: surveys put the northing first."""
    east, north = columns.east or 0, columns.north or 0
    if turned:
        east, north = north, east
    header = columns.headers[east] if columns.headers else None
    chinese = header is not None and (header.word.startswith("y") or not header.text.isascii())
    return east < north and not chinese


def _range(values: F8) -> str:
    return f"{values.min():.0f}~{values.max():.0f}"


def _projected(crs: str, known: F8, zone: Text | None = None) -> Problem:
    """Say in which CRS metres were read, and where that was told by the zone in them."""
    zh, en = (f"{zone.zh};", f"; {zone.en}") if zone is not None else ("", "")
    return Problem(
        "projected",
        Text(
            f"坐标是平面坐标(米,如 {known[0, 0]:.0f}、{known[0, 1]:.0f});{zh}已按 {crs} 换算为经纬度;"
            "请在地图上核对位置",
            f"the coordinates are metres (such as {known[0, 0]:.0f}, {known[0, 1]:.0f}), read as "
            f"{crs}{en}: check the place on the map",
        ),
    )


def _by_value(names: tuple[str, str], lon: float, lat: float) -> Problem:
    return Problem(
        "axes_by_value",
        Text(
            f"“{names[0]}”“{names[1]}”没有说明哪个是经度,已按数值判断:经度约 {lon:.4f},纬度约 {lat:.4f}",
            f"{names[0]!r} and {names[1]!r} do not say which is the longitude; by their values it "
            f"is about {lon:.4f} and the latitude {lat:.4f}",
        ),
    )


def _not_used(crs: str) -> Problem:
    return Problem(
        "crs_not_used",
        Text(
            f"坐标是经纬度,声明的 {crs} 未采用",
            f"the coordinates are degrees; the declared {crs} was not used",
        ),
    )
