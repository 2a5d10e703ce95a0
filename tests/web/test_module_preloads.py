"""Pages name all modules that their scripts will import and no other, and the map asks early."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from conftest import PASSWORD, ROOT
from flask import Flask
from playwright.sync_api import Browser, Page, Request, Route, expect
from test_look_pages import NAMES, Site, chromium, opened, site
from work_season import ROLES, work_folder

sys.path.insert(0, str(ROOT / "scripts"))

import page_walk

from webmap import create_app
from webmap.script_graph import module_tags

__all__ = ["chromium", "site"]
STATIC = ROOT / "webmap" / "static"
LINK = re.compile(r'<link rel="modulepreload" href="([^"]+)">')
SCRIPT = re.compile(r'<script type="module"[^>]* src="([^"]+)"')
# The deepest trees, a page with early and one with several scripts of its own.
BROWSED = ("map", "map-print", "cases-case_id", "sent")
EARLY = ["overview", "shapes", "surveys", "zones"]
LOADED = """() => {
  const plain = new Set([...document.scripts].filter(one => one.type !== 'module').map(one => one.src));
  return performance.getEntriesByType('resource').map(one => one.name)
    .filter(name => name.endsWith('.js') && !plain.has(name));
}"""


def imports_of(script: str) -> set[str]:
    """Return what a script's lines import, as paths below ``static``; read in another way than the app does."""
    found = set()
    for line in (STATIC / script).read_text("utf-8").splitlines():
        words = line.replace("'", '"').split('"')
        if line.startswith(("import ", "export ", "} from ")) and len(words) == 3:
            told = words[0].rstrip()
            if told.endswith(" from") or told == "import":
                found.add(urljoin(f"/{script}", words[1]).lstrip("/"))
    return found


def tree_of(scripts: set[str]) -> set[str]:
    whole: set[str] = set()
    while scripts - whole:
        whole |= scripts
        scripts = scripts.union(*(imports_of(one) for one in whole))
    return whole


def named_in(html: str) -> tuple[list[str], set[str]]:
    """Return what a page's links and its module scripts name, as paths below ``static``."""
    links, scripts = (
        [re.sub(r"^/static/\w+/", "", one) for one in kind.findall(html)] for kind in (LINK, SCRIPT)
    )
    return links, set(scripts)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder, _made = work_folder(tmp_path_factory.mktemp("preloads") / "county")
    app = create_app(folder)
    yield app
    app.extensions["geoinspect"].workspace.close()


def test_every_page_names_what_its_scripts_import(office: Flask) -> None:
    clients = {role: office.test_client() for role in ROLES}
    for role, client in clients.items():
        page_walk.sign_in(client, NAMES.get(role, role), PASSWORD)
    clients[""] = office.test_client()
    seen: set[str] = set()
    for page in page_walk.page_addresses(office, clients)[0]:
        links, scripts = named_in(clients[page.role].get(page.path).get_data(as_text=True))
        assert len(links) == len(set(links)), page.path
        assert set(links) | scripts == tree_of(scripts), page.path
        seen |= scripts
    assert len(seen) > 30


def test_every_script_of_a_page_has_its_tree(office: Flask) -> None:
    templates = (ROOT / "webmap" / "templates").glob("*.html")
    names = {
        name
        for one in templates
        for name in re.findall(r"module_tags\('(\w+)'", one.read_text("utf-8"))
    }
    for name in sorted(names):
        with office.test_request_context():
            links, scripts = named_in(str(module_tags(name)))
        assert scripts == {f"js/{name}.js"}
        assert set(links) | scripts == tree_of(scripts)


def without_links(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=LINK.sub("", answer.text()))


def modules_loaded(page: Page) -> set[str]:
    return {urlsplit(one).path for one in page.evaluate(LOADED)}


@pytest.mark.browser
@pytest.mark.parametrize("name", BROWSED)
def test_a_browser_that_is_told_nothing_loads_the_same(
    chromium: Browser, site: Site, name: str
) -> None:
    address = next(one for one in site.pages if one.name == name)
    context, watched = opened(
        chromium, site, address.role, width=1366, language="zh_CN", theme="light"
    )
    watched.open(address.path)
    page = watched.page
    told = {
        urlsplit(one).path
        for one in page.evaluate(
            "() => [...document.querySelectorAll('link[rel=modulepreload], script[type=module]')]"
            ".map(one => one.href ?? one.src)"
        )
    }
    assert modules_loaded(page) == told
    assert watched.told() == []
    # A service worker would answer in the way of what is taken out here.
    bare = chromium.new_context(service_workers="block", storage_state=context.storage_state())
    page = bare.new_page()
    page.route(f"**{address.path}", without_links)
    page.goto(f"{site.base}{address.path}")
    page.wait_for_load_state("networkidle")
    assert page.locator("link[rel=modulepreload]").count() == 0
    assert modules_loaded(page) == told
    bare.close()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("place", "times"),
    [
        ("", 1),
        ("#unit=nobody", 2),
        ("#view=33.9,107.9,14&as_of=2026-05-01", 1),
        ("#campaign=9", 2),
        ("#area=nowhere", 2),
    ],
)
def test_the_map_asks_before_its_scripts_are_there(
    chromium: Browser, site: Site, place: str, times: int
) -> None:
    signed, _ = opened(chromium, site, "admin", width=1366, language="zh_CN", theme="light")
    context = chromium.new_context(service_workers="block", storage_state=signed.storage_state())
    page, held = context.new_page(), list[Route]()
    asked: list[str] = []

    def note(request: Request) -> None:
        path = urlsplit(request.url).path.removeprefix("/api/v1/")
        if path in EARLY:
            asked.append(path)
            let_go()

    def hold(route: Route) -> None:
        held.append(route)
        let_go()

    def let_go() -> None:
        """Let the script come that shows the answers, once all are asked for."""
        while held and len(asked) >= len(EARLY):
            held.pop().continue_()

    page.on("request", note)
    page.route("**/js/map.js", hold)
    page.goto(f"{site.base}/map{place}")
    expect(page.locator("#panel-body")).to_have_attribute("aria-busy", "false")
    page.wait_for_load_state("networkidle")
    assert sorted(asked[: len(EARLY)]) == EARLY
    # What the address names wrongly is asked for once more, and nothing else is.
    assert asked[len(EARLY) :] == ["overview"] * (times - 1)
    context.close()
    signed.close()
