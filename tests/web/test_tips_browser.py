"""A person sends a tip from a phone and gets a code; the office makes a case of it; the code tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from photo_builders import jpeg_bytes
from playwright.sync_api import expect
from test_browser import PHONE, WIDE, Visit, chromium
from test_review_browser import go, serving, start
from test_tips_api import tip_workspace

__all__ = ["chromium", "start"]
pytestmark = pytest.mark.browser
WORDS = {
    "zh_CN": ("已隐去", "现在抄写", "正在核查", "立为线索", "已转线索", "没有与此码相符"),
    "en": (
        "taken out",
        "Write it down now",
        "being checked",
        "Make a case",
        "in a case",
        "No report",
    ),
}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with serving(tip_workspace(tmp_path / "w")) as at:
        yield at


def fill(person: Visit, language: str, text: str) -> None:
    page = person.page
    page.goto(f"{person.base}/tip?language={language}")
    page.fill("#text", text)
    page.wait_for_timeout(2100)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_from_a_phone_to_a_case_and_back(
    port: int, start: Callable[..., Visit], language: str
) -> None:
    masked, write, checked, make, linked, unknown = WORDS[language]
    reporter = start(
        port,
        PHONE,
        permissions=["geolocation"],
        geolocation={"longitude": 108.05, "latitude": 33.05, "accuracy": 12},
    )
    fill(reporter, language, "屋后有罂粟 13912345678")
    page = reporter.page
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.click("#here")
    expect(page.locator("#place-said")).to_contain_text("12")
    page.set_input_files(
        "#photos", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes()}
    )
    page.check("[name=reward]")
    page.click("#send")
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator("#done")).to_contain_text(write)
    expect(page.locator("#masked")).to_contain_text(masked)
    code = page.locator("#code").inner_text()
    assert re.fullmatch(r"([0-9A-Z]{5}-){3}[0-9A-Z]{5}", code)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

    office = start(port, WIDE)
    tips = go(office, "tips", language)
    card = tips.locator(".tip-card")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("屋后有罂粟 〔已隐去〕")
    expect(card.locator(".tip-photos img")).to_be_visible()
    card.get_by_text(make, exact=True).click()
    card.locator("details[open] [name=title]").fill("屋后一处")
    card.locator("details[open] button").click()
    expect(card.locator(".tip-state")).to_have_text(linked)
    link = card.locator("a[href^='/cases/']").first
    expect(link).to_be_visible()
    case = tips.evaluate(
        "address => fetch('/api/v1' + address).then(r => r.json())", link.get_attribute("href")
    )
    assert (case["title"], case["origin"], case["state"]) == ("屋后一处", "tip", "suspected")

    page.goto(f"{reporter.base}/tip/status")
    page.fill("#code", code.lower().replace("-", " "))
    page.click("button[type=submit]")
    expect(page.locator("#found")).to_contain_text(checked)
    page.fill("#code", "AAAAA")
    page.click("button[type=submit]")
    expect(page.locator("#unknown")).to_contain_text(unknown)
    reporter.fine()
    office.fine()


def test_a_lost_answer_costs_nothing(port: int, start: Callable[..., Visit]) -> None:
    person = start(port, PHONE)
    fill(person, "zh_CN", "河滩有罂粟")
    page = person.page
    page.fill("#place", "河滩")
    page.check("[name=reward]")
    lost: list[bool] = []

    def lose(route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().ok)
            route.abort()
        else:
            route.continue_()

    page.route("**/tip", lose)
    page.click("#send")
    expect(page.locator("#problem")).to_contain_text("未提交成功")
    assert lost == [True]
    assert page.input_value("#text") == "河滩有罂粟"
    page.click("#send")
    expect(page.locator("#code")).to_have_text(re.compile("-"))
    office = start(port, WIDE)
    expect(go(office, "tips").locator(".tip-card")).to_have_count(1)
    office.fine()


def test_the_form_works_without_scripts(port: int, start: Callable[..., Visit]) -> None:
    person = start(port, PHONE, java_script_enabled=False)
    page = person.page
    page.goto(f"{person.base}/tip")
    page.fill("#text", "山沟里有罂粟")
    page.wait_for_timeout(2100)
    page.check("[name=reward]")
    page.click("#send")
    expect(page.locator("#problem")).to_contain_text("请说明地点")
    assert page.input_value("#text") == "山沟里有罂粟"
    page.fill("#place", "王家山沟")
    page.click("#send")
    expect(page.locator("#code")).to_have_text(re.compile("^.{5}(-.{5}){3}$"))


def test_the_office_merges_and_decides(port: int, start: Callable[..., Visit]) -> None:
    person = start(port, PHONE)
    page = person.page
    for text in ("甲说河滩有罂粟", "乙说河滩有罂粟"):
        fill(person, "zh_CN", text)
        # A tap in the middle of the outline is the middle of the county.
        page.locator("#map").click()
        expect(page.locator("#place-said")).to_contain_text("点位")
        page.check("[name=reward]")
        page.click("#send")
        expect(page.locator("#done")).to_be_visible()
    office = start(port, PHONE)
    tips = go(office, "tips")
    assert tips.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    first = tips.locator("#tip-1")
    first.locator(".tip-same button").click()
    expect(first.locator(".tip-state")).to_have_text("已合并")
    first.get_by_text("奖励", exact=True).click()
    first.locator("details[open] [name=yuan]").fill("800")
    first.locator("details[open] button").click()
    expect(first).to_contain_text("已批准,待领取 · 800.00 元")
    second = tips.locator("#tip-2")
    second.get_by_text("不予受理", exact=True).click()
    second.locator("details[open] [name=reason]").select_option("other")
    second.locator("details[open] button").click()
    expect(second.locator(".tip-said")).to_contain_text("备注")
    second.locator("details[open] [name=note]").fill("演练")
    second.locator("details[open] button").click()
    expect(second.locator(".tip-state")).to_have_text("不予受理")
    tips.select_option("[name=state]", "merged")
    expect(tips.locator(".tip-card")).to_have_count(1)
    person.fine()
