"""Marked ground: licensed parcels, former growing places, a slope that nobody may enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import Polygon

from geoinspect.records import ZoneKind
from sample_data.areas import Tree
from sample_data.terrain import Terrain

_VALID = ("2026-03-01", "2028-02-29")
_EXPIRED = ("2023-03-01", "2025-12-31")


def make_zones(
    terrain: Terrain,
    tree: Tree,
    licensed: Sequence[tuple[str, Polygon]],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Return the zones as rows with a geometry in the terrain's CRS.

    Args:
        terrain: The ground.
        tree: The areas; former places lie in their compartments.
        licensed: ``valid`` or ``expired`` and the planted ground that the parcel holds.
        rng: Source of randomness.
    """
    rows = []
    for number, (licence, patch) in enumerate(licensed, start=1):
        dates = _VALID if licence == "valid" else _EXPIRED
        state = "" if licence == "valid" else ",已过期"
        parcel = shapely.minimum_rotated_rectangle(patch).buffer(5, join_style="mitre")
        rows.append(_row(ZoneKind.LICENSED, f"许可种植地块{number}号(模拟{state})", parcel, dates))
    villages = tree.level("village")
    x, y = villages[len(villages) // 2].seat_xy
    field = shapely.box(x + 60, y - 40, x + 160, y + 25)
    rows.append(_row(ZoneKind.LICENSED, f"许可种植地块{len(rows) + 1}号(模拟)", field, _VALID))
    compartments = tree.level("compartment")
    picked = rng.choice(len(compartments), min(10, len(compartments) // 2), replace=False)
    for number, index in enumerate(sorted(picked), start=1):
        place = compartments[index]
        blob = _blob(place.seat_xy, float(rng.uniform(70, 320)), rng)
        ground = shapely.intersection(blob, place.polygon)
        name = f"{place.name}历史种植点{number}(模拟)"
        rows.append(_row(ZoneKind.FORMER, name, _largest(ground), (None, None)))
    steep = max(compartments, key=lambda place: _steepness(terrain, place.seat_xy))
    slide = _blob(steep.seat_xy, 260.0, rng)
    rows.append(_row(ZoneKind.NO_GO, f"{steep.name}滑坡危险区(模拟)", slide, (None, None)))
    return rows


def _row(
    kind: ZoneKind, name: str, polygon: Polygon, dates: tuple[str | None, str | None]
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind.value,
        "valid_from": dates[0],
        "valid_to": dates[1],
        "geometry": polygon,
    }


def _blob(centre: tuple[float, float], radius_m: float, rng: np.random.Generator) -> Polygon:
    theta = np.linspace(0, 2 * np.pi, 37)[:-1]
    waves = sum(
        rng.normal(0, 0.3 / n) * np.cos(n * theta + rng.uniform(0, 2 * np.pi)) for n in range(2, 6)
    )
    radius = radius_m * np.exp(waves)
    return Polygon(
        np.column_stack([centre[0] + radius * np.cos(theta), centre[1] + radius * np.sin(theta)])
    )


def _largest(shape: shapely.Geometry) -> Polygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area)


def _steepness(terrain: Terrain, place: tuple[float, float]) -> float:
    cell = terrain.cell_at(np.array([place[0]]), np.array([place[1]]))
    return float(terrain.slope.ravel()[cell[0]])
