"""Questions about what people said of patches, and about ranking models."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.sql.elements import ColumnElement

from geoinspect.errors import NotFoundError
from geoinspect.store.review_schema import ModelUseRow, PatchLabelRow, RankModelRow
from geoinspect.store.schema import AreaRow, PatchRow, SurveyRow
from geoinspect.store.sightings import in_box

_REVIEWED = PatchRow.state == "suspected"


class PatchFigures(NamedTuple):
    """What the order of review is made of, of one patch."""

    id: int
    score: float
    logit: float | None
    features: bytes | None


class LabelEntry(NamedTuple):
    """A label without its ground and figures."""

    id: int
    patch_id: int | None
    label: str
    reason: str | None
    actor: str
    at: datetime
    seconds: float | None


def figures_of(session: Session, survey_id: int) -> list[PatchFigures]:
    """Return the suspected patches of a survey by number."""
    query = select(PatchRow.id, PatchRow.score, PatchRow.logit, PatchRow.features)
    found = session.execute(query.where(_of(survey_id)).order_by(PatchRow.id))
    return [PatchFigures(*row) for row in found]


def outlines_of(session: Session, survey_id: int) -> list[Any]:
    """Return the outlines of the suspected patches of a survey by number, WGS84."""
    query = select(PatchRow.geometry).where(_of(survey_id)).order_by(PatchRow.id)
    return list(session.scalars(query))


def patch_state(session: Session, survey_id: int) -> tuple[int, int, int]:
    """Return how many suspected patches a survey has, the newest one's number, and the sum of all:
    as numbers are never given twice, they stay the same only while the patches do.
    """
    query = select(func.count(), func.max(PatchRow.id), func.sum(PatchRow.id))
    count, newest, total = session.execute(query.where(_of(survey_id))).one()
    return count, newest or 0, total or 0


def count_reviewed(session: Session, survey_id: int, only: Collection[int] | None = None) -> int:
    """Return how many suspected patches a survey has, of some by number or of all."""
    if only is None:
        return patch_state(session, survey_id)[0]
    numbers = session.scalars(select(PatchRow.id).where(_of(survey_id)))
    return sum(number in only for number in numbers)


def labelled_surveys(session: Session) -> set[int]:
    """Return the numbers of the surveys of whose patches anything was ever said."""
    return set(session.scalars(select(PatchLabelRow.survey_id).distinct()))


def labels_of(session: Session, survey_id: int) -> list[LabelEntry]:
    """Return the labels of a survey in the order they came."""
    columns = [getattr(PatchLabelRow, name) for name in LabelEntry._fields]
    query = select(*columns).where(PatchLabelRow.survey_id == survey_id)
    return [LabelEntry(*row) for row in session.execute(query.order_by(PatchLabelRow.id))]


def label_grounds(session: Session, numbers: Sequence[int]) -> dict[int, Any]:
    """Return the ground of labels by number, WGS84."""
    found: dict[int, Any] = {}
    for start in range(0, len(numbers), 500):
        some = PatchLabelRow.id.in_(numbers[start : start + 500])
        rows = session.execute(select(PatchLabelRow.id, PatchLabelRow.geometry).where(some))
        found.update((number, ground) for number, ground in rows)
    return found


def whole_labels(session: Session, numbers: Sequence[int]) -> list[PatchLabelRow]:
    """Return labels with their figures, by number."""
    found: list[PatchLabelRow] = []
    for start in range(0, len(numbers), 500):
        query = select(PatchLabelRow).where(PatchLabelRow.id.in_(numbers[start : start + 500]))
        found += session.scalars(query.options(undefer(PatchLabelRow.features)))
    return sorted(found, key=lambda row: row.id)


def label_sent(session: Session, client_id: str) -> PatchLabelRow | None:
    """Return the label that came with an identifier, if it came."""
    return session.scalar(select(PatchLabelRow).where(PatchLabelRow.client_id == client_id))


def patch_with_figures(session: Session, patch_id: int) -> PatchRow | None:
    """Return a patch with its figures, None without one."""
    query = select(PatchRow).where(PatchRow.id == patch_id).options(undefer(PatchRow.features))
    return session.scalar(query)


def surveys_over(session: Session, lon: float, lat: float) -> Sequence[SurveyRow]:
    """Return the surveys whose box holds a place, earliest first."""
    boxes = SurveyRow.id.in_(in_box("survey", (lon, lat, lon, lat)))
    query = select(SurveyRow).where(boxes).order_by(SurveyRow.taken, SurveyRow.id)
    return session.scalars(query).all()


def areas_over(session: Session, lon: float, lat: float) -> Sequence[AreaRow]:
    """Return the areas whose box holds a place, the largest first."""
    boxes = AreaRow.id.in_(in_box("area", (lon, lat, lon, lat)))
    return session.scalars(select(AreaRow).where(boxes).order_by(AreaRow.area_m2.desc())).all()


def models(session: Session, survey_id: int | None = None) -> Sequence[RankModelRow]:
    """Return the ranking models, of one survey or of all, newest first."""
    query = select(RankModelRow).order_by(RankModelRow.id.desc())
    if survey_id is not None:
        query = query.where(RankModelRow.survey_id == survey_id)
    return session.scalars(query).all()


def model(session: Session, model_id: int) -> RankModelRow:
    """Return a ranking model with its arrays.

    Raises:
        NotFoundError: There is none with this number.
    """
    query = select(RankModelRow).where(RankModelRow.id == model_id)
    row = session.scalar(query.options(undefer(RankModelRow.payload)))
    if row is None:
        raise missing_model(model_id)
    return row


def missing_model(model_id: int) -> NotFoundError:
    """Return the refusal of a model that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有编号为 {model_id} 的排序模型",
        f"there is no ranking model with the number {model_id}",
        code="not_found",
    )


def model_uses(session: Session, survey_id: int) -> Sequence[ModelUseRow]:
    """Return which models of other surveys a survey's order rests on."""
    query = select(ModelUseRow).where(ModelUseRow.survey_id == survey_id)
    return session.scalars(query.order_by(ModelUseRow.model_id)).all()


def _of(survey_id: int) -> ColumnElement[bool]:
    return (PatchRow.survey_id == survey_id) & _REVIEWED
