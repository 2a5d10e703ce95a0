"""Jobs in the background: how far they are, stopped, tried again; a survey searched anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from geoinspect.errors import Text, UsageError
from geoinspect.jobs.tasks import TASKS
from geoinspect.store import audit, job_list, jobs
from geoinspect.store.job_list import STATES, Wanted
from geoinspect.store.job_schema import JobRow
from webmap.api.blueprint import limit, record_number
from webmap.api.fields import json_fields
from webmap.api.paging import cursor_name, mark_next
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_jobs import JobScope, job_scope

Json = dict[str, Any]
_MOST = 200
_DETECT = {
    "learn": Text("参考复核标注", "whether to learn from the review"),
    "budget_per_km2": Text("每平方公里图斑数", "patches kept for each km²"),
    "min_area_m2": Text("最小面积", "the smallest patch"),
}
_MOST_PER_KM2, _MOST_LEAST_M2 = 20_000, 10_000


def jobs_list() -> Response:
    """Return visible jobs, newest first: ``?state=&kind=&mine=&before=&limit=``."""
    mine = request.args.get("mine", "") in {"1", "true"}
    mark = cursor_name("before")
    before = None if mark is None else record_number(mark)
    wanted = Wanted(
        states=_chosen("state", STATES), kinds=_chosen("kind", tuple(TASKS)), before=before
    )
    most = limit(_MOST)
    with office().workspace.database.reading() as session:
        scope = job_scope(session)
        rows = scope.listed(wanted, most + 1, mine=mine)
        shown = rows[:most]
        return jsonify(
            jobs=jobs_told(scope, shown),
            counts=scope.counted(mine=mine),
            next=mark_next(shown[-1].id if len(rows) > most else None),
        )


def job(job_id: int) -> Response:
    """Return one job."""
    with office().workspace.database.reading() as session:
        scope = job_scope(session)
        row = scope.job(job_id)
        result = scope_of(session).result_told(row.result)
        return jsonify(jobs_told(scope, [row])[0] | {"result": result})


def post_job_cancel(job_id: int) -> Response:
    """Stop a job; one that runs ends as soon as its worker hears of it."""
    with office().workspace.database.writing() as session:
        scope = job_scope(session)
        scope.to_change(job_id)
        row = jobs.cancel(session, job_id, datetime.now(UTC))
        _note(scope, "job.cancel", row)
        return jsonify(jobs_told(scope, [row])[0])


def post_job_retry(job_id: int) -> Response:
    """Let a job that failed or was cancelled wait again."""
    with office().workspace.database.writing() as session:
        scope = job_scope(session)
        scope.to_change(job_id)
        row = jobs.retry(session, job_id, datetime.now(UTC))
        _note(scope, "job.retry", row)
        told = jobs_told(scope, [row])[0]
    do_waiting()
    return jsonify(told)


def post_jobs_retry() -> Response:
    """Let all of one's own failed jobs wait again, and only those."""
    now = datetime.now(UTC)
    with office().workspace.database.writing() as session:
        scope = job_scope(session)
        again = job_list.failed_of(session, scope.person.id)
        for job_id in again:
            _note(scope, "job.retry", jobs.retry(session, job_id, now))
    do_waiting()
    return jsonify(retried=again)


def post_detect(survey_id: int) -> tuple[Response, int]:
    """Search a survey anew in the background: ``learn`` from its review or not, with how many
    patches for each km² and from which size on; what is left out is taken from the settings.
    """
    asked = json_fields(_DETECT)
    learn = asked.values.get("learn", True)
    if not isinstance(learn, bool):
        raise UsageError(
            "字段 learn 应为 true 或 false", "learn must be true or false", code="bad_field"
        )
    budget = asked.number("budget_per_km2", 0, _MOST_PER_KM2, above=True)
    least_m2 = asked.number("min_area_m2", 0, _MOST_LEAST_M2, above=True)
    with office().workspace.database.writing() as session:
        row = scope_of(session).survey(survey_id)
        made = jobs.enqueue(
            session,
            "detect",
            str(row.id),
            {"learn": learn, "budget_per_km2": budget, "min_area_m2": least_m2},
            asked_by=current_person().id,
            weight="long",
            priority=jobs.PRIORITY_ASKED,
            key=f"detect:{row.id}",
        )
        scope = job_scope(session)
        _note(scope, "job.add", made)
        told = jobs_told(scope, [made])[0]
    do_waiting()
    return jsonify(told), 202


def _chosen(name: str, known: tuple[str, ...]) -> frozenset[str]:
    """Return the values of a parameter that may be repeated.

    Raises:
        UsageError: One is none of the known.
    """
    given = [one for one in request.args.getlist(name) if one]
    for one in given:
        if one not in known:
            raise UsageError(
                f"参数 {name} 的值“{one[:40]}”无法识别,可用:{', '.join(known)}",
                f"unknown {name} {one[:40]!r}, known: {', '.join(known)}",
                code="bad_option",
            )
    return frozenset(given)


def _note(scope: JobScope, action: str, row: JobRow) -> None:
    details: dict[str, object] = {"job": row.id, "kind": row.kind}
    audit.record(
        scope.session,
        actor=scope.person.name,
        action=action,
        subject=row.subject,
        details=details,
    )


def jobs_told(scope: JobScope, rows: list[JobRow]) -> list[Json]:
    """Return visible jobs as the API tells them."""
    now, names, people = datetime.now(UTC), scope.names(rows), scope.people(rows)
    return [
        _job_json(scope, row, now)
        | {"name": names[row.id], "person": people.get(row.asked_by or 0)}
        for row in rows
    ]


def _job_json(scope: JobScope, row: JobRow, now: datetime) -> Json:
    task = TASKS.get(row.kind)
    kind = Text(row.kind, row.kind) if task is None else task.name
    left = job_list.seconds_left(scope.session, row, now)
    return {
        "id": row.id,
        "kind": row.kind,
        "kind_name": {"zh": kind.zh, "en": kind.en},
        "subject": row.subject,
        "state": row.state,
        "place": job_list.place_in_line(scope.session, row),
        "share": _share(row),
        "phase": row.phase or None,
        "seconds_left": None if left is None else [round(left[0]), round(left[1])],
        "tries": row.tries,
        "most_tries": row.most_tries,
        "error": row.error or None,
        "cancel_asked": row.cancel_asked,
        "created_at": _utc(row.created_at),
        "started_at": _utc(row.started_at),
        "ended_at": _utc(row.ended_at),
        "due_at": _utc(row.due_at) if row.state == "waiting" and row.due_at > now else None,
        "may_change": scope.may_change(row),
    }


def _share(row: JobRow) -> float | None:
    """Return how much of a job is done, 0 to 1; None while unknown."""
    if row.state == "done":
        return 1.0
    if row.state != "running" or row.total <= 0:
        return None
    return max(0.0, min(row.done / row.total, 1.0))


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
