"""Seeded trials: known widths come back, intervals hold them, few data stay sane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.confidence.rates import beta_cdf, share_found
from geoinspect.confidence.trials import (
    detection_rate,
    lateral_distance,
    local_effort,
    width_by_counts,
    width_by_distance,
    width_by_range,
)
from geoinspect.errors import UsageError
from geoinspect.search_records import Visibility

CURVES = {
    "half_normal": lambda x: 0.9 * np.exp(-0.5 * (x / 8) ** 2),
    "hazard_rate": lambda x: 0.8 * (1 - np.exp(-((np.maximum(x, 1e-9) / 8) ** -3.0))),
    "exponential": lambda x: 0.95 * np.exp(-x / 8),
}
FAR_M = 30.0


def counted(random: np.random.Generator, n: int, width_m: float) -> tuple[Any, Any]:
    effort = random.gamma(2, 0.5, n) / 40 + 1e-4
    return random.random(n) < 1 - np.exp(-width_m * effort), effort


@pytest.mark.parametrize(("n", "width_m"), [(15, 20.0), (40, 8.0), (40, 50.0)])
def test_the_interval_by_counts_holds_the_truth_as_often_as_it_says(n: int, width_m: float) -> None:
    random = np.random.default_rng(n)
    runs, held = 400, 0
    for _ in range(runs):
        width = width_by_counts(*counted(random, n, width_m))
        held += width.low_m <= width_m <= (width.high_m or math.inf)
    assert 0.92 <= held / runs <= 0.985


@pytest.mark.parametrize("curve", CURVES)
def test_the_interval_by_distance_holds_the_truth_for_every_curve(curve: str) -> None:
    random = np.random.default_rng(1)
    across = np.linspace(0, FAR_M, 5001)
    truth = 2 * np.trapezoid(CURVES[curve](across), across)
    held, ratios = 0, []
    for _ in range(40):
        distance = np.append(random.uniform(0, FAR_M, 49), FAR_M)
        width = width_by_distance(random.random(50) < CURVES[curve](distance), distance)
        held += width.low_m <= truth <= width.high_m
        ratios.append(width.width_m / truth)
    assert held >= 35
    assert np.mean(ratios) == pytest.approx(1, abs=0.08)


def test_much_data_give_the_width_closely() -> None:
    random = np.random.default_rng(4)
    by_counts = width_by_counts(*counted(random, 20_000, 25.0))
    assert by_counts.width_m == pytest.approx(25, rel=0.03)
    distance = np.append(random.uniform(0, FAR_M, 1000), FAR_M)
    across = np.linspace(0, FAR_M, 5001)
    for name, curve in CURVES.items():
        found = random.random(1001) < curve(distance)
        width = width_by_distance(found, distance, law=name)
        assert width.width_m == pytest.approx(2 * np.trapezoid(curve(across), across), rel=0.08)
        assert (width.method, width.found) == (name, found.sum())
    assert width_by_distance(distance < 9, distance).method == "hazard_rate"


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-4, 0.5)), min_size=1, max_size=40))
def test_any_counts_give_a_sane_interval(trial: list[tuple[bool, float]]) -> None:
    found, effort = (list(part) for part in zip(*trial, strict=True))
    width = width_by_counts(found, effort)
    assert width.low_m is not None
    assert 0 <= width.low_m < math.inf
    if not all(found):
        assert width.width_m is not None
        assert width.high_m is not None
        assert width.low_m <= width.width_m <= width.high_m < math.inf
        assert width.low_m < width.high_m
    if any(found) and not all(found):
        # At the best width as many are expected as were found, each weighed by its effort.
        e, hit = np.array(effort), np.array(found)
        mean = e * np.exp(-width.width_m * e) / -np.expm1(-width.width_m * e)
        assert mean[hit].sum() == pytest.approx(e[~hit].sum(), rel=1e-6)


def test_none_found_and_all_found_give_exact_bounds() -> None:
    none = width_by_counts([False] * 5, [0.02] * 5)
    assert (none.width_m, none.low_m) == (0.0, 0.0)
    assert math.exp(-none.high_m * 0.1) == pytest.approx(0.025)
    every = width_by_counts([True] * 5, [0.02] * 5)
    assert (every.width_m, every.high_m) == (None, None)
    assert (1 - math.exp(-every.low_m * 0.02)) ** 5 == pytest.approx(0.025)
    assert "lower bound" in every.as_json()["notes"][0]
    assert len(every.as_json()["notes_zh"]) == 2


@pytest.mark.parametrize("found", [[False] * 6, [True] * 6, [True] + [False] * 5])
def test_few_by_distance_give_a_wide_interval(found: list[bool]) -> None:
    width = width_by_distance(found, [0, 4, 8, 12, 16, 20])
    assert 0 <= width.low_m <= width.width_m <= width.high_m <= 40 + 1e-9
    assert width.high_m - width.low_m > 8
    assert width.notes


def test_dummies_nobody_walked_by_say_nothing() -> None:
    seen = width_by_counts([True, False, True], [0.02, 0.03, 0.04])
    more = width_by_counts([True, False, False, True], [0.02, 0.03, 0.0, 0.04])
    assert more == seen


def test_effort_and_distance_come_from_the_line_walked() -> None:
    line = np.array([[-500.0, 0.0], [500.0, 0.0]])
    targets = [[0.0, 0.0], [0.0, 30.0], [0.0, 80.0]]
    effort = local_effort(targets, [line, line], radius_m=50.0)
    chords = np.array([100.0, 80.0, 0.0])
    assert effort == pytest.approx(2 * chords / (math.pi * 50.0**2), rel=0.01)
    there_and_back = np.vstack([line, line[::-1][1:]])
    assert local_effort(targets, [there_and_back], radius_m=50.0) == pytest.approx(effort)
    assert lateral_distance(targets, [line]).tolist() == [0, 30, 80]


def test_a_walk_over_seeded_ground_gives_its_width_back() -> None:
    # Definite range 12 m to each side, so W is 24 m; lines 200 m apart leave most unseen.
    random = np.random.default_rng(8)
    targets = random.uniform(500, 3500, (1500, 2))
    lines = [np.array([[0.0, y], [4000.0, y]]) for y in np.arange(100.0, 4000, 200)]
    distance = lateral_distance(targets, lines)
    found = distance <= 12
    by_counts = width_by_counts(found, local_effort(targets, lines, radius_m=300.0))
    # Even lines see no ground twice, so random search needs a little more width for as many finds.
    assert by_counts.width_m == pytest.approx(-200 * math.log1p(-found.mean()), rel=0.02)
    assert by_counts.low_m <= 25.6 <= by_counts.high_m
    near = distance <= 40
    assert width_by_distance(found[near], distance[near]).width_m == pytest.approx(24, rel=0.1)


def test_detection_range_is_a_rule_of_thumb_without_an_interval() -> None:
    widths = [width_by_range([10.0, 14.0], v).width_m for v in Visibility]
    assert widths == pytest.approx([1.8 * 12, 1.6 * 12, 1.1 * 12])
    assert width_by_range([10.0], Visibility.OPEN).low_m is None


@given(st.integers(1, 60), st.data())
def test_the_exact_interval_of_a_share_inverts_the_binomial(shown: int, data: Any) -> None:
    found = data.draw(st.integers(0, shown))
    rate = share_found(found, shown)

    def at_least(k: int, p: float) -> float:
        return sum(math.comb(shown, i) * p**i * (1 - p) ** (shown - i) for i in range(k, shown + 1))

    assert rate.low <= found / shown <= rate.high
    if found > 0:
        assert at_least(found, rate.low) == pytest.approx(0.025, rel=1e-6)
    if found < shown:
        assert 1 - at_least(found + 1, rate.high) == pytest.approx(0.025, rel=1e-6)
    assert detection_rate(found, shown) == rate


@given(st.floats(0.3, 300), st.floats(0.3, 300), st.floats(0.001, 0.999))
def test_the_beta_distribution_is_a_mirror_of_itself(a: float, b: float, x: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(1 - beta_cdf(1 - x, b, a), abs=1e-10)
    density = math.exp(
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + (a - 1) * math.log(x)
        + (b - 1) * math.log1p(-x)
    )
    step = 1e-5 * min(x, 1 - x)
    slope = (beta_cdf(x + step, a, b) - beta_cdf(x - step, a, b)) / (2 * step)
    assert slope == pytest.approx(density, rel=1e-2, abs=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: share_found(3, 2),
        lambda: share_found(-1, 2),
        lambda: share_found(0, 0),
        lambda: width_by_counts([], []),
        lambda: width_by_counts([True], [0.0]),
        lambda: width_by_counts([True], [-1.0]),
        lambda: width_by_counts([True, False], [0.1]),
        lambda: width_by_counts([True], [math.nan]),
        lambda: width_by_distance([], []),
        lambda: width_by_distance([True, False], [0.0, 0.0]),
        lambda: width_by_distance([True], [math.inf]),
        lambda: width_by_range([], Visibility.OPEN),
        lambda: width_by_range([5.0, 0.0], Visibility.OPEN),
    ],
)
def test_impossible_trials_are_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()
