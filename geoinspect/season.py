"""The calendar of a campaign by township, as people read it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from geoinspect.claims import listed_zones
from geoinspect.coverage.growth import STAGES, Calendar
from geoinspect.search_records import GrowthStage
from geoinspect.snapshot import Snapshot

# No look holds longer than from one season into the next.
_MOST_DAYS = 550


def stage_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return for each area that gaps are listed by: when each stage begins in the season of the
    snapshot's day, the stage on it, and the last day that a look made on it holds.

    Days are those of the area's median cell; ``holds_until`` is None before anything is up.
    """
    calendar = snapshot.book.calendar
    codes, zone = listed_zones(snapshot)
    names = {area.code: area.name for area in snapshot.book.areas}
    rows = []
    for number, code in enumerate(codes):
        mine = calendar.begins[calendar.kind_of_cell[zone == number]]
        if len(mine) == 0:
            continue
        median = Calendar(
            np.zeros(1, np.int16),
            np.rint(np.median(mine, axis=0)).astype(np.int64)[None, :],
            calendar.holds,
            calendar.max_days,
        )
        season, _ = median.position(snapshot.as_of)
        first = date(int(season[0]), 1, 1)
        days = [first + timedelta(days=int(day) - 1) for day in median.begins[0]]
        stage = median.stages(snapshot.as_of)[0]
        rows.append(
            {
                "code": code,
                "name": names.get(code, code),
                "stage": stage.value,
                "begins": dict(
                    zip((*(s.value for s in STAGES), "gone"), map(str, days), strict=True)
                ),
                "holds_until": _holds_until(median, stage, snapshot.as_of),
            }
        )
    return rows


def _holds_until(calendar: Calendar, stage: GrowthStage, day: date) -> str | None:
    if stage is GrowthStage.NONE:
        return None
    last = day
    for ahead in range(1, _MOST_DAYS):
        then = day + timedelta(days=ahead)
        if not calendar.fresh([day], then)[0, 0]:
            break
        last = then
    return last.isoformat()
