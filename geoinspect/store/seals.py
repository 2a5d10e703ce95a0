"""Seals: the audit chain holds the hash of every row that a case, a site or a tip rests on.

A change is written together with its audit row, whose details name the rows it left behind and
the SHA-256 of each. A row that differs from its newest seal, has none, or is gone, was changed
by another hand. Rows that are never changed are sealed once, so a second seal is a fault too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnClause, Select, TextClause, inspect, literal_column, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from geoinspect.errors import Text
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
# Rows of these are written once and never changed.
APPEND_ONLY = frozenset({CaseEventRow, EvidenceRow, TargetListRow, TargetRow, SiteAnswerRow})
SEALS_KEY = "sealed"
TABLE_WORDS: Mapping[str, Text] = {
    "case": Text("线索", "case"),
    "case_event": Text("线索经过", "case event"),
    "case_link": Text("线索来源", "case link"),
    "evidence": Text("证据", "evidence"),
    "target_list": Text("靶标清单", "target list"),
    "target": Text("靶标", "target"),
    "site": Text("重点部位", "site"),
    "site_answer": Text("部位答复", "site answer"),
    "tip": Text("举报", "tip"),
}
_SEALED_ONCE = frozenset(kind.__tablename__ for kind in APPEND_ONLY)
_CASE_NUMBER = text('SELECT number FROM "case" WHERE id = :id')


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
    seals = [[row.__tablename__, _number_of(row), seal_of(session, row)] for row in rows]
    return audit.record(
        session,
        actor=actor,
        action=action,
        subject=subject,
        details={**details, SEALS_KEY: seals},
    )


def seal_of(session: Session, row: Base) -> str:
    """Return the hash of a row as the database holds it, in hex."""
    return hash_of(values_of(session, row))


def values_of(session: Session, row: Base) -> dict[str, object]:
    """Return a row's values by column, exactly as stored."""
    asked = stored_rows(type(row)).where(literal_column("id") == _number_of(row))
    return dict(zip(names_of(type(row)), session.execute(asked).one(), strict=True))


def names_of(kind: type[Base]) -> list[str]:
    """Return the columns of a table in the order of :func:`stored_rows`."""
    return sorted(kind.__table__.columns.keys())


def stored_rows(kind: type[Base]) -> Select[Any]:
    """Return the question for all rows of a table exactly as stored, by number."""
    columns: list[ColumnClause[Any]] = [literal_column(f'"{name}"') for name in names_of(kind)]
    return select(*columns).select_from(kind.__table__).order_by(literal_column("id"))


def sealed_text(values: Mapping[str, object]) -> bytes:
    """Return what a seal is the hash of: the names and values of a row, by name, as JSON.

    What is empty is left out, so that a column that a later version adds breaks no seal.
    """
    told = [
        [name, ["b", value.hex()] if isinstance(value, bytes) else value]
        for name, value in sorted(values.items())
        if value is not None
    ]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def hash_of(values: Mapping[str, object]) -> str:
    """Return the SHA-256 of a row's values by column (:func:`sealed_text`), in hex."""
    return hashlib.sha256(sealed_text(values)).hexdigest()


@dataclass(slots=True)
class Seals:
    """The newest seal of each row, as the chain tells them; some 500 bytes of memory a row.

    Attributes:
        faults: Takes what is wrong with the seals themselves.
        newest: Table and number of a row → the audit row that sealed it last, and the hash.
    """

    faults: audit.Faults
    newest: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)

    def take(self, audit_id: int, details: str) -> None:
        """Take the seals of an audit row."""
        if f'"{SEALS_KEY}"' not in details:
            return
        for seal in _seals_in(details):
            if seal is None:
                self.faults.add(_unreadable(audit_id))
                continue
            table, row_id, sha256 = seal
            before = self.newest.get((table, row_id))
            if before is not None and table in _SEALED_ONCE:
                self.faults.add(_sealed_again(table, row_id, before[0], audit_id))
            self.newest[table, row_id] = audit_id, sha256


def check_rows(
    session: Session, seals: Seals, each: Callable[[str, Mapping[str, Any]], None]
) -> int:
    """Compare every row of the sealed tables with its newest seal.

    Args:
        session: Open.
        seals: Of the whole chain; emptied, faults go to its ``faults``.
        each: Called with the table and the stored values of each row by column.

    Returns:
        How many rows there are.
    """
    faults, rows = seals.faults, 0
    for kind in SEALED:
        table = kind.__tablename__
        names = names_of(kind)
        seen: set[int] = set()
        read_through = False
        with (
            audit.stored_values(session),
            audit.told_of_damage(faults, table, TABLE_WORDS[table]),
        ):
            streamed = {"yield_per": audit.BATCH}
            for stored in session.execute(stored_rows(kind), execution_options=streamed):
                rows += 1
                values = dict(zip(names, stored, strict=True))
                row_id = values["id"]
                if type(row_id) is not int:
                    faults.add(_odd_row(table, row_id))
                    continue
                audit_id, sha256 = seals.newest.get((table, row_id), (None, None))
                if sha256 is None or row_id in seen or hash_of(values) != sha256:
                    case = case_of(session, table, values)
                    faults.add(_changed(table, row_id, case, audit_id))
                seen.add(row_id)
                each(table, values)
            read_through = True
        if not read_through:
            seen.update(row_id for of, row_id in seals.newest if of == table)
        for row_id in seen:
            seals.newest.pop((table, row_id), None)
    for (table, row_id), (audit_id, _) in sorted(seals.newest.items()):
        faults.add(_gone(table, row_id, audit_id))
    seals.newest.clear()
    return rows


