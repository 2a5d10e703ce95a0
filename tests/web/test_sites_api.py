"""The API of sites: lists, one site, answers with photos, and who may do what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import county_builder as county
import pytest
from conftest import PASSWORD, USER, Visitor, build_workspace
from flask import Flask
from photo_builders import exif_bytes, jpeg_bytes
from shapely import Point

from geoinspect.casework.actors import COMMAND_LINE
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

EAST, WEST = "U990100001", "U990100002"
EAST_AREA, INSIDE = "990100001", (county.WEST + 0.03, county.SOUTH + 0.01)
# The county's walks of 14 May pass here at about 1.1 m/s.
ON_WALK = county.walk()[100]
# Makes a photo of other bytes.
MINE = b"<x:xmpmeta/>"
ROLES = ("field", "analyst", "commander", "auditor", "admin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county with people of every role and three sites, one of them on a walk."""
    made = build_workspace(tmp_path_factory.mktemp("sites") / "county")
    with Workspace.open(made) as workspace:
        with workspace.database.writing() as session:
            for role in ROLES:
                people.add_user(session, name=role, role=role, unit_code=EAST, password=PASSWORD)
        place = (float(ON_WALK[0]), float(ON_WALK[1]))
        for code, x, y, start in (
            ("S1", *place, date(2026, 1, 1)),
            ("S2", county.WEST + 0.03, county.SOUTH + 0.017, date(2026, 1, 1)),
            ("S3", county.WEST + 0.01, county.SOUTH + 0.017, date(2099, 1, 1)),
        ):
            new = NewSite(
                code,
                f"部位{code}",
                Point(x, y),
                unit_code=EAST,
                radius_m=60.0,
                dwell_s=30.0,
                starts=start,
                checklist=("有无新土", "门锁完好"),
            )
            add_site(workspace, new, COMMAND_LINE)
    return made


