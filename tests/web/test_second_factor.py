"""The second factor: codes count once, wrong ones lock, and a role may have to have one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from account_builders import (
    actions,
    asking,
    change_user,
    database_of,
    people_workspace,
    signed_in,
    user_id,
)
from conftest import PASSWORD, Visitor
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.accounts.second_factor import STEP_S, accepted_step, new_secret
from geoinspect.store import people
from webmap import create_app

CONFIG = 'totp_required_roles = "auditor"\n'


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(people_workspace(tmp_path / "w", CONFIG), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def code_of(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=STEP_S * steps))


def turn_on(app: Flask, name: str) -> str:
    """Set up the second factor as the page does; return its secret."""
    ask = asking(signed_in(app, name))
    made = ask("POST", "account/second-factor", {}).get_json()
    assert made["picture"].startswith("data:image/svg+xml")
    assert made["secret"] in made["address"]
    assert ask("POST", "account/second-factor/on", {"code": "000000"}).status_code == 400
    body = {"code": code_of(made["secret"], steps=-1)}
    assert ask("POST", "account/second-factor/on", body).status_code == 200
    return str(made["secret"])


def give(visitor: Visitor, code: str):
    data = {"code": code, "csrf_token": visitor.token("/login")}
    return visitor.client.post("/login", data=data)


def half_in(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app.test_client())
    answer = visitor.sign_in(name)
    assert answer.status_code == 200
    assert 'name="code"' in answer.get_data(as_text=True)
    return visitor


def test_the_password_alone_opens_nothing(county: Flask) -> None:
    secret = turn_on(county, "分析")
    person = half_in(county, "分析")
    assert person.client.get("/api/v1/account").status_code == 401
    assert give(person, code_of(secret)).headers["Location"] == "/review"
    assert person.client.get("/api/v1/account").get_json()["person"]["second_factor"] is True
    assert secret.encode() not in b"".join(repr(row).encode() for row in actions(county))


def test_a_code_counts_once_also_when_the_clock_goes_back(county: Flask) -> None:
    secret = turn_on(county, "分析")
    code = code_of(secret)
    assert give(half_in(county, "分析"), code).status_code == 302
    second = half_in(county, "分析")
    answer = give(second, code)
    assert answer.status_code == 401
    assert "已用过" in answer.get_data(as_text=True)
    # The next one, which a phone that is a little fast shows already.
    assert give(second, code_of(secret, steps=1)).status_code == 302
    assert give(half_in(county, "分析"), code_of(secret)).status_code == 401


@given(
    now=st.integers(10**9, 2 * 10**9), typed_at=st.integers(-5, 5), used=st.integers(-5, 5) | st.none()
)  # fmt: skip
def test_only_near_and_later_steps_are_taken(now: int, typed_at: int, used: int | None) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    here = now // STEP_S
    code = pyotp.TOTP(secret).at((here + typed_at) * STEP_S)
    after = None if used is None else here + used
    step = accepted_step(secret, code, datetime.fromtimestamp(now, UTC), after=after)
    if abs(typed_at) <= 1 and (used is None or typed_at > used):
        assert step == here + typed_at
    elif step is not None:
        # Two steps may share a code, one time in some hundred thousand.
        assert pyotp.TOTP(secret).at(step * STEP_S) == code
        assert abs(step - here) <= 1
        assert after is None or step > after


@pytest.mark.parametrize("typed", ["", "abcdef", "１２３４５６", "-12345", "1" * 20, "\x00"])
def test_what_is_no_code_is_refused(county: Flask, typed: str) -> None:
    turn_on(county, "分析")
    assert give(half_in(county, "分析"), typed).status_code == 401


def test_wrong_codes_lock_for_everybody_who_knows_the_password(county: Flask) -> None:
    secret = turn_on(county, "分析")
    person = half_in(county, "分析")
    assert [give(person, "123").status_code for _ in range(6)] == [401] * 5 + [429]
    again = half_in(county, "分析")
    assert give(again, code_of(secret)).status_code == 429
    assert ("login", "login.failed", "分析") in actions(county)


def test_the_half_way_ends_after_minutes_and_with_the_password(county: Flask) -> None:
    secret = turn_on(county, "分析")
    late, changed = half_in(county, "分析"), half_in(county, "分析")
    for ago in (301, -60):
        with late.client.session_transaction() as session:
            session["half"] = {**session["half"], "at": time.time() - ago}
        assert give(late, code_of(secret)).status_code == 401
    with database_of(county).writing() as session:
        people.set_password(session, "分析", "another password 1")
    assert give(changed, code_of(secret)).status_code == 401
    assert give(Visitor(county.test_client()), code_of(secret)).status_code == 401


def test_it_is_turned_off_with_the_password_or_by_the_administrator(county: Flask) -> None:
    secret = turn_on(county, "分析")
    person = half_in(county, "分析")
    give(person, code_of(secret))
    ask = asking(person)
    off = {"password": "wrong password 1"}
    assert ask("POST", "account/second-factor/off", off).status_code == 403
    assert ask("POST", "account/second-factor", {}).status_code == 409
    assert ask("POST", "account/second-factor/off", {"password": PASSWORD}).status_code == 200
    assert signed_in(county, "分析")
    change_user(county, "分析", totp_secret=new_secret())
    admin = asking(signed_in(county, "局长"))
    path = f"people/{user_id(county, '分析')}/second-factor"
    assert admin("DELETE", path).status_code == 200
    assert signed_in(county, "分析")
    done = [row for row in actions(county) if row[1] == "user.second_factor"]
    assert [row[0] for row in done] == ["分析", "分析", "局长"]


def test_a_role_that_must_have_one_sets_it_up_first(county: Flask) -> None:
    auditor = signed_in(county, "审计")
    assert auditor.client.get("/people").headers["Location"] == "/account"
    answer = auditor.client.get("/api/v1/people")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "second_factor_needed")
    assert auditor.client.get("/account").status_code == 200
    turn_on(county, "审计")
    assert auditor.client.get("/api/v1/people").status_code == 200
    assert signed_in(county, "分析").client.get("/map").status_code == 200
