"""An analyst's day, from what waits in the morning to the map that shows what was done."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import county_builder as county
import pytest
from app_server import served_app
from conftest import PASSWORD, Visitor, build_workspace
from flask import Flask
from map_signs import has_ink, signs
from playwright.sync_api import Browser, Page, expect
from test_browser import Visit, chromium
from test_imports_api import METRES, nameless, table

from geoinspect.jobs.worker import run_waiting
from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ANALYST, SENDER, UNIT, TOWN = "分析甲", "队员乙", "U990100", "U990100001"
PLACE = (107.925, 33.957)
DRAWN = "画的"


@dataclass
class Office:
    """The county behind a server whose jobs wait until :meth:`work` does them."""

    app: Flask
    base: str

    @property
    def workspace(self) -> Workspace:
        return self.app.extensions["geoinspect"].workspace

    def work(self) -> int:
        return run_waiting(self.workspace)

    def sent(self, data: bytes, name: str) -> str:
        """Let the field person send a file; return its receipt."""
        visitor = Visitor(self.app.test_client())
        assert visitor.sign_in(SENDER).status_code == 302
        answer = visitor.send(data, name)
        assert answer.status_code in (201, 202), answer.get_data(as_text=True)
        self.work()
        return answer.get_json()["receipt"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = build_workspace(tmp_path_factory.mktemp("day"))
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        for name, role, unit in ((ANALYST, "analyst", UNIT), (SENDER, "field", TOWN)):
            people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
    app = create_app(folder)
    with served_app(app) as base:
        yield Office(app, base)


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("ANALYST_PICTURES"):
        page.screenshot(path=Path(folder) / f"day-{name}.png")


def settled(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_load_state("networkidle")


def tab(page: Page, name: str) -> None:
    page.locator("nav.tabs").get_by_role("link", name=name, exact=True).click()
    settled(page)


def waits(page: Page) -> dict[str, str]:
    """What the start page says of each kind that waits."""
    settled(page)
    links = page.locator("#waits a").all()
    return {str(one.get_attribute("data-waits")): one.locator("b").inner_text() for one in links}


def answer_the_datum(page: Page, office: Office, receipt: str) -> None:
    item = page.locator(f"li[data-receipt='{receipt}']")
    item.locator("button[aria-expanded]").click()
    first = item.locator("label.choice").first
    expect(first).to_contain_text(METRES)
    first.locator("input").check()
    picture(page, "2-datum")
    item.locator("form button").click()
    expect(page.locator("#message")).to_contain_text("正在重新读取")
    office.work()
    expect(page.locator("#message")).to_contain_text("40 个点")
    expect(item.locator(".kind", has_text="投影带")).to_have_count(0)


def answer_the_columns(page: Page, office: Office, receipt: str) -> None:
    item = page.locator(f"li[data-receipt='{receipt}']")
    item.locator("button[aria-expanded]").click()
    selects = item.locator(".sample select")
    for column, meaning in ((1, "time"), (2, "lat"), (3, "lon")):
        selects.nth(column).select_option(meaning)
    picture(page, "3-columns")
    item.locator("form button").click()
    expect(page.locator("#message")).to_contain_text("正在重新读取")
    office.work()
    expect(page.locator("#message")).to_contain_text("40")


def correct_the_day(page: Page, day: str, told: str) -> None:
    page.locator("#day summary").click()
    page.fill("#day input[type=date]", day)
    page.fill("#day input[name=note]", "相机时钟")
    page.locator("#day form button").click()
    expect(page.locator("#message")).to_contain_text(told)


def search_again(page: Page, office: Office) -> None:
    page.locator("#search summary").click()
    page.fill("#search input[name=min_area_m2]", "1.5")
    page.click("#again")
    expect(page.locator("#runs li").first).to_have_attribute("data-state", "waiting")
    assert office.work() == 1
    expect(page.locator("#runs li").first).to_have_attribute("data-state", "done")
    expect(page.locator("#runs li").first).to_contain_text("1.5")
    expect(page.locator("#list")).to_contain_text("1.5")
    settled(page)
    expect(page.locator("#patches li").first).to_be_visible()


def review_by_keyboard(page: Page) -> int:
    """Say yes to the first patch and no to the second; open the case; return its number."""
    page.wait_for_function("() => document.querySelector('#chip img')?.naturalWidth > 0")
    first = page.locator("#review").get_attribute("data-patch")
    picture(page, "6-review")
    page.keyboard.press("y")
    expect(page.locator("#progress")).to_contain_text("您已看 1 个")
    page.click("#labels summary")
    row = page.locator("#label-list tbody tr").first
    expect(row).to_be_visible()
    row.locator(".case-button").click()
    link = row.locator("a[data-case]")
    expect(link).to_be_visible()
    number = int(str(link.get_attribute("data-case")))
    link.click()
    page.wait_for_url(f"**/cases/{number}")
    settled(page)
    assert first
    return number


def leave_a_drawn_track_out(page: Page) -> None:
    row = page.locator("tr[data-track]", has_text=DRAWN)
    row.locator("[data-main-link]").click()
    expect(page.locator("#parts")).to_have_attribute("aria-busy", "false")
    page.locator("input[name=counts][value=nothing]").check()
    page.fill("textarea[name=note]", "等距直线,不是走出来的")
    page.click("#apply-bar button[type=submit]")
    expect(page.locator(".decided")).to_contain_text(ANALYST)
    expect(page.locator("#length_counted")).to_have_text("0 m")
    picture(page, "8-track")


def decide_for_the_rest(page: Page) -> None:
    """One decision with one reason for all tracks that still wait."""
    page.locator("#waits [data-waits=tracks]").click()
    settled(page)
    boxes = page.locator("#list .pick")
    count = boxes.count()
    for k in range(count):
        boxes.nth(k).check()
    expect(page.locator("#bulk-count")).to_contain_text(str(count))
    page.locator("#bulk select[name=counts]").select_option("whole")
    page.fill("#bulk input[name=note]", "已与小组核对")
    picture(page, "10-bulk")
    page.locator("#bulk button.primary").click()
    expect(page.locator("#bulk-status")).to_contain_text(f"已决定 {count} 条")
    expect(page.locator("#list tr[data-track]")).to_have_count(0)


def test_a_whole_day(chromium: Browser, office: Office) -> None:
    zone = office.sent(table(PLACE), "第二组.csv")
    columns = office.sent(nameless((PLACE[0], PLACE[1] + 0.003)), "无表头.csv")
    drawn = county.gpx(county.walk(offset=0.0151), name=DRAWN).encode()
    office.sent(drawn, f"{DRAWN}.gpx")
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    context.set_default_timeout(40_000)
    person = Visit(context.new_page(), office.base)
    person.watch()
    page = person.page
    page.goto(f"{office.base}/login?language=zh_CN")
    page.fill("#username", ANALYST)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/review")
    morning = waits(page)
    assert morning["questions"] >= "2"
    assert morning["cases"] == "0"
    picture(page, "1-morning")

    page.locator("#waits [data-waits=questions]").click()
    settled(page)
    answer_the_datum(page, office, zone)
    answer_the_columns(page, office, columns)

    tab(page, "航测影像")
    page.locator("tr[data-survey] [data-main-link]").click()
    settled(page)
    correct_the_day(page, "2026-07-05", "由 1 个变为 0 个")
    correct_the_day(page, "2026-05-12", "由 0 个变为 1 个")
    expect(page.locator("#day .notes li")).to_have_count(2)
    picture(page, "4-survey")
    search_again(page, office)
    picture(page, "5-searched")
    page.get_by_role("link", name=re.compile("复核")).last.click()
    settled(page)
    case = review_by_keyboard(page)
    picture(page, "7-case")

    page.goto(f"{office.base}/review")
    evening = waits(page)
    assert evening["cases"] == "1"
    assert int(evening["patches"]) < int(morning["patches"])
    page.locator("#waits [data-waits=tracks]").click()
    settled(page)
    leave_a_drawn_track_out(page)

    page.goto(f"{office.base}/map")
    page.wait_for_selector("#panel[aria-busy=false] #unseen", state="attached")
    page.wait_for_load_state("networkidle")
    shown = signs(page, "cases")
    assert [one["id"] for one in shown] == [case]
    assert has_ink(page, "cases", case)
    picture(page, "9-map")
    page.goto(f"{office.base}/review")
    left = int(waits(page)["tracks"])
    assert left == int(evening["tracks"]) - 1
    decide_for_the_rest(page)
    page.goto(f"{office.base}/review")
    assert waits(page)["tracks"] == "0"
    person.fine()
    context.close()


def test_the_sender_answers_on_their_own_page(chromium: Browser, office: Office) -> None:
    receipt = office.sent(table((PLACE[0], PLACE[1] - 0.004), seed=7), "我的.csv")
    context = chromium.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    context.set_default_timeout(40_000)
    person = Visit(context.new_page(), office.base)
    person.watch()
    page = person.page
    page.goto(f"{office.base}/login?language=zh_CN&next=/sent")
    page.fill("#username", SENDER)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/sent")
    settled(page)
    item = page.locator(f"#asked-list li[data-receipt='{receipt}']")
    item.locator("button[aria-expanded]").click()
    item.locator("label.choice").first.locator("input").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if folder := os.environ.get("ANALYST_PICTURES"):
        item.screenshot(path=Path(folder) / "sent-360.png")
    item.locator("form button").click()
    expect(page.locator("#asked-status")).to_contain_text("正在重新读取")
    office.work()
    expect(page.locator("#asked-status")).to_contain_text("40 个点")
    expect(item).to_have_count(0)
    person.fine()
    context.close()
