"""What the person behind a request may see of cases: the one door from the web to their records.

A case is theirs by its unit, its area or its place, or because they opened it; what they may do is
in the table of moves (:mod:`geoinspect.cases.lifecycle`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.casework import told
from geoinspect.casework.actors import Actor
from geoinspect.casework.sight import Sight
from geoinspect.errors import UsageError
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.cases import CaseFilter
from webmap.acting import acting
from webmap.scope_sight import own_sight

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseScope:
    """The cases that one person may see, asked through one open session."""

    session: Session
    actor: Actor
    sight: Sight

    def case(self, case_id: int) -> CaseRow:
        """Return one visible case.

        Raises:
            NotFoundError: There is none; another's looks the same as one that isn't.
        """
        row = cases.case(self.session, case_id)
        if not self.sight.case(row):
            raise cases.missing(str(case_id))
        return row

    def acted_on(self, case_id: int) -> CaseRow:
        """Return a case that the person has just acted on: the step may have taken it from them."""
        return cases.case(self.session, case_id)

    def case_named(self, name: str) -> CaseRow:
        """Return one visible case by its number for people.

        Raises:
            NotFoundError: There is none; another's looks the same as one that isn't.
        """
        row = cases.case_named(self.session, name)
        if not self.sight.case(row):
            raise cases.missing(name[:40])
        return row

    def check_place(self, ground: BaseGeometry) -> None:
        """Check that ground to open a case for is the person's.

        Raises:
            UsageError: Its middle lies elsewhere.
        """
        if not self.sight.on_ground(ground):
            raise UsageError(
                "这个位置不在您单位的辖区内:请核对位置,或请该辖区的单位新建线索",
                "this place is not on your unit's ground: check the place, or ask the unit that "
                "answers for it to open the case",
                code="not_your_ground",
            )

    def case_told(self, settings: Settings, row: CaseRow) -> Json:
        """Return a visible case with its history and what its reader may do."""
        return told.case_told(self.session, settings, row, self.actor, sight=self.sight)

    def listed(
        self, wanted: CaseFilter, today: date, *, limit: int, before: int | None
    ) -> list[Json]:
        """Return visible cases for a list, newest first."""
        wanted = replace(wanted, held=self.sight.held)
        rows = cases.cases(self.session, wanted, limit=limit, before=before)
        return [told.case_line(row, today) for row in rows]

    def counts(self, wanted: CaseFilter, today: date) -> Json:
        """Return how many visible cases stand in each state."""
        wanted = replace(wanted, held=self.sight.held)
        return told.counts_told(self.session, wanted, today)

    def within(self, wanted: CaseFilter, area_code: str | None) -> CaseFilter:
        """Return a filter for an area and all below it.

        Raises:
            NotFoundError: There is no such area, or a unit in the filter is not theirs.
        """
        for unit in wanted.units or ():
            self.sight.check_unit(unit)
        self.sight.check_area(area_code)
        if area_code is None:
            return wanted
        codes = tuple(area.code for area in grounds.below(self.session, area_code))
        return replace(wanted, areas=codes)


def case_scope(session: Session) -> CaseScope:
    """Return the scope of the person behind the current request."""
    return CaseScope(session, acting(), own_sight(session))
