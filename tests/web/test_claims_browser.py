"""The pages about claims, plans, checks and rates in a real Chromium, as a person uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import county_builder as county
import pytest
from app_server import served_app
from conftest import PASSWORD, USER
from playwright.sync_api import Page, expect
from search_builders import READER, START, clearing_county
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_checks_api import trial_files

from webmap import create_app

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
PAGES = ("confidence", "plans", "checks", "rates")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a county where some cells are cleared."""
    app = create_app(clearing_county(tmp_path_factory.mktemp("search") / "county"))
    with served_app(app) as base:
        yield base


def go(person: Visit, path: str, language: str = "zh_CN", name: str = USER) -> Page:
    """Sign in and open a page; wait until all of it is there."""
    page = person.page
    page.goto(f"{person.base}/login?language={language}&next=/{path}")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"**/{path}")
    settled(page)
    return page


def settled(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=20_000)
    page.wait_for_load_state("networkidle")


def asked(page: Page, path: str) -> dict:
    return page.evaluate("path => fetch('/api/v1/' + path).then(r => r.json())", path)


def per_cent(share: float) -> str:
    return f"{100 * share:.1f} %"


def fits(page: Page, size: tuple[int, int]) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (PHONE, "zh_CN")])
def test_every_page_is_whole_in_both_languages_and_sizes(
    visit: Callable[..., Visit], size: tuple[int, int], language: str
) -> None:
    person = visit(size, dark=language == "en")
    page = go(person, PAGES[0], language)
    for name in PAGES:
        page.goto(f"{person.base}/{name}")
        settled(page)
        expect(page.locator("#message")).to_be_hidden()
        fits(page, size)
        # The rail shows where one is, also where it must be scrolled for that.
        current = page.locator(".rail [aria-current]")
        expect(current).to_have_count(1)
        box = current.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        shown = page.locator("main").inner_text()
        assert "undefined" not in shown
        assert "NaN" not in shown
        assert "{" not in shown
    person.fine()


@pytest.mark.parametrize(("size", "language"), [(WIDE, "zh_CN"), (PHONE, "en")])
def test_the_commander_sees_how_sure_and_what_it_means(
    visit: Callable[..., Visit], size: tuple[int, int], language: str
) -> None:
    person = visit(size)
    page = go(person, "confidence", language)
    claim = asked(page, "claims")
    whole = claim["whole"]
    expect(page.locator("#p-clean b")).to_have_text(per_cent(whole["posterior"]))
    expect(page.locator("#p-clean")).to_contain_text(per_cent(whole["posterior_low"]))
    expect(page.locator("#p-clean")).to_contain_text(per_cent(whole["posterior_high"]))
    meaning = claim["meaning_zh" if language == "zh_CN" else "meaning"]
    expect(page.locator("#meaning")).to_have_text(meaning)
    bars = page.locator("#parts svg.interval")
    expect(bars).to_have_count(len(claim["parts"]))
    assert per_cent(0.95) in (bars.first.get_attribute("aria-label") or "")
    rows = page.locator("#parts tbody tr")
    expect(rows.first).to_have_attribute("data-code", claim["parts"][0]["code"])
    expect(rows.first).to_contain_text(per_cent(claim["parts"][0]["posterior"]))
    # A township's share of the prior is high from the start: it stands beside the claim.
    expect(rows.first).to_contain_text(per_cent(claim["parts"][0]["prior"]))
    unseen = {
        p["code"]: 1 - p["coverage"]["seen_m2"] / p["coverage"]["area_m2"]
        for p in asked(page, "overview")["children"]
    }
    most = max(unseen, key=lambda code: unseen[code])
    if size == WIDE:
        page.locator("#parts th button").nth(1).click()
        expect(page.locator("#parts th").nth(1)).to_have_attribute("aria-sort", "descending")
    else:
        page.select_option("#sort", "unseen")
    expect(rows.first).to_have_attribute("data-code", most)
    expect(rows.first).to_contain_text(per_cent(unseen[most]))
    page.locator(".assumed summary").click()
    seed = str(claim["rests_on"]["seed"])
    expect(page.locator(".assumed dl")).to_contain_text(seed)
    rows.first.get_by_role("link").first.click()
    page.wait_for_url(f"**/map#*area={most}*")
    person.fine()


