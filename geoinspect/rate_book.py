"""The table of sweep widths and detection rates of an office: what holds, and changing it."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import UsageError
from geoinspect.intake.layers import resweep_all
from geoinspect.search_records import DetectionRate, Method
from geoinspect.store import audit, searching, sightings
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import rate_table

ASSUMED = "assumed"
# How the sources of figures begin that the program took from a trial or a cross-check itself.
_MEASURED_BY = ("trial ", "cross-check ")


def rates_on(workspace: Workspace, session: Session, day: date) -> list[dict[str, Any]]:
    """Return for every method, visibility and stage the row that holds on a day, for programs.

    ``for_visibility`` and ``for_stage`` are the case; the row's own may be wider.
    """
    table = rate_table(workspace.settings, searching.detection_rates(session))
    return [
        {
            **rate_json(rate),
            "for_visibility": None if sight is None else sight.value,
            "for_stage": stage.value,
            "assumed": rate.source == ASSUMED,
            "measured": is_measured(rate),
        }
        for sight, stage, rate in table.all_rows(day)
    ]


def walking_width_m(workspace: Workspace, session: Session, day: date) -> float:
    """Return the sweep width that holds on foot on a day, whatever the stage or sight, metres."""
    table = rate_table(workspace.settings, searching.detection_rates(session))
    return table.row(Method.FOOT, day).value


def set_rate(workspace: Workspace, rate: DetectionRate, *, actor: str) -> tuple[int, int]:
    """Enter a row and make the looks that depend on it anew; return its number and their count.

    Raises:
        UsageError: A figure is out of range, or does not go with the method.
    """
    check_rate(rate)
    with workspace.database.writing() as session:
        row = searching.add_detection_rate(session, rate, by=actor)
        number = row.id
        audit.record(
            session,
            actor=actor,
            action="rate.set",
            subject=rate.method.value,
            details=rate_json(rate),
        )
    return number, resweep_all(workspace, actor=actor, since=rate.valid_from)


def drop_rate(workspace: Workspace, rate_id: int, *, actor: str) -> int:
    """Take a row out and make the looks anew; return how many.

    Raises:
        NotFoundError: There is no such row.
    """
    with workspace.database.writing() as session:
        row = searching.drop_detection_rate(session, rate_id)
        old = searching.rate_record(row)
        details = {"id": rate_id, **rate_json(old)}
        audit.record(
            session, actor=actor, action="rate.drop", subject=old.method.value, details=details
        )
    return resweep_all(workspace, actor=actor, since=old.valid_from)


def set_survey_rate(
    workspace: Workspace,
    survey_id: int,
    *,
    rate: float,
    low: float | None,
    high: float | None,
    patch_m2: float,
    source: str,
    actor: str,
) -> int:
    """Keep the detection rate that was measured on one survey; it goes before the table.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: A figure is out of range.
    """
    check_rate(DetectionRate(Method.SURVEY, None, rate, patch_m2, source, low=low, high=high))
    with workspace.database.writing() as session:
        row = sightings.survey(session, survey_id)
        measured: dict[str, object] = {
            "rate": rate,
            "low": low,
            "high": high,
            "patch_m2": patch_m2,
            "source": source,
        }
        row.report = {**row.report, "measured": measured}
        audit.record(session, actor=actor, action="survey.rate", subject=row.name, details=measured)
    return resweep_all(workspace, actor=actor)


def check_rate(rate: DetectionRate) -> None:
    """Check that a row can be one.

    Raises:
        UsageError: A figure is out of range, or does not go with the method.
    """
    if rate.method.is_line != (rate.width_m is not None) or (rate.width_m is None) == (
        rate.rate is None
    ):
        raise UsageError(
            f"{rate.method.value} 要填{'扫视宽度(米)' if rate.method.is_line else '检出率(0–1)'},不填另一项",
            f"{rate.method.value} has a "
            f"{'sweep width in metres' if rate.method.is_line else 'detection rate, 0 to 1'}, "
            "not the other figure",
            code="bad_rate",
        )
    most = 2000.0 if rate.method.is_line else 1.0
    ends = [value for value in (rate.low, rate.value, rate.high) if value is not None]
    in_range = all(math.isfinite(value) and 0 <= value <= most for value in ends)
    if not in_range or ends != sorted(ends) or not 0 < rate.value < most:
        raise UsageError(
            f"数值 {ends} 不可用:应大于 0、小于 {most:g},且 下限 ≤ 数值 ≤ 上限",
            f"the figures {ends} can't be used: above 0, below {most:g}, low ≤ value ≤ high",
            code="bad_rate",
        )
    if not (math.isfinite(rate.patch_m2) and rate.patch_m2 > 0):
        raise UsageError(
            f"最小图斑 {rate.patch_m2} 平方米不可用:应大于 0",
            f"the smallest patch, {rate.patch_m2} m², must be above 0",
            code="bad_rate",
        )
    if not rate.source.strip():
        raise UsageError("请写明数值的来源", "say where the figure comes from", code="no_source")


def is_measured(rate: DetectionRate) -> bool:
    """Return whether a figure comes from a trial or a cross-check, not from an entry."""
    return rate.source.startswith(_MEASURED_BY)


def rate_json(rate: DetectionRate) -> dict[str, Any]:
    """Return a row for programs."""
    return {
        "method": rate.method.value,
        "visibility": None if rate.visibility is None else rate.visibility.value,
        "stage": None if rate.stage is None else rate.stage.value,
        "width_m": rate.width_m,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "patch_m2": rate.patch_m2,
        "valid_from": None if rate.valid_from is None else rate.valid_from.isoformat(),
        "source": rate.source,
    }


def entered(session: Session) -> list[dict[str, Any]]:
    """Return the rows that the office entered, with who and when, newest first."""
    return [
        {
            "id": row.id,
            **rate_json(searching.rate_record(row)),
            "set_by": row.set_by,
            "set_at": row.set_at.isoformat().replace("+00:00", "Z"),
        }
        for row in reversed(searching.rate_rows(session))
    ]
