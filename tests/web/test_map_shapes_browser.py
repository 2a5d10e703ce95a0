"""The map at full size in a real Chromium: tiles, filters, days, comparison, measuring, paper, tables."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import county_builder as county
import pytest
from map_season import EARLY_UNIT, STILL_HOLDS
from map_signs import open_tool, signs
from playwright.sync_api import Page, expect
from pyproj import Geod
from test_browser import PHONE, Visit, chromium, visit
from test_map_browser import on_map, open_questions, season, served

__all__ = ["chromium", "season", "served", "visit"]
pytestmark = pytest.mark.browser

TRACKS = """() => { let all = null; map_main.eachLayer(layer => {
  if (layer.kind !== 'tracks' || layer.isLoading()) return;
  const ids = new Set(); layer.eachItem(item => item.point || ids.add(item.properties.id)); all = ids.size;
}); return all; }"""


@pytest.fixture
def person(visit: Callable[..., Visit]) -> Iterator[Visit]:
    """Somebody at the map, with nothing wrong at the end."""
    made = visit()
    made.sign_in()
    yield made
    made.fine()


def tracks_drawn(page: Page, wanted: int) -> None:
    """Wait until so many tracks are drawn in the view."""
    page.wait_for_function(f"wanted => ({TRACKS})() === wanted", arg=wanted)


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def listed(page: Page, layer: str) -> int:
    """Open a layer's table and return how many rows it has in all."""
    page.locator(f"#panel [data-tab={layer}]").click()
    expect(page.locator(f"[data-tab={layer}]")).to_have_attribute("aria-pressed", "true")
    return int(page.locator(".table-count").get_attribute("data-total") or -1)


def test_a_filter_narrows_shapes_and_tables_and_is_shared(person: Visit) -> None:
    page = person.page
    open_tool(page, "list")
    whole = listed(page, "tracks")
    tracks_drawn(page, whole)
    assert listed(page, "patches") == len(signs(page, "patches")) > 0
    page.locator("#filter > summary").click()
    page.locator("#filter-body").get_by_label("东镇政府").check()
    person.page.wait_for_load_state("networkidle")
    expect(page.locator("#filter-words")).to_have_text("筛选(1)")
    page.keyboard.press("Escape")
    few = listed(page, "tracks")
    assert 0 < few < whole
    tracks_drawn(page, few)
    shared = page.url
    assert f"unit={EARLY_UNIT}" in shared
    page.goto("about:blank")
    page.goto(shared)
    expect(page.locator("#filter-words")).to_have_text("筛选(1)")
    tracks_drawn(page, few)
    # The list is part of the view: it stands again, and its rows lead to the map by keys.
    row = page.locator(".table-scroll tbody button").first
    name = row.inner_text()
    row.press("Enter")
    expect(page.locator("#panel h1")).to_have_text(name)


def test_both_handles_go_by_keys(person: Visit) -> None:
    page = person.page
    before = page.evaluate(TRACKS)
    first = page.locator("#day-from")
    first.focus()
    # April's band leaves the map, May's walks stay.
    for _ in range(3):
        page.keyboard.press("PageUp")
    expect(page.locator("#day-words")).to_contain_text("–")
    expect(page.locator("#chips")).to_contain_text("起")
    assert "from=2026-" in page.url
    page.wait_for_function(
        f"before => {{ const now = ({TRACKS})(); return now !== null && now < before; }}",
        arg=before,
    )
    # No handle passes the other.
    page.locator("#day").focus()
    page.keyboard.press("Home")
    assert page.locator("#day").input_value() == first.input_value()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("size", [(1366, 768), PHONE])
