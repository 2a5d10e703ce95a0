"""Laws of the claim, its edges, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.confidence.absence import (
    estimate,
    next_prior,
    part_prior,
    posterior,
    searched_cells,
)
from geoinspect.errors import GeoInspectError, InputError, UsageError

shares = st.floats(0, 1)
risks = st.floats(0, 50).map(lambda v: round(v, 3))
# Below 1 the last digit of a near-perfect search would decide; the vectors hold such cases.
prevalences = st.floats(1, 6)
rows = st.lists(
    st.tuples(shares, risks, st.integers(0, 2), st.integers(1, 40)), min_size=1, max_size=12
).filter(lambda drawn: sum(row[1] for row in drawn) > 0)
zone_risks = st.lists(st.floats(0.1, 20), min_size=3, max_size=3)
NAMES = ("A", "B", "C")


def made(drawn: list[tuple[float, float, int, int]], risk_of_zone: list[float]) -> Any:
    sensitivity, risk, zone, count = zip(*drawn, strict=True)
    return searched_cells(
        sensitivity, risk, zone=zone, zone_names=NAMES, zone_risk=risk_of_zone, count=count
    )


@given(rows, zone_risks, shares, prevalences, prevalences, shares)
def test_it_is_what_the_definitions_say_cell_by_cell(
    drawn: Any, risk_of_zone: Any, prior: float, design: float, spread: float, intro: float
) -> None:
    found = estimate(
        made(drawn, risk_of_zone),
        prior=prior,
        design_prevalence=design,
        zone_prevalence=spread,
        introduction=intro,
    )
    cells = [row for row in drawn for _ in range(row[3])]
    total = sum(risk * risk_of_zone[zone] for _, risk, zone, _ in cells)
    mean = missed = 0.0
    for z in range(3):
        inside = [row for row in cells if row[2] == z]
        risk_sum = sum(row[1] for row in inside)
        if risk_sum > 0:
            m = sum(row[0] * row[1] for row in inside) / risk_sum
            share = risk_sum * risk_of_zone[z] / total
            mean += (1 - max(0.0, 1 - m) ** design) * share
        lam = design * spread * risk_of_zone[z] / total
        missed += sum(lam * row[1] * (1 - row[0]) for row in inside)
    system = 1 - max(0.0, 1 - mean) ** spread
    assert found.system_sensitivity == pytest.approx(system, abs=1e-7)
    assert found.expected_missed == pytest.approx(missed, abs=1e-7)
    if system * (1 - prior) < 0.999:
        assert found.posterior == pytest.approx(prior / (1 - system * (1 - prior)), rel=1e-4)
    assert found.next_prior == pytest.approx(found.posterior * (1 - intro), abs=1e-12)
    assert 0 <= found.system_sensitivity <= 1
    assert prior <= found.posterior * (1 + 1e-12)
    assert found.posterior <= 1
    assert sum(zone.weight for zone in found.zones) == pytest.approx(1)


@given(rows, zone_risks, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_order_grouping_and_scale_of_risk_change_nothing(
    drawn: Any, risk_of_zone: Any, random: Any, factor: float
) -> None:
    usual = estimate(made(drawn, risk_of_zone), prior=0.4, design_prevalence=2)
    other = [(s, r * factor, z, 1) for s, r, z, n in drawn for _ in range(n)]
    random.shuffle(other)
    again = estimate(
        made(other, [r / factor for r in risk_of_zone]), prior=0.4, design_prevalence=2
    )
    assert again.posterior == pytest.approx(usual.posterior, abs=1e-9)
    assert again.expected_missed == pytest.approx(usual.expected_missed, abs=1e-9)
    assert [z.cells for z in again.zones] == [z.cells for z in usual.zones]
    assert [z.searched for z in again.zones] == [z.searched for z in usual.zones]


@given(rows, zone_risks, st.data(), st.floats(0.01, 0.99), st.floats(1, 5))
def test_more_search_never_lowers_the_claim(
    drawn: Any, risk_of_zone: Any, data: Any, prior: float, design: float
) -> None:
    i = data.draw(st.integers(0, len(drawn) - 1))
    better = list(drawn)
    better[i] = (data.draw(st.floats(drawn[i][0], 1)), *drawn[i][1:])
    before = estimate(made(drawn, risk_of_zone), prior=prior, design_prevalence=design)
    after = estimate(made(better, risk_of_zone), prior=prior, design_prevalence=design)
    assert after.posterior >= before.posterior - 1e-12
    assert after.expected_missed <= before.expected_missed + 1e-12


def test_edges_are_defined() -> None:
    perfect, nothing = searched_cells([1.0, 1.0]), searched_cells([0.0, 0.0])
    assert estimate(perfect, prior=0.0, design_prevalence=1).posterior == 0.0
    assert estimate(perfect, prior=1.0, design_prevalence=1).posterior == 1.0
    assert estimate(perfect, prior=0.3, design_prevalence=0.5).posterior == 1.0
    assert estimate(nothing, prior=1.0, design_prevalence=9).posterior == 1.0
    assert estimate(nothing, prior=0.3, design_prevalence=9).system_sensitivity == 0.0
    gone = estimate(perfect, prior=0.3, design_prevalence=1, introduction=1.0)
    assert gone.next_prior == 0.0


def test_a_zone_without_risk_has_no_sensitivity_and_no_weight() -> None:
    cells = searched_cells([0.5, 0.9], [1.0, 0.0], zone=[0, 1], zone_names=("A", "B"))
    found = estimate(cells, prior=0.5, design_prevalence=1)
    assert found.zones[1].as_json() == {
        "zone": "B",
        "cells": 1,
        "searched": 1,
        "weighted_sensitivity": None,
        "sensitivity": None,
        "weight": 0.0,
    }
    assert found.system_sensitivity == 0.5


@given(shares, st.lists(st.floats(0.01, 1), min_size=1, max_size=6))
def test_priors_of_the_parts_multiply_to_the_whole(prior: float, parts: list[float]) -> None:
    share = np.array(parts) / sum(parts)
    assert math.prod(part_prior(prior, share)) == pytest.approx(prior, rel=1e-9)


@given(shares, shares)
def test_the_posterior_is_bayes_rule(prior: float, sensitivity: float) -> None:
    missed = prior + (1 - prior) * (1 - sensitivity)
    wanted = prior / missed if missed > 0 else 0.0
    assert float(posterior(prior, sensitivity)) == pytest.approx(wanted, rel=1e-6)
    assert next_prior(prior, sensitivity) == pytest.approx(prior * (1 - sensitivity), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sensitivity": [0.1, 1.5]}, "k2"),
        ({"sensitivity": [-0.1, 0.5]}, "k1"),
        ({"sensitivity": [0.1, math.nan]}, "absent"),
        ({"sensitivity": [0.1, math.inf]}, "k2"),
        ({"sensitivity": [0.1, 0.2], "risk": [1, -2]}, "k2"),
        ({"sensitivity": [0.1, 0.2], "risk": [math.inf, 1]}, "k1"),
        ({"sensitivity": [0.1, 0.2], "risk": [0, 0]}, "risks of all cells"),
        ({"sensitivity": [0.1, 0.2], "risk": [1e308, 1e308]}, "overflow"),
        ({"sensitivity": [0.1, 0.2], "zone_risk": [-1]}, "zone all"),
        ({"sensitivity": [0.1, 0.2], "zone_risk": [math.nan]}, "zone all"),
        ({"sensitivity": [0.1, 0.2], "count": [1, 0]}, "k2"),
    ],
)
def test_bad_cells_are_refused_by_name(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        searched_cells(**given, names=["k1", "k2"])
    assert told in caught.value.text.en


def test_no_cells_are_refused() -> None:
    with pytest.raises(InputError):
        searched_cells([])


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("what", ["prior", "introduction"])
def test_bad_probabilities_are_refused(what: str, bad: float) -> None:
    with pytest.raises(UsageError, match=what):
        estimate(searched_cells([0.5]), **{"prior": 0.5, "design_prevalence": 1, what: bad})


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("what", ["design_prevalence", "zone_prevalence"])
def test_bad_prevalences_are_refused(what: str, bad: float) -> None:
    with pytest.raises(GeoInspectError, match=what.replace("_", " ")):
        estimate(searched_cells([0.5]), **{"prior": 0.5, "design_prevalence": 1, what: bad})
