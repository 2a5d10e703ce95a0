"""The description of the search."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, query

FIND_PATHS: dict[str, Json] = {
    "/api/v1/search": get(
        "Areas, cases, sites, tracks and patches of the caller's territory by number, code or name.",
        query("q", "What to look for, 1 to 100 characters.", needed=True),
    ),
}
