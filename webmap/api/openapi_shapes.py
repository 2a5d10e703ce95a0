"""The description of what the API says of the map's shapes."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, query

SHAPE_PATHS: dict[str, Json] = {
    "/api/v1/shapes": get(
        "Each kind of shapes on the map: version, how many the caller sees, the address of its "
        "vector tiles, and what they can be narrowed by.",
    ),
    "/api/v1/shapes/{kind}": get(
        "The shapes of a kind row by row, as the map draws them: patches, tracks, surveys, cases, "
        "sites or photos; 50 a page unasked. A line or a ground is in a box when its own box meets "
        "it.",
        path("kind", {"type": "string"})
        | {"description": "patches, tracks, surveys, cases, sites or photos."},
        query("bbox", "west,south,east,north in degrees."),
        query("unit", "Code of a unit; may be repeated, as the next ones may."),
        query("team", "Name of a team: tracks, photos."),
        query("mode", "foot, vehicle, boat or drone: tracks."),
        query("state", "As /api/v1/shapes says of each kind: patches, cases, sites."),
        query("survey", "Number of a survey: patches, surveys.", "integer"),
        query("source", "Where a case comes from."),
        query("from", "First day."),
        query("to", "Last day."),
        query(
            "sort",
            "-column downwards. patches: rank, state, score, m2, day; tracks: day, name, unit, team, "
            "mode, length_m; surveys: day, name; cases: day, number, state, overdue; sites: due, name, "
            "state; photos: day, unit, team.",
        ),
        query("limit", "Rows at most.", "integer"),
        query("cursor", "'next' of the page before.", "integer"),
    ),
}
