"""Settings that somebody set on the web or by ``geoinspect settings``: rows of a small table."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geoinspect.store.login_schema import SettingRow

# What a setting that nobody set has as its version.
UNSET = "none"
_THERE = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'setting'")


def rows(session: Session) -> dict[str, SettingRow]:
    """Return what was set, by name."""
    return {row.name: row for row in session.scalars(select(SettingRow))}


def values(session: Session) -> dict[str, object]:
    """Return the values that were set, by name; none in a database from before there were any."""
    if session.execute(_THERE).first() is None:
        return {}
    return {row.name: row.value for row in session.scalars(select(SettingRow))}


def version_of(row: SettingRow | None) -> str:
    """Return what changes with every change of a row."""
    if row is None:
        return UNSET
    told = json.dumps([row.name, row.value, row.set_by, row.set_at.isoformat()])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def put(session: Session, name: str, value: object, actor: str, now: datetime) -> SettingRow:
    """Keep a value."""
    row = session.get(SettingRow, name)
    if row is None:
        row = SettingRow(name=name)
        session.add(row)
    row.value, row.set_by, row.set_at = value, actor, now
    session.flush()
    return row


def remove(session: Session, name: str) -> None:
    """Take a value back."""
    row = session.get(SettingRow, name)
    if row is not None:
        session.delete(row)
        session.flush()
