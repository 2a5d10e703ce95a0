"""Work lists, the zero-yield status and the map's cases in a real Chromium, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD
from map_signs import click_sign, signs
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium
from work_season import UNIT, work_folder

from webmap import create_app

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
WORDS = {
    "zh_CN": {"fails": "还不能说明", "proved": "没有确认过地块", "tasks": "任务清单", "standing": "已确认,仍未铲除"},
    "en": {"fails": "It cannot be stated yet", "proved": "nothing is proved", "tasks": "Tasks", "standing": "confirmed and still standing"},
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, int]]]:
    folder, made = work_folder(Path(tmp_path_factory.mktemp("standing")) / "county")
    app = create_app(folder)
    with served_app(app) as base:
        yield base, made


@pytest.fixture
def go(chromium, served) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def make(path: str, language: str, size: tuple[int, int]) -> Visit:
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        visit = Visit(context.new_page(), served[0])
        visit.watch()
        page = visit.page
        page.goto(f"{visit.base}/login?language={language}&next=/{path}")
        page.fill("#username", "commander")
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"**/{path}")
        return visit

    yield make
    for context in contexts:
        context.close()


def ready(page: Page) -> None:
    expect(page.locator("#work")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("size", [PHONE, WIDE])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_lists_of_a_unit(go, served, language: str, size: tuple[int, int]) -> None:
    visit = go("work", language, size)
    page, made, words = visit.page, served[1], WORDS[language]
    ready(page)
    assert page.locator("h2").first.inner_text() == words["tasks"]
    links = page.locator("#tasks a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    for name in ("verify", "eradicate", "recheck", "close"):
        assert f"/cases/{made[name]}" in links
    assert f"/sites/{made['site']}" in links
    expect(page.locator("#problems")).to_contain_text(words["standing"])
    assert "<img" in page.inner_text("#tasks")
    page.select_option("select[name=unit]", "U990100002")
    ready(page)
    expect(page.locator("#tasks a[href^='/cases/']")).to_have_count(0)
    assert page.url.endswith("?unit=U990100002")
    assert "unit=U990100002" in (page.locator("#workbook").get_attribute("href") or "")
    page.select_option("select[name=unit]", UNIT)
    expect(page.locator(f"#tasks a[href='/cases/{made['verify']}']")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    page.emulate_media(media="print")
    assert not page.locator(".rail").is_visible()
    assert not page.locator("#choose").is_visible()
    page.emulate_media(media="screen")
    page.click(f"#tasks a[href='/cases/{made['verify']}']")
    page.wait_for_url(f"**/cases/{made['verify']}")
    assert visit.elsewhere == []


@pytest.mark.parametrize("size", [PHONE, WIDE])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_status_and_the_statement(go, served, language: str, size: tuple[int, int]) -> None:
    visit = go("standing", language, size)
    page, made, words = visit.page, served[1], WORDS[language]
    ready(page)
    expect(page.locator(f"#standing a[href='/cases/{made['eradicate']}']")).to_have_count(1)
    expect(page.locator("#areas tbody tr")).to_have_count(3)
    expect(page.locator(".statement")).to_have_count(0)
    page.fill("input[name=date]", "2026-11-01")
    page.click("#choose button[type=submit]")
    expect(page.locator(".statement")).to_have_attribute("data-holds", "false")
    expect(page.locator(".statement h3")).to_have_text(words["fails"])
    assert page.locator(".statement tbody tr").count() == 3
    page.select_option("select[name=area]", "990100002")
    expect(page.locator(".statement")).to_have_attribute("data-holds", "true")
    expect(page.locator(".statement h3")).to_contain_text(words["proved"])
    assert "holds" not in (page.locator(".statement").get_attribute("class") or "")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    page.reload()
    expect(page.locator(".statement")).to_have_attribute("data-holds", "true")
    visit.fine()


def test_a_day_to_come_is_refused_in_words(go) -> None:
    visit = go("standing", "zh_CN", WIDE)
    page = visit.page
    ready(page)
    page.fill("input[name=date]", "2999-01-01")
    page.click("#choose button[type=submit]")
    expect(page.locator("#message")).to_contain_text("在今天")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_open_cases_stand_on_the_map_and_lead_to_their_page(go, served, language: str) -> None:
    visit = go("map", language, WIDE)
    page, made = visit.page, served[1]
    visit.settle()
    cases = signs(page, "cases")
    assert len(cases) == 4
    late = next(one for one in cases if one["state"] == "confirmed")
    assert late["overdue"]
    click_sign(page, "cases", late["id"])
    link = page.locator(".case-card a")
    expect(link).to_have_attribute("href", f"/cases/{made['eradicate']}")
    page.locator("#layers summary").click()
    page.locator('#layers input[value="cases"]').uncheck()
    assert signs(page, "cases") == []
    visit.fine()
