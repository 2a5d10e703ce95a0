"""Sending files in a real Chromium against the real server: killed, reloaded, resumed, receipted."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import county_builder as county
import pytest
from conftest import FORM
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from test_browser import PHONE, WIDE, chromium

from geoinspect.jobs.worker import run_waiting
from geoinspect.store import people
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from web_kills import Server

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
SEVEN_MB = 7_000_000


class Office:
    """A small office behind the real server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "w"
        with Workspace.create(self.folder) as workspace, workspace.database.writing() as session:
            people.add_user(
                session, name=FORM["username"], role="field", unit_code=None,
                password=FORM["password"],
            )  # fmt: skip
        self.server = Server(self.folder, folder / "log")
        self.server.start()
        self.base = f"http://127.0.0.1:{self.server.port}"

    def work(self) -> None:
        """Do what a worker beside the server would do."""
        with Workspace.open(self.folder) as workspace:
            run_waiting(workspace)

    def receipts(self) -> list[UploadRow]:
        with Workspace.open(self.folder) as workspace, workspace.database.reading() as session:
            return list(people.uploads_of(session, 1, 100))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.server.kill_whole()


@pytest.fixture
def context(chromium: Browser, office: Office) -> Iterator[Callable[..., BrowserContext]]:
    made = []

    def start(size: tuple[int, int]) -> BrowserContext:
        one = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        one.set_default_timeout(20_000)
        made.append(one)
        page = one.new_page()
        page.goto(f"{office.base}/login?language=zh_CN")
        page.fill("#username", FORM["username"])
        page.fill("#password", FORM["password"])
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"{office.base}/upload")
        return one

    yield start
    for one in made:
        one.close()


def gpx(number: int) -> dict[str, object]:
    text = county.gpx(county.walk(offset=0.004 + 0.0005 * number), name=f"n{number}")
    return {"name": f"{number}.gpx", "mimeType": "text/xml", "buffer": text.encode()}


def noise(name: str, length: int = SEVEN_MB) -> dict[str, object]:
    """A file that takes a while and is no track."""
    return {"name": name, "mimeType": "text/plain", "buffer": (name * length).encode()[:length]}


def slowed(route: Route) -> None:
    """A line of a phone: a piece takes a moment."""
    route.request.frame.page.wait_for_timeout(150)
    route.continue_()


def wait_for_offset(page: Page, office: Office) -> int:
    """Wait until the server has a part of the file on its disk; return how much."""
    for _ in range(200):
        sizes = [path.stat().st_size for path in (office.folder / "incoming").glob("*.part")]
        if sizes and max(sizes) > 0:
            return max(sizes)
        page.wait_for_timeout(50)
    raise AssertionError("nothing arrived")


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_many_files_each_with_its_receipt_and_result(
    office: Office, context: Callable[..., BrowserContext], size: tuple[int, int]
) -> None:
    page = context(size).pages[0]
    files = [gpx(n) for n in range(6)]
    files.append({"name": "<b>网页.gpx", "mimeType": "text/xml", "buffer": b"<html>no</html>"})
    files.append({"name": "空.gpx", "mimeType": "text/xml", "buffer": b""})
    page.set_input_files("#files", files)
    expect(page.locator("#now .receipt")).to_have_count(7)
    expect(page.locator("#now li.broken")).to_contain_text("空")
    office.work()
    expect(page.locator("#now li.added")).to_have_count(6, timeout=40_000)
    expect(page.locator("#now li.refused")).to_contain_text("网页", timeout=40_000)
    expect(page.locator("#progress")).to_contain_text("8")
    expect(page.locator("#now li.added").first).to_contain_text(
        re.compile("已收到 .* 回执 [0-9A-F]{12}")
    )
    assert page.locator("#now b").count() == 0
    # The same file again: politely, and with the receipt it had.
    page.set_input_files("#files", [gpx(3)])
    again = page.locator("#now li").first
    expect(again).to_contain_text("以前传过")
    assert len(office.receipts()) == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for button in page.locator("#now .acts button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_killed_server_is_waited_for_and_the_rest_is_sent(
    office: Office, context: Callable[..., BrowserContext]
) -> None:
    page = context(PHONE).pages[0]
    page.route("**/api/v1/uploads/*", slowed)
    page.set_input_files("#files", [noise("a.txt"), gpx(1)])
    wait_for_offset(page, office)
    office.server.kill_whole()
    expect(page.locator("#now")).to_contain_text("没有网络")
    before = max(path.stat().st_size for path in (office.folder / "incoming").glob("*.part"))
    assert before > 0
    sent: list[int] = []
    page.on("request", lambda r: sent.append(int(r.headers.get("upload-offset", 0))) if r.method == "PATCH" else None)  # fmt: skip
    office.server.start()
    expect(page.locator("#now .receipt")).to_have_count(2, timeout=60_000)
    assert max(sent) > 0
    assert {row.name for row in office.receipts()} == {"a.txt", "1.gpx"}
    assert {row.file.bytes for row in office.receipts()} >= {SEVEN_MB}


