"""What the person behind a request may see of where cases come from: patches that would be cases,
target lists, licences. For now one county, where every signed-in person sees all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import LEAD
from geoinspect.casework.actors import Actor
from geoinspect.casework.from_patches import choose_patches, propose
from geoinspect.casework.licence_growth import growth_told
from geoinspect.casework.openers import check_may_open
from geoinspect.casework.survey_recheck import recheck_from_survey
from geoinspect.casework.target_book import lists_told
from geoinspect.casework.target_match import match_list
from geoinspect.store.workspace import Workspace
from webmap.acting import acting

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceScope:
    """The sources of cases that one person may see, asked through one open session."""

    session: Session
    actor: Actor

    @property
    def may_open(self) -> bool:
        """Whether the person may make cases of patches and targets."""
        return self.actor.role in LEAD

    def check_may_open(self) -> None:
        """Check the same.

        Raises:
            ForbiddenError: They may not.
        """
        check_may_open(self.actor, LEAD)

    def proposal(self, workspace: Workspace, patch_ids: Iterable[int]) -> Json:
        """Return what would become of visible patches, and whether the person may do it."""
        return {**propose(workspace, self.session, patch_ids), "may_open": self.may_open}

    def chosen(
        self, workspace: Workspace, survey_id: int, *, settled: bool, first: int | None
    ) -> list[int]:
        """Return the patches of a visible survey that are worth a case."""
        return choose_patches(workspace, self.session, survey_id, settled=settled, first=first)

    def recheck(self, workspace: Workspace, case_id: int, survey_id: int) -> Json:
        """Return what a visible survey says of a visible case's ground."""
        return recheck_from_survey(workspace, case_id, survey_id)

    def target_lists(self) -> list[Json]:
        """Return the visible target lists, newest first."""
        return lists_told(self.session)

    def match(
        self,
        list_id: int,
        tolerance_m: float | None,
        as_of: date | None,
        states: Sequence[str] | None,
        days: tuple[date | None, date | None],
    ) -> Json:
        """Return a visible target list matched with the visible dossiers."""
        chosen = {} if states is None else {"states": states}
        first, last = days
        return match_list(
            self.session, list_id, tolerance_m, as_of, **chosen, first=first, last=last
        )

    def licences(self, today: date) -> list[Json]:
        """Return the visible licences with what patches say of each."""
        return growth_told(self.session, today)


def source_scope(session: Session) -> SourceScope:
    """Return the scope of the person behind the current request."""
    return SourceScope(session, acting())
