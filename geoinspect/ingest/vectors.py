"""Polygons with attributes from GeoJSON, GeoPackage, zipped Shapefile and KML.

The reader is chosen by what the file *is*, never by its name. All but the geometry of a
Shapefile, unpacked under our own names, is read by our own code: a format that points at other
files (OGR VRT and its like) can't get in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyproj
import shapely
from shapely import GEOSException, MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.errors import AreaError, InputError, Text, TooLargeError
from geoinspect.files import readable
from geoinspect.ingest.boundaries.geojson import read_geojson
from geoinspect.ingest.boundaries.geopackage import read_geopackage
from geoinspect.ingest.boundaries.kml import read_kml, root_name
from geoinspect.ingest.boundaries.layers import Boundaries, Layer, joined
from geoinspect.ingest.boundaries.shapefile import read_shapefiles
from geoinspect.ingest.formats.text import decoded_head, one_line
from geoinspect.records import Problem

MAX_BYTES = 500 << 20
# JSON takes some twenty times its size in memory.
MAX_TEXT_BYTES = 100 << 20
HEAD_BYTES = 1 << 16
# Grid files that a CRS may name are other files; "@null" is none.
_NAMES_A_FILE = re.compile(r"grids\s*=\s*(?!@null\b)|init\s*=|PARAMETERFILE", re.IGNORECASE)
_CODE_OR_WKT = re.compile(r"EPSG:\d+$|[A-Za-z]\w*\s*[\[(]")
# Degrees never reach this far; metres of any projection do.
SURELY_METRES = 1000.0

Ground: TypeAlias = Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class Shape:
    """One feature: its polygon in WGS84 and its attributes as text (absent ones left out)."""

    polygon: Ground
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class ShapeFile:
    """Every usable polygon of a file, and what was wrong with the others."""

    shapes: tuple[Shape, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Found:
    """What came of the features so far."""

    shapes: list[Shape] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    off: dict[str, tuple[float, float]] = field(default_factory=dict)
    bare_layers: list[str] = field(default_factory=list)


def read_shapes(path: Path, *, name: str | None = None) -> ShapeFile:
    """Return the polygons of every layer of a file in WGS84.

    Self-intersecting polygons are repaired and reported; features without a polygon, with broken
    coordinates or off the earth are left out and reported.

    Args:
        path: The file.
        name: What its sender calls it, for messages.

    Raises:
        AreaError: It is none of the four formats, is damaged, has no CRS, or has no polygon.
        TooLargeError: It is beyond a stated limit.
    """
    label = name or readable(path.name)
    check_is_file(path, label)
    boundaries = _read(path, label)
    found = _Found()
    for layer in boundaries.layers:
        _take_layer(layer, found, label)
    if not found.shapes:
        raise _nothing(found, label)
    return ShapeFile(tuple(found.shapes), (*boundaries.problems, *_problems(found)))


def check_is_file(path: Path, label: str) -> None:
    """Check that a path is a plain file that may be read, without opening it.

    Raises:
        AreaError: It is missing, a folder, a pipe or device, or not ours to read.
    """
    try:
        if path.is_file():
            with path.open("rb"):
                return
        zh, en = ("文件不存在,请检查路径", "there is no such file: check the path")
        if path.is_dir():
            zh, en = ("这是文件夹,请给出其中的文件", "it is a folder: give a file in it")
        elif path.exists():
            zh, en = ("不是普通文件(管道或设备)", "it is no plain file but a pipe or a device")
    except PermissionError:
        zh, en = ("没有读取权限,请检查文件权限", "it may not be read: check its permissions")
    except (OSError, ValueError):
        zh, en = ("无法打开,请检查文件名和磁盘", "it can't be opened: check its name and the disk")
    raise AreaError(f"{label}:{zh}", f"{label}: {en}", code="cannot_open")


def _read(path: Path, label: str) -> Boundaries:
    """Return the layers of a file by the reader its first bytes ask for."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        if size == 0:
            raise AreaError(
                f"{label}:文件是空的,请重新导出",
                f"{label}: the file is empty, export it again",
                code="empty_file",
            )
        check_size(size, MAX_BYTES, label)
        if head.startswith(b"SQLite format 3\0"):
            return read_geopackage(path, label)
        if head.startswith(b"PK\x03\x04"):
            return read_shapefiles(path, label)
        if head[:4] == b"\x00\x00\x27\x0a":
            raise AreaError(
                f"{label}:Shapefile 要把 .shp、.shx、.dbf、.prj、.cpg 一起打包成 zip 再提供",
                f"{label}: give a Shapefile as one zip with its .shp, .shx, .dbf, .prj and .cpg",
                code="bare_shapefile",
            )
        text = decoded_head(head).lstrip("\ufeff\u200b \t\r\n")
        if text.startswith(("{", "[")):
            check_size(size, MAX_TEXT_BYTES, label)
            return read_geojson(stream, label)
        if text.startswith("<") and root_name(text) == "kml":
            check_size(size, MAX_TEXT_BYTES, label)
            return read_kml(stream, label)
    raise AreaError(
        f"{label}:不是 GeoJSON、GeoPackage、KML 或打包成 zip 的 Shapefile",
        f"{label}: it is not GeoJSON, GeoPackage, KML or a zipped Shapefile",
        code="unknown_format",
    )


