"""Sweep a track over a campaign's cells: bits seen, metres walked and time, per touched cell.

Seen ground is the union of disks of the sweep width round every point of the line (a capsule
per pair of fixes). For each mask row a capsule is one chord, so a whole run of bits is set at
once. Gaps between segments are not bridged.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage.bits import bit_at, run_mask

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I8 = NDArray[np.int64]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]
# From one fix to the next: x0, y0, x1, y1 in metres.
Step = tuple[float, float, float, float]
# South-west row and column, cell size in metres, bits along a cell's side.
Window = tuple[int, int, float, int]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sweep_lines(
    x: F8,
    y: F8,
    time_s: F8,
    starts: I8,
    half_m: float,
    window: Window,
    index: I4,
    ground_bits: U8,
    ground_full: NDArray[np.bool_],
    slot: I4,
) -> tuple[I4, U8, F4, F8]:
    """Sweep the segments of one source.

    Args:
        x, y: Metres in the grid's CRS, all segments one after another, shape (n,).
        time_s: Epoch seconds, NaN where unknown, shape (n,).
        starts: First index of each segment and ``n`` at the end, shape (segments + 1,).
        half_m: Half the sweep width.
        window: ``(row0, col0, cell_m, side)``: south-west cell, cell size, bits a side.
        index: Cell number per row and column of the window, -1 outside; shape (rows, cols).
        ground_bits: Ground of each cell, shape (cells, words).
        ground_full: Cells that are ground all over, shape (cells,).
        slot: Scratch of shape (cells,), all -1; left as it was found.

    Returns:
        Cell numbers (k,), bits seen of the ground (k, words), metres in the ground (k,), and the
        latest time each cell was seen (k,), NaN where unknown. A cell appears when its ground
        was seen or walked on; length outside the ground counts nowhere.
    """
    words = ground_bits.shape[1]
    cells = np.empty(256, np.int32)
    bits = np.zeros((256, words), np.uint64)
    length = np.zeros(256, np.float32)
    last = np.full(256, np.nan)
    used = 0
    per_cell = 1.0 / window[2]
    for s in range(len(starts) - 1):
        for i in range(starts[s], starts[s + 1]):
            # A segment of one point is a capsule of no length; others pair fix with next fix.
            single = starts[s + 1] - starts[s] == 1
            if i + 1 >= starts[s + 1] and not single:
                break
            k = i if single else i + 1
            step = (x[i], y[i], x[k], y[k])
            need = min(used + _reach(step, half_m, window[2]), len(slot))
            if need > len(cells):
                cells, bits, length, last = _grown(cells, bits, length, last, used, need)
            when = time_s[k] if not np.isnan(time_s[k]) else time_s[i]
            used = _stamp(
                step, half_m, window, index, ground_bits, slot, cells, bits, last, when, used
            )
            used = _walk(
                step, per_cell, window, index, ground_bits, ground_full, slot, cells, length, used
            )
    for k in range(used):
        slot[cells[k]] = -1
    return cells[:used], bits[:used], length[:used], last[:used]


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _reach(step: Step, half_m: float, cell_m: float) -> int:
    """Return an upper bound of the cells one capsule touches."""
    x0, y0, x1, y1 = step
    across = (abs(x1 - x0) + 2 * half_m) / cell_m + 2
    along = (abs(y1 - y0) + 2 * half_m) / cell_m + 2
    return int(min(across * along, 1e9))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _grown(
    cells: I4, bits: U8, length: F4, last: F8, used: int, need: int
) -> tuple[I4, U8, F4, F8]:
    size = max(2 * len(cells), need)
    new_cells = np.empty(size, np.int32)
    new_bits = np.zeros((size, bits.shape[1]), np.uint64)
    new_length = np.zeros(size, np.float32)
    new_last = np.full(size, np.nan)
    new_cells[:used] = cells[:used]
    new_bits[:used] = bits[:used]
    new_length[:used] = length[:used]
    new_last[:used] = last[:used]
    return new_cells, new_bits, new_length, new_last


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _shift_of(side: int) -> int:
    """Return log2 of a mask's side."""
    return 3 + (side > 8) + (side > 16) + (side > 32)


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _chord(
    step: Step, unit: tuple[float, float, float, float, float], half_m: float, y: float
) -> tuple[float, float]:
    """Return where the horizontal line at ``y`` enters and leaves a capsule (low > high: never).

    ``unit`` is the step's direction (1/ux, 1/uy, ux/uy, uy/ux) and length; the capsule is two
    disks and the strip between them.
    """
    x0, y0, x1, y1 = step
    inv_ux, inv_uy, ux_uy, uy_ux, length = unit
    low, high = np.inf, -np.inf
    rest = half_m * half_m - (y - y0) * (y - y0)
    if rest >= 0:
        half = np.sqrt(rest)
        low, high = x0 - half, x0 + half
    rest = half_m * half_m - (y - y1) * (y - y1)
    if rest >= 0:
        half = np.sqrt(rest)
        low, high = min(low, x1 - half), max(high, x1 + half)
    if length == 0:
        return low, high
    # Along the step: 0 ≤ (x − x0)·ux + (y − y0)·uy ≤ length. Across it: at most half the width.
    dy = y - y0
    one, other = -dy * uy_ux, length * inv_ux - dy * uy_ux
    a, b = min(one, other), max(one, other)
    one, other = dy * ux_uy - half_m * inv_uy, dy * ux_uy + half_m * inv_uy
    a, b = max(a, min(one, other)), min(b, max(one, other))
    if a <= b:
        low, high = min(low, x0 + a), max(high, x0 + b)
    return low, high


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _stamp(
    step: Step,
    half_m: float,
    window: Window,
    index: I4,
    ground_bits: U8,
    slot: I4,
    cells: I4,
    bits: U8,
    last: F8,
    when: float,
    used: int,
) -> int:
    """Set the bits of one capsule and note the time; return how many cells are in use."""
    x0, y0, x1, y1 = step
    row0, col0, cell_m, side = window
    rows, cols = index.shape
    bit, per_m = cell_m / side, side / cell_m
    shift, low_bits = _shift_of(side), side - 1
    length = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    # Never exactly along an axis: a direction off by 1e-12 moves nothing and divides safely.
    dx = x1 - x0 if abs(x1 - x0) > 1e-12 * length else 1e-12 * length
    dy = y1 - y0 if abs(y1 - y0) > 1e-12 * length else 1e-12 * length
    unit = (
        (length / dx, length / dy, dx / dy, dy / dx, length)
        if length > 0
        else (0.0, 0.0, 0.0, 0.0, 0.0)
    )
    first_row = max(int(np.ceil((min(y0, y1) - half_m) / bit - 0.5)) - row0 * side, 0)
    last_row = min(int(np.floor((max(y0, y1) + half_m) / bit - 0.5)) - row0 * side, rows * side - 1)
    for j in range(first_row, last_row + 1):
        low, high = _chord(step, unit, half_m, (row0 * side + j + 0.5) * bit)
        if low > high:
            continue
        c = max(int(np.ceil(low * per_m - 0.5)) - col0 * side, 0)
        end = min(int(np.floor(high * per_m - 0.5)) - col0 * side, cols * side - 1)
        row, r = j >> shift, j & low_bits
        word = (r << shift) >> 6
        while c <= end:
            col = c >> shift
            stop = min(end, (col << shift) + low_bits)
            cell = index[row, col]
            if cell >= 0:
                run = run_mask(side, r, c - col * side, stop - col * side) & ground_bits[cell, word]
                if run != 0:
                    k = slot[cell]
                    if k < 0:
                        k = used
                        slot[cell], cells[k] = k, cell
                        used += 1
                    bits[k, word] |= run
                    if when > last[k] or np.isnan(last[k]):
                        last[k] = when
            c = stop + 1
    return used


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _walk(
    step: Step,
    per_cell: float,
    window: Window,
    index: I4,
    ground_bits: U8,
    ground_full: NDArray[np.bool_],
    slot: I4,
    cells: I4,
    length: F4,
    used: int,
) -> int:
    """Add the metres of one step to the cells it crosses; return how many cells are in use."""
    x0, y0, x1, y1 = step
    row0, col0, cell_m, _side = window
    rows, cols = index.shape
    total = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    if total == 0:
        return used
    row, col = int(np.floor(y0 * per_cell)) - row0, int(np.floor(x0 * per_cell)) - col0
    if row == int(np.floor(y1 * per_cell)) - row0 and col == int(np.floor(x1 * per_cell)) - col0:
        # Most steps stay in one cell; if it is ground all over there is nothing to clip.
        if not (0 <= row < rows and 0 <= col < cols) or index[row, col] < 0:
            return used
        cell = index[row, col]
        if ground_full[cell] and slot[cell] >= 0:
            length[slot[cell]] += np.float32(total)
            return used
    at = 0.0
    while at < 1.0:
        # Step to the next grid line in x or y, whichever comes first along the line.
        mx, my = x0 + (at + 1e-12) * (x1 - x0), y0 + (at + 1e-12) * (y1 - y0)
        nxt = min(1.0, _next_line(x0, x1, mx, cell_m), _next_line(y0, y1, my, cell_m))
        nxt = max(nxt, at + 1e-9)
        mid = 0.5 * (at + min(nxt, 1.0))
        px, py = x0 + mid * (x1 - x0), y0 + mid * (y1 - y0)
        row, col = int(np.floor(py / cell_m)) - row0, int(np.floor(px / cell_m)) - col0
        if 0 <= row < rows and 0 <= col < cols and index[row, col] >= 0:
            cell = index[row, col]
            metres = (min(nxt, 1.0) - at) * total
            if not ground_full[cell]:
                metres *= _share_inside(
                    step, at, min(nxt, 1.0), total, row, col, window, ground_bits[cell]
                )
            if metres > 0:
                if slot[cell] < 0:
                    slot[cell], cells[used] = used, cell
                    used += 1
                length[slot[cell]] += np.float32(metres)
        at = nxt
    return used


@numba.njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _next_line(p0: float, p1: float, p: float, cell_m: float) -> float:
    """Return the share of the way at which a step meets its next grid line in one axis."""
    d = p1 - p0
    if d > 0:
        return float(((np.floor(p / cell_m) + 1) * cell_m - p0) / d)
    if d < 0:
        return float(((np.ceil(p / cell_m) - 1) * cell_m - p0) / d)
    return np.inf


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _share_inside(
    step: Step,
    start: float,
    stop: float,
    total: float,
    row: int,
    col: int,
    window: Window,
    ground: U8,
) -> float:
    """Return the share of a step within one edge cell that lies on its ground, by half bits."""
    x0, y0, x1, y1 = step
    row0, col0, cell_m, side = window
    bit = cell_m / side
    n = int((stop - start) * total / (0.5 * bit)) + 1
    inside = 0
    for k in range(n):
        at = start + (stop - start) * (k + 0.5) / n
        c = int((x0 + at * (x1 - x0) - (col0 + col) * cell_m) / bit)
        r = int((y0 + at * (y1 - y0) - (row0 + row) * cell_m) / bit)
        if bit_at(ground, side, min(max(r, 0), side - 1), min(max(c, 0), side - 1)):
            inside += 1
    return inside / n
