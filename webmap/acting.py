"""The person behind a request, as somebody who acts on cases, sites and tips."""

from __future__ import annotations

from geoinspect.casework.actors import Actor
from webmap.auth import current_person


def acting() -> Actor:
    """Return who acts in this request; only where a login is required."""
    person = current_person()
    return Actor(person.name, person.role, person.unit_code)
