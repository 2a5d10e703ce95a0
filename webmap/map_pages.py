"""The map on paper."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.map_words import map_states, map_words, open_states, papers
from webmap.office import office
from webmap.pages import base_zooms
from webmap.scope import scope_of
from webmap.shown_words import layer_names
from webmap.words import script_words

map_pages = Blueprint("map_pages", __name__)


@map_pages.get("/map/print")
def map_print() -> str:
    """Show a view of the map as a sheet of paper; what it shows stands in the address."""
    person = current_person()
    settings = office().workspace.settings
    with office().workspace.database.reading() as session:
        unit = scope_of(session).unit_names().get(person.unit_code or "", "")
    page = {
        "words": {**script_words(), **map_words()},
        "states": map_states(),
        "open_states": open_states(),
        "base": base_zooms(),
        "covered_share": settings.covered_share,
        "cleared_pod": settings.cleared_pod,
    }
    return render_template(
        "map_print.html",
        page=page,
        shell=office().shell,
        shown=layer_names(),
        papers=papers(),
        unit=unit,
        who=person.name,
    )
