"""Of ground, tracks and surveys everybody sees what is theirs and below, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import county_builder as county
import pytest
from conftest import PASSWORD, Visitor
from flask import Flask
from scoped_county import (
    BORDER,
    CANARY,
    COUNTY_AREA,
    DAY,
    EAST_AREA,
    EAST_PLACE,
    EAST_UNIT,
    WEST_AREA,
    WEST_PLACE,
    WEST_UNIT,
    numbers,
    patches_of,
    scoped_workspace,
    signed_in,
)
from search_builders import send

from geoinspect.store import grounds, people
from webmap import create_app

MISSING = 99_999
ROLES = ("field", "analyst", "commander", "auditor", "admin")


@dataclass
class Place:
    """The county's app, its people, and its records by name."""

    app: Flask
    folder: Path
    people: dict[str, Visitor]

    def who(self, name: str) -> Visitor:
        if name not in self.people:
            self.people[name] = signed_in(self.app, name)
        return self.people[name]

    def number(self, name: str) -> int:
        return numbers(self.folder)[name]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = scoped_workspace(tmp_path_factory.mktemp("scoped"))
    app = create_app(folder, testing=True)
    yield Place(app, folder, {})
    app.extensions["geoinspect"].workspace.close()


def status(visitor: Visitor, path: str) -> int:
    return visitor.client.get(path).status_code


def looks_missing(visitor: Visitor, path: str, number: int) -> None:
    """Check that a record answers in every word as one that there is not."""
    answer = visitor.client.get(path.format(number))
    other = visitor.client.get(path.format(MISSING))
    assert (answer.status_code, other.status_code) == (404, 404), path.format(number)
    assert CANARY not in answer.get_data(as_text=True)
    # A page's own marks differ with every request; the API's answers have none.
    if path.startswith("/api/"):
        assert same_words(answer, number) == same_words(other, MISSING)


def same_words(answer, number: object) -> dict[str, str]:
    """Return what an answer says, with N for the number asked about."""
    told = answer.get_json()
    return {name: re.sub(rf"\b{number}\b", "N", str(value)) for name, value in told.items()}


TRACKS = ("/api/v1/tracks/{}", "/api/v1/tracks/{}/points", "/tracks/{}")
PHOTOS = ("/api/v1/photos/{}",)
SURVEYS = (
    *("/api/v1/surveys/{}", "/api/v1/surveys/{}/changes"),
    *("/api/v1/review/{}", "/api/v1/review/{}/labels", "/api/v1/review/{}/labels.csv"),
    *("/api/v1/review/{}/models", "/review/{}", "/tiles/surveys/{}/v/18/0/0"),
)
PATCHES = ("/api/v1/patches/{}", "/api/v1/patches/{}/chip.png")


@pytest.mark.parametrize("role", ROLES)
def test_a_persons_own_are_there_and_their_neighbours_are_not(place: Place, role: str) -> None:
    east = place.who(f"{role}-east")
    desk = [path for path in SURVEYS if role != "field" or "/review" not in path]
    kinds = ((TRACKS, "track"), (PHOTOS, "photo.jpg"), (desk, "survey.tif"))
    for paths, kind in kinds:
        for path in paths:
            assert status(east, path.format(place.number(f"east-{kind}"))) == 200, path
            looks_missing(east, path, place.number(f"{CANARY}-{kind}"))
    mine, theirs = (patches_of(place.folder, f"{s}-survey.tif")[0] for s in ("east", CANARY))
    for path in PATCHES:
        assert status(east, path.format(mine)) == 200
        looks_missing(east, path, theirs)


@pytest.mark.parametrize("name", ["analyst-county", "admin-county", "auditor-all", "field-all"])
def test_above_everything_is_seen(place: Place, name: str) -> None:
    person = place.who(name)
    for record, number in numbers(place.folder).items():
        kind = record.rpartition("-")[2].partition(".")[0]
        assert status(person, f"/api/v1/{kind}s/{number}") == 200, record
    listed = person.json("tracks")["features"]
    assert len(listed) == 6
    assert person.json("patches")["total"] == 24


def test_what_the_unit_above_did_is_not_theirs(place: Place) -> None:
    east, west = place.who("analyst-east"), place.who("analyst-west")
    number = place.number(f"{CANARY}-county-track")
    for path in TRACKS:
        looks_missing(east, path, number)
    # It lies in the west; yet whose it is, is said by who sent it.
    looks_missing(west, TRACKS[0], number)


def test_what_no_unit_sent_is_of_the_ground_it_lies_on(place: Place) -> None:
    east = place.who("field-east")
    assert status(east, f"/api/v1/tracks/{place.number('east-no-unit-track')}") == 200
    assert status(east, f"/api/v1/photos/{place.number('east-no-unit-photo.jpg')}") == 200
    looks_missing(east, TRACKS[0], place.number(f"{CANARY}-no-unit-track"))
    looks_missing(east, PHOTOS[0], place.number(f"{CANARY}-no-unit-photo.jpg"))


