"""The draws against a plain numpy loop, and the laws of their intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.confidence.absence import estimate, searched_cells
from geoinspect.confidence.draws import (
    BetaPrior,
    Exposures,
    FixedPrior,
    TriangularPrior,
    Uncertainty,
    draw_claims,
    exposures_of,
)
from geoinspect.confidence.kernels import add_draws
from geoinspect.errors import UsageError


def world(seed: int, *, cells: int = 60, groups: int = 2, zones: int = 3) -> Any:
    random = np.random.default_rng(seed)
    exposure = random.gamma(0.6, 1.5, (groups, cells)).astype(np.float32)
    exposure[:, random.random(cells) < 0.3] = 0
    cap = random.uniform(0.2, 1.0, cells).astype(np.float32)
    scale = random.uniform(0.5, 1.3, cells).astype(np.float32)
    names = tuple(f"g{i}" for i in range(groups))
    exposures = Exposures(exposure, cap, scale, names, random.random(cells) < 0.5)
    searched = searched_cells(
        exposures.sensitivity,
        random.choice([0.0, 0.5, 1.0, 7.0], cells),
        zone=random.integers(0, zones, cells),
        zone_names=tuple(f"z{i}" for i in range(zones)),
        zone_risk=random.uniform(0.5, 4.0, zones),
        count=random.integers(1, 5, cells),
    )
    return searched, exposures


@settings(max_examples=25, deadline=None)  # the first call may compile the kernel
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(0, 2))
def test_the_kernel_is_the_formula(seed: int, groups: int, factors: int) -> None:
    cells, exposures = world(seed, groups=groups)
    random = np.random.default_rng(seed)
    draws, zones, n = 7, 3, len(cells.risk)
    factor = np.exp(random.normal(0, 1, (groups, draws)))
    log_risk = random.normal(0, 1, (factors, n)).astype(np.float32)
    power = random.normal(0, 0.5, (factors, draws))
    found, total = np.zeros((zones, draws)), np.zeros((zones, draws))
    e, weight = exposures, cells.risk * cells.count
    assert e.widens is not None
    add_draws(
        *(e.exposure, e.cap, e.widens, e.scale, weight, cells.zone),
        *(factor, log_risk, power, found, total),
    )
    own = e.exposure.astype(float).sum(axis=0)
    for d in range(draws):
        effort = (factor[:, d, None] * e.exposure.astype(float)).sum(axis=0)
        wider = np.divide(effort, own, out=np.ones(n), where=own > 0)
        cap = np.where(e.widens, np.minimum(e.cap * wider, 1), e.cap)
        s = np.minimum(cap, e.scale.astype(float) * (1 - np.exp(-effort)))
        heavy = weight * np.exp((power[:, d, None] * log_risk).sum(axis=0))
        for z in range(zones):
            inside = cells.zone == z
            assert found[z, d] == pytest.approx((heavy * s)[inside].sum(), rel=1e-7, abs=1e-9)
            assert total[z, d] == pytest.approx(heavy[inside].sum(), rel=1e-7, abs=1e-9)


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0.5, 4), st.floats(0.5, 3))
def test_without_doubt_every_draw_is_the_estimate(
    seed: int, prior: float, design: float, spread: float
) -> None:
    cells, exposures = world(seed)
    sure = Uncertainty(FixedPrior(prior), (0.0, 0.0), draws=3)
    claims = draw_claims(cells, exposures, sure, design_prevalence=design, zone_prevalence=spread)
    wanted = estimate(cells, prior=prior, design_prevalence=design, zone_prevalence=spread)
    assert claims.system_sensitivity == pytest.approx(wanted.system_sensitivity, abs=1e-6)
    assert claims.posterior == pytest.approx(wanted.posterior, abs=1e-6)
    low, high = claims.interval()
    assert low == high == claims.posterior[0]
    for z, zone in enumerate(wanted.zones):
        own = float(prior**zone.weight)
        sensitivity = zone.sensitivity or 0.0
        alone = own / (1 - sensitivity * (1 - own)) if own > 0 else 0.0
        assert claims.zone_posterior[:, z] == pytest.approx(alone, abs=1e-5)


def test_perfect_and_unsearched_cells_stay_so() -> None:
    cells = searched_cells([1.0, 0.0], zone=[0, 1], zone_names=("A", "B"))
    claims = draw_claims(cells, exposures_of([1.0, 0.0]), Uncertainty(FixedPrior(0.5), (1.0,)))
    assert claims.zone_sensitivity[:, 0].min() == 1.0
    assert claims.zone_sensitivity[:, 1].max() == 0.0


def test_a_seed_gives_the_same_draws_and_inputs_have_their_own_streams() -> None:
    cells, exposures = world(3)
    belief = BetaPrior(0.7, 10)
    first = draw_claims(cells, exposures, Uncertainty(belief, (0.3, 0.3), seed=5))
    again = draw_claims(cells, exposures, Uncertainty(belief, (0.3, 0.3), seed=5))
    other = draw_claims(cells, exposures, Uncertainty(belief, (0.3, 0.3), seed=6))
    assert np.array_equal(first.posterior, again.posterior)
    assert not np.array_equal(first.posterior, other.posterior)
    one, lone = world(3, groups=1)
    fewer = draw_claims(one, lone, Uncertainty(belief, (0.3,), seed=5))
    assert np.array_equal(first.prior, fewer.prior)


def test_more_doubt_widens_the_interval_around_the_estimate() -> None:
    cells, exposures = world(11, cells=400)
    plain = estimate(cells, prior=0.6, design_prevalence=2).posterior
    widths = []
    for sd in (0.05, 0.15, 0.4):
        unsure = Uncertainty(FixedPrior(0.6), (sd, sd), draws=2000, seed=1)
        low, high = draw_claims(cells, exposures, unsure, design_prevalence=2).interval()
        assert low < plain < high
        widths.append(high - low)
    assert widths == sorted(widths)
    assert widths[2] > 3 * widths[0]


def test_the_interval_of_one_group_is_that_of_its_factor() -> None:
    # The posterior rises with the factor, so its quantile is the posterior at the factor's.
    s = np.linspace(0.05, 0.95, 40)
    unsure = Uncertainty(FixedPrior(0.5), (0.3,), draws=20_000, seed=2)
    low, high = draw_claims(searched_cells(s), exposures_of(s), unsure).interval()
    for bound, z in ((low, -1.6449), (high, 1.6449)):
        moved = 1 - (1 - s) ** math.exp(0.3 * z)
        wanted = estimate(searched_cells(moved), prior=0.5, design_prevalence=1).posterior
        assert bound == pytest.approx(wanted, abs=0.002)


def test_doubt_about_a_part_of_the_risk_moves_weight_between_zones() -> None:
    cells = searched_cells([0.9, 0.1], [8.0, 1.0], zone=[0, 1], zone_names=("A", "B"))
    unsure = Uncertainty(FixedPrior(0.5), (0.0,), (0.5,), draws=500)
    parts = np.log([[8.0, 1.0]])
    claims = draw_claims(cells, exposures_of([0.9, 0.1]), unsure, log_risk=parts)
    share = (claims.system_sensitivity - 0.1) / 0.8
    exponent = np.log(share / (1 - share)) / math.log(8.0)
    assert np.std(np.log(exponent)) == pytest.approx(0.5, rel=0.15)
    assert np.median(exponent) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(
    ("prior", "mean", "sd"),
    [
        (FixedPrior(0.3), 0.3, 0.0),
        (BetaPrior(0.3, 9), 0.3, math.sqrt(0.3 * 0.7 / 10)),
        (TriangularPrior(0.2, 0.3, 0.7), 0.4, math.sqrt((0.49 + 0.09 + 0.04 - 0.41) / 18)),
        (TriangularPrior(0.3, 0.3, 0.3), 0.3, 0.0),
        (BetaPrior(1.0, 5), 1.0, 0.0),
    ],
)
def test_priors_have_their_mean_and_spread(prior: Any, mean: float, sd: float) -> None:
    drawn = prior.sample(np.random.default_rng(1), 40_000)
    assert drawn.mean() == pytest.approx(mean, abs=0.005)
    assert drawn.std() == pytest.approx(sd, abs=0.005)


@pytest.mark.parametrize(
    "bad",
    [
        {"prior": FixedPrior(1.2)},
        {"prior": FixedPrior(math.nan)},
        {"prior": BetaPrior(0.5, 0.0)},
        {"prior": BetaPrior(-0.5, 3)},
        {"prior": TriangularPrior(0.5, 0.4, 0.9)},
        {"prior": TriangularPrior(0.5, 0.9, math.nan)},
        {"sd_log": (-0.1,)},
        {"sd_log": (math.nan,)},
        {"risk_sd_log": (math.inf,)},
        {"draws": 0},
        {"seed": -1},
    ],
)
def test_impossible_beliefs_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Uncertainty(**{"prior": FixedPrior(0.5), "sd_log": (0.3,), **bad})
