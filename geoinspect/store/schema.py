"""The tables. One class, one table, one word of the design's vocabulary."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Dialect,
    ForeignKey,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from geoinspect.store.geometry_type import WKBGeometry

# Tables whose boxes are kept in an R*Tree; the first migration makes one `…_box` table for each.
BOXED_TABLES = (
    *("area", "zone", "track", "survey", "patch", "photo"),
    *("footprint", "landmark", "risk_edit"),
    *("case", "target", "site"),
)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC moment, stored as ISO 8601 text with ``Z`` so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Return the text of an aware datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r} must not reach the store")
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Return the aware datetime of a text."""
        return None if value is None else datetime.fromisoformat(value)


class Base(DeclarativeBase):
    """Base of all tables, with constraint names that a migration can drop again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this from the class
        datetime: UTCDateTime,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        list[str]: JSON,
    }


class Boxed:
    """A row with a WGS84 geometry and its box, which an R*Tree indexes."""

    geometry: Mapped[Any] = mapped_column(WKBGeometry)
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]


def _keep_box(mapper: Mapper[Any], connection: object, target: Boxed) -> None:
    target.west, target.south, target.east, target.north = target.geometry.bounds


event.listen(Boxed, "before_insert", _keep_box, propagate=True)
event.listen(Boxed, "before_update", _keep_box, propagate=True)


class UnitRow(Base):
    """Who answers for areas."""

    __tablename__ = "unit"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_code: Mapped[str | None]


class AreaRow(Boxed, Base):
    """A node of the area tree."""

    __tablename__ = "area"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(index=True)
    unit_code: Mapped[str | None]
    area_m2: Mapped[float]


class ZoneRow(Boxed, Base):
    """Ground with a raised or zero prior risk.

    Attributes:
        licence_no, licence_m2: Of a licensed parcel: the licence's number and the area it allows.
    """

    __tablename__ = "zone"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    licence_no: Mapped[str | None]
    licence_m2: Mapped[float | None]


class FileRow(Base):
    """A file as it came, kept under its hash."""

    __tablename__ = "file"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    bytes: Mapped[int]
    received_at: Mapped[datetime]


class CampaignRow(Base):
    """A time window over an area with a grid; ``ground`` holds its cells (see coverage.ground)."""

    __tablename__ = "campaign"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    area_code: Mapped[str]
    start: Mapped[date]
    end: Mapped[date]
    cell_m: Mapped[float]
    crs: Mapped[str]
    side: Mapped[int]
    ground: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class PersonRow(Base):
    """Somebody on the roster, by code alone: no name is needed to count patrols."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    unit_code: Mapped[str | None]


class PatrolRow(Base):
    """One team's outing: one or more tracks of one day.

    ``headcount`` is what the sender said; who is named by code is kept with the tracks.
    """

    __tablename__ = "patrol"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_code: Mapped[str | None]
    team: Mapped[str | None]
    mode: Mapped[str]
    purpose: Mapped[str]
    day: Mapped[date | None] = mapped_column(index=True)
    headcount: Mapped[int | None]
    first_time: Mapped[datetime | None]
    last_time: Mapped[datetime | None]


