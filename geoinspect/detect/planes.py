"""The pixel pass: every block of about 0.25 m boiled down to what its pixels say.

A block belongs to one window only and is summed in one order, so its figures never depend on how
the raster was cut. They take about half a byte for each pixel, and everything after (scene
statistics, cues, patches, models, change) reads them and not the raster.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.gate import BLUE_WEIGHT, RED_WEIGHT

U2 = NDArray[np.uint16]


class Plane(IntEnum):
    """Figures of a block, each a uint16.

    Counts of pixels first. LEAF_* are means over leaf pixels, the rest over lit pixels. Chromas
    are shares of the brightness in 1/65535; brightness is in that of the scene's leaves.
    ``W`` is whiteness (three times the least channel), ``M`` magenta (red + blue − 2 green), ``RB``
    red − blue; second and third powers tell speckle from a smooth canopy.
    """

    VALID = 0
    LEAF = 1
    SHADE = 2
    WHITE = 3
    PINK = 4
    RED = 5
    YELLOW = 6
    LEAF_BLUE = 7
    LEAF_RED = 8
    LEAF_BRIGHT = 9
    BRIGHT = 10
    BRIGHT2 = 11
    W = 12
    W2 = 13
    W3 = 14
    M = 15
    M2 = 16
    M3 = 17
    DX = 18
    DY = 19
    RB = 20
    RB2 = 21


PLANES = len(Plane)

# Steps of one unit for the planes that are means; the offset keeps signed ones above zero.
CHROMA_STEPS = 65535.0
BRIGHT_STEPS, BRIGHT_TOP = 8192.0, 7.9
SQUARE_STEPS, SQUARE_TOP = 1024.0, 63.9
CUBE_STEPS, CUBE_TOP = 1024.0, 63.9
M_STEPS, M_OFFSET, M_TOP = 8192.0, 4.0, 3.9
M3_STEPS, M3_OFFSET, M3_TOP = 1024.0, 32.0, 31.9

_VALID, _LEAF, _SHADE, _WHITE, _PINK, _RED, _YELLOW = range(7)
_LB, _LR, _LL, _L, _L2, _W, _W2, _W3, _M, _M2, _M3, _DX, _DY, _RB, _RB2 = range(7, 22)

# Of the median brightness of vegetation: darker is deep shadow, whose colour is noise and sky.
_SHADOW = 0.3
_IS_OTHER, _IS_LEAF, _IS_WHITE, _IS_PINK, _IS_RED, _IS_YELLOW = range(6)
_PLANE_OF_KIND = (-1, _LEAF, _WHITE, _PINK, _RED, _YELLOW)
# Brighter than this and nearly without colour is white.
_BRIGHT_WHITE = 1.6
_WHITE_LEAST_CHANNEL = 0.28
# An excess green of −0.08 or less is red, pink or mauve when blue is not well below green (as it
# is in soil), red when red has more than half of all light.
_PETAL_SHARE = (1.0 - 0.08) / 3.0
_PETAL_BLUE_TO_GREEN = 0.9
_RED_SHARE = 0.5
# Bright and with hardly any blue: rape in bloom, straw, ripe crops.
_YELLOW_BLUE = 0.2
_YELLOW_BRIGHT = 1.3
# Bluer than this is water or a painted roof; blue-green leaves stay at or below green.
_LEAF_BLUE_TO_GREEN = 1.08


@njit(cache=True, nogil=True, error_model="numpy")
def block_planes(
    pixels: NDArray[np.generic],
    valid: NDArray[np.bool_],
    block_px: int,
    reference: float,
    gate: float,
) -> U2:
    """Return the figures of the blocks of a window.

    Args:
        pixels: Red, green, blue, shape (3, h, w), any unit; ``valid`` has shape (h, w).
        block_px: Side of a block; the first begins at the window's corner.
        reference: Median brightness (sum of the bands) of the scene's vegetation.
        gate: Greenness (see `detect.gate`) above which a pixel is a leaf.

    Returns:
        Shape (⌈h/block_px⌉, ⌈w/block_px⌉, PLANES).
    """
    h, w = valid.shape
    rows, cols = -(-h // block_px), -(-w // block_px)
    out = np.zeros((rows, cols, 22), dtype=np.uint16)
    above = np.zeros(block_px, dtype=np.float32)
    kinds = np.zeros(6, dtype=np.int64)
    for i in range(rows):
        for j in range(cols):
            part = pixels[:, i * block_px : (i + 1) * block_px, j * block_px : (j + 1) * block_px]
            seen = valid[i * block_px : (i + 1) * block_px, j * block_px : (j + 1) * block_px]
            _sum_block(
                part, seen, np.float32(1.0 / reference), np.float32(gate), above, kinds, out[i, j]
            )
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_block(
    pixels: NDArray[np.generic],
    valid: NDArray[np.bool_],
    scale: np.float32,
    gate: np.float32,
    above: NDArray[np.float32],
    kinds: NDArray[np.int64],
    out: U2,
) -> None:
    """Put the figures of one block into ``out``; ``above`` is room for one row of brightness."""
    zero, unseen, three = np.float32(0.0), np.float32(-1.0), np.float32(3.0)
    count, shade, kinds[:] = 0, 0, 0
    lb = lr = ll = l1 = l2 = w1 = w2 = w3 = m1 = m2 = m3 = dx = dy = rb1 = rb2 = zero
    above[:] = unseen
    for row in range(valid.shape[0]):
        last = unseen
        for col in range(valid.shape[1]):
            over = above[col]
            above[col] = unseen
            beside, last = last, unseen
            if not valid[row, col]:
                continue
            count += 1
            red = max(np.float32(pixels[0, row, col]) * scale, zero)
            green = max(np.float32(pixels[1, row, col]) * scale, zero)
            blue = max(np.float32(pixels[2, row, col]) * scale, zero)
            bright = red + green + blue
            if bright < np.float32(_SHADOW):
                shade += 1
                continue
            last = bright
            above[col] = bright
            dx += abs(bright - beside) if beside >= zero else zero
            dy += abs(bright - over) if over >= zero else zero
            kind = _kind(red, green, blue, bright, gate)
            kinds[kind] += 1
            if kind == _IS_LEAF:
                lb += blue / bright
                lr += red / bright
                ll += bright
            white = min(three * min(red, green, blue), np.float32(4.0))
            magenta = max(min(red + blue - green - green, three), -three)
            warm = max(min(red - blue, three), -three)
            l1, l2 = l1 + bright, l2 + bright * bright
            w1, w2, w3 = w1 + white, w2 + white * white, w3 + white * white * white
            m1, m2, m3 = m1 + magenta, m2 + magenta * magenta, m3 + magenta * magenta * magenta
            rb1, rb2 = rb1 + warm, rb2 + warm * warm
    out[_VALID], out[_SHADE] = count, shade
    for k in range(1, 6):
        out[_PLANE_OF_KIND[k]] = kinds[k]
    if kinds[_IS_LEAF] > 0:
        n = np.float32(1.0) / np.float32(kinds[_IS_LEAF])
        out[_LB], out[_LR], out[_LL] = _share(lb * n), _share(lr * n), _bright(ll * n)
    if count > shade:
        n = np.float32(1.0) / np.float32(count - shade)
        out[_L], out[_L2] = _bright(l1 * n), _square(l2 * n)
        out[_W], out[_W2], out[_W3] = _bright(w1 * n), _square(w2 * n), _square(w3 * n)
        out[_M], out[_M2] = _signed(m1 * n), _square(m2 * n)
        out[_M3] = _level(m3 * n + np.float32(M3_OFFSET), M3_STEPS, M3_OFFSET + M3_TOP)
        out[_DX], out[_DY] = _bright(dx * n), _bright(dy * n)
        out[_RB], out[_RB2] = _signed(rb1 * n), _square(rb2 * n)


@njit(cache=True, nogil=True, inline="always")
def _kind(
    red: np.float32, green: np.float32, blue: np.float32, bright: np.float32, gate: np.float32
) -> int:
    """Return what a lit pixel looks like by its colour."""
    greenness = green + green - np.float32(RED_WEIGHT) * red - np.float32(BLUE_WEIGHT) * blue
    if greenness > gate * bright and blue <= np.float32(_LEAF_BLUE_TO_GREEN) * green:
        return _IS_LEAF
    if (
        green < np.float32(_PETAL_SHARE) * bright
        and blue > np.float32(_PETAL_BLUE_TO_GREEN) * green
    ):
        return _IS_PINK
    if red > np.float32(_RED_SHARE) * bright:
        return _IS_RED
    least = min(red, green, blue)
    if bright > np.float32(_BRIGHT_WHITE) and least > np.float32(_WHITE_LEAST_CHANNEL) * bright:
        return _IS_WHITE
    if bright > np.float32(_YELLOW_BRIGHT) and blue < np.float32(_YELLOW_BLUE) * bright:
        return _IS_YELLOW
    return _IS_OTHER


@njit(cache=True, nogil=True, inline="always")
def _level(value: np.float32, steps: float, top: float) -> int:
    """Return a figure in whole steps, 0 to 65535."""
    return int(min(max(float(value), 0.0), top) * steps + 0.5)


@njit(cache=True, nogil=True, inline="always")
def _share(value: np.float32) -> int:
    return _level(value, CHROMA_STEPS, 0.999)


@njit(cache=True, nogil=True, inline="always")
def _bright(value: np.float32) -> int:
    return _level(value, BRIGHT_STEPS, BRIGHT_TOP)


@njit(cache=True, nogil=True, inline="always")
def _square(value: np.float32) -> int:
    return _level(value, SQUARE_STEPS, SQUARE_TOP)


@njit(cache=True, nogil=True, inline="always")
def _signed(value: np.float32) -> int:
    return _level(value + np.float32(M_OFFSET), M_STEPS, M_OFFSET + M_TOP)
