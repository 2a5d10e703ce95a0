"""A visit to a site, proved by a track: how near, from when to when, how long.

Between two fixes the way is taken as straight and even, so that entry and exit have times of
their own. What lies between fixes too far apart in time proves nothing. A track without times
proves no visit at all; :func:`passed_m` tells how near it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import UsageError
from geoinspect.records import F8

I8 = NDArray[np.int64]

# The zone round a site is drawn with so many corners that it lies within 0.002 % of the radius.
_CORNERS_A_QUARTER = 128
_DENSE_DEG = 0.001
# An entry this near to a fix (share of the way between two) is at the fix.
_AT_FIX = 1e-9
# Epoch seconds are exact to less than this.
_SAME_MOMENT_S = 1e-6
_DEG_M = 110_500.0
_LONGEST_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay at a site.

    Attributes:
        arrived_s, left_s: Epoch seconds (UTC) of the first entry and the last exit.
        dwell_s: Time within the radius; short leaves between are not counted.
        nearest_m: Nearest distance to the site; 0 inside a polygon.
        points: Fixes within the radius; with 0 or 1 the visit rests on the line between fixes.
    """

    arrived_s: float
    left_s: float
    dwell_s: float
    nearest_m: float
    points: int


class DueState(StrEnum):
    """Whether a site's next visit is due."""

    NOT_STARTED = "not_started"
    NEVER = "never"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    FINE = "fine"


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Straight ways between neighbouring fixes near the site, in metres about it.

    Attributes:
        start_m, end_m: Shape (k, 2).
        start_s, end_s: Shape (k,).
        run: Number of the unbroken stretch that each belongs to, shape (k,).
    """

    start_m: F8
    end_m: F8
    start_s: F8
    end_s: F8
    run: I8


@dataclass(frozen=True, slots=True, eq=False)
class _Inside:
    """Stretches of time within the radius, by their beginning, each with its nearest distance."""

    start_s: F8
    end_s: F8
    nearest_m: F8
    run: I8


def visits_of(
    lon: F8,
    lat: F8,
    time_s: F8,
    site: BaseGeometry,
    radius_m: float,
    dwell_s: float,
    gap_s: float = 300.0,
    join_s: float = 60.0,
) -> tuple[Visit, ...]:
    """Return the stays of a track at a site, in order of time.

    Fixes without a place or a time are left out; the others are taken in order of time. Stays
    with a leave of at most ``join_s`` between are one, unless a gap lies between them.

    Args:
        lon, lat: WGS84 degrees, shape (n,).
        time_s: Epoch seconds (UTC), NaN where there is none, shape (n,).
        site: Point or polygon, WGS84, valid.
        radius_m: Whoever is this near to the site is at it.
        dwell_s: Shortest time within the radius that is a visit; 0 takes every passing by.
        gap_s: A longer time between two fixes is not bridged.
        join_s: Longest leave that does not end a stay.

    Raises:
        UsageError: A length of space or time is not what it should be, or the site is empty.
    """
    _check(radius_m, dwell_s, gap_s, join_s, site)
    known = np.isfinite(lon) & np.isfinite(lat) & np.isfinite(time_s) & (np.abs(lat) <= 90)
    lon, lat, time_s = lon[known], lat[known], time_s[known]
    order = np.argsort(time_s, kind="stable")
    lon, lat, time_s = lon[order], lat[order], time_s[order]
    if len(lon) < 2:
        return ()
    project, shape = _plane(site)
    maybe = _maybe_near(lon, lat, site, radius_m)
    taken_s = np.diff(time_s)
    usable = np.flatnonzero((taken_s > 0) & (taken_s <= gap_s) & maybe)
    run = np.concatenate([[0], np.cumsum(taken_s > gap_s)])[usable]
    start_m = project(lon[usable], lat[usable])
    end_m = project(lon[usable + 1], lat[usable + 1])
    pieces = _Pieces(start_m, end_m, time_s[usable], time_s[usable + 1], run)
    inside = _inside(pieces, shape, radius_m)
    stays = _stays(inside, join_s)
    at_s = _times_at(pieces, shape, radius_m)
    visits = []
    for members in stays:
        begin, end = float(inside.start_s[members].min()), float(inside.end_s[members].max())
        spent_s = _union_s(inside.start_s[members], inside.end_s[members])
        if spent_s < dwell_s:
            continue
        first, last = np.searchsorted(at_s, [begin - _SAME_MOMENT_S, end + _SAME_MOMENT_S])
        nearest_m = float(inside.nearest_m[members].min())
        visits.append(Visit(begin, end, spent_s, nearest_m, int(last - first)))
    return tuple(visits)


def passed_m(lon: F8, lat: F8, site: BaseGeometry) -> float | None:
    """Return how near a track came to a site in metres, with or without times.

    Args:
        lon, lat: WGS84 degrees of one unbroken piece of track, in its order, shape (n,).
        site: Point or polygon, WGS84, valid.

    Returns:
        0 inside; None without a single usable fix.
    """
    known = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
    if not known.any():
        return None
    project, shape = _plane(site)
    places = project(lon[known], lat[known])
    places = places[np.isfinite(places).all(axis=1)]
    if len(places) == 0:
        return None
    way = shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])
    return float(shapely.distance(way, shape))


def due_on(last_visit: date | None, interval_days: int, starts: date) -> date:
    """Return the day by which a site must be visited next.

    Args:
        last_visit: Day of the last proved visit.
        interval_days: Days that may lie between two visits.
        starts: First day on which visits are required. Without a visit the first is due an
            interval later; a visit from before can't make the next one due before this day.

    Raises:
        UsageError: The interval is no whole number of days from 1 to a hundred years.
    """
    if not 1 <= interval_days <= _LONGEST_DAYS:
        raise UsageError(
            f"巡查间隔应为 1 至 {_LONGEST_DAYS} 天,得到 {interval_days}",
            f"the interval must be 1 to {_LONGEST_DAYS} days, got {interval_days}",
            code="bad_interval",
        )
    since = starts if last_visit is None else last_visit
    try:
        return max(since + timedelta(days=interval_days), starts)
    except OverflowError:
        return date.max


def due_state(
    last_visit: date | None, interval_days: int, starts: date, today: date, soon_days: int
) -> DueState:
    """Return whether a site's next visit is due; :func:`due_on` tells the day.

    Args:
        last_visit: Day of the last proved visit; None is ``NEVER`` from the first day on, however
            late it is.
        interval_days: Days that may lie between two visits.
        starts: First day on which visits are required; before it nothing is due.
        today: The day that is asked for. The day itself is not yet overdue.
        soon_days: So many days before it a visit is due soon.

    Raises:
        UsageError: The interval is no whole number of days from 1 to a hundred years.
    """
    due = due_on(last_visit, interval_days, starts)
    if today < starts:
        return DueState.NOT_STARTED
    if last_visit is None:
        return DueState.NEVER
    if today > due:
        return DueState.OVERDUE
    return DueState.DUE_SOON if (due - today).days <= soon_days else DueState.FINE


def _check(
    radius_m: float, dwell_s: float, gap_s: float, join_s: float, site: BaseGeometry
) -> None:
    numbers = {"radius_m": radius_m, "dwell_s": dwell_s, "gap_s": gap_s, "join_s": join_s}
    for name, value in numbers.items():
        if not (np.isfinite(value) and value >= 0) or (name == "radius_m" and value == 0):
            raise UsageError(
                f"{name} 应为正数,得到 {value}",
                f"{name} must be a positive number, got {value}",
                code="bad_limit",
            )
    if site.is_empty:
        raise UsageError("重点部位没有图形", "the site has no shape", code="bad_places")


def _plane(site: BaseGeometry) -> tuple[Callable[[F8, F8], F8], BaseGeometry]:
    """Return how places become metres about the middle of a site, and the site in them.

    Azimuthal equidistant: true from the middle, and within 0.00005 % over ten kilometres.
    """
    west, south, east, north = site.bounds
    plane = pyproj.Proj(
        proj="aeqd", lon_0=(west + east) / 2, lat_0=(south + north) / 2, ellps="WGS84"
    )

    def project(lon: F8, lat: F8) -> F8:
        x, y = plane(lon, lat)
        return np.column_stack([x, y]).astype(np.float64).reshape(-1, 2)

    flat = shapely.force_2d(site)
    if flat.area > 0 or flat.length > 0:
        flat = shapely.segmentize(flat, _DENSE_DEG)
    return project, shapely.transform(flat, lambda points: project(points[:, 0], points[:, 1]))


def _maybe_near(lon: F8, lat: F8, site: BaseGeometry, radius_m: float) -> NDArray[np.bool_]:
    """Return which ways between neighbouring fixes may come near, by boxes in degrees."""
    west, south, east, north = site.bounds
    widest = max(abs(south), abs(north)) + radius_m / _DEG_M
    if widest > 89.0:
        return np.ones(len(lon) - 1, dtype=bool)
    up_deg = 1.02 * radius_m / _DEG_M
    over_deg = up_deg / np.cos(np.radians(widest)) + (east - west) / 2
    off = (lon - (west + east) / 2 + 180.0) % 360.0 - 180.0
    first, second = off[:-1], off[1:]
    # A way of more than half the earth is one over the antimeridian, and far away.
    beside = (np.minimum(first, second) <= over_deg) & (np.maximum(first, second) >= -over_deg)
    level = (np.minimum(lat[:-1], lat[1:]) <= north + up_deg) & (
        np.maximum(lat[:-1], lat[1:]) >= south - up_deg
    )
    return np.asarray(beside & level)


def _inside(pieces: _Pieces, shape: BaseGeometry, radius_m: float) -> _Inside:
    """Return when the pieces lie within the radius, by their beginning."""
    finite = np.isfinite(pieces.start_m).all(axis=1) & np.isfinite(pieces.end_m).all(axis=1)
    way_m = np.hypot(*(pieces.end_m - pieces.start_m).T)
    still = np.flatnonzero(finite & (way_m == 0))
    here = shapely.points(pieces.start_m[still])
    apart_m = shapely.distance(here, shape)
    stands = still[apart_m <= radius_m]
    zone = shape.buffer(radius_m, quad_segs=_CORNERS_A_QUARTER)
    shapely.prepare(zone)
    moving = np.flatnonzero(finite & (way_m > 0))
    lines = shapely.linestrings(np.stack([pieces.start_m[moving], pieces.end_m[moving]], axis=1))
    met = shapely.intersects(zone, lines)
    moving, lines = moving[met], lines[met]
    parts, owner = shapely.get_parts(shapely.intersection(lines, zone), return_index=True)
    solid = shapely.length(parts) > 0
    parts, owner = parts[solid], moving[owner[solid]]
    start, end = _shares(parts, pieces, owner, way_m)
    begun_s, taken_s = pieces.start_s[owner], (pieces.end_s - pieces.start_s)[owner]
    enter_s = begun_s + start * taken_s
    leave_s = np.where(end >= 1, pieces.end_s[owner], begun_s + end * taken_s)
    start_s = np.concatenate([pieces.start_s[stands], enter_s])
    end_s = np.concatenate([pieces.end_s[stands], leave_s])
    nearest_m = np.concatenate([apart_m[apart_m <= radius_m], shapely.distance(parts, shape)])
    run = np.concatenate([pieces.run[stands], pieces.run[owner]])
    order = np.lexsort((end_s, start_s))
    return _Inside(start_s[order], end_s[order], nearest_m[order], run[order])


def _shares(parts: NDArray[np.object_], pieces: _Pieces, owner: I8, way_m: F8) -> tuple[F8, F8]:
    """Return where along its piece each part begins and ends, 0 to 1."""
    if len(parts) == 0:
        return np.empty(0), np.empty(0)
    points, whose = shapely.get_coordinates(parts, return_index=True)
    piece = owner[whose]
    along = ((points - pieces.start_m[piece]) * (pieces.end_m - pieces.start_m)[piece]).sum(axis=1)
    share = along / way_m[piece] ** 2
    cuts = np.flatnonzero(np.diff(whose, prepend=-1))
    start, end = np.minimum.reduceat(share, cuts), np.maximum.reduceat(share, cuts)
    return np.where(start < _AT_FIX, 0.0, start), np.where(end > 1 - _AT_FIX, 1.0, end)


def _stays(inside: _Inside, join_s: float) -> list[I8]:
    """Return the stretches of each stay, as indices."""
    if len(inside.start_s) == 0:
        return []
    # The way may overlap itself where fixes share their times.
    reached_s = np.maximum.accumulate(inside.end_s)[:-1]
    pause_s = inside.start_s[1:] - reached_s
    cut = (pause_s > join_s + _SAME_MOMENT_S) | (inside.run[1:] != inside.run[:-1])
    whole: I8 = np.arange(len(inside.start_s))
    return np.split(whole, np.flatnonzero(cut) + 1)


def _union_s(start_s: F8, end_s: F8) -> float:
    """Return the time that stretches take up together, none of it twice."""
    reached_s = np.maximum.accumulate(np.concatenate([[-np.inf], end_s]))[:-1]
    return float(np.maximum(end_s - np.maximum(start_s, reached_s), 0.0).sum())


def _times_at(pieces: _Pieces, shape: BaseGeometry, radius_m: float) -> F8:
    """Return the times of the fixes within the radius, ascending, each fix once."""
    places = np.concatenate([pieces.start_m, pieces.end_m])
    times = np.concatenate([pieces.start_s, pieces.end_s])
    finite = np.isfinite(places).all(axis=1)
    places, times = places[finite], times[finite]
    near = shapely.distance(shapely.points(places), shape) <= radius_m
    return np.unique(times[near])
