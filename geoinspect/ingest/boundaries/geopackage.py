"""Polygons from GeoPackage, read as the SQLite file it is (OGC 12-128r19).

GDAL is not asked: a SQLite file can name virtual tables that make GDAL open other files.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from shapely import MultiPolygon, Polygon

from geoinspect.errors import AreaError, TooLargeError
from geoinspect.ingest.boundaries.layers import (
    MAX_FEATURES,
    Boundaries,
    Layer,
    damaged,
    joined,
    plain_attributes,
)
from geoinspect.ingest.boundaries.wkb import polygons_of_wkb

# A view in a stranger's file can count for ever.
_MAX_SECONDS = 60.0
_STEPS_BETWEEN_LOOKS = 100_000
_MAX_VALUE_BYTES = 100 << 20
# Bytes of the envelope by its code in the geometry header (2.1.3.1.1).
ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_NO_POLYGONS = {"POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING"}


def read_geopackage(path: Path, label: str) -> Boundaries:
    """Return every layer of a GeoPackage that may hold polygons.

    Raises:
        AreaError: A SQLite file that is no GeoPackage, or a damaged one.
        TooLargeError: More features than any county has.
    """
    return read_layers(path, label, _layers)


def read_layers(
    path: Path, label: str, layers_of: Callable[[sqlite3.Connection, str], Iterator[Layer]]
) -> Boundaries:
    """Return the layers that a reader makes of a SQLite file, opened fenced and read-only.

    Raises:
        AreaError: It is damaged, or the reader refuses it.
        TooLargeError: The reader finds more than any county has.
    """
    address = f"file:{quote(os.fsencode(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            _fence(db)
            return Boundaries(list(layers_of(db, label)), [])
    except (sqlite3.Error, UnicodeError) as error:
        # The module fails to decode SQLite's own words about a name that is no UTF-8.
        raise damaged(label) from error


def _fence(db: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _MAX_SECONDS
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    db.execute("PRAGMA trusted_schema = OFF")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    db.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)


def _layers(db: sqlite3.Connection, label: str) -> Iterator[Layer]:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if not {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= tables:
        raise AreaError(
            f"{label}:是 SQLite 数据库,但不是带图层的 GeoPackage;请另存为 GeoPackage",
            f"{label}: it is a SQLite database but no GeoPackage with layers: save it as GeoPackage",
            code="no_geopackage",
        )
    listed = db.execute(
        "SELECT g.table_name, g.column_name, g.geometry_type_name, s.organization,"
        " s.organization_coordsys_id, s.definition"
        " FROM gpkg_contents AS c JOIN gpkg_geometry_columns AS g ON g.table_name = c.table_name"
        " LEFT JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id"
        " WHERE c.data_type = 'features' ORDER BY c.rowid"
    ).fetchall()
    for table, column, kind, organization, number, definition in listed:
        crs = crs_of_layer(organization, number, definition)
        layer = Layer(name=str(table), crs=crs, crs_stated=crs is not None)
        if str(kind).upper() not in _NO_POLYGONS:
            _read_table(db, layer, str(column), label)
        yield layer


def crs_of_layer(organization: object, number: object, definition: object) -> str | None:
    """Return ``EPSG:n`` or WKT of a layer; None when it states neither."""
    if str(organization).upper() == "EPSG" and isinstance(number, int) and number > 0:
        return f"EPSG:{number}"
    text = str(definition)
    return text if "[" in text else None


def _read_table(db: sqlite3.Connection, layer: Layer, geometry: str, label: str) -> None:
    # Names are quoted as identifiers; SQLite takes no parameter in their place.
    rows = db.execute(f"SELECT * FROM {quoted_name(layer.name)}")  # noqa: S608
    keys = {
        name
        for _, name, kind, *_, is_key in db.execute(f"PRAGMA table_info({quoted_name(layer.name)})")
        if is_key and str(kind).upper() == "INTEGER"
    }
    names = [column[0] for column in rows.description]
    for number, row in enumerate(rows):
        if number >= MAX_FEATURES:
            raise TooLargeError(
                f"{label}:图形超过 {MAX_FEATURES} 个,已停止",
                f"{label}: more than {MAX_FEATURES} features; stopped",
            )
        values = dict(zip(names, row, strict=True))
        try:
            shape = _geometry(values.pop(geometry, None))
        except ValueError:
            layer.broken += 1
            continue
        own = {key: value for key, value in values.items() if key not in keys}
        layer.add(shape, plain_attributes(own))


def quoted_name(name: str) -> str:
    """Return a table or column name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def _geometry(blob: object) -> Polygon | MultiPolygon | None:
    """Return the polygons of a GeoPackage blob (2.1.3); None when there are none.

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
    return joined(polygons_of_wkb(blob[8 + envelope :]))
