"""Cases from patches and from sightings, what a later survey says of one, and the licences."""

from __future__ import annotations

import shapely
from flask import Response, jsonify, request
from shapely.geometry.base import BaseGeometry

from geoinspect.cases.records import Outcome
from geoinspect.casework.from_patches import cases_from_patches
from geoinspect.casework.from_sightings import NewSighting, case_from_sighting
from geoinspect.casework.openers import MOST_TOGETHER
from geoinspect.casework.told import today_of
from geoinspect.errors import Text, UsageError
from webmap.acting import acting
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_case_sources import source_scope
from webmap.scope_cases import case_scope

_MOST_ID = 10**15
_FROM_PATCHES = {
    "patches": Text("图斑", "the patches"),
    "survey": Text("航测", "the survey"),
    "settled": Text("复核为像罂粟的", "those settled as poppy"),
    "first": Text("前几个", "the first"),
    "one_case": Text("合为一条", "as one case"),
    "note": Text("备注", "the note"),
    "client_id": Text("提交编号", "the identifier"),
}
_SIGHTING = {
    "title": Text("名称", "the title"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "ground": Text("范围", "the ground"),
    "note": Text("备注", "the note"),
    "track": Text("轨迹", "the track"),
    "happened": Text("时间", "the time"),
    "outcome": Text("结论", "the outcome"),
    "facts": Text("情况", "the facts"),
    "client_id": Text("提交编号", "the identifier"),
}


def case_proposal() -> Response:
    """Return what would become of ``?patches=1,2``: known, joining an open case, or new."""
    given = ",".join(request.args.getlist("patches"))
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in parts):
        raise UsageError(
            f"参数 patches 应为图斑编号,以逗号分隔,得到“{given[:80]}”",
            f"patches must be numbers of patches with commas between, got {given[:80]!r}",
            code="bad_number",
        )
    workspace = office().workspace
    with workspace.database.reading() as session:
        return jsonify(source_scope(session).proposal(workspace, map(int, parts)))


def post_from_patches() -> Response:
    """Open cases for patches, and link those that belong to open ones."""
    asked = json_fields(_FROM_PATCHES)
    chosen = numbers_of(asked, "patches")
    first = asked.whole("first", 1, MOST_TOGETHER, 0) or None
    settled = asked.flag("settled") or False
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = source_scope(session)
        scope.check_may_open()
        if asked.has("survey"):
            survey = asked.needed_whole("survey", 1, _MOST_ID)
            chosen += scope.chosen(workspace, survey, settled=settled, first=first)
    done = cases_from_patches(
        workspace,
        chosen,
        acting(),
        one_case=asked.flag("one_case"),
        note=asked.prose("note"),
        client_id=asked.text("client_id", 64),
        sight=scope.sight,
    )
    return jsonify(done)


def post_sighting() -> Response:
    """Open a case for what a patrol saw, verified at once where the sender says what it is."""
    asked = json_fields(_SIGHTING)
    facts = asked.values.get("facts") or {}
    if not isinstance(facts, dict):
        raise asked.bad("facts", "应为对象", "an object")
    track = asked.number("track", 1, _MOST_ID)
    new = NewSighting(
        ground=_ground(asked),
        title=asked.text("title", 200),
        note=asked.prose("note"),
        track_id=None if track is None else int(track),
        happened=asked.moment("happened"),
        outcome=asked.member("outcome", Outcome),
        facts=facts,
        client_id=asked.text("client_id", 54),
    )
    with office().workspace.database.reading() as session:
        case_scope(session).check_place(new.ground)
        if new.track_id is not None:
            scope_of(session).track(new.track_id)
        sight = source_scope(session).sight
    return jsonify(case_from_sighting(office().workspace, new, acting(), sight=sight))


def case_survey(case_id: int, survey_id: int) -> Response:
    """Return what a survey shows of a case's ground, and what that suggests for a recheck."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        return jsonify(source_scope(session).recheck(workspace, case_id, survey_id))


def licences() -> Response:
    """Return the licences with days left, and what each survey of their parcels shows."""
    today = today_of()
    with office().workspace.database.reading() as session:
        told = source_scope(session).licences(today)
    return jsonify(**page("licences", told, "zone"), as_of=today.isoformat())


def numbers_of(asked: Fields, name: str) -> list[int]:
    """Return a list of row numbers.

    Raises:
        UsageError: It is none.
    """
    given = asked.values.get(name) or []
    whole = isinstance(given, list) and all(type(one) is int for one in given)
    if not whole or not all(1 <= one <= _MOST_ID for one in given):  # type: ignore[attr-defined]
        raise asked.bad(name, "应为编号的列表", "a list of numbers")
    return list(given)  # type: ignore[call-overload, no-any-return]


def _ground(asked: Fields) -> BaseGeometry:
    drawn = asked.ground("ground")
    if drawn is not None:
        return drawn
    lon = asked.needed_number("lon", -180, 180)
    return shapely.Point(lon, asked.needed_number("lat", -90, 90))
