"""What a campaign's looks depend on beside themselves: stages of growth, relief, search rates."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.coverage.detectability import RateTable
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.growth import (
    Calendar,
    GrowthTable,
    load_growth,
    make_calendar,
    observed_shift,
)
from geoinspect.coverage.survey_stage import stage_on
from geoinspect.errors import UsageError
from geoinspect.ingest.survey_checks.stage_advice import SurveyStage
from geoinspect.ingest.terrain import cell_relief, read_heights
from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility
from geoinspect.settings import Settings
from geoinspect.store import grounds, searching
from geoinspect.store.search_schema import ReliefRow
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]

GROWTH_NAME = "growth.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """Altitude above sea level and slope of a campaign's cells, NaN where unknown, (cells,)."""

    altitude_m: F4
    slope_deg: F4

    def to_bytes(self) -> bytes:
        """Return the relief as one compressed array file."""
        out = io.BytesIO()
        np.savez_compressed(
            out, allow_pickle=False, altitude_m=self.altitude_m, slope_deg=self.slope_deg
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, blob: bytes) -> Relief:
        """Return the relief that :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
            return cls(arrays["altitude_m"], arrays["slope_deg"])


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A campaign's cells with their calendar, and the table of search rates."""

    ground: Ground
    calendar: Calendar
    rates: RateTable

    def stage_at(self, place: tuple[float, float], day: date) -> GrowthStage:
        """Return the stage at a place (lon, lat) on a day; outside the cells, at the nearest."""
        ground = self.ground
        x, y = crs_.transform_xy(
            crs_.WGS84, ground.grid.crs, np.array([place[0]]), np.array([place[1]])
        )
        if not (np.isfinite(x[0]) and np.isfinite(y[0])):
            return GrowthStage.NONE
        row, col = y[0] / ground.grid.cell_m - 0.5, x[0] / ground.grid.cell_m - 0.5
        nearest = int(np.argmin(np.hypot(ground.cell_row - row, ground.cell_col - col)))
        return self.calendar.stages(day)[int(self.calendar.kind_of_cell[nearest])]

    def rate_at(
        self,
        method: Method,
        place: tuple[float, float],
        day: date,
        visibility: Visibility | None,
    ) -> DetectionRate:
        """Return the row of the table that holds for a search at a place on a day."""
        stage = self.stage_at(place, day)
        return self.rates.row(method, day, visibility=visibility, stage=stage)


def surroundings_of(
    workspace: Workspace, session: Session, ground: Ground, *, campaign_id: int | None
) -> Surroundings:
    """Return what the looks of a campaign depend on.

    Args:
        workspace: Holds the tables.
        session: For the rows of the tables.
        ground: The campaign's cells.
        campaign_id: None for one that is only being made.

    Raises:
        UsageError: The workspace's growth table can't be used.
    """
    return Surroundings(
        ground,
        calendar_of(workspace, session, ground, relief_of(session, campaign_id)),
        rate_table(workspace.settings, searching.detection_rates(session)),
    )


def rate_table(settings: Settings, rows: Sequence[DetectionRate]) -> RateTable:
    """Return the table of search rates over the settings."""
    return RateTable(rows, settings.search_base())


def relief_of(session: Session, campaign_id: int | None) -> Relief | None:
    """Return the relief of a campaign's cells; None without an elevation model."""
    row = None if campaign_id is None else searching.relief(session, campaign_id)
    return None if row is None else Relief.from_bytes(row.cells)


def measured_relief(workspace: Workspace, ground: Ground) -> Relief | None:
    """Return the relief of cells from the workspace's elevation model; None without one.

    Raises:
        InputError: The model can't be read.
    """
    if not workspace.terrain_path.is_file():
        return None
    heights = read_heights(workspace.terrain_path)
    altitude_m, slope_deg = cell_relief(
        heights, ground.grid.crs, ground.grid.cell_m, *ground.centres()
    )
    return Relief(altitude_m.astype(np.float32), slope_deg.astype(np.float32))


def keep_relief(session: Session, campaign_id: int, relief: Relief) -> None:
    """Keep the relief of a campaign's cells."""
    row = ReliefRow(campaign_id=campaign_id, cells=relief.to_bytes())
    searching.set_relief(session, row)


def growth_table(workspace: Workspace) -> GrowthTable:
    """Return the workspace's own growth table, or the one that comes with the package.

    Raises:
        UsageError: Its ``growth.toml`` can't be used.
    """
    path = workspace.folder / GROWTH_NAME
    return load_growth(path if path.exists() else None)


def stage_at(workspace: Workspace, latitude_deg: float, day: date) -> SurveyStage | None:
    """Return the growth stage at a place by the workspace's table; None where that can't be used."""
    try:
        table = growth_table(workspace)
    except UsageError:
        return None
    return stage_on(table, latitude_deg, day, workspace.settings.altitude_m)


def calendar_of(
    workspace: Workspace, session: Session, ground: Ground, relief: Relief | None
) -> Calendar:
    """Return the calendar of a campaign's cells.

    Raises:
        UsageError: The workspace's growth table can't be used, or observes an unknown area.
    """
    table = growth_table(workspace)
    latitude_deg = _latitudes(ground)
    typical_m = workspace.settings.altitude_m
    altitude_m = np.full(len(latitude_deg), typical_m)
    if relief is not None:
        altitude_m = np.where(np.isnan(relief.altitude_m), typical_m, relief.altitude_m)
    shift_days = np.zeros(len(latitude_deg))
    for seen in table.observed:
        codes = {row.code for row in grounds.below(session, seen.area)}
        homes = np.array([code in codes for code in ground.area_codes])
        there = homes[ground.cell_home]
        if there.any():
            middle = float(np.mean(latitude_deg[there])), float(np.mean(altitude_m[there]))
            shift_days[there] = observed_shift(table, seen, *middle)
    return make_calendar(table, latitude_deg, altitude_m, shift_days)


def _latitudes(ground: Ground) -> F8:
    """Return the latitude of every cell, by row: across a zone it changes by less than 0.01°."""
    grid = ground.grid
    y = (np.arange(grid.row0, grid.row0 + grid.rows, dtype=np.float64) + 0.5) * grid.cell_m
    x = np.full(len(y), (grid.col0 + grid.cols / 2) * grid.cell_m)
    _, lat = crs_.transform_xy(grid.crs, crs_.WGS84, x, y)
    by_row: F8 = lat[ground.cell_row - grid.row0]
    return by_row


def middle_of(geometry: shapely.Geometry) -> tuple[float, float]:
    """Return lon, lat of a place that stands for a geometry."""
    point = shapely.centroid(geometry)
    return point.x, point.y
