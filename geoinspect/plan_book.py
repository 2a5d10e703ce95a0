"""Patrols planned over a campaign: made from a snapshot, kept, printed, compared with what was walked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.confidence.shares import ground_shares
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.terrain import read_heights
from geoinspect.planning.metres import route_gain
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import Baselines, HeightsAt, Plan, PlanCells, PlanOptions, Route
from geoinspect.planning.sheets import plan_sheet
from geoinspect.planning.walked import compare_walked
from geoinspect.rate_book import walking_width_m
from geoinspect.records import ZoneKind
from geoinspect.snapshot import Question, Snapshot, answer
from geoinspect.store import audit, claims_kept, grounds, sightings
from geoinspect.store.names import checked_name
from geoinspect.store.schema import TrackRow
from geoinspect.store.search_schema import PlanRow
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]
Json = dict[str, Any]

# A walker who keeps to the way is this near to it, GPS included.
TOLERANCE_M = 30.0


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What a planner asks for.

    Attributes:
        starts: Lon, lat where teams start and end.
        speed_kmh: On flat ground; None takes the setting.
        width_m: Sweep width; None takes the table's on foot.
        polygon: Only ground in it is worth anything; None is the whole campaign.
    """

    name: str
    starts: tuple[tuple[float, float], ...]
    hours: float
    teams: int = 1
    day: date | None = None
    unit_code: str | None = None
    speed_kmh: float | None = None
    width_m: float | None = None
    polygon: Polygon | MultiPolygon | None = None
    seed: int = 0


def make_plan(workspace: Workspace, snapshot: Snapshot, wish: PlanWish) -> tuple[Plan, PlanCells]:
    """Return the routes that raise the claim of a snapshot most, and the cells planned over.

    Raises:
        UsageError: A wish can't be met: hours, teams, a start in no-go ground or off the map.
    """
    settings, crs = workspace.settings, snapshot.ground.grid.crs
    cells = plan_cells(snapshot, wish.polygon)
    lon, lat = np.array(wish.starts, np.float64).reshape(-1, 2).T
    x, y = crs_.transform_xy(crs_.WGS84, crs, lon, lat)
    speed_kmh = settings.walk_kmh if wish.speed_kmh is None else wish.speed_kmh
    with workspace.database.reading() as session:
        no_go = no_go_ground(session, crs)
        width_m = _width_m(workspace, session, wish, snapshot.as_of)
    options = PlanOptions(
        starts_xy=tuple(zip(x.tolist(), y.tolist(), strict=True)),
        teams=wish.teams,
        hours=wish.hours,
        speed_mps=speed_kmh / 3.6,
        width_m=width_m,
        seed=wish.seed,
    )
    return plan_patrol(cells, options, no_go, _heights(workspace, crs)), cells


def keep_plan(
    workspace: Workspace,
    session: Session,
    snapshot: Snapshot,
    wish: PlanWish,
    plan: Plan,
    *,
    by: str,
) -> PlanRow:
    """Keep a plan, so that it can be printed, sent to phones and compared with what was walked.

    Raises:
        UsageError: The name can't be one.
        NotFoundError: The unit is unknown.
    """
    checked_name(wish.name, "计划名称", "plan name")
    grounds.require_unit(session, wish.unit_code)
    width_m = _width_m(workspace, session, wish, snapshot.as_of)
    row = PlanRow(
        campaign_id=snapshot.campaign_id,
        name=wish.name,
        day=wish.day,
        unit_code=wish.unit_code,
        made_at=datetime.now(UTC).replace(microsecond=0),
        made_by=by,
        asked=_asked(wish, snapshot, width_m),
        routes=[_route_json(route) for route in plan.routes],
        figures={
            "gain": plan.gain,
            "confidence_before": plan.confidence_before,
            "confidence_after": plan.confidence_after,
            "boustrophedon": plan.baselines.boustrophedon,
            "nearest_gap": plan.baselines.nearest_gap,
            "free_walking": plan.baselines.free_walking,
            "warnings": [text.en for text in plan.warnings],
            "warnings_zh": [text.zh for text in plan.warnings],
        },
    )
    session.add(row)
    session.flush()
    details: dict[str, object] = {"id": row.id, "gain": plan.gain, "teams": len(plan.routes)}
    audit.record(session, actor=by, action="plan.add", subject=wish.name, details=details)
    return row


