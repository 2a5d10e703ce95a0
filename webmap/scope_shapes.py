"""What the person behind a request may see of the map's shapes: the one door to their tiles.

Whose a shape is, is asked where lists and pages ask it too: :mod:`geoinspect.store.owned` for what
units and people send, :mod:`geoinspect.casework.sight` for cases and sites; patches lie on ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from geoinspect.casework.sight import Sight
from geoinspect.casework.told import today_of
from geoinspect.store import shapes
from geoinspect.store.owned import OwnedTable, Owner
from geoinspect.store.schema import PhotoRow, SurveyRow, TrackRow
from geoinspect.territory import Territory
from webmap.auth import Person, current_person
from webmap.office import office
from webmap.tiles.shapes_book import ShapeBook, shape_book
from webmap.tiles.shapes_filters import Wanted, chosen
from webmap.tiles.shapes_sheets import Asking, Kind, Sheet, day_of_number
from webmap.tiles.shapes_versions import TABLES
from webmap.tiles.shapes_views import Tile, View, tile_bytes, view_of

Mask = NDArray[np.bool_]
_SENT: Mapping[Kind, OwnedTable] = {
    Kind.TRACKS: TrackRow,
    Kind.SURVEYS: SurveyRow,
    Kind.PHOTOS: PhotoRow,
}


@dataclass(frozen=True, slots=True, eq=False)
class ShapeScope:
    """The shapes that one person may see, asked through one open session."""

    session: Session
    person: Person
    territory: Territory
    book: ShapeBook

    @property
    def mark(self) -> str:
        """What tells one person's tiles from another's; empty where a person sees all."""
        own = self.territory
        return "" if own.ground is None else f"{own.stamp}-{self.person.id}"

    def version(self, kind: Kind) -> str:
        """Return the version of a kind that is shown now."""
        asking = self._asking()
        return self.book.versions.get(self.session, kind, asking.settings, asking.today)

    def view(self, kind: Kind, wanted: Wanted) -> View:
        """Return the visible shapes of a kind that a question asks for."""
        sheet = self.book.sheet(kind, self._asking())

        def made() -> View:
            rows = self._visible(sheet)
            if not wanted.everything:
                rows &= chosen(sheet, wanted, self._on_ground)
            return view_of(sheet, np.flatnonzero(rows))

        return self.book.view((sheet.kind, sheet.version, self.mark, wanted), made)

    def tile(self, kind: Kind, wanted: Wanted, tile: Tile) -> bytes:
        """Return a tile of the visible shapes of a kind as MVT; nothing where it is empty."""
        view = self.view(kind, wanted)
        return tile_bytes(
            view, tile, lambda numbers: shapes.outlines(self.session, TABLES[kind], numbers)
        )

    def days(self, kind: Kind) -> tuple[date | None, date | None]:
        """Return the first and the last day of the visible shapes of a kind; None without any."""
        view = self.view(kind, Wanted())
        day = view.sheet.facts["day"]
        rows = view.rows if day.present is None else view.rows[day.present[view.rows]]
        if not len(rows):
            return None, None
        first, last = (int(end(day.values[rows])) for end in (np.min, np.max))
        return day_of_number(first), day_of_number(last)

    def _asking(self) -> Asking:
        return Asking(self.session, office().workspace.settings, today_of())

    def _visible(self, sheet: Sheet) -> Mask:
        own = self.territory
        if own.ground is None:
            return np.ones(len(sheet), np.bool_)
        if sheet.kind is Kind.PATCHES:
            return own.has_places(sheet.place[:, 0].copy(), sheet.place[:, 1].copy())
        numbers = shapes.numbers_where(self.session, TABLES[sheet.kind], self._condition(sheet))
        mine = np.isin(sheet.ids, np.array(numbers, np.int64))
        return mine | self._touching(sheet) if sheet.kind is Kind.SURVEYS else mine

    def _touching(self, sheet: Sheet) -> Mask:
        """Return which surveys show any of this person's ground."""
        own, found = self.territory, np.zeros(len(sheet), np.bool_)
        assert own.ground is not None
        near = np.flatnonzero(shapely.intersects(own.ground, shapely.box(*sheet.box.T)))
        blobs = shapes.outlines(self.session, SurveyRow, sheet.ids[near].tolist())
        outlines = shapely.from_wkb([blobs[int(number)] for number in sheet.ids[near]])
        found[near] = shapely.intersects(own.ground, outlines)
        return found

    def _condition(self, sheet: Sheet) -> ColumnElement[bool]:
        own = self.territory
        assert own.ground is not None
        if sheet.kind in _SENT:
            owner = Owner(own.units, self.person.id, own.ground)
            return owner.of(self.session, _SENT[sheet.kind])
        held = Sight(own, self.person.name).held
        assert held is not None
        return held.cases(self.session) if sheet.kind is Kind.CASES else held.sites(self.session)

    def _on_ground(self, sheet: Sheet, unit_code: str) -> Mask:
        own = office().territories.get(self.session, unit_code)
        return own.has_places(sheet.place[:, 0].copy(), sheet.place[:, 1].copy())


def shape_scope(session: Session) -> ShapeScope:
    """Return the scope of the person behind the current request."""
    person = current_person()
    territory = office().territories.get(session, person.unit_code)
    return ShapeScope(session, person, territory, shape_book())
