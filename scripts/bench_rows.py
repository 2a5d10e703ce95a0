"""What all benchmarks share: rows of the table, a stopwatch, and walks to sweep."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CRS, X0, Y0 = "EPSG:4545", 450_000.0, 3_700_000.0
SEED = 7


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    work: str
    ours: str
    peer: str
    ratio: str
    aim: str


def timed(work: Callable[[], object], *, repeat: int = 3) -> float:
    """Return the best of some runs, seconds."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def walks(tracks: int, points: int, extent_m: float, *, seed: int = SEED) -> list[np.ndarray]:
    """Return wandering tracks, 5 m a step, that stay in the square."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(tracks):
        heading = np.cumsum(random.normal(0, 0.12, points)) + random.uniform(0, 2 * np.pi)
        steps = 5.0 * np.column_stack([np.cos(heading), np.sin(heading)])
        way = random.uniform(0.1, 0.9, 2) * extent_m + np.cumsum(steps, axis=0)
        # Reflected at the borders, like a patrol that turns back.
        way = np.abs((way % (2 * extent_m)) - extent_m)
        found.append(way + np.array([X0, Y0]))
    return found
