"""Read layer ``cells`` of ``coverage measure`` for planning: figures and squares.

Like figures alone (:mod:`geoinspect.confidence.cell_file`), it is read as the SQLite database it
is, not by GDAL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geoinspect import crs as crs_
from geoinspect.confidence.cell_file import LAYER, CellFields, read_cell_fields
from geoinspect.errors import InputError, TooLargeError
from geoinspect.files import readable
from geoinspect.planning.records import PlanCells

F8 = NDArray[np.float64]

MAX_CELLS = 5_000_000
# Squares may be off the lattice by this share of their side, from rounding in other programs.
_OFF = 1e-3
# Bytes of the envelope by its code in the geometry header (OGC 12-128r19, 2.1.3.1.1).
_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_OWN_FIELDS = ("area_m2",)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a layer is stored: its geometry column, its CRS, and its fields."""

    geometry: str
    crs: str | None
    fields: tuple[str, ...]


def read_plan_cells(path: Path, *, risk_field: str | None = None) -> PlanCells:
    """Return the cells of a GeoPackage as ``coverage measure`` writes it.

    Args:
        path: The file, with layer ``cells``: squares of one size in a metric CRS and field ``pod``.
        risk_field: Field of relative risk; without one every cell weighs the same.

    Raises:
        InputError: It is no such file, lacks a field, or a value in it can't be.
        TooLargeError: More cells than any county has.
    """
    name = readable(path.name)
    wanted = ["pod", *([] if risk_field is None else [risk_field])]
    # The first look refuses what is no GeoPackage or lacks a field, before its squares are read.
    layout = _layout(path)
    more = [field for field in _OWN_FIELDS if field in layout.fields]
    geometry = [layout.geometry] if layout.geometry in layout.fields else []
    found = read_cell_fields(path, [*wanted, *more, *geometry])
    if not geometry:
        raise _not_squares(name)
    if len(found.names) > MAX_CELLS:
        raise TooLargeError(
            f"{name}:{len(found.names)} 格,超过 {MAX_CELLS} 格的上限:请按县拆分",
            f"{name}: {len(found.names)} cells, the limit is {MAX_CELLS}: split it by county",
        )
    crs = _metric_crs(layout.crs, name)
    row, col, cell_m, origin_m = _lattice(_bounds(found, layout.geometry, name), name)
    full = np.full(len(row), cell_m**2)
    return PlanCells(
        row=row,
        col=col,
        cell_m=cell_m,
        area_m2=found.numbers("area_m2") if "area_m2" in more else full,
        pod=found.numbers("pod"),
        risk=np.ones(len(row)) if risk_field is None else found.numbers(risk_field),
        crs=crs,
        origin_m=origin_m,
    )


def _layout(path: Path) -> _Layout:
    """Return how layer ``cells`` is stored; an empty layout where the reader will say what is wrong."""
    empty = _Layout("", None, ())
    if not path.is_file():
        return empty
    address = f"file:{quote(os.fsencode(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            rows = db.execute(
                "SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id,"
                " s.definition FROM gpkg_geometry_columns AS g"
                " LEFT JOIN gpkg_spatial_ref_sys AS s ON s.srs_id = g.srs_id"
            ).fetchall()
            picked = [row for row in rows if row[0] == LAYER] or rows[:1]
            if not picked:
                return empty
            table, column, organization, number, definition = picked[0]
            quoted = '"' + str(table).replace('"', '""') + '"'
            fields = tuple(str(row[1]) for row in db.execute(f"PRAGMA table_info({quoted})"))
    except (sqlite3.Error, UnicodeError):
        return empty
    if str(organization).upper() == "EPSG" and isinstance(number, int) and number > 0:
        return _Layout(str(column), f"EPSG:{number}", fields)
    return _Layout(str(column), str(definition) if "[" in str(definition) else None, fields)


def _bounds(found: CellFields, column: str, name: str) -> F8:
    """Return west, south, east, north of every square, shape (n, 4)."""
    blobs: Sequence[object] = found.values[column]
    wkb = []
    for blob in blobs:
        if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
            raise _not_squares(name)
        envelope = _ENVELOPE_BYTES.get((blob[3] >> 1) & 7)
        if envelope is None:
            raise _not_squares(name)
        wkb.append(blob[8 + envelope :])
    squares = shapely.from_wkb(np.array(wkb, dtype=object), on_invalid="ignore")
    bounds = np.asarray(shapely.bounds(squares), dtype=np.float64)
    size = np.prod(bounds[:, 2:] - bounds[:, :2], axis=1)
    if not np.allclose(shapely.area(squares), size, rtol=1e-3, atol=0):
        raise _not_squares(name)
    return bounds


def _metric_crs(crs: str | None, name: str) -> str:
    try:
        parsed = pyproj.CRS.from_user_input(crs) if crs else None
    except pyproj.exceptions.CRSError:
        parsed = None
    if parsed is None or not parsed.is_projected or parsed.axis_info[0].unit_conversion_factor != 1:
        raise InputError(
            f"{name}:网格应使用以米为单位的投影坐标系,现为 {crs}",
            f"{name}: the cells must be in a projected CRS in metres, got {crs}",
            code="bad_crs",
        )
    return crs_.authority_name(str(crs))


def _lattice(squares: F8, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64], float, tuple[float, float]]:  # fmt: skip
    """Return row, column, cell size and origin of squares given by their bounds, shape (n, 4)."""
    if len(squares) == 0 or not np.isfinite(squares).all():
        raise _not_squares(name)
    side = squares[:, 2:] - squares[:, :2]
    cell_m = float(np.median(side))
    if cell_m <= 0 or np.abs(side - cell_m).max() > _OFF * cell_m:
        raise _not_squares(name)
    rounded = float(f"{cell_m:.6g}")
    cell_m = rounded if abs(rounded - cell_m) < 1e-6 * cell_m else cell_m
    # Our own grids begin at 0; those of other programs anywhere.
    for origin in ((0.0, 0.0), (float(squares[:, 0].min()), float(squares[:, 1].min()))):
        place = (squares[:, :2] - origin) / cell_m
        whole = np.rint(place)
        if np.abs(place - whole).max() <= _OFF:
            col, row = whole.astype(np.int64).T
            if len(np.unique(row * (col.max() - col.min() + 1) + (col - col.min()))) < len(row):
                raise InputError(
                    f"{name}:有重复的网格",
                    f"{name}: some cells are there twice",
                    code="repeated_cells",
                )
            return row, col, cell_m, origin
    raise _not_squares(name)


def _not_squares(name: str) -> InputError:
    return InputError(
        f"{name}:图层“{LAYER}”里应是同样大小、排列整齐的正方形网格",
        f"{name}: layer {LAYER!r} must hold squares of one size on one lattice",
        code="not_squares",
    )
