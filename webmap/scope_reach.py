"""How far one person may see: their territory, their own uploads, and both as conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from geoinspect.store.owned import OwnedRow, OwnedTable, Owner
from geoinspect.territory import Territory
from webmap.auth import Person


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What one person may see, asked through one open session.

    The records are behind the parts of :class:`webmap.scope.Scope`, each the only door to its own.
    Outside a person's reach a record looks as if there were none, in the words of one that is
    missing; nothing of it is in a list, a count or a sum.

    Attributes:
        kept: What was worked out in this request already.
    """

    session: Session
    person: Person
    territory: Territory
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def owner(self) -> Owner | None:
        """What tells whose tracks, photos and surveys are theirs; None where all are."""
        if self.territory.ground is None:
            return None
        if "owner" not in self.kept:
            own = self.territory
            self.kept["owner"] = Owner(own.units, self.person.id, self.territory.ground)
        owner: Owner = self.kept["owner"]
        return owner

    def only(self, table: OwnedTable) -> ColumnElement[bool] | None:
        """Return the condition that a track, photo or survey is theirs; None where all are."""
        return None if self.owner is None else self.owner.of(self.session, table)

    def has(self, row: OwnedRow) -> bool:
        """Return whether a track or photo is theirs: sent by their units or by themselves, or by
        no unit from their ground.
        """
        return self.owner is None or self.owner.holds(self.session, row)

    def has_middle(self, geometry: BaseGeometry) -> bool:
        """Return whether the middle of a geometry's box is on their ground, as of patches."""
        west, south, east, north = geometry.bounds
        return self.territory.has_place((west + east) / 2, (south + north) / 2)
