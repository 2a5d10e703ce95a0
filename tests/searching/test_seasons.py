"""In short what docs/confidence.md shows at length: claims are as often right as they say."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from season_tables import tables, written
from season_truth import CURVES, finding, inverse_cube_factor, missed
from season_walks import PLANNED, RANDOM, WAYS
from seasons import POD, RIGHT, TOWNSHIPS, Bins, Told, live

# Of some thousand claims in a bin, from a few counties only.
NOISE = 0.03


@pytest.fixture(scope="module")
def told() -> Told:
    return live(6, seed=500)


def pooled(told: Told, what: str, ways: tuple[str, ...], curves: tuple[str, ...] = CURVES) -> Bins:
    return sum((told.bins[what, way, c] for way in ways for c in curves), start=Bins())


def test_claims_of_random_walks_are_as_often_right_as_they_say(told: Told) -> None:
    bins = pooled(told, RIGHT, tuple(RANDOM))
    assert bins.judged.sum() >= 9
    assert np.nanmax(np.abs(bins.over)) <= NOISE


@pytest.mark.parametrize("curve", CURVES)
def test_no_search_is_claimed_too_well(told: Told, curve: str) -> None:
    for ways in (tuple(RANDOM), tuple(PLANNED), ("blocks", "mixtures")):
        bins = pooled(told, RIGHT, ways, (curve,))
        assert bins.judged.any()
        assert np.nanmax(bins.over) <= NOISE


def test_townships_are_never_claimed_too_well(told: Told) -> None:
    bins = pooled(told, TOWNSHIPS, tuple(WAYS))
    assert np.nanmax(bins.over) <= NOISE


def test_effort_alone_would_claim_too_much_of_lines_walked_again_and_again(told: Told) -> None:
    again = pooled(told, POD, ("sweeps repeated",), ("definite",))
    ours = pooled(told, RIGHT, ("sweeps repeated",), ("definite",))
    assert np.nanmax(again.over) > 0.04
    assert np.nanmax(ours.over) < 0.02


def test_a_width_taken_too_wide_claims_too_much(told: Told) -> None:
    wide = pooled(told, "30 % too wide", tuple(RANDOM))
    narrow = pooled(told, "30 % too narrow", tuple(RANDOM))
    assert np.nanmean(wide.over) > 0.01
    assert np.nanmean(narrow.over) < -0.01


@pytest.mark.parametrize("curve", range(len(CURVES)), ids=CURVES)
def test_every_curve_has_the_sweep_width(curve: int) -> None:
    x = (np.arange(24_000) + 0.5) / 24_000 * 120.0
    found = [finding(curve, float(d), 20.0, inverse_cube_factor()) for d in x]
    assert 2 * np.mean(found) * 120.0 == pytest.approx(20.0, rel=2e-3)
    # Beyond the horizon nothing is known to be lost: without it the factor is 1/(4π).
    assert inverse_cube_factor() == pytest.approx(1 / (4 * math.pi), rel=0.06)


def test_passing_a_point_is_told_by_its_nearest_moment() -> None:
    straight = np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]])
    points = np.array([[50.0, 7.0], [20.0, -4.0], [120.0, 3.0], [-1.0, 0.0]])
    miss = missed(points, [straight], 20.0)[1]
    expected = [1 - math.exp(-math.pi * (d / 20.0) ** 2) for d in (7.0, 4.0)]
    np.testing.assert_allclose(miss, [*expected, 1.0, 1.0])
    # Outside a bend the corner is nearest; inside it, the nearer leg, and only once.
    bend = np.array([[-100.0, 0.0], [0.0, 0.0], [0.0, 100.0]])
    miss = missed(np.array([[3.0, -4.0], [-6.0, 2.0]]), [bend], 20.0)[1]
    expected = [1 - math.exp(-math.pi * (d / 20.0) ** 2) for d in (5.0, 2.0)]
    np.testing.assert_allclose(miss, expected)
    # Two walks are two passes.
    twice = missed(points[:1], [straight, straight[::-1].copy()], 20.0)[1]
    np.testing.assert_allclose(twice, [(1 - math.exp(-math.pi * 0.35**2)) ** 2])


def test_the_figures_are_put_between_their_marks(told: Told) -> None:
    text = tables(told, "command")
    page = "before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n"
    again = written(written(page, text), text)
    assert again == written(page, text)
    assert again.startswith("before\n<!-- figures -->\n\n`command`: 6 counties")
    assert again.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in again
