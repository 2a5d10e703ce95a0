"""Who acts: a person of a unit, or the command line."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Return a unit's code and those of every unit below it; nothing for None.

    Below it are the units that name it as their parent, and those that answer for areas inside
    its own: boundary files bring units without parents.
    """
    if unit_code is None:
        return frozenset()
    below = _units_by_parent(session)
    found, waiting = set[str](), [unit_code]
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += below.get(code, ())
    return frozenset(found)


def _units_by_parent(session: Session) -> dict[str, set[str]]:
    below: dict[str, set[str]] = {}
    for unit in grounds.units(session):
        if unit.parent_code is not None:
            below.setdefault(unit.parent_code, set()).add(unit.code)
    duties = grounds.duties(session)
    for parent, unit_code in duties.values():
        above = _units_above(duties, parent)
        # A unit that also answers for what lies around is not below the unit in between.
        if unit_code is not None and above and unit_code not in above:
            below.setdefault(above[0], set()).add(unit_code)
    return below


def _units_above(
    duties: Mapping[str, tuple[str | None, str | None]], code: str | None
) -> list[str]:
    """Return the units of an area and of all around it, the nearest first."""
    found = []
    while code is not None and code in duties:
        code, unit_code = duties[code]
        if unit_code is not None:
            found.append(unit_code)
    return found


def is_own(session: Session, actor: Actor, unit_code: str | None) -> bool:
    """Return whether something that a unit answers for is the actor's own or below."""
    return unit_code is not None and unit_code in units_below(session, actor.unit_code)
