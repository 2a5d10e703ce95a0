"""What the addresses about ground, tracks, photos, surveys and patches answer."""

from __future__ import annotations

from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    BBOX,
    BOTH,
    COUNT,
    DAY,
    FLAG,
    GEOMETRY,
    ID,
    IDS,
    MOMENT,
    NEXT,
    NUMBER,
    OBJECT,
    PLACE,
    PROBLEMS,
    SHARE,
    TEXT,
    TEXTS,
    by_name,
    collection,
    feature,
    or_null,
    record,
    ref,
    rows,
)

_AREA: dict[str, Json] = {
    "code": TEXT,
    "name": TEXT,
    "level": TEXT,
    "unit": or_null(TEXT),
    "bbox": BBOX,
}
_DAYS = record(first=DAY, last=DAY)
_CAMPAIGN = record(
    id=ID, name=TEXT, area=or_null(TEXT), start=DAY, end=DAY, cell_m=NUMBER, crs=TEXT
)
_COVERAGE: dict[str, Json] = {
    **dict.fromkeys(("cells", "unseen", "touched", "covered", "cleared"), COUNT),
    **dict.fromkeys(
        ("area_m2", "unseen_m2", "touched_m2", "covered_m2", "cleared_m2", "seen_m2", "length_m"),
        NUMBER,
    ),
    "seen_fraction": or_null(SHARE),
}
_GAP = record(
    id=TEXT,
    rank=COUNT,
    area=or_null(TEXT),
    area_name=or_null(TEXT),
    area_m2=NUMBER,
    risk=NUMBER,
    unit=or_null(TEXT),
    point=PLACE,
    bbox=BBOX,
    access=or_null(record({"from": TEXT, "point": PLACE})),
)
_CELL = record(
    {
        "cell_id": TEXT,
        "square": ref("Geometry"),
        "areas": rows(record(code=TEXT, name=TEXT, level=TEXT, unit=or_null(TEXT))),
        "as_of": DAY,
        "state": TEXT,
        "stage": or_null(TEXT),
        "stages": rows(COUNT),
        "last_seen": or_null(MOMENT),
        "faded_from": or_null(TEXT),
        "passes": COUNT,
        "risk_reasons": rows(OBJECT),
        "visits": rows(OBJECT),
    }
    | dict.fromkeys(
        ("area_m2", "coverage", "length_m", "pod", "risk", "seen_fraction", "sensitivity"),
        or_null(NUMBER),
    ),
)
_OUTLINE: dict[str, Json] = {
    "id": ID,
    "name": TEXT,
    "taken": or_null(MOMENT),
    "gsd_cm": NUMBER,
    "valid_area_m2": NUMBER,
    "detector": or_null(TEXT),
    "tiles": TEXT,
    "bbox": BBOX,
}
_PATCH: dict[str, Json] = {
    "id": ID,
    "survey_id": ID,
    "rank": or_null(COUNT),
    "score": NUMBER,
    "area_m2": NUMBER,
    "state": TEXT,
    "point": PLACE,
}
_SIDE = record(id=ID, name=TEXT, day=or_null(DAY), taken=or_null(MOMENT), searched_at=or_null(TEXT))
_COUNTS = by_name(COUNT)
_PHOTO: dict[str, Json] = {
    "id": ID,
    "name": TEXT,
    "taken": or_null(MOMENT),
    "team": or_null(TEXT),
    "unit": or_null(TEXT),
    "unit_code": or_null(TEXT),
    "heading_deg": or_null(NUMBER),
    "centre": or_null(PLACE),
    "footprint": or_null(ref("Geometry")),
}
_ZONE = record(
    id=ID, kind=TEXT, name=TEXT, valid_from=or_null(DAY), valid_to=or_null(DAY), valid=FLAG
)
_PATROL: dict[str, Json] = {
    "id": ID,
    "day": DAY,
    "mode": or_null(TEXT),
    "purpose": TEXT,
    "unit_code": or_null(TEXT),
    "team": or_null(TEXT),
    "people": TEXTS,
    "headcount": or_null(COUNT),
    "tracks": IDS,
    "distance_m": NUMBER,
    "inside_length_m": or_null(NUMBER),
    "person_hours": or_null(NUMBER),
    "first_time": or_null(MOMENT),
    "last_time": or_null(MOMENT),
    "doubts": COUNT,
    "valid": or_null(FLAG),
    "reasons": rows(BOTH),
}
_TRACK: dict[str, Json] = {
    "id": ID,
    "name": or_null(TEXT),
    "file": TEXT,
    "day": or_null(DAY),
    "mode": or_null(TEXT),
    "team": or_null(TEXT),
    "unit_code": or_null(TEXT),
    "people": TEXTS,
    "length_m": NUMBER,
    "counted_length_m": NUMBER,
    "doubtful": FLAG,
    "decided": FLAG,
}
_LISTED_TRACK = record(
    id=ID,
    name=or_null(TEXT),
    unit_code=or_null(TEXT),
    unit=or_null(TEXT),
    team=or_null(TEXT),
    mode=or_null(TEXT),
    day=or_null(DAY),
    doubtful=FLAG,
)
_LINES: Json = rows(rows(PLACE))
MAP_RECORDS: dict[str, Json] = {
    "Geometry": GEOMETRY,
    "Coverage": record(_COVERAGE),
    "Area": record(_AREA),
    # What was read, flagged, repeated and doubted is told in more keys than these.
    "Track": {**record(_TRACK), "additionalProperties": True},
    "Patrol": record(_PATROL, unit=or_null(TEXT)),
    "Survey": record(
        _OUTLINE,
        searched=FLAG,
        detected_at=or_null(MOMENT),
        days=rows(record(at=MOMENT, by=TEXT, day=DAY, before=or_null(DAY), note=or_null(TEXT))),
        list=or_null(OBJECT),
        check=or_null(OBJECT),
        sensitivity=or_null(OBJECT),
        changes=rows(
            record(
                {"with": ID},
                before=_SIDE,
                made_at=MOMENT,
                stale=FLAG,
                aligned=FLAG,
                uncertain=COUNT,
                counts=_COUNTS,
                boxes=OBJECT,
            )
        ),
    ),
    "ListedSurvey": record(
        id=ID,
        name=TEXT,
        taken=or_null(MOMENT),
        gsd_cm=NUMBER,
        valid_area_m2=NUMBER,
        fit=or_null(FLAG),
        detector=or_null(TEXT),
        detected_at=or_null(MOMENT),
        sensitivity=or_null(
            record(
                dict.fromkeys(("recall", "low", "high", "from_m2", "planted"), or_null(NUMBER)),
                outdated=FLAG,
            )
        ),
        run=or_null(TEXT),
    ),
    "Areas": collection(
        record(_AREA, label=PLACE), parent=or_null(feature(ref("Area"))), next=NEXT
    ),
    "Zones": collection(_ZONE, next=NEXT),
    "Surveys": collection(record(_OUTLINE), next=NEXT),
    "Tracks": collection(_LISTED_TRACK, limited=FLAG, next=NEXT),
    "Photos": collection(record(_PHOTO), limited=FLAG, next=NEXT),
    "Patches": collection(record(_PATCH), total=COUNT, next=NEXT),
}
_SHAPES = record(
    count=COUNT,
    counts_below_zoom=COUNT,
    deepest_zoom=COUNT,
    filters=TEXTS,
    layers=by_name(TEXTS),
    states=TEXTS,
    url=TEXT,
    version=TEXT,
    maybe={"outlines_from_zoom": COUNT, "pictures": or_null(TEXT), "pictures_from_zoom": COUNT},
)
_CHANGES = record(
    after=_SIDE,
    before=_SIDE,
    alignment=OBJECT,
    changes=rows(OBJECT),
    counts=_COUNTS,
    made_at=MOMENT,
    stale=FLAG,
    uncertain=COUNT,
)

