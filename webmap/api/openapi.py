"""The description of the API, kept by hand; a test holds it to the real addresses."""

from __future__ import annotations

from flask import Response, current_app, jsonify

from geoinspect import __version__
from webmap.api.openapi_accounts import ACCOUNT_PATHS
from webmap.api.openapi_admin import ADMIN_PATHS
from webmap.api.openapi_case_sources import SOURCE_PATHS
from webmap.api.openapi_cases import CASE_PATHS
from webmap.api.openapi_dossiers import DOSSIER_PATHS
from webmap.api.openapi_evidence import EVIDENCE_PATHS
from webmap.api.openapi_field import FIELD_PATHS
from webmap.api.openapi_find import FIND_PATHS
from webmap.api.openapi_imports import IMPORT_PATHS
from webmap.api.openapi_jobs import JOB_PATHS
from webmap.api.openapi_parts import Json
from webmap.api.openapi_parts import get as _get
from webmap.api.openapi_parts import path as _path
from webmap.api.openapi_parts import query as _query
from webmap.api.openapi_parts import send as _send
from webmap.api.openapi_records import PROBLEM_ANSWER, SCHEMAS
from webmap.api.openapi_review import REVIEW_PATHS
from webmap.api.openapi_search import SEARCH_PATHS
from webmap.api.openapi_shapes import SHAPE_PATHS
from webmap.api.openapi_sites import SITE_PATHS
from webmap.api.openapi_situation import SITUATION_PATHS
from webmap.api.openapi_tips import TIP_PATHS
from webmap.api.openapi_uploads import UPLOAD_PATHS
from webmap.api.openapi_whole import whole
from webmap.api.openapi_work import WORK_PATHS

_ID = {"type": "integer"}
_TEXT = {"type": "string"}


def openapi() -> Response:
    """Return the API's description (OpenAPI 3.1)."""
    return jsonify(whole(current_app, DESCRIPTION))


