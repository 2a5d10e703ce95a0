"""What the person behind a request may see of cases: the one door from the web to their records.

For now one county, where every signed-in person sees all cases; what they may do is in the table
of moves (:mod:`geoinspect.cases.lifecycle`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework import told
from geoinspect.casework.actors import Actor
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.cases import CaseFilter
from webmap.acting import acting

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseScope:
    """The cases that one person may see, asked through one open session."""

    session: Session
    actor: Actor

    def case(self, case_id: int) -> CaseRow:
        """Return one visible case.

        Raises:
            NotFoundError: There is none.
        """
        return cases.case(self.session, case_id)

    def case_named(self, name: str) -> CaseRow:
        """Return one visible case by its number for people.

        Raises:
            NotFoundError: There is none.
        """
        return cases.case_named(self.session, name)

    def case_told(self, settings: Settings, row: CaseRow) -> Json:
        """Return a visible case with its history and what its reader may do."""
        return told.case_told(self.session, settings, row, self.actor)

    def listed(
        self, wanted: CaseFilter, today: date, *, limit: int, before: int | None
    ) -> list[Json]:
        """Return visible cases for a list, newest first."""
        rows = cases.cases(self.session, wanted, limit=limit, before=before)
        return [told.case_line(row, today) for row in rows]

    def counts(self, wanted: CaseFilter, today: date) -> Json:
        """Return how many visible cases stand in each state."""
        return told.counts_told(self.session, wanted, today)

    def within(self, wanted: CaseFilter, area_code: str | None) -> CaseFilter:
        """Return a filter for an area and all below it.

        Raises:
            NotFoundError: There is no such area.
        """
        if area_code is None:
            return wanted
        codes = tuple(area.code for area in grounds.below(self.session, area_code))
        return replace(wanted, areas=codes)


def case_scope(session: Session) -> CaseScope:
    """Return the scope of the person behind the current request."""
    return CaseScope(session, acting())
