"""From planes to finds: the sheets of a raster searched on all cores, the best objects kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio import features as outlines
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape as geometry_shape

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.levels import LEVELS_A_DECADE, LevelTables
from geoinspect.detect.nudged import MOST_LOGITS
from geoinspect.detect.objects import FEATURES, SHAPE, keep_best
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.sheets import (
    HEIGHTS,
    Frame,
    Judge,
    Nudge,
    Scale,
    SheetObjects,
    sheet_objects,
    sheets_of,
)

F4 = NDArray[np.float32]

# What a person is told of a find: the cue, and the figures it is read from (the strongest counts).
REASONS: Mapping[str, tuple[str, ...]] = {
    "glaucous": ("glaucous",),
    "glaucous_contrast": ("glaucous_contrast",),
    "petals": ("white_petals", "pink_petals", "red_petals", "patch_petals"),
    "petals_contrast": ("petals_contrast", "magenta_contrast"),
    "speckle": ("speckle", "magenta_spread", "warmth_spread"),
    "texture": ("texture", "roughness"),
    "stands_out": ("speckle_contrast", "texture_contrast", "bright_contrast"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Find:
    """An object worth showing.

    Attributes:
        outline: In blocks of the raster (column, row).
        blocks: How many.
        logit: Of the ranking.
        features: Its figures, shape (len(FEATURES),).
        nudges: How far other evidence (bands, spectrum, season) spoke for it, logits, by name.
    """

    outline: Polygon | MultiPolygon
    blocks: int
    logit: float
    features: F4
    nudges: Mapping[str, float] = field(default_factory=dict, kw_only=True)


def search(
    planes: Planes,
    scale: Scale,
    tables: LevelTables,
    judge: Judge,
    *,
    least_blocks: float,
    most: int,
    workers: int,
    progress: Callable[[float], None] | None = None,
    nudges: Sequence[Nudge] = (),
    cut_at: Sequence[float] = HEIGHTS,
) -> list[Find]:
    """Return the best objects of a raster, best first.

    Among what begins on one sheet no two share ground; objects that begin on different sheets are
    judged by what lies around each, and could.

    Args:
        tables: Of this raster's scene.
        least_blocks: Smaller objects are left out.
        most: How many to return.
        workers: Threads.
        nudges: Other evidence about the same blocks.
        cut_at: Logits at which objects are cut, lowest first.
    """
    sheets = sheets_of(planes.rows, planes.cols)

    def of_sheet(sheet: Frame) -> list[Find]:
        found = sheet_objects(
            planes,
            scale,
            tables,
            judge,
            sheet,
            least_blocks=least_blocks,
            nudges=nudges,
            cut_at=cut_at,
        )
        return list(_finds(found, judge, sheet, most, [nudge.name for nudge in nudges]))

    found: list[Find] = []
    pool = ThreadPoolExecutor(workers, "sheets")
    try:
        for number, finds in enumerate(pool.map(of_sheet, sheets), start=1):
            found = sorted([*found, *finds], key=best_first)[:most]
            if progress is not None:
                progress(number / len(sheets))
    finally:
        # Who breaks off doesn't wait for the sheets that have not begun.
        pool.shutdown(cancel_futures=True)
    return found


def reasons_of(features: F4) -> dict[str, float]:
    """Return how unusual an object is in each cue that people are told of, 0 to 1.

    0.99 is what one block in a hundred of the scene's plants reaches.
    """
    start = len(SHAPE)
    told = {}
    for name, cues in REASONS.items():
        level = max(float(features[start + CUES.index(cue)]) for cue in cues)
        told[name] = round(max(0.0, 1 - 10 ** (-level / LEVELS_A_DECADE)), 4)
    return told


def nudge_reasons(find: Find) -> dict[str, float]:
    """Return how far each nudge spoke for a find, 0 to 1: 1 is as far as it may go, 0 against."""
    return {
        name: round(min(max(logits / MOST_LOGITS, 0.0), 1.0), 4)
        for name, logits in find.nudges.items()
    }


def best_first(find: Find) -> tuple[float, float, float, float]:
    """Return what finds are sorted by: logit, then size, then place."""
    west, north, *_ = find.outline.bounds
    return -find.logit, -find.blocks, north, west


def _finds(
    found: SheetObjects, judge: Judge, sheet: Frame, most: int, names: Sequence[str]
) -> Iterator[Find]:
    objects, seen = found.objects, found.seen
    logits = judge.logits(found.figures) + found.moved
    order = np.lexsort((objects.first[:, 1], objects.first[:, 0], -objects.blocks, -logits))
    kept = keep_best(logits, objects.parent, order)
    given = 0
    for number in kept:
        row, col = (int(v) for v in objects.first[number])
        if not sheet.holds(row + seen.top, col + seen.left):
            continue
        mask, (top, left) = objects.mask(int(number))
        outline = outline_of(mask, top + seen.top, left + seen.left)
        yield Find(
            outline,
            int(objects.blocks[number]),
            float(logits[number]),
            found.figures[number].copy(),
            nudges=dict(zip(names, found.nudges[number].tolist(), strict=True)),
        )
        given += 1
        if given == most:
            return


def outline_of(mask: NDArray[np.bool_], top: int, left: int) -> Polygon | MultiPolygon:
    """Return the outline of blocks, their first at (top, left)."""
    # rasterio warns of a picture without a place when it lies at (0, 0): step aside and back.
    place = Affine(1, 0, left + 1, 0, 1, top + 1)
    shapes = outlines.shapes(mask.astype(np.uint8), mask=mask, transform=place)
    parts = [shapely.transform(geometry_shape(found), lambda p: p - 1) for found, _ in shapes]
    merged: Polygon | MultiPolygon = shapely.normalize(
        shapely.simplify(shapely.union_all(parts), 0)
    )
    return merged


assert len(FEATURES) == len(SHAPE) + 3 * len(CUES)
