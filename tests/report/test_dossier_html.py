"""The dossier as a page: complete, inert whatever people wrote, and asking nobody for anything."""

from __future__ import annotations

from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from dossier_builders import LONG_NOTE, NOTE, TITLE, dossier_in, no_sockets
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from geoinspect.report.dossier_body import Table, sections
from geoinspect.report.dossier_html import dossier_html
from geoinspect.report.dossier_records import Dossier, shown

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return dossier_in(tmp_path_factory.mktemp("html") / "w")


class Read(HTMLParser):
    """An independent reading of a page: its tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_words_of_people_stay_words(dossier: Dossier) -> None:
    read = Read(dossier_html(dossier))
    assert not {"script", "iframe", "object", "a", "form", "link", "base"} & set(read.tags)
    assert TITLE in read.text
    assert NOTE in read.text
    assert LONG_NOTE in read.text
    sources = [value for name, value in read.attributes if name in ("src", "href", "action")]
    assert sources
    assert all(value.startswith(("data:image/png", "data:image/jpeg")) for value in sources)
    assert [name for name, _ in read.attributes if name.startswith("on")] == []


def test_it_says_what_it_rests_on(dossier: Dossier) -> None:
    text = Read(dossier_html(dossier)).text
    assert "仅供参考,不是法律认定" in text
    for one in dossier.evidence:
        assert one.sha256 is not None
        assert one.sha256 in text
        assert one.found == "whole"
    for row in dossier.sealed:
        assert row.hash in text
    assert dossier.last_hash in text
    assert dossier.check_code in text
    for word in (
        "制表人",
        "见证人",
        "负责人",
        "线索卷宗",
        "未核对原文",
        "并案的线索",
        "填报时间早于",
    ):
        assert word in text
    assert "模拟数据" not in text
    assert "模拟数据,不是真实线索" in dossier_html(replace(dossier, simulated=True))


def test_a_licence_to_say_law_needs_confirmed_ground(dossier: Dossier) -> None:
    assert dossier.law.found is not None
    # Counted one by one at the eradication: the later step knows better.
    assert [one.row.class_ for one in dossier.law.found.reached] == ["administrative"]
    assert all(one.row.source for one in dossier.law.found.reached)


def test_no_identity_of_a_tip_is_in_it(dossier: Dossier) -> None:
    names = {field.name for field in fields(dossier.links[0])}
    assert names == {"kind", "label", "at", "by", "gone", "place"}


def test_what_was_undone_is_struck_out(dossier: Dossier) -> None:
    first = replace(dossier.happened[0], undone=True)
    page = dossier_html(replace(dossier, happened=(first, *dossier.happened[1:])))
    assert page.count('class="struck') == 1
    assert "(已撤销 undone)" in page


def test_damaged_files_are_told_loudly(dossier: Dossier) -> None:
    bad = replace(dossier.evidence[0], found="changed")
    page = dossier_html(replace(dossier, evidence=(bad, *dossier.evidence[1:])))
    assert "证据 1 的文件与入库时不符或丢失" in page
    assert "文件已被改动" in page


def test_rows_fit_their_columns(dossier: Dossier) -> None:
    for section in sections(dossier):
        for table in (block for block in section.blocks if isinstance(block, Table)):
            assert sum(table.widths) == pytest.approx(1)
            for row in table.rows:
                assert len(row) == len(table.widths) == (len(table.columns) or 2)


@given(st.text(alphabet=st.characters()))
def test_no_text_can_steer_its_reader(text: str) -> None:
    made = shown(text)
    assert not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in made)
    assert "\x00" not in made
    made.encode()
    if text.isprintable():
        assert made == text


def test_nothing_is_fetched(dossier: Dossier) -> None:
    with no_sockets() as tried:
        dossier_html(dossier)
    assert tried == []


@pytest.mark.browser
def test_a_browser_shows_it_and_asks_nobody(dossier: Dossier, tmp_path: Path) -> None:
    path = tmp_path / "dossier.html"
    path.write_text(dossier_html(dossier), "utf-8")
    asked: list[str] = []
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(path.as_uri())
        assert page.locator("h1").inner_text().startswith("线索卷宗")
        assert page.get_by_text(TITLE).count() >= 1
        pictures = page.evaluate("[...document.images].map(i => i.naturalWidth)")
        assert len(pictures) == 7
        assert min(pictures) > 100
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        browser.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
