"""Learning from labelled ground: a few polygons teach a raster's own ranking in seconds.

Extremely randomised trees (Geurts et al. 2006) part the blocks of the labelled targets from those of
the labelled others and from a sample of all ground, few blocks of which can be targets, with the
shipped ranking's opinion as one more figure. What hangs together in the new evidence is ranked as
before: how a patch's outline and surroundings look is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.crs import densified, transform_geometry
from geoinspect.detect.forest import Forest, averaged
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.model import Ranking
from geoinspect.detect.objects import EVIDENCE_STEPS
from geoinspect.detect.outlines import burned
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.sheets import Frame, Scale, averaged_evidence, levels_of, sample_frames
from geoinspect.ingest.raster_ground import Placement

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
I2 = NDArray[np.int16]
Mask = NDArray[np.bool_]

# Ends the name of a detector that learnt from labels.
TAUGHT = "+labels"
_TREES, _SEED = 60, 0
_MOST_BLOCKS, _FEWEST, _BACKGROUND = 6000, 30, 6000
# The labelled targets weigh as much as the background, labelled others half as much.
_OTHERS_WEIGHT = 0.5
# How far the local trees' chance may go, as a logit, and how much the shipped opinion still counts.
_LEAST_CHANCE, _SHIPPED_WEIGHT = 0.02, 0.5
# Blocks around a label that are read with it, and how much of a long label.
_AROUND = 24
_MOST_SIDE = 1200
# Straight edges bend between two CRSs: vertices along the longer side of a label.
_VERTICES = 64


@dataclass(frozen=True, slots=True)
class Label:
    """Ground that somebody looked at.

    Attributes:
        polygon: In ``crs``.
        poppy: Whether the target grew there.
    """

    polygon: Polygon | MultiPolygon
    crs: str
    poppy: bool


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What labels show on one raster.

    Attributes:
        blocks: Levels of labelled blocks, shape (n, cues); ``poppy`` and ``owner`` (number of the
            label) go with them.
        background: Levels of blocks from all over, shape (m, cues).
    """

    blocks: I1
    poppy: Mask
    owner: NDArray[np.int32]
    background: I1


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRanking:
    """A ranking bent by labels; judges blocks and objects like the one it was made from."""

    shipped: Ranking
    local: Forest

    @property
    def name(self) -> str:
        """Of the detector, in results."""
        return f"{self.shipped.name}{TAUGHT}"

    def evidence(self, levels: I1, judged: Mask) -> I2:
        """Return the evidence of blocks: local trees and, at half weight, the shipped ranking."""
        base = self.shipped.packed.of_rows(levels[judged])
        chance = self.local.of_rows(_rows(levels[judged], base)).clip(0, 1)
        odds = np.log((chance + _LEAST_CHANCE) / (1 - chance + _LEAST_CHANCE))
        raw = np.zeros(judged.shape, dtype=np.int32)
        logits = np.float32(_SHIPPED_WEIGHT) * base + odds
        raw[judged] = np.clip(np.rint(logits * EVIDENCE_STEPS), -8192, 8192).astype(np.int32)
        return averaged_evidence(raw, judged)

    def logits(self, figures: F4) -> F4:
        """Return the logits of objects."""
        return self.shipped.logits(figures)


