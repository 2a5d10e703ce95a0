"""How a table is laid out: what parts its cells, where its header stands, where its data begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.refusals import full_of_controls
from geoinspect.ingest.formats.table_columns import Columns, Role, read_header
from geoinspect.ingest.formats.table_rows import Dialect, split_rows
from geoinspect.ingest.formats.table_values import coordinate, is_coordinate, pair

Row = list[str]
# Blanks last: they part cells only where nothing else does.
_DELIMITERS = ",;\t|\uff0c "
# More than any log has; what lies further right is not looked at.
MAX_COLUMNS = 1000
# Above the header there may be a title, the device, the settings.
_HEADER_WITHIN = 60
_DATA_WITHIN = 20
_LOOK_LINES = 60
# Four digits are ten metres; prices and weights have fewer.
_PRECISE = re.compile(r"\d[.,]\d{4,}|\d\s*[°度]")
_FLAG = re.compile(r"[gbGB]")
_NUMERIC_SHARE = 0.9
_CHINA_LON, _CHINA_LAT = (73.0, 136.0), (3.0, 54.0)
_EASTING_M, _NORTHING_M = (1e5, 4.6e7), (3e5, 6.2e6)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out.

    Attributes:
        dialect: How lines are cut.
        columns: What the columns hold.
        header: The header row as it stands, empty without one.
        before: Rows above the header or, without one, above the data.
        skip: How many rows come before the data.
        sample: The first rows of data.
    """

    dialect: Dialect
    columns: Columns
    header: Row
    before: tuple[Row, ...]
    skip: int
    sample: tuple[Row, ...]

    @property
    def width(self) -> int:
        """Return how many columns matter."""
        return min(len(self.header) or max(map(len, self.sample)), MAX_COLUMNS)


def looks_like_table(head: str) -> bool:
    """Return whether a text may be a table: a delimiter on two lines, or numbers between blanks."""
    if full_of_controls(head):
        return False
    lines = [line for line in re.split(r"[\r\n]+", head) if line.strip()][:_LOOK_LINES]
    if any(sum(sign in line for line in lines) >= 2 for sign in ",;\t|\uff0c"):
        return True
    if lines and any(lines[0].count(sign) >= 2 for sign in ",;\t\uff0c"):
        return True
    return any(len(_PRECISE.findall(line)) >= 2 for line in lines)


def find_layout(lines: Sequence[str]) -> Layout:
    """Return the layout that the first lines of a text have.

    Raises:
        TrackError: No two columns are coordinates, or there is no telling which.
    """
    cut = [
        (dialect, [row[:MAX_COLUMNS] for row in split_rows(lines, dialect, Counter())])
        for dialect in dialects()
    ]
    with_header = [found for dialect, rows in cut for found in _with_header(dialect, rows)]
    if with_header:
        # A header over coordinates is better than words alone; then the one that says most.
        return max(with_header, key=_header_rank)
    for dialect, rows in cut:
        guessed = _without_header(dialect, rows)
        if guessed is not None:
            return guessed
    raise _no_coordinates(cut)


def dialects() -> Iterator[Dialect]:
    """Yield every way of cutting lines into cells, the likeliest first."""
    for delimiter in _DELIMITERS:
        yield Dialect(delimiter)
    yield Dialect(" ", joins_times=True)


def _with_header(dialect: Dialect, rows: list[Row]) -> Iterator[Layout]:
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        columns = read_header(row)
        if not columns.placed:
            continue
        data = rows[number + 1 :]
        skip = number + 1
        if data and _is_units(data[0], columns):
            columns = read_header(row, data[0])
            data, skip = data[1:], skip + 1
        layout = Layout(dialect, columns, row, tuple(rows[:number]), skip, tuple(data))
        # A column called "position" may as well hold an address.
        if columns.both is None or _is_placed(layout):
            yield layout


def _header_rank(layout: Layout) -> tuple[bool, bool, int, int]:
    said = len(layout.columns.roles) + len(layout.columns.extras)
    even = bool(layout.sample) and len(layout.sample[0]) == len(layout.header)
    return _is_placed(layout), even, said, -layout.skip


def _is_placed(layout: Layout) -> bool:
    """Return whether coordinates stand under the header."""
    return any(_has_place(row, layout.columns) for row in layout.sample[:_DATA_WITHIN])


