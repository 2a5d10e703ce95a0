"""What of the audit chain goes with a case, as files that anybody can hash.

``chain/000123.txt`` holds exactly the bytes whose SHA-256 is the hash of row 123. The row names
the seals of the rows that it left behind; ``rows/evidence-12.txt`` holds exactly the bytes of such
a seal, and that text names the SHA-256 of the evidence file. So each file of evidence hangs on the
chain by steps that ``sha256sum`` alone can follow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.errors import StoreError
from geoinspect.store import audit, cases, seals
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import AuditRow, Base


@dataclass(frozen=True, slots=True)
class HashedText:
    """A text and the SHA-256 that the chain gives it.

    Attributes:
        name: Of its file.
        sha256: As it stands in the chain; that of the text unless something was changed.
    """

    name: str
    text: bytes
    sha256: str


def rows_about(session: Session, case_ids: Sequence[int]) -> Sequence[AuditRow]:
    """Return the audit rows of some cases, by number. Every change of a case is one of its own."""
    subjects = [f"case {case_id}" for case_id in case_ids]
    query = select(AuditRow).where(AuditRow.subject.in_(subjects)).order_by(AuditRow.id)
    return session.scalars(query).all()


def chain_texts(session: Session, rows: Sequence[AuditRow]) -> Iterator[HashedText]:
    """Yield what was hashed for each row: ``hash of the row before|the row as JSON``.

    Raises:
        StoreError: A row isn't what its hash says: nobody should hand out such a chain.
    """
    before = [row.id - 1 for row in rows]
    hashes = {0: audit.GENESIS}
    for start in range(0, len(before), 500):
        asked = select(AuditRow.id, AuditRow.hash).where(
            AuditRow.id.in_(before[start : start + 500])
        )
        for row_id, row_hash in session.execute(asked):
            hashes[row_id] = row_hash
    for row in rows:
        fields = [row.id, row.at, row.actor, row.action, row.subject, row.details]
        told = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        content = f"{hashes.get(row.id - 1, '')}|{told}".encode()
        if hashlib.sha256(content).hexdigest() != row.hash:
            raise StoreError(
                f"审计链第 {row.id} 行与它的哈希不符,不能导出:请运行 geoinspect audit verify 并联系审计管理员",
                f"row {row.id} of the audit chain doesn't fit its hash, so nothing is exported: run "
                "geoinspect audit verify and call the auditor",
                code="audit_broken",
            )
        yield HashedText(f"{row.id:06d}.txt", content, row.hash)


def sealed_texts(session: Session, family: Sequence[CaseRow]) -> Iterator[HashedText]:
    """Yield what the seals of a case's rows were made of: the case, events, links, evidence.

    The hash of each is in the newest ``chain`` file that names its table and number; a row that was
    changed by another hand doesn't have it, which the reader of the export finds so.
    """
    for case in family:
        rows: list[Base] = [case]
        rows += cases.events_of(session, case.id)
        rows += cases.links_of(session, case.id, gone=True)
        rows += cases.evidence_of(session, case.id)
        for row in rows:
            text = seals.sealed_text(seals.values_of(session, row))
            name = f"{row.__tablename__}-{row.id}.txt"  # type: ignore[attr-defined]
            yield HashedText(name, text, seals.seal_of(session, row))
