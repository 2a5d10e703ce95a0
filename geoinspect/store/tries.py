"""Wrong tries and locks, which outlive the process.

A try is counted before it is checked and given back when it was right: many at once, or a crash in
between, gain nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from geoinspect.store.login_schema import LoginTryRow


@dataclass(frozen=True, slots=True)
class Bound:
    """How many wrong tries there may be.

    Attributes:
        key: SHA-256, hex, of what is counted.
        most: Wrong tries that lock it.
        window: How long a wrong try counts after the first of its row.
        lock: How long it is locked.
    """

    key: str
    most: int
    window: timedelta
    lock: timedelta


def locked_for(session: Session, bound: Bound, now: datetime) -> timedelta | None:
    """Return how long a key stays locked; None where it isn't."""
    row = session.get(LoginTryRow, bound.key)
    if row is None or row.locked_until is None or row.locked_until <= now:
        return None
    # A clock that was set back must not lock anybody for longer than a lock lasts.
    return min(row.locked_until - now, bound.lock)


def count(session: Session, bound: Bound, now: datetime) -> bool:
    """Count one more try; return whether it is the one that locks the key."""
    row = session.get(LoginTryRow, bound.key)
    if row is None:
        row = LoginTryRow(key=bound.key, wrong=0, first_at=now)
        session.add(row)
    unlocked = row.locked_until is not None and row.locked_until <= now
    if unlocked or not timedelta(0) <= now - row.first_at <= bound.window:
        row.wrong, row.first_at, row.locked_until = 0, now, None
    row.wrong += 1
    if row.wrong < bound.most or row.locked_until is not None:
        return False
    row.locked_until = now + bound.lock
    return True


def give_back(session: Session, bound: Bound) -> None:
    """Take back one counted try, and the lock that it made."""
    row = session.get(LoginTryRow, bound.key)
    if row is not None:
        row.wrong = max(row.wrong - 1, 0)
        if row.wrong < bound.most:
            row.locked_until = None


def forget(session: Session, bound: Bound) -> None:
    """Forget every try of a key."""
    session.execute(delete(LoginTryRow).where(LoginTryRow.key == bound.key))


def sweep(session: Session, longest: timedelta) -> None:
    """Remove rows that count no more: they began longer ago than any window and lock together."""
    now = datetime.now(UTC)
    over = or_(LoginTryRow.locked_until.is_(None), LoginTryRow.locked_until < now)
    session.execute(delete(LoginTryRow).where(LoginTryRow.first_at < now - longest, over))
