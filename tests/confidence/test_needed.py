"""The least effort against small greedy steps and any other way to spend the metres."""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.confidence.absence import estimate, searched_cells
from geoinspect.confidence.needed import (
    Pace,
    effort_curve,
    gain_curve,
    needed,
    needed_sensitivity,
)
from geoinspect.errors import GeoInspectError

WIDTH_M = 20.0
seeds = st.integers(0, 10**6)


def world(seed: int, n: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    weight = random.gamma(0.5, 2.0, n) * (random.random(n) < 0.9) + 1e-6
    sensitivity = random.choice([0.0, 0.2, 0.7, 0.99], n)
    area_m2 = random.uniform(500, 10_000, n)
    return weight, sensitivity, area_m2


def missed(weight: Any, sensitivity: Any, area_m2: Any, metres: Any) -> float:
    left = (1 - sensitivity) * np.exp(-WIDTH_M * metres / area_m2)
    return float((weight * left).sum() / weight.sum())


@given(seeds, st.floats(1, 30_000))
def test_the_best_spread_uses_all_metres_and_leaves_what_it_says(seed: int, metres: float) -> None:
    cells = world(seed)
    curve = effort_curve(*cells, width_m=WIDTH_M)
    spread = curve.allocation(metres)
    assert spread.min() >= 0
    assert spread.sum() == pytest.approx(metres, rel=1e-9)
    assert curve.missed_after(metres) == pytest.approx(missed(*cells, spread), rel=1e-9)


@given(seeds, st.floats(10, 30_000), st.integers(0, 10**6))
def test_no_other_spread_leaves_less(seed: int, metres: float, other: int) -> None:
    cells = world(seed)
    curve = effort_curve(*cells, width_m=WIDTH_M)
    random = np.random.default_rng(other)
    best, left = curve.allocation(metres), curve.missed_after(metres)
    for rival in (
        metres * random.dirichlet(np.full(len(best), 0.3)),
        # The best itself with some metres moved.
        best + 0.05 * metres * (random.dirichlet(np.ones(len(best))) - best / metres),
    ):
        assert missed(*cells, rival) >= left - 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_greedy_small_steps(seed: int) -> None:
    weight, sensitivity, area_m2 = world(seed, n=8)
    step_m, metres = 1.0, 4000
    curve = effort_curve(weight, sensitivity, area_m2, width_m=WIDTH_M)
    walked = np.zeros(8)

    def gain(i: int) -> float:
        rate = WIDTH_M / area_m2[i]
        left = weight[i] * (1 - sensitivity[i]) * math.exp(-rate * walked[i])
        return float(left * (1 - math.exp(-rate * step_m)))

    heap = [(-gain(i), i) for i in range(8)]
    heapq.heapify(heap)
    for _ in range(metres):
        _, i = heap[0]
        walked[i] += step_m
        heapq.heapreplace(heap, (-gain(i), i))
    assert np.abs(curve.allocation(metres) - walked).max() <= 2 * step_m
    assert curve.missed_after(metres) == pytest.approx(
        missed(weight, sensitivity, area_m2, walked), rel=1e-5
    )


@given(seeds, st.floats(0.05, 0.95), st.floats(0.05, 0.9999), st.floats(0.5, 5))
def test_the_needed_metres_reach_the_target_and_no_less_do(
    seed: int, prior: float, target: float, prevalence: float
) -> None:
    weight, sensitivity, area_m2 = world(seed)
    curve, pace = effort_curve(weight, sensitivity, area_m2, width_m=WIDTH_M), Pace(WIDTH_M)
    need = needed(curve, pace, prior=prior, target=target, prevalence=prevalence)
    now = estimate(
        searched_cells(sensitivity, weight), prior=prior, design_prevalence=prevalence
    ).posterior
    assert need.posterior_now == pytest.approx(now, abs=1e-9)
    assert need.reachable
    assert need.metres is not None
    if need.metres == 0:
        assert now >= target - 1e-9
        return
    spread = curve.allocation(need.metres)
    after = 1 - (1 - sensitivity) * np.exp(-WIDTH_M * spread / area_m2)
    claim = estimate(searched_cells(after, weight), prior=prior, design_prevalence=prevalence)
    assert claim.posterior == pytest.approx(target, abs=1e-7)
    assert need.team_days == pytest.approx(need.metres / 18_000)
    less = gain_curve(curve, prior=prior, metres=[0.98 * need.metres], prevalence=prevalence)
    assert less[0] < target


@given(seeds, st.floats(0.01, 0.99))
def test_the_gain_rises_and_flattens(seed: int, prior: float) -> None:
    curve = effort_curve(*world(seed), width_m=WIDTH_M)
    saved = 1 - np.array([curve.missed_after(m) for m in np.linspace(0, 20_000, 80)])
    assert (np.diff(saved) >= -1e-12).all()
    assert (np.diff(saved, 2) <= 1e-9).all()
    claims = gain_curve(curve, prior=prior, metres=np.linspace(0, 20_000, 80))
    assert (np.diff(claims) >= -1e-12).all()
    assert claims[0] == pytest.approx(
        needed(curve, Pace(WIDTH_M), prior=prior, target=0.5).posterior_now
    )


def test_one_more_day_is_the_best_day() -> None:
    curve, pace = effort_curve(*world(3), width_m=WIDTH_M), Pace(WIDTH_M, 2.0, 5.0)
    need = needed(curve, pace, prior=0.4, target=0.95)
    assert need.posterior_one_day_more == gain_curve(curve, prior=0.4, metres=10_000.0)
    document = need.as_json()
    assert document["one_day_gain"] == need.posterior_one_day_more - need.posterior_now > 0
    assert "lower bound" in document["note"]


def test_what_no_walking_reaches_is_said() -> None:
    weight, area = np.array([1.0, 3.0]), np.array([1e4, 1e4])
    pace = Pace(WIDTH_M)
    # Nobody may go into the second cell.
    shut = effort_curve(weight, [0.2, 0.5], area, width_m=WIDTH_M, ceiling=[1.0, 0.5])
    need = needed(shut, pace, prior=0.5, target=0.95)
    assert (need.reachable, need.metres, need.team_days) == (False, None, None)
    assert need.posterior_best == pytest.approx(0.5 / (1 - 0.625 * 0.5))
    assert shut.allocation(5000.0)[1] == 0
    open_ = effort_curve(weight, [0.2, 0.5], area, width_m=WIDTH_M)
    assert not needed(open_, pace, prior=0.5, target=1.0).reachable
    never = needed(open_, pace, prior=0.0, target=0.5)
    assert (never.reachable, never.sensitivity_needed) == (False, None)
    sure = needed(open_, pace, prior=1.0, target=0.99)
    assert (sure.metres, sure.posterior_now) == (0.0, 1.0)


def test_ground_that_is_searched_through_needs_nothing() -> None:
    done = effort_curve([1.0, 2.0], [1.0, 1.0], [1e4, 1e4], width_m=WIDTH_M)
    need = needed(done, Pace(WIDTH_M), prior=0.5, target=1.0)
    assert (need.reachable, need.metres, need.posterior_now) == (True, 0.0, 1.0)
    assert done.allocation(100.0).sum() == 0


def test_cells_without_risk_get_no_metres() -> None:
    curve = effort_curve([0.0, 1.0], [0.0, 0.0], [1e4, 1e4], width_m=WIDTH_M)
    assert curve.allocation(3000.0).tolist() == [0.0, 3000.0]


@given(st.floats(0.01, 0.98), st.floats(0.01, 1.0))
def test_the_needed_sensitivity_is_bayes_turned_round(prior: float, target: float) -> None:
    wanted = needed_sensitivity(prior, target)
    assert wanted is not None
    assert 0 <= wanted <= 1
    assert prior / (1 - wanted * (1 - prior)) == pytest.approx(max(prior, target))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Pace(0.0),
        lambda: Pace(20.0, math.nan),
        lambda: Pace(20.0, 3.0, -1.0),
        lambda: effort_curve([0.0], [0.5], [1e4], width_m=20.0),
        lambda: effort_curve([1.0], [0.5], [0.0], width_m=20.0),
        lambda: effort_curve([math.nan], [0.5], [1e4], width_m=20.0),
        lambda: needed(
            effort_curve([1.0], [0.5], [1e4], width_m=20.0), Pace(), prior=0.5, target=1.5
        ),
        lambda: needed(
            effort_curve([1.0], [0.5], [1e4], width_m=20.0), Pace(), prior=math.nan, target=0.5
        ),
    ],
)
def test_impossible_inputs_are_refused(wrong: Any) -> None:
    with pytest.raises(GeoInspectError):
        wrong()
