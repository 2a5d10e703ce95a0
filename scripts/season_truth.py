"""Whether somebody who walks past a point finds it, by its lateral-range curve.

A *pass* is a moment at which the walker is nearer to the point than just before and after; at
distance x it finds the point with probability l(x). Passes miss independently, but for the
definite curve, which always or never finds. Every curve has the sweep width W = ∫ l(x) dx.
"""

from __future__ import annotations

import math
from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

CURVES = ("definite", "Gaussian", "exponential", "inverse cube", "flat half")
# In sweep widths: how far away anybody finds anything, and the side of the boxes points are kept
# in.
_HORIZON, _BOX = 6.0, 2.0


@cache
def inverse_cube_factor() -> float:
    """Return c of l(x) = 1 − e^(−c·W²/x²) that gives the width W within the horizon.

    Without a horizon it is 1/(4π) (Koopman 1946).
    """
    x = (np.arange(60_000) + 0.5) / 60_000 * _HORIZON
    low, high = 0.05, 0.2
    for _ in range(50):
        middle = (low + high) / 2
        width = 2 * float(np.mean(-np.expm1(-middle / x**2))) * _HORIZON
        low, high = (middle, high) if width < 1 else (low, middle)
    return low


@numba.njit(cache=True, nogil=True)
def finding(curve: int, x: float, width: float, cube: float) -> float:
    """Return l(x) of the numbered curve."""
    r = abs(x) / width
    if curve == 0:
        return 1.0 if r <= 0.5 else 0.0
    if curve == 1:
        return math.exp(-math.pi * r * r)
    if curve == 2:
        return math.exp(-2.0 * r)
    if curve == 3:
        return 1.0 - math.exp(-cube / max(r * r, 1e-12))
    return 0.5 if r <= 1.0 else 0.0


def missed(points: F8, lines: list[F8], width_m: float) -> F8:
    """Return the probability that walks miss each point, shape (curves, points).

    Args:
        points: x and y in metres, shape (points, 2).
        lines: Walks, each of shape (n, 2), no point twice in a row.
        width_m: Sweep width of every curve.
    """
    box_m = _BOX * width_m
    corner = points.min(axis=0) - 1.0
    place = ((points - corner) / box_m).astype(np.int64)
    cols, rows = place.max(axis=0) + 1
    box = place[:, 1] * cols + place[:, 0]
    order = np.argsort(box, kind="stable")
    starts = np.searchsorted(box[order], np.arange(cols * rows + 1))
    out = np.ones((len(CURVES), len(points)))
    sorted_points, found = np.ascontiguousarray(points[order]), np.ones_like(out)
    window = (float(corner[0]), float(corner[1]), box_m, int(cols), int(rows))
    cube = inverse_cube_factor()
    for line in lines:
        _pass_by(
            line,
            sorted_points,
            starts.astype(np.int64),
            window,
            width_m,
            cube,
            found,
        )
    out[:, order] = found
    return out


@numba.njit(cache=True, nogil=True)
def _pass_by(
    line: F8,
    points: F8,
    starts: NDArray[np.int64],
    window: tuple[float, float, float, int, int],
    width: float,
    cube: float,
    miss: F8,
) -> None:
    x0, y0, box, cols, rows = window
    reach = _HORIZON * width
    for k in range(len(line) - 1):
        ax, ay, bx, by = line[k, 0], line[k, 1], line[k + 1, 0], line[k + 1, 1]
        c_low = max(int((min(ax, bx) - reach - x0) / box), 0)
        c_high = min(int((max(ax, bx) + reach - x0) / box), cols - 1)
        r_low = max(int((min(ay, by) - reach - y0) / box), 0)
        r_high = min(int((max(ay, by) + reach - y0) / box), rows - 1)
        if c_low > c_high:
            continue
        for r in range(r_low, r_high + 1):
            for p in range(starts[r * cols + c_low], starts[r * cols + c_high + 1]):
                x = _nearest_pass(line, k, points[p, 0], points[p, 1])
                if x <= reach:
                    for curve in range(miss.shape[0]):
                        miss[curve, p] *= 1.0 - finding(curve, x, width, cube)


@numba.njit(cache=True, nogil=True, inline="always")
def _nearest_pass(line: F8, k: int, px: float, py: float) -> float:
    """Return how near the walk comes to a point on leg k or at its end; infinite when it is
    nearer before or after.
    """
    along, x, length = _beside(line, k, px, py)
    last = len(line) - 2
    if along >= length and k < last:
        after, _, _ = _beside(line, k + 1, px, py)
        return math.hypot(px - line[k + 1, 0], py - line[k + 1, 1]) if after < 0.0 else math.inf
    if not 0.0 <= along < length:
        return math.inf
    # Inside a bend both legs pass the point; on a smooth walk that is one pass, the nearer.
    if k > 0:
        before, x_before, length_before = _beside(line, k - 1, px, py)
        if 0.0 <= before < length_before and x_before < x:
            return math.inf
    if k < last:
        after, x_after, length_after = _beside(line, k + 1, px, py)
        if 0.0 <= after < length_after and x_after <= x:
            return math.inf
    return x


@numba.njit(cache=True, nogil=True, inline="always")
def _beside(line: F8, k: int, px: float, py: float) -> tuple[float, float, float]:
    """Return how far along leg k a point lies, how far from its line, and the leg's length."""
    ux, uy = line[k + 1, 0] - line[k, 0], line[k + 1, 1] - line[k, 1]
    length = math.hypot(ux, uy)
    qx, qy = px - line[k, 0], py - line[k, 1]
    return (qx * ux + qy * uy) / length, abs(qx * uy - qy * ux) / length, length
