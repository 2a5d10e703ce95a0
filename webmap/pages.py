"""The pages for people, and the two addresses that watch over the server."""

from __future__ import annotations

import logging
import shutil

from flask import Blueprint, Response, jsonify, redirect, render_template
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from geoinspect.errors import GeoInspectError
from webmap.auth import current_person
from webmap.frame import home
from webmap.map_words import map_layers, map_states, map_words, open_states
from webmap.office import office
from webmap.scope import scope_of
from webmap.shown_words import layer_names
from webmap.tiles.basemap_book import base_map
from webmap.track_words import mode_names, purpose_names, track_orders
from webmap.upload_words import upload_words
from webmap.words import script_words

_LOG = logging.getLogger(__name__)
pages = Blueprint("pages", __name__)
_FREE_FLOOR_BYTES = 200 << 20


@pages.get("/")
def start() -> AnyResponse:
    """Lead to where the person's work starts."""
    return redirect(home())


@pages.get("/map")
def map_page() -> str:
    """Show the map; its data comes from the API."""
    settings = office().workspace.settings
    page = {
        "words": {**script_words(), **map_words()},
        "states": map_states(),
        "open_states": open_states(),
        "base": base_zooms(),
        "survey_pod": settings.survey_pod,
        "covered_share": settings.covered_share,
        "cleared_pod": settings.cleared_pod,
    }
    return render_template(
        "map.html",
        page=page,
        shell=office().shell,
        shown=layer_names(),
        layers=map_layers(),
    )


@pages.get("/upload")
def upload_page() -> str:
    """Show the page that takes files."""
    settings = office().workspace.settings
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    page = {
        "words": script_words() | upload_words(),
        "person": current_person().name,
        "track_max_mb": settings.track_max_mb,
        "raster_max_mb": settings.raster_max_mb,
    }
    return render_template(
        "upload.html",
        page=page,
        units=units,
        modes=mode_names(),
        purposes=purpose_names(),
        most_track=_file_size(settings.track_max_mb),
        most_raster=_file_size(settings.raster_max_mb),
    )


def _file_size(mb: float) -> str:
    return f"{mb / 1000:g} GB" if mb >= 1000 else f"{mb:g} MB"


@pages.get("/tracks")
def tracks_page() -> str:
    """Show the list of tracks."""
    with office().workspace.database.reading() as session:
        units = scope_of(session).unit_names()
    page = {"words": script_words(), "may_decide": current_person().may_decide}
    return render_template(
        "tracks.html", page=page, units=units, modes=mode_names(), orders=track_orders()
    )


@pages.get("/tracks/<int:track_id>")
def track_page(track_id: int) -> str:
    """Show one track; its data comes from the API."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.track(track_id)
        name, bounds = row.name, (row.west, row.south, row.east, row.north)
        units = scope.unit_names()
    page = {
        "words": script_words(),
        "base": base_zooms(),
        "track": track_id,
        "bbox": bounds,
        "units": list(units.items()),
        "may_decide": current_person().may_decide,
    }
    shell = office().shell
    return render_template("track.html", page=page, name=name, shell=shell)


@pages.get("/patrols")
def patrols_page() -> str:
    """Show the patrols of a month and its indicators."""
    return render_template("patrols.html", page={"words": script_words()})


@pages.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="ok")


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether work can be taken: the database answers and the disk has room."""
    checks = {"database": _database_answers(), "disk": _disk_has_room()}
    ready = all(checks.values())
    words = {name: "ok" if good else "failed" for name, good in checks.items()}
    return jsonify(status="ok" if ready else "failed", **words), 200 if ready else 503


def base_zooms() -> tuple[int, int] | None:
    """Return the zooms of the base map; None without one, or with one that can't be read, since
    a map on plain ground is better than no map.
    """
    try:
        return base_map(office().workspace).zooms()
    except GeoInspectError as error:
        _LOG.warning("no base map: %s", error.text.en)
        return None


def _database_answers() -> bool:
    try:
        with office().workspace.database.reading() as session:
            session.execute(text("SELECT count(*) FROM campaign"))
    except SQLAlchemyError:
        return False
    return True


def _disk_has_room() -> bool:
    try:
        return shutil.disk_usage(office().workspace.folder).free >= _FREE_FLOOR_BYTES
    except OSError:
        return False
