"""The description of what the API says to commanders."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, query

_CAMPAIGN = query("campaign", "Number of the campaign; the newest without it.", "integer")
_AREA = query("area", "Code of an area; the widest of the caller's own without it.")

SITUATION_PATHS: dict[str, Json] = {
    "/api/v1/situation": get(
        "Figures of an area with target, change since the day before and day of their data; the "
        "areas below it ranked; what happened since.",
        _AREA,
        _CAMPAIGN,
    ),
    "/api/v1/situation/clean": get(
        "How likely an area and those below it are clean, a model's number, now and the day before.",
        _AREA,
        _CAMPAIGN,
    ),
    "/api/v1/situation/days": get(
        "The last days of an area: cases, uploads, coverage, and a curve for each area below it.",
        _AREA,
        _CAMPAIGN,
        query("days", "How many, 2 to 60.", "integer"),
    ),
}
