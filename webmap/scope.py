"""What the person behind a request may see: the one door from the web to the records.

Every page, tile and API answer asks here (or at a neighbour of this module) and never the store,
so that narrowing this narrows everything. Each part is the door to its records.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import g
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError
from geoinspect.store import people
from geoinspect.store.schema import UploadRow
from geoinspect.territory import Territory
from webmap.auth import current_person
from webmap.office import office
from webmap.scope_searching import SearchScope
from webmap.scope_surveys import SurveyScope
from webmap.scope_tracks import TrackScope

_TERRITORY = "territory"


class Scope(TrackScope, SurveyScope, SearchScope):
    """The records that one person may see, asked through one open session."""

    __slots__ = ()

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

    def sent(self, limit: int, *, before: str | None = None) -> Sequence[UploadRow]:
        """Return what this person sent, newest first; what was sent before a receipt of theirs."""
        last = None if before is None else self.receipt(before)
        return people.uploads_of(self.session, self.person.id, limit, before=last)


def scope_of(session: Session) -> Scope:
    """Return the scope of the person behind the current request."""
    person = current_person()
    if _TERRITORY not in g:
        setattr(g, _TERRITORY, office().territories.get(session, person.unit_code))
    return Scope(session, person, g.get(_TERRITORY))


def own_territory() -> Territory:
    """Return the territory of the person behind the current request."""
    if _TERRITORY not in g:
        with office().workspace.database.reading() as session:
            return scope_of(session).territory
    territory: Territory = g.get(_TERRITORY)
    return territory
