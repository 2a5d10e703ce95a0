"""Planted scenes as a trainer sees them: levels of blocks, objects, and what of them was planted."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from geoinspect.detect.forest import Forest, Packed
from geoinspect.detect.implants import Planted
from geoinspect.detect.objects import EVIDENCE_STEPS, Objects, find_objects
from geoinspect.detect.pieces import label_pieces
from geoinspect.detect.plane_store import MemoryPlanes
from geoinspect.detect.sheets import (
    HEIGHTS,
    Frame,
    Scale,
    evidence_of,
    learn_levels,
    levels_of,
)

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I1 = NDArray[np.int8]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Smaller objects are not looked at.
LEAST_M2 = 2.0
# What a control (decoy or look-alike) weighs beside an object of plain ground. 3 halved the share of
# decoys among the finds, but cost recall (docs/decisions/0019).
CONTROL_WEIGHT = 1.0
# Blocks of a scene to learn from, at most: of patches, of controls, of all other ground.
MOST_ROWS = (1500, 1000, 3000)
# Blocks this near a patch are neither patch nor other ground.
_MARGIN = 5
# An object is an example of a patch when it shares this much with it (of both together) and covers
# this much of it; one that shares less than that, but more than a trace, teaches nothing.
_LIKE_PATCH, _COVERED, _TRACE = 0.3, 0.2, 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A planted scene, its scene statistics learnt.

    Attributes:
        path: The file it was read from.
        levels: Shape (rows, cols, cues).
        judged: Shape (rows, cols).
        kind, area_m2: Of each implant, shape (implants,).
        owner: Number of the implant on each block, from 1; 0 for none; shape (rows, cols).
        stratum, ground: By name.
    """

    path: Path
    scale: Scale
    levels: I1
    judged: Mask
    kind: NDArray[np.str_]
    area_m2: F8
    owner: I4
    stratum: str
    ground: str

    @property
    def km2(self) -> float:
        """Ground it shows."""
        return float(self.judged.size * self.scale.block_m**2 / 1e6)

    @property
    def kind_of_owner(self) -> NDArray[np.str_]:
        """Kind by the numbers of ``owner``, ``none`` for 0, shape (implants + 1,)."""
        return np.concatenate([["none"], self.kind])


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What objects have in common with implants, each of shape (objects,).

    Attributes:
        owner: Number of the implant it shares most with, 0 for none.
        iou: Shared ground as a share of both together.
        cover: Shared ground as a share of the implant.
    """

    owner: I8
    iou: F8
    cover: F8


def scene_files(folder: Path) -> list[Path]:
    """Return the finished scenes of a folder of ``detector_data.py``, by name."""
    return sorted(p for p in folder.glob("*.npz") if not p.name.endswith(".part.npz"))


def load_scenes(folder: Path) -> list[Loaded]:
    """Return the scenes of a folder that have plants enough to learn from."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        loaded = list(pool.map(load_scene, scene_files(folder)))
    return [scene for scene in loaded if scene is not None]


def load_scene(path: Path) -> Loaded | None:
    """Return a scene; None with too few plants to compare."""
    with np.load(path) as data:
        scale = Scale.of_gsd(float(data["gsd_m"]))
        planes = MemoryPlanes(data["planes"])
        tables = learn_levels(planes, scale)
        if tables is None:
            return None
        levels, judged = levels_of(planes, scale, tables, Frame(0, 0, planes.rows, planes.cols))
        outlines = shapely.transform(
            shapely.from_wkt(data["outline"].astype(object)), lambda p: p / scale.block_px
        )
        owner = np.zeros(judged.shape, dtype=np.int32)
        if len(outlines):
            shapes = [(outline, number) for number, outline in enumerate(outlines, start=1)]
            owner = rasterize(shapes, out_shape=judged.shape, dtype="int32")
        return Loaded(
            path=path,
            scale=scale,
            levels=levels,
            judged=judged,
            kind=data["kind"],
            area_m2=data["area_m2"],
            owner=owner,
            stratum=str(data["stratum"]),
            ground=str(data["ground"]),
        )


