"""A commander's day: seven figures, what changed, down to one case, the wall, and a sheet of paper."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from app_server import served_app
from map_signs import has_ink, signs
from playwright.sync_api import Browser, Page, expect
from scoped_county import EAST_AREA, EAST_PLACE, EAST_UNIT, scoped_workspace
from test_browser import Visit, chromium
from test_overview_browser import SHOTS, arrived, left, settled

from geoinspect.cases.records import Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase
from geoinspect.casework.book import open_case
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
COMMANDER, TITLE = "commander-county", "后山地块"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a county of two townships, with one case that was opened today."""
    folder = scoped_workspace(tmp_path_factory.mktemp("commander"))
    with Workspace.open(folder) as workspace:
        asked = NewCase(TITLE, Origin.SIGHTING, shapely.Point(EAST_PLACE))
        open_case(workspace, asked, Actor("analyst-east", "analyst", EAST_UNIT))
    app = create_app(folder)
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"commander-{name}.png"), full_page=True)


def read_the_figures(page: Page) -> None:
    """At most seven, each with one number, a target, a change, and the day of its data."""
    tiles = page.locator("#tiles .tile").all()
    assert len(tiles) == 7
    for tile in tiles:
        words = tile.inner_text()
        assert tile.locator(".value").count() == 1
        assert "目标" in words
        assert "数据" in words
        assert tile.locator(".change").inner_text().strip()
    expect(page.locator("#news")).to_contain_text("新立线索 1 条")


def go_down_to_the_case(page: Page) -> str:
    """Go from the county to the township, to the case in it; return the case's page."""
    county = page.locator("#where").inner_text()
    row = page.locator(f'#rank tr[data-code="{EAST_AREA}"]')
    township = row.get_by_role("button").inner_text()
    row.get_by_role("button").click()
    expect(page.locator("#where")).to_have_text(township)
    settled(page)
    assert page.locator("#way a").all_inner_texts() == [county]
    sign = page.locator(".case-sign svg").bounding_box()
    assert sign is not None
    assert sign["width"] > 10
    case = page.locator("#places tr[data-case]")
    expect(case).to_have_count(1)
    expect(case).to_contain_text(TITLE)
    picture(page, "township")
    return str(case.locator("[data-main-link]").get_attribute("href"))


def see_it_on_the_map(page: Page, number: int) -> None:
    page.locator("#places tr[data-case]").get_by_role("link", name=re.compile("在地图上")).click()
    page.wait_for_selector("#panel[aria-busy=false] #unseen", state="attached")
    page.wait_for_load_state("networkidle")
    assert number in [one["id"] for one in signs(page, "cases")]
    assert has_ink(page, "cases", number)
    picture(page, "map")


def keep_the_area_in_the_list(page: Page, served: str) -> None:
    """A figure leads to its list of the same area; a press on the chip shows all of them."""
    page.locator('.tile[data-key="overdue"] h2 a').click()
    page.wait_for_url(f"**/cases?overdue=1&area={EAST_AREA}")
    settled(page)
    expect(page.locator("#in-area")).to_contain_text("只看")
    page.locator("input[name=overdue]").uncheck()
    expect(page.locator("#list tr[data-case]")).to_have_count(1)
    page.locator("#in-area button").click()
    expect(page.locator("#in-area")).to_be_hidden()
    page.wait_for_url(f"{served}/cases")


def print_it(page: Page, sheet: Path) -> None:
    page.pdf(path=str(sheet), format="A4", landscape=True)
    if SHOTS:
        (Path(SHOTS) / "commander.pdf").write_bytes(sheet.read_bytes())
    text = subprocess.run(
        ["pdftotext", str(sheet), "-"], capture_output=True, text=True, check=True
    ).stdout
    said = re.sub(r"\s", "", text)
    where = page.locator("#where").inner_text()
    for wanted in (where, *page.locator("#tiles h2").all_inner_texts(), TITLE, "模拟数据"):
        assert re.sub(r"\s", "", wanted) in said


def test_a_whole_day_at_the_desk(chromium: Browser, served: str, tmp_path: Path) -> None:
    person = arrived(chromium, served, COMMANDER)
    page = person.page
    read_the_figures(page)
    picture(page, "desk")
    href = go_down_to_the_case(page)
    here = page.url
    number = int(href.rsplit("/", 1)[1])
    see_it_on_the_map(page, number)
    page.goto(here)
    settled(page)
    page.locator("#places [data-main-link]").click()
    page.wait_for_url(f"**{href}")
    settled(page)
    expect(page.locator("h1")).to_contain_text(TITLE)
    page.go_back()
    settled(page)
    print_it(page, tmp_path / "sheet.pdf")
    keep_the_area_in_the_list(page, served)
    left(person)


def test_the_wall_shows_all_without_scrolling(chromium: Browser, served: str) -> None:
    person: Visit = arrived(chromium, served, COMMANDER, width=1920, high=1080)
    page = person.page
    page.locator("#wall-link").click()
    page.wait_for_url("**wall=1**")
    settled(page)
    read_the_figures(page)
    picture(page, "wall")
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size[0] == 1920
    assert size[1] <= 1080
    expect(page.locator(".rail")).to_be_hidden()
    left(person)
