"""The pieces that the description of the API is put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Json = dict[str, object]
ERROR: Json = {"$ref": "#/components/responses/Error"}


def query(name: str, meaning: str, kind: str = "string", *, needed: bool = False) -> Json:
    """Return a parameter of the query."""
    return {
        "name": name,
        "in": "query",
        "required": needed,
        "description": meaning,
        "schema": {"type": kind},
    }


def path(name: str, schema: dict[str, str]) -> Json:
    """Return a part of the address."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def get(summary: str, *parameters: Json, kind: str = "application/json") -> Json:
    """Return an address that is read."""
    return {"get": _answered(summary, parameters, kind)}


def delete(summary: str, *parameters: Json) -> Json:
    """Return an address whose thing is taken away."""
    return {"delete": _answered(summary, parameters, "application/json")}


def post(
    summary: str,
    properties: Mapping[str, object],
    *parameters: Json,
    needed: Sequence[str] = (),
    form: bool = False,
) -> Json:
    """Return an address that takes a JSON object, or a form with files."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(needed),
        "properties": dict(properties),
    }
    kind = "multipart/form-data" if form else "application/json"
    body: Json = {"required": bool(properties), "content": {kind: {"schema": schema}}}
    answers = _answered(summary, parameters, "application/json")
    return {"post": {**answers, "requestBody": body}}


def put(
    summary: str, properties: Mapping[str, object], *parameters: Json, needed: Sequence[str] = ()
) -> Json:
    """Return an address that takes a JSON object in the place of what is there."""
    return {"put": post(summary, properties, *parameters, needed=needed)["post"]}


def send(summary: str, *parameters: Json) -> Json:
    """Return an address that takes the bytes of a file; 201 where they are new."""
    answer: Json = {"description": summary, "content": {"application/json": {}}}
    body = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "post": {
            "summary": summary,
            "parameters": list(parameters),
            "requestBody": {"required": True, "content": body},
            "responses": {"200": answer, "201": answer, "default": ERROR},
        }
    }


def _answered(summary: str, parameters: Sequence[Json], kind: str) -> Json:
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            "200": {"description": summary, "content": {kind: {}}},
            "default": ERROR,
        },
    }
