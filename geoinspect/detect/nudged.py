"""Objects cut from evidence that was nudged: their figures without it, and how far it moved them.

The ranking of objects learnt from figures of plain evidence. So nudges say where objects are cut
and are added to their logit once, within a bound; they never reach the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING, SHAPE, Objects
from geoinspect.detect.pieces import label_pieces

F4 = NDArray[np.float32]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]

# No nudge moves a block or an object further than so many logits, nor do all of them together.
MOST_LOGITS = 2.0
MOST_STEPS = round(MOST_LOGITS * EVIDENCE_STEPS)
# The frame that an object's evidence is compared with, as of the cues' objects.
_FRAME = 5
_MEAN = SHAPE.index("evidence_mean")
assert SHAPE[_MEAN : _MEAN + 4] == (
    "evidence_mean",
    "evidence_top",
    "evidence_step",
    "evidence_rise",
)


def summed(parts: Sequence[I2]) -> I2:
    """Return the sum of nudges (one or more, of one shape), within the bound."""
    total = np.zeros(parts[0].shape, dtype=np.int32)
    for part in parts:
        total += np.clip(part, -MOST_STEPS, MOST_STEPS)
    return np.clip(total, -MOST_STEPS, MOST_STEPS).astype(np.int16)


def nudged(evidence: I2, nudge: I2) -> I2:
    """Return evidence with a nudge; NOTHING stays nothing."""
    moved = np.clip(evidence.astype(np.int32) + nudge, NOTHING + 1, -(NOTHING + 1))
    return np.where(evidence == NOTHING, NOTHING, moved).astype(np.int16)


def without_nudge(objects: Objects, plain: I2, parts: Sequence[I2]) -> tuple[F4, F4]:
    """Return the figures of objects as plain evidence gives them, and the mean of nudges in each.

    Args:
        objects: Cut from nudged evidence.
        plain: The evidence before, shape (rows, cols).
        parts: Nudges, each of shape (rows, cols).

    Returns:
        Figures of shape (n, figures), and means in logits, shape (n, len(parts)).
    """
    figures = objects.features.copy()
    means = np.zeros((len(figures), len(parts)), dtype=np.float32)
    stack = np.stack([*parts, np.zeros_like(plain)])[: len(parts)]
    for index, height in enumerate(objects.heights):
        numbers = np.flatnonzero(objects.height == index).astype(np.int32)
        if len(numbers):
            labels, _ = label_pieces(objects.evidence >= height)
            _describe(
                labels,
                plain,
                stack,
                numbers,
                objects.first,
                objects.frame,
                figures[:, _MEAN:],
                means,
            )
    return figures, means / np.float32(EVIDENCE_STEPS)


@njit(cache=True, nogil=True)
def _describe(
    labels: I4, plain: I2, parts: I2, numbers: I4, first: I4, frame: I4, figures: F4, means: F4
) -> None:
    rows, cols = labels.shape
    kinds = parts.shape[0]
    sums = np.zeros(kinds, dtype=np.int64)
    for n in numbers:
        label = labels[first[n, 0], first[n, 1]]
        top, left, bottom, right = frame[n]
        sums[:] = 0
        inside, total, highest, around, outside = 0, 0, -32768, 0, 0
        for i in range(max(0, top - _FRAME), min(rows, bottom + _FRAME)):
            for j in range(max(0, left - _FRAME), min(cols, right + _FRAME)):
                value = int(plain[i, j])
                if labels[i, j] == label:
                    inside += 1
                    total += value
                    highest = max(highest, value)
                    for k in range(kinds):
                        sums[k] += parts[k, i, j]
                elif value != NOTHING:
                    around += 1
                    outside += value
        mean = total / inside
        figures[n, 0] = mean
        figures[n, 1] = highest
        figures[n, 2] = mean - outside / around if around > 0 else 0.0
        figures[n, 3] = highest - mean
        for k in range(kinds):
            means[n, k] = sums[k] / inside
