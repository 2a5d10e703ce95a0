"""How unusual a cue is in its scene: signed ranks against all the scene's plants, in small steps.

A level of 16 is a decade: +32 is what one block in a hundred reaches on the high side, −32 the
same on the low side, 0 the middle. Levels don't depend on camera, bits or white balance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
Mask = NDArray[np.bool_]

LEVELS_A_DECADE = 16
_TOP = 112


@dataclass(frozen=True, slots=True, eq=False)
class LevelTables:
    """The levels of each cue in one scene.

    Attributes:
        knots: Distinct values at which a level is reached, ascending, shape (cues, k), padded
            with infinity.
        above: Level of what lies above knot i − 1 and below knot i, shape (cues, k + 1).
        tied: Level of what equals knot i (many blocks may share one value), shape (cues, k).
    """

    knots: F4
    above: I1
    tied: I1

    @classmethod
    def of_sample(cls, sample: F4) -> LevelTables:
        """Tabulate a sample of blocks, shape (n, cues), n ≥ 1."""
        tables = [_one_cue(np.sort(sample[:, k])) for k in range(sample.shape[1])]
        longest = max(len(knots) for knots, _, _ in tables)
        shape = (len(tables), longest)
        knots = np.full(shape, np.inf, dtype=np.float32)
        above = np.zeros((shape[0], longest + 1), dtype=np.int8)
        tied = np.zeros(shape, dtype=np.int8)
        for i, (values, over, equal) in enumerate(tables):
            knots[i, : len(values)] = values
            above[i, : len(over)] = over
            above[i, len(over) :] = over[-1]
            tied[i, : len(equal)] = equal
        return cls(knots, above, tied)

    def of(self, cues: F4, judged: Mask) -> I1:
        """Return the levels of cues of shape (rows, cols, cues); 0 where not judged."""
        levels: I1 = _levels(cues, judged, self.knots, self.above, self.tied)
        return levels


def _one_cue(ordered: F4) -> tuple[F4, I1, I1]:
    """Return the knots of one cue and the levels above and at them."""
    n = len(ordered)
    tail = 10.0 ** -(np.arange(1, _TOP + 1) / LEVELS_A_DECADE) / 2
    shares = np.concatenate([tail[::-1], [0.5], 1 - tail])
    places = np.clip((shares * n).astype(np.int64), 0, n - 1)
    knots = np.unique(ordered[places])
    below = np.searchsorted(ordered, knots, side="left")
    upto = np.searchsorted(ordered, knots, side="right")
    tied = _level_of((below + upto) / 2, n)
    above = _level_of(np.concatenate([[0.0], upto.astype(np.float64)]), n)
    return knots.astype(np.float32), above, tied


def _level_of(rank: NDArray[np.float64], n: int) -> I1:
    """Return the level of a place in the order: 0 … n from the least to the largest."""
    share = (rank + 0.5) / (n + 1)
    level = np.where(share > 0.5, -np.log10(2 * (1 - share)), np.log10(2 * share))
    steps: I1 = np.clip(np.rint(level * LEVELS_A_DECADE), -_TOP, _TOP).astype(np.int8)
    return steps


@njit(cache=True, nogil=True)
def _levels(cues: F4, judged: Mask, knots: F4, above: I1, tied: I1) -> I1:
    rows, cols, count = cues.shape
    out = np.zeros((rows, cols, count), dtype=np.int8)
    size = knots.shape[1]
    for i in range(rows):
        for j in range(cols):
            if not judged[i, j]:
                continue
            for k in range(count):
                value = cues[i, j, k]
                low, high = 0, size
                while low < high:
                    middle = (low + high) >> 1
                    if knots[k, middle] <= value:
                        low = middle + 1
                    else:
                        high = middle
                if low > 0 and knots[k, low - 1] == value:
                    out[i, j, k] = tied[k, low - 1]
                else:
                    out[i, j, k] = above[k, low]
    return out
