"""From leads of all rasters to one ranked list: licensed ground apart, one lead a place, budget."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84, densified, geodesic_area_m2, transform_geometry, transform_xy
from geoinspect.records import Zone, ZoneKind
from geoinspect.survey_records import Patch, PatchState

F8 = NDArray[np.float64]
_XYZ = tuple[int, int, int]

# Licensed parcels are digitised with straight edges; some 50 m in degrees keeps them straight.
_ZONE_STEP_DEG = 0.0005
_SAME_GROUND = 0.5
# By how much a lead falls for each better one this close, and for how many of them.
_CROWDING, _CLOSE_M, _MOST_CROWDING = 0.2, 30.0, 10
_EARTH_M = 6_371_008.8


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """A candidate on the ground, before ranking.

    Attributes:
        raster: The raster's name as given.
        polygon: In ``crs``.
        area_m2: True ground area.
        logit: Of the ranking.
        reasons: How unusual it is in each cue that people are told of, 0 to 1.
        features: Its figures, shape (len(FEATURES),).
        licensed: Inside a licensed parcel that holds on the raster's day.
    """

    raster: str
    crs: str
    polygon: Polygon | MultiPolygon
    area_m2: float
    logit: float
    reasons: Mapping[str, float]
    features: NDArray[np.float32]
    licensed: bool = False


def score_of(logit: float) -> float:
    """Return 0–1, higher is more suspicious: the logistic of a logit; a model's number."""
    return round(0.5 * (1 + math.tanh(0.5 * logit)), 6)


def most_patches(budget_per_km2: float, valid_area_m2: float) -> int:
    """Return how many suspected patches a list may hold; one is always allowed."""
    return max(1, math.floor(budget_per_km2 * valid_area_m2 / 1e6 + 1e-9))


def least_logit_of(score: float) -> float:
    """Return the least logit that rounds to a score; −∞ for 0."""
    least = min(score, 1.0) - 0.5e-6
    return math.log(least / (1 - least)) if least > 0 else -math.inf


class Crowd:
    """Leads on the ground: how far a lead falls for the better ones close by."""

    def __init__(self) -> None:
        # Cells of space, so that 30 m are 30 m in every direction at any latitude.
        self._cells: dict[_XYZ, list[tuple[F8, float]]] = {}

    def add(self, lon: float, lat: float, logit: float) -> None:
        """Take in a lead by its middle, WGS84, and the logit that it has by itself."""
        place = _in_space_m(lon, lat)
        self._cells.setdefault(_cell_of(place), []).append((place, logit))

    def lowered(self, lon: float, lat: float, logit: float, *, above: float) -> float:
        """Return the logit that a lead is ranked by, after those close by of ``above`` and more."""
        place = _in_space_m(lon, lat)
        i, j, k = _cell_of(place)
        around = itertools.product((i - 1, i, i + 1), (j - 1, j, j + 1), (k - 1, k, k + 1))
        better = sum(
            other >= above and float(np.linalg.norm(there - place)) < _CLOSE_M
            for cell in around
            for there, other in self._cells.get(cell, ())
        )
        return logit - _CROWDING * min(better, _MOST_CROWDING)


def split_licensed(
    leads: Sequence[Lead], zones: Sequence[Zone], day: date | None, min_area_m2: float
) -> list[Lead]:
    """Return the leads of one raster cut along the licensed parcels that hold on ``day``.

    Parts smaller than ``min_area_m2`` are dropped, on either side.

    Args:
        leads: All in one CRS.
        zones: Of any kind; only licensed ones count.
        day: When the raster was taken; a licence with dates never covers an unknown day.
        min_area_m2: Least true ground area of a part.
    """
    holding = [z for z in zones if z.kind is ZoneKind.LICENSED and z.valid_on(day)]
    if not holding or not leads:
        return [lead for lead in leads if lead.area_m2 >= min_area_m2]
    crs = leads[0].crs
    ground = shapely.union_all(
        [
            transform_geometry(WGS84, crs, densified(shapely.make_valid(z.polygon), _ZONE_STEP_DEG))
            for z in holding
        ]
    )
    shapely.prepare(ground)
    parts: list[Lead] = []
    for lead in leads:
        if not shapely.intersects(ground, lead.polygon):
            parts.append(lead)
            continue
        inside = shapely.intersection(lead.polygon, ground)
        outside = shapely.difference(lead.polygon, ground)
        parts += [
            replace(lead, polygon=polygon, area_m2=true_area_m2(crs, polygon), licensed=licensed)
            for licensed, cut in ((True, inside), (False, outside))
            for polygon in _polygons(cut, apart=not licensed)
        ]
    return [part for part in parts if part.area_m2 >= min_area_m2]


