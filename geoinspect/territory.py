"""What is a unit's own: its units, its areas and its ground, with all that lies below."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.store import grounds

Duties = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Territory:
    """What one person may see: their unit's ground and units, and all below.

    Attributes:
        whole: Everything in the workspace: the person has no unit, or the unit has all areas.
        units: Codes of their unit and all below it; empty when ``whole``.
        areas: Codes of their areas; empty when ``whole``.
        tops: Codes of the widest of them.
        ground: WGS84, prepared; None when ``whole``, empty where the unit answers for no area.
        stamp: Tells one territory from another in addresses and tags; empty when ``whole``.
    """

    whole: bool
    units: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    tops: tuple[str, ...] = ()
    ground: Polygon | MultiPolygon | None = None
    stamp: str = ""

    def has_unit(self, unit_code: str | None) -> bool:
        """Return whether what a unit answers for is theirs; what no unit answers for is not."""
        return self.whole or unit_code in self.units

    def has_area(self, area_code: str | None) -> bool:
        """Return whether an area is theirs."""
        return self.whole or area_code in self.areas

    def has_place(self, lon: float, lat: float) -> bool:
        """Return whether a place, degrees of WGS84, is on their ground."""
        return self.ground is None or bool(shapely.intersects_xy(self.ground, lon, lat))

    def has_places(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of n places, degrees of WGS84, are on their ground, shape (n,)."""
        if self.ground is None:
            return np.ones(len(lon), np.bool_)
        return np.asarray(shapely.intersects_xy(self.ground, lon, lat), np.bool_)

    def covers(self, geometry: BaseGeometry) -> bool:
        """Return whether all of a WGS84 geometry is on their ground."""
        return self.ground is None or bool(shapely.covers(self.ground, geometry))

    def touches(self, geometry: BaseGeometry) -> bool:
        """Return whether a WGS84 geometry has any point on their ground."""
        return self.ground is None or bool(shapely.intersects(self.ground, geometry))

    def holds(self, geometry: BaseGeometry) -> bool:
        """Return whether the middle of a WGS84 geometry is on their ground: of two neighbours one
        has it.
        """
        if self.ground is None:
            return True
        middle = geometry.centroid
        return not geometry.is_empty and bool(shapely.intersects(self.ground, middle))


WHOLE = Territory(whole=True)


def territory_of(session: Session, unit_code: str | None) -> Territory:
    """Return what is a unit's own. Reads the outlines of its widest areas, so keep it."""
    if unit_code is None:
        return WHOLE
    duties = grounds.duties(session)
    units = units_below(session, unit_code)
    mine = _areas_below({code for code, (_, unit) in duties.items() if unit in units}, duties)
    if duties and len(mine) == len(duties):
        return WHOLE
    tops = tuple(sorted(code for code in mine if duties[code][0] not in mine))
    outlines = [grounds.area(session, code).geometry for code in tops]
    ground = shapely.union_all(outlines) if outlines else MultiPolygon()
    shapely.prepare(ground)
    stamp = _stamp(units, mine, ground)
    return Territory(
        whole=False, units=units, areas=frozenset(mine), tops=tops, ground=ground, stamp=stamp
    )


def _stamp(units: Iterable[str], areas: Iterable[str], ground: BaseGeometry) -> str:
    told = repr((sorted(units), sorted(areas))).encode() + shapely.to_wkb(ground)
    return hashlib.sha256(told).hexdigest()[:12]


def _areas_below(codes: set[str], duties: Duties) -> set[str]:
    children: dict[str, list[str]] = {}
    for code, (parent, _unit) in duties.items():
        if parent is not None:
            children.setdefault(parent, []).append(code)
    found, waiting = set[str](), list(codes)
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += children.get(code, ())
    return found


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
