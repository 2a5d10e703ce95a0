"""The commander's page in a real Chromium: figures, ranking, wall, paper, phone, one's own ground."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD
from playwright.sync_api import Browser, Page, expect
from scoped_county import CANARY, COUNTY_AREA, EAST_AREA, scoped_workspace
from test_browser import Visit, chromium

from webmap import create_app

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
SHOTS = os.environ.get("GEOINSPECT_SHOTS")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a county of two townships."""
    app = create_app(scoped_workspace(tmp_path_factory.mktemp("overview")))
    with served_app(app) as base:
        yield base


def settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_load_state("networkidle")


def arrived(
    chromium: Browser, served: str, name: str, *, width: int = 1366, language: str = "zh_CN",
    high: int = 768, theme: str = "light",
) -> Visit:  # fmt: skip
    """Somebody who has signed in and stands where that leads."""
    context = chromium.new_context(
        viewport={"width": width, "height": high}, reduced_motion="reduce"
    )
    context.set_default_timeout(40_000)
    context.add_cookies([{"name": "theme", "value": theme, "url": served}])
    person = Visit(context.new_page(), served)
    person.watch()
    page = person.page
    page.goto(f"{served}/login?language={language}")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/overview")
    settled(page)
    return person


def left(person: Visit) -> None:
    person.fine()
    person.page.context.close()


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"overview-{name}.png"), full_page=True)


def test_a_commander_lands_on_seven_figures_and_goes_down(chromium: Browser, served: str) -> None:
    person = arrived(chromium, served, "commander-county")
    page = person.page
    tiles = page.locator("#tiles .tile")
    expect(tiles).to_have_count(7)
    for tile in tiles.all():
        words = tile.inner_text()
        assert "目标" in words
        assert "数据截至" in words or "数据" in words
        assert tile.locator(".value").count() == 1, words
    # The slow one has come too: a share with its model's name on it.
    expect(page.locator('.tile[data-key="clean"] .value')).to_contain_text("%")
    shoot(page, "zh-1366")
    whole = page.locator('.tile[data-key="unseen"] .value').inner_text()
    row = page.locator(f'#rank tr[data-code="{EAST_AREA}"]')
    name = row.get_by_role("button").inner_text()
    row.get_by_role("button").click()
    expect(page.locator("#where")).to_have_text(name)
    settled(page)
    assert f"area={EAST_AREA}" in page.url
    expect(page.locator("#way a")).to_have_count(1)
    assert page.locator('.tile[data-key="unseen"] .value').inner_text() != whole
    page.go_back()
    expect(page.locator("#where")).not_to_have_text(name)
    settled(page)
    assert page.locator('.tile[data-key="unseen"] .value').inner_text() == whole
    # An address leads to the same place, and the way above it back up.
    page.goto(f"{served}/overview?area={EAST_AREA}")
    settled(page)
    expect(page.locator("#where")).to_have_text(name)
    page.locator("#way a").click()
    settled(page)
    assert f"area={COUNTY_AREA}" in page.url
    left(person)


def test_a_township_s_commander_sees_theirs_alone(chromium: Browser, served: str) -> None:
    person = arrived(chromium, served, "commander-east")
    page = person.page
    expect(page.locator("#where")).to_contain_text("东")
    assert CANARY not in page.content()
    expect(page.locator("#way a")).to_have_count(0)
    left(person)


def test_the_wall_is_all_figures(chromium: Browser, served: str) -> None:
    person = arrived(chromium, served, "commander-county", width=1920, high=1080, theme="dark")
    page = person.page
    page.goto(f"{served}/overview?wall=1")
    settled(page)
    shoot(page, "wall-1920")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("#print")).to_have_count(0)
    box = page.locator("#tiles").bounding_box()
    assert box is not None
    assert box["width"] > 1800
    assert page.evaluate("document.documentElement.scrollWidth") == 1920
    left(person)


def test_paper_holds_title_figures_and_ranking(
    chromium: Browser, served: str, tmp_path: Path
) -> None:
    person = arrived(chromium, served, "commander-county")
    page = person.page
    where = page.locator("#where").inner_text()
    names = page.locator("#rank tbody button").all_inner_texts()
    heads = page.locator("#tiles h2").all_inner_texts()
    sheet = tmp_path / "sheet.pdf"
    page.pdf(path=str(sheet), format="A4", landscape=True)
    text = subprocess.run(
        ["pdftotext", str(sheet), "-"], capture_output=True, text=True, check=True
    ).stdout
    said = re.sub(r"\s", "", text)
    for wanted in (where, *names, *heads):
        assert re.sub(r"\s", "", wanted) in said
    left(person)


def test_a_phone_needs_no_sideways_scroll(chromium: Browser, served: str) -> None:
    person = arrived(chromium, served, "commander-county", width=360, high=740, language="en")
    page = person.page
    shoot(page, "en-360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator("#tiles .tile")).to_have_count(7)
    left(person)
