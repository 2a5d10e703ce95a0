"""The description of the addresses of questions about uploads, and of searches of surveys."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query

_RECEIPT = path("receipt_id", {"type": "string"})
_TEXT = {"type": "string"}

IMPORT_PATHS: dict[str, Json] = {
    "/api/v1/imports": get(
        "Visible uploads that wait for an answer, newest first.",
        query("mine", "1: only one's own."),
        query("limit", "Most rows wanted.", "integer"),
    ),
    "/api/v1/receipts/{receipt_id}/questions": get(
        "What one upload leaves to ask, with what each answer would mean.", _RECEIPT
    ),
    "/api/v1/receipts/{receipt_id}/answers": post(
        "Answer what an upload asks, or set it aside.",
        {
            **dict.fromkeys(("crs", "columns", "day", "datum", "timezone", "mode"), _TEXT),
            "set_aside": {"type": "boolean"},
            "note": _TEXT,
        },
        _RECEIPT,
    ),
    "/api/v1/survey-list": get(
        "Visible surveys as a list, newest first.",
        query("q", "Part of the name."),
        query("state", "searched, unsearched or undated."),
        query("limit", "Most rows wanted.", "integer"),
    ),
    "/api/v1/runs": get(
        "Visible searches of pictures, newest first.",
        query("survey", "Only those of this survey.", "integer"),
        query("limit", "Most rows wanted.", "integer"),
    ),
}