def examples_of(
    planes: Planes,
    scale: Scale,
    tables: LevelTables,
    placement: Placement,
    labels: Sequence[Label],
) -> Examples | None:
    """Return what labels show on a raster; None when none of them lies on it."""
    rng = np.random.default_rng(_SEED)
    blocks, poppy, owner = [], [], []
    for number, label in enumerate(labels):
        outline = _in_blocks(label, placement, scale)
        frame = _frame_of(outline, planes)
        if frame is None:
            continue
        levels, judged = levels_of(planes, scale, tables, frame)
        place = shapely.transform(outline, lambda points, f=frame: points - [f.left, f.top])
        inside = burned(place, judged.shape) & judged
        if not inside.any():
            continue
        found = levels[inside]
        take = np.sort(rng.permutation(len(found))[: max(_FEWEST, _MOST_BLOCKS // len(labels))])
        blocks.append(found[take])
        poppy.append(np.full(len(take), label.poppy))
        owner.append(np.full(len(take), number, dtype=np.int32))
    if not blocks:
        return None
    background = _background(planes, scale, tables, rng)
    return Examples(
        np.concatenate(blocks), np.concatenate(poppy), np.concatenate(owner), background
    )


def teach(examples: Sequence[Examples], ranking: Ranking) -> LabelledRanking | None:
    """Return the ranking bent by the examples of one or more rasters; None without a target."""
    if not any(e.poppy.any() for e in examples):
        return None
    return LabelledRanking(ranking, _local_trees(examples, ranking))


def _local_trees(examples: Sequence[Examples], ranking: Ranking) -> Forest:
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - takes 2 s to load

    levels = np.concatenate([part for e in examples for part in (e.blocks, e.background)])
    poppy = np.concatenate(
        [part for e in examples for part in (e.poppy, np.zeros(len(e.background), dtype=bool))]
    )
    weights = []
    for e in examples:
        size = np.bincount(e.owner)
        own = 1 / np.sqrt(size[e.owner])
        own[e.poppy] /= max(own[e.poppy].sum(), 1e-12)
        own[~e.poppy] *= _OTHERS_WEIGHT / max(own[~e.poppy].sum(), 1e-12)
        weights += [own, np.full(len(e.background), 1 / max(len(e.background), 1))]
    rows = _rows(levels, ranking.packed.of_rows(levels))
    trees = ExtraTreesClassifier(
        _TREES, min_samples_leaf=4, max_features=8, random_state=_SEED, n_jobs=1
    )
    return averaged(trees.fit(rows, poppy, sample_weight=np.concatenate(weights)))


def _rows(levels: I1, logits: F4) -> F4:
    rows: F4 = np.column_stack([levels.astype(np.float32), logits * 8])
    return rows


def _background(planes: Planes, scale: Scale, tables: LevelTables, rng: np.random.Generator) -> I1:
    """Return levels of judged blocks from places without pattern."""
    parts, count = [], 0
    for frame in sample_frames(planes.rows, planes.cols):
        levels, judged = levels_of(planes, scale, tables, frame)
        found = levels[judged]
        take = rng.permutation(len(found))[:_BACKGROUND]
        parts.append(found[take])
        count += len(found)
        if count >= 10 * _BACKGROUND:
            break
    pooled = np.concatenate(parts)
    return pooled[rng.permutation(len(pooled))[:_BACKGROUND]]


def _in_blocks(label: Label, placement: Placement, scale: Scale) -> Polygon | MultiPolygon:
    """Return a label's outline in blocks of the raster (column, row); empty far from its CRS."""
    west, south, east, north = label.polygon.bounds
    step = max(east - west, north - south) / _VERTICES
    moved = transform_geometry(label.crs, placement.crs, densified(label.polygon, step))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        return Polygon()
    back = ~placement.transform

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = back @ (points[:, 0], points[:, 1])
        return np.column_stack([x, y]) / scale.block_px

    outline: Polygon | MultiPolygon = shapely.make_valid(shapely.transform(moved, place))
    return outline


def _frame_of(outline: Polygon | MultiPolygon, planes: Planes) -> Frame | None:
    """Return the blocks to read for a label, the middle of a very large one; None elsewhere."""
    here = shapely.intersection(outline, shapely.box(0, 0, planes.cols, planes.rows))
    if here.area == 0:
        return None
    west, north, east, south = here.bounds
    middle, half = here.representative_point(), _MOST_SIDE / 2
    frame = Frame(
        int(max(north, min(middle.y - half, south - 2 * half))),
        int(max(west, min(middle.x - half, east - 2 * half))),
        int(min(south, max(middle.y + half, north + 2 * half))) + 1,
        int(min(east, max(middle.x + half, west + 2 * half))) + 1,
    )
    return frame.around(_AROUND, planes.rows, planes.cols)
