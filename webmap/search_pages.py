"""The pages about claims, plans, checks and rates."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Blueprint, Response, render_template

from geoinspect.plan_book import printed_plan
from webmap.api.claims import LEAST_TARGET, MOST_TARGET
from webmap.api.plans import MOST_HOURS, MOST_STARTS, MOST_TEAMS
from webmap.auth import current_person
from webmap.check_words import check_words
from webmap.claim_words import claim_words
from webmap.office import office
from webmap.pages import base_zooms
from webmap.plan_words import plan_words
from webmap.rate_words import method_names, rate_words, stage_names, visibility_names
from webmap.scope import scope_of
from webmap.words import script_words

search_pages = Blueprint("search_pages", __name__)
_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)


@search_pages.get("/confidence")
def confidence_page() -> str:
    """Show how sure one may be; the numbers come from the API."""
    settings = office().workspace.settings
    page = {
        "words": {**script_words(), **rate_words(), **claim_words()},
        "may_decide": current_person().may_decide,
    }
    return render_template(
        "confidence.html",
        page=page,
        target=settings.claim_target,
        least=LEAST_TARGET,
        most=MOST_TARGET,
    )


@search_pages.get("/plans")
def plans_page() -> str:
    """Show the plans, and the map on which a new one is drawn."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    page = {**_map_page(), "most_starts": MOST_STARTS}
    return render_template(
        "plans.html",
        page=page,
        shell=office().shell,
        units=units,
        most_teams=MOST_TEAMS,
        most_hours=MOST_HOURS,
        settings=workspace.settings,
    )


@search_pages.get("/plans/<int:plan_id>")
def plan_page(plan_id: int) -> str:
    """Show one plan."""
    with office().workspace.database.reading() as session:
        name = scope_of(session).plan(plan_id).name
    page = {**_map_page(), "plan": plan_id}
    return render_template("plan.html", page=page, shell=office().shell, name=name, plan_id=plan_id)


@search_pages.get("/plans/<int:plan_id>/sheet")
def plan_sheet(plan_id: int) -> Response:
    """Show the printable sheet of a plan; nothing but its own style may run in it."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.plan(plan_id)
        snapshot = office().snapshots.get(row.campaign_id)
        html = printed_plan(workspace, session, row, snapshot, scope.drawn_ground(snapshot))
    response = Response(html, mimetype="text/html")
    marks = " ".join(_mark(style) for style in _STYLE.findall(html)) or "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {marks}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return response


@search_pages.get("/checks")
def checks_page() -> str:
    """Show the cross-checks and the seeded trials."""
    page = {
        "words": {**script_words(), **rate_words(), **check_words()},
        "may_decide": current_person().may_decide,
    }
    return render_template(
        "checks.html",
        page=page,
        methods=method_names(),
        visibilities=visibility_names(),
        stages=stage_names(),
    )


@search_pages.get("/rates")
def rates_page() -> str:
    """Show sweep widths, detection rates, risk rules and the growth calendar."""
    page = {
        "words": {**script_words(), **rate_words()},
        "may_decide": current_person().may_decide,
    }
    return render_template(
        "rates.html",
        page=page,
        methods=method_names(),
        visibilities=visibility_names(),
        stages=stage_names(),
    )


def _map_page() -> dict[str, object]:
    settings = office().workspace.settings
    return {
        "words": {**script_words(), **plan_words()},
        "base": base_zooms(),
        "covered_share": settings.covered_share,
        "cleared_pod": settings.cleared_pod,
        "may_decide": current_person().may_decide,
    }


def _mark(style: str) -> str:
    """Return the source expression that lets one inline style apply (CSP level 2)."""
    digest = hashlib.sha256(style.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
