"""Tracks through the API: read otherwise on trial, sorted, and decided on several at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from conftest import Visitor, build_workspace
from flask import Flask
from flask.testing import FlaskClient
from pyproj import Transformer

from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

PASSWORD = "long enough 1"
TOWN, VILLAGE = "U990100001", "U990100002"


@pytest.fixture(scope="module")
def chosen_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app over a county of its own: these tests change what is there."""
    folder = build_workspace(tmp_path_factory.mktemp("choose") / "county")
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        for role in ("analyst", "commander"):
            people.add_user(session, name=role, role=role, unit_code=None, password=PASSWORD)
    app = create_app(folder, testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def analyst(chosen_app: Flask) -> Visitor:
    made = Visitor(chosen_app.test_client())
    made.sign_in("analyst", PASSWORD)
    return made


@pytest.fixture(scope="module")
def numbers(analyst: Visitor) -> list[int]:
    """Four walks of different length, day and unit."""
    made = []
    for k, (unit, points) in enumerate([(TOWN, 200), (VILLAGE, 150), (TOWN, 100), (VILLAGE, 60)]):
        walk = county.walk(offset=0.003 + k * 0.002)[:points]
        text = county.gpx(walk, name=f"walk {k}", start=county.START + timedelta(days=k))
        answer = analyst.send(text.encode(), "t.gpx", mode="foot", unit=unit).get_json()
        made.append(int(answer["result"]["id"]))
    return made


def post(client: FlaskClient, token: str, path: str, asked: object):
    return client.post(f"/api/v1/{path}", json=asked, headers={"X-CSRFToken": token})


def test_a_trial_reading_tells_what_a_review_then_does(
    analyst: Visitor, numbers: list[int]
) -> None:
    number = numbers[0]
    before = analyst.json(f"tracks/{number}")
    tried = analyst.json(f"tracks/{number}/reading", datum="gcj02")
    assert analyst.json(f"tracks/{number}") == before
    same = analyst.json(f"tracks/{number}/reading")
    assert (same["moved_m"], same["inside_share"]) == (0.0, same["inside_share_now"])
    # The Chinese offset is some hundred metres everywhere on the mainland.
    assert 100 < tried["moved_m"] < 900
    token = analyst.token("/upload")
    applied = post(analyst.client, token, f"tracks/{number}/review", {"datum": "gcj02"}).get_json()
    np.testing.assert_allclose(tried["bbox"], applied["bbox"], atol=2e-5)
    assert tried["length_m"] == pytest.approx(applied["cleaned_length_m"], rel=1e-3)
    assert analyst.json(f"tracks/{number}/reading", datum="auto")["moved_m"] == tried["moved_m"]
    back = post(analyst.client, token, f"tracks/{number}/review", {"datum": None}).get_json()
    assert back["bbox"] == before["bbox"]


def test_a_table_in_a_wrong_zone_is_read_in_the_right_one(analyst: Visitor, tmp_path: Path) -> None:
    walk = county.walk(offset=0.0123)
    # Zone numbers of three degrees: 4545 is 108° E without the zone in front, 4544 is 105° E.
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:4545", always_xy=True).transform(
        walk[:, 0], walk[:, 1]
    )
    lines = [
        f"{county.START + timedelta(days=20, seconds=20 * k):%Y-%m-%d %H:%M:%S},{x:.2f},{y:.2f}"
        for k, (x, y) in enumerate(zip(east, north, strict=True))
    ]
    text = "time,x,y\n" + "\n".join(lines) + "\n"
    sent = analyst.send(text.encode(), "z.csv", mode="foot", crs="EPSG:4544", unit=TOWN)
    number = sent.get_json()["result"]["id"]
    tried = analyst.json(f"tracks/{number}/reading", crs="EPSG:4545")
    assert tried["moved_m"] > 100_000
    west, south, *_rest = tried["bbox"]
    np.testing.assert_allclose([west, south], walk[:, :2].min(axis=0), atol=1e-4)
    token = analyst.token("/upload")
    wanted = {"crs": "epsg:4545"}
    applied = post(analyst.client, token, f"tracks/{number}/review", wanted).get_json()
    assert applied["choices"]["crs"] == "EPSG:4545"
    np.testing.assert_allclose(applied["bbox"], tried["bbox"], atol=2e-5)