@pytest.fixture(scope="module")
def site_app(folder: Path) -> Iterator[Flask]:
    made = create_app(folder, testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def as_(app: Flask, name: str) -> Visitor:
    made = Visitor(app.test_client())
    assert made.sign_in(name).status_code == 302
    return made


@pytest.fixture
def analyst(site_app: Flask) -> Visitor:
    return as_(site_app, "analyst")


def post(visitor: Visitor, path: str, body: object, status: int = 200) -> dict:
    headers = {"X-CSRFToken": visitor.token("/sites")}
    answer = visitor.client.post(f"/api/v1/{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def numbered(visitor: Visitor) -> dict[str, int]:
    return {site["code"]: site["id"] for site in visitor.json("sites", retired="1")["sites"]}


def test_the_list_says_what_presses_with_denominators(analyst: Visitor) -> None:
    told = analyst.json("sites")
    lines = {site["code"]: site for site in told["sites"]}
    assert lines["S2"]["state"] == "never"
    assert lines["S3"]["state"] == "not_started"
    assert lines["S1"]["last_visit"]["day"] == "2026-05-14"
    assert told["sites"][0]["code"] == "S2"
    counts = told["counts"]
    assert counts["total"] == len(told["sites"]) == sum(counts["states"].values())
    assert sum(unit["total"] for unit in counts["units"]) == counts["total"]
    only = analyst.json("sites", state="never")
    assert {site["state"] for site in only["sites"]} == {"never"}
    assert only["counts"] == counts
    unit = lines["S2"]["unit_code"]
    assert {s["unit_code"] for s in analyst.json("sites", unit=unit)["sites"]} == {unit}
    assert {s["code"] for s in analyst.json("sites", area=EAST_AREA)["sites"]} == {"S1", "S2"}


def test_sites_are_found_by_box(analyst: Visitor) -> None:
    x, y = ON_WALK
    box = f"{x - 0.001},{y - 0.001},{x + 0.001},{y + 0.001}"
    drawn = analyst.json("sites.geojson", bbox=box)
    assert [one["properties"]["code"] for one in drawn["features"]] == ["S1"]
    assert drawn["features"][0]["geometry"]["type"] == "Point"
    assert [one["code"] for one in analyst.json("sites", bbox=box)["sites"]] == ["S1"]


def test_a_site_shows_the_track_that_proves_its_visit(analyst: Visitor) -> None:
    site = analyst.json(f"sites/{numbered(analyst)['S1']}")
    visit = site["visits"][0]
    assert visit["nearest_m"] < 10
    assert visit["dwell_s"] >= 30
    track = analyst.json(f"tracks/{visit['track']}")
    assert track["name"] == visit["track_name"]
    assert (site["checklist"], site["may_change"]) == (["有无新土", "门锁完好"], True)


def sent_photo(person: Visitor, site_id: int, data: bytes) -> dict:
    sent = person.client.post(
        f"/api/v1/sites/{site_id}/photos",
        query_string={"name": "../门口.jpg", "sha256": hashlib.sha256(data).hexdigest()},
        data=data,
        content_type="application/octet-stream",
        headers={"X-CSRFToken": person.token("/sites")},
    )
    assert sent.status_code == 201, sent.get_data(as_text=True)
    return sent.get_json()["photo"]


def test_an_answer_with_a_photo_is_kept_once(site_app: Flask, analyst: Visitor) -> None:
    person = as_(site_app, "field")
    site_id = numbered(analyst)["S2"]
    data = jpeg_bytes(exif_bytes())
    photo = sent_photo(person, site_id, data)
    assert photo["name"] == "门口.jpg"
    assert photo["distance_m"] > 1000
    body = {
        "day": "2026-05-14",
        "answers": {"有无新土": "无"},
        "note": "看过",
        "photos": [{key: photo[key] for key in ("sha256", "name", "token")}],
        "happened": "2026-05-14T03:00:00Z",
        "client_id": "answer-0001",
    }
    first = post(person, f"sites/{site_id}/answers", body)
    again = post(person, f"sites/{site_id}/answers", body)
    assert (first["receipt"], first["again"], again["again"]) == (again["receipt"], False, True)
    answers = again["site"]["answers"]
    assert len(answers) == 1
    assert answers[0]["proved"] is False
    got = analyst.client.get(f"/api/v1/sites/{site_id}/photos/{photo['sha256']}", buffered=True)
    assert got.data == data
    assert got.mimetype == "image/jpeg"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    # A photo is shown only where an answer has it.
    other = analyst.client.get(f"/api/v1/sites/{numbered(analyst)['S1']}/photos/{photo['sha256']}")
    assert other.status_code == 404


def test_an_answer_of_the_day_of_a_visit_is_proved(analyst: Visitor) -> None:
    site_id = numbered(analyst)["S1"]
    for n, (day, proved) in enumerate(
        [("2026-05-14", True), ("2026-05-15", True), ("2026-05-12", False)]
    ):
        body = {"day": day, "answers": {"有无新土": "无"}, "client_id": f"proof-000{n}"}
        told = post(analyst, f"sites/{site_id}/answers", body)
        (mine,) = [one for one in told["site"]["answers"] if one["id"] == told["answer"]]
        assert mine["proved"] is proved


def test_suspicion_opens_a_case_once(analyst: Visitor) -> None:
    site_id = numbered(analyst)["S3"]
    body = {"suspicious": True, "note": "墙后有花", "client_id": "case-00001"}
    first = post(analyst, f"sites/{site_id}/answers", body)
    again = post(analyst, f"sites/{site_id}/answers", body)
    assert first["case"] == again["case"] is not None
    case = analyst.json(f"cases/{first['case']}")
    told = case.get("case", case)
    assert told["origin"] == "site"


@pytest.mark.parametrize("role", ROLES)
def test_what_each_role_may(site_app: Flask, role: str) -> None:
    person = as_(site_app, role)
    number = numbered(person)["S2"]
    keeps = role in ("analyst", "admin")
    body = {"code": f"N-{role}", "name": "新部位", "lon": 107.93, "lat": 33.96}
    made = post(person, "sites", body, 200 if keeps else 403)
    if keeps:
        assert post(person, "sites", body)["site"]["id"] == made["site"]["id"]
        # Nobody said whose it is: the unit of the village it lies in.
        assert made["site"]["unit_code"] == "U990100001002"
    changed = post(person, f"sites/{number}", {"interval_days": 21}, 200 if keeps else 403)
    if keeps:
        assert changed["site"]["interval_days"] == 21
    answer = {"answers": {"有无新土": "无"}, "client_id": f"role-{role}"}
    status = 403 if role == "auditor" else 200
    post(person, f"sites/{number}/answers", answer, status)
    assert person.client.get("/sites").status_code == 200
    assert person.client.get(f"/sites/{number}").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("sites", {"code": "X", "name": "甲", "lon": 999, "lat": 33}, 400),
        ("sites", {"code": "X", "name": "甲"}, 400),
        ("sites", {"code": "S1", "name": "甲", "lon": INSIDE[0], "lat": INSIDE[1]}, 409),
        ("sites", {"code": "X", "name": "甲", "lon": 108, "lat": 33}, 400),
        ("sites", {"code": "X", "name": "甲", "ground": {"type": "LineString"}}, 422),
        ("sites", {"code": "X", "name": "甲", "ground": "POINT"}, 422),
        ("sites", {"code": "X", "name": "甲", "lon": 108, "lat": 33, "unit": "?"}, 400),
        ("sites", {"code": "X", "name": "甲", "lon": 108, "lat": 33, "checklist": "?"}, 400),
        ("sites/1", {"interval_days": 0}, 400),
        ("sites/1", {"interval_days": 1.5}, 400),
        ("sites/1", {"name": ""}, 200),
        ("sites/1", {"owner": "?"}, 400),
        ("sites/1", {"starts": "2026-05-02", "ends": "2026-05-01"}, 400),
        ("sites/999", {"name": "甲"}, 404),
        ("sites/1/answers", {"answers": ["?"]}, 400),
        ("sites/1/answers", {"answers": {"?": "是"}}, 400),
        ("sites/1/answers", {"suspicious": "yes"}, 400),
        ("sites/1/answers", {"note": "x", "happened": "noon"}, 400),
        ("sites/1/answers", {"note": "x", "photos": [{"sha256": "0" * 64, "name": "a"}]}, 400),
        ("sites/1/answers", {"note": "x", "photos": [{"sha256": "../../x", "name": "a"}]}, 400),
        ("sites/1/answers", {"note": "x", "lon": 5}, 400),
        ("sites/999/answers", {"note": "x"}, 404),
    ],
)
def test_wrong_requests_are_refused_in_words(
    analyst: Visitor, path: str, body: dict, status: int
) -> None:
    told = post(analyst, path, body, status)
    if status != 200:
        assert told["message_zh"]


