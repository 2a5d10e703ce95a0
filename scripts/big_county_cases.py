"""Cases and sites of the simulated county."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from big_county_ground import HEIGHT_DEG, SOUTH, WEST, WIDTH_DEG, Size, boxes, note, unit_at
from sqlalchemy import insert

from geoinspect.cases.records import CaseAction, LinkKind, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Source, Step
from geoinspect.casework.book import act_in, open_in
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.workspace import Workspace

STEPS: tuple[tuple[CaseAction, dict[str, Any]], ...] = (
    (CaseAction.TRIAGE, {}),
    (CaseAction.ASSIGN, {}),
    (CaseAction.VERIFY, {"outcome": Outcome.CONFIRMED}),
)


def add_cases(workspace: Workspace, size: Size, middle: np.ndarray) -> None:
    """Open cases on patches and take each some steps, through the book."""
    admin = Actor("simulated", "admin")
    every = max(1, len(middle) // max(size.cases, 1))
    for first in range(0, size.cases, 250):
        with workspace.database.writing() as session:
            for n in range(first, min(first + 250, size.cases)):
                lon, lat = middle[(n * every) % len(middle)].tolist()
                now = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=n)
                patch_id = (n * every) % len(middle) + 1
                source = Source(LinkKind.PATCH, patch_id, f"patch {patch_id}")
                place = shapely.Point(lon, lat)
                new = NewCase(f"模拟线索 {n + 1}", Origin.PATCH, place, sources=(source,))
                done = open_in(session, workspace.settings, new, admin, now=now)
                for action, more in STEPS[: n % 4]:
                    unit = {"unit_code": unit_at(lon, lat)} if action is CaseAction.ASSIGN else {}
                    step = Step(action, **more, **unit)
                    act_in(session, workspace.settings, done.case_id, step, admin, now=now)


def add_sites(workspace: Workspace, size: Size, random: np.random.Generator) -> None:
    """Add sites, past the book and so without seals."""
    places = np.array([WEST, SOUTH]) + random.uniform(0, 1, (size.sites, 2)) * (
        WIDTH_DEG,
        HEIGHT_DEG,
    )
    rows = [
        {
            "id": n + 1,
            "code": f"S{n + 1:04d}",
            "name": f"模拟部位 {n + 1}",
            "kind": "greenhouse",
            "unit_code": unit_at(lon, lat),
            "interval_days": 30,
            "radius_m": 50.0,
            "dwell_s": 120.0,
            "risk": 1.0,
            "checklist": [],
            "note": "",
            "active": True,
            "made_at": datetime.now(UTC) - timedelta(days=n % 60),
            "made_by": "simulated",
            "geometry": shapely.Point(lon, lat),
            **boxes(np.array([lon, lat, lon, lat])),
        }
        for n, (lon, lat) in enumerate(places.tolist())
    ]
    with workspace.database.writing() as session:
        if rows:
            session.execute(insert(SiteRow), rows)
        note(session, "site.add", f"{size.sites} sites")
