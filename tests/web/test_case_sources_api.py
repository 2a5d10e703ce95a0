"""Where cases come from, through the API: once each, by those who may, refused in words else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from case_builders import county, place
from conftest import PASSWORD, Visitor
from search_builders import refused
from source_builders import add_licence, add_survey, detect, square, target_table

from geoinspect.review_book import Answer, label
from geoinspect.review_records import Said
from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

ROLES = ("field", "analyst", "commander", "auditor", "admin")


class Office:
    """An app over a county with one person of each role, and its patches."""

    def __init__(self, folder: Path) -> None:
        with county(folder) as workspace:
            with workspace.database.writing() as session:
                for role in ROLES:
                    unit = None if role == "admin" else "U11"
                    people.add_user(
                        session, name=role, role=role, unit_code=unit, password=PASSWORD
                    )
            self.survey = add_survey(workspace)
            shapes = [square(0, 0), square(10, 0), square(300, 0)]
            self.patches = detect(workspace, self.survey, shapes)
            add_licence(workspace, square(290, -10, 40), area_m2=4.0)
            label(workspace, self.survey, self.patches[2], Answer(Said.POPPY), actor="analyst")
        self.folder = folder
        self.app = create_app(folder, testing=True)

    def visitor(self, role: str) -> Visitor:
        made = Visitor(self.app.test_client())
        assert made.sign_in(role).status_code == 302
        return made

    @property
    def workspace(self) -> Workspace:
        found: Workspace = self.app.extensions["geoinspect"].workspace
        return found


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "w")
    yield made
    made.workspace.close()


def post(visitor: Visitor, path: str, **more: object):
    headers = {"X-CSRFToken": visitor.token("/upload")}
    return visitor.client.post(f"/api/v1/{path}", headers=headers, **more)


def sent(visitor: Visitor, path: Path, **query: object):
    return post(
        visitor,
        "target-lists",
        data=path.read_bytes(),
        content_type="application/octet-stream",
        query_string={"name": path.name, **query},
    )


def test_a_proposal_then_the_cases(office: Office) -> None:
    analyst = office.visitor("analyst")
    numbers = ",".join(map(str, office.patches))
    told = analyst.json("cases/proposal", patches=numbers)
    assert [plot["patches"] for plot in told["plots"]] == [office.patches[:2], office.patches[2:]]
    assert told["may_open"] is True
    assert told["plots"][1]["licence"]["licence_no"] == "许-1"
    body = {"patches": office.patches, "client_id": "one"}
    done = post(analyst, "cases/from-patches", json=body).get_json()
    assert len(done["opened"]) == 2
    again = post(analyst, "cases/from-patches", json=body).get_json()
    assert again == {**done, "again": True}
    shown = analyst.json(f"cases/{done['opened'][0]['id']}")
    assert [link["source"] for link in shown["links"]] == office.patches[:2]
    assert shown["events"][0]["receipt"] == done["opened"][0]["receipt"]
    known = analyst.json("cases/proposal", patches=numbers)["known"]
    assert [one["patch"] for one in known] == office.patches


def test_what_review_settled_becomes_cases(office: Office) -> None:
    analyst = office.visitor("analyst")
    body = {"survey": office.survey, "settled": True}
    done = post(analyst, "cases/from-patches", json=body).get_json()
    assert [one["patches"] for one in done["opened"]] == [office.patches[2:]]
    first = {"survey": office.survey, "first": 1, "one_case": True}
    more = post(analyst, "cases/from-patches", json=first).get_json()
    assert [one["patches"] for one in more["opened"]] == [office.patches[:1]]


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(office: Office, role: str, tmp_path: Path) -> None:
    visitor = office.visitor(role)
    leads = role in ("analyst", "commander", "admin")
    patches = post(visitor, "cases/from-patches", json={"patches": office.patches[:1]})
    assert patches.status_code == (200 if leads else 403)
    listed = sent(visitor, target_table(tmp_path / "t.csv", [("T1", square(0, 0))]))
    assert listed.status_code == (201 if leads else 403)
    spot = {"lon": place(0).x, "lat": place(0).y}
    seen = post(visitor, "cases/sightings", json=spot)
    assert seen.status_code == (403 if role == "auditor" else 200)
    sure = post(visitor, "cases/sightings", json={**spot, "outcome": "confirmed"})
    assert sure.status_code == (200 if role in ("field", "analyst", "admin") else 403)
    assert visitor.json("target-lists")["may_open"] is leads
    for path in ("licences", "target-lists"):
        assert visitor.client.get(f"/api/v1/{path}").status_code == 200
    for page in ("/targets", "/licences"):
        assert visitor.client.get(page).status_code == 200
    if not leads:
        refused(patches, 403, "analyst")


def test_strangers_see_nothing(office: Office) -> None:
    stranger = Visitor(office.app.test_client())
    for path in ("cases/proposal?patches=1", "target-lists", "target-lists/1/match", "licences"):
        assert stranger.client.get(f"/api/v1/{path}").status_code == 401
    for page in ("/targets", "/licences"):
        assert stranger.client.get(page).status_code == 302


def test_a_sighting_counts_once(office: Office) -> None:
    field = office.visitor("field")
    body = {
        "lon": place(0).x,
        "lat": place(0).y,
        "outcome": "confirmed",
        "facts": {"plants": 12},
        "happened": "2026-05-14T12:00:00+08:00",
        "client_id": "s",
    }
    first = post(field, "cases/sightings", json=body).get_json()
    assert (first["state"], first["again"]) == ("confirmed", False)
    assert post(field, "cases/sightings", json=body).get_json() == {**first, "again": True}
    shown = field.json(f"cases/{first['id']}")
    assert shown["unit_code"] == "U11"
    assert shown["facts"]["verified"]["count"]["plants"] == 12


def test_a_list_is_taken_matched_and_made_cases_of(office: Office, tmp_path: Path) -> None:
    analyst = office.visitor("analyst")
    rows = [("T1", square(0, 0)), ("T2", square(600, 0))]
    path = target_table(tmp_path / "靶标.csv", rows)
    taken = sent(analyst, path, tolerance="20", day="2026-05-02")
    assert taken.status_code == 201
    list_id = taken.get_json()["list"]
    again = sent(analyst, path)
    assert (again.status_code, again.get_json()["again"]) == (200, True)
    (told,) = analyst.json("target-lists")["lists"]
    assert (told["name"], told["tolerance_m"], told["day"]) == ("靶标.csv", 20, "2026-05-02")
    post(analyst, "cases/from-patches", json={"patches": office.patches[:2]})
    query = {"from": "2000-01-01", "to": "2199-01-01"}
    match = analyst.json(f"target-lists/{list_id}/match", **query)
    assert match["targets"] == {"total": 2, "matched": 1, "rate": 0.5}
    assert match["dossiers"] == {"total": 1, "matched": 1, "rate": 1}
    (open_target,) = match["unmatched_targets"]
    body = {"targets": [open_target["id"]], "client_id": "t"}
    nothing = post(analyst, f"target-lists/{list_id}/cases", json={"targets": []})
    refused(nothing, 400, "no targets")
    done = post(analyst, f"target-lists/{list_id}/cases", json=body).get_json()
    assert post(analyst, f"target-lists/{list_id}/cases", json=body).get_json()["again"]
    after = analyst.json(f"target-lists/{list_id}/match", **query)
    assert after["targets"] == match["targets"]
    assert after["unmatched_targets"][0]["case"]["id"] == done["opened"][0]["id"]
    none = analyst.json(f"target-lists/{list_id}/match", state="closed")
    assert none["dossiers"]["rate"] is None


def test_licences_are_checked(office: Office) -> None:
    (one,) = office.visitor("auditor").json("licences")["licences"]
    assert (one["licence_no"], one["licence_m2"]) == ("许-1", 4)
    (survey,) = one["surveys"]
    assert [problem["code"] for problem in survey["problems"]] == ["over_area"]


def test_what_a_later_survey_says(office: Office) -> None:
    analyst = office.visitor("analyst")
    done = post(analyst, "cases/from-patches", json={"patches": office.patches[:1]}).get_json()
    told = analyst.json(f"cases/{done['opened'][0]['id']}/surveys/{office.survey}")
    assert told["suggests"] is None
    assert told["patches"][0]["patch"] == office.patches[0]
    assert analyst.client.get("/api/v1/cases/1/surveys/99").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("cases/from-patches", {}, 400, "no patches"),
        ("cases/from-patches", {"patches": "1"}, 400, "numbers"),
        ("cases/from-patches", {"patches": [True]}, 400, "numbers"),
        ("cases/from-patches", {"patches": [-1]}, 400, "numbers"),
        ("cases/from-patches", {"patches": [99999]}, 404, "99999"),
        ("cases/from-patches", {"patches": [1], "who": "x"}, 400, "who"),
        ("cases/from-patches", {"survey": 99, "first": 1}, 404, "99"),
        ("cases/sightings", {}, 400, "longitude"),
        ("cases/sightings", {"lon": 1e9, "lat": 0}, 400, "longitude"),
        ("cases/sightings", {"lon": 108, "lat": 33, "outcome": "clean"}, 400, "on the spot"),
        ("cases/sightings", {"lon": 108, "lat": 33, "happened": "noon"}, 400, "time"),
        ("cases/sightings", {"lon": 108, "lat": 33, "track": 4}, 404, "4"),
        ("target-lists/9/cases", {"targets": [1]}, 404, "9"),
        ("target-lists/9/cases", {"targets": []}, 404, "9"),
    ],
)
def test_what_can_not_be_is_refused_in_words(
    office: Office, path: str, body: dict[str, object], status: int, word: str
) -> None:
    refused(post(office.visitor("analyst"), path, json=body), status, word)


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"tolerance": "0"}, 400, "tolerance"),
        ({"tolerance": "nan"}, 400, "tolerance"),
        ({"datum": "xian80"}, 400, "xian80"),
        ({"day": "yesterday"}, 400, "day"),
        ({"sha256": "0" * 64}, 400, "sha256"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_bad_options_of_a_list(
    office: Office, tmp_path: Path, query: dict[str, str], status: int, word: str
) -> None:
    path = target_table(tmp_path / "t.csv", [("T1", square(0, 0))])
    refused(sent(office.visitor("analyst"), path, **query), status, word)


def test_hostile_lists_are_refused_in_words(office: Office, tmp_path: Path) -> None:
    analyst = office.visitor("analyst")
    for number, data in enumerate(
        (b"", b"<html>", b"PK\x03\x04nothing", b"\xff\xfe\x00", b"a,b\n1,2")
    ):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        refused(sent(analyst, path), 422)
    as_form = post(analyst, "target-lists?name=a.csv", data={"a": "b"})
    assert as_form.status_code == 415
    assert analyst.json("target-lists")["lists"] == []


def test_bad_questions_about_patches(office: Office) -> None:
    analyst = office.visitor("analyst")
    for given in ("", "x", "1;2", "-1", "9" * 30):
        answer = analyst.client.get("/api/v1/cases/proposal", query_string={"patches": given})
        refused(answer, 400)
    window = analyst.client.get("/api/v1/target-lists/9/match?state=merged")
    refused(window, 404)
