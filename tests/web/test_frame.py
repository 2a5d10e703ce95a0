"""The frame: what each role can reach by links, the theme, and the search of one's own records."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import PASSWORD, ROOT, Visitor
from flask import Flask

from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap.access_rows import ROWS

ROLES = ("field", "analyst", "commander", "auditor", "admin")
EAST = "U990100001"
# What a page's script leads to, with the question that the page shows at that moment.
BY_SCRIPTS = {"/map/print": "map_tools.js"}


class _Links(HTMLParser):
    """The addresses of a page's links, outside of its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and (given.get("href") or "").startswith("/"):
            self.found.add((given["href"] or "").split("?")[0].split("#")[0])


@pytest.fixture(scope="module")
def who(app: Flask, workspace_folder: Path) -> Callable[[str, str | None], Visitor]:
    """A way to sign in as one of the five roles, of a unit or of none."""
    made: dict[tuple[str, str | None], Visitor] = {}

    def sign_in(role: str, unit: str | None = None) -> Visitor:
        if (role, unit) not in made:
            name = f"框架-{role}-{unit or '全部'}"
            with (
                Workspace.open(workspace_folder) as workspace,
                workspace.database.writing() as session,
            ):
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
            visitor = Visitor(app.test_client())
            assert visitor.sign_in(name).status_code == 302
            made[role, unit] = visitor
        return made[role, unit]

    return sign_in


def links(html: str) -> set[str]:
    parser = _Links()
    parser.feed(html)
    return parser.found


def framed(html: str) -> set[str]:
    """The links of the rail and the tabs."""
    return links("".join(re.findall(r'<nav class="(?:rail|tabs)".*?</nav>', html, re.S)))


def plain_pages(app: Flask, role: str) -> set[str]:
    """The addresses without arguments that answer this role with a page for people."""
    found = set()
    for rule in app.url_map.iter_rules():
        row = ROWS.get(rule.endpoint)
        machine = rule.rule.startswith(("/api/", "/tiles/", "/static/"))
        read = "GET" in (rule.methods or set())
        if row and role in row.roles and read and not rule.arguments and not machine:
            found.add(rule.rule)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_reached_by_links_and_no_door_is_closed(app, who, role) -> None:
    visitor = who(role)
    pages: dict[str, str] = {}
    for page in sorted(plain_pages(app, role) - {"/", *BY_SCRIPTS}):
        answer = visitor.client.get(page)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            pages[page] = answer.get_data(as_text=True)
        answer.close()
    known, waiting = {"/map"}, ["/map"]
    while waiting:
        for link in links(pages[waiting.pop()]) & pages.keys() - known:
            known.add(link)
            waiting.append(link)
    assert pages.keys() - known == set()
    for page, html in pages.items():
        assert framed(html) <= pages.keys(), page


def test_what_a_script_leads_to_is_in_it() -> None:
    for path, script in BY_SCRIPTS.items():
        source = (ROOT / "webmap" / "static" / "js" / script).read_text("utf-8")
        assert f"`{path}" in source


def test_a_field_person_has_the_four_words_of_a_phone_first(who) -> None:
    html = who("field").client.get("/today").get_data(as_text=True)
    rail = re.search(r'<nav class="rail".*?</nav>', html, re.S)
    assert rail is not None
    words = re.findall(r"<span>(.*?)</span>", rail[0])
    assert words[:3] == ["今日", "上传", "地图"]
    assert rail[0].count('aria-current="page"') == 1
    # What a phone's foot does not show stands in the person's menu.
    menu = html.split('class="menu-body"', 1)[1].split("</details>", 1)[0]
    hidden = re.findall(r'href="([^"]+)" class="wide-only"', rail[0])
    assert hidden
    for path in hidden:
        assert f'class="on-phones" href="{path}"' in menu


def test_the_start_is_where_the_work_is(who) -> None:
    assert who("field").client.get("/").headers["Location"] == "/today"
    assert who("analyst").client.get("/").headers["Location"] == "/review"


def test_a_theme_is_there_before_the_first_paint(visitor: Visitor) -> None:
    html = visitor.client.get("/upload").get_data(as_text=True)
    assert "data-theme=" not in html.split(">", 2)[1]
    answer = visitor.client.get("/upload?theme=dark")
    assert '<html lang="zh-CN" data-theme="dark">' in answer.get_data(as_text=True)
    cookie = answer.headers["Set-Cookie"]
    assert "theme=dark" in cookie
    assert "SameSite=Lax" in cookie
    assert 'data-theme="dark"' in visitor.client.get("/tracks").get_data(as_text=True)
    visitor.client.get("/tracks?theme=<script>")
    assert 'data-theme="dark"' in visitor.client.get("/tracks").get_data(as_text=True)
    visitor.client.get("/tracks?theme=system")
    page = visitor.client.get("/tracks").get_data(as_text=True)
    assert '<html lang="zh-CN">' in page


def found(visitor: Visitor, q: str) -> dict[str, list[dict[str, object]]]:
    kinds: dict[str, list[dict[str, object]]] = {}
    for hit in visitor.json("search", q=q)["hits"]:
        kinds.setdefault(hit["kind"], []).append(hit)
    return kinds


def test_what_is_found_can_be_opened(visitor: Visitor) -> None:
    for q in ("东", "990100001", "1", "1", "a", "%", "_", "'", "#1"):
        for hits in found(visitor, q).values():
            for hit in hits:
                assert visitor.client.get(str(hit["path"])).status_code == 200, hit
    area = found(visitor, "东镇")["area"][0]
    assert (area["id"], area["path"]) == ("990100001", "/map#area=990100001")
    assert found(visitor, "1")["track"][0]["id"] == 1
    assert found(visitor, "#1")["patch"][0]["id"] == 1
    assert "patch" not in found(visitor, "东镇")


def test_marks_of_the_database_are_plain_text(visitor: Visitor) -> None:
    assert found(visitor, "%") == {}
    assert "track" not in found(visitor, "_")


@pytest.mark.parametrize("q", ["", "   ", "x" * 101, "a\0b", "a\nb"])
def test_a_search_for_nothing_is_a_wrong_question(visitor: Visitor, q: str) -> None:
    answer = visitor.client.get("/api/v1/search", query_string={"q": q})
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_search"


def test_only_ones_own_is_found(who) -> None:
    everything, east = who("analyst"), who("commander", EAST)
    assert {hit["id"] for hit in found(everything, "西乡")["area"]} >= {"990100002"}
    own = {str(hit["id"]) for hit in found(east, "镇").get("area", ())}
    assert "990100001" in own
    assert "990100002" not in {str(hit["id"]) for hit in found(east, "乡").get("area", ())}
    for number in range(1, 12):
        for visitor in (everything, east):
            kinds = found(visitor, str(number))
            for kind, address in (("track", "tracks"), ("patch", "patches")):
                hits = {hit["id"] for hit in kinds.get(kind, ())}
                opens = visitor.client.get(f"/api/v1/{address}/{number}").status_code == 200
                assert (number in hits) == opens, (kind, number)
