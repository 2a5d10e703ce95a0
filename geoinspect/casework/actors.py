"""Who acts: a person of a unit, or the command line."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from geoinspect.store import grounds


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


def units_below(session: Session, unit_code: str | None) -> frozenset[str]:
    """Return a unit's code and those of every unit below it; nothing for None."""
    if unit_code is None:
        return frozenset()
    children: dict[str | None, list[str]] = {}
    for unit in grounds.units(session):
        children.setdefault(unit.parent_code, []).append(unit.code)
    found, waiting = set[str](), [unit_code]
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += children.get(code, [])
    return frozenset(found)


def is_own(session: Session, actor: Actor, unit_code: str | None) -> bool:
    """Return whether something that a unit answers for is the actor's own or below."""
    return unit_code is not None and unit_code in units_below(session, actor.unit_code)
