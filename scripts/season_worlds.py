"""Counties to search: cells, townships, unequal risk, and points where a target may stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from season_walks import Square, legs

from geoinspect import crs as crs_
from geoinspect.confidence.absence import SearchedCells, searched_cells
from geoinspect.coverage import bits
from geoinspect.coverage.book import LookBook, tally
from geoinspect.coverage.cells import CellTable, Thresholds, table_of
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Sweeper
from geoinspect.coverage.sensitivity import SearchedWell, searched_well
from geoinspect.records import Segment
from geoinspect.search_records import DetectionLaw, Method

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

CRS, CELL_M = "EPSG:4545", 100.0
_X0, _Y0, _SIZE_M = 500_000.0, 3_700_000.0, 4000.0


@dataclass(frozen=True)
class World:
    """A county.

    Attributes:
        ground: Its cells; townships own the pieces.
        shape: Its polygon in the grid's CRS.
        risk: Relative risk of each cell, shape (cells,).
        square: Where people walk.
    """

    ground: Ground
    shape: shapely.Polygon
    risk: F8
    square: Square

    def cells(self, sensitivity: F8) -> SearchedCells:
        """Return the cells of a claim, made as ``geoinspect.claims`` makes them."""
        return searched_cells(
            sensitivity,
            self.risk * self.ground.cell_m2,
            zone=self.ground.cell_home,
            zone_names=self.ground.area_codes,
        )

    def points(self, random: np.random.Generator, count: int) -> tuple[F8, I4]:
        """Return places of targets, (count, 2), and their cells: by risk, even within a cell."""
        weight = self.risk * self.ground.cell_m2
        cell = random.choice(len(weight), count, p=weight / weight.sum()).astype(np.int32)
        corner = np.column_stack([self.ground.cell_col[cell], self.ground.cell_row[cell]]) * CELL_M
        place = corner + random.uniform(0, CELL_M, (count, 2))
        outside = np.flatnonzero(~shapely.contains_xy(self.shape, place))
        while len(outside):
            place[outside] = corner[outside] + random.uniform(0, CELL_M, (len(outside), 2))
            outside = outside[~shapely.contains_xy(self.shape, place[outside])]
        return place, cell


def make_world(random: np.random.Generator, width_m: float) -> World:
    """Return a county of some 14 km² with a crooked border, four townships and patchy risk."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False) + random.uniform(-0.15, 0.15, 14)
    radius = _SIZE_M / 2 * random.uniform(0.85, 1.15, 14)
    middle = np.array([_X0, _Y0]) + _SIZE_M / 2
    ring = middle + radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    square = (_X0, _Y0, _SIZE_M)
    box = shapely.box(_X0, _Y0, _X0 + _SIZE_M, _Y0 + _SIZE_M)
    shape = shapely.intersection(shapely.Polygon(ring), box)
    at = middle + random.uniform(-600, 600, 2)
    far = 2 * _SIZE_M
    quarters = {}
    for east in (0, 1):
        for north in (0, 1):
            low = at - far * (1 - np.array([east, north]))
            corner = shapely.box(*low, *(low + far))
            quarters[f"t{east}{north}"] = shapely.intersection(shape, corner)
    side = bits.side_for(CELL_M, width_m)
    ground = make_ground(quarters, crs=CRS, cell_m=CELL_M, side=side, sliver_share=1e-4)
    return World(ground, shape, _patchy(random, ground), square)


def _patchy(random: np.random.Generator, ground: Ground) -> F8:
    """Return a risk that is up to 20 times the lowest round a few spots, and 0 in a few cells."""
    x, y = ground.centres()
    risk = np.ones(len(x))
    for _ in range(int(random.integers(2, 6))):
        at = random.integers(0, len(x))
        away_m = np.hypot(x - x[at], y - y[at])
        risk += random.uniform(2, 19) * np.exp(-away_m / random.uniform(150, 900))
    risk[random.uniform(size=len(x)) < 0.02] = 0.0
    return risk


def swept(world: World, lines: list[F8], width_m: float) -> tuple[CellTable, SearchedWell]:
    """Return what our own sweep, book of looks and claim make of walks at a sweep width."""
    segments = []
    for line in legs(lines):
        lon, lat = crs_.transform_xy(CRS, crs_.WGS84, line[:, 0].copy(), line[:, 1].copy())
        segments.append(Segment(lon, lat, np.full(len(line), np.nan)))
    sweeper = Sweeper(world.ground)
    look = sweeper.track(segments, width_m=width_m, gap_s=300.0)
    book = LookBook.of(world.ground, [(Method.FOOT, look)], DetectionLaw.RANDOM_SEARCH)
    kinds = np.zeros(len(world.ground.cell_row), np.int16)
    found = tally(world.ground, book, np.ones((len(book), 1), np.bool_), kinds)
    table = table_of(world.ground, found, Thresholds())
    return table, searched_well(world.ground, table)
