"""Nobody gets in without a password, and a session can't be planted, forged or led astray."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import FORM, PASSWORD, USER, Visitor
from flask import Flask

from geoinspect.store import people
from geoinspect.store.tokens import add_token
from geoinspect.store.workspace import Workspace
from webmap.auth import PUBLIC_ENDPOINTS

VALUES = {
    "z": 1, "x": 0, "y": 0, "campaign_id": 1, "survey_id": 1, "patch_id": 1, "track_id": 1, "photo_id": 1,
    "plan_id": 1, "check_id": 1, "trial_id": 1, "rate_id": 1, "model_id": 1, "factor": "roads", "kind": "gpx", "layer": "pod", "name": "pod",
    "version": "v", "receipt_id": "A", "upload_id": "A", "filename": "icon.svg", "case_id": 1, "site_id": 1, "tip_id": 1,
    "list_id": 1, "job_id": 1, "evidence_id": 1, "answer_id": 1, "number": 1, "form": "html", "sha256": "0" * 64,
    "person_id": 1, "token_id": 1, "session_id": "0" * 64, "code": "990100", "gap_id": "990100-0",
}  # fmt: skip


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Every endpoint with a method and an address."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            address = app.url_for(rule.endpoint, **{name: VALUES[name] for name in rule.arguments})
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [(rule.endpoint, method, address) for method in sorted(methods)]
    return found


def test_every_route_asks_for_a_login(app: Flask, stranger: Visitor) -> None:
    routes = addresses(app)
    assert len(routes) > 20
    for endpoint, method, address in routes:
        answer = stranger.client.open(address, method=method, buffered=True)
        if endpoint in PUBLIC_ENDPOINTS and method == "GET":
            # Tips are closed until an office opens them.
            closed = endpoint.startswith("tip_pages.")
            assert answer.status_code == (404 if closed else 200), address
        elif address.startswith(("/api/", "/tiles/")):
            assert answer.status_code == 401, address
            assert answer.get_json()["message_zh"]
        elif endpoint not in PUBLIC_ENDPOINTS:
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith("/login")


def test_unknown_pages_and_methods_ask_for_a_login_too(stranger: Visitor) -> None:
    assert stranger.client.get("/no/such/page").status_code == 302
    assert stranger.client.delete("/api/v1/files").status_code == 401


def test_right_password_opens_and_wrong_ones_look_alike(stranger: Visitor) -> None:
    wrong = stranger.sign_in(password="wrong password 1")
    nobody = stranger.sign_in("没有这个人", "wrong password 2")
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    shown = [
        a.get_data(as_text=True).split('role="alert">')[1].split("<")[0] for a in (wrong, nobody)
    ]
    assert shown[0] == shown[1]
    assert stranger.sign_in().headers["Location"] == "/map"
    assert stranger.client.get("/map").status_code == 200


def test_five_wrong_tries_lock_a_name_in_words(new_app, empty_folder: Path) -> None:
    # A lock is kept in the workspace: a name of its own, so that no other test finds it locked.
    with Workspace.open(empty_folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name="锁住的", role="field", unit_code=None, password=PASSWORD)
    visitor = Visitor(new_app(empty_folder).test_client())
    for _ in range(5):
        assert visitor.sign_in("锁住的", "wrong password 1").status_code == 401
    locked = visitor.sign_in("锁住的", PASSWORD)
    assert locked.status_code == 429
    assert "30 分钟" in locked.get_data(as_text=True)
    assert locked.headers["Retry-After"] == "1800"
    assert visitor.sign_in(USER, PASSWORD).status_code == 302


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_only_a_sent_form_is_checked(stranger: Visitor, method: str) -> None:
    for _ in range(8):
        answer = stranger.client.open("/login", method=method, data=FORM)
        assert answer.status_code == 200
    assert stranger.client.get("/api/v1/overview").status_code == 401


def test_a_copied_cookie_ends_with_its_session(visitor: Visitor, app: Flask) -> None:
    cookie = visitor.client.get_cookie("geoinspect")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("geoinspect", cookie.value)
    assert thief.get("/api/v1/overview").status_code == 200
    visitor.client.post("/logout", data={"csrf_token": visitor.token("/map")})
    thief.set_cookie("geoinspect", cookie.value)
    assert thief.get("/api/v1/overview").status_code == 401


def test_few_strangers_send_forms_at_once(stranger: Visitor, app: Flask) -> None:
    slots = app.extensions["geoinspect"].stranger_slots
    for _ in range(8):
        assert slots.acquire(blocking=False)
    try:
        answer = stranger.client.post("/login", data=FORM)
        assert answer.status_code == 503
        assert "请稍候" in answer.get_data(as_text=True)
    finally:
        slots.release(8)
    assert stranger.sign_in().status_code == 302


def test_the_session_is_new_after_the_login(stranger: Visitor) -> None:
    with stranger.client.session_transaction() as session:
        session["planted"] = "by an attacker"
    before = stranger.client.get_cookie("geoinspect")
    stranger.sign_in()
    after = stranger.client.get_cookie("geoinspect")
    assert before is not None
    assert after is not None
    assert after.value != before.value
    assert after.http_only
    assert after.same_site == "Lax"
    with stranger.client.session_transaction() as session:
        assert "planted" not in session


def test_signing_out_ends_it(visitor: Visitor) -> None:
    token = visitor.token("/map")
    assert visitor.client.post("/logout", data={"csrf_token": token}).status_code == 302
    assert visitor.client.get("/api/v1/overview").status_code == 401


def test_a_new_password_ends_older_sessions(new_app, workspace_folder: Path) -> None:
    with Workspace.open(workspace_folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name="三号", role="field", unit_code=None, password=PASSWORD)
    visitor = Visitor(new_app(workspace_folder).test_client())
    assert visitor.sign_in("三号").status_code == 302
    with Workspace.open(workspace_folder) as workspace, workspace.database.writing() as session:
        people.set_password(session, "三号", "another password 1")
    assert visitor.client.get("/api/v1/overview").status_code == 401


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "map", "/a\nb"],
)  # fmt: skip
def test_login_never_leads_away(stranger: Visitor, target: str) -> None:
    assert stranger.sign_in(next=target).headers["Location"] == "/map"


def test_login_leads_back_to_the_page(stranger: Visitor) -> None:
    assert stranger.sign_in(next="/upload?x=1").headers["Location"] == "/upload?x=1"


def test_posts_without_the_token_are_refused(visitor: Visitor) -> None:
    assert visitor.client.post("/logout").status_code == 400
    answer = visitor.client.post(
        "/api/v1/files?name=a.gpx", data=b"x", content_type="application/octet-stream"
    )
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "page_expired"
    fresh = Visitor(visitor.client.application.test_client())
    assert fresh.client.post("/login", data=FORM).status_code == 400


def test_api_tokens_need_no_cookie_and_no_forgery_token(app: Flask, workspace_folder: Path) -> None:
    with Workspace.open(workspace_folder) as workspace, workspace.database.writing() as session:
        admin = people.first_admin(session)
        secret, _row = add_token(session, label="脚本", user_id=admin.id, days=1)
    client = app.test_client()
    good = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/overview", headers=good).status_code == 200
    answer = client.post(
        "/api/v1/files?name=b.gpx", data=b"<html>", content_type="application/octet-stream", headers=good
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.get_json()["result"]["status"] == "refused"
    for bad in ("Bearer gi_wrong", "Bearer ", "Basic abc"):
        assert client.get("/api/v1/overview", headers={"Authorization": bad}).status_code == 401