class TrackRow(Boxed, Base):
    """One outing of a track file after reading and cleaning; ``geometry`` is the cleaned line.

    Attributes:
        part: Which outing of its file, from 0.
        people: Codes of those who walked it.
        counted_length_m: Cleaned length without what repeats another track.
        inside_length_m, inside_s: Of it inside the unit's own area; None without one.
        choices: What a person chose for this track: mode, datum, rules off, how it counts.
        doubts: Reasons to look at it.
        decision: What a person made of them; empty while nobody has.
        trace: Its raw points (see patrols.trace); None in rows older than version 0002.
        sketch: What it is compared with others by (see patrols.fingerprints).
        route: The ground cells it went over (see patrols.routes).
    """

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("file_id", "part"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"))
    part: Mapped[int] = mapped_column(default=0)
    patrol_id: Mapped[int | None] = mapped_column(ForeignKey("patrol.id"), index=True)
    people: Mapped[list[str]] = mapped_column(default=list)
    counted_length_m: Mapped[float] = mapped_column(default=0.0)
    inside_length_m: Mapped[float | None]
    inside_s: Mapped[float | None]
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    doubts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    decision: Mapped[dict[str, Any]] = mapped_column(default=dict)
    trace: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sketch: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    route: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    name: Mapped[str]
    format: Mapped[str]
    unit_code: Mapped[str | None]
    team: Mapped[str | None]
    mode: Mapped[str]
    day: Mapped[date | None]
    first_time: Mapped[datetime | None]
    last_time: Mapped[datetime | None]
    points: Mapped[int]
    length_m: Mapped[float]
    cleaned_length_m: Mapped[float]
    datum_found: Mapped[str | None]
    datum_used: Mapped[str]
    report: Mapped[dict[str, Any]]
    file: Mapped[FileRow] = relationship(lazy="joined")


class CopyRow(Base):
    """That one track repeats another that came before it (see patrols.copies)."""

    __tablename__ = "copy"
    id: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[int] = mapped_column(ForeignKey("track.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("track.id"), index=True)
    kind: Mapped[str]
    share: Mapped[float]
    other_share: Mapped[float]
    offset_s: Mapped[float | None]
    shift_m: Mapped[float]


class PhotoRow(Boxed, Base):
    """A picture with a place and time of its own; ``geometry`` is where it was taken."""

    __tablename__ = "photo"
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), unique=True)
    name: Mapped[str]
    unit_code: Mapped[str | None]
    team: Mapped[str | None]
    taken: Mapped[datetime | None]
    report: Mapped[dict[str, Any]]
    file: Mapped[FileRow] = relationship(lazy="joined")


class SurveyRow(Boxed, Base):
    """A drone picture or scene; ``geometry`` is the outline of its valid ground.

    Attributes:
        report: Its check, tables and comparisons: up to megabytes, so read only when asked for,
            inside the session.
    """

    __tablename__ = "survey"
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), unique=True)
    name: Mapped[str]
    unit_code: Mapped[str | None]
    taken: Mapped[datetime | None]
    width: Mapped[int]
    height: Mapped[int]
    band_count: Mapped[int]
    crs: Mapped[str]
    gsd_cm: Mapped[float]
    valid_area_m2: Mapped[float]
    detector: Mapped[str | None]
    detected_at: Mapped[datetime | None]
    searched: Mapped[bool] = mapped_column(default=False)
    report: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    file: Mapped[FileRow] = relationship(lazy="joined")


class PatchRow(Boxed, Base):
    """Ground that a detector marked on a survey; an old number never means a new patch.

    Attributes:
        logit: Of the detector's ranking; None in rows older than version 0004.
        features: What it was ranked by, little-endian float32; None in those rows.
    """

    __tablename__ = "patch"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    rank: Mapped[int | None]
    score: Mapped[float]
    area_m2: Mapped[float]
    reasons: Mapped[dict[str, Any]]
    state: Mapped[str]
    logit: Mapped[float | None]
    features: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    survey: Mapped[SurveyRow] = relationship()


class LookRow(Base):
    """What one track, survey, photo or footprint saw of one campaign's grid.

    Attributes:
        mode: The method it was looked at by.
        basis: Where its width or rate comes from: stage, visibility, value, interval, source.
        cells: See coverage.looks.
    """

    __tablename__ = "look"
    # Numbers are never given twice: a look's number is part of what tells new data from old.
    __table_args__ = (
        UniqueConstraint("campaign_id", "kind", "source_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    source_id: Mapped[int]
    mode: Mapped[str]
    day: Mapped[date | None]
    length_m: Mapped[float]
    basis: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cells: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class UserRow(Base):
    """A person who may sign in; the password is an argon2 hash.

    Attributes:
        must_change: The password was given by somebody else and holds for one login.
        former_hashes: Of earlier passwords, newest first, which may not come again.
        totp_secret, totp_step: Of the second factor, and the last time step that was used.
    """

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    unit_code: Mapped[str | None]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True)
    must_change: Mapped[bool] = mapped_column(default=False)
    password_set_at: Mapped[datetime | None]
    former_hashes: Mapped[list[str]] = mapped_column(default=list)
    totp_secret: Mapped[str | None]
    totp_step: Mapped[int | None]


class TokenRow(Base):
    """An API token; only its hash is kept.

    Attributes:
        scope: ``read``, ``upload`` (and reading one's own receipts) or ``all``.
    """

    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    expires: Mapped[datetime]
    scope: Mapped[str] = mapped_column(String(8), default="all")
    created_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    user: Mapped[UserRow] = relationship(lazy="joined")


class UploadRow(Base):
    """One file a person sent, its receipt, and what became of it."""

    __tablename__ = "upload"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str]
    received_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(12))
    result: Mapped[dict[str, Any]]
    file: Mapped[FileRow] = relationship(lazy="joined")


class AuditRow(Base):
    """One thing somebody did; each row's hash covers the row before it."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    details: Mapped[str]
    hash: Mapped[str] = mapped_column(String(64))
