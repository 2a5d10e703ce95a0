"""What a row of a list of sites says beside its place: code, name, kind, interval, checklist …."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from geoinspect.errors import Text
from geoinspect.ingest.target_fields import day_of

MOST_QUESTIONS, MOST_QUESTION_CHARS = 50, 300
MOST_CODE_CHARS, MOST_NAME_CHARS, MOST_NOTE_CHARS = 60, 200, 2000
MOST_INTERVAL_DAYS, MOST_RADIUS_M, MOST_DWELL_S, MOST_RISK = 3650, 5000.0, 86_400.0, 1000.0


class SiteKind(StrEnum):
    """What a site is."""

    FACTORY = "factory"
    GREENHOUSE = "greenhouse"
    FARM = "farm"
    FORMER = "former"
    SAMPLING = "sampling"
    YARD = "yard"
    OTHER = "other"


KIND_WORDS: Mapping[SiteKind, Text] = {
    SiteKind.FACTORY: Text("废弃厂房", "empty factory"),
    SiteKind.GREENHOUSE: Text("大棚", "greenhouse"),
    SiteKind.FARM: Text("养殖场", "livestock farm"),
    SiteKind.FORMER: Text("历史种植点", "former growing place"),
    SiteKind.SAMPLING: Text("采样点", "sampling point"),
    SiteKind.YARD: Text("院落", "yard"),
    SiteKind.OTHER: Text("其他", "other"),
}
# Signs of a kind in a word that people wrote; the first that fits is taken.
_KIND_SIGNS: tuple[tuple[SiteKind, tuple[str, ...]], ...] = (
    (SiteKind.FORMER, ("历史种植", "历史点", "旧种植", "曾种", "former", "旧点")),
    (SiteKind.SAMPLING, ("采样", "取样", "监测点", "sampling", "sample")),
    (SiteKind.GREENHOUSE, ("大棚", "温室", "greenhouse", "polytunnel")),
    (SiteKind.FARM, ("养殖", "牧场", "猪场", "鸡场", "牛场", "羊场", "farm")),
    (SiteKind.FACTORY, ("厂", "仓库", "矿", "factory", "plant", "warehouse")),
    (SiteKind.YARD, ("院", "宅", "yard", "courtyard")),
    (SiteKind.OTHER, ("其他", "其它", "other")),
)


class SiteField(StrEnum):
    """What a column or attribute says of a site."""

    CODE = "code"
    NAME = "name"
    KIND = "kind"
    INTERVAL = "interval_days"
    RADIUS = "radius_m"
    DWELL = "dwell_s"
    UNIT = "unit"
    CHECKLIST = "checklist"
    STARTS = "starts"
    ENDS = "ends"
    RISK = "risk"
    NOTE = "note"


# Best first: where a table has several, the first is taken.
_WORDS: Mapping[SiteField, tuple[str, ...]] = {
    SiteField.CODE: (
        "code", "sitecode", "部位编号", "部位代码", "编号", "编码", "代码", "siteid", "id", "no",
    ),
    SiteField.NAME: ("name", "sitename", "部位名称", "名称", "名字", "mc", "title", "地名"),
    SiteField.KIND: ("kind", "sitekind", "部位类型", "部位类别", "类型", "类别", "type"),
    SiteField.INTERVAL: (
        "intervaldays", "interval", "days", "巡查间隔天数", "间隔天数", "走访间隔", "巡查间隔", "间隔",
        "走访周期", "巡查周期", "周期",
    ),
    SiteField.RADIUS: ("radiusm", "radius", "走访半径", "半径"),
    SiteField.DWELL: ("dwells", "dwell", "停留时间", "停留时长", "停留秒数", "停留"),
    SiteField.UNIT: ("unit", "unitcode", "单位代码", "责任单位代码", "责任单位", "单位"),
    SiteField.CHECKLIST: (
        "checklist", "questions", "检查清单", "检查项目", "检查项", "核查清单", "清单", "问题",
    ),
    SiteField.STARTS: ("starts", "start", "from", "开始日期", "起始日期", "启用日期", "开始"),
    SiteField.ENDS: ("ends", "end", "to", "until", "结束日期", "截止日期", "停用日期", "结束"),
    SiteField.RISK: ("risk", "风险倍数", "风险系数", "风险"),
    SiteField.NOTE: ("note", "notes", "remark", "remarks", "备注", "说明", "description", "描述"),
}  # fmt: skip
_UNIT_IN_BRACKETS = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]?")
_BETWEEN = re.compile(r"[\s_.\-/#*:：\"'\ufeff]+")
_PARTS = re.compile(r"[;；\n\r]+")
# Shapefiles cut the names of their columns.
_DBF_BYTES = 10
_NOTHING = frozenset({"", "-", "--", "—", "/", "无", "null", "none", "n/a"})
_SECONDS = {"分": 60.0, "分钟": 60.0, "min": 60.0, "minutes": 60.0, "小时": 3600.0, "h": 3600.0}
_METRES = {"km": 1000.0, "公里": 1000.0, "千米": 1000.0}
_NUMBER = re.compile(r"([+-]?\d{1,9}(?:\.\d{1,9})?)\s*(\D{0,8})")


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """One site as its list has it; None is not said.

    Attributes:
        row: Its row or feature in the file, from 1.
        geometry: Point or polygons, WGS84, valid.
        unit: Code of the unit that answers for it.
        checklist: Questions.
    """

    row: int
    code: str
    name: str
    geometry: BaseGeometry
    kind: SiteKind | None = None
    interval_days: int | None = None
    radius_m: float | None = None
    dwell_s: float | None = None
    unit: str | None = None
    checklist: tuple[str, ...] | None = None
    starts: date | None = None
    ends: date | None = None
    risk: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Headers:
    """Which key of a row holds each field.

    Attributes:
        factors: To the unit of the field's name, where a header names another.
    """

    keys: Mapping[SiteField, str]
    factors: Mapping[SiteField, float]

    @property
    def named(self) -> bool:
        """Whether a row can have a code."""
        return SiteField.CODE in self.keys or SiteField.NAME in self.keys


@dataclass(slots=True)
class Faults:
    """What was wrong, by code: the rows it was wrong in."""

    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, code: str, row: int) -> None:
        """Take a fault of a row."""
        self.rows.setdefault(code, []).append(row)


def headers_of(names: Sequence[str]) -> Headers:
    """Return which of the columns or attributes hold which field."""
    by_word: dict[str, str] = {}
    units: dict[str, str] = {}
    for name in names:
        inside = _UNIT_IN_BRACKETS.search(name)
        word = _word(name)
        by_word.setdefault(word, name)
        if inside is not None:
            units.setdefault(word, inside[1].strip().lower())
    keys: dict[SiteField, str] = {}
    factors: dict[SiteField, float] = {}
    for one, words in _WORDS.items():
        told = (cut for word in words for cut in _cuts(word))
        short = _word(one.value[:_DBF_BYTES])
        known = next((word for word in (*told, short) if word in by_word), None)
        if known is None:
            continue
        keys[one] = by_word[known]
        table = {SiteField.DWELL: _SECONDS, SiteField.RADIUS: _METRES}.get(one, {})
        factors[one] = table.get(units.get(known, ""), 1.0)
    return Headers(keys, factors)


def _word(name: str) -> str:
    return _BETWEEN.sub("", _UNIT_IN_BRACKETS.sub("", name)).lower()


def _cuts(word: str) -> Iterator[str]:
    """Yield a word, and what a Shapefile leaves of it in the encodings that its tables have."""
    yield word
    if not word.isascii():
        for codec in ("utf-8", "gb18030"):
            yield word.encode(codec)[:_DBF_BYTES].decode(codec, "ignore")


def kind_of(text: str) -> SiteKind | None:
    """Return the kind that a word names in either language; None for one that we don't know."""
    word = text.strip().lower()
    if word in set(SiteKind):
        return SiteKind(word)
    for kind, signs in _KIND_SIGNS:
        if any(sign in word for sign in signs):
            return kind
    return None


