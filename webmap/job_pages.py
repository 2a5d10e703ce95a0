"""The page of the work in the background."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.auth import current_person
from webmap.job_words import job_words
from webmap.language import language

job_pages = Blueprint("job_pages", __name__)


@job_pages.get("/jobs")
def jobs_page() -> str:
    """Show jobs, how far they are, and what failed; the data comes from the API."""
    person = current_person()
    words = {"language": language(), **job_words()}
    page = {"words": words, "person": person.id, "role": person.role}
    return render_template("jobs.html", page=page)
