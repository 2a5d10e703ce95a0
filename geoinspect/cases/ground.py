"""The ground of a case: a ring walked round it, or a polygon drawn on the map.

An area comes with an interval and says what it assumes. How far a walked border is off is known
only roughly, and errors of one receiver go together for minutes, so the interval takes the
careful case; ``docs/cases-counting.md`` has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import crs
from geoinspect.errors import InputError, Text, TooLargeError

F8 = NDArray[np.float64]

MAX_AREA_M2 = 1e8
MIN_AREA_M2 = 0.1
MAX_WALKED_POINTS = 50_000
MAX_DRAWN_POINTS = 5000
# A ring is closed when what is missing is at most this share of it.
_GAP_SHARE = 0.1
# Ways to the ground and back may be cut off the ends, up to this share of the walk at each.
_TAIL_SHARE = 0.25
# Knots and double laps are taken where they change the area by at most this share.
_KNOT_SHARE = 0.1
# Assumed where the device says nothing: a phone under open sky.
ASSUMED_ACCURACY_M = 5.0
_WORST_ACCURACY_M = 1000.0
# Devices state the radius that holds 68 % of fixes: 1.515 standard deviations of one axis
# (Rayleigh distribution, √(−2 ln 0.32)).
_RADIUS_IN_SD = math.sqrt(-2 * math.log(1 - 0.68))
_Z95 = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Ground that someone walked round.

    Attributes:
        polygon: WGS84.
        area_m2, low_m2, high_m2: Ellipsoidal area and its interval; ``assumes`` says of what kind.
        perimeter_m: Geodesic length of the border, closed.
        points: Fixes of the ring.
        gap_m: Between its two ends, joined by a straight line.
        trimmed_m: Way to the ground and back that was left out.
        sd_independent_m2: Standard deviation of the area if each fix erred by itself.
        accuracy_m: Middle accuracy of the fixes (68 % radius) that was used.
        accuracy_assumed: The device stated none.
        repaired: The walk crossed itself a little; the largest piece was taken.
        duration_s: From the first fix of the ring to the last; None without times.
        assumes: What the interval assumes.
    """

    polygon: Polygon
    area_m2: float
    low_m2: float
    high_m2: float
    perimeter_m: float
    points: int
    gap_m: float
    trimmed_m: float
    sd_independent_m2: float
    accuracy_m: float
    accuracy_assumed: bool
    repaired: bool
    duration_s: float | None
    assumes: Text


def walked_ring(
    lon: ArrayLike,
    lat: ArrayLike,
    time_s: ArrayLike | None = None,
    accuracy_m: ArrayLike | None = None,
) -> Walked:
    """Return the ground inside one walk round it.

    Args:
        lon, lat: WGS84 degrees in the order walked, shape (n,); points without a place are left out.
        time_s: Epoch seconds, shape (n,).
        accuracy_m: 68 % radius that the device states, shape (n,); NaN, ≤ 0 or above 1000 is unknown.

    Raises:
        InputError: Fewer than four points, ends too far apart, a way that crosses itself, or no
            ground inside.
        TooLargeError: Too many points or too much ground.
    """
    place, time, accuracy = _fixes(lon, lat, time_s, accuracy_m)
    metric = crs.metric_crs_for(float(place[:, 0].mean()), float(place[:, 1].mean()))
    xy = np.column_stack(crs.transform_xy(crs.WGS84, metric, place[:, 0], place[:, 1]))
    first, last, trimmed_m = _ring_of(xy)
    ring = slice(first, last + 1)
    place, time, accuracy, xy = place[ring], time[ring], accuracy[ring], xy[ring]
    gap_m = math.dist(xy[0], xy[-1])
    plain = Polygon(xy)
    repaired = not plain.is_valid
    flat, all_m2 = _without_knots(plain) if repaired else (plain, plain.area)
    polygon = crs.transform_geometry(metric, crs.WGS84, flat) if repaired else Polygon(place)
    area_m2 = crs.geodesic_area_m2(polygon)
    _check_area(area_m2)
    # Areas of the plane are brought to the ellipsoid by one factor, right to a millionth here.
    scale = area_m2 / flat.area
    known = accuracy[np.isfinite(accuracy)]
    middle_m = float(np.median(known)) if len(known) else ASSUMED_ACCURACY_M
    sd_m = np.where(np.isfinite(accuracy), accuracy, middle_m) / _RADIUS_IN_SD
    sd_m2 = _independent_sd_m2(xy, sd_m) * scale
    shift_m = float(np.median(sd_m))
    low_m2 = min(flat.buffer(-shift_m).area * scale, area_m2 - _Z95 * sd_m2)
    high_m2 = max(flat.buffer(shift_m).area * scale, area_m2 + _Z95 * sd_m2, all_m2 * scale)
    timed = time[np.isfinite(time)]
    border = np.asarray(polygon.exterior.coords)
    return Walked(
        polygon=polygon,
        area_m2=area_m2,
        low_m2=max(low_m2, 0.0),
        high_m2=high_m2,
        perimeter_m=crs.geodesic_length_m(border[:, 0], border[:, 1]),
        points=len(place),
        gap_m=gap_m,
        trimmed_m=trimmed_m,
        sd_independent_m2=sd_m2,
        accuracy_m=middle_m,
        accuracy_assumed=not len(known),
        repaired=repaired,
        duration_s=float(np.ptp(timed)) if len(timed) > 1 else None,
        assumes=_assumptions(middle_m, shift_m, _Z95 * sd_m2, assumed=not len(known)),
    )


