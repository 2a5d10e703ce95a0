"""The pages of the review queue."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.office import office
from webmap.review_words import reason_keys, review_words
from webmap.scope import scope_of
from webmap.words import script_words

review_pages = Blueprint("review_pages", __name__)


@review_pages.get("/review")
def surveys_page() -> str:
    """Show the surveys with patches to review."""
    return render_template("review.html", page=_page())


@review_pages.get("/review/<int:survey_id>")
def queue_page(survey_id: int) -> str:
    """Show one survey's patches one after the other."""
    with office().workspace.database.reading() as session:
        survey = scope_of(session).survey(survey_id)
        told = {
            "id": survey.id,
            "name": survey.name,
            "taken": survey.taken and survey.taken.isoformat().replace("+00:00", "Z"),
            "gsd_cm": round(survey.gsd_cm, 2),
        }
    page = _page() | {"survey": told, "reasons": reason_keys()}
    return render_template("review_queue.html", page=page, name=told["name"])


def _page() -> dict[str, object]:
    person = current_person()
    return {
        "words": {**script_words(), **review_words()},
        "may_decide": person.may_decide,
        "person": person.id,
        "people": office().workspace.settings.review_people,
    }
