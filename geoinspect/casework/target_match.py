"""Target match (靶标吻合率): satellite targets against the local dossiers, one to one, both ways.

No official definition was found. Here a target and a dossier match when they lie within a stated
tolerance of each other; the matching has as many pairs as there can be. Cases that were opened
from targets are no local dossiers: they would match by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.matching import Matching, match_grounds
from geoinspect.cases.records import CaseState, LinkKind, Origin
from geoinspect.casework.openers import brief, home
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.target_book import (
    checked_tolerance,
    list_told,
    target_told,
    targets_on,
)
from geoinspect.casework.told import case_line, today_of
from geoinspect.errors import TooLargeError, UsageError
from geoinspect.intake.rows import china_day
from geoinspect.records import CHINA_TIME
from geoinspect.store import case_sources, cases
from geoinspect.store.case_schema import CaseRow, TargetListRow, TargetRow
from geoinspect.store.cases import CaseFilter

Json = dict[str, Any]

# Merged ones stand in the case that they went into.
DOSSIERS = tuple(state.value for state in CaseState if state is not CaseState.MERGED)
TOLERANCES_M = (10.0, 30.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which dossiers were opened, both included."""

    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """When the first day begins and when the last one ends, in Beijing."""
        # The first day of all begins before the calendar does in UTC.
        first = max(self.first, date.min + timedelta(days=1))
        return (
            datetime.combine(first, time.min, CHINA_TIME),
            datetime.combine(self.last, time.max, CHINA_TIME),
        )


def match_list(
    session: Session,
    list_id: int,
    tolerance_m: float | None = None,
    as_of: date | None = None,
    states: Sequence[str] = DOSSIERS,
    *,
    first: date | None = None,
    last: date | None = None,
    sight: Sight = ALL,
) -> Json:
    """Match the targets of a list with the local dossiers.

    Args:
        session: Open.
        list_id: The list.
        tolerance_m: Largest distance of a pair; None takes the list's own.
        as_of: Only dossiers opened by this day; None takes all of the window.
        states: Dossiers that stand in any of these now.
        first, last: Days on which dossiers were opened; None is the calendar year of the list.
        sight: Of whom asks: only targets on their ground and dossiers of theirs are matched.

    Returns:
        ``list``, ``tolerance_m``, ``window`` (``first``, ``last``), ``states``; ``targets`` and
        ``dossiers``, each with ``total``, ``matched`` and ``rate`` (None of none); ``left_out``
        (cases opened from targets); ``pairs``; ``unmatched_targets``; ``unmatched_cases``; and
        ``by_tolerance``: the same figures at other tolerances.

    Raises:
        NotFoundError: There is no such list.
        UsageError: The tolerance, the states or the days can't be any.
        TooLargeError: Too many pairs lie within the tolerance.
    """
    row = case_sources.target_list(session, list_id)
    targets = targets_on(session, list_id, sight)
    if not targets and not sight.whole:
        raise case_sources.missing_list(list_id)
    within_m = checked_tolerance(tolerance_m, row.tolerance_m)
    window = _window(row, first, last, as_of)
    dossiers, left_out = _dossiers(session, window, states, sight)
    found = _match(targets, dossiers, within_m)
    return {
        "list": list_told(row, len(targets), whole=sight.whole),
        "tolerance_m": within_m,
        "window": {"first": window.first.isoformat(), "last": window.last.isoformat()},
        "states": list(states),
        "targets": _rate(len(found.pairs), len(targets), found.target_rate),
        "dossiers": _rate(len(found.pairs), len(dossiers), found.dossier_rate),
        "left_out": left_out,
        "pairs": [
            {
                "target": target_told(targets[pair.target]),
                "case": brief(dossiers[pair.dossier]),
                "distance_m": round(pair.distance_m, 2),
            }
            for pair in found.pairs
        ],
        "unmatched_targets": _unmatched(session, targets, found, sight),
        "unmatched_cases": [case_line(dossiers[at], today_of()) for at in found.unmatched_dossiers],
        "by_tolerance": [_at(targets, dossiers, metres) for metres in TOLERANCES_M],
    }


def _window(
    row: TargetListRow, first: date | None, last: date | None, as_of: date | None
) -> Window:
    year = (row.day or china_day(row.added_at) or today_of()).year
    start, end = first or date(year, 1, 1), last or date(year, 12, 31)
    end = end if as_of is None else min(end, as_of)
    if end < start:
        raise UsageError(
            f"截止日期 {end} 早于开始日期 {start}",
            f"the last day {end} is before the first day {start}",
            code="bad_window",
        )
    return Window(start, end)


def _dossiers(
    session: Session, window: Window, states: Sequence[str], sight: Sight
) -> tuple[list[CaseRow], int]:
    """Return the local dossiers, and how many cases of targets were left out."""
    unknown = sorted(set(states) - set(DOSSIERS))
    if unknown or not states:
        known = ", ".join(DOSSIERS)
        shown = ", ".join(unknown)[:80] or "–"
        raise UsageError(
            f"线索状态“{shown}”无法识别,可用:{known}",
            f"unknown state {shown!r}, known: {known}",
            code="bad_state",
        )
    wanted = CaseFilter(states=tuple(states), opened=window.moments, held=sight.held)
    rows = cases.cases(session, wanted)
    local = [row for row in rows if row.origin != Origin.TARGET]
    return sorted(local, key=lambda row: row.id), len(rows) - len(local)


def _match(
    targets: Sequence[TargetRow], dossiers: Sequence[CaseRow], tolerance_m: float
) -> Matching:
    points = shapely.point_on_surface([row.geometry for row in targets])
    places = shapely.get_coordinates(points).reshape(-1, 2).astype(np.float64)
    return match_grounds(places, [row.geometry for row in dossiers], tolerance_m)


def _at(targets: Sequence[TargetRow], dossiers: Sequence[CaseRow], tolerance_m: float) -> Json:
    """Return the figures at a tolerance; without figures where too many pairs are possible."""
    try:
        found = _match(targets, dossiers, tolerance_m)
    except TooLargeError:
        return {"tolerance_m": tolerance_m, "matched": None, "targets": None, "dossiers": None}
    return {
        "tolerance_m": tolerance_m,
        "matched": len(found.pairs),
        "targets": found.target_rate,
        "dossiers": found.dossier_rate,
    }


def _unmatched(
    session: Session, targets: Sequence[TargetRow], found: Matching, sight: Sight
) -> list[Json]:
    """Return the targets without a dossier, with the case that was opened from each, if any."""
    rows = [targets[at] for at in found.unmatched_targets]
    links = cases.links_to(session, LinkKind.TARGET, [row.id for row in rows])
    told = []
    for row in rows:
        link = links.get(row.id)
        case = None if link is None else home(session, cases.case(session, link.case_id))
        known = case is not None and sight.case(case)
        told.append({**target_told(row), "case": brief(case) if case and known else None})
    return told


def _rate(matched: int, total: int, rate: float | None) -> Json:
    return {"total": total, "matched": matched, "rate": rate}
