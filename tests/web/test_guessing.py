"""Guessing passwords, codes and tokens, many at once too: it is bounded, and shuts nobody else out."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from account_builders import (
    actions,
    change_user,
    database_of,
    people_workspace,
    signed_in,
    user_id,
)
from conftest import PASSWORD, Visitor
from flask import Flask

from geoinspect.accounts.second_factor import new_secret
from geoinspect.store.tokens import add_token
from webmap import create_app

NAME = "局长"
TRIES = 5
# As many strangers as the server hears at once.
AT_ONCE = 8


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Flask]:
    made = create_app(people_workspace(tmp_path / "w"), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def browser_of(app: Flask, name: str = NAME) -> Visitor:
    """A browser in which somebody has signed in before, and is signed out."""
    visitor = signed_in(app, name)
    visitor.client.post("/logout", data={"csrf_token": visitor.token("/account")})
    return visitor


def guess(app: Flask, times: int, *, name: str = NAME, address: str = "127.0.0.1") -> list[int]:
    attacker = Visitor(app.test_client())
    attacker.client.environ_base["REMOTE_ADDR"] = address
    return [attacker.sign_in(name, f"wrong password {n}").status_code for n in range(times)]


def code_now(secret: str) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC))


def give(visitor: Visitor, code: str) -> int:
    data = {"code": code, "csrf_token": visitor.token("/login")}
    return visitor.client.post("/login", data=data).status_code


def test_guessing_a_name_shuts_its_person_out_of_no_browser_of_theirs(county: Flask) -> None:
    own, phone = browser_of(county), browser_of(county)
    phone.client.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    # From within the office, and from many places: the name is locked there and everywhere.
    assert guess(county, 6) == [401] * TRIES + [429]
    for n in range(1, 5):
        guess(county, TRIES, address=f"10.0.0.{n}")
    assert guess(county, 1, address="10.0.0.77") == [429]
    stranger = Visitor(county.test_client())
    assert stranger.sign_in(NAME).status_code == 429
    for browser in (own, phone, own):
        assert browser.sign_in(NAME).status_code == 302
        browser.client.post("/logout", data={"csrf_token": browser.token("/account")})
    # They have opened the lock for nobody else.
    assert stranger.sign_in(NAME).status_code == 429


def test_a_known_browser_gives_no_more_guesses_than_any_other(county: Flask) -> None:
    found, other = browser_of(county), browser_of(county)
    wrong = [found.sign_in(NAME, f"wrong password {n}").status_code for n in range(7)]
    assert wrong == [401] * TRIES + [429] * 2
    assert found.sign_in(NAME).status_code == 429
    # For other names it is as strange as any; a forged mark is none.
    assert [found.sign_in("副局", "wrong password").status_code for _ in range(6)][-1] == 429
    cookie = other.client.get_cookie("known", path="/login")
    assert cookie is not None
    thief = Visitor(county.test_client())
    guess(county, TRIES + 1)
    for value in (cookie.value[:-1], f"{cookie.value}x", cookie.value.swapcase(), "x.y.z", ""):
        thief.client.set_cookie("known", value, path="/login")
        assert thief.sign_in(NAME).status_code == 429
    assert other.sign_in(NAME).status_code == 302


def test_wrong_codes_shut_nobody_out_either(county: Flask) -> None:
    own = browser_of(county)
    secret = new_secret()
    change_user(county, NAME, totp_secret=secret)
    thief = Visitor(county.test_client())
    assert thief.sign_in(NAME).status_code == 200
    assert [give(thief, "000000") for _ in range(TRIES)] == [401] * TRIES
    assert give(thief, "000000") == 429
    assert own.sign_in(NAME).status_code == 200
    assert give(own, code_now(secret)) == 302
    # Who knows the password alone has become known by it in no browser.
    assert thief.client.get_cookie("known", path="/login") is None


def at_once(count: int, ask) -> Counter[int]:
    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(ask, range(count)))


def test_guesses_at_once_are_as_few_as_one_by_one(county: Flask) -> None:
    visitors = [Visitor(county.test_client()) for _ in range(AT_ONCE)]
    tokens = [visitor.token() for visitor in visitors]

    def ask(n: int) -> int:
        data = {"username": NAME, "password": f"wrong {n}", "csrf_token": tokens[n]}
        return visitors[n].client.post("/login", data=data).status_code

    assert at_once(AT_ONCE, ask) == {401: TRIES, 429: AT_ONCE - TRIES}
    failed = [row for row in actions(county) if row[1] == "login.failed"]
    assert failed == [("login", "login.failed", NAME)] * TRIES


def test_a_code_lets_one_in_however_many_bring_it_at_once(county: Flask) -> None:
    secret = new_secret()
    change_user(county, NAME, totp_secret=secret)
    visitors = [Visitor(county.test_client()) for _ in range(4)]
    tokens = []
    for visitor in visitors:
        assert visitor.sign_in(NAME).status_code == 200
        tokens.append(visitor.token())
    code = code_now(secret)

    def ask(n: int) -> int:
        data = {"code": code, "csrf_token": tokens[n]}
        return visitors[n].client.post("/login", data=data).status_code

    assert at_once(4, ask)[302] == 1
    inside = [visitor.client.get("/api/v1/account").status_code for visitor in visitors]
    assert sorted(inside) == [200, 401, 401, 401]


def test_guessed_tokens_open_nothing_and_fill_nothing(county: Flask) -> None:
    with database_of(county).writing() as session:
        secret, _row = add_token(session, label="x", user_id=user_id(county, NAME), days=1)
    # 256 bits: no bound on tries would make it safer, and one would shut scripts out.
    assert len(secret) >= 43
    client, before = county.test_client(), len(actions(county))
    near = [secret[:-1], f"{secret}x", secret.swapcase(), secret[::-1], secret.removeprefix("gi_")]
    near += [f"{secret[:n]}%{secret[n + 1 :]}" for n in range(0, len(secret), 6)]
    near += [f"gi_{secrets.token_urlsafe(32)}" for _ in range(100)]
    near += ["", " ", "null", "'", "*", "gi_", "\u00e9" * 43, "x" * 8000, f"{secret} {secret}"]
    for one in near:
        headers = {"Authorization": f"Bearer {one}"}
        assert client.get("/api/v1/account", headers=headers).status_code == 401, one
    for scheme in ("bearer", "Basic", "Token", "BEARER", "Bearer\t"):
        headers = {"Authorization": f"{scheme} {secret}"}
        assert client.get("/api/v1/account", headers=headers).status_code == 401, scheme
    assert len(actions(county)) == before
    right = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/account", headers=right).status_code == 200
    assert PASSWORD not in str(actions(county))
