"""A real Chromium goes the way a person goes, in both languages and on both screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import county_builder as county
import pytest
from app_server import served_app
from conftest import HOSTILE, PASSWORD, USER, build_workspace
from flask import Flask
from map_signs import click_sign, has_ink, signs, wait_drawn
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from webmap import create_app
from webmap.tiles.coverage import EMPTY_PNG

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = (1366, 768), (360, 640)
FIRST_LOAD_BYTES, PICTURES = 500_000, ("/tiles/", "chip.png")


@dataclass
class Visit:
    """One person's browser: its page, and everything that must not happen in it."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)

    def watch(self) -> None:
        page = self.page
        page.on("console", lambda m: m.type in ("error", "warning") and self.problems.append(m.text))  # fmt: skip
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        page.on("request", lambda r: None if r.url.startswith((self.base, "data:", "blob:")) else self.elsewhere.append(r.url))  # fmt: skip
        page.on("response", self._look)

    def _look(self, response: Response) -> None:
        if response.request.resource_type == "document" and response.status == 200:
            self.policies.append(response.headers.get("content-security-policy", ""))

    def sign_in(self, language: str = "zh_CN") -> None:
        self.page.goto(f"{self.base}/login?language={language}")
        self.page.fill("#username", USER)
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector("#panel[aria-busy=false] #unseen", state="attached")
        self.page.wait_for_selector("#panel-body[aria-busy=false]")
        self.page.wait_for_load_state("networkidle")

    def unseen(self) -> str:
        return self.page.locator("#unseen").inner_text()

    def fine(self) -> None:
        """Nothing went wrong, nothing was fetched elsewhere, no policy was loose."""
        assert self.problems == []
        assert self.elsewhere == []
        assert self.policies
        for policy in self.policies:
            assert "unsafe-inline" not in policy
            assert "script-src 'self' 'nonce-" in policy


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a county of its own, as these tests add files to it."""
    app: Flask = create_app(build_workspace(tmp_path_factory.mktemp("browser") / "county"))
    app.config["INLINE_JOBS"] = True
    with served_app(app) as base:
        yield base


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, served: str) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def start(size: tuple[int, int] = WIDE, *, dark: bool = False) -> Visit:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(40_000)
        contexts.append(context)
        made = Visit(context.new_page(), served)
        made.watch()
        return made

    yield start
    for context in contexts:
        context.close()


def heading(page: Page, text: str) -> None:
    """Wait until the panel tells of this."""
    expect(page.locator("#panel h1")).to_have_text(text)


def click_on_map(visit: Visit, lon: float, lat: float) -> None:
    """Click where a place is drawn, if need be after moving the map there."""
    point = visit.page.evaluate(
        "([lon, lat]) => { map_main.setView([lat, lon], 17, {animate: false});"
        " const p = map_main.latLngToContainerPoint([lat, lon]);"
        " const box = map_main.getContainer().getBoundingClientRect();"
        " return [p.x + box.x, p.y + box.y]; }",
        [float(lon), float(lat)],
    )
    wait_drawn(visit.page)
    visit.page.mouse.click(*point)


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (PHONE, True)])
def test_drill_down_and_back_with_numbers_that_add_up(
    visit: Callable[..., Visit], size: tuple[int, int], dark: bool
) -> None:
    person = visit(size, dark=dark)
    person.sign_in()
    page = person.page
    top = person.unseen()
    assert page.locator("#way button").all_inner_texts() == ["试验县"]
    if size == PHONE:
        page.click("#grip")
    for name in ("东镇", "东一村"):
        page.locator("#panel tbody").get_by_role("button", name=name).click()
        heading(page, name)
        person.settle()
        if size == PHONE and name == "东镇":
            page.click("#grip")
    assert page.locator("#way button").all_inner_texts() == ["试验县", "东镇", "东一村"]
    shared = page.url
    assert "area=990100001001" in shared
    page.go_back()
    heading(page, "东镇")
    page.go_back()
    heading(page, "试验县")
    person.settle()
    assert person.unseen() == top
    page.goto("about:blank")
    page.goto(shared)
    person.settle()
    assert page.locator("#panel h1").inner_text() == "东一村"
    page.locator("#way button").first.click()
    heading(page, "试验县")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]
    person.fine()


def test_a_name_on_the_map_drills_down(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    person.page.get_by_title("前往 西乡").locator("span").click()
    heading(person.page, "西乡")
    person.fine()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_layers_are_seen_in_both_languages(visit: Callable[..., Visit], language: str) -> None:
    words = {
        "zh_CN": ("图层", "图例", "没有有效查看的地面", "数据截至", "模拟数据"),
        "en": ("Layers", "Legend", "a look that still counts", "Data until", "Simulated data"),
    }[language]
    person = visit()
    person.sign_in(language)
    page = person.page
    text = page.locator("body").inner_text()
    for word in words:
        assert word in text
    page.click("#layers summary")
    assert page.locator("#layers input:visible").count() == 10
    assert page.locator(".leaflet-coverage-pane img").count() > 0
    assert page.locator(".leaflet-gaps-pane path").count() > 0
    assert page.locator(".leaflet-areas-pane path").count() > 2
    assert page.locator(".leaflet-zones-pane path").count() > 1
    drawn = signs(page, "patches")
    assert len(drawn) > 1
    assert all(has_ink(page, "patches", one["id"]) for one in drawn)
    page.locator('#layers input[value="patches"]').uncheck()
    assert signs(page, "patches") == []
    assert "off=patches" in page.url
    page.reload()
    person.settle()
    assert signs(page, "patches") == []
    person.fine()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_a_cell_tells_who_was_there_and_hostile_names_stay_text(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    if size == PHONE:
        for one, other in (("legend", "layers"), ("layers", "legend")):
            page.click(f"#{one} summary")
            expect(page.locator(f"#{one}")).to_have_attribute("open", "")
            expect(page.locator(f"#{other}")).not_to_have_attribute("open", "")
        page.click("#layers summary")
    lon, lat = county.walk(offset=0.003)[60]
    click_on_map(person, lon, lat + 0.00012)
    page.wait_for_selector("#panel .visits li")
    if size == PHONE:
        chosen = page.locator(".leaflet-chosen-pane path").bounding_box()
        sheet = page.locator("#panel").bounding_box()
        assert chosen is not None and sheet is not None  # noqa: PT018 - one question
        assert chosen["y"] + chosen["height"] / 2 < sheet["y"]
    item = page.locator("#panel .visits li", has_text=HOSTILE)
    assert item.count() == 1
    assert HOSTILE in item.locator("button").inner_text()
    assert "西乡政府" in item.inner_text()
    assert "2026年5月14日" in item.inner_text()
    item.locator("button").click()
    heading(page, HOSTILE)
    assert page.locator("#panel img").count() == 0
    page.locator("#panel button.link").first.click()
    page.wait_for_selector("#unseen")
    person.fine()


def test_a_click_on_a_track_opens_it(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    lon, lat = county.walk(offset=0.003)[60]
    click_on_map(person, lon, lat)
    heading(person.page, HOSTILE)
    person.fine()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_a_patch_shows_its_picture_and_its_reasons(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    first = next(one for one in signs(page, "patches") if one.get("rank") == 1)
    click_sign(page, "patches", first["id"])
    chip = page.locator("#panel img.chip")
    chip.wait_for()
    page.wait_for_function("() => document.querySelector('img.chip').naturalWidth === 320")
    text = page.locator("#panel").inner_text()
    for word in ("第 1 位", "不是概率", "不是证据", "m²", "亩", "meadow.tif", "叶色偏蓝绿"):
        assert word in text, word
    person.fine()


def test_an_address_of_nothing_leads_to_the_county(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    person.problems.clear()
    for hash_, word in (("area=NOPE", "NOPE"), ("campaign=99", "99"), ("campaign=abc", "abc")):
        page.goto("about:blank")
        page.goto(f"{person.base}/map#{hash_}")
        person.settle()
        heading(page, "试验县")
        expect(page.locator("#map-message")).to_contain_text(word)
        assert hash_ not in page.url
    assert all("status of 40" in problem for problem in person.problems)


def test_a_start_with_a_base_map_is_thrifty(chromium: Browser, tmp_path: Path) -> None:
    folder = build_workspace(tmp_path / "county")
    tile = tmp_path / "tiles" / "8" / "1" / "1.png"
    tile.parent.mkdir(parents=True)
    tile.write_bytes(EMPTY_PNG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOINSPECT_BASEMAP", str(tmp_path / "tiles"))
        app = create_app(folder)
    tiles: list[str] = []
    with served_app(app) as base:
        context = chromium.new_context()
        person = Visit(context.new_page(), base)
        person.page.on("request", lambda r: "/tiles/" in r.url and tiles.append(r.url))
        person.sign_in()
        context.close()
    assert any("/tiles/base/" in url for url in tiles)
    assert len(tiles) <= 80


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_three_files_one_bad_each_with_its_result(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    before = person.unseen()
    page = person.page
    page.locator(".rail a[href='/upload']").click()
    page.wait_for_load_state("networkidle")
    shift = 0.006 if size == WIDE else 0.0115
    files = [
        ("好.gpx", county.gpx(county.walk(offset=shift), name=HOSTILE)),
        (f"{HOSTILE[7:30]}.gpx", county.gpx(county.walk(offset=shift + 0.0022))),
        ("网页.gpx", "<html>not a track</html>"),
    ]
    page.set_input_files(
        "#files",
        [{"name": n, "mimeType": "text/xml", "buffer": t.encode()} for n, t in files],
    )
    expect(page.locator("#now li.added, #now li.refused")).to_have_count(3)
    assert page.locator("#now li").count() == 3
    assert page.locator("#now li.added").count() == 2
    bad = page.locator("#now li.refused").inner_text()
    assert "网页" in bad
    assert "无法使用" in bad
    good = page.locator("#now li.added", has_text="好.gpx").inner_text()
    assert "200 个点" in good
    assert "回执" in good
    page.wait_for_load_state("networkidle")
    assert page.locator("#now img, #sent img").count() == 0
    receipt = re.search(r"回执 ([0-9A-F]{12})", good)
    assert receipt is not None
    expect(page.locator("#sent")).not_to_contain_text(receipt[1])
    page.locator("#now li.added", has_text="好.gpx").get_by_role("link").first.click()
    heading(page, HOSTILE)
    assert page.locator(".leaflet-chosen-pane path").count() == 1
    page.locator("#panel button.link").first.click()
    person.settle()
    assert person.unseen() != before
    person.fine()


def test_the_first_load_is_small(chromium: Browser, served: str) -> None:
    context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    person = Visit(context.new_page(), served)
    person.sign_in()
    cookies = context.cookies()
    context.close()
    context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    context.add_cookies(cookies)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, float] = {}
    devtools.on(
        "Network.requestWillBeSent",
        lambda e: addresses.update({e["requestId"]: e["request"]["url"]}),
    )
    devtools.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}))  # fmt: skip
    page.goto(f"{served}/map")
    Visit(page, served).settle()
    counted = {
        addresses[k]: n for k, n in sizes.items() if not any(p in addresses[k] for p in PICTURES)
    }
    total = sum(counted.values())
    context.close()
    assert len(counted) > 10
    assert total <= FIRST_LOAD_BYTES
