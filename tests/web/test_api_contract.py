"""The API keeps its word: answers as described, problems of one kind, lists whole in their pages."""

from __future__ import annotations

import itertools
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Visitor
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import api_fuzz

from geoinspect.casework.anchors import daily_anchor
from geoinspect.store import people, tokens
from geoinspect.store.schema import FileRow, TrackRow
from webmap.api.openapi_records import ANSWERS, DRAWN, LISTS, WALKS
from webmap.api.openapi_whole import address_of

PROBLEM_KEYS = {
    *("type", "title", "status", "detail", "instance", "code", "message", "message_zh"),
}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api_fuzz.County]:
    made = api_fuzz.make_county(tmp_path_factory.mktemp("contract"))
    made.wake()
    made.tokens["east"] = add_token(made, "analyst-east")
    daily_anchor(made.workspace)
    yield made
    made.close()


@pytest.fixture
def unasked(tmp_path: Path) -> Iterator[api_fuzz.County]:
    """A county that nobody asked yet: asking everything uses one up."""
    made = api_fuzz.make_county(tmp_path)
    yield made
    made.close()


def add_token(county: api_fuzz.County, name: str) -> str:
    with county.database.writing() as session:
        user = people.user_named(session, name)
        assert user is not None
        return tokens.add_token(session, label="walk", user_id=user.id, days=1)[0]


def asked(county: api_fuzz.County, path: str, role: str = "admin", **query: object):
    headers = {"Authorization": f"Bearer {county.tokens[role]}"}
    return county.app.test_client().get(path, headers=headers, query_string=query or None)


def pages_of(county: api_fuzz.County, path: str, limit: int, role: str) -> Iterator[dict]:
    address = f"{path}?limit={limit}"
    while address:
        answer = asked(county, address, role)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        told = answer.get_json()
        yield told
        link = answer.headers.get("Link")
        assert (link is None) == (told["next"] is None)
        address = "" if link is None else re.fullmatch('<(.*)>; rel="next"', link)[1]
        if address:
            assert parse_qs(urlsplit(address).query)["cursor"] == [str(told["next"])]


@pytest.mark.parametrize("path", sorted({*LISTS, *DRAWN}))
def test_pages_joined_are_the_whole_list_and_nothing_twice(
    county: api_fuzz.County, path: str
) -> None:
    name, _record = LISTS.get(path, ("features", ""))
    role = role_of(path)
    (*_more, whole) = pages_of(county, path, 100_000, role)
    assert _more == []
    for size in (1, 2, 3):
        pages = list(pages_of(county, path, size, role))
        rows = list(itertools.chain.from_iterable(page[name] for page in pages))
        assert [_named(row) for row in rows] == [_named(row) for row in whole[name]]
        assert all(len(page[name]) <= size for page in pages)


def role_of(path: str) -> str:
    return "auditor" if path.startswith("/api/v1/audit") else "admin"


def _named(row: dict) -> object:
    row = row.get("properties", row)
    names = ("receipt", "upload", "id", "code", "zone", "day", "name")
    return next(row[key] for key in names if key in row)


@pytest.mark.parametrize("path", ["/api/v1/areas", "/api/v1/zones", "/api/v1/audit"])
def test_the_county_has_lists_of_more_than_a_page(county: api_fuzz.County, path: str) -> None:
    """What the test above joins is more than one page."""
    assert asked(county, path, role_of(path), limit=1).get_json()["next"] is not None


@pytest.mark.parametrize("path", sorted({*LISTS, *DRAWN, *WALKS}))
@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "nan", "9" * 400, ""])
def test_a_limit_that_is_none_is_refused_in_words(
    county: api_fuzz.County, path: str, limit: str
) -> None:
    answer = asked(county, path, role_of(path), limit=limit)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_number")
    assert "limit" in answer.get_json()["message_zh"]


@pytest.mark.parametrize("path", sorted({*LISTS, *DRAWN}))
def test_a_cursor_that_names_nothing_is_refused_in_words(
    county: api_fuzz.County, path: str
) -> None:
    for cursor in ("", "no such", "x" * 5000):
        answer = asked(county, path, role_of(path), cursor=cursor)
        assert answer.status_code in (400, 404, 409), cursor
        told = answer.get_json()
        assert re.search("[一-鿿]", told["message_zh"])
        assert len(told["message_zh"]) < 300


