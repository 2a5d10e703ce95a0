"""Questions about uploads: made, answered, set aside, and by whom."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Visitor
from flask import Flask
from scoped_county import EAST_PLACE, WEST_PLACE, scoped_workspace, signed_in
from sqlalchemy import select

from geoinspect import crs as crs_
from geoinspect.store.schema import AuditRow, TrackRow
from webmap import create_app

METRES = "EPSG:4545"


def table(
    place: tuple[float, float], *, header: str = "东坐标,北坐标,时间", seed: int = 0
) -> bytes:
    """A walk of 40 points in metres without a zone number, its zone told nowhere."""
    lon = np.linspace(place[0], place[0] + 0.004, 40) + seed * 1e-6
    east, north = crs_.transform_xy(crs_.WGS84, METRES, lon, np.full(40, place[1]))
    rows = [
        f"{x:.2f},{y:.2f},2026-05-14 08:{k:02d}:00"
        for k, (x, y) in enumerate(zip(east, north, strict=True))
    ]
    return "\n".join([header, *rows]).encode()


def nameless(place: tuple[float, float], *, word: str = "一") -> bytes:
    """A walk in degrees whose header says nothing, the latitude first."""
    lon = np.linspace(place[0], place[0] + 0.004, 40)
    rows = [
        f"{k},2026-05-15 08:{k:02d}:00,{place[1]:.6f},{one:.6f},{place[1] + 1:.6f},{one + 1:.6f}"
        for k, one in enumerate(lon)
    ]
    return "\n".join([f"号,{word},二,三,四,五", *rows]).encode()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scoped_workspace(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def app(county: Path) -> Flask:
    return create_app(county, testing=True)


def sent(visitor: Visitor, data: bytes, name: str) -> dict:
    answer = visitor.send(data, name)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.get_json()


def ask(visitor: Visitor, path: str):
    return visitor.client.get(f"/api/v1/{path}")


def tell(visitor: Visitor, receipt: str, **said: object):
    headers = {"X-CSRFToken": visitor.token("/account")}
    return visitor.client.post(f"/api/v1/receipts/{receipt}/answers", json=said, headers=headers)


def listed(visitor: Visitor) -> set[str]:
    return {one["receipt"] for one in ask(visitor, "imports").get_json()["imports"]}


def test_a_table_without_a_zone_is_asked_about_and_counts_once_answered(app: Flask) -> None:
    field, analyst = signed_in(app, "field-east"), signed_in(app, "analyst-east")
    told = sent(field, table(EAST_PLACE), "east.csv")
    assert told["result"]["details"]["code"] == "crs_needed"
    receipt = told["receipt"]
    assert receipt in listed(field)
    assert receipt in listed(analyst)
    asked = ask(analyst, f"receipts/{receipt}/questions").get_json()
    assert [one["kind"] for one in asked["questions"]] == ["crs"]
    # The right zone is the one that puts the points on the unit's ground, and stands first.
    first, *others = asked["zones"]
    assert first["crs"] == METRES
    assert first["away_m"] == 0
    assert all(one["away_m"] > 100_000 for one in others)
    lon, lat = np.array(first["preview"]["coordinates"]).T
    assert np.abs(lon - EAST_PLACE[0] - 0.002).max() < 0.0021
    assert np.abs(lat - EAST_PLACE[1]).max() < 1e-5
    answer = tell(analyst, receipt, crs=METRES)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    now = answer.get_json()
    assert now["status"] == "added"
    assert "crs" not in {one["kind"] for one in now["questions"]}
    track = analyst.client.get(f"/api/v1/tracks/{now['result']['id']}").get_json()
    assert track["counted_length_m"] > 300
    # The same answer again changes nothing; another one is for the track's own page.
    again = tell(analyst, receipt, crs=METRES)
    assert again.status_code == 202
    assert again.get_json()["result"] == now["result"]
    assert tell(analyst, receipt, crs="EPSG:4547").get_json()["code"] == "not_asked"
    assert ask(analyst, f"receipts/{receipt}/questions").get_json()["status"] == "added"


def test_a_wrong_answer_asks_again_and_loses_nothing(app: Flask) -> None:
    field = signed_in(app, "field-east")
    receipt = sent(field, table(EAST_PLACE, seed=3), "again.csv")["receipt"]
    wrong = tell(field, receipt, crs="EPSG:27700").get_json()
    assert wrong["status"] == "refused"
    assert wrong["result"]["details"]["code"] == "crs_mismatch"
    assert [one["kind"] for one in wrong["questions"]] == ["crs"]
    assert tell(field, receipt, crs="nonsense").status_code == 400
    assert tell(field, receipt).get_json()["code"] == "no_answer"
    right = tell(field, receipt, crs=METRES).get_json()
    assert right["status"] == "added"


def test_columns_nobody_knows_are_named_by_the_rows(app: Flask, county: Path) -> None:
    field = signed_in(app, "field-east")
    hostile = "<img src=x onerror=alert(1)>{{7*7}}"
    told = sent(field, nameless(EAST_PLACE, word=hostile), "nameless.csv")
    assert told["result"]["details"]["code"] == "no_coordinates"
    asked = ask(field, f"receipts/{told['receipt']}/questions").get_json()
    assert [one["kind"] for one in asked["questions"]] == ["columns"]
    assert asked["rows"][0] == ["号", hostile, "二", "三", "四", "五"]
    assert asked["rows"][1][1:4] == [
        "2026-05-15 08:00:00",
        f"{EAST_PLACE[1]:.6f}",
        f"{EAST_PLACE[0]:.6f}",
    ]
    for bad in (
        "lon=4",
        "lon=4,lat=4",
        "lon=0,lat=3",
        "lon=4,lat=3,time=2,date=1",
        "x=1,lon=2,lat=3",
    ):
        assert tell(field, told["receipt"], columns=bad).get_json()["code"] == "bad_columns"
    mistaken = tell(field, told["receipt"], columns="lon=2,lat=3").get_json()
    assert mistaken["result"]["details"]["code"] == "columns_mismatch"
    now = tell(field, told["receipt"], columns="time=2,lon=4,lat=3").get_json()
    assert now["status"] == "added", now
    with app.extensions["geoinspect"].workspace.database.reading() as session:
        row = session.get_one(TrackRow, now["result"]["id"])
        assert str(row.day) == "2026-05-15"
        assert row.choices["columns"] == "lon=4,lat=3,time=2"
        assert abs(row.west - EAST_PLACE[0]) < 1e-4


def test_a_track_without_a_day_gets_one(app: Flask) -> None:
    field = signed_in(app, "field-east")
    data = b"\n".join(
        [
            b"lon,lat",
            *(
                f"{EAST_PLACE[0] + k * 1e-4:.6f},{EAST_PLACE[1] + 0.002:.6f}".encode()
                for k in range(40)
            ),
        ]
    )
    told = sent(field, data, "undated.csv")
    assert told["status"] == "added"
    asked = ask(field, f"receipts/{told['receipt']}/questions").get_json()
    assert "track_day" in [one["kind"] for one in asked["questions"]]
    now = tell(field, told["receipt"], day="2026-05-16").get_json()
    assert "track_day" not in [one["kind"] for one in now["questions"]]
    # What was accepted stays as it was told.
    assert now["result"]["id"] == told["result"]["id"]
    track = ask(field, f"tracks/{told['result']['id']}").get_json()
    assert track["day"] == "2026-05-16"


def test_what_no_answer_helps_is_set_aside_with_its_reason(app: Flask) -> None:
    field = signed_in(app, "field-east")
    told = sent(field, b"<!doctype html><html><body>sign in</body></html>", "page.gpx")
    asked = ask(field, f"receipts/{told['receipt']}/questions").get_json()
    assert [one["kind"] for one in asked["questions"]] == ["file"]
    assert tell(field, told["receipt"], crs=METRES).get_json()["code"] == "not_asked"
    assert tell(field, told["receipt"], set_aside=True, note="重新导出").status_code == 200
    assert told["receipt"] not in listed(field)
    kept = ask(field, f"receipts/{told['receipt']}").get_json()
    assert kept["result"]["message"] == told["result"]["message"]
    assert kept["result"]["set_aside"]["note"] == "重新导出"
    with app.extensions["geoinspect"].workspace.database.reading() as session:
        actions = session.scalars(select(AuditRow.action).where(AuditRow.subject == "page.gpx"))
        assert list(actions).count("upload.set_aside") == 1


def test_others_see_and_answer_only_what_is_theirs(app: Flask) -> None:
    west = signed_in(app, "field-west")
    receipt = sent(west, table(WEST_PLACE, seed=1), "west.csv")["receipt"]
    for name in ("field-east", "analyst-east", "commander-east", "admin-east"):
        visitor = signed_in(app, name)
        assert receipt not in listed(visitor)
        looked = ask(visitor, f"receipts/{receipt}/questions")
        none = ask(visitor, "receipts/FFFFFFFFFFFF/questions")
        assert (looked.status_code, none.status_code) == (404, 404)
        assert looked.get_json()["code"] == none.get_json()["code"]
        assert tell(visitor, receipt, crs=METRES).status_code == 404
    # A commander of the county sees it; answering is for the sender and for analysts.
    commander, auditor = signed_in(app, "commander-county"), signed_in(app, "auditor-county")
    assert receipt in listed(commander)
    assert tell(commander, receipt, crs=METRES).get_json()["code"] == "not_your_upload"
    assert receipt in listed(auditor)
    assert tell(auditor, receipt, crs=METRES).status_code == 403
    assert (
        tell(signed_in(app, "analyst-county"), receipt, crs=METRES).get_json()["status"] == "added"
    )


def test_a_file_that_is_being_read_takes_no_other_answer(county: Path, app: Flask) -> None:
    field = signed_in(app, "field-east")
    receipt = sent(field, table(EAST_PLACE, seed=9), "busy.csv")["receipt"]
    app.config["INLINE_JOBS"] = False
    try:
        first = tell(field, receipt, crs="EPSG:4547").get_json()
        assert first["job"]["state"] == "waiting"
        assert tell(field, receipt, crs="EPSG:4547").get_json()["job"]["id"] == first["job"]["id"]
        assert tell(field, receipt, crs=METRES).get_json()["code"] == "still_reading"
    finally:
        app.config["INLINE_JOBS"] = True


@pytest.mark.parametrize(
    "body", [[], "x", {"crs": 5}, {"crs": "x" * 500}, {"evil": 1}, {"day": "2026-13-40"}]
)
def test_strange_answers_are_refused_in_words(app: Flask, body: object) -> None:
    field = signed_in(app, "field-east")
    receipt = sent(field, table(EAST_PLACE, seed=11), "strange.csv")["receipt"]
    headers = {"X-CSRFToken": field.token("/account")}
    answer = field.client.post(
        f"/api/v1/receipts/{receipt}/answers",
        data=json.dumps(body),
        content_type="application/json",
        headers=headers,
    )
    assert 400 <= answer.status_code < 500
    assert answer.get_json()["message_zh"]


def test_the_unit_of_the_sender_says_which_ground_is_meant(app: Flask) -> None:
    visitor = signed_in(app, "analyst-east")
    receipt = sent(visitor, table(WEST_PLACE, seed=5), "beside.csv")["receipt"]
    zones = ask(visitor, f"receipts/{receipt}/questions").get_json()["zones"]
    assert zones[0]["crs"] == METRES
    assert 0 < zones[0]["away_m"] < 20_000


def survey_numbered(app: Flask, name: str) -> int:
    told = ask(signed_in(app, "analyst-all"), f"survey-list?q={name}").get_json()
    return int(told["surveys"][0]["id"])


def say(visitor: Visitor, path: str, **said: object):
    headers = {"X-CSRFToken": visitor.token("/account")}
    return visitor.client.post(f"/api/v1/{path}", json=said, headers=headers)


def test_the_day_of_a_picture_is_corrected_by_who_may_and_where_it_lies(app: Flask) -> None:
    number = survey_numbered(app, "east-survey")
    path = f"surveys/{number}/day"
    for name, status in (("field-east", 403), ("commander-east", 403), ("auditor-east", 403)):
        assert say(signed_in(app, name), path, day="2026-05-20").status_code == status
    assert say(signed_in(app, "analyst-west"), path, day="2026-05-20").status_code == 404
    analyst = signed_in(app, "analyst-east")
    for wrong in ({}, {"day": ""}, {"day": "20.5.2026"}, {"day": "2199-01-01"}, {"day": 5}):
        assert say(analyst, path, **wrong).status_code == 400
    assert say(analyst, path, day="2026-05-20", taken="x").get_json()["code"] == "bad_field"
    before = ask(analyst, f"surveys/{number}").get_json()
    assert before["days"] == []
    told = say(analyst, path, day="2026-05-20", note="<b>相机</b>").get_json()
    assert (told["before"], told["day"], told["changed"]) == ("2026-05-10", "2026-05-20", True)
    after = ask(analyst, f"surveys/{number}").get_json()
    assert after["taken"].startswith("2026-05-20")
    (line,) = after["days"]
    assert (line["before"], line["by"], line["note"]) == (
        "2026-05-10",
        "analyst-east",
        "<b>相机</b>",
    )
    assert not say(analyst, path, day="2026-05-20").get_json()["changed"]


def test_a_search_takes_settings_and_its_run_tells_them(app: Flask) -> None:
    number, analyst = survey_numbered(app, "east-survey"), signed_in(app, "analyst-east")
    path = f"surveys/{number}/detect"
    for wrong in ({"budget_per_km2": 0}, {"min_area_m2": -1}, {"budget_per_km2": "viel"}):
        assert say(analyst, path, **wrong).status_code == 400
    chosen = {"learn": False, "budget_per_km2": 500, "min_area_m2": 1.5}
    assert say(analyst, path, **chosen).status_code == 202
    run = ask(analyst, f"runs?survey={number}").get_json()["runs"][0]
    assert (run["state"], run["settings"]) == ("done", chosen)
    told = ask(analyst, f"surveys/{number}").get_json()
    assert told["list"]["budget_per_km2"] == 500
    assert told["list"]["min_area_m2"] == 1.5
    listed_now = ask(analyst, "patches?limit=500").get_json()["features"]
    own = [one for one in listed_now if one["properties"]["survey_id"] == number]
    assert run["patches"] == len(own)
