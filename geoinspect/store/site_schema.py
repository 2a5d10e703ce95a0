"""The tables of sites and of tips. All but the visits, which follow from tracks, are sealed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from geoinspect.store.case_schema import SealedJSON
from geoinspect.store.schema import Base, Boxed


class SiteRow(Boxed, Base):
    """A place to visit every so often; ``geometry`` is a point or polygons.

    Attributes:
        starts, ends: Days within which visits are due; None is open.
        risk: Multiplier of the prior risk of its ground; 1 changes nothing.
        case_id: The case it was made of, for a former growing place.
    """

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    unit_code: Mapped[str | None] = mapped_column(index=True)
    area_code: Mapped[str | None] = mapped_column(index=True)
    interval_days: Mapped[int]
    radius_m: Mapped[float]
    dwell_s: Mapped[float]
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    risk: Mapped[float]
    checklist: Mapped[list[Any]] = mapped_column(SealedJSON)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    note: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class SiteVisitRow(Base):
    """That a track stayed at a site long enough; made anew from tracks, so it carries no seal."""

    __tablename__ = "site_visit"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("track.id"), index=True)
    day: Mapped[date] = mapped_column(index=True)
    arrived: Mapped[datetime]
    dwell_s: Mapped[float]
    nearest_m: Mapped[float]
    unit_code: Mapped[str | None]


class SiteAnswerRow(Base):
    """What somebody answered to a site's checklist on a day; never changed.

    Attributes:
        happened: By the sender's clock; None where nobody said.
        file_ids: Photos.
    """

    __tablename__ = "site_answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    day: Mapped[date]
    at: Mapped[datetime]
    happened: Mapped[datetime | None]
    by: Mapped[str]
    unit_code: Mapped[str | None]
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    note: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(SealedJSON)
    files: Mapped[list[Any]] = mapped_column(SealedJSON)


class TipRow(Base):
    """A report from the public, with no identity in clear.

    Attributes:
        claim_hash: Of the code that the reporter alone knows; None without a wish for a reward.
        state: ``received``, ``linked``, ``dismissed`` or ``merged``.
        answered_at: When the office first acted on it.
        files: Photos, stripped of what names a device or a person.
    """

    __tablename__ = "tip"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    received_at: Mapped[datetime]
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    claim_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    text: Mapped[str]
    place: Mapped[str]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(10), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    reward: Mapped[str] = mapped_column(String(10))
    reward_yuan: Mapped[float | None]
    files: Mapped[list[Any]] = mapped_column(SealedJSON)
    details: Mapped[dict[str, Any]] = mapped_column(SealedJSON)
