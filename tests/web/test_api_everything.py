"""Everything a page does is done by the API, and a token can do it; what is not is listed here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import schemathesis.specs.openapi.definitions as meta
from babel.messages.pofile import read_po
from conftest import PASSWORD, Visitor
from flask import Flask
from test_login import VALUES

from geoinspect.store import people, tokens
from geoinspect.store.workspace import Workspace
from webmap import create_app
from webmap.access_rows import ROWS
from webmap.api.openapi_examples import EXAMPLES
from webmap.gates import SESSION_ONLY
from webmap.language import Described

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from api_answers import Strict

WEB = Path(__file__).resolve().parents[2] / "webmap"
# Forms that a browser sends to a page, and why the API has no such operation.
FORMS = {
    "auth.login": "a session begins by it; programs have tokens",
    "auth.logout": "a session ends by it; the API ends sessions by DELETE account/sessions",
    "account_pages.password_page": "the same as POST account/password, also before all else is allowed",
    "tip_pages.public_tip": "for people without an account, whom the API does not know",
    "tip_pages.public_status": "likewise",
}
# Variables of scripts that hold an address, and where it comes from.
ADDRESSES = {
    "address": "a tile's, from the API's own answer",
    "asked": "what the service worker passes on",
    "event.request": "what the service worker passes on",
    "form.action": "the public page's form",
    "path": "of api() and the queue: /api/v1/ and a path, or a page to keep",
    "request": "what the service worker passes on",
    "this.#url": "an upload's, as the API answered it",
    "url.href": "a page or tile to keep for a day without a network",
}
WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Addresses that need no JSON body to be refused for what they lack.
_NO_SCOPE = {"api.delete_token", "api.delete_other_sessions", "api.delete_session"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, dict[str, str]]]:
    """An office with one person of every role, and a token of each for everything and for reading."""
    folder = tmp_path_factory.mktemp("everything") / "w"
    secrets: dict[str, str] = {}
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        # The first one's password is changed by a test that asks for all writes.
        people.add_user(session, name="spare", role="field", unit_code=None, password=PASSWORD)
        for role in ("field", "analyst", "commander", "auditor", "admin"):
            row = people.add_user(session, name=role, role=role, unit_code=None, password=PASSWORD)
            for scope in ("read", "upload", "all"):
                secret, _row = tokens.add_token(
                    session, label=scope, user_id=row.id, days=1, scope=scope
                )
                secrets[f"{role} {scope}"] = secret
    app = create_app(folder, testing=True)
    app.config["INLINE_JOBS"] = False
    yield app, secrets
    app.extensions["geoinspect"].workspace.close()


def writes(app: Flask) -> list[tuple[str, str, str]]:
    """Every endpoint that changes something, with a method and an address."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            address = app.url_for(rule.endpoint, **{name: VALUES[name] for name in rule.arguments})
            found += [(rule.endpoint, one, address) for one in WRITES if one in rule.methods]
    return found


def test_what_changes_something_is_of_the_api_but_for_a_few_forms(
    small: tuple[Flask, dict[str, str]],
) -> None:
    others = {endpoint for endpoint, _m, address in writes(small[0]) if "/api/v1/" not in address}
    assert others == set(FORMS)
    shown = "".join(path.read_text("utf-8") for path in (WEB / "templates").rglob("*.html"))
    forms = re.findall(r"<form[^>]*method=\"post\"[^>]*>", shown)
    sent_to = {re.search(r"url_for\('([\w.]+)'", form)[1] for form in forms}
    assert sent_to <= set(FORMS)


def test_scripts_ask_the_api_alone() -> None:
    asked = []
    for path in sorted((WEB / "static" / "js").rglob("*.js")):
        text = path.read_text("utf-8")
        assert not re.search(r"sendBeacon|WebSocket|EventSource", text), path.name
        # One place sends a photo so, to show how far it is, to where fetch would send it.
        if "XMLHttpRequest" in text:
            assert path.name == "carry.js"
        asked += [(path.name, one) for one in re.findall(r"\bfetch\(\s*([^,)]+)", text)]
    assert len(asked) > 10
    for name, what in asked:
        api = what.startswith(('"/api/v1/', "`/api/v1/"))
        assert api or what in ADDRESSES, f"{name} asks {what}: of the API, or for a listed reason"


