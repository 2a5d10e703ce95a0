"""An analyst's day in a real Chromium: a question answered, a survey searched again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_server import served_app
from conftest import build_workspace
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits, go, settled
from test_imports_api import METRES, nameless, table

from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LAPTOP = (1366, 768)
HOSTILE = "<img src=x onerror=alert(1)>"
PLACE = (107.905, 33.957)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The county behind a server that does its jobs itself."""
    app = create_app(build_workspace(tmp_path_factory.mktemp("analyst")))
    app.config["INLINE_JOBS"] = True
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("ANALYST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def send(page: Page, base: str, data: bytes, name: str) -> str:
    """Upload a file on the page for it; return its receipt."""
    page.goto(f"{base}/upload")
    with page.expect_response(re.compile(r"/api/v1/receipts/\w+"), timeout=60_000):
        page.locator("input[type=file]").first.set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": data}
        )
    told = page.evaluate("() => fetch('/api/v1/receipts').then(r => r.json())")
    return next(one["receipt"] for one in told["receipts"] if one["name"] == name)


@pytest.mark.parametrize(
    ("size", "language", "seed"), [(LAPTOP, "zh_CN", 1), (WIDE, "en", 2), (PHONE, "zh_CN", 3)]
)
def test_a_table_without_a_zone_is_answered_and_counts(
    visit: Callable[..., Visit], size: tuple[int, int], language: str, seed: int
) -> None:
    person = visit(size)
    page = go(person, "upload", language)
    name = f"第{seed}组{HOSTILE}.csv"
    receipt = send(page, person.base, table((PLACE[0], PLACE[1] + 0.001 * seed), seed=seed), name)
    page.goto(f"{person.base}/imports")
    settled(page)
    item = page.locator(f"li[data-receipt='{receipt}']")
    expect(item.locator("h2")).to_have_text(name)
    item.locator("button[aria-expanded]").click()
    first = item.locator("label.choice").first
    first.wait_for()
    expect(first).to_have_class(re.compile("near"))
    expect(first).to_contain_text(METRES)
    fits(page, size)
    picture(page, f"imports-{language}-{size[0]}")
    # Nothing chosen is said in place, and nothing is sent.
    item.locator("form button").click()
    expect(item.locator("form .problem")).to_be_visible()
    first.locator("input").check()
    item.locator("form button").click()
    expect(page.locator("#message")).to_contain_text(name)
    expect(item.locator(".kind", has_text=re.compile("^(坐标的投影带|Zone of)"))).to_have_count(0)
    told = page.evaluate(f"() => fetch('/api/v1/receipts/{receipt}').then(r => r.json())")
    assert told["status"] == "added"
    page.goto(f"{person.base}/tracks/{told['result']['id']}")
    expect(page.locator("#length_counted")).not_to_have_text("")
    expect(page.locator("img[src=x]")).to_have_count(0)
    assert person.elsewhere == []
    assert person.problems == []


def test_columns_are_named_on_a_phone(visit: Callable[..., Visit]) -> None:
    person = visit(PHONE)
    page = go(person, "upload")
    receipt = send(page, person.base, nameless(PLACE, word=HOSTILE), "无表头.csv")
    page.goto(f"{person.base}/imports?kind=columns")
    settled(page)
    item = page.locator(f"li[data-receipt='{receipt}']")
    item.locator("button[aria-expanded]").click()
    expect(item.locator(".sample tbody tr").first).to_contain_text(HOSTILE)
    selects = item.locator(".sample select")
    expect(selects).to_have_count(6)
    for column, meaning in ((1, "time"), (2, "lat"), (3, "lon")):
        selects.nth(column).select_option(meaning)
    fits(page, PHONE)
    picture(page, "columns-zh_CN-360")
    item.locator("form button").click()
    expect(page.locator("#message")).to_contain_text("40")
    expect(page.locator("img[src=x]")).to_have_count(0)
    assert person.problems == []


@pytest.mark.parametrize(("size", "language"), [(LAPTOP, "zh_CN"), (WIDE, "en"), (PHONE, "zh_CN")])
def test_a_survey_is_searched_again_and_shows_its_patches(
    visit: Callable[..., Visit], size: tuple[int, int], language: str
) -> None:
    person = visit(size)
    page = go(person, "surveys", language)
    row = page.locator("tr[data-survey]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("meadow.tif")
    expect(row.locator("[data-open] a")).to_have_text(re.compile(r"\d+ / \d+"))
    fits(page, size)
    picture(page, f"surveys-{language}-{size[0]}")
    row.locator("[data-main-link]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/surveys/1")
    settled(page)
    page.locator("#again").click()
    expect(page.locator("#message")).to_be_visible(timeout=60_000)
    expect(page.locator("#runs li[data-state=done]").first).to_be_visible(timeout=60_000)
    expect(page.locator("#again")).to_be_enabled(timeout=60_000)
    settled(page)
    patch = page.locator("#patches li").first
    expect(patch).to_be_visible()
    patch.locator("button.link").click()
    fits(page, size)
    picture(page, f"survey-{language}-{size[0]}")
    assert person.elsewhere == []
    assert person.problems == []
