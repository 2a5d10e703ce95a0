"""Questions about sites, the visits that tracks prove, and the answers that people gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, defer
from sqlalchemy.sql.elements import ColumnElement

from geoinspect.errors import NotFoundError
from geoinspect.store.held import Held
from geoinspect.store.schema import TrackRow
from geoinspect.store.sightings import Box, in_box
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow, SiteVisitRow

# SQLite takes 32,766 values in one question (https://www.sqlite.org/limits.html).
_BATCH = 10_000
# A degree of latitude is never shorter; at 60° a degree of longitude is half as long.
_LAT_M, _LON_M = 110_500.0, 55_000.0


@dataclass(frozen=True, slots=True)
class SiteFilter:
    """Which sites are wanted; None and empty are no restriction.

    Attributes:
        retired: Also those that are no longer visited.
        held: One person's own.
    """

    kind: str | None = None
    units: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    box: Box | None = None
    retired: bool = False
    held: Held | None = None


def site(session: Session, site_id: int) -> SiteRow:
    """Return a site by its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(SiteRow, site_id)
    if row is None:
        raise missing(str(site_id))
    return row


def site_coded(session: Session, code: str) -> SiteRow | None:
    """Return the site with a code, if there is one."""
    return session.scalar(select(SiteRow).where(SiteRow.code == code))


def site_named(session: Session, name: str) -> SiteRow:
    """Return a site by its code or its row number.

    Raises:
        NotFoundError: There is none.
    """
    row = site_coded(session, name.strip())
    if row is None and name.isascii() and name.isdecimal() and len(name) < 18:
        row = session.get(SiteRow, int(name))
    if row is None:
        raise missing(name[:40])
    return row


def site_of_case(session: Session, case_id: int) -> SiteRow | None:
    """Return the site that was made of a case, if there is one."""
    return session.scalar(select(SiteRow).where(SiteRow.case_id == case_id))


def sites(
    session: Session, wanted: SiteFilter | None = None, *, lean: bool = False
) -> Sequence[SiteRow]:
    """Return sites by code; ``lean`` leaves their grounds and checklists until somebody asks."""
    query = (
        select(SiteRow).where(*_conditions(session, wanted or SiteFilter())).order_by(SiteRow.code)
    )
    if lean:
        query = query.options(defer(SiteRow.geometry), defer(SiteRow.checklist))
    return session.scalars(query).all()


def grounds_of(session: Session, site_ids: Sequence[int]) -> dict[int, BaseGeometry]:
    """Return the grounds of some sites by row number, WGS84."""
    found: dict[int, BaseGeometry] = {}
    for start in range(0, len(site_ids), _BATCH):
        some = SiteRow.id.in_(site_ids[start : start + _BATCH])
        found |= dict(session.execute(select(SiteRow.id, SiteRow.geometry).where(some)).all())
    return found


