"""Satellite targets, licences and cases from patches in a real Chromium, as a person goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from case_builders import SOUTH, STEP, WEST
from conftest import build_workspace
from map_signs import click_sign
from playwright.sync_api import Page, expect
from source_builders import add_licence, detect, square, target_table
from test_browser import PHONE, WIDE, Visit, chromium
from test_case_sources_api import Office
from test_review_api import review_workspace
from test_review_browser import FIRST, go, serving, start

__all__ = ["chromium", "start"]
pytestmark = pytest.mark.browser
SAID = {
    "zh_CN": ("此前已导入", "新立 2 条线索", "超过许可", "立线索"),
    "en": ("imported before", "2 cases opened", "more than the", "Open a case"),
}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def county_port(tmp_path: Path) -> Iterator[int]:
    """A server over the county with patches and a licence."""
    made = Office(tmp_path / "w")
    with made.workspace as workspace:
        outside = shapely.box(WEST + STEP, SOUTH, WEST + STEP + 1e-4, SOUTH + 1e-4)
        add_licence(workspace, outside, last=None, number=None)
        detect(workspace, made.survey, [square(0, 0), square(300, 0)])
    with serving(made.folder) as port:
        yield port


def imported(page: Page, path: Path) -> None:
    summary = page.locator("#import > summary")
    if not page.locator("#import-form").is_visible():
        summary.click()
    page.set_input_files("#import-form input[type=file]", path)
    page.click("#import-form button[type=submit]")


def fits(page: Page) -> None:
    """Nothing makes the page itself scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_list_is_imported_matched_and_made_cases_of(
    county_port: int, start, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    person: Visit = start(county_port, size)
    page = go(person, "targets", language, "analyst")
    again, opened, _, _ = SAID[language]
    rows = [("T1", square(0, 0)), (HOSTILE, square(500, 0)), ("T3", square(800, 0))]
    path = target_table(tmp_path / "靶标.csv", rows)
    imported(page, path)
    expect(page.locator("#target-rate b")).to_have_text("0.0 %")
    expect(page.locator("#dossier-rate b")).to_have_text("–")
    expect(page.locator("[data-target]")).to_have_count(3)
    assert HOSTILE in page.locator("#result").inner_text()
    imported(page, path)
    expect(page.locator("#told")).to_contain_text(again)
    expect(page.locator("[data-list]")).to_have_count(1)
    for box in page.locator("[data-target] input").all()[:2]:
        box.check()
    page.click("#open-chosen")
    expect(page.locator("#told")).to_contain_text(opened)
    expect(page.locator("[data-target] a")).to_have_count(2)
    expect(page.locator("[data-target] input")).to_have_count(1)
    fits(page)
    page.screenshot(path=tmp_path / "targets.png", full_page=True)
    page.locator("[data-target] a").first.click()
    page.wait_for_url("**/cases/*")
    person.fine()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_licences_say_what_is_odd(county_port: int, start, language: str, tmp_path: Path) -> None:
    for size in (WIDE, PHONE):
        person: Visit = start(county_port, size)
        page = go(person, "licences", language, "admin")
        expect(page.locator("[data-zone]")).to_have_count(2)
        expect(page.locator(".odd").first).to_contain_text(SAID[language][2])
        fits(page)
        page.screenshot(path=tmp_path / f"licences-{size[0]}.png", full_page=True)
        person.fine()


def test_who_only_reads_gets_no_buttons(county_port: int, start, tmp_path: Path) -> None:
    boss: Visit = start(county_port)
    page = go(boss, "targets", "zh_CN", "commander")
    imported(page, target_table(tmp_path / "t.csv", [("T1", square(0, 0))]))
    expect(page.locator("[data-target] input")).to_have_count(1)
    reader: Visit = start(county_port)
    page = go(reader, "targets", "zh_CN", "auditor")
    expect(page.locator("[data-target]")).to_have_count(1)
    expect(page.locator("#import, [data-target] input, #open-chosen")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_an_answer_of_the_queue_becomes_a_case(tmp_path: Path, start, language: str) -> None:
    folder, survey, _other = review_workspace(tmp_path / "review")
    with serving(folder) as port:
        person: Visit = start(port)
        page = go(person, f"review/{survey}?patch={FIRST}", language)
        expect(page.locator("#review")).to_have_attribute("data-patch", str(FIRST))
        page.wait_for_load_state("networkidle")
        page.keyboard.press("y")
        page.locator("#labels > summary").click()
        button = page.locator(f"tr[data-patch='{FIRST}'] .case-button")
        expect(button).to_have_text(SAID[language][3])
        button.click()
        link = page.locator(f"tr[data-patch='{FIRST}'] a[data-case]")
        expect(link).to_be_visible()
        page.locator("#label-list > .case-part .case-button").click()
        expect(page.locator("#label-list > .case-part")).to_contain_text("1")
        page.screenshot(path=tmp_path / "review.png", full_page=True)
        link.click()
        page.wait_for_url("**/cases/*")
        person.fine()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_patch_on_the_map_becomes_a_case(tmp_path: Path, start, language: str) -> None:
    with serving(build_workspace(tmp_path / "county")) as port:
        person: Visit = start(port)
        page = go(person, "map", language)
        click_sign(page, "patches", 1)
        button = page.locator("#panel .case-button")
        expect(button).to_have_text(SAID[language][3])
        page.wait_for_load_state("networkidle")
        button.click()
        link = page.locator("#panel a[data-case]")
        expect(link).to_be_visible()
        again = start(port)
        page = go(again, "map", language)
        click_sign(page, "patches", 1)
        # The case stands on the same ground now, so the map asks which of the two is meant.
        page.get_by_role(
            "button", name="疑似图斑 1" if language == "zh_CN" else "Suspected patch 1"
        ).click()
        expect(page.locator("#panel a[data-case]")).to_be_visible()
        expect(page.locator("#panel .case-button")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        page.locator("#panel a[data-case]").click()
        page.wait_for_url("**/cases/*")
        person.fine()
        again.fine()