def drawn_ground(geojson: object) -> Polygon | MultiPolygon:
    """Return the ground that someone drew, checked.

    Args:
        geojson: Decoded GeoJSON: a Polygon or MultiPolygon, or a Feature of one; WGS84 degrees.

    Raises:
        InputError: It is none of these, has places that can't be, or its lines cross.
        TooLargeError: Too many points or too much ground.
    """
    shape = _mapping(geojson)
    if shape.get("type") == "Feature":
        shape = _mapping(shape.get("geometry"))
    kind, coordinates = shape.get("type"), shape.get("coordinates")
    if kind == "Polygon":
        parts: Sequence[object] = [coordinates]
    elif kind == "MultiPolygon":
        parts = _list(coordinates)
    else:
        what = kind[:40] if isinstance(kind, str) else type(kind).__name__
        raise _not_ground(f"类型是 {what}", f"its type is {what}")
    rings = [[_list(ring) for ring in _list(part)] for part in parts]
    count = sum(len(ring) for part in rings for ring in part)
    if count > MAX_DRAWN_POINTS:
        raise TooLargeError(
            f"勾绘有 {count} 个点,最多 {MAX_DRAWN_POINTS} 个:请简化或分开勾绘",
            f"the drawing has {count} points, {MAX_DRAWN_POINTS} at most: simplify or split it",
        )
    polygons = [_polygon(part) for part in rings]
    if not polygons:
        raise _not_ground("没有任何面", "it holds no polygon")
    ground = polygons[0] if kind == "Polygon" else MultiPolygon(polygons)
    if not ground.is_valid:
        why = shapely.is_valid_reason(ground)[:80]
        raise InputError(
            f"勾绘的边界自相交或重叠({why}):请重新勾绘,边线不要交叉",
            f"the drawn border crosses or covers itself ({why}): draw it again without crossing lines",
            code="crossing_lines",
        )
    _check_area(crs.geodesic_area_m2(ground))
    return ground


