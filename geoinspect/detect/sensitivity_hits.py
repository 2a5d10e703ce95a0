"""Whether what a detector listed is a find of a patch that was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, affinity

from geoinspect.detect.objects import Objects
from geoinspect.detect.outlines import burned
from geoinspect.detect.sheets import Frame

F4 = NDArray[np.float32]
Mask = NDArray[np.bool_]

# A patch counts as found by an object that covers this share of it, and is not many times larger.
_COVERED, _LIKENESS = 0.2, 0.1
# Blocks are cut into this many parts a side to tell how much of them a patch covers.
_FINER = 4


@dataclass(frozen=True, slots=True, eq=False)
class ListedObject:
    """An object that would be listed: its blocks, their corner in the ground seen."""

    mask: Mask
    corner: tuple[int, int]
    blocks: int

    @classmethod
    def of(cls, objects: Objects, number: int) -> ListedObject:
        """Return one of the objects found."""
        mask, corner = objects.mask(number)
        return cls(mask, corner, int(objects.blocks[number]))


def cover_of(
    outline: Polygon | MultiPolygon, block_px: int, piece: Frame, seen: Frame
) -> tuple[F4, tuple[int, int]]:
    """Return how much of each block a patch covers, and where the first one is in ``seen``.

    Args:
        outline: In pixels of the piece.
    """
    finer = _FINER / block_px
    west, north, east, south = (v / block_px for v in outline.bounds)
    top, left = int(np.floor(north)), int(np.floor(west))
    rows, cols = int(np.ceil(south)) - top, int(np.ceil(east)) - left
    drawn = affinity.translate(
        affinity.scale(outline, finer, finer, origin=(0, 0)), -left * _FINER, -top * _FINER
    )
    fine = burned(drawn, (rows * _FINER, cols * _FINER))
    cover = fine.reshape(rows, _FINER, cols, _FINER).mean(axis=(1, 3), dtype=np.float32)
    return cover, (top + piece.top - seen.top, left + piece.left - seen.left)


def hits(find: ListedObject, cover: F4, corner: tuple[int, int]) -> bool:
    """Tell whether an object is a find of a patch."""
    top, left = max(find.corner[0], corner[0]), max(find.corner[1], corner[1])
    bottom = min(find.corner[0] + find.mask.shape[0], corner[0] + cover.shape[0])
    right = min(find.corner[1] + find.mask.shape[1], corner[1] + cover.shape[1])
    if top >= bottom or left >= right:
        return False
    a, b = find.corner
    c, d = corner
    mask = find.mask[top - a : bottom - a, left - b : right - b]
    common = float(cover[top - c : bottom - c, left - d : right - d][mask].sum())
    area = float(cover.sum())
    return common >= _COVERED * area and common >= _LIKENESS * (find.blocks + area - common) > 0
