"""Heights under the routes: a lattice for the search, exact times for the plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import TOBLER_RATE, TOBLER_SHIFT
from geoinspect.planning.metres import Window
from geoinspect.planning.records import HeightsAt

F8 = NDArray[np.float64]

# Of a quarter of a cell, so that heights between are smoothed little; coarser beyond so many.
_SPACING, _MAX_HEIGHTS = 0.25, 4_000_000
# Tobler's walker is fastest on a slope of −0.05.
FASTEST = float(np.exp(TOBLER_RATE * TOBLER_SHIFT))


def lattice_heights(heights: HeightsAt, window: Window, cell_m: float) -> tuple[F8, float]:
    """Return heights over a window, south first, and their spacing in metres."""
    spacing_m = cell_m * _SPACING
    while (window.rows * cell_m / spacing_m + 1) * (
        window.cols * cell_m / spacing_m + 1
    ) > _MAX_HEIGHTS:
        spacing_m *= 2
    rows = int(np.ceil(window.rows * cell_m / spacing_m)) + 1
    cols = int(np.ceil(window.cols * cell_m / spacing_m)) + 1
    x, y = np.meshgrid(np.arange(cols) * spacing_m, np.arange(rows) * spacing_m)
    west, south = window.corner_m
    found = heights((x + west).ravel(), (y + south).ravel()).reshape(rows, cols)
    return np.ascontiguousarray(found, dtype=np.float64), spacing_m


def leg_seconds(line: F8, speed_mps: float, heights: HeightsAt | None, step_m: float) -> F8:
    """Return the seconds of each leg of a line, by Tobler's function where heights are known.

    Args:
        line: Points in the grid's CRS, metres, shape (n, 2).
        speed_mps: On flat ground; ground of unknown height counts as flat.
        heights: None for flat ground everywhere.
        step_m: Heights are taken at least this close together.

    Returns:
        Shape (n - 1,).
    """
    vector = np.diff(line, axis=0)
    metres = np.hypot(vector[:, 0], vector[:, 1])
    if heights is None:
        return metres / speed_mps
    pieces = np.maximum(np.ceil(metres / step_m).astype(np.int64), 1)
    leg = np.repeat(np.arange(len(metres)), pieces + 1)
    first = np.concatenate([[0], np.cumsum(pieces + 1)])[:-1]
    share = (np.arange(len(leg)) - first[leg]) / pieces[leg]
    points = line[:-1][leg] + share[:, None] * vector[leg]
    height = heights(points[:, 0].copy(), points[:, 1].copy())
    within = leg[1:] == leg[:-1]
    of_leg = leg[1:][within]
    step = (metres / pieces)[of_leg]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.diff(height)[within] / step
    slope = np.where(np.isfinite(slope), slope, 0.0)
    slower = np.exp(TOBLER_RATE * (np.abs(slope + TOBLER_SHIFT) - TOBLER_SHIFT))
    seconds = np.bincount(of_leg, weights=step / speed_mps * slower, minlength=len(metres))
    return np.asarray(seconds, dtype=np.float64)
