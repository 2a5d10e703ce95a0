"""What one survey shows inside any polygon: evidence, levels, leaves, petals, ground seen.

The figures are those of the pixel pass (`planes`) and the detector's evidence of blocks (`sheets`), taken at a place
instead of over the whole raster; so a patch of one date can be looked up in another date that has
nothing listed there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from shapely import MultiPolygon, Polygon

from geoinspect.crs import transform_geometry
from geoinspect.detect.block_cues import CUES
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.measure import Measured, Source, measure
from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.planes import U2, Plane
from geoinspect.detect.scan import Work
from geoinspect.detect.sheets import Frame, Judge, Scale, learn_levels, levels_of
from geoinspect.ingest.raster_ground import Placement

F4 = NDArray[np.float32]
Mask = NDArray[np.bool_]
Ground: TypeAlias = Polygon | MultiPolygon

# Evidence of ground where no plants stand, and the least told: whatever lies lower is no less like
# a patch. Logits.
LEAST_LOGIT = -4.0
# Polygons beyond this many blocks are looked at in the middle only: no patch is that large.
_MOST_SIDE = 2000
# Squares of blocks that tell what is ordinary in a survey; the step has no common factor with the
# number, so that they lie in all its parts.
_SQUARES, _SQUARE_STEP, _SQUARE = 7, 3, 64


@dataclass(frozen=True, slots=True, eq=False)
class SurveyView:
    """A survey after the pixel pass, ready to be asked about places.

    Attributes:
        planes: None when the picture is black.
        tables: None when it has too few plants to compare.
        judge: Gives the evidence of blocks.
        ordinary_logit: Median evidence of the survey's ground: what a place must stand out from,
            so that no verdict hangs on how steep a model is.
        ordinary_leaf_share: Leaves' share of the survey's pixels.
    """

    name: str
    placement: Placement
    scale: Scale
    planes: Planes | None
    tables: LevelTables | None
    judge: Judge
    ordinary_logit: float
    ordinary_leaf_share: float


@dataclass(frozen=True, slots=True, eq=False)
class PlaceEvidence:
    """What a survey shows inside a polygon.

    Attributes:
        seen: Share of the polygon with valid ground, 0 to 1.
        logit: Mean evidence of the blocks seen, at least `LEAST_LOGIT` each.
        excess: The same above the survey's ordinary ground.
        levels: Mean level of each cue over the blocks judged, shape (len(CUES),).
        leaf_share, petal_share: Of the pixels seen.
    """

    seen: float
    logit: float
    excess: float
    levels: F4
    leaf_share: float
    petal_share: float


@contextmanager
def view_of(source: Source, judge: Judge, work: Work) -> Iterator[SurveyView]:
    """Measure a survey, or take up what was measured, and yield it ready to be asked.

    Args:
        work: Its folder holds the planes; a temporary one without it.

    Raises:
        RasterError: It can't be read.
        Stopped: It was cancelled.
    """
    with ExitStack() as stack:
        folder = work.folder
        if folder is None:
            held = tempfile.TemporaryDirectory(prefix="geoinspect-planes-")
            folder = Path(stack.enter_context(held))
        measured = measure(
            source, folder, cancelled=work.cancelled, workers=work.workers, fan=work.fan
        )
        if measured.planes is not None:
            stack.callback(measured.planes.close)
        yield _view(source.name, measured, judge)


def evidence_in(view: SurveyView, polygon: Ground, crs: str) -> PlaceEvidence:
    """Return what a survey shows inside a polygon given in ``crs``.

    A block counts when its middle lies inside; of a polygon smaller than a block the one block it
    lies in.
    """
    frame, inside, blocks_whole = _blocks_inside(view, polygon, crs)
    if view.planes is None or frame is None:
        return _nothing()
    part = view.planes.read(frame.top, frame.left, frame.bottom, frame.right)
    valid = part[:, :, Plane.VALID].astype(np.int64)
    seen_px = int(valid[inside].sum())
    if not seen_px:
        return _nothing()
    logits, levels = _judged(view, frame, inside & (valid > 0))
    petals = sum(_total(part, plane, inside) for plane in (Plane.WHITE, Plane.PINK, Plane.RED))
    return PlaceEvidence(
        seen=min(1.0, seen_px / (blocks_whole * view.scale.block_px**2)),
        logit=logits,
        excess=logits - view.ordinary_logit,
        levels=levels,
        leaf_share=_total(part, Plane.LEAF, inside) / seen_px,
        petal_share=petals / seen_px,
    )


def area_above_m2(view: SurveyView, polygon: Ground, crs: str, logit: float) -> float:
    """Return how much ground inside a polygon has at least so much evidence, square metres."""
    frame, inside, _ = _blocks_inside(view, polygon, crs)
    if view.planes is None or view.tables is None or frame is None:
        return 0.0
    evidence, _ = _evidence(view, frame)
    above = inside & (evidence != NOTHING) & (evidence >= round(logit * EVIDENCE_STEPS))
    return float(above.sum()) * view.scale.block_m**2


def _view(name: str, measured: Measured, judge: Judge) -> SurveyView:
    planes, scale = measured.planes, measured.scale
    tables = None if planes is None else learn_levels(planes, scale)
    view = SurveyView(name, measured.placement, scale, planes, tables, judge, LEAST_LOGIT, 0.0)
    logit, leaf_share = _ordinary(view)
    return replace(view, ordinary_logit=logit, ordinary_leaf_share=leaf_share)


def _ordinary(view: SurveyView) -> tuple[float, float]:
    """Return the median evidence and the leaves' share of squares spread over a survey, one in each of so many bands."""
    if view.planes is None or view.tables is None:
        return LEAST_LOGIT, 0.0
    rows, cols = view.planes.rows, view.planes.cols
    parts, leaf_px, valid_px = [], 0, 0
    for i in range(_SQUARES):
        row = max(0, rows - _SQUARE) * i // (_SQUARES - 1)
        col = max(0, cols - _SQUARE) * (i * _SQUARE_STEP % _SQUARES) // (_SQUARES - 1)
        frame = Frame(row, col, min(rows, row + _SQUARE), min(cols, col + _SQUARE))
        evidence, _ = _evidence(view, frame)
        parts.append(evidence[evidence != NOTHING])
        part = view.planes.read(row, col, frame.bottom, frame.right)
        leaf_px += int(part[:, :, Plane.LEAF].sum(dtype=np.int64))
        valid_px += int(part[:, :, Plane.VALID].sum(dtype=np.int64))
    found = np.concatenate(parts)
    logit = float(np.median(found)) / EVIDENCE_STEPS if len(found) else LEAST_LOGIT
    return max(LEAST_LOGIT, logit), leaf_px / max(valid_px, 1)


