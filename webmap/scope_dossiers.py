"""What the person behind a request may take out of the office: the one door from the web to dossiers.

Every signed-in person may take out a case that they see; each time is a row of the audit chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from geoinspect.casework.actors import Actor
from geoinspect.casework.export import Exported, export_document, export_zip
from geoinspect.store.workspace import Workspace
from webmap.acting import acting
from webmap.scope_cases import case_scope


@dataclass(frozen=True, slots=True)
class DossierScope:
    """The cases that one person may take out of a workspace."""

    workspace: Workspace
    actor: Actor

    def number(self, case_id: int) -> str:
        """Return the number of a visible case.

        Raises:
            NotFoundError: There is none.
        """
        with self.workspace.database.reading() as session:
            return case_scope(session).case(case_id).number

    def document(self, case_id: int, form: str) -> bytes:
        """Return the dossier of a visible case as ``html``, ``pdf`` or ``docx``."""
        now = datetime.now(UTC)
        return export_document(self.workspace, case_id, form, now=now, by=self.actor)[0]

    def write_zip(self, case_id: int, out: BinaryIO) -> Exported:
        """Write the export of a visible case to an open file."""
        return export_zip(self.workspace, case_id, out, now=datetime.now(UTC), by=self.actor)


def dossier_scope(workspace: Workspace) -> DossierScope:
    """Return the scope of the person behind the current request."""
    return DossierScope(workspace, acting())
