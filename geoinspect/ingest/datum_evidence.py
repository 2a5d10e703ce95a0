"""What positions alone tell of their datum: two kinds of evidence, for a person to judge.

Nothing here changes a track. Some apps write network fixes in GCJ-02 between GPS fixes in WGS84
(owntracks/ios issue 860): the line jumps by the local offset and back. And a track whose unit's
ground it misses, but meets after exactly one datum's shift, was likely read in the wrong datum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text
from geoinspect.ingest.datum import from_wgs84, has_offset, to_wgs84, wgs84_to_gcj02
from geoinspect.ingest.datum_choice import DATUM_NAMES
from geoinspect.records import F8, Datum, Problem, Segment

_M_PER_DEG = 111_200.0

# A jump is a step this near the offset; movement in the step itself adds to it.
_JUMP_M, _JUMP_STEPS = 30.0, 2.0
# Where steps are so long that more than this share of the offset is allowed for, nothing is told.
_MAX_TOLERANCE = 0.25
# So many of the steps about as long as the offset must be such jumps, alternately there and back.
_JUMP_SHARE = 0.8
# Fewer jumps than this may be a spike by chance, unless the pieces are of this many points.
_ENOUGH_JUMPS, _PIECE_POINTS = 3, 5

# A track that misses its ground, and one that meets it; shares of its points.
_MISSES, _MEETS = 0.5, 0.9
_ENOUGH_POINTS, _SAMPLE = 10, 400
# The same shift is tried in this many directions; when more than so many others meet the ground
# as well, the ground's border is just near and the datum says nothing.
_DIRECTIONS, _OTHERS = 24, 2


@dataclass(frozen=True, slots=True)
class MixedDatum:
    """Fixes of one track that lie beside the others by the GCJ-02 offset.

    Attributes:
        plain: Points on the one side of the jumps.
        shifted: Points displaced from those by the offset.
        jumps: Steps from the one to the other and back.
        offset_m: Length of the local offset, metres.
    """

    plain: int
    shifted: int
    jumps: int
    offset_m: float

    def problem(self) -> Problem:
        """Return what the sender should know; nothing was changed."""
        metres = round(self.offset_m)
        return Problem(
            "mixed_datum",
            Text(
                f"轨迹 {self.jumps} 次整体跳动约 {metres} 米,正好等于当地 GCJ-02 偏移:"
                f"{self.shifted} 个点与其余 {self.plain} 个点像是两种坐标系混在一起;未作改动,"
                "请在地图上核对,或只用 GPS 定位重新导出",
                f"the track jumps {self.jumps} times by some {metres} m, just the local GCJ-02 "
                f"offset: {self.shifted} points and the other {self.plain} seem to be in two "
                "datums; nothing was changed, check it on the map or export GPS fixes alone",
            ),
            min(self.shifted, self.plain),
        )


@dataclass(frozen=True, slots=True)
class ShiftFit:
    """A track that meets its ground only in another datum than it was read in.

    Attributes:
        used: The datum it was read in.
        suggested: The datum in which it meets the ground.
        shares: Share of its points inside the ground, by the datum its numbers are taken in.
        text: For a person to decide.
    """

    used: Datum
    suggested: Datum
    shares: Mapping[Datum, float]
    text: Text


def mixed_datum_points(segments: Sequence[Segment]) -> MixedDatum | None:
    """Find fixes that lie beside the others of a track by the GCJ-02 offset.

    The rule: inside a segment, of the steps between half and twice as long as the local offset at
    least 80 % are that offset to within max(30 m, twice an ordinary step), alternately forward
    and back; and there are three of them or all pieces between them have five points. An
    ordinary step is one that nine of ten shorter steps do not exceed; where twice that is more
    than a quarter of the offset, nothing can be told.

    Args:
        segments: One track in WGS84, or in what was taken for it.

    Returns:
        The evidence of the segments that show it; None where none does.
    """
    found = [evidence for segment in segments if (evidence := _mixed_in(segment)) is not None]
    if not found:
        return None
    return MixedDatum(
        sum(one.plain for one in found),
        sum(one.shifted for one in found),
        sum(one.jumps for one in found),
        float(np.median([one.offset_m for one in found])),
    )


def _mixed_in(segment: Segment) -> MixedDatum | None:
    if len(segment) < 2 * _PIECE_POINTS or not has_offset(segment.lon, segment.lat):
        return None
    lon, lat = segment.lon, segment.lat
    east_m, north_m = _metres(np.diff(lon), np.diff(lat), lat[:-1])
    there = (np.array([value]) for value in (np.median(lon), np.median(lat)))
    typical_m = float(np.hypot(*_offset_m(*there))[0])
    step_m = np.hypot(east_m, north_m)
    at = np.flatnonzero((step_m > typical_m / 2) & (step_m < 2 * typical_m))
    ordinary_m = step_m[step_m <= typical_m / 2]
    tolerance_m = _JUMP_M
    if len(ordinary_m):
        tolerance_m = max(_JUMP_M, _JUMP_STEPS * float(np.percentile(ordinary_m, 90)))
    if not len(at) or tolerance_m > _MAX_TOLERANCE * typical_m:
        return None
    off_east_m, off_north_m = _offset_m(lon[at], lat[at])
    forth = np.hypot(east_m[at] - off_east_m, north_m[at] - off_north_m) <= tolerance_m
    back = np.hypot(east_m[at] + off_east_m, north_m[at] + off_north_m) <= tolerance_m
    at_jump, way = at[forth | back], forth[forth | back].astype(int)
    turning = at_jump[np.concatenate([[True], way[1:] != way[:-1]])] if len(at_jump) else at_jump
    pieces = np.diff(np.concatenate([[0], turning + 1, [len(segment)]]))
    if len(turning) == 0 or len(turning) < _JUMP_SHARE * len(at):
        return None
    if len(turning) < _ENOUGH_JUMPS and pieces.min() < _PIECE_POINTS:
        return None
    odd_pieces = int(pieces[1::2].sum())
    shifted = odd_pieces if way[0] else len(segment) - odd_pieces
    return MixedDatum(len(segment) - shifted, shifted, len(turning), typical_m)


def fit_after_shift(
    lon: F8, lat: F8, ground: Polygon | MultiPolygon, used: Datum = Datum.WGS84
) -> ShiftFit | None:
    """Tell whether a track would meet its unit's ground only in another datum.

    The rule: at most half of its points lie inside the ground as read, 90 % or more with the
    numbers taken in another datum, and a shift as long in any of 23 other directions brings 90 %
    inside for two of them at most. Without the last, any walk just outside a border would
    "fit": there a shift across the border fits, whatever its exact direction.

    Args:
        lon, lat: One track in WGS84 as it was read.
        ground: The unit's area, WGS84.
        used: The datum it was read in.
    """
    if len(lon) < _ENOUGH_POINTS:
        return None
    pick = np.unique(np.linspace(0, len(lon) - 1, min(len(lon), _SAMPLE)).astype(int))
    lon, lat = lon[pick], lat[pick]
    shapely.prepare(ground)
    shares = {used: _share(lon, lat, ground)}
    numbers = from_wgs84(lon, lat, used)
    fits = []
    for datum in Datum:
        if datum is used:
            continue
        moved = to_wgs84(*numbers, datum)
        shares[datum] = _share(*moved, ground)
        if shares[datum] >= _MEETS and _only_there((lon, lat), moved, ground):
            fits.append(datum)
    if shares[used] > _MISSES or not fits:
        return None
    suggested = max(fits, key=lambda datum: shares[datum])
    return ShiftFit(used, suggested, shares, _fit_text(used, suggested, shares))


def _only_there(read: tuple[F8, F8], moved: tuple[F8, F8], ground: Polygon | MultiPolygon) -> bool:
    """Return whether few shifts as long as this one, in other directions, meet the ground."""
    lon, lat = read
    east_m, north_m = _metres(moved[0] - lon, moved[1] - lat, lat)
    length_m = float(np.median(np.hypot(east_m, north_m)))
    heading = float(np.arctan2(np.median(north_m), np.median(east_m)))
    others = 0
    for turn in range(1, _DIRECTIONS):
        angle = heading + 2 * np.pi * turn / _DIRECTIONS
        east_deg = length_m * np.cos(angle) / _M_PER_DEG / np.cos(np.radians(lat))
        north_deg = length_m * np.sin(angle) / _M_PER_DEG
        others += _share(lon + east_deg, lat + north_deg, ground) >= _MEETS
    return others <= _OTHERS


def _fit_text(used: Datum, suggested: Datum, shares: Mapping[Datum, float]) -> Text:
    now, then = (f"{100 * shares[datum]:.0f}%" for datum in (used, suggested))
    used_name, name = DATUM_NAMES[used], DATUM_NAMES[suggested]
    return Text(
        f"按 {used_name} 处理时只有 {now} 的点在本单位范围内;若坐标其实是 {name},则有 {then} "
        f"在范围内。请确认导出的应用和坐标系,是的话选择 {name} 重新导入",
        f"read as {used_name} only {now} of the points lie in the unit's area; if the numbers are "
        f"{name}, {then} do. Check the app and its datum, and if so import it again as {name}",
    )


def _share(lon: F8, lat: F8, ground: Polygon | MultiPolygon) -> float:
    inside: NDArray[np.bool_] = shapely.contains_xy(ground, lon, lat)
    return float(inside.mean())


def _offset_m(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return the GCJ-02 offset at places, metres east and north."""
    gcj_lon, gcj_lat = wgs84_to_gcj02(lon, lat)
    return _metres(gcj_lon - lon, gcj_lat - lat, lat)


def _metres(east_deg: F8, north_deg: F8, lat: F8) -> tuple[F8, F8]:
    """Return small differences in degrees as metres, right to 1 %."""
    return east_deg * _M_PER_DEG * np.cos(np.radians(lat)), north_deg * _M_PER_DEG
