"""The map's shapes row by row: what its tiles draw, as a list in pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flask import Response, jsonify, request
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError, UsageError
from webmap.api.blueprint import box, limit
from webmap.api.paging import cursor_gone, mark_next, walk_after
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_shape_rows import more_of
from webmap.scope_shapes import shape_scope
from webmap.tiles.shapes_filters import asked_shapes
from webmap.tiles.shapes_order import SORTS, ordered, rows_in
from webmap.tiles.shapes_sheets import Kind, Sheet, day_of_number
from webmap.tiles.shapes_views import PROPERTIES

Json = dict[str, Any]
I8 = NDArray[np.int64]
_MOST, _UNASKED, _SHOWN = 500, 50, 40
# Other answers of the API call them so.
_NAMES = {"m2": "area_m2", "survey": "survey_id", "unit": "unit_code"}
# What a list says of each kind beyond what tiles do.
_MORE: Mapping[Kind, tuple[str, ...]] = {
    Kind.TRACKS: ("length_m",),
    Kind.CASES: ("source", "day"),
    Kind.SITES: ("visit", "due"),
    Kind.PHOTOS: ("unit", "team"),
}
_DAYS, _FLAGS = frozenset({"day", "due"}), frozenset({"overdue", "doubtful", "searched", "case"})


def shape_rows(kind: str) -> Response:
    """Return the shapes of a kind that the map draws in ``?bbox=``, narrowed as its tiles are
    (:mod:`webmap.tiles.shapes_filters`), in the order of ``?sort=``, with how many there are.

    Raises:
        ConflictError: The row that ``?cursor=`` names is not in the list any more.
    """
    if kind not in {known.value for known in Kind}:
        known = ", ".join(one.value for one in Kind)
        raise NotFoundError(
            f"没有名为“{kind[:_SHOWN]}”的图形,可用:{known}",
            f"there are no shapes {kind[:_SHOWN]!r}, known: {known}",
            code="no_such_kind",
        )
    wanted, view_box, most = asked_shapes(Kind(kind)), box(), limit(_MOST, _UNASKED)
    by, down = _order(Kind(kind))
    with office().workspace.database.reading() as session:
        view = shape_scope(session).view(Kind(kind), wanted)
        sheet = view.sheet
        rows = ordered(sheet, rows_in(view, view_box), by, down=down)
        begin = _place_after(sheet.ids[rows])
        shown = rows[begin : begin + most]
        told = _told(session, sheet, shown, scope_of(session).unit_names())
    following = int(sheet.ids[shown[-1]]) if begin + most < len(rows) else None
    return jsonify(
        rows=told,
        total=len(rows),
        version=sheet.version,
        sort=f"-{by}" if down else by,
        next=mark_next(following),
    )


def _order(kind: Kind) -> tuple[str, bool]:
    """Return the fact that ``?sort=`` names, and whether it goes downwards."""
    given = request.args.get("sort") or SORTS[kind][0]
    name = given.removeprefix("-")
    known = [one.removeprefix("-") for one in SORTS[kind]]
    if name not in known:
        raise UsageError(
            f"参数 sort 的值“{given[:_SHOWN]}”无法识别,可用:{'、'.join(known)}",
            f"unknown sort {given[:_SHOWN]!r}, known: {', '.join(known)}",
            code="bad_option",
        )
    return name, given.startswith("-")


def _place_after(ids: I8) -> int:
    """Return the place in a list that its page begins at."""
    after = walk_after()
    if after is None:
        return 0
    found = np.flatnonzero(ids == after)
    if not len(found):
        raise cursor_gone(str(after))
    return int(found[0]) + 1


def _told(session: Session, sheet: Sheet, rows: I8, unit_names: Mapping[str, str]) -> list[Json]:
    facts = (*PROPERTIES[sheet.kind], *_MORE.get(sheet.kind, ()))
    numbers = [int(number) for number in sheet.ids[rows]]
    more = more_of(session, sheet.kind, numbers)
    told = []
    for number, row in zip(numbers, rows, strict=True):
        one: Json = {"id": number, **{_NAMES.get(f, f): _value(sheet, f, int(row)) for f in facts}}
        if "unit_code" in one:
            code = one["unit_code"]
            one["unit"] = None if code is None else unit_names.get(code, code)
        lon, lat = (round(float(value), 6) for value in sheet.place[row])
        one["point"] = [lon, lat]
        one["bbox"] = [round(float(value), 6) for value in sheet.box[row]]
        # Gone since the sheet was made: the next version knows.
        told.append(one | more.get(number, {}))
    return told


def _value(sheet: Sheet, name: str, row: int) -> object:
    fact = sheet.facts[name]
    if fact.present is not None and not fact.present[row]:
        return None
    value = fact.values[row].item()
    if name in _DAYS:
        return str(day_of_number(value))
    return bool(value) if name in _FLAGS else value