def drop_plan(session: Session, plan_id: int, *, by: str) -> None:
    """Take a plan away.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = claims_kept.plan(session, plan_id)
    audit.record(session, actor=by, action="plan.drop", subject=row.name, details={"id": plan_id})
    session.delete(row)


def kept_plan(row: PlanRow) -> Plan:
    """Return the plan of a row."""
    figures = row.figures
    return Plan(
        routes=tuple(_route(kept) for kept in row.routes),
        confidence_before=figures["confidence_before"],
        confidence_after=figures["confidence_after"],
        baselines=Baselines(
            figures["boustrophedon"], figures["nearest_gap"], figures["free_walking"]
        ),
        warnings=tuple(
            Text(zh, en) for zh, en in zip(figures["warnings_zh"], figures["warnings"], strict=True)
        ),
    )


def plan_json(row: PlanRow, crs: str) -> Json:
    """Return a plan for programs and pages; lines as lon, lat."""
    routes = []
    for kept in row.routes:
        x, y = np.array(kept["line"], np.float64).reshape(-1, 2).T
        lon, lat = crs_.transform_xy(crs, crs_.WGS84, x, y)
        line = [[round(a, 6), round(b, 6)] for a, b in zip(lon.tolist(), lat.tolist(), strict=True)]
        routes.append({**{k: v for k, v in kept.items() if k != "leg_s"}, "line": line})
    return {
        "id": row.id,
        "name": row.name,
        "day": None if row.day is None else row.day.isoformat(),
        "unit": row.unit_code,
        "made_at": row.made_at.isoformat().replace("+00:00", "Z"),
        "made_by": row.made_by,
        "asked": row.asked,
        "routes": routes,
        **row.figures,
    }


def printed_plan(
    workspace: Workspace,
    session: Session,
    row: PlanRow,
    snapshot: Snapshot,
    ground: Polygon | MultiPolygon | None = None,
) -> str:
    """Return the printable sheet of a plan as HTML; what is left to find is drawn on all of the
    campaign's cells, or on those of a WGS84 ground.
    """
    return plan_sheet(
        kept_plan(row),
        plan_cells(snapshot, ground),
        day=row.day or snapshot.as_of,
        name=row.name,
        no_go=no_go_ground(session, snapshot.ground.grid.crs),
        simulated=workspace.settings.simulated,
    )


def plan_cells(snapshot: Snapshot, polygon: Polygon | MultiPolygon | None) -> PlanCells:
    """Return a snapshot's cells for planning; outside a WGS84 polygon nothing is worth anything.

    Raises:
        UsageError: The polygon holds none of the campaign's ground.
    """
    ground = snapshot.ground
    risk = snapshot.risk.relative * ground.cell_m2 / ground.grid.cell_m**2
    if polygon is not None:
        inside = ground_shares(ground)(crs_.metric_shape(polygon, ground.grid.crs))
        if not inside.any():
            raise UsageError(
                "所画范围内没有本行动的网格:请在行动范围内重新画",
                "the polygon holds none of the campaign's cells: draw it inside the campaign",
                code="outside_campaign",
            )
        risk = risk * inside
    return PlanCells(
        row=ground.cell_row.astype(np.int64),
        col=ground.cell_col.astype(np.int64),
        cell_m=ground.grid.cell_m,
        area_m2=np.minimum(ground.cell_m2, ground.grid.cell_m**2),
        pod=snapshot.sensitivity,
        risk=risk,
        crs=ground.grid.crs,
    )


def no_go_ground(session: Session, crs: str) -> list[Polygon | MultiPolygon]:
    """Return the ground that nobody may enter, in a grid's CRS."""
    return [crs_.metric_shape(zone.polygon, crs) for zone in grounds.zones(session, ZoneKind.NO_GO)]


