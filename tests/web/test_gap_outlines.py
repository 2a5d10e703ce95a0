"""Outlines of gaps for the map: bounded whatever the ground is like, exact where they are small."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from webmap.api.gaps import MOST_CORNERS, drawn_outline

_CELL_DEG = 1e-4


def _cells(seed: int, side: int, share: float) -> BaseGeometry:
    """Return the union of a random share of a square of cells: as ragged as ground can be."""
    rows, columns = np.nonzero(np.random.default_rng(seed).random((side, side)) < share)
    west, south = 107.9 + columns * _CELL_DEG, 33.9 + rows * _CELL_DEG
    squares = shapely.box(west, south, west + _CELL_DEG, south + _CELL_DEG)
    return shapely.union_all(squares, grid_size=1e-9)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.sampled_from([0.3, 0.6, 0.9, 1.0]))
def test_an_outline_is_bounded_and_lies_where_the_gap_is(
    seed: int, side: int, share: float
) -> None:
    gap = _cells(seed, side, share)
    if gap.is_empty:
        return
    drawn = drawn_outline(gap, _CELL_DEG / 10)
    assert 0 < shapely.get_num_coordinates(drawn) <= MOST_CORNERS
    assert drawn.area > 0
    assert drawn.within(gap.envelope.buffer(1e-9))
    if shapely.get_num_coordinates(gap) <= MOST_CORNERS:
        assert drawn.equals(gap)


@pytest.mark.parametrize("holes", [True, False])
def test_a_wide_gap_keeps_its_shape(holes: bool) -> None:
    gap = shapely.Point(108, 34).buffer(0.05, quad_segs=2000)
    if holes:
        x, y = np.meshgrid(np.linspace(-0.03, 0.03, 30), np.linspace(-0.03, 0.03, 30))
        west, south = 108 + x.ravel(), 34 + y.ravel()
        gap = gap.difference(shapely.union_all(shapely.box(west, south, west + 1e-4, south + 1e-4)))
    drawn = drawn_outline(gap, _CELL_DEG / 10)
    assert shapely.get_num_coordinates(drawn) <= MOST_CORNERS
    assert drawn.symmetric_difference(gap).area < 0.02 * gap.area
