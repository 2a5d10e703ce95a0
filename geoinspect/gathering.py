"""What commands on a campaign print or write, gathered from its snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import claims
from geoinspect import crs as crs_
from geoinspect.claim_records import Claim
from geoinspect.confidence.absence import estimate, searched_cells
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import InputError
from geoinspect.gap_list import gap_rows
from geoinspect.ingest.vectors import read_shapes
from geoinspect.records import CellState, Level
from geoinspect.report.cell_rasters import days_since
from geoinspect.report.coverage import area_rows
from geoinspect.report.facts import CellFacts, ReportFacts
from geoinspect.report.qgis_styles import CellLayer
from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility
from geoinspect.snapshot import Question, Snapshot, answer, take_snapshot
from geoinspect.store import grounds
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]

# What lies far from the campaign would be projected where the grid's CRS has no meaning.
_MARGIN_DEG = 0.01
_NAMES = ("name", "名称", "Name", "NAME", "XBH", "LBH", "code", "id")
# A file for people; more outlines than this nobody looks at.
_MOST_GAPS = 1000


def the_snapshot(
    opened: Workspace,
    name: str | None,
    as_of: datetime | None = None,
    units: Sequence[str] = (),
    teams: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> Snapshot:
    """Return a campaign's coverage by the options of a command; the newest without a name.

    Raises:
        NotFoundError: There is no such campaign.
        UsageError: There is no such unit.
    """
    question = Question(
        as_of=None if as_of is None else as_of.date(),
        units=frozenset(units) or None,
        teams=frozenset(teams) or None,
        methods=frozenset(map(Method, methods)) or None,
    )
    with opened.database.reading() as session:
        campaign_id = grounds.campaign(session, name).id
        for unit in units:
            grounds.require_unit(session, unit)
    return take_snapshot(opened, campaign_id, question=question)


def question_words(question: Question) -> str:
    """Return which looks alone a question counts, in words; empty for all."""
    told = [
        f"{word}: {', '.join(sorted(values))}"
        for word, values in (
            ("单位 units", question.units),
            ("小组 teams", question.teams),
            ("方式 methods", question.methods),
        )
        if values
    ]
    return " · ".join(told)


def question_json(question: Question) -> dict[str, Any]:
    """Return which looks are counted, None for all."""
    return {
        "units": None if question.units is None else sorted(question.units),
        "teams": None if question.teams is None else sorted(question.teams),
        "methods": None if question.methods is None else sorted(question.methods),
    }


def expired_cells(snapshot: Snapshot) -> int:
    """Return how many cells are in a lower state than they had reached, as looks ran out."""
    return int((snapshot.faded > snapshot.table.state).sum())


def polygon_rows(
    snapshot: Snapshot, path: Path
) -> tuple[list[dict[str, Any]], list[Polygon | MultiPolygon]]:
    """Return the campaign's coverage inside each polygon of a layer, in the layer's order.

    Raises:
        InputError: The layer can't be read.
    """
    shapes = read_shapes(path).shapes
    rows = []
    for number, shape in enumerate(shapes, start=1):
        stated = shape.attributes
        near = near_campaign(snapshot, shape.polygon)
        found = CoverageSum() if near is None else snapshot.inside(near)
        rows.append(
            {
                "code": stated.get("code", f"{number}")[:200],
                "name": next((stated[k] for k in _NAMES if stated.get(k)), f"{number}")[:200],
                # Part of it may lie outside the campaign, where nothing is known.
                "drawn_m2": round(crs_.geodesic_area_m2(shape.polygon), 1),
                **found.as_json(),
            }
        )
    return rows, [shape.polygon for shape in shapes]


def near_campaign(
    snapshot: Snapshot, polygon: Polygon | MultiPolygon
) -> Polygon | MultiPolygon | None:
    """Return the part of a WGS84 polygon round the campaign's area; None for none."""
    west, south, east, north = snapshot.book.areas[0].geometry.bounds
    window = shapely.box(
        west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG
    )
    parts = shapely.get_parts(shapely.intersection(polygon, window))
    # An empty intersection has one part, which is empty.
    kept = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    return MultiPolygon(kept) if kept else None


def cell_facts(snapshot: Snapshot) -> CellFacts:
    """Return the cells of a snapshot with all layers that can be shown of them."""
    ground, table = snapshot.ground, snapshot.table
    codes, zone = claims.listed_zones(snapshot)
    of_cell = ground.cell_m2 / ground.grid.cell_m**2
    layers: dict[CellLayer, F8] = {
        CellLayer.STATE: table.state.astype(np.float64),
        CellLayer.POD: table.pod,
        CellLayer.LAST_SEEN: days_since(table.last_seen_s, snapshot.as_of),
        CellLayer.RISK: snapshot.risk.relative,
        CellLayer.SENSITIVITY: snapshot.sensitivity,
        CellLayer.REMAINING: snapshot.risk.relative * (1 - snapshot.sensitivity) * of_cell,
    }
    return CellFacts(ground, table, snapshot.faded, layers, [codes[k] for k in zone])


