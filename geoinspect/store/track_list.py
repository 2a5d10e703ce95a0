"""Which tracks a list shows, and in which order: what waits for a person first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, select, tuple_
from sqlalchemy.orm import Session

from geoinspect.records import Mode
from geoinspect.store.schema import TrackRow
from geoinspect.store.sightings import missing


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """What to list; None and False take all.

    Attributes:
        team: The team's whole name.
        start, end: First and last day; a track without a day is in no span of days.
        doubtful: Only tracks with doubts, decided or not.
        undecided: Only tracks that nobody has decided on.
        only: What else must hold.
    """

    unit_code: str | None = None
    team: str | None = None
    mode: Mode | None = None
    start: date | None = None
    end: date | None = None
    doubtful: bool = False
    undecided: bool = False
    only: ColumnElement[bool] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a track stands in the list; the next page begins behind it."""

    waiting: bool
    day: str
    track_id: int


class SortBy(StrEnum):
    """What a list can be sorted by."""

    DAY = "day"
    LENGTH = "length"
    UNIT = "unit"
    DOUBTS = "doubts"


@dataclass(frozen=True, slots=True)
class Order:
    """In which order to list."""

    by: SortBy
    falling: bool


_SORTS: dict[SortBy, ColumnElement[Any]] = {
    SortBy.DAY: func.coalesce(cast(TrackRow.day, String), ""),
    SortBy.LENGTH: TrackRow.cleaned_length_m.expression,
    SortBy.UNIT: func.coalesce(TrackRow.unit_code, ""),
    SortBy.DOUBTS: func.json_array_length(TrackRow.doubts),
}
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


def sorted_by(
    session: Session, wanted: TrackFilter, order: Order, *, limit: int, after: int | None = None
) -> Sequence[TrackRow]:
    """Return tracks in another order, equal ones by number.

    Args:
        session: Of the workspace.
        wanted: Which tracks.
        order: By what; what is not known counts as the least.
        limit: At most so many.
        after: Number of the track behind which to begin.

    Raises:
        NotFoundError: ``after`` is no track, or not one of the wanted.
    """
    key = (_SORTS[order.by], TrackRow.id)
    query = select(TrackRow).where(*_conditions(wanted))
    if after is not None:
        at = session.execute(
            select(*key).where(TrackRow.id == after, *_conditions(wanted))
        ).one_or_none()
        if at is None:
            raise missing("轨迹", "track", after)
        here, place = tuple_(*key), tuple_(*at)
        query = query.where(here < place if order.falling else here > place)
    way = [part.desc() if order.falling else part.asc() for part in key]
    return session.scalars(query.order_by(*way).limit(limit)).all()


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
    if wanted.only is not None:
        conditions.append(wanted.only)
    return conditions
