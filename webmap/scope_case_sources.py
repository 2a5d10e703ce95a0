"""What the person behind a request may see of where cases come from: patches that would be cases,
target lists, licences; each as far as it lies on their ground.
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
from geoinspect.casework.sight import Sight
from geoinspect.casework.survey_recheck import recheck_from_survey
from geoinspect.casework.target_book import lists_told, targets_on
from geoinspect.casework.target_match import match_list
from geoinspect.store import case_sources
from geoinspect.store.workspace import Workspace
from webmap.acting import acting
from webmap.scope import scope_of
from webmap.scope_cases import case_scope
from webmap.scope_sight import own_sight

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceScope:
    """The sources of cases that one person may see, asked through one open session."""

    session: Session
    actor: Actor
    sight: Sight

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
        told = propose(workspace, self.session, patch_ids, self.sight)
        return {**told, "may_open": self.may_open}

    def chosen(
        self, workspace: Workspace, survey_id: int, *, settled: bool, first: int | None
    ) -> list[int]:
        """Return the visible patches of a visible survey that are worth a case.

        Raises:
            NotFoundError: There is no such survey.
        """
        survey = scope_of(self.session).survey(survey_id)
        return choose_patches(
            workspace, self.session, survey.id, settled=settled, first=first, sight=self.sight
        )

    def recheck(self, workspace: Workspace, case_id: int, survey_id: int) -> Json:
        """Return what a visible survey says of a visible case's ground.

        Raises:
            NotFoundError: There is no such case or survey.
        """
        case_scope(self.session).case(case_id)
        scope_of(self.session).survey(survey_id)
        return recheck_from_survey(workspace, case_id, survey_id)

    def target_lists(self) -> list[Json]:
        """Return the visible target lists, newest first."""
        return lists_told(self.session, self.sight)

    def check_list(self, list_id: int) -> None:
        """Check that a target list is visible, before anything of the request is read.

        Raises:
            NotFoundError: There is none, or it has no target on their ground.
        """
        case_sources.target_list(self.session, list_id)
        if not self.sight.whole and not targets_on(self.session, list_id, self.sight):
            raise case_sources.missing_list(list_id)

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
            self.session,
            list_id,
            tolerance_m,
            as_of,
            **chosen,
            first=first,
            last=last,
            sight=self.sight,
        )

    def licences(self, today: date) -> list[Json]:
        """Return the visible licences with what patches say of each."""
        return growth_told(self.session, today, self.sight)


def source_scope(session: Session) -> SourceScope:
    """Return the scope of the person behind the current request."""
    return SourceScope(session, acting(), own_sight(session))