def _fixes(
    lon: ArrayLike, lat: ArrayLike, time_s: ArrayLike | None, accuracy_m: ArrayLike | None
) -> tuple[F8, F8, F8]:
    """Return places (n, 2), times and accuracies, without empty and repeated places."""
    try:
        x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        none = np.full(x.shape, np.nan)
        time = none if time_s is None else np.asarray(time_s, np.float64)
        accuracy = none if accuracy_m is None else np.asarray(accuracy_m, np.float64)
    except (TypeError, ValueError) as error:
        raise _bad_walk("坐标不是数字", "its coordinates are no numbers") from error
    if x.ndim != 1 or not x.shape == y.shape == time.shape == accuracy.shape:
        raise _bad_walk("经度、纬度、时间、精度个数不同", "its columns differ in length")
    if len(x) > MAX_WALKED_POINTS:
        raise TooLargeError(
            f"轨迹有 {len(x)} 个点,最多 {MAX_WALKED_POINTS} 个:请只取绕行的一段",
            f"the track has {len(x)} points, {MAX_WALKED_POINTS} at most: take only the walk round",
        )
    here = np.isfinite(x) & np.isfinite(y)
    place = np.column_stack([x[here], y[here]])
    moved = np.ones(len(place), dtype=bool)
    moved[1:] = (np.diff(place, axis=0) != 0).any(axis=1)
    place, time, accuracy = place[moved], time[here][moved], accuracy[here][moved]
    if len(place) < 4:
        raise _bad_walk(
            f"只有 {len(place)} 个不同的点,至少要 4 个",
            f"it has {len(place)} different points and needs 4",
            code="too_few_points",
        )
    if (np.abs(place) > (180, 85)).any() or (np.ptp(place, axis=0) > 1).any():
        raise _bad_walk(
            "坐标超出范围或相距太远",
            "its places are out of range or too far apart",
            code="bad_places",
        )
    known = (accuracy > 0) & (accuracy <= _WORST_ACCURACY_M)
    return place, time, np.where(known, accuracy, np.nan)


def _ring_of(xy: F8) -> tuple[int, int, float]:
    """Return the first and last point of the ring, and the metres left out at both ends.

    The whole walk when its ends meet; else the longest part of which the ends do.
    """
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    whole_m = float(along[-1])
    gap_m = math.dist(xy[0], xy[-1])
    if gap_m <= _GAP_SHARE * (whole_m + gap_m):
        return 0, len(xy) - 1, 0.0
    heads = np.flatnonzero(along <= _TAIL_SHARE * whole_m)
    tails = np.flatnonzero(along >= (1 - _TAIL_SHARE) * whole_m)
    best = (0, 0, math.inf)
    for i in heads:
        if along[i] >= best[2]:
            break
        near = np.hypot(*(xy[tails] - xy[i]).T)
        kept = along[tails] - along[i]
        closes = tails[near <= _GAP_SHARE * (kept + near)]
        if len(closes) and along[i] + whole_m - along[closes[-1]] < best[2]:
            j = int(closes[-1])
            best = (int(i), j, float(along[i] + whole_m - along[j]))
    if math.isinf(best[2]):
        raise InputError(
            f"轨迹没有绕回起点:起点与终点相距 {gap_m:.0f} 米,走了 {whole_m:.0f} 米;请绕地块走完一圈再结束",
            f"the walk doesn't come back: its ends are {gap_m:.0f} m apart after {whole_m:.0f} m; walk "
            "all the way round before you stop",
            code="open_course",
        )
    return best


def _without_knots(crossed: Polygon) -> tuple[Polygon, float]:
    """Return the largest piece of a ring that crosses itself, and the area of all its pieces.

    Raises:
        InputError: It isn't clear which piece is the ground, or there is none.
    """
    pieces = shapely.polygonize([shapely.node(crossed.exterior)])
    faces = sorted(pieces.geoms, key=lambda face: -face.area)
    if not faces:
        raise _bad_walk("没有围住任何地面", "it has no ground inside", code="no_ground")
    all_m2 = float(sum(face.area for face in faces))
    if all_m2 - faces[0].area > _KNOT_SHARE * all_m2:
        raise InputError(
            f"轨迹自相交,围成 {len(faces)} 块,分不清哪块是地块:请沿边界只走一圈,或在图上勾绘",
            f"the walk crosses itself and makes {len(faces)} pieces: walk once along the border, or "
            "draw it on the map",
            code="crossing_lines",
        )
    return Polygon(faces[0].exterior), all_m2


