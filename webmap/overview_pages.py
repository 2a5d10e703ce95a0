"""The commander's page: seven figures, a map, a ranking and two weeks of days."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webmap.case_words import case_words
from webmap.map_words import open_states
from webmap.office import office
from webmap.overview_words import overview_words
from webmap.pages import base_zooms
from webmap.words import script_words

overview_pages = Blueprint("overview_pages", __name__)


@overview_pages.get("/overview")
def overview_page() -> str:
    """Show the situation; ``?wall=1`` is for a screen that nobody touches."""
    page = {
        "words": {**script_words(), **case_words(), **overview_words()},
        "base": base_zooms(),
        "open_states": open_states(),
    }
    return render_template(
        "overview.html",
        page=page,
        shell=office().shell,
        wall=request.args.get("wall") == "1",
    )
