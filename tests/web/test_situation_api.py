"""The commander's figures over the network: one's own ground, and nothing where there is nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import county_builder
import pytest
from conftest import FORM, PASSWORD, Visitor
from flask import Flask
from scoped_county import (
    CANARY,
    COUNTY_AREA,
    EAST_AREA,
    WEST_AREA,
    scoped_workspace,
    signed_in,
)

from geoinspect import pipeline
from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

ANSWERS = ("situation", "situation/clean", "situation/days")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = create_app(scoped_workspace(tmp_path_factory.mktemp("situation")), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def figure(told: dict, key: str) -> dict:
    return next(one for one in told["figures"] if one["key"] == key)


def test_a_township_is_told_of_its_own_ground_alone(county: Flask) -> None:
    east = signed_in(county, "commander-east")
    whole = signed_in(county, "commander-all").json("situation", area=EAST_AREA)
    told = east.json("situation")
    assert told["area"]["code"] == EAST_AREA
    assert [step["code"] for step in told["way"]] == [EAST_AREA]
    # The same ground is the same ground, whoever asks.
    assert figure(told, "unseen") == figure(whole, "unseen")
    assert told["rows"] == whole["rows"]
    for path in ANSWERS:
        assert CANARY not in json.dumps(east.json(path), ensure_ascii=False)


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("area", [WEST_AREA, COUNTY_AREA, "000000"])
def test_an_area_of_others_is_not_there(county: Flask, path: str, area: str) -> None:
    east = signed_in(county, "commander-east")
    answer = east.client.get(f"/api/v1/{path}", query_string={"area": area})
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "no_such_area"
    assert CANARY not in answer.get_data(as_text=True)


def test_the_parts_add_up_to_the_whole(county: Flask) -> None:
    told = signed_in(county, "commander-all").json("situation", area=COUNTY_AREA)
    unseen = figure(told, "unseen")
    parts = sum(row["coverage"]["area_m2"] - row["coverage"]["seen_m2"] for row in told["rows"])
    assert parts == pytest.approx(unseen["value"], abs=1.0)
    assert 0 < unseen["value"] < unseen["of"]
    days = signed_in(county, "commander-all").json("situation/days", days=5)
    assert len(days["days"]) == 5
    assert set(days["curves"]) == {row["code"] for row in told["rows"]}


def bare(folder: Path, areas: Path | None) -> Path:
    """A workspace with one commander and, where given, areas without a campaign."""
    with Workspace.create(folder) as workspace:
        if areas is not None:
            pipeline.add_areas(workspace, areas, actor="test")
        with workspace.database.writing() as session:
            people.add_user(
                session, name=FORM["username"], role="commander", unit_code=None, password=PASSWORD
            )
    return folder


def asked(app: Flask) -> dict[str, dict]:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in().status_code == 302
    return {path: visitor.json(path) for path in ANSWERS}


def test_without_a_campaign_there_are_cases_but_no_coverage(
    tmp_path: Path, new_app: Callable[[Path], Flask]
) -> None:
    areas = tmp_path / "county.geojson"
    areas.write_text(json.dumps(county_builder.county_geojson(), ensure_ascii=False), "utf-8")
    told = asked(new_app(bare(tmp_path / "w", areas)))
    now = told["situation"]
    assert now["campaign"] is None
    assert now["area"]["code"] == COUNTY_AREA
    assert figure(now, "unseen")["value"] is None
    assert figure(now, "overdue")["value"] == 0
    assert now["data_until"] is None
    assert told["situation/clean"]["figure"] is None
    assert told["situation/days"]["coverage"] == []
    assert len(told["situation/days"]["days"]) == 14


def test_an_empty_workspace_is_told_as_such(
    tmp_path: Path, new_app: Callable[[Path], Flask]
) -> None:
    told = asked(new_app(bare(tmp_path / "w", None)))
    assert told["situation"]["area"] is None
    assert told["situation"]["figures"] == told["situation"]["rows"] == []
    assert told["situation/clean"]["figure"] is None
    assert told["situation/days"] == {"days": [], "coverage": [], "curves": {}}
