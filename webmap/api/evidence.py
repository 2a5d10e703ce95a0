"""Evidence of cases: added with a receipt, taken away as it came, shown as a small copy."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import available_timezones

from flask import Response, jsonify, request, send_file

from geoinspect.cases.facts import FACT_WORDS, read_facts
from geoinspect.cases.records import CaseAction, EvidenceKind
from geoinspect.casework.evidence import Added, NewEvidence, add_evidence
from geoinspect.casework.evidence_asked import file_name
from geoinspect.casework.evidence_ground import Measured, drawn, walked_file, walked_points
from geoinspect.casework.told import today_of
from geoinspect.errors import NotFoundError, Text
from geoinspect.records import Datum
from webmap import errors
from webmap.acting import acting
from webmap.api.bodies import (
    RAW_BYTES,
    announced_sha256,
    body_chunks,
    sent_name,
    take_at_most,
)
from webmap.api.fields import Fields, json_fields
from webmap.office import office
from webmap.scope_evidence import evidence_scope

_MOST_ID = 10**15
# A walk of as many points as one may have.
_MOST_JSON_MB = 4.0
_CHINA = "Asia/Shanghai"
# What a copy shows follows from the bytes alone, and evidence never changes.
_KEEP_S = 86_400
_SAID = {
    "kind": Text("种类", "the kind"),
    "note": Text("备注", "the note"),
    "step": Text("步骤", "the step"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "taken": Text("拍摄时间", "the time it was made"),
    "witness": Text("见证人", "the witness"),
    "witness_office": Text("见证人单位", "the office of the witness"),
    "use_as_ground": Text("用作地块", "use as ground"),
    "happened": Text("时间", "the time"),
    "client_id": Text("提交编号", "the identifier"),
}
_OF_FILE = {
    **_SAID,
    "name": Text("文件名", "the name"),
    "sha256": Text("校验值", "the hash"),
    "datum": Text("坐标基准", "the datum"),
    "timezone": Text("时区", "the time zone"),
}
_OF_JSON = {
    **_SAID,
    **FACT_WORDS,
    "ground": Text("范围", "the ground"),
    "points": Text("轨迹点", "the points"),
}
_BY_FILE = (EvidenceKind.PHOTO, EvidenceKind.VIDEO, EvidenceKind.DOCUMENT, EvidenceKind.AREA)
_BY_JSON = (EvidenceKind.NOTE, EvidenceKind.COUNT, EvidenceKind.AREA)


def post_evidence(case_id: int) -> tuple[Response, int] | Response:
    """Add evidence to a case: a file as raw bytes with the query saying what it is, or JSON.

    The bytes are kept and synced, then row, event and seal are written together; what is odd is
    told in ``problems``.
    """
    with office().workspace.database.reading() as session:
        evidence_scope(session).case(case_id)
    if request.mimetype != RAW_BYTES:
        request.max_content_length = int(_MOST_JSON_MB * 1e6)
        asked = json_fields(_OF_JSON)
        with office().workspace.database.reading() as session:
            evidence_scope(session).check_may_add(case_id, asked.text("client_id", 64))
        return _answer(add_evidence(office().workspace, case_id, _of_json(asked), acting()))
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        return _take_file(case_id)
    finally:
        slots.release()


def evidence_original(evidence_id: int) -> Response:
    """Return the file of a piece of evidence as it came, always as a download."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        path, name = evidence_scope(session).file(workspace, evidence_id)
    # Names that came by the command line may hold what no header can.
    shown = file_name(name) or path.name
    response = send_file(
        path, mimetype=RAW_BYTES, as_attachment=True, download_name=shown, etag=path.name, max_age=0
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def evidence_thumb(evidence_id: int) -> Response:
    """Return a small upright copy of a photo as JPEG, with nothing of the original but pixels."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        small = evidence_scope(session).thumbnail(workspace, evidence_id)
    if small is None:
        raise NotFoundError(
            "这份证据没有缩略图:请下载原文件查看",
            "there is no small copy of this piece: download the original",
            code="no_thumbnail",
        )
    response = Response(small, mimetype="image/jpeg")
    response.headers["Cache-Control"] = f"private, max-age={_KEEP_S}"
    return response


def _take_file(case_id: int) -> tuple[Response, int]:
    asked = Fields(request.args.to_dict(), _OF_FILE)
    announced, name = announced_sha256(), sent_name()
    kind = _kind(asked, _BY_FILE, EvidenceKind.DOCUMENT)
    new = _said(asked, kind)
    workspace = office().workspace
    with workspace.database.reading() as session:
        evidence_scope(session).check_may_add(case_id, new.client_id)
    most_mb = workspace.settings.evidence_max_mb
    take_at_most(most_mb)
    kept = workspace.vault.keep(body_chunks(announced), max_bytes=int(most_mb * 1e6))
    new = replace(new, file=kept, name=name, datum=_datum(asked), timezone=_timezone(asked))
    if kind is EvidenceKind.AREA and kept.bytes:
        measured = walked_file(
            kept.path,
            name=name,
            datum=new.datum,
            timezone=new.timezone,
            settings=workspace.settings,
        )
        new = replace(new, measured=measured)
    return _answer(add_evidence(workspace, case_id, new, acting()))


def _of_json(asked: Fields) -> NewEvidence:
    kind = _kind(asked, _BY_JSON, EvidenceKind.NOTE)
    new = _said(asked, kind)
    given = {key: asked.values[key] for key in FACT_WORDS if key in asked.values}
    given.pop("witness", None)
    facts = read_facts(given, CaseAction.EVIDENCE, today_of()) if given else {}
    return replace(new, facts=facts, measured=_measured(asked))


def _said(asked: Fields, kind: EvidenceKind) -> NewEvidence:
    step = asked.number("step", 1, _MOST_ID)
    return NewEvidence(
        kind=kind,
        note=asked.prose("note"),
        use_as_ground=_use_as_ground(asked),
        step=None if step is None else int(step),
        place=_place(asked),
        taken=asked.moment("taken"),
        witness=asked.text("witness", 300),
        witness_office=asked.text("witness_office", 300),
        happened=asked.moment("happened"),
        client_id=asked.text("client_id", 64),
    )


def _answer(added: Added) -> tuple[Response, int]:
    with office().workspace.database.reading() as session:
        told = evidence_scope(session).told(added.evidence_id)
    return jsonify(
        receipt=added.done.receipt,
        again=added.done.again,
        seq=added.done.seq,
        evidence=told,
        problems=[problem.as_json() for problem in added.problems],
    ), 201


def _kind(asked: Fields, known: tuple[EvidenceKind, ...], default: EvidenceKind) -> EvidenceKind:
    kind = asked.member("kind", EvidenceKind) or default
    if kind not in known:
        names = ", ".join(known)
        raise asked.bad("kind", f"在这里可用:{names}", f"here one of {names}")
    return kind


def _measured(asked: Fields) -> Measured | None:
    ground, points = asked.values.get("ground"), asked.values.get("points")
    if ground is not None and points is not None:
        raise asked.bad("ground", "不能与轨迹点同时给出", "given without points, or points alone")
    if points is not None:
        if not isinstance(points, list) or not all(isinstance(p, list) for p in points):
            raise asked.bad("points", "应为坐标列表", "a list of places")
        return walked_points(points)
    return None if ground is None else drawn(ground)


def _place(asked: Fields) -> tuple[float, float] | None:
    lon, lat = asked.number("lon", -180, 180), asked.number("lat", -90, 90)
    if (lon is None) != (lat is None):
        raise asked.bad("lon", "应与纬度一起给出", "given together with the latitude")
    return None if lon is None or lat is None else (round(lon, 7), round(lat, 7))


def _use_as_ground(asked: Fields) -> bool:
    value = asked.values.get("use_as_ground")
    if isinstance(value, str):
        return value in ("1", "true")
    return asked.flag("use_as_ground") or False


def _datum(asked: Fields) -> Datum | None:
    return None if asked.text("datum", 10) in ("", "auto") else asked.member("datum", Datum)


def _timezone(asked: Fields) -> str:
    given = asked.text("timezone", 60) or _CHINA
    if given not in available_timezones():
        raise asked.bad("timezone", "应如 Asia/Shanghai 或 UTC", "such as Asia/Shanghai or UTC")
    return given
