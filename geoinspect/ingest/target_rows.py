"""Targets from the rows of a table: which columns, which header, which row is which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from geoinspect.crs import WGS84, transform_xy
from geoinspect.errors import InputError, Text, TooLargeError
from geoinspect.ingest.datum_choice import DATUM_NAMES, field_datum
from geoinspect.ingest.formats.reading import CoordinateValue, clean_name
from geoinspect.ingest.formats.table_columns import Columns, Role
from geoinspect.ingest.formats.table_layout import Layout, find_layout
from geoinspect.ingest.formats.table_places import Places, find_places
from geoinspect.ingest.formats.table_rows import split_rows
from geoinspect.ingest.target_fields import Field, Fields, area_m2_of, day_of, fields_of
from geoinspect.ingest.target_records import Found, RawTarget
from geoinspect.ingest.target_tables import MAX_ROWS, Numbered, Sheet
from geoinspect.records import Datum, Problem

_SAMPLE_LINES, _SAMPLE_CHARS = 400, 200_000
CODE_CHARS, NOTE_CHARS = 100, 500
# West, south, east, north of China with its sea.
_CHINA = (73.0, 3.0, 136.0, 54.0)


def take_sheets(sheets: Sequence[Sheet], crs: str | None, found: Found, label: str) -> None:
    """Add the targets of the first sheet that holds coordinates.

    Args:
        sheets: Of one file.
        crs: CRS that the sender declares for projected numbers, ``EPSG:n``.
        found: What is added to.
        label: What the sender calls the file.

    Raises:
        InputError: No sheet holds coordinates, they are swapped, or in metres whose CRS has to be
            asked for.
        TooLargeError: More rows than any list has.
    """
    full = [sheet for sheet in sheets if sheet.lines]
    if not full:
        raise InputError(f"{label}:表格是空的", f"{label}: the table is empty", code="empty_file")
    first_error: InputError | None = None
    for sheet in full:
        try:
            layout = find_layout(_head(sheet))
            places = _places(layout, crs)
        except InputError as error:
            # Of several sheets the first may be a cover; what is wrong with a list is told first.
            if first_error is None or first_error.code == "no_coordinates":
                first_error = error
            continue
        if len(full) > 1:
            found.problems.append(_one_sheet(sheet, len(full) - 1))
        _take(sheet, layout, places, found, label)
        return
    assert first_error is not None
    raise InputError(
        f"{label}:{first_error.text.zh}", f"{label}: {first_error.text.en}", code=first_error.code
    ) from first_error


def _head(sheet: Sheet) -> list[str]:
    head: list[str] = []
    chars = 0
    for _, line in sheet.lines[:_SAMPLE_LINES]:
        head.append(line)
        chars += len(line)
        if chars > _SAMPLE_CHARS:
            break
    return head


def _places(layout: Layout, crs: str | None) -> Places:
    width = layout.width
    sample = [row[:width] + [""] * (width - len(row)) for row in layout.sample]
    words = " ".join([*(cell for row in layout.before for cell in row), *layout.header])
    return find_places(layout.columns, sample, crs, words)


def _take(sheet: Sheet, layout: Layout, places: Places, found: Found, label: str) -> None:
    columns = layout.columns
    stated = columns.datum()
    if stated is not None:
        found.statements.append(DATUM_NAMES[stated])
    for row in layout.before:
        text = " ".join(cell for cell in row if cell.strip())[:2000]
        named = any(word in text.lower() for word in ("坐标系", "datum", "coordinate system"))
        (found.statements if named else found.words).append(text)
    found.problems += [*sheet.problems, *places.problems]
    if not columns.headers:
        found.problems.append(_guessed(columns))
    for number in sheet.lost:
        found.refuse("row_unreadable", number)
    taken = [n for n in (columns.east, columns.north, columns.both) if n is not None]
    fields = fields_of(layout.header, taken)
    refused: Counter[str] = Counter()
    numbered = Numbered(sheet.lines)
    rows = islice(split_rows(numbered, layout.dialect, refused), layout.skip, None)
    read: list[tuple[int, list[str], CoordinateValue, CoordinateValue]] = []
    for row in rows:
        if not any(map(str.strip, row)) or row[: len(layout.header)] == layout.header != []:
            continue
        if len(read) >= MAX_ROWS:
            raise TooLargeError(
                f"{label}:超过 {MAX_ROWS} 行,请按县或按批次拆分",
                f"{label}: more than {MAX_ROWS} rows: split it by county or batch",
                code="too_many_rows",
            )
        row.extend([""] * (layout.width - len(row)))
        read.append((numbered.number, row, *places.read(row)))
    for _ in range(refused["row_unreadable"]):
        found.refuse("row_unreadable", 0)
    found.projected = found.projected or places.crs != WGS84
    _place(read, places, fields, columns, found)


def _place(
    read: Sequence[tuple[int, list[str], CoordinateValue, CoordinateValue]],
    places: Places,
    fields: Fields,
    columns: Columns,
    found: Found,
) -> None:
    """Add every row that has a usable place, and say why the others have none."""
    degrees = places.crs == WGS84
    usable: list[tuple[int, list[str], float, float]] = []
    for number, row, east, north in read:
        rule = _value_fault(row, east, north, places, columns)
        if rule is None and isinstance(east, float) and isinstance(north, float):
            rule = place_fault(east, north) if degrees else None
            if rule is None:
                usable.append((number, row, east, north))
                continue
        found.refuse(rule or "coordinate_not_a_number", number)
    x, y = (np.array([each[n] for each in usable], dtype=np.float64) for n in (2, 3))
    lon, lat = transform_xy(places.crs, WGS84, x, y)
    datum_column = columns.first(Role.DATUM)
    for (number, row, *_), east, north in zip(usable, lon.tolist(), lat.tolist(), strict=True):
        if not (np.isfinite(east) and np.isfinite(north)):
            found.refuse("coordinate_outside_projection", number)
            continue
        datum = None if datum_column is None else _row_datum(row[datum_column])
        found.raws.append(raw_target(number, row, fields, found, (east, north), datum))


def _row_datum(cell: str) -> Datum | None:
    return field_datum(cell.strip()[:100]) if cell.strip() else None


def _value_fault(
    row: Sequence[str],
    east: CoordinateValue,
    north: CoordinateValue,
    places: Places,
    columns: Columns,
) -> str | None:
    """Return what is wrong with two cells as they were read, None when they are numbers."""
    if east is None or north is None:
        return "coordinate_missing"
    if not (isinstance(east, float) and isinstance(north, float)):
        cells = [row[n] for n in (columns.east, columns.north, columns.both) if n is not None]
        formula = any(cell.strip().startswith("=") for cell in cells)
        return "coordinate_formula" if formula else "coordinate_not_a_number"
    if not (np.isfinite(east) and np.isfinite(north)):
        return "coordinate_not_a_number"
    window = places.window
    if window is not None and not window[0] <= east < window[1]:
        return "coordinate_outside_projection"
    return None


def place_fault(lon: float, lat: float) -> str | None:
    """Return what is wrong with degrees, None when nothing is."""
    if lon == 0 and lat == 0:
        return "at_zero"
    west, south, east, north = _CHINA
    turned_in_china = west <= lat <= east and south <= lon <= north
    if turned_in_china or (abs(lon) <= 90 < abs(lat) <= 180):
        return "coordinate_swapped"
    return None if abs(lon) <= 180 and abs(lat) <= 90 else "out_of_range"


def raw_target(
    number: int,
    row: Sequence[str],
    fields: Fields,
    found: Found,
    place: tuple[float, float],
    datum: Datum | None = None,
) -> RawTarget:
    """Return a target of a row; cells that can't be used are told, not refused."""
    code = (clean_name(fields.text(Field.CODE, row)) or "")[:CODE_CHARS].strip()
    if not code:
        found.fault("code_missing", number)
    area_m2, fault = area_m2_of(fields.text(Field.AREA, row), fields.unit_m2)
    found.fault(fault, number)
    day, fault = day_of(fields.text(Field.DAY, row))
    found.fault(fault, number)
    note = (clean_name(fields.text(Field.NOTE, row)) or "")[:NOTE_CHARS].strip()
    return RawTarget(number, code or f"row-{number}", place, area_m2, day, note, datum=datum)


def _guessed(columns: Columns) -> Problem:
    east, north = (0 if n is None else n + 1 for n in (columns.east, columns.north))
    return Problem(
        "columns_guessed",
        Text(
            f"表格没有可识别的表头,已按数值把第 {east} 列作为经度、第 {north} 列作为纬度;编号、面积和日期未采用,请在地图上核对",
            f"the table has no header that is known; by its values column {east} was taken as "
            f"longitude and column {north} as latitude, and codes, areas and days were not used: "
            "check it on the map",
        ),
    )


def _one_sheet(sheet: Sheet, others: int) -> Problem:
    return Problem(
        "one_sheet",
        Text(
            f"只读取了工作表“{sheet.name}”,另外 {others} 个工作表未读取",
            f"only the sheet {sheet.name!r} was read, {others} others were not",
        ),
        others,
    )
