"""What the demo leaves for a commander to find: a claim, a draw to check, and Monday's routes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import shapely

from geoinspect.check_book import draw_check
from geoinspect.claims import make_claim
from geoinspect.errors import Text
from geoinspect.ingest.landmarks import LandmarkKind
from geoinspect.pipeline import Tell
from geoinspect.plan_book import PlanWish, keep_plan, make_plan
from geoinspect.snapshot import Snapshot, take_snapshot
from geoinspect.store import claims_kept, grounds, searching
from geoinspect.store.schema import AreaRow
from geoinspect.store.workspace import Workspace

_TEAMS, _HOURS = 4, 6.0


def tell_story(workspace: Workspace, snapshot: Snapshot, *, actor: str, tell: Tell) -> None:
    """Draw cells to check, and plan next Monday's patrols where the county is least sure."""
    with workspace.database.reading() as session:
        if claims_kept.plans(session, snapshot.campaign_id):
            return
        claim = make_claim(workspace, session, snapshot)
        weakest = grounds.area(session, claim.parts[0].code)
        houses = searching.landmarks(session, LandmarkKind.HOUSES.value)
        starts = _starts(weakest, [row.geometry for row in houses])
    draw_check(workspace, snapshot, seed="2026-06-15", share=0.01, actor=actor)
    monday = _monday(snapshot.as_of)
    wish = PlanWish(
        name=f"{monday:%m-%d}周一踏查(模拟)",
        starts=starts,
        hours=_HOURS,
        teams=_TEAMS,
        day=monday,
        unit_code=None,
    )
    plan, _ = make_plan(workspace, snapshot, wish)
    with workspace.database.writing() as session:
        keep_plan(workspace, session, snapshot, wish, plan, by=actor)
    tell(
        Text(
            f"已为周一({monday})规划 {_TEAMS} 队路线",
            f"routes of {_TEAMS} teams planned for Monday, {monday}",
        )
    )


def claim_figures(workspace: Workspace, campaign_name: str) -> dict[str, Any]:
    """Return how sure one may be of the campaign, by township, and what the plan would add."""
    with workspace.database.reading() as session:
        campaign_id = grounds.campaign(session, campaign_name).id
        names = {area.code: area.name for area in grounds.areas(session)}
    snapshot = take_snapshot(workspace, campaign_id)
    with workspace.database.reading() as session:
        claim = make_claim(workspace, session, snapshot)
        plans = claims_kept.plans(session, campaign_id)
    total = snapshot.sums[snapshot.campaign.area_code]
    return {
        "cleared_share": round(total.cleared / total.cells, 4),
        "p_clean": round(claim.whole.posterior, 4),
        "p_clean_interval": [round(end, 4) for end in claim.whole.interval],
        "townships": {
            names.get(part.code, part.code): round(part.posterior, 4) for part in claim.parts
        },
        "plans": len(plans),
        "plan_gain": round(plans[0].figures["gain"], 4) if plans else None,
    }


def _monday(day: date) -> date:
    """Return the first Monday from a day on."""
    return day + timedelta(days=-day.weekday() % 7)


def _starts(area: AreaRow, houses: list[shapely.Geometry]) -> tuple[tuple[float, float], ...]:
    """Return one place for each team to start from, at houses far from each other."""
    inside = [house for house in houses if shapely.intersects(area.geometry, house)]
    places = [shapely.centroid(house) for house in inside]
    chosen = [places[0] if places else shapely.point_on_surface(area.geometry)]
    while places and len(chosen) < _TEAMS:
        chosen.append(max(places, key=lambda place: min(place.distance(c) for c in chosen)))
    return tuple((place.x, place.y) for place in chosen)
