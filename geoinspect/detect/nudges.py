"""What else speaks for or against ground: the season so far; other bands are in ``band_nudges``.

A nudge re-orders what the cues find. It is bounded, relative to its own scene, and silent where
it knows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine
from shapely import MultiPolygon, Polygon

from geoinspect.crs import WGS84, transform_xy
from geoinspect.detect.ndvi_series import NdviSeries, read_series
from geoinspect.detect.nudged import MOST_STEPS
from geoinspect.detect.objects import EVIDENCE_STEPS
from geoinspect.detect.phenology import MOST_RATIO, PhenologyPrior, phenology_prior
from geoinspect.detect.sheets import Frame, Scale
from geoinspect.detect.signatures import Spectrum
from geoinspect.detect.targets import Target
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.raster_ground import Placement
from geoinspect.settings import Settings

F8 = NDArray[np.float64]
I2 = NDArray[np.int16]

# A pixel of a series is metres wide, so squares of blocks of about this side share one answer.
_ASKED_M = 1.0
_LEAST_SUPPORT = 0.5
_YEARS = range(1980, 2101)


@dataclass(frozen=True, slots=True, eq=False)
class Hints:
    """What is known of ground or target beside the pictures; the same for all rasters.

    Attributes:
        season: From :func:`season_prior`.
        spectrum: Of the target, for rasters with more than three colours.
    """

    season: PhenologyPrior | None = None
    spectrum: Spectrum | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SeasonNudge:
    """The phenology prior over the blocks of one raster.

    Attributes:
        prior: Divided by its scene's median, see :func:`relative`.
    """

    prior: PhenologyPrior
    placement: Placement
    scale: Scale
    name: str = "season"

    def of(self, frame: Frame) -> I2:
        """Return the nudge of blocks; see :class:`.sheets.Nudge`."""
        step = max(1, round(_ASKED_M / self.scale.block_m))
        # Squares begin at whole multiples on the raster, so that no rectangle changes an answer.
        rows = np.arange(frame.top // step, -(-frame.bottom // step))
        cols = np.arange(frame.left // step, -(-frame.right // step))
        side_px = step * self.scale.block_px
        col, row = np.meshgrid((cols + 0.5) * side_px, (rows + 0.5) * side_px)
        x, y = self.placement.transform @ (col.ravel(), row.ravel())
        ratio = self.prior.at_points(np.asarray(x), np.asarray(y), self.placement.crs)
        steps = np.rint(np.log(ratio) * EVIDENCE_STEPS).clip(-MOST_STEPS, MOST_STEPS)
        squares = steps.astype(np.int16).reshape(row.shape)
        blocks = squares.repeat(step, axis=0).repeat(step, axis=1)
        top, left = frame.top % step, frame.left % step
        return np.ascontiguousarray(
            blocks[top : top + frame.bottom - frame.top, left : left + frame.right - frame.left]
        )


def relative(prior: PhenologyPrior) -> PhenologyPrior:
    """Return a prior whose ratio is to the middle of its scene; 1 where the season wasn't seen.

    A calendar that doesn't fit lowers all of a scene alike; what counts is who is higher.
    """
    seen = prior.support >= _LEAST_SUPPORT
    if not prior.references or not seen.any():
        return replace(prior, ratio=np.ones_like(prior.ratio))
    middle = np.float32(np.median(prior.ratio[seen]))
    return replace(prior, ratio=np.where(seen, prior.ratio / middle, np.float32(1)))


def covers(prior: PhenologyPrior, placement: Placement) -> bool:
    """Return whether any of a raster lies on a series: its corners, edges or middle."""
    share = np.linspace(0, 1, 9)
    nodes = np.array([(x * placement.width, y * placement.height) for y in share for x in share])
    ground = shapely.get_coordinates(placement.to_crs(shapely.MultiPoint(nodes)))
    place = transform_xy(placement.crs, prior.crs, ground[:, 0], ground[:, 1])
    back = ~Affine(*prior.transform)
    col, row = (np.asarray(v) for v in back @ (place[0], place[1]))
    high, wide = prior.ratio.shape
    return bool(np.any((col >= 0) & (row >= 0) & (col < wide) & (row < high)))


def season_prior(
    paths: Sequence[Path],
    target: Target,
    settings: Settings,
    harvest_year: int | None = None,
) -> tuple[PhenologyPrior, tuple[Text, ...]]:
    """Return the prior of an NDVI series for a target, relative to its scene, and what to say.

    Args:
        paths: GeoTIFFs whose bands are named by dates; see :func:`.ndvi_series.read_series`.
        target: Its course in the year is assumed, and moved to the series' place.
        settings: Limits, and the altitude of the place.
        harvest_year: Year the crop is cut in; that of the last reading without it.

    Raises:
        InputError: The series can't be used.
        UsageError: The target has no course, or the year can't be.
    """
    series = read_series(paths, settings=settings)
    year = max(series.dates).year if harvest_year is None else harvest_year
    if year not in _YEARS:
        raise UsageError(
            f"--harvest-year {year} 无效:应为 {_YEARS[0]}–{_YEARS[-1]}",
            f"--harvest-year {year} can't be: give {_YEARS[0]}-{_YEARS[-1]}",
            code="bad_harvest_year",
        )
    course = target.course_at(_latitude_deg(series), settings.altitude_m)
    prior = phenology_prior(series, course, year)
    doubt = () if prior.doubt is None else (prior.doubt,)
    return relative(prior), (prior.statement, *doubt, *_unseen(prior, series, year))


def zone_multipliers(prior: PhenologyPrior, zones: Sequence[Polygon | MultiPolygon]) -> F8:
    """Return by what the risk of zones (WGS84) is multiplied, shape (n,), 1/4 to 4; 1 is unknown.

    The geometric mean of the ratio over each zone, relative to the scene: for the order in which
    ground is covered, never for or against a claim about it.
    """
    ratios = relative(prior).of_polygons(zones)
    return np.asarray(np.clip(ratios, 1 / MOST_RATIO, MOST_RATIO))


def _latitude_deg(series: NdviSeries) -> float:
    high, wide = series.values.shape[1:]
    x, y = series.transform @ (wide / 2, high / 2)
    _, latitude = transform_xy(series.crs, WGS84, np.array([x]), np.array([y]))
    return float(latitude[0])


def _unseen(prior: PhenologyPrior, series: NdviSeries, year: int) -> tuple[Text, ...]:
    """Say so where the series tells nothing at all."""
    if prior.references:
        return ()
    first, last = min(series.dates), max(series.dates)
    return (
        Text(
            f"NDVI 序列({first} 至 {last})没有覆盖 {year} 年的目标生长季,或植被太少,季节先验未起作用;"
            "请补充影像,或用 --harvest-year 指定收获年份",
            f"the NDVI series ({first} to {last}) doesn't show the target's season of {year}, or too "
            "little vegetation, so the season had no effect; add rasters, or give --harvest-year",
        ),
    )
