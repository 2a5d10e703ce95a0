"""Names that lead elsewhere, requests no browser makes, sessions from elsewhere: all find nothing."""

from __future__ import annotations

import io
import json
import logging
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import PASSWORD, USER, Visitor
from flask import Flask
from test_login import VALUES
from test_tus import b64

from geoinspect.store.workspace import Workspace
from webmap.access_rows import ROWS

# What stands in the workspace beside what is served, and in every computer.
OUTSIDE = (
    *("../geoinspect.toml", "../../w/secret.key", "..\\secret.key", "/etc/passwd", "....//x"),
    *("%2e%2e%2fsecret.key", "..%2fsecret.key", "..%5csecret.key", "..%252fsecret.key"),
    *("C:\\Windows\\win.ini", "CON", "NUL.txt", "a\0.png", "\u2025/x", "..;/secret.key", "."),
    *("file:///etc/passwd", "~root", "$(id)", "%", "%zz", "%c0%ae%c0%ae/secret.key", "长" * 3000),
)
NAMES = (
    *("../../escape.gpx", "..\\..\\escape.gpx", "/tmp/escape.gpx", "C:\\escape.gpx", "CON.gpx"),
    *("a\0b.gpx", "a\r\nX-Planted: 1.gpx", "\u202exgp.exe", "长" * 300 + ".gpx", "-rf.gpx", "."),
    *("..", "....gpx", "a/../../b.gpx", ".htaccess", "<img src=x>.gpx", "%2e%2e%2fx.gpx", "\u2028"),
)


