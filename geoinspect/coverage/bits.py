"""Bit masks: a square of ``side`` × ``side`` bits a cell, packed into 64-bit words.

Bit (r, c) of a cell, counted from its south-west corner, is bit ``(r·side + c) mod 64`` of word
``(r·side + c) // 64``; as ``side`` is 8, 16, 32 or 64, one mask row never crosses a word. A bit
stands for its centre: it is set when the centre is in the shape.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]

SIDES = (8, 16, 32, 64)


def words_of(side: int) -> int:
    """Return how many 64-bit words a mask of this side takes."""
    return side * side // 64


def side_for(cell_m: float, width_m: float, *, bits_across: float = 4.0) -> int:
    """Return the smallest side that puts ``bits_across`` bits across the sweep width.

    The most is 64: below ``cell_m / 64 · bits_across`` the error grows and callers must say so.
    """
    for side in SIDES:
        if cell_m / side <= width_m / bits_across:
            return side
    return SIDES[-1]


@numba.njit(cache=True, nogil=True)
def popcount(word: np.uint64) -> int:
    """Return the number of set bits of a 64-bit word (the parallel sum of Hacker's Delight)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True, nogil=True)
def count_bits(masks: U8) -> I4:
    """Return the set bits of each mask; masks shape (n, words), result shape (n,)."""
    n, words = masks.shape
    out = np.zeros(n, np.int32)
    for i in range(n):
        for w in range(words):
            out[i] += popcount(masks[i, w])
    return out


@numba.njit(cache=True, nogil=True)
def count_common(a: U8, rows_a: I4, b: U8, rows_b: I4) -> I4:
    """Return the bits set in both ``a[rows_a[k]]`` and ``b[rows_b[k]]``, shape (k,)."""
    out = np.zeros(len(rows_a), np.int32)
    for k in range(len(rows_a)):
        for w in range(a.shape[1]):
            out[k] += popcount(a[rows_a[k], w] & b[rows_b[k], w])
    return out


@numba.njit(cache=True, nogil=True)
def or_into(target: U8, rows: I4, masks: U8) -> None:
    """Set in ``target[rows[k]]`` every bit of ``masks[k]``."""
    for k in range(len(rows)):
        for w in range(target.shape[1]):
            target[rows[k], w] |= masks[k, w]


@numba.njit(cache=True, nogil=True, inline="always")
def run_mask(side: int, r: int, first: int, last: int) -> np.uint64:
    """Return the word with bits ``first … last`` of mask row ``r`` set."""
    n = last - first + 1
    ones = (
        np.uint64(0xFFFFFFFFFFFFFFFF) if n >= 64 else (np.uint64(1) << np.uint64(n)) - np.uint64(1)
    )
    return ones << np.uint64(((r * side) & 63) + first)


@numba.njit(cache=True, nogil=True)
def bit_at(mask: U8, side: int, r: int, c: int) -> bool:
    """Return whether bit (r, c) of one mask (shape (words,)) is set."""
    k = r * side + c
    return bool((mask[k >> 6] >> np.uint64(k & 63)) & np.uint64(1))


@numba.njit(cache=True, nogil=True)
def fill_polygon(
    edges: F8, row0: int, col0: int, index: I4, cell_m: float, side: int, out: U8
) -> None:
    """Set the bits whose centres are in a polygon (even-odd rule, so holes need no care).

    Args:
        edges: All ring edges, shape (n, 4): x0, y0, x1, y1 in metres.
        row0, col0: Absolute row and column of ``index[0, 0]``.
        index: Shape (rows, cols): the row of ``out`` that is this cell's mask, or -1.
        cell_m: Cell size in metres.
        side: Bits along a cell's side.
        out: Masks, shape (cells, words), changed in place.
    """
    rows, cols = index.shape
    bit = cell_m / side
    sub0, n_sub = row0 * side, rows * side
    counts = np.zeros(n_sub + 1, np.int64)
    for e in range(len(edges)):
        low, high = _crossed(edges[e, 1], edges[e, 3], bit, sub0, n_sub)
        for j in range(low, high):
            counts[j + 1] += 1
    starts = np.cumsum(counts)
    crossings = np.empty(starts[-1], np.float64)
    used = starts[:-1].copy()
    for e in range(len(edges)):
        x0, y0, x1, y1 = edges[e]
        low, high = _crossed(y0, y1, bit, sub0, n_sub)
        for j in range(low, high):
            y = (sub0 + j + 0.5) * bit
            crossings[used[j]] = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            used[j] += 1
    for j in range(n_sub):
        line = np.sort(crossings[starts[j] : starts[j + 1]])
        for k in range(0, len(line) - 1, 2):
            _fill_run(line[k], line[k + 1], j, col0, cols, index, bit, side, out)


@numba.njit(cache=True, nogil=True, inline="always")
def _crossed(y0: float, y1: float, bit: float, sub0: int, n_sub: int) -> tuple[int, int]:
    """Return the half-open range of mask rows whose centre line an edge crosses."""
    low = int(np.ceil(min(y0, y1) / bit - 0.5)) - sub0
    high = int(np.ceil(max(y0, y1) / bit - 0.5)) - sub0
    return max(low, 0), min(high, n_sub)


@numba.njit(cache=True, nogil=True, inline="always")
def _fill_run(
    x_low: float,
    x_high: float,
    j: int,
    col0: int,
    cols: int,
    index: I4,
    bit: float,
    side: int,
    out: U8,
) -> None:
    """Set the bits of mask row ``j`` (counted from the window) with centres in [x_low, x_high)."""
    first = max(int(np.ceil(x_low / bit - 0.5)) - col0 * side, 0)
    last = min(int(np.ceil(x_high / bit - 0.5)) - 1 - col0 * side, cols * side - 1)
    row, r = j // side, j % side
    c = first
    while c <= last:
        col = c // side
        stop = min(last, col * side + side - 1)
        cell = index[row, col]
        if cell >= 0:
            out[cell, (r * side) >> 6] |= run_mask(side, r, c - col * side, stop - col * side)
        c = stop + 1
