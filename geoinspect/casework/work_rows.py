"""Everything that work lists are drawn from, asked of the store once: cases, sites, gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.records import CaseState
from geoinspect.casework.realm import Realm
from geoinspect.casework.sites_told import site_list
from geoinspect.casework.told import is_overdue
from geoinspect.casework.work_words import NEXT_TASK
from geoinspect.gap_list import gap_rows
from geoinspect.records import CellState
from geoinspect.report.gap_files import GapRow
from geoinspect.snapshot import Snapshot
from geoinspect.store import cases, sites
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.cases import CaseFilter
from geoinspect.store.sites import SiteFilter
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

OPEN_STATES = tuple(state.value for state in CaseState if not state.ended)
# Of one area: phones and people take no more.
_MOST_GAPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What belongs to a realm on a day.

    Attributes:
        cases: Open ones, the soonest deadline first, with how late each is. Their grounds and facts
            are read when somebody asks for them.
        sites: Lines of those that are visited, the most pressing first, without their places.
        gaps: Unseen ground of the newest campaign, the one to search first at the front.
        gap_count: How many gaps there are, listed or not.
        open_everywhere, sites_everywhere: Of all that the reader may know of.
    """

    realm: Realm
    today: date
    cases: Sequence[tuple[CaseRow, Json]]
    sites: Sequence[Json]
    gaps: Sequence[GapRow]
    gap_count: int
    snapshot: Snapshot | None
    open_everywhere: int
    sites_everywhere: int
    lines: Mapping[int, Json] = field(default_factory=dict)


def gather(
    workspace: Workspace,
    session: Session,
    realm: Realm,
    today: date,
    snapshot: Snapshot | None,
    *,
    most_gaps: int,
) -> Gathered:
    """Return what belongs to a realm.

    Args:
        workspace: For its settings.
        session: Open.
        realm: Whose.
        today: In Beijing.
        snapshot: Of the newest campaign; None without one.
        most_gaps: How many gaps to list.
    """
    held = realm.sight.held
    rows = cases.cases(session, CaseFilter(states=OPEN_STATES, held=held), lean=True)
    mine = [row for row in rows if realm.holds(row.unit_code, row.area_code)]
    mine.sort(key=lambda row: (row.deadline is None, row.deadline or today, row.id))
    lines = [(row, _late(row, today)) for row in mine]
    visited = site_list(session, workspace.settings, SiteFilter(held=held), today, placed=False)
    kept = [one for one in visited if realm.holds(one["unit_code"], one["area_code"])]
    gaps, count = gaps_of(session, realm, snapshot, most=most_gaps)
    return Gathered(
        realm=realm,
        today=today,
        cases=lines,
        sites=kept,
        gaps=gaps,
        gap_count=count,
        snapshot=snapshot,
        open_everywhere=len(rows),
        sites_everywhere=len(visited),
        lines={row.id: line for row, line in lines},
    )


def _late(row: CaseRow, today: date) -> Json:
    """Return until when the next step of a case is due, and by how many days it is late."""
    late = row.deadline is not None and is_overdue(row, today)
    return {
        "deadline": None if row.deadline is None else row.deadline.isoformat(),
        "overdue": late,
        "overdue_days": (today - row.deadline).days if late and row.deadline is not None else 0,
    }


def place_rows(session: Session, rows: Sequence[Json]) -> None:
    """Let rows of cases and sites say their ``place``: those that are shown, asked for at once.

    Args:
        session: Open.
        rows: With ``kind``, and ``link`` ending in the row's number.
    """
    for kind, ask in (("case", cases.grounds_of), ("site", sites.grounds_of)):
        some = {_number(row): None for row in rows if row.get("kind") == kind}
        grounds = ask(session, list(some))
        for row in rows:
            if row.get("kind") == kind:
                place = grounds[_number(row)].representative_point()
                row["place"] = [round(place.x, 7), round(place.y, 7)]


def _number(row: Json) -> int:
    return int(row["link"].rpartition("/")[2])


def gaps_of(
    session: Session, realm: Realm, snapshot: Snapshot | None, *, most: int
) -> tuple[list[GapRow], int]:
    """Return the unseen ground of a realm's areas, most area × risk first, and how many gaps."""
    if snapshot is None:
        return [], 0
    known = {area.code for area in snapshot.book.areas}
    found: list[GapRow] = []
    count = 0
    for code in _searched_areas(realm, snapshot, known):
        rows, total = gap_rows(
            session, snapshot, CellState.TOUCHED, area_code=code, top=min(most, _MOST_GAPS)
        )
        found += rows
        count += total
    return sorted(found, key=lambda row: -row.area_m2 * row.risk)[:most], count


def _searched_areas(realm: Realm, snapshot: Snapshot, known: set[str]) -> list[str]:
    """Return the campaign's areas that make up a realm, none inside another."""
    if realm.units is None and realm.within is None and realm.sight.whole:
        return [snapshot.campaign.area_code]
    top = [row.code for row in realm.top_areas() if row.code in known]
    if not top and realm.within is not None and snapshot.campaign.area_code in realm.within:
        # The campaign lies below the area that was asked for.
        return (
            [snapshot.campaign.area_code] if realm.holds_area(snapshot.campaign.area_code) else []
        )
    return top


def case_task(row: CaseRow) -> str:
    """Return what is next for an open case."""
    return NEXT_TASK[CaseState(row.state)].value
