"""The page of what was sent and waits for a person's answer."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.import_words import import_words
from webmap.track_words import mode_names
from webmap.words import script_words

import_pages = Blueprint("import_pages", __name__)


@import_pages.get("/imports")
def imports_page() -> str:
    """Show uploads with questions; the data comes from the API."""
    page = {
        "words": script_words() | import_words(),
        "modes": mode_names(),
        "role": current_person().role,
    }
    return render_template("imports.html", page=page)
