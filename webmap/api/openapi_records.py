"""The schemas of what the API answers: problems, and the records that lists are made of."""

from __future__ import annotations

from webmap.api.openapi_parts import Json

_TEXT: Json = {"type": "string"}
_ID: Json = {"type": "integer"}
_FLAG: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "number"}
_MOMENT: Json = {**_TEXT, "description": "ISO 8601, UTC."}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_PLACE: Json = {
    "type": "array",
    "items": _NUMBER,
    "minItems": 2,
    "maxItems": 2,
    "description": "WGS84 lon, lat.",
}


def _record(needed: dict[str, Json], **more: Json) -> Json:
    """Return an object with keys that are always there, and others that may be."""
    return {"type": "object", "required": sorted(needed), "properties": {**needed, **more}}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


SCHEMAS: dict[str, Json] = {
    "Problem": _record(
        {
            "type": {"const": "about:blank"},
            "title": {**_TEXT, "description": "Name of the status."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {**_TEXT, "description": "What is wrong and what to do."},
            "instance": {**_TEXT, "description": "The address that was asked, without its query."},
            "code": {**_TEXT, "description": "Short stable name of the problem, for programs."},
            "message": {**_TEXT, "description": "The detail in English."},
            "message_zh": {**_TEXT, "description": "The detail in Chinese."},
        }
    ),
    "Receipt": _record(
        {
            "receipt": {**_TEXT, "description": "Proof that the file arrived whole."},
            "name": _TEXT,
            "bytes": {"type": "integer", "minimum": 0},
            "sha256": {**_TEXT, "pattern": "^[0-9a-f]{64}$"},
            "received_at": _MOMENT,
            "state": {**_TEXT, "description": "waiting, reading, failed, or what became of it."},
            "job": _or_null({"type": "object"}),
            "result": _or_null({"type": "object"}),
        }
    ),
    "Job": _record(
        {
            "id": _ID,
            "kind": _TEXT,
            "kind_name": _record({"zh": _TEXT, "en": _TEXT}),
            "name": _or_null(_TEXT),
            "subject": _TEXT,
            "state": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
            "share": _or_null({"type": "number", "minimum": 0, "maximum": 1}),
            "tries": _ID,
            "created_at": _MOMENT,
            "may_change": _FLAG,
        }
    ),
    "Case": _record(
        {
            "id": _ID,
            "number": {**_TEXT, "pattern": "^[0-9]{4}-[0-9]+$"},
            "title": _TEXT,
            "origin": {"enum": ["patch", "sighting", "tip", "target", "site", "other"]},
            "state": _TEXT,
            "place": _or_null(_PLACE),
            "area_code": _or_null(_TEXT),
            "unit_code": _or_null(_TEXT),
            "deadline": _or_null(_TEXT),
            "overdue": _FLAG,
            "version": _ID,
            "opened_at": _MOMENT,
        }
    ),
    "Site": _record(
        {
            "id": _ID,
            "code": _TEXT,
            "name": _TEXT,
            "kind": _TEXT,
            "place": _PLACE,
            "state": _TEXT,
            "interval_days": _ID,
            "unit_code": _or_null(_TEXT),
        }
    ),
    "Tip": _record({"id": _ID, "number": _TEXT, "state": _TEXT, "received_at": _MOMENT}),
    "Track": _record(
        {
            "id": _ID,
            "name": _or_null(_TEXT),
            "file": _TEXT,
            "day": _or_null(_TEXT),
            "mode": _or_null(_TEXT),
            "team": _or_null(_TEXT),
            "unit_code": _or_null(_TEXT),
            "people": _TEXTS,
            "length_m": _NUMBER,
            "counted_length_m": _NUMBER,
            "doubtful": _FLAG,
            "decided": _FLAG,
        }
    ),
    "Patrol": _record(
        {
            "id": _ID,
            "day": _TEXT,
            "mode": _or_null(_TEXT),
            "unit_code": _or_null(_TEXT),
            "team": _or_null(_TEXT),
            "people": _TEXTS,
            "tracks": {"type": "array", "items": _ID},
            "distance_m": _NUMBER,
            "person_hours": _or_null(_NUMBER),
            "valid": _FLAG,
        }
    ),
    "Token": _record(
        {"id": _ID, "label": _TEXT, "scope": _TEXT, "state": _TEXT, "user": _TEXT, "expires": _TEXT}
    ),
    "Session": _record(
        {
            "id": _TEXT,
            "this": {**_FLAG, "description": "Whether it is the one that asks."},
            "address": _TEXT,
            "agent": _TEXT,
            "created_at": _MOMENT,
            "seen_at": _MOMENT,
        }
    ),
    "Person": _record(
        {"id": _ID, "name": _TEXT, "role": _TEXT, "unit_code": _or_null(_TEXT), "active": _FLAG}
    ),
    "Unit": _record({"code": _TEXT, "name": _TEXT, "parent_code": _or_null(_TEXT)}),
    "Plan": _record({"id": _ID, "name": _TEXT}),
    "Check": _record({"id": _ID}),
    "KeptClaim": _record({"id": _ID}),
    "TargetList": _record({"id": _ID, "name": _TEXT, "targets": _ID}),
    "Trial": _record({"id": _ID}),
    "Upload": _record({"upload": _TEXT}),
    "ReviewedSurvey": _record({"id": _ID, "name": _TEXT}),
    "Features": _record(
        {
            "type": {"const": "FeatureCollection"},
            "features": {
                "type": "array",
                "items": _record(
                    {
                        "type": {"const": "Feature"},
                        "geometry": {"type": "object"},
                        "properties": {"type": "object"},
                    }
                ),
            },
        },
        total={**_ID, "description": "How many there are, of patches."},
        limited={**_FLAG, "description": "Whether there are more."},
        next=_or_null(
            {**_ID, "description": "Cursor of the following page of a walk; null on the last."}
        ),
    ),
}
# Lists of what is drawn: the first of them, or all by a walk from cursor=0 on.
WALKS = frozenset({"/api/v1/tracks", "/api/v1/photos", "/api/v1/patches"})

# Every list in pages: what it is called in its answer, and of what it is.
LISTS = {
    "/api/v1/receipts": ("receipts", "Receipt"),
    "/api/v1/jobs": ("jobs", "Job"),
    "/api/v1/cases": ("cases", "Case"),
    "/api/v1/sites": ("sites", "Site"),
    "/api/v1/tips": ("tips", "Tip"),
    "/api/v1/track-list": ("tracks", "Track"),
    "/api/v1/patrols": ("patrols", "Patrol"),
    "/api/v1/tokens": ("tokens", "Token"),
    "/api/v1/account/sessions": ("sessions", "Session"),
    "/api/v1/people": ("people", "Person"),
    "/api/v1/units": ("units", "Unit"),
    "/api/v1/plans": ("plans", "Plan"),
    "/api/v1/checks": ("checks", "Check"),
    "/api/v1/claims/kept": ("claims", "KeptClaim"),
    "/api/v1/target-lists": ("lists", "TargetList"),
    "/api/v1/trials": ("trials", "Trial"),
    "/api/v1/uploads": ("uploads", "Upload"),
    "/api/v1/review": ("surveys", "ReviewedSurvey"),
}
# Other answers of one of the schemas.
ANSWERS = {
    "/api/v1/receipts/{receipt_id}": "Receipt",
    "/api/v1/jobs/{job_id}": "Job",
    "/api/v1/tracks/{track_id}": "Track",
    "/api/v1/cases/{case_id}": "Case",
    **{
        f"/api/v1/{name}": "Features"
        for name in ("areas", "zones", "tracks", "photos", "surveys", "patches")
    },
}
# Files that come in several kinds, and answers that are not always 200.
_GPX, _CSV, _GPKG = "application/gpx+xml", "text/csv", "application/geopackage+sqlite3"
_KML = "application/vnd.google-earth.kml+xml"
FILES = {
    "/api/v1/gaps.{kind}": (_GPX, _KML, _GPKG, _CSV),
    "/api/v1/plans/{plan_id}/routes.{kind}": (_GPX, _KML),
    "/api/v1/checks/{check_id}/cells.{kind}": (_CSV, _GPX),
    "/api/v1/review/{survey_id}/labels.{kind}": ("application/geo+json", _GPKG, _CSV),
    "/api/v1/audit.{form}": (_CSV, "application/json"),
    "/api/v1/sites/{site_id}/photos/{sha256}": ("image/jpeg", "application/octet-stream"),
    "/api/v1/sites.geojson": ("application/json",),
    "/api/v1/cases/{case_id}/dossier.{form}": (
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "text/html",
    ),
}
LATER = {
    "/api/v1/audit/verify": "202",
    "/api/v1/backups": "202",
    "/api/v1/areas": "202",
    "/api/v1/campaigns": "202",
    "/api/v1/campaigns/{campaign_id}/sweep": "202",
    "/api/v1/backups/{name}/check": "202",
    "/api/v1/surveys/{survey_id}/detect": "202",
    "/api/v1/receipts/{receipt_id}/answers": "202",
    "/api/v1/cases/{case_id}/evidence": "201",
}

PROBLEM_ANSWER: Json = {
    "description": "A problem (RFC 9457): what is wrong and what to do, in both languages.",
    "content": {
        "application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "There is no case with the number 99.",
                "instance": "/api/v1/cases/99",
                "code": "no_such_case",
                "message": "There is no case with the number 99.",
                "message_zh": "没有编号为 99 的案件。",
            },
        }
    },
}
