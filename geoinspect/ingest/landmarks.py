"""Houses, roads, water and ways in, from any vector file, for distances and for planning.

They are read for what they are near to, never as ground to inspect: points and lines count as well
as polygons, and a wrong one makes a risk wrong, not a sum.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import GEOSException
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84, transform_xy
from geoinspect.errors import AreaError, Text, TooLargeError
from geoinspect.files import readable
from geoinspect.ingest.boundaries.kml import root_name
from geoinspect.ingest.boundaries.layers import Boundaries, Layer
from geoinspect.ingest.datum import to_wgs84
from geoinspect.ingest.formats.text import decoded_head
from geoinspect.ingest.landmark_kml import read_kml
from geoinspect.ingest.landmark_layers import read_geojson, read_geopackage, read_shapefiles
from geoinspect.ingest.vectors import (
    FAULTS,
    HEAD_BYTES,
    MAX_BYTES,
    MAX_TEXT_BYTES,
    SURELY_METRES,
    check_is_file,
    check_size,
    left_out,
    usable_crs,
)
from geoinspect.records import Datum, Problem

F8 = NDArray[np.float64]

# All roads and tracks of a county, drawn finely, are a tenth of it.
MAX_VERTICES = 5_000_000
_MAX_NAME_CHARS = 100
_NAMES = ("name", "名称", "名字", "mc", "道路名称", "路名", "河流名称", "村名", "地名", "title")


class LandmarkKind(StrEnum):
    """What the features of a file are."""

    HOUSES = "houses"
    ROADS = "roads"
    WATER = "water"
    ACCESS = "access"


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkFile:
    """Every usable feature of a file in WGS84, and what was wrong with the others.

    Attributes:
        geometries: Points, lines, polygons or several of them, none empty, polygons valid.
        names: One a feature, None where it has none.
    """

    kind: LandmarkKind
    geometries: tuple[BaseGeometry, ...]
    names: tuple[str | None, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Found:
    """What came of the features so far."""

    geometries: list[BaseGeometry] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_landmarks(
    path: Path, kind: LandmarkKind, *, datum: Datum = Datum.WGS84, name: str | None = None
) -> LandmarkFile:
    """Return the features of every layer of a GeoJSON, GeoPackage, KML or zipped Shapefile.

    The reader is chosen by what the file is, never by its name.

    Args:
        path: The file.
        kind: What its features are.
        datum: Of its degrees, as its sender declares; offset ones are moved to WGS84.
        name: What its sender calls it, for messages.

    Raises:
        AreaError: It is none of the four formats, is damaged, has no CRS, has no usable feature,
            or an offset datum is declared for coordinates that are no degrees.
        TooLargeError: It is beyond a stated limit.
    """
    label = name or readable(path.name)
    check_is_file(path, label)
    boundaries = _read(path, label)
    found = _Found()
    for layer in boundaries.layers:
        found.counts["broken"] += layer.broken
        _take_layer(layer, datum, found, label)
    if not found.geometries:
        raise _nothing(found, label)
    problems = (*boundaries.problems, *_problems(found))
    return LandmarkFile(kind, tuple(found.geometries), tuple(found.names), problems)


def _read(path: Path, label: str) -> Boundaries:
    """Return the layers of a file by the reader its first bytes ask for."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        check_size(size, MAX_BYTES, label)
        if head.startswith(b"SQLite format 3\0"):
            return read_geopackage(path, label)
        if head.startswith(b"PK\x03\x04"):
            return read_shapefiles(path, label)
        text = decoded_head(head).lstrip("\ufeff\u200b \t\r\n")
        if text.startswith(("{", "[")):
            check_size(size, MAX_TEXT_BYTES, label)
            return read_geojson(stream, label)
        if text.startswith("<") and root_name(text) == "kml":
            check_size(size, MAX_TEXT_BYTES, label)
            return read_kml(stream, label)
    raise AreaError(
        f"{label}:不是 GeoJSON、GeoPackage、KML,也不是由 .shp、.shx、.dbf、.prj 打包成的 zip",
        f"{label}: it is not GeoJSON, GeoPackage, KML or a zip of .shp, .shx, .dbf and .prj",
        code="unknown_format" if size else "empty_file",
    )


