"""A prior from a season of satellite NDVI: does the ground's course look like the target's?

The likelihood ratio compares a pixel's course (early and lush, then falling fast) with that of the
target and with the courses of the scene's own vegetation. It stays within 1/4 and 4: ten-metre
pixels can't see a yard, so it only moves what is looked at first, and never finds or clears ground.
Every number about the target is an assumption from a table and comes in as an argument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.crs import transform_geometry, transform_xy
from geoinspect.detect.courses import FEATURES, days_of, describe, smooth
from geoinspect.detect.ndvi_series import NdviSeries
from geoinspect.errors import Text, UsageError

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

MOST_RATIO = 4.0
WGS84 = "EPSG:4326"
# Below this NDVI at its peak ground is not vegetated; from this amplitude on it is a crop or alike.
_VEGETATED_PEAK = 0.3
_CROP_AMPLITUDE = 0.2
# Courses of the scene that stand for all of it: so many crops, so many of any vegetation.
_REFERENCES = 128
# Fewer are no scene to compare with.
_LEAST_REFERENCES = 30
# A season seen on less than this share of its days says nothing.
_LEAST_SUPPORT = 0.5
# Where this share of a scene lies at the lowest ratio, the calendar may be what is wrong.
_FLOOR_RATIO, _ALL_UNLIKE = 0.26, 0.98
_STRIP_PX = 20_000
# Places (in standard deviations) and weights by which a shift of the calendar is averaged over.
_CALENDAR = (
    np.polynomial.hermite_e.hermegauss(9)[0],
    np.polynomial.hermite_e.hermegauss(9)[1] / math.sqrt(2 * math.pi),
)
_DAYS = ("green_up_day", "peak_day", "senescence_day")
_IS_DAY = np.array([float(name in _DAYS) for name in FEATURES])
# A window of more pixels than this around one polygon is judged by pixel centres.
_MOST_WINDOW_PX = 40_000


@dataclass(frozen=True, slots=True)
class Spread:
    """An expected value and how far it commonly lies off; both are assumptions."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class TargetCourse:
    """How a target's NDVI is assumed to run through the season, for pixels it fills.

    Days count from 1 January of the harvest year (1); autumn before it is negative. Features are
    those of :func:`geoinspect.detect.courses.describe`, as its smoothing (which blunts sudden
    falls to some 15 days) shows them.

    Attributes:
        first_day, last_day: The season looked at; it should end soon after the target's own, or a
            later crop on the same ground is taken for it.
        fall_per_day: NDVI lost a day in senescence.
        amplitude: NDVI between highest and lowest.
        calendar_sd_days: How far the whole calendar may lie off at this place and in this year,
            all days together.
        trust: Power the likelihood ratio is raised to, 0 to 1, as the features are not
            independent and the numbers are assumed.
    """

    first_day: int
    last_day: int
    green_up_day: Spread
    peak_day: Spread
    senescence_day: Spread
    fall_per_day: Spread
    amplitude: Spread
    calendar_sd_days: float = 0.0
    trust: float = 0.5

    def __post_init__(self) -> None:
        spreads = {name: getattr(self, name) for name in FEATURES}
        wrong = [
            name
            for name, spread in spreads.items()
            if not (math.isfinite(spread.mean) and math.isfinite(spread.sd) and spread.sd > 0)
        ]
        if not 30 <= self.last_day - self.first_day <= 365:
            wrong += ["first_day", "last_day"]
        if not 0 <= self.calendar_sd_days <= 60:
            wrong.append("calendar_sd_days")
        if not 0 <= self.trust <= 1:
            wrong.append("trust")
        if wrong:
            raise UsageError(
                f"目标物候参数无效:{'、'.join(wrong)};季长应为 30–365 天,离散度应大于 0,"
                "calendar_sd_days 在 0–60,trust 在 0–1",
                f"the target's course can't be used: {', '.join(wrong)}; a season has 30-365 days, "
                "every sd is above 0, calendar_sd_days is 0-60, trust is 0-1",
                code="bad_target_course",
            )

    def shifted(self, days: float) -> TargetCourse:
        """Return the course so many days later, for a place further north or higher up."""
        moved = {
            name: replace(getattr(self, name), mean=getattr(self, name).mean + days)
            for name in _DAYS
        }
        ends = {"first_day": self.first_day + round(days), "last_day": self.last_day + round(days)}
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return TargetCourse(**(kept | moved | ends))


