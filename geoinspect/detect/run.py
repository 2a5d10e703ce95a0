"""Detection over files: every raster learnt, scored and outlined; all of them ranked together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from geoinspect.detect.copies import content_keys
from geoinspect.detect.labelled import Label, examples_of, teach
from geoinspect.detect.measure import Source
from geoinspect.detect.model import Ranking, load
from geoinspect.detect.nudges import Hints
from geoinspect.detect.onnx.model_file import OnnxModel, open_model
from geoinspect.detect.ranking import Lead, rank_leads, split_licensed
from geoinspect.detect.scan import Prepared, Scan, Wanted, Work, prepare, scan
from geoinspect.detect.scene import COLOURS
from geoinspect.detect.sheets import HEIGHTS, Judge
from geoinspect.detect.targets import Target, TargetTable, load_targets
from geoinspect.errors import InputError, Text, UsageError
from geoinspect.records import Refusal, Zone
from geoinspect.settings import Settings
from geoinspect.survey_records import Detection

Progress = Callable[[float], None]

CUES_DETECTOR = "cues"
# Reading takes about this share of the time.
_READ_SHARE = 0.6
_BAND_NAMES = ("red", "green", "blue", "nir", "rededge")


def detect(
    rasters: Sequence[tuple[str, Path]],
    *,
    settings: Settings,
    detector: str = "cues",
    bands: Mapping[str, int] | None = None,
    budget_per_km2: float | None = None,
    min_area_m2: float | None = None,
    licensed: Sequence[Zone] = (),
    taken: Mapping[str, date | None] | None = None,
    progress: Progress | None = None,
    window_px: int | None = None,
    work: Work | None = None,
    labels: Sequence[Label] = (),
    targets: TargetTable | None = None,
    target: str | None = None,
    hints: Hints | None = None,
) -> tuple[Detection, tuple[Refusal, ...]]:
    """Mark suspicious ground on rasters and rank it, in one order over all of them.

    A file given twice, under any name, counts once; a warning says so. Nothing is marked on a
    raster coarser than 1 m a pixel, but its ground is counted and a warning says why.

    Args:
        rasters: Name as given and path of each.
        settings: Limits, and the default budget and least area.
        detector: ``cues`` for the target's own ranking, or the path of a ranking in a ``.npz`` or
            of a model in a ``.onnx`` file.
        bands: Number (from 1) of red, green and blue; what the files say without it.
        budget_per_km2: Suspected patches kept for each km² of valid ground, all rasters together.
        min_area_m2: Smaller patches are dropped.
        licensed: Zones; patches inside licensed ones that hold on the raster's day are kept apart.
        taken: Day of each raster by name; what the file says for those not in it.
        progress: Called with the share done, 0 to 1.
        window_px: Side of the windows; the result does not depend on it.
        work: Threads, where half-done work is kept; the result does not depend on it either.
        labels: Ground that people looked at; the ranking learns from those on these rasters.
        targets: The table of targets; the one that comes with geoinspect without it.
        target: Which of them, by its key; the first one without it.
        hints: A season of NDVI or a spectrum that nudges what is found.

    Returns:
        The detection, its patches in the CRS of the first raster read, and what was refused.

    Raises:
        UsageError: No such detector, a target without a ranking, bad ``bands``, or a number that
            can't be.
        NotFoundError: No such target.
        InputError: The ranking's or the model's file can't be used.
        Stopped: The work was cancelled.
    """
    started = time.perf_counter()
    table = targets or load_targets()
    sought = table.target(target)
    ranking, model = _detector(detector, table, sought)
    _check_bands(bands)
    own = sought.thresholds
    wanted = Wanted(
        _positive("min-area-m2", min_area_m2, own.min_area_m2 or settings.patch_min_area_m2),
        _positive("budget-per-km2", budget_per_km2, settings.budget_per_km2),
        own.heights or HEIGHTS,
        hints or Hints(),
    )
    how = work or Work()
    sources, copies = _distinct(rasters, settings, bands, window_px)
    warnings: list[Text] = []
    refusals: list[Refusal] = []
    scans: list[tuple[str, Scan]] = []
    with ExitStack() as stack:
        ready: list[Prepared] = []
        for number, source in enumerate(sources):
            report = _part(progress, number, len(sources), 0.0, _READ_SHARE)
            with _refused(source.name, refusals):
                ready.append(prepare(source, how, stack, report))
        judge, doubts = judge_of(ranking, labels, ready)
        warnings += doubts
        for number, prepared in enumerate(ready):
            report = _part(progress, number, len(ready), _READ_SHARE, 1.0)
            with _refused(prepared.source.name, refusals):
                name = prepared.source.name
                scans.append((name, scan(prepared, judge, model, how, wanted, report)))
    _tell_copies(copies, refusals, warnings)
    leads: list[Lead] = []
    for name, one in scans:
        warnings += one.warnings
        day = (taken or {}).get(name, one.day)
        leads += split_licensed(one.leads, licensed, day, wanted.min_area_m2)
    detection = _ranked([one for _, one in scans], leads, wanted)
    name = judge.name if model is None else model.name
    seconds = time.perf_counter() - started
    detection = replace(detection, detector=name, seconds=seconds, warnings=tuple(warnings))
    return detection, _in_order(refusals, rasters)


def _in_order(
    refusals: Sequence[Refusal], rasters: Sequence[tuple[str, Path]]
) -> tuple[Refusal, ...]:
    """Return refusals in the order the rasters were given."""
    order = [name for name, _ in rasters]
    return tuple(sorted(refusals, key=lambda refusal: order.index(refusal.file)))


def _ranked(scans: Sequence[Scan], leads: Sequence[Lead], wanted: Wanted) -> Detection:
    """Return one list of patches over all rasters, and what was searched."""
    valid_area_m2 = sum(scan.valid_area_m2 for scan in scans)
    crs = scans[0].crs if scans else ""
    return Detection(
        patches=rank_leads(
            leads, crs=crs, budget_per_km2=wanted.budget_per_km2, valid_area_m2=valid_area_m2
        ),
        detector="",
        crs=crs or None,
        valid_area_m2=valid_area_m2,
        searched_area_m2=sum(scan.valid_area_m2 for scan in scans if scan.searched),
        megapixels=sum(scan.megapixels for scan in scans),
        seconds=0.0,
        budget_per_km2=wanted.budget_per_km2,
        min_area_m2=wanted.min_area_m2,
    )


def _distinct(
    rasters: Sequence[tuple[str, Path]],
    settings: Settings,
    bands: Mapping[str, int] | None,
    window_px: int | None,
) -> tuple[list[Source], list[tuple[str, str]]]:
    """Return the rasters without copies, and each copy's name with that of the first."""
    first_of: dict[str, str] = {}
    sources, copies = [], []
    keys = content_keys([path for _, path in rasters])
    for (name, path), key in zip(rasters, keys, strict=True):
        if key is not None and key in first_of:
            copies.append((name, first_of[key]))
            continue
        if key is not None:
            first_of[key] = name
        sources.append(Source(path, name, settings, bands, window_px))
    return sources, copies


