"""Long tables on a phone show their first rows, and the rest on request; paper shows all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from app_server import served_app
from conftest import PASSWORD
from playwright.sync_api import expect
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits

from geoinspect.store import grounds, people
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
UNITS, FIRST = 53, 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fold") / "w"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name="管理", role="admin", unit_code=None, password=PASSWORD)
        for n in range(UNITS):
            grounds.add_unit(session, code=f"U{n:02}", name=f"单位{n}", parent_code=None)
    with served_app(create_app(folder)) as base:
        yield base


def opened(person: Visit) -> None:
    page = person.page
    page.goto(f"{person.base}/login?language=zh_CN&next=/units")
    page.fill("#username", "管理")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector("#units[aria-busy=false]")


def test_a_phone_unfolds_a_long_table(visit: Callable[..., Visit]) -> None:
    person = visit(PHONE)
    opened(person)
    rows = person.page.locator("#units tbody tr")
    expect(rows.nth(FIRST - 1)).to_be_visible()
    expect(rows.nth(FIRST)).to_be_hidden()
    person.page.emulate_media(media="print")
    expect(rows.nth(UNITS - 1)).to_be_visible()
    person.page.emulate_media(media="screen")
    more = person.page.locator("#units tfoot button")
    expect(more).to_have_text(f"展开其余 {UNITS - FIRST} 条")
    more.focus()
    person.page.keyboard.press("Enter")
    expect(rows.nth(UNITS - 1)).to_be_visible()
    expect(rows.nth(FIRST)).to_be_focused()
    expect(more).to_have_count(0)
    fits(person.page, PHONE)
    person.fine()


def test_a_wide_screen_shows_all_at_once(visit: Callable[..., Visit]) -> None:
    person = visit(WIDE)
    opened(person)
    expect(person.page.locator("#units tbody tr").last).to_be_visible()
    expect(person.page.locator("#units tfoot")).to_be_hidden()
    person.fine()
