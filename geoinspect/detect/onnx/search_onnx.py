"""From a model's chances to finds: patches where it is sure, put in order with the help of the cues.

The two-stage way of published plant surveys: a model proposes, a second look with other figures
re-orders. Patches are the components of the chances at one of several heights, as of the cues'
evidence; windows and boxes play no part any more, so touching masks are one patch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.measure import Source
from geoinspect.detect.objects import (
    EVIDENCE_STEPS,
    NOTHING,
    SHAPE,
    Objects,
    find_objects,
)
from geoinspect.detect.onnx.chances import MEAN, PEAK, ChanceFile, chance_evidence
from geoinspect.detect.onnx.model_file import OnnxModel
from geoinspect.detect.onnx.run_onnx import run_model
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.planes import Plane
from geoinspect.detect.scratch import scratch
from geoinspect.detect.search import Find, best_first, outline_of, reasons_of
from geoinspect.detect.sheets import (
    HEIGHTS,
    Frame,
    Judge,
    Scale,
    levels_of,
    sheets_of,
)
from geoinspect.errors import Text

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# As far around a sheet as the cues' search looks.
_AROUND = 160
# The cues move a find by at most so many logits; one for each deviation from the scene's others.
_MOST_MOVED = 2.0
# Fewer finds have no spread to speak of, and a spread below this (logits) is not stretched to it.
_LEAST_FINDS, _LEAST_SPREAD = 8, 0.5
_MAD_TO_DEVIATION = 1.4826
_RUN_SHARE = 0.85
# A chance in eight bits says no more than this.
_LEAST_CHANCE = 0.5 / 255
# The frame around an object that its evidence is compared with, as of the cues' objects.
_FRAME = 5
_EVIDENCE = ("evidence_mean", "evidence_top", "evidence_step", "evidence_rise")


@dataclass(frozen=True, slots=True, eq=False)
class ModelFind(Find):
    """A find of somebody's model; its logit is the model's, moved by the cues.

    Attributes:
        chance: Mean of the model's chances in it.
        peak: The highest of them.
        cue_logit: Of the cue ranking; NaN where the cues could not judge.
    """

    chance: float
    peak: float
    cue_logit: float


def model_reasons(find: Find) -> dict[str, float]:
    """Return :func:`reasons_of` a find, and ``model``, its mean chance, where a model found it."""
    reasons = reasons_of(find.features)
    if isinstance(find, ModelFind):
        return {"model": round(find.chance, 4), **reasons}
    return reasons


def search_onnx(
    source: Source,
    planes: Planes,
    scale: Scale,
    tables: LevelTables | None,
    judge: Judge,
    model: OnnxModel,
    *,
    folder: Path,
    least_blocks: float,
    most: int,
    workers: int,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[Find], list[Text]]:
    """Return the best finds of a model on a raster, best first, and what the reader should know.

    Args:
        planes: Of the raster, after the pixel pass.
        tables: Of its scene; None with too few plants to compare, and the cues stay silent.
        judge: The ranking of cues, for what the model finds.
        folder: Exists; three bytes a block are kept in it meanwhile.
        least_blocks: Smaller objects are left out.
        most: How many to return.
        workers: Threads.

    Raises:
        RasterError: The raster can't be read or doesn't suit the model.
        InputError: The model's answer is no answer.
        StoreError: The disk is full or fails.
        Stopped: It was cancelled.
    """

    def told(share: float) -> None:
        if progress is not None:
            progress(share)

    with scratch(folder, "chances-") as own:
        chances, warnings = run_model(
            source,
            scale,
            model,
            own / "chances.bin",
            progress=lambda share: told(share * _RUN_SHARE),
            cancelled=cancelled,
        )
        with closing(chances):
            finds = rank_chances(
                chances,
                planes,
                scale,
                tables,
                judge,
                least_blocks=least_blocks,
                most=most,
                workers=workers,
                progress=lambda share: told(_RUN_SHARE + share * (1 - _RUN_SHARE)),
            )
    return finds, warnings


def rank_chances(
    chances: ChanceFile,
    planes: Planes,
    scale: Scale,
    tables: LevelTables | None,
    judge: Judge,
    *,
    least_blocks: float,
    most: int,
    workers: int,
    progress: Callable[[float], None] | None = None,
) -> list[Find]:
    """Return the best objects in a model's chances, best first.

    Among what begins on one sheet no two share ground.

    The cues' logit of each is compared with those of all that the model found on this raster
    (median and median deviation) and moves it by at most two logits: it re-orders what the model
    finds and adds nothing to it.
    """
    sheets = sheets_of(planes.rows, planes.cols)

    def of_sheet(sheet: Frame) -> list[ModelFind]:
        return list(_finds(chances, planes, scale, tables, judge, sheet, least_blocks=least_blocks))

    found: list[ModelFind] = []
    cue_logits: list[float] = []
    with ThreadPoolExecutor(workers, "sheets") as pool:
        for number, finds in enumerate(pool.map(of_sheet, sheets), start=1):
            cue_logits += [find.cue_logit for find in finds if not math.isnan(find.cue_logit)]
            found = _hopeful([*found, *finds], most)
            if progress is not None:
                progress(number / len(sheets))
    moved = _moved(found, np.array(cue_logits))
    return list(sorted(moved, key=best_first)[:most])


def _hopeful(finds: list[ModelFind], most: int) -> list[ModelFind]:
    """Return the finds that the cues could still move among so many."""
    ordered = sorted(finds, key=best_first)
    if len(ordered) <= most:
        return ordered
    limit = ordered[most - 1].logit - 2 * _MOST_MOVED
    return [find for find in ordered if find.logit >= limit]


def _moved(finds: list[ModelFind], cue_logits: NDArray[np.float64]) -> list[ModelFind]:
    """Return the finds with their logits moved by how their cues compare with those of all."""
    if len(cue_logits) < _LEAST_FINDS:
        return finds
    middle = float(np.median(cue_logits))
    spread = _MAD_TO_DEVIATION * float(np.median(np.abs(cue_logits - middle)))
    spread = max(spread, _LEAST_SPREAD)

    def step(find: ModelFind) -> float:
        if math.isnan(find.cue_logit):
            return 0.0
        return min(max((find.cue_logit - middle) / spread, -_MOST_MOVED), _MOST_MOVED)

    return [replace(find, logit=find.logit + step(find)) for find in finds]


def _finds(
    chances: ChanceFile,
    planes: Planes,
    scale: Scale,
    tables: LevelTables | None,
    judge: Judge,
    sheet: Frame,
    *,
    least_blocks: float,
) -> Iterator[ModelFind]:
    """Yield what belongs to a sheet, its logit still the model's."""
    seen = sheet.around(_AROUND, planes.rows, planes.cols)
    corners = seen.top, seen.left, seen.bottom, seen.right
    said = chances.read(*corners)
    evidence = chance_evidence(said)
    evidence[planes.read(*corners)[:, :, Plane.VALID] == 0] = NOTHING
    heights = tuple(round(height * EVIDENCE_STEPS) for height in HEIGHTS)
    if not (evidence >= heights[0]).any():
        return
    shape = (*evidence.shape, len(CUES))
    levels, cues = np.zeros(shape, dtype=np.int8), np.full(shape[:2], NOTHING, dtype=np.int16)
    if tables is not None:
        levels, judged = levels_of(planes, scale, tables, seen)
        cues = judge.evidence(levels, judged)
    objects = find_objects(levels, evidence, heights, least_blocks=least_blocks)
    for number in best_cut(objects):
        row, col = (int(v) for v in objects.first[number])
        if sheet.holds(row + seen.top, col + seen.left):
            yield _find(objects, int(number), said, cues, seen, judge)