def test_after_a_reload_it_goes_on_by_itself(
    office: Office, context: Callable[..., BrowserContext]
) -> None:
    whole = context(PHONE)
    page = whole.pages[0]
    page.route("**/api/v1/uploads/*", slowed)
    page.set_input_files("#files", [noise("b.txt")])
    before = wait_for_offset(page, office)
    page.close(run_before_unload=False)
    later = whole.new_page()
    offsets: list[int] = []
    later.on("request", lambda r: offsets.append(int(r.headers["upload-offset"])) if r.method == "PATCH" else None)  # fmt: skip
    later.goto(f"{office.base}/upload")
    expect(later.locator("#now .receipt")).to_have_count(1, timeout=60_000)
    assert min(offsets, default=before) >= before
    assert [row.file.bytes for row in office.receipts()] == [SEVEN_MB]
    later.reload()
    expect(later.locator("#sent .receipt")).to_have_count(1)
    assert later.locator("#now li").count() == 0


def test_rest_go_on_give_up(office: Office, context: Callable[..., BrowserContext]) -> None:
    page = context(PHONE).pages[0]
    page.route("**/api/v1/uploads/*", slowed)
    page.set_input_files("#files", [noise("c.txt"), noise("d.txt")])
    wait_for_offset(page, office)
    page.get_by_role("button", name="全部暂停").click()
    expect(page.locator("#now li.resting")).to_have_count(2)
    assert office.receipts() == []
    page.locator("#now li", has_text="c.txt").get_by_role("button", name="取消").click()
    expect(page.locator("#now li")).to_have_count(1)
    page.locator("#now li", has_text="d.txt").get_by_role("button", name="继续").click()
    expect(page.locator("#now .receipt")).to_have_count(1, timeout=60_000)
    assert [row.name for row in office.receipts()] == ["d.txt"]
    assert [*(office.folder / "incoming").glob("*.part")] == []


def test_a_login_page_of_the_network_is_not_taken_for_the_server(
    office: Office, context: Callable[..., BrowserContext]
) -> None:
    page = context(PHONE).pages[0]
    portal = {"status": 200, "content_type": "text/html", "body": "<html>Welcome to WLAN</html>"}
    page.route("**/api/v1/uploads**", lambda route: route.fulfill(**portal))
    page.set_input_files("#files", [gpx(5)])
    expect(page.locator("#now")).to_contain_text("上网登录页")
    assert office.receipts() == []
    page.unroute_all()
    expect(page.locator("#now .receipt")).to_have_count(1, timeout=60_000)


def test_what_failed_is_sent_again_alone(
    office: Office, context: Callable[..., BrowserContext]
) -> None:
    page = context(WIDE).pages[0]
    told = {"code": "too_large", "message": "no", "message_zh": "太大了"}
    page.route(
        "**/api/v1/uploads",
        lambda route: route.fulfill(status=413, json=told, headers={"Tus-Resumable": "1.0.0"}),
    )
    page.set_input_files("#files", [gpx(6), gpx(7)])
    expect(page.locator("#now li.broken")).to_have_count(2)
    expect(page.locator("#now li.broken").first).to_contain_text("太大了")
    page.unroute_all()
    page.get_by_role("button", name="重传失败的 2 个").click()
    expect(page.locator("#now .receipt")).to_have_count(2)


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_what_i_sent_can_be_filtered_printed_and_saved(
    office: Office, context: Callable[..., BrowserContext], size: tuple[int, int]
) -> None:
    page = context(size).pages[0]
    formula = {"name": "=1+1.gpx", "mimeType": "text/xml", "buffer": b"<html>x</html>"}
    page.set_input_files("#files", [gpx(8), formula])
    expect(page.locator("#now .receipt")).to_have_count(2)
    page.goto(f"{office.base}/sent")
    expect(page.locator("#sent .receipt:not(.hash)")).to_have_count(2)
    office.work()
    expect(page.locator("#sent li.added")).to_have_count(1, timeout=40_000)
    expect(page.locator("#sent li.refused")).to_have_count(1, timeout=40_000)
    with page.expect_download() as saved:
        page.click("#save-csv")
    text = Path(saved.value.path()).read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert {row[1] for row in rows[1:]} == {"'=1+1.gpx", "8.gpx"}
    assert {row[4] for row in rows[1:]} == {row.id for row in office.receipts()}
    page.select_option("#which", "bad")
    expect(page.locator("#sent li")).to_have_count(1)
    with page.expect_download() as saved:
        page.click("#save-json")
    kept = json.loads(Path(saved.value.path()).read_text("utf-8"))
    assert [one["file"] for one in kept["receipts"]] == ["=1+1.gpx"]
    page.fill("#to", "2020-01-01")
    expect(page.locator("#sent")).to_contain_text("没有符合")
    page.emulate_media(media="print")
    expect(page.locator("#print")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
