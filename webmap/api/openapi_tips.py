"""The description of what the API says and takes of tips."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query

_ID, _TEXT, _NUMBER = {"type": "integer"}, {"type": "string"}, {"type": "number"}
_TIP = path("tip_id", {**_ID})
_ONE = "/api/v1/tips/{tip_id}"
_HANDLERS = "Analysts, commanders and administrators only. The same client_id counts once."
_STEP = {"note": _TEXT, "client_id": _TEXT}

TIP_PATHS: dict[str, Json] = {
    "/api/v1/tips": get(
        "Tips, those that wait first, with counts and times of answer. Field people see those in "
        "cases of their unit.",
        query("state", "received, linked, dismissed or merged; may be repeated."),
        query("reward", "none, asked, granted, paid or refused."),
        query("limit", "At most so many.", "integer"),
        query("before", "'next' of the page before.", "integer"),
    ),
    _ONE: get("One tip, what may be the same, and what was done to it.", _TIP),
    f"{_ONE}/photos/{{number}}.jpg": get(
        "Our own copy of a photo, without what the original said of itself.",
        _TIP,
        path("number", {**_ID}),
        kind="image/jpeg",
    ),
    f"{_ONE}/link": post(
        f"Put it into a case. {_HANDLERS}", {"case": _TEXT, **_STEP}, _TIP, needed=("case",)
    ),
    f"{_ONE}/case": post(
        f"Open a case of it. {_HANDLERS}",
        {"title": _TEXT, "lon": _NUMBER, "lat": _NUMBER, **_STEP},
        _TIP,
    ),
    f"{_ONE}/dismiss": post(
        f"Set it aside. {_HANDLERS}", {"reason": _TEXT, **_STEP}, _TIP, needed=("reason",)
    ),
    f"{_ONE}/merge": post(
        f"Let it go into another tip of the same thing. {_HANDLERS}",
        {"into": _TEXT, **_STEP},
        _TIP,
        needed=("into",),
    ),
    f"{_ONE}/reward": post(
        "Grant, pay or refuse the reward. Commanders and administrators only. The same client_id "
        "counts once.",
        {"state": _TEXT, "yuan": _NUMBER, **_STEP},
        _TIP,
        needed=("state",),
    ),
}
