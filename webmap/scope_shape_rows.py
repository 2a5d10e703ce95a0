"""What a list says of shapes beyond what their tiles carry; of shapes that somebody may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework.zero_yield import area_of
from geoinspect.store import shapes
from geoinspect.store.schema import PhotoRow, SurveyRow
from webmap.tiles.shapes_sheets import Kind

Json = dict[str, Any]
Numbers = Sequence[int]


def more_of(session: Session, kind: Kind, numbers: Numbers) -> dict[int, Json]:
    """Return number → what else is said of shapes of a kind that the caller may see.

    Args:
        session: Open.
        kind: Any; of some there is nothing more.
        numbers: Those of one page: each is read.
    """
    read = _READERS.get(kind)
    return {} if read is None else read(session, numbers)


def _surveys(session: Session, numbers: Numbers) -> dict[int, Json]:
    # Nothing of a survey's report, which may be megabytes.
    found = shapes.said_of(session, SurveyRow, ("gsd_cm", "valid_area_m2"), numbers)
    return {
        number: {"gsd_cm": round(gsd, 2), "valid_area_m2": round(m2, 1)}
        for number, (gsd, m2) in found.items()
    }


def _photos(session: Session, numbers: Numbers) -> dict[int, Json]:
    found = shapes.said_of(session, PhotoRow, ("name", "report"), numbers)
    return {
        number: {"name": name, "heading_deg": report.get("heading_deg")}
        for number, (name, report) in found.items()
    }


def _cases(session: Session, numbers: Numbers) -> dict[int, Json]:
    found = {}
    for row in shapes.cases_numbered(session, numbers):
        measured = area_of(row)
        m2 = None if measured is None else measured[0]
        found[row.id] = {"title": row.title, "area_m2": m2}
    return found


_READERS: Mapping[Kind, Callable[[Session, Numbers], dict[int, Json]]] = {
    Kind.SURVEYS: _surveys,
    Kind.PHOTOS: _photos,
    Kind.CASES: _cases,
}
