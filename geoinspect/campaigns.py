"""A campaign's ground: its grid over the area tree."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.grid import check_cell_size
from geoinspect.records import Level, Mode
from geoinspect.settings import Settings
from geoinspect.store.schema import AreaRow, CampaignRow

# Borders drawn twice leave slivers; a piece under this share of a cell is such a sliver.
_SLIVER_SHARE = 1e-4
_LEVELS = list(Level)


def plan_ground(settings: Settings, rows: Sequence[AreaRow], *, cell_m: float) -> Ground:
    """Return the cells of a campaign.

    Args:
        settings: The sweep widths, which decide how fine the masks must be.
        rows: The campaign's area first, then all areas below it.
        cell_m: Cell size in metres.

    Raises:
        UsageError: The cell size is unusable.
        AreaError: The area has no ground.
    """
    check_cell_size(cell_m)
    crs = crs_.metric_crs_for(*crs_.centre_of(rows[0].geometry))
    narrowest_m = min(settings.sweep_width_m(mode) for mode in Mode)
    return make_ground(
        owned_ground(rows, crs),
        crs=crs,
        cell_m=cell_m,
        side=bits.side_for(cell_m, narrowest_m),
        sliver_share=_SLIVER_SHARE,
    )


def owned_ground(rows: Sequence[AreaRow], crs: str) -> dict[str, Polygon | MultiPolygon]:
    """Return each area's own ground in ``crs``: every spot belongs to one area.

    The narrowest level owns first, among equals the lower code; what is left of a parent is its
    own. Nothing reaches outside the first row, the campaign's area.

    Args:
        rows: The campaign's area first, then all areas below it.
        crs: Metric CRS of the grid.
    """
    shapes = {row.code: crs_.metric_shape(row.geometry, crs) for row in rows}
    root = shapes[rows[0].code]
    order = sorted(rows, key=lambda row: (-_LEVELS.index(Level(row.level)), row.code))
    codes = [row.code for row in order if row is not rows[0]] + [rows[0].code]
    tree = shapely.STRtree([shapes[code] for code in codes])
    owned: dict[str, Polygon | MultiPolygon] = {}
    for rank, code in enumerate(codes):
        earlier = [shapes[codes[i]] for i in tree.query(shapes[code]) if i < rank]
        left = shapely.intersection(shapes[code], root)
        if earlier:
            left = shapely.difference(left, shapely.union_all(earlier))
        parts = [part for part in shapely.get_parts(left) if isinstance(part, Polygon)]
        if parts:
            owned[code] = shapely.MultiPolygon(parts)
    return owned


def ground_of(row: CampaignRow) -> Ground:
    """Return the cells of a stored campaign."""
    return Ground.from_bytes(row.ground, crs=row.crs, cell_m=row.cell_m, side=row.side)
