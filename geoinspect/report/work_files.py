"""Work lists as a workbook: one sheet a list, and one that says what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geoinspect.records import MU_M2

Json: TypeAlias = Mapping[str, Any]
Value: TypeAlias = str | float | int | None

_HEAD = Font(bold=True)
_WRAP = Alignment(wrap_text=True, vertical="top")
_WIDTHS = {"@": 22, "wide": 44}
_NARROW = 12
_WHOLE, _MU, _SHARE = "#,##0", "#,##0.0", "0.0%"

_TASKS = (
    *(("任务\ntask", "@"), ("编号\nnumber", "@"), ("内容\nwhat", "wide"), ("现状\nstate", "@")),
    *(
        ("单位\nunit", "@"),
        ("辖区\narea", "@"),
        ("期限\ndue", "@"),
        ("超期(天)\ndays overdue", _WHOLE),
    ),
    *(("经度\nlongitude", "0.000000"), ("纬度\nlatitude", "0.000000"), ("面积(亩)\narea, mu", _MU)),
)
_PROBLEMS = (
    *(("问题\nproblem", "@"), ("编号\nnumber", "@"), ("内容\nwhat", "wide"), ("现状\nstate", "@")),
    *(("单位\nunit", "@"), ("辖区\narea", "@"), ("自\nsince", "@"), ("天数\ndays", _WHOLE)),
    ("说明\nwhy", "wide"),
)
_DUTIES = (
    *(("代码\ncode", "@"), ("辖区\narea", "@"), ("级别\nlevel", "@"), ("责任单位\nunit", "@")),
    *(("面积(亩)\narea, mu", _MU), ("未查看\nunseen, share of area", _SHARE)),
    *(("未结线索\nopen cases", _WHOLE), ("其中超期\noverdue", _WHOLE)),
    *(("已确认未铲除\nconfirmed, standing", _WHOLE), ("重点部位\nsites", _WHOLE)),
    *(("其中超期未走访\nsites overdue", _WHOLE), ("合法种植地块\nlicensed parcels", _WHOLE)),
)


def write_work_book(path: Path, told: Json, *, simulated: bool) -> None:
    """Write work lists as XLSX. Text from outside stays text; numbers are numbers.

    Args:
        path: Of the file.
        told: Of ``casework.work.work_of``.
        simulated: Whether the workspace holds simulated data.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "任务清单 tasks"
    words = told["words"]
    _table(sheet, _TASKS, [_task(row, words["task"]) for row in told["tasks"]["rows"]])
    _table(
        book.create_sheet("问题清单 problems"),
        _PROBLEMS,
        [_problem(row, words["trouble"]) for row in told["problems"]["rows"]],
    )
    _table(
        book.create_sheet("责任清单 duties"),
        _DUTIES,
        [_duty(row) for row in told["duties"]["rows"]],
    )
    _notes(book.create_sheet("说明 notes"), told, simulated=simulated)
    book.save(path)


def _task(row: Json, words: Json) -> Sequence[Value]:
    lon, lat = row["place"] or (None, None)
    m2 = row.get("area_m2")
    return (
        *(_both(words[row["task"]]), row["name"], row["what"], row["state"], row["unit"]),
        *(row["area"], row["deadline"], row["overdue_days"], lon, lat),
        None if m2 is None else m2 / MU_M2,
    )


def _problem(row: Json, words: Json) -> Sequence[Value]:
    why = row["why"]
    return (
        *(_both(words[row["trouble"]]), row["name"], row["what"], row["state"], row["unit"]),
        *(row["area"], row["since"], row["days"], None if why is None else _both(why)),
    )


def _duty(row: Json) -> Sequence[Value]:
    return (
        *(row["code"], row["name"], row["level"], row["unit"], row["area_m2"] / MU_M2),
        *(row["unseen_share"], row["open"], row["overdue"], row["standing"], row["sites"]),
        *(row["sites_due"], row["parcels"]),
    )


def _notes(sheet: Worksheet, told: Json, *, simulated: bool) -> None:
    rows = [*_said(told), *_counts("任务 task", told["tasks"], told["words"]["task"])]
    rows += _counts("问题 problem", told["problems"], told["words"]["trouble"])
    if simulated:
        rows.append(("数据 data", "模拟数据 SIMULATED"))
    _table(sheet, (("项目\nitem", "wide"), ("值\nvalue", "wide")), rows)


def _said(told: Json) -> Iterable[tuple[Value, Value]]:
    unit, area = told["unit"], told["area"]
    yield "单位 unit", "全部 all" if unit is None else f"{unit['name']} ({unit['code']})"
    yield "含下级单位 units counted", told["units"]
    yield "辖区 area", "全部 all" if area is None else f"{area['name']} ({area['code']})"
    yield "日期 day (北京 Beijing)", told["as_of"]
    yield "行动(空白)campaign of the gaps", told["campaign"]
    yield "覆盖数据截至 coverage data until", told["data_until"]
    of = told["tasks"]["of"]
    yield "未结线索 open cases", of["cases"]
    yield "重点部位 sites", of["sites"]
    yield "空白 gaps", of["gaps"]
    if told["problems"]["tips_counted"]:
        yield "举报处理时限(天)days a tip may wait", told["problems"]["tip_days"]
    else:
        yield "举报 tips", "未列入(权限)not listed: not for this role"


def _counts(name: str, listed: Json, words: Json) -> Iterable[tuple[Value, Value]]:
    for key, count in sorted(listed["counts"].items()):
        yield f"{name}: {_both(words[key])}", count
    shown = len(listed["rows"])
    if shown < listed["total"]:
        yield f"{name}: 列出 listed", f"{shown} / {listed['total']}"


def _both(words: Json) -> str:
    return f"{words['zh']} {words['en']}"


def _table(
    sheet: Worksheet, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Value]]
) -> None:
    for k, (heading, style) in enumerate(columns, start=1):
        cell = sheet.cell(1, k)
        _put(cell, heading, "@")
        cell.font, cell.alignment = _HEAD, _WRAP
        sheet.column_dimensions[get_column_letter(k)].width = _WIDTHS.get(style, _NARROW)
    for number, row in enumerate(rows, start=2):
        for k, value in enumerate(row, start=1):
            _put(sheet.cell(number, k), value, columns[k - 1][1])
    sheet.freeze_panes = "A2"


def _put(cell: Cell, value: Value, style: str) -> None:
    """Set a value; text is text whatever it begins with, in Excel's editor too."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type = "s"
        cell.quotePrefix = True
        cell.number_format = "@"
        return
    cell.value = value
    cell.number_format = "General" if style in _WIDTHS else style
