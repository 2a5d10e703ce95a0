"""Counts of cases, sites and uploads by area, as they stand now and as they stood a day before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import Event, stand, without_undone
from geoinspect.cases.records import CaseAction, CaseState
from geoinspect.casework.sites_told import due_of
from geoinspect.casework.writing import event_of
from geoinspect.records import CHINA_TIME
from geoinspect.settings import Settings
from geoinspect.store import sites
from geoinspect.store.case_schema import CaseEventRow, CaseRow
from geoinspect.store.schema import UploadRow, UserRow
from geoinspect.store.sites import SiteFilter
from geoinspect.territory import Territory

_BATCH = 500
_SITE_LATE = frozenset({"overdue", "never"})
_SITE_ENDED = frozenset({"ended", "retired"})
Code = str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one area, or of an area with all below it.

    Attributes:
        open: Cases that wait for something to be done.
        overdue: Of them, those whose step should have been done before the day.
        standing: Of them, those confirmed and not yet eradicated.
        sites: Sites to be visited.
        sites_late: Of them, those whose visit is overdue, or that nobody ever visited.
    """

    open: int = 0
    overdue: int = 0
    standing: int = 0
    sites: int = 0
    sites_late: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What happened on one day."""

    day: date
    opened: int = 0
    confirmed: int = 0
    eradicated: int = 0
    closed: int = 0


def end_of(day: date) -> datetime:
    """Return the moment at which a day ends in Beijing."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA_TIME)


def tallies(
    session: Session, settings: Settings, day: date, *, until: datetime | None = None
) -> dict[Code, Tally]:
    """Return the counts of every area's own records, without those of areas below it.

    Args:
        session: Open.
        settings: For when a visit to a site is late.
        day: The day they are counted for, in Beijing.
        until: Leave out what was done to cases from this moment on; None takes all.

    Returns:
        Counts by area code; under None what lies in no area.
    """
    found: dict[Code, Tally] = {}
    for area, state, deadline in _standings(session, until):
        if state.ended:
            continue
        late = deadline is not None and deadline < day
        counts = Tally(1, int(late), int(state is CaseState.CONFIRMED))
        found[area] = found.get(area, Tally()) + counts
    last = sites.last_visits(session, day)
    for row in sites.sites(session, SiteFilter(), lean=True):
        if until is not None and row.made_at >= until:
            continue
        visit = last.get(row.id)
        due = due_of(row, None if visit is None else visit.day, day, settings.site_soon_days).state
        if due not in _SITE_ENDED:
            late_site = Tally(sites=1, sites_late=int(due in _SITE_LATE))
            found[row.area_code] = found.get(row.area_code, Tally()) + late_site
    return found


def rolled_up(own: Mapping[Code, Tally], parents: Mapping[str, Code]) -> dict[str, Tally]:
    """Return the counts of every area with all below it.

    Args:
        own: Counts of each area's own records.
        parents: Code of every area → code of the one around it.
    """
    found = dict.fromkeys(parents, Tally())
    for code, tally in own.items():
        at: Code = code
        seen: set[str] = set()
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            found[at] += tally
            at = parents[at]
    return found


def uploads_on(session: Session, day: date, territory: Territory) -> int:
    """Return how many files arrived whole on a day from people of a territory's units."""
    query = (
        select(func.count()).select_from(UploadRow).join(UserRow, UserRow.id == UploadRow.user_id)
    )
    query = query.where(
        UploadRow.received_at >= end_of(day - timedelta(days=1)),
        UploadRow.received_at < end_of(day),
    )
    if not territory.whole:
        query = query.where(UserRow.unit_code.in_(territory.units))
    return session.scalar(query) or 0


def day_counts(session: Session, first: date, last: date, areas: Iterable[Code]) -> list[DayCounts]:
    """Return what was done to the cases of some areas on each day, by when the server took it.

    What was undone since does not count.

    Args:
        session: Open.
        first, last: Days in Beijing, both included.
        areas: Whose own cases; None among them stands for those in no area.
    """
    wanted = frozenset(areas)
    begin, end = end_of(first - timedelta(days=1)), end_of(last)
    counts = {first + timedelta(days=n): [0, 0, 0, 0] for n in range((last - first).days + 1)}
    for _case_id, area, events in _changed_since(session, begin):
        if area not in wanted:
            continue
        for event in without_undone(events):
            kind = _kind_of(event)
            if kind is not None and begin <= event.at < end:
                counts[event.at.astimezone(CHINA_TIME).date()][kind] += 1
    return [DayCounts(day, *numbers) for day, numbers in counts.items()]


def _kind_of(event: Event) -> int | None:
    """Return the place of an event in :class:`DayCounts`; None for one that is not counted."""
    if event.action is CaseAction.OPEN:
        return 0
    if not event.moves:
        return None
    if event.action is CaseAction.ERADICATE:
        return 2
    if event.to_state is CaseState.CONFIRMED:
        return 1
    return 3 if event.to_state is CaseState.CLOSED else None


def _standings(
    session: Session, until: datetime | None
) -> Iterable[tuple[Code, CaseState, date | None]]:
    """Yield area, state and deadline of every case, as they were before a moment."""
    query = select(
        CaseRow.id, CaseRow.area_code, CaseRow.state, CaseRow.deadline, CaseRow.opened_at
    )
    rows = session.execute(query).all()
    earlier = {} if until is None else _stood_before(session, until)
    for case_id, area, state, deadline, opened_at in rows:
        if until is not None and opened_at >= until:
            continue
        yield (area, *earlier.get(case_id, (CaseState(state), deadline)))


def _stood_before(session: Session, moment: datetime) -> dict[int, tuple[CaseState, date | None]]:
    """Return how the cases that something was done to since a moment stood before it."""
    found = {}
    for case_id, _area, events in _changed_since(session, moment):
        before = [event for event in events if event.at < moment]
        if before:
            standing = stand(before)
            found[case_id] = (standing.state, standing.deadline)
    return found


def _changed_since(session: Session, moment: datetime) -> Iterable[tuple[int, Code, list[Event]]]:
    """Yield number, area and all events of every case that has an event since a moment."""
    ids = sorted(
        set(session.scalars(select(CaseEventRow.case_id).where(CaseEventRow.at >= moment)))
    )
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        areas = select(CaseRow.id, CaseRow.area_code).where(CaseRow.id.in_(some))
        area_of = {row[0]: row[1] for row in session.execute(areas)}
        events = session.scalars(
            select(CaseEventRow)
            .where(CaseEventRow.case_id.in_(some))
            .order_by(CaseEventRow.case_id, CaseEventRow.seq)
        )
        for case_id, group in groupby(events, key=lambda one: one.case_id):
            yield case_id, area_of[case_id], [event_of(one) for one in group]