def case_of(session: Session, table: str, values: Mapping[str, Any]) -> str | None:
    """Return the number of the case that a stored row belongs to; None without one."""
    if table == CaseRow.__tablename__:
        number = values["number"]
    elif type(values.get("case_id")) is int:
        number = read_value(session, _CASE_NUMBER, values["case_id"])
    else:
        return None
    return number[:40] if isinstance(number, str) and number.isprintable() else None


def read_value(session: Session, question: TextClause, row_id: int) -> object:
    """Return the one value that a question asks of a row; None when it can't be read."""
    with contextlib.suppress(DatabaseError, UnicodeDecodeError):
        return session.execute(question, {"id": row_id}).scalar()
    return None


def row_words(table: str, row_id: object, case: str | None) -> Text:
    """Return how a row is called in both languages."""
    name = TABLE_WORDS[table]
    return Text(
        f"{name.zh}({table})第 {row_id} 行" + (f"(线索 {case})" if case else ""),
        f"{name.en} row {row_id} (table {table})" + (f" of case {case}" if case else ""),
    )


def _number_of(row: Base) -> int:
    identity = inspect(row).identity
    assert identity is not None, "a row is sealed after it was flushed"
    return int(identity[0])


def _seals_in(details: str) -> list[tuple[str, int, str] | None]:
    """Return the seals of an audit row's details; None for each that is none."""
    try:
        told = json.loads(details)
    except (ValueError, RecursionError):
        return [None]
    if not isinstance(told, dict):
        return []
    seals = told.get(SEALS_KEY, [])
    return [_seal(entry) for entry in seals] if isinstance(seals, list) else [None]


def _seal(entry: object) -> tuple[str, int, str] | None:
    if not isinstance(entry, list) or len(entry) != 3:
        return None
    table, row_id, sha256 = entry
    known = isinstance(table, str) and table in TABLE_WORDS and type(row_id) is int
    return (table, row_id, sha256) if known and audit.is_hash(sha256) else None


def _unreadable(audit_id: int) -> audit.Fault:
    told = Text(
        f"审计链第 {audit_id} 行的封存记录读不懂:该行不是本程序写入的",
        f"the seals in row {audit_id} of the audit chain can't be read: this program did not "
        "write that row",
    )
    return audit.Fault("chain", told, table="audit", row=audit_id)


def _sealed_again(table: str, row_id: int, first: int, again: int) -> audit.Fault:
    words = row_words(table, row_id, None)
    told = Text(
        f"{words.zh}在审计链第 {first} 行封存后,又在第 {again} 行重新封存:"
        f"这种记录从不修改,请查第 {again} 行是谁写的",
        f"{words.en} was sealed in audit row {first} and sealed again in row {again}: such rows "
        f"never change, so find out who wrote row {again}",
    )
    return audit.Fault("row", told, table=table, row=row_id)


def _changed(table: str, row_id: int, case: str | None, audit_id: int | None) -> audit.Fault:
    words = row_words(table, row_id, case)
    if audit_id is None:
        told = Text(
            f"{words.zh}没有审计记录:不是本程序写入的",
            f"{words.en} has no audit row: this program did not write it",
        )
    else:
        told = Text(
            f"{words.zh}与审计链第 {audit_id} 行封存的内容不同:被改动过",
            f"{words.en} differs from what audit row {audit_id} sealed: it was changed",
        )
    return audit.Fault("row", told, table=table, row=row_id, case=case)


def _odd_row(table: str, row_id: object) -> audit.Fault:
    words = row_words(table, repr(row_id)[:40], None)
    told = Text(
        f"{words.zh}的编号不是整数:不是本程序写入的",
        f"{words.en} has a number that is none: this program did not write it",
    )
    return audit.Fault("row", told, table=table)


def _gone(table: str, row_id: int, audit_id: int) -> audit.Fault:
    words = row_words(table, row_id, None)
    told = Text(
        f"{words.zh}不见了:审计链第 {audit_id} 行封存过它",
        f"{words.en} is gone: audit row {audit_id} sealed it",
    )
    return audit.Fault("row", told, table=table, row=row_id)
