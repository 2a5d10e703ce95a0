"""A satellite target list from a table or a map file, in WGS84: every usable row, and why others not.

Tables are CSV (UTF-8 or GBK, any usual delimiter) and XLSX; map files are GeoJSON, KML, GeoPackage
and zipped Shapefile with points or polygons. The reader is chosen by what the file is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyproj
import shapely
from shapely import GEOSException, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect import crs as crs_
from geoinspect.errors import InputError, Text
from geoinspect.files import readable
from geoinspect.ingest.boundaries.kml import root_name
from geoinspect.ingest.boundaries.layers import Boundaries, Layer, joined
from geoinspect.ingest.datum import to_wgs84
from geoinspect.ingest.datum_choice import DATUM_NAMES, flagged_datum, resolve_datum
from geoinspect.ingest.formats.text import decoded_head
from geoinspect.ingest.landmark_kml import read_kml
from geoinspect.ingest.landmark_layers import read_geojson, read_geopackage, read_shapefiles
from geoinspect.ingest.target_fields import Fields, fields_of
from geoinspect.ingest.target_records import Found, RawTarget, Target, TargetList
from geoinspect.ingest.target_rows import place_fault, raw_target, take_sheets
from geoinspect.ingest.target_tables import (
    MAX_BOOK_BYTES,
    MAX_TEXT_BYTES,
    is_workbook,
    text_sheet,
    workbook_sheets,
)
from geoinspect.ingest.vectors import (
    HEAD_BYTES,
    SURELY_METRES,
    check_is_file,
    check_size,
    usable_crs,
)
from geoinspect.records import Datum, DatumChoice, Problem
from geoinspect.settings import Settings

__all__ = ["Target", "TargetList", "read_target_list"]

Ground: TypeAlias = Polygon | MultiPolygon
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_target_list(
    path: Path,
    *,
    datum: Datum | None = None,
    crs: str | None = None,
    settings: Settings,
    name: str | None = None,
) -> TargetList:
    """Read a list of targets: every usable row, in WGS84.

    Args:
        path: The file.
        datum: What the sender declares; None goes by what the file says, else WGS84.
        crs: CRS that the sender declares for projected numbers of a table, ``EPSG:n``.
        settings: For the size limit (``track_max_mb``, as tables of tracks have it).
        name: What its sender calls it, where ``path`` is server-made.

    Raises:
        InputError: It is no list that we read, is damaged, its columns are swapped, its CRS has to
            be asked for, or no row is usable.
        TooLargeError: It is beyond a stated limit.
    """
    label = name or readable(path.name)
    check_is_file(path, label)
    check_size(path.stat().st_size, int(settings.track_max_mb * 1e6), label)
    found = Found(words=[label])
    _read(path, crs, found, label)
    refused = found.refused_rows()
    if not found.raws:
        told = [rows.text for rows in refused[:3]] or [Text("没有任何行", "it has no rows")]
        raise InputError(
            f"{label}:没有可用的靶标。{';'.join(text.zh for text in told)}",
            f"{label}: no target can be used. {'; '.join(text.en for text in told)}",
            code=refused[0].rule if refused else "no_targets",
        )
    choice = _choice(datum, found, label)
    targets = _in_wgs84(found, choice)
    problems = (
        *found.problems,
        *(Problem(rows.rule, rows.text, rows.count) for rows in refused),
        *found.fault_problems(),
    )
    return TargetList(label, targets, problems, refused, choice)


def _read(path: Path, crs: str | None, found: Found, label: str) -> None:
    """Fill in what a file holds, by the reader that its first bytes ask for."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if not head.strip(b"\0 \r\n\t"):
            raise InputError(
                f"{label}:文件是空的,请重新导出",
                f"{label}: the file is empty, export it again",
                code="empty_file",
            )
        if head.startswith(_OLD_EXCEL):
            raise InputError(
                f"{label}:是旧版 Excel(.xls)或加密的 Excel;请去掉密码,另存为 .xlsx 或 CSV",
                f"{label}: it is an old (.xls) or encrypted workbook: remove the password and save "
                "it as .xlsx or CSV",
                code="old_excel",
            )
        if head.startswith(b"PK"):
            if is_workbook(path):
                check_size(size, MAX_BOOK_BYTES, label)
                take_sheets(workbook_sheets(path, label), crs, found, label)
            else:
                _take_map(read_shapefiles(path, label), found, label)
            return
        if head.startswith(b"SQLite format 3\0"):
            _take_map(read_geopackage(path, label), found, label)
            return
        check_size(size, MAX_TEXT_BYTES, label)
        text = decoded_head(head).lstrip("\ufeff\u200b \t\r\n")
        if text.startswith(("{", "[")):
            _take_map(read_geojson(stream, label), found, label)
        elif text.startswith("<"):
            if root_name(text) != "kml":
                raise InputError(
                    f"{label}:不是 KML;请另存为 CSV、Excel、GeoJSON、KML 或 GeoPackage",
                    f"{label}: it is no KML: save it as CSV, XLSX, GeoJSON, KML or GeoPackage",
                    code="unknown_format",
                )
            _take_map(read_kml(stream, label), found, label)
        else:
            take_sheets([text_sheet(stream, label)], crs, found, label)


