"""Every page of the web map with an address that exists, and a browser that tells what went wrong.

Used by the command that takes pictures and by the tests that walk all pages.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, Request
from werkzeug.serving import WSGIRequestHandler, make_server

from webmap.access_rows import ROWS
from webmap.auth import PUBLIC_ENDPOINTS

CHROMIUM = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_MACHINE = ("/api/", "/tiles/", "/static/")
# Where a page's address takes a record, the list that names one, and the key of its number.
_LISTS = {
    "case_id": ("cases", "cases", "id"),
    "site_id": ("sites", "sites", "id"),
    "track_id": ("track-list", "tracks", "id"),
    "plan_id": ("plans", "plans", "id"),
    "survey_id": ("review", "surveys", "id"),
}
# Pages seen best by somebody other than the administrator.
_ROLES = {"/today": "field", "/sent": "field", "/upload": "field", "/overview": "commander"}


@dataclass(frozen=True, slots=True)
class PageAddress:
    """A page and who looks at it; ``role`` is empty for strangers."""

    name: str
    path: str
    role: str


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an app on a free port of this computer and yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sign_in(client: FlaskClient, name: str, password: str) -> None:
    """Sign a test client in."""
    html = client.get("/login").get_data(as_text=True)
    token = html.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    form = {"username": name, "password": password, "csrf_token": token}
    answer = client.post("/login", data=form)
    if answer.status_code != 302:
        raise RuntimeError(f"{name} cannot sign in: {answer.status_code}")


def records(client: FlaskClient) -> dict[str, int]:
    """Return the number of one record of every kind that there is, by the argument it fills."""
    found: dict[str, int] = {}
    for name, (address, key, number) in _LISTS.items():
        answer = client.get(f"/api/v1/{address}")
        rows = (answer.get_json() or {}).get(key) if answer.status_code == 200 else None
        if rows:
            found[name] = int(rows[0][number])
    return found


def page_addresses(
    app: Flask, clients: Mapping[str, FlaskClient]
) -> tuple[list[PageAddress], list[str]]:
    """Return all pages for people, and those that no record is there for.

    Args:
        app: The app.
        clients: One signed-in test client of every role.
    """
    known = records(clients["admin"])
    pages: list[PageAddress] = []
    without: list[str] = []
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())]
    for rule in sorted(rules, key=lambda rule: rule.rule):
        if rule.rule == "/" or rule.rule.startswith(_MACHINE):
            continue
        if not rule.arguments <= known.keys():
            without.append(rule.rule)
            continue
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **{name: known[name] for name in rule.arguments})
        role = _role_for(rule.endpoint, rule.rule)
        client = clients[role] if role else app.test_client()
        answer = client.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            name = rule.rule.strip("/").replace("/", "-").replace("<int:", "").replace(">", "")
            pages.append(PageAddress(name, path, role))
        answer.close()
    return pages, without


def _role_for(endpoint: str, rule: str) -> str:
    if endpoint in PUBLIC_ENDPOINTS:
        return ""
    roles = ROWS[endpoint].roles if endpoint in ROWS else frozenset[str]()
    wanted = _ROLES.get(rule, "admin")
    return wanted if wanted in roles else min(roles, default="admin")


@dataclass
class Watched:
    """A browser page, and what it complained of since the last look."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext, base: str) -> Watched:
        """Open a page that is watched."""
        made = cls(context.new_page(), base)
        made.page.on("console", lambda m: made._heard(m.type, m.text))
        made.page.on("pageerror", lambda error: made.problems.append(str(error)))
        made.page.on("request", made._asked)
        return made

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def open(self, path: str) -> None:
        """Open an address and wait until the page has what it asked for."""
        self.page.goto(f"{self.base}{path}")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")

    def sign_in(self, name: str, password: str) -> None:
        """Sign in through the form."""
        self.page.goto(f"{self.base}/login")
        self.page.fill("#username", name)
        self.page.fill("#password", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def told(self) -> list[str]:
        """Return what went wrong since the last look, and forget it."""
        found = [*self.problems, *(f"another host: {url}" for url in self.elsewhere)]
        self.problems.clear()
        self.elsewhere.clear()
        return found


def chromium_there() -> bool:
    """Return whether the browser is installed."""
    return Path(CHROMIUM).exists()
