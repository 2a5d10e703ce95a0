"""What others saw of the county and hand over as outlines only: flight blocks and a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from sample_data.areas import SampleArea, Tree
from sample_data.features import write_features
from sample_data.manifest import NOTE, Ledger
from sample_data.terrain import RIVER_AREA_M2, Terrain

F8 = NDArray[np.float64]

FLOWN_FROM, FLOWN_TO = date(2026, 5, 25), date(2026, 6, 10)
SURVEY_RATE, SURVEY_PATCH_M2 = 0.86, 4.0
SCENE_TAKEN = date(2026, 3, 12)
SCENE_RATE, SCENE_PATCH_M2 = 0.05, 400.0

_ALONG_M, _ACROSS_M = (1500.0, 2600.0), (900.0, 1400.0)
_SLANT_M = 180.0
# Blocks share a flight line with their neighbours, or leave a strip between them.
_OVERLAP_M = 40.0
_MISSED_M, _MISSED_SHARE = (40.0, 120.0), 0.1
# Nobody hands over the sliver that a border cuts off.
_SMALLEST_M2 = 20_000.0
_CUTS = 30


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """One flight's ground in the terrain's CRS."""

    outline: Polygon | MultiPolygon
    broken_off: bool = False


def write_footprints(
    ledger: Ledger, terrain: Terrain, tree: Tree, shares: Sequence[float], rng: np.random.Generator
) -> None:
    """Write the outlines of a contractor's drone survey and of a satellite scene.

    Args:
        ledger: Takes the files down.
        terrain: The ground.
        tree: The areas.
        shares: Share of each township's ground that the survey covers, smallest township first.
        rng: Source of randomness.
    """
    rows = _survey(terrain, tree, shares, rng)
    relative = "footprints/outside-survey.geojson"
    write_features(ledger.path(relative), rows, terrain.crs)
    ledger.add(relative, "footprints", method="survey", count=len(rows))
    relative = "footprints/satellite.geojson"
    write_features(ledger.path(relative), [_scene(tree, rng)], terrain.crs)
    ledger.add(relative, "footprints", method="satellite", count=1)


def _survey(
    terrain: Terrain, tree: Tree, shares: Sequence[float], rng: np.random.Generator
) -> list[dict[str, Any]]:
    (county,) = tree.level("county")
    towns = sorted(tree.level("township"), key=lambda town: town.polygon.area)
    flown = [
        (town, number, block)
        for town, share in zip(towns, shares, strict=True)
        for number, block in enumerate(_blocks(terrain, town, county.polygon, share, rng), start=1)
    ]
    days = (FLOWN_TO - FLOWN_FROM).days + 1
    rows = []
    for turn, (town, number, block) in enumerate(flown):
        own = shapely.area(block.outline.intersection(town.polygon)) / block.outline.area
        ended = ";因天气提前结束 / broken off: weather" if block.broken_off else ""
        rows.append(
            {
                "name": f"{town.name}航测{number:02d}区(模拟)",
                "kind": "survey",
                "taken": (FLOWN_FROM + timedelta(days=turn * days // len(flown))).isoformat(),
                "rate": SURVEY_RATE,
                "patch_m2": SURVEY_PATCH_M2,
                # A block over a border answers to no single township.
                "unit": town.unit if own > 0.9 else None,
                "note": NOTE + ended,
                "geometry": block.outline,
            }
        )
    return rows


def _blocks(
    terrain: Terrain,
    town: SampleArea,
    county: Polygon | MultiPolygon,
    share: float,
    rng: np.random.Generator,
) -> list[_Block]:
    """Return blocks outward from the seat until a share of the township is covered; the last
    one ends where the share is reached.
    """
    angle = _valley_angle(terrain, town)
    near = shapely.intersection(town.polygon.buffer(_OVERLAP_M), county)
    outlines = [part.intersection(near) for part in _lattice(town.polygon, angle, rng)]
    outlines = [_largest(outline) for outline in outlines if outline.area > _SMALLEST_M2]
    seat = shapely.Point(town.seat_xy)
    outlines.sort(key=lambda one: float(one.centroid.distance(seat) * rng.uniform(0.8, 1.2)))
    wish_m2 = share * town.polygon.area
    covered: Polygon | MultiPolygon = Polygon()
    blocks: list[_Block] = []
    for outline in outlines:
        joined = shapely.union(covered, outline)
        if joined.intersection(town.polygon).area >= wish_m2:
            last = _cut(outline, covered, town.polygon, wish_m2, angle)
            return [*blocks, *([_Block(last, broken_off=True)] if last.area > 0 else [])]
        covered = joined
        blocks.append(_Block(outline))
    return blocks


def _lattice(
    ground: Polygon | MultiPolygon, angle: float, rng: np.random.Generator
) -> list[Polygon]:
    """Return trapezoids over a polygon: rows along an angle, cut by slanting lines."""
    middle = ground.centroid
    turned = shapely.affinity.rotate(ground, -angle, origin=middle, use_radians=True)
    west, south, east, north = turned.bounds
    blocks = []
    for low, high in spans(south, north, _ACROSS_M, rng):
        slant = rng.uniform(-_SLANT_M, _SLANT_M)
        for left, right in spans(west, east, _ALONG_M, rng):
            # The next block begins along the line where this one ends.
            next_slant = rng.uniform(-_SLANT_M, _SLANT_M)
            corners = [(left, low), (right, low), (right + next_slant, high), (left + slant, high)]
            blocks.append(Polygon(corners))
            slant = next_slant
    return [
        shapely.affinity.rotate(block, angle, origin=middle, use_radians=True) for block in blocks
    ]


def spans(
    start: float, end: float, width_m: tuple[float, float], rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return spans from start to end; most overlap, some leave a strip between them."""
    found = []
    # A first span that begins before the start, or slanting blocks would miss a corner.
    at = start - rng.uniform(0.3, 0.7) * width_m[0]
    while at < end + _SLANT_M:
        after = at + rng.uniform(*width_m)
        found.append((at, after))
        missed = rng.random() < _MISSED_SHARE
        at = after + (rng.uniform(*_MISSED_M) if missed else -_OVERLAP_M)
    return found


