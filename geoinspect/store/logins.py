"""Sessions: one row from the login to its end. The cookie holds a secret, the row only its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from geoinspect.store.login_schema import LoginRow
from geoinspect.store.schema import UserRow

_SECRET_BYTES = 32
MOST_AGENT_CHARS = 300


def start(session: Session, *, user_id: int, address: str, agent: str) -> tuple[str, LoginRow]:
    """Begin a session.

    Args:
        session: Writing.
        user_id: Whose.
        address: Where the login came from.
        agent: What the browser says it is; cut where it is long.

    Returns:
        The secret of 256 bits that its cookie holds, and its row.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    now = datetime.now(UTC)
    row = LoginRow(
        id=_digest(secret),
        user_id=user_id,
        created_at=now,
        seen_at=now,
        address=address,
        agent=agent[:MOST_AGENT_CHARS],
    )
    session.add(row)
    session.flush()
    return secret, row


def of_secret(session: Session, secret: str) -> tuple[LoginRow, UserRow] | None:
    """Return the session of a secret, living or over, and its active person."""
    query = (
        select(LoginRow, UserRow)
        .join(UserRow, UserRow.id == LoginRow.user_id)
        .where(LoginRow.id == _digest(secret), UserRow.active)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def not_ended(session: Session, user_id: int) -> Sequence[LoginRow]:
    """Return the sessions of a person that nobody has ended, the last used first."""
    query = select(LoginRow).where(LoginRow.user_id == user_id, LoginRow.ended_at.is_(None))
    return session.scalars(query.order_by(LoginRow.seen_at.desc(), LoginRow.id)).all()


def see(session: Session, login_id: str, at: datetime) -> None:
    """Note that a session was used; never an earlier moment than is noted."""
    session.execute(
        update(LoginRow).where(LoginRow.id == login_id, LoginRow.seen_at < at).values(seen_at=at)
    )


def end(session: Session, login_id: str, why: str) -> None:
    """End a session; one that is over stays as it was ended."""
    _end(session, LoginRow.id == login_id, why)


def end_all(session: Session, user_id: int, why: str, *, keep: str | None = None) -> int:
    """End the sessions of a person but one; return how many."""
    ending = [row.id for row in not_ended(session, user_id) if row.id != keep]
    _end(session, LoginRow.id.in_(ending), why)
    return len(ending)


def sweep(session: Session, keep: timedelta) -> int:
    """Remove sessions that ended longer ago than this; return how many.

    One that nobody ended was over when it was last used: no session lasts as long as records are
    kept.
    """
    over_at = func.coalesce(LoginRow.ended_at, LoginRow.seen_at)
    old = delete(LoginRow).where(over_at < datetime.now(UTC) - keep)
    return len(session.scalars(old.returning(LoginRow.id)).all())


def _end(session: Session, which: object, why: str) -> None:
    ended = update(LoginRow).where(which, LoginRow.ended_at.is_(None))  # type: ignore[arg-type]
    session.execute(ended.values(ended_at=datetime.now(UTC), ended_why=why))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
