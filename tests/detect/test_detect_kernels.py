from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geoinspect.detect.background import TailTable, share_far_out
from geoinspect.detect.kernels import (
    BLUE,
    GREEN,
    PETAL,
    STEPS,
    VALID,
    block_sums,
    box_sum,
    label_pieces,
)


@given(
    arrays(
        np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1000)
    ),
    st.integers(0, 5),
)
@settings(max_examples=80, deadline=None)
def test_box_sums_equal_their_definition(plane: np.ndarray, radius: int) -> None:
    found = box_sum(plane, radius)
    for i, j in np.ndindex(plane.shape):
        near = plane[max(0, i - radius) : i + radius + 1, max(0, j - radius) : j + radius + 1]
        assert found[i, j] == near.sum()


@given(arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14))))
@settings(max_examples=150, deadline=None)
def test_pieces_are_what_edges_join(marked: np.ndarray) -> None:
    labels, count = label_pieces(marked)
    assert np.array_equal(labels > 0, marked)
    assert set(np.unique(labels)) - {0} == set(range(1, count + 1))
    down = (labels[1:] > 0) & (labels[:-1] > 0)
    assert np.array_equal(labels[1:][down], labels[:-1][down])
    across = (labels[:, 1:] > 0) & (labels[:, :-1] > 0)
    assert np.array_equal(labels[:, 1:][across], labels[:, :-1][across])
    # Flooding from the first block of each label must reach all of it.
    for label in range(1, count + 1):
        todo, reached = [tuple(np.argwhere(labels == label)[0])], set()
        while todo:
            i, j = todo.pop()
            inside = 0 <= i < marked.shape[0] and 0 <= j < marked.shape[1]
            if inside and marked[i, j] and (i, j) not in reached:
                reached.add((i, j))
                todo += [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
        assert len(reached) == np.count_nonzero(labels == label)


@pytest.mark.parametrize("gain", [1, 257, 1 / 255])
def test_block_sums_do_not_depend_on_gain(gain: float) -> None:
    pixels = np.empty((3, 5, 7))
    pixels[:] = np.array([90, 130, 70])[:, None, None]
    pixels[:, 0, 0] = (240, 235, 240)
    pixels[:, 1, 1] = (200, 40, 45)
    pixels[:, 2, 2] = (150, 120, 90)
    pixels[:, 3, 3] = (5, 9, 5)
    valid = np.ones((5, 7), dtype=bool)
    valid[4, 6] = False
    dtype = np.uint8 if gain == 1 else np.uint16 if gain > 1 else np.float32
    sums = block_sums((pixels * gain).astype(dtype), valid, 4, 290 * gain, 0.04)
    assert sums.shape == (6, 2, 2)
    assert sums[VALID].tolist() == [[16, 12], [4, 2]]
    assert sums[GREEN].tolist() == [[12, 12], [4, 2]]
    assert sums[PETAL].tolist() == [[2, 0], [0, 0]]
    assert sums[BLUE, 0, 1] == pytest.approx(12 * 70 / 290 * STEPS, abs=12)


@given(arrays(np.float32, st.integers(1, 400), elements=st.floats(0, 1, width=32)))
@settings(max_examples=60, deadline=None)
def test_tail_evidence_is_the_share_at_least_as_large(sample: np.ndarray) -> None:
    table = TailTable.of_sample(sample)
    found = table.of(np.sort(sample))
    assert np.all(np.diff(found) >= 0)
    assert table.of(sample.min()) == 0
    at_top = np.count_nonzero(sample == sample.max())
    assert table.of(sample.max()) == pytest.approx(-np.log10(at_top / len(sample)), abs=1e-5)


def test_share_far_out_sees_a_few_per_cent_of_targets() -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(0.25, 0.01, 50_000).astype(np.float32)
    assert share_far_out(plain, 4.0, 0.001) < 1e-3
    plain[:1500] += 0.2
    assert share_far_out(plain, 4.0, 0.001) == pytest.approx(0.03, abs=0.002)
