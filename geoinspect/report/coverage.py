"""Coverage by area as rows, GeoPackage and CSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
from shapely.geometry.base import BaseGeometry

from geoinspect.coverage.cells import CellTable
from geoinspect.coverage.frames import cell_frame
from geoinspect.coverage.gaps import Gap
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import UsageError
from geoinspect.files import check_output, replaced_file
from geoinspect.records import Area, Level

# A spreadsheet runs a cell that begins with one of these; a leading apostrophe makes it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def area_rows(
    sums: Mapping[str, CoverageSum],
    gaps: Sequence[Gap],
    areas: Sequence[Area],
    *,
    level: Level,
) -> list[dict[str, Any]]:
    """Return one row for each area of a level, most unseen ground first.

    ``gaps`` counts the gaps listed under the area itself; None where gaps are listed by another
    level.
    """
    counted = Counter(gap.area_code for gap in gaps)
    listed = {area.level for area in areas if area.code in counted}
    rows = [
        {
            "code": area.code,
            "name": area.name,
            "level": area.level.value,
            "unit": area.unit_code,
            **sums[area.code].as_json(),
            "gaps": counted[area.code] if area.level in listed or not listed else None,
        }
        for area in areas
        if area.level == level
    ]
    return sorted(rows, key=lambda row: (-row["unseen_m2"], row["code"]))


def write_report(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    areas: Sequence[Area],
    ground: Ground,
    table: CellTable,
    gaps: Sequence[tuple[Gap, BaseGeometry]],
) -> None:
    """Write the rows as CSV or XLSX, or rows, cells and gaps as layers of a GeoPackage.

    Raises:
        UsageError: The name ends in none of the three, can't be written, or needs the extra
            ``report`` that is not installed.
    """
    check_output(path, suffixes=(".csv", ".xlsx", ".gpkg"))
    suffix = path.suffix.lower()
    with replaced_file(path) as temp:
        if suffix == ".csv":
            _write_csv(temp, rows)
        elif suffix == ".xlsx":
            _write_xlsx(temp, rows)
        else:
            _write_layers(temp, rows, areas, ground, table, gaps)


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    # The byte-order mark is what makes Excel read Chinese text as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        if rows:
            writer.writerow(rows[0])
        writer.writerows([[_inert(value) for value in row.values()] for row in rows])


def _write_xlsx(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise UsageError(
            "写 Excel 需要附加组件:pip install 'geoinspect[report]'",
            "Excel files need an extra: pip install 'geoinspect[report]'",
            code="extra_missing",
        ) from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet("覆盖 coverage")
    if rows:
        sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([_inert(value) for value in row.values()])
    book.save(path)


def _inert(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _write_layers(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    areas: Sequence[Area],
    ground: Ground,
    table: CellTable,
    gaps: Sequence[tuple[Gap, BaseGeometry]],
) -> None:
    shapes = {area.code: area.polygon for area in areas}
    layers = {
        "areas": geopandas.GeoDataFrame(
            list(rows), geometry=[shapes[row["code"]] for row in rows], crs="EPSG:4326"
        ),
        "cells": cell_frame(ground, table).assign(
            area=[ground.area_codes[home] for home in ground.cell_home]
        ),
        "gaps": geopandas.GeoDataFrame(
            {
                "rank": range(1, len(gaps) + 1),
                "area": [gap.area_code for gap, _ in gaps],
                "area_m2": [gap.area_m2 for gap, _ in gaps],
                "risk": [gap.risk for gap, _ in gaps],
                "cells": [len(gap.cells) for gap, _ in gaps],
            },
            geometry=[outline for _, outline in gaps],
            crs=ground.grid.crs,
        ),
    }
    for name, frame in layers.items():
        if len(frame):
            frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
