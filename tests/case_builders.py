"""A workspace with units and areas, and the people who work on its cases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import shapely

from geoinspect.cases.records import Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase
from geoinspect.casework.book import open_case
from geoinspect.records import Area, Level
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.workspace import Workspace

WEST, SOUTH, STEP = 108.0, 33.0, 0.1
COUNTY, TOWNS = "990100", ("990100101", "990100102", "990100103")
UNIT, TOWN_UNITS = "U1", ("U11", "U12", "U13")

ANALYST = Actor("analyst", "analyst", UNIT)
COMMANDER = Actor("commander", "commander", UNIT)
ADMIN = Actor("admin", "admin")
AUDITOR = Actor("auditor", "auditor", UNIT)
FIELD = Actor("field-1", "field", "U11")
OTHER_FIELD = Actor("field-2", "field", "U12")
NOON = datetime(2026, 5, 14, 4, 0, tzinfo=UTC)


def county(folder: Path) -> Workspace:
    """A new workspace: one county of three townships side by side, each with its unit."""
    workspace = Workspace.create(folder)
    with workspace.database.writing() as session:
        grounds.add_unit(session, code=UNIT, name="县局", parent_code=None)
        for n, code in enumerate(TOWN_UNITS):
            grounds.add_unit(session, code=code, name=f"第{n + 1}派出所", parent_code=UNIT)
        whole = shapely.box(WEST, SOUTH, WEST + 3 * STEP, SOUTH + STEP)
        areas = [Area(COUNTY, "试验县", Level.COUNTY, None, UNIT, whole)]
        for n, (code, unit) in enumerate(zip(TOWNS, TOWN_UNITS, strict=True)):
            ground = shapely.box(WEST + n * STEP, SOUTH, WEST + (n + 1) * STEP, SOUTH + STEP)
            areas.append(Area(code, f"第{n + 1}乡", Level.TOWNSHIP, COUNTY, unit, ground))
        grounds.add_areas(session, areas)
    return workspace


def place(town: int = 0, *, east: float = 0.5, north: float = 0.5) -> shapely.Point:
    """A place in a township, by shares of its sides."""
    return shapely.Point(WEST + (town + east) * STEP, SOUTH + north * STEP)


def plot(town: int = 0, *, east: float = 0.5, north: float = 0.5) -> shapely.Polygon:
    """About 4 m by 4 m of ground in a township."""
    return place(town, east=east, north=north).buffer(2e-5, cap_style="square")


def opened(
    workspace: Workspace,
    *,
    title: str = "后山地块",
    town: int = 0,
    origin: Origin = Origin.PATCH,
    now: datetime = NOON,
    east: float = 0.5,
) -> int:
    """Open a case as the analyst and return its row number."""
    new = NewCase(title, origin, plot(town, east=east))
    return open_case(workspace, new, ANALYST, now=now).case_id


def case_row(workspace: Workspace, case_id: int) -> CaseRow:
    """A case as it stands."""
    with workspace.database.reading() as session:
        return cases.case(session, case_id)