def block_rows(scene: Loaded, rng: np.random.Generator) -> tuple[I1, Mask]:
    """Return blocks to learn from: levels of shape (n, cues), and which are a patch's."""
    numbers = np.flatnonzero(scene.kind == Planted.POPPY) + 1
    planted = np.isin(scene.owner, numbers)
    poppy = planted & scene.judged
    control = (scene.owner > 0) & ~planted & scene.judged
    other = scene.judged & ~_grown(planted, _MARGIN) & ~control
    owner, levels = scene.owner.ravel(), scene.levels.reshape(-1, scene.levels.shape[2])
    rows, label = [], []
    for mask, most in zip((poppy, control, other), MOST_ROWS, strict=True):
        found = np.flatnonzero(mask)
        if not len(found):
            continue
        chance = None
        if mask is poppy:
            # A large patch counts for more than a small one, but not by its area.
            size = np.bincount(owner[found], minlength=int(owner.max()) + 1)
            chance = 1 / np.sqrt(size[owner[found]])
            chance /= chance.sum()
        take = rng.choice(found, min(most, len(found)), replace=False, p=chance)
        rows.append(levels[take])
        label.append(np.full(len(take), mask is poppy))
    return np.concatenate(rows), np.concatenate(label)


def objects_of(scene: Loaded, blocks: Packed) -> Objects:
    """Return the objects that a forest of blocks sees in a scene."""
    evidence = evidence_of(scene.levels, scene.judged, blocks)
    heights = tuple(round(height * EVIDENCE_STEPS) for height in HEIGHTS)
    least = LEAST_M2 / scene.scale.block_m**2
    return find_objects(scene.levels, evidence, heights, least_blocks=least)


def shared_with(scene: Loaded, objects: Objects) -> Shared:
    """Return what each object has in common with the implants."""
    many, count = len(scene.kind) + 1, len(objects.blocks)
    size = np.bincount(scene.owner.ravel(), minlength=many)
    best = np.zeros(count, dtype=np.int64)
    iou, cover = np.zeros(count), np.zeros(count)
    for index, height in enumerate(objects.heights):
        mine = np.flatnonzero(objects.height == index)
        if many == 1 or not len(mine):
            continue
        labels, pieces = label_pieces(objects.evidence >= height)
        pairs = np.bincount(
            labels.ravel() * many + scene.owner.ravel(), minlength=(pieces + 1) * many
        )
        first = objects.first[mine]
        own = pairs.reshape(-1, many)[labels[first[:, 0], first[:, 1]]]
        own[:, 0] = 0
        number = own.argmax(axis=1)
        common = own[np.arange(len(mine)), number]
        best[mine] = np.where(common > 0, number, 0)
        cover[mine] = common / np.maximum(size[number], 1)
        iou[mine] = common / (objects.blocks[mine] + size[number] - common)
    return Shared(best, iou, cover)


def object_rows(scene: Loaded, model: Forest) -> tuple[F4, Mask, F8]:
    """Return objects to learn from: figures, which are a patch, and what each weighs."""
    objects = objects_of(scene, Packed.of(model))
    shared = shared_with(scene, objects)
    poppy = scene.kind_of_owner[shared.owner] == Planted.POPPY
    patch = poppy & (shared.iou >= _LIKE_PATCH) & (shared.cover >= _COVERED)
    control = (shared.owner > 0) & ~poppy
    keep = ~(poppy & ~patch & (shared.iou > _TRACE))
    return objects.features[keep], patch[keep], np.where(control, CONTROL_WEIGHT, 1.0)[keep]


def _grown(mask: Mask, steps: int) -> Mask:
    """Return a mask grown by so many blocks in the four directions."""
    for _ in range(steps):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask
