"""What the person behind a request may see of the search: claims, plans, checks, trials, rates.

What is said of a campaign as a whole is theirs when all of its ground is; of a wider one they see
their own parts. Rates, trials and rules of risk are the office's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from geoinspect import check_book, plan_book, rate_book, risk_book, trial_book
from geoinspect.claim_records import Claim
from geoinspect.snapshot import Snapshot
from geoinspect.store import claims_kept, people, searching, sightings
from geoinspect.store.schema import TrackRow
from geoinspect.store.search_schema import ClaimRow, CrossCheckRow, PlanRow
from geoinspect.store.workspace import Workspace
from webmap.scope_ground import GroundScope


class SearchScope(GroundScope):
    """The claims, plans, checks and rates that one person may see."""

    __slots__ = ()

    def claim(self, made: Claim) -> tuple[Claim, bool]:
        """Return what of a visible campaign's claim is theirs, and whether that is all of it: of a
        wider one their parts, the widest of which stands for the whole.
        """
        if self.territory.has_area(made.whole.code):
            return made, True
        parts = tuple(part for part in made.parts if self.territory.has_area(part.code))
        if not parts:
            return replace(made, parts=()), False
        whole = max(parts, key=lambda part: (part.code in self.territory.tops, part.cells))
        return replace(made, parts=parts, whole=whole), False

    def kept_claims(self, campaign_id: int) -> Sequence[ClaimRow]:
        """Return the claims that were recorded of a campaign, newest first; none of one that
        reaches beyond their ground, as they speak of it all.
        """
        campaign = self.campaign(campaign_id)
        rows = claims_kept.claims(self.session, campaign.id)
        return rows if self.owns_campaign(campaign) else []

    def plans(self, campaign_id: int) -> Sequence[PlanRow]:
        """Return the visible plans of a visible campaign, newest first."""
        rows = claims_kept.plans(self.session, self.campaign(campaign_id).id)
        return [row for row in rows if self._sees_plan(row)]

    def plan(self, plan_id: int) -> PlanRow:
        """Return one visible plan.

        Raises:
            NotFoundError: There is none.
        """
        row = claims_kept.plan(self.session, plan_id)
        if not self._sees_plan(row) or row.campaign_id not in self._campaign_numbers():
            raise claims_kept.missing_plan(plan_id)
        return row

    def _sees_plan(self, row: PlanRow) -> bool:
        """Return whether a plan is theirs: for their units, made by their people, or with every
        start on their ground.
        """
        own = self.territory
        if own.whole or own.has_unit(row.unit_code) or row.made_by == self.person.name:
            return True
        starts = row.asked.get("starts") or []
        maker = people.user_named(self.session, row.made_by)
        if maker is not None and own.has_unit(maker.unit_code):
            return True
        return bool(starts) and all(own.has_place(*start) for start in starts)

    def plan_walked(
        self, workspace: Workspace, snapshot: Snapshot, row: PlanRow
    ) -> plan_book.Json | None:
        """Return how the walk of a visible plan's day compares with it, by visible tracks."""
        return plan_book.plan_walked(workspace, snapshot, row, only=self.only(TrackRow))

    def checks(self, snapshot: Snapshot) -> list[check_book.Json]:
        """Return the cross-checks of a visible campaign without their cells, newest first."""
        return check_book.check_list(self.session, snapshot, self._keeps(snapshot))

    def check(self, check_id: int) -> CrossCheckRow:
        """Return one cross-check of a visible campaign.

        Raises:
            NotFoundError: There is none.
        """
        row = searching.cross_check(self.session, check_id)
        if row.campaign_id not in self._campaign_numbers():
            raise sightings.missing("抽查", "cross-check", check_id)
        return row

    def check_told(self, snapshot: Snapshot, row: CrossCheckRow) -> check_book.Json:
        """Return a visible cross-check with its visible cells."""
        return check_book.check_json(snapshot, row, self._keeps(snapshot))

    def _keeps(self, snapshot: Snapshot) -> check_book.Keep | None:
        """Return what tells which drawn cells are theirs: on their ground, or for their units to
        search; None where all are.
        """
        own = self.territory
        if own.has_area(snapshot.campaign.area_code):
            return None
        return lambda one: own.has_place(one["lon"], one["lat"]) or own.has_unit(one["unit"])

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

    def _campaign_numbers(self) -> set[int]:
        return {row.id for row in self.campaigns()}
