"""Boundary files of areas: kept as they come, read in the background."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from geoinspect.errors import Text
from geoinspect.records import Level
from geoinspect.store import audit, jobs
from webmap import errors
from webmap.api.bodies import RAW_BYTES, announced_sha256, body_chunks, sent_name, take_at_most
from webmap.api.fields import Fields
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope_admin import whole_office

_LABELS = {
    "name": Text("文件名", "the name"),
    "sha256": Text("校验值", "the hash"),
    "level": Text("级别", "the level"),
}


def post_areas() -> tuple[Response, int] | Response:
    """Take a boundary file as raw bytes: ``?name=``, ``level`` of all areas, ``sha256``."""
    with office().workspace.database.reading() as session:
        whole_office(session)
    if request.mimetype != RAW_BYTES:
        raise UnsupportedMediaType
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        return _take()
    finally:
        slots.release()


def _take() -> tuple[Response, int]:
    asked = Fields(request.args.to_dict(), _LABELS)
    name, announced = sent_name(), announced_sha256()
    level = asked.member("level", Level)
    workspace, person = office().workspace, current_person()
    most_mb = workspace.settings.track_max_mb
    take_at_most(most_mb)
    kept = workspace.vault.keep(body_chunks(announced), max_bytes=int(most_mb * 1e6))
    with workspace.database.writing() as session:
        made = jobs.enqueue(
            session,
            "areas_import",
            name,
            {"sha256": kept.sha256, "level": None if level is None else level.value},
            asked_by=person.id,
            weight="quick",
            priority=jobs.PRIORITY_ASKED,
        )
        details: dict[str, object] = {
            "job": made.id,
            "kind": "areas_import",
            "sha256": kept.sha256,
        }
        audit.record(session, actor=person.name, action="job.add", subject=name, details=details)
        number = made.id
    do_waiting()
    return jsonify(job=number, sha256=kept.sha256), 202


def add_area_addresses(api: Blueprint) -> None:
    """Give the API the address of this module."""
    api.add_url_rule("/areas", view_func=post_areas, methods=["POST"])
