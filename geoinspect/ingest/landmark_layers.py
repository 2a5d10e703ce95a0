"""Points, lines and polygons of every layer of a file, by the readers of boundary files.

Those keep polygons only, as areas must be. Here the same bounded readers (own SQLite, own XML and
JSON, Shapefiles unpacked under our own names) give every kind of geometry, 2-D and as it stands
in the file.
"""

from __future__ import annotations

import sqlite3
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import pyogrio
from numpy.typing import NDArray
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84
from geoinspect.errors import AreaError, TooLargeError
from geoinspect.ingest.boundaries.dbf import Table, read_table
from geoinspect.ingest.boundaries.geojson import feature_objects, read_document, stated_crs_of
from geoinspect.ingest.boundaries.geopackage import (
    ENVELOPE_BYTES,
    crs_of_layer,
    quoted_name,
    read_layers,
)
from geoinspect.ingest.boundaries.layers import (
    MAX_FEATURES,
    Boundaries,
    Layer,
    damaged,
    plain_attributes,
    polygon_of,
)
from geoinspect.ingest.boundaries.shapefile import (
    BAD_ZIP,
    MAX_SMALL_BYTES,
    MAX_TABLE_BYTES,
    UNREADABLE,
    content_of,
    shapefiles_in,
    unpack,
)
from geoinspect.ingest.boundaries.wkb import HAS_SRID, geometry_kind, read_rings
from geoinspect.ingest.formats.text import find_encoding, text_chunks
from geoinspect.records import Problem

F8 = NDArray[np.float64]

_POINT, _LINE, _POLYGON, _MULTI = 1, 2, 3, (4, 5, 6, 7)


