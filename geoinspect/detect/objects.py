"""From a map of evidence to objects: ground that hangs together at one of several heights.

Like the components of a max-tree (Salembier et al. 1998) cut at a few heights: an object at a low
height holds those above it. Which of them is the patch is decided later, by rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.pieces import label_pieces

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Evidence is counted in these steps of a logit.
EVIDENCE_STEPS = 64
NOTHING = np.int16(-32768)
# The surroundings an object is compared with: a frame this many blocks wide.
_FRAME = 5
# Columns of an object's own figures before those of the cues.
SHAPE = (
    "area",
    "fill",
    "compactness",
    "elongation",
    "evidence_mean",
    "evidence_top",
    "evidence_step",
    "evidence_rise",
    "growth",
    "judged_around",
)
FEATURES = (
    *SHAPE,
    *CUES,
    *(f"{name}_step" for name in CUES),
    *(f"{name}_mix" for name in CUES),
)


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The objects of one sheet.

    Attributes:
        features: Shape (n, len(FEATURES)).
        blocks: How many blocks each has, shape (n,).
        first: Row and column of its first block in reading order, shape (n, 2).
        frame: Top, left, bottom, right (exclusive) in blocks, shape (n, 4).
        height: Which of the heights it was cut at, shape (n,).
        parent: Number of the object one height below that holds it, −1 for none; shape (n,).
        evidence: What they were cut from, shape (rows, cols).
        heights: At which, in the evidence's steps.
    """

    features: F4
    blocks: I4
    first: I4
    frame: I4
    height: I4
    parent: I4
    evidence: I2
    heights: tuple[int, ...]

    def mask(self, number: int) -> tuple[Mask, tuple[int, int]]:
        """Return the blocks of an object within its frame, and the frame's corner."""
        top, left, bottom, right = (int(v) for v in self.frame[number])
        height = self.heights[int(self.height[number])]
        labels, _ = label_pieces(self.evidence[top:bottom, left:right] >= height)
        row, col = self.first[number]
        return labels == labels[row - top, col - left], (top, left)


def find_objects(
    levels: I1, evidence: I2, heights: tuple[int, ...], *, least_blocks: float
) -> Objects:
    """Return what hangs together at each height.

    Args:
        levels: Cues of each block, shape (rows, cols, cues).
        evidence: In 1/EVIDENCE_STEPS of a logit, shape (rows, cols); NOTHING where not judged.
        heights: Ascending, in the same steps.
        least_blocks: Smaller objects are left out.
    """
    parts: list[tuple[NDArray[np.generic], ...]] = []
    below: tuple[I4, I4] | None = None
    total = 0
    for index, height in enumerate(heights):
        labels, count = label_pieces(evidence >= height)
        blocks, first, frame = _extents(labels, count)
        chosen = np.flatnonzero(blocks >= max(least_blocks, 1)).astype(np.int32)
        parent = np.full(len(chosen), -1, dtype=np.int32)
        if below is not None:
            numbers, map_below = below
            parent = numbers[map_below[first[chosen, 0], first[chosen, 1]]]
        features = _describe(labels, levels, evidence, chosen, blocks, frame)
        at_height = np.full(len(chosen), index, dtype=np.int32)
        parts.append((features, blocks[chosen], first[chosen], frame[chosen], at_height, parent))
        numbers = np.full(count + 1, -1, dtype=np.int32)
        numbers[chosen] = np.arange(len(chosen), dtype=np.int32) + total
        below, total = (numbers, labels), total + len(chosen)
    features, blocks, first, frame, at_height, parent = (
        np.concatenate([part[k] for part in parts]) for k in range(6)
    )
    grown = np.where(parent >= 0, blocks[parent] / np.maximum(blocks, 1), 8.0)
    features[:, SHAPE.index("growth")] = np.log2(np.minimum(grown, 64.0))
    return Objects(features, blocks, first, frame, at_height, parent, evidence, heights)


@njit(cache=True, nogil=True)
def _extents(labels: I4, count: int) -> tuple[I4, I4, I4]:
    """Return size, first block and frame of each label from 0 to count; 0 has size 0."""
    rows, cols = labels.shape
    blocks = np.zeros(count + 1, dtype=np.int32)
    first = np.zeros((count + 1, 2), dtype=np.int32)
    frame = np.zeros((count + 1, 4), dtype=np.int32)
    for i in range(rows):
        for j in range(cols):
            label = labels[i, j]
            if label == 0:
                continue
            if blocks[label] == 0:
                first[label, 0], first[label, 1] = i, j
                frame[label, 0], frame[label, 1] = i, j
            blocks[label] += 1
            frame[label, 1] = min(frame[label, 1], j)
            frame[label, 2] = i + 1
            frame[label, 3] = max(frame[label, 3], j + 1)
    return blocks, first, frame


