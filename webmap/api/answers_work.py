"""What the addresses of work lists, the situation, months, a person's day and week answer."""

from __future__ import annotations

from webmap.api.answers_cases import LINE, MOVE
from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    BOTH,
    COUNT,
    DAY,
    FLAG,
    ID,
    NUMBER,
    OBJECT,
    PLACE,
    TEXT,
    TEXTS,
    by_name,
    or_null,
    record,
    ref,
    rows,
)

_MAY = or_null(NUMBER)
_CODE_NAME = record(code=TEXT, name=TEXT)
_COUNTS = by_name(COUNT)
_WORK_ROW: dict[str, Json] = {
    "kind": TEXT,
    "name": TEXT,
    "what": TEXT,
    "link": TEXT,
    "area": or_null(TEXT),
    "unit": or_null(TEXT),
    "place": or_null(PLACE),
    "state": or_null(TEXT),
    "overdue_days": COUNT,
}
_DUTY: dict[str, Json] = dict.fromkeys(
    ("open", "overdue", "parcels", "sites", "sites_due", "standing"), COUNT
)
_SPAN = record(id=ID, name=TEXT, start=DAY, end=DAY)
_SUM = record(cases=COUNT, unknown=COUNT, sum=_MAY, low=_MAY, high=_MAY)
_STANDING: dict[str, Json] = {
    **dict.fromkeys(("clean", "doubted", "found", "overdue", "standing", "to_recheck"), COUNT),
    "planted_m2": _SUM,
    "plants": _SUM,
}
_P_CLEAN = or_null(record(as_of=DAY, p=NUMBER, low=NUMBER, high=NUMBER))
_FIGURE = record(
    key=TEXT,
    unit=TEXT,
    better=or_null(TEXT),
    as_of=or_null(DAY),
    value=_MAY,
    before=_MAY,
    change=_MAY,
    of=_MAY,
    target=_MAY,
)

_INDICATORS: dict[str, Json] = {
    "unit_code": or_null(TEXT),
    "roster": COUNT,
    "online": COUNT,
    "reached": COUNT,
    "below": TEXTS,
    **dict.fromkeys(
        ("online_rate", "patrol_rate", "patrol_sum", "person_hours", "reach_rate"), or_null(NUMBER)
    ),
}