def _valley_angle(terrain: Terrain, town: SampleArea) -> float:
    """Return the direction in which the township's water runs, radians from east."""
    wet = np.flatnonzero(terrain.drained_m2.ravel() > RIVER_AREA_M2)
    wet = wet[terrain.receiver[wet] >= 0]
    wet = wet[shapely.contains_xy(town.polygon, *terrain.cell_xy(wet))]
    x, y = terrain.cell_xy(wet)
    to_x, to_y = terrain.cell_xy(terrain.receiver[wet])
    # Doubled, so that up and down a valley are one direction.
    mean = np.exp(2j * np.arctan2(to_y - y, to_x - x)).sum()
    return float(np.angle(mean) / 2)


def _cut(
    outline: Polygon,
    covered: Polygon | MultiPolygon,
    ground: Polygon | MultiPolygon,
    wish_m2: float,
    angle: float,
) -> Polygon:
    """Return the part of a block that with what is covered reaches a wished area of the ground."""
    middle = outline.centroid
    turned = shapely.affinity.rotate(outline, -angle, origin=middle, use_radians=True)
    west, south, east, north = turned.bounds
    low, high = west, east
    part = Polygon()
    for _ in range(_CUTS):
        at = (low + high) / 2
        kept = turned.intersection(shapely.box(west, south, at, north))
        part = _largest(shapely.affinity.rotate(kept, angle, origin=middle, use_radians=True))
        reached = shapely.union(covered, part).intersection(ground).area >= wish_m2
        low, high = (low, at) if reached else (at, high)
    return part


def _largest(shape: shapely.Geometry) -> Polygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area, default=Polygon())


def _scene(tree: Tree, rng: np.random.Generator) -> dict[str, Any]:
    """Return one early scene over the whole county but for what a cloud hid."""
    (county,) = tree.level("county")
    west, south, east, north = county.polygon.bounds
    # Scenes lean with the satellite's way.
    frame = shapely.box(west, south, east, north).buffer(0.12 * (east - west), join_style="mitre")
    frame = shapely.affinity.rotate(frame, -10.0, origin="centroid")
    x, y = county.polygon.centroid.coords[0]
    theta = np.linspace(0, 2 * np.pi, 49)[:-1]
    radius = (east - west) * (0.13 + 0.03 * np.cos(2 * theta + 1) + 0.015 * np.cos(5 * theta))
    x += 0.2 * (east - west) * rng.uniform(-1, 1)
    y += 0.2 * (north - south) * rng.uniform(-1, 1)
    cloud = Polygon(np.column_stack([x + 1.4 * radius * np.cos(theta), y + radius * np.sin(theta)]))
    return {
        "name": "卫星影像 2026-03-12(模拟)",
        "kind": "satellite",
        "taken": SCENE_TAKEN.isoformat(),
        "rate": SCENE_RATE,
        "patch_m2": SCENE_PATCH_M2,
        "unit": None,
        "note": NOTE + ";云遮挡部分未计入 / ground under cloud left out",
        "geometry": frame.difference(cloud),
    }
