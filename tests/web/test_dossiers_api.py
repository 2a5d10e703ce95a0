"""Dossiers over the web: for who is signed in, noted each time, inert, one at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from case_builders import county
from conftest import PASSWORD, Visitor
from dossier_builders import TITLE, eradicated_case
from flask import Flask
from sqlalchemy import select

from geoinspect.store import people
from geoinspect.store.schema import AuditRow
from webmap.api import dossiers

FORMS = {
    "html": ("text/html", b"<!DOCTYPE html>"),
    "pdf": ("application/pdf", b"%PDF-"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
    "zip": ("application/zip", b"PK"),
}


@pytest.fixture
def app(tmp_path: Path, new_app: Callable[[Path], Flask]) -> Flask:
    with county(tmp_path / "w") as workspace:
        eradicated_case(workspace)
        with workspace.database.writing() as session:
            for role in people.ROLES:
                people.add_user(session, name=role, role=role, unit_code=None, password=PASSWORD)
    return new_app(tmp_path / "w")


def signed_in(app: Flask, role: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(role).status_code == 302
    return visitor


def taken_out(app: Flask) -> list[tuple[str, str]]:
    with app.extensions["geoinspect"].workspace.database.reading() as session:
        asked = select(AuditRow.actor, AuditRow.details).where(AuditRow.action == "case.export")
        return [(actor, details) for actor, details in session.execute(asked)]


def test_every_form_comes_and_is_noted(app: Flask) -> None:
    visitor = signed_in(app, "commander")
    for form, (kind, head) in FORMS.items():
        answer = visitor.client.get(f"/api/v1/cases/1/dossier.{form}")
        assert answer.status_code == 200
        assert answer.mimetype == kind
        assert answer.headers["Cache-Control"] == "no-store"
        assert int(answer.headers["Content-Length"]) == len(answer.data)
        assert answer.data.startswith(head)
        inline = answer.headers["Content-Disposition"].startswith("inline")
        assert inline == (form == "html")
        assert f"case-2026-00001.{form}" in answer.headers["Content-Disposition"]
        answer.close()
    noted = taken_out(app)
    assert [actor for actor, _ in noted] == ["commander"] * 4
    assert [f'"form": "{form}"' in details for form, (_, details) in zip(FORMS, noted, strict=True)]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert "case-2026-00001/SHA256SUMS" in packed.namelist()


def test_the_page_may_do_nothing(app: Flask) -> None:
    answer = signed_in(app, "analyst").client.get("/api/v1/cases/1/dossier.html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "script" not in policy
    assert TITLE not in answer.get_data(as_text=True)


@pytest.mark.parametrize("role", [*people.ROLES, None])
def test_who_may_take_a_case_out(app: Flask, role: str | None) -> None:
    visitor = Visitor(app.test_client()) if role is None else signed_in(app, role)
    status = visitor.client.get("/api/v1/cases/1/dossier.html").status_code
    assert status == (401 if role is None else 200)
    assert [actor for actor, _ in taken_out(app)] == ([] if role is None else [role])


def test_what_is_not_there(app: Flask) -> None:
    visitor = signed_in(app, "field")
    for path in ("99/dossier.pdf", "1/dossier.exe", "1/dossier.PDF"):
        assert visitor.client.get(f"/api/v1/cases/{path}").status_code == 404
    assert taken_out(app) == []


def test_looking_at_the_head_takes_nothing_out(app: Flask) -> None:
    visitor = signed_in(app, "field")
    assert visitor.client.head("/api/v1/cases/1/dossier.pdf").status_code == 200
    assert taken_out(app) == []


def test_one_at_a_time(app: Flask) -> None:
    visitor = signed_in(app, "field")
    with dossiers._ONE_AT_A_TIME:
        answer = visitor.client.get("/api/v1/cases/1/dossier.html")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert taken_out(app) == []
    assert visitor.client.get("/api/v1/cases/1/dossier.html").status_code == 200
