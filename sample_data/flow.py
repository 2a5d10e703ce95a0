"""Kernels that walk over a grid of heights: water downhill, people by least effort.

Compiled by numba. Cells are named by their flat index (row * cols + col); -1 is no cell.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


def _drain(height: F4, rough: F4, outlet: int) -> tuple[I8, I8]:
    rows, cols = height.shape
    flat, bump = height.ravel(), rough.ravel()
    filled = np.full(rows * cols, np.inf, np.float64)
    order = np.empty(rows * cols, np.int64)
    heap = [(np.float64(flat[outlet]), np.int64(outlet))]
    filled[outlet] = flat[outlet]
    done = 0
    while len(heap) > 0:
        level, cell = heapq.heappop(heap)
        order[done] = cell
        done += 1
        row, col = cell // cols, cell % cols
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(col - 1, 0), min(col + 2, cols)):
                near = r * cols + c
                if filled[near] == np.inf:
                    filled[near] = max(level + bump[near], np.float64(flat[near]))
                    heapq.heappush(heap, (filled[near], near))
    receiver = np.full(rows * cols, -1, np.int64)
    for here in range(rows * cols):
        row, col = here // cols, here % cols
        steepest = 0.0
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(col - 1, 0), min(col + 2, cols)):
                run = 1.41421356 if r != row and c != col else 1.0
                fall = (filled[here] - filled[r * cols + c]) / run
                if fall > steepest:
                    steepest = fall
                    receiver[here] = r * cols + c
    receiver[outlet] = -1
    return order, receiver


def _erode(
    height: F4, order: I8, receiver: I8, area_m2: F8, lift_m: F4, strength: float, step_m: float
) -> F8:
    cols = height.shape[1]
    flat = height.ravel()
    drained = area_m2.copy()
    for k in range(len(order) - 1, 0, -1):
        drained[receiver[order[k]]] += drained[order[k]]
    for k in range(1, len(order)):
        cell = order[k]
        down = receiver[cell]
        diagonal = cell // cols != down // cols and cell % cols != down % cols
        run_m = step_m * (1.41421356 if diagonal else 1.0)
        pull = strength * np.sqrt(drained[cell]) / run_m
        raised = flat[cell] + lift_m.ravel()[cell]
        flat[cell] = max((raised + pull * flat[down]) / (1 + pull), flat[down] + 1e-3)
    return drained


def _spread(
    height: F4, ease: F4, within: I8, step_m: float, sources: I8, diagonal: bool
) -> tuple[F8, I8, I8]:
    rows, cols = height.shape
    flat, easy, group = height.ravel(), ease.ravel(), within.ravel()
    effort = np.full(rows * cols, np.inf, np.float64)
    came_from = np.full(rows * cols, -1, np.int64)
    owner = np.full(rows * cols, -1, np.int64)
    heap = [(np.float64(0), np.int64(0))]
    heap.pop()
    for k in range(len(sources)):
        effort[sources[k]] = 0
        owner[sources[k]] = k
        heapq.heappush(heap, (np.float64(0), sources[k]))
    while len(heap) > 0:
        spent, cell = heapq.heappop(heap)
        if spent > effort[cell]:
            continue
        row, col = cell // cols, cell % cols
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                slanting = dr != 0 and dc != 0
                r, c = row + dr, col + dc
                if (slanting and not diagonal) or r < 0 or c < 0 or r >= rows or c >= cols:
                    continue
                near = r * cols + c
                if group[near] < 0 or group[near] != group[cell]:
                    continue
                run_m = step_m * (1.41421356 if slanting else 1.0)
                slope = abs(flat[near] - flat[cell]) / run_m
                # Tobler's hiking function without its preference for gentle descents.
                cost = run_m * np.exp(3.5 * slope) * 0.5 * (easy[near] + easy[cell])
                if spent + cost < effort[near]:
                    effort[near] = spent + cost
                    came_from[near] = cell
                    owner[near] = owner[cell]
                    heapq.heappush(heap, (spent + cost, near))
    return effort, came_from, owner


_compiled = numba.njit(cache=True)

drain: Callable[[F4, F4, int], tuple[I8, I8]] = _compiled(_drain)
"""Flood hollows from the outlet (priority flood), then send each cell down its steepest side.

Takes heights, the small rise by which water climbs out of each cell of a hollow (random, so that
flats don't drain along the axes of the grid) and the outlet. Returns the cells from low to high
and the cell each one drains to.
"""

erode: Callable[[F4, I8, I8, F8, F4, float, float], F8] = _compiled(_erode)
"""One implicit step of stream-power erosion (Braun & Willett 2013) on ``height`` in place.

Returns the area drained through each cell, m². Slope settles where lift equals
strength * sqrt(area) * slope.
"""

spread: Callable[[F4, F4, I8, float, I8, bool], tuple[F8, I8, I8]] = _compiled(_spread)
"""Least effort from the nearest source to every cell, never leaving the source's group.

Returns effort (metres of level ground), the cell one came from, and the source's number.
Cells of a negative group are out of bounds.
"""