MAP_ANSWERS: dict[str, Json] = {
    "GET openapi.json": record(
        openapi=TEXT,
        info=OBJECT,
        security=rows(OBJECT),
        paths=OBJECT,
        components=OBJECT,
    ),
    "GET overview": record(
        campaigns=rows(_CAMPAIGN),
        campaign=or_null(_CAMPAIGN),
        tops=rows(ref("Area")),
        data_until=or_null(DAY),
        coverage_tiles=or_null(TEXT),
        area=or_null(ref("Area")),
        way=rows(ref("Area")),
        coverage=or_null(ref("Coverage")),
        children=rows(record(_AREA, coverage=or_null(ref("Coverage")))),
        rest=or_null(ref("Coverage")),
        gaps=rows(feature(_GAP)),
        gaps_total=COUNT,
        lacking=TEXT,
        as_of=or_null(DAY),
        narrowed=FLAG,
        days=or_null(_DAYS),
        sources=record(units=rows(record(code=TEXT, name=TEXT)), teams=TEXTS, methods=TEXTS),
        counts=record(tracks=COUNT, surveys=COUNT, patches=COUNT),
    ),
    # Without outlines (`outlines=0`) a gap has no geometry.
    "GET gaps": record(
        type={"const": "FeatureCollection"},
        features=rows(
            record(type={"const": "Feature"}, geometry=or_null(ref("Geometry")), properties=_GAP)
        ),
        total=COUNT,
        next=NEXT,
    ),
    "GET gaps/{gap_id}": feature(_GAP),
    "GET areas": ref("Areas"),
    "GET zones": ref("Zones"),
    "GET cells": record(cell=or_null(_CELL)),
    "GET layers/{name}": record(
        layer=TEXT, as_of=DAY, ground_m2=NUMBER, tiles=TEXT, legend=rows(OBJECT)
    ),
    "POST coverage/inside": record(
        as_of=DAY,
        coverage=ref("Coverage"),
        cut_to_ground=FLAG,
        drawn_m2=NUMBER,
        narrowed=FLAG,
    ),
    "GET tracks": ref("Tracks"),
    "GET tracks/{track_id}": ref("Track"),
    "GET tracks/{track_id}/points": record(
        raw=_LINES,
        cleaned=_LINES,
        counted=_LINES,
        flagged=by_name({"type": "array"}),
        thinned=FLAG,
        speed=or_null(record(start=MOMENT, part_s=NUMBER, mps=rows(or_null(NUMBER)))),
    ),
    "POST tracks/{track_id}/review": ref("Track"),
    "GET photos": ref("Photos"),
    "GET photos/{photo_id}": record(
        {
            **_PHOTO,
            "file": TEXT,
            "lon": NUMBER,
            "lat": NUMBER,
            "camera": OBJECT,
            "datum": OBJECT,
            "footprint_clipped": or_null(FLAG),
            "place_from": or_null(TEXT),
            "heading_magnetic": or_null(FLAG),
            "problems": PROBLEMS,
        }
        | dict.fromkeys(
            ("accuracy_m", "altitude_m", "height_m", "pitch_deg", "footprint_area_m2"),
            or_null(NUMBER),
        ),
    ),
    "GET tracks/{track_id}/reading": record(
        bbox=or_null(BBOX),
        crs=or_null(TEXT),
        datum=or_null(TEXT),
        inside_share=or_null(NUMBER),
        inside_share_now=or_null(NUMBER),
        length_m=NUMBER,
        moved_m=or_null(NUMBER),
        lines=_LINES,
    ),
    "POST track-reviews": record(
        decided=COUNT,
        failed=COUNT,
        tracks=rows(
            record(id=ID, status=TEXT, maybe=dict.fromkeys(("code", "message", "message_zh"), TEXT))
        ),
    ),
    "GET shapes": record(days=or_null(_DAYS), kinds=by_name(_SHAPES)),
    # By the kind each has more facts than these.
    "GET shapes/{kind}": record(
        rows=rows({**record(id=ID, point=PLACE, bbox=BBOX), "additionalProperties": True}),
        total=COUNT,
        version=TEXT,
        sort=TEXT,
        next=NEXT,
    ),
    "GET search": record(
        q=TEXT,
        more=FLAG,
        hits=rows(
            record(
                id={"type": ["integer", "string"]}, kind=TEXT, title=TEXT, detail=TEXT, path=TEXT
            )
        ),
    ),
    "GET surveys": ref("Surveys"),
    "GET surveys/{survey_id}": ref("Survey"),
    "GET surveys/{survey_id}/changes": {
        "anyOf": [
            _CHANGES,
            record(compared=rows(OBJECT), earlier=rows(record(id=ID, name=TEXT))),
        ]
    },
    "GET patches": ref("Patches"),
    "GET patches/{patch_id}": record(
        _PATCH,
        reasons=by_name(NUMBER),
        detector=or_null(TEXT),
        changes=rows(
            record(
                {"with": ID},
                since=or_null(DAY),
                state=TEXT,
                reason=TEXT,
                reason_zh=TEXT,
                uncertain=FLAG,
            )
        ),
        survey=ref("Survey"),
        chip=TEXT,
        bbox=BBOX,
    ),
}
