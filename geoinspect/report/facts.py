"""Everything a coverage report says, gathered by whoever has the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.coverage.cells import CellTable, Thresholds
from geoinspect.coverage.ground import Ground
from geoinspect.records import Area, Campaign
from geoinspect.report.gap_files import GapRow
from geoinspect.report.qgis_styles import CellLayer
from geoinspect.search_records import DetectionRate

F8 = NDArray[np.float64]
# One area or polygon: code, name, unit, and the figures of its CoverageSum.
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class CellFacts:
    """The cells of a campaign as they stand.

    Attributes:
        faded: Index into STATES that each would have reached had no look expired, (cells,).
        layers: Numeric layers by name, NaN where there is no value, each (cells,).
        zone: Code of the area that claims and gaps list each cell by, (cells,).
    """

    ground: Ground
    table: CellTable
    faded: NDArray[np.int8]
    layers: Mapping[CellLayer, F8]
    zone: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class ReportFacts:
    """What a coverage report is written from.

    Attributes:
        as_of: The day it shows.
        data_until: Day of the newest look counted; None without one.
        question: Which looks alone are counted, in words; empty for all.
        rows: Of the areas of one level, most unseen first.
        total: The same of the whole campaign.
        polygons: Of a layer that the reader brought; empty without one.
        polygon_shapes: Their polygons, WGS84.
        gaps: The gaps to be drawn, of ``gap_count``.
        expired_cells: Cells in a lower state than they had reached, as looks no longer hold.
        rates: Sweep widths and rates in use, each with the looks counted by it.
        claim: JSON form of the claim; None where none can be made.
        no_claim: Why there is none.
        names: Name of each area by code.
    """

    campaign: Campaign
    as_of: date
    data_until: date | None
    question: str
    thresholds: Thresholds
    smallest_patch_m2: float
    simulated: bool
    rows: Sequence[Row]
    total: Row
    polygons: Sequence[Row]
    polygon_shapes: Sequence[Polygon | MultiPolygon]
    areas: Sequence[Area]
    cells: CellFacts
    gaps: Sequence[GapRow]
    gap_count: int
    expired_cells: int
    rates: Sequence[tuple[DetectionRate, int]]
    claim: Mapping[str, Any] | None
    no_claim: str
    names: Mapping[str, str]
