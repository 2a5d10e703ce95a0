"""A county of today with cases, a site and people of a unit, for the pages of daily work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import county_builder as county
import shapely
from conftest import PASSWORD, build_workspace

from geoinspect.cases.counting import plain_count
from geoinspect.cases.facts import count_json
from geoinspect.cases.records import CaseAction, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.records import CHINA_TIME
from geoinspect.store import people
from geoinspect.store.workspace import Workspace

ADMIN = Actor("test", "admin")
FIELD, UNIT = "巡查员", "U990100001"
HOSTILE_TITLE = "<img src=x onerror=alert(1)>后山"
ROLES = ("field", "analyst", "commander", "auditor", "admin")


def spot(east: float, north: float) -> shapely.Polygon:
    """A plot in the eastern township, by shares of its sides."""
    lon = county.WEST + county.WIDTH * (1 + east)
    return shapely.Point(lon, county.SOUTH + county.HEIGHT * north).buffer(3e-5)


def made_at(days_ago: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days_ago)


def step(workspace: Workspace, case_id: int, action: str, days_ago: int, **more: object) -> None:
    outcome = more.pop("outcome", None)
    asked = Step(CaseAction(action), outcome=outcome and Outcome(str(outcome)), **more)
    act(workspace, case_id, asked, ADMIN, now=made_at(days_ago))


def facts(days_ago: int, plants: int = 40, **more: object) -> dict[str, object]:
    day = made_at(days_ago).astimezone(CHINA_TIME).date().isoformat()
    return {"day": day, "count": count_json(plain_count(plants)), **more}


def case(workspace: Workspace, title: str, east: float, north: float, *, days_ago: int = 30) -> int:
    """A case of the eastern township, assigned to its unit."""
    new = NewCase(title, Origin.SIGHTING, spot(east, north))
    case_id = open_case(workspace, new, ADMIN, now=made_at(days_ago)).case_id
    step(workspace, case_id, "triage", days_ago)
    step(workspace, case_id, "assign", days_ago, unit_code=UNIT)
    return case_id


def work_folder(folder: Path) -> tuple[Path, dict[str, int]]:
    """A workspace: one case to verify, one to eradicate, one to recheck, one done, one site."""
    where = build_workspace(folder)
    with Workspace.open(where) as workspace:
        with workspace.database.writing() as session:
            for role in ROLES:
                name = FIELD if role == "field" else role
                unit = UNIT if role == "field" else None
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
        made = {"verify": case(workspace, HOSTILE_TITLE, 0.3, 0.4)}
        made["eradicate"] = case(workspace, "河边菜园", 0.6, 0.55)
        step(
            workspace,
            made["eradicate"],
            "verify",
            9,
            outcome="confirmed",
            facts=facts(9, 620, stage="bud", area_m2=24.0),
        )
        made["recheck"] = case(workspace, "旧猪场", 0.8, 0.3)
        step(workspace, made["recheck"], "verify", 8, outcome="confirmed", facts=facts(8))
        step(workspace, made["recheck"], "eradicate", 7, facts=facts(7, method="pulled"))
        made["close"] = case(workspace, "林缘地", 0.45, 0.8)
        step(workspace, made["close"], "verify", 8, outcome="confirmed", facts=facts(8))
        step(workspace, made["close"], "eradicate", 6, facts=facts(6, method="pulled"))
        step(workspace, made["close"], "recheck", 1, outcome="clean", facts=facts(1, 0))
        new = NewSite(
            "Z-01", "废弃厂房", spot(0.5, 0.5).centroid, unit_code=UNIT, interval_days=5,
            starts=made_at(9).date(), checklist=("门锁是否完好?", "院内有无种植?"),
        )  # fmt: skip
        made["site"] = add_site(workspace, new, ADMIN)
    return where, made
