"""The draw can be repeated by hand, the checkers are others, and rates follow the finds."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.confidence.crosschecks import (
    assign_units,
    both_teams,
    draw_cells,
    draw_key,
    update_rate,
)
from geoinspect.confidence.rates import beta_cdf
from geoinspect.errors import UsageError

weights = st.lists(st.floats(0, 100).map(lambda v: round(v, 2)), min_size=1, max_size=60)


@given(weights, st.floats(0.01, 1), st.text(max_size=10), st.randoms(use_true_random=False))
def test_the_draw_does_not_depend_on_the_order(
    risks: list[float], share: float, seed: str, random: Any
) -> None:
    cells = [f"{i}_7" for i in range(len(risks))]
    drawn = draw_cells(cells, risks, share=share, seed=seed)
    heavy = sum(risk > 0 for risk in risks)
    assert len(drawn) == math.ceil(share * heavy - 1e-9)
    mixed = list(zip(cells, risks, strict=True))
    random.shuffle(mixed)
    names, values = zip(*mixed, strict=True)
    assert draw_cells(names, values, share=share, seed=seed) == drawn
    risk_of = dict(mixed)
    assert all(risk_of[d.cell] > 0 for d in drawn)
    assert [d.key for d in drawn] == sorted((d.key for d in drawn), reverse=True)


def test_the_draw_can_be_repeated_on_paper() -> None:
    number = int(hashlib.sha256(b"2027-05-01:12_34").hexdigest()[:16], 16) >> 11
    assert draw_key("2027-05-01", "12_34", 2.5) == math.log((number + 0.5) / 2**53) / 2.5
    # Fixed for good: a draw that was shown must come out the same in later versions.
    drawn = draw_cells([f"{i}_0" for i in range(40)], [1.0] * 40, seed="天目-2027")
    assert [d.cell for d in drawn] == ["34_0", "31_0", "15_0", "23_0"]


def test_ten_per_cent_of_thirty_is_three() -> None:
    assert len(draw_cells([str(i) for i in range(30)], [1.0] * 30, seed="s")) == 3
    assert len(draw_cells([str(i) for i in range(31)], [1.0] * 31, seed="s")) == 4
    hundred = [str(i) for i in range(100)]
    assert len(draw_cells(hundred, [1.0] * 100, share=0.07, seed="s")) == 7
    assert draw_cells(["a"], [0.0], seed="s") == ()


def test_first_draws_follow_the_risk() -> None:
    risks = np.array([1.0, 2.0, 3.0, 6.0])
    first = Counter(
        draw_cells("abcd", risks, share=0.1, seed=str(seed))[0].cell for seed in range(4000)
    )
    for cell, risk in zip("abcd", risks, strict=True):
        share = risk / risks.sum()
        assert first[cell] / 4000 == pytest.approx(share, abs=4 * math.sqrt(share / 4000))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(2, 5))
def test_another_unit_checks_and_loads_are_level(owners: list[int], n_units: int) -> None:
    units = [f"u{i}" for i in range(n_units)]
    cells = [f"c{i}" for i in range(len(owners))]
    cleared_by = {c: units[o % n_units] for c, o in zip(cells, owners, strict=True)}
    chosen = assign_units(cells, cleared_by, units)
    assert list(chosen) == cells
    assert all(chosen[c] != cleared_by[c] for c in cells)
    own = Counter(cleared_by.values())
    # Hall: no division does better than the mean load, nor than one unit's cells over the others.
    most_own = max(own.values())
    least = max(math.ceil(len(cells) / n_units), math.ceil(most_own / (n_units - 1)))
    assert max(Counter(chosen.values()).values()) == least
    assert assign_units(cells, cleared_by, units[::-1]) == chosen


def test_a_unit_does_not_check_itself() -> None:
    with pytest.raises(UsageError, match="no other unit"):
        assign_units(["c"], {"c": "u"}, ["u"])
    assert assign_units(["c"], {"c": "gone"}, ["u"]) == {"c": "u"}


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_rate_is_the_beta_of_the_finds(found: int, missed: int) -> None:
    rate = update_rate(found=found, missed=missed)
    assert (rate.a, rate.b) == (found + 0.5, missed + 0.5)
    assert beta_cdf(rate.low, rate.a, rate.b) == pytest.approx(0.05)
    assert beta_cdf(rate.high, rate.a, rate.b) == pytest.approx(0.95)
    assert rate.low < rate.mean < rate.high
    assert rate.too_few == (found + missed < 10)
    assert bool(rate.as_json()["notes"]) == rate.too_few
    worse = update_rate(found=found, missed=missed + 1)
    assert worse.mean < rate.mean


def test_a_belief_weighs_as_many_finds_as_it_says() -> None:
    rate = update_rate(found=6, missed=4, rate=0.9, strength=10)
    assert rate.mean == pytest.approx((9 + 6) / 20)
    assert update_rate(found=0, missed=0, rate=0.8).mean == pytest.approx(0.8)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_what_both_missed_is_chapmans(first_only: int, second_only: int, both: int) -> None:
    told = both_teams(first_only=first_only, second_only=second_only, both=both)
    # N̂ − seen, in the form that shows why it is 0 as soon as one team found all of the other's.
    assert told.missed == pytest.approx(first_only * second_only / (both + 1))
    assert told.total == pytest.approx(told.seen + told.missed)
    assert 0 <= told.low <= told.missed + 1e-9
    assert told.missed <= told.high + 1e-9
    assert told.too_few == (both < 7)
    mirrored = both_teams(first_only=second_only, second_only=first_only, both=both)
    assert (mirrored.missed, mirrored.first_rate) == (told.missed, told.second_rate)


def test_two_teams_of_known_skill_tell_the_number_left() -> None:
    random = np.random.default_rng(3)
    rows, held = [], 0
    for _ in range(400):
        one, two = random.random(100) < 0.7, random.random(100) < 0.6
        told = both_teams(
            first_only=int((one & ~two).sum()),
            second_only=int((two & ~one).sum()),
            both=int((one & two).sum()),
        )
        left = int((~one & ~two).sum())
        rows.append((told.missed - left, told.first_rate, told.second_rate))
        held += told.low <= left <= told.high
    bias, first, second = np.mean(rows, axis=0)
    assert abs(bias) < 1
    assert (first, second) == pytest.approx((0.7, 0.6), abs=0.02)
    # The number left varies itself, so the interval of its mean holds it a little less often.
    assert held / 400 > 0.85


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: draw_cells(["a"], [1.0], share=0.0, seed="s"),
        lambda: draw_cells(["a"], [1.0], share=1.1, seed="s"),
        lambda: draw_cells(["a"], [1.0], share=math.nan, seed="s"),
        lambda: draw_cells(["a"], [-1.0], seed="s"),
        lambda: draw_cells(["a"], [math.nan], seed="s"),
        lambda: draw_cells(["a", "b"], [1.0], seed="s"),
        lambda: draw_cells(["a", "a"], [1.0, 1.0], seed="s"),
        lambda: update_rate(found=-1, missed=0),
        lambda: update_rate(found=1, missed=0, rate=1.0),
        lambda: update_rate(found=1, missed=0, rate=0.5, strength=0.0),
        lambda: both_teams(first_only=1, second_only=-1, both=0),
    ],
)
def test_impossible_inputs_are_refused(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()
