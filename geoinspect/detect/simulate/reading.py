"""What the picture says about itself: where ground is open, the colours of leaves and soil, noise.

All in blocks of about 0.4 m. Nothing is absolute but ratios of the bands: the picture's own median
brightness is the unit, so that a dark or hazy survey is read like a bright one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.implants import Picture

F8 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BLOCK_M = 0.4
_SAMPLE_PX = 200_000
# Excess green, 2g − r − b of the chromaticities, above which a pixel is a leaf; where red reaches
# green it is straw or a yellow flower.
_LEAF_GATE = 0.06
# Bluer than this is water.
_LEAF_BLUE = 0.96
# Of the median brightness: darker is deep shadow; the second is a dark speckle, as between leaves
# and branches of a tree.
_SHADOW, _SPECKLE = 0.38, 0.5
_DAZZLING = 2.2
_LEAFY_SHARE = 0.3
_CROWN_SPECKLE, _CROWN_UNEVEN = 0.22, 0.14
# Chromaticity differences of made things: blue film and water, red tiles, grey road.
_BLUE_OVER_GREEN, _TILE_RED, _GREY_WARMTH = 1.03, 0.13, 0.04
_BLUE_OVER_RED = 0.03
# Water and roofs are smooth beside the rest of the picture.
_SMOOTH_SHARE = 0.35
_TOO_FEW_OPEN = 0.05
# Mean |difference| of two pixels of Gaussian noise of sigma 1.
_DIFFERENCE_OF_NOISE = 1.128
# Planes of `_block_sums`.
_VALID, _R, _G, _B, _ROUGH, _LEAF, _LR, _LG, _LB, _DARK = range(10)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A picture in blocks.

    Attributes:
        block_px: Side of a block.
        is_open: Where something low can grow, shape (rows, cols).
        leaf_rows_cols: Blocks with low leaves, shape (n, 2); n may be 0.
        leaf_colours: Mean colour of their leaves, shape (n, 3), in the picture's unit.
        soil_rows_cols: Bare open blocks, shape (m, 2); m may be 0.
        soil_colours: Their colours, shape (m, 3).
        brightness: Median mean-of-bands of the valid pixels.
        noise: Standard deviation of the finest noise of a band.
        ceiling: The greatest value a pixel may take.
    """

    block_px: int
    is_open: Flags
    leaf_rows_cols: NDArray[np.int64]
    leaf_colours: F8
    soil_rows_cols: NDArray[np.int64]
    soil_colours: F8
    brightness: float
    noise: float
    ceiling: float


@njit(cache=True, nogil=True)
def _block_sums(
    pixels: NDArray[np.generic], valid: Flags, block_px: int, median: float, gate: float
) -> F8:
    """Sum pixels by block, shape (10, rows, cols); ``median`` is of the sum of the bands."""
    h, w = valid.shape
    rows, cols = -(-h // block_px), -(-w // block_px)
    out = np.zeros((10, rows, cols))
    for y in range(h):
        i = y // block_px
        for j in range(cols):
            before = -1.0
            for x in range(j * block_px, min(w, (j + 1) * block_px)):
                if not valid[y, x]:
                    before = -1.0
                    continue
                r, g, b = float(pixels[0, y, x]), float(pixels[1, y, x]), float(pixels[2, y, x])
                s = r + g + b
                out[_VALID, i, j] += 1
                out[_R, i, j] += r
                out[_G, i, j] += g
                out[_B, i, j] += b
                if before >= 0:
                    out[_ROUGH, i, j] += abs(s - before)
                before = s
                if s < _SPECKLE * median:
                    out[_DARK, i, j] += 1
                elif 3 * g > (1 + gate) * s and r < g and b < _LEAF_BLUE * g:
                    out[_LEAF, i, j] += 1
                    out[_LR, i, j] += r
                    out[_LG, i, j] += g
                    out[_LB, i, j] += b
    return out


def _neighbours(flags: Flags) -> NDArray[np.int64]:
    """Count the set ones among each cell's nine; outside counts as not set."""
    padded = np.pad(flags.astype(np.int64), 1)
    h, w = flags.shape
    count = np.sum([padded[i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0)
    return np.asarray(count)


def _unevenness(s: F8) -> F8:
    """Return the relative spread of brightness among the 5 × 5 blocks around each."""
    h, w = s.shape
    padded = np.pad(s, 2, mode="edge")
    windows = [padded[i : i + h, j : j + w] for i in range(5) for j in range(5)]
    mean = np.mean(windows, axis=0)
    square = np.mean([window * window for window in windows], axis=0)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)) / np.maximum(mean, 1e-9))


