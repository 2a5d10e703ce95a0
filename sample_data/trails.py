"""Ways between places by least effort on the terrain: what people walk and where roads run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sample_data.areas import Tree
from sample_data.flow import spread
from sample_data.terrain import Terrain

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Ways are searched on every second cell; a walker's curve is no finer than that.
_COARSER = 2
_ROAD_EASE = 0.35


@dataclass(eq=False)
class Trails:
    """Finds ways on foot, and holds the roads.

    Attributes:
        roads: Lines of shape (n, 2) in the terrain's CRS, from each village to its township's
            seat and from there to the county's.
    """

    terrain: Terrain
    roads: list[F8] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._height: F4 = np.ascontiguousarray(self.terrain.height_m[::_COARSER, ::_COARSER])
        lake = self.terrain.lake[::_COARSER, ::_COARSER]
        self._ease: F4 = np.where(lake, 30.0, 1.0).astype(np.float32)
        self._everywhere: I8 = np.zeros(self._height.shape, np.int64)
        self._step_m = self.terrain.step_m * _COARSER
        self._from: dict[int, I8] = {}

    def build_roads(self, tree: Tree) -> None:
        """Lay the roads; ways found later follow them where that saves effort."""
        towns = tree.level("township")
        joins = [(towns[0].seat_xy, town.seat_xy) for town in towns[1:]]
        for town in towns:
            for village in tree.below(town.code, "village"):
                if village.seat_xy != town.seat_xy:
                    joins.append((town.seat_xy, village.seat_xy))
        self.roads = [self.way(start, end) for start, end in joins]
        for road in self.roads:
            self._ease.ravel()[self._cells(road)] = _ROAD_EASE
        self._from.clear()

    def way(self, start: tuple[float, float], end: tuple[float, float]) -> F8:
        """Return the way of least effort, shape (n, 2), smoothed."""
        source, cell = (int(self._cells(np.array([place]))[0]) for place in (start, end))
        if source not in self._from:
            _, came_from, _ = spread(
                self._height,
                self._ease,
                self._everywhere,
                self._step_m,
                np.array([source]),
                True,
            )
            self._from[source] = came_from
        back = [cell]
        while (cell := int(self._from[source][cell])) >= 0:
            back.append(cell)
        cells = np.array(back[::-1])
        cols = self._height.shape[1]
        x = self.terrain.west_m + (cells % cols + 0.25) * self._step_m
        y = self.terrain.north_m - (cells // cols + 0.25) * self._step_m
        return smoothed(np.column_stack([x, y]))

    def _cells(self, points: F8) -> I8:
        rows, cols = self._height.shape
        row = np.clip((self.terrain.north_m - points[:, 1]) // self._step_m, 0, rows - 1)
        col = np.clip((points[:, 0] - self.terrain.west_m) // self._step_m, 0, cols - 1)
        return np.asarray(row * cols + col, dtype=np.int64)


def smoothed(line: F8, rounds: int = 3) -> F8:
    """Return a line with its corners cut (Chaikin), ends kept."""
    for _ in range(rounds):
        if len(line) < 3:
            break
        first = 0.75 * line[:-1] + 0.25 * line[1:]
        second = 0.25 * line[:-1] + 0.75 * line[1:]
        inner = np.stack([first, second], axis=1).reshape(-1, 2)
        line = np.vstack([line[:1], inner[1:-1], line[-1:]])
    return line
