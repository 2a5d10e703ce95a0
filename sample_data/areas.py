"""The area tree: townships, villages and forest compartments grown outward from their seats.

Each level is a territory by least effort, so borders run along ridges as real ones do. The
narrowest level is drawn once as a coverage and the wider ones are unions of it: no gap, no
overlap, the same vertices on both sides of every border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from sample_data import names
from sample_data.flow import spread
from sample_data.noise import fractal
from sample_data.terrain import RIVER_AREA_M2, Terrain

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SampleArea:
    """One area; polygon in the terrain's CRS."""

    code: str
    name: str
    level: str
    parent: str | None
    unit: str
    polygon: Polygon
    seat_xy: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """All areas, wide levels first, and the units that answer for them."""

    areas: tuple[SampleArea, ...]
    units: tuple[tuple[str, str, str | None], ...]

    def level(self, level: str) -> list[SampleArea]:
        """Return the areas of one level, by code."""
        return [area for area in self.areas if area.level == level]

    def below(self, code: str, level: str) -> list[SampleArea]:
        """Return the areas of a level whose code begins with a code."""
        return [area for area in self.level(level) if area.code.startswith(code)]


@dataclass(frozen=True, slots=True)
class TreeSize:
    """How much to make: townships, and the ground of a village and a compartment."""

    townships: int
    village_km2: float
    compartment_km2: float
    reach_m: float


def make_tree(terrain: Terrain, rng: np.random.Generator, size: TreeSize) -> Tree:
    """Return the fictional county over a terrain, in four levels."""
    seats = _township_seats(terrain, rng, size)
    rim = _rim(terrain, size.reach_m)
    everywhere = np.zeros(terrain.height_m.size, np.int64)
    # Wild ground between seats: without it borders on plain slopes run along the grid.
    ease = np.exp(0.45 * fractal(terrain.height_m.shape, rng, slope=1.1)).astype(np.float32)
    ease[terrain.lake] *= 6
    township = _grow(terrain, ease, np.concatenate([seats, rim]), everywhere)
    township = np.where(township < len(seats), township, -1)
    village_seats, village = _split(
        terrain, rng, ease, township, seats, size.village_km2, valley=True
    )
    compartment_seats, compartment = _split(
        terrain, rng, ease, village, village_seats, size.compartment_km2, valley=False
    )
    shapes = _coverage(terrain, compartment, len(compartment_seats))
    return _named(terrain, shapes, [seats, village_seats, compartment_seats], [township, village])


def _township_seats(terrain: Terrain, rng: np.random.Generator, size: TreeSize) -> I8:
    """Seats in the valleys, spread over a disc of about two thirds of the county's reach."""
    x, y = terrain.cell_xy(valley := _valley_cells(terrain))
    mid_x, mid_y = terrain.centre_xy
    near = np.hypot(x - mid_x, y - mid_y) < 0.72 * size.reach_m
    return _spaced(terrain, valley[near], size.townships, rng)


def _rim(terrain: Terrain, reach_m: float) -> I8:
    """Seats of the neighbours all round: where their ground begins the county ends."""
    angle = np.linspace(0, 2 * np.pi, 17)[:-1]
    mid_x, mid_y = terrain.centre_xy
    far_m = 1.22 * reach_m
    return np.unique(terrain.cell_at(mid_x + far_m * np.cos(angle), mid_y + far_m * np.sin(angle)))


def _valley_cells(terrain: Terrain) -> I8:
    wide = (terrain.drained_m2 > RIVER_AREA_M2) & ~terrain.lake
    return np.asarray(np.flatnonzero(wide.ravel()))


def _spaced(terrain: Terrain, cells: I8, count: int, rng: np.random.Generator) -> I8:
    """Return ``count`` of the cells, evenly spread (Lloyd's rounds, then the nearest cell)."""
    x, y = terrain.cell_xy(cells)
    points = np.column_stack([x, y])
    if len(points) > 3000:
        points = points[rng.choice(len(points), 3000, replace=False)]
    middles = points[rng.choice(len(points), count, replace=False)]
    for _ in range(12):
        nearest = np.argmin(_squared(points, middles), axis=1)
        middles = np.array(
            [points[nearest == k].mean(axis=0) if (nearest == k).any() else middles[k]
             for k in range(count)]
        )  # fmt: skip
    chosen = points[np.argmin(_squared(points, middles), axis=0)]
    return np.unique(terrain.cell_at(chosen[:, 0], chosen[:, 1]))


def _squared(points: F8, middles: F8) -> F8:
    apart = points[:, None, :] - middles[None, :, :]
    return np.asarray((apart**2).sum(axis=2))


