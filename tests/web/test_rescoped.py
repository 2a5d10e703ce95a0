"""A change of ground, role, place or state holds from the next request on, in every open way in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from account_builders import user_id
from conftest import Visitor
from flask import Flask
from scoped_casework import Values, casework_workspace
from scoped_county import EAST_AREA, EAST_UNIT, WEST_UNIT, signed_in
from test_tus import PIECE, b64

from geoinspect.store.tokens import add_token
from webmap import create_app

NAME = "analyst-east"


@dataclass
class Ways:
    """The ways in that somebody has open, and an administrator."""

    app: Flask
    own: Values
    browser: Visitor
    token: str
    admin: Visitor

    def seen(self, path: str) -> tuple[int, int]:
        """What the open session and the token are answered."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        script = self.app.test_client()
        by_session = self.browser.client.get(f"/api/v1/{path}", buffered=True)
        by_token = script.get(f"/api/v1/{path}", headers=bearer, buffered=True)
        return by_session.status_code, by_token.status_code

    def change(self, path: str, **body: object) -> None:
        headers = {"X-CSRFToken": self.admin.token("/people")}
        answer = self.admin.client.post(f"/api/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.get_json()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Values]]:
    return casework_workspace(tmp_path_factory.mktemp("rescoped"))


@pytest.fixture
def ways(county: tuple[Path, dict[str, Values]]) -> Iterator[Ways]:
    folder, records = county
    app = create_app(folder, testing=True)
    app.config["INLINE_JOBS"] = False
    with app.extensions["geoinspect"].workspace.database.writing() as session:
        token, _row = add_token(session, label="t", user_id=user_id(app, NAME), days=1)
    own = {name: value for one in records.values() for name, value in one["own"].items()}
    yield Ways(app, own, signed_in(app, NAME), token, signed_in(app, "admin-all"))
    app.extensions["geoinspect"].workspace.close()


def codes(ways: Ways) -> set[str]:
    """The areas that the open session is shown."""
    return {one["properties"]["code"] for one in ways.browser.json("areas")["features"]}


def test_ground_that_goes_to_another_unit_is_gone_at_once(ways: Ways) -> None:
    picture = f"patches/{ways.own['patch_id']}/chip.png"
    # Asked for before, so that whatever keeps answers has them.
    assert ways.seen(picture) == (200, 200)
    before = ways.browser.json("overview")
    assert f"{EAST_AREA}002" in codes(ways)
    patches = {one["properties"]["id"] for one in ways.browser.json("patches")["features"]}
    ways.change(f"areas/{EAST_AREA}/unit", unit=WEST_UNIT)
    try:
        assert ways.seen(picture) == (404, 404)
        assert f"{EAST_AREA}002" not in codes(ways)
        left = {one["properties"]["id"] for one in ways.browser.json("patches")["features"]}
        assert ways.own["patch_id"] in patches - left
        assert ways.browser.json("overview") != before
    finally:
        ways.change(f"areas/{EAST_AREA}/unit", unit=EAST_UNIT)
    assert ways.seen(picture) == (200, 200)
    assert ways.browser.json("overview") == before


def test_another_role_ends_sessions_and_holds_tokens_to_it(ways: Ways) -> None:
    number = user_id(ways.app, NAME)
    assert ways.seen("review") == (200, 200)
    ways.change(f"people/{number}", role="field")
    try:
        assert ways.seen("review") == (401, 403)
        assert ways.seen("account")[1] == 200
    finally:
        ways.change(f"people/{number}", role="analyst")


def test_who_is_switched_off_sends_no_more_byte(ways: Ways) -> None:
    number = user_id(ways.app, NAME)
    bearer = {"Authorization": f"Bearer {ways.token}", "Tus-Resumable": "1.0.0"}
    script = ways.app.test_client()
    begin = {"Upload-Length": "10", "Upload-Metadata": f"filename {b64('a.gpx')}"}
    place = script.post("/api/v1/uploads", headers=bearer | begin).headers["Location"]
    piece = {"data": b"<gpx>", "content_type": PIECE}
    first = script.patch(place, headers={**bearer, "Upload-Offset": "0"}, **piece)
    assert first.status_code == 204
    half = Visitor(ways.app.test_client())
    form = half.token()
    ways.change(f"people/{number}", active=False)
    try:
        assert ways.seen("account") == (401, 401)
        more = script.patch(place, headers={**bearer, "Upload-Offset": "5"}, **piece)
        assert more.status_code == 401
        # A page that was open before lets them in no more than a new one.
        said = {"username": NAME, "password": "long enough 1", "csrf_token": form}
        assert half.client.post("/login", data=said).status_code == 401
    finally:
        ways.change(f"people/{number}", active=True)
    assert ways.seen("account") == (401, 200)


def test_an_older_cookie_is_worth_nothing_after_the_next_login(ways: Ways) -> None:
    before = ways.browser.client.get_cookie("geoinspect")
    assert before is not None
    again = signed_in(ways.app, NAME)
    after = again.client.get_cookie("geoinspect")
    assert after is not None
    assert before.value != after.value
    csrf = again.token("/account")
    # A forgery token of one session serves no other, and dies with its own.
    headers = {"X-CSRFToken": csrf}
    crossed = ways.browser.client.post(
        "/api/v1/tokens", json={"label": "x", "days": 1}, headers=headers
    )
    assert crossed.status_code == 400
    again.client.post("/logout", data={"csrf_token": csrf})
    thief = ways.app.test_client()
    thief.set_cookie("geoinspect", after.value)
    assert thief.get("/api/v1/account").status_code == 401
