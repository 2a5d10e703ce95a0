"""Tips for the office: listed, shown, and what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from geoinspect.cases.tip_records import Reward, TipReason, TipState
from geoinspect.casework.tip_steps import (
    dismiss_tip,
    link_tip,
    merge_tips,
    open_case_from_tip,
    set_reward,
)
from geoinspect.casework.tip_writing import TipDone
from geoinspect.errors import NotFoundError, Text, UsageError
from geoinspect.store.tips import TipFilter
from webmap.acting import acting
from webmap.api.blueprint import limit, record_number
from webmap.api.choices import one_of
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import cursor_name, mark_next
from webmap.office import office
from webmap.scope_tips import tip_scope

Json = dict[str, Any]

_MOST_LISTED = 200
_NAME = 40
_STEP = {
    "client_id": Text("提交编号", "the identifier"),
    "note": Text("备注", "the note"),
}
_CASE = Text("线索编号", "the case's number")
_TIP = Text("举报编号", "the tip's number")
_PLACE = {
    "title": Text("名称", "the title"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
}


def tips_list() -> Response:
    """Return tips, those that wait first: ``?state=`` (repeatable), ``reward``, ``limit``,
    ``before`` (row number of the last one shown).
    """
    args, now = request.args, datetime.now(UTC)
    states = tuple(one_of("state", s, TipState).value for s in args.getlist("state"))
    reward = one_of("reward", args["reward"], Reward).value if args.get("reward") else None
    mark = cursor_name("before")
    before = None if mark is None else record_number(mark)
    most = limit(_MOST_LISTED)
    settings = office().workspace.settings
    with office().workspace.database.reading() as session:
        scope = tip_scope(session)
        wanted = TipFilter(states, reward)
        told = scope.listed(settings, wanted, now, limit=most + 1, before=before)
        return jsonify(
            tips=told[:most],
            next=mark_next(told[most - 1]["id"] if len(told) > most else None),
            figures=scope.figures(now),
            may=scope.may(),
        )


def tip_shown(tip_id: int) -> Response:
    """Return one tip with what was done to it."""
    with office().workspace.database.reading() as session:
        scope = tip_scope(session)
        told = scope.told(office().workspace.settings, scope.tip(tip_id))
        return jsonify(told | {"may": scope.may()})


def tip_photo(tip_id: int, number: int) -> Response:
    """Return our own copy of a tip's photo; the original was never kept."""
    with office().workspace.database.reading() as session:
        files = tip_scope(session).tip(tip_id).files
    if not 1 <= number <= len(files):
        raise NotFoundError(
            f"这条举报没有第 {number} 张照片", f"this tip has no photo {number}", code="no_photo"
        )
    path = office().workspace.vault.path_of(files[number - 1]["sha256"])
    if not path.is_file():
        raise NotFoundError(
            "照片文件不见了:请管理员运行 geoinspect audit verify",
            "the file of the photo is missing: ask the administrator to run audit verify",
            code="no_file",
        )
    return Response(path.read_bytes(), mimetype="image/jpeg")


def post_tip_link(tip_id: int) -> Response:
    """Put a tip into a case: ``{"case", "note", "client_id"}``."""
    _check_visible(tip_id, moves=True)
    asked = json_fields({**_STEP, "case": _CASE})
    name = asked.text("case", _NAME, needed=True)
    with office().workspace.database.reading() as session:
        case_id = tip_scope(session).case_number(name)
    return _told(
        link_tip(
            office().workspace,
            tip_id,
            case_id,
            acting(),
            note=asked.prose("note"),
            client_id=_id(asked),
        )
    )


def post_tip_case(tip_id: int) -> Response:
    """Open a case of a tip: ``{"title", "lon", "lat", "note", "client_id"}``."""
    _check_visible(tip_id, moves=True)
    asked = json_fields({**_STEP, **_PLACE})
    lon, lat = asked.number("lon", -180, 180), asked.number("lat", -90, 90)
    if (lon is None) != (lat is None):
        raise UsageError(
            "经度和纬度要一起填写", "longitude and latitude go together", code="no_place"
        )
    return _told(
        open_case_from_tip(
            office().workspace,
            tip_id,
            acting(),
            title=asked.text("title", 200),
            place=None if lon is None or lat is None else (lon, lat),
            note=asked.prose("note"),
            client_id=_id(asked),
        )
    )


def post_tip_dismiss(tip_id: int) -> Response:
    """Set a tip aside: ``{"reason", "note", "client_id"}``."""
    _check_visible(tip_id)
    asked = json_fields({**_STEP, "reason": Text("原因", "the reason")})
    reason = one_of("reason", asked.text("reason", _NAME, needed=True), TipReason)
    return _told(
        dismiss_tip(
            office().workspace,
            tip_id,
            reason,
            acting(),
            note=asked.prose("note"),
            client_id=_id(asked),
        )
    )


def post_tip_merge(tip_id: int) -> Response:
    """Let a tip go into another one: ``{"into", "client_id"}``."""
    _check_visible(tip_id)
    asked = json_fields({**_STEP, "into": _TIP})
    name = asked.text("into", _NAME, needed=True)
    with office().workspace.database.reading() as session:
        into = tip_scope(session).tip_number(name)
    return _told(merge_tips(office().workspace, tip_id, into, acting(), client_id=_id(asked)))


def post_tip_reward(tip_id: int) -> Response:
    """Decide on a reward: ``{"state", "yuan", "note", "client_id"}``."""
    _check_visible(tip_id)
    labels = {"state": Text("奖励状态", "the state"), "yuan": Text("金额", "the amount")}
    asked = json_fields({**_STEP, **labels})
    return _told(
        set_reward(
            office().workspace,
            tip_id,
            one_of("state", asked.text("state", _NAME, needed=True), Reward),
            acting(),
            yuan=asked.number("yuan", 0, 1e7, above=True),
            note=asked.prose("note"),
            client_id=_id(asked),
        )
    )


def _check_visible(tip_id: int, *, moves: bool = False) -> None:
    """Check that a tip is visible, before anything of the request is read.

    Args:
        tip_id: Of the tip.
        moves: Also that it may leave the case it is in.
    """
    with office().workspace.database.reading() as session:
        scope = tip_scope(session)
        scope.tip(tip_id)
        if moves:
            scope.check_may_move(tip_id)


def _id(asked: Fields) -> str:
    return asked.text("client_id", 64)


def _told(done: TipDone) -> Response:
    """Return the tip as it is now, with the receipt of the step."""
    with office().workspace.database.reading() as session:
        scope = tip_scope(session)
        told = scope.told(office().workspace.settings, scope.tip(done.tip_id))
    receipt: Json = {"receipt": done.receipt, "again": done.again}
    return jsonify(told | receipt)
