"""``geoinspect plan list|show|walked``, and plans made from a workspace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.asking import campaign_option
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_table,
    say,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon
    from sqlalchemy.orm import Session

    from geoinspect.planning.records import Plan
    from geoinspect.snapshot import Snapshot
    from geoinspect.store.search_schema import PlanRow
    from geoinspect.store.workspace import Workspace

SUFFIXES = (".gpx", ".kml", ".gpkg", ".html")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``plan patrol`` was asked for without a file of cells."""

    campaign: str | None
    starts: tuple[tuple[float, float], ...]
    hours: float
    speed_kmh: float | None
    teams: int
    width_m: float | None
    seed: int
    name: str | None
    day: date | None
    unit_code: str | None
    area_file: Path | None
    out: Path | None


def plan_from_workspace(workspace: Path | None, wanted: Wanted, *, as_json: bool) -> int:
    """Make a plan over a campaign, keep it and print it; return the exit status."""
    from geoinspect import plan_book
    from geoinspect.gathering import the_snapshot
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            # Told before the routes are searched for, which takes the longest.
            grounds.require_unit(session, wanted.unit_code)
        snapshot = the_snapshot(opened, wanted.campaign)
        wish = plan_book.PlanWish(
            name=wanted.name or f"踏查计划 {wanted.day or snapshot.as_of}",
            starts=wanted.starts,
            hours=wanted.hours,
            teams=wanted.teams,
            day=wanted.day,
            unit_code=wanted.unit_code,
            speed_kmh=wanted.speed_kmh,
            width_m=wanted.width_m,
            polygon=None if wanted.area_file is None else _drawn(snapshot, wanted.area_file),
            seed=wanted.seed,
        )
        made, _ = plan_book.make_plan(opened, snapshot, wish)
        with opened.database.writing() as session:
            row = plan_book.keep_plan(opened, session, snapshot, wish, made, by="cli")
            number, name = row.id, row.name
            if wanted.out is not None:
                _write(opened, session, snapshot, row, wanted.out)
    kept = {"plan": number, "name": name, "campaign": snapshot.campaign.name}
    print_plan(made, as_json=as_json, kept=kept)
    say(Text(f"计划编号 {number}:{name}", f"plan {number}: {name}"))
    return 0


def _drawn(snapshot: Snapshot, path: Path) -> Polygon | MultiPolygon:
    """Return the polygons of a file as one, as far as they lie near the campaign."""
    import shapely

    from geoinspect.gathering import near_campaign
    from geoinspect.ingest.vectors import read_shapes

    whole = shapely.union_all([shape.polygon for shape in read_shapes(path).shapes])
    near = near_campaign(snapshot, whole)
    if near is None:
        raise UsageError(
            f"{path.name} 的范围不在行动“{snapshot.campaign.name}”内",
            f"the ground of {path.name} lies outside the campaign {snapshot.campaign.name!r}",
            code="outside_campaign",
        )
    return near


def _write(
    opened: Workspace, session: Session, snapshot: Snapshot, row: PlanRow, out: Path
) -> None:
    from geoinspect import plan_book
    from geoinspect.planning.route_files import write_plan

    sheet = ""
    if out.suffix.lower() == ".html":
        sheet = plan_book.printed_plan(opened, session, row, snapshot)
    write_plan(out, plan_book.kept_plan(row), snapshot.ground.grid.crs, sheet=sheet)


def print_plan(made: Plan, *, as_json: bool, kept: dict[str, Any] | None = None) -> None:
    """Print a plan; ``kept`` says where it is found again, None for one that is not kept."""
    for warning in made.warnings:
        say(warning)
    routes: list[dict[str, Any]] = [
        {
            "team": route.team,
            "length_m": round(route.length_m, 3),
            # Never rounded up: the hours are a promise.
            "hours": math.floor(route.duration_s / 3600 * 1e6) / 1e6,
            "cells": route.cells,
            "gain": route.gain,
        }
        for route in made.routes
    ]
    if not as_json:
        print_table(
            f"把握 confidence {made.confidence_before:.4f} → {made.confidence_after:.4f}",
            _ROUTE_COLUMNS,
            [_route_line(route) for route in routes],
        )
        return
    print_json(
        {
            **(kept or {}),
            "routes": routes,
            "gain": made.gain,
            "confidence_before": made.confidence_before,
            "confidence_after": made.confidence_after,
            "baselines": {
                "boustrophedon": made.baselines.boustrophedon,
                "nearest_gap": made.baselines.nearest_gap,
                "free_walking": made.baselines.free_walking,
            },
            "warnings": [{"message": w.en, "message_zh": w.zh} for w in made.warnings],
        }
    )


_ROUTE_COLUMNS = ("队 team", "公里 km", "小时 h", "格 cells", "增益 gain")


