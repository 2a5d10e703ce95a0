"""Settings on the web: what holds and why, set with a word in the audit chain, refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from conftest import PASSWORD, Visitor
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.errors import NotFoundError, UsageError
from geoinspect.setting_values import checked, default_of, usable
from geoinspect.setting_words import GROUPS, SAID
from geoinspect.settings import Settings, load_settings
from geoinspect.store import audit_list, people, settings_kept
from geoinspect.store.audit_list import Wanted
from geoinspect.store.login_schema import SettingRow
from geoinspect.store.schema import UnitRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

PEOPLE = {"管理": ("admin", None), "审计": ("auditor", None), "镇管": ("admin", "U1")}
URL = "http://reader:hidden@10.0.0.1/{z}/{x}/{y}.png"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("settings") / "w"
    config = f'gap_s = 200\nbasemap_url = "{URL}"\n'
    with (
        Workspace.create(folder, config=config) as workspace,
        workspace.database.writing() as session,
    ):
        session.add(UnitRow(code="U1", name="东镇", parent_code=None))
        session.flush()
        for name, (role, unit) in PEOPLE.items():
            people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
    app = create_app(folder, testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def admin(office: Flask) -> Visitor:
    return signed_in(office, "管理")


@pytest.fixture(autouse=True)
def _nothing_set(office: Flask) -> Iterator[None]:
    yield
    workspace = workspace_of(office)
    with workspace.database.writing() as session:
        session.query(SettingRow).delete()
    workspace.look_at_settings()


def workspace_of(app: Flask) -> Workspace:
    return app.extensions["geoinspect"].workspace


def signed_in(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(name).status_code == 302
    return visitor


def told(visitor: Visitor, name: str) -> dict:
    return visitor.json(f"settings/{name}")


def put(visitor: Visitor, name: str, value: object, version: str | None = None):
    version = told(visitor, name)["version"] if version is None else version
    headers = {"X-CSRFToken": visitor.token("/account")}
    body = {"value": value, "version": version}
    return visitor.client.put(f"/api/v1/settings/{name}", json=body, headers=headers)


def drop(visitor: Visitor, name: str, version: str):
    headers = {"X-CSRFToken": visitor.token("/account")}
    query = {"version": version}
    return visitor.client.delete(f"/api/v1/settings/{name}", query_string=query, headers=headers)


def test_every_setting_has_words_and_no_words_have_no_setting() -> None:
    assert set(SAID) == set(Settings.model_fields)
    assert {one.group for one in SAID.values()} == set(GROUPS)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_default_of_every_setting_can_be_set(name: str) -> None:
    assert checked(name, default_of(name)) == default_of(name)
    assert "…" not in str(Settings.model_fields[name].description)[:1]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@given(name=st.sampled_from(sorted(SAID)) | st.text(max_size=9), value=_JSON)
def test_a_value_is_refused_in_words_or_opens_a_workspace(name: str, value: object) -> None:
    try:
        made = checked(name, value)
    except (UsageError, NotFoundError):
        return
    assert json.loads(json.dumps(made)) == made
    kept = usable({name: made})
    assert kept == ({} if SAID[name].effect.fixed else {name: made})
    assert getattr(load_settings(None, kept), name) == (kept or {name: default_of(name)})[name]


def test_a_change_holds_at_once_and_stands_in_the_chain(office: Flask, admin: Visitor) -> None:
    before = told(admin, "gap_s")
    assert (before["value"], before["default"], before["source"]) == (200.0, 300.0, "file")
    assert (before["set_by"], before["kept"]) == (None, False)
    answer = put(admin, "gap_s", "120")
    assert answer.status_code == 200
    after = answer.get_json()
    assert (after["value"], after["source"], after["set_by"]) == (120.0, "web", "管理")
    assert after["set_at"].endswith("Z")
    assert workspace_of(office).settings.gap_s == 120.0
    with workspace_of(office).database.reading() as session:
        (row, *_earlier) = audit_list.listed(session, Wanted(action="setting.set"), limit=9)
    assert (row.actor, row.subject) == ("管理", "gap_s")
    assert json.loads(row.details) == {"old": 200.0, "old_source": "file", "new": 120.0}
    back = drop(admin, "gap_s", after["version"]).get_json()
    assert (back["value"], back["source"]) == (200.0, "file")
    assert workspace_of(office).settings.gap_s == 200.0


def test_another_process_sees_a_change_without_a_restart(office: Flask, admin: Visitor) -> None:
    folder = workspace_of(office).folder
    with Workspace.open(folder) as other:
        assert other.settings.review_people == 1
        put(admin, "review_people", 2)
        other._looked_s -= 2.0  # as if a moment had passed
        assert other.settings.review_people == 2
    # A child of a worker opens it anew.
    with Workspace(folder) as child:
        assert child.settings.review_people == 2


def test_who_saw_an_older_value_is_told_so(admin: Visitor) -> None:
    seen = told(admin, "walk_kmh")["version"]
    assert put(admin, "walk_kmh", 4, seen).status_code == 200
    late = put(admin, "walk_kmh", 5, seen)
    assert (late.status_code, late.get_json()["code"]) == (409, "setting_changed")
    assert "管理" in late.get_json()["message_zh"]
    assert drop(admin, "walk_kmh", seen).status_code == 409
    assert put(admin, "walk_kmh", 5, "").status_code == 409
    assert told(admin, "walk_kmh")["value"] == 4.0


def test_the_environment_wins_and_says_so(
    office: Flask, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(admin, "lock_tries", 7)
    monkeypatch.setenv("GEOINSPECT_LOCK_TRIES", "9")
    with Workspace.open(workspace_of(office).folder) as fresh:
        assert fresh.settings.lock_tries == 9
    now = told(admin, "lock_tries")
    assert (now["value"], now["source"], now["changeable"]) == (9, "environment", False)
    answer = put(admin, "lock_tries", 8)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "set_outside")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("review_people", 3, "bad_setting"),
        ("walk_kmh", "fast", "bad_setting"),
        ("lock_tries", "1_0", "bad_setting"),
        ("walk_kmh", None, "bad_setting"),
        ("public_tips", 1, "bad_setting"),
        ("totp_required_roles", "root", "bad_setting"),
        ("backup_folder", "/etc", "setting_fixed"),
        ("workers", 3, "setting_fixed"),
        ("basemap_url", "http://169.254.169.254/{z}/{x}/{y}.png", "setting_fixed"),
        ("simulated", False, "setting_fixed"),
    ],
)
def test_what_cannot_be_set_is_refused_in_words(
    admin: Visitor, name: str, value: object, code: str
) -> None:
    answer = put(admin, name, value)
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert name in answer.get_json()["message_zh"] or value is None


def test_auditors_read_and_an_administrator_of_one_unit_does_not(office: Flask) -> None:
    auditor = signed_in(office, "审计")
    assert len(auditor.json("settings")["settings"]) == len(Settings.model_fields)
    assert put(auditor, "walk_kmh", 4).status_code == 403
    assert "<details>" not in auditor.client.get("/settings").get_data(as_text=True)
    local = signed_in(office, "镇管")
    for path in ("/settings", "/api/v1/settings", "/api/v1/settings/walk_kmh"):
        assert local.client.get(path).status_code == 403
    assert put(local, "walk_kmh", 4, "none").status_code == 403


def test_a_password_in_an_address_is_never_shown(admin: Visitor) -> None:
    pages = [
        admin.client.get(path).get_data(as_text=True)
        for path in ("/settings", "/api/v1/settings", "/api/v1/settings/basemap_url")
    ]
    assert not any("hidden" in page.replace("visually-hidden", "") for page in pages[1:])
    assert "reader" not in pages[0]
    assert "10.0.0.1" in pages[0]


def test_a_kept_value_that_is_none_any_more_stops_nothing(office: Flask, admin: Visitor) -> None:
    workspace = workspace_of(office)
    with workspace.database.writing() as session:
        for name, value in (("gone", 1), ("walk_kmh", 900), ("workers", 9)):
            session.add(
                SettingRow(name=name, value=value, set_by="甲", set_at=settings_now(session))
            )
    with Workspace.open(workspace.folder) as fresh:
        assert fresh.settings.walk_kmh == 3.0
        assert fresh.settings.workers == 2
    now = told(admin, "walk_kmh")
    assert (now["value"], now["source"], now["kept"]) == (3.0, "default", True)
    assert drop(admin, "walk_kmh", now["version"]).get_json()["kept"] is False


def test_a_file_spoilt_while_it_runs_stops_no_request(office: Flask, admin: Visitor) -> None:
    workspace = workspace_of(office)
    path = workspace.folder / "geoinspect.toml"
    good = path.read_text("utf-8")
    held = workspace.look_at_settings().walk_kmh
    with workspace.database.writing() as session:
        session.add(
            SettingRow(name="walk_kmh", value=4.0, set_by="甲", set_at=settings_now(session))
        )
    try:
        path.write_text("gap_s = ", "utf-8")
        assert workspace.look_at_settings().walk_kmh == held
        assert admin.client.get("/map").status_code == 200
    finally:
        path.write_text(good, "utf-8")
    assert workspace.look_at_settings().walk_kmh == 4.0


def settings_now(session):
    assert settings_kept.rows(session) is not None
    return people.everybody(session)[0].created_at


def test_tips_open_and_language_turns_without_a_restart(office: Flask, admin: Visitor) -> None:
    stranger = office.test_client()
    assert stranger.get("/tip").status_code == 404
    put(admin, "public_tips", True)
    assert stranger.get("/tip").status_code == 200
    put(admin, "language", "en")
    assert 'lang="en"' in stranger.get("/login").get_data(as_text=True)
