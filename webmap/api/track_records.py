"""Tracks one by one: the list, all that is known of one, and what a person decides about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import BadRequest

from geoinspect import patrol_book
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.tracks import RULE_WORDS
from geoinspect.intake import Intake
from geoinspect.patrols.choices import Purpose
from geoinspect.records import Mode
from geoinspect.store.schema import TrackRow
from geoinspect.store.track_list import Place, TrackFilter, place_of
from webmap import errors
from webmap.api.blueprint import feature, limit
from webmap.api.choices import a_day, known_unit, one_of
from webmap.api.reviews import reviewed
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import Scope, scope_of

_MOST_LISTED = 200
_LINE_DEG = 1e-5
_MAY_NOT = Text(
    "您可以查看轨迹,但只有分析员和管理员可以作出决定:请联系他们",
    "You may look at tracks; only analysts and administrators decide about them: ask one of them.",
)


def track_list() -> Response:
    """Return tracks, those that wait for a person first:
    ``?unit=&team=&mode=&from=&to=&doubtful=1&undecided=1&limit=&after=``.
    """
    wanted, after, most = _filter(), _after(), limit(_MOST_LISTED)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        rows = scope.tracks_listed(wanted, limit=most + 1, after=after)
        total, waiting = scope.count_listed(wanted)
        names = scope.unit_names()
        told = [_named(patrol_book.track_summary(row), row, names) for row in rows[:most]]
    last = place_of(rows[most - 1]) if len(rows) > most else None
    mark = None if last is None else f"{int(last.waiting)}_{last.day}_{last.track_id}"
    return jsonify(tracks=told, total=total, waiting=waiting, next=mark)


def track(track_id: int) -> Response:
    """Return all that is known of one track."""
    with office().workspace.database.reading() as session:
        return jsonify(_told(scope_of(session), track_id))


def track_points(track_id: int) -> Response:
    """Return a track's lines (raw, cleaned, counted) and its flagged points by rule."""
    with office().workspace.database.reading() as session:
        row = scope_of(session).track(track_id)
        return jsonify(patrol_book.track_points(office().workspace, session, row))


def review(track_id: int) -> Response:
    """Make a track anew as a person decides; return what is known of it then."""
    person = current_person()
    if not person.may_decide:
        return errors.answer("may_not_decide", _MAY_NOT, 403)
    asked = _json()
    # Two at once would each put back what the other one changed.
    with office().review_lock:
        with office().workspace.database.reading() as session:
            before = patrol_book.review_of(session, scope_of(session).track(track_id))
        decided = reviewed(asked, before)
        Intake(office().workspace, actor=person.name).tracks.review(track_id, decided)
    with office().workspace.database.reading() as session:
        return jsonify(_told(scope_of(session), track_id))


def _told(scope: Scope, track_id: int) -> dict[str, Any]:
    row, settings = scope.track(track_id), office().workspace.settings
    told = _named(patrol_book.track_report(scope.session, row, settings), row, scope.unit_names())
    return told | {
        "points_refused": _refused(row),
        "patrol": _patrol(scope, row),
        "purpose": _purpose(scope, row),
        "geometry": feature(row.geometry, {}, tolerance_deg=_LINE_DEG)["geometry"],
    }


def _named(told: patrol_book.Json, row: TrackRow, names: dict[str, str]) -> patrol_book.Json:
    code = row.unit_code
    return told | {
        "unit": None if code is None else names.get(code, code),
        "doubtful": bool(row.doubts) and not row.decision,
    }


def _refused(row: TrackRow) -> list[dict[str, object]]:
    """Return the points that could not be used, by rule and in words."""
    return [
        {
            "rule": rule,
            "name": RULE_WORDS.get(rule, Text(rule, rule)).en,
            "name_zh": RULE_WORDS.get(rule, Text(rule, rule)).zh,
            "count": count,
        }
        for rule, count in row.report.get("points_refused", {}).items()
    ]


def _patrol(scope: Scope, row: TrackRow) -> patrol_book.Json | None:
    """Return the outing that a track belongs to; None for one without a day."""
    if row.day is None:
        return None
    listed = scope.patrols(office().workspace, row.day, row.day)
    return next((patrol for patrol in listed if patrol["id"] == row.patrol_id), None)


def _purpose(scope: Scope, row: TrackRow) -> Purpose:
    patrol = scope.patrol_of(row)
    return Purpose.SEARCH if patrol is None else Purpose(patrol.purpose)


def _json() -> object:
    try:
        return request.get_json(force=True)
    except (BadRequest, RecursionError) as error:
        raise UsageError(
            "请求内容不是可用的 JSON:请刷新页面后重试",
            "the request is no usable JSON: load the page again and repeat what you did",
            code="bad_review",
        ) from error


def _filter() -> TrackFilter:
    given = {name: value for name, value in request.args.items() if value}
    wanted = TrackFilter(
        team=given.get("team"),
        doubtful=given.get("doubtful", "0") != "0",
        undecided=given.get("undecided", "0") != "0",
    )
    if "unit" in given:
        wanted = replace(wanted, unit_code=known_unit(given["unit"]))
    if "mode" in given:
        wanted = replace(wanted, mode=one_of("mode", given["mode"], Mode))
    if "from" in given:
        wanted = replace(wanted, start=a_day(given["from"]))
    if "to" in given:
        wanted = replace(wanted, end=a_day(given["to"]))
    return wanted


def _after() -> Place | None:
    given = request.args.get("after")
    if given is None:
        return None
    waiting, _sep, rest = given.partition("_")
    day, _sep, number = rest.partition("_")
    if waiting in {"0", "1"} and number.isascii() and number.isdigit() and len(number) <= 18:
        return Place(waiting == "1", day[:10], int(number))
    raise UsageError(
        f"参数 after 的值“{given[:40]}”无法识别:请用上一页的 next",
        f"unknown after {given[:40]!r}: use 'next' of the page before",
        code="bad_option",
    )
