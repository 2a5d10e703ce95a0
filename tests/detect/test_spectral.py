from __future__ import annotations

from functools import reduce
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.spectral import (
    Background,
    Levels,
    Moments,
    ace,
    background_of,
    matched_filter,
    rx,
)
from geoinspect.errors import UsageError

SEEDS = st.integers(0, 2**32 - 1)


def mixing(rng: np.random.Generator, bands: int) -> np.ndarray:
    """A matrix that turns and stretches, by no more than 4 : 1."""
    turn, _ = np.linalg.qr(rng.normal(size=(bands, bands)))
    back, _ = np.linalg.qr(rng.normal(size=(bands, bands)))
    return turn * rng.uniform(0.5, 2, bands) @ back


def scene(
    seed: int, bands: int = 5, shape: tuple[int, int] = (24, 31)
) -> tuple[np.ndarray, np.ndarray]:
    """Correlated bands as 16-bit counts, and a mask that leaves out about a fifth."""
    rng = np.random.default_rng(seed)
    mix = mixing(rng, bands)
    values = np.einsum("ij,jhw->ihw", mix, rng.normal(size=(bands, *shape)))
    pixels = np.clip(np.rint(20_000 + 1_500 * values), 0, 65_535).astype(np.uint16)
    return pixels, rng.random(shape) > 0.2


def moments(pixels: np.ndarray, valid: np.ndarray, levels: Levels | None = None) -> Moments:
    levels = levels or Levels.of_dtype(pixels.dtype, len(pixels))
    assert levels is not None
    return Moments.of_block(pixels, valid, levels)


def plain(pixels: np.ndarray, valid: np.ndarray) -> Background:
    made = background_of(moments(pixels, valid), shrinkage=0.0)
    assert made is not None
    return made


