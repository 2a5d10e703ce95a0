from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from season_builders import KINDS, logistic

from geoinspect.detect.courses import FEATURES, describe, smooth, whittaker

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_smoother_solves_its_equations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(4, 40))
    weight = rng.uniform(0, 1, (steps, 3)) * (rng.random((steps, 3)) > 0.3)
    total = weight * rng.uniform(-1, 1, (steps, 3))
    found = whittaker(weight, total)
    bend = np.diff(np.eye(steps), n=2, axis=0)
    for n in range(3):
        matrix = np.diag(weight[:, n] + 1e-6) + 3.0 * bend.T @ bend
        assert np.allclose(found[:, n], np.linalg.solve(matrix, total[:, n]), atol=1e-6)


@given(SEEDS, st.floats(0, 0.6))
@settings(max_examples=30, deadline=None)
def test_neither_order_nor_company_of_readings_matters(seed: int, clouds: float) -> None:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(-20, 230), size=30, replace=False))
    readings = rng.uniform(0, 0.9, (30, 6))
    readings[rng.random(readings.shape) < clouds] = np.nan
    whole = smooth(days, readings, 20, 185)
    turned = rng.permutation(30)
    again = smooth(days[turned], readings[turned], 20, 185)
    alone = smooth(days, readings[:, 2:4], 20, 185)
    assert np.array_equal(whole.ndvi, again.ndvi)
    assert np.array_equal(whole.ndvi[:, 2:4], alone.ndvi)
    assert np.array_equal(whole.support[2:4], alone.support)
    assert np.array_equal(describe(whole)[:, 2:4], describe(alone), equal_nan=True)


@given(SEEDS, st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_a_masked_reading_is_one_that_never_was(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    days = np.arange(-20, 230, 7)
    readings = rng.uniform(0, 0.9, (len(days), 4))
    out = rng.choice(len(days), size=count, replace=False)
    masked = readings.copy()
    masked[out] = np.nan
    kept = np.setdiff1d(np.arange(len(days)), out)
    one, other = smooth(days, masked, 20, 185), smooth(days[kept], readings[kept], 20, 185)
    assert np.allclose(one.ndvi, other.ndvi, atol=1e-12)
    assert np.array_equal(one.support, other.support)


@pytest.mark.parametrize("kind", ["poppy", "wheat"])
@pytest.mark.parametrize("step", [3, 5, 8])
def test_features_are_those_of_the_course(kind: str, step: int) -> None:
    base, amplitude, up, up_width, down, down_width = KINDS[kind]
    days = np.arange(-20, 230, step)
    readings = logistic(days, base, amplitude, up, up_width, down, down_width)[:, None]
    found = dict(zip(FEATURES, describe(smooth(days, readings, 0, 200))[:, 0], strict=True))
    fine = np.arange(0, 200, 0.1)
    truth = logistic(fine, base, amplitude, up, up_width, down, down_width)
    assert found["green_up_day"] == pytest.approx(up, abs=3)
    assert found["senescence_day"] == pytest.approx(down, abs=3)
    assert found["peak_day"] == pytest.approx(fine[truth.argmax()], abs=7)
    assert found["amplitude"] == pytest.approx(np.ptp(truth), abs=0.05)
    true_fall = 0.6 * amplitude / (2 * down_width * math.log(4))
    assert 0.6 * true_fall <= found["fall_per_day"] <= 1.1 * true_fall


@given(st.integers(4, 40), st.floats(-0.1, 0.2))
@settings(max_examples=60, deadline=None)
def test_one_cloudy_day_changes_next_to_nothing(at: int, cloud: float) -> None:
    days = np.arange(-20, 230, 5)
    clean = logistic(days, *KINDS["wheat"])[:, None]
    dirty = clean.copy()
    dirty[at] = min(cloud, clean[at, 0])
    one, other = smooth(days, clean, 20, 185), smooth(days, dirty, 20, 185)
    assert np.abs(one.ndvi - other.ndvi).max() < 0.05


def test_a_harvest_stays_a_harvest() -> None:
    days = np.arange(-20, 230, 5)
    cut = np.where(days < 120, 0.8, 0.15)[:, None]
    found = dict(zip(FEATURES, describe(smooth(days, cut, 20, 185))[:, 0], strict=True))
    assert found["senescence_day"] == pytest.approx(117.5, abs=4)
    assert found["fall_per_day"] > 0.02


def test_what_lies_beyond_the_last_reading_is_not_known() -> None:
    days = np.arange(-20, 110, 5)
    courses = smooth(days, logistic(days, *KINDS["poppy"])[:, None], 20, 185)
    found = dict(zip(FEATURES, describe(courses)[:, 0], strict=True))
    assert found["green_up_day"] == pytest.approx(60, abs=3)
    assert math.isnan(found["senescence_day"])
    assert math.isnan(found["fall_per_day"])
    # The last reading alone is no harvest yet; with a second one it is.
    for low, known in ((1, False), (4, True)):
        cut = logistic(days, *KINDS["evergreen"])[:, None]
        cut[-low:] = 0.1
        sight = describe(smooth(days, cut, 20, 185))[FEATURES.index("senescence_day"), 0]
        assert math.isfinite(sight) == known


def test_bare_and_evergreen_ground_has_no_season() -> None:
    days = np.arange(-20, 230, 5)
    for level in (0.1, 0.8):
        found = describe(smooth(days, np.full((len(days), 1), level), 20, 185))[:, 0]
        assert found[[0, 2, 3, 4]] == pytest.approx([20, 185, 0, 0], abs=1e-3)
