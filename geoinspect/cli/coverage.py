"""``geoinspect coverage``: measure it on files alone, or show where the county stands."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.output import (
    SpreadCommand,
    json_option,
    open_workspace,
    print_json,
    print_table,
    refused,
    say,
    say_error,
)
from geoinspect.cli.tracks import FILE, datum_option, day_of, declared
from geoinspect.errors import GeoInspectError, InputError, Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.records import MU_M2, Area, Level, Mode
from geoinspect.settings import Settings, load_settings

if TYPE_CHECKING:
    from geoinspect.coverage.measure import MeasuredPicture, MeasuredTrack
    from shapely.geometry.base import BaseGeometry

    from geoinspect.coverage.gaps import Gap
    from geoinspect.snapshot import Snapshot

REPORT_SUFFIXES = (".xlsx", ".gpkg", ".csv")


@click.group()
def coverage() -> None:
    """覆盖 coverage."""


@coverage.command(cls=SpreadCommand)
@click.option("--area", required=True, type=FILE, help="GeoJSON | GeoPackage | KML | zip")
@click.option("--cell", "cell_m", required=True, type=float, help="网格边长 cell size, m.")
@click.option("--width", "width_m", required=True, type=float, help="扫视全宽 full sweep width, m.")
@click.option("--tracks", multiple=True, type=FILE, help="轨迹文件 track files.")
@click.option("--raw", is_flag=True, help="用全部可用点 sweep all usable points.")
@click.option("--mode", type=click.Choice([m.value for m in Mode]), help="方式 mode.")
@click.option("--footprint", multiple=True, type=FILE, help="已分析的影像 analysed rasters.")
@click.option("--footprint-pod", type=float, help="影像检出率 detection rate of the rasters.")
@click.option("--out", type=FILE, help="cells.gpkg")
@datum_option
@json_option
def measure(
    area: Path,
    cell_m: float,
    width_m: float,
    tracks: tuple[Path, ...],
    raw: bool,
    mode: str | None,
    footprint: tuple[Path, ...],
    footprint_pod: float | None,
    out: Path | None,
    datum: str,
    as_json: bool,
) -> int:
    """仅凭文件计算覆盖 measure coverage on files alone."""
    import shapely

    from geoinspect.coverage import measure as measuring
    from geoinspect.ingest.vectors import read_shapes
    from geoinspect.snapshot import thresholds_of

    settings = load_settings()
    if out is not None:
        check_output(out, inputs=[area, *tracks, *footprint], suffixes=[".gpkg"])
    pod = _share("--footprint-pod", settings.survey_pod if footprint_pod is None else footprint_pod)
    bad: list[dict[str, Any]] = []
    given = _read_tracks(_once(tracks, bad), datum, mode, bad, settings, raw=raw)
    pictures = _read_pictures(_once(footprint, bad), pod, bad, settings)
    ground = shapely.union_all([shape.polygon for shape in read_shapes(area).shapes])
    result = measuring.measure(
        ground,
        given,
        pictures,
        cell_m=cell_m,
        width_m=width_m,
        gap_s=settings.gap_s,
        thresholds=thresholds_of(settings),
    )
    if out is not None:
        result.write_cells(out)
    document = {**result.as_json(), "refused": bad}
    if as_json:
        print_json(document)
    else:
        print_table("覆盖 coverage", ("项目 figure", "值 value"), list(document.items()))
    for item in bad:
        say_error(Text(item["message_zh"], item["message"]))
    return 1 if bad else 0


def _share(option: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise UsageError(
            f"{option} 应在 0 到 1 之间,得到 {value}",
            f"{option} lies between 0 and 1, got {value}",
            code="bad_share",
        )
    return value


def _once(paths: tuple[Path, ...], bad: list[dict[str, Any]]) -> list[Path]:
    """Return each file once, told apart by its bytes; unreadable ones go to ``bad``."""
    kept: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            name = readable(path)
            error = InputError(
                f"找不到文件 {name}", f"there is no file {name}", code="no_such_file"
            )
            bad.append(refused(name, error))
            continue
        with path.open("rb") as stream:
            kept.setdefault(hashlib.file_digest(stream, "sha256").hexdigest(), path)
    return list(kept.values())


def _read_tracks(
    paths: list[Path],
    datum: str,
    mode: str | None,
    bad: list[dict[str, Any]],
    settings: Settings,
    *,
    raw: bool,
) -> list[MeasuredTrack]:
    from geoinspect.coverage.measure import MeasuredTrack
    from geoinspect.ingest.cleaning import clean
    from geoinspect.ingest.tracks import read_track

    found = []
    for path in paths:
        try:
            file = read_track(path, datum=declared(datum), settings=settings)
        except GeoInspectError as error:
            bad.append(refused(readable(path), error))
            continue
        cleaned = clean(file.segments, mode=Mode(mode) if mode else None, settings=settings)
        found.append(MeasuredTrack(file.segments if raw else cleaned.segments))
    return found


def _read_pictures(
    paths: list[Path], pod: float, bad: list[dict[str, Any]], settings: Settings
) -> list[MeasuredPicture]:
    from geoinspect.coverage.measure import MeasuredPicture
    from geoinspect.ingest.rasters import read_info

    found = []
    for path in paths:
        try:
            info = read_info(path, settings=settings)
        except GeoInspectError as error:
            bad.append(refused(readable(path), error))
            continue
        taken_s = float("nan") if info.taken is None else info.taken.timestamp()
        found.append(MeasuredPicture(info.outline, pod, taken_s))
    return found


campaign_option = click.option(
    "--campaign", "name", help="行动 campaign; 默认最新 default: the newest."
)
level_option = click.option(
    "--by",
    "level",
    type=click.Choice([v.value for v in Level]),
    default="township",
    show_default=True,
    help="级别 level.",
)


@coverage.command()
@campaign_option
@level_option
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="截至日期 up to and with a day.")
@click.option("--out", type=FILE, help="coverage.gpkg | .xlsx | .csv")
@json_option
@click.pass_obj
def show(
    workspace: Path | None,
    name: str | None,
    level: str,
    as_of: datetime | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """行动的覆盖情况 where a campaign stands, by area."""
    if out is not None:
        check_output(out, suffixes=REPORT_SUFFIXES)
    snapshot, areas, rows = _standing(workspace, name, level, as_of)
    if out is not None:
        from geoinspect.report.coverage import write_report

        write_report(out, rows, areas, snapshot.ground, snapshot.table, _outlined(out, snapshot))
    until = None if snapshot.data_until is None else snapshot.data_until.isoformat()
    if not as_json:
        _print_standing(f"{snapshot.campaign.name} · 数据截至 data until {until}", rows)
        return 0
    print_json(
        {
            "campaign": snapshot.campaign.name,
            "as_of": None if as_of is None else as_of.date().isoformat(),
            "data_until": until,
            "crs": snapshot.campaign.crs,
            "cell_m": snapshot.campaign.cell_m,
            "bit_m": snapshot.ground.bit_m,
            "thresholds": {
                "covered": snapshot.thresholds.covered,
                "cleared": snapshot.thresholds.cleared,
            },
            "total": snapshot.sums[snapshot.campaign.area_code].as_json(),
            "gaps": len(snapshot.gaps),
            "areas": rows,
        }
    )
    return 0


@click.group()
def report() -> None:
    """报表 reports."""


@report.command("coverage")
@campaign_option
@level_option
@click.option("--out", required=True, type=FILE, help="FILE.xlsx | FILE.gpkg | FILE.csv")
@click.pass_obj
def report_coverage(workspace: Path | None, name: str | None, level: str, out: Path) -> int:
    """覆盖报表 coverage by area as a file."""
    from geoinspect.report.coverage import write_report

    check_output(out, suffixes=REPORT_SUFFIXES)
    snapshot, areas, rows = _standing(workspace, name, level, None)
    write_report(out, rows, areas, snapshot.ground, snapshot.table, _outlined(out, snapshot))
    say(Text(f"已写入 {out}", f"wrote {out}"))
    return 0


def _outlined(out: Path, snapshot: Snapshot) -> list[tuple[Gap, BaseGeometry]]:
    """Return the gaps with their outlines for a file that can hold them."""
    if out.suffix.lower() != ".gpkg":
        return []
    return [(gap, snapshot.outline(gap)) for gap in snapshot.gaps]


def _standing(
    workspace: Path | None, name: str | None, level: str, as_of: datetime | None
) -> tuple[Snapshot, list[Area], list[dict[str, Any]]]:
    from geoinspect.report.coverage import area_rows
    from geoinspect.snapshot import take_snapshot
    from geoinspect.store import grounds

    with open_workspace(workspace) as opened:
        with opened.database.reading() as session:
            campaign_id = grounds.campaign(session, name).id
        snapshot = take_snapshot(opened, campaign_id, as_of=day_of(as_of))
        with opened.database.reading() as session:
            below = grounds.below(session, snapshot.campaign.area_code)
            areas = [grounds.area_record(row) for row in below]
    return snapshot, areas, area_rows(snapshot.sums, snapshot.gaps, areas, level=Level(level))


def _print_standing(title: str, rows: list[dict[str, Any]]) -> None:
    columns = (
        "代码 code",
        "名称 name",
        "面积 亩",
        "未覆盖 亩 unseen",
        "%",
        "格 cells",
        "到过 touched",
        "覆盖 covered",
        "查清 cleared",
        "空白 gaps",
    )
    print_table(
        title,
        columns,
        [
            (
                row["code"],
                row["name"],
                f"{row['area_m2'] / MU_M2:.0f}",
                f"{row['unseen_m2'] / MU_M2:.0f}",
                f"{100 * row['unseen_m2'] / row['area_m2']:.1f}" if row["area_m2"] > 0 else None,
                row["cells"],
                row["touched"],
                row["covered"],
                row["cleared"],
                row["gaps"],
            )
            for row in rows
        ],
    )
