"""``geoinspect coverage measure``: coverage on files alone; and the groups of its neighbours."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geoinspect.cli.gaps import export, gaps
from geoinspect.cli.output import (
    SpreadCommand,
    json_option,
    print_json,
    print_table,
    refused,
    say_error,
)
from geoinspect.cli.rates import rates
from geoinspect.cli.standing import report_coverage, show, stages
from geoinspect.cli.tracks import FILE, datum_option, declared
from geoinspect.errors import GeoInspectError, InputError, Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.records import Mode
from geoinspect.search_records import DetectionLaw
from geoinspect.settings import Settings, load_settings

if TYPE_CHECKING:
    from geoinspect.coverage.measure import MeasuredPicture, MeasuredTrack


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
@click.option(
    "--law",
    type=click.Choice([one.value for one in DetectionLaw]),
    help="探测规律 how detection grows with effort.",
)
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
    law: str | None,
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
        law=settings.detection_law if law is None else DetectionLaw(law),
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


@click.group()
def report() -> None:
    """报表 reports."""


coverage.add_command(show)
coverage.add_command(stages)
coverage.add_command(gaps)
coverage.add_command(export)
coverage.add_command(rates)
report.add_command(report_coverage)
