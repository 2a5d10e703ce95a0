"""Adding evidence on the page of a case in a real Chromium: files, counts, a walk, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_builders import ANALYST, county, opened, place
from conftest import PASSWORD
from evidence_builders import picture_at
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium
from test_review_browser import go, serving, start

from geoinspect.cases.records import CaseAction
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.store import people

__all__ = ["chromium", "start"]
pytestmark = pytest.mark.browser
WHO = "field-1"
WORDS = {
    "zh_CN": ("照片、视频、文书", "测算株数", "已保存", "请签字人核对", "逐株清点"),
    "en": ("Photos, videos, documents", "Count plants", "Saved", "To be judged", "one by one"),
}
# The server takes the first file, and its answer is lost on the way.
LOSE_ONE_ANSWER = """
const open = XMLHttpRequest.prototype.open;
let lost = 0;
XMLHttpRequest.prototype.open = function (...asked) {
  if (lost++ === 0) {
    this.addEventListener("load", (event) => {
      event.stopImmediatePropagation();
      this.dispatchEvent(new ProgressEvent("error"));
    });
  }
  return open.apply(this, asked);
};
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A case that is assigned to U11, and a person of U11."""
    with county(tmp_path / "w") as workspace:
        with workspace.database.writing() as session:
            people.add_user(session, name=WHO, role="field", unit_code="U11", password=PASSWORD)
        case_id = opened(workspace, now=datetime.now(UTC))
        for step in (Step(CaseAction.TRIAGE), Step(CaseAction.ASSIGN, unit_code="U11")):
            act(workspace, case_id, step, ANALYST)
    return tmp_path / "w"


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("EVIDENCE_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_photos_and_counts_are_added_and_shown(
    office: Path,
    start: Callable[..., Visit],
    tmp_path: Path,
    language: str,
    size: tuple[int, int],
) -> None:
    files, counts, saved, odd, plainly = WORDS[language]
    (tmp_path / "现场.jpg").write_bytes(picture_at(place(1)))
    (tmp_path / "<b>x.pdf").write_bytes(b"%PDF-1.7")
    with serving(office) as port:
        page = go(start(port, size), "cases/1", language, WHO)
        page.get_by_role("button", name=files).click()
        page.fill('[data-kind=files] [name="witness"]', "王村长")
        chooser = page.locator("[data-kind=files] input[type=file][multiple]")
        chooser.set_input_files([tmp_path / "现场.jpg", tmp_path / "<b>x.pdf"])
        expect(page.locator(".evidence-sending .done")).to_have_count(2)
        expect(page.locator(".evidence-sending .done").first).to_contain_text(saved)
        expect(page.locator(".piece")).to_have_count(2)
        photo = page.locator(".piece", has_text="现场.jpg")
        expect(photo).to_contain_text(odd)
        expect(photo).to_contain_text("王村长")
        photo.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('.piece-thumb')?.naturalWidth > 0")
        expect(page.locator(".piece", has_text="<b>x.pdf")).to_have_count(1)
        with page.expect_download() as download:
            photo.locator("a[download]").click()
        assert Path(download.value.path()).read_bytes() == picture_at(place(1))
        picture(page, f"files-{language}-{size[0]}")

        page.get_by_role("button", name=counts).click()
        for n, plants in enumerate((3, 4, 0, 5, 2)):
            page.locator(".quadrats input").nth(n).fill(str(plants))
        expect(page.locator(".quadrats input")).to_have_count(6)
        page.fill('[name="area_m2"]', "80")
        page.click("[data-kind=count] [type=submit]")
        told = page.locator("[data-kind=count] [role=status]")
        expect(told).to_contain_text(saved)
        expect(told).to_contain_text("224")
        expect(page.locator(".piece")).to_have_count(3)
        picture(page, f"count-{language}-{size[0]}")
        page.check('[value="plain"]')
        page.fill('[name="plants"]', "37")
        page.click("[data-kind=count] [type=submit]")
        expect(page.locator(".piece").last).to_contain_text("37")
        expect(page.locator(".piece").last).to_contain_text(plainly)
        fits(page)


def test_ground_is_measured_by_walking_round_it(office: Path, start: Callable[..., Visit]) -> None:
    ring = [(108.0499, 33.0499), (108.0501, 33.0499), (108.0501, 33.0501), (108.0499, 33.0501)]
    with serving(office) as port:
        visit = start(port, PHONE, permissions=["geolocation"], has_touch=True, is_mobile=True)
        visit.page.context.set_geolocation({"latitude": 33.0499, "longitude": 108.0499})
        page = go(visit, "cases/1", "zh_CN", WHO)
        page.click("[data-add=area]")
        page.check('[name="use_as_ground"]')
        page.click(".walk .primary")
        for n, (lon, lat) in enumerate([*ring[1:], ring[0]]):
            expect(page.locator(".walk [role=status]")).to_contain_text(f"已记录 {n + 1} 个点")
            page.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 4})
        expect(page.locator(".walk [role=status]")).to_contain_text("已记录 5 个点")
        picture(page, "walk-zh_CN-360")
        page.click(".walk .primary")
        expect(page.locator("[data-kind=area] .done")).to_contain_text("已保存")
        expect(page.locator(".piece")).to_contain_text("绕行测量")
        told = page.evaluate("fetch('/api/v1/cases/1').then(r => r.json())")
        assert len(told["ground"]["coordinates"][0]) == 5
        page.click("[data-kind=area] summary")
        page.fill('[data-kind=area] [name="area_m2"]', "66.7")
        page.click("[data-kind=area] details button")
        expect(page.locator(".piece").last).to_contain_text("皮尺丈量")
        fits(page)


def test_a_lost_answer_is_said_and_sending_again_counts_once(
    office: Path, start: Callable[..., Visit], tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(picture_at(place()))
    visit = start(0)
    visit.page.add_init_script(LOSE_ONE_ANSWER)
    with serving(office) as port:
        visit.base = f"http://127.0.0.1:{port}"
        page = go(visit, "cases/1", "zh_CN", WHO)
        page.click("[data-add=files]")
        page.locator("[data-kind=files] input[multiple]").set_input_files([tmp_path / "a.jpg"])
        expect(page.locator(".evidence-sending .status")).to_contain_text("保存在本机")
        told = page.evaluate("fetch('/api/v1/cases/1').then(r => r.json())")
        assert len(told["evidence"]) == 1
        # It goes again by itself.
        page.evaluate("() => window.dispatchEvent(new Event('online'))")
        expect(page.locator(".evidence-sending .done")).to_have_count(1)
        expect(page.locator(".piece")).to_have_count(1)