def _take_map(boundaries: Boundaries, found: Found, label: str) -> None:
    """Add the points and polygons of all layers."""
    found.problems += boundaries.problems
    number = 0
    for layer in boundaries.layers:
        for _ in range(layer.broken):
            found.refuse("broken", 0)
        if not layer.geometries:
            continue
        crs = usable_crs(layer, label)
        degrees = bool(pyproj.CRS.from_user_input(crs).is_geographic)
        found.projected = found.projected or not degrees
        known: dict[tuple[str, ...], Fields] = {}
        for geometry, attributes in zip(layer.geometries, layer.attributes, strict=True):
            number += 1
            shape = _shape(geometry, layer, found, number, degrees=degrees)
            if shape is None:
                continue
            moved = crs_.transform_geometry(crs, crs_.WGS84, shape)
            whole = bool(np.isfinite(shapely.get_coordinates(moved)).all())
            place = _place_in(moved) if whole else None
            fault = None if place is None else place_fault(*place)
            if place is None:
                found.refuse("out_of_range", number)
            elif fault is not None:
                found.refuse(fault, number)
            else:
                keys = tuple(attributes)
                fields = known.get(keys) or fields_of(keys)
                if len(known) < 1000:
                    known[keys] = fields
                raw = raw_target(number, list(attributes.values()), fields, found, place)
                found.raws.append(_with_polygon(raw, moved))


def _shape(
    geometry: shapely.Geometry | None, layer: Layer, found: Found, number: int, *, degrees: bool
) -> BaseGeometry | None:
    """Return the one point or the polygons of a feature; None after telling why not."""
    if geometry is None or geometry.is_empty:
        found.refuse("no_shape", number)
        return None
    parts, pending = [], [shapely.force_2d(geometry)]
    while pending:
        part = pending.pop()
        if isinstance(part, shapely.Point | Polygon):
            parts.append(part)
        elif hasattr(part, "geoms"):
            pending += part.geoms
        else:
            found.refuse("not_point_or_polygon", number)
            return None
    polygons = [part for part in parts if isinstance(part, Polygon)][::-1]
    if not polygons and len(parts) != 1:
        found.refuse("not_point_or_polygon", number)
        return None
    shape: BaseGeometry | None = joined(polygons) if polygons else parts[0]
    bounds = np.abs(np.array(geometry.bounds))
    if degrees and bounds.max() > SURELY_METRES:
        found.refuse("wrong_crs" if layer.crs_stated else "metric_without_crs", number)
        return None
    if polygons and shape is not None and not shape.is_valid:
        shape = _repaired(shape)
        if shape is None:
            found.refuse("no_shape", number)
        else:
            found.fault("self_intersection_repaired", number)
    return shape


def _repaired(shape: BaseGeometry) -> Ground | None:
    try:
        valid = shapely.make_valid(shape, method="structure")
    except GEOSException:
        return None
    return joined([p for p in shapely.get_parts(valid) if isinstance(p, Polygon) and p.area > 0])


def _place_in(shape: BaseGeometry) -> tuple[float, float] | None:
    point = shape if isinstance(shape, shapely.Point) else shape.representative_point()
    return None if point.is_empty else (float(point.x), float(point.y))


def _with_polygon(raw: RawTarget, shape: BaseGeometry) -> RawTarget:
    if not isinstance(shape, Polygon | MultiPolygon):
        return raw
    return RawTarget(raw.row, raw.code, raw.place, raw.area_m2, raw.day, raw.note, shape)