def test_day_and_target_are_in_the_address(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "confidence")
    page.fill("input[name=as_of]", "2026-04-02")
    page.fill("input[name=target]", "0.9")
    page.click("#question button")
    page.wait_for_url("**as_of=2026-04-02&target=0.9*")
    settled(page)
    expect(page.locator("#p-clean b")).to_have_text("50.0 %")
    expect(page.locator("#whole")).to_contain_text("目标 90.0 %")
    expect(page.locator("#whole")).to_contain_text("还没有数据")
    assert person.problems == []
    page.goto(f"{person.base}/confidence?target=0.5")
    expect(page.locator("#message")).to_contain_text("目标把握")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_only_an_interval_above_the_target_gets_the_tick(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "confidence?target=0.8")
    claim = asked(page, "claims?target=0.8")
    middles = [p for p in claim["parts"] if p["posterior_low"] < 0.8 <= p["posterior"]]
    assert middles
    for part in claim["parts"]:
        row = page.locator(f"tr[data-code='{part['code']}']")
        expect(row.locator("b.good")).to_have_count(int(part["posterior_low"] >= 0.8))
    for part in middles:
        row = page.locator(f"tr[data-code='{part['code']}']")
        expect(row).to_contain_text("中值已达,区间未达")
    expect(page.locator("#parts-note")).to_contain_text("不能相加")
    expect(page.locator("#p-clean")).to_contain_text("没有 ≥ 4 m² 地块的可能性")
    person.fine()


def test_a_claim_is_recorded_in_two_steps(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "confidence")
    expect(page.locator("#record-now")).to_be_hidden()
    page.click("#record")
    expect(page.locator("#kept")).to_contain_text("不能撤回")
    before = page.locator("#kept tbody tr").count()
    page.click("#record-now")
    rows = page.locator("#kept tbody tr")
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text(USER)
    expect(rows.first).to_contain_text(page.locator("#p-clean b").inner_text())
    person.fine()


def test_commanders_look_and_do_not_change(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "confidence", name=READER)
    expect(page.locator("#kept")).to_contain_text("只有分析员和管理员")
    expect(page.locator("#record")).to_have_count(0)
    for name in PAGES[1:]:
        page.goto(f"{person.base}/{name}")
        settled(page)
        expect(page.locator(".lead").first).to_contain_text("请联系他们")
        expect(page.locator("main form")).to_have_count(0)
        expect(page.get_by_role("button", name="修改")).to_have_count(0)
    person.fine()


def click_at(page: Page, lon: float, lat: float) -> None:
    point = page.evaluate(
        "([lon, lat]) => { const p = map_main.latLngToContainerPoint([lat, lon]);"
        " const box = map_main.getContainer().getBoundingClientRect(); return [p.x + box.x, p.y + box.y]; }",
        [lon, lat],
    )
    page.mouse.click(*point)


