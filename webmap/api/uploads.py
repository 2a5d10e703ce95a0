"""Uploads that can be taken up again, by tus 1.0.0 (see :mod:`webmap.tus`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, jsonify, request, url_for
from werkzeug.exceptions import MethodNotAllowed

from geoinspect.casework.evidence_asked import file_name
from geoinspect.errors import GeoInspectError, Text, UsageError
from geoinspect.intake import arrival_words
from geoinspect.intake.arriving import Arrival, Arrivals
from geoinspect.store.incoming import NewIncoming
from webmap import errors, tus
from webmap.api.paging import page
from webmap.api.tags import tags_of
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office

_KEY = "geoinspect.uploads"
_SLOW_AT_ONCE = 64
_STATUS = {
    "upload_locked": 423,
    "too_many_uploads": 429,
    "checksum": 460,
    "upload_gone": 410,
}
_LOCKED_WAIT_S = 3
_WRONG_VERSION = Text(
    "请在请求头中写明 Tus-Resumable: 1.0.0", "Say Tus-Resumable: 1.0.0 in the request's headers."
)
_WRONG_TYPE = Text(
    f"请以 {tus.PIECE_TYPE} 发送文件的一段", f"Send a piece of the file as {tus.PIECE_TYPE}."
)
_INCOMPLETE = Text(
    "连接中断,这一段没有收完整:会自动从断点继续",
    "The connection broke within this piece: it goes on from where it was.",
)
View = Callable[..., Response]


class _Desk:
    """What the requests of one app share about uploads."""

    def __init__(self) -> None:
        self.arrivals = Arrivals(office().workspace)
        self.readings = tus.Readings()
        # Who sends slowly never takes every thread of the server.
        self._slow = threading.BoundedSemaphore(_SLOW_AT_ONCE)

    @contextmanager
    def lane(self) -> Iterator[Callable[[], bool]]:
        """Yield what a body that comes slowly asks for the right to go on."""
        taken: list[bool] = []

        def slow() -> bool:
            taken.append(self._slow.acquire(blocking=False))
            return taken[-1]

        try:
            yield slow
        finally:
            if any(taken):
                self._slow.release()


def _desk() -> _Desk:
    found = current_app.extensions.get(_KEY)
    if found is None:
        found = current_app.extensions.setdefault(_KEY, _Desk())
    return cast(_Desk, found)


def _speaks_tus(view: View) -> View:
    """Answer in the protocol's version, and only to those who speak it."""

    @wraps(view)
    def answer(**parts: str) -> Response:
        if not _is_tus():
            response = errors.answer("wrong_version", _WRONG_VERSION, 412)
            response.headers["Tus-Version"] = tus.VERSION
        else:
            try:
                response = view(**parts)
            except GeoInspectError as error:
                response = _refusal(error)
        response.headers["Tus-Resumable"] = tus.VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _is_tus() -> bool:
    return request.headers.get("Tus-Resumable") == tus.VERSION


def _refusal(error: GeoInspectError) -> Response:
    status = _STATUS.get(error.code, errors.status_of(error))
    response = errors.answer(error.code, error.text, status)
    if status == _STATUS["checksum"]:
        response.status = "460 Checksum Mismatch"
    if status in (423, 429):
        response.headers["Retry-After"] = str(_LOCKED_WAIT_S)
    return response


def uploads_offered(upload_id: str = "") -> Response:
    """Say what this server can do."""
    response = Response(status=204)
    response.headers.update(
        {
            "Tus-Resumable": tus.VERSION,
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(int(office().workspace.settings.raster_max_mb * 1e6)),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        }
    )
    return response


def uploads() -> Response:
    """Return this person's uploads that did not arrive whole, the oldest first."""
    return jsonify(
        page(
            "uploads",
            [_json(one) for one in _desk().arrivals.unfinished(current_person().id)],
            "upload",
        )
    )


@_speaks_tus
def post_upload() -> Response:
    """Begin an upload; its first piece may come along."""
    if "Upload-Defer-Length" in request.headers:
        raise UsageError(
            "请在创建时写明 Upload-Length(文件的字节数)",
            "say the file's length in bytes as Upload-Length",
            code="bad_header",
        )
    person, said = current_person(), tus.metadata()
    name = file_name(said.get("filename") or said.get("name", ""))
    if not name:
        raise UsageError(
            "缺少文件名:请在 Upload-Metadata 中给出 filename",
            "the file's name is missing: give it as filename in Upload-Metadata",
            code="no_name",
        )
    asked = NewIncoming(
        user_id=person.id,
        name=name,
        length=tus.whole_number("Upload-Length"),
        sha256=tus.announced_sha256(said),
        tags=tags_of(said).as_json(),
    )
    arrival = _desk().arrivals.begin(asked)
    response = _told(arrival, 201)
    if request.mimetype == tus.PIECE_TYPE:
        response = _take(arrival.id, 0)
        if response.status_code == 204:
            response.status_code = 201
    response.headers["Location"] = url_for("api.upload", upload_id=arrival.id)
    return response