@pytest.mark.parametrize(
    "query", ["crs=4545x", "crs=EPSG:999999", "datum=mars", "crs=EPSG:4545;drop"]
)
def test_a_trial_with_a_bad_choice_is_refused(
    analyst: Visitor, numbers: list[int], query: str
) -> None:
    answer = analyst.client.get(f"/api/v1/tracks/{numbers[0]}/reading?{query}")
    assert answer.status_code == 400


def test_only_who_decides_may_try(chosen_app: Flask, numbers: list[int]) -> None:
    looker = Visitor(chosen_app.test_client())
    looker.sign_in("commander", PASSWORD)
    token = looker.token("/cases")
    assert looker.client.get(f"/api/v1/tracks/{numbers[0]}/reading").status_code == 403
    asked = {"tracks": numbers, "counts": "nothing"}
    assert post(looker.client, token, "track-reviews", asked).status_code == 403


@pytest.mark.parametrize("by", ["day", "length", "unit", "doubts"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_sorted_list_in_pages_is_the_whole_list_sorted(
    analyst: Visitor, numbers: list[int], by: str, sign: str
) -> None:
    def key(track: dict) -> tuple[object, int]:
        value = {
            "day": track["day"] or "",
            "length": track["cleaned_length_m"],
            "unit": track["unit_code"] or "",
            "doubts": len(track["doubts"]),
        }[by]
        return value, track["id"]

    everything = analyst.json("track-list")["tracks"]
    expected = [one["id"] for one in sorted(everything, key=key, reverse=bool(sign))]
    got, after = [], ""
    while after is not None:
        query = {"sort": f"{sign}{by}", "limit": 2} | ({"after": after} if after else {})
        page = analyst.json("track-list", **query)
        got += [one["id"] for one in page["tracks"]]
        after = page["next"]
    assert set(numbers) <= set(got)
    assert got == expected


@pytest.mark.parametrize("query", ["sort=size", "sort=--day", "sort=day&after=0_x_1"])
def test_an_unknown_order_is_refused(analyst: Visitor, query: str) -> None:
    assert analyst.client.get(f"/api/v1/track-list?{query}").status_code == 400


def test_one_call_decides_on_several_and_says_what_came_of_each(
    analyst: Visitor, numbers: list[int]
) -> None:
    token = analyst.token("/upload")
    first, second, other = numbers[1], numbers[2], numbers[3]
    asked = {"tracks": [first, 10**9, second, first], "counts": "nothing", "note": "演练"}
    answer = post(analyst.client, token, "track-reviews", asked).get_json()
    rows = [(row["id"], row["status"]) for row in answer["tracks"]]
    assert rows == [(first, "decided"), (10**9, "failed"), (second, "decided")]
    assert (answer["decided"], answer["failed"]) == (2, 1)
    missing = answer["tracks"][1]
    assert missing["code"] == "not_found"
    assert missing["message"]
    assert missing["message_zh"]
    for number in (first, second):
        told = analyst.json(f"tracks/{number}")
        assert (told["decision"]["note"], told["counted_length_m"]) == ("演练", 0)
    assert not analyst.json(f"tracks/{other}")["decided"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        [],
        {"tracks": [1]},
        {"tracks": [], "counts": "auto"},
        {"tracks": [True], "counts": "auto"},
        {"tracks": ["1"], "counts": "auto"},
        {"tracks": [10**40], "counts": "auto"},
        {"tracks": list(range(1, 102)), "counts": "auto"},
    ],
)
def test_a_call_that_names_no_tracks_or_nothing_to_decide_is_refused(
    analyst: Visitor, asked: object
) -> None:
    answer = post(analyst.client, analyst.token("/upload"), "track-reviews", asked)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_review"
