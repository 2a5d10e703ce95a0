"""Inner loops of the spectral cues: exact integer moments, and distances of single pixels.

Sums are integers, so they are the same in any order; a distance is computed pixel by pixel in a
fixed order of operations, so it is the same in any window.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]


@numba.njit(cache=True, nogil=True)
def _usable(pixels: NDArray[np.generic], valid: Mask, row: int, col: int) -> bool:
    """Return whether a pixel is valid and a number in every band."""
    usable: bool = valid[row, col]
    for band in range(pixels.shape[0]):
        usable = usable and np.isfinite(pixels[band, row, col])
    return usable


@numba.njit(cache=True, nogil=True)
def level_sums(
    pixels: NDArray[np.generic], valid: Mask, origin: F8, step: F8, top: int
) -> tuple[int, I8, I8]:
    """Count pixels and sum their levels and products of levels.

    Args:
        pixels: Shape (bands, h, w), at most 2³⁰ pixels; ``valid`` has shape (h, w).
        origin, step: Of each band; the level of a value is (value − origin) / step, rounded, and
            held within 0 … ``top``, which is below 2¹⁶ so that the sums can't overflow.

    Returns:
        Valid finite pixels, Σ levels of shape (bands,), Σ products of shape (bands, bands), of
        which only the lower triangle is filled.
    """
    bands, h, w = pixels.shape
    sums = np.zeros(bands, dtype=np.int64)
    products = np.zeros((bands, bands), dtype=np.int64)
    level = np.zeros(bands, dtype=np.int64)
    count = 0
    for row in range(h):
        for col in range(w):
            if not _usable(pixels, valid, row, col):
                continue
            count += 1
            for i in range(bands):
                exact = (float(pixels[i, row, col]) - origin[i]) / step[i]
                level[i] = int(min(max(exact, 0.0), float(top)) + 0.5)
                sums[i] += level[i]
                for j in range(i + 1):
                    products[i, j] += level[i] * level[j]
    return count, sums, products


@numba.njit(cache=True, nogil=True)
def whitened(
    pixels: NDArray[np.generic], valid: Mask, mean: F8, whitener: F8, direction: F8
) -> tuple[F8, F8]:
    """Return squared length of each whitened pixel, and its projection on a direction.

    Args:
        pixels: Shape (bands, h, w); ``valid`` has shape (h, w).
        mean: Shape (bands,).
        whitener: Lower triangular W with WᵀW = Σ⁻¹, shape (bands, bands).
        direction: In whitened space, shape (bands,).

    Returns:
        (x − μ)ᵀΣ⁻¹(x − μ) and directionᵀW(x − μ), shape (h, w), NaN where not valid.
    """
    bands, h, w = pixels.shape
    length = np.full((h, w), np.nan)
    along = np.full((h, w), np.nan)
    apart = np.zeros(bands)
    for row in range(h):
        for col in range(w):
            if not _usable(pixels, valid, row, col):
                continue
            squares, projection = 0.0, 0.0
            for i in range(bands):
                apart[i] = float(pixels[i, row, col]) - mean[i]
                part = 0.0
                for j in range(i + 1):
                    part += whitener[i, j] * apart[j]
                squares += part * part
                projection += direction[i] * part
            length[row, col] = squares
            along[row, col] = projection
    return length, along
