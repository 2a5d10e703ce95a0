"""Tokens do what their scope says, end when they should, and are never written down."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from account_builders import (
    age_sessions,
    asking,
    change_user,
    database_of,
    people_workspace,
    signed_in,
)
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.store import people, tokens
from geoinspect.store.schema import AuditRow
from webmap import create_app
from webmap.gates import token_may

READS = ("GET", "HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = create_app(people_workspace(tmp_path_factory.mktemp("tokens") / "w"), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def token_for(app: Flask, name: str, scope: str = "all", days: int = 1) -> tuple[str, int]:
    with database_of(app).writing() as session:
        row = people.needed_user(session, name)
        secret, token = tokens.add_token(
            session, label="脚本", user_id=row.id, days=days, scope=scope
        )
    return secret, token.id


def asked(app: Flask, secret: str, method: str, path: str, **more: object):
    headers = {"Authorization": f"Bearer {secret}"}
    return app.test_client().open(path, method=method, headers=headers, **more)


@pytest.mark.parametrize(
    ("scope", "method", "path", "allowed"),
    [
        ("read", "GET", "/api/v1/overview", True),
        ("read", "HEAD", "/api/v1/account", True),
        ("read", "GET", "/map", True),
        ("read", "POST", "/api/v1/files?name=a.gpx", False),
        ("read", "POST", "/api/v1/people", False),
        ("read", "DELETE", "/api/v1/account/sessions", False),
        ("upload", "POST", "/api/v1/files?name=a.gpx", True),
        ("upload", "GET", "/api/v1/receipts", True),
        ("upload", "GET", "/api/v1/receipts/ABC", True),
        ("upload", "GET", "/api/v1/filesystem", False),
        ("upload", "GET", "/api/v1/overview", False),
        ("upload", "GET", "/map", False),
        ("upload", "DELETE", "/api/v1/account/sessions", False),
        ("all", "GET", "/api/v1/people", True),
        ("all", "POST", "/api/v1/people", True),
    ],
)
def test_a_token_does_what_its_scope_says(
    county: Flask, scope: str, method: str, path: str, allowed: bool
) -> None:
    secret, _id = token_for(county, "局长", scope)
    answer = asked(county, secret, method, path, data=b"", content_type="application/octet-stream")
    body = answer.get_json(silent=True) or {}
    refused = answer.status_code == 403 and body.get("code", "token_scope") == "token_scope"
    assert refused != allowed, (answer.status_code, body)


@given(
    method=st.sampled_from([*READS, "POST", "PUT", "PATCH", "DELETE"]),
    path=st.from_regex(r"/(api/v1/)?(uploads|files|receipts|people|x)?[/a-z]{0,9}", fullmatch=True),
)
def test_scopes_against_their_words(method: str, path: str) -> None:
    assert token_may("all", method, path)
    assert token_may("read", method, path) == (method in READS)
    parts = path.split("/")
    sends = parts[1:3] == ["api", "v1"] and parts[3:4] and parts[3] in ("uploads", "files", "receipts")  # fmt: skip
    assert token_may("upload", method, path) == bool(sends)
    assert not token_may("unheard of", "POST", path)


def test_no_token_makes_a_way_in_that_outlives_it(county: Flask) -> None:
    secret, _id = token_for(county, "局长")
    for path, body in (
        ("/api/v1/tokens", {"label": "x"}),
        ("/api/v1/account/password", {"present": "a", "new": "b"}),
        ("/api/v1/account/second-factor", {}),
        ("/api/v1/account/second-factor/on", {"code": "1"}),
        ("/api/v1/account/second-factor/off", {"password": "1"}),
    ):
        answer = asked(county, secret, "POST", path, json=body)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "needs_session"), path


def test_tokens_end_with_time_revocation_and_the_person(county: Flask) -> None:
    path = "/api/v1/account"
    over, over_id = token_for(county, "分析")
    revoked, revoked_id = token_for(county, "分析")
    held, _id = token_for(county, "分析")
    assert asked(county, over, "GET", path).status_code == 200
    with database_of(county).writing() as session:
        tokens.token(session, over_id).expires = datetime.now(UTC) - timedelta(seconds=1)
    ask = asking(signed_in(county, "分析"))
    assert ask("DELETE", f"tokens/{revoked_id}").status_code == 200
    assert [asked(county, one, "GET", path).status_code for one in (over, revoked, held)] == [401, 401, 200]  # fmt: skip
    states = {one["id"]: one["state"] for one in ask("GET", "tokens").get_json()["tokens"]}
    assert (states[over_id], states[revoked_id]) == ("over", "revoked")
    change_user(county, "分析", must_change=True)
    # The rule about passwords is for those who type them.
    assert asked(county, held, "GET", path).status_code == 200
    change_user(county, "分析", must_change=False, active=False)
    assert asked(county, held, "GET", path).status_code == 401
    change_user(county, "分析", active=True)


def test_others_tokens_are_not_there(county: Flask) -> None:
    _secret, number = token_for(county, "局长")
    field = asking(signed_in(county, "队员"))
    assert field("DELETE", f"tokens/{number}").status_code == 404
    assert field("GET", "tokens?everyone=1").status_code == 403
    assert field("GET", "tokens").get_json()["tokens"] == []
    mine, _ = token_for(county, "队员")
    # The administrator of the town sees its own people's and revokes them, not the county's.
    town = asking(signed_in(county, "镇管"))
    seen = {one["user"] for one in town("GET", "tokens?everyone=1").get_json()["tokens"]}
    assert seen == {"队员"}
    assert town("DELETE", f"tokens/{number}").status_code == 404
    auditor = asking(signed_in(county, "审计"))
    everyone = auditor("GET", "tokens?everyone=1").get_json()["tokens"]
    assert {"局长", "队员"} <= {one["user"] for one in everyone}
    assert auditor("DELETE", f"tokens/{number}").status_code == 404
    assert asking(signed_in(county, "局长"))("DELETE", f"tokens/{number}").status_code == 200
    assert asked(county, mine, "GET", "/api/v1/account").status_code == 200


def test_people_make_their_own_within_bounds(county: Flask) -> None:
    ask = asking(signed_in(county, "队员"))
    made = ask("POST", "tokens", {"label": "手机", "scope": "upload", "days": 30}).get_json()
    assert set(made) == {"token", "id", "label", "user", "scope", "expires"}
    assert asked(county, made["token"], "GET", "/api/v1/receipts").status_code == 200
    for body in (
        {"label": "x", "days": 366},
        {"label": "x", "days": 0},
        {"label": "x", "scope": "root"},
        {"label": "", "days": 1},
        {"label": "a\nb"},
        {"label": "x", "user": "局长"},
    ):
        assert ask("POST", "tokens", body).status_code == 400, body


def test_the_last_use_is_noted_at_most_once_an_hour(county: Flask) -> None:
    secret, number = token_for(county, "局长")
    age_sessions(county)

    def used() -> datetime | None:
        with database_of(county).reading() as session:
            return tokens.token(session, number).used_at

    assert used() is None
    asked(county, secret, "GET", "/api/v1/account")
    first = used()
    assert first is not None
    asked(county, secret, "GET", "/api/v1/account")
    assert used() == first


def test_a_token_is_in_no_log_no_table_and_no_answer(
    county: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask = asking(signed_in(county, "局长"))
    canary = ask("POST", "tokens", {"label": "canary", "scope": "all"}).get_json()["token"]
    shown = []
    for method, path in (
        ("GET", "/api/v1/account"),
        ("GET", "/api/v1/tokens?everyone=1"),
        ("GET", "/api/v1/people"),
        ("GET", "/api/v1/tracks/999999"),
        ("GET", "/no/such/page"),
        ("POST", "/api/v1/people"),
        ("DELETE", "/api/v1/tokens/999999"),
        ("GET", f"/api/v1/overview?token={canary[:10]}"),
    ):
        answer = asked(county, canary, method, path)
        shown.append(answer.get_data(as_text=True) + str(answer.headers))
    wrong = asked(county, canary + "x", "GET", "/api/v1/account")
    shown.append(wrong.get_data(as_text=True))
    assert not any(canary in text for text in shown)
    assert canary not in caplog.text
    with database_of(county).reading() as session:
        audited = [row.details + row.subject for row in session.query(AuditRow)]
    assert any("canary" in text for text in audited)
    assert not any(canary in text for text in audited)
    folder = Path(county.extensions["geoinspect"].workspace.folder)
    for path in folder.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path


def test_a_token_in_the_address_is_no_login(county: Flask) -> None:
    secret, _id = token_for(county, "局长")
    for query in (f"token={secret}", f"access_token={secret}", f"Authorization=Bearer {secret}"):
        assert county.test_client().get(f"/api/v1/account?{query}").status_code == 401
