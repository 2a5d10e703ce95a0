"""Counts from quadrats: exact cases, laws, independent figures, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from geoinspect.cases.counting import count_quadrats, plain_count, quadrats_needed
from geoinspect.errors import UsageError

counts_of = st.lists(st.integers(0, 60), min_size=1, max_size=30)
EVEN = [4, 6, 5, 3, 7, 5, 4, 6]
CLUMPED = [30, 0, 45, 12, 80, 2, 0, 9, 14, 33]


def test_a_plain_count_has_no_interval() -> None:
    found = plain_count(612)
    assert (found.low, found.plants, found.high, found.method) == (612, 612, 612, "plain")
    assert found.per_m2 is None


@settings(deadline=None)
@given(counts_of, st.floats(0.25, 4), st.floats(1.0, 500))
def test_the_figure_is_mean_density_times_area_and_lies_inside(
    counts: list[int], quadrat_m2: float, times: float
) -> None:
    area_m2 = len(counts) * quadrat_m2 * times
    found = count_quadrats(counts, quadrat_m2, area_m2)
    assert found.plants == pytest.approx(sum(counts) / len(counts) / quadrat_m2 * area_m2)
    assert found.per_m2 == pytest.approx(sum(counts) / (len(counts) * quadrat_m2))
    # What was counted stands there, whatever the statistics say.
    assert sum(counts) <= found.low <= found.plants * (1 + 1e-12)
    assert found.plants * (1 - 1e-12) <= found.high < math.inf
    assert found.method != "plain" or times < 1.00001


@settings(deadline=None)
@given(counts_of)
def test_the_whole_ground_counted_is_exact(counts: list[int]) -> None:
    found = count_quadrats(counts, 0.1, 0.1 * len(counts))
    assert found.low == found.plants == found.high == sum(counts)
    assert found.method == "plain"


@settings(deadline=None)
@given(counts_of, st.randoms(use_true_random=False), st.floats(0.5, 2), st.floats(1.5, 100))
def test_order_and_unit_do_not_count(
    counts: list[int], random: Any, scale: float, times: float
) -> None:
    other = list(counts)
    random.shuffle(other)
    a = count_quadrats(counts, 1.0, len(counts) * times)
    b = count_quadrats(other, scale, len(counts) * times * scale)
    assert (a.low, a.high) == pytest.approx((b.low, b.high), rel=1e-6)


@settings(deadline=None)
@given(counts_of, st.floats(1.5, 50), st.floats(1.1, 20))
def test_the_more_of_the_ground_is_counted_the_narrower(
    counts: list[int], times: float, more: float
) -> None:
    some = count_quadrats(counts, 1.0, len(counts) * times * more)
    most = count_quadrats(counts, 1.0, len(counts) * times)
    if some.plants:
        assert most.high / most.plants <= some.high / some.plants + 1e-9
        assert most.low / most.plants >= some.low / some.plants - 1e-9


@settings(deadline=None)
@given(counts_of.filter(lambda c: len(c) > 1 and sum(c) > 0))
def test_a_higher_level_is_wider(counts: list[int]) -> None:
    area = 40.0 * len(counts)
    narrow, wide = count_quadrats(counts, 1, area, 0.8), count_quadrats(counts, 1, area, 0.99)
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


def test_one_quadrat_has_the_score_interval_of_a_poisson_count() -> None:
    found = count_quadrats([40], 1.0, 1e8)
    # The ends are where the count lies 1.96 standard deviations away.
    for end in (found.low, found.high):
        mean = end / 1e8
        assert abs(40 - mean) / math.sqrt(mean) == pytest.approx(1.959964, rel=1e-5)
    assert "一个" in found.why.zh or "1 个" in found.why.zh
    assert found.dispersion is None


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0.02, 0.98))
def test_the_ends_of_even_counts_are_those_of_the_binomial_score_test(
    total: int, share: float
) -> None:
    found = count_quadrats([total], 1.0, 1 / share)
    for end, clipped in ((found.low, found.low <= total * (1 + 1e-9)), (found.high, False)):
        if not clipped:
            z = (total - end * share) / math.sqrt(end * share * (1 - share))
            assert abs(z) == pytest.approx(1.959964, rel=1e-5)


def test_no_plant_in_any_quadrat_leaves_an_upper_end() -> None:
    found = count_quadrats([0] * 10, 1.0, 1000.0)
    assert (found.plants, found.low) == (0, 0)
    # Between the exact one-sided bounds of 95 % and 98 % for a Poisson count of nought.
    assert 3.0 < found.high / 100 < 3.91
    assert "没有" in found.why.zh


def test_even_counts_are_taken_for_even_and_clumped_for_clumped() -> None:
    assert count_quadrats(EVEN, 1, 400).method == "poisson"
    assert count_quadrats([5] * 8, 1, 400).method == "poisson"
    found = count_quadrats(CLUMPED, 1, 400)
    assert found.method == "negative_binomial"
    assert found.dispersion == pytest.approx(np.var(CLUMPED, ddof=1) / np.mean(CLUMPED))
    assert f"{found.dispersion:.1f}" in found.why.en


@pytest.mark.parametrize("counts", [CLUMPED, [0, 0, 3, 1, 9, 0, 2], [900, 40, 2600, 310, 77]])
def test_the_clumped_interval_is_that_of_the_profile_likelihood(counts: list[int]) -> None:
    # The same cut found by scipy's negative binomial and a bounded search over k.
    n, mean = len(counts), sum(counts) / len(counts)

    def profile(mu: float) -> float:
        def loss(log_k: float) -> float:
            k = math.exp(log_k)
            return -float(stats.nbinom.logpmf(counts, k, k / (k + mu)).sum())

        found = [
            optimize.minimize_scalar(
                loss, bounds=(a, a + 4), method="bounded", options={"xatol": 1e-8}
            )
            for a in range(-10, 6, 2)
        ]
        return -min(float(f.fun) for f in found)

    t = stats.t.ppf(0.975, n - 1)
    drop = n * math.log1p(t * t / (n - 1)) / 2
    area = 1e6 * n
    found = count_quadrats(counts, 1, area)
    for end in (found.low, found.high):
        assert profile(mean) - profile(mean * end / found.plants) == pytest.approx(drop, rel=2e-3)


def test_a_clumped_interval_of_three_quarters_of_the_ground_is_half_as_wide() -> None:
    wide = count_quadrats(CLUMPED, 1, 1e9)
    near = count_quadrats(CLUMPED, 1, len(CLUMPED) / 0.75)
    assert math.log(near.high / near.plants) == pytest.approx(
        math.log(wide.high / wide.plants) / 2, rel=1e-4
    )


def test_two_wild_quadrats_are_told_to_be_too_few() -> None:
    found = count_quadrats([0, 50], 1, 400)
    assert found.high <= 1000 * found.plants
    assert "增加样方" in found.why.zh
    assert "count more" in found.why.en
    assert "count more" not in count_quadrats(CLUMPED * 4, 1, 4000).why.en


def test_huge_counts_stay_finite() -> None:
    for counts in ([10**9] * 5, [10**9, 0, 1], [10**6, 10**6 + 9000, 10**6 - 9000]):
        found = count_quadrats(counts, 0.01, 1e9)
        assert 0 < found.low < found.plants < found.high < math.inf


def test_whole_floats_and_numpy_numbers_are_taken() -> None:
    plain = count_quadrats(EVEN, 1, 400)
    assert count_quadrats([float(c) for c in EVEN], 1, 400) == plain
    assert count_quadrats(list(np.array(EVEN)), 1, 400) == plain


@pytest.mark.parametrize(
    ("counts", "quadrat_m2", "area_m2", "level"),
    [
        ([], 1, 100, 0.95),
        ("12", 1, 100, 0.95),
        ([1.5], 1, 100, 0.95),
        ([-1], 1, 100, 0.95),
        ([math.nan], 1, 100, 0.95),
        ([math.inf], 1, 100, 0.95),
        ([True], 1, 100, 0.95),
        (["3"], 1, 100, 0.95),
        ([None], 1, 100, 0.95),
        ([10**10], 1, 100, 0.95),
        ([10**400], 1, 100, 0.95),
        ([1] * 10_001, 0.01, 1e6, 0.95),
        ([1, 2], 0, 100, 0.95),
        ([1, 2], -1, 100, 0.95),
        ([1, 2], math.nan, 100, 0.95),
        ([1, 2], 1, math.nan, 0.95),
        ([1, 2], 1, math.inf, 0.95),
        ([1, 2], 1, 1e300, 0.95),
        ([1, 2], 1e-300, 100, 0.95),
        ([1, 2], "1", 100, 0.95),
        ([1, 2], 1, None, 0.95),
        ([1, 2], 1, 100, 1.0),
        ([1, 2], 1, 100, 0.0),
        ([1, 2], 1, 100, math.nan),
        ([1, 2], 1, 100, "0.95"),
    ],
)
def test_what_cant_be_is_refused(counts: Any, quadrat_m2: Any, area_m2: Any, level: Any) -> None:
    with pytest.raises(UsageError):
        count_quadrats(counts, quadrat_m2, area_m2, level)


def test_more_quadrats_than_ground_are_refused_with_both_areas() -> None:
    with pytest.raises(
        UsageError, match=r"11 quadrats are 11 m², more than the planted area of 10"
    ) as e:
        count_quadrats([1] * 11, 1, 10)
    assert e.value.code == "quadrats_exceed_area"


@pytest.mark.parametrize("plants", [-1, 1.5, math.nan, math.inf, "5", None, True])
def test_a_plain_count_that_cant_be_is_refused(plants: Any) -> None:
    with pytest.raises(UsageError):
        plain_count(plants)


def test_advice_asks_for_more_where_plants_are_clumped() -> None:
    even, clumped = quadrats_needed(EVEN, 1, 4000), quadrats_needed(CLUMPED, 1, 4000)
    assert clumped > even
    assert quadrats_needed(EVEN, 1, 4000, within=0.1) > even
    assert quadrats_needed(CLUMPED, 1, 30) <= 30
    # Poisson of mean 5: t²/(5 n) = 0.04 at n of about 22.
    assert 18 <= even <= 26


@pytest.mark.parametrize(
    ("counts", "within"), [([0, 0], 0.2), ([5], 0.2), (EVEN, 0), (EVEN, math.nan)]
)
def test_advice_without_a_pilot_is_refused(counts: list[int], within: float) -> None:
    with pytest.raises(UsageError):
        quadrats_needed(counts, 1, 400, within)