def best_cut(objects: Objects) -> list[int]:
    """Return the objects to show, none within another: those of the greatest sum of logits.

    The sum over an object's blocks is how much more likely it is to be marked than not, were blocks
    independent. An object gives way to those within it when they sum to as much without the
    doubtful ground between them.
    """
    own = objects.features[:, SHAPE.index("evidence_mean")].astype(np.float64) * objects.blocks
    count = len(own)
    within = np.zeros(count)
    holds = np.zeros(count, dtype=np.bool_)
    split = np.zeros(count, dtype=np.bool_)
    # Objects are numbered from the lowest height up: what lies within comes after what holds it.
    for number in range(count - 1, -1, -1):
        split[number] = holds[number] and within[number] >= own[number]
        above = objects.parent[number]
        if above >= 0:
            holds[above] = True
            within[above] += within[number] if split[number] else own[number]
    reached = np.zeros(count, dtype=np.bool_)
    kept = []
    for number in range(count):
        above = objects.parent[number]
        reached[number] = above < 0 or (reached[above] and split[above])
        if reached[number] and not split[number]:
            kept.append(number)
    return kept


def _find(
    objects: Objects, number: int, said: U1, cues: I2, seen: Frame, judge: Judge
) -> ModelFind:
    mask, (top, left) = objects.mask(number)
    here = slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
    chance = float(said[here][:, :, MEAN][mask].mean()) / 255
    sure = min(max(chance, _LEAST_CHANCE), 1 - _LEAST_CHANCE)
    features = objects.features[number].copy()
    judged = _put_cue_evidence(features, mask, (top, left), cues)
    cue_logit = float(judge.logits(features[None])[0]) if judged else math.nan
    return ModelFind(
        outline_of(mask, top + seen.top, left + seen.left),
        int(objects.blocks[number]),
        math.log(sure / (1 - sure)),
        features,
        chance,
        float(said[here][:, :, PEAK][mask].max()) / 255,
        cue_logit,
    )


def _put_cue_evidence(features: F4, mask: Mask, corner: tuple[int, int], cues: I2) -> bool:
    """Put the cues' evidence where the model's stands, as the ranking learnt it.

    Returns:
        Whether the cues judged any of the object; its figures are 0 if not.
    """
    top, left = corner
    high, wide = mask.shape
    around = (
        slice(max(0, top - _FRAME), top + high + _FRAME),
        slice(max(0, left - _FRAME), left + wide + _FRAME),
    )
    part = cues[around]
    own = np.zeros(part.shape, dtype=np.bool_)
    row, col = top - around[0].start, left - around[1].start
    own[row : row + high, col : col + wide] = mask
    known = part != NOTHING
    inside, outside = part[own & known], part[~own & known]
    figures = [0.0] * 4
    if len(inside):
        mean = float(inside.mean())
        beside = float(outside.mean()) if len(outside) else mean
        figures = [mean, float(inside.max()), mean - beside, float(inside.max()) - mean]
    for name, value in zip(_EVIDENCE, figures, strict=True):
        features[SHAPE.index(name)] = value
    return len(inside) > 0
