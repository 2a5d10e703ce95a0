"""Lines thinned for drawing: near the line, bounded, and safe from shapes that end GEOS."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geoinspect.patrols.thinning import thin_lines

MANY = 10**9


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 1300), st.just(2)),
        elements=st.integers(-50, 50).map(float),
        fill=st.nothing(),
    ),
    st.sampled_from([0.0, 0.5, 3.0, 1e9]),
)
@settings(max_examples=25, deadline=None)
def test_no_point_is_farther_from_the_thinned_line_than_the_tolerance(
    line: np.ndarray, tolerance: float
) -> None:
    (thin,) = thin_lines([line], tolerance, most=MANY)
    np.testing.assert_array_equal(thin[[0, -1]], line[[0, -1]])
    assert len(thin) <= len(line)
    whole = shapely.LineString(thin if len(thin) > 1 else thin[[0, 0]])
    assert shapely.distance(whole, shapely.points(line)).max() <= tolerance + 1e-9


def test_a_straight_line_needs_its_ends_and_few_more() -> None:
    line = np.column_stack([np.linspace(0, 1, 20_000), np.linspace(0, 2, 20_000)])
    (thin,) = thin_lines([line], 1e-6, most=MANY)
    assert len(thin) <= 2 + 20_000 // 512


def test_a_zigzag_of_any_length_is_thinned_in_time() -> None:
    corners = np.arange(300_000)
    line = np.column_stack([corners * 5e-7, 0.01 * (corners % 2) * (1 - corners / 6e5)])
    (thin,) = thin_lines([line], 1e-5, most=20_000)
    assert len(thin) <= 20_001
    np.testing.assert_array_equal(thin[[0, -1]], line[[0, -1]])


@pytest.mark.parametrize(("count", "points"), [(100_000, 2), (30_000, 1), (3, 9000), (0, 0)])
def test_many_lines_are_bounded_as_a_whole(count: int, points: int) -> None:
    lines = [np.random.default_rng(k).random((points, 2)) for k in range(count)]
    thin = thin_lines(lines, 0.0, most=5000)
    assert sum(map(len, thin)) <= 5000 + 2 * len(thin)
    assert len(thin) <= 2500
    assert bool(thin) == bool(lines)