def questions_of(text: str) -> tuple[str, ...]:
    """Return the questions of a checklist, separated by semicolons or lines, each once."""
    parts = (" ".join(part.split()) for part in _PARTS.split(text))
    return tuple(dict.fromkeys(part for part in parts if part))


def site_of(
    row: int, values: Mapping[str, str], geometry: BaseGeometry, headers: Headers, faults: Faults
) -> SiteRecord | None:
    """Return the site of a row; None for one without a name that can be kept.

    A value that can't be read is left unsaid and told in ``faults``; the site is kept.
    """
    said = {
        one: text
        for one, key in headers.keys.items()
        if (text := values.get(key, "").strip()).lower() not in _NOTHING
    }
    code, name = said.get(SiteField.CODE, ""), said.get(SiteField.NAME, "")
    code, name = code or name, name or code
    if not _is_line(code, MOST_CODE_CHARS) or not _is_line(name, MOST_NAME_CHARS):
        faults.add("no_code", row)
        return None
    starts, ends = (_day(said, one, row, faults) for one in (SiteField.STARTS, SiteField.ENDS))
    if starts is not None and ends is not None and ends < starts:
        faults.add("bad_days", row)
        starts = ends = None
    days = _number(said, SiteField.INTERVAL, headers, 1, MOST_INTERVAL_DAYS, row, faults)
    return SiteRecord(
        row=row,
        code=code,
        name=name,
        geometry=geometry,
        kind=_kind(said, row, faults),
        interval_days=None if days is None else round(days),
        radius_m=_number(said, SiteField.RADIUS, headers, 1, MOST_RADIUS_M, row, faults),
        dwell_s=_number(said, SiteField.DWELL, headers, 0, MOST_DWELL_S, row, faults),
        unit=said.get(SiteField.UNIT),
        checklist=_checklist(said, row, faults),
        starts=starts,
        ends=ends,
        risk=_number(said, SiteField.RISK, headers, 0, MOST_RISK, row, faults),
        note=_note(said, row, faults),
    )


