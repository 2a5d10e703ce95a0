"""What shapes the map has: versions, counts, addresses and filters of their tiles."""

from __future__ import annotations

from flask import Response, jsonify, url_for

from webmap.office import office
from webmap.scope_shapes import ShapeScope, shape_scope
from webmap.tiles.mosaic import FROM_ZOOM
from webmap.tiles.shapes_filters import FILTERS, STATES, Wanted
from webmap.tiles.shapes_sheets import Kind
from webmap.tiles.shapes_views import DEEPEST_ZOOM, OUTLINE_ZOOM, PROPERTIES


def shapes() -> Response:
    """Return each kind of shapes that the caller may see, with the address of its tiles."""
    with office().workspace.database.reading() as session:
        scope = shape_scope(session)
        kinds = {kind.value: _told(scope, kind) for kind in Kind}
        days = scope.days(Kind.TRACKS)
    first, last = (None if day is None else str(day) for day in days)
    return jsonify(kinds=kinds, days={"first": first, "last": last})


def _told(scope: ShapeScope, kind: Kind) -> dict[str, object]:
    view = scope.view(kind, Wanted())
    version = view.sheet.version
    first = url_for("shape_tiles.shapes", kind=kind.value, version=version, z=0, x=0, y=0)
    layers: dict[str, list[str]] = {kind.value: ["id", *PROPERTIES[kind]], "counts": ["n"]}
    if kind is Kind.PATCHES:
        layers["patch_shapes"] = ["id", "state"]
    told: dict[str, object] = {
        "version": version,
        "count": len(view),
        "url": first.removesuffix("0/0/0") + "{z}/{x}/{y}",
        "counts_below_zoom": view.counts_below_zoom,
        "deepest_zoom": DEEPEST_ZOOM,
        "layers": layers,
        "filters": list(FILTERS[kind]),
        "states": list(STATES.get(kind, ())),
    }
    if kind is Kind.PATCHES:
        told["outlines_from_zoom"] = OUTLINE_ZOOM
    if kind is Kind.SURVEYS:
        first = url_for("shape_tiles.pictures", version=version, z=0, x=0, y=0)
        told["pictures"] = first.removesuffix("0/0/0") + "{z}/{x}/{y}"
        told["pictures_from_zoom"] = FROM_ZOOM
    return told
