"""What the person behind a request may see of the situation: figures of their areas alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from geoinspect.claim_records import Claim
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import InputError
from geoinspect.settings import Settings
from geoinspect.situation.board import Moment
from geoinspect.situation.tallies import (
    Code,
    DayCounts,
    day_counts,
    end_of,
    rolled_up,
    tallies,
    uploads_on,
)
from geoinspect.snapshot import Question, Snapshot
from geoinspect.store.schema import AreaRow
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.tree import AreaTree


@dataclass(frozen=True, slots=True)
class SituationScope:
    """The situation of one person's areas, asked through one open session."""

    session: Session
    scope: Scope
    tree: AreaTree
    settings: Settings

    def moment(self, day: date, sums: Mapping[str, CoverageSum] | None, *, now: bool) -> Moment:
        """Return what stands on a day; ``now`` takes all that was done, else to the day's end."""
        own = tallies(self.session, self.settings, day, until=None if now else end_of(day))
        parents: dict[str, Code] = {row.code: row.parent_code for row in self.tree.rows}
        counts = rolled_up(own, parents)
        top = self.tree.root()
        if self.scope.territory.whole and top is not None and None in own:
            # What lies in no area is nobody's but the office's.
            counts[top.code] += own[None]
        visible = None if sums is None else {c: s for c, s in sums.items() if c in parents}
        return Moment(day, visible, counts, uploads_on(self.session, day, self.scope.territory))

    def days(self, first: date, last: date, area: AreaRow) -> list[DayCounts]:
        """Return what was done on each day to the cases of an area and all below it."""
        codes: set[Code] = {*self.tree.codes_below(area.code)}
        if self.scope.territory.whole and area == self.tree.root():
            codes.add(None)
        return day_counts(self.session, first, last, codes)

    def uploads(self, day: date) -> int:
        """Return how many files came on a day from the person's units."""
        return uploads_on(self.session, day, self.scope.territory)

    def claim(self, campaign_id: int, day: date | None) -> Claim | None:
        """Return what may be claimed as of a day, the parts of their areas alone; None where no
        ground has any risk.
        """
        snapshot = _snapshot(campaign_id, day)
        try:
            made = office().claims.get(self.session, snapshot, None)
        except InputError:
            return None
        return replace(made, parts=tuple(p for p in made.parts if p.code in self.tree.by_code))


def situation_scope(session: Session) -> SituationScope:
    """Return the scope of the person behind the current request."""
    scope = scope_of(session)
    return SituationScope(session, scope, AreaTree.of(scope), office().workspace.settings)


def _snapshot(campaign_id: int, day: date | None) -> Snapshot:
    return office().snapshots.get(campaign_id, Question(as_of=day))


def day_before(day: date) -> date:
    """Return the day before."""
    return day - timedelta(days=1)
