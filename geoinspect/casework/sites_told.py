"""Sites as people read them: which are due, one with its visits and answers, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.visits import DueState, due_on, due_state
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.sight import ALL, Sight
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, sightings, sites
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow, SiteVisitRow
from geoinspect.store.sites import SiteFilter

Json = dict[str, Any]

ENDED, RETIRED = "ended", "retired"
# Most pressing first; a list stands in this order.
STATES: tuple[str, ...] = (
    DueState.NEVER.value,
    DueState.OVERDUE.value,
    DueState.DUE_SOON.value,
    DueState.FINE.value,
    DueState.NOT_STARTED.value,
    ENDED,
    RETIRED,
)
STATE_WORDS: Mapping[str, Text] = {
    DueState.NEVER.value: Text("从未走访", "never visited"),
    DueState.OVERDUE.value: Text("已逾期", "overdue"),
    DueState.DUE_SOON.value: Text("即将到期", "due soon"),
    DueState.FINE.value: Text("按期", "visited in time"),
    DueState.NOT_STARTED.value: Text("未开始", "not yet begun"),
    ENDED: Text("已结束", "ended"),
    RETIRED: Text("已停用", "retired"),
}
# A walk after midnight, or a day mistyped by one, still goes with its answer.
PROOF_DAYS = 1
_MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Due:
    """How a site stands on a day.

    Attributes:
        state: Of :data:`STATES`.
        due: Day by which the next visit must come; None where none must.
        days: From today to that day, negative when it has passed.
    """

    state: str
    due: date | None
    days: int | None


def due_of(row: SiteRow, last: date | None, today: date, soon_days: int) -> Due:
    """Return whether a site's next visit is due."""
    if not row.active:
        return Due(RETIRED, None, None)
    if row.ends is not None and today > row.ends:
        return Due(ENDED, None, None)
    starts = first_day(row)
    due = due_on(last, row.interval_days, starts)
    state = due_state(last, row.interval_days, starts, today, soon_days)
    return Due(state.value, due, (due - today).days)


def first_day(row: SiteRow) -> date:
    """Return from which day on visits are required: as said, or since the site was registered."""
    return row.starts or row.made_at.astimezone(CHINA_TIME).date()


def site_list(
    session: Session,
    settings: Settings,
    wanted: SiteFilter,
    today: date,
    *,
    state: str = "",
    placed: bool = True,
) -> list[Json]:
    """Return sites, the most pressing first.

    Args:
        session: Open.
        settings: For when a visit is due soon.
        wanted: Which sites.
        today: The day asked for.
        state: Only those of this state.
        placed: Whether each says its ``place``; without, no ground is read and it is None.
    """
    last, answers = sites.last_visits(session, today), sites.last_answers(session)
    lines = [
        site_line(row, last.get(row.id), answers.get(row.id), today, settings, placed=placed)
        for row in sites.sites(session, wanted, lean=not placed)
    ]
    kept = [line for line in lines if not state or line["state"] == state]
    return sorted(kept, key=_pressing)


def site_line(
    row: SiteRow,
    last: SiteVisitRow | None,
    answered: date | None,
    today: date,
    settings: Settings,
    *,
    placed: bool = True,
) -> Json:
    """Return what a list shows of a site; its ``place`` is None where nobody wants it."""
    due = due_of(row, None if last is None else last.day, today, settings.site_soon_days)
    place = row.geometry.representative_point() if placed else None
    waits = answered is not None and (last is None or answered > last.day + timedelta(PROOF_DAYS))
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "unit_code": row.unit_code,
        "area_code": row.area_code,
        "place": None if place is None else [round(place.x, 7), round(place.y, 7)],
        "state": due.state,
        "due": None if due.due is None else due.due.isoformat(),
        "days": due.days,
        "interval_days": row.interval_days,
        "starts": first_day(row).isoformat(),
        "ends": None if row.ends is None else row.ends.isoformat(),
        "last_visit": None if last is None else visit_told(last),
        "last_answer": None if answered is None else answered.isoformat(),
        "unproved": waits,
        "former": row.case_id is not None,
        "active": row.active,
    }


