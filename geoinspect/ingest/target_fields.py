"""What the columns of a target list say beside the place: code, area, day, note."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from geoinspect.ingest.formats.table_columns import header_of
from geoinspect.ingest.formats.table_values import bare
from geoinspect.records import MU_M2


class Field(StrEnum):
    """What a column says of a target."""

    CODE = "code"
    AREA = "area"
    DAY = "day"
    NOTE = "note"


# Best first: where a table has several, the first is taken.
_WORDS: Mapping[Field, tuple[str, ...]] = {
    Field.CODE: (
        "靶标编号", "靶标号", "靶点编号", "目标编号", "图斑编号", "图斑号", "疑似点编号", "点位编号",
        "点编号", "编号", "编码", "代码", "点号", "targetid", "targetcode", "target", "code", "id",
        "no", "number", "name", "名称", "点名", "title", "序号", "fid", "oid",
    ),
    Field.AREA: (
        "靶标面积", "图斑面积", "疑似面积", "种植面积", "面积", "area", "areasize", "shapearea",
    ),
    Field.DAY: (
        "影像日期", "成像日期", "拍摄日期", "监测日期", "发现日期", "采集日期", "日期", "影像时间",
        "成像时间", "拍摄时间", "监测时间", "发现时间", "采集时间", "时间", "imagedate",
        "acquisitiondate", "acquired", "date", "day", "time", "datetime",
    ),
    Field.NOTE: (
        "备注", "说明", "描述", "note", "notes", "remark", "remarks", "comment", "description", "desc",
        "详细地址", "地址", "地点", "位置描述", "位置", "所在地", "村", "address", "place", "location",
    ),
}  # fmt: skip
_UNITS_M2: Mapping[str, float] = {
    "亩": MU_M2, "mu": MU_M2, "m2": 1.0, "m²": 1.0, "㎡": 1.0, "平方米": 1.0, "平米": 1.0,
    "sqm": 1.0, "ha": 1e4, "hm2": 1e4, "hm²": 1e4, "公顷": 1e4, "km2": 1e6, "km²": 1e6,
    "平方公里": 1e6, "平方千米": 1e6,
}  # fmt: skip
_UNIT_AT_END = re.compile(f"(.+?)({'|'.join(sorted(_UNITS_M2, key=len, reverse=True))})")
_AREA = re.compile(r"约?\s*(\d{1,12}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?)\s*([^\d\s.,]{0,6}2?)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?(?=\D*$)")
_LARGEST_M2 = 1e10
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\D.*)?", re.DOTALL)
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:\D.*|\d{6})?", re.DOTALL)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:\D.*)?", re.DOTALL)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
# Days since 1899-12-30, as spreadsheets count (ECMA-376 part 1, 18.17.4.1): 1954 to 2119.
_SERIAL_START, _SERIAL_DAYS = date(1899, 12, 30), (20_000, 80_000)
_MAX_CHARS = 64


@dataclass(frozen=True, slots=True)
class Fields:
    """Where in a row things stand.

    Attributes:
        columns: Column of each field that the table has.
        unit_m2: Square metres of the unit that the area's header names; None when it names none.
    """

    columns: Mapping[Field, int]
    unit_m2: float | None = None

    def text(self, field: Field, row: Sequence[str]) -> str:
        """Return the cell of a field, empty without one."""
        column = self.columns.get(field)
        return row[column].strip() if column is not None and column < len(row) else ""


def fields_of(headers: Sequence[str], taken: Collection[int] = ()) -> Fields:
    """Return what the columns under these headers hold.

    Args:
        headers: The header cells.
        taken: Columns that hold places.
    """
    by_word: dict[str, int] = {}
    units: dict[int, float] = {}
    for number, cell in enumerate(headers):
        if number in taken:
            continue
        header = header_of(cell)
        word, unit = header.word, _UNITS_M2.get(header.unit)
        ended = _UNIT_AT_END.fullmatch(word)
        if ended is not None and ended[1] in _WORDS[Field.AREA]:
            word, unit = ended[1], _UNITS_M2[ended[2]]
        by_word.setdefault(word, number)
        if unit is not None:
            units[number] = unit
    columns: dict[Field, int] = {}
    for field, words in _WORDS.items():
        found = next((by_word[word] for word in words if word in by_word), None)
        if found is not None:
            columns[field] = found
    area = columns.get(Field.AREA)
    return Fields(columns, None if area is None else units.get(area))


def area_m2_of(text: str, unit_m2: float | None) -> tuple[float | None, str | None]:
    """Return an area in square metres, and what is wrong with the cell.

    Args:
        text: The cell; a unit in it goes before that of the header.
        unit_m2: Square metres of the header's unit.

    Returns:
        The area or None, and None, ``area_unreadable`` or ``area_without_unit``.
    """
    text = bare(text)
    if not text or text in {"-", "/", "无"}:
        return None, None
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    match = _AREA.fullmatch(text) if len(text) <= _MAX_CHARS else None
    if match is None:
        return None, "area_unreadable"
    unit = match[2].strip().lower()
    factor = _UNITS_M2.get(unit) if unit else unit_m2
    if factor is None:
        return None, "area_unreadable" if unit else "area_without_unit"
    area_m2 = float(match[1]) * factor
    return (area_m2, None) if 0 < area_m2 <= _LARGEST_M2 else (None, "area_unreadable")


def day_of(text: str) -> tuple[date | None, str | None]:
    """Return the day that a cell names, and what is wrong with it.

    Returns:
        The day or None, and None, ``day_unreadable`` or ``day_ambiguous`` (05/06/2026).
    """
    text = bare(text).strip()
    if not text or text in {"-", "/", "无"}:
        return None, None
    if len(text) > _MAX_CHARS:
        return None, "day_unreadable"
    serial = _SERIAL.fullmatch(text)
    if serial is not None and _SERIAL_DAYS[0] <= int(serial[1]) < _SERIAL_DAYS[1]:
        return _SERIAL_START + timedelta(days=int(serial[1])), None
    match = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is not None:
        return _day(match[1], match[2], match[3])
    late = _YEAR_LAST.fullmatch(text)
    if late is None:
        return None, "day_unreadable"
    first, second = int(late[1]), int(late[2])
    if first <= 12 and second <= 12 and first != second:
        return None, "day_ambiguous"
    month, day = (late[2], late[1]) if first > 12 else (late[1], late[2])
    return _day(late[3], month, day)


def _day(year: str, month: str, day: str) -> tuple[date | None, str | None]:
    try:
        return date(int(year), int(month), int(day)), None
    except ValueError:
        return None, "day_unreadable"
