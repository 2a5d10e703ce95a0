"""The description of what the API says and takes of the review queue."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, delete, get, path, post, query

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_SURVEY, _MODEL, _PATCH = (path(name, {**_ID}) for name in ("survey_id", "model_id", "patch_id"))
_REVIEW = "/api/v1/review/{survey_id}"
_DECIDERS = "Analysts and administrators only."

REVIEW_PATHS: dict[str, Json] = {
    "/api/v1/patches/{patch_id}/chip.png": get(
        "The picture round a patch.",
        _PATCH,
        query("size", "Pixels across, 64 to 1024.", "integer"),
        query(
            "span_m", "Metres across, 0.5 to 5000; the patch with a margin without it.", "number"
        ),
        query("survey", "Another survey of that ground.", "integer"),
        query("outline", "0: without the outline."),
        kind="image/png",
    ),
    "/api/v1/tracks/{track_id}/reading": get(
        "Where a track would lie if its file were read so; nothing changes.",
        path("track_id", {**_ID}),
        query("datum", "wgs84, gcj02 or bd09; auto as the file says; as it is without it."),
        query("crs", "CRS of projected numbers, as EPSG:4545; blank for none."),
    ),
    "/api/v1/track-reviews": post(
        "Decide alike on up to 100 tracks: beside tracks the fields of a track's review, one at "
        f"least. Each is made by itself; the answer has a row for each. {_DECIDERS}",
        {
            "tracks": {"type": "array", "items": _ID, "minItems": 1, "maxItems": 100},
            "counts": {"enum": ["auto", "whole", "nothing"]},
            "note": {"type": ["string", "null"]},
        },
        needed=("tracks",),
    ),
    "/api/v1/review": get("Searched surveys, with how far their review is for the caller."),
    _REVIEW: get(
        "What comes next for the caller, progress, and what going on would bring by the model.",
        _SURVEY,
        query("patch", "Show this patch first.", "integer"),
    ),
    f"{_REVIEW}/labels": {
        **get(
            "What was said, newest first. Where two people must agree, what others said and is not "
            "settled is left out until the caller has spoken.",
            _SURVEY,
            query("label", "poppy, other, unsure, skipped, third or half."),
            query("limit", "At most so many.", "integer"),
        ),
        **post(
            f"Keep an answer; answers with the queue. The same client_id counts once. {_DECIDERS}",
            {
                "patch": _ID,
                "label": _TEXT,
                "reason": _TEXT,
                "seconds": _NUMBER,
                "client_id": _TEXT,
            },
            _SURVEY,
            needed=("patch", "label"),
        ),
    },
    f"{_REVIEW}/labels.{{kind}}": get(
        "Labels as a file: csv, geojson or gpkg.",
        _SURVEY,
        path("kind", {**_TEXT}),
        kind="application/geopackage+sqlite3",
    ),
    f"{_REVIEW}/undo": post(
        f"Take back the caller's answer, the last one without a patch. {_DECIDERS}",
        {"patch": _ID, "client_id": _TEXT},
        _SURVEY,
    ),
    f"{_REVIEW}/models": {
        **get("Ranking models: the survey's own and those of others.", _SURVEY),
        **post(f"Keep a model of the settled labels. {_DECIDERS}", {"name": _TEXT}, _SURVEY),
    },
    f"{_REVIEW}/models/{{model_id}}": {
        **post(f"Let the order rest on another survey's model. {_DECIDERS}", {}, _SURVEY, _MODEL),
        **delete(f"Let it rest on it no more. {_DECIDERS}", _SURVEY, _MODEL),
    },
}
