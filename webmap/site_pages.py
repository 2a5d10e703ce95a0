"""The pages about sites."""

from __future__ import annotations

from flask import Blueprint, render_template

from webmap.acting import acting
from webmap.auth import current_person
from webmap.office import office
from webmap.pages import base_zooms
from webmap.scope import scope_of
from webmap.scope_sites import site_scope
from webmap.site_words import site_kinds, site_states, site_words
from webmap.words import script_words

site_pages = Blueprint("site_pages", __name__)


@site_pages.get("/sites")
def sites_page() -> str:
    """Show the list of sites; its data comes from the API."""
    page = _page()
    return render_template(
        "sites.html",
        page=page,
        kinds=site_kinds(),
        states=site_states(),
        settings=office().workspace.settings,
    )


@site_pages.get("/sites/<int:site_id>")
def site_page(site_id: int) -> str:
    """Show one site."""
    with office().workspace.database.reading() as session:
        row = site_scope(session).site(site_id)
        code, name = row.code, row.name
    page = _page() | {"site": site_id, "base": base_zooms()}
    return render_template(
        "site.html",
        page=page,
        shell=office().shell,
        code=code,
        name=name,
    )


def _page() -> dict[str, object]:
    person = acting()
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    return {
        "words": {**script_words(), **site_words()},
        "person": current_person().id,
        "role": person.role,
        "units": list(units.items()),
        "may_change": person.role in ("analyst", "admin"),
        "soon_days": office().workspace.settings.site_soon_days,
    }
