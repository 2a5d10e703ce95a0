"""Sweep one source onto every campaign of its day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import shapely

from geoinspect.campaigns import ground_of
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.errors import Text
from geoinspect.records import CleanedTrack, Problem
from geoinspect.store import grounds
from geoinspect.store.schema import CampaignRow, LookRow, SurveyRow
from geoinspect.store.workspace import Workspace


class LookMaker:
    """Makes look rows, keeping each campaign's cells between sources."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sweepers: dict[int, Sweeper] = {}

    def of_track(
        self, cleaned: CleanedTrack, day: date | None
    ) -> tuple[list[LookRow], tuple[Problem, ...]]:
        """Return a track's looks (their source is set by the caller) and why it has none."""
        settings = self._workspace.settings

        def swept(sweeper: Sweeper) -> Look:
            width_m = settings.sweep_width_m(cleaned.mode)
            return sweeper.track(cleaned.segments, width_m=width_m, gap_s=settings.gap_s)

        return self._looks("track", cleaned.mode.value, 0, day, swept)

    def of_survey(
        self, row: SurveyRow, day: date | None
    ) -> tuple[list[LookRow], tuple[Problem, ...]]:
        """Return a survey's looks and why it has none."""
        taken_s = np.nan if row.taken is None else row.taken.timestamp()

        def pictured(sweeper: Sweeper) -> Look:
            pod = self._workspace.settings.survey_pod
            return sweeper.picture(shapely.MultiPolygon(row.geometry), pod=pod, taken_s=taken_s)

        return self._looks("survey", "survey", row.id, day, pictured)

    def _looks(
        self,
        kind: str,
        mode: str,
        source_id: int,
        day: date | None,
        made: Callable[[Sweeper], Look],
    ) -> tuple[list[LookRow], tuple[Problem, ...]]:
        """Return the looks of one source on every campaign of its day that it touches."""
        with self._workspace.database.reading() as session:
            campaigns = list(grounds.campaigns_on(session, day))
            any_campaign = bool(grounds.campaigns(session))
            for campaign in campaigns:
                self._sweeper(campaign)
        found = []
        for campaign in campaigns:
            look = made(self._sweeper(campaign))
            if len(look.row):
                found.append(
                    LookRow(
                        campaign_id=campaign.id,
                        kind=kind,
                        source_id=source_id,
                        mode=mode,
                        day=day,
                        length_m=float(look.length_m.sum()),
                        cells=look.to_bytes(),
                    )
                )
        return found, _uncounted(day, any_campaign, bool(campaigns), bool(found))

    def _sweeper(self, campaign: CampaignRow) -> Sweeper:
        if campaign.id not in self._sweepers:
            self._sweepers[campaign.id] = Sweeper(ground_of(campaign))
        return self._sweepers[campaign.id]


def _uncounted(
    day: date | None, any_campaign: bool, on_day: bool, touched: bool
) -> tuple[Problem, ...]:
    if touched or not any_campaign:
        return ()
    if day is None:
        text = Text(
            "没有日期,未计入任何行动的覆盖;请补充日期后重新导入",
            "it has no date, so it counts in no campaign: give the day and add it again",
        )
        return (Problem("no_day", text),)
    if not on_day:
        text = Text(
            f"日期 {day} 不在任何行动的时间内,未计入覆盖",
            f"no campaign is under way on {day}, so it counts in none",
        )
        return (Problem("outside_window", text),)
    text = Text(
        "不在行动范围内,未计入覆盖", "it lies outside the campaign's ground and counts nowhere"
    )
    return (Problem("outside_ground", text),)
