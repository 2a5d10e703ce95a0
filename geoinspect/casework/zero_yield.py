"""Zero yield (零产量): per area what was confirmed and still stands, and how long until harvest.

Every figure speaks of what was found. What nobody looked at, or too long ago, stands beside it: the
share of ground without a look that still counts, and how likely the area is clean as last claimed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.extent import area_of as planted_area
from geoinspect.cases.extent import count_of
from geoinspect.cases.records import CaseState
from geoinspect.casework.finds import Find, finds_of
from geoinspect.casework.harvest import Growing, calendars, harvest_of
from geoinspect.casework.law import law_told
from geoinspect.casework.realm import realm_of
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.told import case_line
from geoinspect.records import Level
from geoinspect.season import stage_rows
from geoinspect.snapshot import Snapshot
from geoinspect.store import claims_kept, grounds
from geoinspect.store.case_schema import CaseEventRow, CaseRow
from geoinspect.store.schema import AreaRow
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

_LEVELS = {level.value: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One growing place of the campaign, with its case and its event rows."""

    row: CaseRow
    find: Find
    events: Sequence[CaseEventRow] = field(default=(), repr=False)

    @property
    def state(self) -> str:
        """``standing``, ``to_recheck``, ``clean`` or ``doubted``."""
        if self.find.eradicated is None:
            return "standing"
        if self.find.doubted:
            return "doubted"
        return "to_recheck" if self.find.clean is None else "clean"


STATES = ("standing", "to_recheck", "doubted", "clean")


@dataclass(slots=True)
class Tally:
    """Plants or square metres of some cases added up.

    The interval of the sum is that of independent figures: half widths add in squares, on each
    side by itself (MOVER; Zou and Donner 2008, Statistics in Medicine 27:1693). A plain count has
    no width. What nobody counted is counted as such, never as 0.
    """

    value: float = 0.0
    below2: float = 0.0
    above2: float = 0.0
    known: int = 0
    unknown: int = 0

    def add(self, figures: tuple[float, float, float] | None) -> None:
        """Add a case's figure with its lower and upper bound; None where there is none."""
        if figures is None:
            self.unknown += 1
            return
        best, low, high = figures
        self.value += best
        self.below2 += (best - low) ** 2
        self.above2 += (high - best) ** 2
        self.known += 1

    def as_json(self) -> Json:
        """Return the sum, its interval, and of how many cases it is."""
        best = self.value if self.known else None
        return {
            "sum": best,
            "low": None if best is None else best - math.sqrt(self.below2),
            "high": None if best is None else best + math.sqrt(self.above2),
            "cases": self.known,
            "unknown": self.unknown,
        }


