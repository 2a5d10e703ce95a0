"""The tables of review: what people said of patches, and the ranking models made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from geoinspect.store.schema import Base, Boxed


class PatchLabelRow(Boxed, Base):
    """What one person said of one patch at one moment; never changed, a later row replaces it.

    Attributes:
        patch_id: The patch as it was then. Patches are replaced when their survey is detected
            again, so it names no row for good: the geometry does.
        client_id: Made by who sends it, so that the same label sent twice is kept once.
        label: See :class:`geoinspect.review_records.Said`.
        seconds: Time spent on it; None where nobody measured.
        features, logit: Of the patch at that moment; little-endian float32.
        figures_hash: Of the names of the features.
    """

    __tablename__ = "patch_label"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    patch_id: Mapped[int | None]
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(16))
    actor: Mapped[str]
    at: Mapped[datetime]
    seconds: Mapped[float | None]
    features: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    logit: Mapped[float | None]
    detector: Mapped[str | None]
    figures_hash: Mapped[str | None] = mapped_column(String(16))


class RankModelRow(Base):
    """A ranking model: the labels of one survey as they stood, and how well they order it.

    Attributes:
        labels: How many of each kind.
        data_hash: SHA-256 over label numbers, labels and figures.
        figures: Of blocked cross-validation.
        payload: Arrays as npz without pickled objects.
    """

    __tablename__ = "rank_model"
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    name: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    labels: Mapped[dict[str, Any]]
    data_hash: Mapped[str] = mapped_column(String(64))
    figures_hash: Mapped[str] = mapped_column(String(16))
    figures: Mapped[dict[str, Any]]
    payload: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class ModelUseRow(Base):
    """That a survey's order also rests on a model of another survey, and how well it fits."""

    __tablename__ = "rank_model_use"
    __table_args__ = (UniqueConstraint("survey_id", "model_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("rank_model.id"))
    used_at: Mapped[datetime]
    used_by: Mapped[str]
    fit: Mapped[dict[str, Any]]