def _grow(terrain: Terrain, ease: F4, seats: I8, within: I8) -> I8:
    """Return the seat each cell is nearest to in effort, -1 outside the groups."""
    _, _, owner = spread(
        # Twice the height: nobody's ground reaches over a ridge that could be its border.
        terrain.height_m * np.float32(2),
        ease,
        within.reshape(terrain.height_m.shape),
        terrain.step_m,
        seats,
        False,
    )
    return owner


def _split(
    terrain: Terrain,
    rng: np.random.Generator,
    ease: F4,
    parents: I8,
    parent_seats: I8,
    share_km2: float,
    *,
    valley: bool,
) -> tuple[I8, I8]:
    """Cut each parent into territories of about ``share_km2``; seats are ordered by parent."""
    seats: list[int] = []
    in_valley = np.zeros(parents.size, np.bool_)
    in_valley[_valley_cells(terrain)] = True
    for parent, parent_seat in enumerate(parent_seats):
        own = np.flatnonzero(parents == parent)
        count = max(2, round(own.size * terrain.step_m**2 / 1e6 / share_km2))
        places = own[in_valley[own]] if valley else own
        if len(places) < 4 * count:
            places = own
        found = _spaced(terrain, places, count, rng)
        if valley:
            # The parent's seat is itself the seat of one of its villages.
            x, y = terrain.cell_xy(found)
            seat_x, seat_y = terrain.cell_xy(parent_seat)
            found[np.argmin(np.hypot(x - seat_x, y - seat_y))] = parent_seat
        seats += found.tolist()
    chosen = np.array(seats, np.int64)
    return chosen, _grow(terrain, ease, chosen, parents)


def _coverage(terrain: Terrain, labels: I8, count: int) -> list[Polygon]:
    """Return one polygon a label; neighbours share every vertex of their border."""
    shape = terrain.height_m.shape
    found: dict[int, Polygon] = {}
    drawn = rasterio.features.shapes(labels.reshape(shape).astype(np.int32), connectivity=4)
    for geometry, value in drawn:
        if value >= 0:
            found[int(value)] = shapely.geometry.shape(geometry)
    outlines = shapely.segmentize([found[k] for k in range(count)], 1.0)
    whole = shapely.transform(outlines, np.round)
    simple = shapely.coverage_simplify(whole, 2.2)

    def placed(points: F8) -> F8:
        return np.column_stack(
            [
                terrain.west_m + points[:, 0] * terrain.step_m,
                terrain.north_m - points[:, 1] * terrain.step_m,
            ]
        )

    return list(shapely.transform(simple, placed))


def _named(terrain: Terrain, shapes: list[Polygon], seats: list[I8], parents: list[I8]) -> Tree:
    """Give every territory its code, name, parent and unit, and join narrow ones to wide ones."""
    county = names.COUNTY_CODE
    units: list[tuple[str, str, str | None]] = [
        (county, f"{names.COUNTY}禁毒委员会办公室", None),
        (f"{county}P", f"{names.COUNTY}公安局禁毒大队", county),
    ]
    village_parent = parents[0][seats[1]]
    compartment_parent = parents[1][seats[2]]
    towns: list[SampleArea] = []
    villages: list[SampleArea] = []
    narrow: list[SampleArea] = []

    def point(level: int, index: np.integer[Any] | int) -> tuple[float, float]:
        x, y = terrain.cell_xy(seats[level][index])
        return float(x), float(y)

    for t in range(len(seats[0])):
        town_name, is_town = names.township(t)
        town_code = f"{county}{(100 if is_town else 200) + t}"
        station = f"{town_code}F"
        units.append((town_code, f"{town_name}人民政府", county))
        units.append((station, f"{town_name}林业工作站", town_code))
        town_parts: list[Polygon] = []
        for n, v in enumerate(np.flatnonzero(village_parent == t)):
            village_code = f"{town_code}{200 + n}"
            village_name = names.village(int(v))
            parts = []
            for m, c in enumerate(np.flatnonzero(compartment_parent == v)):
                code = f"{village_code}L{m + 1:02d}"
                name = f"{village_name.removesuffix('村')}{m + 1}号林班"
                narrow.append(
                    SampleArea(
                        code, name, "compartment", village_code, station, shapes[c], point(2, c)
                    )
                )
                parts.append(shapes[c])
            joined = shapely.coverage_union_all(parts)
            villages.append(
                SampleArea(
                    village_code, village_name, "village", town_code, town_code, joined, point(1, v)
                )
            )
            town_parts += parts
        joined = shapely.coverage_union_all(town_parts)
        towns.append(
            SampleArea(town_code, town_name, "township", county, town_code, joined, point(0, t))
        )
    whole = shapely.coverage_union_all(shapes)
    root = SampleArea(county, names.COUNTY, "county", None, county, whole, towns[0].seat_xy)
    return Tree((root, *towns, *villages, *narrow), tuple(units))
