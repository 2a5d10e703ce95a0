"""A field person's day in a real Chromium of a phone's size: with a signal, without one, and after."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD
from PIL import Image
from playwright.sync_api import Page, expect
from test_browser import PHONE, Visit, chromium
from work_season import FIELD, facts, step, work_folder

from geoinspect.store import cases, sites
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
HERE = {"longitude": 107.931, "latitude": 33.96}
WORDS = {
    "zh_CN": {"title": "今日", "kept": "自动发送", "sent": "全部已发送", "offline": "没有网络", "waits": "待发送"},
    "en": {"title": "Today", "kept": "sent by itself", "sent": "Everything is sent", "offline": "No connection", "waits": "wait on this device"},
}  # fmt: skip
# Every text that can be seen with the contrast to what lies behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
  const part = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('.today-page'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.getClientRects().length || node.closest('.visually-hidden')) continue;
    const style = getComputedStyle(node);
    const [one, two] = [light(rgb(style.color)), light(ground(node))].sort((a, b) => b - a);
    found.push([walk.currentNode.data.trim().slice(0, 30), (one + 0.05) / (two + 0.05), parseFloat(style.fontSize)]);
  }
  return found;
}"""
SMALL = """() => [...document.querySelectorAll('.today-page button, .today-page .button, .today-page .tabs a')]
  .filter((n) => n.getClientRects().length)
  .map((n) => [n.textContent, n.getBoundingClientRect()])
  .filter(([, box]) => box.height < 47.9 || box.width < 47.9).map(([words]) => words)"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path, dict[str, int]]]:
    folder, made = work_folder(tmp_path / "county")
    app = create_app(folder)
    with served_app(app) as base:
        yield base, folder, made


@pytest.fixture
def phone(chromium, served) -> Iterator[Callable[[str], Visit]]:
    contexts = []

    def make(language: str, **more: object) -> Visit:
        width, height = PHONE
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            has_touch=True,
            geolocation=HERE,
            permissions=["geolocation"],
            **more,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        visit = Visit(context.new_page(), served[0])
        visit.watch()
        page = visit.page
        page.goto(f"{visit.base}/login?language={language}&next=/today")
        page.fill("#username", FIELD)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/today")
        ready(page)
        return visit

    yield make
    for context in contexts:
        context.close()


def ready(page: Page) -> None:
    expect(page.locator("#cards[aria-busy=false] .day-card").first).to_be_visible()


def card(page: Page, kind: str, number: int):
    return page.locator(f'[data-key="{kind}-{number}"]')


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 140, 60)).save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_day_fits_a_phone_in_the_sun(phone, served, language: str) -> None:
    visit = phone(language)
    page, made = visit.page, served[2]
    assert WORDS[language]["title"] in page.inner_text("h1")
    keys = page.locator(".day-card").evaluate_all("nodes => nodes.map(n => n.dataset.key)")
    assert keys[:1] == [f"site-{made['site']}"]
    assert {f"case-{made[name]}" for name in ("verify", "eradicate", "recheck")} < set(keys)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    told = page.evaluate(CONTRASTS)
    assert len(told) > 20
    assert [one for one in told if one[1] < 7] == []
    assert [one for one in told if one[2] < 18] == []
    assert page.evaluate(SMALL) == []
    way = page.locator(".stop").all_inner_texts()
    assert sorted(map(int, way)) == list(range(1, len(way) + 1))
    link = card(page, "case", made["verify"]).locator("[data-do=navigate]").get_attribute("href")
    assert re.match(r"geo:33\.9\d+,107\.9\d+\?q=", link or "")
    visit.fine()


def test_dark_pages_have_the_contrast_too(phone) -> None:
    page = phone("zh_CN", color_scheme="dark").page
    assert [one for one in page.evaluate(CONTRASTS) if one[1] < 7] == []


def test_each_kind_of_step_is_answered_in_place(phone, served) -> None:
    visit = phone("zh_CN")
    page, made = visit.page, served[2]
    for name, fields in (
        ("verify", {}),
        ("eradicate", {"plants": "620"}),
        ("recheck", {}),
    ):
        mine = card(page, "case", made[name])
        mine.locator(f"[data-do={name}]").click()
        form = mine.locator("form")
        expect(form).to_be_visible()
        for field, value in fields.items():
            form.locator(f"[name={field}]").fill(value)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        form.locator("button[type=submit]").click()
        expect(form).to_have_count(0)
    site = card(page, "site", made["site"])
    site.locator("[data-do=visit]").click()
    # The same questions as on the site's own page: yes or no, with words where one wants.
    site.locator("[data-question='0'] input[value=否]").check()
    site.locator("[data-question='0'] .words input").fill("锁换了")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    if folder := os.environ.get("SITE_PICTURES"):
        page.screenshot(path=Path(folder) / "today-site.png", full_page=True)
    site.locator("button[type=submit]").click()
    expect(site.locator("form")).to_have_count(0)
    expect(page.locator("#receipts li:not(.empty)")).to_have_count(4)
    with Workspace.open(served[1]) as workspace, workspace.database.reading() as session:
        states = {
            name: cases.case(session, made[name]).state
            for name in ("verify", "eradicate", "recheck")
        }
        (answer,) = sites.answers_of_site(session, made["site"])
    assert states == {"verify": "confirmed", "eradicate": "eradicated", "recheck": "rechecked"}
    assert answer.answers["items"] == [["门锁是否完好?", "否: 锁换了"]]
    visit.fine()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_without_a_signal_answers_and_photos_wait_and_are_sent_once(
    phone, served, language: str
) -> None:
    visit = phone(language)
    page, made, words = visit.page, served[2], WORDS[language]
    context = page.context
    context.set_offline(True)
    mine = card(page, "case", made["eradicate"])
    file = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    mine.locator("input[type=file]").set_input_files(file)
    expect(page.locator("#told")).to_contain_text(words["kept"])
    mine.locator("[data-do=eradicate]").click()
    mine.locator("[name=plants]").fill("620")
    mine.locator("button[type=submit]").click()
    expect(mine.locator("form")).to_have_count(0)
    expect(mine.locator(".done")).to_be_visible()
    expect(mine.locator("[data-do=eradicate]")).to_be_hidden()
    waiting = page.locator("#waiting")
    expect(waiting).to_contain_text(words["waits"])
    assert re.findall(r"\d+", waiting.inner_text()) == ["1", "1"]
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#offline")).to_contain_text(words["offline"])
    assert page.locator(".day-card").count() >= 4
    # The server is there again, but the page that comes is a new one: what waits is on the device.
    context.set_offline(False)
    page.reload()
    ready(page)
    expect(waiting).to_contain_text(words["sent"])
    expect(page.locator("#receipts li:not(.empty)")).to_have_count(2)
    expect(card(page, "case", made["eradicate"]).locator("[data-do=recheck]")).to_be_visible()
    page.reload()
    ready(page)
    expect(page.locator("#receipts li:not(.empty)")).to_have_count(2)
    with Workspace.open(served[1]) as workspace, workspace.database.reading() as session:
        actions = [row.action for row in cases.events_of(session, made["eradicate"])]
        kept = cases.evidence_of(session, made["eradicate"])
    assert actions.count("eradicate") == 1
    assert actions.count("evidence") == 1
    assert [piece.kind for piece in kept] == ["photo"]
    assert kept[0].file.bytes == len(photo())
    assert (round(kept[0].lon, 3), round(kept[0].lat, 3)) == (107.931, 33.96)
    assert visit.elsewhere == []


def test_what_the_server_refuses_ends_as_a_question_and_is_not_lost(phone, served) -> None:
    visit = phone("zh_CN")
    page, made = visit.page, served[2]
    page.context.set_offline(True)
    gone, moved = (card(page, "case", made[name]) for name in ("verify", "eradicate"))
    gone.locator("[data-do=verify]").click()
    gone.locator("button[type=submit]").click()
    expect(gone.locator("form")).to_have_count(0)
    moved.locator("[data-do=eradicate]").click()
    moved.locator("[name=plants]").fill("617")
    moved.locator("button[type=submit]").click()
    expect(moved.locator("form")).to_have_count(0)
    with Workspace.open(served[1]) as workspace:
        step(workspace, made["verify"], "dismiss", 0, reason="grass")
        step(workspace, made["eradicate"], "eradicate", 0, facts=facts(0, method="burnt"))
    page.context.set_offline(False)
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    expect(page.locator("#told.problem")).to_contain_text("未被接受")
    questions = page.locator("#queue .question")
    expect(questions).to_have_count(2)
    page.reload()
    ready(page)
    expect(questions).to_have_count(2)
    expect(page.locator("#carry")).to_contain_text("2 项未接受")
    asked = questions.filter(has_text="617")
    expect(asked).to_contain_text("线索已有新的进展")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert page.evaluate(SMALL) == []
    if folder := os.environ.get("FIELD_PICTURES"):
        page.screenshot(path=Path(folder) / "question.png", full_page=True)
    asked.locator("[data-way=q_as_note]").click()
    expect(questions).to_have_count(1)
    expect(page.locator("#receipts li:not(.empty)")).to_have_count(1)
    questions.locator("[data-way=q_throw]").click()
    expect(questions).to_have_count(1)
    questions.locator("[data-way=q_throw_yes]").click()
    expect(page.locator("#waiting")).to_contain_text("全部已发送")
    with Workspace.open(served[1]) as workspace, workspace.database.reading() as session:
        events = cases.events_of(session, made["eradicate"])
    assert [one.action for one in events].count("eradicate") == 1
    (note,) = [one for one in events if one.actor == FIELD]
    assert note.action == "note"
    assert "617" in str(note.details)
    assert visit.elsewhere == []
