"""The ground of the county: mountains cut by rivers, made by lifting noise and letting it erode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.crs import WGS84, metric_crs_for, transform_xy
from sample_data.flow import drain, erode
from sample_data.noise import fractal, sample, zoom

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

CENTRE_LON, CENTRE_LAT = 104.62, 33.56
VALLEY_FLOOR_M = 960.0
RIVER_AREA_M2 = 1.5e6


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Heights on a square grid, row 0 in the north.

    Attributes:
        crs: Metric CRS of ``west_m`` and ``north_m``, the outer corner of the first cell.
        height_m: Shape (rows, cols).
        drained_m2: Ground that drains through each cell, shape (rows, cols).
        receiver: Flat index of the cell each cell drains to, shape (rows * cols,); -1 at the outlet.
        lake: Cells under the reservoir, shape (rows, cols).
    """

    crs: str
    west_m: float
    north_m: float
    step_m: float
    height_m: F4
    drained_m2: F4
    receiver: I8
    lake: NDArray[np.bool_]

    @property
    def centre_xy(self) -> tuple[float, float]:
        """Middle of the grid in ``crs``."""
        rows, cols = self.height_m.shape
        return self.west_m + cols * self.step_m / 2, self.north_m - rows * self.step_m / 2

    def cell_xy(self, cells: I8) -> tuple[F8, F8]:
        """Return the centres of cells given by flat index, in ``crs``."""
        cols = self.height_m.shape[1]
        x = self.west_m + (cells % cols + 0.5) * self.step_m
        y = self.north_m - (cells // cols + 0.5) * self.step_m
        return x, y

    def cell_at(self, x: F8, y: F8) -> I8:
        """Return the flat index of the cell that holds each point (held at the edges)."""
        rows, cols = self.height_m.shape
        row = np.clip(np.floor((self.north_m - y) / self.step_m), 0, rows - 1).astype(np.int64)
        col = np.clip(np.floor((x - self.west_m) / self.step_m), 0, cols - 1).astype(np.int64)
        return np.asarray(row * cols + col)

    def height_at(self, x: F8, y: F8) -> F8:
        """Return heights in metres at points of ``crs`` (linear between cell centres)."""
        row = (self.north_m - y) / self.step_m - 0.5
        col = (x - self.west_m) / self.step_m - 0.5
        return sample(self.height_m, row, col)

    @property
    def slope(self) -> F4:
        """Steepness (rise over run) of every cell, shape (rows, cols)."""
        down, right = np.gradient(self.height_m, self.step_m)
        return np.asarray(np.hypot(down, right), dtype=np.float32)


def make_terrain(rng: np.random.Generator, *, side_m: float, step_m: float) -> Terrain:
    """Return a mountain basin with one river through it and a reservoir on that river.

    Args:
        rng: Source of randomness.
        side_m: Side of the square, metres.
        step_m: Cell size, metres; the erosion starts on cells 2.5 times as wide.
    """
    cells = round(side_m / step_m)
    coarse = round(cells / 2.5)
    coarse_m = side_m / coarse
    # A first lean towards the river's way out, or the early water finds no valley system.
    lean = np.add.outer(np.linspace(260, 0, coarse), np.linspace(160, 0, coarse))
    height = _cut_by_water(
        lean.astype(np.float32) + 60 * fractal((coarse, coarse), rng, slope=1.5),
        rng,
        lift_m=24 * np.exp(0.3 * fractal((coarse, coarse), rng, slope=1.9)),
        step_m=coarse_m,
        steps=70,
    )[0]
    fine = zoom(height, (cells, cells)) + 9 * fractal((cells, cells), rng, slope=1.2)
    lift = np.full((cells, cells), 10, np.float32)
    height, drained, receiver = _cut_by_water(fine, rng, lift_m=lift, step_m=step_m, steps=5)
    height = _relaxed(height + VALLEY_FLOOR_M - height.min())
    centre_x, centre_y = transform_xy(
        WGS84,
        crs := metric_crs_for(CENTRE_LON, CENTRE_LAT),
        np.array([CENTRE_LON]),
        np.array([CENTRE_LAT]),
    )
    half_m = cells * step_m / 2
    # Whole multiples of the cell size keep every vertex of the areas a short number.
    west = round((centre_x.item() - half_m) / step_m) * step_m
    north = round((centre_y.item() + half_m) / step_m) * step_m
    height, lake = _dam(height, drained, receiver)
    return Terrain(crs, west, north, step_m, height, drained, receiver, lake)


def _cut_by_water(
    height: F4, rng: np.random.Generator, *, lift_m: F4, step_m: float, steps: int
) -> tuple[F4, F4, I8]:
    """Lift and erode; the river comes in at the north-west and leaves at the south-east."""
    rows, cols = height.shape
    ground = np.ascontiguousarray(height, dtype=np.float32)
    # The river below and the country above it are part of neither: only their water counts.
    outlet = (rows - 1) * cols + round(cols * 0.72)
    area = np.full(rows * cols, step_m * step_m)
    area[round(rows * 0.22) * cols] += 6e8
    lift = np.ascontiguousarray(lift_m, dtype=np.float32)
    ground[rows - 1, round(cols * 0.72)] = ground.min() - 50
    for _ in range(steps):
        rough = rng.uniform(0.001, 0.05, ground.shape).astype(np.float32)
        order, receiver = drain(ground, rough, outlet)
        drained = erode(ground, order, receiver, area, lift, 24 / 55, step_m)
    return ground, drained.reshape(rows, cols).astype(np.float32), receiver


def _relaxed(height: F4) -> F4:
    """Soften single-cell notches as creep of the soil would, twice with a 3 × 3 kernel."""
    for _ in range(2):
        padded = np.pad(height, 1, mode="edge")
        across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
        height = (across[:-2] + 2 * across[1:-1] + across[2:]) / 16
    return np.asarray(height, dtype=np.float32)


def _dam(height: F4, drained: F4, receiver: I8) -> tuple[F4, NDArray[np.bool_]]:
    """Put a dam across the river south of the middle and fill the valley behind it."""
    rows, cols = height.shape
    row = round(rows * 0.56)
    col = int(np.argmax(drained[row]))
    dam = row * cols + col
    above = np.zeros(rows * cols, np.bool_)
    above[dam] = True
    level = float(height[row, col]) + 24
    flat = height.ravel()
    low = np.flatnonzero(flat < level)
    # Water climbs cell by cell: a low cell is wet when the cell it drains to is.
    for _ in range(rows + cols):
        wet = low[above[receiver[low]] & ~above[low]]
        if wet.size == 0:
            break
        above[wet] = True
    lake = above.reshape(rows, cols)
    return np.where(lake, np.float32(level), height).astype(np.float32), lake
