"""Photos as points: where each was taken, where the camera looked, and the ground in the picture."""

from __future__ import annotations

from datetime import datetime, time

import shapely
from flask import Response, jsonify

from geoinspect.crs import geodesic_area_m2
from geoinspect.records import CHINA_TIME, utc_iso
from geoinspect.store.schema import PhotoRow
from webmap.api.blueprint import box, campaign_number, collection, feature, limit
from webmap.api.paging import walk_after, walked
from webmap.office import office
from webmap.scope import Scope, scope_of

_MOST_PHOTOS = 500
# What the card tells beyond what the map draws; see ingest.photos.photo_json.
_CARD = (
    *(
        "lon",
        "lat",
        "heading_magnetic",
        "altitude_m",
        "height_m",
        "pitch_deg",
        "accuracy_m",
        "place_from",
    ),
    *("footprint_clipped", "camera", "datum", "problems"),
)


def photos() -> Response:
    """Return photos of a campaign's window in ``?bbox=`` as GeoJSON points, newest first."""
    most, after = limit(_MOST_PHOTOS), walk_after()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        start, end = _window(scope)
        found = scope.photos_in(box(), limit=most + 1, start=start, end=end, after=after)
        rows, following = walked(found, most, after)
        names = scope.unit_names()
        features = [feature(row.geometry, _photo_json(row, names)) for row in rows]
    return jsonify(collection(features, limited=len(found) > most, next=following))


def photo(photo_id: int) -> Response:
    """Return all that is known of one photo; the picture itself is kept, not shown."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.photo(photo_id)
        told = _photo_json(row, scope.unit_names())
        footprint = row.report.get("footprint")
        area_m2 = None
        if footprint is not None:
            area_m2 = round(geodesic_area_m2(shapely.geometry.shape(footprint)), 1)
        return jsonify(
            told
            | {name: row.report.get(name) for name in _CARD}
            | {"file": row.file.name, "footprint_area_m2": area_m2}
        )


def _window(scope: Scope) -> tuple[datetime | None, datetime | None]:
    """Return the first and last moment of the campaign asked for, by Chinese days."""
    number = campaign_number()
    if number is None and not scope.campaigns():
        return None, None
    campaign = scope.campaign(number)
    return (
        datetime.combine(campaign.start, time.min, CHINA_TIME),
        datetime.combine(campaign.end, time.max, CHINA_TIME),
    )


def _photo_json(row: PhotoRow, unit_names: dict[str, str]) -> dict[str, object]:
    code = row.unit_code
    return {
        "id": row.id,
        "name": row.name,
        "unit_code": code,
        "unit": None if code is None else unit_names.get(code, code),
        "team": row.team,
        "taken": None if row.taken is None else utc_iso(row.taken.timestamp()),
        "heading_deg": row.report.get("heading_deg"),
        "footprint": row.report.get("footprint"),
        "centre": row.report.get("centre"),
    }
