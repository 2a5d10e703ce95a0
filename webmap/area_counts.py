"""How many tracks, pictures and suspected patches an area holds, from the sheets of the map's shapes."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoinspect.store import shapes
from geoinspect.store.schema import AreaRow, CampaignRow, PatchRow
from geoinspect.survey_records import PatchState
from webmap.office import office
from webmap.scope_shapes import ShapeScope
from webmap.tiles.shapes_filters import Wanted
from webmap.tiles.shapes_sheets import Kind
from webmap.tiles.shapes_versions import TABLES
from webmap.tiles.shapes_views import View

_KEPT = 512
_KINDS = (Kind.TRACKS, Kind.SURVEYS, Kind.PATCHES)


class _Key(NamedTuple):
    stamp: str
    versions: tuple[str, ...]
    mark: str
    area: bytes
    season: Wanted


_kept: OrderedDict[_Key, dict[str, int]] = OrderedDict()
_lock = Lock()


def area_counts(scope: ShapeScope, row: AreaRow, campaign: CampaignRow | None) -> dict[str, int]:
    """Return how many visible tracks (of a campaign's days) and surveys touch an area, and how
    many suspected patches have their middle in it; kept until one of them changes.
    """
    shape = row.geometry
    season = Wanted() if campaign is None else Wanted(start=campaign.start, end=campaign.end)
    versions = tuple(scope.version(kind) for kind in _KINDS)
    outline = sha256(shapely.to_wkb(shape)).digest()
    key = _Key(str(office().stamp), versions, scope.mark, outline, season)
    with _lock:
        if (known := _kept.get(key)) is not None:
            _kept.move_to_end(key)
            return known
    shapely.prepare(shape)
    found = {
        "tracks": _touching(scope, scope.view(Kind.TRACKS, season), shape),
        "surveys": _touching(scope, scope.view(Kind.SURVEYS, Wanted()), shape),
        "patches": _suspected_in(scope, shape),
    }
    with _lock:
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _touching(scope: ShapeScope, view: View, shape: BaseGeometry) -> int:
    """Return how many shapes of a view touch a prepared one: a box inside it settles that."""
    box = view.sheet.box[view.rows]
    west, south, east, north = shape.bounds
    near = (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
    inside = near & shapely.contains(shape, shapely.box(*box.T))
    numbers = view.sheet.ids[view.rows[near & ~inside]].tolist()
    blobs = shapes.outlines(scope.session, TABLES[view.sheet.kind], numbers)
    outlines = shapely.from_wkb([blobs[number] for number in numbers])
    return int(inside.sum()) + int(np.count_nonzero(shapely.intersects(shape, outlines)))


def _suspected_in(scope: ShapeScope, shape: BaseGeometry) -> int:
    """Return how many visible patches that the detector suspects lie in a prepared shape."""
    view = scope.view(Kind.PATCHES, Wanted())
    wanted = PatchRow.state == PatchState.SUSPECTED.value
    suspected = shapes.numbers_where(scope.session, PatchRow, wanted)
    rows = view.rows[np.isin(view.sheet.ids[view.rows], np.array(suspected, np.int64))]
    return int(np.count_nonzero(shapely.contains_xy(shape, view.sheet.place[rows])))
