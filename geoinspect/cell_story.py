"""The story of one cell: its figures, who was there, what their search was worth, and its risk."""

from __future__ import annotations

import math

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.campaign_book import Source
from geoinspect.coverage.cells import STATES
from geoinspect.coverage.growth import Calendar
from geoinspect.grid import cell_id
from geoinspect.records import utc_iso
from geoinspect.snapshot import Snapshot
from geoinspect.store import grounds, searching, sightings


def cell_report(
    session: Session, snapshot: Snapshot, lon: float, lat: float
) -> dict[str, object] | None:
    """Return what is known of the cell at a place, and who was there; None outside the ground."""
    cell = cell_at(snapshot, lon, lat)
    if cell is None:
        return None
    ground, table, calendar = snapshot.ground, snapshot.table, snapshot.book.calendar
    kind = int(calendar.kind_of_cell[cell])
    square = crs_.transform_geometry(ground.grid.crs, crs_.WGS84, ground.squares()[cell])
    visits = [_visit(session, snapshot, k, kind) for k in snapshot.book.visits(cell)]
    risk = snapshot.risk
    return {
        "cell_id": cell_id(int(ground.cell_row[cell]), int(ground.cell_col[cell])),
        "as_of": snapshot.as_of.isoformat(),
        "state": STATES[table.state[cell]].value,
        "faded_from": STATES[snapshot.faded[cell]].value
        if snapshot.faded[cell] > table.state[cell]
        else None,
        "area_m2": round(float(ground.cell_m2[cell]), 1),
        "seen_fraction": round(float(table.seen_fraction[cell]), 4),
        "length_m": round(float(table.length_m[cell]), 1),
        "coverage": round(float(table.coverage[cell]), 4),
        "pod": round(float(table.pod[cell]), 4),
        "sensitivity": round(float(snapshot.sensitivity[cell]), 4),
        "passes": int(table.passes[cell]),
        "last_seen": utc_iso(float(table.last_seen_s[cell])),
        "stage": calendar.stages(snapshot.as_of)[kind].value,
        "stages": _stage_days(calendar, kind),
        "risk": round(float(risk.relative[cell]), 3),
        "risk_reasons": [
            {
                "factor": None if reason.factor is None else reason.factor.value,
                "value": round(reason.value, 3) if math.isfinite(reason.value) else None,
                "unit": reason.unit,
                "multiplier": round(reason.multiplier, 3),
                "source": reason.source,
                "note": reason.note,
            }
            for reason in risk.explain(cell)
        ],
        "square": shapely.geometry.mapping(square),
        "areas": [
            {"code": row.code, "name": row.name, "level": row.level, "unit": row.unit_code}
            for row in grounds.breadcrumb(session, ground.area_codes[ground.cell_home[cell]])
        ],
        "visits": [visit for visit in visits if visit is not None],
    }


def cell_at(snapshot: Snapshot, lon: float, lat: float) -> int | None:
    """Return the number of the cell at a place; None outside the ground."""
    ground = snapshot.ground
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
    return cell if cell >= 0 else None


def _stage_days(calendar: Calendar, kind: int) -> list[int]:
    """Return the days of the year on which the five stages begin and all is gone."""
    return [int(day) for day in calendar.begins[kind]]


def _visit(session: Session, snapshot: Snapshot, look: int, kind: int) -> dict[str, object] | None:
    """Return one look at a cell; None for one that the question leaves out."""
    source = snapshot.book.sources[look]
    late = source.day is None or source.day > snapshot.as_of
    if late or not snapshot.question.asks_for(source):
        return None
    basis = source.basis
    coarse = source.patch_m2 > snapshot.smallest_patch_m2
    return {
        "kind": source.kind,
        "id": source.source_id,
        "name": _name(session, source),
        "unit": source.unit,
        "team": source.team,
        "mode": source.method.value,
        "day": None if source.day is None else source.day.isoformat(),
        "expired": not coarse and not bool(snapshot.counted[look, kind]),
        "coarse": coarse,
        "patch_m2": source.patch_m2,
        "stage": basis.get("stage"),
        "visibility": basis.get("visibility"),
        "width_m": basis.get("width_m"),
        "rate": basis.get("rate"),
        "basis": basis.get("source"),
    }


def _name(session: Session, source: Source) -> str:
    if source.kind == "track":
        return sightings.track(session, source.source_id).name
    if source.kind == "survey":
        return sightings.survey(session, source.source_id).name
    if source.kind == "photo":
        return sightings.photo(session, source.source_id).name
    return searching.footprint(session, source.source_id).name
