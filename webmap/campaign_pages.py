"""The page of campaigns."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template
from flask_babel import gettext as _

from webmap.access_rows import LEAD
from webmap.admin_words import admin_words
from webmap.api.campaigns import campaigns_told
from webmap.auth import current_person
from webmap.campaign_words import campaign_words
from webmap.language import day_in_words, language
from webmap.office import office
from webmap.scope import scope_of
from webmap.words import script_words

campaign_pages = Blueprint("campaign_pages", __name__)
_USUAL_CELL_M = 100


@campaign_pages.get("/campaigns")
def campaigns_page() -> str:
    """Show campaigns; those who lead make and close them here."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        rows = [
            {
                **told,
                **{end: day_in_words(date.fromisoformat(told[end])) for end in ("start", "end")},
            }
            for told in campaigns_told(scope)
        ]
        areas = [
            (row.code, row.name) for row in scope.area_tree() if scope.territory.has_area(row.code)
        ]
    return render_template(
        "campaigns.html",
        rows=rows,
        areas=areas,
        usual_cell_m=_USUAL_CELL_M,
        states={"planned": _("not begun"), "running": _("running"), "over": _("has ended")},
        page={
            "words": {"language": language(), **script_words(), **admin_words(), **campaign_words()}
        },
        may_lead=current_person().role in LEAD,
    )
