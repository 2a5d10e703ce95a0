"""Campaigns on the web: looked at, made in the background, reckoned anew, closed; by whom it is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import county_builder as county
import pytest
from conftest import HOSTILE, PASSWORD, Visitor
from flask import Flask

from geoinspect import pipeline
from geoinspect.casework.told import today_of
from geoinspect.intake import TrackTags
from geoinspect.records import Mode
from geoinspect.store import audit_list, people
from geoinspect.store.audit_list import Wanted
from geoinspect.store.workspace import Workspace
from webmap import create_app

PEOPLE = {
    "指挥": ("commander", None),
    "外勤": ("field", None),
    "审计": ("auditor", None),
    "东镇": ("analyst", "U990100001"),
}
SPRING = {
    "name": "春季",
    "area": "990100",
    "start": "2026-04-01",
    "end": "2026-06-30",
    "cell_m": 100,
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("campaigns")
    walk = folder / "a.gpx"
    walk.write_text(county.gpx(county.walk()), "utf-8")
    units = [("U990100001", "东镇政府", None), ("U990100002", "西乡政府", None)]
    with Workspace.create(folder / "w") as workspace:
        inputs = pipeline.Inputs(
            units=units,
            zones=[],
            campaign=pipeline.CampaignPlan(
                "去年", "990100", date(2025, 4, 1), date(2025, 6, 30), 200.0
            ),
            areas=[county.write_county(folder)],
            tracks=[(walk, TrackTags("U990100001", "一组", Mode.FOOT))],
        )
        pipeline.run(workspace, inputs, actor="test", tell=lambda _text: None)
        with workspace.database.writing() as session:
            for name, (role, unit) in PEOPLE.items():
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
    app = create_app(folder / "w", testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def visitors(office: Flask) -> dict[str, Visitor]:
    made = {}
    for name in PEOPLE:
        made[name] = Visitor(office.test_client())
        assert made[name].sign_in(name).status_code == 302
    return made


def post(visitor: Visitor, path: str, **body: object):
    headers = {"X-CSRFToken": visitor.token("/account")}
    return visitor.client.post(f"/api/v1/{path}", json=body, headers=headers)


def campaign(visitor: Visitor, name: str) -> dict:
    return next(c for c in visitor.json("campaigns")["campaigns"] if c["name"] == name)


def actions(office: Flask, action: str) -> list[str]:
    with office.extensions["geoinspect"].workspace.database.reading() as session:
        rows = audit_list.listed(session, Wanted(action=action), limit=50)
        return [f"{row.actor} {row.subject}" for row in rows]


def test_a_campaign_is_estimated_made_and_counts_what_is_there(
    office: Flask, visitors: dict[str, Visitor]
) -> None:
    boss = visitors["指挥"]
    told = post(boss, "campaigns/estimate", **SPRING)
    assert told.status_code == 200, told.get_data(as_text=True)
    assert [one["name"] for one in boss.json("campaigns")["campaigns"]] == ["去年"]
    made = post(boss, "campaigns", **SPRING)
    assert made.status_code == 202
    assert boss.json(f"jobs/{made.get_json()['job']}")["state"] == "done"
    row = campaign(boss, "春季")
    assert (row["start"], row["cell_m"], row["own"]) == ("2026-04-01", 100.0, True)
    standing = boss.json(f"campaigns/{row['id']}")
    assert standing["coverage"]["seen_m2"] > 0
    # The estimate is of the area alone: cells on the edge are more, never far fewer.
    cells = standing["coverage"]["area_m2"] / 100**2
    assert told.get_json()["cells"] == pytest.approx(cells, rel=0.05)
    assert actions(office, "campaign.add") == ["指挥 春季", "test 去年"]
    again = post(boss, "campaigns", **SPRING)
    assert (again.status_code, again.get_json()["code"]) == (400, "name_taken")
    late = {**SPRING, "name": "晚春", "start": "2026-06-01"}
    told = post(boss, "campaigns/estimate", **late).get_json()
    assert [one["code"] for one in told["problems"]] == ["overlaps"]


def test_a_changed_sweep_width_counts_once_it_is_reckoned_anew(
    office: Flask, visitors: dict[str, Visitor]
) -> None:
    boss, workspace = visitors["指挥"], office.extensions["geoinspect"].workspace
    post(boss, "campaigns", **{**SPRING, "name": "重算"})
    number = campaign(boss, "重算")["id"]
    seen = boss.json(f"campaigns/{number}")["coverage"]["seen_m2"]
    kept = workspace.settings
    workspace.settings = kept.model_copy(update={"sweep_width_foot_m": 60.0})
    assert boss.json(f"campaigns/{number}")["coverage"]["seen_m2"] == seen
    assert post(boss, f"campaigns/{number}/sweep").status_code == 202
    assert boss.json(f"campaigns/{number}")["coverage"]["seen_m2"] > 1.5 * seen
    workspace.settings = kept


def test_a_running_campaign_is_closed_today_and_only_once(
    office: Flask, visitors: dict[str, Visitor]
) -> None:
    boss, today = visitors["指挥"], today_of()
    days = {"start": str(today - timedelta(days=9)), "end": str(today + timedelta(days=9))}
    post(boss, "campaigns", **{**SPRING, **days, "name": HOSTILE})
    row = campaign(boss, HOSTILE)
    assert row["state"] == "running"
    assert boss.json(f"campaigns/{row['id']}")["campaign"]["end"] == days["end"]
    closed = post(boss, f"campaigns/{row['id']}/close")
    assert closed.get_json()["campaign"]["end"] == str(today)
    again = post(boss, f"campaigns/{row['id']}/close")
    assert (again.status_code, again.get_json()["code"]) == (409, "not_running")
    assert actions(office, "campaign.close") == [f"指挥 {HOSTILE}"]
    page = boss.client.get("/campaigns").get_data(as_text=True)
    assert "<img src=x" not in page
    assert "&lt;img" in page


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"area": "没有"}, "no_such_area"),
        ({"end": "2026-03-01"}, "bad_window"),
        ({"cell_m": 0}, "bad_field"),
        ({"cell_m": 0.001}, "too_many_cells"),
        ({"cell_m": 1e-300}, "too_many_cells"),
        ({"name": " "}, "bad_field"),
        ({"start": None}, "bad_field"),
    ],
)
def test_what_can_be_no_campaign_is_refused_before_any_work(
    office: Flask, visitors: dict[str, Visitor], change: dict[str, object], code: str
) -> None:
    before = len(actions(office, "job.add"))
    wanted = {**SPRING, "name": "不成", **change}
    for path in ("campaigns", "campaigns/estimate"):
        answer = post(visitors["指挥"], path, **wanted)
        assert answer.get_json()["code"] == code
        assert answer.status_code in (400, 404)
    assert len(actions(office, "job.add")) == before


def test_a_name_that_waits_is_not_answered_with_the_other_campaign(
    visitors: dict[str, Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webmap.api.campaigns.do_waiting", lambda: None)
    wanted = {**SPRING, "name": "同名"}
    first = post(visitors["指挥"], "campaigns", **wanted)
    assert (
        post(visitors["指挥"], "campaigns", **wanted).get_json()["job"] == first.get_json()["job"]
    )
    other = post(visitors["指挥"], "campaigns", **{**wanted, "cell_m": 50})
    assert (other.status_code, other.get_json()["code"]) == (409, "name_taken")


def test_who_may_make_and_close(visitors: dict[str, Visitor]) -> None:
    post(visitors["指挥"], "campaigns", **{**SPRING, "name": "全县"})
    number = campaign(visitors["外勤"], "全县")["id"]
    for name in ("外勤", "审计"):
        assert post(visitors[name], "campaigns", **SPRING).status_code == 403
        assert post(visitors[name], f"campaigns/{number}/close").status_code == 403
        assert 'id="new"' not in visitors[name].client.get("/campaigns").get_data(as_text=True)
    east = visitors["东镇"]
    # The county's campaign is theirs to see, not to change; the other township's ground is neither.
    assert campaign(east, "全县")["own"] is False
    for deed in ("sweep", "close"):
        answer = post(east, f"campaigns/{number}/{deed}")
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_your_campaign")
    assert post(east, "campaigns", **SPRING).status_code == 404
    own = {**SPRING, "name": "东镇", "area": "990100001", "cell_m": 50}
    assert post(east, "campaigns", **own).status_code == 202
    assert campaign(east, "东镇")["own"] is True
