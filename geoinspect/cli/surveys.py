"""``geoinspect surveys``: look into rasters, add them to the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.asking import DAY
from geoinspect.cli.comparing import compare, verify
from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    print_reports,
    print_table,
    progress_bar,
    refused,
    report_results,
    say,
)
from geoinspect.cli.rates import survey_rate
from geoinspect.cli.sensitivity import survey_sensitivity
from geoinspect.cli.tracks import FILE, day_of
from geoinspect.errors import InputError
from geoinspect.files import readable
from geoinspect.settings import load_settings


@click.group()
def surveys() -> None:
    """航测影像 rasters of surveys."""


surveys.add_command(survey_rate)
surveys.add_command(compare)
surveys.add_command(verify)
surveys.add_command(survey_sensitivity)


@surveys.command()
@click.argument("rasters", nargs=-1, required=True, type=FILE)
@json_option
def inspect(rasters: tuple[Path, ...], as_json: bool) -> int:
    """查看影像 say what each raster is, what it is fit for, and what to do better."""
    from geoinspect.coverage.growth import load_growth
    from geoinspect.coverage.survey_stage import stage_on
    from geoinspect.ingest.rasters import inspect_raster

    settings = load_settings()
    stage_at = partial(stage_on, load_growth(), altitude_m=settings.altitude_m)
    reports = [inspect_raster(path, settings=settings, stage_on=stage_at) for path in rasters]
    if as_json:
        print_json(reports)
    else:
        print_reports(
            [_with_check(report) for report in reports],
            {
                "width": "宽 width px",
                "height": "高 height px",
                "gsd_cm": "分辨率 GSD cm",
                "crs": "坐标系 CRS",
                "valid_area_m2": "有效面积 valid m²",
                "taken": "时间 taken",
                "effective_gsd_cm": "实际细节 true detail cm",
                "blur_px": "模糊 blur px",
                "patches_from_m2": "可见地块 patches from m²",
                "stage": "物候期 stage",
                "ready": "可检测 ready",
            },
        )
    return int(any(report["status"] == "refused" for report in reports))


def _with_check(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report with the figures of its check beside the others, and advice as problems."""
    fit = report["fit_for"] or {}
    sharpness = (report["quality"] or {}).get("sharpness") or {}
    return {
        **report,
        **{key: fit.get(key) for key in ("effective_gsd_cm", "patches_from_m2", "stage")},
        "blur_px": sharpness.get("blur_px"),
        "ready": {True: "是 yes", False: "否 no"}[fit["ready"]] if fit else None,
        "problems": [*report["problems"], *report["advice"]],
    }


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


@surveys.command("day")
@click.argument("survey", type=ROW_ID)
@click.argument("day", type=DAY)
@click.option("--note", default="", help="更正原因 why.")
@json_option
@click.pass_obj
def correct(workspace: Path | None, survey: int, day: datetime, note: str, as_json: bool) -> int:
    """更正航测的拍摄日期 correct the day a survey was flown; its ground is counted anew."""
    from geoinspect.casework.survey_days import correct_day

    with open_workspace(workspace) as opened:
        change = correct_day(opened, survey, day.date(), actor="cli", note=note)
    if as_json:
        print_json(change.as_json())
    else:
        for text in (change.text, *(problem.text for problem in change.problems)):
            say(text)
    return 0
