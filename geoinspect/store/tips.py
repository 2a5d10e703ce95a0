"""Questions about tips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError
from geoinspect.store.held import Held
from geoinspect.store.serials import next_serial
from geoinspect.store.site_schema import TipRow

_OPEN = "received"


@dataclass(frozen=True, slots=True)
class TipFilter:
    """Which tips are wanted; None and empty are no restriction.

    Attributes:
        cases: In any of these cases.
        held: One person's own.
    """

    states: tuple[str, ...] = ()
    reward: str | None = None
    cases: tuple[int, ...] | None = None
    held: Held | None = None


def tip(session: Session, tip_id: int) -> TipRow:
    """Return a tip by its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(TipRow, tip_id)
    if row is None:
        raise missing(str(tip_id))
    return row


def tip_named(session: Session, name: str) -> TipRow:
    """Return a tip by its number for people (``T2027-00042``) or its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.scalar(select(TipRow).where(TipRow.number == name.strip()))
    if row is None and name.isascii() and name.isdecimal() and len(name) < 18:
        row = session.get(TipRow, int(name))
    if row is None:
        raise missing(name[:40])
    return row


def tip_sent(session: Session, client_id: str) -> TipRow | None:
    """Return the tip that came with an identifier, if it came."""
    return session.scalar(select(TipRow).where(TipRow.client_id == client_id))


def tip_claimed(session: Session, claim_hash: str) -> TipRow | None:
    """Return the tip whose claim code has this hash, if there is one."""
    return session.scalar(select(TipRow).where(TipRow.claim_hash == claim_hash))


def tips(
    session: Session,
    wanted: TipFilter | None = None,
    *,
    limit: int | None = None,
    before: int | None = None,
) -> Sequence[TipRow]:
    """Return tips, those that wait first, then newest first.

    Args:
        session: Open.
        wanted: Which; None is all.
        limit: How many at most.
        before: Only those after this tip in the same order, for the next page.
    """
    waits = TipRow.state == _OPEN
    query = select(TipRow).order_by(waits.desc(), TipRow.id.desc())
    if wanted is not None and wanted.states:
        query = query.where(TipRow.state.in_(wanted.states))
    if wanted is not None and wanted.reward is not None:
        query = query.where(TipRow.reward == wanted.reward)
    if wanted is not None and wanted.cases is not None:
        query = query.where(TipRow.case_id.in_(wanted.cases))
    if wanted is not None and wanted.held is not None:
        query = query.where(wanted.held.tips(session))
    last = None if before is None else session.get(TipRow, before)
    if last is not None:
        later = TipRow.id < last.id
        query = query.where(or_(~waits, later) if last.state == _OPEN else ~waits & later)
    return session.scalars(query.limit(limit)).all()


def count_by_state(session: Session, held: Held | None = None) -> dict[str, int]:
    """Return how many tips stand in each state; states without one are left out."""
    query = select(TipRow.state, func.count()).group_by(TipRow.state)
    if held is not None:
        query = query.where(held.tips(session))
    return {row[0]: row[1] for row in session.execute(query)}


def group_of(session: Session, row: TipRow) -> Sequence[TipRow]:
    """Return the tips that tell of the same thing, first come first: merged, or in one case."""
    head = row.merged_into or row.id
    same = or_(TipRow.id == head, TipRow.merged_into == head)
    case_id = row.case_id
    if case_id is None and row.merged_into is not None:
        case_id = session.scalar(select(TipRow.case_id).where(TipRow.id == head))
    if case_id is not None:
        in_case = select(TipRow.id).where(TipRow.case_id == case_id)
        same = or_(same, TipRow.id.in_(in_case), TipRow.merged_into.in_(in_case))
    query = select(TipRow).where(same).order_by(TipRow.received_at, TipRow.id)
    return session.scalars(query).all()


def merged_with(session: Session, tip_id: int) -> Sequence[TipRow]:
    """Return the tips that were merged into one, by number."""
    return session.scalars(
        select(TipRow).where(TipRow.merged_into == tip_id).order_by(TipRow.id)
    ).all()


def theirs(session: Session, tip_ids: Sequence[int], held: Held | None) -> set[int]:
    """Return which of some tips somebody may know of."""
    if held is None:
        return set(tip_ids)
    query = select(TipRow.id).where(TipRow.id.in_(tip_ids), held.tips(session))
    return set(session.scalars(query))


def tips_around(
    session: Session, since: datetime, until: datetime, held: Held | None = None
) -> Sequence[TipRow]:
    """Return the tips of some days that another one may be the same as: not set aside, not merged."""
    query = select(TipRow).where(
        TipRow.state.in_((_OPEN, "linked")),
        TipRow.received_at >= since,
        TipRow.received_at <= until,
    )
    if held is not None:
        query = query.where(held.tips(session))
    return session.scalars(query.order_by(TipRow.received_at, TipRow.id)).all()


def answer_times(
    session: Session, held: Held | None = None
) -> list[tuple[datetime, datetime | None]]:
    """Return of every tip when it came and when the office first acted on it."""
    query = select(TipRow.received_at, TipRow.answered_at).order_by(TipRow.received_at)
    if held is not None:
        query = query.where(held.tips(session))
    return [(row[0], row[1]) for row in session.execute(query)]


def next_number(session: Session, year: int) -> str:
    """Return the next free number of a year, in a transaction that holds the write lock."""
    return next_serial(session, TipRow.number, f"T{year}-")


def missing(name: str) -> NotFoundError:
    """Return the refusal of a tip that there is not, or that somebody may not know of."""
    return NotFoundError(f"没有举报“{name}”", f"there is no tip {name!r}", code="no_tip")
