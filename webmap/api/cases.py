"""Cases: listed, shown, opened, and every step of their life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from flask import Response, jsonify, request
from shapely.geometry.base import BaseGeometry

from geoinspect.cases.facts import read_facts
from geoinspect.cases.lifecycle import MERGE_INTO, MOVES
from geoinspect.cases.records import CaseAction, CaseState, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import Done, NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.law import law_told
from geoinspect.casework.licences import licence_at
from geoinspect.casework.told import today_of
from geoinspect.crs import geodesic_area_m2
from geoinspect.errors import ForbiddenError, Text
from geoinspect.records import moment_iso
from geoinspect.store.cases import CaseFilter
from webmap.acting import acting
from webmap.api.blueprint import box, limit, record_number
from webmap.api.choices import one_of
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import cursor_name, mark_next
from webmap.api.sightings import picture_tiles
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_cases import case_scope

_MOST_LISTED = 200
_MOST_ID = 10**15
_MOST_LINKS = 500
_NEW = {
    "title": Text("名称", "the title"),
    "origin": Text("来源", "the origin"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "ground": Text("范围", "the ground"),
    "note": Text("备注", "the note"),
    "unit": Text("单位", "the unit"),
    "happened": Text("时间", "the time"),
    "client_id": Text("提交编号", "the identifier"),
}
_STEP = {
    "action": Text("操作", "the action"),
    "outcome": Text("结果", "the outcome"),
    "reason": Text("原因", "the reason"),
    "note": Text("备注", "the note"),
    "unit": Text("单位", "the unit"),
    "deadline": Text("期限", "the deadline"),
    "facts": Text("情况", "the facts"),
    "step": Text("步骤", "the step"),
    "into": Text("并入的线索", "the case it goes into"),
    "links": Text("来源", "the links"),
    "title": Text("名称", "the title"),
    "ground": Text("范围", "the ground"),
    "version": Text("版本", "the version"),
    "happened": Text("时间", "the time"),
    "client_id": Text("提交编号", "the identifier"),
}
# Only these are opened by hand; patches, tips and targets have their own ways in.
_BY_HAND = (Origin.SIGHTING, Origin.SITE, Origin.OTHER)


def cases_list() -> Response:
    """Return cases, newest first, with how many stand in each state.

    ``?state=`` (repeatable), ``origin``, ``unit`` (repeatable), ``area``, ``overdue=1``, ``bbox``,
    ``q``, ``limit``, ``before`` (row number, for the next page).
    """
    today = today_of()
    args = request.args
    states = tuple(one_of("state", s, CaseState).value for s in args.getlist("state"))
    origin = one_of("origin", args["origin"], Origin).value if args.get("origin") else None
    late = args.get("overdue") == "1"
    still = tuple(state.value for state in CaseState if not state.ended)
    wanted = CaseFilter(
        states=states or (still if late else ()),
        origin=origin,
        units=tuple(args.getlist("unit")) or None,
        overdue_on=today if late else None,
        box=box(),
        text=args.get("q", "").strip()[:100],
    )
    most = limit(_MOST_LISTED)
    mark = cursor_name("before")
    before = None if mark is None else record_number(mark)
    with office().workspace.database.reading() as session:
        scope = case_scope(session)
        wanted = scope.within(wanted, args.get("area") or None)
        rows = scope.listed(wanted, today, limit=most, before=before)
        counts = scope.counts(wanted, today)
    following = rows[-1]["id"] if len(rows) == most else None
    return jsonify(cases=rows, counts=counts, next=mark_next(following))


def case_shown(case_id: int) -> Response:
    """Return one case with its history, evidence, and what the caller may do."""
    return jsonify(_told(case_id))


def case_moves() -> Response:
    """Return the table of moves: what may be done in which state, by whom, and where it leads."""
    rows = [
        {
            "action": move.action.value,
            "outcome": None if move.outcome is None else move.outcome.value,
            "from": [state.value for state in CaseState if state in move.starts],
            "to": None if move.ends is None else move.ends.value,
            "roles": sorted(move.roles),
            "origins": [origin.value for origin in Origin if origin in move.origins],
        }
        for move in MOVES
    ]
    into = {
        state.value: [other.value for other in CaseState if other in others]
        for state, others in MERGE_INTO.items()
    }
    return jsonify(moves=rows, merge_into=into)


def post_case() -> Response:
    """Open a case by hand: something seen on patrol or otherwise heard of."""
    asked = json_fields(_NEW)
    origin = asked.member("origin", Origin) or Origin.SIGHTING
    if origin not in _BY_HAND:
        known = ", ".join(_BY_HAND)
        raise asked.bad("origin", f"可用:{known}", f"one of {known}")
    actor, ground = acting(), asked.ground("ground") or _place(asked)
    with office().workspace.database.reading() as session:
        case_scope(session).check_place(ground)
    new = NewCase(
        title=asked.text("title", 200, needed=True),
        origin=origin,
        ground=ground,
        note=asked.prose("note"),
        unit_code=_unit_to_open_for(asked, actor),
        happened=asked.moment("happened"),
        client_id=asked.text("client_id", 64),
    )
    return _answer(open_case(office().workspace, new, actor))


def post_step(case_id: int) -> Response:
    """Do something to a case; answers with the receipt and the case as it then stands."""
    with office().workspace.database.reading() as session:
        scope = case_scope(session)
        scope.case(case_id)
    asked = json_fields(_STEP)
    action = asked.member("action", CaseAction)
    if action is None:
        raise asked.bad("action", "不能为空", "given")
    if action in (CaseAction.OPEN, CaseAction.EVIDENCE, CaseAction.LINK):
        raise asked.bad("action", "请用各自的地址", "sent to its own address")
    facts = asked.values.get("facts") or {}
    if not isinstance(facts, dict):
        raise asked.bad("facts", "应为对象", "an object")
    version = asked.number("version", 0, _MOST_ID)
    step = Step(
        action=action,
        outcome=asked.member("outcome", Outcome),
        reason=asked.text("reason", 40),
        note=asked.prose("note"),
        unit_code=asked.unit("unit"),
        deadline=asked.day("deadline"),
        facts=_facts(facts, action),
        corrects=asked.text("step", 40),
        into=_other_case(asked),
        links=_links(asked),
        title=asked.text("title", 200),
        ground=asked.ground("ground"),
        version=None if version is None else int(version),
        happened=asked.moment("happened"),
        client_id=asked.text("client_id", 64),
    )
    _check_seen(step.facts)
    return _answer(act(office().workspace, case_id, step, acting(), sight=scope.sight))


def _unit_to_open_for(asked: Fields, actor: Actor) -> str | None:
    """Return the unit of a case to open: field people open for their own only.

    Raises:
        ForbiddenError: A field person named another.
    """
    unit = asked.unit("unit")
    if actor.role != "field":
        return unit
    if unit not in (None, actor.unit_code):
        raise ForbiddenError(
            f"外勤人员只能以本单位的名义新建线索,不能用“{unit}”:请把单位留空",
            f"field people open cases for their own unit only, not for {unit!r}: leave the unit out",
            code="not_your_unit",
        )
    return actor.unit_code


def _facts(given: dict[str, object], action: CaseAction) -> dict[str, Any]:
    bearing = (CaseAction.VERIFY, CaseAction.ERADICATE, CaseAction.RECHECK, CaseAction.CORRECT)
    if action not in bearing:
        return {}
    return read_facts(given, action, today_of())


def _answer(done: Done) -> Response:
    told = _told(done.case_id, acted=True)
    return jsonify(receipt=done.receipt, again=done.again, seq=done.seq, case=told)


def _told(case_id: int, *, acted: bool = False) -> dict[str, Any]:
    """Return a visible case, or with ``acted`` one that its reader has just acted on."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = case_scope(session)
        row = scope.acted_on(case_id) if acted else scope.case(case_id)
        place = row.geometry.representative_point()
        surveys = scope_of(session).surveys_over(place.x, place.y)
        return {
            **scope.case_told(workspace.settings, row),
            "ground_m2": round(geodesic_area_m2(row.geometry), 1),
            "law": law_told(workspace, row.facts, today_of()),
            "licence": licence_at(session, row.geometry, today_of()),
            "surveys": [
                {"id": one.id, "name": one.name, "taken": moment_iso(one.taken)} for one in surveys
            ],
            "pictures": [picture_tiles(survey) for survey in surveys],
        }


def _check_seen(facts: Mapping[str, Any]) -> None:
    """Check that the survey and the track that a step names are visible.

    Raises:
        NotFoundError: One is not.
    """
    with office().workspace.database.reading() as session:
        if "survey" in facts:
            scope_of(session).survey(facts["survey"])
        if "track" in facts:
            scope_of(session).track(facts["track"])


def _other_case(asked: Fields) -> int | None:
    if not asked.has("into"):
        return None
    given = asked.values["into"]
    name = str(given) if isinstance(given, int) else asked.text("into", 20)
    with office().workspace.database.reading() as session:
        return case_scope(session).case_named(name).id


def _links(asked: Fields) -> tuple[int, ...]:
    given = asked.values.get("links") or []
    whole = isinstance(given, list) and all(type(one) is int for one in given)
    if not whole or len(given) > _MOST_LINKS:  # type: ignore[arg-type]
        raise asked.bad("links", "应为编号的列表", "a list of numbers")
    return tuple(given)  # type: ignore[arg-type]


def _place(asked: Fields) -> BaseGeometry:
    lon = asked.needed_number("lon", -180, 180)
    return shapely.Point(lon, asked.needed_number("lat", -90, 90))
