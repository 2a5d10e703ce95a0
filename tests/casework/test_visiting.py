"""The order of visiting: the shortest there is where all can be tried, never worse than the nearest
first, and every stop once.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.cases.visiting import EXACT_STOPS, MOST_STOPS, metres_between, visiting_order, way_m
from geoinspect.errors import UsageError

PLACE = st.tuples(st.floats(107.9, 108.1), st.floats(32.9, 33.1))


def length(metres: np.ndarray, order: tuple[int, ...] | list[int]) -> float:
    total, at = 0.0, 0
    for stop in order:
        total += float(metres[at, stop])
        at = stop
    return total


def nearest_first(metres: np.ndarray) -> float:
    left, at, total = set(range(1, len(metres))), 0, 0.0
    while left:
        best = min(left, key=lambda k: metres[at, k])
        total += float(metres[at, best])
        left.remove(best)
        at = best
    return total


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACE, min_size=1, max_size=7))
def test_no_other_order_is_shorter(places: list[tuple[float, float]]) -> None:
    metres = metres_between(places)
    order = visiting_order(metres)
    assert sorted(order) == list(range(1, len(places)))
    best = min(length(metres, tried) for tried in itertools.permutations(range(1, len(places))))
    assert length(metres, order) == pytest.approx(best, rel=1e-12, abs=1e-9)
    assert way_m(metres, order) == pytest.approx(best, rel=1e-12, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.lists(PLACE, min_size=EXACT_STOPS + 2, max_size=16))
def test_many_stops_are_all_visited_and_never_worse_than_the_nearest_first(
    places: list[tuple[float, float]],
) -> None:
    metres = metres_between(places)
    order = visiting_order(metres)
    assert sorted(order) == list(range(1, len(places)))
    assert length(metres, order) <= nearest_first(metres) + 1e-6


def test_beyond_the_exact_no_turn_of_a_piece_is_shorter() -> None:
    places = [tuple(p) for p in np.random.default_rng(6).uniform((108, 33), (108.2, 33.2), (14, 2))]
    metres = metres_between(places)
    order = visiting_order(metres)
    for i, j in itertools.combinations(range(len(order) + 1), 2):
        turned = [*order[:i], *reversed(order[i:j]), *order[j:]]
        assert length(metres, turned) >= length(metres, order) - 1e-6


def test_a_line_of_stops_is_walked_from_one_end_to_the_other() -> None:
    places = [(108.0, 33.0), *((108.0 + k * 0.001, 33.0) for k in (5, 2, 11, 1, 9, 3, 12, 7, 4, 8))]
    metres = metres_between(places)
    east = [places[k][0] for k in visiting_order(metres)]
    assert east == sorted(east)


def test_metres_are_those_of_the_ellipsoid() -> None:
    # A minute of latitude at 45° is 1852.2 m on WGS84 (111,131.8 m a degree).
    metres = metres_between([(108.0, 44.5), (108.0, 45.5)])
    assert metres[0, 1] == pytest.approx(111_131.8, abs=1.0)
    assert metres[0, 0] == 0.0
    assert metres[0, 1] == metres[1, 0]


@pytest.mark.parametrize(
    "metres",
    [
        np.zeros((2, 3)),
        np.zeros((0, 0)),
        np.array([[0.0, np.nan], [np.nan, 0.0]]),
        np.array([[0.0, -1.0], [-1.0, 0.0]]),
        np.zeros((MOST_STOPS + 2, MOST_STOPS + 2)),
    ],
)
def test_what_are_no_distances_is_refused(metres: np.ndarray) -> None:
    with pytest.raises(UsageError):
        visiting_order(metres)
