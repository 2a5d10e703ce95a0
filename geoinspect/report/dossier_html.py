"""A dossier as one HTML file: no scripts, no requests, pictures inside, made to be printed too."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, Template

from geoinspect.records import CHINA_TIME
from geoinspect.report.dossier_body import (
    SIGN_DAY,
    SIGNERS,
    SIMULATED,
    TITLE,
    Block,
    Table,
    Words,
    sections,
)
from geoinspect.report.dossier_records import Dossier, shown

# A row with more text than this may run over to the next page.
_LONG_CHARS = 700
# Narrower pictures stand two beside each other.
_HALF_PAGE_MM = 88.0


def dossier_html(dossier: Dossier) -> str:
    """Return a dossier as a page. Words of people are values of the template, never part of it."""
    return _template().render(
        title=TITLE,
        number=dossier.number,
        # In the style sheet, where escaping is no help: digits and hyphens as we give them.
        style_number=re.sub(r"[^0-9A-Za-z-]", "", dossier.number),
        mark=SIMULATED.zh if dossier.simulated else "",
        made_by=shown(dossier.made_by),
        made_iso=dossier.made_at.astimezone(CHINA_TIME).isoformat(timespec="seconds"),
        sections=[
            {"heading": section.heading, "blocks": [_block(block) for block in section.blocks]}
            for section in sections(dossier)
        ],
        signs=SIGNERS,
        sign_day=SIGN_DAY,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    source = resources.files("geoinspect.report").joinpath("dossier.html").read_text("utf-8")
    return Environment(autoescape=True, trim_blocks=True).from_string(source)


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Words):
        return {"kind": "words", "text": block.text, "warning": block.warning}
    if isinstance(block, Table):
        return _table(block)
    data = base64.b64encode(block.data).decode("ascii")
    return {
        "kind": "picture",
        "source": f"data:image/{block.kind};base64,{data}",
        "caption": f"{shown(block.caption.zh)}\n{shown(block.caption.en)}",
        "width_mm": f"{block.width_mm:g}",
        "small": block.width_mm < _HALF_PAGE_MM,
    }


def _table(table: Table) -> dict[str, Any]:
    rows = []
    for k, row in enumerate(table.rows):
        cells = [
            {"text": text, "code": n in table.code, "head": n == 0 and not table.columns}
            for n, text in enumerate(row)
        ]
        mark = "struck" if k in table.struck else ""
        if sum(map(len, row)) > _LONG_CHARS:
            mark += " long"
        rows.append({"cells": cells, "mark": mark.strip()})
    widths = [f"{share * 100:g}" for share in table.widths]
    return {"kind": "table", "columns": table.columns, "rows": rows, "widths": widths}
