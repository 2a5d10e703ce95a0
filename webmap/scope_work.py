"""What the person behind a request may see of work lists, their day and the zero-yield status: the
one door from the web to these records.

Every list and sum is of what is theirs; tips stay with those who handle or check them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.tip_records import READERS
from geoinspect.casework.actors import Actor
from geoinspect.casework.case_points import case_points
from geoinspect.casework.nothing_standing import nothing_standing_after
from geoinspect.casework.sight import Sight
from geoinspect.casework.today import today_of_person
from geoinspect.casework.work import work_of
from geoinspect.casework.zero_yield import standing_of
from geoinspect.records import Level
from geoinspect.snapshot import Snapshot
from geoinspect.store.sightings import Box
from geoinspect.store.workspace import Workspace
from webmap.acting import acting
from webmap.scope import scope_of
from webmap.scope_sight import own_sight

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkScope:
    """The work that one person may see, asked through one open session."""

    session: Session
    actor: Actor
    sight: Sight

    def newest_campaign(self) -> int | None:
        """Return the number of the newest visible campaign; None without one."""
        rows = scope_of(self.session).campaigns()
        return rows[0].id if rows else None

    def work(
        self,
        workspace: Workspace,
        unit_code: str | None,
        area_code: str | None,
        today: date,
        snapshot: Snapshot | None,
    ) -> Json:
        """Return the visible work lists of a unit; tips only for those who may read them."""
        return work_of(
            workspace,
            self.session,
            unit_code,
            today,
            snapshot=snapshot,
            area_code=area_code,
            see_tips=self.actor.role in READERS,
            sight=self.sight,
        )

    def today(
        self,
        workspace: Workspace,
        today: date,
        place: tuple[float, float] | None,
        stops: int,
        snapshot: Snapshot | None,
    ) -> Json:
        """Return the day of the person behind the request."""
        return today_of_person(
            workspace,
            self.session,
            self.actor,
            today,
            place=place,
            stops=stops,
            snapshot=snapshot,
            sight=self.sight,
        )

    def standing(
        self,
        workspace: Workspace,
        today: date,
        snapshot: Snapshot | None,
        area_code: str | None,
        level: Level,
    ) -> Json:
        """Return what of an area was confirmed and how it stands."""
        return standing_of(
            workspace,
            self.session,
            today,
            snapshot=snapshot,
            area_code=area_code,
            level=level,
            sight=self.sight,
        )

    def statement(self, area_code: str, day: date, today: date, snapshot: Snapshot | None) -> Json:
        """Return whether nothing stands in an area after a day."""
        return nothing_standing_after(
            self.session, area_code, day, today, snapshot=snapshot, sight=self.sight
        )

    def points(self, box: Box | None, today: date, *, ended: bool, limit: int) -> Json:
        """Return visible cases as signs on a map."""
        return case_points(self.session, box, today, ended=ended, limit=limit, sight=self.sight)


def work_scope(session: Session) -> WorkScope:
    """Return the scope of the person behind the current request."""
    return WorkScope(session, acting(), own_sight(session))
