"""Check answers of the API against a strict reading of its description.

The description lets objects have more keys than it names, as programs should. Here a key that it
does not name is a fault: whoever adds one says so there.
"""

from __future__ import annotations

from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

Json = dict[str, Any]
_MOST_CHARS = 300


def closed(schema: object) -> object:
    """Return a schema whose objects have no keys but those they name; open ones say so."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, object] = {name: closed(one) for name, one in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


class Strict:
    """The JSON answers that a description tells of, each with its strict schema.

    Args:
        description: What ``/api/v1/openapi.json`` answers.
    """

    def __init__(self, description: Json) -> None:
        self._components = {"schemas": closed(description["components"]["schemas"])}
        self._schemas = {
            (f"{method.upper()} {path}", status): answer["content"]["application/json"]["schema"]
            for path, operations in description["paths"].items()
            for method, operation in operations.items()
            for status, answer in operation["responses"].items()
            if "schema" in answer.get("content", {}).get("application/json", {})
        }

    def faults(self, label: str, status: int, told: object) -> list[str]:
        """Return what of an answer is not as described, as ``GET /api/v1/…``; the first few."""
        schema = self._schemas.get((label, str(status)))
        if schema is None:
            return [f"no schema of a JSON answer {status} is described"]
        whole = {"components": self._components, "allOf": [closed(schema)]}
        found = Draft202012Validator(whole).iter_errors(told)
        return [_said(one) for one, _ in zip(found, range(5), strict=False)]


def _said(error: ValidationError) -> str:
    """Return where an answer is wrong and why; of an anyOf what its likeliest branch says."""
    while context := getattr(error.kind, "context", None):
        error = max((one for branch in context for one in branch), key=_depth)
    return f"{'.'.join(map(str, error.instance_path))}: {error.message[:_MOST_CHARS]}"


def _depth(error: ValidationError) -> int:
    return len(error.instance_path)
