"""The coverage report as a workbook: one sheet of areas, one that says what the figures rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geoinspect.records import MU_M2
from geoinspect.report.claims import claim_lines
from geoinspect.report.facts import ReportFacts, Row
from geoinspect.search_records import METHOD_WORDS, STAGE_WORDS

Value: TypeAlias = str | float | int | None

_WHOLE, _MU, _HA, _KM, _SHARE, _CHANCE = "#,##0", "#,##0.0", "#,##0.00", "#,##0.0", "0.0%", "0.000"
_HEAD = Font(bold=True)
_WRAP = Alignment(wrap_text=True, vertical="top")
_WIDE, _NARROW = 22, 13


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its heading with the unit, how a row gives its value, its number format."""

    heading: str
    value: Callable[[Row], Value]
    format: str = "@"


def _mu(key: str) -> Callable[[Row], Value]:
    return lambda row: row[key] / MU_M2


def _ha(key: str) -> Callable[[Row], Value]:
    return lambda row: row[key] / 1e4


def _of(key: str, whole: str) -> Callable[[Row], Value]:
    return lambda row: row[key] / row[whole] if row[whole] else None


def _plain(key: str) -> Callable[[Row], Value]:
    return lambda row: row.get(key)


_AREA_COLUMNS = (
    _Column("代码\ncode", _plain("code")),
    _Column("名称\nname", _plain("name")),
    _Column("责任单位\nunit", _plain("unit")),
    _Column("面积(亩)\narea, mu", _mu("area_m2"), _MU),
    _Column("面积(公顷)\narea, ha", _ha("area_m2"), _HA),
    _Column("未查看(亩)\nunseen, mu", _mu("unseen_m2"), _MU),
    _Column("未查看(公顷)\nunseen, ha", _ha("unseen_m2"), _HA),
    _Column("未查看占面积\nunseen, share of area", _of("unseen_m2", "area_m2"), _SHARE),
    _Column("已看地面(亩)\nground seen, mu", _mu("seen_m2"), _MU),
    _Column("已看地面(公顷)\nground seen, ha", _ha("seen_m2"), _HA),
    _Column("已看占面积\nseen, share of area", _of("seen_m2", "area_m2"), _SHARE),
    _Column("查清(亩)\ncleared, mu", _mu("cleared_m2"), _MU),
    _Column("查清(公顷)\ncleared, ha", _ha("cleared_m2"), _HA),
    _Column("网格总数(分母)\nall cells (denominator)", _plain("cells"), _WHOLE),
    _Column("未查看格\nunseen cells", _plain("unseen"), _WHOLE),
    _Column("到过格\ntouched cells", _plain("touched"), _WHOLE),
    _Column("覆盖格\ncovered cells", _plain("covered"), _WHOLE),
    _Column("查清格\ncleared cells", _plain("cleared"), _WHOLE),
    _Column("查清占网格\ncleared, share of cells", _of("cleared", "cells"), _SHARE),
    _Column(
        "仍有效的路程(公里)\nway that still counts, km", lambda row: row["length_m"] / 1000, _KM
    ),
    _Column("空白块数\ngaps", _plain("gaps"), _WHOLE),
)


