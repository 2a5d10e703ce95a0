"""What the person behind a request may see of evidence, and add to it: the one door from the web.

Evidence is theirs when its case is; who may add is in the table of moves (:mod:`geoinspect.cases.lifecycle`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework import evidence
from geoinspect.casework.actors import Actor
from geoinspect.casework.evidence_kept import missing
from geoinspect.casework.told import evidence_told
from geoinspect.store import cases
from geoinspect.store.case_schema import EvidenceRow
from geoinspect.store.workspace import Workspace
from webmap.acting import acting
from webmap.scope_cases import CaseScope, case_scope


@dataclass(frozen=True, slots=True)
class EvidenceScope:
    """The evidence that one person may see, asked through one open session."""

    session: Session
    actor: Actor
    cases: CaseScope

    def case(self, case_id: int) -> None:
        """Check that a case is visible, before anything of the request is read.

        Raises:
            NotFoundError: There is none.
        """
        self.cases.case(case_id)

    def check_may_add(self, case_id: int, client_id: str = "") -> None:
        """Check that the person may add evidence to a case, before anything is read.

        What is sent again, as its answer was lost, passes: the book gives its receipt.

        Raises:
            NotFoundError: There is no such visible case.
            ForbiddenError: Not this person.
            ConflictError: Not to this case.
        """
        known = cases.event_sent(self.session, client_id) if client_id else None
        if known is None or known.case_id != case_id or known.actor != self.actor.name:
            row = self.cases.case(case_id)
            evidence.check_may_add(self.session, row, self.actor)

    def told(self, evidence_id: int) -> dict[str, Any]:
        """Return a visible piece of evidence.

        Raises:
            NotFoundError: There is none.
        """
        return evidence_told(self._piece(evidence_id))

    def file(self, workspace: Workspace, evidence_id: int) -> tuple[Path, str]:
        """Return where the original of a visible piece lies, and its name."""
        self._piece(evidence_id)
        return evidence.evidence_file(self.session, workspace, evidence_id)

    def thumbnail(self, workspace: Workspace, evidence_id: int) -> bytes | None:
        """Return a small copy of a visible photo; None where there is none."""
        self._piece(evidence_id)
        return evidence.evidence_thumbnail(self.session, workspace, evidence_id)

    def _piece(self, evidence_id: int) -> EvidenceRow:
        row = evidence.evidence(self.session, evidence_id)
        if not self.cases.sight.case(cases.case(self.session, row.case_id)):
            raise missing(evidence_id)
        return row


def evidence_scope(session: Session) -> EvidenceScope:
    """Return the scope of the person behind the current request."""
    return EvidenceScope(session, acting(), case_scope(session))