def _is_line(text: str, most: int) -> bool:
    return bool(text) and len(text) <= most and text.isprintable()


def _kind(said: Mapping[SiteField, str], row: int, faults: Faults) -> SiteKind | None:
    text = said.get(SiteField.KIND)
    if text is None:
        return None
    kind = kind_of(text)
    if kind is None:
        faults.add("kind_unknown", row)
        return SiteKind.OTHER
    return kind


def _number(
    said: Mapping[SiteField, str],
    one: SiteField,
    headers: Headers,
    least: float,
    most: float,
    row: int,
    faults: Faults,
) -> float | None:
    text = said.get(one)
    if text is None:
        return None
    match = _NUMBER.fullmatch(text)
    value = math.nan
    if match is not None and match[1].isascii():
        table = {SiteField.DWELL: _SECONDS, SiteField.RADIUS: _METRES}.get(one, {})
        factor = table.get(match[2].strip().lower(), headers.factors.get(one, 1.0))
        value = float(match[1]) * factor
    whole = one is not SiteField.INTERVAL or value.is_integer()
    if not least <= value <= most or not whole:
        faults.add(f"bad_{one.value}", row)
        return None
    return value


def _day(said: Mapping[SiteField, str], one: SiteField, row: int, faults: Faults) -> date | None:
    day, fault = day_of(said.get(one, ""))
    if fault is not None:
        faults.add("bad_days", row)
    return day


def _checklist(said: Mapping[SiteField, str], row: int, faults: Faults) -> tuple[str, ...] | None:
    text = said.get(SiteField.CHECKLIST)
    if text is None:
        return None
    questions = questions_of(text)
    good = all(_is_line(question, MOST_QUESTION_CHARS) for question in questions)
    if not good or len(questions) > MOST_QUESTIONS:
        faults.add("bad_checklist", row)
        return None
    return questions


def _note(said: Mapping[SiteField, str], row: int, faults: Faults) -> str | None:
    text = said.get(SiteField.NOTE)
    if text is None:
        return None
    if len(text) > MOST_NOTE_CHARS or any(not (c.isprintable() or c in "\r\n\t") for c in text):
        faults.add("bad_note", row)
        return None
    return text