def test_what_one_sent_is_ones_own_wherever_it_lies(place: Place) -> None:
    number = place.number("own-track")
    assert status(place.who("field-east"), f"/api/v1/tracks/{number}") == 200
    looks_missing(place.who("analyst-east"), TRACKS[0], number)
    assert status(place.who("field-west"), f"/api/v1/tracks/{number}") == 200


def test_lists_and_counts_hold_only_what_is_theirs(place: Place) -> None:
    east, field = place.who("analyst-east"), place.who("field-east")
    names = {one["properties"]["name"] for one in east.json("tracks")["features"]}
    assert names == {"east-track", "east-no-unit-track"}
    told = east.json("track-list")
    assert (told["total"], len(told["tracks"])) == (2, 2)
    assert field.json("track-list")["total"] == 3
    assert len(east.json("photos")["features"]) == 2
    surveys = {one["properties"]["name"] for one in east.json("surveys")["features"]}
    assert surveys == {"east-survey.tif", "border-survey.tif"}
    mine = set(patches_of(place.folder, "east-survey.tif"))
    mine |= set(patches_of(place.folder, "border-survey.tif")[4:])
    found = east.json("patches")
    assert {one["properties"]["id"] for one in found["features"]} == mine
    assert found["total"] == len(mine) == 12
    assert east.json("overview")["counts"] == {"tracks": 2, "surveys": 2, "patches": 12}
    assert east.json("patches", limit=3)["total"] == 12
    ranks = [one["properties"]["rank"] for one in found["features"]]
    assert ranks == sorted(ranks)


def test_a_box_over_the_neighbour_is_empty(place: Place) -> None:
    east = place.who("commander-east")
    west = f"{county.WEST},{county.SOUTH},{BORDER - 0.0005},{county.SOUTH + county.HEIGHT}"
    assert east.json("patches", bbox=west)["total"] == 0
    assert east.json("photos", bbox=west)["features"] == []
    assert east.json("tracks", bbox=west)["features"] == []


def test_asking_by_anothers_unit_or_area_is_asking_by_none(place: Place) -> None:
    east = place.who("analyst-east")
    for path, name in (("track-list", "unit"), ("overview", "unit"), ("cells", "unit")):
        at = {"lon": EAST_PLACE[0], "lat": EAST_PLACE[1]} if path == "cells" else {}
        answers = [
            east.client.get(f"/api/v1/{path}", query_string={**at, name: code})
            for code in (WEST_UNIT, "NOWHERE99")
        ]
        assert answers[0].status_code == answers[1].status_code == 400
        assert same_words(answers[0], WEST_UNIT) == same_words(answers[1], "NOWHERE99")
    for path in ("overview", "gaps.csv"):
        for code in (WEST_AREA, COUNTY_AREA, "000"):
            answer = east.client.get(f"/api/v1/{path}", query_string={"area": code})
            assert answer.status_code == 404
            assert answer.get_json()["code"] == "no_such_area"
    assert east.client.get("/api/v1/areas", query_string={"parent": WEST_AREA}).status_code == 404


def test_the_overview_of_a_wider_campaign_opens_at_ones_own(place: Place) -> None:
    east, all_ = place.who("commander-east"), place.who("commander-county")
    told, wide = east.json("overview"), all_.json("overview")
    assert told["campaign"]["id"] == wide["campaign"]["id"]
    assert told["area"]["code"] == told["campaign"]["area"] == EAST_AREA
    assert [step["code"] for step in told["way"]] == [EAST_AREA]
    assert [top["code"] for top in told["tops"]] == [EAST_AREA]
    part = next(one for one in wide["children"] if one["code"] == EAST_AREA)
    assert told["coverage"] == part["coverage"]
    assert told["coverage"]["area_m2"] < wide["coverage"]["area_m2"] / 1.5
    assert {one["name"] for one in told["campaigns"]} == {"春季-2026", "东镇行动"}
    assert {gap["properties"]["area"] for gap in told["gaps"]} <= {EAST_AREA}
    assert {one["code"] for one in told["sources"]["units"]} == {EAST_UNIT}
    assert wide["area"]["code"] == COUNTY_AREA