@njit(cache=True, nogil=True, error_model="numpy")
def _describe(labels: I4, levels: I1, evidence: I2, chosen: I4, blocks: I4, frame: I4) -> F4:
    rows, cols, cues = levels.shape
    shape = 10
    out = np.zeros((len(chosen), shape + 3 * cues), dtype=np.float32)
    own = np.zeros(cues, dtype=np.int64)
    square = np.zeros(cues, dtype=np.int64)
    around = np.zeros(cues, dtype=np.int64)
    for n in range(len(chosen)):
        label = chosen[n]
        top, left, bottom, right = frame[label]
        own[:], square[:], around[:] = 0, 0, 0
        total, highest, outside, around_n, frame_n = 0, -32768, 0, 0, 0
        edge = 0
        sy, sx, syy, sxx, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(max(0, top - _FRAME), min(rows, bottom + _FRAME)):
            for j in range(max(0, left - _FRAME), min(cols, right + _FRAME)):
                if labels[i, j] != label:
                    frame_n += 1
                    if evidence[i, j] != NOTHING:
                        around_n += 1
                        outside += evidence[i, j]
                        for k in range(cues):
                            around[k] += levels[i, j, k]
                    continue
                total += evidence[i, j]
                highest = max(highest, evidence[i, j])
                y, x = float(i - top), float(j - left)
                sy, sx, syy, sxx, sxy = sy + y, sx + x, syy + y * y, sxx + x * x, sxy + x * y
                edge += i == 0 or labels[i - 1, j] != label
                edge += i == rows - 1 or labels[i + 1, j] != label
                edge += j == 0 or labels[i, j - 1] != label
                edge += j == cols - 1 or labels[i, j + 1] != label
                for k in range(cues):
                    value = np.int64(levels[i, j, k])
                    own[k] += value
                    square[k] += value * value
        size = float(blocks[label])
        moments = (sy, sx, syy, sxx, sxy)
        _put_shape(size, edge, moments, out[n])
        mean = total / size
        out[n, 4] = mean
        out[n, 5] = highest
        out[n, 6] = mean - outside / around_n if around_n > 0 else 0.0
        out[n, 7] = highest - mean
        out[n, 9] = around_n / max(frame_n, 1)
        for k in range(cues):
            inside = own[k] / size
            out[n, shape + k] = inside
            out[n, shape + cues + k] = inside - around[k] / around_n if around_n > 0 else 0.0
            out[n, shape + 2 * cues + k] = max(square[k] / size - inside * inside, 0.0) ** 0.5
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _put_shape(
    size: float, edge: int, moments: tuple[float, float, float, float, float], out: F4
) -> None:
    """Put in area, how well an ellipse of the same moments is filled, compactness, elongation."""
    sy, sx, syy, sxx, sxy = moments
    vy = syy / size - (sy / size) ** 2 + 1.0 / 12
    vx = sxx / size - (sx / size) ** 2 + 1.0 / 12
    vxy = sxy / size - sy / size * sx / size
    root = max((vy - vx) ** 2 / 4 + vxy * vxy, 0.0) ** 0.5
    long, short = (vy + vx) / 2 + root, max((vy + vx) / 2 - root, 1.0 / 12)
    out[0] = np.log2(size)
    out[1] = size / (12.566370614 * (long * short) ** 0.5)
    out[2] = size / (edge * edge)
    out[3] = (long / short) ** 0.5


def keep_best(score: F4, parent: I4, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the objects of best score of which none holds another, best first.

    Args:
        score: Of each object.
        parent: Number of the object that holds it, −1 for none.
        order: The objects, best first.
    """
    taken = np.zeros(len(score), dtype=np.int8)
    return order[_keep(parent, order, taken)]


@njit(cache=True, nogil=True)
def _keep(parent: I4, order: I8, taken: I1) -> Mask:
    """Walk best first: an object is kept unless it holds, or is held by, one kept before.

    ``taken`` is 1 on kept objects and 2 on those that hold one.
    """
    kept = np.zeros(len(order), dtype=np.bool_)
    for n in range(len(order)):
        number = order[n]
        if taken[number] != 0:
            continue
        above = parent[number]
        free = True
        while above >= 0:
            if taken[above] == 1:
                free = False
                break
            above = parent[above]
        if not free:
            continue
        kept[n] = True
        taken[number] = 1
        above = parent[number]
        while above >= 0:
            taken[above] = 2
            above = parent[above]
    return kept
