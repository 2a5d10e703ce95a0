"""The sensitivity of the detector on a stored survey: measured, kept with it, used as its rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from geoinspect import rate_book
from geoinspect.crs import WGS84
from geoinspect.detect.labelled import Label, examples_of, teach
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.listing import Listed, listed_patch, listing_of
from geoinspect.detect.measure import Measured, Source, measure
from geoinspect.detect.sensitivity import measure_sensitivity
from geoinspect.detect.sensitivity_plan import AREAS_M2, PATCHES
from geoinspect.detect.sensitivity_table import THREE_COLOURS, Sensitivity, Share
from geoinspect.detect.sheets import HEIGHTS, Judge, learn_levels
from geoinspect.detect.targets import TargetTable, targets_of
from geoinspect.errors import Text, UsageError
from geoinspect.intake.detected import labels_learnt, stored_source
from geoinspect.intake.layers import resweep_all
from geoinspect.intake.rows import china_day
from geoinspect.records import moment_iso
from geoinspect.review_records import Standing
from geoinspect.review_state import load_state
from geoinspect.search_records import DetectionRate, GrowthStage, Method
from geoinspect.settings import Settings
from geoinspect.store import audit, reviewing, sightings
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import stage_at
from geoinspect.survey_records import detection_mark

Json = dict[str, Any]
Progress = Callable[[float], None]

# With fewer patches planted a rate would say nothing.
LEAST_PLANTED = 10
# Of the work's time, when the pixels have to be read again.
_PIXELS = 0.3
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class SurveySensitivity:
    """What was measured of a survey.

    Attributes:
        table: As kept in the survey's report under ``sensitivity``.
        rate: The measured one, for the confidence estimate; None where there is none to take.
        note: Why there is no rate, or why it is not taken.
        used: Whether the rate is in force.
        looks: How many looks were made anew.
    """

    survey_id: int
    table: Json
    rate: Json | None
    note: Text | None
    used: bool
    looks: int

    def as_json(self) -> Json:
        """Return it for programs."""
        return {
            "survey": self.survey_id,
            "sensitivity": self.table,
            "measured": self.rate,
            "used": self.used,
            "note": None if self.note is None else self.note.en,
            "note_zh": None if self.note is None else self.note.zh,
            "looks": self.looks,
        }


@dataclass(frozen=True, slots=True)
class _Stored:
    """A survey as the store has it.

    Attributes:
        listed: Its suspected patches.
        made: The budget and least area that its list was cut by.
        confirmed: How many people have found to be poppy.
        lessons: Labels that its list was learnt from.
    """

    source: Source
    stage: GrowthStage | None
    detected_at: datetime
    listed: tuple[Listed, ...]
    made: Json
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
    replace_entered: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SurveySensitivity:
    """Measure how much of simulated patches the detector lists on a stored survey, and keep it.

    The raster is only read. Its planes stay in the workspace's folder ``planes`` and are used
    again. The rate for patches of :func:`rate_patch_m2` goes before the table of rates from now
    on, unless a person entered another one.

    Args:
        patches: Simulated ones, beside a quarter as many decoys.
        seed: The same one gives the same figures.
        judge: That made the survey's list; without it the ranking of the workspace's table of
            targets, bent by the labels that the list was learnt from.
        replace_entered: Whether the rate takes the place of one that a person entered.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: It was not searched yet, by an older version, or anew meanwhile; or nothing
            can be measured on it.
        RasterError: Its raster can't be read.
        Stopped: It was cancelled; the planes done so far are kept.
    """
    with workspace.database.reading() as session:
        stored = _stored(workspace, session, sightings.survey(session, survey_id))
    told = progress or (lambda share: None)
    targets = targets_of(workspace.folder)
    folder = workspace.planes_path(survey_id)
    folder.mkdir(parents=True, exist_ok=True)
    measured = measure(
        stored.source, folder, progress=lambda share: told(_PIXELS * share), cancelled=cancelled
    )
    try:
        tables = learn_levels(measured.planes, measured.scale) if measured.planes else None
        used = judge or _judge(targets, measured, tables, stored.lessons)
        listing = listing_of(
            stored.listed,
            budget_per_km2=stored.made["budget_per_km2"],
            valid_area_m2=measured.valid_area_m2,
            min_area_m2=stored.made["min_area_m2"],
            confirmed=stored.confirmed,
        )
        result = measure_sensitivity(
            stored.source,
            measured,
            tables,
            used,
            listing,
            cut_at=targets.target().thresholds.heights or HEIGHTS,
            stage=stored.stage,
            patches=patches,
            seed=seed,
            progress=lambda share: told(_PIXELS + (1 - _PIXELS) * share),
            cancelled=cancelled,
        )
    finally:
        if measured.planes is not None:
            measured.planes.close()
    return _keep(workspace, survey_id, stored, result, actor, replace_entered=replace_entered)


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
    figures = reviewing.figures_of(session, row.id)
    if "list" not in row.report or any(one.logit is None for one in figures):
        raise UsageError(
            f"航测“{row.name}”的图斑清单由旧版本生成:请先运行 geoinspect detect --survey {row.id}",
            f"the list of {row.name!r} was made by an older version: run geoinspect detect "
            f"--survey {row.id} first",
            code="old_list",
        )
    outlines = reviewing.outlines_of(session, row.id)
    state = load_state(workspace, session, row.id, row.detector, _NOBODY, learn=False)
    return _Stored(
        stored_source(workspace, row),
        _stage(workspace, row),
        row.detected_at,
        tuple(
            listed_patch(outline, WGS84, logit=one.logit or 0.0, score=one.score)
            for one, outline in zip(figures, outlines, strict=True)
        ),
        row.report["list"],
        sum(stands is Standing.POPPY for stands in state.standings),
        labels_learnt(session, row),
    )


def _judge(
    targets: TargetTable,
    measured: Measured,
    tables: LevelTables | None,
    lessons: Sequence[Label],
) -> Judge:
    """Return the ranking as the detection used it."""
    ranking = targets.ranking(targets.target())
    if not lessons or measured.planes is None or tables is None:
        return ranking
    shown = examples_of(measured.planes, measured.scale, tables, measured.placement, lessons)
    taught = None if shown is None else teach([shown], ranking)
    return taught or ranking


def _stage(workspace: Workspace, row: SurveyRow) -> GrowthStage | None:
    """Return the stage of growth on the survey's day; None where it can't be told."""
    day = china_day(row.taken)
    told = None if day is None else stage_at(workspace, (row.south + row.north) / 2, day)
    return None if told is None else told.stage


def _keep(
    workspace: Workspace,
    survey_id: int,
    stored: _Stored,
    result: Sensitivity,
    actor: str,
    *,
    replace_entered: bool,
) -> SurveySensitivity:
    """Keep the table with the survey, and its rate where there is one to take.

    A rate that an earlier table gave goes with that table, also when the new one gives none.
    """
    rate, note = _rate(result, rate_patch_m2(workspace.settings))
    table: Json = {
        **result.as_json(),
        "rate": rate,
        "measured_at": moment_iso(datetime.now(UTC)),
        "detected_at": detection_mark(stored.detected_at),
    }
    with workspace.database.writing() as session:
        row = sightings.survey(session, survey_id)
        if row.detected_at != stored.detected_at:
            raise _searched_meanwhile(row)
        report: Json = {**row.report, "sensitivity": table}
        earlier = (row.report.get("sensitivity") or {}).get("rate")
        before = report.pop("measured", None)
        entered = before is not None and before != earlier
        if entered and not (replace_entered and rate is not None):
            report["measured"] = before
            note = note or _entered(before)
        elif rate is not None:
            report["measured"] = rate
        row.report = report
        used, changed = report.get("measured") == rate, report.get("measured") != before
        details: Json = {key: table[key] for key in ("planted", "found", "renderer", "seed")}
        details["id"] = survey_id
        audit.record(
            session, actor=actor, action="survey.sensitivity", subject=row.name, details=details
        )
        if changed:
            now: Json = rate or {"rate": None, "dropped": before}
            audit.record(session, actor=actor, action="survey.rate", subject=row.name, details=now)
    looks = resweep_all(workspace, actor=actor) if changed else 0
    return SurveySensitivity(survey_id, table, rate, note, rate is not None and used, looks)


def _rate(result: Sensitivity, area_m2: float) -> tuple[Json | None, Text | None]:
    """Return the rate for patches of one size, or None and why it would say nothing."""
    share = result.of_area(area_m2)
    why = _why_no_rate(result, area_m2, share)
    if why is not None or result.stage is None:
        return None, why
    low, high = share.interval
    rate: Json = {
        # A rate to reckon with is never 0 or 1, whatever it is rounded to.
        "rate": min(max(round(share.estimate, 4), 0.0001), 0.9999),
        "low": round(low, 4),
        "high": round(high, 4),
        "patch_m2": area_m2,
        "source": f"simulated patches, {share.planted} of {area_m2:g} m² planted "
        f"({result.stage.value}), renderer {result.renderer}",
    }
    rate_book.check_rate(DetectionRate(Method.SURVEY, None, **rate))
    return rate, None


def _why_no_rate(result: Sensitivity, area_m2: float, share: Share) -> Text | None:
    least_m2 = result.listing.min_area_m2
    if result.stage is None:
        return Text(
            "物候期不明(没有拍摄日期或物候表不可用),不取检出率",
            "the growth stage is not known (no day, or no table of growth), so no rate is taken",
        )
    if result.beyond_colours:
        return THREE_COLOURS
    if area_m2 < least_m2:
        return Text(
            f"清单只列 {least_m2:g} 平方米以上的图斑,对 {area_m2:g} 平方米的图斑没有检出率",
            f"the list shows patches from {least_m2:g} m² on, so there is no rate for those of "
            f"{area_m2:g} m²",
        )
    if share.planted < LEAST_PLANTED:
        return Text(
            f"{area_m2:g} 平方米的模拟图斑只植入 {share.planted} 个,少于 {LEAST_PLANTED} 个,不取检出率",
            f"only {share.planted} simulated patches of {area_m2:g} m² were planted, fewer than "
            f"{LEAST_PLANTED}, so no rate is taken",
        )
    return None


def _entered(rate: Json) -> Text:
    return Text(
        f"仍用人工录入的检出率 {rate['rate']:g}({rate['source']});要改用测得的,请加 --use",
        f"the rate that a person entered stays in use: {rate['rate']:g} ({rate['source']}); "
        "--use takes the measured one instead",
    )


def _searched_meanwhile(row: SurveyRow) -> UsageError:
    return UsageError(
        f"测量期间航测“{row.name}”又重新检测过,结果已作废:请再运行 geoinspect surveys sensitivity {row.id}",
        f"{row.name!r} was searched anew while it was measured, so the figures hold no more: run "
        f"geoinspect surveys sensitivity {row.id} again",
        code="searched_meanwhile",
    )