def rank_leads(
    leads: Sequence[Lead], *, crs: str, budget_per_km2: float, valid_area_m2: float
) -> tuple[Patch, ...]:
    """Return the patches to look at, best first, then the licensed ones, in one CRS.

    Ground that several rasters show is listed once, from the raster where it is strongest: a lead
    is left out when more than half of the smaller of the two lies on a better one of another
    raster and of the same state.

    Args:
        leads: Of all rasters, each in its own CRS.
        crs: Of the patches.
        budget_per_km2: Suspected patches for each km² of valid ground, of all rasters together;
            one is always allowed.
        valid_area_m2: Valid ground.
    """
    allowed = most_patches(budget_per_km2, valid_area_m2)
    moved = [_in_crs(lead, crs) for lead in leads]
    moved.sort(key=lambda lead: (-lead.logit, -lead.area_m2, lead.raster, lead.polygon.wkb))
    distinct = _one_a_place(moved)
    suspected = _spread([lead for lead in distinct if not lead.licensed])[:allowed]
    licensed = [(lead, lead.logit) for lead in distinct if lead.licensed]
    return tuple(
        _patch(lead, logit, rank if not lead.licensed else None)
        for rank, (lead, logit) in enumerate([*suspected, *licensed], start=1)
    )


def true_area_m2(crs: str, polygon: Polygon | MultiPolygon) -> float:
    """Return the ground area of a polygon given in ``crs``."""
    return geodesic_area_m2(transform_geometry(crs, WGS84, polygon))


def _spread(leads: Sequence[Lead]) -> list[tuple[Lead, float]]:
    """Return leads and the logits they are ranked by, best first.

    Each better lead close by lowers a lead a little, so that one field of something odd doesn't
    fill the list while the rest of the survey goes unseen. On simulated scenes this cost no recall.
    """
    if not leads:
        return []
    middles = shapely.centroid([lead.polygon for lead in leads])
    lon, lat = transform_xy(leads[0].crs, WGS84, shapely.get_x(middles), shapely.get_y(middles))
    crowd = Crowd()
    ranked = []
    for lead, x, y in zip(leads, lon.tolist(), lat.tolist(), strict=True):
        # All taken in so far come before it.
        ranked.append((lead, crowd.lowered(x, y, lead.logit, above=-math.inf)))
        crowd.add(x, y, lead.logit)
    return sorted(ranked, key=lambda pair: -pair[1])


def _in_space_m(lon: float, lat: float) -> F8:
    """Return a place of the mean sphere in metres from its middle, shape (3,)."""
    east, north = math.radians(lon), math.radians(lat)
    across = math.cos(north)
    place = (across * math.cos(east), across * math.sin(east), math.sin(north))
    return np.array(place) * _EARTH_M


def _cell_of(place: F8) -> _XYZ:
    x, y, z = np.floor_divide(place, _CLOSE_M).astype(np.int64).tolist()
    return x, y, z


def _patch(lead: Lead, logit: float, rank: int | None) -> Patch:
    return Patch(
        rank=rank,
        score=score_of(logit),
        area_m2=lead.area_m2,
        reasons=lead.reasons,
        state=PatchState.LICENSED if lead.licensed else PatchState.SUSPECTED,
        raster=lead.raster,
        crs=lead.crs,
        polygon=lead.polygon,
        logit=lead.logit,
        features=lead.features,
    )


def _in_crs(lead: Lead, crs: str) -> Lead:
    if lead.crs == crs:
        return lead
    return replace(lead, crs=crs, polygon=transform_geometry(lead.crs, crs, lead.polygon))


def _one_a_place(leads: Sequence[Lead]) -> list[Lead]:
    """Return the leads without those that a better one of another raster already shows."""
    if len({lead.raster for lead in leads}) < 2:
        return list(leads)
    tree = shapely.STRtree([lead.polygon for lead in leads])
    dropped: set[int] = set()
    for i, lead in enumerate(leads):
        if i in dropped:
            continue
        for j in tree.query(lead.polygon, predicate="intersects").tolist():
            other = leads[j]
            if j <= i or other.raster == lead.raster or other.licensed != lead.licensed:
                continue
            common = shapely.area(shapely.intersection(lead.polygon, other.polygon))
            if common > _SAME_GROUND * min(lead.polygon.area, other.polygon.area):
                dropped.add(j)
    return [lead for i, lead in enumerate(leads) if i not in dropped]


def _polygons(geometry: BaseGeometry, *, apart: bool) -> list[Polygon | MultiPolygon]:
    """Return the polygons of a cut: each for itself, or all of them as one."""
    parts = [
        part
        for piece in shapely.get_parts(geometry)
        for part in shapely.get_parts(piece)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    if apart or len(parts) < 2:
        return parts
    return [MultiPolygon(parts)]