def test_a_plan_is_drawn_made_printed_and_taken_away(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "plans")
    page.click("#make")
    expect(page.locator("#message")).to_contain_text("至少设一个出发点")
    click_at(page, *START)
    click_at(page, START[0] + 0.01, START[1])
    expect(page.locator("#starts li")).to_have_count(2)
    expect(page.locator(".start-sign")).to_have_count(2)
    page.locator("#starts button").first.click()
    expect(page.locator("#starts li")).to_have_count(1)
    page.select_option("select[name=area]", label="东镇")
    # By keyboard: three corners round the middle of the map.
    page.click("#draw")
    for dx, dy in ((0, 0), (120, 0), (0, 90)):
        page.evaluate("([x, y]) => map_main.panBy([x, y], {animate: false})", [dx, dy])
        page.click("#draw-add")
    page.click("#draw-done")
    expect(page.locator("select[name=area]")).to_have_value("drawn")
    expect(page.locator("#starts li")).to_have_count(1)
    page.fill("input[name=name]", "周一 <b>")
    page.fill("input[name=teams]", "1")
    page.fill("input[name=hours]", "0.5")
    page.fill("input[name=day]", "2026-05-14")
    page.click("#make")
    expect(page.locator("#busy")).to_contain_text("正在规划")
    page.wait_for_url("**/plans/*", timeout=60_000)
    settled(page)
    number = page.url.rsplit("/", 1)[1]
    plan = asked(page, f"plans/{number}")
    expect(page.locator("h1")).to_have_text("周一 <b>")
    expect(page.locator("#legend")).to_contain_text("未覆盖")
    expect(page.locator("#legend-plan")).to_contain_text("第 1 队")
    expect(page.locator("#data-date")).to_contain_text("数据截至")
    expect(page.locator(".gain")).to_contain_text(per_cent(plan["confidence_after"]))
    expect(page.locator("#parts")).to_contain_text("所选范围内")
    expect(page.locator("tr[data-team]")).to_have_count(1)
    assert page.locator(".leaflet-routes-pane path").count() >= 3
    expect(page.locator("#walked")).to_contain_text("计划与实走")
    with page.expect_download() as download:
        page.get_by_role("link", name="GPX").click()
    assert download.value.suggested_filename == f"plan-{number}.gpx"
    with page.expect_popup() as popup:
        page.get_by_role("link", name="打印单").click()
    sheet = popup.value
    expect(sheet.locator("h1")).to_contain_text("第 1 队")
    assert (
        sheet.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse")
        == "collapse"
    )
    sheet.close()
    expect(page.locator("#drop-now")).to_be_hidden()
    page.click("#drop")
    page.click("#drop-now")
    page.wait_for_url("**/plans")
    settled(page)
    expect(page.locator("#list")).not_to_contain_text("周一")
    person.fine()


