"""The sensitivity of the detector on a stored survey: measured, kept with it, used as its rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect import rate_book
from geoinspect.coverage.survey_stage import stage_on
from geoinspect.detect.labelled import Label, examples_of, teach
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.measure import Measured, Source, cores_of_machine, measure
from geoinspect.detect.model import shipped
from geoinspect.detect.scan import least_blocks
from geoinspect.detect.search import Find, search
from geoinspect.detect.sensitivity import listing_of, measure_sensitivity
from geoinspect.detect.sensitivity_plan import AREAS_M2, PATCHES
from geoinspect.detect.sensitivity_table import Listing, Sensitivity
from geoinspect.detect.sheets import Judge, learn_levels
from geoinspect.errors import UsageError
from geoinspect.intake.detected import labels_learnt, stored_source
from geoinspect.intake.rows import china_day
from geoinspect.review_records import Standing
from geoinspect.review_state import load_state
from geoinspect.search_records import GrowthStage
from geoinspect.settings import Settings
from geoinspect.store import audit, reviewing, sightings
from geoinspect.store.schema import PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import growth_table

Json = dict[str, Any]
Progress = Callable[[float], None]

# With fewer patches planted a rate would say nothing.
LEAST_PLANTED = 10
# How the work's time is shared out: pixels, list, patches.
_PIXELS, _LIST = 0.3, 0.4
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class SurveySensitivity:
    """What was measured of a survey.

    Attributes:
        table: As kept in the survey's report under ``sensitivity``.
        rate: As kept under ``measured``, for the confidence estimate; None where the stage of
            growth is not known, or too few patches of its size found room.
        looks: How many looks were made anew with it.
    """

    survey_id: int
    table: Json
    rate: Json | None = None
    looks: int = 0

    def as_json(self) -> Json:
        """Return it for programs."""
        return {
            "survey": self.survey_id,
            "sensitivity": self.table,
            "measured": self.rate,
            "looks": self.looks,
        }


@dataclass(frozen=True, slots=True)
class _Stored:
    """A survey as the store has it.

    Attributes:
        logits: Of its suspected patches; some None when an older version found them.
        licensed: How many of its patches are licensed.
        confirmed: How many people have found to be poppy.
        lessons: Labels that its list was learnt from.
    """

    source: Source
    stage: GrowthStage | None
    detected_at: datetime
    logits: tuple[float | None, ...]
    licensed: int
    confirmed: int
    lessons: tuple[Label, ...]


def measure_survey(
    workspace: Workspace,
    survey_id: int,
    *,
    actor: str,
    patches: int = PATCHES,
    seed: int = 0,
    judge: Judge | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SurveySensitivity:
    """Measure how much of simulated patches the detector lists on a stored survey, and keep it.

    The raster is only read. Its planes stay in the workspace's folder ``planes`` and are used
    again. The rate for patches of :func:`rate_patch_m2` goes before the table of rates from now
    on.

    Args:
        patches: Simulated ones, beside a quarter as many decoys.
        seed: The same one gives the same figures.
        judge: That made the survey's list; without it the shipped ranking, bent by the labels
            that the list was learnt from.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: It was not searched yet, or nothing can be measured on it.
        RasterError: Its raster can't be read.
        Stopped: It was cancelled; the planes done so far are kept.
    """
    with workspace.database.reading() as session:
        stored = _stored(workspace, session, sightings.survey(session, survey_id))
    told = progress or (lambda share: None)
    folder = workspace.planes_path(survey_id)
    folder.mkdir(parents=True, exist_ok=True)
    measured = measure(
        stored.source, folder, progress=lambda share: told(_PIXELS * share), cancelled=cancelled
    )
    try:
        tables = learn_levels(measured.planes, measured.scale) if measured.planes else None
        used = judge or _judge(measured, tables, stored.lessons)
        listing = _listing(workspace, stored, measured, tables, used)
        told(_LIST)
        result = measure_sensitivity(
            stored.source,
            measured,
            tables,
            used,
            listing,
            stage=stored.stage,
            patches=patches,
            seed=seed,
            progress=lambda share: told(_LIST + (1 - _LIST) * share),
            cancelled=cancelled,
        )
    finally:
        if measured.planes is not None:
            measured.planes.close()
    return _keep(workspace, survey_id, stored, result, actor)


def rate_patch_m2(settings: Settings) -> float:
    """Return the size of patches whose rate the confidence estimate takes.

    Claims hold for patches from ``claim_patch_m2`` on and leave out looks that can't show one so
    small, so it is the largest size planted that is no larger; larger patches are found more
    often, which makes the claim cautious.
    """
    return max((area for area in AREAS_M2 if area <= settings.claim_patch_m2), default=AREAS_M2[0])


def _stored(workspace: Workspace, session: Session, row: SurveyRow) -> _Stored:
    if row.detected_at is None or not row.searched:
        raise UsageError(
            f"航测“{row.name}”还没有检测,或影像太粗未能检测:请先运行 geoinspect detect --survey {row.id}",
            f"the survey {row.name!r} was not searched yet, or is too coarse to be: run "
            f"geoinspect detect --survey {row.id} first",
            code="not_searched",
        )
    state = load_state(workspace, session, row.id, row.detector, _NOBODY, learn=False)
    suspected = reviewing.figures_of(session, row.id)
    return _Stored(
        stored_source(workspace, row),
        _stage(workspace, row),
        row.detected_at,
        tuple(patch.logit for patch in suspected),
        _patches(session, row.id) - len(suspected),
        sum(stands is Standing.POPPY for stands in state.standings),
        labels_learnt(session, row),
    )


def _judge(measured: Measured, tables: LevelTables | None, lessons: Sequence[Label]) -> Judge:
    """Return the ranking as the detection used it."""
    ranking = shipped()
    if not lessons or measured.planes is None or tables is None:
        return ranking
    shown = examples_of(measured.planes, measured.scale, tables, measured.placement, lessons)
    taught = None if shown is None else teach([shown], ranking)
    return taught or ranking


def _patches(session: Session, survey_id: int) -> int:
    of_survey = PatchRow.survey_id == survey_id
    return session.scalar(select(func.count()).select_from(PatchRow).where(of_survey)) or 0


def _stage(workspace: Workspace, row: SurveyRow) -> GrowthStage | None:
    """Return the stage of growth on the survey's day; None where it can't be told."""
    day = china_day(row.taken)
    if day is None:
        return None
    try:
        table = growth_table(workspace)
    except UsageError:
        return None
    middle_deg = (row.south + row.north) / 2
    return stage_on(table, middle_deg, day, workspace.settings.altitude_m).stage


def _listing(
    workspace: Workspace,
    stored: _Stored,
    measured: Measured,
    tables: LevelTables | None,
    judge: Judge,
) -> Listing:
    """Return what of the ground the survey's list shows, from the patches that were kept."""
    settings = workspace.settings
    valid_m2, least_m2 = measured.valid_area_m2, settings.patch_min_area_m2
    allowed = max(1, math.floor(settings.budget_per_km2 * valid_m2 / 1e6 + 1e-9))
    kept = [logit for logit in stored.logits if logit is not None]
    if len(kept) < len(stored.logits):
        finds = _finds(measured, tables, judge, least_m2, allowed)
        return listing_of(
            [find.logit for find in finds],
            budget_per_km2=settings.budget_per_km2,
            valid_area_m2=valid_m2,
            min_area_m2=least_m2,
            confirmed=stored.confirmed,
        )
    full = len(kept) >= allowed
    if not full:
        # A short list may have been cut by a smaller budget than the settings' one.
        shown = len(kept) + stored.licensed
        full = len(_finds(measured, tables, judge, least_m2, shown + 1)) > shown
    least = min(kept, default=-math.inf) if full else -math.inf
    unconfirmed = max(0, len(kept) - stored.confirmed)
    return Listing(least, unconfirmed * 1e6 / valid_m2, least_m2)


