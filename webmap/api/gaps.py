"""Gaps of one area: whole ones of the areas below it, or its share of a wider area's.

A list comes in pages and its outlines are drawn; of one gap the outline is exact.
"""

from __future__ import annotations

import weakref
from enum import StrEnum
from typing import NamedTuple

import shapely
from flask import Response, jsonify, request
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import ConflictError, NotFoundError, UsageError
from geoinspect.gap_list import RankedGaps
from geoinspect.records import CellState
from geoinspect.report.gap_files import GapRow, gap_file
from geoinspect.snapshot import Snapshot
from geoinspect.store.schema import CampaignRow
from webmap.api.blueprint import box, campaign_number, collection, feature, limit
from webmap.api.choices import one_of
from webmap.api.paging import mark_next
from webmap.api.question import asked_question
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.tree import AreaTree

MOST_GAPS = 50
_MOST_LISTED = 200
# Phones and people take no more; who needs all takes the coverage report.
_MOST_IN_FILE = 500
# A degree of latitude, roughly: how fine an outline is drawn needs no more.
_DEGREE_M = 111_000.0
# Fifty outlines are part of a map's first load: all stay below some 150 kB compressed.
MOST_CORNERS = 600
# A centimetre: an exact outline is not coarser than its ground is known.
_FINEST_DEG = 1e-7
_MOST_SHOWN_CHARS, _MOST_DIGITS = 80, 9
_TYPES = {
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv",
}


class Lacking(StrEnum):
    """What ground must lack to be a gap: that it was ever seen, or that it is cleared."""

    UNSEEN = "unseen"
    UNCLEARED = "uncleared"

    @property
    def wanted(self) -> CellState:
        """The state that such ground has not reached."""
        return CellState.TOUCHED if self is Lacking.UNSEEN else CellState.CLEARED


def asked_lacking() -> Lacking:
    """Return ``?lacking=unseen`` or ``uncleared`` of the query, the first without it.

    Raises:
        UsageError: It is neither.
    """
    return one_of("lacking", request.args.get("lacking") or Lacking.UNSEEN.value, Lacking)


def gap_features(rows: list[GapRow], cell_m: float) -> list[dict[str, object]]:
    """Return gaps as GeoJSON features, thinned where nobody could see it."""
    return [_feature(row, cell_m) for row in rows]


def gaps() -> Response:
    """Return gaps in pages, most area × risk first: ``?area=CODE&lacking=&campaign=N&bbox=`` and
    which looks count; ``outlines=0`` leaves the outlines out.

    Raises:
        ConflictError: The coverage has changed since the page that ``?cursor=`` goes on from.
    """
    question, lacking, view = asked_question(), asked_lacking(), box()
    most, drawn = limit(_MOST_LISTED, MOST_GAPS), request.args.get("outlines", "1") != "0"
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        snapshot = office().snapshots.get(campaign.id, question)
        ranked = _ranked(scope, campaign, snapshot, lacking, request.args.get("area"))
        if ranked is None:
            return jsonify(collection([], total=0, next=None))
        ranks, mark = ranked.touching(view), ranked.mark
        begin = _rank_after(mark)
        wanted = [rank for rank in ranks if rank > begin]
        rows = ranked.rows(session, wanted[:most])
        cell_m = snapshot.ground.grid.cell_m
    features = [_feature(row, cell_m, drawn=drawn) for row in rows]
    following = f"{mark}_{rows[-1].rank}" if len(wanted) > most else None
    return jsonify(collection(features, total=len(ranks), next=mark_next(following)))


def gap(gap_id: str) -> Response:
    """Return one gap with its exact outline: ``?lacking=&campaign=N`` and which looks count, as its
    list was asked for; ``area`` is whose list its rank is of, its own area's without one.

    Raises:
        NotFoundError: There is none that this person may see; that ground may be no gap any more.
    """
    question, lacking = asked_question(), asked_lacking()
    code = request.args.get("area") or gap_id.rpartition("-")[0]
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        snapshot = office().snapshots.get(campaign.id, question)
        known = AreaTree.of(scope).by_code
        ranked = scope.ranked_gaps(snapshot, lacking.wanted, code) if code in known else None
        rank = None if ranked is None else ranked.rank_of(gap_id)
        if ranked is None or rank is None:
            raise NotFoundError(
                f"没有空白“{gap_id[:_MOST_SHOWN_CHARS]}”:可能这块地后来已查看,请重新打开空白清单",
                f"there is no gap {gap_id[:_MOST_SHOWN_CHARS]!r}: its ground may have been searched "
                "since; open the list of gaps again",
                code="no_such_gap",
            )
        row = ranked.rows(session, [rank])[0]
        cell_m = snapshot.ground.grid.cell_m
    exact = shapely.set_precision(row.outline, _FINEST_DEG, mode="pointwise")
    told = _feature(row, cell_m, drawn=False)
    return jsonify(told | {"geometry": shapely.geometry.mapping(exact)})


def _ranked(
    scope: Scope, campaign: CampaignRow, snapshot: Snapshot, lacking: Lacking, code: str | None
) -> RankedGaps | None:
    """Return the gaps of the area asked for, of the campaign's without one; None where the person
    has no area at all.
    """
    area = scope.opening_area(campaign) if code is None else AreaTree.of(scope).area(code)
    return None if area is None else scope.ranked_gaps(snapshot, lacking.wanted, area.code)


