"""Questions of the map about ground: the overview of an area, outlines, zones, one cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import shapely
from flask import Response, jsonify, request

from geoinspect import crs as crs_
from geoinspect.coverage.sums import CoverageSum
from geoinspect.snapshot import Snapshot
from geoinspect.store.schema import AreaRow, CampaignRow
from webmap.api.blueprint import api, campaign_number, collection, feature, number
from webmap.api.gaps import MOST_GAPS, Lacking, asked_lacking, gap_features
from webmap.api.paging import paged
from webmap.api.question import asked_question
from webmap.api.shown import question_part, tile_pattern
from webmap.area_counts import area_counts
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.scope_shapes import shape_scope
from webmap.tree import AreaTree

__all__ = ["api", "areas", "cell", "overview", "zones"]

_CHINA_TIME = timezone(timedelta(hours=8))
_OUTLINE_DEG = 2e-5


def overview() -> Response:
    """Return all that the side panel shows of one area: ``?area=CODE&campaign=N``, the gaps that
    ``?lacking=unseen`` or ``uncleared`` asks for, and which looks count
    (:mod:`webmap.api.question`).
    """
    question, lacking = asked_question(), asked_lacking()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        tree = AreaTree.of(scope)
        campaigns = scope.campaigns()
        campaign = scope.campaign(campaign_number()) if campaigns else None
        row = _chosen_area(scope, tree, campaign)
        snapshot = None if campaign is None else office().snapshots.get(campaign.id, question)
        answer: dict[str, Any] = {
            "campaigns": [_campaign_json(scope, c) for c in campaigns],
            "campaign": None if campaign is None else _campaign_json(scope, campaign),
            "tops": [tree.as_json(top) for top in tree.tops()],
            "data_until": None,
            "coverage_tiles": None,
            "area": None,
            "way": [],
            "coverage": None,
            "children": [],
            "rest": None,
            "gaps": [],
            "gaps_total": 0,
            "lacking": lacking.value,
            "as_of": None,
            "narrowed": False,
            "days": None,
            "sources": {"units": [], "teams": [], "methods": []},
            "counts": {"tracks": 0, "surveys": 0, "patches": 0},
        }
        if snapshot is not None:
            answer["data_until"] = None if snapshot.data_until is None else str(snapshot.data_until)
            answer["coverage_tiles"] = tile_pattern(snapshot)
            answer |= question_part(scope, snapshot)
        if row is not None:
            answer |= _area_part(scope, tree, row, snapshot, lacking)
            answer["counts"] = area_counts(shape_scope(session), row, campaign)
        return jsonify(answer)


def areas() -> Response:
    """Return the outlines of an area's children as GeoJSON, its own where it has none."""
    with office().workspace.database.reading() as session:
        tree = AreaTree.of(scope_of(session))
        code = request.args.get("parent")
        top = tree.root() if code is None else tree.area(code)
        if top is None:
            return jsonify(collection([], parent=None, next=None))
        shown, following = paged(tree.children(top.code) or [top], lambda row: row.code)
        features = [
            feature(row.geometry, tree.as_json(row) | _label(row), tolerance_deg=_OUTLINE_DEG)
            for row in shown
        ]
        outer = feature(top.geometry, tree.as_json(top), tolerance_deg=_OUTLINE_DEG)
        return jsonify(collection(features, parent=outer, next=following))


def zones() -> Response:
    """Return zones as GeoJSON, with whether each holds today."""
    today = datetime.now(UTC).astimezone(_CHINA_TIME).date()
    with office().workspace.database.reading() as session:
        shown, following = paged(scope_of(session).zones(), lambda one: one[0])
        features = [
            feature(
                zone.polygon,
                {
                    "id": number_,
                    "kind": zone.kind.value,
                    "name": zone.name,
                    "valid_from": None if zone.valid_from is None else str(zone.valid_from),
                    "valid_to": None if zone.valid_to is None else str(zone.valid_to),
                    "valid": zone.valid_on(today),
                },
            )
            for number_, zone in shown
        ]
    return jsonify(collection(features, next=following))


def cell() -> Response:
    """Return what is known of the cell at ``?lon=&lat=`` and who was there; null outside."""
    lon, lat = number("lon"), number("lat")
    question = asked_question()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        report = scope.cell(office().snapshots.get(campaign.id, question), lon, lat)
        names = scope.all_unit_names()
    if report is None:
        return jsonify(cell=None)
    named: list[dict[str, Any]] = [*report["areas"], *report["visits"]]  # type: ignore[misc]
    for entry in named:
        if entry["unit"] is not None:
            entry["unit"] = names.get(entry["unit"], entry["unit"])
    return jsonify(cell=report)


def _chosen_area(scope: Scope, tree: AreaTree, campaign: CampaignRow | None) -> AreaRow | None:
    code = request.args.get("area")
    return scope.opening_area(campaign) if code is None else tree.area(code)


def _area_part(
    scope: Scope, tree: AreaTree, row: AreaRow, snapshot: Snapshot | None, lacking: Lacking
) -> dict[str, object]:
    """Return the way to an area, its coverage, its children with theirs, and its gaps."""
    sums = {} if snapshot is None else snapshot.sums
    total = sums.get(row.code)
    children = tree.children(row.code)
    part: dict[str, object] = {
        "area": tree.as_json(row),
        "way": [tree.as_json(step) for step in tree.way_to(row.code)],
        "coverage": None if total is None else total.as_json(),
        "children": [
            tree.as_json(child)
            | {"coverage": sums[child.code].as_json() if child.code in sums else None}
            for child in children
        ],
        "rest": None,
    }
    if snapshot is not None and total is not None:
        below = [sums[child.code] for child in children if child.code in sums]
        part["rest"] = _rest(total, below) if below else None
        gaps, part["gaps_total"] = scope.gaps(snapshot, lacking.wanted, row.code, top=MOST_GAPS)
        part["gaps"] = gap_features(gaps, snapshot.ground.grid.cell_m)
    return part


def _rest(total: CoverageSum, below: list[CoverageSum]) -> dict[str, float | int | None] | None:
    """Return the parent's ground that lies in no child, so that the table adds up; None if none.

    Less than a square metre is rounding.
    """
    inside = sum(below[1:], below[0])
    figures = {name: getattr(total, name) - getattr(inside, name) for name in CoverageSum.__slots__}
    return CoverageSum(**figures).as_json() if figures["area_m2"] >= 1.0 else None


def _campaign_json(scope: Scope, row: CampaignRow) -> dict[str, object]:
    """Return what a page needs of a campaign; its area is the one to open it on."""
    opening = scope.opening_area(row)
    return {
        "id": row.id,
        "name": row.name,
        "area": row.area_code if opening is None else opening.code,
        "start": str(row.start),
        "end": str(row.end),
        "cell_m": row.cell_m,
        "crs": crs_.authority_name(row.crs),
    }


def _label(row: AreaRow) -> dict[str, object]:
    point = shapely.point_on_surface(row.geometry)
    return {"label": [round(point.x, 6), round(point.y, 6)]}
