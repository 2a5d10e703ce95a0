"""What the addresses of claims, plans, checks, trials, rates and reviews answer."""

from __future__ import annotations

from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    BBOX,
    COUNT,
    DAY,
    FLAG,
    ID,
    IDS,
    MOMENT,
    NUMBER,
    OBJECT,
    PLACE,
    SHA256,
    SHARE,
    TEXT,
    TEXTS,
    by_name,
    or_null,
    record,
    ref,
    rows,
)

_NAMED = record(id=ID, name=TEXT)
_CHANCE, _MAY = or_null(NUMBER), or_null(NUMBER)
_PART: dict[str, Json] = {
    "code": TEXT,
    "name": TEXT,
    "level": TEXT,
    "unit": or_null(TEXT),
    "bbox": BBOX,
    "cells": COUNT,
    "searched": COUNT,
    "coverage": or_null(ref("Coverage")),
    "need": or_null(OBJECT),
    "target_met_by_prior": FLAG,
    **dict.fromkeys(
        (
            *("prior", "posterior", "posterior_low", "posterior_high"),
            *("sensitivity", "weight", "expected_standing"),
        ),
        _CHANCE,
    ),
}
_RULE: dict[str, Json] = {
    "factor": TEXT,
    "active": FLAG,
    "neutral": FLAG,
    "multiplier": _MAY,
    "decay_m": _MAY,
    "half_life_years": _MAY,
    "breakpoints": rows(rows(NUMBER)),
    "source": TEXT,
    "note": TEXT,
}
_KEPT: dict[str, Json] = {
    "id": ID,
    "as_of": DAY,
    "made_at": MOMENT,
    "made_by": TEXT,
    "seed": ID,
    **dict.fromkeys(
        (
            *("prior", "posterior", "posterior_low", "posterior_high"),
            *("sensitivity", "next_prior", "smallest_patch_m2"),
        ),
        NUMBER,
    ),
}
_ROUTE: dict[str, Json] = {
    "team": COUNT,
    "cells": COUNT,
    "gain": NUMBER,
    "hours": NUMBER,
    "length_m": NUMBER,
}
_PLAN: dict[str, Json] = {
    "id": ID,
    "name": TEXT,
    "campaign": ID,
    "day": or_null(DAY),
    "over": FLAG,
    "unit": or_null(TEXT),
    "unit_name": or_null(TEXT),
    "made_at": MOMENT,
    "made_by": TEXT,
    "asked": OBJECT,
    "warnings": TEXTS,
    "warnings_zh": TEXTS,
    **dict.fromkeys(
        (
            *("gain", "boustrophedon", "free_walking", "nearest_gap"),
            *("confidence_before", "confidence_after"),
        ),
        _MAY,
    ),
}
_FULL_PLAN = record(_PLAN, routes=rows(record(_ROUTE, line=rows(PLACE))))
_CHECK: dict[str, Json] = {
    "id": ID,
    "as_of": DAY,
    "seed": TEXT,
    "share": SHARE,
    "drawn": COUNT,
    "drawn_at": MOMENT,
    "drawn_by": TEXT,
    # Whose ground is only a part of it is not told how many there were.
    "drawn_from": record(cleared=or_null(COUNT), units=TEXTS, maybe={"version": TEXT}),
    "checked": COUNT,
    "entered": COUNT,
    "unproved": COUNT,
    "result": or_null(OBJECT),
}
_FULL_CHECK = record(
    {name: kind for name, kind in _CHECK.items() if name != "drawn"},
    cells=rows(
        record(
            cell=TEXT,
            key=NUMBER,
            lon=NUMBER,
            lat=NUMBER,
            pod=NUMBER,
            risk=NUMBER,
            unit=or_null(TEXT),
            unit_name=or_null(TEXT),
            cleared_by=or_null(TEXT),
            cleared_by_name=or_null(TEXT),
            checked=or_null(OBJECT),
            found=or_null(record(first_only=COUNT, second_only=COUNT, both=COUNT, note=TEXT)),
        )
    ),
)
_TRIAL = record(
    id=ID,
    method=TEXT,
    visibility=or_null(TEXT),
    stage=or_null(TEXT),
    day=DAY,
    made_at=MOMENT,
    made_by=TEXT,
    result=OBJECT,
    targets=rows(
        record(target=TEXT, lon=NUMBER, lat=NUMBER, found=FLAG, distance_m=or_null(NUMBER))
    ),
)
_ADOPTED = record(looks=COUNT, rate=ID)
_RATE: dict[str, Json] = {
    "method": TEXT,
    "visibility": or_null(TEXT),
    "stage": or_null(TEXT),
    "width_m": _MAY,
    "rate": _MAY,
    "low": _MAY,
    "high": _MAY,
    "patch_m2": _MAY,
    "valid_from": or_null(DAY),
    "source": TEXT,
}
_PROGRESS: dict[str, Json] = {
    **dict.fromkeys(
        ("candidates", "half", "open", "other", "poppy", "seen", "settled", "third"), COUNT
    ),
    "left_s": or_null({**rows(NUMBER), "description": "From, to."}),
    "seconds_each": _MAY,
}
_QUEUE = record(
    survey=ID,
    people=COUNT,
    verdicts=COUNT,
    learning=FLAG,
    progress=record(_PROGRESS),
    advice=or_null(record(candidates=COUNT, expected=NUMBER, low=NUMBER, high=NUMBER)),
    coming=rows(OBJECT),
)
_MODELS = record(
    models=rows(
        record(
            id=ID,
            name=TEXT,
            survey=ID,
            made_at=MOMENT,
            made_by=TEXT,
            data_hash=SHA256,
            figures=OBJECT,
            labels=by_name(COUNT),
            own=FLAG,
            usable=FLAG,
            used=FLAG,
            warning=or_null(OBJECT),
        )
    )
)

