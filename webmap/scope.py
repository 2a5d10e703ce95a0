"""What the person behind a request may see: the one door from the web to the records.

For now one county, where every signed-in person sees all; receipts are the sender's own. Every
page, tile and API answer asks here and never the store, so that narrowing this module narrows
everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shapely import Point
from sqlalchemy.orm import Session

from geoinspect import (
    check_book,
    patrol_book,
    rank_model_book,
    rate_book,
    review_book,
    risk_book,
    trial_book,
)
from geoinspect.errors import NotFoundError
from geoinspect.gap_list import gap_rows
from geoinspect.records import CellState, Zone
from geoinspect.report.gap_files import GapRow
from geoinspect.snapshot import Snapshot
from geoinspect.store import claims_kept, grounds, patrols, people, reviewing, searching, sightings
from geoinspect.store.schema import (
    AreaRow,
    CampaignRow,
    PatchRow,
    PatrolRow,
    PhotoRow,
    SurveyRow,
    TrackRow,
    UploadRow,
)
from geoinspect.store.search_schema import ClaimRow, CrossCheckRow, PlanRow
from geoinspect.store.sightings import Box
from geoinspect.store.track_list import Place, TrackFilter, count_listed, listed
from geoinspect.store.workspace import Workspace
from webmap.auth import Person, current_person


@dataclass(frozen=True, slots=True)
class Scope:
    """The records that one person may see, asked through one open session."""

    session: Session
    person: Person

    def area_tree(self) -> list[AreaRow]:
        """Return every visible area by code."""
        return list(grounds.areas(self.session))

    def unit_names(self) -> dict[str, str]:
        """Return code → name of every unit."""
        return {unit.code: unit.name for unit in grounds.units(self.session)}

    def campaigns(self) -> list[CampaignRow]:
        """Return visible campaigns, newest first."""
        return list(grounds.campaigns(self.session))

    def campaign(self, campaign_id: int | None) -> CampaignRow:
        """Return a campaign by number, the newest without one.

        Raises:
            NotFoundError: There is none that this person may see.
        """
        rows = self.campaigns()
        if campaign_id is None and rows:
            return rows[0]
        for row in rows:
            if row.id == campaign_id:
                return row
        if not rows:
            return grounds.campaign(self.session)
        raise NotFoundError(
            f"没有编号为 {campaign_id} 的行动",
            f"there is no campaign with the number {campaign_id}",
            code="no_campaign",
        )

    def zones(self) -> list[Zone]:
        """Return visible zones."""
        return grounds.zones(self.session)

    def gaps(
        self, snapshot: Snapshot, wanted: CellState, area_code: str, *, top: int
    ) -> tuple[list[GapRow], int]:
        """Return visible ground of an area that has not reached a state, and how much there is."""
        return gap_rows(self.session, snapshot, wanted, area_code=area_code, top=top)

    def tracks_in(
        self, box: Box | None, *, limit: int, start: date | None = None, end: date | None = None
    ) -> Sequence[TrackRow]:
        """Return visible tracks in a box, newest day first."""
        return sightings.tracks_in(self.session, box, limit=limit, start=start, end=end)

    def track(self, track_id: int) -> TrackRow:
        """Return one visible track.

        Raises:
            NotFoundError: There is none.
        """
        return sightings.track(self.session, track_id)

    def tracks_listed(
        self, wanted: TrackFilter, *, limit: int, after: Place | None
    ) -> Sequence[TrackRow]:
        """Return visible tracks for a list, what waits for a person first."""
        return listed(self.session, wanted, limit=limit, after=after)

    def count_listed(self, wanted: TrackFilter) -> tuple[int, int]:
        """Return how many visible tracks a list holds, and how many wait for a person."""
        return count_listed(self.session, wanted)

    def patrol_of(self, track: TrackRow) -> PatrolRow | None:
        """Return the patrol of a visible track; None where it belongs to none."""
        return None if track.patrol_id is None else patrols.patrol(self.session, track.patrol_id)

    def patrols(self, workspace: Workspace, start: date, end: date) -> list[patrol_book.Json]:
        """Return the visible patrols of some days, newest day first."""
        return patrol_book.patrol_list(workspace, self.session, start=start, end=end)

    def month(self, workspace: Workspace, month: date) -> patrol_book.Json:
        """Return the indicators of a month over visible units and people."""
        return patrol_book.month_report(workspace, self.session, month)

    def newest_patrol_day(self) -> date | None:
        """Return the day of the newest visible patrol; None without one."""
        newest = patrols.patrols(self.session, limit=1)
        return newest[0].day if newest else None

    def photos_in(
        self,
        box: Box | None,
        *,
        limit: int,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Sequence[PhotoRow]:
        """Return visible photos in a box, newest first."""
        return sightings.photos_in(self.session, box, limit=limit, start=start, end=end)

    def photo(self, photo_id: int) -> PhotoRow:
        """Return one visible photo.

        Raises:
            NotFoundError: There is none.
        """
        return sightings.photo(self.session, photo_id)

    def surveys(self) -> Sequence[SurveyRow]:
        """Return visible surveys, newest first."""
        return sightings.surveys(self.session)

    def survey(self, survey_id: int) -> SurveyRow:
        """Return one visible survey.

        Raises:
            NotFoundError: There is none.
        """
        return sightings.survey(self.session, survey_id)

    def patches_in(self, box: Box | None, *, limit: int) -> tuple[Sequence[PatchRow], int]:
        """Return the first visible patches in a box by rank, and how many there are."""
        return sightings.patches_in(self.session, box, limit=limit)

    def patch(self, patch_id: int) -> PatchRow:
        """Return one visible patch.

        Raises:
            NotFoundError: There is none.
        """
        return sightings.patch(self.session, patch_id)

    def surveys_over(self, lon: float, lat: float) -> list[SurveyRow]:
        """Return the visible surveys that show a place, earliest first."""
        rows = reviewing.surveys_over(self.session, lon, lat)
        return [row for row in rows if row.geometry.intersects(Point(lon, lat))]

    def place_names(self, lon: float, lat: float) -> list[str]:
        """Return the names of the visible areas that hold a place, the largest first."""
        rows = reviewing.areas_over(self.session, lon, lat)
        return [row.name for row in rows if row.geometry.intersects(Point(lon, lat))]

    def review_surveys(self, workspace: Workspace) -> list[review_book.Json]:
        """Return the visible surveys that were searched, with how far their review is."""
        return review_book.surveys_told(workspace, self.session, self.person.name)

    def review(self, workspace: Workspace, survey_id: int, wanted: int | None) -> review_book.Json:
        """Return what comes next for this person of a visible survey, ``wanted`` first.

        Raises:
            NotFoundError: There is no such survey.
        """
        survey = self.survey(survey_id)
        return review_book.queue(
            workspace, self.session, survey.id, self.person.name, wanted=wanted
        )

    def review_labels(self, workspace: Workspace, survey_id: int) -> list[review_book.Json]:
        """Return what was said of a visible survey's patches, as far as this person may read it.

        Raises:
            NotFoundError: There is no such survey.
        """
        survey = self.survey(survey_id)
        return review_book.labelled(workspace, self.session, survey.id, self.person.name)

    def review_models(self, workspace: Workspace, survey_id: int) -> list[rank_model_book.Json]:
        """Return the ranking models, and how a visible survey uses them.

        Raises:
            NotFoundError: There is no such survey.
        """
        return rank_model_book.models_told(workspace, self.session, self.survey(survey_id).id)

    def kept_claims(self, campaign_id: int) -> Sequence[ClaimRow]:
        """Return the claims that were recorded of a visible campaign, newest first."""
        return claims_kept.claims(self.session, self.campaign(campaign_id).id)

    def plans(self, campaign_id: int) -> Sequence[PlanRow]:
        """Return the plans of a visible campaign, newest first."""
        return claims_kept.plans(self.session, self.campaign(campaign_id).id)

    def plan(self, plan_id: int) -> PlanRow:
        """Return one plan of a visible campaign.

        Raises:
            NotFoundError: There is none.
        """
        row = claims_kept.plan(self.session, plan_id)
        self.campaign(row.campaign_id)
        return row

    def checks(self, snapshot: Snapshot) -> list[check_book.Json]:
        """Return the cross-checks of a visible campaign without their cells, newest first."""
        return check_book.check_list(self.session, snapshot)

    def check(self, check_id: int) -> CrossCheckRow:
        """Return one cross-check of a visible campaign.

        Raises:
            NotFoundError: There is none.
        """
        row = searching.cross_check(self.session, check_id)
        self.campaign(row.campaign_id)
        return row

    def trials(self) -> list[trial_book.Json]:
        """Return all seeded trials, newest first."""
        return trial_book.trial_list(self.session)

    def rates(self, workspace: Workspace, day: date) -> list[dict[str, object]]:
        """Return the sweep width or rate that holds on a day for every case."""
        return rate_book.rates_on(workspace, self.session, day)

    def entered_rates(self) -> list[dict[str, object]]:
        """Return the rows that the office entered into the table of rates, newest first."""
        return rate_book.entered(self.session)

    def risk_rules(self, workspace: Workspace) -> list[dict[str, object]]:
        """Return the rules of the prior risk."""
        return risk_book.rules_told(workspace, self.session)

    def receipt(self, upload_id: str) -> UploadRow:
        """Return a receipt of this person's own.

        Raises:
            NotFoundError: There is none; another person's looks the same as one that isn't.
        """
        row = people.upload(self.session, upload_id)
        if row.user_id != self.person.id:
            raise NotFoundError(
                f"没有回执 {upload_id}",
                f"there is no receipt {upload_id}",
                code="no_such_receipt",
            )
        return row

    def sent(self, limit: int) -> Sequence[UploadRow]:
        """Return what this person sent, newest first."""
        return people.uploads_of(self.session, self.person.id, limit)


def scope_of(session: Session) -> Scope:
    """Return the scope of the person behind the current request."""
    return Scope(session, current_person())
