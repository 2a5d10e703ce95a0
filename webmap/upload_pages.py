"""The page of what a person sent, with receipts to print or save."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.case_words import case_words
from webmap.evidence_words import evidence_words
from webmap.field_words import field_words
from webmap.import_words import import_words
from webmap.upload_words import upload_words
from webmap.words import script_words

upload_pages = Blueprint("upload_pages", __name__)


@upload_pages.get("/sent")
def sent_page() -> str:
    """Show what this person sent; its data comes from the API."""
    words = script_words() | upload_words() | case_words() | evidence_words() | field_words()
    words |= import_words()
    page = {"words": words, "person": current_person().name}
    return render_template("sent.html", page=page)
