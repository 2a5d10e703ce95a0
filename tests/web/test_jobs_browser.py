"""The page of the work in the background in a real Chromium, on a phone and in both languages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from app_server import served_app
from conftest import PASSWORD, USER
from playwright.sync_api import Page, expect
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_claims_browser import fits, go

from geoinspect.errors import Text
from geoinspect.store import jobs, people
from geoinspect.store.jobs import Failure
from geoinspect.store.workspace import Workspace
from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An office with a running, a waiting and two failed jobs."""
    with Workspace.create(tmp_path / "w") as made:
        with made.database.writing() as session:
            who = people.add_user(
                session, name=USER, role="admin", unit_code=None, password=PASSWORD
            ).id
        for n in range(4):
            with made.database.writing() as session:
                jobs.enqueue(session, "understand", f"R{n}", {}, asked_by=who)
        for _ in range(2):
            with made.database.writing() as session:
                held = jobs.claim(session, "w", datetime.now(UTC))
                assert held is not None
                broken = Failure("crashed", Text(f"意外终止 {HOSTILE}", f"it ended {HOSTILE}"))
                jobs.fail(session, held, datetime.now(UTC), broken)
        yield made


@pytest.fixture
def served(workspace: Workspace) -> Iterator[str]:
    app = create_app(workspace.folder)
    with served_app(app) as base:
        yield base


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asked for them."""
    if folder := os.environ.get("JOB_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh_CN"), (WIDE, "en")])
def test_progress_survives_a_reload_and_what_failed_is_tried_again(
    visit: Callable[..., Visit], workspace: Workspace, size: tuple[int, int], language: str
) -> None:
    with workspace.database.writing() as session:
        held = jobs.claim(session, "w", datetime.now(UTC))
        assert held is not None
        phase = Text("检测图斑", "looking for patches")
        jobs.beat(session, held, datetime.now(UTC), done=3, total=10, phase=phase)
    person = visit(size)
    page = go(person, "jobs", language)
    for _ in range(2):
        bar = page.locator("#jobs progress")
        expect(bar).to_have_attribute("value", "0.3")
        expect(page.locator("#jobs li")).to_have_count(4)
        expect(page.locator("#jobs .problem")).to_have_count(2)
        expect(page.locator("#jobs img")).to_have_count(0)
        assert HOSTILE in page.locator("#jobs .problem").first.inner_text()
        fits(page, size)
        page.reload()
    picture(page, f"jobs-{language}")
    with workspace.database.writing() as session:
        jobs.beat(session, held, datetime.now(UTC), done=7, total=10, phase=phase)
    # Without a reload, by itself.
    expect(page.locator("#jobs progress")).to_have_attribute("value", "0.7")
    page.locator("#jobs li[data-state=running] button").click()
    expect(page.locator("#jobs li[data-state=running] .job-state")).to_have_text(
        re.compile("正在停止|Being stopped")
    )
    page.locator("#retry-all").click()
    expect(page.locator("#jobs li[data-state=waiting]")).to_have_count(3)
    expect(page.locator("#jobs li[data-state=failed]")).to_have_count(0)
    page.locator("select[name=state]").select_option("failed")
    expect(page.locator("#jobs .empty")).to_be_visible()
    assert page.url.endswith("?state=failed")
