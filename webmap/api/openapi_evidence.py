"""The description of what the API says and takes of evidence."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_OBJECT, _FLAG = {"type": "object"}, {"type": "boolean"}
_CASE, _EVIDENCE = path("case_id", {**_ID}), path("evidence_id", {**_ID})
_OF_FILE = (
    query("name", "File name, for raw bytes."),
    query("sha256", "SHA-256 of the bytes in hex; others are refused."),
    query("kind", "photo, video, document or, for a track walked round the ground, area."),
    query("note", "Note."),
    query("step", "Number of the event that it belongs to.", "integer"),
    query("lon", "Where, WGS84, as the sender says; what the file says goes before it.", "number"),
    query("lat", "With lon.", "number"),
    query("taken", "When, with its zone, as the sender says; the file goes before it."),
    query("witness", "Who saw it done."),
    query("witness_office", "Of the witness."),
    query("use_as_ground", "1: the measured ground becomes that of the case."),
    query("happened", "When, by the sender's clock, with its zone."),
    query("client_id", "Made by the sender; the same one counts once."),
    query("datum", "wgs84, gcj02 or bd09; the file's own without it."),
    query("timezone", "Of a camera clock that states none; Asia/Shanghai without it."),
)
_BY_JSON = {
    "kind": _TEXT,
    "note": _TEXT,
    "step": _ID,
    "lon": _NUMBER,
    "lat": _NUMBER,
    "taken": _TEXT,
    "witness": _TEXT,
    "witness_office": _TEXT,
    "use_as_ground": _FLAG,
    "happened": _TEXT,
    "client_id": _TEXT,
    "day": _TEXT,
    "plants": _ID,
    "quadrats": _OBJECT,
    "area_m2": _NUMBER,
    "area_low_m2": _NUMBER,
    "area_high_m2": _NUMBER,
    "area_how": _TEXT,
    "method": _TEXT,
    "sprouted": _FLAG,
    "stage": _TEXT,
    "repeated": _FLAG,
    "resisted": _FLAG,
    "self_removed": _FLAG,
    "survey": _ID,
    "track": _ID,
    "ground": _OBJECT,
    "points": {"type": "array"},
}


def _post() -> Json:
    made = post(
        "Add evidence: a file as application/octet-stream with the query, or a note, count or area "
        "as JSON. Answers with a receipt; what is odd is told in `problems` and refuses nothing.",
        _BY_JSON,
        _CASE,
        *_OF_FILE,
    )
    content = made["post"]["requestBody"]["content"]  # type: ignore[index]
    content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return made


EVIDENCE_PATHS: dict[str, Json] = {
    "/api/v1/cases/{case_id}/evidence": _post(),
    "/api/v1/evidence/{evidence_id}/file": get(
        "The file as it came, always as a download.", _EVIDENCE, kind="application/octet-stream"
    ),
    "/api/v1/evidence/{evidence_id}/thumb.jpg": get(
        "A small upright copy of a photo, at most 480 pixels.", _EVIDENCE, kind="image/jpeg"
    ),
}