def _blocks_inside(view: SurveyView, polygon: Ground, crs: str) -> tuple[Frame | None, Mask, float]:
    """Return the rectangle of blocks round a polygon, which lie inside, and how many would if the
    raster went on.
    """
    nothing = np.zeros((0, 0), dtype=np.bool_)
    placement, side = view.placement, view.scale.block_px
    moved = transform_geometry(crs, placement.crs, polygon)
    a, b, c, d, e, f = (~placement.transform)[:6]

    def to_blocks(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points[:, 0], points[:, 1]
        return np.column_stack([a * x + b * y + c, d * x + e * y + f]) / side

    shape = shapely.transform(moved, to_blocks)
    if not np.isfinite(shape.bounds).all():
        return None, nothing, 0.0
    left, top, right, bottom = shape.bounds
    rows, cols = -(-placement.height // side), -(-placement.width // side)
    frame = Frame(
        max(0, int(np.floor(top))),
        max(0, int(np.floor(left))),
        min(rows, int(np.ceil(bottom))),
        min(cols, int(np.ceil(right))),
    )
    frame = _cut(frame)
    high, wide = frame.bottom - frame.top, frame.right - frame.left
    if high <= 0 or wide <= 0:
        return None, nothing, 0.0
    inside: Mask = geometry_mask(
        [shape], (high, wide), Affine.translation(frame.left, frame.top), invert=True
    )
    if not inside.any():
        middle = shape.representative_point()
        row, col = int(middle.y) - frame.top, int(middle.x) - frame.left
        if 0 <= row < high and 0 <= col < wide:
            inside[row, col] = True
    whole = max(float(shape.area), 1.0)
    # Blocks counted by their middles differ a little from the true area; what was cut off shows.
    return frame, inside, max(float(inside.sum()), whole if _leaves(shape, rows, cols) else 1.0)


def _leaves(shape: shapely.Geometry, rows: int, cols: int) -> bool:
    """Return whether a shape in blocks goes beyond the raster."""
    left, top, right, bottom = shape.bounds
    return bool(left < 0 or top < 0 or right > cols or bottom > rows)


def _cut(frame: Frame) -> Frame:
    """Return the middle of a rectangle that is too large to be held."""
    row, col = (frame.top + frame.bottom) // 2, (frame.left + frame.right) // 2
    half = _MOST_SIDE // 2
    return Frame(
        max(frame.top, row - half),
        max(frame.left, col - half),
        min(frame.bottom, row + half),
        min(frame.right, col + half),
    )


def _evidence(view: SurveyView, frame: Frame) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Return evidence and levels of a rectangle; evidence is averaged over neighbours, so one more
    block is taken on each side.
    """
    assert view.planes is not None
    assert view.tables is not None
    wider = frame.around(1, view.planes.rows, view.planes.cols)
    levels, judged = levels_of(view.planes, view.scale, view.tables, wider)
    evidence = view.judge.evidence(levels, judged)
    rows = slice(frame.top - wider.top, frame.bottom - wider.top)
    cols = slice(frame.left - wider.left, frame.right - wider.left)
    return evidence[rows, cols], levels[rows, cols]


def _judged(view: SurveyView, frame: Frame, seen: Mask) -> tuple[float, F4]:
    """Return the mean evidence of the blocks seen, and the mean levels of those judged."""
    nothing = np.zeros(len(CUES), dtype=np.float32)
    if view.tables is None:
        return LEAST_LOGIT, nothing
    evidence, levels = _evidence(view, frame)
    judged = seen & (evidence != NOTHING)
    logits = np.full(int(seen.sum()), LEAST_LOGIT)
    logits[judged[seen]] = np.maximum(evidence[judged] / EVIDENCE_STEPS, LEAST_LOGIT)
    mean = levels[judged].mean(axis=0, dtype=np.float64) if judged.any() else nothing
    return float(logits.mean()), mean.astype(np.float32)


def _total(part: U2, plane: Plane, inside: Mask) -> int:
    return int(part[:, :, plane][inside].astype(np.int64).sum())


def _nothing() -> PlaceEvidence:
    return PlaceEvidence(0.0, LEAST_LOGIT, 0.0, np.zeros(len(CUES), dtype=np.float32), 0.0, 0.0)
