"""Sweep a source onto the campaigns of its day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon
from sqlalchemy.orm import Session

from geoinspect.campaigns import ground_of
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.errors import Text
from geoinspect.intake.rows import china_day
from geoinspect.patrols.swaths import swaths_of
from geoinspect.records import CHINA_TIME, Mode, Problem, Segment
from geoinspect.search_records import DetectionRate, Method, Visibility
from geoinspect.settings import Settings
from geoinspect.store import grounds, sightings
from geoinspect.store.schema import CampaignRow, LookRow, PhotoRow, SurveyRow
from geoinspect.store.search_schema import FootprintRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import Surroundings, middle_of, surroundings_of


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Something that saw ground: how to sweep it, and what its look row says of it.

    Attributes:
        place: Lon, lat that stands for it, where the stage of growth is taken.
        sweep: Makes the look, given the sweep width or rate that holds.
        measured: What was measured of this very source; it goes before the table.
    """

    kind: str
    method: Method
    source_id: int | None
    day: date | None
    place: tuple[float, float]
    sweep: Callable[[Sweeper, DetectionRate], Look]
    visibility: Visibility | None = None
    measured: DetectionRate | None = None

    def look_on(self, campaign_id: int, ground: SearchedGround) -> LookRow | None:
        """Return the look row on one campaign, None when it touches none of its ground."""
        assert self.day is not None
        around = ground.surroundings
        stage = around.stage_at(self.place, self.day)
        rate = self.measured or around.rates.row(
            self.method, self.day, visibility=self.visibility, stage=stage
        )
        look = self.sweep(ground.sweeper, rate)
        if len(look.row) == 0:
            return None
        # Of what has no clock the day is known: noon of it stands for the look.
        noon_s = datetime.combine(self.day, time(12), CHINA_TIME).timestamp()
        timed_s = np.where(np.isnan(look.last_s), noon_s, look.last_s)
        look = replace(look, last_s=timed_s)
        return LookRow(
            campaign_id=campaign_id,
            kind=self.kind,
            source_id=self.source_id,
            mode=self.method.value,
            day=self.day,
            length_m=float(look.length_m.sum()),
            basis={
                "stage": stage.value,
                "visibility": None if self.visibility is None else self.visibility.value,
                "width_m": rate.width_m,
                "rate": rate.rate,
                "low": rate.low,
                "high": rate.high,
                "patch_m2": rate.patch_m2,
                "source": rate.source,
            },
            cells=look.to_bytes(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class SearchedGround:
    """A campaign's cells made ready to sweep sources onto."""

    sweeper: Sweeper
    surroundings: Surroundings


def searched_ground(surroundings: Surroundings) -> SearchedGround:
    """Return a campaign's cells made ready to sweep sources onto."""
    return SearchedGround(Sweeper(surroundings.ground), surroundings)


def track_source(
    segments: Sequence[Segment],
    mode: Mode,
    day: date | None,
    settings: Settings,
    *,
    track_id: int | None = None,
    visibility: Visibility | None = None,
) -> Source:
    """Return cleaned segments as a source; its number may be set on the rows later."""
    base_m = settings.sweep_width_m(mode)

    def swept(sweeper: Sweeper, rate: DetectionRate) -> Look:
        swaths = swaths_of(segments, mode, settings, share=rate.value / base_m)
        return sweeper.swaths(swaths, gap_s=settings.gap_s)

    return Source("track", Method(mode.value), track_id, day, _middle(segments), swept, visibility)


def survey_source(row: SurveyRow) -> Source:
    """Return a survey as a source: the ground its valid data shows."""
    outline = shapely.MultiPolygon(row.geometry)
    taken_s = np.nan if row.taken is None else row.taken.timestamp()
    measured = measured_rate(Method.SURVEY, row.report.get("measured"))
    return Source(
        "survey",
        Method.SURVEY,
        row.id,
        china_day(row.taken),
        middle_of(outline),
        _pictured(outline, taken_s),
        measured=measured,
    )


def photo_source(row: PhotoRow) -> Source | None:
    """Return a drone's photo as a source; None where its ground is not known."""
    shown = row.report.get("footprint")
    if not shown or row.taken is None:
        return None
    outline = shapely.geometry.shape(shown)
    if outline.is_empty or not outline.is_valid:
        return None
    pictured = _pictured(outline, row.taken.timestamp())
    day = china_day(row.taken)
    return Source("photo", Method.PHOTO, row.id, day, middle_of(outline), pictured)


def footprint_source(row: FootprintRow) -> Source:
    """Return a footprint as a source: ground of which somebody else analysed the picture."""
    method = Method(row.method)
    stated = None if row.rate is None else {"rate": row.rate, "patch_m2": row.patch_m2}
    return Source(
        "outline",
        method,
        row.id,
        row.day,
        middle_of(row.geometry),
        _pictured(row.geometry, np.nan),
        measured=measured_rate(method, stated, source=f"stated in {row.file.name}"),
    )


def measured_rate(
    method: Method, kept: Mapping[str, Any] | None, *, source: str = "measured on this survey"
) -> DetectionRate | None:
    """Return what was measured of a picture's own rate; None where nothing was."""
    if not kept or kept.get("rate") is None:
        return None
    return DetectionRate(
        method,
        None,
        float(kept["rate"]),
        float(kept.get("patch_m2") or 4.0),
        str(kept.get("source") or source),
        low=kept.get("low"),
        high=kept.get("high"),
    )


def _pictured(
    outline: shapely.Geometry, taken_s: float
) -> Callable[[Sweeper, DetectionRate], Look]:
    shape = outline if isinstance(outline, MultiPolygon) else MultiPolygon([outline])

    def pictured(sweeper: Sweeper, rate: DetectionRate) -> Look:
        return sweeper.picture(shape, pod=rate.value, taken_s=taken_s)

    return pictured


def _middle(segments: Sequence[Segment]) -> tuple[float, float]:
    points = [segment for segment in segments if len(segment)]
    if not points:
        return np.nan, np.nan
    middle = points[len(points) // 2]
    half = len(middle) // 2
    return float(middle.lon[half]), float(middle.lat[half])


class LookMaker:
    """Makes the looks of sources on every campaign of their day, keeping each campaign's cells."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._grounds: dict[int, SearchedGround] = {}

    def prepare(self, day: date | None) -> None:
        """Load the cells of the day's campaigns, so that no write waits for it."""
        with self._workspace.database.reading() as session:
            for campaign in grounds.campaigns_on(session, day):
                self._ground(session, campaign)

    def add(self, session: Session, source: Source, source_id: int) -> tuple[Problem, ...]:
        """Store a source's looks in the caller's transaction; return why it has none.

        The campaigns are read in that transaction, so one opened meanwhile is not missed.
        """
        campaigns = grounds.campaigns_on(session, source.day)
        found = [source.look_on(c.id, self._ground(session, c)) for c in campaigns]
        looks = [look for look in found if look is not None]
        for look in looks:
            look.source_id = source_id
            sightings.add_look(session, look)
        any_campaign = bool(grounds.campaigns(session))
        return _uncounted(source.day, any_campaign, bool(campaigns), bool(looks))

    def _ground(self, session: Session, campaign: CampaignRow) -> SearchedGround:
        if campaign.id not in self._grounds:
            around = surroundings_of(
                self._workspace, session, ground_of(campaign), campaign_id=campaign.id
            )
            self._grounds[campaign.id] = searched_ground(around)
        return self._grounds[campaign.id]


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
