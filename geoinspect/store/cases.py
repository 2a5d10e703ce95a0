"""Questions about cases, their events, links and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer, undefer
from sqlalchemy.sql.elements import ColumnElement

from geoinspect.errors import NotFoundError
from geoinspect.store.case_schema import CaseEventRow, CaseLinkRow, CaseRow, EvidenceRow
from geoinspect.store.held import Held
from geoinspect.store.schema import AreaRow
from geoinspect.store.serials import next_serial
from geoinspect.store.sightings import Box, in_box

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted; None and empty are no restriction.

    Attributes:
        states: Any of these.
        overdue_on: Those whose deadline is before this day.
        units: Assigned to any of these.
        opened: From one moment to another, both included.
        text: In the number or the title.
        held: One person's own.
    """

    states: tuple[str, ...] = ()
    origin: str | None = None
    units: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    overdue_on: date | None = None
    box: Box | None = None
    opened: tuple[datetime, datetime] | None = None
    text: str = ""
    held: Held | None = None


def case(session: Session, case_id: int) -> CaseRow:
    """Return a case by its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(CaseRow, case_id)
    if row is None:
        raise missing(str(case_id))
    return row


def case_named(session: Session, name: str) -> CaseRow:
    """Return a case by its number for people (``2027-00042``) or its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.scalar(select(CaseRow).where(CaseRow.number == name.strip()))
    if row is None and name.isascii() and name.isdecimal() and len(name) < 18:
        row = session.get(CaseRow, int(name))
    if row is None:
        raise missing(name[:40])
    return row


def events_of(session: Session, case_id: int) -> Sequence[CaseEventRow]:
    """Return what was done to a case, in its order."""
    query = select(CaseEventRow).where(CaseEventRow.case_id == case_id)
    return session.scalars(query.order_by(CaseEventRow.seq)).all()


def event_sent(session: Session, client_id: str) -> CaseEventRow | None:
    """Return the event that came with an identifier, if it came."""
    return session.scalar(select(CaseEventRow).where(CaseEventRow.client_id == client_id))


def links_of(session: Session, case_id: int, *, gone: bool = False) -> Sequence[CaseLinkRow]:
    """Return what a case rests on, in the order it came; with ``gone`` also what was taken away."""
    query = select(CaseLinkRow).where(CaseLinkRow.case_id == case_id)
    if not gone:
        query = query.where(CaseLinkRow.gone_at.is_(None))
    return session.scalars(query.order_by(CaseLinkRow.id)).all()


def links_to(session: Session, kind: str, source_ids: Sequence[int]) -> dict[int, CaseLinkRow]:
    """Return the newest standing link to each of some sources."""
    found: dict[int, CaseLinkRow] = {}
    for start in range(0, len(source_ids), 500):
        query = select(CaseLinkRow).where(
            CaseLinkRow.kind == kind,
            CaseLinkRow.gone_at.is_(None),
            CaseLinkRow.source_id.in_(source_ids[start : start + 500]),
        )
        found |= {row.source_id: row for row in session.scalars(query.order_by(CaseLinkRow.id))}
    return found


def evidence_of(session: Session, case_id: int) -> Sequence[EvidenceRow]:
    """Return the evidence of a case in the order it came."""
    query = select(EvidenceRow).where(EvidenceRow.case_id == case_id)
    return session.scalars(query.order_by(EvidenceRow.id)).all()


def merged_into(session: Session, case_id: int) -> Sequence[CaseRow]:
    """Return the cases that went into one, by number."""
    query = select(CaseRow).where(CaseRow.merged_into == case_id).order_by(CaseRow.id)
    return session.scalars(query).all()


def cases(
    session: Session,
    wanted: CaseFilter | None = None,
    *,
    limit: int | None = None,
    before: int | None = None,
    lean: bool = False,
) -> Sequence[CaseRow]:
    """Return cases, newest first.

    Args:
        session: Open.
        wanted: Which; None is all.
        limit: How many at most.
        before: Only those with a smaller row number, for the next page.
        lean: Leave the ground and the facts of each where they are until somebody asks for them.
    """
    query = select(CaseRow).where(*_conditions(session, wanted)).order_by(CaseRow.id.desc())
    if lean:
        query = query.options(defer(CaseRow.geometry), defer(CaseRow.facts))
    if before is not None:
        query = query.where(CaseRow.id < before)
    return session.scalars(query.limit(limit)).all()


def grounds_of(session: Session, case_ids: Sequence[int]) -> dict[int, BaseGeometry]:
    """Return the grounds of some cases by row number, WGS84."""
    found: dict[int, BaseGeometry] = {}
    for start in range(0, len(case_ids), _AT_ONCE):
        some = CaseRow.id.in_(case_ids[start : start + _AT_ONCE])
        found |= dict(session.execute(select(CaseRow.id, CaseRow.geometry).where(some)).all())
    return found


def fill(session: Session, rows: Sequence[CaseRow]) -> None:
    """Let lean cases (see :func:`cases`) have their grounds and facts, asked for at once."""
    numbers = [row.id for row in rows]
    for start in range(0, len(numbers), _AT_ONCE):
        some = CaseRow.id.in_(numbers[start : start + _AT_ONCE])
        whole = undefer(CaseRow.geometry), undefer(CaseRow.facts)
        again = {"populate_existing": True}
        session.scalars(select(CaseRow).where(some).options(*whole), execution_options=again).all()


def count_by_state(session: Session, wanted: CaseFilter | None = None) -> dict[str, int]:
    """Return how many cases stand in each state; states without one are left out."""
    query = (
        select(CaseRow.state, func.count())
        .where(*_conditions(session, wanted))
        .group_by(CaseRow.state)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def next_number(session: Session, year: int) -> str:
    """Return the next free number of a year, in a transaction that holds the write lock."""
    return next_serial(session, CaseRow.number, f"{year}-")


def area_at(session: Session, lon: float, lat: float) -> AreaRow | None:
    """Return the smallest area that holds a place, WGS84; None outside all of them."""
    boxes = AreaRow.id.in_(in_box("area", (lon, lat, lon, lat)))
    rows = session.scalars(select(AreaRow).where(boxes).order_by(AreaRow.area_m2, AreaRow.code))
    place = Point(lon, lat)
    return next((row for row in rows if row.geometry.covers(place)), None)


def _conditions(session: Session, wanted: CaseFilter | None) -> list[ColumnElement[bool]]:
    if wanted is None:
        return []
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(CaseRow.state.in_(wanted.states))
    if wanted.origin is not None:
        found.append(CaseRow.origin == wanted.origin)
    if wanted.units is not None:
        found.append(CaseRow.unit_code.in_(wanted.units))
    if wanted.areas is not None:
        found.append(CaseRow.area_code.in_(wanted.areas))
    if wanted.overdue_on is not None:
        found.append(CaseRow.deadline < wanted.overdue_on)
    if wanted.box is not None:
        found.append(CaseRow.id.in_(in_box("case", wanted.box)))
    if wanted.opened is not None:
        since, until = wanted.opened
        found += [CaseRow.opened_at >= since, CaseRow.opened_at <= until]
    if wanted.text:
        found.append(_says(wanted.text))
    if wanted.held is not None:
        found.append(wanted.held.cases(session))
    return found


def _says(text: str) -> ColumnElement[bool]:
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return CaseRow.number.like(like, escape="\\") | CaseRow.title.like(like, escape="\\")


def missing(name: str) -> NotFoundError:
    """Return the refusal of a case that there is not, or that somebody may not know of."""
    return NotFoundError(f"没有线索“{name}”", f"there is no case {name!r}", code="no_case")
