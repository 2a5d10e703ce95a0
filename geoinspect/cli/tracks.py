"""``geoinspect tracks``: look into track files, convert them, add them to the workspace."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from geoinspect.cli.output import (
    json_option,
    open_workspace,
    print_json,
    print_reports,
    progress_bar,
    refusal_json,
    report_results,
    say,
)
from geoinspect.errors import Text
from geoinspect.files import check_output, replaced_file
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.track_exports import as_geojson, as_gpx
from geoinspect.ingest.tracks import inspect_track, read_track
from geoinspect.patrols.choices import Purpose, TrackTags
from geoinspect.records import AddResult, Datum, Mode
from geoinspect.search_records import Visibility
from geoinspect.settings import load_settings

FILE = click.Path(path_type=Path)
DATUMS = click.Choice(["auto", *(datum.value for datum in Datum)])
datum_option = click.option(
    "--datum", type=DATUMS, default="auto", show_default=True, help="坐标基准 datum."
)
timezone_option = click.option(
    "--tz", "timezone", default="Asia/Shanghai", show_default=True, help="无时区时间 naive times."
)
crs_option = click.option("--crs", help="投影坐标的坐标系,如 EPSG:4545 CRS of projected numbers.")


@click.group()
def tracks() -> None:
    """轨迹 track files."""


@tracks.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@datum_option
@timezone_option
@crs_option
@json_option
def inspect(
    files: tuple[Path, ...], datum: str, timezone: str, crs: str | None, as_json: bool
) -> int:
    """查看轨迹文件 say what is in each file."""
    settings = load_settings()
    reports = [
        inspect_track(path, datum=declared(datum), timezone=timezone, crs=crs, settings=settings)
        for path in files
    ]
    if as_json:
        print_json(reports)
    else:
        print_reports(
            reports,
            {
                "format": "格式 format",
                "points": "点 points",
                "segments": "段 segments",
                "length_m": "长度 length m",
                "first_time": "开始 first",
                "last_time": "结束 last",
            },
        )
    return int(any(report["status"] == "refused" for report in reports))


@tracks.command()
@click.argument("file", type=FILE)
@click.option("--out", required=True, type=FILE, help="OUT.geojson | OUT.gpx")
@datum_option
@timezone_option
@crs_option
@click.option("--clean", "cleaned", is_flag=True, help="清洗后的点 cleaned points only.")
def convert(
    file: Path, out: Path, datum: str, timezone: str, crs: str | None, cleaned: bool
) -> int:
    """转换为 WGS84 的 GeoJSON 或 GPX 1.1 convert to WGS84."""
    writers = {".geojson": as_geojson, ".json": as_geojson, ".gpx": as_gpx}
    check_output(out, inputs=[file], suffixes=writers)
    writer = writers[out.suffix.lower()]
    settings = load_settings()
    track = read_track(file, datum=declared(datum), timezone=timezone, crs=crs, settings=settings)
    text = writer(track, clean(track.segments, mode=None, settings=settings) if cleaned else None)
    with replaced_file(out) as temp:
        temp.write_text(text, encoding="utf-8")
    for problem in track.problems:
        say(problem.text)
    say(Text(f"已写入 {out}", f"wrote {out}"))
    return 0


@tracks.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--unit", help="单位代码 unit code.")
@click.option("--team", help="小组 team.")
@click.option("--person", help="人员代码 code of who recorded it.")
@click.option("--headcount", type=click.IntRange(1, 500), help="人数 how many went.")
@click.option("--mode", type=click.Choice([m.value for m in Mode]), help="方式 mode.")
@click.option(
    "--purpose",
    type=click.Choice([p.value for p in Purpose]),
    default=Purpose.SEARCH.value,
    show_default=True,
    help="目的 purpose.",
)
@click.option(
    "--visibility",
    type=click.Choice([v.value for v in Visibility]),
    help="通视 how far one saw through what grows there.",
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="无时间轨迹的日期 day of untimed tracks.",
)
@datum_option
@timezone_option
@crs_option
@json_option
@click.pass_obj
def add(
    workspace: Path | None,
    files: tuple[Path, ...],
    unit: str | None,
    team: str | None,
    person: str | None,
    headcount: int | None,
    mode: str | None,
    purpose: str,
    visibility: str | None,
    day: datetime | None,
    datum: str,
    timezone: str,
    crs: str | None,
    as_json: bool,
) -> int:
    """把轨迹加入工作区 add track files to the workspace."""
    from geoinspect.intake import Intake
    from geoinspect.intake.batch import add_tracks

    tags = TrackTags(
        unit_code=unit,
        team=team,
        mode=Mode(mode) if mode else None,
        datum=declared(datum),
        day=day_of(day),
        person=person,
        headcount=headcount,
        purpose=Purpose(purpose),
        timezone=timezone,
        crs=crs,
        visibility=Visibility(visibility) if visibility else None,
    )
    results: list[AddResult] = []
    refusals: list[dict[str, Any]] = []
    with open_workspace(workspace) as opened, progress_bar("tracks") as progress:
        intake = Intake(opened, actor="cli").tracks
        items = [(path, tags) for path in files]
        for done, outcome in enumerate(add_tracks(intake, items, opened.settings), start=1):
            if isinstance(outcome, AddResult):
                results.append(outcome)
            else:
                refusals.append(refusal_json(outcome))
            progress(done / len(items))
    return report_results(results, refusals, as_json=as_json)


def declared(datum: str) -> Datum | None:
    """Return the datum the caller declared, None for ``auto``."""
    return None if datum == "auto" else Datum(datum)


def day_of(value: datetime | None) -> date | None:
    """Return the day of a date option."""
    return None if value is None else value.date()
