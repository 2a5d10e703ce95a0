"""Which tracks a list shows, and in which order: what waits for a person first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, String, and_, case, cast, func, select, tuple_
from sqlalchemy.orm import Session

from geoinspect.records import Mode
from geoinspect.store.schema import TrackRow


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """What to list; None and False take all.

    Attributes:
        team: The team's whole name.
        start, end: First and last day; a track without a day is in no span of days.
        doubtful: Only tracks with doubts, decided or not.
        undecided: Only tracks that nobody has decided on.
    """

    unit_code: str | None = None
    team: str | None = None
    mode: Mode | None = None
    start: date | None = None
    end: date | None = None
    doubtful: bool = False
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a track stands in the list; the next page begins behind it."""

    waiting: bool
    day: str
    track_id: int


_DOUBTED = TrackRow.doubts != []
_UNDECIDED = TrackRow.decision == {}
_WAITING = and_(_DOUBTED, _UNDECIDED)
_KEY = (case((_WAITING, 1), else_=0), func.coalesce(cast(TrackRow.day, String), ""), TrackRow.id)


def listed(
    session: Session, wanted: TrackFilter, *, limit: int, after: Place | None = None
) -> Sequence[TrackRow]:
    """Return tracks: those with doubts that nobody decided on first, then newest day first."""
    query = select(TrackRow).where(*_conditions(wanted))
    if after is not None:
        place = tuple_(int(after.waiting), after.day, after.track_id)
        query = query.where(tuple_(*_KEY) < place)
    order = [part.desc() for part in _KEY]
    return session.scalars(query.order_by(*order).limit(limit)).all()


def place_of(row: TrackRow) -> Place:
    """Return where a track stands in the list."""
    waiting = bool(row.doubts) and not row.decision
    return Place(waiting, "" if row.day is None else row.day.isoformat(), row.id)


def count_listed(session: Session, wanted: TrackFilter) -> tuple[int, int]:
    """Return how many tracks a list holds, and how many of them wait for a person."""
    waiting = func.coalesce(func.sum(_KEY[0]), 0)
    query = select(func.count(), waiting).select_from(TrackRow).where(*_conditions(wanted))
    total, left = session.execute(query).one()
    return int(total), int(left)


def _conditions(wanted: TrackFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (TrackRow.unit_code, wanted.unit_code),
        (TrackRow.team, wanted.team),
        (TrackRow.mode, wanted.mode),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.start is not None:
        conditions.append(TrackRow.day >= wanted.start)
    if wanted.end is not None:
        conditions.append(TrackRow.day <= wanted.end)
    if wanted.doubtful:
        conditions.append(_DOUBTED)
    if wanted.undecided:
        conditions.append(_UNDECIDED)
    return conditions
