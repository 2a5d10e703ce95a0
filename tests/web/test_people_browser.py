"""The pages about accounts in a real Chromium: hostile names stay text, secrets are shown once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from account_builders import PEOPLE, people_workspace
from app_server import served_app
from conftest import PASSWORD
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits

from geoinspect.store import grounds, people
from geoinspect.store.tokens import add_token
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
HOSTILE = (
    "<img src=x onerror=alert(1)>{{7*7}}",
    "</script><script>alert(2)</script>",
    "';alert(3);//${alert(4)}",
    '"><svg/onload=alert(5)>',
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an office whose people, units and tokens have hostile names."""
    folder = people_workspace(tmp_path_factory.mktemp("people") / "w")
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        grounds.add_unit(session, code=HOSTILE[0], name=HOSTILE[1], parent_code=None)
        for name in HOSTILE:
            row = people.add_user(
                session, name=name, role="field", unit_code=HOSTILE[0], password=PASSWORD
            )
            add_token(session, label=name, user_id=row.id, days=9)
        people.add_user(
            session,
            name="新人",
            role="analyst",
            unit_code=None,
            password=PASSWORD,
            must_change=True,
        )
    app = create_app(folder)
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("PEOPLE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def enter(person: Visit, name: str, language: str) -> Page:
    page = person.page
    page.goto(f"{person.base}/login?language={language}")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def ready(page: Page, address: str, ids: tuple[str, ...]) -> None:
    page.goto(address)
    for one in ids:
        page.wait_for_selector(f"#{one}[aria-busy=false]")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh_CN"), (WIDE, "en")])
def test_the_pages_show_hostile_names_as_text(
    visit: Callable[..., Visit], size: tuple[int, int], language: str
) -> None:
    person = visit(size)
    name = f"{size[0]}-{language}"
    page = person.page
    page.goto(f"{person.base}/login?language={language}")
    fits(page, size)
    picture(page, f"login-{name}")
    enter(person, PEOPLE[0][0], language)
    ready(page, f"{person.base}/people", ("list", "tokens"))
    for one in HOSTILE:
        expect(page.locator("#list tbody")).to_contain_text(one)
        expect(page.locator("#tokens tbody")).to_contain_text(one)
    fits(page, size)
    picture(page, f"people-{name}")
    page.locator("#list tbody button").first.click()
    fits(page, size)
    picture(page, f"people-change-{name}")
    ready(page, f"{person.base}/units", ("units", "areas"))
    expect(page.locator("#units tbody")).to_contain_text(HOSTILE[1])
    fits(page, size)
    picture(page, f"units-{name}")
    ready(page, f"{person.base}/account", ("who", "sessions", "tokens"))
    fits(page, size)
    picture(page, f"account-{name}")
    page.goto(f"{person.base}/account/password")
    fits(page, size)
    picture(page, f"password-{name}")
    person.fine()


def test_a_person_is_added_and_chooses_a_password(visit: Callable[..., Visit]) -> None:
    admin = visit(WIDE)
    page = enter(admin, PEOPLE[0][0], "zh_CN")
    ready(page, f"{admin.base}/people", ("list", "tokens"))
    page.locator("#new-person summary").click()
    form = page.locator("#add")
    form.locator("[name=name]").fill(HOSTILE[3] + "新")
    form.locator("[name=role]").select_option("field")
    form.locator("[name=unit]").select_option("=U11")
    form.locator("button[type=submit]").click()
    secret = page.locator("#secret code")
    expect(secret).to_be_visible()
    given = secret.inner_text()
    picture(page, "person-added")
    page.reload()
    expect(page.locator("#list tbody")).to_contain_text(HOSTILE[3] + "新")
    expect(page.locator("#secret")).to_be_hidden()
    assert given not in page.content()
    admin.fine()

    person = visit(PHONE)
    page = person.page
    page.goto(f"{person.base}/login?language=zh_CN")
    page.fill("#username", HOSTILE[3] + "新")
    page.fill("#password", given)
    page.click("button[type=submit]")
    page.wait_for_url("**/account/password")
    picture(page, "first-login")
    page.fill("#present_password", given)
    page.fill("#new_password", "123")
    page.fill("#again", "123")
    page.click("main form >> nth=0 >> button[type=submit]")
    expect(page.locator(".problem")).to_contain_text("至少 8 位")
    fits(page, PHONE)
    page.fill("#present_password", given)
    page.fill("#new_password", "Quiet-meadow 7")
    page.fill("#again", "Quiet-meadow 7")
    page.click("main form >> nth=0 >> button[type=submit]")
    page.wait_for_url("**/today")


def test_a_second_factor_and_a_token_are_shown_once(visit: Callable[..., Visit]) -> None:
    import pyotp

    person = visit(WIDE)
    page = enter(person, "分析", "en")
    ready(page, f"{person.base}/account", ("who", "sessions", "tokens"))
    page.locator("#token-form [name=label]").fill("qgis")
    page.locator("#token-form button").click()
    expect(page.locator("#token-secret code")).to_contain_text("gi_")
    token = page.locator("#token-secret code").inner_text()
    page.locator("#second-begin").click()
    expect(page.locator("#second-picture img")).to_be_visible()
    picture(page, "second-factor")
    secret = page.locator("#second-secret").inner_text().replace(" ", "")
    page.locator("#second-on [name=code]").fill(pyotp.TOTP(secret).now())
    page.locator("#second-on button").click()
    expect(page.locator("#second-off")).to_be_visible()
    ready(page, f"{person.base}/account", ("who", "sessions", "tokens"))
    assert secret not in page.content()
    assert token not in page.content()
    page.locator("#second-off [name=password]").fill(PASSWORD)
    page.locator("#second-off button").click()
    expect(page.locator("#second-begin")).to_be_visible()
    person.fine()
