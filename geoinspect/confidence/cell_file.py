"""Figures of cells from a GeoPackage, without their squares (OGC 12-128r19).

The file is read as the SQLite database it is: a table of numbers needs no GDAL, and a SQLite file
can name virtual tables that make GDAL open other files.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import InputError, TooLargeError
from geoinspect.files import readable
from geoinspect.ingest.boundaries.layers import plain_text
from geoinspect.ingest.vectors import check_is_file

F8 = NDArray[np.float64]

LAYER = "cells"
_NAME_FIELD = "cell_id"
_MAX_CELLS = 10_000_000
# A view in a stranger's file can count for ever.
_MAX_SECONDS = 60.0
_STEPS_BETWEEN_LOOKS = 100_000
_MAX_VALUE_BYTES = 100 << 20


@dataclass(frozen=True, slots=True, eq=False)
class CellFields:
    """Some fields of a layer of cells, in the order of its rows.

    Attributes:
        label: What to call the file.
        names: ``cell_id`` of each row, its number where there is none.
        values: Values of each field as they are stored.
    """

    label: str
    names: tuple[str, ...]
    values: dict[str, tuple[object, ...]]

    def numbers(self, field: str) -> F8:
        """Return a field as numbers, NaN where absent, shape (cells,).

        Raises:
            InputError: A value is no number.
        """
        values = self.values[field]
        for name, value in zip(self.names, values, strict=True):
            if not (value is None or isinstance(value, int | float)):
                shown = readable(plain_text(value)[:40]) or type(value).__name__
                raise InputError(
                    f"{self.label}:单元 {name} 的字段 {field} 不是数字({shown})",
                    f"{self.label}: field {field} of cell {name} is no number ({shown})",
                    code="no_number",
                )
        return np.array([np.nan if v is None else v for v in values], np.float64)

    def groups(self, field: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """Return the distinct values of a field as text, in the order met, and each row's index.

        Raises:
            InputError: A value is absent or neither text nor number.
        """
        order: dict[str, int] = {}
        index = np.empty(len(self.names), np.int32)
        for i, value in enumerate(self.values[field]):
            text = plain_text(value)
            if not text:
                raise InputError(
                    f"{self.label}:单元 {self.names[i]} 的字段 {field} 是空的;每个单元都要属于一个区域",
                    f"{self.label}: field {field} of cell {self.names[i]} is empty: each cell must "
                    "belong to a zone",
                    code="no_zone",
                )
            index[i] = order.setdefault(text, len(order))
        return tuple(order), index


def read_cell_fields(path: Path, fields: Sequence[str]) -> CellFields:
    """Return fields of layer ``cells`` of a GeoPackage, or of its only layer.

    Raises:
        InputError: It can't be read, is no GeoPackage, or lacks the layer or a field.
        TooLargeError: More cells than any county has.
    """
    label = readable(path.name)
    check_is_file(path, label)
    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise _no_geopackage(label)
    address = f"file:{quote(os.fsencode(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            deadline = time.monotonic() + _MAX_SECONDS
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db.execute("PRAGMA trusted_schema = OFF")
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
            db.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            return _read(db, fields, label)
    except (sqlite3.Error, UnicodeError) as error:
        raise InputError(
            f"{label}:文件损坏或内容不完整,无法读取;请重新导出",
            f"{label}: the file is damaged or incomplete and can't be read: export it again",
            code="damaged",
        ) from error


def _read(db: sqlite3.Connection, fields: Sequence[str], label: str) -> CellFields:
    layer = _layer(db, label)
    present = [str(row[1]) for row in db.execute(f"PRAGMA table_info({_quoted(layer)})")]
    for field in fields:
        if field not in present:
            listed = ", ".join(present)
            raise InputError(
                f"{label}:图层 {layer} 没有字段 {field};有:{listed}",
                f"{label}: layer {layer} has no field {field}; it has: {listed}",
                code="no_field",
            )
    wanted = list(dict.fromkeys([*fields, *({_NAME_FIELD} & set(present))]))
    # Names are quoted as identifiers; SQLite takes no parameter in their place.
    listed = ", ".join(map(_quoted, wanted))
    rows = db.execute(f"SELECT {listed} FROM {_quoted(layer)}").fetchmany(_MAX_CELLS + 1)  # noqa: S608
    if len(rows) > _MAX_CELLS:
        raise TooLargeError(
            f"{label}:网格单元超过 {_MAX_CELLS} 个;请按县分开",
            f"{label}: more than {_MAX_CELLS} cells: give one file a county",
        )
    if not rows:
        raise InputError(
            f"{label}:图层 {layer} 里没有网格单元",
            f"{label}: layer {layer} holds no cells",
            code="no_cells",
        )
    columns = dict(zip(wanted, zip(*rows, strict=True), strict=True))
    given = columns.get(_NAME_FIELD, (None,) * len(rows))
    names = tuple(plain_text(name) or f"#{i}" for i, name in enumerate(given, 1))
    return CellFields(label, names, columns)


def _layer(db: sqlite3.Connection, label: str) -> str:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if "gpkg_contents" not in tables:
        raise _no_geopackage(label)
    found = [
        str(name) for (name,) in db.execute("SELECT table_name FROM gpkg_contents ORDER BY rowid")
    ]
    layers = [name for name in found if name in tables]
    if LAYER in layers:
        return LAYER
    if len(layers) == 1:
        return layers[0]
    listed = ", ".join(layers) or "—"
    raise InputError(
        f"{label}:没有名为 {LAYER} 的图层;有:{listed}",
        f"{label}: there is no layer {LAYER}; it has: {listed}",
        code="no_layer",
    )


def _no_geopackage(label: str) -> InputError:
    return InputError(
        f"{label}:不是 GeoPackage;请给出 coverage measure --out 写出的网格文件",
        f"{label}: it is no GeoPackage: give the cells that coverage measure --out writes",
        code="no_geopackage",
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
