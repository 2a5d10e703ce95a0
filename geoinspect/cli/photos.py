"""``geoinspect photos``: look into photos."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import (
    json_option,
    open_workspace,
    print_json,
    print_reports,
    refused,
    report_results,
)
from geoinspect.cli.tracks import FILE, datum_option, declared, timezone_option
from geoinspect.errors import InputError
from geoinspect.files import readable
from geoinspect.patrols.choices import TrackTags
from geoinspect.settings import load_settings


@click.group()
def photos() -> None:
    """照片 photos."""


@photos.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@datum_option
@timezone_option
@json_option
def inspect(files: tuple[Path, ...], datum: str, timezone: str, as_json: bool) -> int:
    """查看照片 say where, when and how each photo was taken."""
    from geoinspect.ingest.photos import photo_report

    settings = load_settings()
    reports = [
        photo_report(path, datum=declared(datum), timezone=timezone, settings=settings)
        for path in files
    ]
    if as_json:
        print_json(reports)
    else:
        # Positions need every decimal, which numbers in a report do not get.
        shown = [
            {**report, "place": None if report["lon"] is None else [report["lon"], report["lat"]]}
            for report in reports
        ]
        print_reports(
            shown,
            {
                "place": "经纬度 lon, lat",
                "taken": "时间 taken",
                "heading_deg": "方向 heading °",
                "height_m": "离起飞点高 above take-off m",
                "pitch_deg": "俯仰 pitch °",
                "centre": "画面中心 centre",
            },
        )
    return int(any(report["status"] == "refused" for report in reports))


@photos.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--unit", help="单位代码 unit code.")
@click.option("--team", help="小组 team.")
@datum_option
@timezone_option
@json_option
@click.pass_obj
def add(
    workspace: Path | None,
    files: tuple[Path, ...],
    unit: str | None,
    team: str | None,
    datum: str,
    timezone: str,
    as_json: bool,
) -> int:
    """把照片加入工作区 add photos to the workspace."""
    from geoinspect.intake.photos import add_photo

    tags = TrackTags(unit_code=unit, team=team, datum=declared(datum), timezone=timezone)
    results, refusals = [], []
    with open_workspace(workspace) as opened:
        for path in files:
            try:
                results.append(add_photo(opened, path, name=None, tags=tags, actor="cli"))
            except InputError as error:
                refusals.append(refused(readable(path), error))
    return report_results(results, refusals, as_json=as_json)
