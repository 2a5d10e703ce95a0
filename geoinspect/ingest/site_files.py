"""Lists of sites (重点部位): GeoJSON, GeoPackage, KML, zipped Shapefile, or a table of coordinates."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely import GEOSException, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84, transform_geometry
from geoinspect.errors import AreaError, InputError, Text
from geoinspect.files import readable
from geoinspect.ingest.boundaries.kml import root_name
from geoinspect.ingest.boundaries.layers import Boundaries
from geoinspect.ingest.datum import to_wgs84
from geoinspect.ingest.formats.table_layout import find_layout
from geoinspect.ingest.formats.table_places import find_places
from geoinspect.ingest.formats.table_rows import split_rows, table_lines
from geoinspect.ingest.formats.text import decoded_head, find_encoding
from geoinspect.ingest.landmark_kml import read_kml
from geoinspect.ingest.landmark_layers import read_geojson, read_geopackage, read_shapefiles
from geoinspect.ingest.site_fields import Faults, SiteRecord, headers_of, site_of
from geoinspect.ingest.vectors import (
    FAULTS,
    HEAD_BYTES,
    MAX_BYTES,
    MAX_TEXT_BYTES,
    check_is_file,
    check_size,
    usable_crs,
)
from geoinspect.records import Datum, Problem

MOST_SITES = 20_000
_HEAD_LINES = 60
_SHOWN_ROWS = 10
_FAULTS: Mapping[str, Text] = {
    "no_code": Text(
        "缺少编号和名称(或超长),未使用", "has neither a code nor a name that can be kept: left out"
    ),
    "code_twice": Text("编号在文件里重复,只用第一条", "repeats a code of the file: left out"),
    "no_place": Text("没有可用的坐标,未使用", "has no usable coordinates: left out"),
    "no_shape": Text(
        "不是单个点或面(线、多点不用),未使用", "is neither one point nor a polygon: left out"
    ),
    "kind_unknown": Text("类型不认识,按“其他”登记", "has an unknown kind and is kept as 'other'"),
    "bad_interval_days": Text(
        "间隔天数不可用,按默认", "has an interval that can't be one: not taken"
    ),
    "bad_radius_m": Text("半径不可用,按默认", "has a radius that can't be one: not taken"),
    "bad_dwell_s": Text("停留时间不可用,按默认", "has a dwell time that can't be one: not taken"),
    "bad_risk": Text("风险倍数不可用,未采用", "has a risk that can't be one: not taken"),
    "bad_days": Text("起止日期不可用,未采用", "has days that can't be used: not taken"),
    "bad_checklist": Text("检查清单过长,未采用", "has a checklist that is too long: not taken"),
    "bad_note": Text("备注过长或含控制字符,未采用", "has a note that can't be kept: not taken"),
    **{code: Text(f"{zh};未使用", f"left out: {en}") for code, (zh, en) in FAULTS.items()},
}


@dataclass(frozen=True, slots=True)
class SiteFile:
    """Every usable site of a file, and what was wrong with the others, by row."""

    sites: tuple[SiteRecord, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of whatever file: its number from 1, its attributes, its place."""

    number: int
    values: Mapping[str, str]
    geometry: BaseGeometry | None
    fault: str = ""


def read_sites(path: Path, *, name: str | None = None) -> SiteFile:
    """Return the sites of a file; a row that can't be used is told and the others are kept.

    Args:
        path: The file; what it is decides how it is read, never its name.
        name: What its sender calls it, for messages.

    Raises:
        InputError: It is none of the formats, is damaged, has no coordinates, or no usable site.
        TooLargeError: It is beyond a stated limit.
    """
    label = name or readable(path.name)
    check_is_file(path, label)
    rows, told = _rows(path, label)
    faults = Faults()
    sites: dict[str, SiteRecord] = {}
    headers = headers_of(list(dict.fromkeys(key for row in rows for key in row.values)))
    for row in rows[:MOST_SITES]:
        if row.geometry is None:
            faults.add(row.fault, row.number)
            continue
        site = site_of(row.number, row.values, row.geometry, headers, faults)
        if site is None:
            continue
        if site.code in sites:
            faults.add("code_twice", row.number)
        else:
            sites[site.code] = site
    if not sites:
        raise _nothing(faults, label)
    if len(rows) > MOST_SITES:
        text = Text(
            f"超过 {MOST_SITES} 条,其余未读:请拆分文件",
            f"more than {MOST_SITES} rows, the rest was not read: split the file",
        )
        told.append(Problem("too_many_sites", text, len(rows) - MOST_SITES))
    return SiteFile(tuple(sites.values()), (*told, *_problems(faults)))


