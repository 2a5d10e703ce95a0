"""``geoinspect plan``: the patrol that raises confidence most."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geoinspect.cli.asking import DAY, place_of
from geoinspect.cli.output import SpreadCommand, json_option
from geoinspect.cli.plans import (
    SUFFIXES,
    Wanted,
    add_plan_commands,
    plan_from_workspace,
    print_plan,
)
from geoinspect.cli.tracks import FILE, day_of
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output
from geoinspect.records import Mode
from geoinspect.settings import load_settings

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

    from geoinspect.planning.records import HeightsAt, Plan, PlanCells

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


add_plan_commands(plan)


@plan.command(cls=PlanCommand)
@click.option(
    "--cells",
    type=FILE,
    help="cells.gpkg (coverage measure --out); 不给则用工作区 without it: the workspace's campaign.",
)
@click.option("--start", "starts", multiple=True, required=True, help="出发点 start: LON,LAT.")
@click.option(
    "--hours", required=True, type=float, help="每队小时数,含往返 hours a team, travel included."
)
@click.option(
    "--speed-kmh",
    type=float,
    help="平地速度 speed on flat ground; 默认设置 default: the setting, 3.",
)
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
@click.option("--campaign", help="行动(工作区) campaign; 默认最新 default: the newest.")
@click.option("--area-file", type=FILE, help="只查此范围(工作区) polygons to search in.")
@click.option("--name", help="计划名称(工作区) name of the plan.")
@click.option("--day", type=DAY, help="执行日期(工作区) day it is for.")
@click.option("--unit", help="单位代码(工作区) unit that walks it.")
@json_option
@click.pass_obj
def patrol(
    workspace: Path | None,
    cells: Path | None,
    starts: tuple[str, ...],
    hours: float,
    speed_kmh: float | None,
    teams: int,
    width_m: float | None,
    risk_field: str | None,
    no_go: Path | None,
    dem: Path | None,
    seed: int,
    out: Path | None,
    campaign: str | None,
    area_file: Path | None,
    name: str | None,
    day: datetime | None,
    unit: str | None,
    as_json: bool,
) -> int:
    """规划最能提高把握的踏查路线 plan the routes that raise confidence most."""
    from geoinspect.planning.cell_files import read_plan_cells
    from geoinspect.planning.patrol import plan_patrol
    from geoinspect.planning.records import PlanOptions

    inputs = [path for path in (cells, no_go, dem, area_file) if path is not None]
    if out is not None:
        check_output(out, inputs=inputs, suffixes=SUFFIXES)
    places = tuple(place_of(text, "--start") for text in starts)
    if cells is None:
        _refuse({"--risk-field": risk_field, "--no-go": no_go, "--dem": dem}, _WITH_CELLS)
        wanted = Wanted(
            campaign=campaign,
            starts=places,
            hours=hours,
            speed_kmh=speed_kmh,
            teams=teams,
            width_m=width_m,
            seed=seed,
            name=name,
            day=day_of(day),
            unit_code=unit,
            area_file=area_file,
            out=out,
        )
        return plan_from_workspace(workspace, wanted, as_json=as_json)
    mine = {"--campaign": campaign, "--area-file": area_file, "--name": name, "--day": day}
    _refuse(mine | {"--unit": unit}, _WITHOUT_CELLS)
    settings = load_settings()
    speed_mps = (settings.walk_kmh if speed_kmh is None else speed_kmh) / 3.6
    width = settings.sweep_width_m(Mode.FOOT) if width_m is None else width_m
    # Checked before any file is read; the starts are put on the grid below.
    asked = PlanOptions(places, teams, hours, speed_mps, width, seed)
    grid = read_plan_cells(cells, risk_field=risk_field)
    closed = _closed(no_go, grid.crs)
    options = replace(asked, starts_xy=_on_grid(list(places), grid.crs))
    made = plan_patrol(grid, options, closed, _heights(dem, grid))
    if out is not None:
        _write(out, made, grid, closed, simulated=settings.simulated)
    print_plan(made, as_json=as_json)
    return 0


_WITH_CELLS = Text(
    "只和 --cells 一起使用;工作区自有风险、禁入区和高程",
    "goes with --cells; a workspace has its own risk, no-go zones and heights",
)
_WITHOUT_CELLS = Text("不能和 --cells 一起使用", "goes without --cells")


def _refuse(options: Mapping[str, object], why: Text) -> None:
    for option, value in options.items():
        if value is not None:
            raise UsageError(f"{option} {why.zh}", f"{option} {why.en}", code="bad_option")


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
    from datetime import timedelta, timezone

    from geoinspect.planning.route_files import write_plan
    from geoinspect.planning.sheets import plan_sheet

    sheet = ""
    if out.suffix.lower() == ".html":
        today = datetime.now(timezone(timedelta(hours=8))).date()
        sheet = plan_sheet(made, grid, day=today, no_go=closed, simulated=simulated)
    write_plan(out, made, grid.crs, sheet=sheet)
