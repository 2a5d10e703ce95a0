"""Who may look after whom; each change is in the audit chain, no password ever is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from account_builders import (
    PEOPLE,
    actions,
    asking,
    change_user,
    database_of,
    people_workspace,
    signed_in,
    user_id,
)
from county_builder import box
from flask import Flask
from shapely import Polygon

from geoinspect.records import Area, Level
from geoinspect.store import audit, grounds
from webmap import create_app

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(people_workspace(tmp_path / "w"), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def names(ask) -> set[str]:
    return {one["name"] for one in ask("GET", "people").get_json()["people"]}


def test_administrators_look_after_their_own_unit_and_below(county: Flask) -> None:
    assert names(asking(signed_in(county, "局长"))) == {name for name, _, _ in PEOPLE}
    assert names(asking(signed_in(county, "审计"))) == {name for name, _, _ in PEOPLE}
    town = asking(signed_in(county, "镇管"))
    assert names(town) == {"镇管", "队员"}
    for name in ("局长", "邻员"):
        number = user_id(county, name)
        for method, path, body in (
            ("POST", f"people/{number}", {"active": False}),
            ("POST", f"people/{number}/password", {}),
            ("DELETE", f"people/{number}/sessions", None),
            ("DELETE", f"people/{number}/second-factor", None),
        ):
            assert town(method, path, body).status_code == 404, path
    for place in ({"whole": True}, {"unit": "U2"}):
        new = {"name": "新", "role": "admin", **place}
        assert town("POST", "people", new).status_code == 403
        assert town("POST", f"people/{user_id(county, '队员')}", place).status_code == 403
    assert town("POST", "people", {"name": "新", "role": "field", "unit": "U11"}).status_code == 200
    assert names(town) == {"镇管", "队员", "新"}


@pytest.mark.parametrize("name", ["审计", "分析", "队员"])
def test_nobody_else_changes_people(county: Flask, name: str) -> None:
    ask = asking(signed_in(county, name))
    number = user_id(county, "邻员")
    before = len(actions(county))
    for method, path, body in (
        ("POST", "people", {"name": "x", "role": "admin", "whole": True}),
        ("POST", f"people/{number}", {"role": "admin"}),
        ("POST", f"people/{number}/password", {}),
        ("DELETE", f"people/{number}/sessions", None),
        ("DELETE", f"people/{number}/second-factor", None),
        ("POST", "units", {"code": "U9", "name": "x"}),
        ("POST", "areas/1/unit", {"unit": "U1"}),
    ):
        assert ask(method, path, body).status_code == 403, path
    assert len(actions(county)) == before
    assert ask("GET", "people").status_code == (200 if name == "审计" else 403)


def test_a_unit_or_the_whole_workspace_is_said_in_so_many_words(county: Flask) -> None:
    ask = asking(signed_in(county, "局长"))
    for wrong in ({}, {"unit": "U1", "whole": True}, {"whole": False}, {"unit": ""}):
        assert ask("POST", "people", {"name": "x", "role": "field", **wrong}).status_code == 400
    assert ask("POST", "people", {"name": "x", "role": "field", "unit": "U9"}).status_code == 404
    assert ask("POST", "people", {"name": "x", "role": "king", "whole": True}).status_code == 400
    assert ask("POST", "people", {"name": "队员", "role": "field", "whole": True}).status_code == 400  # fmt: skip


def test_a_made_password_is_shown_once_and_holds_for_one_login(county: Flask) -> None:
    ask = asking(signed_in(county, "局长"))
    made = ask("POST", "people", {"name": HOSTILE, "role": "analyst", "whole": True}).get_json()
    assert made["person"]["must_change"] is True
    person = signed_in(county, HOSTILE, made["password"])
    assert person.client.get("/api/v1/account").get_json()["code"] == "password_must_change"
    again = ask("POST", f"people/{made['person']['id']}/password", {}).get_json()["password"]
    assert again != made["password"]
    # The new one ends the session of the old one.
    assert person.client.get("/api/v1/account").status_code == 401
    everything = json.dumps(ask("GET", "people").get_json())
    with database_of(county).reading() as session:
        chain = " ".join(f"{row.subject} {row.details}" for row in session.query(audit.AuditRow))
    for secret in (made["password"], again):
        assert secret not in everything
        assert secret not in chain
        assert secret.encode() not in database_of(county).path.read_bytes()
    assert "hash" not in everything


def test_nobody_changes_themselves_and_the_last_administrator_stays(county: Flask) -> None:
    ask = asking(signed_in(county, "局长"))
    own = user_id(county, "局长")
    for body in ({"active": False}, {"role": "auditor"}, {"unit": "U1"}):
        assert ask("POST", f"people/{own}", body).get_json()["code"] == "own_account", body
    for name in ("副局", "镇管"):
        assert ask("POST", f"people/{user_id(county, name)}", {"active": False}).status_code == 200
    # On the server's command line nobody is oneself, but the last one stays.
    from geoinspect.accounts import changes
    from geoinspect.errors import ConflictError
    from geoinspect.store import people

    with database_of(county).writing() as session:
        row = people.needed_user(session, "局长")
        with pytest.raises(ConflictError, match="last"):
            changes.set_active(session, changes.COMMAND_LINE, row, active=False)
        with pytest.raises(ConflictError, match="last"):
            changes.set_place(session, changes.COMMAND_LINE, row, role="field", unit_code=None)


def test_every_change_is_in_the_chain_once(county: Flask) -> None:
    ask = asking(signed_in(county, "局长"))
    number = user_id(county, "分析")
    change_user(county, "分析", totp_secret="A" * 32)
    steps = (
        ("POST", "people", {"name": "新", "role": "field", "unit": "U1"}, "user.add"),
        ("POST", f"people/{number}", {"role": "commander"}, "user.role"),
        ("POST", f"people/{number}", {"active": False}, "user.disable"),
        ("POST", f"people/{number}", {"active": True}, "user.enable"),
        ("POST", f"people/{number}/password", {}, "user.password"),
        ("DELETE", f"people/{number}/sessions", None, "user.sessions"),
        ("DELETE", f"people/{number}/second-factor", None, "user.second_factor"),
        ("POST", "units", {"code": "U9", "name": "新单位", "parent": "U1"}, "unit.add"),
        ("POST", "tokens", {"label": "t"}, "token.add"),
    )
    for method, path, body, action in steps:
        before = len(actions(county))
        assert ask(method, path, body).status_code == 200, path
        new = actions(county)[before:]
        assert [(row[0], row[1]) for row in new] == [("局长", action)], path
    # What changes nothing is no row.
    before = len(actions(county))
    assert ask("POST", f"people/{number}", {"role": "commander", "active": True}).status_code == 200
    assert len(actions(county)) == before
    with database_of(county).reading() as session:
        audit.verify(session)


def test_units_and_areas_are_kept_by_those_they_belong_to(county: Flask) -> None:
    ring = Polygon(box(108.0, 33.0, 108.1, 33.1)[0])
    areas = [
        Area("1", "县", Level.COUNTY, None, None, ring),
        Area("11", "镇", Level.TOWNSHIP, "1", "U1", ring),
    ]
    with database_of(county).writing() as session:
        grounds.add_areas(session, areas)
    town = asking(signed_in(county, "镇管"))
    seen = town("GET", "units").get_json()
    assert [one["code"] for one in seen["units"]] == ["U1", "U11"]
    assert [one["code"] for one in seen["areas"]] == ["11"]
    assert seen["whole"] is False
    assert town("POST", "areas/1/unit", {"unit": "U1"}).status_code == 404
    assert town("POST", "areas/11/unit", {"unit": "U2"}).status_code == 403
    assert town("POST", "units", {"code": "U3", "name": "x"}).status_code == 403
    assert town("POST", "units", {"code": "U2", "name": "x", "parent": "U1"}).status_code == 403
    assert town("POST", "units", {"code": "U12", "name": "所", "parent": "U1"}).status_code == 200
    assert town("POST", "areas/11/unit", {"unit": "U12"}).get_json()["unit_code"] == "U12"
    ask = asking(signed_in(county, "局长"))
    assert ask("POST", "units", {"code": "U1", "name": "x", "parent": "U12"}).status_code == 400
    assert ask("POST", "areas/1/unit", {"unit": None}).status_code == 200
    assert {"unit.add", "area.unit"} <= {row[1] for row in actions(county)}
