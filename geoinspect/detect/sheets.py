"""Planes to levels, evidence and objects, one fixed sheet of ground after another.

Sheets of 1,280 blocks lie on one lattice for the whole raster, each seen with 160 blocks (some
40 m) around it; an object belongs to the sheet that holds its first block. The lattice is part of
the method, not of the machine: windows, workers and memory don't change what is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.block_cues import CUES, NEAR_M, PATCH_M, RING_M, block_cues, integrals
from geoinspect.detect.forest import Packed
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.nudged import nudged, summed, without_nudge
from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING, Objects, find_objects
from geoinspect.detect.plane_store import Planes

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
I2 = NDArray[np.int16]
Mask = NDArray[np.bool_]

BLOCK_M = 0.25
# A block's pixels must be countable in 16 bits.
_MOST_BLOCK_PX = 255
_SHEET, _AROUND = 1280, 160
# Rows of blocks taken at once: some 60 MB of sums.
_STRIP = 96
# Logits at which objects are cut, lowest first.
HEIGHTS = (-3.0, -2.25, -1.5, -0.75, 0.0, 0.75, 1.5, 2.25, 3.0, 4.0)
# Blocks to learn a scene from, and the squares of blocks they are taken in on large rasters.
_MOST_SAMPLE, _SQUARE = 600_000, 192
_LEAST_SAMPLE = 256
_HASH, _HASH_BITS = 2_654_435_761, 2**32


@dataclass(frozen=True, slots=True)
class Scale:
    """How blocks lie on the ground.

    Attributes:
        gsd_m: Side of a pixel.
        block_px: Side of a block.
    """

    gsd_m: float
    block_px: int

    @classmethod
    def of_gsd(cls, gsd_m: float) -> Scale:
        """Return the scale with blocks of about a quarter of a metre."""
        return cls(gsd_m, min(max(1, round(BLOCK_M / gsd_m)), _MOST_BLOCK_PX))

    @property
    def block_m(self) -> float:
        """Side of a block on the ground."""
        return self.gsd_m * self.block_px

    @property
    def reach(self) -> tuple[int, int, int]:
        """Blocks to each side of the three scales of the cues; each wider than the one before."""
        near = max(1, round(NEAR_M / self.block_m))
        patch = max(near + 1, round(PATCH_M / self.block_m))
        return near, patch, max(patch + 1, round(RING_M / self.block_m))


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of blocks; the lower bounds are exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    def around(self, blocks: int, rows: int, cols: int) -> Frame:
        """Return it wider by so many blocks on each side, cut at the raster's edges."""
        return Frame(
            max(0, self.top - blocks),
            max(0, self.left - blocks),
            min(rows, self.bottom + blocks),
            min(cols, self.right + blocks),
        )

    def holds(self, row: int, col: int) -> bool:
        """Return whether a block lies in it."""
        return self.top <= row < self.bottom and self.left <= col < self.right


def sheets_of(rows: int, cols: int) -> list[Frame]:
    """Return the sheets of a raster of so many blocks, in reading order."""
    return [
        Frame(row, col, min(rows, row + _SHEET), min(cols, col + _SHEET))
        for row in range(0, rows, _SHEET)
        for col in range(0, cols, _SHEET)
    ]


def cues_of(planes: Planes, scale: Scale, frame: Frame) -> Iterator[tuple[int, F4, Mask, Mask]]:
    """Yield strips of cues of a rectangle: first row within it, cues, which blocks are judged, and
    which of them are plants.
    """
    reach = scale.reach
    for top in range(frame.top, frame.bottom, _STRIP):
        strip = Frame(top, frame.left, min(frame.bottom, top + _STRIP), frame.right)
        seen = strip.around(reach[2], planes.rows, planes.cols)
        part = planes.read(seen.top, seen.left, seen.bottom, seen.right)
        cues, judged, planted = block_cues(
            part,
            integrals(part),
            strip.top - seen.top,
            strip.left - seen.left,
            strip.bottom - strip.top,
            strip.right - strip.left,
            reach,
            scale.block_px,
        )
        yield top - frame.top, cues, judged, planted


def learn_levels(planes: Planes, scale: Scale) -> LevelTables | None:
    """Return how the cues of a scene's plants are distributed; None with too few to compare.

    Small rasters are taken whole, of large ones squares in an order without pattern until
    there are enough.
    """
    parts, count = [], 0
    for frame in sample_frames(planes.rows, planes.cols):
        for _, cues, _, planted in cues_of(planes, scale, frame):
            parts.append(cues[planted])
            count += len(parts[-1])
        if count >= _MOST_SAMPLE:
            break
    sample = np.concatenate(parts)
    # A picture of one colour has nothing that could stand out.
    if count < _LEAST_SAMPLE or not np.any(np.ptp(sample, axis=0) > 0):
        return None
    return LevelTables.of_sample(sample)


