"""Which visits to sites a track proves: laid anew whenever what counts of the track changes.

What repeats another track, or was decided not to count, proves nothing. A drone flies over: nobody
was there, so its tracks prove no visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.cases.visits import visits_of
from geoinspect.records import CHINA_TIME, F8, Mode, Segment
from geoinspect.settings import Settings
from geoinspect.store import sites
from geoinspect.store.schema import TrackRow
from geoinspect.store.site_schema import SiteRow, SiteVisitRow

PROVING_MODES = (Mode.FOOT, Mode.VEHICLE, Mode.BOAT)


def lay_visits(
    session: Session,
    settings: Settings,
    row: TrackRow,
    counted: Sequence[Segment],
    *,
    whole: bool,
) -> None:
    """Put the visits that a track proves in the place of those it proved before.

    Args:
        session: Holds the write lock.
        settings: For the longest gap that is bridged.
        row: The track, flushed, with its mode and unit.
        counted: What of its cleaned points counts, WGS84.
        whole: Whether that is all of them.
    """
    sites.drop_track_visits(session, row.id)
    if Mode(row.mode) not in PROVING_MODES or not counted:
        return
    lon = np.concatenate([piece.lon for piece in counted])
    lat = np.concatenate([piece.lat for piece in counted])
    box = float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
    near = sites.sites_near(session, box)
    session.add_all(visit_rows(row, counted, near, settings, whole=whole))


def visit_rows(
    row: TrackRow,
    counted: Sequence[Segment],
    near: Iterable[SiteRow],
    settings: Settings,
    *,
    whole: bool,
) -> list[SiteVisitRow]:
    """Return the visits that the counted points of a track prove to some sites."""
    # Where a stretch repeats another track, nothing is bridged across it.
    ways = [_way(counted)] if whole else [_way([piece]) for piece in counted]
    found = []
    for site in near:
        for lon, lat, time_s in ways:
            if not _may_stay(lon, lat, time_s, site, settings.gap_s):
                continue
            stays = visits_of(
                lon, lat, time_s, site.geometry, site.radius_m, site.dwell_s, settings.gap_s
            )
            for stay in stays:
                arrived = datetime.fromtimestamp(stay.arrived_s, UTC)
                visit = SiteVisitRow(
                    site_id=site.id,
                    track_id=row.id,
                    day=arrived.astimezone(CHINA_TIME).date(),
                    arrived=arrived,
                    dwell_s=stay.dwell_s,
                    nearest_m=stay.nearest_m,
                    unit_code=row.unit_code,
                )
                found.append(visit)
    return found


def _may_stay(lon: F8, lat: F8, time_s: F8, site: SiteRow, gap_s: float) -> bool:
    """Return whether a way spends long enough in the box about a site; cheap, and never too strict."""
    west, south, east, north = sites.widened(
        (site.west, site.south, site.east, site.north), site.radius_m
    )
    known = np.isfinite(time_s)
    lon, lat, time_s = lon[known], lat[known], time_s[known]
    order = np.argsort(time_s, kind="stable")
    lon, lat, taken_s = lon[order], lat[order], np.diff(time_s[order])
    near = (np.minimum(lon[:-1], lon[1:]) <= east) & (np.maximum(lon[:-1], lon[1:]) >= west)
    near &= (np.minimum(lat[:-1], lat[1:]) <= north) & (np.maximum(lat[:-1], lat[1:]) >= south)
    bridged = near & (taken_s <= gap_s)
    return bool(bridged.any()) and float(taken_s[bridged].sum()) >= site.dwell_s


def _way(pieces: Sequence[Segment]) -> tuple[F8, F8, F8]:
    return (
        np.concatenate([piece.lon for piece in pieces]),
        np.concatenate([piece.lat for piece in pieces]),
        np.concatenate([piece.time_s for piece in pieces]),
    )