def test_anchors_are_listed_and_can_be_given_to_a_check(county: api_fuzz.County) -> None:
    daily_anchor(county.workspace)
    (anchor,) = asked(county, "/api/v1/audit/anchors", "auditor").get_json()["anchors"]
    kept = asked(county, f"/api/v1/audit/anchors/{anchor['day']}.txt", "auditor")
    assert anchor["last_hash"] in kept.get_data(as_text=True)
    good = f"{anchor['rows']}:{anchor['code']}"
    wrong = f"{anchor['rows']}:{'0' * 16}"
    for words, faults in (([good], 0), ([good, wrong], 1), ([], 0)):
        made = county.asked("auditor", "POST", "audit/verify", json={"anchors": words})
        assert made.status_code == 202
        county.do_jobs()
        found = asked(county, f"/api/v1/jobs/{made.get_json()['job']}", "auditor")
        result = found.get_json()["result"]
        assert [one["kind"] for one in result["faults"]] == ["anchor"] * faults
    for words in (["/etc/passwd"], ["1:zz"], "1:0", [1], [good] * 101):
        refused = county.asked("auditor", "POST", "audit/verify", json={"anchors": words})
        assert refused.status_code in (400, 422), words
        assert "锚点" in refused.get_json()["message_zh"]
    assert asked(county, "/api/v1/audit/anchors", "analyst").status_code == 403
    (county.workspace.folder / "anchors" / f"{anchor['day']}.txt").write_text("?", "utf-8")
    spoilt = asked(county, "/api/v1/audit/anchors", "auditor").get_json()["anchors"]
    assert spoilt == [{"day": anchor["day"], "rows": None, "last_hash": None, "code": None}]


def test_a_page_goes_on_where_it_ended_though_rows_come_in_before_it(
    county: api_fuzz.County,
) -> None:
    for _ in range(2):
        add_token(county, "admin-all")
    before = asked(county, "/api/v1/tokens").get_json()["tokens"]
    assert len(before) > 1
    first = asked(county, "/api/v1/tokens", limit=1).get_json()
    add_token(county, "admin-all")
    rest = asked(county, "/api/v1/tokens", cursor=first["next"]).get_json()["tokens"]
    assert [one["id"] for one in first["tokens"] + rest] == [one["id"] for one in before]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.integers(1, 4),
    added=st.lists(st.integers(0, 3), max_size=4),
    who=st.sampled_from(["all", "east"]),
)
def test_a_walk_meets_every_record_once_though_some_are_added(
    county: api_fuzz.County, size: int, added: list[int], who: str
) -> None:
    """What was there at its begin comes once, in the order of numbers, and nothing twice."""
    county.wake()
    role = "admin" if who == "all" else "east"
    before = [one["id"] for one in walk(county, role, 500)]
    met: list[int] = []
    for place, rows in enumerate(walk_pages(county, role, size)):
        met += [one["id"] for one in rows]
        for _ in range(added[place] if place < len(added) else 0):
            add_track(county)
    with county.database.writing() as session:
        session.execute(delete(TrackRow).where(TrackRow.id > max(before)))
    assert met == sorted(set(met))
    assert set(before) <= set(met)


def walk_pages(county: api_fuzz.County, role: str, size: int) -> Iterator[list[dict]]:
    cursor: int | None = 0
    while cursor is not None:
        told = asked(county, "/api/v1/tracks", role, cursor=cursor, limit=size).get_json()
        assert len(told["features"]) <= size
        cursor = told["next"]
        yield [one["properties"] for one in told["features"]]


def walk(county: api_fuzz.County, role: str, size: int) -> list[dict]:
    return list(itertools.chain.from_iterable(walk_pages(county, role, size)))


