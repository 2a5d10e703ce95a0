"""Who acts: a person of a unit, or the command line."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from geoinspect.territory import units_below


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts on cases, sites or tips.

    Attributes:
        name: As it stands in the audit chain.
        role: Of :data:`geoinspect.store.people.ROLES`.
        unit_code: Of the person; None belongs to no unit.
    """

    name: str
    role: str
    unit_code: str | None = None


COMMAND_LINE = Actor("cli", "admin")


def is_own(session: Session, actor: Actor, unit_code: str | None) -> bool:
    """Return whether something that a unit answers for is the actor's own or below."""
    return unit_code is not None and unit_code in units_below(session, actor.unit_code)
