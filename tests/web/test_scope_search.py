"""Claims, plans and checks of a wider campaign: everybody's part, and no word of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from conftest import Visitor
from flask import Flask
from scoped_county import (
    CANARY,
    EAST_AREA,
    EAST_PLACE,
    EAST_UNIT,
    WEST_PLACE,
    WEST_UNIT,
    scoped_workspace,
    signed_in,
)
from search_builders import refused, send

from webmap import create_app

MISSING = 99_999


@dataclass
class Desk:
    """The county's app and its people."""

    app: Flask
    people: dict[str, Visitor]

    def who(self, name: str) -> Visitor:
        if name not in self.people:
            self.people[name] = signed_in(self.app, name)
        return self.people[name]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    app = create_app(scoped_workspace(tmp_path_factory.mktemp("search")), testing=True)
    yield Desk(app, {})
    app.extensions["geoinspect"].workspace.close()


def test_a_claim_tells_ones_own_part(desk: Desk) -> None:
    east, all_ = desk.who("analyst-east").json("claims"), desk.who("analyst-county").json("claims")
    part = next(one for one in all_["parts"] if one["code"] == EAST_AREA)
    assert [one["code"] for one in east["parts"]] == [EAST_AREA]
    # Shares of risk and effort are told as they are in the whole; the sums are of one's own.
    assert east["parts"][0] == part == east["whole"]
    assert east["next_prior"] is None
    assert east["rests_on"]["looks"] is None
    assert all_["rests_on"]["looks"]
    assert len(all_["parts"]) == 2


def test_only_who_answers_for_all_of_it_signs_a_claim(desk: Desk) -> None:
    east, county = desk.who("analyst-east"), desk.who("analyst-county")
    refused(send(east, "claims", json={"as_of": "2026-06-30"}), 403, "上级单位")
    assert send(county, "claims", json={"as_of": "2026-06-30"}).status_code == 200
    assert len(county.json("claims/kept")["claims"]) == 1
    assert east.json("claims/kept")["claims"] == []
    own = next(c["id"] for c in east.json("overview")["campaigns"] if c["name"] == "东镇行动")
    told = send(east, "claims", json={"as_of": "2026-06-30", "campaign": own})
    assert told.status_code == 200
    assert len(east.json("claims/kept", campaign=own)["claims"]) == 1


def wish(place: tuple[float, float], name: str) -> dict[str, object]:
    return {"name": name, "starts": [list(place)], "hours": 0.25, "teams": 1}


def test_plans_are_of_those_who_made_them_or_start_there(desk: Desk) -> None:
    made = {}
    for who, place, name in (
        ("analyst-east", EAST_PLACE, "东计划"),
        ("analyst-west", WEST_PLACE, f"{CANARY}计划"),
        ("analyst-county", WEST_PLACE, f"{CANARY}县计划"),
        ("analyst-county", EAST_PLACE, "县计划在东"),
    ):
        told = send(desk.who(who), "plans", json=wish(place, name))
        assert told.status_code == 200, told.get_json()
        made[name] = told.get_json()["id"]
    east = desk.who("field-east")
    assert {p["name"] for p in east.json("plans")["plans"]} == {"东计划", "县计划在东"}
    pages = ("/api/v1/plans/{}", "/api/v1/plans/{}/routes.gpx", "/api/v1/plans/{}/walked")
    for path in (*pages, "/plans/{}", "/plans/{}/sheet"):
        for name, number in made.items():
            hidden = CANARY in name
            answer = east.client.get(path.format(number))
            assert answer.status_code == (404 if hidden else 200), (path, name)
    deleted = send(desk.who("analyst-east"), f"plans/{made[f'{CANARY}计划']}", "DELETE")
    missing = send(desk.who("analyst-east"), f"plans/{MISSING}", "DELETE")
    assert deleted.status_code == missing.status_code == 404
    assert deleted.get_json()["code"] == missing.get_json()["code"]
    assert len(desk.who("field-county").json("plans")["plans"]) == 4


def test_a_plan_of_a_wider_campaign_stays_on_ones_own_ground(desk: Desk) -> None:
    asked = wish(EAST_PLACE, "只在东") | {"hours": 2}
    told = send(desk.who("analyst-east"), "plans", json=asked).get_json()
    assert told["asked"]["polygon"]["type"] in {"Polygon", "MultiPolygon"}
    ring = [[107.9, 33.95], [107.918, 33.95], [107.918, 33.97], [107.9, 33.97], [107.9, 33.95]]
    away = asked | {"polygon": {"type": "Polygon", "coordinates": [ring]}}
    refused(send(desk.who("analyst-east"), "plans", json=away), 400, "重新画")
    unit = asked | {"unit": WEST_UNIT}
    assert send(desk.who("analyst-east"), "plans", json=unit).status_code == 400


def test_a_check_shows_the_cells_on_ones_ground_or_for_ones_unit(desk: Desk) -> None:
    county, east = desk.who("analyst-county"), desk.who("analyst-east")
    asked = {"seed": "2026", "share": 0.9, "units": [EAST_UNIT, WEST_UNIT]}
    refused(send(east, "checks", json=asked | {"units": [EAST_UNIT]}), 403, "上级单位")
    whole = send(county, "checks", json=asked).get_json()
    told = east.json(f"checks/{whole['id']}")
    mine = [c for c in whole["cells"] if c["lon"] > 107.92 or c["unit"] == EAST_UNIT]
    assert [c["cell"] for c in told["cells"]] == [c["cell"] for c in mine]
    assert {c["unit"] for c in told["cells"]} >= {EAST_UNIT}
    assert len(mine) < len(whole["cells"])
    assert told["result"] is None
    hidden = next(c["cell"] for c in whole["cells"] if c not in mine)
    answers = [
        send(east, f"checks/{whole['id']}/finds", json={"cell": cell, "both": 1})
        for cell in (hidden, "R1C1")
    ]
    assert [a.status_code for a in answers] == [404, 404]
    listed, all_ = east.json("checks"), county.json("checks")
    assert listed["checks"][0]["drawn"] == len(mine)
    assert listed["cells"] < all_["cells"]
    assert listed["cleared"] < all_["cleared"]
    assert {one["code"] for one in listed["units"]} == {EAST_UNIT}
    rows = east.client.get(f"/api/v1/checks/{whole['id']}/cells.csv").get_data(as_text=True)
    assert len(rows.strip().splitlines()) == 1 + len(mine)
    refused(send(east, f"checks/{whole['id']}/adopt"), 403, "上级单位")


def test_the_calendar_tells_ones_own_townships(desk: Desk) -> None:
    codes = {one["code"] for one in desk.who("analyst-east").json("growth")["areas"]}
    assert codes == {EAST_AREA}
    assert len(desk.who("analyst-county").json("growth")["areas"]) >= 2


@pytest.mark.parametrize("path", ["claims", "rates", "trials", "risk-rules", "review", "growth"])
def test_the_desks_pages_are_not_the_fields(desk: Desk, path: str) -> None:
    answer = desk.who("field-east").client.get(f"/api/v1/{path}")
    refused(answer, 403, "分析员")
    assert desk.who("auditor-east").client.get(f"/api/v1/{path}").status_code == 200


def test_the_office_s_tables_are_all_the_desks(desk: Desk) -> None:
    for path in ("rates", "trials", "risk-rules"):
        east, all_ = (desk.who(who).json(path) for who in ("commander-east", "admin-all"))
        assert east == all_
