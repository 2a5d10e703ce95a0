"""What is written by naming records of others, in a body: they look as if there were none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import county_builder as county
import pytest
import shapely
from conftest import Visitor
from flask import Flask
from scoped_casework import BOSS, Values, casework_workspace
from scoped_county import BORDER, CANARY, EAST_UNIT, WEST_PLACE, WEST_UNIT, line, signed_in
from search_builders import send
from source_builders import target_table
from sqlalchemy import func, select
from test_access_matrix import MISSING, text_of, without

from geoinspect.cases.records import CaseAction, Origin
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.store.case_schema import CaseRow, TargetRow
from geoinspect.store.schema import AuditRow, SurveyRow, TrackRow, UploadRow
from webmap import create_app

NO_LINK = 10**9


class Place:
    """The county's app, its casework, and who is signed in."""

    def __init__(self, app: Flask, records: dict[str, Values]) -> None:
        self.app, self.records = app, records
        self.workspace = app.extensions["geoinspect"].workspace
        self._known: dict[str, Visitor] = {}

    def who(self, name: str) -> Visitor:
        """Return somebody's browser."""
        if name not in self._known:
            self._known[name] = signed_in(self.app, name)
        return self._known[name]

    def case(self, place: str) -> int:
        """Return the number of the case at a place."""
        return int(self.records["case"][place]["case_id"])

    def number_of(self, case_id: int) -> str:
        """Return what people call a case."""
        with self.workspace.database.reading() as session:
            return session.get_one(CaseRow, case_id).number

    def written(self) -> int:
        """Return how much was written: every change has an entry in the audit chain."""
        with self.workspace.database.reading() as session:
            return session.scalar(select(func.count(AuditRow.id))) or 0

    def same(self, name: str, path: str, other: dict, none: dict, *names: object) -> str:
        """Check that both requests are refused alike and write nothing; return the words."""
        visitor = self.who(name)
        before = self.written()
        foreign, missing = (send(visitor, path, json=body) for body in (other, none))
        assert foreign.status_code == missing.status_code >= 400, text_of(foreign)
        assert without(foreign, *names) == without(missing, *names)
        assert CANARY not in text_of(foreign)
        assert self.written() == before
        return text_of(foreign)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, records = casework_workspace(tmp_path_factory.mktemp("writes"))
    app = create_app(folder, testing=True)
    app.config["INLINE_JOBS"] = False
    yield Place(app, records)
    app.extensions["geoinspect"].workspace.close()


@pytest.mark.parametrize("hidden", ["other", "parent"])
def test_a_case_goes_into_no_case_of_others(place: Place, hidden: str) -> None:
    path, other = f"cases/{place.case('own')}/steps", place.case(hidden)
    names = (place.number_of(other), "2026-99999", other, MISSING)
    for name, none in ((names[0], names[1]), (other, MISSING), (str(other), str(MISSING))):
        body = {"action": "merge", "into": name}
        place.same("analyst-east", path, body, {"action": "merge", "into": none}, *names)


def test_nothing_of_another_case_is_split_off(place: Place) -> None:
    with place.workspace.database.reading() as session:
        wanted = select(TargetRow.id).where(TargetRow.list_id == _list(place, "other"))
        targets = list(session.scalars(wanted))
    path = f"target-lists/{_list(place, 'other')}/cases"
    opened = send(place.who("analyst-west"), path, json={"targets": targets})
    assert opened.status_code == 200
    case = send(place.who("analyst-west"), f"cases/{opened.get_json()['opened'][0]['id']}", "GET")
    (link,) = case.get_json()["links"]
    body = {"action": "split", "title": "一半", "links": [link["id"]]}
    told = place.same(
        "analyst-east", f"cases/{place.case('own')}/steps", body, {**body, "links": [NO_LINK]}
    )
    assert '"no_such_link"' in told


def _list(place: Place, name: str) -> int:
    return int(place.records["targets"][name]["list_id"])


