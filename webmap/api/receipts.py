"""Files in, receipts out."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import chain
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from geoinspect.intake import receive
from geoinspect.store import people
from geoinspect.store.incoming import first_sent, jobs_of_receipts
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import UploadRow
from webmap import errors
from webmap.api.blueprint import limit, number
from webmap.api.bodies import (
    RAW_BYTES,
    announced_sha256,
    body_chunks,
    sent_name,
    take_at_most,
)
from webmap.api.paging import mark_next, text_cursor
from webmap.api.tags import tags_of_request
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope import scope_of

_MOST_RECEIPTS = 1000
_LONGEST_WAIT_S, _FIRST_PAUSE_S, _LONGEST_PAUSE_S = 20.0, 0.05, 0.5
_LIVE = ("waiting", "running")
Json = dict[str, Any]
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def post_file() -> tuple[Response, int] | Response:
    """Take one file as raw bytes: ``?name=&sha256=&wait=`` and what :mod:`.tags` reads.

    The bytes are kept, synced and receipted before anything is read from them. A job reads them;
    the answer waits for it up to ``wait`` seconds, and has ``result`` null where it takes longer.
    """
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        return _take(announced_sha256())
    finally:
        slots.release()


def _take(announced: str | None) -> tuple[Response, int]:
    if request.mimetype != RAW_BYTES:
        raise UnsupportedMediaType
    name, wait_s = sent_name(), min(max(number("wait", _LONGEST_WAIT_S), 0.0), _LONGEST_WAIT_S)
    tags = tags_of_request()
    settings = office().workspace.settings
    most_mb = max(settings.track_max_mb, settings.raster_max_mb)
    take_at_most(most_mb)
    chunks = body_chunks(announced)
    head = next(chunks, b"")
    most_mb = settings.raster_max_mb if head.startswith(_TIFF) else settings.track_max_mb
    take_at_most(most_mb)
    person = current_person()
    row = receive(
        office().workspace,
        chain([head], chunks),
        name=name,
        user_id=person.id,
        actor=person.name,
        max_mb=most_mb,
        tags=tags,
    )
    do_waiting()
    return jsonify(_awaited(row.id, wait_s)), 201


def _awaited(receipt_id: str, wait_s: float) -> Json:
    """Return a receipt with what its job made of the file, or without when the time is over."""
    end, pause_s = time.monotonic() + wait_s, _FIRST_PAUSE_S
    while True:
        with office().workspace.database.reading() as session:
            row = people.upload(session, receipt_id)
            job = jobs_of_receipts(session, [receipt_id]).get(receipt_id)
            if job is None or job.state not in _LIVE or time.monotonic() >= end:
                ended = job is not None and job.state == "done"
                result = job.result if job is not None and ended else row.result
                live = job is not None and job.state in _LIVE
                told = None if live else scope_of(session).result_told(result)
                return receipt_json(row, job) | {"result": told}
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def receipts() -> Response:
    """Return what this person sent, newest first."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        most = limit(_MOST_RECEIPTS)
        found = scope.sent(most + 1, before=text_cursor())
        rows, more = found[:most], len(found) > most
        jobs = jobs_of_receipts(session, [row.id for row in rows])
        told = [
            receipt_json(row, jobs.get(row.id)) | {"result": scope.result_told(row.result)}
            for row in rows
        ]
        return jsonify(receipts=told, next=mark_next(rows[-1].id if more else None))


def receipt(receipt_id: str) -> Response:
    """Return one receipt of this person's own, and what became of the file."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.receipt(receipt_id)
        job = jobs_of_receipts(session, [row.id]).get(row.id)
        before = first_sent(session, row)
        told = receipt_json(row, job) | {"result": scope.result_told(row.result)}
        return jsonify(told | {"sent_before": None if before is None else _utc(before)})


def receipt_json(row: UploadRow, job: JobRow | None) -> Json:
    """Return the proof that a file arrived whole, and how far it was read."""
    received = _utc(row.received_at)
    return {
        "receipt": row.id,
        "name": row.name,
        "file": row.name,
        "bytes": row.file.bytes,
        "sha256": row.file.sha256,
        "received_at": received,
        "time": received,
        "status": row.status,
        "state": _state(row, job),
        "job": None if job is None else _job_json(job),
    }


def _state(row: UploadRow, job: JobRow | None) -> str:
    """Return ``waiting`` or ``reading`` while it is, ``failed`` where that broke off, else what
    became of the file.
    """
    if row.status != "received" or job is None:
        return row.status
    return {"waiting": "waiting", "running": "reading"}.get(job.state, "failed")


def _job_json(job: JobRow) -> Json:
    return {
        "id": job.id,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "phase": job.phase or None,
        "error": job.error or None,
    }


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
