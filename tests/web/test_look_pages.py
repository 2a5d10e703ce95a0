"""Every page of the app in Chromium: axe, width, words, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from conftest import PASSWORD, ROOT, USER
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from sqlalchemy import String, select
from work_season import FIELD, ROLES, work_folder

sys.path.insert(0, str(ROOT / "scripts"))

import page_walk
from page_walk import PageAddress, Watched

from geoinspect.store.schema import Base
from geoinspect.store.workspace import Workspace
from webmap import create_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PO = ROOT / "webmap" / "translations" / "zh_CN" / "LC_MESSAGES" / "messages.po"
CJK = re.compile(r"[\u3400-\u9fff]")
NAMES = {"field": FIELD, "": ""}
# Shown as the sheet of paper that will be printed, as wide as that.
SHEETS = "/map/print"
# Said in both languages on purpose.
BOTH = {"中文", "English", "语言 / Language"}
RUN_AXE = """() => axe.run(document, { resultTypes: ["violations"] }).then((found) =>
  found.violations.map((v) => `${v.impact} ${v.id}: ` + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | ")))"""
# Words of the page and of its controls, each once.
WORDS = """() => {
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.parentElement.closest("script, style, kbd, [data-record]")) found.add(node.data.trim());
  }
  for (const node of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    for (const name of ["aria-label", "title", "placeholder", "alt"]) found.add((node.getAttribute(name) ?? "").trim());
  found.add(document.title);
  return [...found].filter(Boolean);
}"""
SHAPE = """() => ({
  wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth,
  title: document.title, heads: document.querySelectorAll("h1").length,
  lang: document.documentElement.lang, mains: document.querySelectorAll("main").length,
})"""


@dataclass
class Site:
    """The served app, its pages and the names that its records hold."""

    base: str
    pages: list[PageAddress]
    without: list[str]
    names: list[str]


def texts_of(folder: Path) -> list[str]:
    """Every text that the records hold, longest first: what pages show of it is no word of ours."""
    found: set[str] = {USER}
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            columns = [c for c in table.columns if isinstance(c.type, String)]
            columns += [c for c in table.columns if c.type.__class__.__name__.endswith("JSON")]
            for column in columns:
                for (value,) in session.execute(select(column).where(column.is_not(None))):
                    text = (
                        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                    )
                    found |= {text, *re.findall(r'"([^"]*)"', text)}
    return sorted(found, key=len, reverse=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, _made = work_folder(tmp_path_factory.mktemp("look") / "county")
    app: Flask = create_app(folder)
    clients = {role: app.test_client() for role in ROLES}
    for role, client in clients.items():
        page_walk.sign_in(client, NAMES.get(role, role), PASSWORD)
    pages, without = page_walk.page_addresses(app, clients)
    with page_walk.serving(app) as base:
        yield Site(base, pages, without, texts_of(folder))
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not page_walk.chromium_there():
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_walk.CHROMIUM, args=list(page_walk.ARGS)
        )
        yield browser
        browser.close()


def opened(
    chromium: Browser, site: Site, role: str, *, width: int, language: str, theme: str
) -> tuple[BrowserContext, Watched]:
    context = chromium.new_context(
        viewport={"width": width, "height": 740 if width < 700 else 768}, reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    context.add_cookies(
        [
            {"name": "language", "value": language, "url": site.base},
            {"name": "theme", "value": theme, "url": site.base},
        ]
    )
    watched = Watched.of(context, site.base)
    if role:
        watched.sign_in(NAMES.get(role, role), PASSWORD)
        # The page after the login is cut short on the way to the first one.
        watched.page.wait_for_load_state("networkidle")
    watched.told()
    return context, watched


def test_few_pages_are_without_a_record(site: Site) -> None:
    assert len(site.pages) > 20
    assert len(site.without) <= 3, site.without


@pytest.mark.parametrize(
    ("width", "language", "theme"),
    [(1366, "zh_CN", "light"), (360, "en", "dark")],
)
def test_every_page_is_fit_to_be_used(
    chromium: Browser, site: Site, width: int, language: str, theme: str
) -> None:
    wrong: list[str] = []
    axe = AXE.read_text("utf-8")
    words = Words(language, site.names)
    roles = sorted({page.role for page in site.pages})
    for role in roles:
        context, watched = opened(chromium, site, role, width=width, language=language, theme=theme)
        for page in (page for page in site.pages if page.role == role):
            watched.open(page.path)
            wrong += [f"{page.path}: {text}" for text in faults(watched, width, language)]
            watched.page.evaluate(axe)
            wrong += [f"{page.path}: axe {text}" for text in watched.page.evaluate(RUN_AXE)]
            wrong += [f"{page.path}: {t}" for t in words.strange(watched.page.evaluate(WORDS))]
            wrong += [f"{page.path}: {text}" for text in watched.told()]
        context.close()
    assert wrong == [], "\n".join(wrong)


def faults(watched: Watched, width: int, language: str) -> list[str]:
    """What is wrong with the shape of a page."""
    shape = watched.page.evaluate(SHAPE)
    found = []
    if shape["wide"] > shape["room"] and not watched.page.url.endswith(SHEETS):
        found.append(f"{shape['wide']} px wide on {width}")
    if not shape["title"].split(" · ")[0].strip():
        found.append("no title")
    if shape["heads"] != 1 or shape["mains"] != 1:
        found.append(f"{shape['heads']} h1, {shape['mains']} main")
    if shape["lang"] != {"zh_CN": "zh-CN", "en": "en"}[language]:
        found.append(f"lang {shape['lang']}")
    return found


class Words:
    """Which texts of a page are in the other language."""

    def __init__(self, language: str, names: list[str]) -> None:
        self._english = language == "en"
        self._names = set(names)
        self._long = [name for name in names if CJK.search(name)]
        with PO.open("rb") as stream:
            entries = [(str(m.id), str(m.string)) for m in read_po(stream) if m.id]
        self._other = {zh if self._english else en for en, zh in entries if en != zh}
        self._other -= {en if self._english else zh for en, zh in entries}

    def strange(self, texts: list[str]) -> list[str]:
        """Return the texts that are not in the page's language and not from records."""
        found = []
        for text in texts:
            if text in BOTH:
                continue
            rest = text
            if self._english and CJK.search(text):
                for name in self._long:
                    rest = rest.replace(name, "")
                if CJK.search(rest):
                    found.append(f"not English: {rest[:80]}")
            elif text in self._other and text not in self._names:
                found.append(f"of the other language: {text[:80]}")
        return found