def _tell_copies(
    copies: Sequence[tuple[str, str]], refusals: list[Refusal], warnings: list[Text]
) -> None:
    """Say which rasters counted once; a copy of what was refused is refused as well."""
    refused = {refusal.file: refusal for refusal in refusals}
    for name, first in copies:
        if first in refused:
            refusals.append(replace(refused[first], file=name))
        else:
            warnings.append(_same_bytes(name, first))


@contextmanager
def _refused(name: str, refusals: list[Refusal]) -> Iterator[None]:
    """Note a raster that can't be used; the others go on."""
    try:
        yield
    except InputError as error:
        refusals.append(Refusal(name, error.code, error.text))


def judge_of(
    ranking: Ranking, labels: Sequence[Label], ready: Sequence[Prepared]
) -> tuple[Judge, list[Text]]:
    """Return the ranking, bent by the labels where there are any on these rasters."""
    if not labels:
        return ranking, []
    examples = []
    for prepared in ready:
        planes, tables = prepared.measured.planes, prepared.tables
        if planes is None or tables is None:
            continue
        scale, placement = prepared.measured.scale, prepared.measured.placement
        shown = examples_of(planes, scale, tables, placement, labels)
        if shown is not None:
            examples.append(shown)
    taught = teach(examples, ranking)
    if taught is not None:
        return taught, []
    text = Text(
        "没有一处“poppy”标注落在这些影像的植被上,标注未起作用",
        "no label 'poppy' lies on plants of these rasters, so the labels had no effect",
    )
    return ranking, [text]


def _detector(name: str, table: TargetTable, target: Target) -> tuple[Ranking, OnnxModel | None]:
    """Return the ranking of cues, the target's or from a file, and the model that proposes."""
    if name == CUES_DETECTOR:
        return table.ranking(target), None
    if name.endswith(".npz"):
        return load(Path(name)), None
    if name.endswith(".onnx"):
        return table.ranking(target), open_model(Path(name))
    raise UsageError(
        f"没有名为“{name}”的检测器;可用 {CUES_DETECTOR}、.npz 排序模型或 .onnx 模型文件",
        f"there is no detector {name!r}; use {CUES_DETECTOR}, a ranking in a .npz file or a model "
        "in a .onnx file",
        code="no_such_detector",
    )


def _check_bands(bands: Mapping[str, int] | None) -> None:
    """Refuse a choice of bands that names none, twice the same, or something else."""
    if bands is None:
        return
    missing = [role for role in COLOURS if role not in bands]
    strange = [role for role in bands if role not in _BAND_NAMES]
    numbers = list(bands.values())
    if missing or strange or min(numbers) < 1 or len(set(numbers)) < len(numbers):
        said = ",".join(f"{role}={number}" for role, number in bands.items())
        raise UsageError(
            f"波段选择“{said}”有误:请写成 red=1,green=2,blue=3,编号从 1 起且互不相同",
            f"the choice of bands {said!r} is wrong: write red=1,green=2,blue=3 with different "
            "numbers from 1 up",
            code="bad_bands",
        )


def _positive(option: str, given: float | None, default: float) -> float:
    """Return a number given or its default; refuse what is not above 0."""
    value = default if given is None else given
    if not 0 < value < float("inf"):
        raise UsageError(
            f"--{option} 必须是正数,得到 {value}",
            f"--{option} must be a positive number, got {value}",
            code="bad_number",
        )
    return value


def _part(progress: Progress | None, number: int, total: int, start: float, end: float) -> Progress:
    """Return a progress report for one of several rasters, within a part of the whole."""

    def report(share: float) -> None:
        if progress is not None:
            progress(start + (end - start) * (number + share) / total)

    return report


def _same_bytes(name: str, first: str) -> Text:
    return Text(
        f"影像“{name}”与“{first}”内容完全相同,只计算一次",
        f"{name!r} holds the same bytes as {first!r} and was counted once",
    )