def _rank_after(mark: str) -> int:
    """Return the rank that a list goes on after, 0 for its first page."""
    given = request.args.get("cursor")
    if given is None:
        return 0
    of, _, rank = given.rpartition("_")
    if not (rank.isascii() and rank.isdecimal() and len(rank) <= _MOST_DIGITS):
        raise UsageError(
            f"参数 cursor 的值“{given[:_MOST_SHOWN_CHARS]}”无法识别:请用上一页的 next",
            f"unknown cursor {given[:_MOST_SHOWN_CHARS]!r}: use 'next' of the page before",
            code="bad_cursor",
        )
    if of != mark:
        raise ConflictError(
            "覆盖情况在上一页之后有了变化,空白的次序已不同:请从第一页重新列出",
            "the coverage has changed since the page before, and with it the order of the gaps: "
            "list them again from the first page",
            code="cursor_gone",
        )
    return int(rank)


def drawn_outline(outline: BaseGeometry, finest_deg: float) -> BaseGeometry:
    """Return an outline for drawing: no more than MOST_CORNERS corners, exact where it has fewer.

    Holes and parts too small for the fineness it takes are left out, the largest part never.

    Args:
        outline: A polygon or polygons, degrees.
        finest_deg: The tolerance to begin with, doubled until the outline is small enough.
    """
    drawn, tolerance_deg = outline, finest_deg
    while shapely.get_num_coordinates(drawn) > MOST_CORNERS:
        tolerance_deg *= 2.0
        drawn = shapely.simplify(_without_specks(outline, tolerance_deg**2), tolerance_deg)
    return drawn


def _without_specks(outline: BaseGeometry, least_deg2: float) -> MultiPolygon | Polygon:
    """Return polygons without the holes and parts smaller than an area; one part stays."""
    parts = sorted(shapely.get_parts(outline), key=lambda part: -part.area)
    kept = [
        Polygon(
            part.exterior, [ring for ring in part.interiors if Polygon(ring).area >= least_deg2]
        )
        for number, part in enumerate(parts)
        if number == 0 or part.area >= least_deg2
    ]
    return kept[0] if len(kept) == 1 else MultiPolygon(kept)


def gaps_file(kind: str) -> Response:
    """Return an area's gaps as a file to keep: ``?area=CODE&lacking=&campaign=N`` and which
    looks count.

    Raises:
        NotFoundError: There is no such kind of file.
    """
    if kind not in _TYPES:
        raise NotFoundError(
            f"空白不支持“{kind[:20]}”格式,可用:{'、'.join(_TYPES)}",
            f"there is no {kind[:20]!r} of gaps, known: {', '.join(_TYPES)}",
            code="no_such_kind",
        )
    question, lacking = asked_question(), asked_lacking()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        tree = AreaTree.of(scope)
        campaign = scope.campaign(campaign_number())
        asked = request.args.get("area")
        row = tree.area(asked) if asked else scope.opening_area(campaign)
        snapshot = office().snapshots.get(campaign.id, question)
        rows: list[GapRow] = []
        if row is not None:
            rows, _total = scope.gaps(snapshot, lacking.wanted, row.code, top=_MOST_IN_FILE)
    response = Response(gap_file(f".{kind}", rows), mimetype=_TYPES[kind])
    name = f"gaps-{lacking}-{snapshot.as_of}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _feature(row: GapRow, cell_m: float, *, drawn: bool = True) -> dict[str, object]:
    outline = _drawn_of(row.outline, cell_m / 10 / _DEGREE_M)
    lon, lat = row.access
    return {
        "type": "Feature",
        "geometry": outline.geometry if drawn else None,
        "properties": {
            "id": row.name,
            "rank": row.rank,
            "area_m2": round(row.area_m2, 1),
            "risk": round(row.risk, 2),
            "area": row.area_code,
            "area_name": row.area_name,
            "unit": row.unit_name,
            "access": {"point": [round(lon, 6), round(lat, 6)], "from": row.access_kind},
            "point": outline.point,
            "bbox": outline.bbox,
        },
    }


class _Drawn(NamedTuple):
    """An outline as a map draws it: GeoJSON, a point in it and its box."""

    geometry: object
    point: list[float]
    bbox: list[float]


# By the outline's address in memory, beside a reference that takes the entry along when it goes:
# the outlines of whole gaps live as long as their snapshot, and every visitor of the map asks for them.
_drawn: dict[int, tuple[weakref.ref[BaseGeometry], _Drawn]] = {}


def _drawn_of(outline: BaseGeometry, finest_deg: float) -> _Drawn:
    """Return how an outline is drawn; kept as long as the outline."""
    address = id(outline)
    known = _drawn.get(address)
    if known is not None and known[0]() is outline:
        return known[1]
    thin = shapely.simplify(outline, finest_deg)
    middle = shapely.point_on_surface(thin)
    made = _Drawn(
        feature(drawn_outline(thin, finest_deg), {})["geometry"],
        [round(middle.x, 6), round(middle.y, 6)],
        list(thin.bounds),
    )
    _drawn[address] = weakref.ref(outline, lambda _: _drawn.pop(address, None)), made
    return made
