"""The pages about satellite targets and licences."""

from __future__ import annotations

from flask import Blueprint, render_template

from geoinspect.cases.records import STATE_WORDS
from webmap.auth import current_person
from webmap.language import in_words
from webmap.office import office
from webmap.scope import scope_of
from webmap.target_words import licence_words, target_words
from webmap.words import script_words

source_pages = Blueprint("source_pages", __name__)
_LEADERS = ("analyst", "commander", "admin")


@source_pages.get("/targets")
def targets_page() -> str:
    """Show the target lists, and one of them matched with the local dossiers."""
    settings = office().workspace.settings
    page = _page() | {"tolerance_m": settings.target_tolerance_m}
    return render_template("targets.html", page=page)


@source_pages.get("/licences")
def licences_page() -> str:
    """Show the licensed parcels, and what patches say of each."""
    return render_template("licences.html", page=_page())


def _page() -> dict[str, object]:
    person = current_person()
    states = {f"state_{state}": in_words(text) for state, text in STATE_WORDS.items()}
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    return {
        "words": {**script_words(), **states, **target_words(), **licence_words()},
        "may_open": person.role in _LEADERS,
        "units": list(units.items()),
    }
