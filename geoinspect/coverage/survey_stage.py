"""The growth stage of poppy on the day a survey was flown."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from geoinspect.coverage.growth import STAGES, GrowthTable, make_calendar
from geoinspect.ingest.survey_checks.stage_advice import SurveyStage
from geoinspect.search_records import GrowthStage

_FLOWER = STAGES.index(GrowthStage.FLOWER)


def stage_on(
    table: GrowthTable, latitude_deg: float, day: date, altitude_m: float = 0.0
) -> SurveyStage:
    """Return the stage at a place on a day, and when it blooms there in that season, or in the
    next one when all is gone.

    Args:
        table: When stages begin.
        latitude_deg: Of the survey's middle.
        day: By the Chinese calendar.
        altitude_m: Above sea level; 0 is assumed where nobody knows, which is early for hills.
    """
    calendar = make_calendar(table, np.array([latitude_deg]), np.array([altitude_m]))
    first, after = (int(calendar.begins[0][i]) for i in (_FLOWER, _FLOWER + 1))
    stage = calendar.stages(day)[0]
    season = int(calendar.position(day)[0][0])
    if stage is GrowthStage.NONE and _day_of(season, after) <= day:
        season += 1
    start, end = _day_of(season, first), _day_of(season, after) - timedelta(days=1)
    return SurveyStage(day, stage, start, max(start, end), latitude_deg, altitude_m)


def _day_of(year: int, day_of_year: int) -> date:
    return date(year, 1, 1) + timedelta(days=day_of_year - 1)
