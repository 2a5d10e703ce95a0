"""The review queue in a real Chromium, by keyboard as for four hours, and by touch on a tablet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD, USER
from playwright.sync_api import Page, Route, expect
from review_builders import is_poppy
from test_browser import PHONE, WIDE, Visit, chromium
from test_review_api import READER, review_workspace

from webmap import create_app

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
# The number of the first candidate of a new workspace.
FIRST = 1
TABLET = (820, 1180)
WORDS = {"zh_CN": ("像罂粟", "待看", "再看"), "en": ("Looks like poppy", "open", "would hold")}


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[int]:
    """A server over a workspace; a second one on the same port is the first after a restart."""
    with served_app(create_app(folder), port=port) as base:
        yield int(base.rpartition(":")[2])


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, int]:
    """A workspace of its own and its survey with 64 candidates."""
    folder, survey, _other = review_workspace(tmp_path / "review")
    return folder, survey


@pytest.fixture
def start(chromium) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def make(port: int, size: tuple[int, int] = WIDE, **more: object) -> Visit:
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **more
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        made = Visit(context.new_page(), f"http://127.0.0.1:{port}")
        made.watch()
        return made

    yield make
    for context in contexts:
        context.close()


def go(person: Visit, path: str, language: str = "zh_CN", name: str = USER) -> Page:
    page = person.page
    page.goto(f"{person.base}/login?language={language}&next=/{path}")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"**/{path}")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def asked(page: Page, path: str) -> dict:
    return page.evaluate("path => fetch('/api/v1/' + path).then(r => r.json())", path)


def shown(page: Page, *, after: int | None = None) -> int:
    """Return the patch whose picture can be judged, another than the one before."""
    page.wait_for_function(
        "before => { const patch = document.getElementById('review').dataset.patch;"
        " return patch && patch !== before && !document.querySelector('#chip.loading')"
        " && document.querySelector('#chip img').naturalWidth > 0 }",
        arg="" if after is None else str(after),
    )
    return int(page.locator("#review").get_attribute("data-patch") or 0)


def sent(page: Page) -> None:
    """Wait until the server has every answer."""
    page.wait_for_function(
        "() => Object.keys(localStorage).every("
        "key => !key.startsWith('review-outbox') || localStorage[key] === '[]')"
    )


def answer_truly(page: Page, count: int) -> list[tuple[int, bool]]:
    """Answer by key what is shown; return the patches in their order and what each was."""
    found: list[tuple[int, bool]] = []
    patch = shown(page)
    for _ in range(count):
        poppy = is_poppy(patch - FIRST)
        found.append((patch, poppy))
        page.keyboard.press("y" if poppy else "2")
        if len(found) < count:
            patch = shown(page, after=patch)
    return found


def test_fifty_by_keyboard_change_the_order_and_outlive_a_restart(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    path = f"review/{survey}"
    with serving(folder) as port:
        person = start(port)
        page = go(person, path)
        before = asked(page, path)
        found = answer_truly(page, 50)
        sent(page)
        patches = [patch for patch, _ in found]
        assert len(set(patches)) == 50
        # Shown first is what resembles the finds: most of the thirteen come early.
        early = sum(poppy for _, poppy in found[:25])
        assert early >= 10
        expect(page.locator("#progress")).to_contain_text("您已看 50 个")
        expect(page.locator("#advice")).to_contain_text("再看 14 个预计还有约")
        after = asked(page, path)
        assert after["progress"]["seen"] == 50
        assert [one["patch"] for one in before["coming"]] != patches[:6]
        page.click("#labels summary")
        expect(page.locator("#label-list tbody tr")).to_have_count(50)
        page.click("#models summary")
        expect(page.locator("#model-list li")).to_have_count(2)
        person.fine()
    with serving(folder, port):
        page.reload()
        patch = shown(page)
        assert patch not in patches
        expect(page.locator("#progress")).to_contain_text("您已看 50 个")
        kept = asked(page, f"{path}/labels?limit=500")["labels"]
        assert {one["patch"]: one["label"] == "poppy" for one in kept} == dict(found)


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (TABLET, "zh_CN"), (PHONE, "zh_CN")])
def test_every_key_has_a_button_in_both_languages_and_sizes(
    start: Callable[..., Visit], place: tuple[Path, int], size: tuple[int, int], language: str
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port, size, has_touch=size != WIDE)
        page = go(person, "review", language)
        page.locator(f"[data-survey='{survey}'] a").click()
        one = shown(page)
        for word, where in zip(WORDS[language], (".answers", "#progress", "#advice"), strict=True):
            expect(page.locator(where)).to_contain_text(word)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        text = page.locator("main").inner_text()
        assert "undefined" not in text
        assert "NaN" not in text
        assert "{" not in text
        # Both dates of this ground, in their order.
        figures = page.locator("#dates figure")
        expect(figures).to_have_count(2)
        expect(figures.first).to_have_class("this")
        press = page.locator(".answers button").first
        box = press.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        press.click()
        two = shown(page, after=one)
        page.locator(".answers .no").click()
        three = shown(page, after=two)
        page.locator("[data-reason=garden_flower]").click()
        expect(page.locator("#why")).to_be_hidden()
        page.locator("#back").click()
        assert shown(page, after=three) == two
        page.locator("[data-say=unsure]").click()
        shown(page, after=two)
        sent(page)
        labels = {r["patch"]: r["label"] for r in asked(page, f"review/{survey}/labels")["labels"]}
        assert labels == {one: "poppy", two: "unsure"}
        person.fine()


def test_keys_zoom_outline_skip_and_take_back(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        page = go(person, f"review/{survey}")
        one = shown(page)
        scale = page.locator("#scale").inner_text()
        page.keyboard.press("+")
        expect(page.locator("#scale")).not_to_have_text(scale)
        page.keyboard.press("-")
        expect(page.locator("#scale")).to_have_text(scale)
        page.locator("#chip").hover()
        page.mouse.wheel(0, -300)
        expect(page.locator("#scale")).not_to_have_text(scale)
        page.keyboard.press("o")
        expect(page.locator("#chip .outline")).to_be_hidden()
        expect(page.locator("#outline")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("s")
        two = shown(page, after=one)
        page.keyboard.press("n")
        three = shown(page, after=two)
        page.keyboard.press("g")
        expect(page.locator("#last")).to_contain_text("杂草")
        page.keyboard.press("Backspace")
        assert shown(page, after=three) == two
        # Held down, a key answers once.
        page.keyboard.down("n")
        page.keyboard.down("n")
        page.keyboard.up("n")
        shown(page, after=two)
        sent(page)
        rows = asked(page, f"review/{survey}/labels")["labels"]
        assert [(r["patch"], r["label"]) for r in rows] == [(two, "other"), (one, "skipped")]
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_have_attribute("open", "")
        person.fine()


def test_answers_wait_for_the_connection_and_count_once(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        page = go(person, f"review/{survey}")
        patch = shown(page)
        lost: list[str] = []

        def lose(route: Route) -> None:
            # The first answer arrives, but nobody hears of it; later ones don't arrive.
            if not lost:
                route.fetch()
            lost.append(route.request.url)
            route.abort()

        page.route("**/labels", lose)
        done = []
        for _ in range(2):
            done.append(patch)
            page.keyboard.press("n")
            patch = shown(page, after=patch)
        expect(page.locator("#outbox")).to_contain_text("2 个回答等待发送")
        page.unroute("**/labels")
        # What waits outlives the page.
        page.reload()
        shown(page)
        expect(page.locator("#outbox")).to_be_hidden()
        expect(page.locator("#progress")).to_contain_text("您已看 2 个")
        rows = asked(page, f"review/{survey}/labels")["labels"]
        assert sorted(row["patch"] for row in rows) == sorted(done)
        assert person.elsewhere == []


def test_two_pages_keep_each_others_waiting_answers(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        page = go(person, f"review/{survey}")
        one = shown(page)
        second = page.context.new_page()
        second.goto(f"{person.base}/review/{survey}?patch={one + 40}")
        assert shown(second) == one + 40
        page.context.route("**/labels", lambda route: route.abort())
        for tab in (page, second):
            tab.keyboard.press("n")
            expect(tab.locator("#outbox")).to_contain_text("1 个回答等待发送")
        page.close()
        page.context.unroute("**/labels")
        second.reload()
        shown(second)
        sent(second)
        rows = asked(second, f"review/{survey}/labels")["labels"]
        assert {row["patch"] for row in rows} == {one, one + 40}


def test_a_login_page_in_between_is_no_answer_of_the_server(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        page = go(person, f"review/{survey}")
        patch = shown(page)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        tried: list[int] = []

        def portal(route: Route) -> None:
            status = (200, 403)[len(tried) % 2]
            tried.append(status)
            route.fulfill(status=status, content_type="text/html", body="<h1>Wi-Fi</h1>")

        page.route("**/labels", portal)
        page.keyboard.press("n")
        shown(page, after=patch)
        expect(page.locator("#outbox")).to_contain_text("1 个回答等待发送")
        # It is tried again after a while, not at once and without end.
        page.wait_for_timeout(1000)
        assert len(tried) == 1
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.wait_for_timeout(1000)
        assert tried == [200, 403]
        expect(page.locator("#outbox")).to_contain_text("1 个回答等待发送")
        assert errors == []
        page.unroute("**/labels")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        sent(page)
        rows = asked(page, f"review/{survey}/labels")["labels"]
        assert [row["patch"] for row in rows] == [patch]


def test_nobody_answers_for_a_picture_that_is_not_there(
    start: Callable[..., Visit], place: tuple[Path, int]
) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        person.page.route("**/chip.png*", lambda route: route.abort())
        page = go(person, f"review/{survey}")
        expect(page.locator("#chip p.hint")).to_be_visible()
        patch = page.locator("#review").get_attribute("data-patch") or ""
        page.keyboard.press("n")
        expect(page.locator("#last")).to_contain_text("看不到图片")
        expect(page.locator("#review")).to_have_attribute("data-patch", patch)
        page.keyboard.press("s")
        expect(page.locator("#review")).not_to_have_attribute("data-patch", patch)
        sent(page)
        page.unroute("**/chip.png*")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        seen = shown(page)
        page.keyboard.press("n")
        shown(page, after=seen)
        sent(page)
        rows = asked(page, f"review/{survey}/labels")["labels"]
        assert {(r["patch"], r["label"]) for r in rows} == {
            (int(patch), "skipped"),
            (seen, "other"),
        }


def test_who_may_only_look_is_told(start: Callable[..., Visit], place: tuple[Path, int]) -> None:
    folder, survey = place
    with serving(folder) as port:
        person = start(port)
        page = go(person, f"review/{survey}", name=READER)
        one = shown(page)
        expect(page.locator(".answers")).to_have_count(0)
        expect(page.locator("main")).to_contain_text("只有分析员和管理员可以回答")
        page.keyboard.press("y")
        assert shown(page) == one
        person.fine()