def add_track(county: api_fuzz.County) -> None:
    """Keep the first track once more under another number."""
    with county.database.writing() as session:
        first = session.get_one(TrackRow, 1)
        columns = {one.key: getattr(first, one.key) for one in TrackRow.__mapper__.column_attrs}
        file = session.get_one(FileRow, first.file_id)
        copy = FileRow(
            sha256=uuid.uuid4().hex * 2, name=file.name, bytes=1, received_at=file.received_at
        )
        session.add(copy)
        session.flush()
        session.add(TrackRow(**{**columns, "id": None, "file_id": copy.id}))


@pytest.mark.parametrize("path", sorted(WALKS))
def test_walks_go_over_the_same_as_the_first_by_rank(county: api_fuzz.County, path: str) -> None:
    first = asked(county, path).get_json()
    assert first["next"] is None
    pages, cursor = [], 0
    while cursor is not None:
        told = asked(county, path, cursor=cursor, limit=2).get_json()
        pages += [one["properties"]["id"] for one in told["features"]]
        cursor = told["next"]
    assert sorted(one["properties"]["id"] for one in first["features"]) == pages
    assert len(pages) > 2


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "9" * 30, "٣", ""])
def test_a_cursor_that_is_none_is_refused_in_words(county: api_fuzz.County, cursor: str) -> None:
    for path in sorted(WALKS):
        answer = asked(county, path, cursor=cursor)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_cursor")
        assert "cursor" in answer.get_json()["message_zh"]


def test_a_cursor_of_a_row_that_is_gone_is_a_conflict_in_words(county: api_fuzz.County) -> None:
    answer = asked(county, "/api/v1/people", cursor="999999")
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "cursor_gone"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing/at/all", 404),
        ("GET", "/api/v1/cases/999999", 404),
        ("PUT", "/api/v1/cases", 405),
        ("GET", "/api/v1/tracks?bbox=x", 400),
        ("POST", "/api/v1/files?name=a.gpx", 415),
        ("GET", "/tiles/nothing/0/0/0", 404),
        ("POST", "/api/v1/account/password", 403),
    ],
)
def test_every_problem_is_one_of_rfc_9457(
    county: api_fuzz.County, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {county.tokens['admin']}"}
    answer = county.app.test_client().open(path, method=method, headers=headers, data=b"x")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    told = answer.get_json()
    assert set(told) == PROBLEM_KEYS
    assert told["status"] == status
    assert told["instance"] == urlsplit(path).path
    assert told["detail"] in (told["message"], told["message_zh"])
    assert re.search("[一-鿿]", told["message_zh"])
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_strangers_and_forgeries_get_problems_too(app: Flask, visitor: Visitor) -> None:
    stranger = app.test_client().get("/api/v1/cases")
    assert stranger.status_code == 401
    assert stranger.mimetype == "application/problem+json"
    assert stranger.headers["WWW-Authenticate"].startswith("Bearer")
    forged = visitor.client.post("/api/v1/cases", json={})
    assert (forged.status_code, forged.mimetype) == (400, "application/problem+json")
    assert visitor.client.get("/no-such-page").mimetype == "text/html"


def test_the_description_knows_every_method_its_roles_and_a_name(app: Flask, visitor: Visitor):
    told = visitor.json("openapi.json")
    described = {
        (path, method) for path, operations in told["paths"].items() for method in operations
    }
    real = {
        (address_of(rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert real <= described
    operations = [one for path in told["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert all(one["x-roles"] and one["summary"] for one in operations)
    assert set(LISTS) | DRAWN | {label.split(" ")[1] for label in ANSWERS} <= set(told["paths"])


def test_as_good_as_every_operation_is_done_and_all_answer_as_described(
    unasked: api_fuzz.County,
) -> None:
    """Each operation once, told right: its answer has its schema and no key that this does not
    name. The long form is ``scripts/soak api-fuzz``.
    """
    found = api_fuzz.campaign(unasked, examples=1, seed=None)
    assert found.faults == {}, "\n".join(found.faults.values())
    assert len(found.operations) > 150
    assert found.never_done == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_right_bent_and_wrong_requests_break_nothing(unasked: api_fuzz.County) -> None:
    found = api_fuzz.campaign(unasked, examples=2, seed=None)
    assert found.faults == {}
    assert found.requests > 300
