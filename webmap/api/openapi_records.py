"""What the API answers: problems, the records that lists are made of, and every other answer."""

from __future__ import annotations

from webmap.api.answers_cases import CASE_ANSWERS, CASE_RECORDS
from webmap.api.answers_map import MAP_ANSWERS, MAP_RECORDS
from webmap.api.answers_office import OFFICE_ANSWERS, OFFICE_RECORDS
from webmap.api.answers_search import SEARCH_ANSWERS, SEARCH_RECORDS
from webmap.api.answers_work import WORK_ANSWERS
from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    COUNT,
    DAY,
    FLAG,
    NEXT,
    NUMBER,
    TEXT,
    TEXTS,
    by_name,
    or_null,
    record,
    ref,
    rows,
)

SCHEMAS: dict[str, Json] = {
    "Problem": record(
        {
            "type": {"const": "about:blank"},
            "title": {**TEXT, "description": "Name of the status."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {**TEXT, "description": "What is wrong and what to do."},
            "instance": {**TEXT, "description": "The address that was asked, without its query."},
            "code": {**TEXT, "description": "Short stable name of the problem, for programs."},
            "message": {**TEXT, "description": "The detail in English."},
            "message_zh": {**TEXT, "description": "The detail in Chinese."},
        }
    ),
    **OFFICE_RECORDS,
    **MAP_RECORDS,
    **SEARCH_RECORDS,
    **CASE_RECORDS,
}
# Lists of what is drawn: the first of them, or all by a walk from cursor=0 on.
WALKS = frozenset({"/api/v1/tracks", "/api/v1/photos", "/api/v1/patches"})

# Every list in pages: what it is called in its answer, and of what it is.
LISTS = {
    "/api/v1/receipts": ("receipts", "Receipt"),
    "/api/v1/jobs": ("jobs", "Job"),
    "/api/v1/cases": ("cases", "CaseLine"),
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
    "/api/v1/survey-list": ("surveys", "ListedSurvey"),
    "/api/v1/runs": ("runs", "Run"),
    "/api/v1/imports": ("imports", "Import"),
    "/api/v1/licences": ("licences", "Licence"),
    "/api/v1/campaigns": ("campaigns", "Campaign"),
    "/api/v1/backups": ("backups", "Backup"),
    "/api/v1/audit": ("rows", "AuditRow"),
    "/api/v1/audit/anchors": ("anchors", "Anchor"),
}
# Lists of what is drawn, whole or in pages.
DRAWN = frozenset(f"/api/v1/{name}" for name in ("areas", "zones", "surveys"))
_NAMED = record(id=COUNT, name=TEXT)
_STATES = by_name(COUNT)
_BY_CODE = rows(record(code=TEXT, states=_STATES, required=COUNT, total=COUNT))
# What stands beside the rows of a list.
BESIDE: dict[str, dict[str, Json]] = {
    "/api/v1/jobs": {"counts": _STATES},
    "/api/v1/cases": {
        "counts": record(as_of=DAY, open=COUNT, overdue=COUNT, states=_STATES, total=COUNT)
    },
    "/api/v1/sites": {
        "as_of": DAY,
        "counts": record(
            areas=_BY_CODE, units=_BY_CODE, states=_STATES, required=COUNT, total=COUNT
        ),
    },
    "/api/v1/tips": {
        "may": record(handle=FLAG, reward=FLAG),
        "figures": or_null(
            record(
                dict.fromkeys(("median_h", "p90_h", "oldest_h"), or_null(NUMBER)),
                as_of=TEXT,
                received=COUNT,
                answered=COUNT,
                unanswered=COUNT,
                states=_STATES,
            )
        ),
    },
    "/api/v1/track-list": {"total": COUNT, "waiting": COUNT},
    "/api/v1/patrols": {"start": DAY, "end": DAY},
    "/api/v1/units": {
        "whole": FLAG,
        "areas": rows(
            record(
                code=TEXT,
                name=TEXT,
                level=TEXT,
                parent_code=or_null(TEXT),
                unit_code=or_null(TEXT),
            )
        ),
    },
    "/api/v1/plans": {"campaign": or_null(_NAMED)},
    "/api/v1/checks": {
        "as_of": DAY,
        "campaign": _NAMED,
        "cells": COUNT,
        "cleared": COUNT,
        "units": rows(record(code=TEXT, name=TEXT)),
    },
    "/api/v1/target-lists": {"may_open": FLAG},
    "/api/v1/survey-list": {"total": COUNT},
    "/api/v1/licences": {"as_of": DAY},
    "/api/v1/backups": {"every_hours": NUMBER, "folder": FLAG},
    "/api/v1/audit": {"actions": TEXTS},
}
# What every operation answers that is no list, by method and address.
ANSWERS: dict[str, Json] = {
    label.replace(" ", " /api/v1/", 1): schema
    for answers in (OFFICE_ANSWERS, MAP_ANSWERS, SEARCH_ANSWERS, CASE_ANSWERS, WORK_ANSWERS)
    for label, schema in answers.items()
}


def list_answer(address: str) -> Json:
    """Return what a list answers (:mod:`webmap.api.paging`)."""
    name, of = LISTS[address]
    return record({name: rows(ref(of)), "next": NEXT, **BESIDE.get(address, {})})


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