_CAMPAIGN = _query("campaign", "Number of the campaign; the newest without it.", "integer")
_LOOKS = (
    _query("as_of", "Looks up to and with this day, as 2026-05-14; the newest without it."),
    _query("unit", "Only looks of this unit; may be repeated."),
    _query("team", "Only looks of this team; may be repeated."),
    _query("method", "Only looks of this kind, as foot or survey; may be repeated."),
)
_BBOX = _query("bbox", "west,south,east,north in degrees.")
_LIMIT = _query("limit", "Most rows wanted.", "integer")
_TRACK = _path("track_id", {**_ID})
_DAYS = (_query("from", "First day, as 2026-05-01."), _query("to", "Last day."))
_POST_REVIEW = {
    "post": {
        "summary": "Decide about a track; a field that is left out stays as it is.",
        "parameters": [_TRACK],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "rules_off": {"type": "array", "items": _TEXT},
                            "mode": {"type": ["string", "null"]},
                            "datum": {"type": ["string", "null"]},
                            "crs": {"type": ["string", "null"]},
                            "counts": {"enum": ["auto", "whole", "nothing"]},
                            "unit_code": {"type": ["string", "null"]},
                            "team": {"type": ["string", "null"]},
                            "people": {"type": "array", "items": _TEXT},
                            "purpose": _TEXT,
                            "note": {"type": ["string", "null"]},
                        },
                    }
                }
            },
        },
        "responses": {
            "200": {"description": "The track as it is now."},
            "403": {"description": "Only analysts and administrators decide."},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
}
_POST_INSIDE = {
    "post": {
        "summary": "Coverage of the campaign's ground inside a polygon.",
        "parameters": [_CAMPAIGN, *_LOOKS],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["polygon"],
                        "properties": {"polygon": {"type": "object"}},
                    }
                }
            },
        },
        "responses": {
            "200": {"description": "Sums in cells and square metres."},
            "413": {"description": "More than 1 MB."},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
}
_POST_FILE = {
    "post": {
        "summary": "Send one file as raw bytes. It is kept and receipted before it is read.",
        "parameters": [
            _query("name", "The file's name.", needed=True),
            _query("unit", "Code of the unit that walked the track."),
            _query("team", "Name of the team."),
            _query("mode", "foot, vehicle, boat or drone."),
            _query("datum", "auto, wgs84, gcj02 or bd09."),
            _query("day", "Day of a file that has no time, as 2026-05-14."),
            _query("person", "Code of who recorded it."),
            _query("headcount", "How many people went.", "integer"),
            _query("purpose", "search, recheck, cross_check, site or other."),
            _query("timezone", "Zone of times without one; Asia/Shanghai without it."),
            _query("crs", "CRS of projected numbers, as EPSG:4545."),
            _query(
                "lon",
                "Of a photo: where its device took it, WGS84; only where the picture has no place.",
                "number",
            ),
            _query("lat", "With lon.", "number"),
            _query("accuracy_m", "How exact that place is, metres.", "number"),
            _query("taken", "Of a photo without a time: when, with its zone.", "string"),
            _query("sha256", "Hexadecimal SHA-256 of the bytes; what does not match is refused."),
            _query("wait", "Seconds to wait for the result, 0 to 20.", "number"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        },
        "responses": {
            "201": {"description": "Receipt, and in 'result' what became of it; null: ask later."},
            "503": {"description": "Too many uploads at once: wait as Retry-After says."},
            "413": {"description": "Larger than the limit; nothing was kept."},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
}

DESCRIPTION: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "geoinspect",
        "version": __version__,
        "description": "WGS84 lon, lat; metres (_m), square metres (_m2); times ISO 8601 UTC.",
    },
    "security": [{"token": []}, {"session": []}],
    "paths": {
        "/api/v1/openapi.json": _get("This description."),
        "/api/v1/overview": _get(
            "Coverage, children, gaps and counts of one area: the 50 gaps of most area × risk, each "
            "outline drawn with at most 600 corners (/api/v1/gaps has the others, and each one exact).",
            _query("area", "Code of the area; the campaign's without it."),
            _query("lacking", "Gaps of unseen or uncleared ground."),
            _CAMPAIGN,
            *_LOOKS,
        ),
        "/api/v1/areas": {
            **_get(
                "Outlines of an area's children as GeoJSON.", _query("parent", "Code of the area.")
            ),
            **_send(
                "Take a boundary file as raw bytes; it is read in the background.",
                _query("name", "The file's name.", needed=True),
                _query("level", "Level of every area; by a field of the file without it."),
                _query("sha256", "Hash of the bytes, checked when given."),
            ),
        },
        "/api/v1/zones": _get("Licensed parcels, old growing places and other zones as GeoJSON."),
        "/api/v1/cells": _get(
            "The cell at a place and who was there; null outside the campaign.",
            _query("lon", "Degrees east.", "number", needed=True),
            _query("lat", "Degrees north.", "number", needed=True),
            _CAMPAIGN,
            *_LOOKS,
        ),
        "/api/v1/layers/{name}": _get(
            "Tiles and legend of what the map shows of every cell: state, pod, last_seen, risk, "
            "sensitivity or remaining.",
            _path("name", {**_TEXT}),
            _CAMPAIGN,
            *_LOOKS,
        ),
        "/api/v1/coverage/inside": _POST_INSIDE,
        "/api/v1/gaps": _get(
            "Gaps of one area in pages as GeoJSON, most area × risk first, 50 a page unasked; each "
            "outline drawn with at most 600 corners. A page that goes on after the coverage has "
            "changed is a conflict.",
            _query("area", "Code of the area; the campaign's without it."),
            _query("lacking", "Gaps of unseen or uncleared ground."),
            _query("outlines", "0: without outlines."),
            _BBOX,
            _LIMIT,
            _query("cursor", "'next' of the page before."),
            _CAMPAIGN,
            *_LOOKS,
        ),
        "/api/v1/gaps/{gap_id}": _get(
            "One gap as GeoJSON with its exact outline, to a centimetre.",
            _path("gap_id", {**_TEXT}),
            _query("area", "Code of the area whose list its rank is of; its own without it."),
            _query("lacking", "Gaps of unseen or uncleared ground."),
            _CAMPAIGN,
            *_LOOKS,
        ),
        "/api/v1/gaps.{kind}": _get(
            "Gaps of one area as a file: gpx, kml, gpkg or csv.",
            _path("kind", {**_TEXT}),
            _query("area", "Code of the area; the campaign's without it."),
            _query("lacking", "Gaps of unseen or uncleared ground."),
            _CAMPAIGN,
            *_LOOKS,
            kind="application/octet-stream",
        ),
        "/api/v1/tracks": _get(
            "Tracks of the campaign's window as GeoJSON.", _BBOX, _LIMIT, _CAMPAIGN, _LOOKS[0]
        ),
        "/api/v1/tracks/{track_id}": _get(
            "All that is known of one track: what was read, flagged, repeated and doubted.", _TRACK
        ),
        "/api/v1/tracks/{track_id}/points": _get(
            "A track's lines as read, as cleaned and as counted; its flagged points by rule.",
            _TRACK,
        ),
        "/api/v1/tracks/{track_id}/review": _POST_REVIEW,
        "/api/v1/track-list": _get(
            "Tracks, those with doubts that nobody decided on first.",
            _query("unit", "Code of the unit."),
            _query("team", "Name of the team."),
            _query("mode", "foot, vehicle, boat or drone."),
            *_DAYS,
            _query("doubtful", "1: only tracks with doubts."),
            _query("undecided", "1: only tracks that nobody decided on."),
            _query("sort", "day, length (cleaned), unit or doubts; -length: the longest first."),
            _LIMIT,
            _query("after", "'next' of the page before."),
        ),
        "/api/v1/patrols": _get(
            "Patrols by day; distance counts once, everybody's hours count.", *_DAYS
        ),
        "/api/v1/patrol-months": _get(
            "Indicators of a month by unit and person, with what was divided.",
            _query("month", "As 2026-05; the newest with a patrol without it."),
        ),
        "/api/v1/photos": _get(
            "Photos of the campaign's window as GeoJSON points, with the ground each shows.",
            _BBOX,
            _LIMIT,
            _CAMPAIGN,
        ),
        "/api/v1/photos/{photo_id}": _get(
            "One photo: where, when and how it was taken.", _path("photo_id", {**_ID})
        ),
        "/api/v1/surveys": _get("Surveys as GeoJSON, with the addresses of their tiles."),
        "/api/v1/surveys/{survey_id}": _get(
            "One survey: its check, measured sensitivity, and comparisons with earlier surveys.",
            _path("survey_id", {**_ID}),
        ),
        "/api/v1/surveys/{survey_id}/changes": _get(
            "What changed since the survey ``with``, patch by patch; without it what was compared.",
            _path("survey_id", {**_ID}),
            _query("with", "Number of the earlier survey.", "integer"),
        ),
        "/api/v1/patches": _get("Suspected patches by rank as GeoJSON.", _BBOX, _LIMIT),
        "/api/v1/patches/{patch_id}": _get(
            "One patch: a lead to check on the ground, not evidence.", _path("patch_id", {**_ID})
        ),
        "/api/v1/files": _POST_FILE,
        "/api/v1/receipts": _get("What the caller sent, newest first.", _LIMIT),
        "/api/v1/receipts/{receipt_id}": _get(
            "One receipt of the caller's own.", _path("receipt_id", {**_TEXT})
        ),
        **FIELD_PATHS,
        **FIND_PATHS,
        **SEARCH_PATHS,
        **REVIEW_PATHS,
        **CASE_PATHS,
        **WORK_PATHS,
        **SITUATION_PATHS,
        **SOURCE_PATHS,
        **SHAPE_PATHS,
        **SITE_PATHS,
        **TIP_PATHS,
        **EVIDENCE_PATHS,
        **DOSSIER_PATHS,
        **ACCOUNT_PATHS,
        **ADMIN_PATHS,
        **UPLOAD_PATHS,
        **JOB_PATHS,
        **IMPORT_PATHS,
    },
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "geoinspect"},
        },
        "responses": {"Error": PROBLEM_ANSWER},
        "schemas": SCHEMAS,
    },
}