def test_an_identifier_that_another_sent_says_nothing_of_what_it_was_for(place: Place) -> None:
    ground = {"lon": WEST_PLACE[0], "lat": WEST_PLACE[1] + 0.001}
    new = {"title": f"{CANARY}新", "client_id": "west-0001", **ground}
    assert send(place.who("analyst-west"), "cases", json=new).status_code == 200
    here = {"lon": BORDER + 0.012, "lat": county.SOUTH + 0.006}
    mine = {"title": "东新", "client_id": "east-0001", **here}
    assert send(place.who("analyst-east"), "cases", json=mine).status_code == 200
    # One's own, used for something else: refused in the same words.
    note = {"action": "note", "note": "x"}
    steps = f"cases/{place.case('own')}/steps"
    bodies = ({**note, "client_id": f"{one}-0001"} for one in ("west", "east"))
    assert '"client_id_used"' in place.same("analyst-east", steps, *bodies)
    answer = send(place.who("analyst-east"), "cases", json={**mine, "client_id": "west-0001"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "client_id_used")
    assert CANARY not in text_of(answer)


def test_a_merge_into_what_became_anothers_case_stands(place: Place) -> None:
    """It lay on the neighbour's ground for east's unit, and was then given to the neighbour."""
    lat = county.SOUTH + 0.010

    def opened(name: str, east: float) -> int:
        ground = shapely.Point(BORDER + east, lat)
        new = NewCase(name, Origin.SIGHTING, ground, unit_code=EAST_UNIT)
        return open_case(place.workspace, new, BOSS).case_id

    def step(name: str, **body: object):
        return send(place.who(name), f"cases/{mine}/steps", json=body)

    mine, other = opened("界东", 0.001), opened("界西", -0.006)
    assert step("analyst-east", action="merge", into=other).status_code == 200
    for action in ("triage", "assign"):
        unit = {"unit_code": WEST_UNIT} if action == "assign" else {}
        act(place.workspace, other, Step(CaseAction(action), **unit), BOSS)
    assert send(place.who("analyst-east"), f"cases/{other}", "GET").status_code == 404
    # The history of the one that is still theirs doesn't name it either.
    shown = {
        name: text_of(send(place.who(name), f"cases/{mine}", "GET"))
        for name in ("analyst-east", "analyst-county")
    }
    assert place.number_of(other) in shown["analyst-county"]
    assert place.number_of(other) not in shown["analyst-east"]
    before = place.written()
    for body in ({"action": "undo"}, {"action": "reopen", "note": "分出来"}):
        answer = step("analyst-east", **body)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "merged_elsewhere")
        assert place.number_of(other) not in text_of(answer)
    assert place.written() == before
    assert step("analyst-county", action="reopen", note="分出来").status_code == 200


def test_a_list_that_came_before_keeps_its_first_senders_name_to_itself(
    place: Place, tmp_path: Path
) -> None:
    table = target_table(tmp_path / "a.csv", [("T-W", shapely.Point(*WEST_PLACE))])

    def sent(who: str, name: str):
        path, kind = f"target-lists?name={name}", "application/octet-stream"
        return send(place.who(who), path, data=table.read_bytes(), content_type=kind)

    assert sent("analyst-west", f"{CANARY}.csv").status_code == 201
    told = sent("analyst-east", "mine.csv")
    assert (told.status_code, told.get_json()["name"]) == (200, "mine.csv")
    assert told.get_json()["targets"] == 0
    assert CANARY not in text_of(told)
    again = sent("analyst-west", "b.csv").get_json()
    assert (again["name"], again["targets"]) == (f"{CANARY}.csv", 1)


def test_what_a_file_repeats_of_others_is_told_without_saying_which(place: Place) -> None:
    with place.workspace.database.reading() as session:
        query = select(TrackRow).where(TrackRow.name == f"{CANARY}-track")
        theirs = session.scalars(query).one()
        start, number = theirs.first_time, theirs.id
    assert start is not None
    walk = county.gpx(line(*WEST_PLACE), name="same", start=start)
    east = place.who("field-east")
    place.app.config["INLINE_JOBS"] = True
    try:
        kind = "application/octet-stream"
        posted = send(east, "files?name=same.gpx&wait=20", data=walk.encode(), content_type=kind)
    finally:
        place.app.config["INLINE_JOBS"] = False
    receipt = posted.get_json()["receipt"]
    with place.workspace.database.reading() as session:
        kept = session.get_one(UploadRow, receipt).result["details"]["doubts"]
    # The store knows, so that whoever answers for both can compare them.
    assert number in {doubt["evidence"].get("track") for doubt in kept}
    answers = [posted, east.client.get("/api/v1/receipts")]
    answers.append(east.client.get(f"/api/v1/receipts/{receipt}"))
    job = answers[-1].get_json()["job"]["id"]
    answers.append(east.client.get(f"/api/v1/jobs/{job}"))
    for answer in answers:
        told = answer.get_json()
        result = (told["receipts"][0] if "receipts" in told else told)["result"]
        doubts = result["details"]["doubts"]
        assert len(doubts) == len(kept)
        assert all("track" not in doubt["evidence"] for doubt in doubts)
        assert "本辖区以外" in json.dumps(doubts, ensure_ascii=False)
        assert CANARY not in text_of(answer)


def test_the_day_of_a_survey_is_for_those_who_answer_for_all_its_ground(place: Place) -> None:
    with place.workspace.database.reading() as session:
        asked = select(SurveyRow).where(SurveyRow.name == "border-survey.tif")
        number = session.scalars(asked).one().id
    path, day = f"surveys/{number}/day", {"day": "2026-05-20"}
    assert place.who("analyst-east").client.get(f"/api/v1/surveys/{number}").status_code == 200
    before = place.written()
    refused = send(place.who("analyst-east"), path, json=day)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_your_survey")
    assert place.written() == before
    changed = send(place.who("analyst-county"), path, json=day)
    assert (changed.status_code, changed.get_json()["changed"]) == (200, True)
