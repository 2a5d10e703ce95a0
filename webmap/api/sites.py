"""Sites: which are due, one with its proof, answers with photos, and the list as analysts keep it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, jsonify, request, send_file
from shapely import Point
from shapely.geometry.base import BaseGeometry
from werkzeug.exceptions import UnsupportedMediaType

from geoinspect.casework.site_answers import (
    MOST_PHOTOS,
    NewAnswer,
    SitePhoto,
    answer_site,
    keep_site_photo,
)
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site, change_site, check_keeper
from geoinspect.casework.sites_told import STATES, counts_told
from geoinspect.casework.told import today_of
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.site_fields import (
    MOST_CODE_CHARS,
    MOST_DWELL_S,
    MOST_INTERVAL_DAYS,
    MOST_NAME_CHARS,
    MOST_QUESTION_CHARS,
    MOST_QUESTIONS,
    MOST_RADIUS_M,
    MOST_RISK,
    SiteKind,
)
from geoinspect.store.sites import SiteFilter
from webmap import errors
from webmap.acting import acting
from webmap.api.blueprint import box, collection, feature
from webmap.api.bodies import RAW_BYTES, announced_sha256, body_chunks, sent_name, take_at_most
from webmap.api.choices import one_of
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.office import office
from webmap.scope_sites import SiteScope, site_scope

Json = dict[str, Any]

_MOST_DRAWN = 2000
_LABELS = {
    "code": Text("编号", "the code"),
    "name": Text("名称", "the name"),
    "kind": Text("类型", "the kind"),
    "unit": Text("单位", "the unit"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "ground": Text("范围", "the ground"),
    "interval_days": Text("间隔天数", "the interval in days"),
    "radius_m": Text("半径(米)", "the radius in metres"),
    "dwell_s": Text("停留时间(秒)", "the dwell time in seconds"),
    "starts": Text("开始日期", "the first day"),
    "ends": Text("结束日期", "the last day"),
    "risk": Text("风险倍数", "the risk"),
    "checklist": Text("检查清单", "the checklist"),
    "note": Text("备注", "the note"),
    "active": Text("启用", "whether it is visited"),
}
_ANSWER = {
    "day": Text("日期", "the day"),
    "answers": Text("回答", "the answers"),
    "suspicious": Text("可疑", "whether it is suspicious"),
    "note": Text("备注", "the note"),
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "photos": Text("照片", "the photos"),
    "happened": Text("时间", "the time"),
    "client_id": Text("提交编号", "the identifier"),
}


def sites_list() -> Response:
    """Return sites, the most pressing first, and how many of the same filter stand in each state."""
    state = request.args.get("state", "")
    if state and state not in STATES:
        raise UsageError(
            f"没有状态“{state[:40]}”,可用:{'、'.join(STATES)}",
            f"there is no state {state[:40]!r}, known: {', '.join(STATES)}",
            code="bad_option",
        )
    today = today_of()
    with office().workspace.database.reading() as session:
        lines = _lines(site_scope(session))
        names = site_scope(session).area_names()
    shown = [line for line in lines if not state or line["state"] == state]
    return jsonify(
        **page("sites", [line | {"area": names.get(line["area_code"])} for line in shown]),
        counts=counts_told(lines),
        as_of=today.isoformat(),
    )


def sites_drawn() -> Response:
    """Return sites as GeoJSON points, for drawing."""
    with office().workspace.database.reading() as session:
        lines = _lines(site_scope(session))
    features = [feature(Point(line["place"]), line) for line in lines[:_MOST_DRAWN]]
    return jsonify(collection(features, total=len(lines), as_of=today_of().isoformat()))


def site_shown(site_id: int) -> Response:
    """Return one site with its visits and answers."""
    return jsonify(_told(site_id))


def post_site() -> Response:
    """Add a site; the same site again is one site."""
    check_keeper(acting())
    asked = json_fields(_LABELS)
    ground = _ground(asked)
    with office().workspace.database.reading() as session:
        site_scope(session).check_place(ground)
    new = NewSite(
        code=asked.text("code", MOST_CODE_CHARS, needed=True),
        name=asked.text("name", MOST_NAME_CHARS, needed=True),
        ground=ground,
        kind=asked.member("kind", SiteKind) or SiteKind.OTHER,
        unit_code=asked.unit("unit"),
        checklist=tuple(_checklist(asked)),
        note=asked.prose("note"),
        starts=asked.day("starts"),
        ends=asked.day("ends"),
    )
    numbers = _numbers(asked)
    site_id = add_site(office().workspace, replace(new, **numbers), acting())
    return jsonify(site=_told(site_id))


def post_site_change(site_id: int) -> Response:
    """Change what is given of a site; ``active`` false retires it."""
    _check_visible(site_id)
    check_keeper(acting())
    asked = json_fields({name: label for name, label in _LABELS.items() if name != "code"})
    values: Json = dict(_numbers(asked))
    if asked.has("name"):
        values["name"] = asked.text("name", MOST_NAME_CHARS)
    if asked.has("kind"):
        values["kind"] = asked.member("kind", SiteKind)
    if "unit" in asked.values:
        values["unit_code"] = asked.unit("unit")
    if asked.has("lon") or asked.has("lat") or asked.has("ground"):
        values["ground"] = _ground(asked)
        with office().workspace.database.reading() as session:
            site_scope(session).check_place(values["ground"])
    for name in ("starts", "ends"):
        if name in asked.values:
            values[name] = asked.day(name)
    if "checklist" in asked.values:
        values["checklist"] = _checklist(asked)
    if "note" in asked.values:
        values["note"] = asked.prose("note")
    if asked.flag("active") is not None:
        values["active"] = asked.flag("active")
    changed = change_site(office().workspace, site_id, values, acting())
    return jsonify(site=_told(site_id, acted=True), changed=changed)


def post_answer(site_id: int) -> Response:
    """Keep an answer to a site's checklist; the same ``client_id`` is one answer."""
    _check_visible(site_id)
    asked = json_fields(_ANSWER)
    given = asked.values.get("answers")
    if given is not None and not isinstance(given, dict):
        raise asked.bad("answers", "应为“问题: 回答”", "an object of question and answer")
    day = asked.day("day")
    new = NewAnswer(
        day=today_of() if day is None else day,
        answers={**(given or {}), "suspicious": asked.flag("suspicious") or False},
        note=asked.prose("note"),
        happened=asked.moment("happened"),
        photos=tuple(_photos(asked, site_id)),
        lon=asked.number("lon", -180, 180),
        lat=asked.number("lat", -90, 90),
        client_id=asked.text("client_id", 64),
    )
    done = answer_site(office().workspace, site_id, new, acting())
    return jsonify(
        answer=done.answer_id,
        receipt=done.receipt,
        case=done.case_id,
        again=done.again,
        site=_told(site_id),
    )


