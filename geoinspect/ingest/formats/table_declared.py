"""What a person says of the columns of a table: ``time=1,lon=2,lat=3``, counted from 1.

Said columns stand above every header, so that a table is read whose header nobody knows, or says
something wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from geoinspect.errors import TrackError, UsageError
from geoinspect.ingest.formats.table_columns import Columns, Role, header_of, read_header
from geoinspect.ingest.formats.table_layout import (
    MAX_COLUMNS,
    Layout,
    Row,
    dialects,
    find_layout,
)
from geoinspect.ingest.formats.table_rows import Dialect, split_rows, table_lines
from geoinspect.ingest.formats.table_values import is_coordinate
from geoinspect.ingest.formats.text import find_encoding

# What may be said, and the header that stands for it.
MEANINGS: Mapping[str, str] = {
    "lon": "longitude",
    "lat": "latitude",
    "time": "time",
    "date": "date",
    "clock": "time",
    "track": "trackid",
}
_PART = re.compile(r"([a-z]+)=([1-9]\d{0,3})")
_TIMES = ("time", "date", "clock")
_PLACES = (Role.EAST, Role.NORTH, Role.X, Role.Y, Role.BOTH, Role.EAST_SIDE, Role.NORTH_SIDE)
# Above the data there may be a title, the device, the settings.
_BEGINS_WITHIN = 60
_MAX_HEADER_CHARS = 60
_SAMPLE_LINES, _SAMPLE_CHARS = 400, 200_000


def declared_columns(text: str) -> dict[str, int]:
    """Return the column of each thing that was said, counted from 0.

    Raises:
        UsageError: It is not written like that, or says no place, or one thing twice.
    """
    found: dict[str, int] = {}
    taken: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        number = 0 if match is None else int(match[2]) - 1
        if (
            match is None
            or match[1] not in MEANINGS
            or match[1] in found
            or number in taken
            or number >= MAX_COLUMNS
        ):
            raise _bad(text)
        found[match[1]] = number
        taken.add(number)
    clear = not ("time" in found and ("date" in found or "clock" in found))
    if not ("lon" in found and "lat" in found and clear):
        raise _bad(text)
    return found


def canonical(text: str) -> str:
    """Return what was said of columns as it is kept.

    Raises:
        UsageError: See :func:`declared_columns`.
    """
    said = declared_columns(text)
    return ",".join(f"{name}={said[name] + 1}" for name in MEANINGS if name in said)


def declared_layout(lines: Sequence[str], text: str) -> Layout:
    """Return the layout of a table whose columns a person named.

    Args:
        lines: The first lines of the table.
        text: What they said, see :func:`declared_columns`.

    Raises:
        TrackError: No row has numbers in the columns of the place (``columns_mismatch``).
    """
    said = declared_columns(text)
    best: Layout | None = None
    for dialect in dialects():
        rows = [row[:MAX_COLUMNS] for row in split_rows(lines, dialect, Counter())]
        layout = _laid_out(dialect, rows, said)
        if layout is not None and (best is None or len(layout.sample) > len(best.sample)):
            best = layout
    if best is None:
        raise TrackError(
            f"第 {said['lon'] + 1} 列和第 {said['lat'] + 1} 列里没有坐标数字:请核对后重新选择列",
            f"columns {said['lon'] + 1} and {said['lat'] + 1} hold no coordinates: look again and "
            "choose other columns",
            code="columns_mismatch",
        )
    return best


def layout_of(lines: Sequence[str], columns: str | None) -> Layout:
    """Return the layout of a table, as a person named its columns or as its header says.

    Raises:
        TrackError: See :func:`declared_layout` and :func:`.table_layout.find_layout`.
    """
    return find_layout(lines) if columns is None else declared_layout(lines, columns)


def head_of_table(lines: Iterator[str]) -> list[str]:
    """Return the first lines, fewer of long ones."""
    head: list[str] = []
    chars = 0
    for line in islice(lines, _SAMPLE_LINES):
        head.append(line)
        chars += len(line)
        if chars > _SAMPLE_CHARS:
            break
    return head


def first_lines(stream: BinaryIO) -> list[str]:
    """Return the first lines of a table, decoded."""
    return head_of_table(table_lines(stream, find_encoding(stream), Counter()))


def first_rows(lines: Sequence[str], most: int) -> list[Row]:
    """Return the first rows of a table as its widest cutting gives them."""
    cut = [
        list(islice(split_rows(lines, dialect, Counter()), most))
        for dialect in dialects()
        if not dialect.joins_times
    ]
    # A comma inside one cell must not win over the delimiter of every row.
    return max(cut, key=lambda rows: sorted(map(len, rows))[len(rows) // 2] if rows else 0)


def _laid_out(dialect: Dialect, rows: list[Row], said: Mapping[str, int]) -> Layout | None:
    """Return the layout under one way of cutting; None where no row has a place."""

    def placed(row: Row) -> bool:
        return all(said[n] < len(row) and is_coordinate(row[said[n]]) for n in ("lon", "lat"))

    begin = next((n for n, row in enumerate(rows[:_BEGINS_WITHIN]) if placed(row)), None)
    if begin is None:
        return None
    width = max(len(row) for row in rows[begin:])
    above = rows[begin - 1] if begin else []
    header = above if len(above) > max(said["lon"], said["lat"]) else []
    data = tuple(row for row in rows[begin:] if placed(row))
    before = tuple(rows[: begin - 1] if header else rows[:begin])
    columns = _columns([*header, *[""] * (width - len(header))], said)
    return Layout(dialect, columns, header, before, begin, data)


def _columns(header: Row, said: Mapping[str, int]) -> Columns:
    """Return what the columns hold: what was said, and what else the header says."""
    known = read_header(header)
    other_places = {n for role in _PLACES for n in known.roles.get(role, ())}
    names = list(header)
    for number in range(len(names)):
        if number in other_places or (said.keys() & set(_TIMES) and _says_time(names[number])):
            names[number] = ""
    for name, number in said.items():
        unit = header_of(header[number]).unit if number < len(header) else ""
        names += [""] * (number + 1 - len(names))
        # The unit and the zone that the header names hold as before.
        names[number] = MEANINGS[name] + (f"({unit})" if unit else "")
    columns = read_header(names)
    # What the file calls a column may name its datum or its zone.
    headers = tuple(
        replace(one, text=f"{one.text} {header[n].strip().lower()}"[:_MAX_HEADER_CHARS])
        if n < len(header) and one.word
        else one
        for n, one in enumerate(columns.headers)
    )
    return replace(columns, headers=headers, east=said["lon"], north=said["lat"], both=None)


def _says_time(cell: str) -> bool:
    text = cell.lower()
    return any(word in text for word in ("time", "date", "时间", "日期", "时刻"))


def _bad(text: str) -> UsageError:
    return UsageError(
        f"列的说明“{text[:80]}”无法识别:应写成 lon=2,lat=3,time=1(从 1 数起,每列一次)",
        f"can't read the columns {text[:80]!r}: write lon=2,lat=3,time=1, counted from 1, each "
        "column once",
        code="bad_columns",
    )
