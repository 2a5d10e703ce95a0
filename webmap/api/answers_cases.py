"""What the addresses about cases, where they come from, evidence, sites and tips answer."""

from __future__ import annotations

from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    COUNT,
    DAY,
    FLAG,
    ID,
    IDS,
    MOMENT,
    NUMBER,
    OBJECT,
    PLACE,
    PROBLEMS,
    SHA256,
    TEXT,
    TEXTS,
    by_name,
    collection,
    or_null,
    record,
    ref,
    rows,
)

_MAY = or_null(NUMBER)
_WORDS = record(message=TEXT, message_zh=TEXT)
_NAMED = record(id=ID, number=TEXT)
_BRIEF: dict[str, Json] = {"id": ID, "number": TEXT, "state": TEXT, "title": TEXT}
_PLANTS = or_null(record(low=NUMBER, high=NUMBER, plants=NUMBER, method=TEXT))
LINE: dict[str, Json] = {
    "id": ID,
    "number": {**TEXT, "pattern": "^[0-9]{4}-[0-9]+$"},
    "title": TEXT,
    "origin": {"enum": ["patch", "sighting", "tip", "target", "site", "other"]},
    "state": TEXT,
    "state_since": MOMENT,
    "place": or_null(PLACE),
    "area_code": or_null(TEXT),
    "area_m2": _MAY,
    "plants": _PLANTS,
    "unit_code": or_null(TEXT),
    "deadline": or_null(DAY),
    "overdue": FLAG,
    "overdue_days": COUNT,
    "version": COUNT,
    "opened_at": MOMENT,
    "opened_by": TEXT,
}
MOVE = record(action=TEXT, outcome=or_null(TEXT))
_EVENT = record(
    {"from": or_null(TEXT), "to": TEXT},
    seq=COUNT,
    action=TEXT,
    action_zh=TEXT,
    actor=TEXT,
    role=TEXT,
    unit_code=or_null(TEXT),
    at=MOMENT,
    happened=or_null(MOMENT),
    details=OBJECT,
    doubts=rows(record(code=TEXT, message=TEXT, message_zh=TEXT)),
    receipt=TEXT,
    undone=FLAG,
)
_EVIDENCE = record(
    id=ID,
    event=COUNT,
    kind=TEXT,
    name=TEXT,
    note=TEXT,
    sha256=or_null(SHA256),
    bytes=or_null(COUNT),
    taken=or_null(MOMENT),
    place=or_null(PLACE),
    distance_m=_MAY,
    facts=OBJECT,
    added_at=MOMENT,
    added_by=TEXT,
)
_LINK = record(
    id=ID,
    kind=TEXT,
    source=ID,
    survey=or_null(ID),
    label=TEXT,
    ground=or_null(ref("Geometry")),
    details=OBJECT,
    at=MOMENT,
    by=TEXT,
)
_CASE = record(
    LINE,
    absorbed=rows(_NAMED),
    areas=TEXTS,
    events=rows(_EVENT),
    evidence=rows(_EVIDENCE),
    facts=OBJECT,
    ground=ref("Geometry"),
    ground_m2=NUMBER,
    law=or_null(OBJECT),
    licence=or_null(OBJECT),
    links=rows(_LINK),
    merged_into=or_null(_NAMED),
    moves=rows(MOVE),
    pictures=TEXTS,
    stands=FLAG,
    surveys=rows(record(id=ID, name=TEXT, taken=or_null(MOMENT))),
    undo=or_null(record(action=TEXT, seq=COUNT)),
)
_DONE = record(case=ref("Case"), receipt=TEXT, seq=COUNT, maybe={"again": FLAG})
_LIST = record(
    id=ID,
    name=TEXT,
    day=or_null(DAY),
    added_at=MOMENT,
    added_by=TEXT,
    targets=COUNT,
    refused=or_null(COUNT),
    tolerance_m=NUMBER,
    problems=PROBLEMS,
)
_TARGET: dict[str, Json] = {
    "id": ID,
    "code": TEXT,
    "day": or_null(DAY),
    "place": PLACE,
    "area_m2": _MAY,
    "note": TEXT,
}
_RATED = record(matched=COUNT, rate=_MAY, total=COUNT)
_SITE_LINE: dict[str, Json] = {
    "id": ID,
    "code": TEXT,
    "name": TEXT,
    "kind": TEXT,
    "place": PLACE,
    "state": TEXT,
    "active": FLAG,
    "former": FLAG,
    "unproved": FLAG,
    "area_code": or_null(TEXT),
    "unit_code": or_null(TEXT),
    "interval_days": COUNT,
    "days": {**ID, "description": "Until the next visit is due; below 0: late."},
    "due": or_null(DAY),
    "starts": DAY,
    "ends": or_null(DAY),
    "last_answer": or_null(DAY),
    "last_visit": or_null(
        record(
            track=or_null(ID),
            day=DAY,
            arrived=or_null(MOMENT),
            dwell_s=NUMBER,
            nearest_m=NUMBER,
            unit_code=or_null(TEXT),
        )
    ),
}
_SITE = record(
    _SITE_LINE,
    answers=rows(OBJECT),
    areas=TEXTS,
    as_of=DAY,
    case=or_null(OBJECT),
    checklist=TEXTS,
    dwell_s=NUMBER,
    ground=ref("Geometry"),
    made_at=MOMENT,
    made_by=TEXT,
    may_answer=FLAG,
    may_change=FLAG,
    note=TEXT,
    radius_m=NUMBER,
    risk=NUMBER,
    visit_total=COUNT,
    visits=rows(OBJECT),
)
_OPENED = record(_BRIEF, receipt=TEXT)
_MAY_DO = record(handle=FLAG, reward=FLAG)
_TIP: dict[str, Json] = {
    "id": ID,
    "number": TEXT,
    "state": TEXT,
    "text": TEXT,
    "masked": COUNT,
    "place": or_null(PLACE),
    "place_from": or_null(TEXT),
    "place_words": TEXT,
    "accuracy_m": _MAY,
    "areas": TEXTS,
    "photos": rows(OBJECT),
    "received_at": MOMENT,
    "answered_at": or_null(MOMENT),
    "answered_by": or_null(TEXT),
    "waited_s": NUMBER,
    "case": or_null(record(id=ID, number=TEXT, state=TEXT, state_words=_WORDS)),
}
# Whom a tip is not for to answer is not told these.
_FOR_HANDLERS: dict[str, Json] = {
    "claimant": or_null(_NAMED),
    "group": rows(_NAMED),
    "merged_into": or_null(_NAMED),
    "reward": TEXT,
    "reward_yuan": _MAY,
    "suggestions": rows(OBJECT),
}
_TIP_STEP = record(
    {**_TIP, "steps": rows(OBJECT), "receipt": TEXT},
    maybe={**_FOR_HANDLERS, "may": _MAY_DO, "again": FLAG},
)

