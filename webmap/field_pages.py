"""What a phone needs to keep the pages for a day without a signal: the manifest, the service worker,
the page that stands in for one that was not kept, and a person's own page.

Source: W3C Web App Manifest; W3C Service Workers (scope, lifetime, Cache).
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, g, jsonify, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from webmap.auth import current_person
from webmap.case_words import case_words
from webmap.evidence_words import evidence_words
from webmap.field_words import field_words
from webmap.language import language
from webmap.script_graph import modules_of
from webmap.words import script_words

field_pages = Blueprint("field_pages", __name__)

TAG = "X-Offline-Tag"
_STATIC = Path(__file__).parent / "static"
# Pages that open without a signal; those of cases and sites are kept once they were fetched. The
# county's map is not among them: its layers are too many to take along, and half a map misleads.
SHELL_PAGES = ("/today", "/upload", "/sent", "/me")
_SCRIPTS = (
    "today",
    "upload",
    "upload_sent",
    "sent_questions",
    "me",
    "case",
    "site",
    "frame",
    "offline",
)
_MORE = (
    "icon.svg",
    "app-192.png",
    "vendor/tus/tus.min.js",
    "vendor/leaflet/leaflet.js",
    "vendor/leaflet/leaflet.css",
)
_TEAL, _PAPER = "#0b6e6e", "#f6f7f5"


def use_offline(app: Flask) -> None:
    """Let each answer to somebody who has signed in name the session that it belongs to, so that
    a phone never keeps the pages of two people.
    """

    @app.after_request
    def _name_the_session(response: Response) -> Response:
        if tag := offline_tag():
            response.headers[TAG] = tag
        return response

    app.jinja_env.globals["offline_tag"] = offline_tag


def offline_tag() -> str:
    """Return what names the session of this request, which is no secret; empty without one."""
    # Only what the request has found out already: static files ask for nobody.
    if "_login_user" not in g or not current_user.is_authenticated:
        return ""
    login_id = current_person().login_id
    return (
        "" if login_id is None else hashlib.sha256(f"offline {login_id}".encode()).hexdigest()[:16]
    )


@field_pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """Return what a phone needs to put the pages on its start screen."""
    icons = [
        {"src": _static("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        *(
            {
                "src": _static(f"app-{side}.png"),
                "sizes": f"{side}x{side}",
                "type": "image/png",
                "purpose": purpose,
            }
            for side in (192, 512)
            for purpose in ("any", "maskable")
        ),
    ]
    answer = jsonify(
        id="/today",
        name=_("Poppy patrol"),
        short_name=_("Poppy patrol"),
        lang="zh-CN" if language() == "zh_CN" else "en",
        start_url="/today",
        scope="/",
        display="standalone",
        orientation="any",
        theme_color=_TEAL,
        background_color=_PAPER,
        icons=icons,
    )
    answer.mimetype = "application/manifest+json"
    return answer


@field_pages.get("/service-worker.js")
def worker() -> Response:
    """Return the service worker with the addresses of this build."""
    folder = str(current_app.static_url_path)
    told = {
        "build": folder.rsplit("/", 1)[-1],
        "files": [f"{folder}/{name}" for name in _files()],
        "pages": SHELL_PAGES,
    }
    script = (_STATIC / "js" / "service_worker.js").read_text("utf-8")
    body = f"self.OFFLINE = {json.dumps(told)};\n{script}"
    headers = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return Response(body, mimetype="text/javascript", headers=headers)


@field_pages.get("/offline")
def offline_page() -> str:
    """Show what stands in for a page that was not kept; the same for all, so it names nobody."""
    return render_template("offline.html")


@field_pages.get("/me")
def me_page() -> str:
    """Show a person's week, what the phone keeps, and how to make it an app."""
    person = current_person()
    page = {
        "words": script_words() | case_words() | evidence_words() | field_words(),
        "person": person.id,
        "person_name": person.name,
    }
    return render_template("me.html", page=page)


def _static(name: str) -> str:
    return url_for("static", filename=name)


@lru_cache(maxsize=1)
def _files() -> tuple[str, ...]:
    """Return the static files that the kept pages need, all that their scripts import included."""
    scripts = modules_of(f"js/{name}.js" for name in _SCRIPTS)
    styles = sorted(f"css/{path.name}" for path in (_STATIC / "css").glob("*.css"))
    return (*_MORE, *styles, *sorted(scripts))
