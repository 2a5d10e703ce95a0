"""How likely a cell's looks would have found a target in it, for claims.

POD from effort alone errs in two ways. Laid along one line again and again, effort promises more
than it can find, since ground off the line was never seen. And in a single cell the metres
walked scatter, so that the mean of 1 − e^(−C) over cells is below what random search really finds
(Jensen's inequality). Seen ground has neither fault, but knows nothing of how well it was seen.
So both are used: the seen share of the cell, times how much of the seen ground round it the effort
there lets one expect to have searched,

    S = s · min(1, (1 − e^(−Ē)) / s̄),

with the means Ē of exposure and s̄ of seen share over the 5 × 5 cells around, weighted by ground.
Pictures need no such correction: where a cell lies in one, S = min(s, POD).
Checked by simulation against four lateral-range curves (docs/confidence.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage.cells import CellTable
from geoinspect.coverage.ground import Ground
from geoinspect.search_records import Method

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]

# Cells to each side that a cell's search is judged with.
REACH = 2
# An infinite exposure (a law that promises certainty) must not fill its whole neighbourhood.
_MOST_EXPOSURE = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class SearchedWell:
    """How well each cell was searched, with what it is made of.

    The sensitivity of a cell is ``min(cap, scale · (1 − e^(−Σ exposure)))``.

    Attributes:
        methods: The methods that contribute.
        exposure: Shape (methods, cells): of line methods the mean round the cell.
        cap: Share of the cell that was seen, shape (cells,).
        scale: Seen share of the cell over the mean round it, shape (cells,); 1 in pictures.
        pictured: Cells that lie in a picture, shape (cells,).
    """

    methods: tuple[Method, ...]
    exposure: F4
    cap: F4
    scale: F4
    pictured: NDArray[np.bool_]

    @property
    def sensitivity(self) -> F8:
        """Chance that a target in the cell would have been found, 0–1, shape (cells,)."""
        found = self.scale * -np.expm1(-self.exposure.sum(axis=0, dtype=np.float64)) + 0.0
        capped: F8 = np.minimum(self.cap.astype(np.float64), found)
        return capped


def searched_well(ground: Ground, table: CellTable) -> SearchedWell:
    """Return how well every cell was searched."""
    own = np.minimum(table.exposure, _MOST_EXPOSURE)
    lines = np.array([method.is_line for method in table.methods], np.bool_)
    pictured = np.asarray(own[~lines].any(axis=0), np.bool_)
    means, share = _means_around(
        ground.index,
        ground.cell_row - np.int32(ground.grid.row0),
        ground.cell_col - np.int32(ground.grid.col0),
        ground.cell_m2,
        own[lines],
        table.seen_fraction,
        pictured,
    )
    exposed = own.astype(np.float32)
    exposed[lines] = np.where(pictured, exposed[lines], means)
    scale = np.divide(table.seen_fraction, share, out=np.ones_like(share), where=share > 0)
    return SearchedWell(
        methods=table.methods,
        exposure=exposed,
        cap=table.seen_fraction.astype(np.float32),
        scale=np.where(pictured, 1.0, scale).astype(np.float32),
        pictured=pictured,
    )


@numba.njit(cache=True, nogil=True)
def _means_around(
    index: I4, row: I4, col: I4, ground_m2: F8, exposed: F8, seen: F8, pictured: NDArray[np.bool_]
) -> tuple[F8, F8]:
    """Return the means of exposure (groups, cells) and of seen share (cells,) round each cell
    that was seen and lies in no picture; 0 elsewhere. They are weighted by ground.
    """
    rows, cols = index.shape
    groups = len(exposed)
    means, share = np.zeros((groups, len(row))), np.zeros(len(row))
    for c in range(len(row)):
        if seen[c] <= 0 or pictured[c]:
            continue
        total_m2 = 0.0
        for r in range(max(row[c] - REACH, 0), min(row[c] + REACH + 1, rows)):
            for k in range(max(col[c] - REACH, 0), min(col[c] + REACH + 1, cols)):
                other = index[r, k]
                if other >= 0 and not pictured[other]:
                    total_m2 += ground_m2[other]
                    share[c] += ground_m2[other] * seen[other]
                    for g in range(groups):
                        means[g, c] += ground_m2[other] * exposed[g, other]
        share[c] /= total_m2
        for g in range(groups):
            means[g, c] /= total_m2
    return means, share
