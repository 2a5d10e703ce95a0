"""Metres and gains of any lines, against shapely's clipping and the formula written out."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import cells_of, place

from geoinspect.errors import UsageError
from geoinspect.planning.metres import Window, plain_board, route_gain
from geoinspect.planning.starts import boustrophedon, cut_home, free_walking_price
from geoinspect.planning.walked import compare_walked, realised_gains

points = st.tuples(st.floats(-3, 9), st.floats(-3, 9))
lines = st.lists(points, min_size=2, max_size=8)


def on_ground(line) -> np.ndarray:
    return np.array([place(x, y) for x, y in line])


def clipped_metres(cells, line) -> np.ndarray:
    """The oracle: each leg clipped to each square by shapely, every pass counted."""
    west, south = cells.col * cells.cell_m, cells.row * cells.cell_m
    squares = shapely.box(west, south, west + cells.cell_m, south + cells.cell_m)
    legs = shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1))
    return sum(shapely.length(shapely.intersection(squares, leg)) for leg in legs)


def off_borders(line: np.ndarray) -> bool:
    """A leg along a border has its metres in two of shapely's closed squares, in one of ours."""
    a, b = line[:-1] / 100, line[1:] / 100
    on = (a == b) & (np.abs(a - np.rint(a)) < 1e-7)
    return not on.any()


@settings(max_examples=60, deadline=None)
@given(lines, st.integers(0, 2**32 - 1))
def test_metres_are_those_of_shapely(line, seed):
    random = np.random.default_rng(seed)
    cells = cells_of(
        random.uniform(0.1, 2, (6, 6)), random.uniform(0, 1, (6, 6)), keep=random.random((6, 6)) < 0.8
    ) if seed % 3 else cells_of(np.ones((6, 6)))  # fmt: skip
    walk = on_ground(line)
    if not off_borders(walk):
        return
    found = route_gain(cells, [walk], 20.0)
    metres = clipped_metres(cells, walk)
    assert found.metres == pytest.approx(metres, abs=1e-4)
    pod = 1 - (1 - cells.pod) * np.exp(-20.0 * metres / 100.0**2)
    assert found.after == pytest.approx((cells.risk * pod).sum() / cells.risk.sum(), abs=1e-9)
    assert found.before == pytest.approx((cells.risk * cells.pod).sum() / cells.risk.sum(), abs=1e-12)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(lines, min_size=1, max_size=4))
def test_gains_add_up_in_any_order(walks):
    cells = cells_of(np.arange(1.0, 37).reshape(6, 6))
    ground = [on_ground(w) for w in walks]
    found, turned = route_gain(cells, ground, 30.0), route_gain(cells, ground[::-1], 30.0)
    assert (found.gains >= 0).all()
    assert found.gains.sum() == pytest.approx(found.after - found.before, abs=1e-12)
    assert turned.after == pytest.approx(found.after, abs=1e-12)
    backwards = route_gain(cells, [w[::-1] for w in ground], 30.0)
    assert backwards.metres == pytest.approx(found.metres, abs=1e-6)


def test_an_edge_cell_gains_by_the_share_of_its_ground():
    # Half the square is ground: half the metres count, over half the area.
    whole = cells_of(np.ones((1, 2)))
    half = type(whole)(whole.row, whole.col, 100.0, np.array([5000.0, 10000.0]), whole.pod, whole.risk, whole.crs)  # fmt: skip
    line = [on_ground([(0, 0.5), (2, 0.5)])]
    expected = 1 - np.exp(-20 * (100 * 0.5) / 5000)
    assert route_gain(half, line, 20.0).after == pytest.approx(expected, abs=1e-12)


def test_no_lines_gain_nothing():
    cells = cells_of(np.ones((3, 3)))
    assert route_gain(cells, [], 20.0).after == route_gain(cells, [], 20.0).before == 0
    assert route_gain(cells, [on_ground([(50, 50), (60, 60)])], 20.0).after == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.just(0.0) | st.floats(1e-9, 1), min_size=1, max_size=30), st.floats(1, 1e5))
def test_free_walking_is_the_best_use_of_metres(values, metres):
    worth = np.array(values)
    price, gain = free_walking_price(worth, 0.002, metres)
    assert 0 <= gain <= worth.sum() + 1e-12
    even = (worth * (1 - np.exp(-0.002 * metres / len(worth)))).sum()
    best_one = worth.max() * (1 - np.exp(-0.002 * metres))
    assert gain >= max(even, best_one) - 1e-9
    if 0 < price < np.inf:
        used = np.log(np.maximum(worth * 0.002 / price, 1)).sum() / 0.002
        assert used == pytest.approx(metres, rel=1e-6)


# At 1 m/s, so that metres are seconds.
BOARD = plain_board(Window(0, 0, 5, 5, (0.0, 0.0)), cells_of(np.ones((5, 5))), 20.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 7), st.floats(10, 90), st.floats(0, 30_000), points, st.integers(0, 3))
def test_mowing_keeps_its_spacing_and_its_metres(corner, spacing, metres, start, skip):
    box = (0.0, 0.0, 500.0, 300.0)
    begin = (start[0] * 100, start[1] * 100)
    line = boustrophedon(BOARD, box, begin, corner, spacing, metres, skip)
    assert np.hypot(*np.diff(line, axis=0).T).sum() <= metres + 1e-6
    assert (line[0] == line[-1]).all()
    inner = line[1:-2]
    across = inner[:, 0] if corner & 4 else inner[:, 1]
    steps = np.abs(np.diff(across))
    assert ((steps < spacing + 1e-6) | (np.abs(steps - spacing) < 1e-6)).all()
    assert (inner >= -1e-9).all()
    assert (inner <= (500 + 1e-9, 300 + 1e-9)).all()


def test_a_walk_is_cut_where_only_the_way_home_is_left():
    walk = np.array([(0.0, 0.0), (1000.0, 0.0)])
    assert cut_home(BOARD, walk, 600.0)[1] == pytest.approx((300.0, 0.0))
    assert cut_home(BOARD, walk, 5000.0).tolist() == [[0, 0], [1000, 0], [0, 0]]


def test_walked_beside_planned():
    plan = np.array([(0.0, 0.0), (1000.0, 0.0)])
    half = compare_walked(plan, [np.array([(0.0, 5.0), (500.0, 5.0), (500.0, 400.0)])], 10.0)
    # 500 m, and the round end of the way: sqrt(10² − 5²) beyond it.
    assert half.followed_m == pytest.approx(500 + np.sqrt(75), abs=0.1)
    assert half.followed_share == pytest.approx(half.followed_m / 1000)
    assert half.off_plan_m == pytest.approx(890 - 500, abs=6)
    assert compare_walked(plan, [], 10.0).followed_share == 0
    assert compare_walked(plan[:1], [plan], 10.0).followed_share is None
    twice = compare_walked(plan, [plan, plan[::-1]], 10.0)
    assert (twice.followed_m, twice.walked_m, twice.off_plan_m) == pytest.approx((1000, 2000, 0))
    with pytest.raises(UsageError):
        compare_walked(plan, [], 0.0)


def test_realised_gain_is_that_of_the_walk():
    cells = cells_of(np.ones((4, 4)))
    plan, walk = on_ground([(0, 0.5), (4, 0.5)]), on_ground([(0, 0.5), (2, 0.5)])
    planned, realised = realised_gains(cells, plan, [walk], 20.0)
    assert planned == pytest.approx(2 * realised)
    assert realised > 0