def check_size(size: int, limit: int, label: str) -> None:
    """Check the bytes of a file.

    Raises:
        TooLargeError: They are more than ``limit``.
    """
    if size > limit:
        raise TooLargeError(
            f"{label}:{size / 1e6:.0f} MB,超过 {limit >> 20} MB 的上限;请分成几个文件或用 GeoPackage",
            f"{label}: {size / 1e6:.0f} MB is more than the limit of {limit >> 20} MB: split it, or "
            "use GeoPackage",
        )


def _take_layer(layer: Layer, found: _Found, label: str) -> None:
    """Add the polygons of a layer to what was found."""
    polygons = [_polygonal(geometry) for geometry in layer.geometries]
    found.counts["broken"] += layer.broken
    if layer.name and all(polygon is None for polygon in polygons):
        found.bare_layers.append(layer.name)
        return
    crs = usable_crs(layer, label)
    degrees = bool(pyproj.CRS.from_user_input(crs).is_geographic)
    for polygon, attributes in zip(polygons, layer.attributes, strict=True):
        if polygon is None:
            found.counts["empty"] += 1
            continue
        fault = _fault(polygon, degrees=degrees, stated=layer.crs_stated)
        moved = polygon if fault else crs_.transform_geometry(crs, crs_.WGS84, polygon)
        if fault is None and not _on_earth(moved):
            fault = "off_the_earth"
        if fault is not None:
            found.counts[fault] += 1
            found.off.setdefault(fault, polygon.bounds[:2])
            continue
        valid = moved if moved.is_valid else _repaired(moved)
        found.counts["repaired"] += valid is not moved and valid is not None
        if valid is None:
            found.counts["empty"] += 1
        else:
            said = {one_line(key): one_line(value) for key, value in attributes.items()}
            found.shapes.append(Shape(valid, said))


def _polygonal(geometry: shapely.Geometry | None) -> Ground | None:
    """Return the polygons of a geometry, however deep in collections; None without any."""
    if geometry is None:
        return None
    polygons, pending = [], [shapely.force_2d(geometry)]
    while pending:
        part = pending.pop()
        if isinstance(part, Polygon):
            polygons += [part] if not part.is_empty else []
        else:
            pending += [p for p in shapely.get_parts(part)[::-1] if p is not part and p.area > 0]
    return joined(polygons)


def _repaired(polygon: Ground) -> Ground | None:
    try:
        return _polygonal(shapely.make_valid(polygon, method="structure"))
    except GEOSException:
        return None


def usable_crs(layer: Layer, label: str) -> str:
    """Return the CRS of a layer.

    Raises:
        AreaError: There is none, or none that has a place on the earth.
    """
    where = f"{label}({layer.name})" if layer.name else label
    if layer.crs is None and not layer.crs_stated:
        raise AreaError(
            f"{where}:没有坐标系说明。请连同 .prj 一起提供,或另存为 GeoPackage",
            f"{where}: it names no coordinate system. Give the .prj with it, or save as GeoPackage",
            code="no_crs",
        )
    try:
        text = layer.crs or ""
        if _CODE_OR_WKT.match(text) and not _NAMES_A_FILE.search(text):
            name = crs_.authority_name(text)
            parsed = pyproj.CRS.from_user_input(name)
            if parsed.is_geographic or parsed.is_projected:
                crs_.transformer(name, crs_.WGS84)
                return name
    except InputError as error:
        raise _bad_crs(where) from error
    raise _bad_crs(where)


