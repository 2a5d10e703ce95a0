"""Intervals of quadrat counts hold the truth as often as they say: the short form of the campaign."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from quadrat_table import HALF, LARGE, clumps, mixed, score


@pytest.mark.parametrize("times", [LARGE, HALF])
@pytest.mark.parametrize(("n", "mean"), [(3, 5.0), (5, 10.0), (8, 2.0), (20, 1.0), (60, 0.5)])
def test_even_counts_are_held_as_often_as_said(n: int, mean: float, times: int) -> None:
    found = score(mixed(mean, math.inf, n, times), n, n * times, 1500, seed=1)
    # 93 to 97 %, and three standard errors of so many grounds.
    assert 0.93 - 0.017 <= found.ours <= 0.97 + 0.013


@pytest.mark.parametrize(("n", "k"), [(8, 0.5), (12, 0.3), (12, 2.0), (20, 1.0)])
def test_clumped_counts_are_held_where_the_usual_intervals_fail(n: int, k: float) -> None:
    found = score(mixed(5.0, k, n, LARGE), n, n * LARGE, 600, seed=2)
    assert found.ours >= 0.925
    assert found.ours > found.poisson + 0.15
    assert found.ours >= found.student


def test_plants_put_down_in_clumps_one_by_one_are_held() -> None:
    found = score(clumps(12, 5, 40, 1.0), 12, 400, 500, seed=3)
    assert found.ours >= 0.92
    assert found.clumped > 0.9


def test_mild_clumps_in_few_quadrats_are_the_known_weakness() -> None:
    # What the document admits; when this holds the truth too, the document must be mended.
    found = score(mixed(5.0, 0.5, 3, LARGE), 3, 3 * LARGE, 600, seed=4)
    assert 0.75 <= found.ours < 0.92
