"""``geoinspect detect``: mark suspected patches on rasters, or on a stored survey."""

from __future__ import annotations

from pathlib import Path

import click

from geoinspect.cli.output import (
    ROW_ID,
    json_option,
    open_workspace,
    print_json,
    progress_bar,
    say,
    say_error,
)
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.records import Refusal, Zone, ZoneKind
from geoinspect.settings import load_settings
from geoinspect.survey_records import Detection, DetectOptions


@click.command()
@click.argument("rasters", nargs=-1, type=FILE)
@click.option("--survey", "survey_id", type=ROW_ID, help="工作区中航测的编号 a stored survey.")
@click.option("--out", type=FILE, help="patches.gpkg")
@click.option("--detector", default="cues", show_default=True, help="检测器 detector.")
@click.option("--labels", type=FILE, help="标注 labels.gpkg.")
@click.option("--bands", help="red=1,green=2,blue=3")
@click.option("--budget-per-km2", type=float, help="每平方公里最多图斑数 most patches per km².")
@click.option("--min-area-m2", type=float, help="最小图斑面积 smallest patch.")
@click.option("--licensed", type=FILE, help="合法种植地块 licensed parcels.")
@json_option
@click.pass_obj
def detect(
    workspace: Path | None,
    rasters: tuple[Path, ...],
    survey_id: int | None,
    out: Path | None,
    detector: str,
    labels: Path | None,
    bands: str | None,
    budget_per_km2: float | None,
    min_area_m2: float | None,
    licensed: Path | None,
    as_json: bool,
) -> int:
    """检测疑似图斑 mark suspected patches; leads to check, never evidence."""
    if labels is not None:
        raise UsageError(
            "按标注学习(--labels)将在后续版本提供",
            "learning from --labels comes in a later version",
            code="labels_not_supported",
        )
    if survey_id is not None:
        if rasters or out is not None or licensed is not None or detector != "cues":
            raise UsageError(
                "--survey 不能与影像、--out、--licensed、--detector 同用:结果写入工作区,地块取自工作区",
                "--survey goes with no rasters, --out, --licensed or --detector: the workspace holds "
                "the parcels and takes the result",
                code="too_much",
            )
        options = DetectOptions(budget_per_km2, min_area_m2, _bands(bands))
        return _detect_stored(workspace, survey_id, options, as_json=as_json)
    if not rasters or out is None:
        raise UsageError(
            "请给出影像和 --out 输出文件,或用 --survey 指定已入库的航测",
            "give rasters and --out, or a stored survey with --survey",
            code="nothing_to_do",
        )
    check_output(out, inputs=[*rasters, *([licensed] if licensed else [])], suffixes=[".gpkg"])
    from geoinspect.detect.outlines import write_patches
    from geoinspect.detect.run import detect as run_detector

    zones = () if licensed is None else _licensed_zones(licensed)
    with progress_bar("detect") as progress:
        detection, refusals = run_detector(
            [(readable(path), path) for path in rasters],
            settings=load_settings(),
            detector=detector,
            bands=_bands(bands),
            budget_per_km2=budget_per_km2,
            min_area_m2=min_area_m2,
            licensed=zones,
            progress=progress,
        )
    if len(refusals) < len(rasters):
        write_patches(detection, out)
    if len(refusals) < len(rasters) or len(rasters) > 1:
        _print(detection, refusals, as_json=as_json)
    for refusal in refusals:
        say_error(refusal.text)
    if not refusals:
        return 0
    return 3 if len(rasters) == 1 else 1


def _licensed_zones(path: Path) -> tuple[Zone, ...]:
    """Return the licensed parcels of a file, telling what was wrong with the others."""
    from geoinspect.ingest.areas import read_zones

    file = read_zones(path, kind=ZoneKind.LICENSED)
    for problem in file.problems:
        say(problem.text)
    return file.zones


def _detect_stored(
    workspace: Path | None, survey_id: int, options: DetectOptions, *, as_json: bool
) -> int:
    from geoinspect.intake import Intake

    with open_workspace(workspace) as opened, progress_bar("detect") as progress:
        detection, problems = Intake(opened, actor="cli").detect_survey(
            survey_id, options=options, progress=progress
        )
    _print(detection, (), as_json=as_json)
    for problem in problems:
        say(problem.text)
    return 0


def _print(detection: Detection, refusals: tuple[Refusal, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "patches": len(detection.patches),
                "detector": detection.detector,
                "valid_area_m2": round(detection.valid_area_m2, 1),
                "megapixels": round(detection.megapixels, 3),
                "seconds": round(detection.seconds, 3),
                "warnings": [warning.en for warning in detection.warnings],
                "warnings_zh": [warning.zh for warning in detection.warnings],
                "refused": [
                    {"file": r.file, "code": r.code, "message": r.text.en, "message_zh": r.text.zh}
                    for r in refusals
                ],
            }
        )
        return
    n, ha = len(detection.patches), detection.valid_area_m2 / 1e4
    say(
        Text(
            f"{n} 个疑似图斑(有效面积 {ha:.2f} 公顷,{detection.seconds:.1f} 秒);均为线索,需现场核实",
            f"{n} suspected patches ({ha:.2f} ha of valid ground, {detection.seconds:.1f} s): "
            "leads to check on the ground",
        )
    )
    for warning in detection.warnings:
        say(warning)


def _bands(text: str | None) -> dict[str, int] | None:
    """Return the band roles of ``red=1,green=2,blue=3``."""
    if text is None:
        return None
    roles = {}
    for part in text.split(","):
        role, _, index = part.partition("=")
        if not (index.strip().isascii() and index.strip().isdecimal()) or not role.strip():
            raise UsageError(
                f"--bands 应写成 red=1,green=2,blue=3,得到“{text}”",
                f"--bands looks like red=1,green=2,blue=3, got {text!r}",
                code="bad_bands",
            )
        roles[role.strip().lower()] = int(index)
    return roles
