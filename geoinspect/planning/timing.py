"""Routes on the clock: surely within their hours, by the grid's metres and by the ground's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect import crs as crs_
from geoinspect.planning.kernels import Board, is_clear
from geoinspect.planning.metres import Window
from geoinspect.planning.records import HeightsAt
from geoinspect.planning.slopes import leg_seconds

F8 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """How long lines take in a CRS, heights counted where they are known."""

    crs: str
    speed_mps: float
    heights: HeightsAt | None
    step_m: float

    def legs_s(self, line: F8) -> F8:
        """Return the seconds of each leg of a line (n, 2), shape (n - 1,)."""
        return leg_seconds(line, self.speed_mps, self.heights, self.step_m)

    def line_s(self, line: F8) -> float:
        """Return seconds by the grid's metres or by the ground's, whichever are more."""
        grid_m = float(np.hypot(*np.diff(line, axis=0).T).sum())
        longer = _ground_m(line, self.crs) / grid_m if grid_m > 0 else 1.0
        return float(self.legs_s(line).sum()) * max(1.0, longer)


def stretch(crs: str, window: Window, cell_m: float) -> float:
    """Return how much longer ground is than the grid, at most; 1 where the grid is longer."""
    west, south = window.corner_m
    size = np.array([window.cols, window.rows]) * cell_m
    worst = 1.0
    for share in np.array([(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)]):
        x, y = (west, south) + share * size
        line = np.array([(x, y), (x + 700, y), (x + 700, y + 700)])
        worst = max(worst, _ground_m(line, crs) / 1400)
    return worst


def _ground_m(line: F8, crs: str) -> float:
    lon, lat = crs_.transform_xy(crs, crs_.WGS84, line[:, 0].copy(), line[:, 1].copy())
    return crs_.geodesic_length_m(lon, lat)


def in_time(line: F8, start: F8, clock: Clock, budget_s: float, board: Board, window: Window) -> F8:
    """Return a route from start to start, without points on straight legs, surely within time.

    Args:
        line: The route in the grid's CRS, from the start or a gate near it.
        start: Where the team starts.
        clock: Measures it.
        budget_s: Never more than this.
        board, window: Whose no-go ground a shorter route keeps off.
    """
    if not np.array_equal(line[0], start):
        line = np.vstack([start, line, start])
    line[0] = line[-1] = start
    line = _without_idle(line)
    while len(line) > 3:
        over_s = clock.line_s(line) - budget_s
        if over_s <= 0:
            break
        line = np.delete(line, _droppable(line, over_s, clock, board, window), axis=0)
    return line if clock.line_s(line) <= budget_s else np.array([start, start])


def _droppable(line: F8, need_s: float, clock: Clock, board: Board, window: Window) -> int:
    """Return the waypoint whose loss saves enough seconds for the fewest metres, or most seconds."""
    legs_s, a, c = clock.legs_s(line), line[:-2], line[2:]
    # Straight from each point to the next but one, timed as every other leg of one zigzag.
    skipped_s = clock.legs_s(np.stack([a, c], axis=1).reshape(-1, 2))[::2]
    saved_s = legs_s[:-1] + legs_s[1:] - skipped_s
    leg_m = np.hypot(*np.diff(line, axis=0).T)
    lost_m = leg_m[:-1] + leg_m[1:] - np.hypot(*(c - a).T)
    local = line - window.corner_m
    for i in range(len(saved_s)):
        if not is_clear(board, *local[i], *local[i + 2]):
            saved_s[i] = -np.inf
    enough = np.where(saved_s >= need_s, lost_m, np.inf)
    return 1 + int(np.argmin(enough) if np.isfinite(enough).any() else np.argmax(saved_s))


def _without_idle(line: F8) -> F8:
    """Leave out points that lie on the way between their neighbours, and repeated ones."""
    kept = [line[0]]
    for i in range(1, len(line) - 1):
        ahead, behind = line[i + 1] - line[i], line[i] - kept[-1]
        cross = abs(behind[0] * ahead[1] - behind[1] * ahead[0])
        straight = cross <= 1e-6 * np.hypot(*ahead) and float(behind @ ahead) >= 0
        if not straight and np.hypot(*behind) > 1e-6:
            kept.append(line[i])
    kept.append(line[-1])
    return np.array(kept)
