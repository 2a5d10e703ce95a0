"""No other page writes in a person's name: every write, each way of forging, from the address map."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from conftest import Visitor
from flask import Flask
from test_access_matrix import World, missing_values
from test_tus import PIECE, b64

from geoinspect.store import people
from geoinspect.store.tokens import add_token
from webmap.access_rows import ROWS
from webmap.auth import PUBLIC_ENDPOINTS

READS = {"GET", "HEAD", "OPTIONS"}
# What a form of any page can send, and what a script of one can.
BODIES = (
    {"json": {}},
    {"data": {"a": "b"}},
    {"data": b"{}", "content_type": "text/plain"},
    {"data": b"x", "content_type": "application/octet-stream"},
    {"data": b"x", "content_type": PIECE},
    {},
)
ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "null"},
    {"Origin": "http://[no"},
)


@pytest.fixture
def county(app: Flask, visitor: Visitor) -> World:
    """The shared county as the administrator sees it."""
    return World(app, {}, {"测试员": (visitor, visitor.token("/map"))})


def writes(county: World) -> Iterator[tuple[str, str, str]]:
    """Every endpoint that takes a write: its name, the method, the address."""
    endpoints = {rule.endpoint for rule in county.app.url_map.iter_rules()} - {"static"}
    for endpoint in sorted(endpoints):
        for method, address in county.addresses(endpoint, missing_values()):
            if method not in READS:
                yield endpoint, method, address


def is_refused(endpoint: str, answer) -> bool:
    """Only who may use an address at all hears that the page is too old."""
    may = endpoint in PUBLIC_ENDPOINTS or "admin" in ROWS[endpoint].roles
    if endpoint.startswith("tip_pages.public"):
        # Closed until an office opens it.
        return answer.status_code in (400, 404)
    return answer.status_code == (400 if may else 403)


def forged(
    county: World, headers: dict[str, str], body: dict[str, object], *, turn: int = 0
) -> list[str]:
    """Which writes did anything else but refuse; of a later way only some are asked, in turn."""
    visitor = county.known["测试员"][0]
    found = []
    for endpoint, method, address in list(writes(county))[turn :: 8 if turn else 1]:
        answer = visitor.client.open(address, method=method, headers=headers, **body)
        if not is_refused(endpoint, answer):
            found.append(f"{method} {address}: {answer.status_code}")
    return found


def test_there_are_many_writes_and_none_by_reading(county: World) -> None:
    assert len(list(writes(county))) > 60
    before = county.state()
    visitor = county.known["测试员"][0]
    for endpoint in sorted(ROWS):
        for method, address in county.addresses(endpoint, missing_values()):
            if method == "GET":
                # No proxy's trick makes a write of it either.
                tricks = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "POST"}
                visitor.client.get(f"{address}?_method=DELETE", headers=tricks, buffered=True)
    assert county.state() == before


def test_no_write_without_the_token(county: World) -> None:
    before = county.state()
    for turn, body in enumerate(BODIES):
        assert forged(county, {}, body, turn=turn) == [], body
    assert county.state() == before


def test_a_token_of_another_session_is_no_token(county: World, app: Flask) -> None:
    other = Visitor(app.test_client())
    assert other.sign_in("测试员").status_code == 302
    theirs, own = other.token("/map"), county.known["测试员"][1]
    before = county.state()
    for turn, secret in enumerate((theirs, "", "x", own[:-1], own + "x", own.swapcase(), "null")):
        assert forged(county, {"X-CSRFToken": secret}, {"json": {}}, turn=turn) == [], secret
    assert county.state() == before


def test_the_api_takes_the_token_in_its_header_only(county: World) -> None:
    visitor, own = county.known["测试员"]
    before = county.state()
    visitor.client.set_cookie("csrf_token", own)
    for endpoint, method, address in writes(county):
        if address.startswith("/api/"):
            asked = {"query_string": {"csrf_token": own}, "data": {"csrf_token": own}}
            answer = visitor.client.open(address, method=method, **asked)
            assert is_refused(endpoint, answer), (method, address)
    assert county.state() == before


def test_another_page_is_refused_though_it_has_the_token(county: World) -> None:
    own = county.known["测试员"][1]
    before = county.state()
    for turn, said in enumerate(ELSEWHERE):
        headers = {"X-CSRFToken": own, **said}
        assert forged(county, headers, {"json": {}}, turn=turn) == [], said
    assert county.state() == before


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        # A proxy that hides the name: the browser itself says that it is the same page's.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://county.example"},
    ],
    ids=str,
)
def test_own_pages_are_heard(visitor: Visitor, said: dict[str, str]) -> None:
    headers = {"X-CSRFToken": visitor.token("/map"), **said}
    answer = visitor.client.delete("/api/v1/plans/987654321", headers=headers)
    assert answer.status_code == 404


def test_uploads_begin_and_go_on_with_the_token_only(visitor: Visitor) -> None:
    good = {"X-CSRFToken": visitor.token("/upload"), "Tus-Resumable": "1.0.0"}
    begin = {"Upload-Length": "10", "Upload-Metadata": f"filename {b64('a.gpx')}"}
    bad = {"Tus-Resumable": "1.0.0"}
    assert visitor.client.post("/api/v1/uploads", headers=bad | begin).status_code == 400
    place = visitor.client.post("/api/v1/uploads", headers=good | begin).headers["Location"]
    piece = {"data": b"<gpx>", "content_type": PIECE}
    for headers in (bad, *({**good, **said} for said in ELSEWHERE)):
        at = {**headers, "Upload-Offset": "0"}
        assert visitor.client.patch(place, headers=at, **piece).status_code == 400
        assert visitor.client.delete(place, headers=headers).status_code == 400
    assert visitor.client.head(place, headers=good).headers["Upload-Offset"] == "0"
    done = visitor.client.patch(place, headers={**good, "Upload-Offset": "0"}, **piece)
    assert done.status_code == 204
    assert visitor.client.delete(place, headers=good).status_code == 204


def test_who_brings_a_bearer_token_needs_no_other(app: Flask) -> None:
    database = app.extensions["geoinspect"].workspace.database
    with database.writing() as session:
        admin = people.first_admin(session)
        secret, _row = add_token(session, label="脚本", user_id=admin.id, days=1)
    client = app.test_client()
    for said, right in product(({}, {"Sec-Fetch-Site": "cross-site"}), (True, False)):
        bearer = {"Authorization": f"Bearer {secret if right else secret[:-1]}", **said}
        answer = client.delete("/api/v1/plans/987654321", headers=bearer)
        assert answer.status_code == (404 if right else 401)


def test_a_wrong_bearer_does_not_lend_the_cookie(visitor: Visitor) -> None:
    """A header that skips the forgery check must not leave the session in charge."""
    for given in ("Bearer x", "Bearer ", "Bearer  gi_x"):
        answer = visitor.client.post("/logout", headers={"Authorization": given})
        assert answer.status_code in (302, 401)
        assert visitor.client.get("/api/v1/overview").status_code == 200