def write_workbook(path: Path, facts: ReportFacts) -> None:
    """Write the report as XLSX. Text from outside stays text; numbers are numbers."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "覆盖 coverage"
    whole = {**facts.total, "gaps": facts.gap_count}
    _area_sheet(sheet, [*facts.rows, whole], whole)
    if facts.polygons:
        _area_sheet(book.create_sheet("图层 layer"), facts.polygons)
    _notes(book.create_sheet("说明 notes"), facts)
    book.save(path)


def _area_sheet(sheet: Worksheet, rows: Sequence[Row], whole: Row | None = None) -> None:
    _header(sheet, 1, [column.heading for column in _AREA_COLUMNS])
    for number, row in enumerate(rows, start=2):
        for k, column in enumerate(_AREA_COLUMNS, start=1):
            cell = sheet.cell(number, k)
            _put(cell, column.value(row), column.format)
            if row is whole:
                cell.font = _HEAD
    for k, column in enumerate(_AREA_COLUMNS, start=1):
        wide = column.format == "@"
        sheet.column_dimensions[get_column_letter(k)].width = _WIDE if wide else _NARROW
    sheet.freeze_panes = "C2"


def _notes(sheet: Worksheet, facts: ReportFacts) -> None:
    at = _block(sheet, 1, ("项目 item", "值 value"), _said(facts))
    at = _block(sheet, at + 1, _RATE_HEAD, _rates(facts), _RATE_FORMATS)
    if facts.claim is None:
        _block(sheet, at + 1, ("置信度 confidence",), [(facts.no_claim,)])
    else:
        lines = _claims(facts.claim, facts.names)
        at = _block(sheet, at + 1, _CLAIM_HEAD, lines, _CLAIM_FORMATS)
        meaning = [(facts.claim["meaning_zh"],), (facts.claim["meaning"],)]
        _block(sheet, at, ("这个数的含义 what the number is and is not",), meaning)
    for letter, width in (("A", 36), ("B", 40)):
        sheet.column_dimensions[letter].width = width
    for letter in "CDEFGHIJ":
        sheet.column_dimensions[letter].width = 16


def _said(facts: ReportFacts) -> Iterable[tuple[Value, ...]]:
    campaign = facts.campaign
    limits = facts.thresholds
    yield "行动 campaign", campaign.name
    yield "期间 period", f"{campaign.start} – {campaign.end}"
    yield "截至 as of (北京时间 Beijing time)", facts.as_of.isoformat()
    yield "数据截至 data until", "—" if facts.data_until is None else facts.data_until.isoformat()
    yield "只计入 only counting", facts.question or "全部来源 all sources"
    yield "坐标系 CRS", campaign.crs
    yield "网格边长(米)cell, m", campaign.cell_m
    yield "网格总数 cells", facts.total["cells"]
    yield "因物候过期的网格 cells whose looks no longer hold", facts.expired_cells
    yield "到过 touched", "看过的地面 > 0 ground seen > 0"
    yield "覆盖 covered", f"看过的地面 ground seen ≥ {limits.covered:.0%}"
    yield "查清 cleared", f"覆盖且探测概率 covered and POD ≥ {limits.cleared:g}"
    yield "最小图斑(平方米)smallest patch, m²", facts.smallest_patch_m2
    if facts.simulated:
        yield "数据 data", "模拟数据 SIMULATED"


_RATE_HEAD = (
    *("方式 method", "来源 source", "扫视全宽(米)sweep width, m", "检出率 detection rate"),
    *("95% 下限 low", "95% 上限 high", "计入的次数 looks counted", "通视 visibility", "物候 stage"),
)
_RATE_FORMATS = ("@", "@", "0.0", "0.00", "0.00", "0.00", _WHOLE, "@", "@")


def _rates(facts: ReportFacts) -> Iterable[tuple[Value, ...]]:
    for rate, looks in facts.rates:
        word = METHOD_WORDS[rate.method]
        yield (
            f"{word.zh} {word.en}",
            "假设 assumed" if rate.source == "assumed" else rate.source,
            rate.width_m,
            rate.rate,
            rate.low,
            rate.high,
            looks,
            None if rate.visibility is None else rate.visibility.value,
            None if rate.stage is None else str(STAGE_WORDS[rate.stage]),
        )


_CLAIM_HEAD = (
    *("辖区 area", "代码 code", "P(无种植)P(clean)", "90% 下限 low", "90% 上限 high"),
    *("网格 cells", "已查 searched", "预计漏查 expected missed", "达标还需(公里)still needed, km"),
    "还需队日 team-days",
)
_CLAIM_FORMATS = ("@", "@", *([_CHANCE] * 3), *([_WHOLE] * 2), _CHANCE, _KM, _KM)


def _claims(claim: Mapping[str, Any], names: Mapping[str, str]) -> Iterable[tuple[Value, ...]]:
    for line in claim_lines(claim, names):
        yield (
            *(line.name, line.code, line.posterior, line.low, line.high, line.cells),
            *(line.searched, line.expected_standing, line.need_km, line.need_team_days),
        )


def _block(
    sheet: Worksheet,
    at: int,
    head: Sequence[str],
    rows: Iterable[Sequence[Value]],
    formats: Sequence[str] = (),
) -> int:
    """Write a headed table from a row on; return the row after the blank one below it."""
    _header(sheet, at, head)
    for row in rows:
        at += 1
        for k, value in enumerate(row, start=1):
            style = formats[k - 1] if formats else "General"
            _put(sheet.cell(at, k), value, style)
    return at + 2


def _header(sheet: Worksheet, at: int, head: Sequence[str]) -> None:
    for k, words in enumerate(head, start=1):
        cell = sheet.cell(at, k)
        _put(cell, words, "@")
        cell.font, cell.alignment = _HEAD, _WRAP


def _put(cell: Cell, value: Value, style: str) -> None:
    """Set a value; text is text whatever it begins with, in Excel's editor too."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type = "s"
        cell.quotePrefix = True
        cell.number_format = "@"
        return
    cell.value = value
    cell.number_format = style if style != "@" else "General"
