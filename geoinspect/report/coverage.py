"""Coverage by area as rows, CSV, a workbook, or a GeoPackage that QGIS opens with its styles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas

from geoinspect.coverage.cells import STATES
from geoinspect.coverage.frames import cell_frame
from geoinspect.coverage.gaps import Gap
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import UsageError
from geoinspect.files import check_output, replaced_file
from geoinspect.records import MU_M2, Area, Level
from geoinspect.report.claims import ClaimLine, claim_lines
from geoinspect.report.facts import CellFacts, ReportFacts, Row
from geoinspect.report.gap_files import gap_frame
from geoinspect.report.plain_text import csv_bytes
from geoinspect.report.qgis_styles import (
    AREA_STYLE,
    GAP_STYLE,
    CellLayer,
    Style,
    cell_styles,
    style_layers,
)

SUFFIXES = (".xlsx", ".gpkg", ".csv")
_HECTARE_M2 = 10_000.0


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


def write_report(path: Path, facts: ReportFacts) -> None:
    """Write a report as CSV (areas only), XLSX, or GeoPackage with areas, cells and gaps.

    Raises:
        UsageError: The name ends in none of the three, can't be written, or needs the extra
            ``report`` that is not installed.
    """
    check_output(path, suffixes=SUFFIXES)
    suffix = path.suffix.lower()
    with replaced_file(path) as temp:
        if suffix == ".csv":
            rows = [{**row, **_land_and_dates(row, facts)} for row in facts.rows]
            columns = list(rows[0]) if rows else []
            temp.write_bytes(csv_bytes(columns, [list(row.values()) for row in rows]))
        elif suffix == ".xlsx":
            _write_xlsx(temp, facts)
        else:
            _write_layers(temp, facts)


def write_cells(path: Path, cells: CellFacts) -> None:
    """Write the layer ``cells`` of a GeoPackage with all figures and styles; the file is new.

    Raises:
        UsageError: The folder is missing or can't be written.
    """
    with replaced_file(path) as temp:
        _to_layer(temp, "cells", cells_frame(cells))
        style_layers(temp, {"cells": cell_styles(cells.layers)})


def cells_frame(cells: CellFacts) -> geopandas.GeoDataFrame:
    """Return one row a cell with every figure known of it, in the grid's CRS.

    Beyond the contract's columns: ``area`` that holds most of it, ``zone`` that lists it, the
    state it had before looks expired (``faded_from``, None when none did), and the layers.
    """
    ground, table = cells.ground, cells.table
    extra: dict[str, object] = {
        "area": [ground.area_codes[home] for home in ground.cell_home],
        "zone": list(cells.zone),
        "faded_from": [
            STATES[had].value if had > has else None
            for had, has in zip(cells.faded, table.state, strict=True)
        ],
    }
    mine = (CellLayer.RISK, CellLayer.SENSITIVITY, CellLayer.REMAINING)
    extra |= {layer.value: cells.layers[layer] for layer in mine if layer in cells.layers}
    return cell_frame(ground, table).assign(**extra)


def _write_xlsx(path: Path, facts: ReportFacts) -> None:
    try:
        from geoinspect.report.workbook import write_workbook
    except ImportError as error:
        raise UsageError(
            "写 Excel 需要附加组件:pip install 'geoinspect[report]'",
            "Excel files need an extra: pip install 'geoinspect[report]'",
            code="extra_missing",
        ) from error
    write_workbook(path, facts)


def _write_layers(path: Path, facts: ReportFacts) -> None:
    shapes = {area.code: area.polygon for area in facts.areas}
    lines = [] if facts.claim is None else claim_lines(facts.claim, facts.names)
    known = {line.code: line for line in lines}
    rows = [
        {**row, **_claimed(known.get(row["code"])), **_land_and_dates(row, facts)}
        for row in facts.rows
    ]
    frames = {
        "areas": geopandas.GeoDataFrame(
            rows, geometry=[shapes[row["code"]] for row in rows], crs="EPSG:4326"
        ),
        "cells": cells_frame(facts.cells),
        "gaps": gap_frame(facts.gaps),
        "polygons": geopandas.GeoDataFrame(
            list(facts.polygons), geometry=list(facts.polygon_shapes), crs="EPSG:4326"
        ),
    }
    styles: dict[str, Sequence[Style]] = {
        "areas": [AREA_STYLE],
        "cells": cell_styles(facts.cells.layers),
        "gaps": [GAP_STYLE],
        "polygons": [AREA_STYLE],
    }
    written = {name: frame for name, frame in frames.items() if len(frame)}
    for name, frame in written.items():
        _to_layer(path, name, frame)
    style_layers(path, {name: styles[name] for name in written})


def _land_and_dates(row: Row, facts: ReportFacts) -> Row:
    """Return the areas of a row in mu and hectares, and the dates and marks of the report."""
    land = ("area", "seen", "unseen", "touched", "covered", "cleared")
    in_units = {
        f"{name}_{unit}": round(float(row[f"{name}_m2"]) / size_m2, 2)
        for unit, size_m2 in (("mu", MU_M2), ("ha", _HECTARE_M2))
        for name in land
    }
    until = None if facts.data_until is None else facts.data_until.isoformat()
    return {
        **in_units,
        "as_of": facts.as_of.isoformat(),
        "data_until": until,
        "simulated": facts.simulated,
    }


def _claimed(line: ClaimLine | None) -> Row:
    keys = ("p_clean", "p_clean_low", "p_clean_high", "expected_standing")
    if line is None:
        return dict.fromkeys(keys)
    figures = (line.posterior, line.low, line.high, line.expected_standing)
    return dict(zip(keys, figures, strict=True))


def _to_layer(path: Path, name: str, frame: geopandas.GeoDataFrame) -> None:
    frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
