"""Effort over several zones: against the one-zone form, the estimate itself, and other divisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.confidence.absence import estimate, searched_cells
from geoinspect.confidence.needed import EffortCurve, Need, Pace, effort_curve, needed
from geoinspect.confidence.needed_zones import needed_over_zones

PACE = Pace(20.0, 2.0, 4.0)
ZONES = 3


class World:
    """Three zones of unequal risk, one of them searched well already."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        n = 18
        self.zone = np.arange(n) % ZONES
        self.risk = random.gamma(0.7, 1.0, n) + 0.01
        self.zone_risk = random.gamma(1.0, 1.0, ZONES) + 0.05
        self.sensitivity = random.uniform(0, 0.4, n) + 0.5 * (self.zone == 0)
        self.area_m2 = random.uniform(1000, 10_000, n)

    def cells(self, sensitivity: Any) -> Any:
        return searched_cells(
            sensitivity, self.risk, zone=self.zone, zone_names="abc", zone_risk=self.zone_risk
        )

    def curves(self) -> list[EffortCurve]:
        return [
            effort_curve(
                self.risk[self.zone == z],
                self.sensitivity[self.zone == z],
                self.area_m2[self.zone == z],
                width_m=PACE.width_m,
            )
            for z in range(ZONES)
        ]

    def posterior_of(self, prior: float, design: float, spread: float, split: Any) -> float:
        """Return the claim after so many metres in each zone, by the estimate itself."""
        sensitivity = self.sensitivity.copy()
        for z, curve in enumerate(self.curves()):
            metres = curve.allocation(split[z])
            inside = self.zone == z
            missed = np.exp(-PACE.width_m * metres / self.area_m2[inside])
            sensitivity[inside] = 1 - (1 - sensitivity[inside]) * missed
        return estimate(
            self.cells(sensitivity), prior=prior, design_prevalence=design, zone_prevalence=spread
        ).posterior

    def need(self, prior: float, target: float, design: float, spread: float = 1.0) -> Need:
        return needed_over_zones(
            self.curves(),
            self.cells(self.sensitivity).zone_weights,
            PACE,
            prior=prior,
            target=target,
            design_prevalence=design,
            zone_prevalence=spread,
        )


@given(st.integers(0, 10**6), st.floats(0.1, 0.9), st.floats(0.1, 0.999))
@settings(max_examples=10, deadline=None)
def test_at_prevalence_one_it_is_the_pooled_form(seed: int, prior: float, target: float) -> None:
    world = World(seed)
    weight = world.risk * world.zone_risk[world.zone]
    pooled = effort_curve(weight, world.sensitivity, world.area_m2, width_m=PACE.width_m)
    one, other = (
        needed(pooled, PACE, prior=prior, target=target),
        world.need(prior, target, 1.0),
    )
    assert other.metres == pytest.approx(one.metres, rel=1e-6, abs=1e-6)
    for name in ("posterior_now", "posterior_best", "posterior_one_day_more"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-9)


@given(
    st.integers(0, 10**6),
    st.floats(0.1, 0.9),
    st.floats(0.5, 0.99),
    st.sampled_from([0.5, 2.0, 5.0]),
    st.sampled_from([1.0, 2.0]),
)
@settings(max_examples=8, deadline=None)
def test_no_division_of_the_metres_claims_more(
    seed: int, prior: float, target: float, design: float, spread: float
) -> None:
    world = World(seed)
    need = world.need(prior, target, design, spread)
    now = world.posterior_of(prior, design, spread, [0, 0, 0])
    assert need.posterior_now == pytest.approx(now, abs=1e-9)
    assert need.reachable
    if need.metres == 0:
        assert now >= target - 1e-9
        return
    random = np.random.default_rng(seed)
    best = 0.0
    for share in [*random.dirichlet(np.ones(ZONES), 60), *np.eye(ZONES)]:
        claim = world.posterior_of(prior, design, spread, need.metres * share)
        assert claim <= target + 1e-7
        best = max(best, claim)
        day = world.posterior_of(prior, design, spread, PACE.day_m * share)
        assert day <= need.posterior_one_day_more + 1e-7
    # Some of so many divisions come near, so the least metres are not too few either.
    assert best == pytest.approx(target, abs=0.05)


def test_one_zone_is_the_one_zone_form_at_any_prevalence() -> None:
    world = World(5)
    curve = world.curves()[1]
    alone = needed_over_zones(
        [curve], [1.0], PACE, prior=0.4, target=0.9, design_prevalence=3, zone_prevalence=2
    )
    plain = needed(curve, PACE, prior=0.4, target=0.9, prevalence=6.0)
    assert alone.metres == pytest.approx(plain.metres, rel=1e-9)
    assert alone.posterior_one_day_more == pytest.approx(plain.posterior_one_day_more)


def test_shut_zones_are_left_and_unreachable_is_said() -> None:
    world = World(6)
    shut = effort_curve([1.0], [0.3], [1e4], width_m=PACE.width_m, ceiling=[0.3])
    free = world.curves()[2]
    told = needed_over_zones(
        [shut, free], [0.5, 0.5], PACE, prior=0.5, target=0.95, design_prevalence=1
    )
    assert (told.reachable, told.metres) == (False, None)
    assert told.posterior_best == pytest.approx(0.5 / (1 - 0.5 * 0.65))
    near = needed_over_zones(
        [shut, free], [0.5, 0.5], PACE, prior=0.5, target=0.65, design_prevalence=1
    )
    assert near.reachable
    nothing = needed_over_zones([shut], [1.0], PACE, prior=0.5, target=0.9, design_prevalence=2)
    assert nothing.posterior_one_day_more == nothing.posterior_now
