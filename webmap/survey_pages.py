"""The pages of surveys: all of them with the searches that run, and one with its picture."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.job_words import job_words
from webmap.office import office
from webmap.pages import base_zooms
from webmap.scope import scope_of
from webmap.survey_page_words import survey_page_words
from webmap.words import script_words

survey_pages = Blueprint("survey_pages", __name__)


@survey_pages.get("/surveys")
def surveys_page() -> str:
    """Show all visible surveys; the data comes from the API."""
    return render_template("surveys.html", page={"words": _words()})


@survey_pages.get("/surveys/<int:survey_id>")
def survey_page(survey_id: int) -> str:
    """Show one survey: its picture, what was found, its searches."""
    with office().workspace.database.reading() as session:
        row = scope_of(session).survey(survey_id)
        name, bounds = row.name, (row.west, row.south, row.east, row.north)
    settings = office().workspace.settings
    page = {
        "words": _words(),
        "base": base_zooms(),
        "survey": survey_id,
        "bbox": bounds,
        "may_decide": current_person().may_decide,
        "defaults": [f"{settings.budget_per_km2:g}", f"{settings.patch_min_area_m2:g}"],
    }
    shell = office().shell
    return render_template("survey.html", page=page, name=name, shell=shell)


def _words() -> dict[str, str]:
    return script_words() | job_words() | survey_page_words()
