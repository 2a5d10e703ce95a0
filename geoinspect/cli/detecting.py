"""``geoinspect detect``: mark suspected patches on rasters, or on a stored survey."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geoinspect.cli.breaking import stoppable
from geoinspect.cli.detect_work import work_beside
from geoinspect.cli.measuring import (
    TakenOver,
    check_measurable,
    measure_stored,
    measured_sensitivities,
    print_measured,
    sensitivity_json,
)
from geoinspect.cli.output import (
    ROW_ID,
    SpreadCommand,
    json_option,
    open_workspace,
    print_json,
    progress_bar,
    say,
    say_error,
)
from geoinspect.cli.targets import table_in_use
from geoinspect.cli.tracks import FILE
from geoinspect.errors import Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.records import Problem, Refusal, Zone, ZoneKind
from geoinspect.settings import load_settings
from geoinspect.survey_records import Detection, DetectOptions

if TYPE_CHECKING:
    from geoinspect.cli.measuring import Measured
    from geoinspect.detect.nudges import Hints
    from geoinspect.detect.phenology import PhenologyPrior
    from geoinspect.detect.targets import TargetTable


@click.command(cls=SpreadCommand)
@click.argument("rasters", nargs=-1, type=FILE)
@click.option("--survey", "survey_id", type=ROW_ID, help="工作区中航测的编号 a stored survey.")
@click.option("--out", type=FILE, help="patches.gpkg")
@click.option("--target", metavar="NAME", help="检测对象,默认 opium_poppy what to look for.")
@click.option("--detector", default="cues", show_default=True, help="检测器 detector.")
@click.option("--labels", type=FILE, help="标注 labels.gpkg.")
@click.option("--bands", help="red=1,green=2,blue=3[,nir=4,rededge=5]")
@click.option("--budget-per-km2", type=float, help="每平方公里最多图斑数 most patches per km².")
@click.option("--min-area-m2", type=float, help="最小图斑面积 smallest patch.")
@click.option("--licensed", type=FILE, help="合法种植地块 licensed parcels.")
@click.option("--ndvi", type=FILE, multiple=True, help="生长季 NDVI 影像,可多个 a season of NDVI.")
@click.option("--harvest-year", type=int, help="收获年份 year of harvest, with --ndvi.")
@click.option(
    "--signature", metavar="FILE", help="目标光谱文件,或 target 用假定值 a spectrum, or 'target'."
)
@click.option("--workers", type=click.IntRange(1, 256), help="线程数,默认全部核心 threads.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask 调度器 a Dask scheduler of your own.")
@click.option(
    "--learn/--no-learn",
    default=None,
    help="从航测已有定论的复核标注学习(默认是)learn from the survey's settled labels.",
)
@click.option(
    "--measure-sensitivity", is_flag=True, help="用模拟图斑测量检出率 with simulated patches."
)
@json_option
@click.pass_obj
def detect(
    workspace: Path | None,
    rasters: tuple[Path, ...],
    survey_id: int | None,
    out: Path | None,
    target: str | None,
    detector: str,
    labels: Path | None,
    bands: str | None,
    budget_per_km2: float | None,
    min_area_m2: float | None,
    licensed: Path | None,
    ndvi: tuple[Path, ...],
    harvest_year: int | None,
    signature: str | None,
    workers: int | None,
    scheduler: str | None,
    learn: bool | None,
    measure_sensitivity: bool,
    as_json: bool,
) -> int:
    """检测疑似图斑 mark suspected patches; leads to check, never evidence."""
    known = _Known(target, ndvi, harvest_year, signature)
    if survey_id is not None:
        given = (out, licensed, labels, workers, scheduler)
        if rasters or detector != "cues" or known.any or any(value is not None for value in given):
            raise _too_much()
        if measure_sensitivity:
            raise measure_stored(survey_id)
        options = DetectOptions(budget_per_km2, min_area_m2, _bands(bands), learn is not False)
        return _detect_stored(workspace, survey_id, options, as_json=as_json)
    if not rasters or out is None or learn is not None:
        raise _no_survey(learn)
    if measure_sensitivity:
        check_measurable(detector, table_in_use(workspace).target(target), ndvi, signature)
    beside = [path for path in (licensed, labels, *ndvi) if path is not None]
    check_output(out, inputs=[*rasters, *beside], suffixes=[".gpkg"])
    options = DetectOptions(budget_per_km2, min_area_m2, _bands(bands))
    detection, refusals, measured = _detect_files(
        rasters,
        out,
        detector,
        options,
        known.read(workspace),
        (licensed, labels),
        (workers, scheduler),
        measure=measure_sensitivity,
    )
    if len(refusals) < len(rasters) or len(rasters) > 1:
        _print(detection, refusals, as_json=as_json, measured=measured)
    for refusal in refusals:
        say_error(refusal.text)
    if not refusals:
        return 0
    return 3 if len(rasters) == 1 else 1


def _too_much() -> UsageError:
    return UsageError(
        "--survey 不能与影像、--out、--licensed、--labels、--detector、--target、--ndvi、--signature、"
        "--workers、--scheduler 同用:结果写入工作区,地块取自工作区",
        "--survey goes with no rasters, --out, --licensed, --labels, --detector, --target, --ndvi, "
        "--signature, --workers or --scheduler: the workspace holds the parcels and takes the result",
        code="too_much",
    )


def _no_survey(learn: bool | None) -> UsageError:
    """Return what is missing of a call without a survey."""
    if learn is None:
        return UsageError(
            "请给出影像和 --out 输出文件,或用 --survey 指定已入库的航测",
            "give rasters and --out, or a stored survey with --survey",
            code="nothing_to_do",
        )
    return UsageError(
        "--learn/--no-learn 要与 --survey 同用;影像文件请用 --labels",
        "--learn and --no-learn go with --survey; for rasters give --labels",
        code="no_survey",
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the caller knows of the target, as written."""

    target: str | None
    ndvi: tuple[Path, ...]
    harvest_year: int | None
    signature: str | None

    @property
    def any(self) -> bool:
        return self != _Known(None, (), None, None)

    def read(self, workspace: Path | None) -> _Sought:
        """Return it read, and what is said of it."""
        from geoinspect.detect.nudges import Hints, season_prior
        from geoinspect.detect.signatures import read_spectrum

        if self.harvest_year is not None and not self.ndvi:
            raise UsageError(
                "--harvest-year 要与 --ndvi 同用", "--harvest-year goes with --ndvi", code="no_ndvi"
            )
        table = table_in_use(workspace)
        target = table.target(self.target)
        prior: PhenologyPrior | None = None
        said: tuple[Text, ...] = ()
        if self.ndvi:
            prior, said = season_prior(self.ndvi, target, load_settings(), self.harvest_year)
        if self.signature is None:
            spectrum = None
        elif self.signature == "target":
            spectrum = target.assumed_spectrum()
        else:
            spectrum = read_spectrum(Path(self.signature))
        return _Sought(table, target.key, Hints(prior, spectrum), said)