WORK_ANSWERS: dict[str, Json] = {
    "GET patrol-months": record(
        month=TEXT,
        definitions=rows(BOTH),
        missing=rows(BOTH),
        people=rows(
            record(
                code=TEXT,
                unit_code=or_null(TEXT),
                days=COUNT,
                valid_days=COUNT,
                required_days=COUNT,
                hours=NUMBER,
                length_m=NUMBER,
                met=FLAG,
            )
        ),
        units=rows(record(_INDICATORS)),
        total=record(_INDICATORS),
        unit_names=by_name(TEXT),
        unknown_people=TEXTS,
    ),
    "GET work": record(
        as_of=DAY,
        area=or_null(_CODE_NAME),
        unit=or_null(_CODE_NAME),
        units=COUNT,
        campaign=or_null(TEXT),
        data_until=or_null(DAY),
        words=record(task=by_name(BOTH), trouble=by_name(BOTH)),
        tasks=record(
            total=COUNT,
            counts=_COUNTS,
            overdue=_COUNTS,
            of=record(cases=COUNT, gaps=COUNT, sites=COUNT),
            rows=rows(
                record(
                    _WORK_ROW,
                    task=TEXT,
                    deadline=or_null(DAY),
                    maybe={"area_m2": _MAY, "risk": NUMBER},
                )
            ),
        ),
        problems=record(
            total=COUNT,
            counts=_COUNTS,
            overdue=_COUNTS,
            of=record(cases=COUNT, gaps=COUNT, sites=COUNT),
            tip_days=NUMBER,
            tips_counted=FLAG,
            rows=rows(
                record(_WORK_ROW, trouble=TEXT, days=_MAY, since=or_null(DAY), why=or_null(BOTH))
            ),
        ),
        duties=record(
            total=COUNT,
            counts=record(_DUTY),
            elsewhere=record(_DUTY),
            of=record(areas=COUNT, open=COUNT, sites=COUNT),
            rows=rows(
                record(
                    _DUTY,
                    code=TEXT,
                    name=TEXT,
                    level=TEXT,
                    link=TEXT,
                    named=FLAG,
                    unit=or_null(TEXT),
                    unit_code=or_null(TEXT),
                    area_m2=_MAY,
                    unseen_share=_MAY,
                )
            ),
        ),
    ),
    "GET today": record(
        as_of=DAY,
        person=TEXT,
        unit=or_null(TEXT),
        campaign=or_null(TEXT),
        data_until=or_null(DAY),
        start=or_null(PLACE),
        start_from=or_null(TEXT),
        counts=record(cards=COUNT, cases=COUNT, gaps=COUNT, overdue=COUNT, sites=COUNT),
        route=or_null(record(stops=COUNT, length_m=NUMBER, order=TEXTS)),
        cards=rows(
            record(
                key=TEXT,
                kind={"enum": ["case", "gap", "site"]},
                name=TEXT,
                task=TEXT,
                what=TEXT,
                link=TEXT,
                place=PLACE,
                area=or_null(TEXT),
                state=or_null(TEXT),
                deadline=or_null(DAY),
                overdue_days=COUNT,
                bearing_deg=_MAY,
                distance_m=_MAY,
                maybe={
                    **{name: kind for name, kind in LINE.items() if name != "state"},
                    "checklist": TEXTS,
                    "links": rows(OBJECT),
                    "moves": rows(MOVE),
                    "access": or_null(TEXT),
                    "risk": NUMBER,
                },
            )
        ),
    ),
    "GET standing": record(
        as_of=DAY,
        area=or_null(TEXT),
        campaign=or_null(_SPAN),
        data_until=or_null(DAY),
        claim=or_null(OBJECT),
        outside=COUNT,
        whole=record(_STANDING),
        rows=rows(
            record(
                _STANDING,
                code=TEXT,
                name=TEXT,
                level=TEXT,
                area_m2=_MAY,
                unseen_m2=_MAY,
                unseen_share=_MAY,
                p_clean=_P_CLEAN,
                stage=or_null(OBJECT),
            )
        ),
        standing=rows(
            record(
                LINE,
                area_name=or_null(TEXT),
                confirmed_on=or_null(DAY),
                days_standing=_MAY,
                count=or_null(OBJECT),
                harvest=or_null(OBJECT),
                large_scale=or_null(OBJECT),
            )
        ),
        maybe={
            "statement": record(
                area=record(code=TEXT, name=TEXT, level=TEXT),
                area_m2=_MAY,
                as_of=DAY,
                day=DAY,
                campaign=or_null(TEXT),
                holds=FLAG,
                found=COUNT,
                leads=COUNT,
                outside=COUNT,
                cases=rows(OBJECT),
                missing=rows(OBJECT),
                p_clean=_P_CLEAN,
                sentence=TEXT,
                sentence_zh=TEXT,
                unseen_m2=_MAY,
                unseen_share=_MAY,
            )
        },
    ),
    "GET situation": record(
        today=DAY,
        before=or_null(DAY),
        area=or_null(ref("Area")),
        way=rows(ref("Area")),
        campaign=or_null(_SPAN),
        campaigns=rows(record(id=ID, name=TEXT)),
        coverage_tiles=or_null(TEXT),
        data_until=or_null(DAY),
        figures=rows(_FIGURE),
        news=or_null(
            record(
                since=DAY,
                opened=COUNT,
                confirmed=COUNT,
                eradicated=COUNT,
                closed=COUNT,
                uploads=COUNT,
                cleared_m2=_MAY,
                seen_m2=_MAY,
            )
        ),
        rows=rows(
            record(
                code=TEXT,
                name=TEXT,
                below=FLAG,
                coverage=or_null(ref("Coverage")),
                cleared_share=_MAY,
                unseen_share=_MAY,
                curve=rows(_MAY),
                open=COUNT,
                overdue=COUNT,
                standing=COUNT,
                sites=COUNT,
                sites_late=COUNT,
            )
        ),
    ),
    "GET situation/clean": record(
        figure=or_null(_FIGURE),
        areas=by_name(record(value=NUMBER, low=NUMBER, high=NUMBER)),
        meaning=or_null(TEXT),
        meaning_zh=or_null(TEXT),
    ),
    "GET situation/days": record(
        coverage=rows(record(day=DAY, area_m2=NUMBER, cleared_share=_MAY, unseen_m2=NUMBER)),
        curves=by_name(rows(_MAY)),
        days=rows(
            record(
                day=DAY,
                opened=COUNT,
                confirmed=COUNT,
                eradicated=COUNT,
                closed=COUNT,
                uploads=COUNT,
            )
        ),
    ),
    "GET field/pass": record(csrf=TEXT, person=record(id=ID, name=TEXT)),
    "GET field/week": record(
        first_day=DAY,
        last_day=DAY,
        tracks=COUNT,
        walked_m=NUMBER,
        counted_m=NUMBER,
        by_day=rows(record(day=DAY, walked_m=NUMBER)),
        ground=or_null(
            record(
                campaign=TEXT,
                unit=or_null(TEXT),
                cells=COUNT,
                area_m2=NUMBER,
                area_mu=NUMBER,
                data_until=or_null(DAY),
            )
        ),
    ),
}
