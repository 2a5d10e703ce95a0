"""Work lists: everything open is in a list once, each unit sees its own and those below."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import shapely
from case_builders import ADMIN, COUNTY, NOON, TOWN_UNITS, TOWNS, UNIT, county, opened, place
from work_builders import FIRST_DAY, assigned, at, confirmed, do, eradicated, rechecked

from geoinspect.cases.records import Origin
from geoinspect.casework.asked import NewCase
from geoinspect.casework.book import open_case
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.casework.work import work_of
from geoinspect.errors import NotFoundError
from geoinspect.report.work_files import write_work_book
from geoinspect.store import grounds
from geoinspect.store.schema import FileRow, TrackRow
from geoinspect.store.workspace import Workspace

NASTY = '=HYPERLINK("http://x")'


@pytest.fixture
def workspace(tmp_path: Path):
    with county(tmp_path / "w") as opened_:
        yield opened_


def lists(workspace: Workspace, unit: str | None = None, day: int = 0, **more: object) -> dict:
    with workspace.database.reading() as session:
        return work_of(workspace, session, unit, FIRST_DAY + timedelta(days=day), **more)


def filled(workspace: Workspace) -> dict[str, int]:
    """One case of every kind of work, over three towns."""
    found = {
        "triage": opened(workspace, town=0),
        "verify": assigned(workspace, town=1),
        "eradicate": confirmed(workspace, town=0, east=0.2),
        "recheck": eradicated(workspace, town=2),
        "close": rechecked(workspace, town=2, east=0.1),
    }
    found["assign"] = opened(workspace, town=1, east=0.1)
    do(workspace, found["assign"], "triage")
    ended = opened(workspace, town=0, east=0.9)
    do(workspace, ended, "dismiss", reason="grass")
    return found


def test_every_open_case_is_one_task_of_its_next_step(workspace: Workspace) -> None:
    found = filled(workspace)
    told = lists(workspace)
    tasks = {row["link"]: row["task"] for row in told["tasks"]["rows"]}
    assert tasks == {f"/cases/{case_id}": task for task, case_id in found.items()}
    assert told["tasks"]["counts"] == dict.fromkeys(found, 1)
    assert told["tasks"]["of"]["cases"] == len(found) == told["tasks"]["total"]
    assert told["as_of"] == FIRST_DAY.isoformat()


def test_units_have_their_own_and_what_is_below(workspace: Workspace) -> None:
    filled(workspace)
    whole = {row["link"] for row in lists(workspace, UNIT)["tasks"]["rows"]}
    parts = [
        {row["link"] for row in lists(workspace, unit)["tasks"]["rows"]} for unit in TOWN_UNITS
    ]
    assert whole == set().union(*parts)
    assert sum(map(len, parts)) == len(whole) == 6
    by_area = [
        {row["link"] for row in lists(workspace, area_code=code)["tasks"]["rows"]} for code in TOWNS
    ]
    assert by_area == parts
    with pytest.raises(NotFoundError):
        lists(workspace, "no such unit")
    with pytest.raises(NotFoundError):
        lists(workspace, area_code="no such area")


def test_a_unit_answers_for_what_was_assigned_to_it_wherever_it_lies(workspace: Workspace) -> None:
    case_id = opened(workspace, town=0)
    do(workspace, case_id, "triage")
    do(workspace, case_id, "assign", unit_code="U13", minute=1)
    assert [r["link"] for r in lists(workspace, "U13")["tasks"]["rows"]] == [f"/cases/{case_id}"]
    assert lists(workspace, "U11")["tasks"]["rows"] == []


def test_overdue_begins_on_the_day_after_the_deadline(workspace: Workspace) -> None:
    opened(workspace)
    days = workspace.settings.case_triage_days
    for day, late in ((days, 0), (days + 1, 1), (days + 9, 9)):
        told = lists(workspace, day=day)
        assert told["tasks"]["rows"][0]["overdue_days"] == late
        assert told["problems"]["counts"].get("case_overdue", 0) == (late > 0)
        assert told["tasks"]["overdue"].get("triage", 0) == (late > 0)


def test_problems_name_what_stands_in_the_way(workspace: Workspace) -> None:
    standing = confirmed(workspace)
    stuck = assigned(workspace, town=1)
    do(workspace, stuck, "verify", outcome="no_access", minute=5)
    clock = assigned(workspace, town=2)
    do(workspace, clock, "note", note="早", minute=6, happened=NOON - timedelta(days=400))
    far = NewCase("县外", Origin.OTHER, shapely.Point(100.0, 20.0))
    outside = open_case(workspace, far, ADMIN, now=NOON).case_id
    found = Counter((r["trouble"], r["link"]) for r in lists(workspace)["problems"]["rows"])
    assert found == {
        ("standing", f"/cases/{standing}"): 1,
        ("no_access", f"/cases/{stuck}"): 1,
        ("doubt", f"/cases/{clock}"): 1,
        ("outside", f"/cases/{outside}"): 1,
        ("no_unit", f"/cases/{outside}"): 1,
    }
    doubt = next(r for r in lists(workspace)["problems"]["rows"] if r["trouble"] == "doubt")
    assert "30" in doubt["why"]["zh"]
    assert "30" in doubt["why"]["en"]
    assert lists(workspace, "U13")["problems"]["counts"] == {"doubt": 1}


def test_sites_are_tasks_when_due_and_problems_when_late(workspace: Workspace) -> None:
    new = NewSite("Z1", "旧厂房", place(1), interval_days=10, starts=FIRST_DAY)
    add_site(workspace, new, ADMIN, now=NOON)
    told = lists(workspace)
    assert [(r["task"], r["state"], r["deadline"]) for r in told["tasks"]["rows"]] == [
        ("visit", "never", (FIRST_DAY + timedelta(days=10)).isoformat())
    ]
    assert told["problems"]["rows"] == []
    late = lists(workspace, day=14)["problems"]["rows"]
    assert [(r["trouble"], r["days"], r["name"]) for r in late] == [("site_overdue", 4, "Z1")]
    assert lists(workspace, "U11", day=14)["problems"]["rows"] == []
    assert lists(workspace, "U12", day=14)["duties"]["counts"]["sites_due"] == 1


def test_tips_wait_as_long_as_a_new_case_and_only_some_roles_see_them(workspace: Workspace) -> None:
    where = place(2)
    take_tip(workspace, NewTip("form-0001", "院里有花", lon=where.x, lat=where.y), now=NOON)
    take_tip(workspace, NewTip("form-0002", "山上", "某村"), now=NOON)
    days = workspace.settings.case_triage_days
    assert lists(workspace, day=days)["problems"]["rows"] == []
    rows = lists(workspace, day=days + 1)["problems"]["rows"]
    assert [(r["trouble"], r["overdue_days"]) for r in rows] == [("tip_waits", 1)] * 2
    assert len(lists(workspace, "U13", day=days + 1)["problems"]["rows"]) == 1
    hidden = lists(workspace, day=days + 1, see_tips=False)["problems"]
    assert (hidden["rows"], hidden["tips_counted"]) == ([], False)
    assert "院里有花" not in str(rows)


def test_doubtful_tracks_wait_in_the_lists_of_their_unit_or_area(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        for n, (unit, decision) in enumerate(((None, {}), ("U11", {}), ("U11", {"kept": True}))):
            add_track(session, n, unit, decision)
    rows = lists(workspace)["problems"]["rows"]
    assert [row["trouble"] for row in rows] == ["track_waits"] * 2
    assert len(lists(workspace, "U11")["problems"]["rows"]) == 1
    assert len(lists(workspace, "U12")["problems"]["rows"]) == 1


def add_track(session, n: int, unit: str | None, decision: dict) -> None:
    where = place(1)
    file = FileRow(sha256=f"{n:064x}", bytes=1, name=f"{n}.gpx", received_at=NOON)
    session.add(
        TrackRow(
            file=file,
            name=f"track {n}",
            format="gpx",
            unit_code=unit,
            mode="foot",
            day=FIRST_DAY,
            points=2,
            length_m=93.0,
            cleaned_length_m=93.0,
            datum_used="wgs84",
            report={},
            doubts=[{"code": "speed"}],
            decision=decision,
            geometry=shapely.MultiLineString([[(where.x, where.y), (where.x + 0.001, where.y)]]),
        )
    )
    session.flush()


def test_duties_add_up_from_towns_to_the_county(workspace: Workspace) -> None:
    filled(workspace)
    add_site(workspace, NewSite("Z1", "旧厂房", place(1)), ADMIN, now=NOON)
    told = lists(workspace)["duties"]
    by_code = {row["code"]: row for row in told["rows"]}
    assert set(by_code) == {COUNTY, *TOWNS}
    for key in ("open", "overdue", "standing", "sites", "sites_due", "parcels"):
        towns = sum(by_code[code][key] for code in TOWNS)
        assert by_code[COUNTY][key] == towns == told["counts"][key]
    assert by_code[COUNTY]["open"] == 6
    assert by_code[TOWNS[0]]["standing"] == 1
    assert by_code[TOWNS[1]]["unit_code"] == "U12"
    assert told["elsewhere"]["open"] == 0


def test_a_village_without_a_unit_falls_to_the_one_above(workspace: Workspace) -> None:
    from geoinspect.records import Area, Level

    box = place(0).buffer(0.01)
    with workspace.database.writing() as session:
        grounds.add_areas(
            session, [Area("V1", "某村", Level.VILLAGE, TOWNS[0], None, shapely.box(*box.bounds))]
        )
    case_id = opened(workspace, now=at(1))
    rows = lists(workspace, "U11", day=1)["tasks"]["rows"]
    assert [(r["link"], r["area"], r["unit"]) for r in rows] == [
        (f"/cases/{case_id}", "某村", "第1派出所")
    ]


def test_the_workbook_holds_the_lists_and_no_formula(workspace: Workspace, tmp_path: Path) -> None:
    opened(workspace, title=NASTY)
    told = lists(workspace)
    path = tmp_path / "work.xlsx"
    write_work_book(path, told, simulated=True)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "任务清单 tasks",
        "问题清单 problems",
        "责任清单 duties",
        "说明 notes",
    ]
    sheet = book["任务清单 tasks"]
    cell = sheet["C2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (NASTY, "s", True)
    assert sheet.max_row == 1 + len(told["tasks"]["rows"])
    assert sheet["H2"].value == 0
    notes = {row[0].value: row[1].value for row in book["说明 notes"].rows}
    assert notes["数据 data"] == "模拟数据 SIMULATED"
    assert notes["未结线索 open cases"] == 1
