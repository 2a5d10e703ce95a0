"""Questions about uploads that arrive in pieces, and about the job that reads what arrived."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError
from geoinspect.store.job_schema import IncomingRow, JobRow
from geoinspect.store.schema import UploadRow

_ID_BYTES = 16
UNFINISHED = ("arriving", "checking")
UNDERSTAND = "understand"


@dataclass(frozen=True, slots=True)
class NewIncoming:
    """What is said of an upload before its first byte (see :class:`IncomingRow`)."""

    user_id: int
    name: str
    length: int
    sha256: str | None
    tags: dict[str, Any]


def new_id() -> str:
    """Return an identifier that nobody can guess."""
    return secrets.token_hex(_ID_BYTES)


def add_incoming(
    session: Session, upload_id: str, asked: NewIncoming, *, now: datetime, expires_at: datetime
) -> IncomingRow:
    """Add an upload of which nothing came yet."""
    row = IncomingRow(
        id=upload_id,
        user_id=asked.user_id,
        name=asked.name,
        length=asked.length,
        sha256=asked.sha256,
        tags=asked.tags,
        state="arriving",
        created_at=now,
        touched_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def incoming(session: Session, upload_id: str) -> IncomingRow:
    """Return one upload.

    Raises:
        NotFoundError: There is none with this identifier.
    """
    row = session.get(IncomingRow, upload_id)
    if row is None:
        raise no_such_upload(upload_id)
    return row


def no_such_upload(upload_id: str) -> NotFoundError:
    """Return the error of an upload that isn't there; another person's looks the same."""
    shown = upload_id[:40]
    return NotFoundError(
        f"没有上传 {shown}:它可能已被取消或过期,请重新选择文件",
        f"there is no upload {shown}: it may have been cancelled or have expired, choose the "
        "file again",
        code="no_such_upload",
    )


def unfinished(session: Session, user_id: int | None = None) -> Sequence[IncomingRow]:
    """Return uploads that are still arriving or being checked, the oldest first."""
    query = select(IncomingRow).where(IncomingRow.state.in_(UNFINISHED))
    if user_id is not None:
        query = query.where(IncomingRow.user_id == user_id)
    return session.scalars(query.order_by(IncomingRow.created_at, IncomingRow.id)).all()


def announced(session: Session, user_id: int) -> tuple[int, int]:
    """Return how many unfinished uploads a person has, and the bytes announced for them."""
    query = select(func.count(), func.coalesce(func.sum(IncomingRow.length), 0)).where(
        IncomingRow.user_id == user_id, IncomingRow.state.in_(UNFINISHED)
    )
    number, length = session.execute(query).one()
    return int(number), int(length)


def outdated(session: Session, now: datetime) -> Sequence[IncomingRow]:
    """Return uploads whose time is over: unfinished ones, and notes of ended ones."""
    query = select(IncomingRow).where(
        IncomingRow.expires_at <= now, IncomingRow.state != "checking"
    )
    return session.scalars(query).all()


def drop(session: Session, upload_id: str) -> None:
    """Forget an upload; what became of a finished one stays with its receipt."""
    session.execute(delete(IncomingRow).where(IncomingRow.id == upload_id))


def ids_with_bytes(session: Session) -> frozenset[str]:
    """Return the identifiers of uploads whose partial file is still needed."""
    return frozenset(
        session.scalars(select(IncomingRow.id).where(IncomingRow.state.in_(UNFINISHED)))
    )


def known_ids(session: Session) -> frozenset[str]:
    """Return the identifiers of all uploads."""
    return frozenset(session.scalars(select(IncomingRow.id)))


def jobs_of_receipts(session: Session, receipts: Collection[str]) -> dict[str, JobRow]:
    """Return the newest job that reads what each receipt stands for."""
    query = select(JobRow).where(JobRow.kind == UNDERSTAND, JobRow.subject.in_(list(receipts)))
    return {job.subject: job for job in session.scalars(query.order_by(JobRow.id))}


def first_sent(session: Session, row: UploadRow) -> datetime | None:
    """Return when another person sent the same bytes before; None when nobody did."""
    query = select(func.min(UploadRow.received_at)).where(
        UploadRow.file_id == row.file_id,
        UploadRow.user_id != row.user_id,
        UploadRow.received_at < row.received_at,
    )
    return session.scalar(query)