@dataclass(frozen=True, slots=True, eq=False)
class PhenologyPrior:
    """The prior of a scene.

    Attributes:
        ratio: Likelihood ratio, target to the scene's own vegetation, 1/4 to 4; 1 where the
            season was not seen or there is nothing to compare with. Shape (h, w).
        support: Share of the season that was seen, shape (h, w).
        features: By name (see ``FEATURES``), shape (h, w), NaN without support.
        crs, transform: Where the pixels lie; ``transform`` maps (column, row) to ``crs``.
        gsd_m: Side of a pixel.
        references: Courses of the scene that the target was compared with; 0 is none.
    """

    ratio: F4
    support: F4
    features: Mapping[str, F4]
    crs: str
    transform: tuple[float, float, float, float, float, float]
    gsd_m: float
    references: int

    @property
    def statement(self) -> Text:
        """What must stand beside any number of this prior."""
        return Text(
            f"{self.gsd_m:.0f} m 像元看不到院落小片,只作先验",
            f"{self.gsd_m:.0f} m pixels can't see small patches in yards: a prior only",
        )

    @property
    def doubt(self) -> Text | None:
        """What to say where all ground seen is as unlike the target as can be said; else None."""
        seen = self.ratio[self.support >= _LEAST_SUPPORT]
        if not self.references or np.mean(seen <= _FLOOR_RATIO) < _ALL_UNLIKE:
            return None
        return Text(
            "全幅的季节曲线都不像目标:可能确无类似作物,也可能物候参数不适合本地,请核对日期",
            "the whole scene's season is unlike the target's: there may be no such crop, or the "
            "calendar doesn't fit this place; check its dates",
        )

    def at_points(self, x: F8, y: F8, crs: str = WGS84) -> F8:
        """Return the ratio at points of shape (n,); 1 outside the scene."""
        col, row = self._to_pixels(*transform_xy(crs, self.crs, x, y))
        high, wide = self.ratio.shape
        inside = (col >= 0) & (row >= 0) & (col < wide) & (row < high)
        i = np.where(inside, row, 0).astype(np.int64)
        j = np.where(inside, col, 0).astype(np.int64)
        return np.where(inside, self.ratio[i, j], 1.0).astype(np.float64)

    def of_polygons(self, polygons: Sequence[Polygon | MultiPolygon], crs: str = WGS84) -> F8:
        """Return the geometric mean of the ratio over each polygon, by shared ground, shape (n,).

        Ground outside the scene counts as 1; an empty polygon gets 1.
        """
        return np.array([self._of_polygon(transform_geometry(crs, self.crs, p)) for p in polygons])

    def _of_polygon(self, polygon: Polygon | MultiPolygon) -> float:
        def move(points: F8) -> F8:
            return np.column_stack(self._to_pixels(points[:, 0], points[:, 1]))

        if polygon.is_empty or not np.isfinite(polygon.bounds).all():
            return 1.0
        shape = shapely.transform(polygon, move)
        if not shape.is_valid:
            shape = shapely.make_valid(shape)
        if shape.area == 0:
            return 1.0
        high, wide = self.ratio.shape
        west, north, east, south = shape.bounds
        left, right = max(0, math.floor(west)), min(wide, math.ceil(east))
        top, bottom = max(0, math.floor(north)), min(high, math.ceil(south))
        if left >= right or top >= bottom:
            return 1.0
        logs = np.log(self.ratio[top:bottom, left:right].astype(np.float64)).reshape(-1)
        grid = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        j, i = grid[0].reshape(-1), grid[1].reshape(-1)
        if len(logs) > _MOST_WINDOW_PX:
            shapely.prepare(shape)
            shared = shapely.contains_xy(shape, j + 0.5, i + 0.5).astype(np.float64)
        else:
            shared = shapely.area(shapely.intersection(shape, shapely.box(j, i, j + 1, i + 1)))
        return math.exp(float((shared * logs).sum()) / max(shape.area, float(shared.sum())))

    def _to_pixels(self, x: F8, y: F8) -> tuple[F8, F8]:
        a, b, c, d, e, f = self.transform
        size = a * e - b * d
        # What could not be transformed is infinite and lies outside.
        with np.errstate(invalid="ignore"):
            return (e * (x - c) - b * (y - f)) / size, (a * (y - f) - d * (x - c)) / size


