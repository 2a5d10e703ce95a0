"""The API for people: what there is, who may use it, and how to begin; made from its description."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for

from geoinspect.errors import Text
from webmap.api.openapi import DESCRIPTION
from webmap.api.openapi_whole import whole
from webmap.auth import current_person
from webmap.language import Described, in_words

api_pages = Blueprint("api_pages", __name__)

Json = dict[str, Any]
# What the first parts of the addresses are about; several may be one subject.
_SUBJECTS: tuple[tuple[Text, str], ...] = (
    (
        Text("概览与地图", "Overview and map"),
        "overview situation areas zones cells layers coverage",
    ),
    (Text("空白与网格", "Gaps and shapes"), "gaps shapes growth search"),
    (Text("轨迹与巡护", "Tracks and patrols"), "tracks track-list patrols patrol-months photos"),
    (Text("航测与图斑", "Drone pictures and patches"), "surveys survey-list runs patches review"),
    (Text("上传与回执", "Uploads and receipts"), "files uploads receipts imports jobs"),
    (Text("线索与证据", "Cases and evidence"), "cases evidence work today standing field"),
    (Text("部位、举报与目标", "Sites, tips and targets"), "sites tips target-lists licences"),
    (Text("可信度与计划", "Confidence and plans"), "claims plans checks trials rates risk-rules"),
    (Text("账户与管理", "Accounts and administration"), ""),
)

_TRY_IT = """export GEOINSPECT_TOKEN=gi_…
curl -H "Authorization: Bearer $GEOINSPECT_TOKEN" '{server}{path}'"""
_FROM_PYTHON = """from geoinspect.client import Client

with Client("{server}", token) as client:
    for case in client.cases(overdue=1):
        print(case["number"], case["title"])"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as the page shows it.

    Attributes:
        parameters: Name, whether it is needed, meaning.
        scopes: Of the tokens that may ask; empty: only who has signed in.
        curl: A command that asks it.
    """

    subject: Text
    method: str
    path: str
    name: str
    summary: str
    parameters: tuple[tuple[str, bool, str], ...]
    scopes: tuple[str, ...]
    curl: str


@api_pages.get("/api")
def api_page() -> str:
    """Show the operations that the person's role may use, by subject."""
    told, server = whole(current_app, DESCRIPTION), request.url_root.rstrip("/")
    shown = sorted(_shown(told), key=lambda one: _place(one.subject))
    parts = [
        {"key": f"part-{_place(subject)}", "name": in_words(subject), "operations": list(found)}
        for subject, found in groupby(shown, key=lambda one: one.subject)
    ]
    return render_template(
        "api.html",
        parts=parts,
        count=len(shown),
        try_it=_TRY_IT.format(server=server, path=url_for("api.account")),
        from_python=_FROM_PYTHON.format(server=server),
    )


def _shown(told: Json) -> list[Shown]:
    role, said = current_person().role, Described()
    return [
        Shown(
            _subject(operation["tags"][0]),
            method.upper(),
            path,
            operation["operationId"],
            said(operation["summary"]),
            tuple(
                (one["name"], one["required"], said(one["description"]))
                for one in operation["parameters"]
            ),
            tuple(operation["x-token-scopes"]),
            _curl(method.upper(), path, operation),
        )
        for path, operations in told["paths"].items()
        for method, operation in operations.items()
        if role in operation["x-roles"] and method in {"get", "post", "put", "delete"}
    ]


def _subject(tag: str) -> Text:
    return next((text for text, tags in _SUBJECTS if tag in tags.split()), _SUBJECTS[-1][0])


def _place(subject: Text) -> int:
    return [text for text, _tags in _SUBJECTS].index(subject)


def _curl(method: str, path: str, operation: Json) -> str:
    """Return a command that asks an operation; names in braces are to be filled in."""
    needed = [
        one["name"] for one in operation["parameters"] if one["in"] == "query" and one["required"]
    ]
    query = "&".join(f"{name}={{{name}}}" for name in needed)
    address = f"{request.url_root.rstrip('/')}{path}" + (f"?{query}" if query else "")
    lines = [
        "curl" + ("" if method == "GET" else f" -X {method}") + f" '{address}'",
        '-H "Authorization: Bearer $GEOINSPECT_TOKEN"',
    ]
    content: Json = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = json.dumps(content["application/json"].get("example", {}), ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    elif "multipart/form-data" in content:
        lines += [
            f"-F {name}={'@' if field.get('format') == 'binary' else ''}{{{name}}}"
            for name, field in content["multipart/form-data"]["schema"]["properties"].items()
        ]
    elif content:
        (kind, *_more) = content
        lines += [f"-H 'Content-Type: {kind}'", "--data-binary @{file}"]
    return " \\\n  ".join(lines)
