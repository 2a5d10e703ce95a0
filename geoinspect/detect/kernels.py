"""The hot loops of detection, compiled by numba: pixels to block sums, box sums, labels.

All sums are integers, so a result never depends on the order or the window it was made in.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

I4 = NDArray[np.int32]
I8 = NDArray[np.int64]

# Planes of `block_sums`.
VALID, GREEN, BLUE, PETAL, ROUGH, BRIGHT = range(6)
# Fractions and brightness are counted in these steps.
STEPS = 4096
BRIGHT_STEPS = 256

# Of the median brightness of vegetation: darker is deep shadow, whose colour is noise and sky.
_SHADOW = 0.3
# Brighter than this and nearly without colour is white.
_WHITE = 1.7
_WHITE_LEAST_CHANNEL = 0.28
# Brightness is counted up to here, so that a broken pixel can't overflow a sum.
_DAZZLING = 16.0
# Excess green this far below zero, and not brown (blue well below green), is red, pink or mauve.
_PETAL_EXCESS = -0.08
_PETAL_BLUE_TO_GREEN = 0.9
# A pixel is only a petal where leaves stand among them, inside the same block.
_LEAF_SHARE = 0.2
# Bluer than this is water or a painted roof; blue-green leaves stay at or below green.
_LEAF_BLUE_TO_GREEN = 1.05


@njit(cache=True, nogil=True)
def _drop_lone_petals(sums: I4) -> None:
    """Take petals out of blocks that have next to no leaves: roofs, roads, laundry."""
    for i in range(sums.shape[1]):
        for j in range(sums.shape[2]):
            if sums[GREEN, i, j] < _LEAF_SHARE * sums[VALID, i, j]:
                sums[PETAL, i, j] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def block_sums(
    pixels: NDArray[np.generic],
    valid: NDArray[np.bool_],
    block_px: int,
    reference: float,
    gate: float,
) -> I4:
    """Sum what the pixels of each block say; without divisions, which would cost the most.

    Args:
        pixels: Red, green, blue, shape (3, h, w), any unit; ``valid`` has shape (h, w).
        reference: Median brightness (sum of the bands) of vegetation.
        gate: Excess green (2g − r − b of chromaticities) above which a pixel is vegetation.

    Returns:
        Shape (6, ⌈h/block_px⌉, ⌈w/block_px⌉): VALID and GREEN (vegetated) pixels; BLUE, Σ blue
        chromaticity of the vegetated in 1/STEPS; PETAL pixels; ROUGH, Σ brightness steps between
        neighbours in a row; BRIGHT, Σ brightness where those were taken.
    """
    h, w = valid.shape
    rows, cols = -(-h // block_px), -(-w // block_px)
    out = np.zeros((6, rows, cols), dtype=np.int32)
    shadow, white = _SHADOW * reference, _WHITE * reference
    leaf, petal = (1.0 + gate) / 3.0, (1.0 + _PETAL_EXCESS) / 3.0
    to_steps, dazzling = BRIGHT_STEPS / reference, _DAZZLING * reference
    for row in range(h):
        i = row // block_px
        for j in range(cols):
            before = -1
            count, leaves, blueness, petals, rough, bright = 0, 0, 0, 0, 0, 0
            for col in range(j * block_px, min(w, (j + 1) * block_px)):
                last, before = before, -1
                if not valid[row, col]:
                    continue
                count += 1
                red = max(float(pixels[0, row, col]), 0.0)
                green = max(float(pixels[1, row, col]), 0.0)
                blue = max(float(pixels[2, row, col]), 0.0)
                total = red + green + blue
                if total < shadow:
                    continue
                if green > leaf * total and blue <= _LEAF_BLUE_TO_GREEN * green:
                    leaves += 1
                    blueness += int(blue / total * STEPS + 0.5)
                    before = int(min(total, dazzling) * to_steps + 0.5)
                    if last >= 0:
                        rough += abs(before - last)
                        bright += before
                elif (green < petal * total and blue > _PETAL_BLUE_TO_GREEN * green) or (
                    total > white and min(red, green, blue) > _WHITE_LEAST_CHANNEL * total
                ):
                    petals += 1
            out[VALID, i, j] += count
            out[GREEN, i, j] += leaves
            out[BLUE, i, j] += blueness
            out[PETAL, i, j] += petals
            out[ROUGH, i, j] += rough
            out[BRIGHT, i, j] += bright
    _drop_lone_petals(out)
    return out


@njit(cache=True, nogil=True)
def box_sum(plane: I4, radius: int) -> I8:
    """Return the sum over the (2·radius + 1)² blocks around each block, cut at the border."""
    rows, cols = plane.shape
    across = np.empty((rows, cols), dtype=np.int64)
    for i in range(rows):
        total = 0
        for j in range(min(radius, cols)):
            total += plane[i, j]
        for j in range(cols):
            if j + radius < cols:
                total += plane[i, j + radius]
            if j - radius - 1 >= 0:
                total -= plane[i, j - radius - 1]
            across[i, j] = total
    out = np.empty((rows, cols), dtype=np.int64)
    running = np.zeros(cols, dtype=np.int64)
    for i in range(min(radius, rows)):
        for j in range(cols):
            running[j] += across[i, j]
    for i in range(rows):
        for j in range(cols):
            if i + radius < rows:
                running[j] += across[i + radius, j]
            if i - radius - 1 >= 0:
                running[j] -= across[i - radius - 1, j]
            out[i, j] = running[j]
    return out


@njit(cache=True, nogil=True)
def label_pieces(marked: NDArray[np.bool_]) -> tuple[I4, int]:
    """Return pieces joined by edges, numbered from 1 in reading order, and how many there are."""
    rows, cols = marked.shape
    labels = np.zeros((rows, cols), dtype=np.int32)
    parent = np.zeros(rows * cols // 2 + 2, dtype=np.int32)
    used = 0
    for i in range(rows):
        for j in range(cols):
            if not marked[i, j]:
                continue
            above = labels[i - 1, j] if i > 0 else 0
            left = labels[i, j - 1] if j > 0 else 0
            if above == 0 and left == 0:
                used += 1
                parent[used] = used
                labels[i, j] = used
                continue
            if above == 0 or left == 0:
                labels[i, j] = above + left
                continue
            while parent[above] != above:
                above = parent[above]
            while parent[left] != left:
                left = parent[left]
            first = min(above, left)
            parent[max(above, left)] = first
            labels[i, j] = first
    number = np.zeros(used + 1, dtype=np.int32)
    count = 0
    for label in range(1, used + 1):
        root = label
        while parent[root] != root:
            root = parent[root]
        if root == label:
            count += 1
            number[label] = count
        else:
            number[label] = number[root]
    for i in range(rows):
        for j in range(cols):
            labels[i, j] = number[labels[i, j]]
    return labels, count
