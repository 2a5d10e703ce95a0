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

    ``stage``, ``begins`` and ``holds_until`` (None before anything is up) are the area's median
    cell's; ``first_last`` has the first and last day that each stage begins in any of its cells,
    ``now`` every stage that stands in it.
    """
    calendar = snapshot.book.calendar
    codes, zone = listed_zones(snapshot)
    stages = calendar.stages(snapshot.as_of)
    names = {area.code: area.name for area in snapshot.book.areas}
    rows = []
    for number, code in enumerate(codes):
        kinds = calendar.kind_of_cell[zone == number]
        if len(kinds) == 0:
            continue
        mine = calendar.begins[kinds]
        median = Calendar(
            np.zeros(1, np.int16),
            np.rint(np.median(mine, axis=0)).astype(np.int64)[None, :],
            calendar.holds,
            calendar.max_days,
        )
        season = int(median.position(snapshot.as_of)[0][0])
        days = [_day(season, day) for day in median.begins[0]]
        stage = median.stages(snapshot.as_of)[0]
        rows.append(
            {
                "code": code,
                "name": names.get(code, code),
                "stage": stage.value,
                "season": season,
                "now": sorted({stages[int(kind)].value for kind in np.unique(kinds)}),
                "begins": dict(zip((*(s.value for s in STAGES), "gone"), days, strict=True)),
                "first_last": [
                    [_day(season, column.min()), _day(season, column.max())] for column in mine.T
                ],
                "holds_until": _holds_until(median, stage, snapshot.as_of),
            }
        )
    return rows


def _day(year: int, day_of_year: int) -> str:
    return (date(year, 1, 1) + timedelta(days=int(day_of_year) - 1)).isoformat()


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
