"""The audit view, the server's health and backups, as administrators and auditors use them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import HOSTILE, PASSWORD, Visitor
from flask import Flask

from geoinspect import health
from geoinspect.backup import kept, restoring
from geoinspect.casework.anchors import daily_anchor
from geoinspect.jobs import duties
from geoinspect.store import audit, people
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import UnitRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

PEOPLE = {"审计": ("auditor", None), "管理": ("admin", None), "镇审": ("auditor", "U1")}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Flask]:
    config = f'backup_folder = "{tmp_path / "copies"}"\n'
    with Workspace.create(tmp_path / "w", config=config) as workspace:
        with workspace.database.writing() as session:
            session.add(UnitRow(code="U1", name="东镇", parent_code=None))
            session.flush()
            for name, (role, unit) in PEOPLE.items():
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
            for number in range(5):
                details: dict[str, object] = {"n": number, "words": HOSTILE}
                audit.record(
                    session,
                    actor="甲",
                    action="case.step",
                    subject=f"=2027-{number}",
                    details=details,
                )
        daily_anchor(workspace)
    app = create_app(tmp_path / "w", testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


def signed_in(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(name).status_code == 302
    return visitor


def post(visitor: Visitor, path: str):
    headers = {"X-CSRFToken": visitor.token("/account")}
    return visitor.client.post(f"/api/v1/{path}", json={}, headers=headers)


def page_of(visitor: Visitor, path: str) -> str:
    answer = visitor.client.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    return answer.get_data(as_text=True)


def workspace_of(app: Flask) -> Workspace:
    return app.extensions["geoinspect"].workspace


def test_the_chain_is_shown_newest_first_and_narrowed(office: Flask) -> None:
    auditor = signed_in(office, "审计")
    told = auditor.json("audit")
    numbers = [row["id"] for row in told["rows"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == numbers[0]
    steps = auditor.json("audit", actor="甲", action="case", limit=2)
    assert [row["subject"] for row in steps["rows"]] == ["=2027-4", "=2027-3"]
    rest = auditor.json("audit", actor="甲", action="case.step", before=steps["next"])
    assert [row["subject"] for row in rest["rows"]] == ["=2027-2", "=2027-1", "=2027-0"]
    assert auditor.json("audit", q='"n": 3')["rows"][0]["subject"] == "=2027-3"
    # Signs of the database's own search are words like any.
    assert list(auditor.json("audit", q="%%%")["rows"]) == []
    today = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d}"
    assert auditor.json("audit", **{"from": today, "to": today})["rows"]
    assert auditor.json("audit", to="2020-01-01")["rows"] == []
    assert auditor.json("audit", **{"from": "0001-01-01", "to": "9999-12-31"})["rows"]
    assert auditor.client.get("/api/v1/audit?from=soon").status_code == 400
    page = page_of(auditor, "/audit?action=case")
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "soon" in page_of(auditor, "/audit?from=soon")


def test_an_export_is_whole_inert_and_stands_in_the_chain(office: Flask) -> None:
    auditor = signed_in(office, "审计")
    shown = auditor.client.get("/api/v1/audit.csv?action=case")
    rows = list(csv.DictReader(io.StringIO(shown.get_data().decode("utf-8-sig"))))
    assert len(rows) == 5
    assert not any(row["subject"].startswith("=") for row in rows)
    exact = json.loads(auditor.client.get("/api/v1/audit.json?action=case").get_data())["rows"]
    assert [row["subject"] for row in exact] == [f"=2027-{n}" for n in range(5)]
    notes = auditor.json("audit", action="audit.export")["rows"]
    assert [row["actor"] for row in notes] == ["审计", "审计"]
    assert json.loads(notes[0]["details"]) == {"rows": 5, "action": "case"}
    assert auditor.client.get("/api/v1/audit.exe").status_code == 404


def test_the_check_names_what_was_changed_behind_our_back(office: Flask) -> None:
    auditor = signed_in(office, "审计")
    assert post(auditor, "audit/verify").status_code == 202
    assert "level ok" in page_of(auditor, "/audit")
    with sqlite3.connect(workspace_of(office).database.path) as connection:
        connection.execute("UPDATE audit SET actor = '乙' WHERE subject = '=2027-2'")
        (row,) = connection.execute("SELECT id FROM audit WHERE subject = '=2027-2'").fetchone()
    connection.close()
    assert post(auditor, "audit/verify").status_code == 202
    page = page_of(auditor, "/audit").split('id="checked"')[1].split("</ul>")[0]
    assert str(row) in page
    assert "level alarm" in page_of(auditor, "/audit")
    found = {check.key: check for check in health.look(workspace_of(office))}
    assert found["verified"].level == health.ALARM


def test_anchors_are_listed_and_read_back(office: Flask) -> None:
    auditor = signed_in(office, "审计")
    (path,) = (workspace_of(office).folder / "anchors").glob("*.txt")
    assert f"{path.stem}.txt" in page_of(auditor, "/audit")
    got = auditor.client.get(f"/api/v1/audit/anchors/{path.name}")
    assert got.get_data() == path.read_bytes()
    for name in ("..%2Fsecret.key", "2020-01-01", "....-..-.."):
        assert auditor.client.get(f"/api/v1/audit/anchors/{name}.txt").status_code == 404


def test_only_who_answers_for_the_whole_office_sees_it(office: Flask) -> None:
    town, admin = signed_in(office, "镇审"), signed_in(office, "管理")
    for path in ("audit", "audit.csv", "health", "backups"):
        answer = town.client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.get_json()["code"]) == (403, "whole_office_only"), path
    for path in ("/audit", "/health", "/backups"):
        assert town.client.get(path).status_code == 403
    assert post(town, "audit/verify").status_code == 403
    # Administrators are what the chain watches.
    assert admin.client.get("/audit").status_code == 403
    assert post(signed_in(office, "审计"), "backups").status_code == 403


def test_a_backup_is_made_checked_and_restored(office: Flask, tmp_path: Path) -> None:
    admin = signed_in(office, "管理")
    assert post(admin, "backups").status_code == 202
    (made,) = admin.json("backups")["backups"]
    assert made["there"] is True
    assert made["actor"] == "管理"
    assert post(admin, f"backups/{made['name']}/check").status_code == 202
    assert "level ok" in page_of(admin, "/backups")
    back = restoring.restore(tmp_path / "copies" / made["name"], tmp_path / "r", actor="test")
    assert back.report.fault_count == 0
    app = create_app(tmp_path / "r", testing=True)
    again = signed_in(app, "管理")
    assert again.client.get("/backups").status_code == 200
    # A cookie of the old place opens nothing in the new one.
    name = office.config["SESSION_COOKIE_NAME"]
    old = app.test_client()
    old.set_cookie(name, admin.client.get_cookie(name).value)
    assert old.get("/backups").status_code == 302
    workspace_of(app).close()
    (tmp_path / "copies" / made["name"] / "geoinspect.toml").write_text("spoiled")
    assert post(admin, f"backups/{made['name']}/check").status_code == 202
    assert "level alarm" in page_of(admin, "/backups")
    assert post(admin, "backups/none/check").status_code == 404
    assert post(admin, "backups/..%2F..%2Fw/check").status_code == 404


def test_backups_make_themselves_when_due_and_not_before(office: Flask) -> None:
    workspace = workspace_of(office)
    now, day = datetime.now(UTC), timedelta(days=1)
    with workspace.database.reading() as session:
        assert kept.is_due(session, day, now)
    with workspace.database.writing() as session:
        first = kept.ask(session, asked_by=None).id
        assert kept.ask(session, asked_by=None).id == first
        # One that was asked for and has not come is not asked for again at once.
        assert not kept.is_due(session, day, now + timedelta(minutes=5))
    kept.make_next(workspace, actor="test", tell=lambda _done, _total: None)
    with workspace.database.reading() as session:
        assert not kept.is_due(session, day, now + timedelta(hours=23))
        assert kept.is_due(session, day, now + timedelta(hours=25))


@pytest.mark.parametrize(("hours", "asked"), [(0, 0), (24, 1)])
def test_the_duty_asks_for_backups_only_where_they_are_set(
    office: Flask, hours: int, asked: int
) -> None:
    workspace = workspace_of(office)
    given = {"backup_every_hours": hours}
    workspace.settings = workspace.settings.model_copy(update=given)
    for _again in range(2):
        assert duties.do_due(workspace, every_s=0.0)
    with workspace.database.reading() as session:
        waiting = [row.kind for row in session.query(JobRow)]
    assert waiting == ["backup"] * asked


def test_without_a_folder_a_backup_is_refused_in_words(empty_folder: Path) -> None:
    app = create_app(empty_folder, testing=True)
    visitor = Visitor(app.test_client())
    visitor.sign_in()
    answer = post(visitor, "backups")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "no_backup_folder")
    assert "backup_folder" in page_of(visitor, "/backups")
    workspace_of(app).close()


def test_health_tells_what_is_wrong_and_what_to_do(
    office: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, workspace = signed_in(office, "管理"), workspace_of(office)
    told = admin.json("health")
    levels = {one["key"]: one["level"] for one in told["checks"]}
    assert levels["backup"] == levels["workers"] == "caution"
    assert levels["clock"] == levels["anchor"] == levels["database"] == "ok"
    for one in told["checks"]:
        assert one["name"]["zh"]
        assert one["found"]["en"]
        assert bool(one["todo"]["zh"]) == (one["level"] != "ok"), one
    kept.make_next(workspace, actor="test", tell=lambda _done, _total: None)
    now = datetime.now(UTC)
    ages = {timedelta(days=1): "ok", timedelta(days=8): "caution", timedelta(days=40): "alarm"}
    for age, level in ages.items():
        found = {check.key: check.level for check in health.look(workspace, now + age)}
        assert found["backup"] == level, age
    slow = {check.key: check.level for check in health.look(workspace, now - timedelta(hours=1))}
    assert slow["clock"] == "alarm"
    usage = health.shutil.disk_usage(workspace.folder)
    for free, level in ((10**9, "alarm"), (10 * 10**9, "caution"), (10**12, "ok")):
        small = usage._replace(free=free)
        monkeypatch.setattr(health.shutil, "disk_usage", lambda _path, given=small: given)
        found = {check.key: check.level for check in health.look(workspace)}
        assert found["disk"] == level, free
    assert 'class="level' in page_of(admin, "/health")
