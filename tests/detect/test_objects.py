"""Objects against SciPy's components, how they nest, and which of them are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.objects import FEATURES, NOTHING, SHAPE, Objects, find_objects, keep_best
from geoinspect.detect.pieces import label_pieces

HEIGHTS = (-60, -10, 0, 25, 70)


def ground(seed: int, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """Return levels and evidence with hills of all sizes, and blocks that aren't judged."""
    rng = np.random.default_rng(seed)
    hills = ndimage.gaussian_filter(rng.normal(size=(rows, cols)), rng.uniform(0.3, 3))
    evidence = (hills / np.abs(hills).mean() * 35).clip(-4000, 4000).astype(np.int16)
    evidence[rng.random((rows, cols)) < 0.05] = NOTHING
    levels = rng.integers(-112, 113, (rows, cols, len(CUES))).astype(np.int8)
    return levels, evidence


def masks(objects: Objects, shape: tuple[int, int]) -> list[np.ndarray]:
    full = []
    for number in range(len(objects.blocks)):
        mask, (top, left) = objects.mask(number)
        whole = np.zeros(shape, bool)
        whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        full.append(whole)
    return full


shapes = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24))


@given(shapes, st.floats(0.05, 0.95))
@settings(max_examples=150, deadline=None)
def test_pieces_are_those_of_scipy(shape: tuple[int, int, int], share: float) -> None:
    seed, rows, cols = shape
    marked = np.random.default_rng(seed).random((rows, cols)) < share
    ours, count = label_pieces(marked)
    theirs, number = ndimage.label(marked)
    assert count == number
    np.testing.assert_array_equal(ours, theirs)


@given(shapes, st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_objects_are_the_components_of_each_height_and_nest(
    shape: tuple[int, int, int], least: int
) -> None:
    levels, evidence = ground(*shape)
    objects = find_objects(levels, evidence, HEIGHTS, least_blocks=least)
    full = masks(objects, evidence.shape)
    told = {(int(objects.height[n]), mask.tobytes()) for n, mask in enumerate(full)}
    right = set()
    for index, height in enumerate(HEIGHTS):
        labels, count = ndimage.label(evidence >= height)
        pieces = (labels == label for label in range(1, count + 1))
        right |= {(index, piece.tobytes()) for piece in pieces if piece.sum() >= least}
    assert told == right
    assert len(full) == len(right)
    for number, mask in enumerate(full):
        assert objects.blocks[number] == mask.sum()
        first = np.argwhere(mask)[0]
        assert tuple(objects.first[number]) == tuple(first)
        parent = objects.parent[number]
        if objects.height[number] == 0:
            assert parent == -1
        else:
            assert objects.height[parent] == objects.height[number] - 1
            assert np.all(full[parent][mask])


def test_figures_are_what_they_say() -> None:
    levels, evidence = ground(11, 40, 40)
    objects = find_objects(levels, evidence, HEIGHTS, least_blocks=3)
    assert objects.features.shape == (len(objects.blocks), len(FEATURES))
    assert np.isfinite(objects.features).all()
    assert len(objects.blocks) > 20
    for number, mask in enumerate(masks(objects, evidence.shape)):
        told = dict(zip(FEATURES, objects.features[number].tolist(), strict=True))
        top, left, bottom, right = objects.frame[number]
        frame = np.zeros_like(mask)
        frame[max(0, top - 5) : bottom + 5, max(0, left - 5) : right + 5] = True
        around = frame & ~mask & (evidence != NOTHING)
        inside = levels[mask].astype(float)
        assert told["area"] == pytest.approx(np.log2(mask.sum()), abs=1e-5)
        assert told["evidence_mean"] == pytest.approx(evidence[mask].mean(), rel=1e-5, abs=1e-4)
        assert told["evidence_top"] == evidence[mask].max()
        assert told["judged_around"] == pytest.approx(
            around.sum() / max((frame & ~mask).sum(), 1), abs=1e-6
        )
        for k in (0, 7, len(CUES) - 1):
            assert told[CUES[k]] == pytest.approx(inside[:, k].mean(), rel=1e-4, abs=1e-3)
            assert told[f"{CUES[k]}_mix"] == pytest.approx(inside[:, k].std(), rel=1e-3, abs=1e-2)
            if around.any():
                step = inside[:, k].mean() - levels[around][:, k].mean()
                assert told[f"{CUES[k]}_step"] == pytest.approx(step, rel=1e-3, abs=1e-2)


@pytest.mark.parametrize(("high", "wide", "longest"), [(8, 8, 1), (2, 32, 16)])
def test_shape_tells_a_square_from_a_strip(high: int, wide: int, longest: float) -> None:
    evidence = np.full((50, 50), -500, dtype=np.int16)
    evidence[5 : 5 + high, 5 : 5 + wide] = 5
    levels = np.zeros((50, 50, len(CUES)), dtype=np.int8)
    objects = find_objects(levels, evidence, (0,), least_blocks=1)
    told = dict(zip(SHAPE, objects.features[0].tolist(), strict=False))
    assert told["elongation"] == pytest.approx(longest, rel=1e-3)
    assert told["compactness"] == pytest.approx(high * wide / (2 * (high + wide)) ** 2, rel=1e-4)


@given(shapes, st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_kept_objects_share_no_ground_and_none_left_out_beats_all_its_rivals(
    shape: tuple[int, int, int], steps: int
) -> None:
    levels, evidence = ground(*shape)
    objects = find_objects(levels, evidence, HEIGHTS, least_blocks=1)
    full = masks(objects, evidence.shape)
    rng = np.random.default_rng(shape[0])
    # Few distinct scores make ties.
    score = rng.integers(0, 10**steps + 1, len(full)).astype(np.float32)
    order = np.lexsort((np.arange(len(full)), -score))
    kept = keep_best(score, objects.parent, order).tolist()
    assert [score[k] for k in kept] == sorted((score[k] for k in kept), reverse=True)
    place = {int(number): rank for rank, number in enumerate(order)}
    ground_of_kept = np.zeros(evidence.shape, dtype=int)
    for number in kept:
        ground_of_kept += full[number]
    assert ground_of_kept.max(initial=0) <= 1
    for number in set(range(len(full))) - set(kept):
        rivals = [k for k in kept if np.any(full[k] & full[number])]
        assert rivals
        assert any(place[k] < place[number] for k in rivals)
