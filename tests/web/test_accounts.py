"""Locks, first passwords and sessions hold over restarts, second processes and wrong clocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from account_builders import (
    actions,
    age_sessions,
    asking,
    change_user,
    database_of,
    people_workspace,
    signed_in,
    user_id,
)
from conftest import PASSWORD, Visitor
from flask import Flask
from sqlalchemy import select

from geoinspect.accounts import changes
from geoinspect.settings import Settings
from geoinspect.store.login_schema import LoginRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

NEW = "Quiet-meadow 7"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return people_workspace(tmp_path / "w")


@pytest.fixture
def county(folder: Path) -> Iterator[Flask]:
    made = create_app(folder, testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def tries(app: Flask, name: str, times: int, **environ: str) -> list[int]:
    visitor = Visitor(app.test_client())
    visitor.client.environ_base.update(environ)
    return [visitor.sign_in(name, "wrong password 1").status_code for _ in range(times)]


def overview(visitor: Visitor) -> int:
    return visitor.client.get("/api/v1/account").status_code


@pytest.mark.parametrize("name", ["队员", "没有这个人"])
def test_a_lock_outlives_the_process_and_is_shared(
    folder: Path, new_app: Callable[[Path], Flask], name: str
) -> None:
    one, other = new_app(folder), new_app(folder)
    assert tries(one, name, 3) + tries(other, name, 2) == [401] * 5
    for app in (one, other, new_app(folder)):
        assert tries(app, name, 1) == [429]
        assert Visitor(app.test_client()).sign_in(name).status_code == 429
    assert tries(one, "邻员", 1) == [401]
    # Another address has tries of its own.
    assert tries(one, name, 1, REMOTE_ADDR="10.0.0.9") == [401]


def test_many_addresses_share_the_slower_bound_of_a_name(county: Flask) -> None:
    for k in range(5):
        assert tries(county, "队员", 4, REMOTE_ADDR=f"10.0.0.{k}") == [401] * 4
    assert tries(county, "队员", 1, REMOTE_ADDR="10.0.0.99") == [429]
    assert tries(county, "邻员", 1, REMOTE_ADDR="10.0.0.99") == [401]


def test_a_right_password_clears_the_wrong_ones(county: Flask) -> None:
    for _ in range(3):
        assert tries(county, "队员", 4) == [401] * 4
        signed_in(county, "队员")
    assert tries(county, "队员", 6) == [401] * 5 + [429]


def test_a_new_password_from_the_administrator_opens_a_lock(county: Flask) -> None:
    tries(county, "队员", 6)
    ask = asking(signed_in(county, "局长"))
    made = ask("POST", f"people/{user_id(county, '队员')}/password").get_json()["password"]
    signed_in(county, "队员", made)


def test_a_lock_ends_by_itself(county: Flask) -> None:
    tries(county, "队员", 6)
    with database_of(county).writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE login_try SET locked_until = '2020-01-01T00:00:00.000Z'"
        )
    signed_in(county, "队员")


def test_wrong_tries_are_audited_without_what_was_typed(county: Flask) -> None:
    tries(county, "队员", 1)
    tries(county, "my-secret-typed-as-name 1", 1)
    found = [row for row in actions(county) if row[1] == "login.failed"]
    assert found == [("login", "login.failed", "队员"), ("login", "login.failed", "?")]
    stored = database_of(county).path.read_bytes()
    assert b"my-secret-typed-as-name" not in stored
    assert b"wrong password 1" not in stored


def make_person(app: Flask, name: str, *, must_change: bool = True) -> str:
    with database_of(app).writing() as session:
        _row, password = changes.add_person(
            session,
            Settings(),
            changes.COMMAND_LINE,
            name=name,
            role="analyst",
            unit_code=None,
            must_change=must_change,
        )
    return password


def test_whoever_got_a_password_chooses_their_own_first(county: Flask) -> None:
    given = make_person(county, "新人")
    person = signed_in(county, "新人", given)
    for page in ("/map", "/cases", "/account", "/upload?x=1"):
        answer = person.client.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password"), page
    for path in ("/api/v1/overview", "/api/v1/account", "/api/v1/tokens", "/tiles/base/1/0/0.png"):
        answer = person.client.get(path)
        assert answer.status_code == 403, path
        assert answer.get_json()["code"] == "password_must_change"
        assert answer.get_json()["message_zh"]
    page = person.client.get("/account/password").get_data(as_text=True)
    assert "他人设置" in page
    assert person.client.get("/healthz").status_code == 200
    assert change(person, given, NEW).headers["Location"] == "/review"
    assert overview(person) == 200
    assert Visitor(county.test_client()).sign_in("新人", given).status_code == 401
    assert overview(signed_in(county, "新人", NEW)) == 200
    assert person.client.post("/logout", data={"csrf_token": person.token("/account/password")}).status_code == 302  # fmt: skip


def test_a_password_that_may_stay_may_stay(county: Flask) -> None:
    assert (
        overview(signed_in(county, "旧人", make_person(county, "旧人", must_change=False))) == 200
    )


def change(visitor: Visitor, present: str, new: str, again: str | None = None):
    data = {
        "present_password": present,
        "new_password": new,
        "again": new if again is None else again,
    }
    data["csrf_token"] = visitor.token("/account/password")
    return visitor.client.post("/account/password", data=data)


def test_an_old_password_is_due(county: Flask) -> None:
    person = signed_in(county, "分析")
    change_user(county, "分析", password_set_at=datetime.now(UTC) - timedelta(days=91))
    assert overview(person) == 403
    assert change(person, PASSWORD, PASSWORD).status_code == 400
    assert change(person, PASSWORD, NEW).status_code == 302
    assert overview(person) == 200


def test_what_is_wrong_with_a_new_password_is_said(county: Flask) -> None:
    person = signed_in(county, "分析")
    for present, new, again, status, words in (
        (PASSWORD, "short1A", None, 400, "至少 8 位"),
        (PASSWORD, "onlysmallletters", None, 400, "3 类"),
        (PASSWORD, "Abc-123!" * 200, None, 400, "最多 1000 位"),
        (PASSWORD, NEW, "another 1A", 400, "不一致"),
        (PASSWORD, PASSWORD, None, 400, "用过"),
        ("wrong password 1", NEW, None, 403, "密码不对"),
    ):
        answer = change(person, present, new, again)
        assert answer.status_code == status, words
        assert words in answer.get_data(as_text=True)
    assert overview(person) == 200


def test_the_last_five_passwords_do_not_come_again(county: Flask) -> None:
    person = signed_in(county, "分析")
    used = [PASSWORD, *(f"Another one {k}" for k in range(5))]
    for before, after in pairwise(used):
        assert change(person, before, after).status_code == 302
    for old in (used[1], used[3], used[5]):
        assert change(person, used[-1], old).status_code == 400, old
    assert change(person, used[-1], used[0]).status_code == 302


def test_guessing_the_present_password_in_a_found_session_is_bounded(county: Flask) -> None:
    person = signed_in(county, "分析")
    found = [change(person, "wrong password 1", NEW).status_code for _ in range(6)]
    assert found == [403] * 5 + [429]
    assert change(person, PASSWORD, NEW).status_code == 429


def test_a_new_password_ends_all_other_sessions_and_goes_on_in_this_one(county: Flask) -> None:
    person, other = signed_in(county, "分析"), signed_in(county, "分析")
    old_cookie = person.client.get_cookie("geoinspect").value
    ask = asking(person)
    assert ask("POST", "account/password", {"present": PASSWORD, "new": NEW}).status_code == 200
    assert overview(person) == 200
    assert overview(other) == 401
    thief = county.test_client()
    thief.set_cookie("geoinspect", old_cookie)
    assert thief.get("/api/v1/account").status_code == 401


@pytest.mark.parametrize(
    ("name", "idle", "most"), [("分析", timedelta(minutes=30), timedelta(hours=12)), ("队员", timedelta(hours=12), timedelta(hours=168))]
)  # fmt: skip
def test_sessions_end_unused_and_at_their_longest(
    county: Flask, name: str, idle: timedelta, most: timedelta
) -> None:
    person = signed_in(county, name)
    age_sessions(county, created_at=idle, seen_at=idle - timedelta(minutes=2))
    assert overview(person) == 200
    age_sessions(county, created_at=idle, seen_at=idle + timedelta(minutes=2))
    assert overview(person) == 401
    person = signed_in(county, name)
    age_sessions(county, created_at=most - timedelta(minutes=2))
    assert overview(person) == 200
    age_sessions(county, created_at=timedelta(minutes=4))
    assert overview(person) == 401


def test_a_clock_that_goes_back_brings_no_session_back(county: Flask) -> None:
    idle, out, live = (signed_in(county, "分析") for _ in range(3))
    leave = {"csrf_token": out.token("/account/password")}
    assert out.client.post("/logout", data=leave).status_code == 302
    age_sessions(county, created_at=timedelta(hours=1), seen_at=timedelta(hours=1))
    assert overview(idle) == 401
    # As if the clock had been set back by two hours: everything was used in the future.
    age_sessions(county, created_at=timedelta(hours=-3), seen_at=timedelta(hours=-3))
    for person in (idle, out, live):
        assert overview(person) == 401
    age_sessions(county, created_at=timedelta(hours=2), seen_at=timedelta(hours=2))
    assert overview(idle) == 401
    with database_of(county).reading() as session:
        assert all(row.ended_at for row in session.scalars(select(LoginRow)))


def test_a_busy_or_failing_database_breaks_no_request(county: Flask) -> None:
    person = signed_in(county, "分析")
    age_sessions(county, created_at=timedelta(minutes=9), seen_at=timedelta(minutes=9))
    other = sqlite3.connect(database_of(county).path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert overview(person) == 200
    finally:
        other.execute("ROLLBACK")
        other.close()
    with database_of(county).reading() as session:
        seen = session.scalars(select(LoginRow.seen_at)).one()
    assert datetime.now(UTC) - seen > timedelta(minutes=8)
    # What the database could not take, the process knows: nobody is sent away for it.
    assert overview(person) == 200


def test_use_is_written_once_a_minute(county: Flask) -> None:
    person = signed_in(county, "分析")
    age_sessions(county, created_at=timedelta(minutes=5), seen_at=timedelta(minutes=5))

    def seen() -> datetime:
        with database_of(county).reading() as session:
            return session.scalars(select(LoginRow.seen_at)).one()

    before = seen()
    assert overview(person) == 200
    first = seen()
    assert first - before > timedelta(minutes=4)
    for _ in range(5):
        overview(person)
    assert seen() == first


def test_one_sees_and_ends_ones_sessions(folder: Path, new_app: Callable[[Path], Flask]) -> None:
    app = new_app(folder)
    here = signed_in(app, "分析", HTTP_USER_AGENT="Chrome <b>1</b>")
    there, third = (signed_in(app, "分析", REMOTE_ADDR="10.1.1.1") for _ in range(2))
    stranger = signed_in(app, "队员")
    ask = asking(here)
    listed = ask("GET", "account/sessions").get_json()["sessions"]
    assert [one["this"] for one in listed].count(True) == 1
    assert {one["address"] for one in listed} == {"127.0.0.1", "10.1.1.1"}
    assert len(listed) == 3
    assert "Chrome <b>1</b>" in {one["agent"] for one in listed}
    that = asking(there)("GET", "account/sessions").get_json()["sessions"]
    target = next(one["id"] for one in that if one["this"])
    assert asking(stranger)("DELETE", f"account/sessions/{target}").status_code == 404
    assert ask("DELETE", f"account/sessions/{target}").status_code == 200
    assert (overview(there), overview(third), overview(here)) == (401, 200, 200)
    assert ask("DELETE", "account/sessions").get_json() == {"ended": 1}
    assert (overview(third), overview(here), overview(stranger)) == (401, 200, 200)
    # In another process too.
    again = new_app(folder).test_client()
    again.set_cookie("geoinspect", third.client.get_cookie("geoinspect").value)
    assert again.get("/api/v1/account").status_code == 401


def test_the_cookie_holds_a_secret_that_the_database_does_not(county: Flask) -> None:
    person = signed_in(county, "分析")
    with person.client.session_transaction() as session:
        secret = session["login"]
    assert len(secret) >= 43  # 256 bits in base64
    stored = database_of(county).path.read_bytes()
    assert secret.encode() not in stored
    with person.client.session_transaction() as session:
        session["login"] = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert overview(person) == 401


@pytest.mark.parametrize("lost", [{"active": False}, {"role": "field"}, {"unit": "U2"}])
def test_disabling_or_moving_a_person_ends_their_sessions(
    county: Flask, lost: dict[str, object]
) -> None:
    person = signed_in(county, "分析")
    ask = asking(signed_in(county, "局长"))
    assert ask("POST", f"people/{user_id(county, '分析')}", lost).status_code == 200
    assert overview(person) == 401


def test_logins_are_in_the_chain(folder: Path, new_app: Callable[[Path], Flask]) -> None:
    from geoinspect.store import audit

    app = new_app(folder)
    person = signed_in(app, "分析")
    person.client.post("/logout", data={"csrf_token": person.token("/map")})
    assert [row[1] for row in actions(app)] == ["login", "logout"]
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        assert audit.verify(session)[0] == 2
