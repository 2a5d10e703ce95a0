"""The description of what the API says and takes of sites."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query, send

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_FLAG = {"type": "boolean"}
_OBJECT = {"type": "object"}
_SITE = path("site_id", {**_ID})
_KINDS = "factory, greenhouse, farm, former, sampling, yard or other"
_KEEPERS = "Analysts and administrators only."
_FILTERS = (
    query("unit", "Code of the unit that answers for it."),
    query("kind", f"One of {_KINDS}."),
    query("area", "Code of an area; those below it count too."),
    query("bbox", "west,south,east,north in degrees."),
    query("retired", "1: also sites that are visited no more."),
)
_FIELDS: dict[str, Json] = {
    "name": {**_TEXT},
    "kind": {**_TEXT},
    "unit": {**_TEXT},
    "lon": {**_NUMBER},
    "lat": {**_NUMBER},
    "ground": {**_OBJECT},
    "interval_days": {**_ID},
    "radius_m": {**_NUMBER},
    "dwell_s": {**_NUMBER},
    "starts": {**_TEXT},
    "ends": {**_TEXT},
    "risk": {**_NUMBER},
    "checklist": {"type": "array", "items": _TEXT},
    "note": {**_TEXT},
    "active": {**_FLAG},
}

SITE_PATHS: dict[str, Json] = {
    "/api/v1/sites": {
        **get(
            "Sites, the most pressing first, with counts of the same filter over all states.",
            query("state", "never, overdue, due_soon, fine, not_started, ended or retired."),
            *_FILTERS,
        ),
        **post(
            f"Add a site; the same site again is one site. {_KEEPERS}",
            {"code": _TEXT, **_FIELDS},
            needed=("code", "name"),
        ),
    },
    "/api/v1/sites.geojson": get(
        "Sites as points for drawing.", *_FILTERS, kind="application/geo+json"
    ),
    "/api/v1/sites/{site_id}": {
        **get("One site with the visits that tracks prove, and its answers.", _SITE),
        **post(
            f"Change what is given of a site; active false retires it. {_KEEPERS}", _FIELDS, _SITE
        ),
    },
    "/api/v1/sites/{site_id}/answers": post(
        "Answer the checklist; suspicious true opens a case. The same client_id counts once.",
        {
            "day": _TEXT,
            "answers": _OBJECT,
            "suspicious": _FLAG,
            "note": _TEXT,
            "lon": _NUMBER,
            "lat": _NUMBER,
            "photos": {"type": "array", "items": _OBJECT},
            "happened": _TEXT,
            "client_id": _TEXT,
        },
        _SITE,
    ),
    "/api/v1/sites/{site_id}/photos": send(
        "Send a photo as raw bytes; an answer names it by sha256, name and token of the reply.",
        _SITE,
        query("name", "File name.", needed=True),
        query("sha256", "Hash of the bytes, to be checked."),
    ),
    "/api/v1/sites/{site_id}/photos/{sha256}": get(
        "A photo of an answer as it came.", _SITE, path("sha256", {**_TEXT}), kind="image/jpeg"
    ),
}