def test_gaps_one_by_one_are_of_ones_own_ground(place: Place) -> None:
    east, all_ = place.who("commander-east"), place.who("commander-county")
    wide = all_.json("gaps", limit=200)["features"]
    told = east.json("gaps", limit=200)
    mine = [gap for gap in wide if gap["properties"]["area"] == EAST_AREA]
    others = [gap for gap in wide if gap["properties"]["area"] != EAST_AREA]
    names = [gap["properties"]["id"] for gap in told["features"]]
    assert names == [gap["properties"]["id"] for gap in mine]
    assert told["total"] == len(mine) == east.json("overview")["gaps_total"] > 0
    assert others
    for gap in others:
        number = gap["properties"]["id"]
        assert all_.json(f"gaps/{number}")["properties"]["id"] == number
        answers = [
            east.client.get(f"/api/v1/gaps/{name}", query_string=query)
            for name, query in (
                (number, {}),
                (number, {"area": EAST_AREA}),
                (number, {"area": COUNTY_AREA}),
                ("000-1", {}),
            )
        ]
        assert {answer.status_code for answer in answers} == {404}
        told = [same_words(one, number) for one in answers[:3]]
        assert told[0] == told[1] == told[2] == same_words(answers[3], "000-1")
    for code in (WEST_AREA, COUNTY_AREA, "000"):
        answer = east.client.get("/api/v1/gaps", query_string={"area": code})
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_area")


@pytest.mark.parametrize("kind", ["patches", "tracks", "surveys", "cases", "sites", "photos"])
def test_rows_of_shapes_are_those_of_ones_own_tiles(place: Place, kind: str) -> None:
    counts = {}
    for name in ("analyst-east", "field-east", "analyst-west", "analyst-all"):
        who = place.who(name)
        told = who.json(f"shapes/{kind}", limit=500)
        counts[name] = told["total"]
        assert told["total"] == len(told["rows"]) == who.json("shapes")["kinds"][kind]["count"]
        if name in {"analyst-east", "field-east"}:
            assert CANARY not in str(told)
            everywhere = who.json(f"shapes/{kind}", limit=500, bbox="-180,-90,180,90")
            assert everywhere["rows"] == told["rows"]
    assert counts["analyst-east"] <= counts["analyst-all"]
    if kind in {"patches", "tracks", "surveys"}:
        assert 0 < counts["analyst-east"] < counts["analyst-all"]


def test_a_neighbours_campaign_is_no_campaign(place: Place) -> None:
    all_, east = place.who("analyst-all"), place.who("analyst-east")
    number = next(c["id"] for c in all_.json("overview")["campaigns"] if CANARY in c["name"])
    for path in ("overview", "claims", "plans", "checks", "gaps.gpx", "layers/pod", "growth"):
        answers = [
            east.client.get(f"/api/v1/{path}", query_string={"campaign": n})
            for n in (number, MISSING)
        ]
        assert [a.status_code for a in answers] == [404, 404], path
        assert same_words(answers[0], number) == same_words(answers[1], MISSING)
    for layer in ("/tiles/coverage/{}/v/14/1/1", "/tiles/cells/{}/pod/v/14/1/1"):
        assert status(east, layer.format(number)) == 404


def test_cells_answer_on_ones_own_ground_alone(place: Place) -> None:
    east = place.who("field-east")
    here = east.json("cells", lon=EAST_PLACE[0], lat=EAST_PLACE[1])["cell"]
    assert {area["code"] for area in here["areas"]} <= {EAST_AREA, "990100001001", "990100001002"}
    assert here["areas"]
    assert east.json("cells", lon=WEST_PLACE[0], lat=WEST_PLACE[1])["cell"] is None
    all_ = place.who("field-all")
    assert all_.json("cells", lon=WEST_PLACE[0], lat=WEST_PLACE[1])["cell"] is not None


def test_who_else_was_on_ones_ground_is_told_without_their_record(place: Place) -> None:
    """The cell over the border: the east's people learn of the west's look, not which it was."""
    east, all_ = place.who("field-east"), place.who("field-all")
    at = {"lon": BORDER + 0.00005, "lat": EAST_PLACE[1]}
    told, whole = (who.json("cells", **at)["cell"] for who in (east, all_))
    assert told is not None
    assert len(told["visits"]) == len(whole["visits"])
    assert CANARY not in str([v["name"] for v in told["visits"]])


def test_a_drawn_polygon_counts_on_ones_own_ground(place: Place) -> None:
    ring = county.box(county.WEST, county.SOUTH, BORDER + county.WIDTH, county.SOUTH + 0.02)
    body = {"polygon": {"type": "Polygon", "coordinates": ring}}
    east = send(place.who("field-east"), "coverage/inside", json=body).get_json()
    all_ = send(place.who("field-all"), "coverage/inside", json=body).get_json()
    own = place.who("field-east").json("overview")["coverage"]
    assert east["cut_to_ground"]
    assert not all_["cut_to_ground"]
    assert east["coverage"]["area_m2"] == pytest.approx(own["area_m2"], rel=1e-3)
    assert all_["coverage"]["area_m2"] > 1.9 * east["coverage"]["area_m2"]
    far = county.box(county.WEST, county.SOUTH, BORDER - 0.001, county.SOUTH + 0.02)
    body = {"polygon": {"type": "Polygon", "coordinates": far}}
    assert send(place.who("field-east"), "coverage/inside", json=body).get_json()["coverage"][
        "area_m2"
    ] == pytest.approx(0)