def _has_place(row: Row, columns: Columns) -> bool:
    if columns.both is not None:
        return columns.both < len(row) and isinstance(pair(row[columns.both])[0], float)
    places = (columns.east, columns.north)
    return all(n is not None and n < len(row) and is_coordinate(row[n]) for n in places)


def _is_units(row: Row, columns: Columns) -> bool:
    """Return whether a row under the header holds units: words and not a single number."""
    places = [n for n in (columns.east, columns.north, columns.both) if n is not None]
    said = [row[n] for n in places if n < len(row) and row[n].strip()]
    return bool(said) and not any(re.search(r"\d", cell) for cell in row)


def _without_header(dialect: Dialect, rows: list[Row]) -> Layout | None:
    """Return the layout of bare numbers, None when nothing or several things fit."""
    begin = next((n for n, row in enumerate(rows) if _numbers(row) >= 2), None)
    if begin is None:
        return None
    data = rows[begin:]
    width = max(map(len, data))
    values = {n: column for n in range(width) if (column := _column(data, n)) is not None}
    found = _lon_lat(values, data) or _metres(values)
    if found is None:
        return None
    flagged = sum(bool(_FLAG.fullmatch(row[0])) for row in data) >= _NUMERIC_SHARE * len(data)
    columns = Columns(east=found[0], north=found[1], by_value=True)
    if flagged:
        columns = replace(columns, roles={Role.DATUM: (0,)})
    return Layout(dialect, columns, [], tuple(rows[:begin]), begin, tuple(data))


def _numbers(row: Row) -> int:
    return sum(is_coordinate(cell) for cell in row)


def _column(data: list[Row], number: int) -> np.ndarray | None:
    """Return the numbers of a column, None when it is not one of numbers."""
    values = [coordinate(row[number]) for row in data if number < len(row)]
    known = np.array([value for value in values if isinstance(value, float)])
    known = known[np.isfinite(known)]
    return known if len(known) and len(known) >= _NUMERIC_SHARE * len(data) else None


def _lon_lat(values: dict[int, np.ndarray], data: list[Row]) -> tuple[int, int] | None:
    """Return the neighbouring columns that can only be longitude and latitude."""
    precise = {
        n: column
        for n, column in values.items()
        if sum(bool(_PRECISE.search(row[n])) for row in data if n < len(row)) * 2 >= len(data)
    }
    pairs = [(a, b) for a in precise for b in (a - 1, a + 1) if b in precise]
    china = [
        (a, b)
        for a, b in pairs
        if _within(precise[a], _CHINA_LON) and _within(precise[b], _CHINA_LAT)
    ]
    if china:
        return china[0] if len(china) == 1 else None
    world = [
        (a, b)
        for a, b in pairs
        if 90 < abs(float(np.median(precise[a]))) <= 180 and _within(precise[b], (-90.0, 90.0))
    ]
    return world[0] if len(world) == 1 else None


def _metres(values: dict[int, np.ndarray]) -> tuple[int, int] | None:
    """Return two columns of plane coordinates, east first."""
    big = [n for n, column in values.items() if _within(column, (_EASTING_M[0], _EASTING_M[1]))]
    pairs = [(a, b) for a in big for b in (a - 1, a + 1) if b in big]
    found = [(a, b) for a, b in pairs if _within(values[b], _NORTHING_M)]
    # Both orders of one pair fit when neither number tells; which is asked for later.
    return found[0] if len({frozenset(pair_) for pair_ in found}) == 1 else None


def _within(column: np.ndarray, bounds: tuple[float, float]) -> bool:
    low, high = bounds
    return bool(low <= np.median(column) <= high)


def _no_coordinates(cut: list[tuple[Dialect, list[Row]]]) -> TrackError:
    _, rows = max(cut, key=lambda item: len(item[1][0]) if item[1] else 0)
    cells = [cell.strip()[:20] for cell in (rows[0] if rows else []) if cell.strip()][:12]
    return TrackError(
        f"表格里找不到经纬度列(第一行:{'、'.join(cells)});请保留表头,并把两列命名为“经度”“纬度”",
        f"no columns of the table are longitude and latitude (first row: {', '.join(cells)}): keep "
        "the header and name the two columns 'longitude' and 'latitude'",
        code="no_coordinates",
    )
