"""One raster, start to end: measured, its scene learnt, searched, and its finds put on the ground."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from geoinspect.detect.band_nudges import band_nudges
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.measure import Fan, Measured, Source, cores_of_machine, measure
from geoinspect.detect.nudges import Hints, SeasonNudge, covers
from geoinspect.detect.onnx.model_file import OnnxModel
from geoinspect.detect.onnx.search_onnx import model_reasons, search_onnx
from geoinspect.detect.outlines import ground_polygon
from geoinspect.detect.plane_store import Planes, writing
from geoinspect.detect.ranking import Lead, true_area_m2
from geoinspect.detect.search import Find, nudge_reasons, search
from geoinspect.detect.sheets import HEIGHTS, Judge, Nudge, Scale, learn_levels
from geoinspect.errors import Text
from geoinspect.ingest.raster_ground import Placement
from geoinspect.ingest.rasters import CHINA_TIME, open_raster, taken_of

Progress = Callable[[float], None]

# A patch shows once it spans some 5 × 5 pixels. Illegal plots are a few to some 25 m² as a rule, so
# beyond 1 m a pixel whatever is marked is a field or a wood, or a single pixel of noise.
_COARSEST_GSD_CM = 100
# More finds than the budget are carried to the ranking: other rasters and licences may take some.
_SPARE, _LEAST_CARRIED = 3, 200
# Of the time of a search, where other bands are read first.
_BAND_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Work:
    """How the work is done; changes nothing in what is found.

    Attributes:
        folder: Where planes are kept for taking up broken-off work; a temporary one without it.
        workers: Threads; all cores without it.
        cancelled: Asked now and then.
        fan: Another way to work through the windows.
    """

    folder: Path | None = None
    workers: int | None = None
    cancelled: Callable[[], bool] | None = None
    fan: Fan | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A raster after the pixel pass, its scene learnt.

    Attributes:
        tables: None with too few plants to compare, or too coarse to see any.
        day: When it was taken, by the Chinese calendar, where the file says so.
        folder: Where its planes lie.
    """

    source: Source
    measured: Measured
    tables: LevelTables | None
    day: date | None
    folder: Path

    @property
    def too_coarse(self) -> bool:
        """Whether no small patch could show."""
        # Whole centimetres, so that a projection's scale factor doesn't turn 1 m into too coarse.
        return round(self.measured.scale.gsd_m * 100) > _COARSEST_GSD_CM


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be found.

    Attributes:
        min_area_m2: Smaller patches are left out.
        budget_per_km2: Patches that will be kept of all rasters together.
        cut_at: Logits at which objects are cut, lowest first.
        hints: Other evidence; a model that proposes finds does without it.
    """

    min_area_m2: float
    budget_per_km2: float
    cut_at: tuple[float, ...] = HEIGHTS
    hints: Hints = field(default_factory=Hints)


def prepare(source: Source, work: Work, stack: ExitStack, progress: Progress) -> Prepared:
    """Read a raster whole and learn its scene; its planes are open until the stack unwinds.

    Raises:
        RasterError: It can't be read.
        StoreError: The disk is full or fails.
        Stopped: It was cancelled.
    """
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        taken, _ = taken_of(dataset)
    folder = work.folder
    if folder is None:
        held = tempfile.TemporaryDirectory(prefix="geoinspect-planes-")
        folder = Path(stack.enter_context(held))
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    measured = measure(
        source,
        folder,
        progress=progress,
        cancelled=work.cancelled,
        workers=work.workers,
        fan=work.fan,
    )
    if measured.planes is not None:
        stack.callback(measured.planes.close)
    day = taken.astimezone(CHINA_TIME).date() if taken is not None else None
    prepared = Prepared(source, measured, None, day, folder)
    if measured.planes is None or prepared.too_coarse or not measured.valid_area_m2 > 0:
        return prepared
    return replace(prepared, tables=learn_levels(measured.planes, measured.scale))


def scan(
    prepared: Prepared,
    judge: Judge,
    model: OnnxModel | None,
    work: Work,
    wanted: Wanted,
    progress: Progress,
) -> Scan:
    """Return the leads of one raster.

    Args:
        judge: The ranking of cues.
        model: A model that proposes what the cues then rank; None lets the cues propose.

    Raises:
        InputError: The model's answer is no answer.
        Stopped: It was cancelled.
    """
    measured, name = prepared.measured, prepared.source.name
    placement = measured.placement
    finds, warnings = _search(prepared, judge, model, work, wanted, progress)
    leads = (_lead(find, measured.scale, placement, name) for find in finds)
    return Scan(
        leads=tuple(lead for lead in leads if lead.area_m2 >= wanted.min_area_m2),
        crs=placement.crs,
        valid_area_m2=measured.valid_area_m2,
        # Ground with hardly a plant on it was judged all the same.
        searched=not prepared.too_coarse,
        megapixels=placement.width * placement.height / 1e6,
        day=prepared.day,
        warnings=(*measured.warnings, *warnings),
    )


def least_blocks(min_area_m2: float, block_area_m2: float) -> float:
    """Return the fewest blocks that can have an area, with a little room for varying scale."""
    return max(1.0, math.floor(0.99 * min_area_m2 / block_area_m2))


def _search(
    prepared: Prepared,
    judge: Judge,
    model: OnnxModel | None,
    work: Work,
    wanted: Wanted,
    progress: Progress,
) -> tuple[list[Find], list[Text]]:
    """Return the finds and what the reader should know."""
    measured, name = prepared.measured, prepared.source.name
    scale, planes, tables = measured.scale, measured.planes, prepared.tables
    if not measured.valid_area_m2 > 0:
        text = Text(f"影像“{name}”没有任何有效像素", f"{name!r} has no valid pixel at all")
        return [], [text]
    if prepared.too_coarse:
        return [], [too_coarse(name, scale.gsd_m)]
    largest_m2 = float(np.max(measured.placement.node_area_m2)) * scale.block_px**2
    least = least_blocks(wanted.min_area_m2, largest_m2)
    allowed = _SPARE * wanted.budget_per_km2 * measured.valid_area_m2 / 1e6
    most = _LEAST_CARRIED + math.ceil(allowed)
    workers = work.workers or cores_of_machine()
    if planes is not None and model is not None:
        finds, said = search_onnx(
            prepared.source,
            planes,
            scale,
            tables,
            judge,
            model,
            folder=prepared.folder,
            least_blocks=least,
            most=most,
            workers=workers,
            progress=progress,
            cancelled=work.cancelled,
        )
        return finds, said if wanted.hints == Hints() else [*said, _without_hints(name)]
    if planes is None or tables is None:
        return [], [_too_little_vegetation(name)]
    return _nudged_search(prepared, planes, tables, judge, work, wanted, least, most, progress)


def _nudged_search(
    prepared: Prepared,
    planes: Planes,
    tables: LevelTables,
    judge: Judge,
    work: Work,
    wanted: Wanted,
    least: float,
    most: int,
    progress: Progress,
) -> tuple[list[Find], list[Text]]:
    """Return what the cues find, nudged by bands and season, and what the reader should know."""
    scale, placement = prepared.measured.scale, prepared.measured.placement
    season, name = wanted.hints.season, prepared.source.name
    workers = work.workers or cores_of_machine()
    nudges: list[Nudge] = []
    warnings: list[Text] = []
    if season is not None and covers(season, placement):
        nudges.append(SeasonNudge(season, placement, scale))
    elif season is not None:
        warnings.append(_elsewhere(name))
    with band_nudges(
        prepared.source,
        planes,
        scale,
        prepared.folder,
        wanted.hints.spectrum,
        workers=workers,
        progress=lambda done: progress(_BAND_SHARE * done),
        cancelled=work.cancelled,
    ) as told:
        start = _BAND_SHARE if told.nudges else 0.0
        finds = search(
            planes,
            scale,
            tables,
            judge,
            least_blocks=least,
            most=most,
            workers=workers,
            progress=lambda done: progress(start + (1 - start) * done),
            nudges=[*told.nudges, *nudges],
            cut_at=wanted.cut_at,
        )
    return finds, [*warnings, *told.warnings]


def _lead(find: Find, scale: Scale, placement: Placement, name: str) -> Lead:
    polygon = ground_polygon(find.outline, scale.block_px, placement)
    return Lead(
        raster=name,
        crs=placement.crs,
        polygon=polygon,
        area_m2=true_area_m2(placement.crs, polygon),
        logit=round(find.logit, 5),
        reasons={**model_reasons(find), **nudge_reasons(find)},
        features=find.features,
    )


def _elsewhere(name: str) -> Text:
    return Text(
        f"NDVI 序列没有盖住影像“{name}”,季节先验对它未起作用:请给出当地的序列",
        f"the NDVI series lies elsewhere than {name!r}, so the season had no effect on it; give one "
        "of that place",
    )


def _without_hints(name: str) -> Text:
    return Text(
        f"影像“{name}”由 .onnx 模型检测,--ndvi 和 --signature 未起作用",
        f"{name!r} was searched with an .onnx model, so --ndvi and --signature had no effect",
    )


def _too_little_vegetation(name: str) -> Text:
    return Text(
        f"影像“{name}”里完整的植被太少(或画面太零碎),无法比较,没有标出图斑",
        f"{name!r} has too little vegetation to compare with, or is too speckled with empty pixels, "
        "so nothing was marked on it",
    )


def too_coarse(name: str, gsd_m: float) -> Text:
    """Return why nothing is marked on a raster of such pixels."""
    return Text(
        f"影像“{name}”的像素约 {gsd_m:.3g} 米,检测的上限是 {_COARSEST_GSD_CM / 100:g} 米,"
        "看不出小图斑,没有标出图斑;请用更清晰的影像,最好每像素 5 厘米以内",
        f"a pixel of {name!r} is about {gsd_m:.3g} m, detection takes up to "
        f"{_COARSEST_GSD_CM / 100:g} m: small patches can't be seen, so nothing was marked on it; "
        "give a sharper picture, best 5 cm a pixel or finer",
    )
