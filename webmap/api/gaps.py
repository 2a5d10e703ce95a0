"""Gaps of one area: whole ones of the areas below it, or its share of a wider area's."""

from __future__ import annotations

import weakref
from enum import StrEnum
from typing import NamedTuple

import shapely
from flask import Response, request
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import NotFoundError
from geoinspect.records import CellState
from geoinspect.report.gap_files import GapRow, gap_file
from webmap.api.blueprint import campaign_number, feature
from webmap.api.choices import one_of
from webmap.api.question import asked_question
from webmap.office import office
from webmap.scope import scope_of
from webmap.tree import AreaTree

MOST_GAPS = 50
# Phones and people take no more; who needs all takes the coverage report.
_MOST_IN_FILE = 500
# A degree of latitude, roughly: how fine an outline is drawn needs no more.
_DEGREE_M = 111_000.0
# Fifty outlines are part of a map's first load: all stay below some 150 kB compressed.
MOST_CORNERS = 600
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


def _feature(row: GapRow, cell_m: float) -> dict[str, object]:
    drawn = _drawn_of(row.outline, cell_m / 10 / _DEGREE_M)
    lon, lat = row.access
    return {
        "type": "Feature",
        "geometry": drawn.geometry,
        "properties": {
            "rank": row.rank,
            "area_m2": round(row.area_m2, 1),
            "risk": round(row.risk, 2),
            "area": row.area_code,
            "area_name": row.area_name,
            "unit": row.unit_name,
            "access": {"point": [round(lon, 6), round(lat, 6)], "from": row.access_kind},
            "point": drawn.point,
            "bbox": drawn.bbox,
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
