"""The addresses of tiles."""

from __future__ import annotations

import re
from hashlib import sha256

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webmap.api.question import asked_question, question_query
from webmap.office import office
from webmap.scope import scope_of
from webmap.tiles.basemap import base_tile
from webmap.tiles.coverage import EMPTY_PNG
from webmap.tiles.layers import Layer
from webmap.tiles.mercator import exists

tiles = Blueprint("tiles", __name__, url_prefix="/tiles")
_KEEP_S = 7 * 86400
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")


@tiles.get("/base/<int:z>/<int:x>/<int:y>")
def base(z: int, x: int, y: int) -> Response:
    """Return a tile of the local base map."""
    _check(z, x, y)
    path = office().workspace.basemap_path
    found = None if path is None else base_tile(path, z, x, y)
    data, kind = found or (EMPTY_PNG, "image/png")
    return _kept(data, kind, f"base-{z}-{x}-{y}-{len(data)}")


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
        campaign = scope_of(session).campaign(campaign_id)
    painter = office().painter(campaign.id, layer, question)
    current = office().tile_version(painter.snapshot)
    asked = sha256(repr(question_query(question)).encode()).hexdigest()[:12]
    tag = f"{campaign.id}-{layer}-{current}-{asked}-{'-'.join(map(str, at))}"
    response = _kept(painter.paint(*at), "image/png", tag)
    if version != current:
        response.headers["Cache-Control"] = "no-store"
    return response


@tiles.get("/surveys/<int:survey_id>/<version>/<int:z>/<int:x>/<int:y>")
def survey(survey_id: int, version: str, z: int, x: int, y: int) -> Response:
    """Return a tile of a drone picture; ``version`` only keeps browsers' caches apart."""
    _check(z, x, y)
    with office().workspace.database.reading() as session:
        row = scope_of(session).survey(survey_id)
    if _VERSION.fullmatch(version) is None:
        raise NotFound
    data = office().pictures.tile(office().picture_path(row.id), z, x, y)
    kind = "image/webp" if data is not None else "image/png"
    return _kept(data or EMPTY_PNG, kind, f"{version}-{row.id}-{z}-{x}-{y}")


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