def upload(upload_id: str) -> Response:
    """Return how far an upload is: for HEAD in headers, for GET as JSON too."""
    if request.method == "HEAD" and _is_tus():
        return _head(upload_id=upload_id)
    # What is not there is missing for those too who don't speak the protocol.
    shown = _shown(upload_id)
    return _head(upload_id=upload_id) if request.method == "HEAD" else shown


@_speaks_tus
def _head(upload_id: str) -> Response:
    _desk().readings.end_silent(upload_id)
    arrival = _desk().arrivals.find(upload_id, current_person().id)
    if arrival.state == "refused":
        return _ended(arrival)
    return _told(arrival, 200)


def _shown(upload_id: str) -> Response:
    response = jsonify(_json(_desk().arrivals.find(upload_id, current_person().id)))
    response.headers["Cache-Control"] = "no-store"
    return response


@_speaks_tus
def patch_upload(upload_id: str) -> Response:
    """Take the next piece; a POST with ``X-HTTP-Method-Override`` is what it says."""
    method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if request.method == "POST" and method == "DELETE":
        return _give_up(upload_id)
    if request.method == "POST" and method != "PATCH":
        raise MethodNotAllowed
    return _take(upload_id, tus.whole_number("Upload-Offset"))


@_speaks_tus
def delete_upload(upload_id: str) -> Response:
    """Give an upload up that did not arrive whole."""
    return _give_up(upload_id)


def _give_up(upload_id: str) -> Response:
    _desk().readings.end_silent(upload_id)
    _desk().arrivals.give_up(upload_id, current_person().id)
    return Response(status=204)


def _take(upload_id: str, offset: int) -> Response:
    """Read a piece and add it."""
    if request.mimetype != tus.PIECE_TYPE:
        return errors.answer("unsupported_media_type", _WRONG_TYPE, 415)
    checksum, desk, person = tus.checksum(), _desk(), current_person()
    desk.readings.end_silent(upload_id)
    known = desk.arrivals.find(upload_id, person.id)
    if known.state == "refused":
        return _ended(known)
    coming = request.content_length or 0
    if offset != known.offset and offset + coming != known.length:
        # Said before the bytes are waited for; under the lock it is looked at again.
        raise arrival_words.wrong_offset(offset, known.offset)
    if tus.MOST_PIECE_BYTES >= coming > known.length - offset:
        raise arrival_words.beyond(known.length)
    with desk.lane() as slow, desk.readings.reading(upload_id) as reading:
        data, end = tus.read_piece(reading, known.length, offset, slow)
        if checksum is not None and end is not tus.End.WHOLE:
            incomplete = errors.answer("incomplete", _INCOMPLETE, 400)
            return errors.busy() if end is tus.End.CROWDED else incomplete
        if checksum is not None and not checksum.fits(data):
            raise arrival_words.damaged_piece()
        arrival = desk.arrivals.append(upload_id, person.id, offset, data)
    if arrival.state == "refused":
        return _ended(arrival)
    if end is tus.End.CROWDED:
        # What came so far counts; the rest comes when there is room.
        return errors.busy()
    return _told(arrival, 204)


def _ended(arrival: Arrival) -> Response:
    """Answer that an upload was refused: to the piece that ended it, and to all that come after."""
    text = Text(arrival.error["message_zh"], arrival.error["message"])
    code = arrival.error["code"]
    status = _STATUS.get(code, 413) if request.method == "PATCH" else 410
    response = errors.answer(code, text, status)
    if status == _STATUS["checksum"]:
        response.status = "460 Checksum Mismatch"
    return response


def _told(arrival: Arrival, status: int) -> Response:
    if arrival.state != "arriving":
        do_waiting()
    response = Response(status=status)
    headers = response.headers
    headers["Upload-Offset"], headers["Upload-Length"] = str(arrival.offset), str(arrival.length)
    headers["Upload-State"] = arrival.state
    if arrival.receipt_id is not None:
        headers["Upload-Receipt"] = arrival.receipt_id
    elif arrival.state == "arriving":
        headers["Upload-Expires"] = format_datetime(arrival.expires_at, usegmt=True)
    return response


def _json(arrival: Arrival) -> dict[str, Any]:
    return {
        "upload": arrival.id,
        "name": arrival.name,
        "state": arrival.state,
        "offset": arrival.offset,
        "length": arrival.length,
        "receipt": arrival.receipt_id,
        "error": arrival.error or None,
        "expires_at": arrival.expires_at.isoformat().replace("+00:00", "Z"),
    }
