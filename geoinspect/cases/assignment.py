"""The one-to-one assignment with most pairs and, among those, the least total distance.

Which pairs are possible is given; the graph falls into connected parts that are solved apart, by
``scipy.optimize.linear_sum_assignment`` where a part is small or dense, and by
``scipy.sparse.csgraph.min_weight_full_bipartite_matching`` where it is large and thin (both after
Jonker and Volgenant 1987). To put the count strictly before the distance, every missing pair costs
more than any way to keep it. Costs are whole numbers of so fine a step that every sum of them is
exact in a float: no rounding can trade a pair for metres.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import (
    connected_components,
    min_weight_full_bipartite_matching,
)

from geoinspect.records import F8

I8 = NDArray[np.int64]

# A step below what a geodesic is good for.
_FINEST_BITS = 20
# Whole numbers up to 2^53 are exact; sums along one way through a part stay below this.
_EXACT_BITS = 51
# A full table of this many cells costs little, whatever it holds.
_SMALL_CELLS = 250_000
# Above that, a full table is taken where at least this share of it are possible pairs.
_DENSE_SHARE = 0.25


def assigned(rows: I8, columns: I8, cost_m: F8) -> I8:
    """Return which of the possible pairs are taken, as ascending indices.

    No row and no column is taken twice; no choice has more pairs, and of those with as many none
    has a smaller total cost, each counted to 1 µm (coarser only for parts of thousands of pairs
    with costs of kilometres; never worse than 2^-51 of the largest total).

    Args:
        rows: Row of each possible pair, shape (k,), from 0.
        columns: Column of each, shape (k,), from 0.
        cost_m: Cost of each, finite and not negative, shape (k,). No pair twice.
    """
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64)
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    links = csr_array(
        (np.ones(len(rows), np.int8), (rows, columns + height)),
        shape=(height + width, height + width),
    )
    _, labels = connected_components(links, directed=False)
    part = labels[rows]
    order: I8 = np.argsort(part, kind="stable")
    cuts = np.flatnonzero(np.diff(part[order])) + 1
    taken = []
    for members in np.split(order, cuts):
        if len(members) == 1:
            taken.append(members)
        else:
            taken.append(members[_part(rows[members], columns[members], cost_m[members])])
    return np.sort(np.concatenate(taken))


def _part(rows: I8, columns: I8, cost_m: F8) -> I8:
    """Return which pairs of one connected part are taken."""
    _, row = np.unique(rows, return_inverse=True)
    _, column = np.unique(columns, return_inverse=True)
    if row.max() > column.max():
        row, column = column, row
    height, width = int(row.max()) + 1, int(column.max()) + 1
    if height == 1:
        return np.array([np.argmin(cost_m)])
    whole, missing = _whole_costs(cost_m, height)
    cells = height * width
    if cells <= _SMALL_CELLS or len(row) >= _DENSE_SHARE * cells:
        table = np.full((height, width), missing)
        table[row, column] = whole
        at_row, at_column = linear_sum_assignment(table)
    else:
        at_row, at_column = _thin(row, column, whole, missing, (height, width))
    chosen = np.full(height, -1, dtype=np.int64)
    chosen[at_row] = at_column
    taken: I8 = np.flatnonzero(chosen[row] == column)
    return taken


def _whole_costs(cost_m: F8, height: int) -> tuple[F8, float]:
    """Return costs as whole numbers, and the cost of a pair that is missing."""
    largest_m = max(float(cost_m.max()), 1e-6)
    room = _EXACT_BITS - 2 * math.log2(height + 1) - math.log2(largest_m)
    step = 2.0 ** min(_FINEST_BITS, math.floor(room))
    whole = np.round(cost_m * step)
    # Taking one pair more changes at most ``height`` others.
    return whole, (height + 1) * (float(whole.max()) + 1.0)


def _thin(row: I8, column: I8, whole: F8, missing: float, size: tuple[int, int]) -> tuple[I8, I8]:
    """Solve a thin part; a column of its own lets each row stay without a partner."""
    height, width = size
    own = np.arange(height)
    # A sparse table holds no cost of zero; one more for every pair changes no comparison, since
    # every row has one.
    costs = np.concatenate([whole, np.full(height, missing)]) + 1.0
    at = np.concatenate([row, own]), np.concatenate([column, own + width])
    table = csr_array((costs, at), shape=(height, width + height))
    at_row, at_column = min_weight_full_bipartite_matching(table)
    return np.asarray(at_row, np.int64), np.asarray(at_column, np.int64)
