"""Seals: the audit chain holds the hash of every row that a case, a site or a tip rests on.

A change is written together with its audit row, whose details name the rows it left behind and
the SHA-256 of each. A row that differs from its newest seal, has none, or is gone, was changed
by another hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, inspect, literal_column, select
from sqlalchemy.orm import Session

from geoinspect.store import audit
from geoinspect.store.case_schema import (
    CaseEventRow,
    CaseLinkRow,
    CaseRow,
    EvidenceRow,
    TargetListRow,
    TargetRow,
)
from geoinspect.store.schema import AuditRow, Base
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow, TipRow

SEALED: tuple[type[Base], ...] = (
    CaseRow,
    CaseEventRow,
    CaseLinkRow,
    EvidenceRow,
    TargetListRow,
    TargetRow,
    SiteRow,
    SiteAnswerRow,
    TipRow,
)
SEALS_KEY = "sealed"


def record_sealed(
    session: Session,
    rows: Sequence[Base],
    *,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
) -> AuditRow:
    """Write an audit row that seals the rows a change leaves behind, in the caller's transaction.

    Args:
        session: Open for writing.
        rows: Of the tables in :data:`SEALED`, each new or changed by this action.
        actor: Who did it.
        action: Such as ``case.verify``.
        subject: What it was done to, such as ``case 12``.
        details: What was before and what is now.
    """
    for row in rows:
        session.add(row)
    session.flush()
    seals = [[row.__tablename__, inspect(row).identity[0], seal_of(session, row)] for row in rows]
    return audit.record(
        session,
        actor=actor,
        action=action,
        subject=subject,
        details={**details, SEALS_KEY: seals},
    )


def seal_of(session: Session, row: Base) -> str:
    """Return the hash of a row as the database holds it, in hex."""
    key = inspect(row).identity[0]
    stored = session.execute(stored_rows(type(row)).where(literal_column("id") == key)).one()
    return hash_of(stored)


def stored_rows(kind: type[Base]) -> Select[Any]:
    """Return the question for all rows of a table exactly as stored, by number."""
    table = kind.__table__
    columns = [literal_column(f'"{name}"') for name in sorted(table.columns.keys())]
    return select(*columns).select_from(table).order_by(literal_column("id"))


def hash_of(stored: Sequence[object]) -> str:
    """Return the SHA-256 of a row's values in the order of their columns' names, in hex."""
    values = [["b", value.hex()] if isinstance(value, bytes) else value for value in stored]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
