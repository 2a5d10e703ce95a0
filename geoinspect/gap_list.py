"""Gaps as people are told of them: ranked, with the unit that answers and where to enter."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.campaign_book import CampaignBook
from geoinspect.coverage.gaps import Gap, access_point
from geoinspect.errors import UsageError
from geoinspect.records import CellState
from geoinspect.report.gap_files import GapRow
from geoinspect.snapshot import Snapshot, walked_points
from geoinspect.store import grounds, searching
from geoinspect.store.sightings import Box

# As in coverage.gaps: less is where a cell's corner reaches over a border.
_LEAST_M2 = 100.0
_SAMPLE_STEP = 64
# No campaign has more cells than a number of so many digits.
_MOST_DIGITS = 9


def gap_rows(
    session: Session,
    snapshot: Snapshot,
    state: CellState,
    *,
    area_code: str | None = None,
    top: int,
) -> tuple[list[GapRow], int]:
    """Return ground that lacks a state, most area × risk first, and how many gaps there are.

    Gaps are listed by township; of a smaller area, what of them lies in it.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The area is none of the campaign's.
    """
    ranked = ranked_gaps(session, snapshot, state, area_code=area_code)
    return ranked.rows(session, range(1, min(top, len(ranked)) + 1)), len(ranked)


def ranked_gaps(
    session: Session, snapshot: Snapshot, state: CellState, *, area_code: str | None = None
) -> RankedGaps:
    """Return the gaps of an area in their order, none of them drawn yet.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The area is none of the campaign's.
    """
    kept = {CellState.TOUCHED: "gaps", CellState.CLEARED: "uncleared"}.get(state)
    gaps = snapshot.lacking(state) if kept is None else getattr(snapshot, kept)
    code = area_code or snapshot.campaign.area_code
    return RankedGaps(snapshot, state, code, _of_area(session, snapshot, gaps, code))


@dataclass(frozen=True, slots=True, eq=False)
class RankedGaps:
    """The gaps of an area, the one with most area × risk first; rank 1 is ``found[0]``.

    Attributes:
        state: What the ground lacks.
        area_code: Whose gaps they are.
        found: Each with its outline in the grid's CRS where it is a part of a wider area's gap.
    """

    snapshot: Snapshot
    state: CellState
    area_code: str
    found: Sequence[tuple[Gap, BaseGeometry | None]]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def mark(self) -> str:
        """Tells one ranking from another: the same gaps of the same size in the same order."""
        told = sha256(f"{self.snapshot.campaign_id} {self.state} {self.area_code}".encode())
        told.update("\n".join(self.names()).encode())
        sizes = [(gap.area_m2, gap.risk) for gap, _ in self.found]
        told.update(np.round(np.array(sizes, np.float64), 3).tobytes())
        return told.hexdigest()[:12]

    def names(self) -> list[str]:
        """Return a name of each gap, unique in the list: its area, and the first of its cells."""
        met = Counter[str]()
        names = []
        for gap, _ in self.found:
            name = f"{gap.area_code}-{gap.cells[0]}"
            met[name] += 1
            # Parts of one gap may share a cell that a border cuts.
            names.append(name if met[name] == 1 else f"{name}.{met[name]}")
        return names

    def rank_of(self, name: str) -> int | None:
        """Return the rank of a gap: the one of that name, else what its first cell belongs to
        since; None where that ground is no gap any more.
        """
        names = self.names()
        if name in names:
            return names.index(name) + 1
        code, _, number = name.rpartition("-")
        if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
            return None
        cell = int(number)
        holds = (
            rank
            for rank, (gap, _) in enumerate(self.found, start=1)
            if gap.area_code == code and (gap.cells == cell).any()
        )
        return next(holds, None)

    def touching(self, box: Box | None) -> list[int]:
        """Return the ranks of the gaps whose boxes meet a box of degrees, all without one."""
        if box is None or not self.found:
            return list(range(1, len(self.found) + 1))
        reach, (west, south, east, north) = self._reach(), box
        meets = (reach[:, 0] <= east) & (reach[:, 2] >= west)
        meets &= (reach[:, 1] <= north) & (reach[:, 3] >= south)
        return [int(k) + 1 for k in np.flatnonzero(meets)]

    def rows(self, session: Session, ranks: Sequence[int]) -> list[GapRow]:
        """Return the gaps of some ranks as people are told of them, drawn."""
        snapshot, names = self.snapshot, self.names()
        areas = {area.code: area for area in snapshot.book.areas}
        units = {unit.code: unit.name for unit in grounds.units(session)}
        ways = Ways.of(session, snapshot)
        rows = []
        for rank in ranks:
            gap, part = self.found[rank - 1]
            shown = _shown(snapshot, ways, self.state, gap, part)
            area = areas[gap.area_code]
            rows.append(
                GapRow(
                    name=names[rank - 1],
                    rank=rank,
                    area_code=area.code,
                    area_name=area.name,
                    unit_name=None if area.unit_code is None else units.get(area.unit_code),
                    area_m2=gap.area_m2,
                    risk=gap.risk,
                    cells=len(gap.cells),
                    outline=shown.outline,
                    access=shown.access,
                    access_kind=shown.access_kind,
                )
            )
        return rows

    def _reach(self) -> NDArray[np.float64]:
        """Return the boxes of the gaps' cells, west, south, east, north in degrees, shape (n, 4)."""
        ground = self.snapshot.ground
        side_m = ground.grid.cell_m
        span = np.array(
            [
                (at[gap.cells].min(), at[gap.cells].max() + 1)
                for gap, _ in self.found
                for at in (ground.cell_col, ground.cell_row)
            ],
            np.float64,
        ).reshape(-1, 2, 2)
        (x, y) = (span[:, k] * side_m for k in (0, 1))
        lon, lat = crs_.transform_xy(
            ground.grid.crs, crs_.WGS84, x[:, [0, 0, 1, 1]], y[:, [0, 1, 0, 1]]
        )
        ends = (lon.min(axis=1), lat.min(axis=1), lon.max(axis=1), lat.max(axis=1))
        return np.column_stack(ends)


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A gap's outline in WGS84, and where to enter it."""

    outline: BaseGeometry
    access: tuple[float, float]
    access_kind: str


