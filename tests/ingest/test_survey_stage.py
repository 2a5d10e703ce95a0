"""The growth stage a survey was flown at, and when to fly again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from raster_builders import grass, write_raster

from geoinspect.coverage.growth import load_growth
from geoinspect.coverage.survey_stage import stage_on
from geoinspect.ingest.rasters import check_survey
from geoinspect.ingest.survey_checks.advice import with_stage
from geoinspect.search_records import GrowthStage
from geoinspect.settings import Settings

SETTINGS = Settings()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(18, 53),
    st.floats(0, 4500),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
)
def test_bloom_told_is_bloom(latitude_deg: float, altitude_m: float, day: date) -> None:
    """Asked again on the day it was told for, the table says flower; nothing told lies long past."""
    table = load_growth()
    told = stage_on(table, latitude_deg, day, altitude_m)
    for bloom in (told.flower_from, told.flower_to):
        assert stage_on(table, latitude_deg, bloom, altitude_m).stage is GrowthStage.FLOWER
    before = told.flower_from - timedelta(days=1)
    assert stage_on(table, latitude_deg, before, altitude_m).stage is not GrowthStage.FLOWER
    if told.stage is GrowthStage.FLOWER:
        assert told.flower_from <= day <= told.flower_to
    elif told.stage is not GrowthStage.CAPSULE:
        assert day < told.flower_from <= day + timedelta(days=400)
    else:
        assert told.flower_to < day


def test_the_day_decides_the_stage_and_can_come_later(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(300, 300))
    table = load_growth()

    def at(latitude_deg: float, day: date) -> Any:
        return stage_on(table, latitude_deg, day)

    _, unknown = check_survey(path, settings=SETTINGS, stage_on=at)
    assert unknown["fit_for"]["stage"] is None
    assert unknown["advice"][-1]["code"] == "stage_unknown"
    info, rosette = check_survey(path, settings=SETTINGS, stage_on=at, taken=date(2026, 3, 15))
    assert rosette["fit_for"]["stage"] == "rosette"
    latitude_deg = (info.bbox[1] + info.bbox[3]) / 2
    bloom = at(latitude_deg, date(2026, 3, 15)).flower_from
    assert f"{bloom.month} 月 {bloom.day} 日" in rosette["advice"][-1]["message_zh"]
    later = with_stage(unknown, at(latitude_deg, date(2026, 3, 15)))
    assert later == rosette
    gone = with_stage(rosette, at(latitude_deg, date(2026, 9, 1)))
    assert gone["fit_for"]["ready"] is False
    assert sum(one["code"].startswith("stage_") for one in gone["advice"]) == 1
