"""A workspace with people alone, for the tests of accounts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from conftest import PASSWORD, Visitor
from flask import Flask
from sqlalchemy import select, update

from geoinspect.store import grounds, people
from geoinspect.store.login_schema import LoginRow
from geoinspect.store.schema import AuditRow, UserRow
from geoinspect.store.workspace import Workspace

PEOPLE = (
    ("局长", "admin", None),
    ("副局", "admin", None),
    ("审计", "auditor", None),
    ("分析", "analyst", None),
    ("镇管", "admin", "U1"),
    ("队员", "field", "U11"),
    ("邻员", "field", "U2"),
)


_MADE: dict[str, Path] = {}


def people_workspace(folder: Path, config: str = "") -> Path:
    """Make a workspace with units and people; the county's people have no unit."""
    if config not in _MADE:
        template = folder.with_name("template")
        _build(template, config)
        _MADE[config] = template
    return Path(shutil.copytree(_MADE[config], folder))


def _build(folder: Path, config: str) -> None:
    with (
        Workspace.create(folder, config=config) as workspace,
        workspace.database.writing() as session,
    ):
        for code, parent in (("U1", None), ("U11", "U1"), ("U2", None)):
            grounds.add_unit(session, code=code, name=f"单位{code}", parent_code=parent)
        for name, role, unit in PEOPLE:
            row = people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
            # Slow on purpose elsewhere; tests try many passwords.
            row.password_hash = _hash()


@lru_cache(maxsize=1)
def _hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)


def database_of(app: Flask) -> Any:
    return app.extensions["geoinspect"].workspace.database


def user_id(app: Flask, name: str) -> int:
    with database_of(app).reading() as session:
        row = people.user_named(session, name)
        assert row is not None
        return row.id


def change_user(app: Flask, name: str, **values: object) -> None:
    """Write straight into a person's row."""
    with database_of(app).writing() as session:
        session.execute(update(UserRow).where(UserRow.name == name).values(**values))


def age_sessions(app: Flask, **back: timedelta) -> None:
    """Set times of all sessions back, as if so much time had passed; forget what the process knows."""
    with database_of(app).writing() as session:
        for row in session.scalars(select(LoginRow)):
            for name, by in back.items():
                setattr(row, name, getattr(row, name) - by)
    for seen in (
        app.extensions["geoinspect"].logins_seen,
        app.extensions["geoinspect"].tokens_seen,
    ):
        seen._used.clear()
        seen._written.clear()


def actions(app: Flask) -> list[tuple[str, str, str]]:
    """Actor, action and subject of every audit row."""
    with database_of(app).reading() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.actor, row.action, row.subject) for row in rows]


def signed_in(app: Flask, name: str, password: str = PASSWORD, **environ: str) -> Visitor:
    visitor = Visitor(app.test_client())
    visitor.client.environ_base.update(environ)
    answer = visitor.sign_in(name, password)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return visitor


def asking(visitor: Visitor, page: str = "/account/password") -> Callable[..., Any]:
    """Ask the API with the forgery token of a page that the person may see."""
    token = visitor.token(page)

    def ask(method: str, path: str, body: object = None) -> Any:
        headers = {"X-CSRFToken": token}
        return visitor.client.open(f"/api/v1/{path}", method=method, json=body, headers=headers)

    return ask
