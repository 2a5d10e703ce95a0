"""What a later survey says of a case's ground: evidence for a recheck, never the recheck itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.cases.distances import boxes_around, shapes_of
from geoinspect.cases.matching import match_patches
from geoinspect.cases.records import Outcome
from geoinspect.casework.licences import share_inside
from geoinspect.casework.openers import brief
from geoinspect.detect.sensitivity_table import Share
from geoinspect.errors import Text
from geoinspect.intake.rows import china_day
from geoinspect.records import moment_iso
from geoinspect.review_records import Standing
from geoinspect.review_state import load_state
from geoinspect.store import case_sources, cases, sightings
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import detection_mark

Json = dict[str, Any]

# A picture's outline is inexact by this much at its edge.
_WHOLE_SHARE = 0.999
_NOBODY = ""
# With fewer simulated patches a share says nothing.
_LEAST_PLANTED = 10


def recheck_from_survey(workspace: Workspace, case_id: int, survey_id: int) -> Json:
    """Return what a survey shows of a case's ground, and what that suggests.

    Nothing is suggested where the survey is older than the eradication, saw only part of the
    ground, was not searched, or has no measured sensitivity for plots of this size.

    Args:
        workspace: Opened.
        case_id: The case.
        survey_id: A survey.

    Returns:
        ``case``, ``survey``, ``day``, ``since`` (day of the eradication), ``seen`` (share of the
        ground on the survey), ``patch_m2`` (the plot's size), ``patches`` there with what review
        said, ``sensitivity`` (simulated patches found and planted of the largest size
        that is no larger than the plot, with the 95 % interval), ``suggests`` (``clean``, ``standing`` or None) and
        ``reasons`` in both languages.

    Raises:
        NotFoundError: There is no such case or survey.
    """
    with workspace.database.reading() as session:
        case = cases.case(session, case_id)
        survey = sightings.survey(session, survey_id)
        size_m2 = _size_m2(case)
        seen = share_inside(case.geometry, survey.geometry)
        patches = _patches(workspace, session, case, survey)
        sensitivity = _sensitivity(survey, size_m2)
        needed = workspace.settings.cleared_pod
        since = case.facts.get("eradicated", {}).get("day")
        day = china_day(survey.taken)
        suggests, reasons = _suggested(survey, day, since, seen, patches, sensitivity, needed)
        return {
            "case": brief(case),
            "survey": {
                "id": survey.id,
                "name": survey.name,
                "taken": moment_iso(survey.taken),
                "gsd_cm": round(survey.gsd_cm, 2),
                "searched": survey.searched,
            },
            "day": None if day is None else day.isoformat(),
            "since": since,
            "seen": round(seen, 4),
            "patch_m2": size_m2,
            "patches": patches,
            "sensitivity": sensitivity,
            "suggests": suggests,
            "reasons": [{"message": text.en, "message_zh": text.zh} for text in reasons],
        }


def _size_m2(case: CaseRow) -> float | None:
    """Return how large a plot was: as measured on the ground, else that of its outline."""
    for step in ("verified", "eradicated"):
        area_m2 = case.facts.get(step, {}).get("area_m2")
        if area_m2:
            return float(area_m2)
    parts = [part for part in shapely.get_parts(case.geometry) if part.area > 0]
    whole = sum(crs_.geodesic_area_m2(part) for part in parts)
    return round(whole, 2) if whole else None


def _patches(
    workspace: Workspace, session: Session, case: CaseRow, survey: SurveyRow
) -> list[Json]:
    """Return the patches of a survey on a case's ground or near it, the nearest first."""
    near_m = workspace.settings.case_near_m
    boxes, _ = boxes_around(shapes_of([case.geometry], "ground"), near_m)
    west, south, east, north = boxes[0].bounds
    box = (west, south, east, north)
    rows: Sequence[PatchRow] = case_sources.patches_of(session, survey.id, box)
    if not rows:
        return []
    matches = match_patches([row.geometry for row in rows], [case.geometry], near_m)
    state = load_state(workspace, session, survey.id, survey.detector, _NOBODY, learn=False)
    found = []
    for row, match in zip(rows, matches, strict=True):
        if match.case is None:
            continue
        at = state.candidates.place_of(row.id)
        found.append(
            {
                "patch": row.id,
                "rank": row.rank,
                "state": row.state,
                "area_m2": round(row.area_m2, 2),
                "overlap": round(match.overlap, 4),
                "distance_m": round(match.distance_m or 0.0, 2),
                "review": None if at is None else state.standings[at].value,
            }
        )
    return sorted(found, key=lambda one: (one["distance_m"], one["patch"]))


def _sensitivity(survey: SurveyRow, size_m2: float | None) -> Json | None:
    """Return the share of simulated patches found that are no larger than a plot; None where it
    was not measured, or not for the list as it is now.
    """
    table: Mapping[str, Any] | None = survey.report.get("sensitivity")
    found_at = survey.detected_at
    if table is None or found_at is None or size_m2 is None:
        return None
    if table.get("detected_at") != detection_mark(found_at):
        return None
    sizes = sorted({float(one["area_m2"]) for one in table.get("strata", ())})
    fitting = [size for size in sizes if size <= size_m2]
    if not fitting:
        return None
    strata = [one for one in table["strata"] if float(one["area_m2"]) == fitting[-1]]
    share = Share(sum(one["found"] for one in strata), sum(one["planted"] for one in strata))
    return {"size_m2": fitting[-1], **share.as_json(), "simulated": True}


def _suggested(
    survey: SurveyRow,
    day: date | None,
    since: str | None,
    seen: float,
    patches: Sequence[Json],
    sensitivity: Json | None,
    needed: float,
) -> tuple[str | None, list[Text]]:
    """Return what the figures suggest, with the reasons for it or for suggesting nothing."""
    against = _against(survey, day, since, seen)
    there = [one for one in patches if one["review"] != Standing.OTHER]
    on_it = [o for o in there if o["distance_m"] == 0 or o["review"] == Standing.POPPY]
    if on_it:
        told = Text(f"地块上有 {len(on_it)} 个图斑", f"{len(on_it)} patches lie on the ground")
        late = [text for text in against if text in (_NO_DAY, _TOO_EARLY)]
        return (None if late else Outcome.STANDING.value), [told, *late]
    if there:
        count = len(there)
        text = Text(f"附近有 {count} 个图斑,请查看", f"{count} patches lie near: look at them")
        return None, [text, *against]
    if sensitivity is None:
        against.append(_NOT_MEASURED)
    elif sensitivity["planted"] < _LEAST_PLANTED:
        against.append(_FEW_PLANTED)
    elif sensitivity["recall"] < needed:
        against.append(
            Text(
                f"此航测对这样大小的地块检出率只有 {sensitivity['recall']:.0%},不到 {needed:.0%}",
                f"this survey finds only {sensitivity['recall']:.0%} of plots of this size, less "
                f"than {needed:.0%}",
            )
        )
    if against:
        return None, against
    return Outcome.CLEAN.value, [_NOTHING_THERE]


def _against(survey: SurveyRow, day: date | None, since: str | None, seen: float) -> list[Text]:
    found = []
    if day is None:
        found.append(_NO_DAY)
    elif since is None or day.isoformat() <= since:
        found.append(_TOO_EARLY)
    if not survey.searched:
        found.append(_NOT_SEARCHED)
    if seen < _WHOLE_SHARE:
        found.append(
            Text(f"影像只覆盖地块的 {seen:.0%}", f"the survey shows only {seen:.0%} of the ground")
        )
    return found


_NO_DAY = Text("影像日期不明", "the day of the survey is not known")
_TOO_EARLY = Text(
    "影像不晚于铲除之日(或尚未铲除)", "the survey is not later than the eradication, if any"
)
_NOT_SEARCHED = Text("此航测尚未检测", "the survey was not searched")
_NOT_MEASURED = Text(
    "没有测定此航测对这样大小地块的检出率",
    "the survey's sensitivity to plots of this size was not measured",
)
_FEW_PLANTED = Text(
    f"这样大小的模拟图斑不足 {_LEAST_PLANTED} 个,检出率不足为凭",
    f"fewer than {_LEAST_PLANTED} simulated patches of this size: the share says nothing",
)
_NOTHING_THERE = Text(
    "影像完整覆盖地块,检测后没有图斑;这不是实地复查",
    "the survey shows all of the ground, was searched, and no patch is there; this is no recheck "
    "on the ground",
)
