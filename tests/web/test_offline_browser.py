"""A field person's day on a phone in a real Chromium: taken along, without a signal, and back."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import county_builder as county
import pytest
from app_server import Quiet
from conftest import PASSWORD
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select
from test_browser import PHONE, chromium
from test_look_pages import AXE, RUN_AXE
from test_today_browser import card, ready
from werkzeug.serving import BaseWSGIServer, make_server
from work_season import FIELD, work_folder

from geoinspect.store import cases, people, sites
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
SECOND = "另一人"
# Whose pages lie in the browser's caches.
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    if (!name.startsWith('mine-')) continue;
    for (const one of await (await caches.open(name)).keys()) found.push(new URL(one.url).pathname);
  }
  return found;
}"""
LISTS = "() => Object.keys(localStorage).filter((k) => k.startsWith('today'))"


@dataclass
class Office:
    """A server of one county, that can be stopped and come back at the same address."""

    folder: Path
    made: dict[str, int]
    port: int = 0
    server: BaseWSGIServer | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.app = create_app(self.folder)
        self.app.config["INLINE_JOBS"] = True
        server = make_server("127.0.0.1", self.port, self.app, threaded=True, request_handler=Quiet)
        self.server, self.port = server, server.server_port
        self.thread = threading.Thread(target=server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.app.extensions["geoinspect"].workspace.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder, made = work_folder(tmp_path / "county")
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name=SECOND, role="field", unit_code=None, password=PASSWORD)
    office = Office(folder, made)
    office.start()
    yield office
    office.stop()


@pytest.fixture
def page(chromium, office) -> Iterator[Page]:
    width, height = PHONE
    context = chromium.new_context(
        viewport={"width": width, "height": height}, has_touch=True, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, base: str, name: str) -> None:
    page.goto(f"{base}/login?language=zh_CN&next=/today")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/today")


