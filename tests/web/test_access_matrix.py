"""Who may ask for what, and of whose ground: every address, made from the table of access.

A new address needs a row; a new kind of record needs a builder in scoped_casework. Nothing here
names an address but for what some need in their query, and for lists that surely hold something.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, Visitor
from flask import Flask
from scoped_casework import Values, casework_workspace
from scoped_county import CANARY, WEST_AREA
from sqlalchemy import func, select
from test_login import VALUES

from geoinspect.store.schema import AuditRow, Base
from webmap import access_rows, create_app
from webmap.access_rows import ALL, ROWS, Touches
from webmap.auth import PUBLIC_ENDPOINTS

ROLES = sorted(ALL)
MISSING = 987_654_321
RECORDS = frozenset(Touches) - {Touches.OFFICE, Touches.OWN, Touches.GROUND}
# Of what a path may say, what each of these takes.
PATHS: dict[str, dict[str, object]] = {"api.review_file": {"kind": "csv"}}
ENDS_SESSION = frozenset({"auth.logout"})
REFUSED = "您的角色不能使用"
# What some lists must be asked.
QUERIES: dict[str, dict[str, object]] = {
    "api.cell": {"lon": 107.91, "lat": 33.962},
    "api.standing": {"date": "2026-05-14"},
    "api.case_signs": {"ended": 1},
    "api.case_proposal": {"patches": "1,2,3"},
    "api.search_all": {"q": CANARY},
    "api.patrols": {"from": "2026-05-01", "to": "2026-05-31"},
    "api.patrol_months": {"month": "2026-05"},
    "api.today_list": {"lon": 107.91, "lat": 33.962, "stops": 30},
    "api.today_file": {"lon": 107.91, "lat": 33.962, "stops": 30},
}
# Lists that surely show something of the west to who may see it: so the search for it can fail.
SHOWN = frozenset(
    {
        *("api.cases_list", "api.sites_list", "api.sites_drawn", "api.tips_list", "api.work_lists"),
        *("api.work_file", "api.standing", "api.case_signs", "api.target_lists", "api.licences"),
        *("api.areas", "api.zones", "api.tracks", "api.track_list", "api.photos", "api.surveys"),
        *("api.patrols", "api.review_surveys", "work_pages.standing_page"),
    }
)


@dataclass
class World:
    """The county, its app, and a browser for each of its people."""

    app: Flask
    records: dict[str, Values]
    known: dict[str, tuple[Visitor, str]] = field(default_factory=dict)

    def sign_in(self, name: str) -> tuple[Visitor, str]:
        """Return somebody's browser and its forgery token."""
        if name not in self.known:
            visitor = Visitor(self.app.test_client())
            assert visitor.sign_in(name, PASSWORD).status_code == 302
            self.known[name] = visitor, visitor.token("/cases")
        return self.known[name]

    def ask(self, name: str, method: str, address: str, *, token: bool = True):
        """Send a request as somebody; writes with an empty body and their forgery token."""
        visitor, secret = self.sign_in(name)
        more: dict[str, Any] = {}
        if method not in ("GET", "HEAD", "OPTIONS"):
            more = {"json": {}, "headers": {"X-CSRFToken": secret} if token else {}}
        return visitor.client.open(address, method=method, buffered=True, **more)

    def addresses(self, endpoint: str, values: dict[str, Any]) -> list[tuple[str, str]]:
        """Every method and address of an endpoint, with values for what its path names."""
        found = []
        with self.app.test_request_context():
            for rule in self.app.url_map.iter_rules(endpoint):
                asked = values | PATHS.get(endpoint, {})
                known = {name: asked[name] for name in rule.arguments}
                address = self.app.url_for(endpoint, **known)
                methods = (rule.methods or set()) - {"HEAD", "OPTIONS"} or {"OPTIONS"}
                found += [(method, address) for method in sorted(methods)]
        assert found, endpoint
        return found

    def named(self, endpoint: str) -> dict[str, Values]:
        """What names records in an endpoint's path: its own kind's, and those of others."""
        kind = ROWS[endpoint].touches
        if kind in RECORDS:
            assert kind.value in self.records, f"no builder in scoped_casework for {kind!r}"
        (rule, *_more) = self.app.url_map.iter_rules(endpoint)
        numbers = {name for name in rule.arguments if name.endswith("_id")}
        return {
            name: records
            for records in self.records.values()
            for name in sorted(numbers & set(records["own"]))
        }

    @property
    def own(self) -> dict[str, Any]:
        """Values for every path, records' numbers those of east's own."""
        values = dict(VALUES)
        for records in self.records.values():
            values |= records["own"]
        return values

    def state(self) -> tuple[object, ...]:
        """What any change would change: the audit chain's head, and how many rows there are."""
        with self.app.extensions["geoinspect"].workspace.database.reading() as session:
            head = session.execute(
                select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)
            ).one()
            counts = [
                session.scalar(select(func.count()).select_from(table))
                for table in Base.metadata.sorted_tables
            ]
        return (*head, *counts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, records = casework_workspace(tmp_path_factory.mktemp("matrix"))
    app = create_app(folder, testing=True)
    # The jobs that lie there as records would detect again, and so change the patches' numbers.
    app.config["INLINE_JOBS"] = False
    yield World(app, records)
    app.extensions["geoinspect"].workspace.close()


def missing_values() -> dict[str, Any]:
    """Values for every path, records' numbers those of none."""
    return VALUES | {
        name: MISSING for name, value in VALUES.items() if name.endswith("_id") and value == 1
    }


def text_of(answer) -> str:
    """What an answer says, also in the parts of a packed one."""
    data = answer.get_data()
    if answer.is_json:
        return json.dumps(json.loads(data or "null"), ensure_ascii=False)
    if not data.startswith(b"PK"):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def without(answer, *numbers: object) -> str:
    """An answer's words without the number that was asked for and without the page's own token."""
    # A problem repeats the address that was asked for, which its asker knows.
    secret = r'nonce="[^"]*"|"[\w-]{20,}\.[\w-]{6}\.[\w-]{20,}"|"instance": *"[^"]*"'
    text = re.sub(secret, "", text_of(answer))
    return re.sub(rf"(?<![\w.])({'|'.join(map(str, numbers))})(?![\w.])", "N", text)


def is_refused(answer) -> bool:
    return answer.status_code == 403 and (
        REFUSED in text_of(answer) or '"not_your_role"' in text_of(answer)
    )


def touching() -> list[str]:
    """The addresses of records."""
    return [endpoint for endpoint, row in sorted(ROWS.items()) if row.touches in RECORDS]


def test_every_address_has_one_row(world: World) -> None:
    there = {rule.endpoint for rule in world.app.url_map.iter_rules()} - PUBLIC_ENDPOINTS
    assert sorted(there - set(ROWS)) == [], "no row in webmap/access_rows.py"
    assert sorted(set(ROWS) - there) == [], "rows of no address"
    tree = ast.parse(Path(access_rows.__file__).read_text("utf-8"))
    (table,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    keys = [key.value for key in table.keys if isinstance(key, ast.Constant)]
    assert len(keys) == len(set(keys)) == len(ROWS)


@pytest.mark.parametrize("endpoint", sorted(ROWS))
def test_roles(world: World, endpoint: str) -> None:
    row = ROWS[endpoint]
    stranger = world.app.test_client()
    for method, address in world.addresses(endpoint, missing_values()):
        for asked in (method, "OPTIONS"):
            answer = stranger.open(address, method=asked)
            assert answer.status_code in (401, 302), (asked, address)
            assert "Allow" not in answer.headers
        for role in ROLES:
            name = f"{role}-all"
            if role in row.roles and method not in ("GET", "OPTIONS"):
                assert world.ask(name, method, address, token=False).status_code == 400
            answer = world.ask(name, method, address)
            told = (role, method, address, answer.status_code, text_of(answer)[:200])
            if role not in row.roles:
                assert is_refused(answer), told
            else:
                assert answer.status_code != 401, told
                assert answer.status_code < 500, told
                assert not is_refused(answer), told
            if endpoint in ENDS_SESSION:
                world.known.pop(name)


@pytest.mark.parametrize("endpoint", touching())
def test_records_of_others_look_missing(world: World, endpoint: str) -> None:
    people = [f"{role}-east" for role in sorted(ROWS[endpoint].roles)]
    for person in people:
        world.sign_in(person)
    before = world.state()
    for name, records in world.named(endpoint).items():
        nothing = world.addresses(endpoint, world.own | {name: MISSING})
        for place in {"other", "parent"} & set(records):
            values = world.own | records[place]
            asked = zip(world.addresses(endpoint, values), nothing, strict=True)
            for ((method, address), (_, none)), person in product(asked, people):
                answer, absent = world.ask(person, method, address), world.ask(person, method, none)
                told = (person, place, method, address, text_of(answer)[:300])
                assert absent.status_code == 404, (person, method, none, text_of(absent)[:300])
                assert answer.status_code == 404, told
                numbers = values[name], MISSING
                assert without(answer, *numbers) == without(absent, *numbers), told
                assert CANARY not in text_of(answer)
    assert world.state() == before


@pytest.mark.parametrize("endpoint", touching())
def test_own_records_and_those_below_are_there(world: World, endpoint: str) -> None:
    people = [f"{role}-east" for role in sorted(ROWS[endpoint].roles)]
    for name, records in world.named(endpoint).items():
        nothing = world.addresses(endpoint, world.own | {name: MISSING})
        for place in {"own", "child"} & set(records):
            values = world.own | records[place]
            asked = zip(world.addresses(endpoint, values), nothing, strict=True)
            for ((method, address), (_, none)), person in product(asked, people):
                if method == "DELETE":
                    continue
                answer, absent = world.ask(person, method, address), world.ask(person, method, none)
                told = (person, place, method, address, answer.status_code, text_of(answer)[:300])
                assert answer.status_code < 500, told
                assert not is_refused(answer), told
                numbers = values[name], MISSING
                assert without(answer, *numbers) != without(absent, *numbers), told


def lists() -> list[str]:
    return [
        e for e, row in sorted(ROWS.items()) if row.touches not in (Touches.OFFICE, Touches.OWN)
    ]


@pytest.mark.parametrize("endpoint", lists())
def test_lists_hold_nothing_of_others(world: World, endpoint: str) -> None:
    row = ROWS[endpoint]
    if world.named(endpoint):
        return
    for method, address in world.addresses(endpoint, VALUES):
        if method != "GET":
            continue
        asked = "&".join(f"{name}={value}" for name, value in QUERIES.get(endpoint, {}).items())
        if endpoint in SHOWN:
            whole = f"{'admin' if 'admin' in row.roles else 'analyst'}-all"
            assert CANARY in text_of(world.ask(whole, "GET", f"{address}?{asked}"))
        for role in sorted(row.roles):
            answer = world.ask(f"{role}-east", "GET", f"{address}?{asked}")
            # What was asked for may be said again.
            told = re.sub(rf'"q": ?"{CANARY}"', "", text_of(answer))
            assert answer.status_code < 500, (role, address)
            for secret in (CANARY, WEST_AREA):
                at = told.find(secret)
                assert at < 0, (role, address, told[max(0, at - 200) : at + 100])


@pytest.mark.parametrize("endpoint", touching())
def test_odd_numbers_find_nothing(world: World, endpoint: str) -> None:
    person = f"{min(ROWS[endpoint].roles)}-east"
    for name, records in world.named(endpoint).items():
        other = records["other"][name]
        odds = ("0", f"000{other}", "9" * 18, 10**18, 10**30, "-1", f"{other}.0", "٣", "null")
        for method, address in world.addresses(endpoint, world.own | {name: MISSING}):
            asked = [address.replace(str(MISSING), str(odd)) for odd in odds]
            asked.append(address.replace(str(MISSING), str(other)).upper())
            for one in asked:
                answer = world.ask(person, method, one)
                assert answer.status_code in (404, 405), (method, one, answer.status_code)


@pytest.mark.parametrize("endpoint", sorted(ROWS))
def test_head_answers_as_get(world: World, endpoint: str) -> None:
    row = ROWS[endpoint]
    person = f"{'admin' if 'admin' in row.roles else min(row.roles)}-all"
    for method, address in world.addresses(endpoint, world.own):
        if method == "GET":
            got, head = (world.ask(person, m, address) for m in ("GET", "HEAD"))
            assert head.status_code == got.status_code, address
            assert head.get_data() == b""
