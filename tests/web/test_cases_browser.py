"""The life of a case in a real Chromium: every state is reached by a person with the page alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_builders import ANALYST, NOON, case_row, county, opened
from conftest import PASSWORD
from playwright.sync_api import Page, expect
from source_builders import add_survey
from test_browser import PHONE, chromium
from test_review_browser import go, serving, start

from geoinspect.cases.records import ACTION_WORDS, STATE_WORDS, CaseAction, CaseState, Outcome
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.store import people
from geoinspect.store.workspace import Workspace

__all__ = ["chromium", "start"]
pytestmark = pytest.mark.browser
PEOPLE = {"分析员": ("analyst", "U1"), "指挥员": ("commander", "U1"), "外勤": ("field", "U11"),
          "管理员": ("admin", None), "审计员": ("auditor", "U1")}  # fmt: skip
# From each state by a step of the form to the next: who, step, what is filled in, the state reached.
WAYS: dict[str, list[tuple[str, str, dict[str, str], str]]] = {
    "closed": [
        ("分析员", "triage", {"note": "像罂粟"}, "triaged"),
        ("指挥员", "assign", {"deadline": "+9"}, "assigned"),
        ("外勤", "verify", {"outcome": "no_access", "note": "桥断"}, "no_access"),
        ("指挥员", "assign", {}, "assigned"),
        ("外勤", "verify", {"outcome": "confirmed", "count_way": "quadrats",
                          "quadrat_counts": "3 0 5 2 4", "area_m2": "80", "witness": "村主任"}, "confirmed"),
        ("外勤", "eradicate", {"method": "pulled", "plants": "230"}, "eradicated"),
        ("外勤", "recheck", {"outcome": "clean"}, "rechecked"),
        ("指挥员", "close", {}, "closed"),
    ],
    "refuted": [
        ("分析员", "triage", {}, "triaged"),
        ("指挥员", "assign", {"unit": "U11"}, "assigned"),
        ("外勤", "verify", {"outcome": "not_poppy"}, "refuted"),
    ],
    "licensed": [
        ("分析员", "triage", {}, "triaged"),
        ("指挥员", "assign", {}, "assigned"),
        ("外勤", "verify", {"outcome": "licensed"}, "licensed"),
        ("指挥员", "reopen", {"note": "许可证过期"}, "triaged"),
    ],
    "dismissed": [("分析员", "dismiss", {"reason": "garden", "note": "院内花坛"}, "dismissed")],
    "merged": [("分析员", "merge", {"into": "2026-00001"}, "merged")],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cases") / "w"
    with county(made) as workspace:
        with workspace.database.writing() as session:
            for name, (role, unit) in PEOPLE.items():
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
        opened(workspace, title="第一处", east=0.505)
    return made


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serving(folder) as number:
        yield number


def new_case(folder: Path, title: str = "后山地块") -> int:
    with Workspace.open(folder) as workspace:
        return opened(workspace, title=title)


def fill(page: Page, values: dict[str, str]) -> None:
    form = page.locator(".step-form")
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        if field.first.get_attribute("type") == "radio":
            form.locator(f"[name={name}][value={value}]").check()
        elif value.startswith("+"):
            field.evaluate(
                "(node, days) => { const d = new Date(); d.setDate(d.getDate() + days);"
                " node.value = d.toISOString().slice(0, 10); }", int(value)
            )  # fmt: skip
        elif field.first.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def take(page: Page, action: str, values: dict[str, str]) -> None:
    button = page.locator(f"#actions [data-step={action}]")
    expect(button.first).to_be_attached()
    if not button.is_visible():
        page.locator("#actions summary").click()
    button.click()
    fill(page, values)
    page.locator(".step-form button[type=submit]").click()
    expect(page.locator("#told")).to_be_visible()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("goal", WAYS)
def test_every_state_is_reached_with_the_page(folder, port, start, language, goal) -> None:
    case_id = new_case(folder)
    visits = {}
    for who, action, values, reached in WAYS[goal]:
        if who not in visits:
            visits[who] = start(port, PHONE if who == "外勤" else (1366, 768))
            go(visits[who], f"cases/{case_id}", language, who)
        page = visits[who].page
        page.reload()
        expect(page.locator("#head")).to_have_attribute("aria-busy", "false")
        take(page, action, values)
        state = CaseState(reached)
        expect(page.locator("#head .case-state")).to_have_text(
            STATE_WORDS[state].in_language(language)
        )
        did = ACTION_WORDS[CaseAction(action)].in_language(language)
        expect(page.locator("#history li").first).to_contain_text(did)
        expect(page.locator("#told")).to_contain_text("-")
        if values.get("note"):
            expect(page.locator("#history li").first).to_contain_text(values["note"])
    for visit in visits.values():
        visit.fine()
    with Workspace.open(folder) as workspace:
        assert case_row(workspace, case_id).state == WAYS[goal][-1][3]


def test_a_count_and_the_law_are_shown_with_their_interval(folder, port, start) -> None:
    case_id = new_case(folder)
    page = go(start(port), f"cases/{case_id}", "zh_CN", "管理员")
    take(page, "triage", {})
    take(page, "assign", {})
    take(page, "verify", {"outcome": "confirmed", "count_way": "quadrats",
                          "quadrat_counts": "3 0 5 2 4 7 1 2", "area_m2": "200"})  # fmt: skip
    expect(page.locator("[data-step=verified]")).to_contain_text("600 株")
    expect(page.locator(".law")).to_contain_text("跨过 500")
    expect(page.locator(".law")).to_contain_text("不是法律认定")
    page.locator("#actions [data-step=undo]").click()
    expect(page.locator("#head .case-state")).to_have_text("待核查")
    expect(page.locator("#history li.gone")).to_have_count(1)


def test_what_was_typed_survives_a_refusal(folder, port, start) -> None:
    case_id = new_case(folder)
    first = go(start(port), f"cases/{case_id}", "zh_CN", "分析员")
    second = go(start(port), f"cases/{case_id}", "zh_CN", "管理员")
    first.locator("#actions [data-step=triage]").click()
    first.locator(".step-form [name=note]").fill("我先看到的")
    take(second, "dismiss", {"reason": "grass"})
    first.locator(".step-form button[type=submit]").click()
    expect(first.locator(".step-form .problem")).to_contain_text("不能")
    expect(first.locator(".step-form [name=note]")).to_have_value("我先看到的")


def test_an_answer_without_a_connection_waits_and_is_sent_once(folder, port, start) -> None:
    case_id = new_case(folder)
    visit = start(port, PHONE)
    page = go(visit, f"cases/{case_id}", "zh_CN", "管理员")
    page.locator("#actions [data-step=triage]").click()
    page.locator(".step-form [name=note]").fill("山里没有信号")
    page.context.set_offline(True)
    page.locator(".step-form button[type=submit]").click()
    expect(page.locator("#outbox")).to_contain_text("1")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator("#outbox")).to_contain_text("回执")
    expect(page.locator("#head .case-state")).to_have_text("待派发")
    with Workspace.open(folder) as workspace:
        assert case_row(workspace, case_id).version == 2


def test_the_list_is_filtered_and_the_address_keeps_it(folder, port, start) -> None:
    hostile = "<img src=x onerror=alert(1)>{{7*7}}"
    case_id = new_case(folder, hostile)
    new_case(folder, "独有的地块")
    visit = start(port)
    page = go(visit, "cases", "zh_CN", "审计员")
    expect(page.locator("#list")).to_contain_text(hostile)
    rows = page.locator("#list tbody tr").count()
    expect(page.locator("#counts")).to_contain_text(f"共 {rows} 条")
    page.locator("#filters [name=q]").fill("独有的地块")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.locator("#filters [name=state]").select_option("licensed")
    expect(page.locator("#list .empty")).to_be_visible()
    assert page.locator("#case-form").count() == 0
    page.goto(f"{visit.base}/cases/{case_id}")
    expect(page.locator("#actions")).to_contain_text("您可以查看")


def test_a_field_person_opens_a_case_on_a_phone(folder, port, start) -> None:
    page = go(start(port, PHONE), "cases", "en", "外勤")
    page.locator("#new-case summary").click()
    for name, value in {
        "title": "沟边几株",
        "lon": "108.05",
        "lat": "33.05",
        "note": "约十株",
    }.items():
        page.locator(f"#case-form [name={name}]").fill(value)
    page.locator("#case-form button[type=submit]").click()
    expect(page.locator("#case-status")).to_contain_text("receipt")
    expect(page.locator("#list")).to_contain_text("沟边几株")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0]


def test_a_recheck_from_a_survey_and_a_corrected_day_are_recorded(folder, port, start) -> None:
    case_id = new_case(folder)
    with Workspace.open(folder) as workspace:
        early = add_survey(workspace, "铲除前", taken=datetime(2026, 4, 1, 4, tzinfo=UTC))
        late = add_survey(workspace, "铲除后", taken=datetime(2026, 5, 20, 20, tzinfo=UTC))
        for step in (
            Step(CaseAction.TRIAGE),
            Step(CaseAction.ASSIGN, unit_code="U11"),
            Step(CaseAction.VERIFY, outcome=Outcome.CONFIRMED, facts={"day": "2026-05-14"}),
            Step(
                CaseAction.ERADICATE, facts={"day": "2026-05-15", "method": "cut", "area_m2": 9.0}
            ),
        ):
            act(workspace, case_id, step, ANALYST, now=NOON)
    page = go(start(port), f"cases/{case_id}", "zh_CN", "管理员")
    page.locator("#actions [data-step=recheck]").click()
    choices = page.locator(".step-form [name=survey] option")
    values = choices.evaluate_all("nodes => nodes.map(node => node.value)")
    assert values == ["", str(late)], f"{early} was taken before"
    page.locator(".step-form [name=survey]").select_option(str(late))
    expect(page.locator(".step-form [name=day]")).to_have_value("2026-05-21")
    page.locator(".step-form button[type=submit]").click()
    expect(page.locator("#history li").first).to_contain_text(f"航测 {late}")
    with Workspace.open(folder) as workspace:
        assert case_row(workspace, case_id).facts["rechecked"]["survey"] == late
    take(page, "correct", {"step": "eradicated", "day": "2026-05-16", "note": "写错了"})
    expect(page.locator("#history li").first).to_contain_text("写错了")
    take(page, "correct", {"step": "eradicated", "area_m2": "10", "note": "只改面积"})
    expect(page.locator("#history li").first).to_contain_text("只改面积")
    with Workspace.open(folder) as workspace:
        told = case_row(workspace, case_id).facts["eradicated"]
    assert (told["day"], told["area_m2"]) == ("2026-05-16", 10)


def test_the_tab_one_is_on_is_in_sight_on_a_phone(folder, port, start) -> None:
    page = go(start(port, PHONE), "tips", "en", "管理员")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
