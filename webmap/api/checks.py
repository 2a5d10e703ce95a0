"""Cross-checks: the draw, its cells for each unit, what was found, and taking the rate over."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Response, jsonify, request

from geoinspect import check_book
from geoinspect.errors import Text, UsageError
from geoinspect.snapshot import Snapshot
from webmap.api.blueprint import campaign_number
from webmap.api.deciders import for_deciders, whole_campaign_only
from webmap.api.downloads import download, written_as
from webmap.api.fields import json_fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

_MOST_UNITS, _MOST_FINDS = 200, 10_000
_DRAW_LABELS = {
    "seed": Text("抽签种子", "the seed of the draw"),
    "share": Text("抽查比例", "the share to draw"),
    "units": Text("可参加的单位", "the units that may check"),
    "campaign": Text("行动", "the campaign"),
}
_FIND_LABELS = {
    "cell": Text("网格", "the cell"),
    "first_only": Text("只有第一次发现", "what only the first search found"),
    "second_only": Text("只有抽查发现", "what only the check found"),
    "both": Text("两次都发现", "what both found"),
    "note": Text("备注", "the note"),
}
_COLUMNS = ("cell", "lon", "lat", "unit", "unit_name", "cleared_by", "checked")
# What a spreadsheet would take for a formula.
_LIVE = ("=", "+", "-", "@", "\t", "\r")


def checks() -> Response:
    """Return the draws of a campaign, newest first, and how many cells there are to draw from."""
    snapshot = _snapshot_of_query()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        told = scope.checks(snapshot)
        names = scope.unit_names()
        whole = scope.total(snapshot)
        units = sorted({s.unit for s in scope.sources(snapshot) if s.unit is not None})
    return jsonify(
        **page("checks", told),
        cleared=whole.cleared,
        cells=whole.cells,
        as_of=snapshot.as_of.isoformat(),
        units=[{"code": code, "name": names.get(code, code)} for code in units],
        campaign={"id": snapshot.campaign_id, "name": snapshot.campaign.name},
    )


@for_deciders
def post_check() -> Response:
    """Draw cleared cells: ``{"seed", "share", "units"}``."""
    asked = json_fields(_DRAW_LABELS)
    share = asked.number("share", 0, 1, above=True)
    wanted = asked.number("campaign", 1, 10**15)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(None if wanted is None else int(wanted))
        if not scope.owns_campaign(campaign):
            return whole_campaign_only()
    snapshot = office().snapshots.get(campaign.id)
    row = check_book.draw_check(
        office().workspace,
        snapshot,
        seed=asked.text("seed", 200),
        share=check_book.SHARE if share is None else share,
        units=asked.units("units", _MOST_UNITS),
        actor=current_person().name,
    )
    return jsonify(_told(row.id)[0])


def check(check_id: int) -> Response:
    """Return a draw with its cells: whose each is, whether it was searched again, what was found."""
    return jsonify(_told(check_id)[0])


@for_deciders
def post_finds(check_id: int) -> Response:
    """Enter what was found in a cell: ``{"cell", "first_only", "second_only", "both", "note"}``."""
    told, _snapshot = _told(check_id)
    asked = json_fields(_FIND_LABELS)
    cell = asked.text("cell", 40, needed=True)
    counts = {
        name: asked.whole(name, 0, _MOST_FINDS, 0) for name in ("first_only", "second_only", "both")
    }
    note = asked.text("note", 500)
    if cell not in {one["cell"] for one in told["cells"]}:
        raise check_book.missing_cell(check_id, cell)
    check_book.enter_check(
        office().workspace, check_id, cell, note=note, actor=current_person().name, **counts
    )
    return jsonify(_told(check_id)[0])


@for_deciders
def adopt_check(check_id: int) -> Response:
    """Take what the draw says of searching on foot into the table of rates."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.check(check_id)
        if not scope.owns_campaign(scope.campaign(row.campaign_id)):
            return whole_campaign_only()
    with office().review_lock:
        number, looks = check_book.adopt_check(
            office().workspace, check_id, actor=current_person().name
        )
    return jsonify(rate=number, looks=looks)


def check_cells(check_id: int, kind: str) -> Response:
    """Return the cells of a draw as CSV or GPX, ``?unit=CODE`` only those of one unit."""
    told, snapshot = _told(check_id)
    unit = request.args.get("unit")
    cells = [one for one in told["cells"] if unit in (None, "", one["unit"])]
    if not cells:
        raise UsageError(
            "这次抽查没有分给该单位的网格",
            "the draw has no cell for this unit",
            code="no_cells",
        )
    write = written_as(kind, {"csv": _csv, "gpx": _gpx})
    return download(write(cells, snapshot), f"check-{check_id}.{kind}")


def _snapshot_of_query() -> Snapshot:
    with office().workspace.database.reading() as session:
        campaign_id = scope_of(session).campaign(campaign_number()).id
    return office().snapshots.get(campaign_id)


def _told(check_id: int) -> tuple[dict[str, Any], Snapshot]:
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.check(check_id)
        names = scope.all_unit_names()
        snapshot = office().snapshots.get(row.campaign_id)
        told = scope.check_told(snapshot, row)
    for one in told["cells"]:
        one["unit_name"] = names.get(one["unit"], one["unit"])
        by = one["cleared_by"]
        one["cleared_by_name"] = None if by is None else names.get(by, by)
    return told, snapshot


def _csv(cells: list[dict[str, Any]], _snapshot: Snapshot) -> str:
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(_COLUMNS)
    for one in cells:
        write.writerow([_plain(one[name]) for name in _COLUMNS])
    # The mark lets spreadsheets read Chinese names.
    return "\ufeff" + out.getvalue()


def _plain(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_LIVE):
        return f"'{value}"
    return "" if value is None else value


def _gpx(cells: list[dict[str, Any]], snapshot: Snapshot) -> str:
    side = f"{snapshot.ground.grid.cell_m:g}"
    points = "".join(
        f"<wpt lat={quoteattr(str(one['lat']))} lon={quoteattr(str(one['lon']))}>"
        f"<name>{escape(one['cell'])}</name>"
        f"<desc>网格中心,边长 {side} m / middle of a cell {side} m wide</desc></wpt>\n"
        for one in cells
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"{points}</gpx>\n"
    )
