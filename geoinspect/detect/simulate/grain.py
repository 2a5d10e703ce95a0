"""Value noise at a place, by hashing: the same for any order, window or machine."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F8 = NDArray[np.float64]

_TO_UNIT = 1.0 / 4294967296.0


@njit(cache=True, nogil=True, inline="always")
def chance(i: int, j: int, seed: int) -> float:
    """Return a number in [0, 1) that depends on nothing but the three integers."""
    n = np.uint32(i) * np.uint32(374761393) + np.uint32(j) * np.uint32(668265263)
    n = n + np.uint32(seed) * np.uint32(2246822519)
    n = (n ^ (n >> np.uint32(15))) * np.uint32(2246822519)
    n = (n ^ (n >> np.uint32(13))) * np.uint32(3266489917)
    n = n ^ (n >> np.uint32(16))
    return float(np.uint32(n)) * _TO_UNIT


@njit(cache=True, nogil=True)
def smooth_chance(x: float, y: float, seed: int) -> float:
    """Return value noise in [0, 1) at a point of a unit lattice (smoothstep between nodes)."""
    fx, fy = np.floor(x), np.floor(y)
    i, j = int(fx), int(fy)
    u, v = x - fx, y - fy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    top = chance(i, j, seed) * (1.0 - u) + chance(i + 1, j, seed) * u
    low = chance(i, j + 1, seed) * (1.0 - u) + chance(i + 1, j + 1, seed) * u
    return float(top * (1.0 - v) + low * v)


@njit(cache=True, nogil=True)
def noise_at(x: F8, y: F8, scale: float, seed: int) -> F8:
    """Return noise of about unit spread around 0 at the points, in octaves from ``scale`` down."""
    out = np.empty(x.size)
    for k in range(x.size):
        a = smooth_chance(x[k] / scale, y[k] / scale, seed)
        b = smooth_chance(2.3 * x[k] / scale, 2.3 * y[k] / scale, seed + 1)
        out[k] = 2.6 * (a - 0.5) + 1.5 * (b - 0.5)
    return out