def _choice(declared: Datum | None, found: Found, label: str) -> DatumChoice:
    """Return the datum to read a file in.

    Raises:
        InputError: An offset datum is declared for metres.
    """
    flag = flagged_datum(found.statements, found.words, label)
    choice = resolve_datum(declared, flag)
    if choice.found is not None and choice.found is not choice.used:
        found.problems.append(Problem("datum_contradiction", choice.why))
    if not found.projected or choice.used is Datum.WGS84:
        return choice
    name = DATUM_NAMES[choice.used]
    if declared is not None:
        raise InputError(
            f"{label}:声明了 {name},但坐标是米制的;{name} 只有经纬度,请去掉声明或改用经纬度",
            f"{label}: {name} was declared but the coordinates are metres; it has degrees only: "
            "drop the declaration or export degrees",
            code="datum_of_metres",
        )
    why = Text(
        f"文件提到 {name},但坐标是米制的,没有偏移,按 WGS84/CGCS2000 处理;请在地图上核对",
        f"the file names {name} but its coordinates are metres, which have no such offset; read as "
        "WGS84: check it on the map",
    )
    found.problems.append(Problem("datum_of_metres", why))
    return DatumChoice(choice.found, Datum.WGS84, why)


def _in_wgs84(found: Found, choice: DatumChoice) -> tuple[Target, ...]:
    """Return the targets in WGS84; those of one datum are shifted as a whole or not at all."""
    raws = found.raws
    read_in = [
        Datum.WGS84 if found.projected else choice.declared or raw.datum or choice.used
        for raw in raws
    ]
    places = np.array([raw.place for raw in raws], dtype=np.float64)
    shift: dict[Datum, Callable[[Ground], Ground]] = {}
    for datum in dict.fromkeys(read_in):
        members = np.array([each is datum for each in read_in])
        lon, lat = places[members, 0], places[members, 1]
        moved_lon, moved_lat = to_wgs84(lon, lat, datum)
        places[members] = np.column_stack([moved_lon, moved_lat])
        if datum is not Datum.WGS84 and moved_lon is lon:
            found.problems.append(_not_shifted(datum, int(members.sum())))
        elif datum is not Datum.WGS84:
            shift[datum] = _shifter(datum)
    _tell_mixed(found, choice)
    targets = []
    for raw, datum, (lon_deg, lat_deg) in zip(raws, read_in, places.tolist(), strict=True):
        polygon = raw.polygon
        if polygon is not None and datum in shift:
            polygon = shift[datum](polygon)
        area_m2 = raw.area_m2
        if area_m2 is None and polygon is not None:
            area_m2 = crs_.geodesic_area_m2(polygon)
        targets.append(
            Target(raw.code, lon_deg, lat_deg, area_m2, raw.day, raw.note, polygon, raw.row)
        )
    _tell_twice(found, targets)
    return tuple(targets)


def _shifter(datum: Datum) -> Callable[[Ground], Ground]:
    def move(polygon: Ground) -> Ground:
        moved: Ground = shapely.transform(
            polygon, lambda points: np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum))
        )
        return moved

    return move


def _tell_mixed(found: Found, choice: DatumChoice) -> None:
    stated = {raw.datum for raw in found.raws if raw.datum is not None}
    other = stated - {choice.declared or choice.used}
    if not other:
        return
    names = "、".join(sorted(DATUM_NAMES[datum] for datum in stated))
    count = sum(raw.datum in other for raw in found.raws)
    zh, en = (
        (f"全部按指定的 {DATUM_NAMES[choice.declared]} 处理", "all were read as declared")
        if choice.declared is not None
        else ("各行按自己写的坐标系处理", "each row was read in its own")
    )
    text = Text(
        f"各行写的坐标系({names})与文件或声明不一致,{zh};请在地图上核对",
        f"rows name datums of their own ({names}); {en}: check them on the map",
    )
    found.problems.append(Problem("mixed_datum", text, count))


def _tell_twice(found: Found, targets: list[Target]) -> None:
    codes: set[str] = set()
    places: set[tuple[float, float]] = set()
    for target in targets:
        place = (target.lon, target.lat)
        found.fault("code_twice" if target.code in codes else None, target.row)
        found.fault("place_twice" if place in places else None, target.row)
        codes.add(target.code)
        places.add(place)


def _not_shifted(datum: Datum, count: int) -> Problem:
    name = DATUM_NAMES[datum]
    return Problem(
        "datum_not_shifted",
        Text(
            f"{count} 个靶标在大陆以外(含港澳台),{name} 在那里没有偏移,坐标未作改动",
            f"{count} targets lie outside the mainland, where {name} has no offset; their places "
            "were left as they are",
        ),
        count,
    )
