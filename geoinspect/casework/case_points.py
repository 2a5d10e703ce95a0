"""Cases as signs on a map: a few figures each, for a whole county at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.records import STATE_WORDS
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.told import is_overdue
from geoinspect.casework.work_rows import OPEN_STATES
from geoinspect.casework.zero_yield import area_of
from geoinspect.store import cases
from geoinspect.store.cases import CaseFilter
from geoinspect.store.sightings import Box

Json = dict[str, Any]


def case_points(
    session: Session,
    box: Box | None,
    today: date,
    *,
    ended: bool,
    limit: int,
    sight: Sight = ALL,
) -> Json:
    """Return cases as a map draws them, newest first.

    Args:
        session: Open.
        box: west, south, east, north in degrees; None is everywhere.
        today: In Beijing.
        ended: Also those where nobody has anything left to do.
        limit: How many at most.
        sight: Whose cases; counts are of these too.

    Returns:
        ``cases`` with ``id``, ``number``, ``title``, ``state``, ``overdue``, ``point`` and
        ``area_m2`` (None where nobody measured); ``states`` in words; ``total`` in the box;
        ``limited``: words where not all are listed, else None; ``as_of``.
    """
    wanted = CaseFilter(states=() if ended else OPEN_STATES, box=box, held=sight.held)
    rows = cases.cases(session, wanted, limit=limit)
    found = []
    for row in rows:
        place, m2 = row.geometry.representative_point(), area_of(row)
        found.append(
            {
                "id": row.id,
                "number": row.number,
                "title": row.title,
                "state": row.state,
                "overdue": is_overdue(row, today),
                "point": [round(place.x, 6), round(place.y, 6)],
                "area_m2": None if m2 is None else m2[0],
            }
        )
    total = sum(cases.count_by_state(session, wanted).values())
    limited = {
        "message": f"the newest {len(found)} of {total} cases here: zoom in",
        "message_zh": f"这里有 {total} 条线索,只显示最新的 {len(found)} 条:请放大",
    }
    return {
        "cases": found,
        "states": {
            state.value: {"message": words.en, "message_zh": words.zh}
            for state, words in STATE_WORDS.items()
        },
        "total": total,
        "limited": limited if len(found) < total else None,
        "as_of": today.isoformat(),
    }
