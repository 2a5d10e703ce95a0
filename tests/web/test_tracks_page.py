"""The pages of tracks and patrols in a real Chromium: what is shown, decided and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import county_builder as county
import numpy as np
import pytest
from conftest import HOSTILE, PASSWORD
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium, served, visit

__all__ = ["chromium", "served", "visit"]
pytestmark = pytest.mark.browser

SPIKES = (60, 140)
LENGTH = "() => parseFloat(document.getElementById('length_counted').textContent)"


def spiked(seed: int) -> np.ndarray:
    points = county.walk(offset=0.0055)
    points += np.random.default_rng(seed).normal(0, 2e-5, points.shape)
    points[list(SPIKES), 1] += 0.004
    return points


def send(page: Page, name: str, points: np.ndarray, days: int, **query: str) -> int:
    """Send a track from within the page and return its number."""
    text = county.gpx(points, name=name, start=county.START + timedelta(days=days))
    sent = page.evaluate(
        "([text, query]) => fetch('/api/v1/files?' + new URLSearchParams(query), {method: 'POST',"
        " body: text, headers: {'Content-Type': 'application/octet-stream', 'X-CSRFToken':"
        " document.querySelector('meta[name=csrf-token]').content}}).then(r => r.json())",
        [text, {"name": f"{name}.gpx", "mode": "foot", "unit": "U990100001", **query}],
    )
    assert sent["result"]["status"] == "added", sent
    return int(sent["result"]["id"])


def open_track(person: Visit, number: int) -> None:
    person.page.goto(f"{person.base}/tracks/{number}")
    expect(person.page.locator("#parts")).to_have_attribute("aria-busy", "false")
    person.page.wait_for_load_state("networkidle")


def apply(page: Page) -> None:
    page.click("#apply-bar button[type=submit]")
    expect(page.locator("#message")).to_be_visible()
    expect(page.locator("#parts")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_rules_off_change_what_counts_and_undo_brings_it_back(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    days = 1 if size == WIDE else 2
    number = send(page, "有尖刺", spiked(days), days, team=f"{days}组", person="P1")
    open_track(person, number)
    if size == PHONE:
        page.click("#legend-box summary")
    speed = page.locator('#track-legend li[data-shown="speed"]')
    expect(speed).to_contain_text("速度异常")
    expect(speed.locator(".figure")).to_have_text("2")
    page.locator(".rule-list li[data-rule=speed] button").click()
    expect(page.get_by_role("img", name="平均")).to_be_visible()
    before = page.evaluate(LENGTH)
    expect(page.locator("#apply-bar")).to_be_hidden()
    for rule in ("speed", "spike"):
        page.locator(f"input[name=rule][value={rule}]").uncheck()
    expect(page.locator("#waiting-changes")).to_contain_text("1")
    apply(page)
    expect(page.locator("#message")).to_contain_text("覆盖已随之更新")
    expect(speed).to_have_count(0)
    expect(page.locator(".rule-list li[data-rule=speed]")).to_contain_text("已关闭")
    assert page.evaluate(LENGTH) > before + 1
    expect(page.locator("#apply-bar")).to_be_hidden()
    page.click("#undo")
    expect(speed.locator(".figure")).to_have_text("2")
    assert page.evaluate(LENGTH) == before
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_a_doubt_is_decided_with_a_reason_and_waits_again(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    number = send(page, "画的", county.walk(offset=0.0151), 3, team="画图组", person="张 三,四")
    open_track(person, number)
    expect(page.locator("#apply-bar")).to_be_hidden()
    assert page.locator(".doubt-list > li").count() > 0
    expect(page.locator(".decision")).to_contain_text("还没有人决定")
    page.locator("input[name=counts][value=nothing]").check()
    page.fill("textarea[name=note]", f"是画的 {HOSTILE}")
    apply(page)
    expect(page.locator(".decided")).to_contain_text("测试员")
    expect(page.locator(".note-said")).to_have_text(f"是画的 {HOSTILE}")
    expect(page.locator("#length_counted")).to_have_text("0 m")
    assert page.locator("#parts img").count() == 0
    # The reason in the form goes with another choice too, and comes back with its undoing.
    page.locator("input[name=counts][value=whole]").check()
    apply(page)
    expect(page.locator(".note-said")).to_have_text(f"是画的 {HOSTILE}")
    page.click("#undo")
    expect(page.locator("#length_counted")).to_have_text("0 m")
    expect(page.locator(".note-said")).to_have_text(f"是画的 {HOSTILE}")
    page.locator("input[name=counts][value=auto]").check()
    page.fill("textarea[name=note]", "")
    apply(page)
    expect(page.locator(".decision")).to_contain_text("还没有人决定")
    expect(page.locator("#length_counted")).not_to_have_text("0 m")
    page.fill("input[name=team]", "画图二组")
    page.click("#apply-bar button[type=reset]")
    expect(page.locator("#apply-bar")).to_be_hidden()
    expect(page.locator("input[name=team]")).to_have_value("画图组")
    person.fine()


def test_a_copy_leads_to_its_original_and_back(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in("en")
    page = person.page
    points = spiked(7)
    first = send(page, "original", points, 5, team="A", person="P1")
    second = send(page, "copy", points[:180], 5, team="A", person="P2")
    open_track(person, second)
    expect(page.locator('#track-legend li[data-shown="other"]')).to_contain_text("The other track")
    page.locator(".repeat-list a", has_text="original").click()
    expect(page.locator(".side h1")).to_have_text("original")
    assert page.url.endswith(f"/tracks/{first}")
    expect(page.locator(".repeat-list")).to_contain_text("It is repeated by")
    page.get_by_role("link", name="See it among the patrols").click()
    row = page.locator("tr.chosen")
    for number in (first, second):
        expect(row.get_by_role("link", name=str(number), exact=True)).to_have_count(1)
    expect(row).to_contain_text("2 people")
    person.fine()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_lists_are_filtered_by_address_and_walked_by_keys(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    page.locator(".rail a[href='/review']").click()
    page.locator(".tabs a[href='/tracks']").click()
    rows = page.locator("#list tbody tr")
    expect(rows.filter(has_text=HOSTILE)).to_have_count(1)
    expect(rows.first).to_contain_text("存疑")
    assert page.locator("#list img").count() == 0
    page.locator("[data-main-link]").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(
        "document.activeElement === document.querySelectorAll('[data-main-link]')[1]"
    )
    page.locator("select[name=unit]").select_option("U990100002")
    page.wait_for_url("**/tracks?unit=U990100002")
    expect(rows).to_have_count(1)
    page.click(".languages a")
    expect(page.locator("h1")).to_have_text("Tracks")
    assert "unit=U990100002" in page.url
    expect(rows).to_have_count(1)
    page.goto(f"{person.base}/tracks?team=nobody")
    expect(page.locator("#count")).to_contain_text("No track fits")
    page.goto(f"{person.base}/patrols?month=2031-02&language=zh_CN")
    expect(page.locator("#count")).to_contain_text("本月没有踏查")
    expect(page.locator("#indicators")).to_contain_text("名册")
    page.click("#month-before")
    page.wait_for_url("**month=2031-01")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_field_people_look_and_do_not_decide(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = person.page
    page.goto(f"{person.base}/login?language=zh_CN")
    page.fill("#username", "二号")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/today*")
    open_track(person, 2)
    expect(page.locator(".side h1")).to_have_text(HOSTILE)
    expect(page.locator(".decision")).to_contain_text("只有分析员和管理员")
    assert page.locator("#review :is(input, select, textarea):enabled").count() == 0
    assert page.locator("#track-legend input:enabled").count() >= 3
    person.fine()


def test_the_map_and_the_upload_page_lead_to_the_track(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    page.goto(f"{person.base}/upload")
    page.click(".options summary")
    page.fill("#headcount", "3")
    page.select_option("#purpose", "site")
    text = county.gpx(county.walk(offset=0.0172), start=county.START + timedelta(days=8))
    page.set_input_files(
        "#files", [{"name": "线.gpx", "mimeType": "text/xml", "buffer": text.encode()}]
    )
    item = page.locator("#now li.added")
    expect(item).to_contain_text("处存疑")
    item.get_by_role("link", name="的详情").click()
    expect(page.locator("select[name=purpose]")).to_have_value("site")
    expect(page.locator(".patrol")).to_contain_text("3 人")
    number = page.url.rsplit("/", 1)[1]
    page.goto(f"{person.base}/map#track={number}")
    expect(page.locator("#panel .lead")).to_contain_text("存疑")
    page.get_by_role("link", name="全部详情与决定").click()
    page.wait_for_url(f"**/tracks/{number}")
    person.fine()
