"""The tables of searching: how well ground is seen, where risk lies, what is claimed and planned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from geoinspect.store.schema import Base, Boxed, FileRow


class DetectionRateRow(Base):
    """A row of the table of sweep widths and rates; the newest valid one for a case wins."""

    __tablename__ = "detection_rate"
    id: Mapped[int] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(String(12))
    visibility: Mapped[str | None]
    stage: Mapped[str | None]
    width_m: Mapped[float | None]
    rate: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    patch_m2: Mapped[float]
    valid_from: Mapped[date | None]
    source: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class FootprintRow(Boxed, Base):
    """Ground that a picture showed of which only the outline came to us."""

    __tablename__ = "footprint"
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), index=True)
    part: Mapped[int]
    method: Mapped[str] = mapped_column(String(12))
    name: Mapped[str]
    unit_code: Mapped[str | None]
    day: Mapped[date]
    rate: Mapped[float | None]
    patch_m2: Mapped[float | None]
    file: Mapped[FileRow] = relationship(lazy="joined")


class LandmarkRow(Boxed, Base):
    """A road, a house, water or a way in, which risk and plans look at."""

    __tablename__ = "landmark"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str]
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), index=True)


class ReliefRow(Base):
    """Altitude and slope of a campaign's cells, from a digital elevation model."""

    __tablename__ = "relief"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), unique=True)
    cells: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class RiskRuleRow(Base):
    """What an office changed of one factor of the prior risk."""

    __tablename__ = "risk_rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    factor: Mapped[str] = mapped_column(String(16), unique=True)
    values: Mapped[dict[str, Any]]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class RiskEditRow(Boxed, Base):
    """Ground whose risk a person set by hand, with the reason."""

    __tablename__ = "risk_edit"
    id: Mapped[int] = mapped_column(primary_key=True)
    multiplier: Mapped[float]
    note: Mapped[str]
    set_by: Mapped[str] = mapped_column(index=True)
    set_at: Mapped[datetime]


class ClaimRow(Base):
    """What was claimed of a campaign's areas on a day; never changed afterwards."""

    __tablename__ = "claim"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    as_of: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    details: Mapped[dict[str, Any]]


class PlanRow(Base):
    """A plan of patrols: what was asked, the routes, and what they would bring."""

    __tablename__ = "plan"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    name: Mapped[str]
    day: Mapped[date | None]
    unit_code: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    asked: Mapped[dict[str, Any]]
    routes: Mapped[list[dict[str, Any]]]
    figures: Mapped[dict[str, Any]]


class CrossCheckRow(Base):
    """Cells drawn for another unit to search again, and what it found there."""

    __tablename__ = "cross_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    seed: Mapped[str]
    share: Mapped[float]
    as_of: Mapped[date]
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str]
    cells: Mapped[list[dict[str, Any]]]
    drawn_from: Mapped[dict[str, Any]]


class TrialRow(Base):
    """A seeded trial: targets placed, a search, what was found, and the width or rate it gives."""

    __tablename__ = "trial"
    id: Mapped[int] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(String(12))
    visibility: Mapped[str | None]
    stage: Mapped[str | None]
    day: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    targets: Mapped[list[dict[str, Any]]]
    result: Mapped[dict[str, Any]]