def _take_layer(layer: Layer, datum: Datum, found: _Found, label: str) -> None:
    """Add the features of a layer to what was found."""
    pairs = zip(layer.geometries, layer.attributes, strict=True)
    full = [(g, a) for g, a in pairs if g is not None and not g.is_empty]
    found.counts["empty"] += len(layer.geometries) - len(full)
    if not full:
        return
    shapes = np.array([geometry for geometry, _ in full], dtype=object)
    _check_vertices(int(shapely.get_num_coordinates(shapes).sum()), label)
    crs = usable_crs(layer, label)
    degrees = bool(pyproj.CRS.from_user_input(crs).is_geographic)
    if datum is not Datum.WGS84 and not degrees:
        raise AreaError(
            f"{label}:声明了 {datum.value} 偏移,但坐标是米制的;偏移坐标只有经纬度,请去掉声明或改用经纬度",
            f"{label}: the datum {datum.value} was declared but the coordinates are metres; only "
            "degrees have that offset: drop the declaration or export degrees",
            code="datum_of_metres",
        )
    fault = _faults(shapes, degrees=degrees, stated=layer.crs_stated)
    usable = np.flatnonzero(fault == "")
    moved = shapely.transform(shapes[usable], lambda points: _moved(points, crs))
    lost = ~_on_earth(moved)
    fault[usable[lost]] = "off_the_earth"
    found.counts.update(str(code) for code in fault[fault != ""])
    for geometry, number in zip(moved[~lost], usable[~lost], strict=True):
        if datum is not Datum.WGS84:
            geometry = shapely.transform(geometry, lambda points: _shifted(points, datum))  # noqa: PLW2901
        valid = geometry if geometry.is_valid else _repaired(geometry)
        found.counts["repaired"] += valid is not geometry and valid is not None
        if valid is None:
            found.counts["empty"] += 1
        else:
            found.geometries.append(valid)
            found.names.append(_name(full[number][1]))


def _moved(points: F8, crs: str) -> F8:
    return np.column_stack(transform_xy(crs, WGS84, points[:, 0], points[:, 1]))


def _shifted(points: F8, datum: Datum) -> F8:
    return np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum))


def _faults(shapes: NDArray[np.object_], *, degrees: bool, stated: bool) -> NDArray[np.object_]:
    """Return what is wrong with each feature as it stands in the file, "" when nothing is."""
    fault = np.full(len(shapes), "", dtype=object)
    if not degrees:
        return fault
    west, south, east, north = shapely.bounds(shapes).T
    swapped = ((north > 90) | (south < -90)) & (west >= -90) & (east <= 90)
    fault[swapped & (south >= -180) & (north <= 180)] = "swapped_axes"
    metres = np.max([-west, east, -south, north], axis=0) > SURELY_METRES
    fault[metres] = "wrong_crs" if stated else "metric_without_crs"
    return fault


def _on_earth(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which features lie on the earth with every vertex, shape (n,)."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    x, y = points[:, 0], points[:, 1]
    off = ~((x >= -181) & (x <= 181) & (y >= -90) & (y <= 90))
    out = np.ones(len(shapes), np.bool_)
    out[owner[off]] = False
    return out


def _repaired(geometry: BaseGeometry) -> BaseGeometry | None:
    try:
        valid = shapely.make_valid(geometry, method="structure", keep_collapsed=True)
    except GEOSException:
        return None
    return None if valid.is_empty else valid


def _name(attributes: dict[str, str]) -> str | None:
    by_lower = {key.lower(): value for key, value in attributes.items()}
    found = next((by_lower[key] for key in _NAMES if by_lower.get(key)), None)
    return None if found is None else found[:_MAX_NAME_CHARS]


def _check_vertices(count: int, label: str) -> None:
    if count > MAX_VERTICES:
        raise TooLargeError(
            f"{label}:一个图层有 {count} 个顶点,上限 {MAX_VERTICES};请裁剪到辖区或简化线条",
            f"{label}: one layer has {count} vertices, the limit is {MAX_VERTICES}: clip it to the "
            "area or simplify its lines",
        )


def _nothing(found: _Found, label: str) -> AreaError:
    """Return the refusal of a file that gave nothing, by what was wrong with most of it."""
    faults = {code: found.counts[code] for code in FAULTS if found.counts[code] > 0}
    if faults:
        code = max(faults, key=lambda c: faults[c])
        zh, en = FAULTS[code]
        return AreaError(f"{label}:{zh}", f"{label}: {en}", code=code)
    return AreaError(
        f"{label}:没有任何点、线或面;请检查导出的图层",
        f"{label}: it holds no point, line or polygon: check the layer that was exported",
        code="no_features",
    )


def _problems(found: _Found) -> list[Problem]:
    told = left_out(found.counts)
    if empty := found.counts["empty"]:
        text = Text(
            f"{empty} 个要素没有图形,未使用", f"{empty} features have no shape and were left out"
        )
        told.append(Problem("no_shape", text, empty))
    if repaired := found.counts["repaired"]:
        text = Text(
            f"{repaired} 个图形自相交或退化,已自动修复;请在地图上核对",
            f"{repaired} shapes cross themselves or collapse and were repaired: check them on the "
            "map",
        )
        told.append(Problem("self_intersection_repaired", text, repaired))
    return told
