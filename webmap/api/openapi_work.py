"""The description of what the API says of work lists, a person's day and the zero-yield status."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, query

_CAMPAIGN = query("campaign", "Number of the campaign; the newest without it.", "integer")
_WORK = (
    query("unit", "Code of a unit; those below it count too. Everybody's without it."),
    query("area", "Code of an area; only what lies in it or below."),
    _CAMPAIGN,
)
_DAY = (
    query("lon", "Where the caller is, WGS84; the middle of their unit's ground without it."),
    query("lat", "See lon."),
    query("stops", "How many of the nearest the way goes through, 1 to 30.", "integer"),
    _CAMPAIGN,
)

WORK_PATHS: dict[str, Json] = {
    "/api/v1/cases/points": get(
        "Cases as signs on a map; the open ones by default.",
        query("bbox", "west,south,east,north in degrees."),
        query("ended", "1: also those where nothing is left to do."),
        query("limit", "Most rows wanted.", "integer"),
    ),
    "/api/v1/work": get(
        "The lists of a unit's tasks, problems and duties, with counts and what they are part of.",
        *_WORK,
    ),
    "/api/v1/work.xlsx": get(
        "The same as a workbook.",
        *_WORK,
        kind="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "/api/v1/today": get(
        "The caller's day: nearest cases, sites and gaps, and the shortest way found through the "
        "nearest of them.",
        *_DAY,
    ),
    "/api/v1/today.gpx": get("That way as GPX 1.1.", *_DAY, kind="application/gpx+xml"),
    "/api/v1/standing": get(
        "What was confirmed and how it stands, by area, and how much lies in none; with date whether it can be stated that "
        "nothing stands after that day.",
        query("area", "Code of an area; the campaign's without it."),
        query("by", "How far down areas are listed, such as township."),
        query("date", "Day such as 2026-05-14."),
        _CAMPAIGN,
    ),
}