def report_facts(
    opened: Workspace,
    snapshot: Snapshot,
    level: Level,
    layer: Path | None = None,
    *,
    drawn: bool = True,
) -> ReportFacts:
    """Return everything that a coverage report of a snapshot says.

    Args:
        opened: The workspace.
        snapshot: What stands.
        level: Of the areas, one row each.
        layer: Polygons to sum up too.
        drawn: With the outlines of the gaps, which take the longest and only a map can hold.

    Raises:
        InputError: The layer can't be read.
    """
    rows, shapes = ([], []) if layer is None else polygon_rows(snapshot, layer)
    claim, no_claim = _claim(opened, snapshot)
    with opened.database.reading() as session:
        areas = [grounds.area_record(row) for row in snapshot.book.areas]
        top = _MOST_GAPS if drawn else 0
        gaps, count = gap_rows(session, snapshot, CellState.TOUCHED, top=top)
    root = areas[0]
    total = {"code": root.code, "name": root.name, "level": root.level.value}
    total |= {"unit": root.unit_code or ""}
    return ReportFacts(
        campaign=snapshot.campaign,
        as_of=snapshot.as_of,
        data_until=snapshot.data_until,
        question=question_words(snapshot.question),
        thresholds=snapshot.thresholds,
        smallest_patch_m2=snapshot.smallest_patch_m2,
        simulated=opened.settings.simulated,
        rows=area_rows(snapshot.sums, snapshot.gaps, areas, level=level),
        total={**total, **snapshot.sums[root.code].as_json()},
        polygons=rows,
        polygon_shapes=shapes,
        areas=areas,
        cells=cell_facts(snapshot),
        gaps=gaps,
        gap_count=count,
        expired_cells=expired_cells(snapshot),
        rates=rates_in_use(snapshot),
        claim=claim,
        no_claim=no_claim,
        names={area.code: area.name for area in areas},
    )


def _claim(opened: Workspace, snapshot: Snapshot) -> tuple[dict[str, Any] | None, str]:
    """Return the claim of a snapshot's day from all sources, or why there is none."""
    whole = snapshot
    if snapshot.question.narrowed:
        whole = answer(snapshot.book, Question(as_of=snapshot.question.as_of), opened.settings)
    try:
        with opened.database.reading() as session:
            return claims.make_claim(opened, session, whole).as_json(), ""
    except InputError as error:
        return None, f"{error.text.zh} / {error.text.en}"


def estimate_json(snapshot: Snapshot, claim: Claim) -> dict[str, Any]:
    """Return a claim with the keys of ``confidence estimate``.

    Its ``expected_missed`` is the contract's: of as many patches as the design prevalence says,
    those not found. The claim's own, by area, starts from as many as the prior leads to expect.
    """
    names, zone = claims.listed_zones(snapshot)
    cells = searched_cells(
        snapshot.sensitivity,
        snapshot.risk.relative * snapshot.ground.cell_m2,
        zone=zone,
        zone_names=names,
    )
    found = estimate(
        cells,
        prior=claim.whole.prior,
        design_prevalence=claim.rests_on["design_prevalence"],
        introduction=claim.rests_on["introduction"],
    )
    low, high = claim.whole.interval
    return {**found.as_json(), "posterior_low": low, "posterior_high": high}


def rates_in_use(snapshot: Snapshot) -> list[tuple[DetectionRate, int]]:
    """Return the sweep widths and rates behind the looks that count, with how many looks each."""
    found: dict[DetectionRate, int] = {}
    for k in np.flatnonzero(snapshot.counted.any(axis=1)):
        source = snapshot.book.sources[int(k)]
        basis = source.basis
        sight, stage = basis.get("visibility"), basis.get("stage")
        rate = DetectionRate(
            method=source.method,
            width_m=basis.get("width_m"),
            rate=basis.get("rate"),
            patch_m2=source.patch_m2,
            source=basis.get("source", "assumed"),
            visibility=None if sight is None else Visibility(sight),
            stage=None if stage is None else GrowthStage(stage),
            low=basis.get("low"),
            high=basis.get("high"),
        )
        found[rate] = found.get(rate, 0) + 1
    return sorted(found.items(), key=lambda one: (one[0].method, -one[1]))