def _bad_crs(where: str) -> AreaError:
    return AreaError(
        f"{where}:坐标系说明无法识别。请检查 .prj,或用 CGCS2000/WGS84 另存为 GeoPackage",
        f"{where}: its coordinate system can't be used. Check the .prj, or save it as GeoPackage in "
        "CGCS2000 or WGS84",
        code="bad_crs",
    )


def _fault(polygon: Ground, *, degrees: bool, stated: bool) -> str | None:
    """Return what is wrong with coordinates as they stand in the file, None when nothing is.

    Args:
        polygon: In the CRS of the file.
        degrees: Whether that CRS is one of longitude and latitude.
        stated: Whether the file itself named it.
    """
    if not np.isfinite(shapely.get_coordinates(polygon)).all():
        return "broken"
    west, south, east, north = polygon.bounds
    if not degrees:
        return None
    if max(-west, east, -south, north) > SURELY_METRES:
        return "wrong_crs" if stated else "metric_without_crs"
    if (north > 90 or south < -90) and -90 <= west <= east <= 90 and -180 <= south <= north <= 180:
        return "swapped_axes"
    return None


def _on_earth(polygon: Ground) -> bool:
    west, south, east, north = polygon.bounds
    return bool(-181 <= west <= east <= 181 and -90 <= south <= north <= 90)


# Fault → what the sender is told, of all features or of some.
FAULTS: dict[str, tuple[str, str]] = {
    "swapped_axes": (
        "经纬度写反了(应先经度后纬度),请调换后重新导出",
        "latitude and longitude are swapped (longitude comes first): swap them and export again",
    ),
    "metric_without_crs": (
        "坐标是米制的,但文件没有写坐标系;请在文件里写明 EPSG 编号,或另存为 GeoPackage",
        "the coordinates are metres but the file names no coordinate system: name its EPSG code, or "
        "save it as GeoPackage",
    ),
    "wrong_crs": (
        "写的是经纬度坐标系,坐标却是米制的;请改正坐标系后重新导出",
        "the coordinate system is one of degrees but the coordinates are metres: correct it and "
        "export again",
    ),
    "off_the_earth": (
        "坐标超出地球范围,坐标系很可能写错了;请核对后重新导出",
        "coordinates off the earth, the coordinate system is probably wrong: check it and export "
        "again",
    ),
    "broken": (
        "坐标残缺或不是数字;请重新导出",
        "the coordinates are incomplete or no numbers: export it again",
    ),
}


def _nothing(found: _Found, label: str) -> AreaError:
    """Return the refusal of a file that gave nothing, by what was wrong with most of it."""
    faults = {code: found.counts[code] for code in FAULTS if found.counts[code] > 0}
    if faults:
        code = max(faults, key=lambda c: faults[c])
        zh, en = FAULTS[code]
        at = found.off.get(code)
        where = f" ({at[0]:.6g}, {at[1]:.6g})" if at is not None else ""
        return AreaError(f"{label}:{zh}{where}", f"{label}: {en}{where}", code=code)
    return AreaError(
        f"{label}:没有任何面状图形。请提供带多边形的边界文件",
        f"{label}: it holds no polygon. Give a boundary file with polygons",
        code="no_polygon",
    )


def left_out(counts: Mapping[str, int]) -> list[Problem]:
    """Return a problem for every fault by which features were left out."""
    return [
        Problem(code, Text(f"{n} 个要素未使用:{zh}", f"{n} features left out: {en}"), n)
        for code, (zh, en) in FAULTS.items()
        if (n := counts.get(code, 0))
    ]


def _problems(found: _Found) -> list[Problem]:
    told = left_out(found.counts)
    if empty := found.counts["empty"]:
        text = Text(
            f"{empty} 个要素没有面状图形,未使用",
            f"{empty} features have no polygon and were left out",
        )
        told.append(Problem("no_polygon", text, empty))
    if repaired := found.counts["repaired"]:
        text = Text(
            f"{repaired} 个多边形自相交,已自动修复;请在地图上核对",
            f"{repaired} polygons cross themselves and were repaired: check them on the map",
        )
        told.append(Problem("self_intersection_repaired", text, repaired))
    if found.bare_layers:
        names = found.bare_layers[:10]
        text = Text(
            f"{len(found.bare_layers)} 个图层没有面状图形,未使用:{'、'.join(names)}",
            f"{len(found.bare_layers)} layers without polygons were left out: {', '.join(names)}",
        )
        told.append(Problem("layers_without_polygons", text, len(found.bare_layers)))
    return told
