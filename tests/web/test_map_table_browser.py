"""The map's tables and gaps in a real Chromium: all rows by keys, true totals, a gap's exact outline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from app_server import served_app
from map_season import EARLY_UNIT, Season, make_season
from map_signs import open_tool
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from test_browser import PHONE, WIDE, Visit, chromium, visit
from test_map_browser import open_questions

from geoinspect.store.schema import FileRow, TrackRow

__all__ = ["chromium", "visit"]
pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("size", [WIDE, PHONE])
ADDED = 130
CHOSEN = """() => { const found = []; map_main.eachLayer(layer => {
  if (layer.options.className !== 'gap-chosen' || !layer.getLatLngs) return;
  found.push(...layer.getLatLngs().flat(9).map(at => [at.lng, at.lat]));
}); return found; }"""

# The answer to a moved day waits until it is let go: just after the other handle has moved.
HOLD = """() => { const real = fetch; window.fetch = async (...asked) => {
  const answer = await real(...asked);
  if (/overview.*as_of=/.test(asked[0])) await new Promise(done => { window.letGo = done; });
  return answer;
}; window.freed = () => { window.fetch = real; }; }"""
MOVE_AND_LET_GO = """async () => {
  const from = document.getElementById('day-from');
  from.value = 20;
  from.dispatchEvent(new Event('input'));
  freed();
  letGo();
  await new Promise(done => { setTimeout(done, 150); });
  return from.value;
}"""


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("table"))
    with made.app.extensions["geoinspect"].workspace.database.writing() as session:
        first = session.get_one(TrackRow, 1)
        columns = {one.key: getattr(first, one.key) for one in TrackRow.__mapper__.column_attrs}
        file = session.get_one(FileRow, first.file_id)
        for number in range(ADDED):
            name = uuid.uuid4().hex * 2
            copy = FileRow(sha256=name, name=file.name, bytes=1, received_at=file.received_at)
            session.add(copy)
            session.flush()
            again = {**columns, "id": None, "file_id": copy.id, "name": f"抄本 {number:03d}"}
            session.add(TrackRow(**again))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def served(season: Season) -> Iterator[str]:
    with served_app(season.app) as address:
        yield address


def names(page: Page) -> list[str]:
    return page.locator(".table-scroll tbody [data-main-link]").all_inner_texts()


def tab(page: Page, layer: str) -> None:
    page.locator(f"#panel [data-tab={layer}]").click()
    expect(page.locator(f"[data-tab={layer}]")).to_have_attribute("aria-pressed", "true")


def drop_newest(season: Season) -> None:
    """Take the newest track away."""
    with season.app.extensions["geoinspect"].workspace.database.writing() as session:
        session.delete(session.get_one(TrackRow, session.scalar(select(func.max(TrackRow.id)))))


def counted(page: Page) -> tuple[int, int]:
    """Return how many rows are listed and how many there are, as the panel says."""
    count = page.locator(".table-count")
    return int(count.get_attribute("data-listed") or 0), int(count.get_attribute("data-total") or 0)


@BOTH
def test_a_table_goes_on_by_keys_and_says_how_far_it_is(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    open_tool(page, "list")
    tab(page, "tracks")
    listed, total = counted(page)
    assert (listed, len(names(page))) == (50, 50)
    assert total > ADDED
    assert total == page.evaluate(
        "() => fetch('/api/v1/shapes').then(a => a.json()).then(told => told.kinds.tracks.count)"
    )
    count = page.locator(".table-count")
    expect(count).to_have_attribute("role", "status")
    expect(count).to_contain_text(f"{total} 个,已列出 50 个")
    more = page.locator("[data-hold=more]")
    more.focus()
    page.keyboard.press("Enter")
    expect(count).to_contain_text(f"{total} 个,已列出 {total} 个")
    assert page.evaluate("document.activeElement.dataset.hold") == "more"
    expect(more).to_have_attribute("aria-disabled", "true")
    assert len(names(page)) == len(page.locator(".table-scroll tbody tr").all()) == total
    # Nothing is left to ask for: pressing it again asks for nothing.
    page.keyboard.press("Enter")
    assert counted(page) == (total, total)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()


def test_the_server_sorts_over_all_rows(visit: Callable[..., Visit]) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    open_tool(page, "list")
    tab(page, "tracks")
    head = page.locator("[data-hold=sort-name]")
    head.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th", has=head)).to_have_attribute("aria-sort", "ascending")
    up = names(page)
    assert up == sorted(up)
    assert page.evaluate("document.activeElement.dataset.hold") == "sort-name"
    page.keyboard.press("Enter")
    expect(page.locator("th", has=head)).to_have_attribute("aria-sort", "descending")
    # The last of all stands first, though it was not among the first fifty.
    assert names(page)[0] not in up
    assert names(page) == sorted(names(page), reverse=True)
    person.fine()


def test_a_filter_and_new_data_begin_the_table_anew(
    visit: Callable[..., Visit], season: Season
) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    open_tool(page, "list")
    tab(page, "tracks")
    whole = counted(page)[1]
    page.locator("#filter > summary").click()
    page.locator("#filter-body").get_by_label("东镇政府").check()
    page.keyboard.press("Escape")
    expect(page.locator("#filter-words")).to_have_text("筛选(1)")
    told = page.evaluate(
        "unit => fetch(`/api/v1/shapes/tracks?unit=${unit}`).then(a => a.json())", EARLY_UNIT
    )
    assert 0 < told["total"] < whole
    expect(page.locator(".table-count")).to_have_attribute("data-total", str(told["total"]))
    drop_newest(season)
    page.locator("#chips button").last.click()
    expect(page.locator(".table-count")).to_have_attribute("data-total", str(whole - 1))
    person.fine()


def test_a_page_of_changed_data_says_so_and_begins_again(
    visit: Callable[..., Visit], season: Season
) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    open_tool(page, "list")
    tab(page, "tracks")
    total = counted(page)[1]
    drop_newest(season)
    page.locator("[data-hold=more]").press("Enter")
    expect(page.locator(".table-count")).to_contain_text("已从头重新列出")
    assert counted(page) == (50, total - 1)
    assert page.evaluate("document.activeElement.dataset.hold") == "more"
    person.fine()


@BOTH
def test_a_chosen_gap_is_drawn_corner_for_corner(
    visit: Callable[..., Visit], size: tuple[int, int]
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    open_questions(person)
    open_tool(page, "list")
    tab(page, "gaps")
    told = page.evaluate("() => fetch('/api/v1/gaps').then(answer => answer.json())")
    assert counted(page)[1] == told["total"] > 0
    first = told["features"][0]
    exact = page.evaluate(
        "id => fetch(`/api/v1/gaps/${encodeURIComponent(id)}`).then(answer => answer.json())",
        first["properties"]["id"],
    )
    page.locator(".table-scroll [data-main-link]").first.press("Enter")
    expect(page.locator("path.gap-chosen").first).to_be_attached()
    drawn = page.evaluate(CHOSEN)
    rings = _rings(exact["geometry"])
    assert drawn == [corner for ring in rings for corner in ring[:-1]]
    assert len(drawn) > sum(len(ring) - 1 for ring in _rings(first["geometry"]))
    # Another question may have another gap there: the old outline goes.
    page.evaluate(
        "location.hash = location.hash.replace(/&?as_of=[^&]*/, '') + '&as_of=2026-05-01'"
    )
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    expect(page.locator("path.gap-chosen")).to_have_count(0)
    person.fine()


def _rings(geometry: dict) -> list[list[list[float]]]:
    parts = geometry["coordinates"]
    return parts if geometry["type"] == "Polygon" else [ring for part in parts for ring in part]


def test_a_handle_that_moved_is_not_put_back_by_an_earlier_answer(
    visit: Callable[..., Visit],
) -> None:
    person = visit()
    person.sign_in()
    page = person.page
    page.evaluate(HOLD)
    page.locator("#day").press("PageDown")
    page.wait_for_function("() => window.letGo")
    assert page.evaluate(MOVE_AND_LET_GO) == "20"
    page.wait_for_url("**from=*")
    page.wait_for_load_state("networkidle")
    assert page.locator("#day-from").input_value() == "20"
    person.fine()
