"""The description of what the API says to a field person's phone."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get

FIELD_PATHS: dict[str, Json] = {
    "/api/v1/field/week": get(
        "The caller's last seven days: metres of the tracks that they sent, and the cells and ground of "
        "the newest campaign that nobody had seen before and their unit saw in them."
    ),
    "/api/v1/field/pass": get(
        "Who is signed in, and a fresh forgery token for a page that was open for long."
    ),
}
