"""The map's questions in a real Chromium: days, filters, layers, drawing, gaps and a cell's story."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import county_builder as county
import pytest
from app_server import Quiet
from map_season import EARLY_UNIT, STILL_HOLDS, Season, make_season
from map_signs import open_tool
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium, click_on_map, visit
from werkzeug.serving import make_server

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("GEOINSPECT_SHOTS")
BOTH = pytest.mark.parametrize("size", [WIDE, PHONE])


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("map"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def served(season: Season) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, season.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def shoot(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at them."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}-{page.viewport_size['width']}.png"))  # type: ignore[index]


def open_questions(person: Visit) -> None:
    """Open what is folded away on a phone, with the panel down."""
    if person.page.locator("#panel.up").count() and person.page.locator("#grip").is_visible():
        person.page.click("#grip")
    bar = person.page.locator("#ask")
    if bar.get_attribute("open") is None:
        bar.locator("> summary").click()


def tiles(page: Page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('.leaflet-coverage-pane img')].map(i => i.src)"
    )


def tiles_follow(page: Page, part: str) -> None:
    """Wait until every tile of the cells has this in its address."""
    page.wait_for_function(
        "part => { const all = [...document.querySelectorAll('.leaflet-coverage-pane img')];"
        " return all.length && all.every(i => decodeURIComponent(i.src).includes(part)); }",
        arg=part,
    )


def set_day(person: Visit, iso: str) -> None:
    """Move the slider to a day as its keys do."""
    person.page.locator("#day").evaluate(
        "(slider, iso) => { slider.value = (Date.parse(iso) - Date.parse('2026-04-01')) / 864e5;"
        " slider.dispatchEvent(new Event('input')); }",
        iso,
    )
    expect(person.page.locator("#chips")).to_contain_text("截至")
    person.settle()


@BOTH
def test_the_slider_changes_map_sums_and_address(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    newest, before = person.unseen(), tiles(page)
    expect(page.locator("#legend-cells")).to_contain_text("已失效")
    set_day(person, STILL_HOLDS)
    held = person.unseen()
    assert float(held.split()[0]) < float(newest.split()[0])
    expect(page.locator("#day-words")).to_have_text("2026年6月16日")
    expect(page.locator("#legend-cells")).not_to_contain_text("已失效")
    assert f"as_of={STILL_HOLDS}" in page.url
    tiles_follow(page, f"as_of={STILL_HOLDS}")
    assert not set(tiles(page)) & set(before)
    shoot(page, "day")
    # By keys: one day a step, and the numbers follow.
    page.locator("#day").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#day-words")).to_have_text("2026年6月19日")
    expect(page.locator("#legend-cells")).to_contain_text("已失效")
    person.settle()
    assert person.unseen() != held
    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    person.settle()
    expect(page.locator("#day-words")).to_have_text("2026年6月19日")
    shoot(page, "expired")
    # The chip undoes it.
    page.get_by_role("button", name="移除:截至 2026年6月19日").click()
    person.settle()
    expect(page.locator("#chips")).to_be_hidden()
    assert "as_of" not in page.url
    assert person.unseen() == newest
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_the_days_play_and_pause(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    page.get_by_role("button", name="逐日播放").click()
    expect(page.locator("#day-words")).to_have_text("2026年4月2日", timeout=15_000)
    page.get_by_role("button", name="暂停").click()
    person.settle()
    assert "as_of=2026-04-0" in page.url
    shown = page.locator("#day-words").inner_text()
    page.wait_for_timeout(900)
    assert page.locator("#day-words").inner_text() == shown
    person.fine()


@BOTH
def test_filters_narrow_say_so_and_are_undone(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    whole = person.unseen()
    page.locator("#filter summary").click()
    body = page.locator("#filter-body")
    for words in ("单位", "小组", "查看方式", "东镇政府", "晚班", "车辆", "航测影像"):
        expect(body).to_contain_text(words)
    assert body.get_by_text("卫星").count() == 0
    shoot(page, "filter")
    body.get_by_label("东镇政府").check()
    expect(page.locator("#chips")).to_contain_text("只计入所选")
    person.settle()
    assert page.locator("#filter-words").inner_text() == "筛选(1)"
    assert f"unit={EARLY_UNIT}" in page.url
    tiles_follow(page, f"unit={EARLY_UNIT}")
    narrowed = person.unseen()
    assert float(narrowed.split()[0]) > float(whole.split()[0])
    expect(body).to_be_visible()
    body.get_by_label("车辆").check()
    person.settle()
    expect(page.locator("#chips button.chip-button")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(body).to_be_hidden()
    shoot(page, "chips")
    page.get_by_role("button", name="显示全部").click()
    expect(page.locator("#chips")).to_be_hidden()
    person.settle()
    assert person.unseen() == whole
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


@BOTH
def test_every_layer_has_a_legend_with_numbers(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    legend = page.locator("#legend-cells")
    wanted = {
        "state": ("到过", "50.0 %", "0.80"),
        "pod": ("检出率", "0.80 – 0.95", "未覆盖"),
        "last_seen": ("天数", "8 – 14 天", "超过 60 天"),
        "risk": ("×0.9 – ×1.1", "×5.0 及以上"),
        "sensitivity": ("可发现概率", "0.95 – 1.00"),
        "remaining": ("剩余风险", "及以上"),
    }
    if size == PHONE:
        wanted = {layer: wanted[layer] for layer in ("pod", "remaining")}
    for layer, words in wanted.items():
        open_questions(person)
        page.locator("#shown").select_option(layer)
        if size == PHONE:
            page.locator("#legend summary").first.click()
        for word in (*words, "%", "km²", "截至"):
            expect(legend).to_contain_text(word)
        tiles_follow(page, f"/cells/1/{layer}/")
        assert ("show=" in page.url) == (layer != "state")
        shoot(page, f"layer-{layer}")
        colours = legend.locator("rect").evaluate_all(
            "rects => rects.map(r => r.getAttribute('fill'))"
        )
        assert len(set(colours)) == len(colours) >= 4
    page.reload()
    person.settle()
    assert page.locator("#shown").input_value() == "remaining"
    person.fine()


def on_map(page: Page, lon: float, lat: float) -> tuple[float, float]:
    x, y = page.evaluate(
        "([lon, lat]) => { const p = map_main.latLngToContainerPoint([lat, lon]);"
        " const box = map_main.getContainer().getBoundingClientRect(); return [p.x + box.x, p.y + box.y]; }",
        [lon, lat],
    )
    return x, y


@BOTH
def test_a_drawn_area_tells_its_sums(visit: Callable[..., Visit], size: tuple[int, int]) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    open_tool(page, "draw")
    expect(page.locator("#drawbar")).to_be_visible()
    expect(page.get_by_role("button", name="完成")).to_be_disabled()
    # Clear of the buttons, which on a phone take the lower part of the map.
    page.evaluate("map_main.panBy([0, 50], {animate: false})")
    w, s = county.WEST + 0.008, county.SOUTH + 0.007
    corners = [(w, s), (w + 0.02, s), (w + 0.02, s + 0.009), (w, s + 0.009)]
    for lon, lat in [*corners[:2], (w + 0.03, s + 0.004)]:
        page.mouse.click(*on_map(page, lon, lat))
    expect(page.locator("#draw-words")).to_contain_text("3 个角点")
    page.get_by_role("button", name="撤销一点").click()
    expect(page.locator("#draw-words")).to_contain_text("2 个角点")
    for lon, lat in corners[2:]:
        page.mouse.click(*on_map(page, lon, lat))
    shoot(page, "drawing")
    page.mouse.click(*on_map(page, *corners[0]))
    card = page.locator("#panel-body")
    expect(card.locator("h1")).to_have_text("所画区域")
    # 0.02° by 0.009° at 34° N.
    drawn = re.search(r"所画 ([\d.]+) km²", card.inner_text())
    assert drawn is not None
    assert 1.75 < float(drawn[1]) < 1.95
    for words in ("亩", "公顷", "查清", "个网格", "假定"):
        expect(card).to_contain_text(words)
    shoot(page, "drawn")
    newest = person.unseen()
    open_questions(person)
    set_day(person, STILL_HOLDS)
    expect(card.locator("h1")).to_have_text("所画区域")
    expect(card.locator("#unseen")).not_to_have_text(newest)
    assert float(person.unseen().split()[0]) < float(newest.split()[0])
    page.get_by_role("button", name="清除所画区域").click()
    expect(card.locator("h1")).to_have_text("试验县")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_an_area_is_drawn_by_keys_and_never_crosses_itself(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    page.locator("#tools > summary").press("Enter")
    page.get_by_role("button", name="画区域").press("Enter")
    moves = ["ArrowRight", "ArrowDown", "ArrowLeft"]
    page.keyboard.press("Enter")
    for key in moves:
        page.keyboard.press(key)
        page.wait_for_timeout(60)
        page.keyboard.press("Enter")
    expect(page.locator("#draw-words")).to_contain_text("4 个角点")
    page.keyboard.press("Backspace")
    expect(page.locator("#draw-words")).to_contain_text("3 个角点")
    page.get_by_role("button", name="完成").press("Enter")
    expect(page.locator("#panel h1")).to_have_text("所画区域")
    # A bow tie is refused in place, and the corners stay for mending.
    page.get_by_role("button", name="重新画一个").click()
    person.problems.clear()
    w, s, d = county.WEST + 0.008, county.SOUTH + 0.006, 0.008
    for lon, lat in [(w, s), (w + d, s + d), (w + d, s), (w, s + d)]:
        page.mouse.click(*on_map(page, lon, lat))
    page.get_by_role("button", name="完成").click()
    expect(page.locator("#draw-words")).to_contain_text("交叉")
    assert all("400" in problem for problem in person.problems)
    person.problems.clear()
    page.locator("#map_main, .folium-map").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("#drawbar")).to_be_hidden()
    person.fine()


def test_gaps_by_what_they_lack_with_their_way_in(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    first = page.locator(".gap-list li").first
    for words in ("亩", "公顷", "风险 ×", "进入"):
        expect(first).to_contain_text(words)
    page.get_by_role("button", name="未查清").click()
    expect(page.get_by_role("button", name="未查清")).to_have_attribute("aria-pressed", "true")
    assert "gaps=uncleared" in page.url
    with page.expect_download() as waiting:
        page.get_by_role("link", name="GPX").click()
    assert waiting.value.suggested_filename == "gaps-uncleared-2026-06-30.gpx"
    page.locator(".gap-list button").first.click()
    expect(page.locator(".access-sign")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    shoot(page, "gap")
    person.fine()


@BOTH
def test_a_cells_story_is_whole(
    visit: Callable[..., Visit], season: Season, size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    click_on_map(person, *season.early)
    card = page.locator("#panel-body")
    expect(card.locator(".visits li.expired").first).to_be_visible()
    for words in (
        "未覆盖", "截至", "曾为", "可发现概率", "生长期", "物候历", "先验风险", "为普通地面的 ×",
        "东镇政府", "早班", "步行", "莲座期", "搜索宽度", "假定值", "已失效",
    ):  # fmt: skip
        expect(card).to_contain_text(words)
    card.get_by_text("物候历").click()
    expect(card).to_contain_text("花期:自 2026年")
    shoot(page, "cell")
    # The panel keeps its subject while the day moves.
    open_questions(person)
    page.locator("#day").evaluate(
        "slider => { slider.value = 76; slider.dispatchEvent(new Event('input')); }"
    )
    expect(card).not_to_contain_text("已失效")
    expect(card.locator("h1")).to_contain_text("网格")
    assert card.locator(".visits li").count() >= 1
    person.fine()


def test_an_address_with_a_wrong_question_is_forgiven(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in("en")
    page = person.page
    page.goto("about:blank")
    page.goto(f"{person.base}/map#as_of=never&unit=nobody&show=nothing")
    person.settle()
    expect(page.locator("#map-message")).to_contain_text("does not exist here")
    assert "as_of" not in page.url
    assert page.locator("#shown").input_value() == "state"
    expect(page.locator("#legend-cells")).to_contain_text("Touched: any ground seen")
    assert all("400" in problem for problem in person.problems)
    person.problems.clear()
    shoot(page, "english")
    person.fine()


def test_a_day_after_the_campaign_is_its_last_day(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    newest = person.unseen()
    page.goto("about:blank")
    page.goto(f"{person.base}/map#as_of=2199-01-01")
    person.settle()
    expect(page.locator("#map-message")).to_contain_text("日期太晚")
    assert "as_of" not in page.url
    assert person.unseen() == newest
    expect(page.locator("#panel-body")).to_have_attribute("aria-busy", "false")
    person.fine()
