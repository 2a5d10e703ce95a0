"""Tracks and patrols against odd, hostile and hasty askers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import county_builder as county
import numpy as np
import pytest
import shapely
from conftest import Visitor, build_workspace
from flask import Flask

from webmap import create_app
from webmap.api.blueprint import feature

UNIT = "U990100001"


@pytest.fixture(scope="module")
def own_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app over a county of its own: these tests change what is there."""
    app = create_app(build_workspace(tmp_path_factory.mktemp("attack") / "county"), testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def admin(own_app: Flask) -> Visitor:
    made = Visitor(own_app.test_client())
    made.sign_in()
    return made


def review(visitor: Visitor, number: int, asked: object):
    headers = {"X-CSRFToken": visitor.token("/upload")}
    path = f"/api/v1/tracks/{number}/review"
    return visitor.client.post(path, json=asked, headers=headers)


def test_two_decisions_at_once_both_stand(own_app: Flask) -> None:
    visitors = [Visitor(own_app.test_client()) for _ in range(2)]
    for visitor in visitors:
        visitor.sign_in()
    for turn in range(2):
        asked = [{"team": f"{turn}组"}, {"rules_off": ["speed"] if turn else ["spike"]}]
        gate, answers = threading.Barrier(2), []

        def decide(visitor: Visitor, wanted: object, gate=gate, answers=answers) -> None:
            gate.wait()
            answers.append(review(visitor, 1, wanted).status_code)

        threads = [
            threading.Thread(target=decide, args=one) for one in zip(visitors, asked, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [200, 200]
        told = visitors[0].json("tracks/1")
        assert told["team"] == asked[0]["team"]
        assert told["choices"]["rules_off"] == asked[1]["rules_off"]


def test_names_are_kept_as_one_would_type_them(admin: Visitor) -> None:
    text = county.gpx(county.walk(offset=0.0061), start=county.START + timedelta(days=9))
    query = {"unit": UNIT, "mode": "foot", "team": " 三\u3000组\n", "person": "张\u3000三 "}
    number = admin.send(text.encode(), "t.gpx", **query).get_json()["result"]["id"]
    told = admin.json(f"tracks/{number}")
    assert (told["team"], told["people"]) == ("三 组", ["张 三"])
    again = review(admin, number, {"team": "四\u3000组", "people": ["李\u3000四"]}).get_json()
    assert (again["team"], again["people"]) == ("四 组", ["李 四"])
    assert review(admin, number, {"note": "第一行\n第二行\t表\u3000格 👨‍👩‍👧"}).status_code == 200


@pytest.mark.parametrize("query", [{"team": "长" * 101}, {"team": "a\x00b"}, {"team": "\u202eb"}])
def test_a_bad_team_is_refused_before_anything_is_kept(
    admin: Visitor, query: dict[str, str]
) -> None:
    before = admin.json("receipts")["receipts"]
    answer = admin.send(b"x", "a.gpx", **query)
    assert answer.status_code == 400
    assert "小组" in answer.get_json()["message_zh"]
    assert admin.json("receipts")["receipts"] == before


def test_the_ends_of_time_are_months_too(admin: Visitor) -> None:
    for month in ("0001-01", "9999-12"):
        assert admin.json("patrol-months", month=month)["month"].endswith(month[-2:])
    last = admin.json("patrols", **{"from": "9999-12-01"})
    assert (last["patrols"], last["end"]) == ([], "9999-12-31")


def test_zero_means_no(admin: Visitor) -> None:
    whole = admin.json("track-list")["total"]
    assert admin.json("track-list", doubtful=0, undecided=0)["total"] == whole
    assert admin.json("track-list", doubtful=1)["total"] <= whole


@pytest.mark.parametrize(
    "path", ["track-list", "tracks/1", "tracks/1/points", "patrols", "patrol-months", "photos"]
)
def test_other_methods_tell_nothing_and_change_nothing(admin: Visitor, path: str) -> None:
    got = admin.client.get(f"/api/v1/{path}")
    assert (got.status_code, got.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in got.headers
    assert admin.client.head(f"/api/v1/{path}").data == b""
    assert admin.client.options(f"/api/v1/{path}").data == b""
    headers = {"X-CSRFToken": admin.token("/upload")}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = admin.client.open(f"/api/v1/{path}", method=method, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")


def test_a_long_zigzag_neither_ends_the_server_nor_fills_an_answer() -> None:
    corners = np.arange(300_000)
    line = np.column_stack([103.5 + corners * 5e-7, 26 + 0.01 * (corners % 2)])
    drawn = feature(shapely.MultiLineString([line]), {}, tolerance_deg=1e-5)["geometry"]
    assert sum(map(len, drawn["coordinates"])) <= 5001


def test_a_wide_view_gets_coarser_lines(admin: Visitor) -> None:
    rng = np.random.default_rng(3)
    points = county.walk(offset=0.0072) + rng.normal(0, 4e-5, (200, 2))
    text = county.gpx(points, start=county.START + timedelta(days=11))
    admin.send(text.encode(), "rough.gpx", unit=UNIT, mode="foot")

    def drawn(bbox: str) -> int:
        found = admin.json("tracks", bbox=bbox)["features"]
        assert found
        return len(str([one["geometry"] for one in found]))

    west, south = county.WEST, county.SOUTH
    near = drawn(f"{west},{south},{west + 0.03},{south + 0.03}")
    assert drawn(f"{west - 1},{south - 1},{west + 1},{south + 1}") < near / 2
    assert drawn("-inf,-inf,inf,inf") < near / 2
