"""The audit chain: who did what, when; each row's hash covers the row before it.

``h_n = SHA-256(h_(n-1) | canonical JSON of the row)``. Changing, removing or reordering a row
breaks every hash after it; cutting rows off the end shows only against a hash noted elsewhere,
so the last one is printed by ``geoinspect audit verify``.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.errors import StoreError
from geoinspect.store.schema import AuditRow

_GENESIS = "0" * 64


def record(
    session: Session, *, actor: str, action: str, subject: str, details: dict[str, object]
) -> AuditRow:
    """Append one row in the caller's transaction: without it, the action does not happen."""
    last = session.scalar(select(AuditRow).order_by(AuditRow.id.desc()).limit(1))
    row = AuditRow(
        id=1 if last is None else last.id + 1,
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=actor,
        action=action,
        subject=subject,
        details=json.dumps(details, ensure_ascii=False, sort_keys=True),
    )
    row.hash = _hash(_GENESIS if last is None else last.hash, row)
    session.add(row)
    session.flush()
    return row


def verify(session: Session) -> tuple[int, str]:
    """Return the number of rows and the last hash of an unbroken chain.

    Raises:
        StoreError: The first row that doesn't fit, by number.
    """
    previous, expected_id = _GENESIS, 1
    for row in session.scalars(select(AuditRow).order_by(AuditRow.id)).yield_per(1000):
        if row.id != expected_id or row.hash != _hash(previous, row):
            broken = min(row.id, expected_id) if row.id != expected_id else row.id
            raise StoreError(
                f"审计链在第 {broken} 行断开:该行被改动、删除或调换。请保护现场并联系审计管理员",
                f"the audit chain is broken at row {broken}: it was changed, removed or moved. "
                "Keep everything as it is and call the auditor",
                code="audit_broken",
            )
        previous, expected_id = row.hash, expected_id + 1
    return expected_id - 1, previous


def _hash(previous: str, row: AuditRow) -> str:
    fields = [row.id, row.at, row.actor, row.action, row.subject, row.details]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}|{text}".encode()).hexdigest()
