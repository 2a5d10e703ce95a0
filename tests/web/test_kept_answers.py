"""What browsers and proxies may keep: nothing that the next person would see in place of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from account_builders import signed_in
from conftest import PASSWORD, ROOT
from playwright.sync_api import expect, sync_playwright
from scoped_casework import casework_workspace
from test_access_matrix import World
from test_payloads_shown import downloads
from werkzeug.test import TestResponse

from webmap import create_app
from webmap.access_rows import ROWS

sys.path.insert(0, str(ROOT / "scripts"))

import page_walk

# Who sees all, the county, one township of it, and the other one.
PLACES = ("all", "county", "east", "west")


@dataclass
class Answer:
    """An address, the role that asked, and what came."""

    role: str
    endpoint: str
    address: str
    heard: TestResponse


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, records = casework_workspace(tmp_path_factory.mktemp("kept"))
    app = create_app(folder, testing=True)
    app.config["INLINE_JOBS"] = False
    yield World(app, records)
    app.extensions["geoinspect"].workspace.close()


def asked(world: World) -> Iterator[tuple[str, str, str]]:
    """A person who may, and the address of every answer that one can read."""
    for endpoint, address, question in downloads(world):
        role = "analyst" if "analyst" in ROWS[endpoint].roles else min(ROWS[endpoint].roles)
        yield role, endpoint, f"{address}?{question}" if question else address


@pytest.fixture(scope="module")
def answers(world: World) -> list[Answer]:
    """What whoever sees all is answered everywhere, tiles as the pages name them included."""
    addresses = [*asked(world), *(("analyst", "tiles", one) for one in current(world))]
    return [
        Answer(role, endpoint, address, world.ask(f"{role}-all", "GET", address))
        for role, endpoint, address in addresses
    ]


def current(world: World) -> list[str]:
    """Addresses of tiles as the pages name them: others are kept by nobody."""
    found = []
    visitor, _token = world.sign_in("analyst-all")
    for path in ("layers/state", "layers/pod"):
        told = visitor.client.get(f"/api/v1/{path}").get_json()
        if told and "tiles" in told:
            found.append(told["tiles"])
    survey = visitor.client.get("/api/v1/surveys/1").get_json()
    found += [str(value) for value in survey.values() if "{z}" in str(value)]
    return [one.format(z=14, x=13101, y=6563) for one in found]


def test_no_proxy_keeps_what_is_a_persons(answers: list[Answer]) -> None:
    kept = set()
    for one in answers:
        endpoint, address, headers = one.endpoint, one.address, one.heard.headers
        rule = headers["Cache-Control"].replace(" ", "").split(",")
        assert "public" not in rule, address
        assert "no-store" in rule or "private" in rule, (address, rule)
        if "no-store" not in rule:
            kept.add(endpoint)
            # A browser that two people share asks anew for the second.
            assert "cookie" in headers.get("Vary", "").lower(), address
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "default-src" in headers["Content-Security-Policy"]
    assert "tiles" in kept
    assert kept >= {"api.chip", "api.evidence_thumb", "api.site_photo"}


def test_a_tag_of_one_person_confirms_nothing_for_another(
    world: World, answers: list[Answer]
) -> None:
    """A browser that two people share asks the second's question with the first's tag."""
    tagged, compared, wrong = 0, 0, []
    for one in answers:
        role, address, first = one.role, one.address, one.heard
        tag = first.headers.get("ETag")
        if first.status_code != 200 or not tag:
            continue
        tagged += 1
        for place in PLACES[1:]:
            person = f"{role}-{place}"
            if place == "west" and role not in ("field", "analyst", "commander"):
                continue
            visitor, _token = world.sign_in(person)
            own = visitor.client.get(address, buffered=True)
            known = visitor.client.get(address, headers={"If-None-Match": tag}, buffered=True)
            compared += 1
            if known.status_code == 304 and own.get_data() != first.get_data():
                wrong.append(f"{address} as {person}: {own.status_code}")
    assert not wrong, "\n".join(wrong)
    assert tagged >= 6
    assert compared >= 15


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_signing_out_empties_the_browsers_cache(world: World, scheme: str) -> None:
    visitor = signed_in(world.app, "analyst-all")
    data = {"csrf_token": visitor.token("/account")}
    headers = {"Referer": f"{scheme}://localhost/account"}
    answer = visitor.client.post(
        "/logout", base_url=f"{scheme}://localhost", data=data, headers=headers
    )
    assert answer.status_code == 302
    # Browsers take it over TLS only, and complain elsewhere.
    assert answer.headers.get("Clear-Site-Data") == ('"cache"' if scheme == "https" else None)


@pytest.mark.browser
def test_going_back_after_signing_out_shows_nothing(world: World) -> None:
    pages = ["/cases", "/people", "/map", "/account"]
    with page_walk.serving(world.app) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_walk.CHROMIUM, args=list(page_walk.ARGS)
        )
        context = browser.new_context(locale="zh-CN")
        watched = page_walk.Watched.of(context, base)
        watched.sign_in("admin-all", PASSWORD)
        for path in pages:
            watched.open(path)
        page = watched.page
        expect(page.locator("body")).to_contain_text("admin-all")
        page.locator("form[action='/logout'] button").first.evaluate("one => one.click()")
        page.wait_for_url("**/login*")
        for path in reversed(pages):
            page.go_back()
            page.wait_for_url(lambda url: "/login" in url)
            expect(page.locator("body")).not_to_contain_text("admin-all")
            asked_again = page.evaluate("() => fetch('/api/v1/account').then((one) => one.status)")
            assert asked_again == 401, path
        context.close()
        browser.close()