def _closed(sums: F8, whole: Flags, median: float, careful: bool) -> Flags:
    """Tell where nothing is planted: crowns, water, roofs, roads, shadow, film."""
    n = np.maximum(sums[_VALID], 1)
    r, g, b = sums[_R] / n, sums[_G] / n, sums[_B] / n
    s = np.maximum(r + g + b, 1e-9)
    rough = sums[_ROUGH] / n / s
    leafy = sums[_LEAF] > _LEAFY_SHARE * n
    typical = float(np.median(rough[whole])) if whole.any() else 0.0
    smooth = rough < _SMOOTH_SHARE * typical
    closed = (s < _SHADOW * median) | (s > _DAZZLING * median)
    closed |= sums[_DARK] > _CROWN_SPECKLE * n
    made = (b > _BLUE_OVER_GREEN * g) | ((r - g) / s > _TILE_RED) | ((b - r) / s > _BLUE_OVER_RED)
    if careful:
        made |= ((r - b) / s < _GREY_WARMTH) & ((2 * g - r - b) / s < _GREY_WARMTH)
        made |= smooth & ((r - b) / s < 1.5 * _GREY_WARMTH)
        # Crowns have sunny and shady sides of metres; low plants don't.
        closed |= leafy & (_unevenness(s) > _CROWN_UNEVEN)
    closed |= made & ~leafy
    # A lone closed block is a stone or a bush; one with several closed neighbours is an edge.
    around = _neighbours(closed)
    return np.asarray((closed & (around > 2)) | (around > 4))


def read(picture: Picture) -> Reading | None:
    """Read a picture; None where it has no valid ground with any light on it."""
    valid = picture.valid
    stride = max(1, int(np.sqrt(valid.size / _SAMPLE_PX)))
    thin = picture.pixels[:, ::stride, ::stride][:, valid[::stride, ::stride]].astype(np.float64)
    if thin.size == 0:
        thin = picture.pixels[:, valid].astype(np.float64)
    if thin.size == 0 or not (median := float(np.median(thin.sum(axis=0)))) > 0:
        return None
    block_px = max(1, round(_BLOCK_M / picture.gsd_m))
    sums = _block_sums(picture.pixels, valid, block_px, median, _LEAF_GATE)
    n = sums[_VALID]
    whole = n > 0.999 * n.max()
    closed = _closed(sums, whole, median, careful=True)
    if (whole & ~closed).sum() < _TOO_FEW_OPEN * whole.sum():
        closed = _closed(sums, whole, median, careful=False)
    is_open = whole & ~closed
    leafy = is_open & (sums[_LEAF] > _LEAFY_SHARE * n)
    # Neither leaves nor yellow flowers nor straw: those have far less blue than soil.
    excess = 3 * sums[_G] - (1 + _LEAF_GATE) * sums[_R : _B + 1].sum(axis=0)
    bare = is_open & (sums[_LEAF] < 0.1 * n) & (excess < 0)
    rough = sums[_ROUGH][whole] / n.max() / 3
    top = 255 if picture.pixels.dtype.itemsize == 1 else 65_535
    reach = float(thin.max())
    return Reading(
        block_px=block_px,
        is_open=is_open,
        leaf_rows_cols=np.argwhere(leafy),
        leaf_colours=(sums[_LR : _LB + 1, leafy] / sums[_LEAF, leafy]).T,
        soil_rows_cols=np.argwhere(bare),
        soil_colours=(sums[_R : _B + 1, bare] / n[bare]).T,
        brightness=median / 3,
        noise=float(np.quantile(rough, 0.1)) / _DIFFERENCE_OF_NOISE if rough.size else 0.0,
        # A 16-bit picture seldom uses all of its range; its own brightest is its white.
        ceiling=float(top) if top <= 255 else float(min(top, 1.05 * reach + 1)),
    )
