"""Whose tracks, photos and surveys are wanted: of some units, sent by one person, or lying there.

What a unit sent is the unit's, wherever it lies; only what no unit sent belongs to the ground on
which its middle lies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from geoinspect.store.schema import PhotoRow, SurveyRow, TrackRow, UploadRow
from geoinspect.store.sightings import in_box

OwnedTable = type[TrackRow] | type[PhotoRow] | type[SurveyRow]
OwnedRow = TrackRow | PhotoRow | SurveyRow


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """One person, for whom records are looked up through one session.

    Attributes:
        units: Codes of their units.
        user_id: Of the person, whose uploads are theirs.
        ground: WGS84, prepared.
    """

    units: frozenset[str]
    user_id: int
    ground: Polygon | MultiPolygon
    _known: dict[str, ColumnElement[bool]] = field(default_factory=dict, init=False, repr=False)

    def of(self, session: Session, table: OwnedTable) -> ColumnElement[bool]:
        """Return the condition that a row of a table is theirs."""
        name = table.__tablename__
        if name not in self._known:
            sent = select(UploadRow.file_id).where(UploadRow.user_id == self.user_id)
            self._known[name] = or_(
                table.unit_code.in_(sorted(self.units)),
                table.file_id.in_(sent),
                table.id.in_(_values(self._lying(session, table))),
            )
        return self._known[name]

    def holds(self, session: Session, row: OwnedRow) -> bool:
        """Return whether a row is theirs."""
        if row.unit_code in self.units:
            return True
        lon, lat = (row.west + row.east) / 2, (row.south + row.north) / 2
        if row.unit_code is None and bool(shapely.intersects_xy(self.ground, lon, lat)):
            return True
        sent = select(UploadRow.id).where(
            UploadRow.file_id == row.file_id, UploadRow.user_id == self.user_id
        )
        return session.scalar(sent.limit(1)) is not None

    def _lying(self, session: Session, table: OwnedTable) -> list[int]:
        """Return the numbers of what no unit sent and lies on their ground."""
        if self.ground.is_empty:
            return []
        lon, lat = (table.west + table.east) / 2, (table.south + table.north) / 2
        near = table.id.in_(in_box(table.__tablename__, self.ground.bounds))
        query = select(table.id, lon, lat).where(and_(table.unit_code.is_(None), near))
        rows = np.array([tuple(row) for row in session.execute(query)], np.float64).reshape(-1, 3)
        inside = shapely.intersects_xy(self.ground, rows[:, 1], rows[:, 2])
        found: list[int] = rows[inside, 0].astype(np.int64).tolist()
        return found


def _values(numbers: list[int]) -> Select[tuple[int]]:
    """Return numbers as a question of one value, however many they are."""
    return select(func.json_each(literal(json.dumps(numbers))).table_valued("value").c.value)
