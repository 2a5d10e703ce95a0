"""The prior on simulated seasons (all parameters of plants are made up) and on a real series."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.warp
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from season_builders import GRID, KINDS, NAMES, TARGET, UTM, YEAR, field, logistic

from geoinspect.detect.courses import days_of, smooth
from geoinspect.detect.ndvi_series import NdviSeries
from geoinspect.detect.phenology import PhenologyPrior, Spread, phenology_prior
from geoinspect.errors import UsageError

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("clouds", "masked", "step"),
    [(0.0, False, 5), (0.3, False, 5), (0.3, True, 5), (0.3, False, 8)],
)
def test_the_ratio_orders_poppy_wheat_and_the_rest(clouds: float, masked: bool, step: int) -> None:
    for seed in range(3):
        series, kind = field(seed, clouds=clouds, masked=masked, step=step)
        prior = phenology_prior(series, TARGET, YEAR)
        median = {name: np.median(prior.ratio[kind == i]) for i, name in enumerate(NAMES)}
        assert median["poppy"] > 2
        assert 0.25 <= median["wheat"] < 0.6
        for name in ("maize", "forest", "evergreen"):
            assert median[name] < median["wheat"]
        # Not only in the middle: nearly every poppy is above nearly every field of wheat.
        poppy, wheat = (prior.ratio[kind == i] for i in (0, 1))
        assert (poppy > 1).mean() > 0.9
        assert (wheat < 1).mean() > 0.9


@given(SEEDS, st.floats(0, 1), st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_ratio_is_bounded_whatever_comes(seed: int, clouds: float, masked: bool) -> None:
    series, _ = field(seed, clouds=clouds, masked=masked)
    values = series.values * np.float32(1 if seed % 2 else -1)
    prior = phenology_prior(replace(series, values=values), TARGET, YEAR)
    assert np.isfinite(prior.ratio).all()
    assert prior.ratio.min() >= 0.25
    assert prior.ratio.max() <= 4
    assert (prior.ratio[prior.support < 0.5] == 1).all()


@pytest.mark.parametrize("values", [np.nan, 0.0, 0.05])
def test_unseen_and_bare_scenes_say_nothing(values: float) -> None:
    series, _ = field(1)
    prior = phenology_prior(
        replace(series, values=np.full_like(series.values, values)), TARGET, YEAR
    )
    assert (prior.ratio == 1).all()
    assert prior.references == 0


def test_a_scene_of_one_course_is_no_reason_to_prefer_any_of_it() -> None:
    series, _ = field(1)
    values = np.broadcast_to(
        logistic(np.arange(-10, 230, 5), *KINDS["poppy"])[:, None, None], series.values.shape
    ).astype(np.float32)
    prior = phenology_prior(replace(series, values=values), TARGET, YEAR)
    assert np.ptp(prior.ratio) == 0
    assert prior.ratio[0, 0] == pytest.approx(1, abs=0.15)


def test_another_year_is_no_evidence() -> None:
    series, _ = field(1)
    assert (phenology_prior(series, TARGET, YEAR + 2).ratio == 1).all()


def test_where_a_pixel_lies_does_not_matter_among_the_same_references() -> None:
    series, _ = field(4, clouds=0.3)
    whole = phenology_prior(series, TARGET, YEAR)
    padded = np.concatenate([series.values, np.full_like(series.values, np.nan)], axis=1)
    wider = phenology_prior(replace(series, values=padded), TARGET, YEAR)
    assert np.array_equal(wider.ratio[:32], whole.ratio)
    assert (wider.ratio[32:] == 1).all()


def test_before_harvest_the_unseen_end_speaks_neither_for_nor_against() -> None:
    series, kind = field(2, until=125)
    prior = phenology_prior(series, TARGET, YEAR)
    poppy, wheat = (np.median(prior.ratio[kind == i]) for i in (0, 1))
    assert 0.8 < wheat < poppy
    assert np.isnan(prior.features["senescence_day"][kind == 1]).mean() > 0.9


def test_a_yard_inside_a_pixel_of_wheat_does_not_show() -> None:
    series, kind = field(3)
    values = series.values.copy()
    days = np.arange(-10, 230, 5)
    at = np.argwhere(kind == 1)[:40]
    poppy = logistic(days, *KINDS["poppy"])
    for i, j in at:
        values[:, i, j] = 0.9 * values[:, i, j] + 0.1 * poppy
    before = phenology_prior(series, TARGET, YEAR).ratio
    after = phenology_prior(replace(series, values=values), TARGET, YEAR)
    moved = [abs(math.log(after.ratio[i, j] / before[i, j])) for i, j in at]
    assert np.median(moved) < math.log(1.3)
    assert np.median([after.ratio[i, j] for i, j in at]) < 0.6
    assert "10 m" in after.statement.zh
    assert "只作先验" in after.statement.zh


@pytest.mark.parametrize("strip_px", [7, 100, 1024])
def test_strips_of_any_length_give_the_same_bits(
    strip_px: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    series, _ = field(7, clouds=0.3)
    whole = phenology_prior(series, TARGET, YEAR)
    monkeypatch.setattr("geoinspect.detect.phenology._STRIP_PX", strip_px)
    parts = phenology_prior(series, TARGET, YEAR)
    assert np.array_equal(parts.ratio, whole.ratio)
    for name, values in whole.features.items():
        assert np.array_equal(parts.features[name], values, equal_nan=True)


def test_a_calendar_of_another_place_is_doubted() -> None:
    series, _ = field(8)
    assert phenology_prior(series, TARGET, YEAR).doubt is None
    off = phenology_prior(series, TARGET.shifted(-60), YEAR).doubt
    assert off is not None
    assert "物候参数" in off.zh


@given(st.integers(-30, 60))
@settings(max_examples=10, deadline=None)
def test_a_later_place_has_a_later_season(shift: int) -> None:
    series, _ = field(5)
    moved = replace(series, dates=tuple(day + timedelta(shift) for day in series.dates))
    one = phenology_prior(series, TARGET, YEAR)
    other = phenology_prior(moved, TARGET.shifted(shift), YEAR)
    assert np.allclose(one.ratio, other.ratio, rtol=1e-4)


@pytest.mark.parametrize("shift", [-15, 15])
def test_a_calendar_that_may_lie_off_forgives_some_days(shift: int) -> None:
    series, kind = field(6, clouds=0.3)
    poppy = kind == 0
    sure = phenology_prior(series, TARGET.shifted(shift), YEAR)
    unsure = phenology_prior(series, replace(TARGET.shifted(shift), calendar_sd_days=12), YEAR)
    assert np.median(unsure.ratio[poppy]) > 1.3 * np.median(sure.ratio[poppy])
    assert np.median(unsure.ratio[poppy]) > 1.3
    assert np.median(unsure.ratio[poppy]) > np.median(unsure.ratio[kind == 1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"calendar_sd_days": -1},
        {"last_day": 40},
        {"last_day": 500},
        {"trust": 1.5},
        {"peak_day": Spread(100, 0)},
        {"amplitude": Spread(float("nan"), 1)},
    ],
)
def test_assumptions_that_cannot_be_are_told(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        replace(TARGET, **wrong)
    assert caught.value.code == "bad_target_course"
    assert next(iter(wrong)) in caught.value.text.en


# Points and polygons.
def prior_of(ratio: np.ndarray, transform: Affine = GRID) -> PhenologyPrior:
    ratio = ratio.astype(np.float32)
    return PhenologyPrior(ratio, np.ones_like(ratio), {}, UTM, tuple(transform)[:6], 10.0, 256)


TURNED = GRID @ Affine.rotation(30)


@given(SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_points_and_polygons_take_the_pixels_they_lie_in(seed: int, turned: bool) -> None:
    rng = np.random.default_rng(seed)
    transform = TURNED if turned else GRID
    ratio = np.exp(rng.uniform(-math.log(4), math.log(4), (7, 9)))
    prior = prior_of(ratio, transform)
    col, row = rng.uniform(-3, 12, 50), rng.uniform(-3, 10, 50)
    x, y = transform @ np.array([col, row])
    inside = (col >= 0) & (col < 9) & (row >= 0) & (row < 7)
    expected = [
        prior.ratio[int(r), int(c)] if ok else 1.0
        for r, c, ok in zip(row, col, inside, strict=True)
    ]
    assert prior.at_points(x, y, UTM) == pytest.approx(expected)
    # A polygon against a fine raster of points.
    corner = shapely.Polygon(rng.uniform([-2, -2], [11, 9], (3, 2)))
    at = np.linspace(-2, 11, 400)
    fine_col, fine_row = (a.reshape(-1) for a in np.meshgrid(at, at))
    hit = shapely.contains_xy(corner, fine_col, fine_row)
    if hit.sum() < 2_000:
        return
    placed = shapely.transform(corner, lambda p: np.column_stack(transform @ p.T))
    values = prior.at_points(*(transform @ np.array([fine_col[hit], fine_row[hit]])), UTM)
    assert prior.of_polygons([placed], UTM)[0] == pytest.approx(
        math.exp(np.log(values).mean()), rel=0.05
    )


def test_polygons_of_any_size_and_place() -> None:
    prior = prior_of(np.full((300, 300), 2.0))
    yard = shapely.box(500_100, 3_699_800, 500_103, 3_699_803)
    away = shapely.box(0, 0, 10, 10)
    half = shapely.box(499_900, 3_699_800, 500_100, 3_699_900)
    whole = shapely.box(499_999, 3_696_999, 503_001, 3_700_001)
    bow = shapely.Polygon(
        [(500_100, 3_699_800), (500_200, 3_699_900), (500_200, 3_699_800), (500_100, 3_699_900)]
    )
    found = prior.of_polygons([yard, away, half, whole, shapely.Polygon(), bow], UTM)
    assert found == pytest.approx([2, 1, math.sqrt(2), 2, 1, 2], rel=0.01)
    pole = shapely.box(-70, -95, -60, -89)
    assert prior.of_polygons([pole, shapely.Point(1, 1).buffer(0)])[0] == 1
    nowhere = np.array([np.nan, np.inf, -1e300])
    assert prior.at_points(nowhere, nowhere, UTM) == pytest.approx([1, 1, 1])
    lon, lat = rasterio.warp.transform(UTM, "EPSG:4326", [500_101.5], [3_699_801.5])
    assert prior.at_points(np.array(lon), np.array(lat)) == pytest.approx([2])


# A real series, 68 dates without a cloud mask.
def test_a_real_series_is_freed_of_its_clouds(shared_data: Path) -> None:
    folder = shared_data / "imagery" / "sentinel2"
    values = np.load(folder / "ndvi_series.npy")[..., 0]
    stamps = json.loads((folder / "ndvi_timestamps.json").read_text("utf-8"))
    dates = tuple(date.fromisoformat(stamp[:10]) for stamp in stamps)
    days = days_of(dates, 2017)
    summer = (days > 140) & (days < 235)
    raw = values[summer].reshape(summer.sum(), -1)
    courses = smooth(days, values.reshape(len(days), -1).astype(np.float64), 1, 300)
    inside = (courses.days > 140) & (courses.days < 235)
    low_raw, low = raw.min(axis=0), courses.ndvi[inside].min(axis=0)
    assert np.median(low_raw) < 0.1
    assert np.median(low) > 0.5
    # It runs along the upper readings, not above them.
    assert np.mean(courses.ndvi[inside].max(axis=0) <= raw.max(axis=0) + 0.05) > 0.95
    winter = courses.ndvi[courses.days < 60].mean(axis=0)
    assert np.mean(courses.ndvi[inside].mean(axis=0) > winter + 0.1) > 0.9
    prior = phenology_prior(
        NdviSeries(dates, values, "EPSG:32633", GRID, 10.0), TARGET.shifted(15), 2017
    )
    assert prior.references == 256
    assert prior.support.mean() > 0.8
    assert prior.ratio.min() >= 0.25
    assert prior.ratio.max() <= 4
