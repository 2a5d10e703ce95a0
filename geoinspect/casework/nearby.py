"""What lies near some ground, asked of the store by boxes instead of looked for in everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.distances import boxes_around
from geoinspect.casework.sight import ALL, Sight
from geoinspect.store import cases
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.cases import CaseFilter
from geoinspect.store.sightings import Box


def boxes_near(shapes: Sequence[BaseGeometry], reach_m: float) -> list[Box]:
    """Return the box in degrees that holds all within some metres of shapes; two where it passes
    the antimeridian, none of no shapes.
    """
    if not shapes:
        return []
    whole = np.array([shapely.box(*shapely.total_bounds(list(shapes)))], dtype=object)
    boxes, _ = boxes_around(whole, reach_m)
    return [tuple(box.bounds) for box in boxes]


def cases_near(
    session: Session, boxes: Iterable[Box], states: tuple[str, ...], sight: Sight = ALL
) -> dict[int, CaseRow]:
    """Return a reader's cases in some states whose boxes meet any of some boxes, by row number."""
    found: dict[int, CaseRow] = {}
    for box in boxes:
        rows = cases.cases(session, CaseFilter(states=states, box=box, held=sight.held))
        found |= {row.id: row for row in rows}
    return {number: found[number] for number in sorted(found)}