def plan_walked(
    workspace: Workspace,
    snapshot: Snapshot,
    row: PlanRow,
    *,
    only: ColumnElement[bool] | None = None,
) -> Json | None:
    """Return how the walk of the plan's day compares with it; None while the plan has no day.

    Tracks of the plan's unit count, or of everybody when it names none. Gains are on the cells
    as they stood the evening before. ``only`` narrows which tracks are looked at.
    """
    if row.day is None:
        return None
    crs, day = snapshot.ground.grid.crs, row.day
    with workspace.database.reading() as session:
        tracks = sightings.tracks_in(session, None, limit=100_000, start=day, end=day, only=only)
        walked = [t for t in tracks if row.unit_code in (None, t.unit_code)]
        lines = [line for track in walked for line in _lines(track, crs)]
    before = answer(snapshot.book, Question(as_of=day - timedelta(days=1)), workspace.settings)
    cells = plan_cells(before, None)
    width_m = float(row.asked["width_m"])
    routes = []
    for route in kept_plan(row).routes:
        found = compare_walked(route.line, lines, TOLERANCE_M)
        routes.append(
            {
                "team": route.team,
                "planned_m": found.planned_m,
                "followed_m": found.followed_m,
                "followed_share": found.followed_share,
            }
        )
    planned_lines = [route.line for route in kept_plan(row).routes]
    planned, realised = (
        float(route_gain(cells, some, width_m).gains.sum()) for some in (planned_lines, lines)
    )
    total = sum(route["followed_m"] or 0.0 for route in routes)
    return {
        "day": day.isoformat(),
        "tracks": [track.id for track in walked],
        "tolerance_m": TOLERANCE_M,
        "walked_m": sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines),
        "followed_m": total,
        "routes": routes,
        "gain_planned": planned,
        "gain_walked": realised,
    }


def _heights(workspace: Workspace, crs: str) -> HeightsAt | None:
    """Return heights at x, y of a CRS from the workspace's elevation model; None without one."""
    if not workspace.terrain_path.is_file():
        return None
    heights = read_heights(workspace.terrain_path)

    def at(x: F8, y: F8) -> F8:
        return heights.at(*crs_.transform_xy(crs, crs_.WGS84, x, y))

    return at


def _lines(track: TrackRow, crs: str) -> list[F8]:
    parts = shapely.get_parts(track.geometry)
    lines = []
    for part in parts:
        lon, lat = shapely.get_coordinates(part).T
        x, y = crs_.transform_xy(crs_.WGS84, crs, lon.copy(), lat.copy())
        if len(x) > 1 and np.isfinite(x).all() and np.isfinite(y).all():
            lines.append(np.column_stack([x, y]))
    return lines


def _width_m(workspace: Workspace, session: Session, wish: PlanWish, as_of: date) -> float:
    if wish.width_m is not None:
        return wish.width_m
    return walking_width_m(workspace, session, wish.day or as_of)


def _asked(wish: PlanWish, snapshot: Snapshot, width_m: float) -> Json:
    return {
        "starts": [list(start) for start in wish.starts],
        "hours": wish.hours,
        "teams": wish.teams,
        "speed_kmh": wish.speed_kmh,
        "width_m": width_m,
        "polygon": None if wish.polygon is None else shapely.geometry.mapping(wish.polygon),
        "seed": wish.seed,
        "as_of": snapshot.as_of.isoformat(),
    }


def _route_json(route: Route) -> Json:
    return {
        "team": route.team,
        "line": np.round(route.line, 2).tolist(),
        "leg_s": np.round(route.leg_s, 1).tolist(),
        "length_m": route.length_m,
        "hours": route.duration_s / 3600,
        "cells": route.cells,
        "gain": route.gain,
    }


def _route(kept: Json) -> Route:
    return Route(
        team=kept["team"],
        line=np.array(kept["line"], np.float64).reshape(-1, 2),
        leg_s=np.array(kept["leg_s"], np.float64),
        length_m=kept["length_m"],
        duration_s=kept["hours"] * 3600,
        cells=kept["cells"],
        gain=kept["gain"],
    )


def plans_of(rows: Sequence[PlanRow], crs: str) -> list[Json]:
    """Return plans for programs and pages."""
    return [plan_json(row, crs) for row in rows]
