"""What of a raster's finds people are shown, as the detection's list left it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect.crs import WGS84, transform_xy
from geoinspect.detect.ranking import least_logit_of, most_patches
from geoinspect.survey_records import Patch, PatchState


@dataclass(frozen=True, slots=True)
class Listed:
    """A suspected patch of a list.

    Attributes:
        lon, lat: Its middle, WGS84.
        logit: That it has by itself.
        score: That it is ranked by, 0 to 1: after the crowding by its neighbours.
    """

    lon: float
    lat: float
    logit: float
    score: float


@dataclass(frozen=True, slots=True)
class Listing:
    """What of a raster's finds people are shown.

    Attributes:
        least_logit: That the last one listed is ranked by; −∞ when everything found is listed.
        per_km2: Listed patches for each km² of valid ground that nobody has confirmed.
        min_area_m2: Smaller ones are left out.
        patches: Those listed, which crowd what stands near them.
    """

    least_logit: float
    per_km2: float
    min_area_m2: float
    patches: tuple[Listed, ...] = ()


def listed_patch(
    polygon: Polygon | MultiPolygon, crs: str, *, logit: float, score: float
) -> Listed:
    """Return a suspected patch as its list counts it."""
    middle = shapely.centroid(polygon)
    lon, lat = transform_xy(crs, WGS84, *shapely.get_coordinates(middle).T)
    return Listed(float(lon[0]), float(lat[0]), logit, score)


def suspected_of(patches: Iterable[Patch]) -> list[Listed]:
    """Return the suspected patches of a detection."""
    return [
        listed_patch(patch.polygon, patch.crs, logit=patch.logit, score=patch.score)
        for patch in patches
        if patch.state is PatchState.SUSPECTED
    ]


def listing_of(
    patches: Sequence[Listed],
    *,
    budget_per_km2: float,
    valid_area_m2: float,
    min_area_m2: float,
    confirmed: int = 0,
) -> Listing:
    """Return what a list within a budget shows.

    Args:
        patches: The suspected ones listed; as many as the budget allows, or fewer when there were
            no more.
        confirmed: How many of them somebody has confirmed.
    """
    full = len(patches) >= most_patches(budget_per_km2, valid_area_m2)
    least = least_logit_of(min(patch.score for patch in patches)) if full else -math.inf
    unconfirmed = max(0, len(patches) - confirmed)
    return Listing(least, unconfirmed * 1e6 / valid_area_m2, min_area_m2, tuple(patches))