def test_the_claim_leads_to_a_plan_for_its_township(visit: Callable[..., Visit]) -> None:
    person = visit(PHONE)
    page = go(person, "confidence", "en")
    page.locator("tr[data-code='990100001']").get_by_role("link", name="Plan a patrol here").click()
    page.wait_for_url("**/plans?area=990100001")
    settled(page)
    expect(page.locator("select[name=area]")).to_have_value("990100001")
    page.click("#start-here")
    expect(page.locator("#starts li")).to_have_count(1)
    lon = float(page.locator("#starts li").inner_text().split(",")[0])
    assert county.WEST + 0.02 < lon < county.WEST + 0.04
    fits(page, PHONE)
    person.fine()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_a_draw_is_made_and_its_finds_say_how_well_was_searched(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    page = go(person, "checks")
    seed = f"2026-06-30 {size[0]}"
    page.fill("input[name=seed]", seed)
    page.fill("input[name=share]", "20")
    page.get_by_role("button", name="抽签").click()
    expect(page.locator("#draw h3")).to_contain_text(seed)
    expect(page.locator("#draws")).to_contain_text(seed)
    expect(page.locator("#draw")).to_contain_text("还没有录入发现")
    first = page.locator("#draw tr[data-cell]").first
    name = first.get_attribute("data-cell")
    first.get_by_role("button", name="录入发现").click()
    for field, count in (("first_only", "3"), ("second_only", "4"), ("both", "6")):
        first.locator(f"input[name={field}]").fill(count)
    first.locator("input[name=note]").fill("<i>沟边")
    first.get_by_role("button", name="保存").click()
    expect(page.locator("#result")).to_contain_text("首次踏查发现 9 处、漏掉 4 处")
    expect(page.locator(f"#draw tr[data-cell='{name}']")).to_contain_text("<i>沟边")
    fits(page, size)
    # The address leads back to the draw.
    page.reload()
    settled(page)
    expect(page.locator("#result")).to_contain_text("漏掉 4 处")
    with page.expect_download() as download:
        page.locator("#draw .downloads a").first.click()
    assert download.value.suggested_filename.endswith(".csv")
    person.fine()


def test_a_trial_is_entered_and_taken_over(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "checks")
    page.locator("summary", has_text="录入一次试验").click()
    page.fill("#trial-form input[name=day]", "2026-05-14")
    for name, (stream, file) in trial_files().items():
        kind = {"name": file.rsplit("/", 1)[-1], "mimeType": "text/plain", "buffer": stream.read()}
        page.set_input_files(f"input[name={name}]", [kind])
    page.click("#trial-form button[type=submit]")
    card = page.locator("#trials li[data-trial]").first
    expect(card).to_contain_text("扫视宽度")
    found = card.locator("circle.hit").count()
    assert found + card.locator("circle.miss").count() == 40
    expect(card).to_contain_text(f"40 个 4 平方米的目标中找到 {found} 个")
    card.get_by_role("button", name="采用到探测参数表").click()
    expect(card).to_contain_text("重新计算了")
    card.get_by_role("link").click()
    settled(page)
    row = page.locator("#entered tr[data-rate]").first
    expect(row).to_contain_text("的试验")
    # A trial holds for the growth stage of its day.
    expect(page.locator("tr[data-case=foot_mixed]")).to_contain_text("实测")
    row.get_by_role("button", name="移除", exact=True).click()
    row.get_by_role("button", name="确认移除").click()
    expect(page.locator("tr[data-case=foot_mixed]")).not_to_contain_text("实测")
    person.fine()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_rates_and_risks_are_changed_in_place(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    page = go(person, "rates", "en")
    page.locator("#new-rate summary").click()
    page.select_option("#rate-form select[name=method]", "survey")
    expect(page.locator("#rate-form select[name=visibility]")).to_be_disabled()
    page.fill("#rate-form input[name=value]", "0.7")
    page.fill("#rate-form input[name=source]", "trial <3>")
    page.click("#rate-form button")
    expect(page.locator("#rate-told")).to_contain_text("Entered")
    row = page.locator("#entered tr[data-rate]").first
    expect(row).to_contain_text("trial <3>")
    expect(page.locator("tr[data-case=survey_] td").first).to_contain_text("70.0 %")
    row.get_by_role("button", name="Take out", exact=True).click()
    row.get_by_role("button", name="Yes").click()
    expect(page.locator("tr[data-case=survey_] td").first).to_contain_text("assumed")
    roads = page.locator("tr[data-factor=roads]")
    expect(roads).to_contain_text("no effect")
    roads.get_by_role("button", name="Change").click()
    roads.locator("input[name=multiplier]").fill("2.5")
    roads.get_by_role("button", name="Keep").click()
    expect(roads).to_contain_text("×2.5")
    expect(roads).to_contain_text("in effect")
    expect(roads).to_contain_text("changed by this office")
    roads.get_by_role("button", name="Change").click()
    roads.get_by_role("button", name="Back to what was given").click()
    expect(roads).to_contain_text("no effect")
    expect(page.locator("#growth tbody tr")).to_have_count(2)
    fits(page, size)
    person.fine()


def test_the_claim_prints_without_what_can_be_pressed(visit: Callable[..., Visit]) -> None:
    person = visit()
    page = go(person, "confidence")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for hidden in (".rail", ".bar", "#question", "#record"):
        expect(page.locator(hidden)).to_be_hidden()
    for shown in ("#p-clean b", "#meaning", "#parts table", ".assumed dl"):
        expect(page.locator(shown)).to_be_visible()
    person.fine()
