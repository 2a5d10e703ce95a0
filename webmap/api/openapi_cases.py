"""The description of what the API says and takes of cases."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_OBJECT = {"type": "object"}
_CASE = path("case_id", {**_ID})
_STATES = (
    "suspected, triaged, dismissed, assigned, no_access, confirmed, refuted, licensed, eradicated, "
    "rechecked, closed or merged"
)

CASE_PATHS: dict[str, Json] = {
    "/api/v1/cases": {
        **get(
            "Cases, newest first, with how many of the same filter stand in each state.",
            query("state", f"One of {_STATES}; may be repeated."),
            query("origin", "patch, sighting, tip, target, site or other."),
            query("unit", "Code of the unit it is assigned to; may be repeated."),
            query("area", "Code of an area; those below it count too."),
            query("overdue", "1: only those whose next step is overdue."),
            query("bbox", "west,south,east,north in degrees."),
            query("q", "Part of the number or the title."),
            query("limit", "Most rows wanted.", "integer"),
            query("before", "Row number; what came before it.", "integer"),
        ),
        **post(
            "Open a case by hand. The same client_id counts once.",
            {
                "title": _TEXT,
                "origin": {"enum": ["sighting", "site", "other"]},
                "lon": _NUMBER,
                "lat": _NUMBER,
                "ground": _OBJECT,
                "note": _TEXT,
                "unit": _TEXT,
                "happened": _TEXT,
                "client_id": _TEXT,
            },
            needed=("title",),
        ),
    },
    "/api/v1/cases/moves": get("What may be done in which state, by whom, and where it leads."),
    "/api/v1/cases/{case_id}": get(
        "One case: its history, what it rests on, its evidence, and what the caller may do.", _CASE
    ),
    "/api/v1/cases/{case_id}/steps": post(
        "Do something to a case; answers with a receipt and the case. 409 where the state does not "
        "allow it or the case changed after `version`. The same client_id counts once.",
        {
            "action": _TEXT,
            "outcome": _TEXT,
            "reason": _TEXT,
            "note": _TEXT,
            "unit": _TEXT,
            "deadline": _TEXT,
            "facts": _OBJECT,
            "step": _TEXT,
            "into": {"type": ["integer", "string"]},
            "links": {"type": "array", "items": _ID},
            "title": _TEXT,
            "ground": _OBJECT,
            "version": _ID,
            "happened": _TEXT,
            "client_id": _TEXT,
        },
        _CASE,
        needed=("action",),
    ),
}
