"""Whose records are wanted: those of some units, of some ground, or of one person."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from geoinspect.store.case_schema import CaseRow
from geoinspect.store.sightings import in_box
from geoinspect.store.site_schema import SiteRow, TipRow

# SQLite takes 32,766 values in one question (https://www.sqlite.org/limits.html).
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What one person holds of a county: of their units, on their ground, or made by them.

    Attributes:
        ground: WGS84, prepared; empty where their unit answers for no area.
        person: Their name, as records have it.
    """

    units: Collection[str]
    areas: Collection[str]
    ground: Polygon | MultiPolygon
    person: str
    _known: dict[str, ColumnElement[bool]] = field(default_factory=dict, init=False, repr=False)

    def cases(self, session: Session) -> ColumnElement[bool]:
        """Return the condition that a case is theirs."""
        known = self._known.get("case")
        if known is None:
            says = or_(
                CaseRow.unit_code.in_(_listed(self.units)),
                CaseRow.area_code.in_(_listed(self.areas)),
                CaseRow.opened_by == self.person,
            )
            known = self._known["case"] = or_(says, self._placed(session, CaseRow, says))
        return known

    def sites(self, session: Session) -> ColumnElement[bool]:
        """Return the condition that a site is theirs."""
        known = self._known.get("site")
        if known is None:
            says = or_(
                SiteRow.unit_code.in_(_listed(self.units)),
                SiteRow.area_code.in_(_listed(self.areas)),
                SiteRow.made_by == self.person,
            )
            known = self._known["site"] = or_(says, self._placed(session, SiteRow, says))
        return known

    def tips(self, session: Session) -> ColumnElement[bool]:
        """Return the condition that a tip is theirs: on their ground, or in a case of theirs."""
        known = self._known.get("tip")
        if known is None:
            west, south, east, north = _bounds(self.ground)
            asked = select(TipRow.id, TipRow.lon, TipRow.lat).where(
                TipRow.lon >= west, TipRow.lon <= east, TipRow.lat >= south, TipRow.lat <= north
            )
            found = session.execute(asked).all()
            lon, lat = ([row[k] for row in found] for k in (1, 2))
            here = np.atleast_1d(shapely.intersects_xy(self.ground, lon, lat))
            numbers = [row[0] for row, inside in zip(found, here, strict=True) if inside]
            mine = select(CaseRow.id).where(self.cases(session))
            known = or_(TipRow.id.in_(_listed(numbers)), TipRow.case_id.in_(mine))
            self._known["tip"] = known
        return known

    def _placed(
        self, session: Session, table: type[CaseRow] | type[SiteRow], says: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        """Return the condition that a record's middle lies on the ground, though neither its unit
        nor its area tells. Outlines are read only of those whose box meets the ground.
        """
        near = in_box(table.__tablename__, _bounds(self.ground))
        box = table.id, table.west, table.south, table.east, table.north
        others = table.id.not_in(select(table.id).where(says))
        found = session.execute(select(*box).where(table.id.in_(near), others)).all()
        boxes = shapely.box(*(np.array([row[k] for row in found], float) for k in range(1, 5)))
        meets = np.atleast_1d(shapely.intersects(self.ground, boxes))
        numbers = [row[0] for row, near_it in zip(found, meets, strict=True) if near_it]
        kept: list[int] = []
        for start in range(0, len(numbers), _AT_ONCE):
            some = table.id.in_(numbers[start : start + _AT_ONCE])
            rows = session.execute(select(table.id, table.geometry).where(some)).all()
            middles = shapely.centroid([row[1] for row in rows])
            inside = shapely.intersects(self.ground, middles)
            kept += [row[0] for row, on_it in zip(rows, inside, strict=True) if on_it]
        return table.id.in_(_listed(kept))


def _listed(values: Collection[str] | Collection[int]) -> Select[tuple[object]]:
    """Return values as one parameter of a question: there may be more than it takes singly."""
    each = func.json_each(json.dumps(sorted(values))).table_valued("value")
    return select(each.c.value)


def _bounds(ground: Polygon | MultiPolygon) -> tuple[float, float, float, float]:
    """Return the box of a ground; of no ground one that holds nothing."""
    if ground.is_empty:
        return 1.0, 1.0, -1.0, -1.0
    west, south, east, north = ground.bounds
    return west, south, east, north