def test_two_days_side_by_side(visit: Callable[..., Visit], size: tuple[int, int]) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    open_tool(page, "compare")
    divider = page.locator("#divider")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    page.locator("[name=compare-right]").fill(STILL_HOLDS)
    page.wait_for_load_state("networkidle")
    divider.focus()
    page.keyboard.press("PageUp")
    expect(divider).to_have_attribute("aria-valuenow", "60")
    expect(divider).to_have_attribute("aria-valuetext", re.compile("2026年6月16日"))
    assert f"swipe=2026-04-01,{STILL_HOLDS},60" in page.url
    for side, day in (("left", "2026-04-01"), ("right", STILL_HOLDS)):
        page.wait_for_function(
            "([side, day]) => { const all = [...document.querySelectorAll(`.leaflet-ground-${side}-pane img`)];"
            " return all.length && all.every(one => one.src.includes(`as_of=${day}`)); }",
            arg=[side, day],
        )
    # Each pane is cut where the divider stands.
    edges = page.evaluate(
        "['left', 'right'].map(side => map_main.getPane(`ground-${side}`).style.clipPath"
        ".match(/-?[\\d.]+px/g).map(parseFloat))"
    )
    assert edges[0][2] == pytest.approx(edges[1][0])
    page.reload()
    expect(divider).to_have_attribute("aria-valuenow", "60")
    page.get_by_role("button", name="结束对比").click()
    expect(divider).to_have_count(0)
    assert "swipe" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_measuring_is_true_to_the_ellipsoid(person: Visit) -> None:
    page = person.page
    w, s = county.WEST + 0.008, county.SOUTH + 0.007
    corners = [(w, s), (w + 0.02, s), (w + 0.02, s + 0.009), (w, s + 0.009)]
    open_tool(page, "measure")
    for lon, lat in corners:
        page.mouse.click(*on_map(page, lon, lat))
    m2, whole_m = Geod(ellps="WGS84").polygon_area_perimeter(*zip(*corners, strict=True))
    closing_m = Geod(ellps="WGS84").inv(*corners[-1], *corners[0])[2]
    told = page.locator("#measure-words").inner_text()
    length = re.search(r"长度 ([\d.]+) km", told)
    area = re.search(r"([\d,]+) m²", told)
    assert length is not None
    assert area is not None
    assert float(length[1]) * 1000 == pytest.approx(whole_m - closing_m, rel=0.005)
    assert float(area[1].replace(",", "")) == pytest.approx(abs(m2), rel=0.005)
    assert "亩" in told
    assert "公顷" in told
    page.locator(".folium-map").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#measure-bar")).to_be_hidden()


def test_where_one_is_in_plain_words(chromium, served: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    person = Visit(page, served)
    person.sign_in()
    open_tool(page, "locate")
    expect(page.locator("#map-message")).to_contain_text("许可")
    context.grant_permissions(["geolocation"], origin=served)
    context.set_geolocation({"latitude": 34.0, "longitude": 107.9, "accuracy": 30})
    open_tool(page, "locate")
    expect(page.locator("#map-message")).to_contain_text("30 m")
    expect(page.locator(".here-circle")).to_have_count(1)
    context.close()


@pytest.mark.parametrize(
    ("paper", "points"), [("a4-landscape", (842, 595)), ("a3-portrait", (842, 1191))]
)
def test_the_sheet_says_all_that_a_reader_needs(
    person: Visit, tmp_path: Path, paper: str, points: tuple[int, int]
) -> None:
    page = person.page
    box = page.evaluate("map_main.getBounds().toBBoxString()")
    page.goto(f"{person.base}/map/print#as_of={STILL_HOLDS}&unit={EARLY_UNIT}&off=gaps&box={box}")
    ready = "body[data-ready=yes]"
    page.wait_for_selector(ready, timeout=30_000)
    page.select_option("#paper", paper)
    page.locator("#title-field").focus()
    page.wait_for_selector(ready, timeout=30_000)
    page.locator("#title-field").fill("春季第七周")
    metres = float(page.locator("#scale-bar").get_attribute("data-metres") or 0)
    ground = page.evaluate(
        "() => { const bar = document.getElementById('scale-bar').getBoundingClientRect().width;"
        " const y = map_main.getSize().y / 2, p = x => map_main.containerPointToLatLng([x, y]);"
        " return map_main.distance(p(0), p(bar)); }"
    )
    assert ground == pytest.approx(metres, rel=0.01)
    file = tmp_path / "map.pdf"
    page.pdf(path=str(file), prefer_css_page_size=True, print_background=True)
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", told := run("pdfinfo", str(file)))
    assert size is not None
    assert (round(float(size[1])), round(float(size[2]))) == points
    assert re.search(r"Pages:\s+1\n", told)
    text = re.sub(r"\s", "", run("pdftotext", str(file), "-"))
    for words in (
        "春季第七周",
        "模拟数据",
        "2026年6月16日",
        "数据截至",
        "东镇政府",
        "比例尺",
        "疑似图斑",
        "未覆盖",
        "步行轨迹",
        "线索超期",
        "打印于",
        "测试员",
        "WGS84",
        "北",
    ):
        assert words in text, words
    # What is switched off on the map has no place in its legend.
    assert "空白及其排名" not in text
