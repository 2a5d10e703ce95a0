"""Surveys as a list for the desk, their days corrected, and the searches that run over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, jsonify, request

from geoinspect.casework.survey_days import MOST_NOTE, correct_day
from geoinspect.errors import ForbiddenError, Text, UsageError
from geoinspect.records import moment_iso
from geoinspect.store import job_list
from geoinspect.store.job_list import Wanted
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import SurveyRow
from geoinspect.survey_records import detection_mark
from webmap.api.blueprint import limit, record_number
from webmap.api.fields import json_fields
from webmap.api.jobs import jobs_told
from webmap.api.paging import mark_next, paged
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_jobs import job_scope

Json = dict[str, Any]
_MOST, _MOST_RUNS, _MOST_Q = 200, 100, 100
_STATES = ("searched", "unsearched", "undated")
_DAY = {"day": Text("拍摄日期", "the day it was flown"), "note": Text("说明", "why")}
_SETTINGS = ("learn", "budget_per_km2", "min_area_m2")


def survey_list() -> Response:
    """Return visible surveys, newest first: ``?q=&state=&cursor=&limit=``."""
    wanted, state = request.args.get("q", "").strip().lower()[:_MOST_Q], _state()
    with office().workspace.database.reading() as session:
        rows = [
            row
            for row in scope_of(session).surveys()
            if wanted in row.name.lower() and _fits(row, state)
        ]
        shown, following = paged(rows, lambda row: row.id, most=_MOST)
        last = job_list.of_subjects(session, "detect", [str(row.id) for row in shown])
        told = [_survey_json(row, last.get(str(row.id))) for row in shown]
    return jsonify(surveys=told, total=len(rows), next=following)


def post_survey_day(survey_id: int) -> Response:
    """Correct the day a survey was flown; all that follows from it is made anew."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.survey(survey_id)
        number = row.id
        if not scope.owns_survey(row):
            raise ForbiddenError(
                "这份影像的范围大于您的辖区,更正日期会改变别处的覆盖:请联系上级单位",
                "this survey is of more ground than yours, and its day counts there too: ask the "
                "unit above",
                code="not_your_survey",
            )
    asked = json_fields(_DAY)
    day, note = asked.day("day"), asked.text("note", MOST_NOTE)
    if day is None:
        raise asked.bad("day", "不能为空", "given")
    change = correct_day(office().workspace, number, day, actor=current_person().name, note=note)
    return jsonify(change.as_json())


def runs_list() -> Response:
    """Return visible searches of pictures, newest first: ``?survey=&cursor=&limit=``."""
    survey_id, before = (
        record_number(name) if name in request.args else None for name in ("survey", "cursor")
    )
    most, wanted = limit(_MOST_RUNS), Wanted(before=before, searches=True)
    with office().workspace.database.reading() as session:
        scope = job_scope(session)
        if survey_id is None:
            found = scope.listed(wanted, most + 1, mine=False)
        else:
            row = scope_of(session).survey(survey_id)
            own = replace(wanted, owners=scope.owners())
            found = job_list.of_survey(session, row.id, row.file_id, own, most + 1)
        runs = found[:most]
        told = [
            one
            | {
                "survey": int(row.subject) if row.kind == "detect" else None,
                "settings": {name: row.args.get(name) for name in _SETTINGS}
                if row.kind == "detect"
                else None,
                "patches": row.result.get("patches"),
            }
            for one, row in zip(jobs_told(scope, runs), runs, strict=True)
        ]
    return jsonify(runs=told, next=mark_next(runs[-1].id if len(found) > most else None))


def _state() -> str:
    state = request.args.get("state", "")
    if state and state not in _STATES:
        raise UsageError(
            f"参数 state 的值“{state[:40]}”无法识别,可用:{', '.join(_STATES)}",
            f"unknown state {state[:40]!r}, known: {', '.join(_STATES)}",
            code="bad_option",
        )
    return state


def _fits(row: SurveyRow, state: str) -> bool:
    if state == "undated":
        return row.taken is None
    return not state or (row.detected_at is not None) == (state == "searched")


def _survey_json(row: SurveyRow, run: JobRow | None) -> Json:
    check: Json = row.report.get("check") or {}
    fit: Json = check.get("fit_for") or {}
    return {
        "id": row.id,
        "name": row.name,
        "taken": moment_iso(row.taken),
        "gsd_cm": round(row.gsd_cm, 2),
        "valid_area_m2": round(row.valid_area_m2, 1),
        "fit": fit.get("ready"),
        "detector": row.detector,
        "detected_at": moment_iso(row.detected_at),
        "sensitivity": _sensitivity_json(row.report.get("sensitivity"), row.detected_at),
        "run": None if run is None else run.state,
    }


def _sensitivity_json(told: Json | None, detected_at: datetime | None) -> Json | None:
    """Return the headline of what was measured: the share found and how sure that is."""
    if told is None:
        return None
    mark = None if detected_at is None else detection_mark(detected_at)
    overall: Json = told["overall"]
    names = ("recall", "low", "high", "from_m2", "planted")
    return {name: overall.get(name) for name in names} | {
        "outdated": told.get("detected_at") != mark
    }