@dataclass(frozen=True, slots=True)
class _Sought:
    """The target and what is known of it."""

    table: TargetTable
    key: str
    hints: Hints
    said: tuple[Text, ...]


def _detect_files(
    rasters: tuple[Path, ...],
    out: Path,
    detector: str,
    options: DetectOptions,
    sought: _Sought,
    beside: tuple[Path | None, Path | None],
    machine: tuple[int | None, str | None],
    *,
    measure: bool,
) -> tuple[Detection, tuple[Refusal, ...], list[Measured] | None]:
    """Mark rasters and write the patches; with ``measure``, return their sensitivity too.

    Args:
        beside: Licensed parcels and labels.
        machine: Threads and scheduler.
    """
    from geoinspect.detect.label_files import read_labels
    from geoinspect.detect.outlines import write_patches
    from geoinspect.detect.run import detect as run_detector

    licensed, labels = beside
    zones = () if licensed is None else _licensed_zones(licensed)
    told = () if labels is None else read_labels(labels)
    with work_beside(out, *machine) as work, progress_bar("detect") as progress:
        detection, refusals = run_detector(
            [(readable(path), path) for path in rasters],
            settings=load_settings(),
            detector=detector,
            bands=options.bands,
            budget_per_km2=options.budget_per_km2,
            min_area_m2=options.min_area_m2,
            licensed=zones,
            progress=progress,
            work=work,
            labels=told,
            targets=sought.table,
            target=sought.key,
            hints=sought.hints,
        )
        detection = replace(detection, warnings=(*sought.said, *detection.warnings))
        if work.cancelled is not None and work.cancelled():
            raise KeyboardInterrupt
        if len(refusals) < len(rasters):
            write_patches(detection, out)
        measured = None
        if measure:
            refused = {refusal.file for refusal in refusals}
            taken = TakenOver(detector, options, told, refused, sought.table)
            measured = measured_sensitivities(rasters, detection, taken, work)
    return detection, refusals, measured


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

    with (
        open_workspace(workspace) as opened,
        progress_bar("detect") as progress,
        stoppable() as cancelled,
    ):
        detection, problems = Intake(opened, actor="cli").detect_survey(
            survey_id, options=options, progress=progress, cancelled=cancelled
        )
    _print(detection, (), as_json=as_json, problems=problems)
    for problem in problems:
        say(problem.text)
    return 0


def _print(
    detection: Detection,
    refusals: tuple[Refusal, ...],
    *,
    as_json: bool,
    problems: tuple[Problem, ...] = (),
    measured: list[Measured] | None = None,
) -> None:
    if as_json:
        more: dict[str, object] = {}
        if problems:
            more["problems"] = [
                {"code": p.code, "message": p.text.en, "message_zh": p.text.zh} for p in problems
            ]
        if measured is not None:
            more["sensitivity"] = [sensitivity_json(name, told) for name, told in measured]
        print_json(
            more
            | {
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
    for name, told in measured or ():
        print_measured(name, told)


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