SEARCH_RECORDS: dict[str, Json] = {
    "KeptClaim": record(_KEPT),
    "Plan": record(_PLAN, routes=rows(record(_ROUTE))),
    "Check": record(_CHECK),
    "Trial": _TRIAL,
    "ReviewedSurvey": record(
        _PROGRESS, id=ID, name=TEXT, taken=or_null(MOMENT), gsd_cm=NUMBER, valid_area_m2=NUMBER
    ),
}

SEARCH_ANSWERS: dict[str, Json] = {
    "GET claims": record(
        as_of=or_null(DAY),
        campaign=or_null(_NAMED),
        campaigns=rows(_NAMED),
        data_until=or_null(DAY),
        days=or_null(record(first=DAY, last=DAY)),
        meaning=TEXT,
        meaning_zh=TEXT,
        prior_from=TEXT,
        prior_from_zh=TEXT,
        next_prior=_MAY,
        whole=or_null(record(_PART)),
        parts=rows(record(_PART, rest=FLAG)),
        rests_on=OBJECT,
        risk_rules=rows(record(_RULE, changed=FLAG)),
        smallest_patch_m2=NUMBER,
        target=NUMBER,
        version=TEXT,
    ),
    "POST claims": ref("KeptClaim"),
    "POST plans": _FULL_PLAN,
    "GET plans/{plan_id}": _FULL_PLAN,
    "DELETE plans/{plan_id}": record(dropped=ID),
    "GET plans/{plan_id}/walked": record(
        walked=or_null(
            record(
                day=DAY,
                tracks=IDS,
                tolerance_m=NUMBER,
                walked_m=NUMBER,
                followed_m=NUMBER,
                gain_planned=NUMBER,
                gain_walked=NUMBER,
                routes=rows(
                    record(team=COUNT, planned_m=NUMBER, followed_m=NUMBER, followed_share=_MAY)
                ),
            )
        )
    ),
    "POST checks": _FULL_CHECK,
    "GET checks/{check_id}": _FULL_CHECK,
    "POST checks/{check_id}/finds": _FULL_CHECK,
    "POST checks/{check_id}/adopt": _ADOPTED,
    "POST trials": _TRIAL,
    "POST trials/{trial_id}/adopt": _ADOPTED,
    "GET rates": record(
        day=DAY,
        law=TEXT,
        rates=rows(
            record(
                _RATE,
                for_stage=or_null(TEXT),
                for_visibility=or_null(TEXT),
                assumed=FLAG,
                measured=FLAG,
            )
        ),
        entered=rows(record(_RATE, id=ID, set_at=MOMENT, set_by=TEXT)),
    ),
    "POST rates": _ADOPTED,
    "DELETE rates/{rate_id}": record(dropped=ID, looks=COUNT),
    "GET growth": record(
        as_of=DAY,
        own_table=FLAG,
        stages=TEXTS,
        observed=rows(OBJECT),
        holds=rows(record(stage=TEXT, holds_through=TEXT, max_days=or_null(COUNT))),
        areas=rows(OBJECT),
    ),
    "GET risk-rules": record(rules=rows(record(_RULE, changed=FLAG))),
    "POST risk-rules/{factor}": record(_RULE),
    "DELETE risk-rules/{factor}": record(reset=TEXT),
    "GET review/{survey_id}": _QUEUE,
    "POST review/{survey_id}/labels": _QUEUE,
    "POST review/{survey_id}/undo": _QUEUE,
    "GET review/{survey_id}/labels": record(
        total=COUNT,
        labels=rows(
            record(
                id=ID,
                patch=ID,
                label=TEXT,
                reason=or_null(TEXT),
                seconds=_MAY,
                actor=TEXT,
                at=MOMENT,
                mine=FLAG,
                earlier=FLAG,
                standing=or_null(TEXT),
            )
        ),
    ),
    "GET review/{survey_id}/models": _MODELS,
    "POST review/{survey_id}/models": _MODELS,
    "POST review/{survey_id}/models/{model_id}": _MODELS,
    "DELETE review/{survey_id}/models/{model_id}": _MODELS,
}
