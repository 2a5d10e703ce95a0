"""The addresses of the vector tiles of the map's shapes, and of all drone pictures together."""

from __future__ import annotations

import gzip
from hashlib import sha256

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webmap.office import office
from webmap.scope_shapes import ShapeScope, shape_scope
from webmap.tiles.cut import TileCut
from webmap.tiles.mercator import exists
from webmap.tiles.mosaic import FROM_ZOOM, mosaic_tile, surveys_in_tile
from webmap.tiles.pictures import type_of
from webmap.tiles.shapes_book import packed
from webmap.tiles.shapes_filters import Wanted, asked_shapes
from webmap.tiles.shapes_sheets import Kind
from webmap.tiles.shapes_views import Tile

shape_tiles = Blueprint("shape_tiles", __name__, url_prefix="/tiles")
MVT = "application/vnd.mapbox-vector-tile"
_KEEP_S = 7 * 86400
_CUT = TileCut()


@shape_tiles.get("/shapes/<kind>/<version>/<int:z>/<int:x>/<int:y>")
def shapes(kind: str, version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of the visible shapes of a kind, always of their newest version; the query
    narrows them (:mod:`webmap.tiles.shapes_filters`).
    """
    if kind not in {known.value for known in Kind} or not exists(z, x, y):
        raise NotFound
    wanted = asked_shapes(Kind(kind))
    with office().workspace.database.reading() as session:
        scope = shape_scope(session)
        current = scope.version(Kind(kind))
        data, tag = _tile(scope, Kind(kind), current, wanted, (z, x, y))
    plain = request.accept_encodings.quality("gzip") <= 0
    response = Response(gzip.decompress(data) if data and plain else data, mimetype=MVT)
    if not data:
        response.status_code = 204
    elif not plain:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    return _kept(response, f"{tag}-plain" if plain else tag, version == current)


@shape_tiles.get("/pictures/<version>/<int:z>/<int:x>/<int:y>")
def pictures(version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of all visible drone pictures, the newest on top, cut to the caller's ground;
    the query narrows them as it does surveys. Far off there are none: outlines serve there.
    """
    if not exists(z, x, y):
        raise NotFound
    wanted, tile = asked_shapes(Kind.SURVEYS), (z, x, y)
    with office().workspace.database.reading() as session:
        scope = shape_scope(session)
        view = scope.view(Kind.SURVEYS, wanted)
    current = view.sheet.version
    numbers = surveys_in_tile(view, tile) if z >= FROM_ZOOM else []
    shown = _CUT.shown(scope.territory, *tile) if numbers else None
    data = None
    if shown is None or shown.any():
        data = mosaic_tile(office().pictures, office().picture_path, numbers, tile, shown)
    response = Response(data, mimetype=type_of(data or b""), status=200 if data else 204)
    told = repr((office().stamp, current, scope.mark, wanted.mark, tile))
    return _kept(response, sha256(told.encode()).hexdigest()[:32], version == current)


def _kept(response: Response, tag: str, is_current: bool) -> Response:
    """Return a tile that this person's browser may keep, and nobody else's."""
    keep = f"private, max-age={_KEEP_S}" if is_current else "private, no-store"
    response.headers["Cache-Control"] = keep
    response.set_etag(tag)
    response.make_conditional(request)
    return response


def _tile(
    scope: ShapeScope, kind: Kind, version: str, wanted: Wanted, tile: Tile
) -> tuple[bytes, str]:
    """Return a tile as gzip, and its tag."""
    told = repr((office().stamp, kind.value, version, scope.mark, wanted.mark, tile))
    tag = sha256(told.encode()).hexdigest()[:32]
    data = scope.book.tiles.get(tag)
    if data is None:
        data = packed(scope.tile(kind, wanted, tile))
        scope.book.tiles.put(tag, data)
    return data, tag
