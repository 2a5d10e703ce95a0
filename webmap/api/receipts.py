"""Files in, receipts out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import ClientDisconnected, UnsupportedMediaType

from geoinspect.errors import TooLargeError, UsageError
from geoinspect.intake import process, receive, result_json
from geoinspect.store.schema import UploadRow
from webmap import errors
from webmap.api.blueprint import limit
from webmap.api.tags import tags_of_request
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

RAW_BYTES = "application/octet-stream"
_MOST_RECEIPTS = 50
_CHUNK_BYTES = 1 << 18
_MAX_NAME = 200
_SHA256 = re.compile("[0-9a-f]{64}")
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
        return _take(_announced_sha256())
    finally:
        slots.release()


def _take(announced: str | None) -> tuple[Response, int]:
    if request.mimetype != RAW_BYTES:
        raise UnsupportedMediaType
    name = _name()
    tags = tags_of_request()
    settings = office().workspace.settings
    most_mb = max(settings.track_max_mb, settings.raster_max_mb)
    if request.content_length is not None:
        _check_size(request.content_length, most_mb)
    request.max_content_length = int(most_mb * 1e6) + 1
    chunks = _chunks(announced)
    head = next(chunks, b"")
    most_mb = settings.raster_max_mb if head.startswith(_TIFF) else settings.track_max_mb
    if request.content_length is not None:
        _check_size(request.content_length, most_mb)
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


def _chunks(announced: str | None) -> Iterator[bytes]:
    """Yield the body as it comes.

    Raises:
        UsageError: The connection broke before the announced end, or the bytes are not those
            that were announced; nothing is kept.
    """
    expected, got = request.content_length, 0
    digest = hashlib.sha256()
    try:
        while chunk := request.stream.read(_CHUNK_BYTES):
            got += len(chunk)
            digest.update(chunk)
            yield chunk
    except ClientDisconnected:
        expected = got + 1
    if expected is not None and got < expected:
        raise UsageError(
            f"连接中断,只收到 {got} 字节:请重传",
            f"the connection broke after {got} bytes: send the file again",
            code="incomplete",
        )
    if announced is not None and digest.hexdigest() != announced:
        raise UsageError(
            "收到的内容与 sha256 不符,文件在途中受损:请重传",
            "what arrived does not match sha256, the file was damaged on its way: send it again",
            code="checksum",
        )


def _name() -> str:
    name = request.args.get("name", "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable()).strip()
    if not name:
        raise UsageError(
            "缺少文件名:请在地址中给出 ?name=",
            "the file's name is missing: give it as ?name=",
            code="no_name",
        )
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 20]}…{name[-16:]}"


def _announced_sha256() -> str | None:
    given = request.args.get("sha256", "").lower()
    if given and _SHA256.fullmatch(given) is None:
        raise UsageError(
            f"参数 sha256 应为 64 位十六进制数,得到“{given[:80]}”",
            f"sha256 must have 64 hexadecimal digits, got {given[:80]!r}",
            code="bad_option",
        )
    return given or None


def _check_size(size: int, most_mb: float) -> None:
    if size > most_mb * 1e6:
        raise TooLargeError(
            f"文件 {size / 1e6:.0f} MB,超过 {most_mb:.0f} MB 的上限:请拆分后再传",
            f"the file has {size / 1e6:.0f} MB, the limit is {most_mb:.0f} MB: send it in parts",
        )
