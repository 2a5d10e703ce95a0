"""The description of what the API says of the map's shapes."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get

SHAPE_PATHS: dict[str, Json] = {
    "/api/v1/shapes": get(
        "Each kind of shapes on the map: version, how many the caller sees, the address of its "
        "vector tiles, and what they can be narrowed by.",
    ),
}