def standing_of(
    workspace: Workspace,
    session: Session,
    today: date,
    *,
    snapshot: Snapshot | None = None,
    area_code: str | None = None,
    level: Level = Level.TOWNSHIP,
    sight: Sight = ALL,
) -> Json:
    """Return what was confirmed and how it stands, for an area and those below it.

    Args:
        workspace: For the table of law.
        session: Open.
        today: In Beijing.
        snapshot: Of the campaign; None counts cases of all times and knows no calendar.
        area_code: None is the campaign's area, or everywhere without one; of who may not know of
            all that, their own area where they have one.
        level: How far down areas are listed.
        sight: What the reader may know of; every sum is of that.

    Returns:
        ``rows`` by area, wide ones first, those below counted in; ``whole``, the sums of them all;
        ``outside``, how many cases lie in no area, and so are in no area's sums; ``standing``, every
        case that stands, the soonest harvest first.

    Raises:
        NotFoundError: There is no such area.
    """
    code = area_code or _own_area(snapshot, sight)
    known = known_finds(session, snapshot, code, sight)
    everywhere = known if code is None else known_finds(session, snapshot, None, sight)
    areas = _areas(session, code, level, sight)
    growing = calendars(snapshot)
    stages = {} if snapshot is None else {row["code"]: row for row in stage_rows(snapshot)}
    claim = newest_claim(session, snapshot)
    above = _above(session)
    members: dict[str, list[Known]] = {}
    for one in known:
        for around in above.get(one.row.area_code or "", ()):
            members.setdefault(around, []).append(one)
    rows = [
        {
            "code": area.code,
            "name": area.name,
            "level": area.level,
            **_sums(members.get(area.code, []), today),
            "stage": stages.get(area.code),
            "p_clean": _p_clean(claim, area.code),
            **unseen(snapshot, area.code),
        }
        for area in areas
    ]
    names = {area.code: area.name for area in grounds.areas(session)}
    standing = [
        standing_line(workspace, names, one, growing, snapshot, today)
        for one in known
        if one.find.eradicated is None
    ]
    standing.sort(key=_soonest)
    until = None if snapshot is None else snapshot.data_until
    return {
        "as_of": today.isoformat(),
        "area": code,
        "campaign": None if snapshot is None else _campaign(snapshot),
        "data_until": None if until is None else until.isoformat(),
        "whole": _sums(known, today),
        "outside": sum(one.row.area_code is None for one in everywhere),
        "rows": rows,
        "standing": standing,
        "claim": claim
        and {
            "as_of": claim["as_of"],
            "meaning": claim["meaning"],
            "meaning_zh": claim["meaning_zh"],
        },
    }


def _own_area(snapshot: Snapshot | None, sight: Sight) -> str | None:
    """Return which area is meant where none was named; None is all that the reader may know of."""
    code = None if snapshot is None else snapshot.campaign.area_code
    tops = sight.territory.tops
    if sight.whole or (code is not None and sight.territory.has_area(code)):
        return code
    return tops[0] if len(tops) == 1 else None


def known_finds(
    session: Session, snapshot: Snapshot | None, area_code: str | None, sight: Sight = ALL
) -> list[Known]:
    """Return the growing places that stood on any day of the campaign, and all that may still stand.

    Only what is settled can lie outside a campaign: seen clean before it began, or found after the
    end of one that is not the newest. What may stand today counts, whenever it was found.
    """
    within = realm_of(session, None, area_code, sight).within
    newest = snapshot is not None and grounds.campaigns(session)[0].id == snapshot.campaign_id
    found = []
    for row, find, events in finds_of(session, sight.held):
        if within is not None and row.area_code not in within:
            continue
        if snapshot is not None:
            start, end = snapshot.campaign.start, snapshot.campaign.end
            before = find.clean is not None and max(find.clean.day, find.confirmed.day) < start
            after = find.confirmed.day > end and not newest
            if find.settled and (before or after):
                continue
        found.append(Known(row, find, events))
    return sorted(found, key=lambda one: one.row.id)


def newest_claim(session: Session, snapshot: Snapshot | None) -> Json | None:
    """Return the newest claim of a campaign that was kept; None without one."""
    if snapshot is None:
        return None
    kept = claims_kept.claims(session, snapshot.campaign_id)
    return dict(kept[0].details) if kept else None


def unseen(snapshot: Snapshot | None, area_code: str | None) -> Json:
    """Return how much of an area's ground has no look that still counts, with its denominator."""
    seen = None if snapshot is None else snapshot.sums.get(area_code or "")
    if seen is None or seen.area_m2 <= 0:
        return {"unseen_m2": None, "area_m2": None, "unseen_share": None}
    unseen_m2 = max(0.0, seen.area_m2 - seen.seen_m2)
    return {
        "unseen_m2": round(unseen_m2, 1),
        "area_m2": round(seen.area_m2, 1),
        "unseen_share": unseen_m2 / seen.area_m2,
    }


def p_clean(session: Session, snapshot: Snapshot | None, area_code: str) -> Json | None:
    """Return P(clean) of an area as it was last claimed, with its day; None without a claim."""
    return _p_clean(newest_claim(session, snapshot), area_code)


