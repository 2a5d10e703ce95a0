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
from geoinspect.store.track_list import Order, Place, SortBy, TrackFilter, place_of
from webmap import errors
from webmap.api.blueprint import feature, limit, record_number
from webmap.api.choices import a_day, known_unit, one_of
from webmap.api.paging import cursor_name, mark_next
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
    ``?unit=&team=&mode=&from=&to=&doubtful=1&undecided=1&limit=&after=``; ``&sort=-length`` puts
    the longest first, by day, length, unit or doubts, without the minus the other way round.
    """
    wanted, order, most = _filter(), _order(), limit(_MOST_LISTED)
    place = _after() if order is None else None
    number = None if order is None else _after_number()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        if order is None:
            rows = scope.tracks_listed(wanted, limit=most + 1, after=place)
        else:
            rows = scope.tracks_sorted(wanted, order, limit=most + 1, after=number)
        total, waiting = scope.count_listed(wanted)
        names = scope.unit_names()
        told = [_named(patrol_book.track_summary(row), row, names) for row in rows[:most]]
    mark = _mark(rows[most - 1], order) if len(rows) > most else None
    return jsonify(tracks=told, total=total, waiting=waiting, next=mark_next(mark))


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
    if not current_person().may_decide:
        return errors.answer("may_not_decide", _MAY_NOT, 403)
    decide(track_id, review_json())
    with office().workspace.database.reading() as session:
        return jsonify(_told(scope_of(session), track_id))


def decide(track_id: int, asked: object) -> None:
    """Make one visible track anew as the fields of a request's JSON say.

    Raises:
        NotFoundError: The track is not theirs to see.
        UsageError: A field is unknown or its value can't be used.
        TrackError: Its file can't be read so; nothing changes.
    """
    # Two at once would each put back what the other one changed.
    with office().review_lock:
        with office().workspace.database.reading() as session:
            before = patrol_book.review_of(session, scope_of(session).track(track_id))
        decided = reviewed(asked, before)
        Intake(office().workspace, actor=current_person().name).tracks.review(track_id, decided)


def _told(scope: Scope, track_id: int) -> dict[str, Any]:
    row = scope.track(track_id)
    told = _named(scope.track_report(row, office().workspace), row, scope.unit_names())
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


def review_json() -> object:
    """Return the JSON of a request that decides.

    Raises:
        UsageError: It is none.
    """
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


def _order() -> Order | None:
    given = request.args.get("sort", "")
    if not given:
        return None
    return Order(one_of("sort", given.removeprefix("-"), SortBy), given.startswith("-"))


def _mark(row: TrackRow, order: Order | None) -> str:
    """Return the cursor behind a row: where it stands, or only its number in a sorted list."""
    if order is not None:
        return str(row.id)
    place = place_of(row)
    return f"{int(place.waiting)}_{place.day}_{place.track_id}"


def _after_number() -> int | None:
    name = cursor_name("after")
    return None if name is None else record_number(name)


def _after() -> Place | None:
    name = cursor_name("after")
    if name is None:
        return None
    given = request.args[name]
    waiting, _sep, rest = given.partition("_")
    day, _sep, number = rest.partition("_")
    if waiting in {"0", "1"} and number.isascii() and number.isdigit() and len(number) <= 18:
        return Place(waiting == "1", day[:10], int(number))
    raise UsageError(
        f"参数 after 的值“{given[:40]}”无法识别:请用上一页的 next",
        f"unknown after {given[:40]!r}: use 'next' of the page before",
        code="bad_option",
    )
