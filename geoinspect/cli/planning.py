"""``geoinspect plan``: the patrol that raises confidence most."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.output import SpreadCommand, json_option, print_json, print_table, say
from geoinspect.cli.tracks import FILE
from geoinspect.errors import UsageError
from geoinspect.files import check_output
from geoinspect.records import Mode
from geoinspect.settings import load_settings

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

    from geoinspect.planning.records import HeightsAt, Plan, PlanCells

SUFFIXES = (".gpx", ".kml", ".gpkg", ".html")
_PLACE = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?\s*,")


class PlanCommand(SpreadCommand):
    """A command whose places may begin with a minus sign: ``--start -3.7,40.4 -3.6,40.5``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tie places to their option, so that no minus sign is taken for an option's."""
        written: list[str] = []
        placing = False
        for arg in args:
            if placing and _PLACE.match(arg):
                if written[-1] == "--start":
                    written.pop()
                written.append(f"--start={arg}")
            else:
                placing = arg == "--start" or arg.startswith("--start=")
                written.append(arg)
        for arg, following in zip(written, [*written[1:], "-"], strict=True):
            if arg == "--start" and following.startswith("-"):
                raise UsageError(
                    "--start 后面没有出发点:请写“经度,纬度”",
                    "--start names no place: write LON,LAT after it",
                    code="no_start",
                )
        return super().parse_args(ctx, written)


@click.group()
def plan() -> None:
    """规划 planning."""


@plan.command(cls=PlanCommand)
@click.option("--cells", required=True, type=FILE, help="cells.gpkg (coverage measure --out)")
@click.option("--start", "starts", multiple=True, required=True, help="出发点 start: LON,LAT.")
@click.option(
    "--hours", required=True, type=float, help="每队小时数,含往返 hours a team, travel included."
)
@click.option("--speed-kmh", default=3.0, show_default=True, help="平地速度 speed on flat ground.")
@click.option("--teams", default=1, show_default=True, help="队数 number of teams.")
@click.option(
    "--width",
    "width_m",
    type=float,
    help="扫视全宽 full sweep width, m; 默认步行设置 default: on foot.",
)
@click.option("--risk-field", help="风险字段 field of relative risk.")
@click.option("--no-go", type=FILE, help="禁入区 no-go polygons.")
@click.option("--dem", type=FILE, help="高程 GeoTIFF heights, for speed by slope.")
@click.option("--seed", default=0, show_default=True, help="随机种子 seed.")
@click.option("--out", type=FILE, help="plan.gpx | .kml | .gpkg | .html (A4)")
@json_option
def patrol(
    cells: Path,
    starts: tuple[str, ...],
    hours: float,
    speed_kmh: float,
    teams: int,
    width_m: float | None,
    risk_field: str | None,
    no_go: Path | None,
    dem: Path | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """规划最能提高把握的踏查路线 plan the routes that raise confidence most."""
    from geoinspect.planning.cell_files import read_plan_cells
    from geoinspect.planning.patrol import plan_patrol
    from geoinspect.planning.records import PlanOptions

    settings = load_settings()
    if out is not None:
        inputs = [path for path in (cells, no_go, dem) if path is not None]
        check_output(out, inputs=inputs, suffixes=SUFFIXES)
    places = [_place(text) for text in starts]
    width = settings.sweep_width_m(Mode.FOOT) if width_m is None else width_m
    # Checked before any file is read; the starts are put on the grid below.
    asked = PlanOptions(tuple(places), teams, hours, speed_kmh / 3.6, width, seed)
    grid = read_plan_cells(cells, risk_field=risk_field)
    closed = _closed(no_go, grid.crs)
    options = PlanOptions(
        starts_xy=_on_grid(places, grid.crs),
        teams=asked.teams,
        hours=asked.hours,
        speed_mps=asked.speed_mps,
        width_m=asked.width_m,
        seed=asked.seed,
    )
    made = plan_patrol(grid, options, closed, _heights(dem, grid))
    if out is not None:
        _write(out, made, grid, closed, simulated=settings.simulated)
    for warning in made.warnings:
        say(warning)
    _print(made, as_json=as_json)
    return 0


def _place(text: str) -> tuple[float, float]:
    """Return longitude and latitude of ``LON,LAT``."""
    parts = text.replace("，", ",").split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        lon, lat = math.nan, math.nan
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise UsageError(
            f"--start 应为“经度,纬度”(如 108.95,34.27),得到“{text}”",
            f"--start is LON,LAT (such as 108.95,34.27), got {text!r}",
            code="bad_start",
        )
    return lon, lat


def _on_grid(places: list[tuple[float, float]], crs: str) -> tuple[tuple[float, float], ...]:
    import numpy as np

    from geoinspect import crs as crs_

    x, y = crs_.transform_xy(crs_.WGS84, crs, *np.array(places).T.copy())
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError(
            f"出发点不在网格坐标系 {crs} 的范围内:请检查经纬度的顺序",
            f"a start lies outside the ground of the cells' CRS {crs}: check the order of LON,LAT",
            code="bad_start",
        )
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _closed(path: Path | None, crs: str) -> tuple[Polygon | MultiPolygon, ...]:
    from geoinspect import crs as crs_
    from geoinspect.ingest.vectors import read_shapes

    if path is None:
        return ()
    return tuple(crs_.metric_shape(shape.polygon, crs) for shape in read_shapes(path).shapes)


def _heights(path: Path | None, grid: PlanCells) -> HeightsAt | None:
    from geoinspect.ingest.terrain import read_heights

    if path is None:
        return None
    heights = read_heights(path)
    return lambda x, y: heights.at_xy(grid.crs, x, y)


def _write(out: Path, made: Plan, grid: PlanCells, closed: tuple[Polygon | MultiPolygon, ...], *, simulated: bool) -> None:  # fmt: skip
    from datetime import datetime, timedelta, timezone

    from geoinspect.planning.route_files import write_plan
    from geoinspect.planning.sheets import plan_sheet

    sheet = ""
    if out.suffix.lower() == ".html":
        today = datetime.now(timezone(timedelta(hours=8))).date()
        sheet = plan_sheet(made, grid, day=today, no_go=closed, simulated=simulated)
    write_plan(out, made, grid.crs, sheet=sheet)


def _print(made: Plan, *, as_json: bool) -> None:
    routes: list[dict[str, Any]] = [
        {
            "team": route.team,
            "length_m": round(route.length_m, 3),
            "hours": math.floor(route.duration_s / 3600 * 1e6) / 1e6,
            "cells": route.cells,
            "gain": route.gain,
        }
        for route in made.routes
    ]
    if not as_json:
        columns = ("队 team", "米 m", "小时 h", "格 cells", "增益 gain")
        print_table(
            f"把握 confidence {made.confidence_before:.4f} → {made.confidence_after:.4f}",
            columns,
            [tuple(route.values()) for route in routes],
        )
        return
    print_json(
        {
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
