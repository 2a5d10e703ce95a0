"""Work lists, the day of a person, the zero-yield status and the map's signs, asked by each role."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from conftest import PASSWORD, Visitor
from flask import Flask
from work_season import FIELD, HOSTILE_TITLE, ROLES, UNIT, work_folder

from geoinspect.claims import make_claim, record_claim
from webmap import create_app


@dataclass
class Desk:
    """The app over a county with work, and its cases by what is next."""

    app: Flask
    made: dict[str, int]

    def who(self, role: str) -> Visitor:
        visitor = Visitor(self.app.test_client())
        name = FIELD if role == "field" else role
        assert visitor.sign_in(name, PASSWORD).status_code == 302
        return visitor


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder, made = work_folder(tmp_path_factory.mktemp("work") / "county")
    app = create_app(folder, testing=True)
    yield Desk(app, made)
    app.extensions["geoinspect"].workspace.close()


def refused(answer, status: int, code: str) -> None:
    assert answer.status_code == status
    told = answer.get_json()
    assert told["code"] == code
    assert told["message"]
    assert told["message_zh"]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_the_lists_and_only_some_know_of_tips(desk: Desk, role: str) -> None:
    told = desk.who(role).json("work")
    tasks = {row["link"]: row["task"] for row in told["tasks"]["rows"] if row["kind"] == "case"}
    made = {name: number for name, number in desk.made.items() if name != "site"}
    assert tasks == {f"/cases/{number}": name for name, number in made.items()}
    assert told["problems"]["tips_counted"] == (role != "field")
    assert told["problems"]["counts"]["standing"] == 1
    assert told["problems"]["counts"]["site_overdue"] == 1


def test_lists_of_a_unit_and_of_an_area(desk: Desk) -> None:
    visitor = desk.who("commander")
    mine = visitor.json("work", unit=UNIT)
    assert mine["unit"] == {"code": UNIT, "name": "东镇政府"}
    assert mine["tasks"]["counts"]["visit"] == 1
    assert {row["unit"] for row in mine["tasks"]["rows"]} == {"东镇政府"}
    elsewhere = visitor.json("work", area="990100002")
    assert [row["kind"] for row in elsewhere["tasks"]["rows"]] == ["gap"]
    refused(visitor.client.get("/api/v1/work?unit=U0"), 404, "no_such_unit")
    refused(visitor.client.get("/api/v1/work?area=0"), 404, "no_such_area")
    refused(visitor.client.get("/api/v1/work?campaign=99"), 404, "no_campaign")


def test_the_workbook_says_what_the_lists_say(desk: Desk) -> None:
    visitor = desk.who("analyst")
    answer = visitor.client.get(f"/api/v1/work.xlsx?unit={UNIT}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = visitor.json("work", unit=UNIT)["tasks"]["rows"]
    sheet = book["任务清单 tasks"]
    assert [cell.value for cell in sheet["B"][1:]] == [row["name"] for row in rows]
    assert HOSTILE_TITLE in [cell.value for cell in sheet["C"][1:]]


def test_the_day_is_that_of_the_caller(desk: Desk) -> None:
    field = desk.who("field").json("today", lon=107.93, lat=33.96, stops=3)
    found = {card["id"]: card["task"] for card in field["cards"] if card["kind"] == "case"}
    made = desk.made
    assert found == {made[name]: name for name in ("verify", "eradicate", "recheck")}
    assert any(card["kind"] == "site" and card["checklist"] for card in field["cards"])
    assert any(card["kind"] == "gap" for card in field["cards"])
    assert field["route"]["stops"] == 3
    assert field["unit"] == "东镇政府"
    auditor = desk.who("auditor").json("today")
    assert all(card["moves"] == [] for card in auditor["cards"] if card["kind"] == "case")
    assert auditor["start_from"] == "area"


def test_the_day_as_gpx(desk: Desk) -> None:
    visitor = desk.who("field")
    answer = visitor.client.get("/api/v1/today.gpx?lon=107.93&lat=33.96&stops=4")
    assert answer.mimetype == "application/gpx+xml"
    root = ET.fromstring(answer.get_data(as_text=True))
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    assert len(root.findall("g:wpt", space)) == 4
    assert len(root.findall("g:rte/g:rtept", space)) == 5


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lon=500&lat=0", "bad_place"),
        ("lon=107", "bad_number"),
        ("lon=x&lat=1", "bad_number"),
        ("stops=0", "bad_number"),
        ("stops=31", "bad_number"),
        ("stops=2.5", "bad_number"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(desk: Desk, query: str, code: str) -> None:
    refused(desk.who("field").client.get(f"/api/v1/today?{query}"), 400, code)


def test_the_status_names_what_stands_and_the_statement_what_is_missing(desk: Desk) -> None:
    visitor = desk.who("commander")
    told = visitor.json("standing")
    assert "statement" not in told
    assert [one["id"] for one in told["standing"]] == [desk.made["eradicate"]]
    one = told["standing"][0]
    assert one["harvest"]["from"] == "seen"
    assert one["harvest"]["stage"] == "bud"
    assert one["count"]["plants"] == 620
    assert (told["whole"]["found"], told["whole"]["clean"]) == (3, 1)
    assert told["outside"] == 0
    rows = {row["code"]: row for row in told["rows"]}
    assert rows["990100"]["standing"] == rows["990100001"]["standing"] == 1
    assert rows["990100002"]["found"] == 0
    assert 0 < rows["990100"]["unseen_share"] <= 1
    said = visitor.json("standing", date=told["as_of"])["statement"]
    assert not said["holds"]
    lacks = {line["id"]: line["lacks"][0]["code"] for line in said["missing"]}
    assert lacks == {desk.made["eradicate"]: "standing", desk.made["recheck"]: "no_recheck"}
    west = visitor.json("standing", area="990100002", date=told["as_of"])["statement"]
    assert (west["holds"], west["found"]) == (True, 0)
    villages = visitor.json("standing", by="village")["rows"]
    assert {row["level"] for row in villages} == {"county", "township", "village"}
    refused(visitor.client.get("/api/v1/standing?date=2999-01-01"), 400, "bad_day")
    refused(visitor.client.get("/api/v1/standing?by=galaxy"), 400, "bad_option")
    refused(visitor.client.get("/api/v1/standing?area=0"), 404, "no_such_area")


def test_the_map_gets_open_cases_in_a_box(desk: Desk) -> None:
    visitor = desk.who("auditor")
    told = visitor.json("cases/points")
    assert {one["id"] for one in told["cases"]} == {
        number for name, number in desk.made.items() if name != "site"
    }
    assert told["total"] == 4
    assert told["limited"] is None
    one = next(c for c in told["cases"] if c["id"] == desk.made["eradicate"])
    assert (one["state"], one["overdue"], one["area_m2"]) == ("confirmed", True, 24.0)
    lon, lat = one["point"]
    near = visitor.json("cases/points", bbox=f"{lon - 1e-4},{lat - 1e-4},{lon + 1e-4},{lat + 1e-4}")
    assert [c["id"] for c in near["cases"]] == [one["id"]]
    few = visitor.json("cases/points", limit=1)
    assert len(few["cases"]) == 1
    assert "4" in few["limited"]["message_zh"]


def test_the_newest_claim_stands_beside_the_figures_with_its_day(desk: Desk) -> None:
    office = desk.app.extensions["geoinspect"]
    with office.workspace.database.writing() as session:
        snapshot = office.snapshots.get(1)
        claim = make_claim(office.workspace, session, snapshot, draws=50)
        record_claim(session, snapshot, claim, by="test")
    told = desk.who("commander").json("standing", date="2026-05-01")
    rows = {row["code"]: row["p_clean"] for row in told["rows"]}
    assert rows["990100"]["p"] == claim.whole.posterior
    assert rows["990100"]["as_of"] == claim.as_of.isoformat()
    for part in claim.parts:
        assert rows[part.code]["p"] == part.posterior
        assert (rows[part.code]["low"], rows[part.code]["high"]) == part.interval
    said = told["statement"]
    assert f"{claim.whole.posterior:.3f}" in said["sentence_zh"]
    assert f"{said['unseen_share']:.1%}" in said["sentence"]


@pytest.mark.parametrize("page", ["work", "today", "standing"])
def test_pages_show_hostile_text_as_text(desk: Desk, page: str) -> None:
    for role in ROLES:
        answer = desk.who(role).client.get(f"/{page}")
        assert answer.status_code == 200
        assert "onerror" not in answer.get_data(as_text=True)


def test_a_new_county_has_empty_lists_and_no_error(new_app, empty_folder: Path) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    assert visitor.json("work")["tasks"]["total"] == 0
    day = visitor.json("today")
    assert (day["cards"], day["start"], day["route"]["stops"]) == ([], None, 0)
    assert visitor.json("standing")["rows"] == []
    refused(visitor.client.get("/api/v1/standing?date=2026-01-01"), 400, "no_area_given")
    assert visitor.client.get("/api/v1/today.gpx").status_code == 200
