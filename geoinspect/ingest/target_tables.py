"""The rows of a target list in a text table or a workbook, with the numbers that people see.

A workbook is turned into lines of a text table, so that one reader finds header, columns, degrees,
minutes and projections in both. Formulas are text and stay text.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from geoinspect.errors import InputError, TooLargeError
from geoinspect.ingest.formats.text import find_encoding, text_chunks
from geoinspect.records import Problem

MAX_ROWS = 100_000
# A list of that many rows takes some 20 MB; a workbook of it 5 MB packed.
MAX_TEXT_BYTES = 64 << 20
MAX_BOOK_BYTES = 32 << 20
_MAX_UNPACKED_BYTES = 128 << 20
_MAX_MEMBERS, _MAX_SHEETS, _MAX_COLUMNS = 1000, 20, 200
_MAX_LINE_CHARS = 100_000
_MAX_CELL_CHARS = 2_000
# Rows of nothing between rows of something: workbooks may claim a million of them.
_MAX_BLANK_ROWS = 5_000
_LINE_END = re.compile(r"\r\n|\r|\n")
_ROOM = re.compile(r"\s+")


@dataclass(slots=True)
class Sheet:
    """One table as text.

    Attributes:
        name: Of the sheet, empty for a text file.
        lines: Number (from 1, as editors and spreadsheets count) and text of lines with something.
        lost: Numbers of lines too long to be rows.
        problems: What the sender should know of it.
    """

    name: str = ""
    lines: list[tuple[int, str]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, number: int, text: str, label: str) -> None:
        """Add a line.

        Raises:
            TooLargeError: There are more than :data:`MAX_ROWS`.
        """
        if len(self.lines) >= MAX_ROWS + 100:
            raise TooLargeError(
                f"{label}:超过 {MAX_ROWS} 行,请按县或按批次拆分",
                f"{label}: more than {MAX_ROWS} rows: split it by county or batch",
                code="too_many_rows",
            )
        if len(text) > _MAX_LINE_CHARS:
            self.lost.append(number)
        else:
            self.lines.append((number, text))


class Numbered(Iterator[str]):
    """The lines of a sheet; ``number`` is that of the line handed out last."""

    def __init__(self, lines: Sequence[tuple[int, str]]) -> None:
        self.number = 0
        self._lines = iter(lines)

    def __next__(self) -> str:
        self.number, text = next(self._lines)
        return text


def text_sheet(stream: BinaryIO, label: str) -> Sheet:
    """Return the lines of a text table: UTF-8, GBK, or what its byte order mark says.

    Raises:
        TooLargeError: More rows than any list has.
    """
    encoding = find_encoding(stream)
    sheet = Sheet()
    # A table declares no encoding: GBK is as good as any.
    if encoding.problem is not None and encoding.name != "gb18030":
        sheet.problems.append(encoding.problem)
    text = "".join(text_chunks(stream, encoding))
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if line.strip():
            sheet.add(number, line, label)
    return sheet


def is_workbook(path: Path) -> bool:
    """Return whether a zip is an XLSX workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def workbook_sheets(path: Path, label: str) -> list[Sheet]:
    """Return the sheets of an XLSX workbook as lines of comma-separated cells.

    Raises:
        InputError: It is damaged, or the library that reads workbooks is not installed.
        TooLargeError: It unpacks to more than the limit, or has more rows than any list.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise InputError(
            f"{label}:没有安装读取 Excel 的组件(openpyxl);请另存为 CSV",
            f"{label}: the part that reads workbooks (openpyxl) is not installed: save it as CSV",
            code="no_openpyxl",
        ) from error
    _check_unpacked(path, label)
    try:
        with warnings.catch_warnings():
            # It warns of styles and rules that it leaves out, which no list of targets needs.
            warnings.simplefilter("ignore")
            # Formulas come as text: what a cell once showed may be stale or made up.
            book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
            try:
                listed = [s for s in book.worksheets if s.sheet_state == "visible"][:_MAX_SHEETS]
                return [_sheet(worksheet, label) for worksheet in listed]
            finally:
                book.close()
    except InputError:
        raise
    except Exception as error:  # openpyxl lets out whatever a bent file leads to
        raise InputError(
            f"{label}:Excel 文件损坏或不完整,无法读取;请重新保存,或另存为 CSV",
            f"{label}: the workbook is damaged and can't be read: save it again, or as CSV",
            code="damaged",
        ) from error


def _check_unpacked(path: Path, label: str) -> None:
    """Check what a workbook unpacks to, by its own list, which zipfile never reads beyond."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if (
            len(members) > _MAX_MEMBERS
            or sum(member.file_size for member in members) > _MAX_UNPACKED_BYTES
        ):
            raise TooLargeError(
                f"{label}:Excel 文件解压后超过 {_MAX_UNPACKED_BYTES >> 20} MB,已停止;请只保留靶标清单后另存",
                f"{label}: the workbook unpacks to more than {_MAX_UNPACKED_BYTES >> 20} MB: keep "
                "only the list of targets and save it anew",
            )
        for member in members:
            if member.filename.endswith((".xml", ".rels")):
                with archive.open(member) as stream:
                    head = stream.read(4096).replace(b"\0", b"").upper()
                if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                    raise InputError(
                        f"{label}:Excel 文件里有不允许的实体声明",
                        f"{label}: the workbook declares entities, which is not allowed",
                        code="damaged",
                    )


def _sheet(worksheet: Any, label: str) -> Sheet:  # noqa: ANN401 - openpyxl has no types
    sheet = Sheet(_ROOM.sub(" ", str(worksheet.title))[:100])
    # The size that a sheet states may be wrong or huge.
    worksheet.reset_dimensions()
    blank = 0
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="")
    for number, values in enumerate(worksheet.iter_rows(values_only=True), start=1):
        cells = [_cell(value) for value in values[:_MAX_COLUMNS]]
        if not any(cells):
            blank += 1
            if blank > _MAX_BLANK_ROWS:
                break
            continue
        blank = 0
        out.seek(0)
        out.truncate()
        writer.writerow(cells)
        sheet.add(number, out.getvalue(), label)
    return sheet


def _cell(value: object) -> str:
    """Return a cell as text on one line; numbers with all their digits."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return _ROOM.sub(" ", str(value)[:_MAX_CELL_CHARS]).strip()