def sample_frames(rows: int, cols: int) -> list[Frame]:
    """Return the whole of a small raster, or squares of a large one in an order without pattern."""
    if rows * cols <= _MOST_SAMPLE:
        return [Frame(0, 0, rows, cols)]
    squares = [
        Frame(row, col, min(rows, row + _SQUARE), min(cols, col + _SQUARE))
        for row in range(0, rows, _SQUARE)
        for col in range(0, cols, _SQUARE)
    ]
    order = sorted(range(len(squares)), key=lambda i: i * _HASH % _HASH_BITS)
    return [squares[i] for i in order]


def levels_of(planes: Planes, scale: Scale, tables: LevelTables, frame: Frame) -> tuple[I1, Mask]:
    """Return the levels of a rectangle of blocks, and which of them are judged."""
    shape = (frame.bottom - frame.top, frame.right - frame.left)
    levels = np.zeros((*shape, len(CUES)), dtype=np.int8)
    judged = np.zeros(shape, dtype=np.bool_)
    for row, cues, mask, _ in cues_of(planes, scale, frame):
        levels[row : row + len(mask)] = tables.of(cues, mask)
        judged[row : row + len(mask)] = mask
    return levels, judged


def evidence_of(levels: I1, judged: Mask, model: Packed) -> I2:
    """Return the evidence of blocks: the model's logits, averaged over a block and its neighbours.

    Returns:
        In 1/EVIDENCE_STEPS, shape (rows, cols); NOTHING where not judged.
    """
    raw = np.zeros(judged.shape, dtype=np.int32)
    for top in range(0, len(judged), _STRIP):
        strip = slice(top, top + _STRIP)
        logits = model.of_rows(levels[strip][judged[strip]])
        steps = np.clip(np.rint(logits * EVIDENCE_STEPS), -8192, 8192)
        raw[strip][judged[strip]] = steps.astype(np.int32)
    return averaged_evidence(raw, judged)


@njit(cache=True, nogil=True)
def averaged_evidence(raw: NDArray[np.int32], judged: Mask) -> I2:
    """Return the mean over a block and its judged neighbours; NOTHING where not judged."""
    rows, cols = judged.shape
    out = np.full((rows, cols), NOTHING, dtype=np.int16)
    for i in range(rows):
        for j in range(cols):
            if not judged[i, j]:
                continue
            total, count = 0, 0
            for y in range(max(0, i - 1), min(rows, i + 2)):
                for x in range(max(0, j - 1), min(cols, j + 2)):
                    if judged[y, x]:
                        total += raw[y, x]
                        count += 1
            out[i, j] = total // count
    return out


class Judge(Protocol):
    """What tells blocks and objects worth looking at from the rest."""

    @property
    def name(self) -> str:
        """Of the detector, in results."""

    def evidence(self, levels: I1, judged: Mask) -> I2:
        """Return the evidence of blocks, in 1/EVIDENCE_STEPS of a logit; NOTHING where not judged."""

    def logits(self, figures: F4) -> F4:
        """Return the logits of objects from their figures, shape (n, figures)."""


class Nudge(Protocol):
    """What else speaks for or against ground: other bands, a spectrum, the season."""

    @property
    def name(self) -> str:
        """Among the reasons of a patch."""

    def of(self, frame: Frame) -> I2:
        """Return what is added to the evidence of blocks, in 1/EVIDENCE_STEPS of a logit.

        0 where there is nothing to say. The same for a block in whatever rectangle it is asked.
        """


@dataclass(frozen=True, slots=True, eq=False)
class SheetObjects:
    """The objects of a sheet with its surroundings.

    Attributes:
        seen: The rectangle they lie in.
        figures: Of the objects, as evidence without nudges gives them.
        nudges: Mean of each nudge in each object, logits, shape (n, nudges).
        moved: What all of them together add to an object's logit, within bounds, shape (n,).
    """

    objects: Objects
    seen: Frame
    figures: F4
    nudges: F4
    moved: F4


def sheet_objects(
    planes: Planes,
    scale: Scale,
    tables: LevelTables,
    judge: Judge,
    sheet: Frame,
    *,
    least_blocks: float,
    nudges: Sequence[Nudge] = (),
    cut_at: Sequence[float] = HEIGHTS,
) -> SheetObjects:
    """Return the objects of a sheet.

    Args:
        nudges: Added to the evidence before objects are cut.
        cut_at: Logits at which objects are cut, lowest first.
    """
    seen = sheet.around(_AROUND, planes.rows, planes.cols)
    levels, judged = levels_of(planes, scale, tables, seen)
    plain = judge.evidence(levels, judged)
    heights = tuple(round(height * EVIDENCE_STEPS) for height in cut_at)
    if not nudges:
        objects = find_objects(levels, plain, heights, least_blocks=least_blocks)
        none = np.zeros((len(objects.blocks), 1), dtype=np.float32)
        return SheetObjects(objects, seen, objects.features, none[:, :0], none[:, 0])
    parts = [nudge.of(seen) for nudge in nudges]
    total = summed(parts)
    objects = find_objects(levels, nudged(plain, total), heights, least_blocks=least_blocks)
    figures, means = without_nudge(objects, plain, [*parts, total])
    return SheetObjects(objects, seen, figures, means[:, :-1], means[:, -1])