def post_site_photo(site_id: int) -> tuple[Response, int] | Response:
    """Take a photo as raw bytes: ``?name=&sha256=``; an answer then names it by its hash."""
    _check_visible(site_id)
    slots = office().upload_slots
    if not slots.acquire(blocking=False):
        return errors.busy()
    try:
        if request.mimetype != RAW_BYTES:
            raise UnsupportedMediaType
        announced, name = announced_sha256(), sent_name()
        workspace = office().workspace
        take_at_most(workspace.settings.photo_max_mb)
        told = keep_site_photo(workspace, site_id, body_chunks(announced), name, acting())
        return jsonify(photo=told | {"token": _photo_token(site_id, told)}), 201
    finally:
        slots.release()


def site_photo(site_id: int, sha256: str) -> Response:
    """Return a photo as it came."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        path, name = site_scope(session).photo(workspace, site_id, sha256)
    with path.open("rb") as stream:
        jpeg = stream.read(3) == b"\xff\xd8\xff"
    kind = "image/jpeg" if jpeg else RAW_BYTES
    response = send_file(
        path, mimetype=kind, as_attachment=not jpeg, download_name=name, etag=sha256, max_age=0
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _lines(scope: SiteScope) -> list[Json]:
    kind = request.args.get("kind") or None
    unit = request.args.get("unit") or None
    wanted = SiteFilter(
        kind=None if kind is None else one_of("kind", kind, SiteKind).value,
        units=None if unit is None else (unit,),
        box=box(),
        retired=request.args.get("retired") == "1",
    )
    wanted = scope.within(wanted, request.args.get("area") or None)
    return scope.listed(office().workspace.settings, wanted, today_of())


def _check_visible(site_id: int) -> None:
    """Check that a site is visible, before anything of the request is read."""
    with office().workspace.database.reading() as session:
        site_scope(session).site(site_id)


def _told(site_id: int, *, acted: bool = False) -> Json:
    """Return a visible site, or with ``acted`` one that its reader has just changed."""
    with office().workspace.database.reading() as session:
        scope = site_scope(session)
        row = scope.acted_on(site_id) if acted else scope.site(site_id)
        return scope.told(office().workspace.settings, row, today_of())


def _numbers(asked: Fields) -> dict[str, Any]:
    """Return the numbers that were given."""
    limits = {
        "interval_days": (1, MOST_INTERVAL_DAYS),
        "radius_m": (1, MOST_RADIUS_M),
        "dwell_s": (0, MOST_DWELL_S),
        "risk": (0, MOST_RISK),
    }
    found: dict[str, Any] = {}
    for name, (least, most) in limits.items():
        if asked.has(name):
            found[name] = asked.needed_number(name, least, most)
    if "interval_days" in found:
        found["interval_days"] = asked.needed_whole("interval_days", 1, MOST_INTERVAL_DAYS)
    return found


def _ground(asked: Fields) -> BaseGeometry:
    """Return the point or polygon of a site.

    Raises:
        UsageError: There is none, or the point can't be one.
        InputError, TooLargeError: The polygon can't be one.
    """
    given = asked.values.get("ground")
    if isinstance(given, dict) and given.get("type") == "Point":
        asked = Fields(dict(zip(("lon", "lat"), _pair(asked), strict=False)), asked.labels)
    drawn = asked.ground("ground")
    if drawn is not None:
        return drawn
    lon, lat = asked.needed_number("lon", -180, 180), asked.needed_number("lat", -90, 90)
    return Point(lon, lat)


def _pair(asked: Fields) -> list[object]:
    """Return longitude and latitude of a GeoJSON point."""
    given: Json = asked.values["ground"]  # type: ignore[assignment]
    place = given.get("coordinates")
    if not isinstance(place, list) or len(place) not in (2, 3):
        raise asked.bad("ground", "应为 GeoJSON 点或面", "a point or polygon as GeoJSON")
    return place


def _checklist(asked: Fields) -> list[str]:
    given = asked.values.get("checklist") or []
    if (
        not isinstance(given, list)
        or len(given) > MOST_QUESTIONS
        or not all(isinstance(q, str) and len(q) <= MOST_QUESTION_CHARS for q in given)
    ):
        raise asked.bad(
            "checklist",
            f"应为最多 {MOST_QUESTIONS} 个问题的列表",
            f"a list of at most {MOST_QUESTIONS} questions",
        )
    stripped = (question.strip() for question in given)
    return list(dict.fromkeys(question for question in stripped if question))


def _photo_token(site_id: int, photo: Mapping[str, object]) -> str:
    """Return what proves that this person sent a photo for a site.

    Without it a hash alone would do to see any photo of the vault under a site.
    """
    text = json.dumps(["site photo", site_id, photo["sha256"], photo["name"], acting().name])
    return hmac.new(office().workspace.secret_key(), text.encode(), hashlib.sha256).hexdigest()


def _photos(asked: Fields, site_id: int) -> list[SitePhoto]:
    """Return the photos that an answer names, which this person sent for this site before.

    Raises:
        UsageError: One was not.
    """
    given = asked.values.get("photos") or []
    if not isinstance(given, list) or len(given) > MOST_PHOTOS:
        raise asked.bad("photos", f"最多 {MOST_PHOTOS} 张", f"a list of at most {MOST_PHOTOS}")
    found = []
    for one in given:
        told = one if isinstance(one, dict) else {}
        sha256, name, token = (str(told.get(key, "")) for key in ("sha256", "name", "token"))
        right = _photo_token(site_id, {"sha256": sha256, "name": name})
        if not token.isascii() or not hmac.compare_digest(token, right):
            raise _not_sent(asked)
        path = office().workspace.vault.path_of(sha256)
        if not path.is_file():
            raise _not_sent(asked)
        found.append(SitePhoto(name, path))
    return found


def _not_sent(asked: Fields) -> UsageError:
    return asked.bad(
        "photos",
        "里有一张不是您先为这个部位上传的:请重新选择照片",
        "photos that you sent for this site before: choose them again",
    )
