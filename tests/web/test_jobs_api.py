"""Jobs over the API: who sees them, how far they are, stopped and tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PASSWORD, Visitor
from flask import Flask

from geoinspect.errors import Text
from geoinspect.store import grounds, jobs, people
from geoinspect.store.jobs import Claim, Failure
from geoinspect.store.workspace import Workspace

PEOPLE = {
    "首席": ("admin", None),
    "审计": ("auditor", None),
    "县里": ("analyst", "A"),
    "镇上": ("field", "A1"),
    "同事": ("field", "A1"),
    "外县": ("analyst", "B"),
}
NOW = datetime.now(UTC)


class Office:
    """An app whose jobs wait, with people of two counties."""

    def __init__(self, app: Flask, workspace: Workspace, ids: dict[str, int]) -> None:
        self.app, self.workspace, self.ids = app, workspace, ids

    def visit(self, name: str) -> Visitor:
        made = Visitor(self.app.test_client())
        assert made.sign_in(name, PASSWORD).status_code == 302
        return made

    def add(self, name: str | None, **kwargs: object) -> int:
        asked_by = None if name is None else self.ids[name]
        with self.workspace.database.writing() as session:
            row = jobs.enqueue(session, "understand", "X", {}, asked_by=asked_by, **kwargs)  # type: ignore[arg-type]
            return row.id

    def take(self) -> Claim:
        with self.workspace.database.writing() as session:
            held = jobs.claim(session, "w", datetime.now(UTC))
        assert held is not None
        return held

    def spoil(self, name: str) -> int:
        job_id = self.add(name, priority=1)
        held = self.take()
        assert held.id == job_id
        broken = Failure("crashed", Text("程序意外终止", "it ended unexpectedly"))
        with self.workspace.database.writing() as session:
            assert jobs.fail(session, held, datetime.now(UTC), broken)
        return job_id


@pytest.fixture
def office(tmp_path: Path, new_app: Callable[[Path], Flask]) -> Office:
    with Workspace.create(tmp_path / "w") as workspace, workspace.database.writing() as session:
        for code, parent in (("A", None), ("A1", "A"), ("B", None)):
            grounds.add_unit(session, code=code, name=code, parent_code=parent)
        ids = {
            name: people.add_user(
                session, name=name, role=role, unit_code=unit, password=PASSWORD
            ).id
            for name, (role, unit) in PEOPLE.items()
        }
    app = new_app(tmp_path / "w")
    app.config["INLINE_JOBS"] = False
    return Office(app, app.extensions["geoinspect"].workspace, ids)


def say(visitor: Visitor, path: str, **fields: object):
    return visitor.client.post(
        f"/api/v1/{path}", json=fields, headers={"X-CSRFToken": visitor.token("/upload")}
    )


def test_everybody_sees_what_is_theirs_and_below_and_nothing_else(office: Office) -> None:
    of_town, of_peer, of_county = (office.add(name) for name in ("镇上", "同事", "县里"))
    of_other, of_office = office.add("外县"), office.add(None)
    expected = {
        "镇上": {of_town},
        "同事": {of_peer},
        "县里": {of_town, of_peer, of_county},
        "外县": {of_other},
        "首席": {of_town, of_peer, of_county, of_other, of_office},
        "审计": {of_town, of_peer, of_county, of_other, of_office},
    }
    every = expected["首席"]
    for name, seen in expected.items():
        visitor = office.visit(name)
        told = visitor.json("jobs")
        assert {one["id"] for one in told["jobs"]} == seen, name
        assert told["counts"]["waiting"] == len(seen), name
        for job_id in every:
            status = visitor.client.get(f"/api/v1/jobs/{job_id}").status_code
            assert status == (200 if job_id in seen else 404), (name, job_id)
        mine = {one["id"] for one in visitor.json("jobs", mine=1)["jobs"]}
        assert mine <= seen
        assert len(mine) == (name not in {"首席", "审计"})


def test_only_ones_own_jobs_are_changed_except_by_an_administrator(office: Office) -> None:
    waiting = [office.add("镇上") for _ in range(3)]
    stranger, desk, auditor, admin, own = map(
        office.visit, ("同事", "县里", "审计", "首席", "镇上")
    )
    before = [
        say(visitor, f"jobs/{waiting[0]}/cancel").status_code
        for visitor in (stranger, desk, auditor)
    ]
    assert before == [404, 403, 403]
    assert own.json(f"jobs/{waiting[0]}")["state"] == "waiting"
    assert say(own, f"jobs/{waiting[0]}/cancel").get_json()["state"] == "cancelled"
    assert say(admin, f"jobs/{waiting[1]}/cancel").get_json()["state"] == "cancelled"
    assert say(own, f"jobs/{waiting[0]}/cancel").status_code == 409
    assert say(own, f"jobs/{waiting[2]}/retry").status_code == 409
    assert say(own, f"jobs/{waiting[0]}/retry").get_json()["state"] == "waiting"
    assert [one["may_change"] for one in desk.json("jobs")["jobs"]] == [False] * 3


def test_retrying_what_failed_touches_only_ones_own_failed_jobs(office: Office) -> None:
    spoilt = [office.spoil("镇上") for _ in range(2)]
    foreign, waiting = office.spoil("同事"), office.add("镇上")
    own = office.visit("镇上")
    told = own.json("jobs", state="failed")
    assert [one["id"] for one in told["jobs"]] == spoilt[::-1]
    assert told["jobs"][0]["error"]["message_zh"] == "程序意外终止"
    assert say(own, "jobs/retry-failed").get_json() == {"retried": spoilt}
    states = {one["id"]: one["state"] for one in own.json("jobs")["jobs"]}
    assert states == dict.fromkeys([*spoilt, waiting], "waiting")
    assert office.visit("同事").json(f"jobs/{foreign}")["state"] == "failed"
    assert say(own, "jobs/retry-failed").get_json() == {"retried": []}


def test_progress_place_and_time_left_are_told(office: Office) -> None:
    first, second = office.add("镇上"), office.add("镇上")
    urgent = office.add("同事", priority=1)
    own = office.visit("镇上")
    places = {one["id"]: one["place"] for one in own.json("jobs")["jobs"]}
    assert places == {first: 2, second: 3}
    assert office.take().id == urgent
    held = office.take()
    with office.workspace.database.writing() as session:
        jobs.job(session, held.id).started_at = datetime.now(UTC) - timedelta(seconds=100)
        session.flush()
        jobs.beat(session, held, datetime.now(UTC), done=1, total=4, phase=Text("读取", "reading"))
    told = own.json(f"jobs/{first}")
    assert (told["state"], told["share"], told["phase"]) == (
        "running",
        0.25,
        {"zh": "读取", "en": "reading"},
    )
    low, high = told["seconds_left"]
    # A quarter took 100 s, so about 300 s are left.
    assert 0 < low < 300 < high
    assert own.json(f"jobs/{second}")["seconds_left"] is None
    assert say(own, f"jobs/{first}/cancel").get_json()["cancel_asked"] is True
    assert own.json(f"jobs/{first}")["state"] == "running"


def test_pages_follow_each_other_without_gap_or_repeat(office: Office) -> None:
    made = [office.add("镇上") for _ in range(7)]
    own, seen, before = office.visit("镇上"), [], {}
    while True:
        told = own.json("jobs", limit=3, **before)
        seen += [one["id"] for one in told["jobs"]]
        if told["next"] is None:
            break
        before = {"before": told["next"]}
    assert seen == made[::-1]


@pytest.mark.parametrize("query", [{"state": "sleeping"}, {"kind": "'--"}, {"before": "x"}])
def test_a_filter_that_is_none_is_refused_in_words(office: Office, query: dict[str, str]) -> None:
    answer = office.visit("镇上").client.get("/api/v1/jobs", query_string=query)
    assert answer.status_code == 400
    assert answer.get_json()["message_zh"]


def test_a_survey_is_searched_anew_once(visitor: Visitor, app: Flask) -> None:
    survey = visitor.json("surveys")["features"][0]["properties"]["id"]
    app.config["INLINE_JOBS"] = False
    try:
        first = say(visitor, f"surveys/{survey}/detect", learn=False)
        again = say(visitor, f"surveys/{survey}/detect")
        wrong = say(visitor, f"surveys/{survey}/detect", learn="yes")
    finally:
        del app.config["INLINE_JOBS"]
    assert (first.status_code, wrong.status_code) == (202, 400)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert say(visitor, "surveys/999999/detect").status_code == 404
    say(visitor, "jobs/retry-failed")
    told = visitor.json(f"jobs/{first.get_json()['id']}")
    assert (told["state"], told["share"]) == ("done", 1.0)
    assert told["result"]["survey"] == survey
    assert told["result"]["patches"] >= 1


def test_the_page_stands_for_every_role(office: Office) -> None:
    for name in PEOPLE:
        text = office.visit(name).client.get("/jobs").get_data(as_text=True)
        assert ('id="retry-all"' in text) == (name != "审计")
