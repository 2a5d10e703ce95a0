"""The addresses of tiles."""

from __future__ import annotations

import re
from hashlib import sha256

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webmap.api.question import asked_question, question_query
from webmap.api.shown import own_version
from webmap.api.sightings import picture_version
from webmap.office import office
from webmap.scope import scope_of
from webmap.tiles.basemap_book import AwayError, base_map
from webmap.tiles.coverage import EMPTY_PNG
from webmap.tiles.cut import TileCut
from webmap.tiles.layers import Layer
from webmap.tiles.mercator import exists
from webmap.tiles.pictures import type_of

tiles = Blueprint("tiles", __name__, url_prefix="/tiles")
_KEEP_S = 7 * 86400
_CUT = TileCut()
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")


@tiles.get("/base/<int:z>/<int:x>/<int:y>")
def base(z: int, x: int, y: int) -> Response:
    """Return a tile of the base map; nothing, not to be kept, while its server is away."""
    _check(z, x, y)
    try:
        found = base_map(office().workspace).tile(z, x, y)
    except AwayError:
        return Response(status=204, headers={"Cache-Control": "no-store"})
    data, kind = found or (EMPTY_PNG, "image/png")
    return _kept(data, kind, f"base-{sha256(data).hexdigest()[:16]}")


@tiles.get("/coverage/<int:campaign_id>/<version>/<int:z>/<int:x>/<int:y>")
def coverage(campaign_id: int, version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of a campaign's cells by state, always the newest."""
    return _cells(campaign_id, Layer.STATE, version, (z, x, y))


@tiles.get("/cells/<int:campaign_id>/<layer>/<version>/<int:z>/<int:x>/<int:y>")
def cells(campaign_id: int, layer: str, version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of one layer of a campaign's cells, always the newest; the query says which
    looks count (:mod:`webmap.api.question`).
    """
    if layer not in {known.value for known in Layer}:
        raise NotFound
    return _cells(campaign_id, Layer(layer), version, (z, x, y))


def _cells(campaign_id: int, layer: Layer, version: str, at: tuple[int, int, int]) -> Response:
    _check(*at)
    question = asked_question()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_id)
    painter = office().painter(campaign.id, layer, question)
    current = own_version(office().tile_version(painter.snapshot))
    asked = sha256(repr(question_query(question)).encode()).hexdigest()[:12]
    tag = f"{campaign.id}-{layer}-{current}-{asked}-{'-'.join(map(str, at))}"
    shown = _CUT.shown(scope.territory, *at)
    response = _kept(painter.paint(*at, shown), "image/png", tag)
    if version != current:
        response.headers["Cache-Control"] = "no-store"
    return response


@tiles.get("/surveys/<int:survey_id>/<version>/<int:z>/<int:x>/<int:y>")
def survey(survey_id: int, version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of a drone picture, cut to the caller's ground; ``version`` only keeps
    browsers' caches apart.
    """
    _check(z, x, y)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.survey(survey_id)
        current = picture_version(row)
    if _VERSION.fullmatch(version) is None:
        raise NotFound
    shown = _CUT.shown(scope.territory, z, x, y)
    data = None
    if shown is None or shown.any():
        data = office().pictures.tile(office().picture_path(row.id), z, x, y, shown)
    kind = "image/png" if data is None else type_of(data)
    response = _kept(data or EMPTY_PNG, kind, f"{current}-{row.id}-{z}-{x}-{y}")
    if version != current:
        response.headers["Cache-Control"] = "no-store"
    return response


def _check(z: int, x: int, y: int) -> None:
    if not exists(z, x, y):
        raise NotFound


def _kept(data: bytes, kind: str, tag: str) -> Response:
    """Return a tile that this person's browser may keep, and nobody else's."""
    response = Response(data, mimetype=kind)
    response.headers["Cache-Control"] = f"private, max-age={_KEEP_S}"
    response.set_etag(tag)
    response.make_conditional(request)
    return response
