"""Detection over files: every raster learnt, scored and outlined; all of them ranked together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from geoinspect.detect.candidates import Collector, least_blocks
from geoinspect.detect.copies import content_keys
from geoinspect.detect.cues import CueDetector
from geoinspect.detect.detector import Detector, Scorer
from geoinspect.detect.outlines import ground_polygon
from geoinspect.detect.ranking import Lead, rank_leads, split_licensed, true_area_m2
from geoinspect.detect.scene import RasterScene
from geoinspect.detect.tally import GroundTally
from geoinspect.errors import InputError, Text, UsageError
from geoinspect.ingest.rasters import CHINA_TIME, open_raster, taken_of
from geoinspect.records import Refusal, Zone
from geoinspect.settings import Settings
from geoinspect.survey_records import Detection

Progress = Callable[[float], None]

DETECTORS: Mapping[str, Detector] = {"cues": CueDetector()}
_BAND_NAMES = ("red", "green", "blue", "nir", "rededge")
# A patch shows once it spans some 5 × 5 pixels. Illegal plots are a few to some 25 m² as a rule, so
# beyond 1 m a pixel whatever is marked is a field or a wood, or a single pixel of noise.
_COARSEST_GSD_CM = 100


@dataclass(frozen=True, slots=True)
class Scan:
    """What one raster gave."""

    leads: tuple[Lead, ...]
    crs: str
    valid_area_m2: float
    searched: bool
    megapixels: float
    day: date | None
    warnings: tuple[Text, ...]


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
) -> tuple[Detection, tuple[Refusal, ...]]:
    """Mark suspicious ground on rasters and rank it, in one order over all of them.

    A file given twice, under any name, counts once; a warning says so. Nothing is marked on a
    raster coarser than 1 m a pixel, but its ground is counted and a warning says why.

    Args:
        rasters: Name as given and path of each.
        settings: Limits, and the default budget and least area.
        detector: One of :data:`DETECTORS`.
        bands: Number (from 1) of red, green and blue; what the files say without it.
        budget_per_km2: Suspected patches kept for each km² of valid ground, all rasters together.
        min_area_m2: Smaller patches are dropped.
        licensed: Zones; patches inside licensed ones that hold on the raster's day are kept apart.
        taken: Day of each raster by name; what the file says for those not in it.
        progress: Called with the share done, 0 to 1.
        window_px: Side of the windows; the result does not depend on it.

    Returns:
        The detection, its patches in the CRS of the first raster read, and what was refused.

    Raises:
        UsageError: No such detector, bad ``bands``, or a number that can't be.
    """
    started = time.perf_counter()
    chosen = _detector(detector, bands)
    budget = _positive("budget-per-km2", budget_per_km2, settings.budget_per_km2)
    least_m2 = _positive("min-area-m2", min_area_m2, settings.patch_min_area_m2)
    scans: list[Scan] = []
    leads: list[Lead] = []
    refusals: list[Refusal] = []
    warnings: list[Text] = []
    first_of: dict[str, str] = {}
    keys = content_keys([path for _, path in rasters])
    for number, ((name, path), key) in enumerate(zip(rasters, keys, strict=True)):
        if key is not None and key in first_of:
            warnings.append(_same_bytes(name, first_of[key]))
            continue
        try:
            report = _part(progress, number, len(rasters))
            scans.append(_scan(name, path, chosen, settings, bands, least_m2, report, window_px))
        except InputError as error:
            refusals.append(Refusal(name, error.code, error.text))
            continue
        warnings += scans[-1].warnings
        if key is not None:
            first_of[key] = name
        day = (taken or {}).get(name, scans[-1].day)
        leads += split_licensed(scans[-1].leads, licensed, day, least_m2)
    valid_area_m2 = sum(scan.valid_area_m2 for scan in scans)
    crs = scans[0].crs if scans else ""
    detection = Detection(
        patches=rank_leads(leads, crs=crs, budget_per_km2=budget, valid_area_m2=valid_area_m2),
        detector=chosen.name,
        crs=crs or None,
        valid_area_m2=valid_area_m2,
        searched_area_m2=sum(scan.valid_area_m2 for scan in scans if scan.searched),
        megapixels=sum(scan.megapixels for scan in scans),
        seconds=time.perf_counter() - started,
        warnings=tuple(warnings),
    )
    return detection, tuple(refusals)


def _scan(
    name: str,
    path: Path,
    detector: Detector,
    settings: Settings,
    bands: Mapping[str, int] | None,
    min_area_m2: float,
    report: Progress,
    window_px: int | None,
) -> Scan:
    """Return the leads of one raster: learn the scene, score its windows, outline what is marked."""
    with open_raster(path, settings=settings, name=name) as dataset:
        taken, _ = taken_of(dataset)
        scene = RasterScene(dataset, detector, name=name, bands=bands)
        warnings = list(scene.warnings)
        # Whole centimetres, so that a projection's scale factor doesn't turn 1 m into too coarse.
        too_coarse = round(scene.gsd_m * 100) > _COARSEST_GSD_CM
        scorer = None if too_coarse else detector.learn(scene)
        if too_coarse:
            warnings.append(_too_coarse(name, scene.gsd_m))
        elif scorer is None:
            warnings.append(_too_little_vegetation(name))
        leads, valid_area_m2 = _score(scene, scorer, min_area_m2, report, window_px)
    if not valid_area_m2 > 0:
        warnings.append(
            Text(f"影像“{name}”没有任何有效像素", f"{name!r} has no valid pixel at all")
        )
    return Scan(
        leads=tuple(leads),
        crs=scene.placement.crs,
        valid_area_m2=valid_area_m2,
        # Ground with hardly a plant on it was judged; ground too coarse to see one was not.
        searched=not too_coarse,
        megapixels=scene.placement.width * scene.placement.height / 1e6,
        day=taken.astimezone(CHINA_TIME).date() if taken is not None else None,
        warnings=tuple(warnings),
    )


def _score(
    scene: RasterScene,
    scorer: Scorer | None,
    min_area_m2: float,
    report: Progress,
    window_px: int | None,
) -> tuple[list[Lead], float]:
    """Return the leads of a scene and its valid ground; ground is counted without a scorer too."""
    block_px, placement = scene.layout.block_px, scene.placement
    largest_m2 = float(np.max(placement.node_area_m2)) * block_px**2
    collector = Collector(
        cols=-(-placement.width // block_px), least_blocks=least_blocks(min_area_m2, largest_m2)
    )
    tally = GroundTally(placement, block_px)
    cores = scene.cores(window_px)
    for number, core in enumerate(cores, start=1):
        origin = (core.row // block_px, core.col // block_px)
        if scorer is None:
            blocks = scene.valid_blocks(core)
            if blocks is not None:
                tally.add(blocks, origin)
        elif (tile := scene.tile(core)) is not None:
            evidence = scorer.score(tile)
            collector.add(evidence, origin)
            tally.add(evidence.valid_px, origin)
        report(number / len(cores))
    leads = []
    for found in collector.candidates():
        polygon = ground_polygon(found.outline, block_px, placement)
        area_m2 = true_area_m2(placement.crs, polygon)
        if area_m2 >= min_area_m2:
            strength = round(found.strength, 6)
            leads.append(Lead(scene.name, placement.crs, polygon, area_m2, strength, found.cues))
    return leads, tally.area_m2


def _detector(name: str, bands: Mapping[str, int] | None) -> Detector:
    """Return a detector by name, after a look at the bands chosen for it."""
    if name in DETECTORS:
        _check_bands(bands, DETECTORS[name])
        return DETECTORS[name]
    choices = ", ".join(sorted(DETECTORS))
    raise UsageError(
        f"没有名为“{name}”的检测器;可选:{choices}",
        f"there is no detector {name!r}; choose one of: {choices}",
        code="no_such_detector",
    )


def _check_bands(bands: Mapping[str, int] | None, detector: Detector) -> None:
    """Refuse a choice of bands that names none, twice the same, or something else."""
    if bands is None:
        return
    missing = [role for role in detector.bands if role not in bands]
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


def _part(progress: Progress | None, number: int, total: int) -> Progress:
    """Return a progress report for one of several rasters."""

    def report(share: float) -> None:
        if progress is not None:
            progress((number + share) / total)

    return report


def _too_little_vegetation(name: str) -> Text:
    return Text(
        f"影像“{name}”里完整的植被太少(或画面太零碎),无法比较,没有标出图斑",
        f"{name!r} has too little vegetation to compare with, or is too speckled with empty pixels, "
        "so nothing was marked on it",
    )


def _too_coarse(name: str, gsd_m: float) -> Text:
    return Text(
        f"影像“{name}”的像素约 {gsd_m:.3g} 米,检测的上限是 {_COARSEST_GSD_CM / 100:g} 米,"
        "看不出小图斑,没有标出图斑;请用更清晰的影像,最好每像素 5 厘米以内",
        f"a pixel of {name!r} is about {gsd_m:.3g} m, detection takes up to "
        f"{_COARSEST_GSD_CM / 100:g} m: small patches can't be seen, so nothing was marked on it; "
        "give a sharper picture, best 5 cm a pixel or finer",
    )


def _same_bytes(name: str, first: str) -> Text:
    return Text(
        f"影像“{name}”与“{first}”内容完全相同,只计算一次",
        f"{name!r} holds the same bytes as {first!r} and was counted once",
    )
