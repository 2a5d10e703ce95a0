"""Ranking models: made of a survey's settled labels, checked, kept, and used on other surveys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.detect.learn import Verdicts
from geoinspect.detect.rank_models import (
    MOST_BEYOND,
    MOST_SHIFT,
    RankModel,
    blocked_figures,
    fit_of,
    local_metres,
)
from geoinspect.errors import NotFoundError, Text, UsageError
from geoinspect.records import utc_iso
from geoinspect.review_state import (
    Candidates,
    candidates_of,
    load_state,
    stray_lessons,
    verdict_places,
    verdicts_of,
)
from geoinspect.store import audit, reviewing, sightings
from geoinspect.store.review_schema import ModelUseRow, RankModelRow
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]
F8 = NDArray[np.float64]

# Fewer verdicts tell nothing of how well an order holds.
LEAST_VERDICTS = 5
# Somebody waits while the figures are made: the newest so many verdicts are held out in turn.
_MOST_CHECKED = 300
# Nobody's name: what is kept rests on settled patches alone.
_NOBODY = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """A survey's settled verdicts, where they lie, and the newest label of each."""

    candidates: Candidates
    verdicts: Verdicts
    x_m: F8
    y_m: F8
    labels: tuple[int, ...]


def make_model(workspace: Workspace, survey_id: int, *, actor: str, name: str = "") -> RankModelRow:
    """Keep a model of a survey's settled labels as they stand, with its figures.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: Its patches have no figures to learn from, or too few are settled.
    """
    with workspace.database.reading() as session:
        survey = sightings.survey(session, survey_id)
        ground = _ground(workspace, session, survey)
    verdicts = ground.verdicts
    if len(verdicts.poppy) < LEAST_VERDICTS:
        raise UsageError(
            f"已有定论的图斑只有 {len(verdicts.poppy)} 个,至少需要 {LEAST_VERDICTS} 个才能生成模型",
            f"only {len(verdicts.poppy)} patches are settled, a model needs {LEAST_VERDICTS}",
            code="too_few",
        )
    features = ground.candidates.features
    assert features is not None
    model = RankModel.of(verdicts, features)
    last = slice(-_MOST_CHECKED, None)
    checked = Verdicts(verdicts.features[last], verdicts.start[last], verdicts.poppy[last])
    figures = blocked_figures(checked, ground.x_m[last], ground.y_m[last])
    with workspace.database.writing() as session:
        number = len(reviewing.models(session, survey_id)) + 1
        row = RankModelRow(
            survey_id=survey_id,
            name=name or f"{survey.name} #{number}",
            made_at=datetime.now(UTC),
            made_by=actor,
            labels={"poppy": int(verdicts.poppy.sum()), "other": int((~verdicts.poppy).sum())},
            data_hash=_data_hash(ground),
            figures_hash=ground.candidates.figures_hash or "",
            figures=figures,
            payload=model.packed(),
        )
        session.add(row)
        session.flush()
        details: Json = {"id": row.id, "survey": survey_id, "data": row.data_hash, **row.labels}
        audit.record(session, actor=actor, action="review.model", subject=row.name, details=details)
    return row


def _ground(workspace: Workspace, session: Session, survey: SurveyRow) -> _Ground:
    state = load_state(workspace, session, survey.id, survey.detector, _NOBODY)
    candidates = state.candidates
    if candidates.features is None:
        raise UsageError(
            "这次航测的图斑没有可学习的特征(由旧版本检测):请重新检测一次",
            "the patches of this survey have no figures to learn from (an older version found "
            "them): detect it once more",
            code="no_figures",
        )
    places = verdict_places(state.standings, state.answers, None)
    labels, needed = reviewing.labels_of(session, survey.id), workspace.settings.review_people
    strays = stray_lessons(candidates, labels, needed, None)
    rows = [r for r in reviewing.whole_labels(session, strays) if r.features is not None]
    rows = [r for r in rows if r.figures_hash == candidates.figures_hash]
    verdicts = verdicts_of(session, candidates, places, [r.id for r in rows])
    outlines = reviewing.outlines_of(session, survey.id)
    middles = shapely.centroid([r.geometry for r in rows] + [outlines[at] for at, _ in places])
    x_m, y_m = local_metres(shapely.get_x(middles), shapely.get_y(middles))
    newest = (max(one.id for one in state.answers[at].values()) for at, _ in places)
    return _Ground(candidates, verdicts, x_m, y_m, (*(r.id for r in rows), *newest))