def _route_line(route: Mapping[str, Any]) -> tuple[object, ...]:
    hours = math.floor(route["hours"] * 100) / 100
    return (
        *(route["team"], f"{route['length_m'] / 1000:.2f}", f"{hours:.2f}"),
        *(route["cells"], f"{route['gain']:.4f}"),
    )


@click.command("list")
@campaign_option
@json_option
@click.pass_obj
def list_(workspace: Path | None, name: str | None, as_json: bool) -> int:
    """列出计划 list the plans of a campaign."""
    from geoinspect.plan_book import plans_of
    from geoinspect.store import claims_kept, grounds

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        campaign = grounds.campaign(session, name)
        rows = plans_of(claims_kept.plans(session, campaign.id), campaign.crs)
    if as_json:
        lines = [{k: v for k, v in row.items() if k != "routes"} for row in rows]
        teams = [len(row["routes"]) for row in rows]
        print_json([{**line, "teams": n} for line, n in zip(lines, teams, strict=True)])
        return 0
    columns = ("编号 id", "名称 name", "日期 day", "单位 unit", "队 teams", "增益 gain", "制定 by")
    print_table(
        "计划 plans",
        columns,
        [
            (
                *(row["id"], row["name"], row["day"], row["unit"], len(row["routes"])),
                *(f"{row['gain']:.4f}", row["made_by"]),
            )
            for row in rows
        ],
    )
    return 0


@click.command()
@click.argument("plan_id", type=ROW_ID)
@click.option("--out", type=FILE, help="plan.gpx | .kml | .gpkg | .html (A4)")
@json_option
@click.pass_obj
def show(workspace: Path | None, plan_id: int, out: Path | None, as_json: bool) -> int:
    """查看计划,或写成文件 show a plan, or write it for phones and paper."""
    from geoinspect import plan_book
    from geoinspect.snapshot import take_snapshot
    from geoinspect.store import claims_kept, grounds

    if out is not None:
        check_output(out, suffixes=SUFFIXES)
    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            row = claims_kept.plan(session, plan_id)
            campaign = grounds.campaign_numbered(session, row.campaign_id)
            document = plan_book.plan_json(row, campaign.crs)
        if out is not None:
            snapshot = take_snapshot(opened, row.campaign_id)
            with opened.database.reading() as session:
                _write(opened, session, snapshot, row, out)
            say(Text(f"已写入 {out}", f"wrote {out}"))
    if as_json:
        print_json(document)
        return 0
    day = document["day"] or "—"
    print_table(
        f"{document['id']} · {document['name']} · {day} · 把握 confidence "
        f"{document['confidence_before']:.4f} → {document['confidence_after']:.4f}",
        _ROUTE_COLUMNS,
        [_route_line(route) for route in document["routes"]],
    )
    return 0


@click.command()
@click.argument("plan_id", type=ROW_ID)
@json_option
@click.pass_obj
def walked(workspace: Path | None, plan_id: int, as_json: bool) -> int:
    """计划与实走对照 how the walk of the plan's day compares with the plan."""
    from geoinspect import plan_book
    from geoinspect.snapshot import take_snapshot
    from geoinspect.store import claims_kept

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            row = claims_kept.plan(session, plan_id)
        snapshot = take_snapshot(opened, row.campaign_id)
        found = plan_book.plan_walked(opened, snapshot, row)
    if found is None:
        raise UsageError(
            f"计划 {plan_id} 没有日期,无法与实走对照:请制定带 --day 的计划",
            f"plan {plan_id} has no day to compare a walk of: make one with --day",
            code="no_day",
        )
    if as_json:
        print_json({"plan": plan_id, **found})
        return 0
    print_table(
        f"{row.name} · {found['day']} · 增益 gain: 计划 planned {found['gain_planned']:.4f}, "
        f"实走 walked {found['gain_walked']:.4f}",
        ("队 team", "计划 planned m", "走到 followed m", "%"),
        [
            (
                *(route["team"], f"{route['planned_m']:.0f}", _whole(route["followed_m"])),
                None if route["followed_share"] is None else f"{route['followed_share']:.0%}",
            )
            for route in found["routes"]
        ],
    )
    metres = _whole(found["walked_m"])
    say(
        Text(
            f"当日计入 {len(found['tracks'])} 条轨迹,共 {metres} 米;{found['tolerance_m']:g} 米以内算走到",
            f"{len(found['tracks'])} tracks of that day, {metres} m; within "
            f"{found['tolerance_m']:g} m counts as followed",
        )
    )
    return 0


def _whole(metres: float | None) -> str:
    return "—" if metres is None else f"{metres:.0f}"


def add_plan_commands(plan: click.Group) -> None:
    """Add the commands on kept plans to ``geoinspect plan``."""
    for command in (list_, show, walked):
        plan.add_command(command)
