"""One campaign's coverage at one moment: cells, sums by area, gaps, and who was where."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.campaigns import ground_of
from geoinspect.coverage.cells import STATES, CellTable, Thresholds, combine
from geoinspect.coverage.gaps import Gap, find_gaps
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.looks import Look
from geoinspect.coverage.sums import CoverageSum, own_sums, tree_sums
from geoinspect.grid import cell_id
from geoinspect.records import Campaign, Level, utc_iso
from geoinspect.settings import Settings
from geoinspect.store import grounds, sightings
from geoinspect.store.schema import AreaRow, LookRow
from geoinspect.store.workspace import Workspace

I4 = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Source:
    """One track or survey that saw something of the campaign's ground."""

    kind: str
    source_id: int
    mode: str
    day: date | None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A campaign's coverage.

    Attributes:
        version: Changes whenever the data behind it changes.
        sums: Coverage of every area with all below it, by code.
        gaps: Unseen ground by township (or the next level there is), largest first.
        data_until: Day of the newest look, None without looks.
        sources: Every source with a look.
        visit_cell, visit_source: Which source saw which cell, sorted by cell, shape (visits,).
    """

    campaign_id: int
    campaign: Campaign
    version: str
    ground: Ground
    table: CellTable
    thresholds: Thresholds
    sums: dict[str, CoverageSum]
    gaps: list[Gap]
    data_until: date | None
    sources: tuple[Source, ...]
    visit_cell: I4
    visit_source: I4


def take_snapshot(workspace: Workspace, campaign_id: int, *, as_of: date | None = None) -> Snapshot:
    """Return a campaign's coverage, up to and with a day if given.

    Raises:
        NotFoundError: There is no such campaign.
    """
    with workspace.database.reading() as session:
        row = grounds.campaign_numbered(session, campaign_id)
        ground = ground_of(row)
        areas = grounds.below(session, row.area_code)
        rows = sightings.looks(session, campaign_id, as_of=as_of)
        version = _version(workspace, session, campaign_id)
        campaign = grounds.campaign_record(row)
    thresholds = thresholds_of(workspace.settings)
    visits: list[tuple[I4, int]] = []
    table = combine(ground, _noting_visits(ground, rows, visits), thresholds)
    cells = np.concatenate([np.empty(0, np.int32), *(cell for cell, _ in visits)])
    numbers = [np.full(len(cell), k, np.int32) for cell, k in visits]
    sources = np.concatenate([np.empty(0, np.int32), *numbers])
    order = np.argsort(cells, kind="stable")
    days = [look.day for look in rows if look.day is not None]
    return Snapshot(
        campaign_id=campaign_id,
        campaign=campaign,
        version=version if as_of is None else f"{version}-{as_of}",
        ground=ground,
        table=table,
        thresholds=thresholds,
        sums=tree_sums(own_sums(ground, table), {a.code: a.parent_code for a in areas}),
        gaps=find_gaps(ground, table, _gap_areas(areas, ground.grid.crs)),
        data_until=max(days, default=None),
        sources=tuple(Source(r.kind, r.source_id, r.mode, r.day) for r in rows),
        visit_cell=cells[order],
        visit_source=sources[order],
    )


class SnapshotCache:
    """Keeps the newest snapshot of each campaign until its looks change. Safe for threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: dict[int, Snapshot] = {}
        self._lock = threading.Lock()

    def get(self, campaign_id: int) -> Snapshot:
        """Return the campaign's coverage as of now.

        Raises:
            NotFoundError: There is no such campaign.
        """
        with self._workspace.database.reading() as session:
            version = _version(self._workspace, session, campaign_id)
        with self._lock:
            kept = self._kept.get(campaign_id)
            if kept is None or kept.version != version:
                kept = take_snapshot(self._workspace, campaign_id)
                self._kept[campaign_id] = kept
            return kept


