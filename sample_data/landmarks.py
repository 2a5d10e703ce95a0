"""What lies about in the county: roads, houses and water, as a map office hands them over."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sample_data.areas import SampleArea, Tree
from sample_data.features import write_features
from sample_data.manifest import Ledger
from sample_data.terrain import Terrain
from sample_data.trails import Trails, smoothed
from sample_data.water import reservoir, streams

F8 = NDArray[np.float64]
Row = dict[str, Any]

# Houses stand about their village's seat, and in twos and threes along its roads.
_HOUSES = (12, 34)
_ABOUT_M, _BESIDE_ROAD_M = 170.0, 35.0
_STEEPEST = 0.45
# What drains more ground than this is a river, not a stream.
_RIVER_M2 = 2.5e7
_LINE_M = 3.0
# The county's map shows what runs just outside it too.
_AROUND_M = 1000.0


def write_landmarks(
    ledger: Ledger, terrain: Terrain, tree: Tree, trails: Trails, rng: np.random.Generator
) -> None:
    """Write the three layers; ``about`` names the kind of landmark that a layer holds."""
    layers = (
        ("roads", _roads(tree, trails)),
        ("houses", _houses(terrain, tree, trails, rng)),
        ("water", _water(terrain, tree)),
    )
    for landmark, rows in layers:
        relative = f"landmarks/{landmark}.geojson"
        write_features(ledger.path(relative), rows, terrain.crs)
        ledger.add(relative, "landmarks", landmark=landmark, count=len(rows))


def _roads(tree: Tree, trails: Trails) -> list[Row]:
    # Trails lay the roads between townships first.
    between_towns = len(tree.level("township")) - 1
    rows = []
    for number, road in enumerate(trails.roads):
        wide = number < between_towns
        name = f"县道{number + 1}号(模拟)" if wide else f"村道{number - between_towns + 1}号(模拟)"
        kind = "county_road" if wide else "village_road"
        rows.append(_row(name, kind, shapely.linestrings(road).simplify(_LINE_M)))
    return rows


def _houses(terrain: Terrain, tree: Tree, trails: Trails, rng: np.random.Generator) -> list[Row]:
    bends = np.vstack(trails.roads)
    rows = []
    for village in tree.level("village"):
        seat = shapely.Point(village.seat_xy)
        rows.append(_row(f"{village.name}(模拟)", "village_seat", seat))
        count = int(rng.integers(*_HOUSES))
        about = village.seat_xy + _ABOUT_M * rng.standard_normal((count, 2))
        own = bends[shapely.contains_xy(village.polygon, bends)]
        beside = own[rng.integers(0, len(own), count // 2)] if len(own) else np.empty((0, 2))
        beside = beside + _BESIDE_ROAD_M * rng.standard_normal(beside.shape)
        places = np.vstack([about, beside])
        good = _buildable(places, terrain, village)
        rows += [
            _row(f"{village.name}民房(模拟)", "house", p) for p in shapely.points(places[good])
        ]
    return rows


def _buildable(places: F8, terrain: Terrain, village: SampleArea) -> NDArray[np.bool_]:
    """Return which places are the village's own, dry and not too steep."""
    cells = terrain.cell_at(places[:, 0], places[:, 1])
    fit = (terrain.slope.ravel()[cells] < _STEEPEST) & ~terrain.lake.ravel()[cells]
    return np.asarray(fit & shapely.contains_xy(village.polygon, places))


def _water(terrain: Terrain, tree: Tree) -> list[Row]:
    (county,) = tree.level("county")
    lake = reservoir(terrain)
    mapped = county.polygon.buffer(_AROUND_M)
    dry = mapped.difference(lake)
    drained_m2 = terrain.drained_m2.ravel()
    rows = [_row("云岭水库(模拟)", "reservoir", lake.intersection(mapped))]
    for cells in streams(terrain):
        course = smoothed(np.column_stack(terrain.cell_xy(cells)), 2)
        shown = _lines(shapely.linestrings(course).simplify(_LINE_M).intersection(dry))
        if shown.is_empty:
            continue
        # Its last cell is another's, or the river's way out.
        river = len(cells) > 1 and drained_m2[cells[-2]] > _RIVER_M2
        name = "云岭河(模拟)" if river else "溪沟(模拟)"
        rows.append(_row(name, "river" if river else "stream", shown))
    return rows


def _lines(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the lines of a shape; what only touched the shore leaves points."""
    parts = shapely.get_parts(shape)
    return shapely.multilinestrings(parts[shapely.get_dimensions(parts) == 1])


def _row(name: str, kind: str, shape: shapely.Geometry) -> Row:
    return {"name": name, "kind": kind, "geometry": shape}
