"""The audit chain: who did what, when; each row's hash covers the row before it.

``h_n = SHA-256(h_(n-1) | canonical JSON of the row)``, rows are numbered 1 … n. Changing, removing
or reordering a row breaks every hash after it; rows cut off the end and a chain made anew with
right hashes show only against a hash kept elsewhere (:mod:`geoinspect.casework.anchors`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from geoinspect.errors import StoreError, Text
from geoinspect.store.schema import AuditRow

GENESIS = "0" * 64
# Rows fetched at a time.
BATCH = 1000
_MAX_FAULTS = 300
_LAST_ID = 2**63 - 1
_HEX = frozenset("0123456789abcdef")
_ROWS = text("SELECT id, at, actor, action, subject, details, hash FROM audit ORDER BY id")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was left.

    Attributes:
        kind: ``chain`` (an audit row), ``row``, ``file``, ``anchor`` or ``database``.
        table, row: Where it lies.
        case: Number of the case that it belongs to.
        name, sha256: Of a file.
    """

    kind: str
    text: Text
    table: str | None = None
    row: int | None = None
    case: str | None = None
    name: str | None = None
    sha256: str | None = None


@dataclass(slots=True)
class Faults:
    """The first faults found, and how many there are in all."""

    found: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, fault: Fault) -> None:
        """Take a fault; beyond some hundreds they are only counted."""
        self.count += 1
        if len(self.found) < _MAX_FAULTS:
            self.found.append(fault)

    def add_all(self, others: Faults) -> None:
        """Take the faults of another list after these."""
        for fault in others.found:
            self.add(fault)
        self.count += others.count - len(others.found)

    def first_error(self) -> StoreError | None:
        """Return the first fault as an error."""
        if not self.found:
            return None
        told = self.found[0].text
        return StoreError(told.zh, told.en, code="audit_broken")


def record(
    session: Session, *, actor: str, action: str, subject: str, details: dict[str, object]
) -> AuditRow:
    """Append one row in the caller's transaction: without it, the action does not happen.

    Raises:
        StoreError: The row can't be written, or the last row is not one of ours.
    """
    last_id, last_hash = last_row(session)
    # What the caller left to be written may fail for reasons of its own.
    session.flush()
    row = AuditRow(
        id=last_id + 1,
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=actor,
        action=action,
        subject=subject,
        details=json.dumps(details, ensure_ascii=False, sort_keys=True),
    )
    row.hash = _hash(last_hash, (row.id, row.at, row.actor, row.action, row.subject, row.details))
    session.add(row)
    try:
        session.flush()
    except OperationalError:
        # A full disk or a busy database: Database.writing tells of it.
        raise
    except DatabaseError as error:
        raise StoreError(
            f"审计记录写不进去({error.orig}),所以本次操作没有执行:请联系管理员检查数据库",
            f"the audit row could not be written ({error.orig}), so nothing was done: ask the "
            "administrator to check the database",
            code="audit_not_written",
        ) from error
    return row


def last_row(session: Session) -> tuple[int, str]:
    """Return the number and the hash of the last row; 0 and the genesis hash of an empty chain.

    Raises:
        StoreError: The last row is not one of ours, so nothing can be appended to it.
    """
    last = session.execute(
        select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return 0, GENESIS
    row_id, last_hash = last
    if type(row_id) is not int or not 0 < row_id < _LAST_ID or not is_hash(last_hash):
        raise StoreError(
            f"审计链的最后一行({row_id})不是本程序写入的,所以本次操作没有执行:"
            "请运行 geoinspect audit verify 并联系审计管理员",
            f"the last row of the audit chain ({row_id}) was not written by this program, so "
            "nothing was done: run geoinspect audit verify and call the auditor",
            code="audit_broken",
        )
    return row_id, last_hash


def verify(session: Session) -> tuple[int, str]:
    """Return the number of rows and the last hash of an unbroken chain.

    Raises:
        StoreError: The first row that doesn't fit, by number.
    """
    faults = Faults()
    rows, last = walk(session, faults, lambda *_: None)
    if error := faults.first_error():
        raise error
    return rows, last


def walk(
    session: Session, faults: Faults, each: Callable[[int, str, str], None]
) -> tuple[int, str]:
    """Read the chain from its first row to its last, whatever is stored there.

    Args:
        session: Open.
        faults: Takes each row that doesn't fit.
        each: Called with number, details and hash of each row that has them, fitting or not.

    Returns:
        How many rows there are, and the last hash.
    """
    rows, expected, last = 0, 1, GENESIS
    # None after a gap: what stood before the next row is not known.
    previous: str | None = GENESIS
    with stored_values(session), told_of_damage(faults, "audit", Text("审计链", "audit chain")):
        for row in session.execute(_ROWS, execution_options={"yield_per": BATCH}):
            rows += 1
            row_id, own_hash = row[0], row[6]
            if type(row_id) is not int or row_id < expected:
                faults.add(_broken(row_id))
                continue
            if row_id > expected:
                faults.add(_broken(expected))
                previous = None
            elif not _fits(previous, row):
                faults.add(_broken(row_id))
            previous = own_hash if isinstance(own_hash, str) else None
            last, expected = previous or GENESIS, row_id + 1
            if isinstance(row[5], str) and isinstance(own_hash, str):
                each(row_id, row[5], own_hash)
    return rows, last


@contextmanager
def stored_values(session: Session) -> Iterator[None]:
    """Read text that is no UTF-8 too, each byte sequence as another string."""
    driver: Any = session.connection().connection.driver_connection
    before = driver.text_factory
    driver.text_factory = _any_text
    try:
        yield
    finally:
        driver.text_factory = before


@contextmanager
def told_of_damage(faults: Faults, table: str, name: Text) -> Iterator[None]:
    """Turn a table that can't be read to its end into a fault."""
    try:
        yield
    # The driver fails to decode names in a damaged schema.
    except (DatabaseError, UnicodeDecodeError) as error:
        # A busy database is no damage; a table or column that is gone is.
        why = str(error.orig) if isinstance(error, DatabaseError) else str(error)
        if isinstance(error, OperationalError) and "locked" in why:
            raise
        told = Text(
            f"{name.zh}({table})读不出来:{why}。请保护现场并联系审计管理员",
            f"the {name.en} ({table}) can't be read: {why}. Keep everything as it is and "
            "call the auditor",
        )
        faults.add(Fault("database", told, table=table))


def is_hash(value: object) -> bool:
    """Whether a value is a SHA-256 in lower-case hex."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= _HEX


def _any_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _fits(previous: str | None, row: Sequence[Any]) -> bool:
    """Whether a row is what was hashed; after a gap, whether it could be."""
    *fields, own_hash = row
    if not all(isinstance(value, str) for value in fields[1:]) or not is_hash(own_hash):
        return False
    try:
        return previous is None or _hash(previous, fields) == own_hash
    except UnicodeEncodeError:
        return False


def _broken(row: object) -> Fault:
    shown = row if isinstance(row, int) else repr(row)[:40]
    told = Text(
        f"审计链在第 {shown} 行断开:该行被改动、删除或调换。请保护现场并联系审计管理员",
        f"the audit chain is broken at row {shown}: it was changed, removed or moved. "
        "Keep everything as it is and call the auditor",
    )
    return Fault("chain", told, table="audit", row=row if isinstance(row, int) else None)


def _hash(previous: str, fields: Sequence[object]) -> str:
    text_ = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}|{text_}".encode()).hexdigest()