def _data_hash(ground: _Ground) -> str:
    verdicts = ground.verdicts
    digest = hashlib.sha256(np.asarray(ground.labels, "<i8").tobytes())
    digest.update(verdicts.poppy.astype(np.uint8).tobytes())
    digest.update(np.asarray(verdicts.features, "<f4").tobytes())
    return digest.hexdigest()


def use_model(workspace: Workspace, survey_id: int, model_id: int, *, actor: str) -> Json:
    """Let a survey's order also rest on a model of another survey; say how well it fits.

    Raises:
        NotFoundError: There is no such survey or model.
        UsageError: The model is of the same survey, or of other figures.
        InputError: The model is damaged.
    """
    with workspace.database.writing() as session:
        survey, row = sightings.survey(session, survey_id), reviewing.model(session, model_id)
        candidates = candidates_of(workspace, session, survey_id, survey.detector)
        if row.survey_id == survey_id:
            raise UsageError(
                "这个模型就来自本次航测,它的标注已经在用",
                "this model is of the same survey, whose labels are in use already",
                code="own_model",
            )
        if candidates.features is None or candidates.figures_hash != row.figures_hash:
            raise UsageError(
                f"模型“{row.name}”的特征与本次航测的图斑不同:请用同一版本的检测器重新检测",
                f"the model {row.name!r} has other figures than the patches of this survey: detect "
                "it again with the same version of the detector",
                code="other_figures",
            )
        fit = fit_of(RankModel.unpacked(row.payload), candidates.features)
        told = {"beyond": round(fit.beyond, 4), "shift": round(fit.shift, 3), "fits": fit.fits}
        known = {use.model_id: use for use in reviewing.model_uses(session, survey_id)}
        use = known.get(model_id) or ModelUseRow(survey_id=survey_id, model_id=model_id)
        use.used_at, use.used_by, use.fit = datetime.now(UTC), actor, told
        session.add(use)
        details: Json = {"survey": survey_id, "model": model_id, **told}
        audit.record(
            session, actor=actor, action="review.model.use", subject=survey.name, details=details
        )
    return told


def drop_use(workspace: Workspace, survey_id: int, model_id: int, *, actor: str) -> None:
    """Let a survey's order rest no more on a model.

    Raises:
        NotFoundError: It doesn't rest on it.
    """
    with workspace.database.writing() as session:
        survey = sightings.survey(session, survey_id)
        uses = reviewing.model_uses(session, survey_id)
        use = next((one for one in uses if one.model_id == model_id), None)
        if use is None:
            raise NotFoundError(
                f"本次航测没有使用模型 {model_id}",
                f"this survey does not use the model {model_id}",
                code="not_found",
            )
        session.delete(use)
        details: Json = {"survey": survey_id, "model": model_id}
        audit.record(
            session, actor=actor, action="review.model.drop", subject=survey.name, details=details
        )


def models_told(workspace: Workspace, session: Session, survey_id: int) -> list[Json]:
    """Return all models, newest first: what each was made of, and how the survey uses it.

    ``usable`` says whether it is another survey's and has the figures of this one's patches.
    """
    survey = sightings.survey(session, survey_id)
    here = candidates_of(workspace, session, survey_id, survey.detector).figures_hash
    uses = {use.model_id: use for use in reviewing.model_uses(session, survey_id)}
    return [
        {
            "id": row.id,
            "name": row.name,
            "survey": row.survey_id,
            "own": row.survey_id == survey_id,
            "made_at": utc_iso(row.made_at.timestamp()),
            "made_by": row.made_by,
            "labels": row.labels,
            "data_hash": row.data_hash,
            "figures": row.figures,
            "usable": row.survey_id != survey_id and here is not None and row.figures_hash == here,
            "used": row.id in uses,
            "warning": _warning(uses[row.id].fit) if row.id in uses else None,
        }
        for row in reviewing.models(session)
    ]


def _warning(fit: Json) -> Json | None:
    """Return what to say of a model that doesn't fit."""
    if fit["fits"]:
        return None
    beyond, shift = f"{100 * fit['beyond']:.0f} %", f"{fit['shift']:.1f}"
    text = Text(
        f"这个模型来自不一样的影像:本次 {beyond} 的特征值超出其范围(通常 2 %,上限 "
        f"{100 * MOST_BEYOND:.0f} %),中位数相差 {shift} 个离散度(上限 {MOST_SHIFT:g})。排序可能更差",
        f"this model comes from unlike pictures: {beyond} of the figures here lie beyond its range "
        f"(2 % as a rule, {100 * MOST_BEYOND:.0f} % at most), medians differ by {shift} spreads "
        f"({MOST_SHIFT:g} at most). The order may get worse",
    )
    return {"message": text.en, "message_zh": text.zh}
