"""A field person's day: what is near, what to do there, and in which order to go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import Move, possible
from geoinspect.cases.records import CaseState, Origin
from geoinspect.cases.visiting import metres_between, visiting_order, way_m
from geoinspect.casework.actors import Actor
from geoinspect.casework.realm import Realm, realm_of
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.told import case_line
from geoinspect.casework.work_rows import Gathered, case_task, gather, place_rows
from geoinspect.casework.work_words import TASK_WORDS, Task
from geoinspect.crs import GEOD
from geoinspect.errors import Text, UsageError
from geoinspect.records import MU_M2
from geoinspect.report.day_files import DayStop, day_gpx
from geoinspect.snapshot import Snapshot
from geoinspect.store import sites
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.cases import fill
from geoinspect.store.workspace import Workspace
from geoinspect.territory import units_below

Json = dict[str, Any]

MOST_STOPS = 30
MOST_CARDS = 100
_GROUND_TASKS = frozenset({Task.VERIFY.value, Task.ERADICATE.value, Task.RECHECK.value})
_MAY_GO_UNASSIGNED = frozenset({CaseState.SUSPECTED.value, CaseState.TRIAGED.value})
_SITE_STATES = frozenset({"never", "overdue", "due_soon"})
# Gaps lie everywhere; more of them would push what was asked for off the screen.
_NEAREST_GAPS = 5
_LOOKED_AT_GAPS = 40


def today_of_person(
    workspace: Workspace,
    session: Session,
    actor: Actor,
    today: date,
    *,
    place: tuple[float, float] | None = None,
    stops: int = 8,
    snapshot: Snapshot | None = None,
    sight: Sight = ALL,
) -> Json:
    """Return what a person can do today, the nearest first, and the way through the nearest.

    Args:
        workspace: Opened.
        session: Open.
        actor: Who asks; cases and sites are those of their unit, of all where they have none.
        today: In Beijing.
        place: Where they are, lon, lat; None takes the middle of their unit's ground.
        stops: How many of the nearest the way goes through.
        snapshot: Of the newest campaign, for its gaps; None lists none.
        sight: What they may know of.

    Returns:
        ``start`` (None where nobody knows a place), ``cards``, ``counts``, ``route`` with
        ``order`` (keys of cards), ``length_m`` and ``stops``.

    Raises:
        UsageError: The place is none, or the number of stops can't be.
    """
    _check(place, stops)
    realm = realm_of(session, actor.unit_code, None, sight)
    start, start_from = _start(realm, place)
    found = gather(workspace, session, realm, today, snapshot, most_gaps=_LOOKED_AT_GAPS)
    cards = [
        *_case_cards(session, found, actor),
        *_site_cards(found),
        *_gap_cards(found, start),
    ]
    place_rows(session, cards)
    if start is not None:
        cards = [card | _from(start, card["place"]) for card in cards]
        cards.sort(key=lambda card: (card["distance_m"], card["key"]))
    order, length_m = _route(start, cards[:stops])
    shown = _whole(session, found, cards[:MOST_CARDS])
    until = None if snapshot is None else snapshot.data_until
    return {
        "as_of": today.isoformat(),
        "person": actor.name,
        "unit": realm.unit_name(actor.unit_code),
        "start": None if start is None else [round(start[0], 7), round(start[1], 7)],
        "start_from": start_from,
        "cards": shown,
        "counts": {
            "cards": len(cards),
            "cases": sum(card["kind"] == "case" for card in cards),
            "overdue": sum(card["overdue_days"] > 0 for card in cards),
            "sites": sum(card["kind"] == "site" for card in cards),
            "gaps": found.gap_count,
        },
        "campaign": None if snapshot is None else snapshot.campaign.name,
        "data_until": None if until is None else until.isoformat(),
        "route": {"order": order, "length_m": round(length_m, 1), "stops": len(order)},
    }


def today_gpx(told: Json) -> str:
    """Return the way through a day's stops as GPX 1.1.

    Args:
        told: Of :func:`today_of_person`.
    """
    by_key = {card["key"]: card for card in told["cards"]}
    stops = [_stop(by_key[key]) for key in told["route"]["order"]]
    start = told["start"] or (0.0, 0.0)
    name = f"今日路线 today {told['as_of']}"
    return day_gpx(name, (start[0], start[1]), stops)


def _check(place: tuple[float, float] | None, stops: int) -> None:
    if place is not None and not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
        raise UsageError(
            f"位置不可用:经度 {place[0]}、纬度 {place[1]}",
            f"no such place: longitude {place[0]}, latitude {place[1]}",
            code="bad_place",
        )
    if not 1 <= stops <= MOST_STOPS:
        raise UsageError(
            f"路线点数应为 1 至 {MOST_STOPS},得到 {stops}",
            f"stops must be 1 to {MOST_STOPS}, got {stops}",
            code="bad_number",
        )


def _start(
    realm: Realm, place: tuple[float, float] | None
) -> tuple[tuple[float, float] | None, str | None]:
    if place is not None:
        return place, "phone"
    ground = [row.geometry for row in realm.top_areas()]
    if not ground:
        return None, None
    middle = shapely.union_all(ground).representative_point()
    return (middle.x, middle.y), "area"


def _from(start: tuple[float, float], place: Sequence[float]) -> Json:
    """Return how far and in which direction a place lies, degrees clockwise from north."""
    azimuth, _, metres = GEOD.inv(start[0], start[1], place[0], place[1])
    bearing = round(azimuth % 360.0, 1) % 360.0
    return {"distance_m": round(metres, 1), "bearing_deg": bearing}


def _case_cards(session: Session, found: Gathered, actor: Actor) -> list[Json]:
    cards = []
    mine = units_below(session, actor.unit_code)
    known: dict[tuple[str, str, bool], list[Move]] = {}
    for row, late in found.cases:
        asked = row.state, row.origin, row.unit_code in mine
        if asked not in known:
            state, origin = CaseState(row.state), Origin(row.origin)
            known[asked] = possible(state, origin, actor.role, own=asked[2])
        allowed = known[asked]
        task = _ground_task(row, {move.action.value for move in allowed})
        if task is None:
            continue
        cards.append(
            {
                "key": f"case-{row.id}",
                "kind": "case",
                "task": task,
                **late,
                "id": row.id,
                "name": row.number,
                "what": row.title,
                "area": found.realm.area_name(row.area_code),
                "link": f"/cases/{row.id}",
                "moves": [
                    {"action": move.action.value, "outcome": move.outcome and move.outcome.value}
                    for move in allowed
                ],
                "links": [],
            }
        )
    return cards


def _whole(session: Session, found: Gathered, cards: Sequence[Json]) -> list[Json]:
    """Return the cards that are shown with all that they say: asked only for these."""
    wanted = {card["id"] for card in cards if card["kind"] == "case"}
    rows = {row.id: row for row, _late in found.cases if row.id in wanted}
    fill(session, list(rows.values()))
    questions = sites.checklists(session, [c["id"] for c in cards if c["kind"] == "site"])
    whole = []
    for card in cards:
        more: Json = {}
        if card["kind"] == "case":
            more = case_line(rows[card["id"]], found.today)
        elif card["kind"] == "site":
            more = {"checklist": list(questions[card["id"]])}
        whole.append({**more, **card})
    return whole


def _ground_task(row: CaseRow, actions: set[str]) -> str | None:
    """Return what a person on the ground does next for a case; None where it waits for an office."""
    if row.state in _MAY_GO_UNASSIGNED:
        # Who found it themselves may verify it without an errand.
        return Task.VERIFY.value if "verify" in actions else None
    task = case_task(row)
    return task if task in _GROUND_TASKS else None


def _site_cards(found: Gathered) -> list[Json]:
    wanted = [line for line in found.sites if line["state"] in _SITE_STATES]
    return [
        {
            "key": f"site-{line['id']}",
            "kind": "site",
            "task": Task.VISIT.value,
            "id": line["id"],
            "name": line["code"],
            "what": line["name"],
            "state": line["state"],
            "area": found.realm.area_name(line["area_code"]),
            "deadline": line["due"],
            "overdue_days": 0 if line["days"] is None else max(0, -line["days"]),
            "link": f"/sites/{line['id']}",
        }
        for line in wanted
    ]


def _gap_cards(found: Gathered, start: tuple[float, float] | None) -> list[Json]:
    cards: list[Json] = [
        {
            "key": f"gap-{number}",
            "kind": "gap",
            "task": Task.SEARCH.value,
            "name": gap.area_name,
            "what": gap.words,
            "state": "unseen",
            "area": gap.area_name,
            "area_m2": round(gap.area_m2, 1),
            "risk": round(gap.risk, 2),
            "access": gap.access_kind,
            "deadline": None,
            "overdue_days": 0,
            "place": [round(gap.access[0], 7), round(gap.access[1], 7)],
            "link": f"/map?area={gap.area_code}",
        }
        for number, gap in enumerate(found.gaps, start=1)
    ]
    if start is not None:
        cards.sort(key=lambda card: (_from(start, card["place"])["distance_m"], card["key"]))
    return cards[:_NEAREST_GAPS]


def _route(start: tuple[float, float] | None, cards: Sequence[Json]) -> tuple[list[str], float]:
    if start is None or not cards:
        return [], 0.0
    metres = metres_between([start, *(tuple(card["place"]) for card in cards)])
    order = visiting_order(metres)
    return [cards[k - 1]["key"] for k in order], way_m(metres, order)


def _stop(card: Json) -> DayStop:
    words: Text = TASK_WORDS[Task(card["task"])]
    parts = [f"{words.zh} {words.en}"]
    if card["kind"] != "gap":
        parts.append(str(card["what"]))
    if card["deadline"]:
        parts.append(f"期限 by {card['deadline']}")
    if card["overdue_days"]:
        parts.append(f"超期 overdue {card['overdue_days']} 天 days")
    if card["kind"] == "gap":
        parts.append(f"{card['area_m2'] / MU_M2:.1f} 亩 mu")
    lon, lat = card["place"]
    return DayStop(lon, lat, f"{words.zh} {card['name']}", " · ".join(parts), card["kind"])
