"""Files in, receipts out."""

from __future__ import annotations

from itertools import chain
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from geoinspect.intake import process, receive, result_json
from geoinspect.store.schema import UploadRow
from webmap import errors
from webmap.api.blueprint import limit
from webmap.api.bodies import (
    RAW_BYTES,
    announced_sha256,
    body_chunks,
    sent_name,
    take_at_most,
)
from webmap.api.tags import tags_of_request
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

_MOST_RECEIPTS = 50
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def post_file() -> tuple[Response, int] | Response:
    """Take one file as raw bytes: ``?name=&sha256=`` and what :mod:`.tags` reads.

    The bytes are kept, synced and receipted before anything is read from them; a file that can't
    be used still gets its receipt, with the reason in ``result``.
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
    name = sent_name()
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
    )
    result = process(office().workspace, row.id, actor=person.name, tags=tags)
    return jsonify(receipt_json(row) | {"result": result_json(result)}), 201


def receipts() -> Response:
    """Return what this person sent, newest first."""
    with office().workspace.database.reading() as session:
        rows = scope_of(session).sent(limit(_MOST_RECEIPTS))
        return jsonify(
            receipts=[receipt_json(row) | {"result": row.result or None} for row in rows]
        )


def receipt(receipt_id: str) -> Response:
    """Return one receipt of this person's own, and what became of the file."""
    with office().workspace.database.reading() as session:
        row = scope_of(session).receipt(receipt_id)
        return jsonify(receipt_json(row) | {"result": row.result or None})


def receipt_json(row: UploadRow) -> dict[str, Any]:
    """Return the proof that a file arrived whole."""
    return {
        "receipt": row.id,
        "name": row.name,
        "bytes": row.file.bytes,
        "sha256": row.file.sha256,
        "received_at": row.received_at.isoformat().replace("+00:00", "Z"),
        "status": row.status,
    }
