"""Cases opened by hand through the API: for whose unit, and with which times and ground."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from case_builders import county, place, plot
from conftest import PASSWORD, Visitor
from flask import Flask
from shapely.geometry import mapping

from geoinspect.store import people
from webmap import create_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with county(tmp_path / "w") as workspace, workspace.database.writing() as session:
        for name, unit in (("field", "U11"), ("analyst", "U1")):
            people.add_user(session, name=name, role=name, unit_code=unit, password=PASSWORD)
    made = create_app(tmp_path / "w", testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def opened(app: Flask, role: str, status: int = 200, **more: object) -> dict:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(role).status_code == 302
    body = {"title": "后山", "lon": place().x, "lat": place().y, **more}
    headers = {"X-CSRFToken": visitor.token("/cases")}
    answer = visitor.client.post("/api/v1/cases", json=body, headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def test_field_people_open_cases_for_their_own_unit_only(app: Flask) -> None:
    assert opened(app, "field")["case"]["unit_code"] == "U11"
    assert opened(app, "field", unit="U11")["case"]["unit_code"] == "U11"
    # A neighbour's unit looks as if there were none.
    other, none = (opened(app, "field", 400, unit=code) for code in ("U12", "U99"))
    assert other["message_zh"].replace("U12", "U99") == none["message_zh"]
    assert opened(app, "analyst", unit="U12")["case"]["unit_code"] == "U12"


@pytest.mark.parametrize(
    "more",
    [
        {"happened": "2026-05-14T08:30:00"},
        {"happened": "noon"},
        {"happened": "0001-01-01T00:00:00Z"},
        {"note": "x" * 2001},
        {"note": ["x"]},
    ],
)
def test_times_without_a_zone_and_endless_notes_are_refused(app: Flask, more: dict) -> None:
    assert opened(app, "analyst", 400, **more)["message_zh"]


def test_ground_is_taken_as_drawn(app: Flask) -> None:
    told = opened(app, "analyst", ground=mapping(plot()), happened="2026-05-14T08:30:00+08:00")
    assert told["case"]["ground_m2"] > 1
    assert told["case"]["events"][0]["happened"] == "2026-05-14T00:30:00Z"
    opened(app, "analyst", 422, ground={"type": "Polygon", "coordinates": []})


@pytest.mark.parametrize("before", ["1e30", "-1", "0", "1.5", "nan", "", "x"])
def test_a_page_begins_before_a_record(app: Flask, before: str) -> None:
    visitor = Visitor(app.test_client())
    visitor.sign_in("analyst")
    answer = visitor.client.get("/api/v1/cases", query_string={"before": before})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_number")


@pytest.mark.parametrize("number", ["\u0661", "\uff11", "\u096e", "\u0a6b"])
def test_numbers_in_addresses_are_plain(app: Flask, number: str) -> None:
    opened(app, "analyst")
    visitor = Visitor(app.test_client())
    visitor.sign_in("analyst")
    assert visitor.client.get("/api/v1/cases/1").status_code == 200
    assert visitor.client.get(f"/api/v1/cases/{number}").status_code == 404
