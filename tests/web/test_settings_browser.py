"""The page of settings in a real Chromium: set one, see who set it, take it back; refused in words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import served_app
from conftest import HOSTILE, PASSWORD
from playwright.sync_api import Page, expect
from shapely import MultiPolygon, box
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits

from geoinspect.records import Area, Level
from geoinspect.store import grounds, people
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium", "visit"]
COUNTY = Area(
    "990100", "测试县", Level.COUNTY, None, None, MultiPolygon([box(107.9, 33.9, 107.93, 33.92)])
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("settings") / "w"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        for name in ("管理", HOSTILE):
            people.add_user(session, name=name, role="admin", unit_code=None, password=PASSWORD)
        grounds.add_areas(session, [COUNTY])
    app = create_app(folder)
    app.config["INLINE_JOBS"] = True
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("SETTINGS_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def enter(person: Visit, name: str, language: str) -> Page:
    page = person.page
    page.goto(f"{person.base}/login?language={language}")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(f"{person.base}/settings")
    return page


def test_a_campaign_is_made_on_its_page(visit) -> None:
    for size, language, name in ((WIDE, "en", "春季"), (PHONE, "zh_CN", HOSTILE)):
        person = visit(size)
        page = enter(person, "管理", language)
        page.goto(f"{person.base}/campaigns")
        page.fill("#new [name=name]", name)
        page.fill("#new [name=start]", "2026-04-01")
        page.fill("#new [name=end]", "2027-06-30")
        expect(page.locator("#estimate")).to_contain_text(re.compile(r"\d"))
        picture(page, f"campaign-new-{language}")
        with page.expect_navigation():
            page.click("#new [type=submit]")
        row = page.locator("[data-campaign]", has_text=name)
        expect(row.locator(".standing")).to_have_attribute("aria-busy", "false")
        fits(page, size)
        picture(page, f"campaigns-{language}")
        assert person.problems == person.elsewhere == []


def test_a_setting_is_set_and_shows_who_set_it(visit) -> None:
    for size, language, name in ((WIDE, "zh_CN", HOSTILE), (PHONE, "en", "管理")):
        person = visit(size)
        page = enter(person, name, language)
        page.fill("#narrow input[type=search]", "walk_kmh")
        expect(page.locator("[data-setting]:visible")).to_have_count(1)
        row = page.locator("#walk_kmh")
        row.locator("summary").click()
        row.locator("input").fill("99")
        row.locator("button[type=submit]").click()
        expect(row.locator(".problem")).to_contain_text("walk_kmh")
        row.locator("input").fill("4.5")
        with page.expect_navigation():
            row.locator("button[type=submit]").click()
        expect(row.locator(".holds")).to_have_text("4.5 km/h")
        expect(row).to_contain_text(name)
        fits(page, size)
        picture(page, f"set-{language}")
        row.locator("summary").click()
        with page.expect_navigation():
            row.locator("[data-reset]").click()
        expect(row.locator(".holds")).to_have_text("3 km/h")
        # Chromium itself writes of the refused value, and of nothing else.
        assert [one for one in person.problems if "400" not in one] == []
        assert person.elsewhere == []