def _finds(
    measured: Measured, tables: LevelTables | None, judge: Judge, least_m2: float, most: int
) -> list[Find]:
    if measured.planes is None or tables is None:
        return []
    block_m2 = float(np.max(measured.placement.node_area_m2)) * measured.scale.block_px**2
    return search(
        measured.planes,
        measured.scale,
        tables,
        judge,
        least_blocks=least_blocks(least_m2, block_m2),
        most=most,
        workers=cores_of_machine(),
    )


def _keep(
    workspace: Workspace, survey_id: int, stored: _Stored, result: Sensitivity, actor: str
) -> SurveySensitivity:
    """Keep the table with the survey, and its rate where there is one to keep."""
    rate = _rate(result, rate_patch_m2(workspace.settings))
    table: Json = {
        **result.as_json(),
        "rate": rate,
        "measured_at": _iso(datetime.now(UTC)),
        "detected_at": _iso(stored.detected_at),
    }
    with workspace.database.writing() as session:
        row = sightings.survey(session, survey_id)
        row.report = {**row.report, "sensitivity": table}
        details: Json = {key: table[key] for key in ("planted", "found", "renderer", "seed")}
        details["id"] = survey_id
        audit.record(
            session, actor=actor, action="survey.sensitivity", subject=row.name, details=details
        )
    if rate is None:
        return SurveySensitivity(survey_id, table)
    looks = rate_book.set_survey_rate(workspace, survey_id, actor=actor, **rate)
    return SurveySensitivity(survey_id, table, rate, looks)


def _rate(result: Sensitivity, area_m2: float) -> Json | None:
    """Return the rate for patches of one size; None where it would say nothing."""
    share = result.of_area(area_m2)
    if result.stage is None or share.planted < LEAST_PLANTED:
        return None
    low, high = share.interval
    return {
        "rate": round(share.estimate, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "patch_m2": area_m2,
        "source": f"simulated patches, {share.planted} of {area_m2:g} m² planted "
        f"({result.stage.value}), renderer {result.renderer}",
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
