"""What the person behind a request may know of casework."""

from __future__ import annotations

from sqlalchemy.orm import Session

from geoinspect.casework.sight import Sight
from webmap.auth import current_person
from webmap.scope import scope_of


def own_sight(session: Session) -> Sight:
    """Return what the person behind the current request may know of."""
    return Sight(scope_of(session).territory, current_person().name)