def _independent_sd_m2(xy: F8, sd_m: F8) -> float:
    """Return the area's standard deviation when each corner errs by itself on both axes.

    From the shoelace formula: ¼ Σ σᵢ² |pᵢ₊₁ − pᵢ₋₁|².
    """
    if (xy[0] == xy[-1]).all():
        xy, sd_m = xy[:-1], sd_m[:-1]
    across = np.roll(xy, -1, axis=0) - np.roll(xy, 1, axis=0)
    return 0.5 * math.sqrt(float((sd_m**2 * (across**2).sum(axis=1)).sum()))


def _polygon(rings: Sequence[Sequence[object]]) -> Polygon:
    if not rings:
        raise _not_ground("有一个面没有边界", "a polygon has no border")
    places = []
    for ring in rings:
        points = [_place(point) for point in ring]
        if len(points) < 4 or points[0] != points[-1]:
            raise _not_ground(
                "边界少于 4 个点或没有闭合", "a border has fewer than 4 points or isn't closed"
            )
        places.append(points)
    return Polygon(places[0], places[1:])


def _place(point: object) -> tuple[float, float]:
    values = _list(point)
    if len(values) not in (2, 3):
        raise _not_ground(
            f"有一处坐标是 {len(values)} 个数,不是经纬度",
            f"a place has {len(values)} numbers and is no longitude and latitude",
        )
    numbers = []
    for value in values[:2]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            what = type(value).__name__
            raise _not_ground(f"有一处坐标是 {what},不是数字", f"a coordinate is {what}, no number")
        numbers.append(value)
    lon, lat = numbers
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InputError(
            f"坐标 {_told(lon)}, {_told(lat)} 不是经纬度:请用 WGS84 度数,经度在前",
            f"{_told(lon)}, {_told(lat)} can't be a place: use WGS84 degrees, longitude first",
            code="bad_places",
        )
    return float(lon), float(lat)


def _told(number: float) -> str:
    # A whole number of JSON may be too large for a float.
    return f"{number:.6g}" if abs(number) < 1e300 else "±1e300"


def _check_area(area_m2: float) -> None:
    if area_m2 > MAX_AREA_M2:
        raise TooLargeError(
            f"地块 {area_m2:.0f} 平方米,超过上限 {MAX_AREA_M2:.0f} 平方米:请核对边界",
            f"the ground is {area_m2:.0f} m², more than {MAX_AREA_M2:.0f} m²: check the border",
        )
    if area_m2 < MIN_AREA_M2:
        raise InputError(
            f"地块只有 {area_m2:.3f} 平方米,没有围住地面:请重新绕行或勾绘",
            f"the ground is only {area_m2:.3f} m², nothing is inside: walk or draw it again",
            code="no_ground",
        )


def _assumptions(accuracy_m: float, shift_m: float, each_m2: float, *, assumed: bool) -> Text:
    zh = "设备未给精度,按" if assumed else "设备精度"
    en = "no accuracy stated, assumed" if assumed else "stated accuracy"
    return Text(
        f"{zh} {accuracy_m:.1f} 米;区间按整条边界同时向内或向外偏 {shift_m:.1f} 米(一倍标准差)计,偏保守;"
        f"若各点误差互不相关,只有 ±{each_m2:.0f} 平方米(95%)",
        f"{en} {accuracy_m:.1f} m; the interval is for the whole border off by {shift_m:.1f} m (one "
        f"standard deviation) inwards or outwards at once, the careful case; were the errors of "
        f"points independent, it would be ±{each_m2:.0f} m² (95 %)",
    )


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _not_ground("不是 GeoJSON 对象", "it is no GeoJSON object")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        what = type(value).__name__
        raise _not_ground(f"坐标列表是 {what}", f"a list of coordinates is {what}")
    return value


def _not_ground(zh: str, en: str) -> InputError:
    return InputError(
        f"勾绘不可用:{zh};请提供 GeoJSON 的面",
        f"the drawing can't be used: {en}; give a GeoJSON polygon",
        code="bad_drawing",
    )


def _bad_walk(zh: str, en: str, *, code: str = "bad_walk") -> InputError:
    return InputError(
        f"绕行轨迹不可用:{zh};请重新绕地块走一圈",
        f"the walk can't be used: {en}; walk round the ground again",
        code=code,
    )
