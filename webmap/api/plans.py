"""Patrols planned: made, listed, shown, taken away, sent to phones, compared with the walk."""

from __future__ import annotations

import math
from datetime import date, datetime
from functools import partial
from typing import Any

import shapely
from flask import Response, jsonify
from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text, UsageError
from geoinspect.plan_book import (
    PlanWish,
    drop_plan,
    keep_plan,
    kept_plan,
    make_plan,
    plan_json,
)
from geoinspect.planning.route_files import plan_gpx, plan_kml
from geoinspect.records import CHINA_TIME
from geoinspect.store.names import checked_name
from geoinspect.store.schema import AreaRow, CampaignRow
from geoinspect.store.search_schema import PlanRow
from webmap import errors
from webmap.api.blueprint import campaign_number
from webmap.api.deciders import for_deciders
from webmap.api.downloads import download, written_as
from webmap.api.fields import Fields, json_fields
from webmap.api.inside import drawn_polygon
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.tree import AreaTree

MOST_TEAMS, MOST_HOURS, MOST_STARTS = 10, 24, 10
_MOST_KMH, _MOST_WIDTH_M, _MOST_SEED = 20, 500, 2**31
_MARGIN_DEG = 0.01
# Nobody walks farther to the campaign's ground and back in a day.
_FAR_DEG = 0.5
_LABELS = {
    "name": Text("名称", "the name"),
    "starts": Text("出发点", "the start points"),
    "teams": Text("队数", "the number of teams"),
    "hours": Text("小时数", "the hours"),
    "speed_kmh": Text("步行速度(公里/时)", "the walking speed in km/h"),
    "width_m": Text("扫视宽度(米)", "the sweep width in metres"),
    "day": Text("日期", "the day"),
    "unit": Text("单位", "the unit"),
    "area": Text("辖区", "the area"),
    "polygon": Text("范围", "the polygon"),
    "seed": Text("种子", "the seed"),
    "campaign": Text("行动", "the campaign"),
}


def plans() -> Response:
    """Return the plans of a campaign without their lines, newest first."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        names = scope.unit_names()
        told = [_plan(row, campaign, names) for row in scope.plans(campaign.id)]
    for plan in told:
        plan["routes"] = [
            {name: value for name, value in route.items() if name != "line"}
            for route in plan["routes"]
        ]
    return jsonify(**page("plans", told), campaign={"id": campaign.id, "name": campaign.name})


@for_deciders
def post_plan() -> Response:
    """Make and keep a plan; takes up to a minute, one at a time."""
    asked = json_fields(_LABELS)
    wanted = asked.number("campaign", 1, 10**15)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(None if wanted is None else int(wanted))
        wish = _wish(asked, scope, campaign)
        names = scope.unit_names()
    if not office().plan_slot.acquire(blocking=False):
        return errors.busy()
    try:
        snapshot = office().snapshots.get(campaign.id)
        plan, _cells = make_plan(office().workspace, snapshot, wish)
    finally:
        office().plan_slot.release()
    with office().workspace.database.writing() as session:
        by = current_person().name
        row = keep_plan(office().workspace, session, snapshot, wish, plan, by=by)
        told = _plan(row, campaign, names)
    return jsonify(told)


def plan(plan_id: int) -> Response:
    """Return one plan with its routes, lon and lat."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.plan(plan_id)
        return jsonify(_plan(row, scope.campaign(row.campaign_id), scope.unit_names()))


@for_deciders
def delete_plan(plan_id: int) -> Response:
    """Take a plan away."""
    with office().workspace.database.writing() as session:
        row = scope_of(session).plan(plan_id)
        drop_plan(session, row.id, by=current_person().name)
    return jsonify(dropped=plan_id)


def plan_routes(plan_id: int, kind: str) -> Response:
    """Return the routes of a plan for phones, as GPX 1.1 or KML."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.plan(plan_id)
        routes, crs, name = kept_plan(row), scope.campaign(row.campaign_id).crs, row.name
    writers = {"gpx": partial(plan_gpx, name=name), "kml": partial(plan_kml, name=name)}
    write = written_as(kind, writers)
    return download(write(routes, crs), f"plan-{plan_id}.{kind}")


def walked(plan_id: int) -> Response:
    """Return planned against walked, once the day of the plan has come; null before."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.plan(plan_id)
        # Without routes there is nothing to compare.
        if row.day is None or row.day > _today() or not row.routes:
            return jsonify(walked=None)
        snapshot = office().snapshots.get(row.campaign_id)
        return jsonify(walked=scope.plan_walked(office().workspace, snapshot, row))


