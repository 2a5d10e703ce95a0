"""A stored survey as its last detection left it: how it was read, what it learnt, what holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.crs import WGS84
from geoinspect.detect.labelled import TAUGHT, Label
from geoinspect.detect.measure import Source
from geoinspect.errors import Text
from geoinspect.records import Problem
from geoinspect.review_records import Said, Standing
from geoinspect.review_state import lesson_of, load_state, stray_lessons
from geoinspect.store import reviewing
from geoinspect.store.reviewing import LabelEntry
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import Detection, PatchState, detection_mark

Json = dict[str, Any]

_NOBODY = ""


def stored_source(workspace: Workspace, row: SurveyRow) -> Source:
    """Return a survey's raster, read with the bands that its detection was told to take."""
    made = row.report.get("list")
    bands = None if made is None else made["bands"]
    return Source(workspace.survey_path(row.id), row.name, workspace.settings, bands)


def lessons_of(workspace: Workspace, session: Session, row: SurveyRow) -> list[int]:
    """Return the numbers of the labels that a new detection of a survey can learn from.

    One for each ground that enough people agree on, also where nothing is marked any more; none
    at all while no ground is settled as the target.
    """
    state = load_state(workspace, session, row.id, row.detector, _NOBODY, learn=False)
    found: dict[int, bool] = {}
    for given, stands in zip(state.answers, state.standings, strict=True):
        found |= _lesson(given, stands)
    labels = reviewing.labels_of(session, row.id)
    poppy = {one.id: one.label == Said.POPPY for one in labels}
    needed = workspace.settings.review_people
    found |= {n: poppy[n] for n in stray_lessons(state.candidates, labels, needed, None)}
    return sorted(found) if any(found.values()) else []


def _lesson(given: Mapping[str, LabelEntry], stands: Standing) -> dict[int, bool]:
    """Return the label by which a settled ground teaches, and whether that is the target."""
    lesson = lesson_of(given, stands, None)
    return {} if lesson is None else {lesson.id: stands is Standing.POPPY}


def labels_numbered(session: Session, numbers: Iterable[int]) -> tuple[Label, ...]:
    """Return labels for the detector, by number."""
    rows = reviewing.whole_labels(session, sorted(numbers))
    return tuple(Label(row.geometry, WGS84, row.label == Said.POPPY) for row in rows)


def labels_learnt(session: Session, row: SurveyRow) -> tuple[Label, ...]:
    """Return the labels that a survey's present list was learnt from."""
    return labels_numbered(session, row.report.get("learnt", {}).get("labels", ()))


def note_detection(
    session: Session,
    row: SurveyRow,
    detection: Detection,
    *,
    bands: Mapping[str, int] | None,
    lessons: Iterable[int],
    at: datetime,
) -> list[Problem]:
    """Write a new detection into a survey's row, before its patches are replaced.

    What was measured of another list holds no more and is dropped: the table of sensitivity and
    the rate it gave. A rate that a person entered stays.

    Args:
        bands: That the detection was told to take.
        lessons: Numbers of the labels it was given.
        at: When it was made.

    Returns:
        What the user should know.
    """
    made: Json = {
        "bands": None if bands is None else dict(bands),
        "budget_per_km2": detection.budget_per_km2,
        "min_area_m2": detection.min_area_m2,
    }
    same = row.report.get("list") == made and _same_list(session, row, detection)
    numbers = sorted(lessons) if detection.detector.endswith(TAUGHT) else []
    report: Json = {k: v for k, v in row.report.items() if k != "learnt"}
    report["list"] = made
    problems = []
    if numbers:
        report["learnt"] = {"labels": numbers}
        problems.append(_learnt(labels_numbered(session, numbers)))
    table = report.get("sensitivity")
    if table is not None and same:
        report["sensitivity"] = {**table, "detected_at": detection_mark(at)}
    elif table is not None:
        del report["sensitivity"]
        if table.get("rate") is not None and report.get("measured") == table["rate"]:
            del report["measured"]
        problems.append(_measure_again(row))
    row.report = report
    row.detector, row.detected_at = detection.detector, at
    row.searched = detection.searched_area_m2 > 0
    return problems


def _same_list(session: Session, row: SurveyRow, detection: Detection) -> bool:
    """Return whether a detector marked again what it had marked."""
    if row.detector != detection.detector:
        return False
    before = [patch.logit for patch in reviewing.figures_of(session, row.id)]
    now = [patch.logit for patch in detection.patches if patch.state is PatchState.SUSPECTED]
    known = [logit for logit in before if logit is not None]
    return len(known) == len(before) and sorted(known) == sorted(now)


def _learnt(labels: Iterable[Label]) -> Problem:
    """Return the words for a list that was learnt from labels."""
    told = [label.poppy for label in labels]
    yes, no = sum(told), len(told) - sum(told)
    return Problem(
        "learnt_from_labels",
        Text(
            f"检测参考了本航测已有定论的复核标注:{yes} 处像罂粟,{no} 处不是;不想参考时加 --no-learn",
            f"the detector learnt from this survey's settled labels: {yes} like poppy, {no} not; "
            "--no-learn leaves them out",
        ),
    )


def _measure_again(row: SurveyRow) -> Problem:
    return Problem(
        "measure_again",
        Text(
            f"重新检测后图斑清单变了,原先测得的灵敏度及其检出率不再有效,已停用:请运行 geoinspect surveys "
            f"sensitivity {row.id} 重新测量;人工录入的检出率不受影响",
            "the list changed, so the sensitivity measured before, and the rate it gave, hold no "
            f"more and were dropped: run geoinspect surveys sensitivity {row.id}; a rate that a "
            "person entered stays",
        ),
    )
