"""The pages of work lists, of a field person's day, and of the zero-yield status."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.case_words import case_words
from webmap.evidence_words import evidence_words
from webmap.field_words import field_words
from webmap.office import office
from webmap.pages import base_zooms
from webmap.scope import scope_of
from webmap.words import script_words
from webmap.work_words import standing_words, today_words, work_words

work_pages = Blueprint("work_pages", __name__)


@work_pages.get("/work")
def work_page() -> str:
    """Show the three lists of a unit."""
    page = _page(work_words())
    # Field people look after their own unit; offices look at all first.
    page["unit"] = current_person().unit_code if page["role"] == "field" else None
    return render_template("work.html", page=page)


@work_pages.get("/today")
def today_page() -> str:
    """Show a field person's day."""
    page = _page({**today_words(), **field_words()})
    page["person_name"] = current_person().name
    page["base"] = base_zooms()
    page["photo_max_mb"] = office().workspace.settings.evidence_max_mb
    return render_template("today.html", page=page)


@work_pages.get("/standing")
def standing_page() -> str:
    """Show what was confirmed and still stands, and the statement of a day for print."""
    with office().workspace.database.reading() as session:
        areas = [[row.code, row.name] for row in scope_of(session).area_tree()]
    page = _page(standing_words()) | {"areas": areas}
    return render_template("standing.html", page=page)


def _page(words: dict[str, str]) -> dict[str, object]:
    person = current_person()
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    return {
        "words": {**script_words(), **case_words(), **evidence_words(), **words},
        "person": person.id,
        "role": person.role,
        "units": list(units.items()),
    }