@pytest.mark.parametrize("stolen", ["no token", "another person", "another site", "another file"])
def test_only_photos_that_this_person_sent_for_this_site_are_taken(
    site_app: Flask, analyst: Visitor, stolen: str
) -> None:
    """Whoever knows the hash of a photo of a case, of a tip or of a site can't make it theirs."""
    sites = numbered(analyst)
    theirs = sent_photo(as_(site_app, "field"), sites["S1"], jpeg_bytes(exif_bytes()))
    mine = sent_photo(analyst, sites["S1"], jpeg_bytes(exif_bytes(), MINE))
    photo = {
        "no token": {**mine, "token": ""},
        "another person": theirs,
        "another site": mine,
        "another file": {**mine, "sha256": theirs["sha256"]},
    }[stolen]
    site_id = sites["S2" if stolen == "another site" else "S1"]
    told = post(analyst, f"sites/{site_id}/answers", {"note": "x", "photos": [photo]}, 400)
    assert "上传" in told["message_zh"]
    for odd in ({}, None, {**mine, "token": "é\ud800"}, {**mine, "token": 7}):
        post(analyst, f"sites/{sites['S1']}/answers", {"note": "x", "photos": [odd]}, 400)
    post(analyst, f"sites/{sites['S1']}/answers", {"note": "x", "photos": [mine]})


def test_a_time_without_its_zone_is_refused(analyst: Visitor) -> None:
    """Taken as UTC it would be eight hours off in Beijing."""
    site_id = numbered(analyst)["S1"]
    body = {"note": "x", "happened": "2026-05-14T08:30:00"}
    assert "时区" in post(analyst, f"sites/{site_id}/answers", body, 400)["message_zh"]
    body["happened"] += "+08:00"
    told = post(analyst, f"sites/{site_id}/answers", body)
    (mine,) = [one for one in told["site"]["answers"] if one["id"] == told["answer"]]
    assert mine["happened"] == "2026-05-14T00:30:00Z"


@pytest.mark.parametrize(
    ("ground", "status"),
    [
        ({"type": "Point", "coordinates": [107.93, 33.96]}, 200),
        ({"type": "Point", "coordinates": [107.93]}, 400),
        ({"type": "Point", "coordinates": [107.93, "x"]}, 400),
        ({"type": "Point", "coordinates": [107.93, 133.96]}, 400),
        ({"type": "Point"}, 400),
        ({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}, 413),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, 422),
    ],
)
def test_the_ground_of_a_site(analyst: Visitor, ground: dict, status: int) -> None:
    told = post(analyst, f"sites/{numbered(analyst)['S3']}", {"ground": ground}, status)
    if status == 200:
        assert told["site"]["place"] == [107.93, 33.96]


def test_adding_a_site_takes_no_identifier(analyst: Visitor) -> None:
    """The code is what makes it one; the description of the API says no other."""
    body = {"code": "S1", "name": "甲", "lon": 108, "lat": 33, "client_id": "x"}
    assert "client_id" in post(analyst, "sites", body, 400)["message"]
    taken = analyst.json("openapi.json")["paths"]["/api/v1/sites"]["post"]["requestBody"]
    assert "client_id" not in taken["content"]["application/json"]["schema"]["properties"]


def test_lists_refuse_what_they_do_not_know(analyst: Visitor) -> None:
    for query in ({"state": "gone"}, {"kind": "saucer"}, {"bbox": "1,2,3"}):
        answer = analyst.client.get("/api/v1/sites", query_string=query)
        assert answer.status_code == 400
    assert analyst.client.get("/api/v1/sites/999").status_code == 404
    assert analyst.client.get("/sites/999").status_code == 404
    for query in ({"unit": "nobody"}, {"unit": "U990100"}, {"area": "990100"}):
        assert analyst.client.get("/api/v1/sites", query_string=query).status_code == 404


def test_a_new_county_has_an_empty_list(
    new_app: Callable[[Path], Flask], empty_folder: Path
) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in(USER)
    told = visitor.json("sites")
    assert (told["sites"], told["counts"]["total"], told["counts"]["units"]) == ([], 0, [])