def phenology_prior(series: NdviSeries, target: TargetCourse, harvest_year: int) -> PhenologyPrior:
    """Return how much a pixel's season looks like the target's, against the scene's own.

    Densities are products of heavy-tailed kernels (Student's t, 3 degrees of freedom) as wide as
    the target is uncertain: one around the target's means (averaged over shifts of its calendar, 9
    normal quadrature points), and one around each of up to 256 courses
    drawn evenly from the scene's crops and from all its vegetation, in equal shares.

    Args:
        series: Readings of at least the season; other dates are left alone.
        target: Assumptions about the target, already shifted to the place.
        harvest_year: Year whose 1 January is day 1.
    """
    steps, high, wide = series.values.shape
    days = days_of(series.dates, harvest_year)
    readings = series.values.reshape(steps, high * wide)
    features = np.full((len(FEATURES), high * wide), np.nan, dtype=np.float32)
    peak, support = np.zeros((2, high * wide), dtype=np.float32)
    for start in range(0, high * wide, _STRIP_PX):
        strip = slice(start, start + _STRIP_PX)
        courses = smooth(
            days, readings[:, strip].astype(np.float64), target.first_day, target.last_day
        )
        support[strip] = courses.support
        seen = courses.support >= _LEAST_SUPPORT
        features[:, strip] = np.where(seen, describe(courses), np.nan)
        peak[strip] = np.where(seen, courses.ndvi.max(axis=0), 0)
    references = _references(features, peak)
    ratio = np.ones(high * wide, dtype=np.float32)
    if len(references) >= _LEAST_REFERENCES:
        for start in range(0, high * wide, _STRIP_PX):
            strip = slice(start, start + _STRIP_PX)
            ratio[strip] = _ratio(features[:, strip], support[strip], references, target)
    else:
        references = references[:0]
    shaped = features.reshape(-1, high, wide)
    a, b, c, d, e, f = series.transform[:6]
    return PhenologyPrior(
        ratio.reshape(high, wide),
        support.reshape(high, wide),
        dict(zip(FEATURES, shaped, strict=True)),
        series.crs,
        (a, b, c, d, e, f),
        series.gsd_m,
        len(references),
    )


def _references(features: F4, peak: F4) -> F8:
    """Return courses that stand for the scene, shape (m, 5): crops first, then any vegetation."""
    vegetated = np.flatnonzero(peak >= _VEGETATED_PEAK)
    crops = vegetated[features[FEATURES.index("amplitude"), vegetated] >= _CROP_AMPLITUDE]
    # Without a crop all of the scene's vegetation stands twice, which changes nothing.
    chosen = [_evenly(group) for group in (crops if len(crops) else vegetated, vegetated)]
    if len(chosen[0]) != len(chosen[1]):
        # Equal shares of the two, whatever their numbers.
        chosen = [np.resize(group, max(map(len, chosen))) for group in chosen]
    found = features[:, np.concatenate(chosen)].T.astype(np.float64)
    # What was not seen of a reference is as usual; what was seen of none is compared with nothing.
    for column in found.T:
        unseen = np.isnan(column)
        column[unseen] = 0.0 if unseen.all() else np.median(column[~unseen])
    return found


def _evenly(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most so many of a group, spread evenly over it."""
    if len(group) <= _REFERENCES:
        return group
    return np.asarray(group[np.arange(_REFERENCES) * len(group) // _REFERENCES])


def _ratio(features: F4, support: F4, references: F8, target: TargetCourse) -> F4:
    """Return the bounded likelihood ratio of pixels, shape (n,)."""
    spreads = [getattr(target, name) for name in FEATURES]
    sd = np.array([spread.sd for spread in spreads])
    own = np.array([spread.mean for spread in spreads])
    scaled = features.astype(np.float64) / sd[:, None]
    of_target = np.zeros(features.shape[1])
    for node, share in zip(*_CALENDAR, strict=True):
        of_target += share * _kernel(scaled, (own + node * target.calendar_sd_days * _IS_DAY) / sd)
    of_scene = np.zeros(features.shape[1])
    for reference in references / sd:
        of_scene += _kernel(scaled, reference)
    evidence = np.log(of_target) - np.log(of_scene / len(references))
    most = math.log(MOST_RATIO)
    ratio: F8 = np.exp(np.clip(target.trust * support * evidence, -most, most))
    return ratio.astype(np.float32)


def _kernel(scaled: F8, centre: F8) -> F8:
    """Return the product of unnormalised t densities with 3 degrees of freedom, shape (n,).

    What was not seen of a pixel (NaN) says nothing for or against it.
    """
    product = np.ones(scaled.shape[1])
    for values, middle in zip(scaled, centre, strict=True):
        apart = values - middle
        apart *= apart
        apart /= 3
        apart += 1
        product *= np.fmax(apart, 1)
    product *= product
    return np.asarray(1 / product)
