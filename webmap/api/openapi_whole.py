"""The description as it is served: the kept one, with what the app itself knows of each address."""

from __future__ import annotations

import copy
import re
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from webmap.access_rows import ROWS
from webmap.api.openapi_examples import EXAMPLES
from webmap.api.openapi_parts import Json, query
from webmap.api.openapi_records import ANSWERS, DRAWN, FILES, LATER, LISTS, WALKS, list_answer
from webmap.gates import SESSION_ONLY, token_may
from webmap.security import API_PREFIX

_KEY = "geoinspect-openapi"
_LIMIT = query("limit", "Most rows wanted.", "integer")
_CURSOR = query("cursor", "`next` of the page before.")
_WALK = query("cursor", "0 begins a walk over all by number; then `next` of the page before.")
_SCOPES = ("read", "upload", "all")
# What the parts of addresses name.
_PARTS = {
    "case_id": "Row number of the case (`id`).",
    "campaign_id": "Number of the campaign.",
    "check_id": "Number of the draw.",
    "code": "Code of the area.",
    "evidence_id": "Number of the piece of evidence.",
    "factor": "former, priority, licensed, houses, roads, water, slope or altitude.",
    "form": "Kind of file, as in the summary.",
    "gap_id": "`id` of the gap.",
    "job_id": "Number of the job.",
    "kind": "Kind of file, as in the summary.",
    "list_id": "Number of the target list.",
    "model_id": "Number of the ranking model.",
    "name": "Name, as lists tell it.",
    "number": "Place in the list, from 1 on.",
    "patch_id": "Number of the patch.",
    "person_id": "Number of the person.",
    "photo_id": "Number of the photo.",
    "plan_id": "Number of the plan.",
    "rate_id": "Number of the row entered.",
    "receipt_id": "The receipt, as the upload answered it.",
    "session_id": "`id` of the session.",
    "sha256": "Hash of the file's bytes, hexadecimal.",
    "site_id": "Row number of the site (`id`).",
    "survey_id": "Number of the survey.",
    "tip_id": "Row number of the tip (`id`).",
    "token_id": "Number of the token.",
    "track_id": "Number of the track.",
    "trial_id": "Number of the trial.",
    "upload_id": "The last part of the upload's address.",
}


def whole(app: Flask, description: Json) -> Json:
    """Return the description with names, roles and subjects of every operation.

    ``x-roles`` says who may use it (:mod:`webmap.access_rows`), ``x-token-scopes`` with which
    tokens (none: only who has signed in); ``operationId`` is unique.
    """
    made = app.extensions.get(_KEY)
    if made is None:
        made = app.extensions[_KEY] = _completed(app, description)
    return dict(made)


def address_of(rule: Rule) -> str:
    """Return a rule's address as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _slug(address: str) -> str:
    return re.sub(r"\W+", "_", address.removeprefix("/api/v1/")).strip("_")


def _completed(app: Flask, description: Json) -> Json:
    made: dict[str, Any] = copy.deepcopy(description)
    endpoints = {
        (address_of(rule), method.lower()): rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(API_PREFIX)
        for method in rule.methods or ()
    }
    for address, operations in made["paths"].items():
        for method, operation in operations.items():
            endpoint = endpoints[address, method]
            operation["operationId"] = f"{method}_{_slug(address)}"
            operation["tags"] = [address.removeprefix("/api/v1/").split("/")[0].split(".")[0]]
            operation["x-roles"] = sorted(ROWS[endpoint].roles)
            _say_who(operation, endpoint, method.upper(), address)
            _say_more(operation, f"{method.upper()} {address}")
        if address in LISTS or address in DRAWN:
            _in_pages(operations["get"])
        if address in LISTS:
            _answered(operations["get"], list_answer(address))
        if address in WALKS:
            operations["get"]["parameters"].append(_WALK)
        if address in FILES:
            _content(operations["get"], {kind: {} for kind in FILES[address]})
        for method, operation in operations.items():
            label = f"{method.upper()} {address}"
            if label in ANSWERS:
                _answered(operation, ANSWERS[label])
        if address in LATER:
            responses = operations["post"]["responses"]
            responses[LATER[address]] = copy.deepcopy(responses["200"])
    return made


def _say_who(operation: dict[str, Any], endpoint: str, method: str, address: str) -> None:
    """Say which tokens may ask, and where only somebody who has signed in may."""
    scopes = [scope for scope in _SCOPES if token_may(scope, method, address)]
    operation["x-token-scopes"] = [] if endpoint in SESSION_ONLY else scopes
    if endpoint in SESSION_ONLY:
        operation["security"] = [{"session": []}]


def _say_more(operation: dict[str, Any], label: str) -> None:
    """Describe the parts of the address, and show a body."""
    for one in operation["parameters"]:
        if one["in"] == "path":
            one.setdefault("description", _PARTS.get(one["name"], one["name"]))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and label in EXAMPLES:
        body["example"] = EXAMPLES[label]


def _in_pages(operation: Json) -> None:
    """Describe what all lists take, and their header (:mod:`webmap.api.paging`)."""
    parameters: Any = operation["parameters"]
    known = {one["name"] for one in parameters}
    parameters += [one for one in (_LIMIT, _CURSOR) if one["name"] not in known]
    responses: Any = operation["responses"]
    responses["200"]["headers"] = {
        "Link": {
            "description": 'Address of the following page, rel="next"; not on the last one.',
            "schema": {"type": "string"},
        }
    }


def _answered(operation: Json, schema: Json) -> None:
    """Say what an operation answers in JSON, once it is done or begun."""
    responses: Any = operation["responses"]
    for status, answer in responses.items():
        if status.startswith("2"):
            answer.setdefault("content", {})["application/json"] = {"schema": schema}


def _content(operation: Json, content: Json) -> None:
    responses: Any = operation["responses"]
    responses["200"]["content"] = content
