"""A draw of cells for those who walk them again: CSV and GPX 1.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geoinspect.errors import UsageError
from geoinspect.report.gap_files import gpx_place
from geoinspect.report.plain_text import csv_bytes, xml_text

SUFFIXES = (".csv", ".gpx")
_COLUMNS = (
    *(
        "cell 网格",
        "unit 抽查单位",
        "cleared_by 原查单位",
        "lon 经度",
        "lat 纬度",
        "pod",
        "risk 风险",
    ),
    *("checked 已抽查", "first_only 仅原查发现", "second_only 仅抽查发现", "both 双方发现"),
)


def check_file(suffix: str, check: Mapping[str, Any]) -> bytes:
    """Return a draw (its JSON form) as the bytes of a file, ``.csv`` or ``.gpx``.

    Raises:
        UsageError: The suffix is another.
    """
    cells: Sequence[Mapping[str, Any]] = check["cells"]
    if suffix.lower() == ".csv":
        return csv_bytes(_COLUMNS, [_row(cell) for cell in cells])
    if suffix.lower() == ".gpx":
        return _gpx(cells).encode()
    raise UsageError(
        f"抽查只能写成 {'、'.join(SUFFIXES)},得到“{suffix[:20]}”",
        f"a draw is written as {', '.join(SUFFIXES)}, got {suffix[:20]!r}",
        code="bad_output",
    )


def _row(cell: Mapping[str, Any]) -> tuple[object, ...]:
    found = cell["found"] or {}
    return (
        *(cell["cell"], cell["unit"], cell["cleared_by"], cell["lon"], cell["lat"]),
        *(cell["pod"], cell["risk"], cell["checked"]),
        *(found.get(key) for key in ("first_only", "second_only", "both")),
    )


def _gpx(cells: Sequence[Mapping[str, Any]]) -> str:
    points = "".join(
        f"<wpt {gpx_place(cell['lon'], cell['lat'])}><name>{xml_text(cell['cell'])}</name>"
        f"<desc>{xml_text(str(cell['unit']))} ← {xml_text(str(cell['cleared_by'] or '—'))}</desc>"
        "<type>cross-check</type></wpt>\n"
        for cell in cells
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"{points}</gpx>\n"
    )
