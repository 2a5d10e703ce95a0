"""The kinds of values that answers are described with.

Objects are open: a program must not mind a key that comes in later. The tests do mind: what an
answer has and its description does not is a fault, but for objects that say ``additionalProperties``
themselves (:data:`OBJECT`).
"""

from __future__ import annotations

from collections.abc import Mapping

from webmap.api.openapi_parts import Json

TEXT: Json = {"type": "string"}
ID: Json = {"type": "integer"}
COUNT: Json = {"type": "integer", "minimum": 0}
FLAG: Json = {"type": "boolean"}
NUMBER: Json = {"type": "number"}
SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
DAY: Json = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
MOMENT: Json = {"type": "string", "description": "ISO 8601, UTC."}
SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
# Figures of a measurement or a file, which differ by kind.
OBJECT: Json = {"type": "object", "additionalProperties": True}
PLACE: Json = {
    "type": "array",
    "items": NUMBER,
    "minItems": 2,
    "maxItems": 2,
    "description": "WGS84 lon, lat.",
}
BBOX: Json = {
    "type": "array",
    "items": NUMBER,
    "minItems": 4,
    "maxItems": 4,
    "description": "West, south, east, north in degrees.",
}


def record(
    first: Mapping[str, Json] | None = None,
    /,
    *,
    maybe: Mapping[str, Json] | None = None,
    **more: Json,
) -> Json:
    """Return an object with keys that are always there, and others that may be (``maybe``)."""
    needed = {**(first or {}), **more}
    return {
        "type": "object",
        "required": sorted(needed),
        "properties": {**needed, **(maybe or {})},
    }


def rows(item: Json) -> Json:
    """Return a list of such items."""
    return {"type": "array", "items": item}


def or_null(schema: Json) -> Json:
    """Return such a value, or null where there is none."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Json:
    """Return a component of the description."""
    return {"$ref": f"#/components/schemas/{name}"}


def by_name(item: Json) -> Json:
    """Return an object that has such an item under each of any names."""
    return {"type": "object", "additionalProperties": item}


def feature(properties: Json) -> Json:
    """Return a GeoJSON feature."""
    return record({"type": {"const": "Feature"}, "geometry": GEOMETRY, "properties": properties})


def collection(properties: Json, **more: Json) -> Json:
    """Return a GeoJSON collection of such features."""
    kind: Json = {"const": "FeatureCollection"}
    return record({"type": kind, "features": rows(feature(properties)), **more})


GEOMETRY: Json = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {"type": TEXT, "coordinates": {"type": "array"}},
}
TEXTS, IDS = rows(TEXT), rows(ID)
BOTH = record(zh=TEXT, en=TEXT)
NEXT: Json = {
    "type": ["string", "integer", "null"],
    "description": "Cursor of the following page; null on the last one.",
}
PROBLEMS = rows(record(code=TEXT, message=TEXT, message_zh=TEXT, maybe={"count": COUNT}))
JOB_ASKED = record(job={**ID, "description": "Number of the job."})
