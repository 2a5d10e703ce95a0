"""Satellite target lists: taken in, matched with the local dossiers, made cases of."""

from __future__ import annotations

from datetime import date

from flask import Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from geoinspect.casework.target_book import MOST_TOLERANCE_M, cases_from_targets, import_targets
from geoinspect.errors import Text
from geoinspect.records import Datum
from webmap import errors
from webmap.acting import acting
from webmap.api.blueprint import number
from webmap.api.bodies import (
    RAW_BYTES,
    announced_sha256,
    body_chunks,
    sent_name,
    take_at_most,
)
from webmap.api.case_sources import numbers_of
from webmap.api.choices import a_day
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.office import office
from webmap.scope_case_sources import source_scope

_IMPORT = {
    "name": Text("文件名", "the name"),
    "sha256": Text("校验值", "the hash"),
    "tolerance": Text("容差", "the tolerance"),
    "day": Text("日期", "the day"),
    "datum": Text("坐标系", "the datum"),
    "crs": Text("平面坐标系", "the CRS"),
}
_CASES = {
    "targets": Text("靶标", "the targets"),
    "note": Text("备注", "the note"),
    "client_id": Text("提交编号", "the identifier"),
}


def target_lists() -> Response:
    """Return the target lists, newest first."""
    with office().workspace.database.reading() as session:
        scope = source_scope(session)
        return jsonify(**page("lists", scope.target_lists()), may_open=scope.may_open)


def post_target_list() -> tuple[Response, int] | Response:
    """Take a target list as raw bytes: ``?name=``, ``tolerance``, ``day``, ``datum``, ``crs``.

    The same file again is known again and changes nothing.
    """
    if request.mimetype != RAW_BYTES:
        raise UnsupportedMediaType
    with office().workspace.database.reading() as session:
        source_scope(session).check_may_open()
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        return _take()
    finally:
        slots.release()


def _take() -> tuple[Response, int]:
    asked = Fields(request.args.to_dict(), _IMPORT)
    name, sha256 = sent_name(), announced_sha256()
    tolerance_m = asked.number("tolerance", 0, MOST_TOLERANCE_M, above=True)
    day, datum = asked.day("day"), asked.member("datum", Datum)
    crs = asked.text("crs", 40) or None
    workspace = office().workspace
    with workspace.database.reading() as session:
        sight = source_scope(session).sight
    most_mb = workspace.settings.track_max_mb
    take_at_most(most_mb)
    kept = workspace.vault.keep(body_chunks(sha256), max_bytes=int(most_mb * 1e6))
    done = import_targets(
        workspace,
        kept.path,
        acting(),
        name=name,
        tolerance_m=tolerance_m,
        day=day,
        datum=datum,
        crs=crs,
        sight=sight,
    )
    told = {
        "list": done.list_id,
        "name": done.name,
        "targets": done.targets,
        "sha256": kept.sha256,
        "again": done.again,
        "problems": [problem.as_json() for problem in done.problems],
    }
    return jsonify(told), 200 if done.again else 201


def target_match(list_id: int) -> Response:
    """Return a list matched with the local dossiers, with both rates.

    ``?tolerance=``, ``from``, ``to``, ``as_of``, ``state`` (repeatable).
    """
    tolerance_m = number("tolerance") if request.args.get("tolerance") else None
    states = request.args.getlist("state") or None
    with office().workspace.database.reading() as session:
        scope = source_scope(session)
        told = scope.match(list_id, tolerance_m, _day("as_of"), states, (_day("from"), _day("to")))
        return jsonify({**told, "may_open": scope.may_open})


def post_target_cases(list_id: int) -> Response:
    """Open a case for each of some targets."""
    with office().workspace.database.reading() as session:
        scope = source_scope(session)
        scope.check_list(list_id)
    asked = json_fields(_CASES)
    done = cases_from_targets(
        office().workspace,
        list_id,
        numbers_of(asked, "targets"),
        acting(),
        note=asked.prose("note"),
        client_id=asked.text("client_id", 64),
        sight=scope.sight,
    )
    return jsonify(done)


def _day(name: str) -> date | None:
    given = request.args.get(name)
    return a_day(given) if given else None