def _plan(row: PlanRow, campaign: CampaignRow, names: dict[str, str]) -> dict[str, Any]:
    code = row.unit_code
    return plan_json(row, campaign.crs) | {
        "campaign": row.campaign_id,
        "unit_name": None if code is None else names.get(code, code),
        "over": row.day is not None and row.day <= _today(),
    }


def _today() -> date:
    return datetime.now(CHINA_TIME).date()


def _wish(asked: Fields, scope: Scope, campaign: CampaignRow) -> PlanWish:
    """Return what a person asks for.

    Raises:
        UsageError: A field can't be used.
    """
    name = asked.text("name", 100, needed=True)
    return PlanWish(
        name=checked_name(name, "计划名称", "plan name"),
        starts=_starts(asked, scope.campaign_area(campaign)),
        hours=asked.needed_number("hours", 0.25, MOST_HOURS),
        teams=asked.whole("teams", 1, MOST_TEAMS, 1),
        day=asked.day("day"),
        unit_code=asked.unit("unit"),
        speed_kmh=asked.number("speed_kmh", 0.5, _MOST_KMH),
        width_m=asked.number("width_m", 1, _MOST_WIDTH_M),
        polygon=_ground(asked, scope, campaign),
        seed=asked.whole("seed", 0, _MOST_SEED, 0),
    )


def _starts(asked: Fields, area: AreaRow) -> tuple[tuple[float, float], ...]:
    given = asked.values.get("starts")
    starts: list[tuple[float, float]] = []
    for pair in given if isinstance(given, list) else []:
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))):
            starts = []
            break
        starts.append((float(pair[0]), float(pair[1])))
    on_earth = all(-180 <= lon <= 180 and -85 <= lat <= 85 for lon, lat in starts)
    if not 1 <= len(starts) <= MOST_STARTS or not on_earth:
        raise asked.bad(
            "starts",
            f"应为 1 至 {MOST_STARTS} 个 [经度, 纬度]:请在地图上点出",
            f"1 to {MOST_STARTS} pairs of longitude and latitude: click them on the map",
        )
    for k, (lon, lat) in enumerate(starts, start=1):
        across = max(area.west - lon, lon - area.east)
        if max(across, area.south - lat, lat - area.north) > _FAR_DEG:
            raise UsageError(
                f"第 {k} 个出发点({lon:.4f}, {lat:.4f})离行动范围太远:请点在行动范围附近",
                f"start point {k} ({lon:.4f}, {lat:.4f}) is too far from the campaign's area: put "
                "it near",
                code="bad_field",
            )
    return tuple(starts)


def _is_number(value: object) -> bool:
    """Return whether a value is a number that a float can hold."""
    try:
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        )
    except OverflowError:
        return False


def _ground(asked: Fields, scope: Scope, campaign: CampaignRow) -> Polygon | MultiPolygon | None:
    """Return the area or polygon to plan in, of a wider campaign the caller's ground alone; None
    for the whole campaign.
    """
    if asked.has("area"):
        row = AreaTree.of(scope).area(asked.text("area", 100))
        return None if row.code == campaign.area_code else row.geometry
    if not asked.has("polygon"):
        return None if scope.owns_campaign(campaign) else scope.territory.ground
    polygon = drawn_polygon(asked.values["polygon"])
    area = scope.campaign_area(campaign)
    # What lies far off would be projected where the grid's CRS has no meaning.
    window = shapely.box(
        area.west - _MARGIN_DEG,
        area.south - _MARGIN_DEG,
        area.east + _MARGIN_DEG,
        area.north + _MARGIN_DEG,
    )
    parts = shapely.get_parts(shapely.intersection(polygon, window))
    near = [part for part in parts if isinstance(part, Polygon)]
    mine = scope.own_part(MultiPolygon(near)) if near else None
    if mine is None:
        raise UsageError(
            "所画范围不在本行动的辖区内:请在行动范围内重新画",
            "the polygon lies outside the campaign's area: draw it inside",
            code="outside_campaign",
        )
    return mine
