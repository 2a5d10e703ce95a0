"""The description of what the API says and takes of where cases come from."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query, send

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_FLAG, _OBJECT, _IDS = {"type": "boolean"}, {"type": "object"}, {"type": "array", "items": _ID}
_LIST = path("list_id", {**_ID})
_LEAD = "Analysts, commanders and administrators only."
_LISTS = "/api/v1/target-lists"

SOURCE_PATHS: dict[str, Json] = {
    "/api/v1/cases/proposal": get(
        "What would become of patches: known to a case, joining an open one, or new plots.",
        query("patches", "Numbers of patches with commas between.", needed=True),
    ),
    "/api/v1/cases/from-patches": post(
        f"Open a case for each new plot among patches, and link the others with their open case. "
        f"The same client_id counts once. {_LEAD}",
        {
            "patches": _IDS,
            "survey": _ID,
            "settled": _FLAG,
            "first": _ID,
            "one_case": {"type": ["boolean", "null"]},
            "note": _TEXT,
            "client_id": _TEXT,
        },
    ),
    "/api/v1/cases/sightings": post(
        "Open a case for what a patrol saw; with an outcome it is verified at once. The same "
        "client_id counts once.",
        {
            "title": _TEXT,
            "lon": _NUMBER,
            "lat": _NUMBER,
            "ground": _OBJECT,
            "note": _TEXT,
            "track": _ID,
            "happened": _TEXT,
            "outcome": {"enum": ["confirmed", "not_poppy", "licensed"]},
            "facts": _OBJECT,
            "client_id": _TEXT,
        },
    ),
    "/api/v1/cases/{case_id}/surveys/{survey_id}": get(
        "What a survey shows of a case's ground, and what that suggests for a recheck.",
        path("case_id", {**_ID}),
        path("survey_id", {**_ID}),
    ),
    "/api/v1/licences": get(
        "Licensed parcels with days left, and what each survey of them shows: patches and their "
        "area against the licence, over the border, before or after the dates."
    ),
    _LISTS: {
        **get("Satellite target lists, newest first."),
        **send(
            f"Take a target list as raw bytes; the same file counts once. {_LEAD}",
            query("name", "The file's name.", needed=True),
            query("sha256", "Hash of the bytes, checked when given."),
            query("tolerance", "For matching, metres.", "number"),
            query("day", "Day of the list, as 2026-05-14."),
            query("datum", "wgs84, gcj02 or bd09; by what the file says without it."),
            query("crs", "EPSG:n of projected numbers."),
        ),
    },
    f"{_LISTS}/{{list_id}}/match": get(
        "A list matched one to one with the local dossiers: both rates, pairs, unmatched ones.",
        _LIST,
        query("tolerance", "Metres; the list's own without it.", "number"),
        query("from", "Dossiers opened from this day; the list's calendar year without it."),
        query("to", "Dossiers opened up to this day."),
        query("as_of", "Dossiers opened by this day."),
        query("state", "Only dossiers in this state; may be repeated."),
    ),
    f"{_LISTS}/{{list_id}}/cases": post(
        f"Open a case for each of some targets. The same client_id counts once. {_LEAD}",
        {"targets": _IDS, "note": _TEXT, "client_id": _TEXT},
        _LIST,
        needed=("targets",),
    ),
}