def test_each_address_of_scripts_and_pages_is_described(
    small: tuple[Flask, dict[str, str]],
) -> None:
    described = _description(small)["paths"]
    patterns = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$") for path in described]
    found = set()
    for path in [*(WEB / "static" / "js").rglob("*.js"), *(WEB / "templates").rglob("*.html")]:
        text = path.read_text("utf-8")
        for written in re.findall(r"/api/v1/((?:\$\{[^}]*\}|\{\{[^}]*\}\}|[\w./-])+)", text):
            # A query that is put together of a variable follows the last part.
            plain = written.replace("${query}", "")
            found.add(re.sub(r"\$\{[^}]*\}|\{\{[^}]*\}\}", "1", plain).rstrip("./"))
    assert len(found) > 15
    # What is put together of variables alone is checked where it is sent, by the browser tests.
    unknown = [
        one
        for one in found - {"1", "1/1", "openapi.json"}
        if not any(pattern.match(f"/api/v1/{one}") for pattern in patterns)
    ]
    assert unknown == []


def _bearer(secrets: dict[str, str], role: str, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secrets[f'{role} {scope}']}"}


def _description(small: tuple[Flask, dict[str, str]]) -> dict:
    app, secrets = small
    answer = app.test_client().get(
        "/api/v1/openapi.json", headers=_bearer(secrets, "admin", "read")
    )
    assert answer.status_code == 200
    return answer.get_json()


def test_a_token_for_everything_writes_without_a_forgery_token(
    small: tuple[Flask, dict[str, str]],
) -> None:
    app, secrets = small
    client = app.test_client()
    for endpoint, method, address in writes(app):
        if not address.startswith("/api/"):
            continue
        role = "admin" if "admin" in ROWS[endpoint].roles else min(ROWS[endpoint].roles)
        headers = _bearer(secrets, role, "all")
        answer = client.open(address, method=method, headers=headers, json={}, buffered=True)
        code = (answer.get_json(silent=True) or {}).get("code")
        if endpoint in SESSION_ONLY:
            assert (answer.status_code, code) == (403, "needs_session"), endpoint
        else:
            assert answer.status_code < 500, (endpoint, code)
            assert code not in {"page_expired", "not_signed_in", "token_scope"}, endpoint
            assert code not in {"not_your_role", "needs_session"}, endpoint


def test_tokens_for_less_do_not_write(small: tuple[Flask, dict[str, str]]) -> None:
    app, secrets = small
    client = app.test_client()
    operations = _description(small)["paths"]
    upload = [path for path, one in operations.items() if "upload" in _scopes(one, "post")]
    assert {path.split("/")[3] for path in upload} == {"files", "uploads", "receipts"}
    for (endpoint, method, address), scope in product(writes(app), ("read", "upload")):
        if not address.startswith("/api/") or endpoint in SESSION_ONLY:
            continue
        sends = scope == "upload" and address.split("/")[3] in {"files", "uploads", "receipts"}
        role = "admin" if "admin" in ROWS[endpoint].roles else min(ROWS[endpoint].roles)
        answer = client.open(
            address, method=method, headers=_bearer(secrets, role, scope), json={}, buffered=True
        )
        code = (answer.get_json(silent=True) or {}).get("code")
        assert (code == "token_scope") == (not sends), (endpoint, scope, code)


def _scopes(operations: dict, method: str) -> list[str]:
    return operations.get(method, {}).get("x-token-scopes", [])