def standing_line(
    workspace: Workspace,
    names: Mapping[str, str],
    one: Known,
    growing: Mapping[str, Growing],
    snapshot: Snapshot | None,
    today: date,
) -> Json:
    """Return what a list shows of a growing place that stands: where, how much, until when."""
    listed = {} if snapshot is None else snapshot.listed_by
    calendar = growing.get(listed.get(one.row.area_code or "", one.row.area_code or ""))
    harvest = harvest_of(one.row.facts, calendar)
    law = law_told(workspace, one.row.facts, today)
    plants, m2 = plants_of(one.row), area_of(one.row)
    return {
        **case_line(one.row, today),
        "area_name": names.get(one.row.area_code or ""),
        "confirmed_on": one.find.confirmed.day.isoformat(),
        "days_standing": (today - one.find.confirmed.day).days,
        "harvest": None if harvest is None else harvest.as_json(today),
        "count": None
        if plants is None
        else dict(zip(("plants", "low", "high"), plants, strict=True)),
        "area_m2": None if m2 is None else m2[0],
        "large_scale": None if law is None else law["large_scale"],
    }


def plants_of(row: CaseRow) -> tuple[float, float, float] | None:
    """Return the plants that stood: best figure, lower and upper bound; None where nobody counted."""
    count = count_of(row.facts)
    return None if count is None else (count["plants"], count["low"], count["high"])


def area_of(row: CaseRow) -> tuple[float, float, float] | None:
    """Return the planted area in m², with its bounds; None where nobody measured."""
    return planted_area(row.facts)


def _sums(known: Sequence[Known], today: date) -> Json:
    states = Counter(one.state for one in known)
    plants, m2 = Tally(), Tally()
    late = 0
    for one in known:
        ended = CaseState(one.row.state).ended
        late += one.row.deadline is not None and not ended and one.row.deadline < today
        if one.state == "standing":
            plants.add(plants_of(one.row))
            m2.add(area_of(one.row))
    return {
        "found": len(known),
        **{state: states[state] for state in STATES},
        "overdue": late,
        "plants": plants.as_json(),
        "planted_m2": m2.as_json(),
    }


def _above(session: Session) -> dict[str, set[str]]:
    """Return for each area its own code and those of all areas above it; nothing for no area."""
    parents = {row.code: row.parent_code for row in grounds.areas(session)}
    ways: dict[str, set[str]] = {"": set()}
    for code in parents:
        way, at = set[str](), code
        while at in parents and at not in way:
            way.add(at)
            at = parents[at] or ""
        ways[code] = way
    return ways


def _areas(session: Session, code: str | None, level: Level, sight: Sight) -> list[AreaRow]:
    rows = list(grounds.areas(session)) if code is None else grounds.below(session, code)
    rows = [row for row in rows if sight.territory.has_area(row.code)]
    deepest, tops = _LEVELS[level.value], {code, *sight.territory.tops}
    kept = [row for row in rows if _LEVELS.get(row.level, 9) <= deepest or row.code in tops]
    return sorted(kept, key=lambda row: (_LEVELS.get(row.level, 9), row.code))


def _campaign(snapshot: Snapshot) -> Json:
    campaign = snapshot.campaign
    return {
        "id": snapshot.campaign_id,
        "name": campaign.name,
        "start": campaign.start.isoformat(),
        "end": campaign.end.isoformat(),
    }


def _p_clean(claim: Json | None, code: str) -> Json | None:
    if claim is None:
        return None
    for said in (claim["whole"], *claim["parts"]):
        if said["code"] == code:
            return {
                "p": said["posterior"],
                "low": said["posterior_low"],
                "high": said["posterior_high"],
                "as_of": claim["as_of"],
            }
    return None


def _soonest(line: Json) -> tuple[bool, str, int]:
    harvest = line["harvest"]
    return harvest is None, "" if harvest is None else harvest["earliest"], line["id"]
