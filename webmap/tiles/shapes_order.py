"""Shapes row by row: which of a view lie in a box, and in which order a list tells them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from geoinspect.store.sightings import Box
from webmap.tiles.shapes_sheets import Kind, Sheet
from webmap.tiles.shapes_views import GROUNDS, LINES, View

I8 = NDArray[np.int64]

# What a list of each kind can be sorted by, the order it has unasked first; "-" is downwards.
SORTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PATCHES: ("rank", "state", "score", "m2", "day"),
    Kind.TRACKS: ("-day", "name", "unit", "team", "mode", "length_m"),
    Kind.SURVEYS: ("-day", "name"),
    Kind.CASES: ("-day", "number", "state", "overdue"),
    Kind.SITES: ("due", "name", "state"),
    Kind.PHOTOS: ("-day", "unit", "team"),
}


def rows_in(view: View, box: Box | None) -> I8:
    """Return the rows of a view's sheet that are drawn in a box: a point by its place, a line or a
    ground by its box; shape (k,).
    """
    if box is None:
        return view.rows
    west, south, east, north = box
    if view.sheet.kind in LINES | GROUNDS:
        reach = view.sheet.box[view.rows]
    else:
        place = view.sheet.place[view.rows]
        reach = np.hstack([place, place])
    inside = (reach[:, 0] <= east) & (reach[:, 2] >= west)
    inside &= (reach[:, 1] <= north) & (reach[:, 3] >= south)
    return view.rows[inside]


def ordered(sheet: Sheet, rows: I8, by: str, *, down: bool) -> I8:
    """Return rows in the order of a fact; those without it last, equal ones by number."""
    fact = sheet.facts[by]
    _, place = np.unique(fact.values[rows], return_inverse=True)
    absent = np.zeros(len(rows), np.bool_) if fact.present is None else ~fact.present[rows]
    turned = -place if down else place
    return rows[np.lexsort((sheet.ids[rows], np.where(absent, 0, turned), absent))]
