"""The roster: who should patrol, by person code and unit, from a table of two columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from geoinspect.errors import InputError
from geoinspect.files import readable

# What the first column is called, in Chinese as part of a longer name.
_HEADER_ZH = re.compile("人员|代码|编号|编码|工号|姓名|名字|单位")
_HEADER_EN = frozenset(("person", "people", "code", "id", "name", "ranger", "unit"))


def read_roster(file: Path) -> list[tuple[str, str | None]]:
    """Return person and unit codes of a CSV file; a first row that names the columns is its header.

    Raises:
        InputError: It can't be read, or a row has no person code.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"无法打开名册“{readable(file)}”({error});请检查文件名和权限",
            f"cannot open the roster {readable(file)!r} ({error}): check its name and rights",
            code="unreadable",
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    try:
        cut = enumerate(csv.reader(text.splitlines()), start=1)
        rows = [(n, [cell.strip() for cell in row]) for n, row in cut if any(map(str.strip, row))]
    except csv.Error:
        rows = []
    if rows and _is_header(rows[0][1]):
        rows = rows[1:]
    if not rows:
        raise InputError(
            "名册里没有人员;每行应为“人员代码,单位代码”,请另存为 CSV 后重试",
            "nobody is on the roster: write 'person code, unit code' in each row and save it as CSV",
            code="bad_roster",
        )
    blank = next((n for n, row in rows if not row[0]), None)
    if blank is not None:
        raise InputError(
            f"名册第 {blank} 行缺少人员代码;每行应为“人员代码,单位代码”",
            f"row {blank} of the roster has no person code: each row is 'person code, unit code'",
            code="bad_roster",
        )
    return [(row[0], row[1] if len(row) > 1 and row[1] else None) for _, row in rows]


def _is_header(row: Sequence[str]) -> bool:
    """Return whether a row names its columns: by a known word, since codes may lack digits too."""
    if any(sign.isdigit() for sign in "".join(row)):
        return False
    words = re.split(r"[\W_]+", row[0].casefold())
    return _HEADER_ZH.search(row[0]) is not None or not _HEADER_EN.isdisjoint(words)
