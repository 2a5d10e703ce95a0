"""Rows of the audit chain for reading: newest first, narrowed, in pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from geoinspect.store.audit import BATCH
from geoinspect.store.schema import AuditRow

_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows.

    Attributes:
        actor, subject: Whole names; empty for all.
        action: A whole action, or the part before its dot, as ``case``.
        words: Somewhere in subject or details.
        first, last: Days in China, both included.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    words: str = ""
    first: date | None = None
    last: date | None = None


def listed(
    session: Session, wanted: Wanted, *, before: int | None = None, limit: int
) -> list[AuditRow]:
    """Return rows, newest first; with ``before`` only those of smaller numbers."""
    asked = select(AuditRow).where(*_conditions(wanted)).order_by(AuditRow.id.desc())
    if before is not None:
        asked = asked.where(AuditRow.id < before)
    return list(session.scalars(asked.limit(limit)))


def every(session: Session, wanted: Wanted) -> Iterator[AuditRow]:
    """Yield all rows that are wanted, oldest first, a batch at a time."""
    asked = select(AuditRow).where(*_conditions(wanted)).order_by(AuditRow.id)
    yield from session.scalars(asked.execution_options(yield_per=BATCH))


def actions(session: Session) -> list[str]:
    """Return all actions that stand in the chain, by name."""
    return sorted(session.scalars(select(AuditRow.action).distinct()))


def newest_of(session: Session, action: str) -> AuditRow | None:
    """Return the newest row of an action; None without one."""
    found = listed(session, Wanted(action=action), limit=1)
    return found[0] if found else None


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actor:
        found.append(AuditRow.actor == wanted.actor)
    if wanted.subject:
        found.append(AuditRow.subject == wanted.subject)
    if wanted.action:
        within = AuditRow.action.startswith(f"{wanted.action}.", autoescape=True)
        found.append(or_(AuditRow.action == wanted.action, within))
    if wanted.words:
        found.append(
            or_(
                AuditRow.subject.contains(wanted.words, autoescape=True),
                AuditRow.details.contains(wanted.words, autoescape=True),
            )
        )
    # Times are kept as text in UTC whose order is that of time.
    if wanted.first is not None:
        found.append(AuditRow.at >= _start(wanted.first))
    if wanted.last is not None and wanted.last < date.max:
        found.append(AuditRow.at < _start(wanted.last + timedelta(days=1)))
    return found


def _start(day: date) -> str:
    if day.year < 2:
        return ""
    begun = datetime.combine(day, time.min, _BEIJING).astimezone(UTC)
    return begun.isoformat(timespec="milliseconds").replace("+00:00", "Z")
