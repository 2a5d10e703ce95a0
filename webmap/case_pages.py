"""The pages about cases."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webmap.auth import current_person
from webmap.case_words import case_words
from webmap.evidence_words import evidence_words
from webmap.office import office
from webmap.pages import base_zooms
from webmap.scope import scope_of
from webmap.scope_cases import case_scope
from webmap.words import script_words

case_pages = Blueprint("case_pages", __name__)


@case_pages.get("/cases")
def cases_page() -> str:
    """Show the list of cases, and the form that opens one by hand."""
    page = _page() | {"area": _asked_area()}
    return render_template("cases.html", page=page)


@case_pages.get("/cases/<int:case_id>")
def case_page(case_id: int) -> str:
    """Show one case; its data comes from the API."""
    with office().workspace.database.reading() as session:
        row = case_scope(session).case(case_id)
        number, title = row.number, row.title
    page = _page() | {"case": case_id, "base": base_zooms()}
    return render_template(
        "case.html",
        page=page,
        shell=office().shell,
        number=number,
        title=title,
        case_id=case_id,
    )


def _asked_area() -> list[str] | None:
    """Return code and name of the area in the address; None without one."""
    code = request.args.get("area")
    if not code:
        return None
    with office().workspace.database.reading() as session:
        names = {row.code: row.name for row in scope_of(session).area_tree()}
    # The API says that there is no such area.
    return [code, names.get(code, code)]


def _page() -> dict[str, object]:
    person = current_person()
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    return {
        "words": {**script_words(), **case_words(), **evidence_words()},
        "person": person.id,
        "role": person.role,
        "units": list(units.items()),
        "evidence_max_mb": office().workspace.settings.evidence_max_mb,
    }
