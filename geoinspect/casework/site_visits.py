"""Visits of all stored tracks to sites that are new or changed.

:mod:`geoinspect.intake.site_visits` lays the visits of one track whenever it is added or reviewed;
here sites come to tracks. Both write in the transaction of what made them necessary, so the rows
always say what tracks and sites say.
"""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely import Polygon
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect.intake.repeats import Repeats
from geoinspect.intake.site_visits import PROVING_MODES, visit_rows
from geoinspect.patrols.choices import TrackChoices
from geoinspect.store import audit, sightings, sites
from geoinspect.store.site_schema import SiteRow, SiteVisitRow
from geoinspect.store.workspace import Workspace

# Lines on the map are drawn within a metre of the fixes.
_DRAWN_M = 5.0


def settle_sites(session: Session, workspace: Workspace, rows: Sequence[SiteRow]) -> int:
    """Lay the visits to some sites anew from all tracks; return how many there are.

    Only tracks whose line comes within a site's radius are read.
    """
    sites.drop_site_visits(session, [row.id for row in rows])
    by_track: dict[int, list[SiteRow]] = {}
    for row in rows:
        for track_id in sites.tracks_by(session, row, PROVING_MODES):
            by_track.setdefault(track_id, []).append(row)
    reach = {row.id: _reach(row) for row in rows}
    repeats, laid = Repeats(workspace), 0
    for track_id, boxed in sorted(by_track.items()):
        track = sightings.track(session, track_id)
        shapely.prepare(track.geometry)
        near = [row for row in boxed if shapely.intersects(track.geometry, reach[row.id])]
        if not near:
            session.expunge(track)
            continue
        segments = repeats.points(track)
        choices = TrackChoices.from_json(track.choices)
        found = repeats.known(session, track)
        counted = repeats.left_over(segments, choices.counts, found)
        whole = sum(map(len, counted)) == sum(map(len, segments))
        visits = visit_rows(track, counted, near, workspace.settings, whole=whole)
        session.add_all(visits)
        laid += len(visits)
    session.flush()
    return laid


def _reach(row: SiteRow) -> Polygon:
    """Return the box about a site outside of which nobody is at it."""
    box = row.west, row.south, row.east, row.north
    return shapely.box(*sites.widened(box, row.radius_m + _DRAWN_M))


def recount_visits(workspace: Workspace, *, actor: str) -> tuple[int, int]:
    """Lay every visit anew, say after a setting changed; return how many there were and are."""
    with workspace.database.writing() as session:
        before = session.scalar(select(func.count()).select_from(SiteVisitRow)) or 0
        rows = sites.sites(session, sites.SiteFilter(retired=True))
        after = settle_sites(session, workspace, rows)
        audit.record(
            session,
            actor=actor,
            action="site.recount",
            subject=f"{len(rows)} sites",
            details={"before": before, "after": after},
        )
    return before, after