def texts(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, rule and name of every part of an address that takes words."""
    return [
        (rule.endpoint, rule.rule, name)
        for rule in app.url_map.iter_rules()
        for name in sorted(rule.arguments)
        if not isinstance(VALUES[name], int)
    ]


def test_no_part_of_an_address_leads_out(app: Flask, visitor: Visitor) -> None:
    assert len(texts(app)) > 10
    folder = app.extensions["geoinspect"].workspace.folder
    secret = (folder / "secret.key").read_bytes()
    for (endpoint, rule, name), odd in product(texts(app), OUTSIDE):
        address = rule
        for part in app.url_map._rules_by_endpoint[endpoint][0].arguments:
            for kind in ("", "int:", "path:"):
                value = odd if part == name else str(VALUES[part])
                value = value if "%" in value else quote(value, safe="/;")
                address = address.replace(f"<{kind}{part}>", value)
        answer = visitor.client.get(address, buffered=True)
        told = (endpoint, name, odd[:40], answer.status_code)
        assert answer.status_code < 500, told
        assert answer.status_code != 200 or "/etc" not in odd, told
        assert secret not in answer.data, told
        assert b"root:x:" not in answer.data, told


def test_files_are_kept_under_no_name_of_the_sender(
    app: Flask, visitor: Visitor, tmp_path: Path
) -> None:
    folder = app.extensions["geoinspect"].workspace.folder
    before = {path for path in folder.parent.rglob("*") if folder not in path.parents}
    headers = {"X-CSRFToken": visitor.token("/upload")}
    for name in NAMES:
        answer = visitor.send(b"no track", name)
        assert answer.status_code in (201, 400), name
        tus = {**headers, "Tus-Resumable": "1.0.0", "Upload-Length": "3"}
        tus["Upload-Metadata"] = f"filename {b64(name)}"
        answer = visitor.client.post("/api/v1/uploads", headers=tus)
        assert answer.status_code in (201, 400), name
        assert "X-Planted" not in answer.headers
    assert {path for path in folder.parent.rglob("*") if folder not in path.parents} == before
    parts = ("escape", "htaccess", "CON", "-rf", "X-Planted", "img")
    inside = [path.name for path in folder.rglob("*")]
    assert [name for name in inside if any(part in name for part in parts)] == []


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example/", "///evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil"),
        *("https:evil.example", "javascript:alert(1)", "data:text/html,x", " //evil.example"),
        *("/\r\nSet-Cookie: a=b", "%2f%2fevil.example", "http:///evil.example", "/\u2028/evil"),
    ],
)
def test_no_way_after_the_login_leads_to_another_site(app: Flask, target: str) -> None:
    stranger = Visitor(app.test_client())
    asked = stranger.client.get("/login", query_string={"next": target})
    assert "evil" not in asked.get_data(as_text=True)
    place = stranger.sign_in(next=target)
    assert place.status_code == 302
    assert place.headers["Location"].startswith("/")
    assert "evil" not in place.headers["Location"]
    assert "a=b" not in str(place.headers)


def test_a_planted_or_forged_cookie_opens_nothing(app: Flask) -> None:
    owner = Visitor(app.test_client())
    anonymous = Visitor(app.test_client())
    anonymous.token()
    planted = anonymous.client.get_cookie("geoinspect")
    assert planted is not None
    victim = app.test_client()
    victim.set_cookie("geoinspect", planted.value)
    made = Visitor(victim)
    assert made.sign_in().status_code == 302
    # Who planted the cookie has nothing by the victim's login.
    assert anonymous.client.get("/api/v1/account").status_code == 401
    owner.sign_in()
    real = owner.client.get_cookie("geoinspect")
    assert real is not None
    head, _, rest = real.value.partition(".")
    for value in (f"{head}x.{rest}", head, rest, real.value[:-2], f"{real.value}x", "x" * 4000):
        thief = app.test_client()
        thief.set_cookie("geoinspect", value)
        assert thief.get("/api/v1/account").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"lon": 1e999, "lat": NaN}',
        b'{"title": "\\ud800"}',
        b'{"lon": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{",
        b'{"title":"a","title":{"x":1}}',
        b"null",
        b'"x"',
        json.dumps({f"k{n}": n for n in range(5000)}).encode(),
        json.dumps({"title": "长" * 20_000}).encode(),
    ],
    ids=range(11),
)
def test_odd_json_is_refused_by_every_write(app: Flask, body: bytes) -> None:
    visitor = Visitor(app.test_client())
    visitor.sign_in()
    headers = {"X-CSRFToken": visitor.token("/map")}
    asked = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    for rule in asked:
        if rule.endpoint not in ROWS or rule.endpoint == "auth.logout":
            continue
        known = {
            n: 987_654_321 if isinstance(VALUES[n], int) else VALUES[n] for n in rule.arguments
        }
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **known)
        kind = {"data": body, "content_type": "application/json"}
        answer = visitor.client.post(address, headers=headers, **kind)
        assert answer.status_code < 500, (rule.rule, body[:40])


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("GET", {"headers": {"X-Long": "a" * 60_000}}),
        ("GET", {"headers": {"Accept-Language": ",".join(["zh;q=0.1"] * 5000)}}),
        ("GET", {"headers": {"Range": "bytes=" + "0-1," * 5000}}),
        ("GET", {"headers": {"If-None-Match": '"a",' * 5000, "If-Modified-Since": "x"}}),
        ("GET", {"headers": {"Cookie": "geoinspect=" + "." * 9000 + "; language=../../etc; theme='\""}}),
        ("GET", {"query_string": "&".join(f"k{n}={n}" for n in range(20_000))}),
        ("GET", {"query_string": "campaign=" + "9" * 5000 + "&bbox=" + "1," * 5000}),
        ("GET", {"query_string": "q=%ff%fe%00&limit=-1&cursor=%00"}),
        ("POST", {"data": b"a=b&" * 100_000, "content_type": "application/x-www-form-urlencoded"}),
        ("POST", {"data": b"--x\r\n" * 9000, "content_type": "multipart/form-data; boundary=x"}),
        ("POST", {"data": b"", "headers": {"Content-Length": "abc"}}),
        ("\u00c9T\u00c9", {}),
    ],
    ids=range(12),
)  # fmt: skip
def test_odd_requests_get_an_answer(app: Flask, method: str, more: dict[str, object]) -> None:
    visitor = Visitor(app.test_client())
    visitor.sign_in()
    for address in ("/login", "/map", "/api/v1/cases", "/tiles/base/1/1/1", "/healthz", "/tip"):
        answer = visitor.client.open(address, method=method, buffered=True, **more)
        assert answer.status_code < 500, (address, answer.status_code)


def test_no_secret_is_in_a_log_an_answer_or_a_row(
    app: Flask, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor.token("/map")
    cookie = visitor.client.get_cookie("geoinspect")
    assert cookie is not None
    with visitor.client.session_transaction() as session:
        login = str(session["login"])
        csrf = str(session["csrf_token"])
    workspace: Workspace = app.extensions["geoinspect"].workspace
    key = workspace.secret_key()
    secrets = {PASSWORD, cookie.value, login, str(key)}
    shown = io.StringIO()
    with app.test_request_context():
        asked = [
            app.url_for(rule.endpoint, **{n: VALUES[n] for n in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or set()) and rule.endpoint != "static"
        ]
    for address in asked:
        answer = visitor.client.get(address, query_string={"password": PASSWORD}, buffered=True)
        headers = [f"{k}: {v}" for k, v in answer.headers if k != "Set-Cookie"]
        # A page may say again what its own address asks, as the login does with next.
        shown.write(answer.get_data().decode("utf-8", "replace") + "".join(headers))
    wrong = Visitor(app.test_client())
    shown.write(wrong.sign_in("没有的人", "Canary-Pass-77 x").get_data(as_text=True))
    for secret in secrets | {"Canary-Pass-77 x"}:
        assert secret not in shown.getvalue()
        assert secret not in caplog.text
    assert csrf not in caplog.text
    assert USER in shown.getvalue()
    stored = b"".join(
        path.read_bytes() for path in workspace.folder.glob("geoinspect.db*") if path.is_file()
    )
    for secret in (PASSWORD, cookie.value, login, csrf, "Canary-Pass-77 x"):
        assert secret.encode() not in stored


def test_wrong_tries_behind_one_router_lock_out_no_known_person(
    new_app, workspace_folder: Path
) -> None:
    app = new_app(workspace_folder)
    known = Visitor(app.test_client())
    assert known.sign_in().status_code == 302
    known.client.post("/logout", data={"csrf_token": known.token("/map")})
    attacker = Visitor(app.test_client())
    csrf = attacker.token()
    answers = [
        attacker.client.post(
            "/login",
            data={"username": f"没有{n}", "password": "wrong password 1", "csrf_token": csrf},
        ).status_code
        for n in range(62)
    ]
    # Guessing across names from one address ends; it does so for the right password too.
    assert answers == [401] * 60 + [429] * 2
    assert attacker.sign_in().status_code == 429
    assert attacker.client.get("/login").status_code == 200
    # Who has signed in here before gets in, as themselves only.
    assert known.sign_in("没有0").status_code == 429
    cookie = known.client.get_cookie("known", path="/login")
    assert cookie is not None
    assert known.sign_in().status_code == 302
    assert (cookie.http_only, cookie.same_site) == (True, "Strict")
    thief = Visitor(app.test_client())
    thief.client.set_cookie("known", cookie.value[:-1] + "!", path="/login")
    assert thief.sign_in().status_code == 429
