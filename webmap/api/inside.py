"""Coverage inside a polygon that somebody drew on the map."""

from __future__ import annotations

import math

import shapely
from flask import Response, jsonify, request
from shapely import MultiPolygon, Polygon
from shapely.errors import ShapelyError
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from geoinspect import crs as crs_
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import TooLargeError, UsageError
from geoinspect.store.schema import AreaRow
from webmap.api.blueprint import campaign_number
from webmap.api.question import asked_question
from webmap.office import office
from webmap.scope import scope_of

MAX_BYTES, MAX_VERTICES = 1_000_000, 10_000
# Ground beyond the campaign's area has no cells; a little more keeps its border whole.
_MARGIN_DEG = 0.01


def inside() -> Response:
    """Return the sums of the campaign's ground inside ``{"polygon": GeoJSON}``, counting the
    looks that the query asks for; ``cut_to_ground`` tells that some of it is not the caller's
    ground and does not count.
    """
    polygon = drawn_polygon(_body())
    question = asked_question()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        near = _near(polygon, scope.campaign_area(campaign))
        mine = None if near is None else scope.own_part(near)
        # Whoever drew beyond their ground is told that it does not count.
        cut = not scope.territory.covers(polygon)
    snapshot = office().snapshots.get(campaign.id, question)
    total = CoverageSum() if mine is None else snapshot.inside(mine)
    return jsonify(
        coverage=total.as_json(),
        drawn_m2=round(crs_.geodesic_area_m2(polygon), 1),
        as_of=snapshot.as_of.isoformat(),
        narrowed=question.narrowed,
        cut_to_ground=cut,
    )


def drawn_polygon(given: object) -> Polygon | MultiPolygon:
    """Return a polygon of GeoJSON, in degrees of WGS84.

    Raises:
        UsageError: It is no polygon, lies nowhere, crosses itself or has too many vertices.
    """
    try:
        shape = shapely.force_2d(shapely.geometry.shape(given))
        vertices = shapely.get_coordinates(shape)
        west, south, east, north = shape.bounds if len(vertices) else (math.nan,) * 4
    except (
        *(ShapelyError, TypeError, ValueError, KeyError, IndexError, AttributeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise _bad(
            "不是 GeoJSON 多边形:请重新画",
            "it is no GeoJSON polygon: draw it again",
        ) from error
    if not isinstance(shape, Polygon | MultiPolygon) or not len(vertices):
        raise _bad("不是多边形:请重新画", "it is no polygon: draw it again")
    if len(vertices) > MAX_VERTICES:
        raise _bad(
            f"有 {len(vertices)} 个顶点,最多 {MAX_VERTICES} 个:请简化后再试",
            f"it has {len(vertices)} vertices, at most {MAX_VERTICES}: make it simpler",
        )
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad(
            "坐标不是经纬度:请按“经度,纬度”的顺序以度为单位",
            "its coordinates are no degrees: give longitude, then latitude",
        )
    if not shape.is_valid or shape.area == 0:
        raise _bad(
            "边线互相交叉或没有面积:请撤销最后几个点,重新画",
            "its lines cross or it has no ground: take the last points back and draw on",
        )
    return shape


def _body() -> object:
    request.max_content_length = MAX_BYTES
    try:
        body = request.get_json(force=True)
    except RequestEntityTooLarge as error:
        raise TooLargeError(
            f"多边形超过 {MAX_BYTES // 1_000_000} MB:请简化后再试",
            f"the polygon is larger than {MAX_BYTES // 1_000_000} MB: make it simpler",
            code="too_large",
        ) from error
    except (BadRequest, RecursionError) as error:
        raise _bad("内容不是可用的 JSON:请重新画", "it is no usable JSON: draw it again") from error
    if not isinstance(body, dict) or "polygon" not in body:
        raise _bad('请发送 {"polygon": GeoJSON 多边形}', 'send {"polygon": a polygon of GeoJSON}')
    return body["polygon"]


def _near(polygon: Polygon | MultiPolygon, area: AreaRow) -> Polygon | MultiPolygon | None:
    """Return the part of a polygon round the campaign's area; None for none.

    What lies far off would be projected where the grid's CRS has no meaning.
    """
    window = shapely.box(
        area.west - _MARGIN_DEG,
        area.south - _MARGIN_DEG,
        area.east + _MARGIN_DEG,
        area.north + _MARGIN_DEG,
    )
    parts = shapely.get_parts(shapely.intersection(polygon, window))
    kept = [part for part in parts if isinstance(part, Polygon)]
    return MultiPolygon(kept) if kept else None


def _bad(zh: str, en: str) -> UsageError:
    return UsageError(f"多边形不可用:{zh}", f"the polygon can't be used: {en}", code="bad_polygon")
