"""Gaps of one area: whole ones of the areas below it, or its share of a wider area's."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from geoinspect import crs as crs_
from geoinspect.crs import metric_shape
from geoinspect.snapshot import Snapshot
from geoinspect.store.schema import AreaRow
from webmap.api.blueprint import feature
from webmap.tree import AreaTree

MOST_GAPS = 50
# As in coverage.gaps: less is where a cell's corner reaches over a border.
_LEAST_M2 = 100.0


def gaps_in(
    tree: AreaTree, row: AreaRow, snapshot: Snapshot
) -> tuple[list[dict[str, object]], int]:
    """Return an area's largest gaps as GeoJSON features, ranked, and how many it has.

    Snapshots list gaps by township; below that level they are cut to the area.
    """
    crs = snapshot.ground.grid.crs
    below = tree.codes_below(row.code)
    above = {step.code for step in tree.way_to(row.code)} - {row.code}
    found: list[tuple[float, BaseGeometry, str]] = [
        (gap.area_m2, gap.polygon, gap.area_code) for gap in snapshot.gaps if gap.area_code in below
    ]
    if not found:
        shape = metric_shape(row.geometry, crs)
        shapely.prepare(shape)
        wider = [gap for gap in snapshot.gaps if gap.area_code in above]
        parts = [
            (part, row.code)
            for gap in wider
            if shapely.intersects(shape, gap.polygon)
            for part in shapely.get_parts(shapely.intersection(gap.polygon, shape))
        ]
        found = [(part.area, part, code) for part, code in parts if part.area >= _LEAST_M2]
    found.sort(key=lambda gap: -gap[0])
    shown = [
        _feature(rank, *gap, tree=tree, snapshot=snapshot)
        for rank, gap in enumerate(found[:MOST_GAPS], start=1)
    ]
    return shown, len(found)


def _feature(
    rank: int,
    area_m2: float,
    polygon: BaseGeometry,
    code: str,
    *,
    tree: AreaTree,
    snapshot: Snapshot,
) -> dict[str, object]:
    grid = snapshot.ground.grid
    thin = shapely.simplify(polygon, grid.cell_m / 10)
    outline = crs_.transform_geometry(grid.crs, crs_.WGS84, thin)
    middle = shapely.point_on_surface(outline)
    area = tree.by_code[code]
    west, south, east, north = outline.bounds
    return feature(
        outline,
        {
            "rank": rank,
            "area_m2": round(area_m2, 1),
            "area": area.code,
            "area_name": area.name,
            "unit": tree.unit_name(area.unit_code),
            "point": [round(middle.x, 6), round(middle.y, 6)],
            "bbox": [west, south, east, north],
        },
    )
