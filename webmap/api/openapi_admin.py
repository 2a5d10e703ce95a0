"""The description of the addresses about the office as a whole."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, delete, get, path, post, put, query

_WANTED = (
    query("actor", "Only what this person did."),
    query("action", "Only this action, or all before its dot, as `case`."),
    query("subject", "Only what was done to this."),
    query("q", "Words in the subject or the details."),
    query("from", "First day in China, as 2026-05-01."),
    query("to", "Last day."),
)
_CAMPAIGN_ID = path("campaign_id", {"type": "integer"})
_CAMPAIGN: Json = {
    "name": {"type": "string"},
    "area": {"type": "string"},
    "start": {"type": "string", "format": "date"},
    "end": {"type": "string", "format": "date"},
    "cell_m": {"type": "number"},
}
_NAME = path("name", {"type": "string"})

ADMIN_PATHS: dict[str, Json] = {
    "/api/v1/audit": get(
        "Rows of the audit chain, newest first; for auditors.",
        *_WANTED,
        query("before", "Only rows before this number: `next` of the page before.", "integer"),
        query("limit", "Most rows wanted.", "integer"),
    ),
    "/api/v1/audit.{form}": get(
        "Rows as a file, csv or json; taking them is a row of the chain itself.",
        path("form", {"type": "string"}),
        *_WANTED,
        kind="text/csv",
    ),
    "/api/v1/audit/anchors": get(
        "Anchors that the workspace keeps, the newest day first: how long the chain was on a day "
        "and what its last hash was."
    ),
    "/api/v1/audit/anchors/{name}.txt": get("The anchor of a day.", _NAME, kind="text/plain"),
    "/api/v1/audit/verify": post(
        "Check the audit chain in the background, and that anchors kept elsewhere fit: each as "
        "rows:check code, such as 192:0a1b 2c3d 4e5f 6071.",
        {"anchors": {"type": "array", "items": {"type": "string"}}},
    ),
    "/api/v1/health": get("How the server is, and what to do."),
    "/api/v1/settings": get(
        "Every setting: value, default, where it comes from, who set it and when, and from when on "
        "a change holds."
    ),
    "/api/v1/settings/{name}": {
        **get("One setting.", _NAME),
        **put(
            "Set a setting; `version` is that of what the caller saw.",
            {
                "value": {"type": ["string", "number", "boolean"]},
                "version": {"type": "string"},
            },
            _NAME,
            needed=("value", "version"),
        ),
        **delete(
            "Take back what was set: the file or the default holds again.",
            _NAME,
            query("version", "That of what the caller saw.", needed=True),
        ),
    },
    "/api/v1/campaigns": {
        **get("Visible campaigns, newest first."),
        **post(
            "Make a campaign in the background, and sweep what is there onto it.",
            _CAMPAIGN,
            needed=tuple(_CAMPAIGN),
        ),
    },
    "/api/v1/campaigns/estimate": post(
        "Check a campaign that is wanted: about how many cells, and what to mind.",
        _CAMPAIGN,
        needed=tuple(_CAMPAIGN),
    ),
    "/api/v1/campaigns/{campaign_id}": get("A campaign with its coverage.", _CAMPAIGN_ID),
    "/api/v1/campaigns/{campaign_id}/sweep": post(
        "Reckon a campaign's coverage anew in the background.", {}, _CAMPAIGN_ID
    ),
    "/api/v1/campaigns/{campaign_id}/close": post(
        "End a running campaign with today as its last day.", {}, _CAMPAIGN_ID
    ),
    "/api/v1/backups": {
        **get("Backups that the audit chain tells of, newest first."),
        **post("Make a backup in the background, in the folder of the settings.", {}),
    },
    "/api/v1/backups/{name}/check": post("Check a backup in the background.", {}, _NAME),
}