def checklists(session: Session, site_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the questions of some sites by row number."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(site_ids), _BATCH):
        some = SiteRow.id.in_(site_ids[start : start + _BATCH])
        found |= dict(session.execute(select(SiteRow.id, SiteRow.checklist).where(some)).all())
    return found


def sites_near(session: Session, box: Box) -> Sequence[SiteRow]:
    """Return the sites whose radius may reach into a box, retired ones too."""
    widest_m = session.scalar(select(func.max(SiteRow.radius_m)))
    if widest_m is None:
        return []
    query = select(SiteRow).where(SiteRow.id.in_(in_box("site", widened(box, widest_m))))
    return session.scalars(query.order_by(SiteRow.id)).all()


def tracks_by(session: Session, row: SiteRow, modes: Iterable[str]) -> Sequence[int]:
    """Return the numbers of the timed tracks whose box comes within a site's radius."""
    box = widened((row.west, row.south, row.east, row.north), row.radius_m)
    query = select(TrackRow.id).where(
        TrackRow.id.in_(in_box("track", box)),
        TrackRow.mode.in_(tuple(modes)),
        TrackRow.first_time.is_not(None),
    )
    return session.scalars(query.order_by(TrackRow.id)).all()


def widened(box: Box, by_m: float) -> Box:
    """Return a box that is wider by some metres on each side, or a little more."""
    west, south, east, north = box
    over_deg, up_deg = by_m / _LON_M, by_m / _LAT_M
    return west - over_deg, south - up_deg, east + over_deg, north + up_deg


def drop_track_visits(session: Session, track_id: int) -> None:
    """Forget what a track proved."""
    session.execute(delete(SiteVisitRow).where(SiteVisitRow.track_id == track_id))


def drop_site_visits(session: Session, site_ids: Sequence[int]) -> None:
    """Forget all visits to some sites."""
    for start in range(0, len(site_ids), _BATCH):
        some = site_ids[start : start + _BATCH]
        session.execute(delete(SiteVisitRow).where(SiteVisitRow.site_id.in_(some)))


def visits_of_site(
    session: Session, site_id: int, *, limit: int | None = None
) -> Sequence[SiteVisitRow]:
    """Return the visits to a site, newest first."""
    query = select(SiteVisitRow).where(SiteVisitRow.site_id == site_id)
    order = SiteVisitRow.arrived.desc(), SiteVisitRow.id.desc()
    return session.scalars(query.order_by(*order).limit(limit)).all()


def last_visits(session: Session, today: date) -> dict[int, SiteVisitRow]:
    """Return the newest visit to each site up to a day; a clock that runs ahead proves nothing yet."""
    newest = (
        select(
            SiteVisitRow.id,
            func.row_number()
            .over(
                partition_by=SiteVisitRow.site_id,
                order_by=(SiteVisitRow.arrived.desc(), SiteVisitRow.id.desc()),
            )
            .label("place"),
        )
        .where(SiteVisitRow.day <= today)
        .subquery()
    )
    query = select(SiteVisitRow).join(newest, newest.c.id == SiteVisitRow.id)
    return {row.site_id: row for row in session.scalars(query.where(newest.c.place == 1))}


def count_visits(session: Session, start: date, end: date) -> dict[int, int]:
    """Return how many visits each site had from one day to another."""
    query = select(SiteVisitRow.site_id, func.count()).where(
        SiteVisitRow.day >= start, SiteVisitRow.day <= end
    )
    return dict(session.execute(query.group_by(SiteVisitRow.site_id)).all())


def answers_of_site(
    session: Session, site_id: int, *, limit: int | None = None
) -> Sequence[SiteAnswerRow]:
    """Return the answers given at a site, newest first."""
    query = select(SiteAnswerRow).where(SiteAnswerRow.site_id == site_id)
    order = SiteAnswerRow.day.desc(), SiteAnswerRow.id.desc()
    return session.scalars(query.order_by(*order).limit(limit)).all()


def answer_sent(session: Session, client_id: str) -> SiteAnswerRow | None:
    """Return the answer that came with an identifier, if it came."""
    return session.scalar(select(SiteAnswerRow).where(SiteAnswerRow.client_id == client_id))


def last_answers(session: Session) -> dict[int, date]:
    """Return the day of the newest answer at each site."""
    query = select(SiteAnswerRow.site_id, func.max(SiteAnswerRow.day))
    return dict(session.execute(query.group_by(SiteAnswerRow.site_id)).all())


def _conditions(session: Session, wanted: SiteFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not wanted.retired:
        found.append(SiteRow.active.is_(True))
    if wanted.kind is not None:
        found.append(SiteRow.kind == wanted.kind)
    if wanted.units is not None:
        found.append(SiteRow.unit_code.in_(wanted.units))
    if wanted.areas is not None:
        found.append(SiteRow.area_code.in_(wanted.areas))
    if wanted.box is not None:
        found.append(SiteRow.id.in_(in_box("site", wanted.box)))
    if wanted.held is not None:
        found.append(wanted.held.sites(session))
    return found


def missing(name: str) -> NotFoundError:
    """Return the refusal of a site that there is not, or that somebody may not know of."""
    return NotFoundError(f"没有重点部位“{name}”", f"there is no site {name!r}", code="no_site")
