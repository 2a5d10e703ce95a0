"""Boundaries sent on the web: kept, read in the background, with the command line's own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import county_builder as county
import pytest
from conftest import PASSWORD, Visitor
from flask import Flask

from geoinspect.store import people
from geoinspect.store.schema import UnitRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

PEOPLE = {"管理": ("admin", None), "镇管": ("admin", "U1"), "分析": ("analyst", None)}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("areas") / "w"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        session.add(UnitRow(code="U1", name="东镇", parent_code=None))
        session.flush()
        for name, (role, unit) in PEOPLE.items():
            people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
    app = create_app(folder, testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


def signed_in(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(name).status_code == 302
    return visitor


def send(visitor: Visitor, data: bytes, **query: str):
    return visitor.client.post(
        "/api/v1/areas",
        query_string={"name": "边界.geojson", **query},
        data=data,
        content_type="application/octet-stream",
        headers={"X-CSRFToken": visitor.token("/account")},
    )


def test_boundaries_are_read_with_what_is_wrong_in_words(office: Flask, tmp_path: Path) -> None:
    admin = signed_in(office, "管理")
    data = county.write_county(tmp_path).read_bytes()
    answer = send(admin, data)
    assert answer.status_code == 202
    job = admin.json(f"jobs/{answer.get_json()['job']}")
    assert job["state"] == "done"
    assert job["result"]["added"] == len(json.loads(data)["features"])
    assert "990100" in {area["code"] for area in admin.json("units")["areas"]}
    again = admin.json(f"jobs/{send(admin, data).get_json()['job']}")["result"]
    assert (again["added"], again["replaced"]) == (0, job["result"]["added"])
    assert 'id="boundaries"' in admin.client.get("/units").get_data(as_text=True)


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"type": "FeatureCollection", "features": []}'])
def test_what_is_no_boundary_file_fails_in_words(office: Flask, data: bytes) -> None:
    admin = signed_in(office, "管理")
    before = len(admin.json("units")["areas"])
    job = admin.json(f"jobs/{send(admin, data).get_json()['job']}")
    assert job["state"] == "failed"
    assert "边界.geojson" in job["error"]["message_zh"]
    assert len(admin.json("units")["areas"]) == before


def test_only_an_administrator_of_the_whole_sends_boundaries(office: Flask) -> None:
    for name in ("镇管", "分析"):
        visitor = signed_in(office, name)
        assert send(visitor, b"{}").status_code == 403
    assert 'id="boundaries"' not in signed_in(office, "镇管").client.get("/units").get_data(
        as_text=True
    )
    admin = signed_in(office, "管理")
    assert send(admin, b"{}", level="planet").status_code == 400
    assert send(admin, b"{}", sha256="0" * 64).status_code == 400