# A county's largest gap has some hundred thousand corners: asked for again, it is not drawn anew.
_outlined: WeakKeyDictionary[Snapshot, dict[tuple[CellState, str, int], _Shown]] = (
    WeakKeyDictionary()
)


def _shown(
    snapshot: Snapshot, ways: Ways, state: CellState, gap: Gap, part: BaseGeometry | None
) -> _Shown:
    """Return how a gap is shown; kept as long as its snapshot where it is whole."""
    # Gaps of a state share no cell within a listed area.
    key = (state, gap.area_code, int(gap.cells[0]))
    with _lock:
        known = _outlined.setdefault(snapshot, {})
    if part is None and key in known:
        return known[key]
    outline = snapshot.outline(gap) if part is None else part
    place, kind = ways.into(outline)
    there = crs_.transform_geometry(snapshot.ground.grid.crs, crs_.WGS84, outline)
    shown = _Shown(there, place, kind)
    if part is None:
        known[key] = shown
    return shown


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Geometries in a grid's CRS, and their index."""

    all: NDArray[np.object_]
    tree: shapely.STRtree

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry] | NDArray[np.object_]) -> _Places:
        places = np.asarray(geometries, dtype=object)
        return cls(places, shapely.STRtree(places))

    def nearest(self, outline: BaseGeometry) -> list[BaseGeometry]:
        """Return a place nearest to an outline, nothing where there is none.

        Sides are asked for one by one: all places in the box of a wide outline are equally near
        to an index, which would measure each against all of its sides.
        """
        if not len(self.all):
            return []
        within = self.tree.query(outline, predicate="intersects")
        if len(within):
            return [self.all[within[0]]]
        sides = _sides(outline)
        # A few sides first: what lies farther off than their best is passed over at once.
        best, far_m = self._best(sides[::_SAMPLE_STEP], None)
        if far_m > 0.0:
            best, _ = self._best(sides, float(np.nextafter(far_m, np.inf)))
        return [self.all[best]]

    def _best(self, sides: NDArray[np.object_], most_m: float | None) -> tuple[int, float]:
        """Return the number of the place nearest to any of some sides, and how far it is."""
        (_, places), far_m = self.tree.query_nearest(
            sides, max_distance=most_m, return_distance=True, all_matches=False
        )
        at = int(np.argmin(far_m))
        return int(places[at]), float(far_m[at])