def _rows(path: Path, label: str) -> tuple[list[_Row], list[Problem]]:
    """Return the rows of a file by the reader its first bytes ask for."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        check_size(size, MAX_BYTES, label)
        if size == 0:
            raise AreaError(
                f"{label}:文件是空的,请重新导出",
                f"{label}: the file is empty, export it again",
                code="empty_file",
            )
        if head.startswith(b"SQLite format 3\0"):
            return _of_layers(read_geopackage(path, label), label)
        if head.startswith(b"PK\x03\x04"):
            return _of_layers(read_shapefiles(path, label), label)
        check_size(size, MAX_TEXT_BYTES, label)
        text = decoded_head(head).lstrip("\ufeff\u200b \t\r\n")
        stream.seek(0)
        if text.startswith(("{", "[")):
            return _of_layers(read_geojson(stream, label), label)
        if text.startswith("<") and root_name(text) == "kml":
            return _of_layers(read_kml(stream, label), label)
    return _of_table(path, label)


def _of_layers(boundaries: Boundaries, label: str) -> tuple[list[_Row], list[Problem]]:
    rows: list[_Row] = []
    told = list(boundaries.problems)
    for layer in boundaries.layers:
        if layer.broken:
            zh, en = FAULTS["broken"]
            text = Text(f"{layer.broken} 个要素未使用:{zh}", f"{layer.broken} left out: {en}")
            told.append(Problem("broken", text, layer.broken))
        if not layer.geometries:
            continue
        crs = usable_crs(layer, label)
        for geometry, values in zip(layer.geometries, layer.attributes, strict=True):
            placed, fault = (None, "no_place") if geometry is None else _placed(geometry, crs)
            rows.append(_Row(len(rows) + 1, values, placed, fault))
    return rows, told


def _placed(geometry: BaseGeometry, crs: str) -> tuple[BaseGeometry | None, str]:
    """Return a point or valid polygons in WGS84, or None and what is wrong."""
    points = shapely.get_coordinates(geometry)
    if len(points) == 0 or not np.isfinite(points).all():
        return None, "no_place"
    west, south, east, north = geometry.bounds
    if crs == WGS84 and (north > 90 or south < -90) and -90 <= west <= east <= 90:
        return None, "swapped_axes"
    moved = shapely.force_2d(geometry if crs == WGS84 else transform_geometry(crs, WGS84, geometry))
    west, south, east, north = moved.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return None, "off_the_earth"
    try:
        whole = moved if moved.is_valid else shapely.make_valid(moved, method="structure")
    except GEOSException:
        return None, "no_shape"
    parts = [part for part in shapely.get_parts(whole) if not part.is_empty]
    polygons = [p for part in parts for p in shapely.get_parts(part) if isinstance(p, Polygon)]
    if polygons:
        return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons), ""
    if len(parts) == 1 and isinstance(parts[0], Point):
        return parts[0], ""
    return None, "no_shape"


def _of_table(path: Path, label: str) -> tuple[list[_Row], list[Problem]]:
    """Return the rows of a text table, which must have a header with the coordinates' columns.

    Raises:
        InputError: It has none.
    """
    with path.open("rb") as stream:
        encoding = find_encoding(stream)
        lost: Counter[str] = Counter()
        lines = list(itertools.islice(table_lines(stream, encoding, lost), MOST_SITES * 5))
    told = [encoding.problem] if encoding.problem is not None else []
    # A table declares no encoding: GBK is as good as any.
    told = [] if encoding.name == "gb18030" else told
    layout = find_layout(lines[:_HEAD_LINES])
    headers = [cell.strip() for cell in layout.header]
    if not headers_of(headers).named:
        raise InputError(
            f"{label}:表格没有“编号”或“名称”列:请保留表头",
            f"{label}: the table has no column 'code' or 'name': keep its header",
            code="no_header",
        )
    sample = [_wide(row, layout.width) for row in layout.sample]
    places = find_places(layout.columns, sample, None, "")
    rows = []
    cut = itertools.islice(split_rows(lines, layout.dialect, lost), layout.skip, None)
    shift = layout.columns.datum() or Datum.WGS84
    for number, cells in enumerate(cut, start=layout.skip + 1):
        wide = _wide(cells, layout.width)
        if not any(cell.strip() for cell in wide):
            continue
        values = dict(zip(headers, wide, strict=False))
        x, y = places.read(wide)
        placed, fault = _point(x, y, places.crs, shift)
        rows.append(_Row(number, values, placed, fault))
    if lost:
        count = sum(lost.values())
        text = Text(f"{count} 行无法读取", f"{count} rows could not be read")
        told.append(Problem("row_unreadable", text, count))
    return rows, [*told, *places.problems]


def _wide(cells: list[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _point(x: object, y: object, crs: str, datum: Datum) -> tuple[BaseGeometry | None, str]:
    if not isinstance(x, float) or not isinstance(y, float):
        return None, "no_place"
    placed, fault = _placed(Point(x, y), crs)
    if placed is not None and datum is not Datum.WGS84:
        place = shapely.get_coordinates(placed)
        lon, lat = to_wgs84(place[:, 0], place[:, 1], datum)
        placed = Point(float(lon[0]), float(lat[0]))
    return placed, fault


def _problems(faults: Faults) -> list[Problem]:
    return [Problem(code, _told(code, rows), len(rows)) for code, rows in faults.rows.items()]


def _told(code: str, rows: list[int]) -> Text:
    shown = ", ".join(map(str, rows[:_SHOWN_ROWS])) + (" …" if len(rows) > _SHOWN_ROWS else "")
    words = _FAULTS[code]
    return Text(f"第 {shown} 行{words.zh}", f"row {shown} {words.en}")


def _nothing(faults: Faults, label: str) -> InputError:
    worst = max(faults.rows, key=lambda code: len(faults.rows[code]), default=None)
    if worst is None:
        return InputError(
            f"{label}:文件里没有任何部位", f"{label}: it holds no site", code="no_sites"
        )
    told = _told(worst, faults.rows[worst])
    return InputError(
        f"{label}:没有可用的部位:{told.zh}", f"{label}: no usable site: {told.en}", code=worst
    )
