"""``geoinspect surveys``: look into rasters, add them to the workspace."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from geoinspect.cli.output import (
    json_option,
    open_workspace,
    print_json,
    print_reports,
    print_table,
    progress_bar,
    refused,
    report_results,
)
from geoinspect.cli.rates import survey_rate
from geoinspect.cli.tracks import FILE, day_of
from geoinspect.errors import InputError
from geoinspect.files import readable
from geoinspect.settings import load_settings


@click.group()
def surveys() -> None:
    """航测影像 rasters of surveys."""


surveys.add_command(survey_rate)


@surveys.command()
@click.argument("rasters", nargs=-1, required=True, type=FILE)
@json_option
def inspect(rasters: tuple[Path, ...], as_json: bool) -> int:
    """查看影像 say what each raster is and what it is fit for."""
    from geoinspect.ingest.rasters import inspect_raster

    settings = load_settings()
    reports = [inspect_raster(path, settings=settings) for path in rasters]
    if as_json:
        print_json(reports)
    else:
        print_reports(
            reports,
            {
                "width": "宽 width px",
                "height": "高 height px",
                "gsd_cm": "分辨率 GSD cm",
                "crs": "坐标系 CRS",
                "valid_area_m2": "有效面积 valid m²",
                "taken": "时间 taken",
            },
        )
    return int(any(report["status"] == "refused" for report in reports))


@surveys.command()
@click.argument("rasters", nargs=-1, required=True, type=FILE)
@click.option("--taken", type=click.DateTime(["%Y-%m-%d"]), help="拍摄日期 day it was flown.")
@json_option
@click.pass_obj
def add(
    workspace: Path | None, rasters: tuple[Path, ...], taken: datetime | None, as_json: bool
) -> int:
    """把影像加入工作区 add rasters to the workspace, re-encoded without loss."""
    from geoinspect.intake import Intake

    results, refusals = [], []
    with open_workspace(workspace) as opened:
        intake = Intake(opened, actor="cli")
        for path in rasters:
            try:
                with progress_bar(path.name) as progress:
                    results.append(intake.add_survey(path, taken=day_of(taken), progress=progress))
            except InputError as error:
                refusals.append(refused(readable(path), error))
    return report_results(results, refusals, as_json=as_json)


@surveys.command("list")
@json_option
@click.pass_obj
def list_(workspace: Path | None, as_json: bool) -> int:
    """列出航测 list the surveys of the workspace."""
    from geoinspect.store import sightings

    with open_workspace(workspace) as opened, opened.database.reading() as session:
        rows = [
            {
                "id": s.id,
                "name": s.name,
                "taken": None if s.taken is None else s.taken.isoformat().replace("+00:00", "Z"),
                "gsd_cm": round(s.gsd_cm, 2),
                "valid_area_m2": round(s.valid_area_m2, 1),
                "detector": s.detector,
            }
            for s in sightings.surveys(session)
        ]
    if as_json:
        print_json(rows)
    else:
        print_table(
            "航测 surveys", list(rows[0]) if rows else ["id"], [list(r.values()) for r in rows]
        )
    return 0