CASE_RECORDS: dict[str, Json] = {
    "CaseLine": record(LINE),
    "Case": _CASE,
    "Evidence": _EVIDENCE,
    "TargetList": _LIST,
    "Site": record(_SITE_LINE, area=or_null(TEXT)),
    "FullSite": _SITE,
    "Tip": record(_TIP, maybe=_FOR_HANDLERS),
    "Licence": record(
        zone=ID,
        name=TEXT,
        licence_no=or_null(TEXT),
        licence_m2=_MAY,
        valid_from=or_null(DAY),
        valid_to=or_null(DAY),
        state=TEXT,
        days_left=or_null(COUNT),
        parcel_m2=NUMBER,
        place=PLACE,
        surveys=rows(
            record(
                survey=ID,
                name=TEXT,
                day=or_null(DAY),
                valid=FLAG,
                seen=NUMBER,
                patches=COUNT,
                inside_m2=NUMBER,
                outside_m2=NUMBER,
                problems=PROBLEMS,
            )
        ),
    ),
}

CASE_ANSWERS: dict[str, Json] = {
    "POST cases": _DONE,
    "GET cases/{case_id}": ref("Case"),
    "POST cases/{case_id}/steps": _DONE,
    "GET cases/moves": record(
        merge_into=by_name(TEXTS),
        moves=rows(
            record(
                {"from": TEXTS, "to": or_null(TEXT)},
                action=TEXT,
                origins=TEXTS,
                outcome=or_null(TEXT),
                roles=TEXTS,
            )
        ),
    ),
    "GET cases/points": record(
        as_of=DAY,
        total=COUNT,
        limited=or_null(_WORDS),
        states=by_name(_WORDS),
        cases=rows(record(_BRIEF, point=PLACE, overdue=FLAG, area_m2=_MAY)),
    ),
    "GET cases/proposal": record(
        may_open=FLAG,
        near_m=NUMBER,
        known=rows(record(patch=ID, case=record(_BRIEF))),
        joins=rows(OBJECT),
        plots=rows(
            record(
                title=TEXT,
                patches=IDS,
                surveys=IDS,
                place=PLACE,
                area_m2=NUMBER,
                before=rows(OBJECT),
                licence=or_null(OBJECT),
            )
        ),
    ),
    "POST cases/from-patches": record(
        again=FLAG,
        opened=rows(record(_BRIEF, patches=IDS, receipt=TEXT)),
        linked=rows(record(_BRIEF, patches=IDS, receipt=TEXT)),
        known=rows(record(_BRIEF, patches=IDS)),
    ),
    "POST cases/sightings": record(
        _BRIEF, receipt=TEXT, again=FLAG, near=rows(record(_BRIEF, distance_m=NUMBER))
    ),
    "GET cases/{case_id}/surveys/{survey_id}": record(
        case=record(_BRIEF),
        survey=record(id=ID, name=TEXT, taken=or_null(MOMENT), gsd_cm=NUMBER, searched=FLAG),
        day=or_null(DAY),
        since=or_null(DAY),
        seen=NUMBER,
        sensitivity=or_null(OBJECT),
        patch_m2=NUMBER,
        patches=rows(OBJECT),
        reasons=rows(_WORDS),
        suggests=or_null(TEXT),
    ),
    "POST cases/{case_id}/evidence": record(
        evidence=ref("Evidence"), problems=PROBLEMS, receipt=TEXT, seq=COUNT, again=FLAG
    ),
    "POST target-lists": record(
        list=ID, name=TEXT, sha256=SHA256, targets=COUNT, again=FLAG, problems=PROBLEMS
    ),
    "GET target-lists/{list_id}/match": record(
        list=_LIST,
        may_open=FLAG,
        tolerance_m=NUMBER,
        window=record(first=DAY, last=DAY),
        states=TEXTS,
        left_out=COUNT,
        dossiers=_RATED,
        targets=_RATED,
        by_tolerance=rows(record(tolerance_m=NUMBER, matched=COUNT, dossiers=_MAY, targets=_MAY)),
        pairs=rows(record(case=record(_BRIEF), target=record(_TARGET), distance_m=NUMBER)),
        unmatched_cases=rows(ref("CaseLine")),
        unmatched_targets=rows(record(_TARGET, case=or_null(record(_BRIEF)))),
    ),
    "POST target-lists/{list_id}/cases": record(
        again=FLAG,
        opened=rows(record(_BRIEF, target=ID, receipt=TEXT)),
        known=rows(record(_BRIEF, target=ID)),
    ),
    "POST sites": record(site=ref("FullSite")),
    "GET sites.geojson": collection(record(_SITE_LINE), as_of=DAY, total=COUNT),
    "GET sites/{site_id}": ref("FullSite"),
    "POST sites/{site_id}": record(site=ref("FullSite"), changed=FLAG),
    "POST sites/{site_id}/answers": record(
        answer=ID, receipt=TEXT, again=FLAG, case=or_null(ID), site=ref("FullSite")
    ),
    "POST sites/{site_id}/photos": record(
        photo=record(
            name=TEXT,
            sha256=SHA256,
            token=TEXT,
            taken=or_null(MOMENT),
            lon=_MAY,
            lat=_MAY,
            distance_m=_MAY,
        )
    ),
    "GET tips/{tip_id}": record(
        {**_TIP, "steps": rows(OBJECT), "may": _MAY_DO}, maybe=_FOR_HANDLERS
    ),
    **{
        f"POST tips/{{tip_id}}/{step}": _TIP_STEP
        for step in ("link", "case", "dismiss", "merge", "reward")
    },
}