def sign_out(page: Page) -> None:
    page.locator("header details.menu summary").last.click()
    page.locator('form[action="/logout"] button').click()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("FIELD_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def image(colour: int) -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (colour, 140, 60)).save(out, "JPEG")
    return {"name": f"现场{colour}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def enter_all(page: Page, office: Office) -> None:
    """Without a signal: a visit with a photo, a photo and a step of a case, evidence on the case's
    own page, a photo of nothing in particular, and a track.
    """
    site = card(page, "site", office.made["site"])
    site.locator("[data-do=visit]").click()
    site.locator("[data-question='0'] input[value=否]").check()
    site.locator("form input[type=file]").set_input_files(image(10))
    expect(site.locator(".taken li")).to_have_count(1)
    site.locator("button[type=submit]").click()
    mine = card(page, "case", office.made["verify"])
    mine.locator("input[type=file]").set_input_files(image(20))
    mine.locator("[data-do=verify]").click()
    mine.locator("form button[type=submit]").click()
    page.locator("#plain-photo").set_input_files(image(30))
    expect(page.locator("#queue li")).to_have_count(4)
    page.goto(f"{office.base}/cases/{office.made['verify']}")
    page.locator("[data-add=files]").click()
    page.locator("[data-kind=files] input[type=file]").last.set_input_files(image(40))
    expect(page.locator(".evidence-sending .status")).to_contain_text("保存在本机")
    page.goto(f"{office.base}/upload")
    track = county.gpx(county.walk(offset=0.0037)).encode()
    file = {"name": "今天.gpx", "mimeType": "application/gpx+xml", "buffer": track}
    page.locator("#files").set_input_files(file)
    expect(page.locator("#now li")).to_have_count(2)


def test_a_field_persons_day(page: Page, office: Office) -> None:
    base, made = office.base, office.made
    elsewhere: list[str] = []
    page.context.on("request", lambda r: r.url.startswith((base, "blob:", "data:")) or elsewhere.append(r.url))  # fmt: skip
    sign_in(page, base, FIELD)
    ready(page)
    page.click("#take-along")
    expect(page.locator("#kept")).to_contain_text("已下载")
    kept = page.evaluate(KEPT)
    assert {"/today", "/upload", "/sent", "/me", f"/cases/{made['verify']}"} <= set(kept)
    assert not [path for path in kept if path.startswith(("/people", "/settings", "/health"))]
    picture(page, "today-taken")

    page.context.set_offline(True)
    page.reload()
    ready(page)
    enter_all(page, office)
    page.goto(f"{base}/today")
    ready(page)
    expect(page.locator("#queue li")).to_have_count(6)
    expect(page.locator("#queue")).to_contain_text("今天.gpx")
    office.stop()
    page.reload()
    expect(page.locator("#queue li")).to_have_count(6)
    expect(page.locator("#carry")).to_contain_text("6 项待发送")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    picture(page, "today-queue")
    page.goto(f"{base}/me")
    expect(page.locator("#queue-count")).to_contain_text("6")
    page.goto(f"{base}/tracks")
    expect(page.locator("h1")).to_have_text("没有网络")

    office.start()
    page.context.set_offline(False)
    # Any page sends it.
    page.goto(f"{base}/sites")
    expect(page.locator("#carry")).to_be_hidden()
    page.goto(f"{base}/sent")
    expect(page.locator("#entry-receipts li")).to_have_count(4)
    expect(page.locator("#sent .receipt:not(.hash)")).to_have_count(2)
    expect(page.locator("#here")).to_be_hidden()
    picture(page, "sent")
    page.goto(f"{base}/today")
    ready(page)
    expect(page.locator("#receipts li:not(.empty)")).to_have_count(4)
    expect(page.locator("#waiting")).to_contain_text("全部已发送")
    page.goto(f"{base}/me")
    expect(page.locator("#week[aria-busy=false]")).to_be_attached()
    expect(page.locator("#queue-count")).to_have_text("本机没有待发送的内容。")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    picture(page, "me")
    axe = AXE.read_text("utf-8")
    for path in ("/today", "/upload", "/sent", "/me"):
        page.goto(base + path)
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        page.evaluate(axe)
        assert page.evaluate(RUN_AXE) == [], path
    assert elsewhere == []
    assert arrived(office) == {"verify": 1, "evidence": 2, "answers": 1, "photos": 1, "files": 2}


def arrived(office: Office) -> dict[str, int]:
    """What the database holds of the day."""
    with Workspace.open(office.folder) as workspace, workspace.database.reading() as session:
        events = cases.events_of(session, office.made["verify"])
        actions = [row.action for row in events if row.actor == FIELD]
        answers = sites.answers_of_site(session, office.made["site"])
        files = session.scalars(select(UploadRow)).all()
        return {
            "verify": actions.count("verify"),
            "evidence": actions.count("evidence"),
            "answers": len(answers),
            "photos": sum(len(one.files) for one in answers),
            "files": len(files),
        }


def test_a_sign_out_takes_all_from_the_phone_and_the_next_sees_nothing(
    page: Page, office: Office
) -> None:
    base, made = office.base, office.made
    sign_in(page, base, FIELD)
    ready(page)
    page.click("#take-along")
    expect(page.locator("#kept")).to_contain_text("已下载")
    assert page.evaluate(LISTS)
    sign_out(page)
    page.wait_for_url("**/login*")
    assert page.evaluate(KEPT) == []
    assert page.evaluate(LISTS) == []
    page.context.set_offline(True)
    page.goto(f"{base}/today")
    expect(page.locator("h1")).to_have_text("没有网络")
    page.goto(f"{base}/cases/{made['verify']}")
    expect(page.locator("h1")).to_have_text("没有网络")
    page.context.set_offline(False)
    sign_in(page, base, SECOND)
    expect(page.locator("#cards[aria-busy=false]")).to_be_attached()
    expect(page.locator("body")).not_to_contain_text(FIELD)


def test_what_waits_is_sent_only_for_the_one_who_made_it(page: Page, office: Office) -> None:
    base, folder, made = office.base, office.folder, office.made
    sign_in(page, base, FIELD)
    ready(page)
    page.context.set_offline(True)
    mine = card(page, "case", made["verify"])
    mine.locator("[data-do=verify]").click()
    mine.locator("form button[type=submit]").click()
    expect(page.locator("#queue li")).to_have_count(1)
    # Signed out by the office while there was no signal, then somebody else takes the phone.
    page.context.clear_cookies()
    page.context.set_offline(False)
    other = page.context.new_page()
    sign_in(other, base, SECOND)
    expect(other.locator("#cards[aria-busy=false]")).to_be_attached()
    # The first one's page has nothing left to read, and the second sees that something waits.
    expect(page.locator("body")).to_contain_text("本机现由他人登录")
    expect(page.locator("body")).not_to_contain_text(FIELD)
    expect(page.locator(".day-card")).to_have_count(0)
    expect(other.locator("#queue")).to_have_text(
        "本机还有另一人的 1 项内容待发送,本人在此登录后自动发送。"
    )
    expect(other.locator("#offline")).to_be_hidden()
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        assert "verify" not in [row.action for row in cases.events_of(session, made["verify"])]
    sign_out(other)
    other.wait_for_url("**/login*")
    sign_in(other, base, FIELD)
    expect(other.locator("#receipts li:not(.empty)")).to_have_count(1)
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        (event,) = [e for e in cases.events_of(session, made["verify"]) if e.action == "verify"]
    assert event.actor == FIELD
