"""Numbers of metres in a table: which CGCS2000 Gauss-Krüger zone they may be in.

Eastings carry 500 km at the central meridian and, in most Chinese tables, the number of the zone
before that (39 500 000 is the middle of 3-degree zone 39; GB/T 17798). With it the zone is certain. Without it
the same numbers fit every meridian, and the sender is asked, with the place each would give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geoinspect.crs import WGS84, mainland, meridian_crs, transform_xy, zone_crs
from geoinspect.errors import Text
from geoinspect.records import F8

_FALSE_EAST_M, _PREFIX_M = 500_000.0, 1_000_000
_MERIDIANS_DEG = range(75, 136, 3)
# Between the parallels of 3° and 54° N; a meridian degree has 110.6 to 111.7 km.
_LEAST_NORTH_M, _MOST_NORTH_M = 330_000.0, 6_000_000.0
# Half a 3-degree zone at 18° N and half a 6-degree zone at 3° N, with 25 km over for the county that
# keeps one zone across its border.
_HALF_3_M, _HALF_6_M = 185_000.0, 360_000.0
_NEAR_DEG = 0.1


@dataclass(frozen=True, slots=True)
class ZoneCandidate:
    """A zone that numbers may be in, and where they would lie (WGS84).

    Attributes:
        crs: ``EPSG:n``.
        meridian_deg: Central meridian, degrees east.
    """

    crs: str
    meridian_deg: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class GaussKruegerGuess:
    """What a table's metres may be.

    Attributes:
        crs: ``EPSG:n`` where the numbers tell the zone, else None: ask.
        swapped: The first column is the northing (X in Chinese surveying) and the second the
            easting.
        candidates: The zone, or all that put the middle point on the mainland, from west to east.
    """

    crs: str | None
    swapped: bool
    candidates: tuple[ZoneCandidate, ...]

    @property
    def text(self) -> Text:
        """Say which zone was read from the numbers, or ask for it with the places."""
        if self.crs is not None:
            (only,) = self.candidates
            return Text(
                f"投影坐标:按东坐标前的带号,为 CGCS2000 高斯-克吕格 {self.crs}"
                f"(中央经线 {only.meridian_deg}°)",
                f"projected coordinates: by the zone number of the eastings they are CGCS2000 "
                f"Gauss-Krüger {self.crs} (central meridian {only.meridian_deg}°)",
            )
        zh = "、".join(_place(one, "东经", "北纬") for one in self.candidates)
        en = ", ".join(_place(one, "E ", "N ") for one in self.candidates)
        return Text(
            f"投影坐标没有带号,无法确定中央经线;请选择位置正确的一个:{zh}",
            "projected coordinates without a zone number: choose the central meridian that gives "
            f"the right place: {en}",
        )


def gauss_kruger_guess(east_m: F8, north_m: F8) -> GaussKruegerGuess | None:
    """Tell which CGCS2000 Gauss-Krüger zone columns of metres may be in.

    Args:
        east_m, north_m: The columns, shape (n,); also the other way round. Numbers that are not
            finite are passed over.

    Returns:
        The zone or the zones to ask for; None when the numbers are none of China's, or when
        their points lie in several zones.
    """
    usable = np.isfinite(east_m) & np.isfinite(north_m)
    if not usable.any():
        return None
    east, north = float(np.median(east_m[usable])), float(np.median(north_m[usable]))
    for swapped, (x, y, all_x) in enumerate(
        ((east, north, east_m[usable]), (north, east, north_m[usable]))
    ):
        if not _LEAST_NORTH_M <= y <= _MOST_NORTH_M:
            continue
        zone = int(x // _PREFIX_M)
        named = zone_crs(zone)
        in_zone = abs(x - zone * _PREFIX_M - _FALSE_EAST_M) <= _HALF_6_M
        if named is not None and in_zone and np.mean(all_x // _PREFIX_M == zone) > 0.5:
            crs, meridian = named
            here = _candidate(crs, meridian, x, y)
            return GaussKruegerGuess(crs, bool(swapped), (here,)) if here else None
        candidates = _without_zone(x, y)
        if candidates:
            return GaussKruegerGuess(None, bool(swapped), candidates)
    return None


def _without_zone(x: float, y: float) -> tuple[ZoneCandidate, ...]:
    """Return the zones whose numbers without prefix put a point on the mainland.

    3-degree and 6-degree zones of one meridian give one place, so that the 6-degree ones are named
    only for numbers too far from the meridian for the others.
    """
    off_m = abs(x - _FALSE_EAST_M)
    if off_m > _HALF_6_M:
        return ()
    wide = off_m > _HALF_3_M
    found = (
        _candidate(meridian_crs(meridian, 6 if wide else 3), meridian, x, y)
        for meridian in _MERIDIANS_DEG
        if not wide or (meridian - 75) % 6 == 0
    )
    return tuple(
        one
        for one in found
        if one is not None
        and shapely.dwithin(mainland(), shapely.Point(one.lon, one.lat), _NEAR_DEG)
    )


def _candidate(crs: str, meridian_deg: int, x: float, y: float) -> ZoneCandidate | None:
    lon, lat = transform_xy(crs, WGS84, np.array([x]), np.array([y]))
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return None
    return ZoneCandidate(crs, meridian_deg, float(lon[0]), float(lat[0]))


def _place(one: ZoneCandidate, east: str, north: str) -> str:
    return f"{one.meridian_deg}° → {east}{one.lon:.2f}° {north}{one.lat:.2f}° ({one.crs})"
