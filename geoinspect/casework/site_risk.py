"""The raised risk of sites, through what raises risk anyway: zones and edits of the prior risk.

A former growing place becomes a zone of kind *former*: the office's rule for those says how much
likelier a find is there and near it. The risk of a site is one more factor, an edit over its
ground; 1 makes none. So a former place counts once, by the rule, unless its site is given a risk.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyproj
from shapely import MultiPolygon, Polygon
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.store.search_schema import RiskEditRow
from geoinspect.store.site_schema import SiteRow

_GEOD = pyproj.Geod(ellps="WGS84")
_CORNERS = 48


def ground_of(row: SiteRow) -> Polygon | MultiPolygon:
    """Return the ground of a site: its polygons, or the circle of its radius about its point."""
    if isinstance(row.geometry, Polygon | MultiPolygon):
        return row.geometry
    return circle(row.geometry.x, row.geometry.y, row.radius_m)


def circle(lon: float, lat: float, radius_m: float) -> Polygon:
    """Return a circle on the earth, WGS84."""
    turn_deg = np.linspace(0, 360, _CORNERS, endpoint=False)
    start = np.full(_CORNERS, lon), np.full(_CORNERS, lat)
    x, y, _ = _GEOD.fwd(*start, turn_deg, np.full(_CORNERS, radius_m))
    return Polygon(np.column_stack([x, y]))


def keep_site_risk(session: Session, row: SiteRow, now: datetime) -> None:
    """Let the edit of the prior risk over a site say what the site says.

    Args:
        session: Holds the write lock.
        row: The site, flushed.
        now: When the server took it.
    """
    set_by = f"site {row.code}"
    stands = session.scalar(select(RiskEditRow).where(RiskEditRow.set_by == set_by))
    wanted = row.active and row.risk != 1
    if not wanted:
        if stands is not None:
            session.delete(stands)
        return
    if stands is None:
        stands = RiskEditRow(set_by=set_by)
        session.add(stands)
    stands.multiplier = row.risk
    stands.note = f"重点部位 / site {row.code} {row.name}"
    stands.set_at = now
    stands.geometry = ground_of(row)