def site_told(
    session: Session,
    settings: Settings,
    row: SiteRow,
    actor: Actor,
    today: date,
    sight: Sight = ALL,
) -> Json:
    """Return a site with its visits and answers, newest first, and what its reader may do.

    Cases, and the tracks that proved a visit, are named as far as the reader may know of them.
    """
    visits = sites.visits_of_site(session, row.id)
    answers = sites.answers_of_site(session, row.id, limit=_MOST_TOLD)
    last = next((visit for visit in visits if visit.day <= today), None)
    days = {visit.day for visit in visits}
    way = [] if row.area_code is None else grounds.breadcrumb(session, row.area_code)
    own = row.unit_code is None or is_own(session, actor, row.unit_code)
    case = None if row.case_id is None else cases.case(session, row.case_id)
    answered = answers[0].day if answers else None
    return {
        **site_line(row, last, answered, today, settings),
        "ground": shapely.geometry.mapping(row.geometry),
        "areas": [area.name for area in way],
        "radius_m": row.radius_m,
        "dwell_s": row.dwell_s,
        "risk": row.risk,
        "checklist": list(row.checklist),
        "note": row.note,
        "made_at": moment_iso(row.made_at),
        "made_by": row.made_by,
        "case": {"id": case.id, "number": case.number} if case and sight.case(case) else None,
        "visits": [_visit(session, one, sight) for one in visits[:_MOST_TOLD]],
        "visit_total": len(visits),
        "answers": [_answer(session, one, days, sight) for one in answers],
        "may_answer": row.active and actor.role != "auditor" and (actor.role != "field" or own),
        "may_change": actor.role in ("analyst", "admin"),
        "as_of": today.isoformat(),
    }


def visit_told(row: SiteVisitRow) -> Json:
    """Return a visit with its proof."""
    return {
        "day": row.day.isoformat(),
        "track": row.track_id,
        "arrived": moment_iso(row.arrived),
        "dwell_s": round(row.dwell_s),
        "nearest_m": round(row.nearest_m, 1),
        "unit_code": row.unit_code,
    }


def _visit(session: Session, row: SiteVisitRow, sight: Sight) -> Json:
    track = sightings.track(session, row.track_id)
    told = visit_told(row)
    if sight.track(track):
        return {**told, "track_name": track.name}
    return {**told, "track": None, "track_name": ""}


def counts_told(lines: Sequence[Json]) -> Json:
    """Return how many of some sites stand in each state: of all, by unit and by area.

    Args:
        lines: Of :func:`site_list`, of every state.
    """
    return {
        "total": len(lines),
        "required": sum(line["state"] in STATES[:4] for line in lines),
        "states": dict(Counter(line["state"] for line in lines)),
        "units": _counts_by(lines, "unit_code"),
        "areas": _counts_by(lines, "area_code"),
    }


def _counts_by(lines: Sequence[Json], name: str) -> list[Json]:
    """Return the counts of each unit or area, with how many of its sites must be visited."""
    groups: dict[str | None, Counter[str]] = {}
    for line in lines:
        groups.setdefault(line[name], Counter())[line["state"]] += 1
    return [
        {
            "code": code,
            "total": states.total(),
            "required": sum(states[state] for state in STATES[:4]),
            "states": dict(states),
        }
        for code, states in sorted(groups.items(), key=lambda item: (item[0] is None, item[0]))
    ]


def _answer(session: Session, row: SiteAnswerRow, visited: set[date], sight: Sight) -> Json:
    case_id = row.answers.get("case")
    case = None if case_id is None else cases.case(session, case_id)
    near = (row.day + timedelta(days) for days in range(-PROOF_DAYS, PROOF_DAYS + 1))
    return {
        "id": row.id,
        "day": row.day.isoformat(),
        "at": moment_iso(row.at),
        "happened": moment_iso(row.happened),
        "by": row.by,
        "unit_code": row.unit_code,
        "place": None if row.lon is None or row.lat is None else [row.lon, row.lat],
        "note": row.note,
        "suspicious": row.answers["suspicious"],
        "items": row.answers["items"],
        "asked": row.answers["asked"],
        "case": {"id": case_id, "number": case.number} if case and sight.case(case) else None,
        "files": row.files,
        "proved": any(day in visited for day in near),
    }


def _pressing(line: Json) -> tuple[int, int, str]:
    days = 0 if line["days"] is None else line["days"]
    return STATES.index(line["state"]), days, line["code"]