def test_the_description_is_openapi_and_says_what_people_need(
    small: tuple[Flask, dict[str, str]],
) -> None:
    told = _description(small)
    meta.OPENAPI_31_VALIDATOR.validate(told)
    # The meta-schema finds what is wrong.
    assert not meta.OPENAPI_31_VALIDATOR.is_valid({**told, "paths": {"no": 1}})
    problem = {"$ref": "#/components/responses/Error"}
    bodies = set()
    for path, operations in told["paths"].items():
        for method, one in operations.items():
            label = f"{method.upper()} {path}"
            assert one["responses"]["default"] == problem, label
            assert one["summary"].endswith((".", "?")), label
            assert all(part.get("description") for part in one["parameters"]), label
            named = {part["name"] for part in one["parameters"] if part["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), label
            session = label_endpoint(small[0], path, method) in SESSION_ONLY
            assert (one.get("security") == [{"session": []}]) == session, label
            assert (one["x-token-scopes"] == []) == session, label
            content = one.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                bodies.add(label)
                schema, shown = content["application/json"]["schema"], EXAMPLES[label]
                assert content["application/json"]["example"] == shown
                assert set(schema.get("required", ())) <= set(shown) <= set(schema["properties"])
    assert bodies == set(EXAMPLES)


def test_each_answer_has_a_schema(small: tuple[Flask, dict[str, str]]) -> None:
    """What is JSON has one; what has neither content nor a schema says only that it is done."""
    bare = set()
    for path, operations in _description(small)["paths"].items():
        for method, one in operations.items():
            answers = {status: one["responses"][status] for status in one["responses"]}
            done = {status: answers[status] for status in answers if status.startswith("2")}
            assert done
            for answer in done.values():
                content = answer.get("content", {})
                if not content:
                    bare.add(f"{method} {path}")
                assert content.get("application/json", {"schema": 0}).get("schema") != {}
                assert "schema" in content.get("application/json", {"schema": 0}), path
    uploads = ("/api/v1/uploads", "/api/v1/uploads/{upload_id}")
    assert {label.split(" ")[1] for label in bare} == set(uploads)
    assert not any(label.startswith("get ") for label in bare)


def test_a_schema_says_which_keys_there_are(small: tuple[Flask, dict[str, str]]) -> None:
    strict, label = Strict(_description(small)), "GET /api/v1/field/pass"
    right = {"csrf": "x", "person": {"id": 1, "name": "a"}}
    assert strict.faults(label, 200, right) == []
    wrong = ({**right, "more": 1}, {"csrf": "x"}, {**right, "person": {"id": 1, "name": None}})
    assert [len(strict.faults(label, 200, one)) for one in wrong] == [1, 1, 1]
    assert strict.faults(label, 201, right)
    assert strict.faults("GET /api/v1/nothing", 200, {})
    # Of an answer of two kinds too, and in a component.
    job = "GET /api/v1/overview"
    (told, *_more) = strict.faults(job, 200, {"area": {"code": 1}})
    assert "area" in told or "required" in told


def label_endpoint(app: Flask, path: str, method: str) -> str:
    """The endpoint behind an operation of the description."""
    for rule in app.url_map.iter_rules():
        same = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) == path
        if same and method.upper() in (rule.methods or ()):
            return rule.endpoint
    raise AssertionError(path)


def test_names_of_operations_stay(small: tuple[Flask, dict[str, str]]) -> None:
    """Programs made from the description call operations by name: a name follows its address."""
    for path, operations in _description(small)["paths"].items():
        words = re.sub(r"\W+", "_", path.removeprefix("/api/v1/")).strip("_")
        for method, one in operations.items():
            assert one["operationId"] == f"{method}_{words}"


def test_a_stranger_sees_no_description(small: tuple[Flask, dict[str, str]]) -> None:
    assert Visitor(small[0].test_client()).client.get("/api/v1/openapi.json").status_code == 401


@pytest.mark.parametrize("role", ["field", "auditor", "admin"])
def test_the_page_shows_what_the_role_may_use(
    small: tuple[Flask, dict[str, str]], role: str
) -> None:
    visitor = Visitor(small[0].test_client())
    assert visitor.sign_in(role).status_code == 302
    page = visitor.client.get("/api?language=en").get_data(as_text=True)
    shown = set(re.findall(r'class="operation" id="(\w+)"', page))
    mine = {
        one["operationId"]
        for operations in _description(small)["paths"].values()
        for method, one in operations.items()
        if role in one["x-roles"] and method in {"get", "post", "put", "delete"}
    }
    assert shown == mine
    assert "How to begin" in page
    assert "如何开始" in visitor.client.get("/api?language=zh_CN").get_data(as_text=True)
    assert 'href="/api"' in page
    # What a body holds is shown, not run.
    assert "<script>" not in page


def test_the_page_says_all_of_it_in_chinese(small: tuple[Flask, dict[str, str]]) -> None:
    texts = {
        text
        for operations in _description(small)["paths"].values()
        for one in operations.values()
        for text in (one["summary"], *(part["description"] for part in one["parameters"]))
    }
    with small[0].test_request_context("/api?language=zh_CN"):
        small[0].preprocess_request()
        said = Described()
        shown = {text: said(text) for text in texts}
    # Names of values, versions and formats are no words; two English words in a row are.
    english = re.compile(r"(?<![\w/`.])[A-Z][a-z]+ [a-z]+")
    chinese = re.compile(r"[\u3400-\u9fff]")
    unsaid = {a for a, b in shown.items() if english.search(b) or not chinese.search(b)}
    assert unsaid == {"1.0.0"}
    with (WEB / "translations/zh_CN/LC_MESSAGES/api.po").open("rb") as stream:
        known = {str(one.id) for one in read_po(stream, locale="zh_CN") if one.id}
    assert {one for one in known if not any(one in text for text in texts)} == set()
