"""Sweep a source onto the campaigns of its day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geoinspect.campaigns import ground_of
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.errors import Text
from geoinspect.intake.rows import china_day
from geoinspect.patrols.swaths import swaths_of
from geoinspect.records import Mode, Problem, Segment
from geoinspect.settings import Settings
from geoinspect.store import grounds, sightings
from geoinspect.store.schema import CampaignRow, LookRow, SurveyRow
from geoinspect.store.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Something that saw ground: how to sweep it, and what its look row says of it."""

    kind: str
    mode: str
    source_id: int | None
    day: date | None
    sweep: Callable[[Sweeper], Look]

    def look_on(self, campaign_id: int, sweeper: Sweeper) -> LookRow | None:
        """Return the look row on one campaign, None when it touches none of its ground."""
        look = self.sweep(sweeper)
        if len(look.row) == 0:
            return None
        return LookRow(
            campaign_id=campaign_id,
            kind=self.kind,
            source_id=self.source_id,
            mode=self.mode,
            day=self.day,
            length_m=float(look.length_m.sum()),
            cells=look.to_bytes(),
        )


def track_source(
    segments: Sequence[Segment],
    mode: Mode,
    day: date | None,
    settings: Settings,
    *,
    track_id: int | None = None,
) -> Source:
    """Return cleaned segments as a source; its number may be set on the rows later."""
    swaths = swaths_of(segments, mode, settings)

    def swept(sweeper: Sweeper) -> Look:
        return sweeper.swaths(swaths, gap_s=settings.gap_s)

    return Source("track", mode.value, track_id, day, swept)


def survey_source(row: SurveyRow, settings: Settings) -> Source:
    """Return a survey as a source: the ground its valid data shows."""
    taken_s = np.nan if row.taken is None else row.taken.timestamp()
    outline = shapely.MultiPolygon(row.geometry)

    def pictured(sweeper: Sweeper) -> Look:
        return sweeper.picture(outline, pod=settings.survey_pod, taken_s=taken_s)

    return Source("survey", "survey", row.id, china_day(row.taken), pictured)


class LookMaker:
    """Makes the looks of sources on every campaign of their day, keeping each campaign's cells."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sweepers: dict[int, Sweeper] = {}

    def prepare(self, day: date | None) -> None:
        """Load the cells of the day's campaigns, so that no write waits for it."""
        with self._workspace.database.reading() as session:
            for campaign in grounds.campaigns_on(session, day):
                self._sweeper(campaign)

    def add(self, session: Session, source: Source, source_id: int) -> tuple[Problem, ...]:
        """Store a source's looks in the caller's transaction; return why it has none.

        The campaigns are read in that transaction, so one opened meanwhile is not missed.
        """
        campaigns = grounds.campaigns_on(session, source.day)
        found = [source.look_on(c.id, self._sweeper(c)) for c in campaigns]
        looks = [look for look in found if look is not None]
        for look in looks:
            look.source_id = source_id
            sightings.add_look(session, look)
        any_campaign = bool(grounds.campaigns(session))
        return _uncounted(source.day, any_campaign, bool(campaigns), bool(looks))

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
