"""The pages about sites in a real Chromium, as a person uses them, in both languages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import county_builder as county
import pytest
from app_server import served_app
from conftest import build_workspace
from map_signs import has_ink, signs
from photo_builders import exif_bytes, jpeg_bytes
from playwright.sync_api import Page, expect
from shapely import Point
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits, go, settled

from geoinspect.casework.actors import COMMAND_LINE
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.ingest.site_fields import SiteKind
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
LATE = re.compile("走访逾期|Visit overdue")
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a county with a site on a walk, one never visited, one not yet begun."""
    folder = build_workspace(tmp_path_factory.mktemp("sites") / "county")
    x, y = (float(value) for value in county.walk()[100])
    sites = (
        NewSite("S1", "老砖厂", Point(x, y), SiteKind.FACTORY, "U990100001", dwell_s=30.0),
        NewSite("S2", HOSTILE, Point(x + 0.004, y + 0.008), SiteKind.YARD, "U990100002"),
        NewSite("S3", "三号大棚", Point(x - 0.004, y + 0.008), SiteKind.GREENHOUSE),
    )
    with Workspace.open(folder) as workspace:
        for site, start in zip(sites, (2026, 2026, 2099), strict=True):
            values = {f: getattr(site, f) for f in site.__dataclass_fields__}
            more = {"starts": date(start, 1, 1), "checklist": ("有无新翻的土", "门锁是否完好")}
            add_site(workspace, NewSite(**{**values, **more}), COMMAND_LINE)
    app = create_app(folder)
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("SITE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("size", "language"), [(WIDE, "en"), (WIDE, "zh_CN"), (PHONE, "zh_CN"), (PHONE, "en")]
)
def test_pages_are_whole_in_both_languages_and_sizes(
    visit: Callable[..., Visit], size: tuple[int, int], language: str
) -> None:
    person = visit(size, dark=language == "en" and size == PHONE)
    page = go(person, "sites", language)
    rows = page.locator("#list tbody tr")
    expect(rows.first).to_contain_text(re.compile("从未走访|Never visited"))
    expect(rows.first).to_contain_text(HOSTILE)
    fits(page, size)
    name = f"{size[0]}-{language}"
    picture(page, f"sites-{name}")
    page.get_by_role("link", name="老砖厂").click()
    settled(page)
    expect(page.locator("#head")).to_contain_text(LATE)
    expect(page.locator("#visits tbody tr")).to_have_count(1)
    fits(page, size)
    picture(page, f"site-{name}")
    page.locator("#visits a").first.click()
    page.wait_for_url("**/tracks/*")
    settled(page)
    person.fine()


def test_the_filters_stand_in_the_address(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "sites")
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(3)
    page.select_option("[name=state]", "not_started")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("三号大棚")
    page.reload()
    settled(page)
    expect(rows).to_have_count(1)
    page.select_option("[name=state]", "fine")
    expect(page.locator("#list")).to_contain_text("没有符合")
    person.fine()


def test_a_person_answers_with_a_photo_and_a_suspicion(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    photo = tmp_path / "门口.jpg"
    photo.write_bytes(jpeg_bytes(exif_bytes()))
    person = visit(PHONE)
    page = go(person, "sites/1")
    page.locator("[data-question='0'] input[value=否]").check()
    page.locator("[data-question='1'] .words input").fill("锁换了")
    page.fill("#answer [name=note]", HOSTILE)
    page.set_input_files("#photos", photo)
    expect(page.locator("#photo-list li")).to_contain_text("随填报一起发送")
    page.check("#answer [name=suspicious]")
    page.fill("#answer [name=day]", "2026-05-14")
    page.click("#answer .primary")
    expect(page.locator("#told")).to_contain_text("回执")
    mine = page.locator("#answers li").first
    expect(mine).to_contain_text(HOSTILE)
    expect(mine).to_contain_text("锁换了")
    expect(mine).to_contain_text("有轨迹证明")
    expect(mine.locator("img")).to_have_js_property("naturalWidth", 528)
    picture(page, "answered-phone")
    mine.locator("a", has_text="线索").click()
    page.wait_for_url("**/cases/*")
    person.fine()


def test_an_answer_without_a_connection_waits_and_is_sent_once(
    visit: Callable[..., Visit],
) -> None:
    person = visit(PHONE)
    page = go(person, "sites/3", "en")
    page.context.set_offline(True)
    page.locator("[data-question='0'] input[value=yes]").check()
    page.click("#answer .primary")
    expect(page.locator("#told")).to_contain_text("Kept on this device")
    expect(page.locator("#answers li")).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator("#answers li")).to_have_count(1, timeout=20_000)
    page.reload()
    settled(page)
    expect(page.locator("#answers li")).to_have_count(1)
    # The browser itself reports that it was cut off.
    assert [p for p in person.problems if "ERR_INTERNET_DISCONNECTED" not in p] == []


def test_an_analyst_adds_changes_and_retires_a_site(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "sites")
    page.locator("#new-site summary").click()
    for name, value in {
        "code": "S9",
        "name": "河边院子",
        "lon": "107.93",
        "lat": "33.96",
        "checklist": "有人吗\n有水吗",
    }.items():
        page.fill(f"#site-form [name={name}]", value)
    page.select_option("#site-form [name=kind]", "yard")
    page.click("#site-form .primary")
    expect(page.locator("#site-status")).to_contain_text("S9")
    page.click("text=河边院子")
    settled(page)
    expect(page.locator("#questions fieldset")).to_have_count(2)
    page.locator("#change-part summary").click()
    page.fill("#change-part [name=interval_days]", "9")
    page.click("#change-part .primary")
    expect(page.locator("#head")).to_contain_text("9 天")
    page.get_by_role("button", name="停用").click()
    expect(page.locator("#told")).to_contain_text("停用")
    expect(page.locator("#answer-part")).to_be_hidden()
    person.fine()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_sites_stand_on_the_map_and_in_its_legend(
    visit: Callable[..., Visit], language: str
) -> None:
    person = visit()
    person.sign_in(language)
    page = person.page
    site = next(one for one in signs(page, "sites") if "老砖厂" in one["name"])
    assert site["state"] == "overdue"
    assert has_ink(page, "sites", site["id"])
    # By keys: the layer's list, and in it the site. A case may lie over its sign.
    page.locator("#layers > summary").press("Enter")
    page.locator("[data-list=sites]").press("Enter")
    page.locator("#panel").get_by_role("row", name="老砖厂").get_by_role("button").press("Enter")
    card = page.locator(".site-card")
    expect(page.locator("#panel h1")).to_contain_text("老砖厂")
    expect(card).to_contain_text(LATE)
    page.locator("#legend-signs > summary").click()
    expect(page.locator("#legend .site-square")).to_have_count(3)
    picture(page, f"map-{language}")
    page.uncheck("#layers input[value=sites]")
    assert signs(page, "sites") == []
    expect(page.locator("#legend .site-square")).to_have_count(0)
    page.check("#layers input[value=sites]")
    assert signs(page, "sites")
    card.locator("a").click()
    page.wait_for_url("**/sites/1")
    person.fine()
