"""Compiled loops over whole pictures and windows: block means, box sums, filled outlines."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
Mask = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def block_colours(pixels: NDArray[np.generic], valid: Mask, block_px: int) -> tuple[F4, F4, Mask]:
    """Return what whole blocks of a picture look like.

    Returns:
        Mean colour, shape (3, rows, cols); spread of green inside over its mean, shape
        (rows, cols); which blocks are wholly valid.
    """
    rows, cols = valid.shape[0] // block_px, valid.shape[1] // block_px
    colour = np.zeros((3, rows, cols), dtype=np.float32)
    spread = np.zeros((rows, cols), dtype=np.float32)
    seen = np.ones((rows, cols), dtype=np.bool_)
    count = block_px * block_px
    for i in range(rows):
        for j in range(cols):
            red, green, blue, square = 0.0, 0.0, 0.0, 0.0
            for a in range(i * block_px, (i + 1) * block_px):
                for b in range(j * block_px, (j + 1) * block_px):
                    g = float(pixels[1, a, b])
                    red += float(pixels[0, a, b])
                    green += g
                    blue += float(pixels[2, a, b])
                    square += g * g
                    if not valid[a, b]:
                        seen[i, j] = False
            colour[0, i, j] = red / count
            colour[1, i, j] = green / count
            colour[2, i, j] = blue / count
            mean = green / count
            spread[i, j] = np.sqrt(max(square / count - mean * mean, 0.0)) / max(mean, 1e-6)
    return colour, spread, seen


@njit(cache=True, nogil=True)
def box_sum(plane: F4, reach: int) -> F8:
    """Return the sum over the square of side 2·reach + 1 around each cell, cut at the border."""
    rows, cols = plane.shape
    across = np.empty((rows, cols))
    for i in range(rows):
        total = 0.0
        for j in range(min(reach, cols)):
            total += plane[i, j]
        for j in range(cols):
            if j + reach < cols:
                total += plane[i, j + reach]
            if j - reach - 1 >= 0:
                total -= plane[i, j - reach - 1]
            across[i, j] = total
    out = np.empty((rows, cols))
    running = np.zeros(cols)
    for i in range(min(reach, rows)):
        running += across[i]
    for i in range(rows):
        if i + reach < rows:
            running += across[i + reach]
        if i - reach - 1 >= 0:
            running -= across[i - reach - 1]
        out[i] = running
    return out


@njit(cache=True, nogil=True)
def fill_outline(ring: F8, rows: int, cols: int, touched: bool) -> Mask:
    """Return which cells of a window lie in a closed ring of (x, y), shape (n, 2), by their centres.

    With ``touched`` cells that the ring itself runs through count as well.
    """
    out = np.zeros((rows, cols), dtype=np.bool_)
    cuts = np.empty(len(ring))
    for i in range(rows):
        y = i + 0.5
        found = 0
        for k in range(len(ring) - 1):
            ax, ay, bx, by = ring[k, 0], ring[k, 1], ring[k + 1, 0], ring[k + 1, 1]
            if (ay <= y) != (by <= y):
                cuts[found] = ax + (y - ay) / (by - ay) * (bx - ax)
                found += 1
        cuts[:found].sort()
        for k in range(0, found - 1, 2):
            low = max(0, int(np.ceil(cuts[k] - 0.5)))
            high = min(cols - 1, int(np.ceil(cuts[k + 1] - 0.5)) - 1)
            for j in range(low, high + 1):
                out[i, j] = True
    if touched:
        for k in range(len(ring) - 1):
            dx, dy = ring[k + 1, 0] - ring[k, 0], ring[k + 1, 1] - ring[k, 1]
            steps = int(8 * max(abs(dx), abs(dy))) + 1
            for s in range(steps + 1):
                j, i = int(ring[k, 0] + dx * s / steps), int(ring[k, 1] + dy * s / steps)
                if 0 <= i < rows and 0 <= j < cols:
                    out[i, j] = True
    return out


@njit(cache=True, nogil=True)
def share_on(ring: F8, marked: Mask, block_px: int, rows_px: int, cols_px: int) -> float:
    """Return the share of a ring's corners that lie on marked blocks; 0 if any leaves the picture.

    A margin of a pixel at the border of the picture, of ``rows_px`` × ``cols_px``, is outside.
    """
    on = 0
    for k in range(len(ring)):
        x, y = ring[k, 0], ring[k, 1]
        if x < 1 or y < 1 or x > cols_px - 1 or y > rows_px - 1:
            return 0.0
        i = min(marked.shape[0] - 1, int(y) // block_px)
        j = min(marked.shape[1] - 1, int(x) // block_px)
        on += marked[i, j]
    return on / len(ring)