def gathered(parts: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """Return points, lines and polygons as one geometry, None without any."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    if kinds == {"Point"}:
        return MultiPoint(list(parts))
    if kinds == {"LineString"}:
        return MultiLineString(list(parts))
    return MultiPolygon(list(parts)) if kinds == {"Polygon"} else GeometryCollection(list(parts))


def point_of(position: object) -> Point:
    """Return a point.

    Raises:
        ValueError: The position is no pair of finite numbers.
    """
    return Point(_positions([position])[0])


def line_of(positions: object) -> LineString | Point | None:
    """Return a line; of one position a point, of none None.

    Raises:
        ValueError: A position is no pair of finite numbers.
    """
    points = _positions(positions)
    if len(points) < 2:
        return Point(points[0]) if len(points) else None
    return LineString(points)


def _positions(values: object) -> F8:
    """Return positions, shape (n, 2)."""
    if isinstance(values, np.ndarray):
        pairs = np.asarray(values, dtype=np.float64)[:, :2]
    elif isinstance(values, list):
        try:
            pairs = np.array([(float(p[0]), float(p[1])) for p in values], dtype=np.float64)
        except (TypeError, IndexError, KeyError, OverflowError) as error:
            raise ValueError("a position is no pair of numbers") from error
    else:
        raise ValueError("no list of positions")
    if not np.isfinite(pairs).all():
        raise ValueError("a position is not finite")
    return pairs.reshape(-1, 2)


def read_geojson(stream: BinaryIO, label: str) -> Boundaries:
    """Return the features of a GeoJSON document.

    Raises:
        AreaError: Not JSON, no GeoJSON, or a ``crs`` member that names none we know.
    """
    encoding = find_encoding(stream)
    document = read_document("".join(text_chunks(stream, encoding)), label)
    stated = stated_crs_of(document, label)
    layer = Layer(crs=stated or WGS84, crs_stated=stated is not None)
    for attributes, geometry in feature_objects(document):
        try:
            layer.add(gathered(list(_json_parts(geometry))), attributes)
        except ValueError:
            layer.broken += 1
    return Boundaries([layer], [encoding.problem] if encoding.problem is not None else [])


def _json_parts(geometry: object) -> Iterator[BaseGeometry]:
    """Yield the points, lines and polygons of a geometry, however deep in collections.

    Raises:
        ValueError: Coordinates are no numbers.
    """
    pending = [geometry]
    while pending:
        item = pending.pop()
        if not isinstance(item, dict):
            continue
        inner = item.get("coordinates")
        many = inner if isinstance(inner, list) else []
        kind = item.get("type")
        if kind == "GeometryCollection":
            members = item.get("geometries")
            pending += reversed(members) if isinstance(members, list) else ()
        elif kind in ("Point", "MultiPoint") and many:
            yield from (point_of(place) for place in (many if kind == "MultiPoint" else [many]))
        elif kind in ("LineString", "MultiLineString", "Polygon", "MultiPolygon"):
            make = _polygon if kind.endswith("Polygon") else line_of
            for part in many if kind.startswith("Multi") else [many]:
                if (made := make(part)) is not None:
                    yield made


def _polygon(rings: object) -> BaseGeometry | None:
    return polygon_of(rings if isinstance(rings, list) else [])


def geometry_of_wkb(data: bytes) -> BaseGeometry | None:
    """Return a geometry of well-known binary, read without recursion; None for an empty one.

    Raises:
        ValueError: Broken off, of a kind with curves, or with coordinates that are no numbers.
    """
    parts: list[BaseGeometry] = []
    at, waiting = 0, 1
    try:
        while waiting > 0:
            waiting -= 1
            order = "<" if data[at] == 1 else ">"
            (code,) = struct.unpack_from(f"{order}I", data, at + 1)
            at += 9 if code & HAS_SRID else 5
            kind, axes = geometry_kind(code)
            if kind == _POINT:
                place = np.frombuffer(data, f"{order}f8", axes, at)
                at += 8 * axes
                # An empty point is written as one of NaN.
                parts += [] if np.isnan(place[:2]).all() else [point_of(list(place))]
                continue
            (count,) = struct.unpack_from(f"{order}I", data, at)
            at += 4
            if kind in _MULTI:
                waiting += count
                continue
            if kind == _LINE:
                numbers = np.frombuffer(data, f"{order}f8", count * axes, at)
                at += 8 * axes * count
                made = line_of(numbers.reshape(count, axes))
            elif kind == _POLYGON:
                at, rings = read_rings(data, at, order, axes, count)
                made = polygon_of(rings)
            else:
                raise ValueError(f"geometry type {kind}")
            parts += [] if made is None else [made]
    except (struct.error, IndexError) as error:
        raise ValueError("the geometry breaks off") from error
    return gathered(parts)


def read_geopackage(path: Path, label: str) -> Boundaries:
    """Return every layer of a GeoPackage, read as the SQLite file it is.

    Raises:
        AreaError: A SQLite file that is no GeoPackage, or a damaged one.
        TooLargeError: More features than any county has.
    """
    return read_layers(path, label, _tables)


def _tables(db: sqlite3.Connection, label: str) -> Iterator[Layer]:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= tables:
        raise AreaError(
            f"{label}:是 SQLite 数据库,但不是带图层的 GeoPackage;请另存为 GeoPackage",
            f"{label}: it is a SQLite database but no GeoPackage with layers: save it as GeoPackage",
            code="no_geopackage",
        )
    listed = db.execute(
        "SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id,"
        " s.definition"
        " FROM gpkg_contents AS c JOIN gpkg_geometry_columns AS g ON g.table_name = c.table_name"
        " LEFT JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id"
        " WHERE c.data_type = 'features' ORDER BY c.rowid"
    ).fetchall()
    for table, column, organization, number, definition in listed:
        crs = crs_of_layer(organization, number, definition)
        layer = Layer(name=str(table), crs=crs, crs_stated=crs is not None)
        # Names are quoted as identifiers; SQLite takes no parameter in their place.
        rows = db.execute(f"SELECT * FROM {quoted_name(layer.name)}")  # noqa: S608
        names = [column[0] for column in rows.description]
        for number_, row in enumerate(rows):
            _check_count(number_ + 1, label)
            values = dict(zip(names, row, strict=True))
            try:
                shape = _blob_geometry(values.pop(str(column), None))
            except ValueError:
                layer.broken += 1
            else:
                layer.add(shape, plain_attributes(values))
        yield layer


def _blob_geometry(blob: object) -> BaseGeometry | None:
    """Return the geometry of a GeoPackage blob (OGC 12-128r19, 2.1.3).

    Raises:
        ValueError: The blob is damaged or holds curves.
    """
    if blob is None:
        return None
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise ValueError("no GeoPackage geometry")
    envelope = ENVELOPE_BYTES.get((blob[3] >> 1) & 7)
    if envelope is None:
        raise ValueError("unknown envelope")
    return geometry_of_wkb(blob[8 + envelope :])


def read_shapefiles(path: Path, label: str) -> Boundaries:
    """Return every Shapefile of a zip as a layer.

    Raises:
        AreaError: The zip is damaged or encrypted, or holds no whole Shapefile.
        TooLargeError: It unpacks to more than the limit.
    """
    problems: dict[str, Problem] = {}
    layers = []
    try:
        with zipfile.ZipFile(path) as archive:
            for stem, members in shapefiles_in(archive, label).items():
                layer = Layer(name=PurePosixPath(stem).name)
                table = _unpacked_table(archive, members, label)
                if table.problem is not None:
                    problems[table.problem.code] = table.problem
                with tempfile.TemporaryDirectory(prefix="geoinspect-") as folder:
                    for suffix in (".shp", ".shx"):
                        unpack(archive, members[suffix], Path(folder) / f"marks{suffix}")
                    _fill(layer, Path(folder) / "marks.shp", table, label)
                prj = members.get(".prj")
                layer.crs_stated = prj is not None
                if prj is not None:
                    raw = content_of(archive, prj, MAX_SMALL_BYTES, label)
                    layer.crs = raw.decode("utf-8-sig", "replace").strip("\0 \r\n\t")
                layers.append(layer)
    except BAD_ZIP as error:
        raise AreaError(
            f"{label}:压缩包损坏或加密,无法解开;请重新打包,不要设密码",
            f"{label}: the zip is damaged or encrypted: pack it again, without a password",
            code="bad_zip",
        ) from error
    return Boundaries(layers, list(problems.values()))


def _unpacked_table(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], label: str
) -> Table:
    cpg = members.get(".cpg")
    try:
        return read_table(
            content_of(archive, members[".dbf"], MAX_TABLE_BYTES, label),
            None if cpg is None else content_of(archive, cpg, MAX_SMALL_BYTES, label),
        )
    except ValueError as error:
        raise damaged(label) from error


def _fill(layer: Layer, source: Path, table: Table, label: str) -> None:
    """Fill a layer with the shapes GDAL reads from a .shp and the rows we read from its .dbf."""
    with source.open("rb") as stream:
        if stream.read(4) != b"\x00\x00\x27\x0a":
            raise damaged(label)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, numbers, shapes, _ = pyogrio.raw.read(
                source, columns=[], return_fids=True, max_features=MAX_FEATURES + 1
            )
    except (*UNREADABLE, ValueError, RuntimeError) as error:
        raise damaged(label) from error
    _check_count(len(numbers), label)
    for number, raw in zip(numbers, shapes, strict=True):
        row = table.rows[number] if number < len(table.rows) else {}
        if row is None:
            continue
        try:
            layer.add(None if raw is None else geometry_of_wkb(raw), row)
        except ValueError:
            layer.broken += 1


def _check_count(count: int, label: str) -> None:
    if count > MAX_FEATURES:
        raise TooLargeError(
            f"{label}:图形超过 {MAX_FEATURES} 个,已停止",
            f"{label}: more than {MAX_FEATURES} features; stopped",
        )
