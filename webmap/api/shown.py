"""What the map shows of every cell: the address of a layer's tiles, and what its colours mean."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from flask import Response, jsonify, url_for

from geoinspect.campaign_book import standing_day
from geoinspect.errors import NotFoundError
from geoinspect.snapshot import Snapshot
from webmap.api.blueprint import campaign_number
from webmap.api.question import asked_question, question_query
from webmap.office import office
from webmap.scope import Scope, own_territory, scope_of
from webmap.tiles.layers import Layer, colouring


def layer(name: str) -> Response:
    """Return tiles and legend of a layer: ``?campaign=N`` and which looks count.

    Ground in a legend is of the whole campaign, as far as it is the caller's.
    """
    if name not in {known.value for known in Layer}:
        names = ", ".join(known.value for known in Layer)
        raise NotFoundError(
            f"没有名为“{name[:40]}”的图层,可用:{names}",
            f"there is no layer {name[:40]!r}, known: {names}",
            code="no_layer",
        )
    question = asked_question()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        painter = office().painter(campaign.id, Layer(name), question)
        cells = scope.cells(painter.snapshot)
    m2 = painter.snapshot.ground.cell_m2
    legend = painter.colours.legend
    if cells is not None:
        legend, m2 = colouring(Layer(name), painter.snapshot, cells).legend, m2[cells]
    return jsonify(
        layer=name,
        tiles=tile_pattern(painter.snapshot, Layer(name)),
        legend=[shade.as_json() for shade in legend],
        ground_m2=round(float(m2.sum()), 1),
        as_of=painter.snapshot.as_of.isoformat(),
    )


def tile_pattern(snapshot: Snapshot, layer: Layer | None = None) -> str:
    """Return the address pattern of a layer's tiles, for Leaflet; of the states without one."""
    version = own_version(office().tile_version(snapshot))
    campaign_id = snapshot.campaign_id
    if layer is None:
        first = url_for("tiles.coverage", campaign_id=campaign_id, version=version, z=0, x=0, y=0)
    else:
        place = {"campaign_id": campaign_id, "layer": layer.value, "version": version}
        first = url_for("tiles.cells", **place, z=0, x=0, y=0)  # type: ignore[arg-type]
    asked = urlencode(question_query(snapshot.question), doseq=True)
    return first.removesuffix("0/0/0") + "{z}/{x}/{y}" + (f"?{asked}" if asked else "")


def own_version(version: str) -> str:
    """Return the version in a tile's address, which tells also for whom it was cut: two people
    at one browser never see each other's.
    """
    stamp = own_territory().stamp
    return f"{version}-{stamp}" if stamp else version


def question_part(scope: Scope, snapshot: Snapshot) -> dict[str, object]:
    """Return what a page needs to ask again: the day shown, all days, and whom one may ask for."""
    sources, unit_names = scope.sources(snapshot), scope.unit_names()
    units = {source.unit for source in sources if source.unit is not None}
    first = snapshot.campaign.start
    return {
        "as_of": snapshot.as_of.isoformat(),
        "narrowed": snapshot.question.narrowed,
        "days": _days(first, standing_day(snapshot.campaign)),
        "sources": {
            "units": [{"code": code, "name": unit_names.get(code, code)} for code in sorted(units)],
            "teams": sorted({source.team for source in sources if source.team is not None}),
            "methods": sorted({source.method.value for source in sources}),
        },
    }


def _days(first: date, last: date) -> dict[str, str] | None:
    """Return the days that have come of a campaign; None for one that has not begun."""
    return {"first": first.isoformat(), "last": last.isoformat()} if first <= last else None
