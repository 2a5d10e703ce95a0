"""What the demo's simulated people did with its leads: cases at every step of their life, and tips."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.facts import read_facts
from geoinspect.cases.records import CaseAction, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.casework.from_patches import cases_from_patches
from geoinspect.casework.from_sightings import NewSighting, case_from_sighting
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.errors import Text
from geoinspect.pipeline import Tell
from geoinspect.store import cases, grounds, sightings
from geoinspect.store.workspace import Workspace

_OFFICE = Actor("模拟分析员", "analyst")
_LEAD = Actor("模拟指挥员", "commander")
_QUADRATS = {"counts": [3, 0, 5, 2, 4, 7, 1, 2], "quadrat_m2": 1.0}
_SIMULATED = "模拟数据"

# What was done with the first patches, from least to most: each case goes so many steps.
_LIFE: tuple[tuple[Actor | None, CaseAction, Outcome | None, dict[str, Any]], ...] = (
    (_OFFICE, CaseAction.TRIAGE, None, {}),
    (_LEAD, CaseAction.ASSIGN, None, {}),
    (
        None,
        CaseAction.VERIFY,
        Outcome.CONFIRMED,
        {"quadrats": _QUADRATS, "area_m2": 180.0, "area_how": "measured", "sprouted": True},
    ),
    (None, CaseAction.ERADICATE, None, {"plants": 540, "method": "pulled", "area_m2": 180.0}),
    (None, CaseAction.RECHECK, Outcome.CLEAN, {}),
    (_LEAD, CaseAction.CLOSE, None, {}),
)
_DAYS_BACK = 12


def tell_cases(workspace: Workspace, *, tell: Tell, now: datetime | None = None) -> None:
    """Let simulated people work on the demo's leads; stopped and run again, all counts once."""
    now = now or datetime.now(UTC)
    with workspace.database.reading() as session:
        patches, _ = sightings.patches_in(session, None, limit=2 * len(_LIFE))
        numbers = [patch.id for patch in patches if patch.rank is not None]
        place = _somewhere(session)
    start = now - timedelta(days=_DAYS_BACK)
    steps = 0
    for number in numbers:
        moment = start + timedelta(days=steps)
        told = cases_from_patches(
            workspace,
            [number],
            _OFFICE,
            note=_SIMULATED,
            client_id=f"demo-open-{number}",
            now=moment,
        )
        for one in told["opened"]:
            _live(workspace, one["id"], steps, moment)
            steps += 1
    _sight(workspace, place, now)
    _send_tips(workspace, place, now)
    with workspace.database.reading() as session:
        count = len(cases.cases(session))
    tell(Text(f"模拟线索 {count} 条、举报 2 条", f"{count} simulated cases and 2 tips"))


def _live(workspace: Workspace, case_id: int, steps: int, start: datetime) -> None:
    """Lead a case through so many steps; where there are no more, it is dismissed instead."""
    if steps > len(_LIFE):
        step = Step(
            CaseAction.DISMISS,
            reason="garden",
            note="村民院内花坛(模拟)",
            client_id=f"demo-dismiss-{case_id}",
        )
        act(workspace, case_id, step, _OFFICE, now=start + timedelta(hours=2))
        return
    for hour, (actor, action, outcome, facts) in enumerate(_LIFE[:steps], start=1):
        moment = start + timedelta(hours=3 * hour)
        who = actor or _field(workspace, case_id)
        said = read_facts(facts, action, moment.date()) if actor is None else {}
        step = Step(
            action,
            outcome=outcome,
            facts=said,
            note=_SIMULATED,
            happened=moment,
            client_id=f"demo-{action}-{case_id}",
        )
        act(workspace, case_id, step, who, now=moment)


def _field(workspace: Workspace, case_id: int) -> Actor:
    """Return a simulated field person of the unit that has the case."""
    with workspace.database.reading() as session:
        return Actor("模拟外勤", "field", cases.case(session, case_id).unit_code)


def _somewhere(session: Session) -> shapely.Point:
    """Return a place in the first village."""
    villages = [area for area in grounds.areas(session) if area.level == "village"]
    middle: shapely.Point = villages[0].geometry.representative_point()
    return middle


def _sight(workspace: Workspace, place: shapely.Point, now: datetime) -> None:
    facts = {
        "plants": 12,
        "sprouted": True,
        "day": date.isoformat((now - timedelta(days=1)).date()),
    }
    new = NewSighting(
        ground=place,
        title="踏查发现:沟边几株(模拟)",
        note=_SIMULATED,
        happened=now - timedelta(days=1),
        outcome=Outcome.CONFIRMED,
        facts=facts,
        client_id="demo-sighting",
    )
    case_from_sighting(workspace, new, _OFFICE, now=now - timedelta(days=1))


def _send_tips(workspace: Workspace, place: shapely.Point, now: datetime) -> None:
    here = NewTip(
        client_id="demo-tip-1",
        text="村后废弃院子里有人种了开红花的东西(模拟举报)",
        place="村后",
        lon=place.x + 0.0004,
        lat=place.y,
        place_from="map",
    )
    words = NewTip(client_id="demo-tip-2", text="大棚里有可疑植物(模拟举报)", place="镇东头大棚")
    take_tip(workspace, here, now=now - timedelta(days=2))
    take_tip(workspace, words, now=now - timedelta(hours=5))
