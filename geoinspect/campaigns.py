"""Set up a campaign: its grid over the area tree, and every earlier look on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.grid import check_cell_size
from geoinspect.records import Campaign, Level, Mode
from geoinspect.store import audit, grounds
from geoinspect.store.schema import AreaRow, CampaignRow
from geoinspect.store.workspace import Workspace

# Borders drawn twice leave slivers; a piece under this share of a cell is such a sliver.
_SLIVER_SHARE = 1e-4
_DENSE_DEG = 0.001
_LEVELS = list(Level)


def make_campaign(
    workspace: Workspace,
    name: str,
    *,
    area_code: str,
    start: date,
    end: date,
    cell_m: float,
    actor: str,
) -> CampaignRow:
    """Make a campaign over an area and everything below it.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The name is taken, the window is inverted or the cell size unusable.
        AreaError: The area has no ground.
    """
    check_cell_size(cell_m)
    with workspace.database.reading() as session:
        rows = grounds.below(session, area_code)
    centre = rows[0].geometry.centroid
    crs = crs_.metric_crs_for(centre.x, centre.y)
    narrowest_m = min(workspace.settings.sweep_width_m(mode) for mode in Mode)
    side = bits.side_for(cell_m, narrowest_m)
    ground = make_ground(
        owned_ground(rows, crs), crs=crs, cell_m=cell_m, side=side, sliver_share=_SLIVER_SHARE
    )
    campaign = Campaign(name, area_code, start, end, cell_m, crs)
    with workspace.database.writing() as session:
        row = grounds.add_campaign(session, campaign, side=side, ground=ground.to_bytes())
        audit.record(
            session,
            actor=actor,
            action="campaign.add",
            subject=name,
            details={"area": area_code, "start": str(start), "end": str(end), "cell_m": cell_m},
        )
    return row


def owned_ground(rows: Sequence[AreaRow], crs: str) -> dict[str, Polygon | MultiPolygon]:
    """Return each area's own ground in ``crs``: every spot belongs to one area.

    The narrowest level owns first, among equals the lower code; what is left of a parent is its
    own. Nothing reaches outside the first row, the campaign's area.

    Args:
        rows: The campaign's area first, then all areas below it.
        crs: Metric CRS of the grid.
    """
    shapes = {row.code: metric_polygon(row.geometry, crs) for row in rows}
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


def metric_polygon(polygon: Polygon | MultiPolygon, crs: str) -> Polygon | MultiPolygon:
    """Return a WGS84 polygon in a metric CRS, valid, its edges straight on the ground."""
    moved = crs_.transform_geometry(crs_.WGS84, crs, crs_.densified(polygon, _DENSE_DEG))
    return moved if moved.is_valid else shapely.make_valid(moved, method="structure")


def ground_of(row: CampaignRow) -> Ground:
    """Return the cells of a stored campaign."""
    return Ground.from_bytes(row.ground, crs=row.crs, cell_m=row.cell_m, side=row.side)
