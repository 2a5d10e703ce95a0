"""The tables of cases. Their rows are sealed by the audit chain (:mod:`.seals`)."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import Dialect, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from geoinspect.store.geometry_type import WKBGeometry
from geoinspect.store.schema import Base, Boxed, FileRow


class SealedJSON(TypeDecorator[Any]):
    """JSON kept as one canonical text, so that the same value always has the same seal."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        """Return the text: keys sorted, no NaN."""
        if value is None:
            return None
        return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        """Return the value of a text."""
        return None if value is None else json.loads(value)


class CaseRow(Boxed, Base):
    """What people follow from suspicion to closing; ``geometry`` is its ground, a point or polygons.

    The row says how the case stands now and follows from its events alone.

    Attributes:
        number: For people, such as ``2027-00042``; never given twice.
        version: Number of its last event.
        facts: What is known by step: ``verified``, ``eradicated``, ``rechecked``, ``closed`` ….
        deadline: When the step that is next must be done; None without one.
    """

    __tablename__ = "case"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    title: Mapped[str]
    origin: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    state: Mapped[str] = mapped_column(String(12), index=True)
    state_since: Mapped[datetime]
    unit_code: Mapped[str | None] = mapped_column(index=True)
    area_code: Mapped[str | None] = mapped_column(index=True)
    deadline: Mapped[date | None]
    version: Mapped[int]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(SealedJSON)


class CaseEventRow(Base):
    """One thing that was done to a case; never changed.

    Attributes:
        seq: Its number within the case, from 1.
        at: When the server took it.
        happened: When it was done, by the sender's clock; None where nobody said.
        client_id: Made by the sender: the same one twice is one event.
        unit_code: Of the person who did it.
        details: What was said: outcome, reason, facts, note, what was before, what a clock or a
            place made doubtful.
    """

    __tablename__ = "case_event"
    __table_args__ = (UniqueConstraint("case_id", "seq"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    seq: Mapped[int]
    action: Mapped[str] = mapped_column(String(12))
    from_state: Mapped[str | None] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str]
    role: Mapped[str]
    unit_code: Mapped[str | None]
    at: Mapped[datetime]
    happened: Mapped[datetime | None]
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    details: Mapped[dict[str, Any]] = mapped_column(SealedJSON)


class CaseLinkRow(Base):
    """That a case rests on a patch, a tip, a target, a track …; with the ground it had then.

    Attributes:
        source_id: Its row; patches are replaced when their survey is detected again, so for them
            the geometry is what lasts.
        gone_at: When a split or an undo took it away.
    """

    __tablename__ = "case_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    source_id: Mapped[int] = mapped_column(index=True)
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("survey.id"), index=True)
    label: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    gone_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(SealedJSON)
    geometry: Mapped[Any] = mapped_column(WKBGeometry, nullable=True)


class EvidenceRow(Base):
    """A piece of evidence of a case; never changed.

    Attributes:
        sha256: Of the file's bytes, as they came; None for what has no file.
        taken: When, by the device that made it.
        lon, lat: Where, WGS84; None where it does not say.
        distance_m: From the case's ground as it was then.
        facts: Count, area, witness, place and clock problems.
    """

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    event_seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("file.id"), index=True)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    name: Mapped[str]
    note: Mapped[str]
    taken: Mapped[datetime | None]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    distance_m: Mapped[float | None]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(SealedJSON)
    file: Mapped[FileRow | None] = relationship(lazy="joined")


class TargetListRow(Base):
    """A list of places that a satellite centre pointed out."""

    __tablename__ = "target_list"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), unique=True)
    day: Mapped[date | None]
    tolerance_m: Mapped[float]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(SealedJSON)


class TargetRow(Boxed, Base):
    """One place of a target list, as it was read."""

    __tablename__ = "target"
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("target_list.id"), index=True)
    code: Mapped[str]
    area_m2: Mapped[float | None]
    day: Mapped[date | None]
    note: Mapped[str]