def test_legends_count_ones_own_ground(place: Place) -> None:
    for layer in ("state", "pod", "last_seen", "risk", "sensitivity", "remaining"):
        east, west, all_ = (
            place.who(f"commander-{side}").json(f"layers/{layer}")
            for side in ("east", "west", "all")
        )
        for told in (east, west, all_):
            in_legend = sum(s["ground_m2"] for s in told["legend"] if s["kind"] != "expired")
            assert in_legend == pytest.approx(told["ground_m2"], abs=10)
        assert east["ground_m2"] + west["ground_m2"] == pytest.approx(all_["ground_m2"], abs=10)


def test_patrols_and_months_count_ones_own_people(place: Place) -> None:
    east, all_ = place.who("commander-east"), place.who("commander-county")
    mine = east.json("patrols", **{"from": DAY, "to": DAY})["patrols"]
    assert [one["unit_code"] for one in mine] in ([EAST_UNIT, None], [None, EAST_UNIT])
    assert len(all_.json("patrols", **{"from": DAY, "to": DAY})["patrols"]) == 6
    month = east.json("patrol-months", month=DAY[:7])
    assert {one["code"] for one in month["people"]} == {"E001"}
    assert month["unknown_people"] == []
    assert (month["total"]["roster"], month["total"]["online"]) == (1, 1)
    wide = all_.json("patrol-months", month=DAY[:7])
    assert {one["code"] for one in wide["people"]} == {"E001", f"{CANARY}1"}


def test_the_review_queue_holds_the_patches_of_ones_ground(place: Place) -> None:
    east, all_ = place.who("analyst-east"), place.who("analyst-all")
    number, patches = place.number("border-survey.tif"), patches_of(place.folder, "border-survey.tif")  # fmt: skip
    told, whole = (who.json(f"review/{number}") for who in (east, all_))
    assert {one["patch"] for one in told["coming"]} <= set(patches[4:])
    assert (told["progress"]["candidates"], whole["progress"]["candidates"]) == (4, 8)
    listed = {s["id"]: s for s in east.json("review")["surveys"]}
    assert listed[number]["candidates"] == 4
    assert len(listed) == 2
    for patch, code in ((patches[0], 404), (MISSING, 404), (patches[5], 200)):
        body = {"patch": patch, "label": "other"}
        assert send(east, f"review/{number}/labels", json=body).status_code == code
    body = {"patch": patches[0], "label": "poppy"}
    assert send(all_, f"review/{number}/labels", json=body).status_code == 200
    assert {one["patch"] for one in east.json(f"review/{number}/labels")["labels"]} == {patches[5]}
    table = east.client.get(f"/api/v1/review/{number}/labels.csv").get_data(as_text=True)
    assert len(table.strip().splitlines()) == 2
    wide = all_.client.get(f"/api/v1/review/{number}/labels.csv").get_data(as_text=True)
    assert len(wide.strip().splitlines()) == 3
    assert send(east, f"review/{number}/models", json={"name": "m"}).status_code == 403
    assert send(east, f"review/{number}/undo", json={"patch": patches[0]}).status_code == 404


def test_zones_are_those_on_ones_ground(place: Place) -> None:
    names = {z["properties"]["name"] for z in place.who("field-east").json("zones")["features"]}
    assert names == {"东旧点"}
    assert len(place.who("field-county").json("zones")["features"]) == 2


def test_who_answers_for_no_area_sees_their_own_alone(place: Place) -> None:
    with place.app.extensions["geoinspect"].workspace.database.writing() as session:
        grounds.add_unit(session, code="U-NONE", name="林业站", parent_code=None)
        people.add_user(
            session, name="analyst-none", role="analyst", unit_code="U-NONE", password=PASSWORD
        )  # fmt: skip
    nobody = place.who("analyst-none")
    told = nobody.json("overview")
    assert (told["campaigns"], told["area"], told["campaign"]) == ([], None, None)
    assert told["counts"] == {"tracks": 0, "surveys": 0, "patches": 0}
    for path in ("tracks", "photos", "surveys", "patches", "zones", "areas"):
        assert nobody.json(path)["features"] == []
    assert nobody.json("track-list")["total"] == 0
    assert nobody.client.get("/api/v1/claims").status_code == 404
    for page in ("/map", "/tracks", "/patrols", "/confidence", "/plans", "/checks", "/review"):
        assert status(nobody, page) == 200, page
