"""What was sent and waits for a person's answer: the questions, what an answer would mean, answers."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from geoinspect.errors import Text
from geoinspect.intake import TrackTags, previews
from geoinspect.intake import questions as asked_of
from geoinspect.intake.previews import ZoneChoice
from geoinspect.store import incoming
from geoinspect.store.job_schema import JobRow
from webmap.api.blueprint import limit
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import mark_next, text_cursor
from webmap.api.receipts import receipt_json
from webmap.api.tags import tags_of
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_imports import Asked, ImportScope, import_scope

Json = dict[str, Any]
_MOST = 500
_MOST_NOTE, _MOST_TEXT = 500, 200
# The tags that answer a question or help to read a file, by the names of an upload's query.
_TAGS = {
    "crs": Text("坐标系", "the CRS of the numbers"),
    "columns": Text("各列内容", "what the columns hold"),
    "day": Text("日期", "the day"),
    "datum": Text("基准面", "the datum"),
    "timezone": Text("时区", "the time zone"),
    "mode": Text("方式", "how they went"),
}
_LABELS = {
    **_TAGS,
    "set_aside": Text("搁置", "whether to set it aside"),
    "note": Text("说明", "why"),
}


def imports_list() -> Response:
    """Return visible uploads that wait for an answer, newest first: ``?mine=&limit=&cursor=``."""
    mine = request.args.get("mine", "") in {"1", "true"}
    with office().workspace.database.reading() as session:
        scope = import_scope(session)
        found, following = scope.waiting(limit(_MOST), mine=mine, after=text_cursor())
        jobs = incoming.jobs_of_receipts(session, [one.upload.id for one in found])
        told = [_told(scope, one, jobs.get(one.upload.id)) for one in found]
        return jsonify(imports=told, next=mark_next(following))


def receipt_questions(receipt_id: str) -> Response:
    """Return what one upload leaves to ask, with what each answer would mean."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = import_scope(session)
        one = scope.asked(receipt_id)
        job = incoming.jobs_of_receipts(session, [receipt_id]).get(receipt_id)
        tags = asked_of.tags_so_far(session, receipt_id)
        path = workspace.vault.path_of(one.upload.file.sha256)
        kinds = {question.kind for question in one.questions}
        zones: tuple[ZoneChoice, ...] = ()
        if "crs" in kinds:
            unit = tags.unit_code or scope.unit_of(one.upload)
            zones = previews.zone_choices(session, path, columns=tags.columns, unit_code=unit)
        rows = previews.first_rows_of(path) if "columns" in kinds else ()
        return jsonify(
            _told(scope, one, job)
            | {"zones": [_zone_json(zone) for zone in zones], "rows": rows, "tags": tags.as_json()}
        )


def post_answers(receipt_id: str) -> tuple[Response, int]:
    """Answer what an upload asks, or set it aside; the file is read again with what was said."""
    asked = json_fields(_LABELS)
    aside = asked.values.get("set_aside") is True
    said = {name: asked.text(name, _MOST_TEXT) for name in _TAGS if asked.has(name)}
    with office().workspace.database.writing() as session:
        scope = import_scope(session)
        one = scope.to_answer(receipt_id)
        if aside:
            _put_aside(scope, one, asked)
        else:
            asked_of.answer(
                session,
                receipt_id,
                _merged(asked_of.tags_so_far(session, receipt_id), said),
                said=said,
                questions=one.questions,
                user_id=current_person().id,
                actor=current_person().name,
            )
    do_waiting()
    with office().workspace.database.reading() as session:
        scope = import_scope(session)
        job = incoming.jobs_of_receipts(session, [receipt_id]).get(receipt_id)
        return jsonify(_told(scope, scope.asked(receipt_id), job)), 200 if aside else 202


def _put_aside(scope: ImportScope, one: Asked, asked: Fields) -> None:
    asked_of.put_aside(
        scope.session,
        one.upload.id,
        note=asked.text("note", _MOST_NOTE),
        questions=one.questions,
        actor=scope.person.name,
        at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _merged(before: TrackTags, said: dict[str, str]) -> TrackTags:
    """Return what was said of a file before, with what is answered now in its place."""
    now = tags_of(said)
    known = {one.name for one in fields(TrackTags)}
    return replace(before, **{name: getattr(now, name) for name in said if name in known})


def _told(scope: ImportScope, one: Asked, job: JobRow | None) -> Json:
    return receipt_json(one.upload, job) | {
        "result": scope_of(scope.session).result_told(one.upload.result),
        "sender": one.sender,
        "may_answer": scope.may_answer(one.upload),
        "set_aside": asked_of.set_aside(one.upload),
        "questions": [
            {
                "kind": question.kind,
                "message": question.text.en,
                "message_zh": question.text.zh,
                "tag": question.tag,
                "records": list(question.records),
            }
            for question in one.questions
        ],
    }


def _zone_json(zone: ZoneChoice) -> Json:
    return {
        "crs": zone.crs,
        "message": zone.text.en,
        "message_zh": zone.text.zh,
        "area": zone.area,
        "away_m": None if zone.away_m is None else round(zone.away_m),
        "preview": {"type": "MultiPoint", "coordinates": [list(point) for point in zone.points]},
    }