def by_definition(pixels: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and inverse covariance by numpy, from a list of pixels."""
    listed = pixels[:, valid].T.astype(np.float64)
    return listed.mean(axis=0), np.linalg.inv(np.cov(listed.T))


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_moments_are_numpys(seed: int) -> None:
    pixels, valid = scene(seed)
    listed = pixels[:, valid].astype(np.float64)
    found = moments(pixels, valid)
    assert found.count == valid.sum()
    assert np.allclose(found.mean(), listed.mean(axis=1), rtol=1e-12)
    assert np.allclose(found.covariance(), np.cov(listed), rtol=1e-9)


@given(SEEDS, st.lists(st.integers(0, 24), max_size=3), st.lists(st.integers(0, 31), max_size=3))
@settings(max_examples=40, deadline=None)
def test_any_cut_in_any_order_gives_the_same_bits(
    seed: int, rows: list[int], cols: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(0.3, 0.1, size=(4, 24, 31)).astype(np.float32)
    valid = rng.random((24, 31)) > 0.3
    levels = Levels.of_range([-0.2] * 4, [0.8] * 4)
    whole = moments(pixels, valid, levels)
    edges_r, edges_c = sorted({0, *rows, 24}), sorted({0, *cols, 31})
    parts = [
        moments(pixels[:, a:b, c:d], valid[a:b, c:d], levels)
        for a, b in pairwise(edges_r)
        for c, d in pairwise(edges_c)
    ]
    rng.shuffle(parts)
    assert reduce(Moments.__add__, parts) == whole
    background = background_of(whole)
    assert background is not None
    score = rx(pixels, valid, background)
    for a, b in pairwise(edges_r):
        for c, d in pairwise(edges_c):
            part = rx(pixels[:, a:b, c:d], valid[a:b, c:d], background)
            assert part.tobytes() == np.ascontiguousarray(score[a:b, c:d]).tobytes()


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_scores_are_the_textbooks(seed: int) -> None:
    pixels, valid = scene(seed)
    target = np.random.default_rng(seed + 1).uniform(5_000, 40_000, len(pixels))
    mean, inverse = by_definition(pixels, valid)
    apart = pixels.astype(np.float64) - mean[:, None, None]
    distance = np.einsum("ihw,ij,jhw->hw", apart, inverse, apart)
    away = target - mean
    along = np.einsum("i,ij,jhw->hw", away, inverse, apart)
    own = away @ inverse @ away
    background = plain(pixels, valid)
    for found, expected in (
        (rx(pixels, valid, background), distance),
        (matched_filter(pixels, valid, background, target), along / own),
        (ace(pixels, valid, background, target), along**2 / (own * distance)),
        (
            ace(pixels, valid, background, target, signed=True),
            np.sign(along) * along**2 / (own * distance),
        ),
    ):
        assert np.isnan(found[~valid]).all()
        assert np.allclose(found[valid], expected[valid], rtol=1e-4, atol=1e-5)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_rx_does_not_change_with_any_affine_change_of_the_bands(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels, valid = scene(seed)
    values = pixels / 20_000.0
    moved = np.einsum("ij,jhw->ihw", mixing(rng, 5), values) + rng.normal(size=(5, 1, 1))

    def score(at: np.ndarray) -> np.ndarray:
        levels = Levels.of_range(at.min(axis=(1, 2)).tolist(), at.max(axis=(1, 2)).tolist())
        background = background_of(moments(at, valid, levels), shrinkage=0.0)
        assert background is not None
        assert background.shrinkage == 0
        return rx(at, valid, background)[valid]

    assert np.allclose(score(values), score(moved), rtol=5e-3, atol=1e-3)


@given(SEEDS, st.floats(0.05, 20), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_the_estimated_shrinkage_does_not_mind_the_units(
    seed: int, gain: float, offset: float
) -> None:
    pixels, valid = scene(seed, bands=4)
    changed = pixels / 65_535.0
    changed[1] = changed[1] * gain + offset
    low, high = changed.min(axis=(1, 2)).tolist(), changed.max(axis=(1, 2)).tolist()
    first = background_of(moments(pixels, valid))
    second = background_of(moments(changed, valid, Levels.of_range(low, high)))
    assert first is not None
    assert second is not None
    assert second.shrinkage == pytest.approx(first.shrinkage, rel=0.05, abs=1e-4)
    assert np.allclose(
        rx(pixels, valid, first)[valid], rx(changed, valid, second)[valid], rtol=2e-2, atol=1e-2
    )


def test_levels_are_rounded_and_held_at_their_ends() -> None:
    levels = Levels((10.0,), (2.0,))
    pixels = np.array([[[10.9, 11.1, 13.9, -500, 1e9]]])
    found = moments(pixels, np.ones((1, 5), dtype=bool), levels)
    assert found.sums == (0 + 1 + 2 + 0 + 65_535,)
    assert found.products == ((0 + 1 + 4 + 0 + 65_535**2,),)


@pytest.mark.parametrize("n", [12, 40, 600])
def test_the_estimated_share_is_the_oracle_approximating_one(n: int) -> None:
    pixels, valid = scene(9, bands=4)
    valid.reshape(-1)[np.flatnonzero(valid)[n:]] = False
    background = background_of(moments(pixels, valid))
    assert background is not None
    n = int(valid.sum())
    shape = np.corrcoef(pixels[:, valid].astype(np.float64))
    p, trace, squares = 4, np.trace(shape), np.trace(shape @ shape)
    share = ((1 - 2 / p) * squares + trace**2) / ((n + 1 - 2 / p) * (squares - trace**2 / p))
    assert background.shrinkage == pytest.approx(min(1, share), rel=1e-6)
    assert np.allclose(
        background.whitener.T @ background.whitener, np.linalg.inv(background.covariance)
    )


@given(SEEDS, st.floats(-1, 1).filter(lambda share: abs(share) > 0.01))
@settings(max_examples=25, deadline=None)
def test_ace_is_a_share_and_knows_only_the_direction(seed: int, share: float) -> None:
    pixels, valid = scene(seed)
    background = plain(pixels, valid)
    target = np.random.default_rng(seed + 1).uniform(5_000, 40_000, len(pixels))
    found = ace(pixels, valid, background, target)[valid]
    assert found.min() >= 0
    assert found.max() <= 1
    mixed = (background.mean + share * (target - background.mean)).reshape(-1, 1, 1)
    seen = np.ones((1, 1), dtype=bool)
    assert ace(mixed, seen, background, target)[0, 0] == pytest.approx(1, abs=1e-5)
    assert ace(mixed, seen, background, target, signed=True)[0, 0] == pytest.approx(
        np.sign(share), abs=1e-5
    )
    assert matched_filter(mixed, seen, background, target)[0, 0] == pytest.approx(share, abs=1e-5)


@given(SEEDS, st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30]))
@settings(max_examples=25, deadline=None)
def test_masked_pixels_and_no_numbers_have_no_influence(seed: int, rubbish: float) -> None:
    pixels, valid = scene(seed)
    clean = pixels.astype(np.float64)
    dirty = clean.copy()
    dirty[:, ~valid] = rubbish
    levels = Levels.of_range([0] * 5, [65_535] * 5)
    assert moments(dirty, valid, levels) == moments(clean, valid, levels)
    # A pixel with no number in one band counts in none, mask or not.
    dirty[2, ~valid] = np.nan
    assert moments(dirty, np.ones_like(valid), levels) == moments(clean, valid, levels)
    background = background_of(moments(clean, valid, levels))
    assert background is not None
    both = [rx(at, valid, background) for at in (clean, dirty)]
    assert np.array_equal(*both, equal_nan=True)


def test_a_copied_and_a_constant_band_still_give_sense() -> None:
    pixels, valid = scene(3, bands=3, shape=(300, 300))
    copied = np.concatenate([pixels, pixels[:1], np.full_like(pixels[:1], 700)])
    background = background_of(moments(copied, valid), shrinkage=0.0)
    assert background is not None
    assert np.linalg.eigvalsh(background.covariance)[0] > 0
    assert 0 < background.shrinkage < 0.001
    lone = background.covariance / np.sqrt(np.outer(*[np.diag(background.covariance)] * 2))
    assert np.linalg.eigvalsh(lone)[0] == pytest.approx(1e-4, rel=1e-3)
    score = rx(copied, valid, background)
    assert np.isfinite(score[valid]).all()
    assert np.median(score[valid]) < 20
    copied[4, 5, 5] = 900
    valid[5, 5] = True
    odd = rx(copied, valid, background)
    assert odd[5, 5] == np.nanmax(odd) > 1_000


@pytest.mark.parametrize("used", [0, 1, 5])
def test_too_few_pixels_are_no_background(used: int) -> None:
    pixels, _ = scene(1, bands=3)
    valid = np.zeros(pixels.shape[1:], dtype=bool)
    valid.reshape(-1)[:used] = True
    found = moments(pixels, valid)
    assert found.count == used
    assert background_of(found) is None
    if used == 0:
        assert np.isnan(found.mean()).all()


def test_a_planted_spectrum_is_found_by_ace_where_rx_sees_many_oddities() -> None:
    rng = np.random.default_rng(11)
    pixels, valid = scene(11, shape=(60, 60))
    values = pixels.astype(np.float64)
    target = values.mean(axis=(1, 2)) + np.array([4_000, 5_000, -3_000, 6_000, 9_000.0])
    values[:, 30, 30] = 0.3 * values[:, 30, 30] + 0.7 * target
    valid[30, 30] = True
    odd = [(row, col) for row in range(5, 60, 10) for col in range(5, 60, 10)]
    for row, col in odd:
        values[:, row, col] += rng.normal(size=5) * 15_000
        valid[row, col] = True
    levels = Levels.of_range(values.min(axis=(1, 2)).tolist(), values.max(axis=(1, 2)).tolist())
    background = background_of(moments(values, valid, levels))
    assert background is not None
    strange = rx(values, valid, background)
    alike = ace(values, valid, background, target, signed=True)
    assert sum(strange[at] > strange[30, 30] for at in odd) > 15
    assert sum(alike[at] > alike[30, 30] for at in odd) <= 1


def test_a_real_four_band_chip_in_float32_against_the_definition(shared_data: Path) -> None:
    chip = np.load(shared_data / "imagery" / "sentinel2" / "chip_b2b3b4b8_10m.npy")
    pixels = np.moveaxis(chip, np.argmin(chip.shape), 0).astype(np.float32)
    valid = np.isfinite(pixels).all(axis=0)
    low, high = pixels[:, valid].min(axis=1), pixels[:, valid].max(axis=1)
    levels = Levels.of_range(low.tolist(), high.tolist())
    background = background_of(moments(pixels, valid, levels), shrinkage=0.0)
    assert background is not None
    mean, inverse = by_definition(pixels, valid)
    apart = pixels.astype(np.float64) - mean[:, None, None]
    distance = np.einsum("ihw,ij,jhw->hw", apart, inverse, apart)
    found = rx(pixels, valid, background)
    assert background.shrinkage == 0
    assert np.allclose(found[valid], distance[valid], rtol=5e-3, atol=1e-3)
    # By algebra the mean squared distance of a scene to itself is bands · (n − 1) / n.
    assert found[valid].mean() == pytest.approx(len(pixels), rel=2e-3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda p, v, b: rx(p[:2], v, b), "bad_shape"),
        (lambda p, v, b: rx(p, v[1:], b), "bad_shape"),
        (lambda p, v, b: ace(p, v, b, np.ones(3)), "bad_target"),
        (lambda p, v, b: ace(p, v, b, np.full(5, np.nan)), "bad_target"),
        (lambda p, v, b: matched_filter(p, v, b, b.mean.copy()), "bad_target"),
        (lambda p, v, b: background_of(moments(p, v), 1.5), "bad_shrinkage"),
        (lambda p, v, b: Levels((0.0,), (0.0,)), "bad_levels"),
        (lambda p, v, b: Levels((0.0,), (1.0, 1.0)), "bad_levels"),
        (lambda p, v, b: Levels((float("nan"),), (1.0,)), "bad_levels"),
        (
            lambda p, v, b: moments(p, v) + moments(p, v, Levels.of_range([0] * 5, [1] * 5)),
            "bad_levels",
        ),
    ],
)
def test_what_does_not_fit_is_told(wrong, code: str) -> None:
    pixels, valid = scene(5)
    with pytest.raises(UsageError) as caught:
        wrong(pixels, valid, plain(pixels, valid))
    assert caught.value.code == code
