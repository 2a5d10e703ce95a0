"""The roster: who should patrol, by person code and unit, from a table of two columns."""

from __future__ import annotations

import csv
from pathlib import Path

from geoinspect.errors import InputError
from geoinspect.files import readable


def read_roster(file: Path) -> list[tuple[str, str | None]]:
    """Return person and unit codes of a CSV file; a first row without digits is its header.

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
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    except csv.Error:
        rows = []
    if rows and not any(sign.isdigit() for sign in "".join(rows[0])):
        rows = rows[1:]
    people = [(row[0], row[1] if len(row) > 1 and row[1] else None) for row in rows]
    if not people or any(not code for code, _ in people):
        raise InputError(
            "名册每行应为“人员代码,单位代码”,人员代码不能为空",
            "each row of a roster is 'person code, unit code', and the code can't be blank",
            code="bad_roster",
        )
    return people
