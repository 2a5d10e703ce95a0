"""The dossier of a case to print, to edit, or as a folder that another office can check."""

from __future__ import annotations

import io
import tempfile
import threading
from typing import BinaryIO

from flask import Response, request, send_file

from geoinspect.casework.export import FORMS
from geoinspect.errors import NotFoundError
from webmap import errors
from webmap.office import office
from webmap.scope_dossiers import DossierScope, dossier_scope

# Laying out a PDF takes a core for seconds and reads all evidence: one at a time per server.
_ONE_AT_A_TIME = threading.BoundedSemaphore(1)
_TYPES = {
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "zip": "application/zip",
}
# The page holds strangers' words: it may run, load and submit nothing.
_STILL = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


def case_dossier(case_id: int, form: str) -> Response:
    """Return ``/cases/N/dossier.pdf``, ``.docx``, ``.html`` or ``.zip``; never from a cache.

    It is a GET although it writes: the row of the audit chain that says who took the case out.
    Nothing of the case is changed, the page that asks needs no script, and a browser that asks
    twice did take it out twice.

    Raises:
        NotFoundError: There is no such case or form.
    """
    if form not in FORMS:
        raise NotFoundError(
            f"卷宗不支持“{form[:20]}”格式,可用:{'、'.join(FORMS)}",
            f"there is no {form[:20]!r} of a dossier, known: {', '.join(FORMS)}",
            code="no_such_kind",
        )
    scope = dossier_scope(office().workspace)
    name = f"case-{scope.number(case_id)}.{form}"
    if request.method == "HEAD":
        return Response(mimetype=_TYPES[form])
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        return errors.busy()
    try:
        out = _made(scope, case_id, form)
    finally:
        _ONE_AT_A_TIME.release()
    length = out.tell()
    out.seek(0)
    response = send_file(
        out,
        mimetype=_TYPES[form],
        as_attachment=form != "html",
        download_name=name,
        max_age=0,
    )
    response.content_length = length
    response.headers["Cache-Control"] = "no-store"
    if form == "html":
        response.headers["Content-Security-Policy"] = _STILL
    return response


def _made(scope: DossierScope, case_id: int, form: str) -> BinaryIO:
    """Return an open file with the answer in it."""
    if form != "zip":
        out = io.BytesIO()
        out.write(scope.document(case_id, form))
        return out
    # Without a name on the disk, so that a server that is killed leaves nothing behind.
    packed = tempfile.TemporaryFile(dir=scope.workspace.folder)  # noqa: SIM115 - sent later
    try:
        scope.write_zip(case_id, packed)
    except BaseException:
        packed.close()
        raise
    return packed
