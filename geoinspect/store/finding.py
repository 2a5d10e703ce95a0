"""Records by a number, code or name that somebody typed, and the day of the newest look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, defer

from geoinspect.records import CHINA_TIME
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import LookRow, PatchRow, SurveyRow, TrackRow
from geoinspect.store.site_schema import SiteRow


def cases_like(session: Session, text: str, most: int) -> Sequence[CaseRow]:
    """Return cases with a text in their number or title, newest first."""
    like = or_(
        CaseRow.number.contains(text, autoescape=True),
        CaseRow.title.contains(text, autoescape=True),
    )
    query = select(CaseRow).where(like).order_by(CaseRow.id.desc()).limit(most)
    return session.scalars(query.options(defer(CaseRow.facts))).all()


def sites_like(session: Session, text: str, most: int) -> Sequence[SiteRow]:
    """Return sites with a text in their code or name, by code."""
    like = or_(
        SiteRow.code.contains(text, autoescape=True), SiteRow.name.contains(text, autoescape=True)
    )
    return session.scalars(select(SiteRow).where(like).order_by(SiteRow.code).limit(most)).all()


def tracks_like(session: Session, text: str, number: int | None, most: int) -> Sequence[TrackRow]:
    """Return tracks with a number, or with a text in their name; that number first, then newest."""
    like = TrackRow.name.contains(text, autoescape=True)
    query = select(TrackRow).where(like).order_by(TrackRow.id.desc()).limit(most)
    rows = list(session.scalars(query))
    numbered = None if number is None else session.get(TrackRow, number)
    if numbered is None:
        return rows
    return [numbered, *(row for row in rows if row.id != number)]


def patch_numbered(session: Session, number: int | None) -> PatchRow | None:
    """Return the patch with a number, if there is one."""
    return None if number is None else session.get(PatchRow, number)


def campaign_look(session: Session, campaign_id: int, until: date) -> date | None:
    """Return the day of the newest look of a campaign up to a day; None without any."""
    newest = select(func.max(LookRow.day)).where(LookRow.campaign_id == campaign_id)
    return session.scalar(newest.where(LookRow.day <= until))


def newest_look(session: Session, unit_codes: Iterable[str] | None) -> date | None:
    """Return the day, in Beijing time, of the newest track or drone picture; None without any.

    Args:
        session: Open.
        unit_codes: Count what these units sent; None counts everything.
    """
    days, taken = select(func.max(TrackRow.day)), select(func.max(SurveyRow.taken))
    if unit_codes is not None:
        codes = sorted(unit_codes)
        days = days.where(TrackRow.unit_code.in_(codes))
        taken = taken.where(SurveyRow.unit_code.in_(codes))
    moment = session.scalar(taken)
    found = [session.scalar(days), None if moment is None else moment.astimezone(CHINA_TIME).date()]
    return max((day for day in found if day is not None), default=None)
