"""Cues of a block: what its surroundings look like at three scales, from the planes.

All sums are of whole numbers, so a cue is the same for any cut of the raster.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.planes import (
    BRIGHT_STEPS,
    CHROMA_STEPS,
    CUBE_STEPS,
    M3_OFFSET,
    M3_STEPS,
    M_OFFSET,
    M_STEPS,
    PLANES,
    SQUARE_STEPS,
    U2,
)

F4 = NDArray[np.float32]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Name of each cue in the order of the kernel's output. "near" is about a metre, "patch" nearly
# three, "ring" the ten metres around without them; "contrast" is patch minus ring.
CUES = (
    "leaf_share",
    "glaucous",
    "leaf_red",
    "leaf_bright",
    "white_petals",
    "pink_petals",
    "red_petals",
    "yellow",
    "shade",
    "roughness",
    "speckle",
    "speckle_skew",
    "magenta",
    "magenta_spread",
    "magenta_skew",
    "texture",
    "rows",
    "fineness",
    "patch_leaf_share",
    "glaucous_contrast",
    "leaf_red_contrast",
    "leaf_bright_contrast",
    "leaf_share_contrast",
    "petals_contrast",
    "speckle_contrast",
    "texture_contrast",
    "magenta_contrast",
    "glaucous_spread",
    "patch_roughness",
    "patch_petals",
    "whiteness",
    "warmth",
    "warmth_spread",
    "whiteness_contrast",
    "warmth_contrast",
    "bright_contrast",
)
# Reach of the three scales, metres from a block's middle.
NEAR_M, PATCH_M, RING_M = 0.5, 1.25, 5.0
# Ground is judged when it isn't all shade and this much of what lies around it are leaves; it
# counts as plants, which a scene's cues are ranked against, from this much in the metre around.
_MOST_SHADE = 0.8
_LEAST_AROUND = 0.02
_LEAST_PLANTS = 0.25
_LEAST_LEAVES = 0.12
# A block at the ragged edge of the picture is judged only when nearly all of it was seen.
_SEEN_SHARE = 0.9

_LB2 = PLANES
_SUMS = PLANES + 1
_VALID, _LEAF, _SHADE, _WHITE, _PINK, _RED, _YELLOW = range(7)
_LB, _LR, _LL, _L, _L2, _W, _W2, _W3, _M, _M2, _M3, _DX, _DY, _RB, _RB2 = range(7, 22)


@njit(cache=True, nogil=True)
def integrals(planes: U2) -> I8:
    """Return sums from the corner: shape (rows + 1, cols + 1, PLANES + 1).

    Means are weighted by the pixels they were taken over. The last plane is the square of the
    leaves' blue chroma, for its spread between blocks.
    """
    rows, cols = planes.shape[0], planes.shape[1]
    out = np.zeros((rows + 1, cols + 1, _SUMS), dtype=np.int64)
    line = np.zeros(_SUMS, dtype=np.int64)
    for i in range(rows):
        line[:] = 0
        for j in range(cols):
            leaf = np.int64(planes[i, j, _LEAF])
            lit = np.int64(planes[i, j, _VALID]) - np.int64(planes[i, j, _SHADE])
            for k in range(7):
                line[k] += planes[i, j, k]
            for k in range(7, 10):
                line[k] += leaf * np.int64(planes[i, j, k])
            for k in range(10, 22):
                line[k] += lit * np.int64(planes[i, j, k])
            blue = np.int64(planes[i, j, _LB])
            line[_LB2] += leaf * (blue * blue >> 8)
            for k in range(_SUMS):
                out[i + 1, j + 1, k] = out[i, j + 1, k] + line[k]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def block_cues(
    planes: U2,
    sums: I8,
    first_row: int,
    first_col: int,
    rows: int,
    cols: int,
    reach: tuple[int, int, int],
    block_px: int,
) -> tuple[F4, Mask, Mask]:
    """Return the cues of blocks, which of them are judged, and which of these are plants.

    Args:
        planes: Shape (h, w, PLANES), the blocks wanted and as much around them as there is, up
            to the widest reach.
        sums: Their :func:`integrals`.
        first_row, first_col, rows, cols: Which blocks of ``planes`` are wanted.
        reach: Blocks to each side for near, patch and ring.
        block_px: Side of a block, pixels.

    Returns:
        Cues, shape (rows, cols, len(CUES)), and the two masks, shape (rows, cols).
    """
    h, w = planes.shape[0], planes.shape[1]
    out = np.zeros((rows, cols, 36), dtype=np.float32)
    judged = np.zeros((rows, cols), dtype=np.bool_)
    planted = np.zeros((rows, cols), dtype=np.bool_)
    near = np.zeros(_SUMS, dtype=np.float64)
    patch = np.zeros(_SUMS, dtype=np.float64)
    ring = np.zeros(_SUMS, dtype=np.float64)
    least_valid = _SEEN_SHARE * block_px * block_px
    for i in range(rows):
        for j in range(cols):
            y, x = i + first_row, j + first_col
            if planes[y, x, _VALID] < least_valid:
                continue
            _box(sums, y, x, reach[0], h, w, near)
            if near[_SHADE] > _MOST_SHADE * near[_VALID]:
                continue
            _box(sums, y, x, reach[2], h, w, ring)
            if ring[_LEAF] < _LEAST_AROUND * ring[_VALID]:
                continue
            judged[i, j] = True
            plants = near[_LEAF] + near[_WHITE] + near[_PINK] + near[_RED]
            planted[i, j] = (
                plants >= _LEAST_PLANTS * near[_VALID]
                and near[_LEAF] >= _LEAST_LEAVES * near[_VALID]
            )
            _box(sums, y, x, reach[1], h, w, patch)
            for k in range(_SUMS):
                ring[k] -= patch[k]
            _cues(near, patch, ring, out[i, j])
    return out, judged, planted


@njit(cache=True, nogil=True)
def _box(sums: I8, y: int, x: int, reach: int, h: int, w: int, out: NDArray[np.float64]) -> None:
    top, bottom = max(0, y - reach), min(h, y + reach + 1)
    left, right = max(0, x - reach), min(w, x + reach + 1)
    for k in range(out.shape[0]):
        out[k] = (
            sums[bottom, right, k]
            - sums[top, right, k]
            - sums[bottom, left, k]
            + sums[top, left, k]
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _cues(
    near: NDArray[np.float64], patch: NDArray[np.float64], ring: NDArray[np.float64], out: F4
) -> None:
    lit = max(near[_VALID] - near[_SHADE], 1.0)
    patch_lit = max(patch[_VALID] - patch[_SHADE], 1.0)
    valid, leaf = max(near[_VALID], 1.0), max(near[_LEAF], 1.0)
    patch_leaf = max(patch[_LEAF], 1.0)
    out[0] = near[_LEAF] / valid
    out[1] = near[_LB] / leaf / CHROMA_STEPS
    out[2] = near[_LR] / leaf / CHROMA_STEPS
    out[3] = near[_LL] / leaf / BRIGHT_STEPS
    out[4] = near[_WHITE] / valid
    out[5] = near[_PINK] / valid
    out[6] = near[_RED] / valid
    out[7] = near[_YELLOW] / valid
    out[8] = near[_SHADE] / valid
    bright = near[_L] / lit / BRIGHT_STEPS
    spread = _spread(bright, near[_L2] / lit / SQUARE_STEPS)
    out[9] = spread / max(bright, 0.05)
    out[10], out[11] = _speckle(near, lit)
    magenta = near[_M] / lit / M_STEPS - M_OFFSET
    magenta_spread = _spread(magenta, near[_M2] / lit / SQUARE_STEPS)
    out[12] = magenta
    out[13] = magenta_spread
    out[14] = _skew(
        magenta,
        magenta_spread,
        near[_M2] / lit / SQUARE_STEPS,
        near[_M3] / lit / M3_STEPS - M3_OFFSET,
    )
    steps = (near[_DX] + near[_DY]) / lit / BRIGHT_STEPS
    out[15] = steps / max(bright, 0.05)
    out[16] = abs(near[_DX] - near[_DY]) / max(near[_DX] + near[_DY], 1.0)
    out[17] = steps / max(spread, 0.01)
    out[18] = patch[_LEAF] / max(patch[_VALID], 1.0)
    _contrasts(patch, ring, out)
    blue = patch[_LB] / patch_leaf / CHROMA_STEPS
    out[27] = _spread(blue, patch[_LB2] / patch_leaf * 256.0 / CHROMA_STEPS**2)
    patch_bright = patch[_L] / patch_lit / BRIGHT_STEPS
    out[28] = _spread(patch_bright, patch[_L2] / patch_lit / SQUARE_STEPS) / max(patch_bright, 0.05)
    out[29] = (patch[_WHITE] + patch[_PINK] + patch[_RED]) / max(patch[_VALID], 1.0)
    out[30] = near[_W] / max(near[_L], 1.0)
    warmth = near[_RB] / lit / M_STEPS - M_OFFSET
    out[31] = warmth / max(bright, 0.05)
    out[32] = _spread(warmth, near[_RB2] / lit / SQUARE_STEPS)


@njit(cache=True, nogil=True, error_model="numpy")
def _contrasts(patch: NDArray[np.float64], ring: NDArray[np.float64], out: F4) -> None:
    """Put in by how much the patch differs from the ring around it."""
    patch_lit = max(patch[_VALID] - patch[_SHADE], 1.0)
    ring_lit = max(ring[_VALID] - ring[_SHADE], 1.0)
    patch_leaf, ring_leaf = max(patch[_LEAF], 1.0), max(ring[_LEAF], 1.0)
    # Where the ring has next to no leaves there is nothing to stand out from.
    if ring[_LEAF] > 0.02 * ring[_VALID]:
        out[19] = patch[_LB] / patch_leaf / CHROMA_STEPS - ring[_LB] / ring_leaf / CHROMA_STEPS
        out[20] = patch[_LR] / patch_leaf / CHROMA_STEPS - ring[_LR] / ring_leaf / CHROMA_STEPS
        out[21] = patch[_LL] / patch_leaf / BRIGHT_STEPS - ring[_LL] / ring_leaf / BRIGHT_STEPS
    if ring[_VALID] > 0:
        out[22] = out[18] - ring[_LEAF] / ring[_VALID]
        petals = (ring[_WHITE] + ring[_PINK] + ring[_RED]) / ring[_VALID]
        out[23] = (patch[_WHITE] + patch[_PINK] + patch[_RED]) / max(patch[_VALID], 1.0) - petals
        speckle, _ = _speckle(patch, patch_lit)
        around, _ = _speckle(ring, ring_lit)
        out[24] = speckle - around
        out[25] = (patch[_DX] + patch[_DY]) / max(patch[_L], 1.0) - (ring[_DX] + ring[_DY]) / max(
            ring[_L], 1.0
        )
        out[26] = (patch[_M] / patch_lit - ring[_M] / ring_lit) / M_STEPS
        out[33] = patch[_W] / max(patch[_L], 1.0) - ring[_W] / max(ring[_L], 1.0)
        out[34] = (patch[_RB] / patch_lit - ring[_RB] / ring_lit) / M_STEPS
        out[35] = (patch[_L] / patch_lit - ring[_L] / ring_lit) / BRIGHT_STEPS


@njit(cache=True, nogil=True)
def _spread(mean: float, square: float) -> float:
    return float(max(square - mean * mean, 0.0) ** 0.5)


@njit(cache=True, nogil=True, error_model="numpy")
def _skew(mean: float, spread: float, square: float, cube: float) -> float:
    """Return the third standardised moment, drawn to 0 where hardly anything varies."""
    third = cube - 3.0 * mean * square + 2.0 * mean**3
    return float(third / (spread**3 + 1e-3))


@njit(cache=True, nogil=True, error_model="numpy")
def _speckle(sums: NDArray[np.float64], lit: float) -> tuple[float, float]:
    """Return spread and skew of whiteness."""
    mean = sums[_W] / lit / BRIGHT_STEPS
    square = sums[_W2] / lit / SQUARE_STEPS
    spread = _spread(mean, square)
    return spread, _skew(mean, spread, square, sums[_W3] / lit / CUBE_STEPS)
