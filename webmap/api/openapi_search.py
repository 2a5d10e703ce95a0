"""The description of what the API says and takes of claims, plans, checks, trials and rates."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, delete, get, path, post, query

_ID, _TEXT, _NUMBER, _DAY = (
    {"type": "integer"},
    {"type": "string"},
    {"type": "number"},
    {"type": "string", "format": "date"},
)
_COUNT, _FLAG, _FILE = (
    {"type": "integer", "minimum": 0},
    {"type": "boolean"},
    {"type": "string", "format": "binary"},
)
_CAMPAIGN = query("campaign", "Number of the campaign; the newest without it.", "integer")
_PLAN, _CHECK, _TRIAL, _RATE = (
    path(name, {**_ID}) for name in ("plan_id", "check_id", "trial_id", "rate_id")
)
_FACTOR = path("factor", {**_TEXT})
_PLACE = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
_KIND = path("kind", {**_TEXT})
_DECIDERS = "Analysts and administrators only."

SEARCH_PATHS: dict[str, Json] = {
    "/api/v1/claims": {
        **get(
            "How likely the campaign's area and each township are clean; a model's number, not a "
            "finding.",
            query("as_of", "A day of the campaign, as 2026-05-14; the newest without it."),
            query("target", "P(clean) to reach, 0.8 to 0.99.", "number"),
            _CAMPAIGN,
        ),
        **post(
            f"Keep the claim of a day for good. {_DECIDERS}",
            {"as_of": _DAY, "target": _NUMBER, "version": _TEXT, "campaign": _ID},
        ),
    },
    "/api/v1/claims/kept": get("Claims that were kept, newest first.", _CAMPAIGN),
    "/api/v1/plans": {
        **get("Planned patrols without their lines, newest first.", _CAMPAIGN),
        **post(
            f"Plan a patrol; takes up to a minute, one at a time. {_DECIDERS}",
            {
                "name": _TEXT,
                "starts": {"type": "array", "items": _PLACE},
                "teams": _COUNT,
                "hours": _NUMBER,
                "speed_kmh": _NUMBER,
                "width_m": _NUMBER,
                "day": _DAY,
                "unit": _TEXT,
                "area": _TEXT,
                "polygon": {"type": "object"},
                "seed": _COUNT,
                "campaign": _ID,
            },
            needed=("name", "starts", "hours"),
        ),
    },
    "/api/v1/plans/{plan_id}": {
        **get("One plan with its routes.", _PLAN),
        **delete(f"Take a plan away. {_DECIDERS}", _PLAN),
    },
    "/api/v1/plans/{plan_id}/routes.{kind}": get(
        "Routes for phones: gpx or kml.", _PLAN, _KIND, kind="application/gpx+xml"
    ),
    "/api/v1/plans/{plan_id}/walked": get(
        "Planned against walked; null before the day of the plan.", _PLAN
    ),
    "/api/v1/checks": {
        **get("Draws of cleared cells for cross-checks, newest first.", _CAMPAIGN),
        **post(
            f"Draw cleared cells for other units to search again. {_DECIDERS}",
            {
                "seed": _TEXT,
                "share": _NUMBER,
                "units": {"type": "array", "items": _TEXT},
                "campaign": _ID,
            },
            needed=("seed",),
        ),
    },
    "/api/v1/checks/{check_id}": get("One draw with its cells.", _CHECK),
    "/api/v1/checks/{check_id}/finds": post(
        f"Enter what was found in a drawn cell. {_DECIDERS}",
        {
            "cell": _TEXT,
            "first_only": _COUNT,
            "second_only": _COUNT,
            "both": _COUNT,
            "note": _TEXT,
        },
        _CHECK,
        needed=("cell",),
    ),
    "/api/v1/checks/{check_id}/adopt": post(
        f"Take the rate that a draw gives into the table. {_DECIDERS}", {}, _CHECK
    ),
    "/api/v1/checks/{check_id}/cells.{kind}": get(
        "Cells of a draw: csv or gpx.",
        _CHECK,
        _KIND,
        query("unit", "Only cells of this unit."),
        kind="text/csv",
    ),
    "/api/v1/trials": {
        **get("Seeded trials, newest first."),
        **post(
            f"Keep a trial: its tags, the table of targets, the track walked. {_DECIDERS}",
            {
                "method": _TEXT,
                "visibility": _TEXT,
                "stage": _TEXT,
                "day": _DAY,
                "patch_m2": _NUMBER,
                "targets": _FILE,
                "walk": _FILE,
            },
            needed=("method", "day", "targets"),
            form=True,
        ),
    },
    "/api/v1/trials/{trial_id}/adopt": post(
        f"Take a trial's figure into the table of rates. {_DECIDERS}", {}, _TRIAL
    ),
    "/api/v1/rates": {
        **get(
            "Sweep width or detection rate that holds for every case, and the rows entered.",
            query("day", "As 2026-05-14; today without it."),
        ),
        **post(
            f"Enter a row; looks that depend on it are made anew. {_DECIDERS}",
            {
                "method": _TEXT,
                "visibility": _TEXT,
                "stage": _TEXT,
                "width_m": _NUMBER,
                "rate": _NUMBER,
                "low": _NUMBER,
                "high": _NUMBER,
                "patch_m2": _NUMBER,
                "valid_from": _DAY,
                "source": _TEXT,
            },
            needed=("method", "source"),
        ),
    },
    "/api/v1/rates/{rate_id}": delete(f"Take a row out. {_DECIDERS}", _RATE),
    "/api/v1/growth": get("When each growth stage begins, by township.", _CAMPAIGN),
    "/api/v1/risk-rules": get("What raises or lowers the prior risk."),
    "/api/v1/risk-rules/{factor}": {
        **post(
            f"Change a factor's rule; what is left out stays. {_DECIDERS}",
            {
                "multiplier": _NUMBER,
                "decay_m": _NUMBER,
                "half_life_years": _NUMBER,
                "breakpoints": {"type": "array", "items": _PLACE},
                "active": _FLAG,
                "source": _TEXT,
                "note": _TEXT,
            },
            _FACTOR,
        ),
        **delete(f"Take back what was changed of a factor. {_DECIDERS}", _FACTOR),
    },
}