def _sides(outline: BaseGeometry) -> NDArray[np.object_]:
    """Return the sides of an outline, lines of two corners, shape (n,)."""
    xy, ring = shapely.get_coordinates(
        shapely.get_parts(shapely.get_rings(shapely.get_parts(outline))), return_index=True
    )
    joined = ring[1:] == ring[:-1]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)[joined]))


_roads: WeakKeyDictionary[CampaignBook, _Places] = WeakKeyDictionary()
_walked: WeakKeyDictionary[Snapshot, _Places] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Finds the way into gaps of a snapshot: nearest road or way in, else ground walked."""

    crs: str
    roads: _Places
    walked: _Places

    @classmethod
    def of(cls, session: Session, snapshot: Snapshot) -> Ways:
        """Return the ways into a snapshot; its parts are kept as long as what they stand for."""
        crs = snapshot.ground.grid.crs
        with _lock:
            roads = _roads.get(snapshot.book)
            if roads is None:
                shapes = [
                    row.geometry
                    for kind in ("roads", "access")
                    for row in searching.landmarks(session, kind)
                ]
                roads = _Places.of([crs_.transform_geometry(crs_.WGS84, crs, s) for s in shapes])
                _roads[snapshot.book] = roads
            walked = _walked.get(snapshot)
            if walked is None:
                # A county walked has a million places: none is asked for where there is a road.
                places = () if len(roads.all) else walked_points(snapshot)
                walked = _walked[snapshot] = _Places.of(places)
        return cls(crs, roads, walked)

    def into(self, outline: BaseGeometry) -> tuple[tuple[float, float], str]:
        """Return where to enter a gap of the grid's CRS, lon, lat, and what it is reached from."""
        roads = self.roads.nearest(outline)
        walked = np.array([] if roads else self.walked.nearest(outline), dtype=object)
        (x, y), kind = access_point(outline, roads, walked)
        lon, lat = crs_.transform_xy(self.crs, crs_.WGS84, np.array([x]), np.array([y]))
        return (float(lon[0]), float(lat[0])), kind


def _of_area(
    session: Session, snapshot: Snapshot, gaps: list[Gap], code: str
) -> list[tuple[Gap, BaseGeometry | None]]:
    """Return the gaps of an area; with an outline where it is not the whole gap's."""
    mine = {area.code for area in snapshot.book.areas}
    below = {row.code for row in grounds.below(session, code)} & mine
    if not below:
        raise UsageError(
            f"辖区 {code} 不在行动“{snapshot.campaign.name}”的范围内",
            f"the area {code} lies outside the campaign {snapshot.campaign.name!r}",
            code="outside_campaign",
        )
    if code == snapshot.campaign.area_code or below & set(snapshot.listed_by.values()):
        return [(gap, None) for gap in gaps if gap.area_code in below]
    return _cut(session, snapshot, gaps, code)


def _cut(
    session: Session, snapshot: Snapshot, gaps: list[Gap], code: str
) -> list[tuple[Gap, BaseGeometry | None]]:
    """Return the parts of wider areas' gaps that lie in an area, with their outlines."""
    way = grounds.breadcrumb(session, code)
    above, grid = {row.code for row in way[:-1]}, snapshot.ground.grid
    shape = crs_.metric_shape(way[-1].geometry, grid.crs)
    shapely.prepare(shape)
    found: list[tuple[Gap, BaseGeometry | None]] = []
    for gap in gaps:
        if gap.area_code not in above:
            continue
        for part in shapely.get_parts(shapely.intersection(snapshot.outline(gap), shape)):
            if isinstance(part, Polygon | MultiPolygon) and part.area >= _LEAST_M2:
                squares = snapshot.ground.squares()[gap.cells]
                cells = gap.cells[shapely.intersects(squares, part)]
                found.append((replace(gap, area_code=code, area_m2=part.area, cells=cells), part))
    return sorted(found, key=lambda one: -one[0].weight)