def cell_report(
    session: Session, snapshot: Snapshot, lon: float, lat: float
) -> dict[str, object] | None:
    """Return what is known of the cell at a place, and who was there; None outside the ground."""
    ground, table = snapshot.ground, snapshot.table
    x, y = crs_.transform_xy(
        crs_.WGS84,
        ground.grid.crs,
        np.array([lon], dtype=np.float64),
        np.array([lat], dtype=np.float64),
    )
    if not (np.isfinite(x[0]) and np.isfinite(y[0])):
        return None
    rows = np.floor(y / ground.grid.cell_m).astype(np.int64)
    cols = np.floor(x / ground.grid.cell_m).astype(np.int64)
    cell = int(ground.find(rows, cols)[0])
    if cell < 0:
        return None
    square = crs_.transform_geometry(ground.grid.crs, crs_.WGS84, ground.squares()[cell])
    first, last = np.searchsorted(snapshot.visit_cell, [cell, cell + 1])
    visits = [snapshot.sources[k] for k in snapshot.visit_source[first:last]]
    return {
        "cell_id": cell_id(int(ground.cell_row[cell]), int(ground.cell_col[cell])),
        "state": STATES[table.state[cell]].value,
        "area_m2": round(float(ground.cell_m2[cell]), 1),
        "seen_fraction": round(float(table.seen_fraction[cell]), 4),
        "length_m": round(float(table.length_m[cell]), 1),
        "coverage": round(float(table.coverage[cell]), 4),
        "pod": round(float(table.pod[cell]), 4),
        "passes": int(table.passes[cell]),
        "last_seen": utc_iso(float(table.last_seen_s[cell])),
        "square": shapely.geometry.mapping(square),
        "areas": [
            {"code": row.code, "name": row.name, "level": row.level, "unit": row.unit_code}
            for row in grounds.breadcrumb(session, ground.area_codes[ground.cell_home[cell]])
        ],
        "visits": [_visit(session, source) for source in visits],
    }


def thresholds_of(settings: Settings) -> Thresholds:
    """Return what makes a cell covered and cleared in this workspace."""
    return Thresholds(settings.covered_share, settings.cleared_pod)


def _version(workspace: Workspace, session: Session, campaign_id: int) -> str:
    """Return what changes whenever a campaign's numbers or colours may change."""
    limits = thresholds_of(workspace.settings)
    data = sightings.looks_version(session, campaign_id)
    return f"{data}-{limits.covered:g}-{limits.cleared:g}"


def _visit(session: Session, source: Source) -> dict[str, object]:
    if source.kind == "track":
        track = sightings.track(session, source.source_id)
        name, unit, team = track.name, track.unit_code, track.team
    else:
        survey = sightings.survey(session, source.source_id)
        name, unit, team = survey.name, survey.unit_code, None
    return {
        "kind": source.kind,
        "id": source.source_id,
        "name": name,
        "unit": unit,
        "team": team,
        "mode": source.mode,
        "day": None if source.day is None else source.day.isoformat(),
    }


def _noting_visits(
    ground: Ground, rows: Sequence[LookRow], visits: list[tuple[I4, int]]
) -> Iterator[Look]:
    """Yield each row's look and note which cells it saw."""
    for k, row in enumerate(rows):
        look = Look.from_bytes(row.cells)
        cells = ground.find(look.row, look.col)
        visits.append((cells[cells >= 0], k))
        yield look


def _gap_areas(areas: Sequence[AreaRow], crs: str) -> dict[str, Polygon | MultiPolygon]:
    """Return the ground to list gaps by: every spot of the campaign's area once.

    Townships, else the root's children; what lies in none of them is the root's own.
    """
    root = areas[0]
    chosen = [a for a in areas if a.level == Level.TOWNSHIP.value and a is not root]
    chosen = chosen or [a for a in areas if a.parent_code == root.code]
    left = crs_.metric_shape(root.geometry, crs)
    ground: dict[str, Polygon | MultiPolygon] = {}
    for area in sorted(chosen, key=lambda a: a.code):
        polygon = crs_.metric_shape(area.geometry, crs)
        ground[area.code] = shapely.intersection(polygon, left)
        left = shapely.difference(left, polygon)
    ground[root.code] = left
    return {code: polygon for code, polygon in ground.items() if not polygon.is_empty}
