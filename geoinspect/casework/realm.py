"""What a unit answers for: its cases, sites and areas with those of all units below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geoinspect.casework.sight import ALL, Sight
from geoinspect.store import cases, grounds
from geoinspect.store.schema import AreaRow
from geoinspect.territory import units_below


@dataclass(frozen=True, slots=True, eq=False)
class Realm:
    """A unit's part of the county, or all of it.

    Attributes:
        unit_code: None is everybody's.
        units: The unit's code and those below; None is no restriction.
        area_code: None is no restriction.
        within: The area's code and those below; None is no restriction.
        areas: Every area there is, by code.
        answers: Area → the unit that answers for it, its own or the nearest one above it.
        names: Unit → its name.
        sight: Of whom asks: areas are listed as far as they are theirs.
    """

    unit_code: str | None
    units: frozenset[str] | None
    area_code: str | None
    within: frozenset[str] | None
    areas: Mapping[str, AreaRow]
    answers: Mapping[str, str | None]
    names: Mapping[str, str]
    sight: Sight = ALL

    def whose(self, unit_code: str | None, area_code: str | None) -> str | None:
        """Return who answers for something: its own unit, else that of its area."""
        return unit_code or self.answers.get(area_code or "")

    def holds(self, unit_code: str | None, area_code: str | None) -> bool:
        """Return whether something belongs here."""
        if self.within is not None and area_code not in self.within:
            return False
        return self.units is None or self.whose(unit_code, area_code) in self.units

    def holds_area(self, code: str) -> bool:
        """Return whether an area belongs here."""
        return self.holds(None, code) and self.sight.territory.has_area(code)

    def codes_at(self, places: Sequence[tuple[float, float] | None]) -> list[str | None]:
        """Return the code of the smallest area that holds each place, lon, lat in degrees; None
        outside all of them and of no place. The same as :func:`area_code_at`, of many at once.
        """
        rows = sorted(self.areas.values(), key=lambda row: (row.area_m2, row.code))
        held = [at for at, place in enumerate(places) if place is not None]
        found: list[str | None] = [None] * len(places)
        if rows and held:
            points = shapely.points([place for place in places if place is not None])
            tree = shapely.STRtree([row.geometry for row in rows])
            whose, areas = tree.query(points, predicate="covered_by")
            # The smallest area is written last.
            for k in np.argsort(-areas, kind="stable"):
                found[held[whose[k]]] = rows[areas[k]].code
        return found

    def unit_name(self, code: str | None) -> str | None:
        """Return a unit's name; its code where it has none."""
        return None if code is None else self.names.get(code, code)

    def area_name(self, code: str | None) -> str | None:
        """Return an area's name."""
        row = self.areas.get(code or "")
        return code if row is None else row.name

    def own_areas(self) -> list[AreaRow]:
        """Return the areas that belong here, by code."""
        return [row for code, row in sorted(self.areas.items()) if self.holds_area(code)]

    def top_areas(self) -> list[AreaRow]:
        """Return those of them that lie in none of the others, by code."""
        own = self.own_areas()
        codes = {row.code for row in own}
        return [row for row in own if row.parent_code not in codes]


def realm_of(
    session: Session,
    unit_code: str | None,
    area_code: str | None = None,
    sight: Sight = ALL,
) -> Realm:
    """Return what a unit answers for.

    Args:
        session: Open.
        unit_code: None is everybody.
        area_code: Only what lies in this area or below it; None is everywhere.
        sight: Of whom asks: other units and areas look as if they did not exist.

    Raises:
        NotFoundError: There is no such unit or area.
    """
    sight.check_unit(unit_code)
    sight.check_area(area_code)
    grounds.require_unit(session, unit_code)
    within = None
    if area_code is not None:
        within = frozenset(row.code for row in grounds.below(session, area_code))
    areas = {row.code: row for row in grounds.areas(session)}
    names = {unit.code: unit.name for unit in grounds.units(session)}
    return Realm(
        unit_code=unit_code,
        units=None if unit_code is None else units_below(session, unit_code),
        area_code=area_code,
        within=within,
        areas=areas,
        answers={code: _answering(areas, names, code) for code in areas},
        names=names,
        sight=sight,
    )


def area_code_at(session: Session, lon: float | None, lat: float | None) -> str | None:
    """Return the code of the smallest area that holds a place; None outside all of them."""
    row = None if lon is None or lat is None else cases.area_at(session, lon, lat)
    return None if row is None else row.code


def _answering(areas: Mapping[str, AreaRow], units: Mapping[str, str], code: str) -> str | None:
    # Boundaries may name units that nobody registered.
    at, seen = areas.get(code), set[str]()
    while at is not None and at.code not in seen:
        if at.unit_code in units:
            return at.unit_code
        seen.add(at.code)
        at = areas.get(at.parent_code or "")
    return None
