"""How unusual a value is in its scene: upper-tail ranks against a sample of the background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

_KNOTS = 512


@dataclass(frozen=True, slots=True, eq=False)
class TailTable:
    """−log10 of the share of a sample that is at least as large, by interpolation.

    Attributes:
        value: Ascending, shape (k,).
        evidence: Shape (k,); 0 for the smallest value, log10 n for the largest.
    """

    value: F8
    evidence: F8

    @classmethod
    def of_sample(cls, sample: F4) -> TailTable:
        """Tabulate a sample, shape (n,), n ≥ 1, its knots dense towards the rare end."""
        ordered = np.sort(sample).astype(np.float64)
        n = len(ordered)
        tail = np.geomspace(1.0 / n, 1.0, _KNOTS)
        picks = np.clip(n - np.ceil(tail * n - 1e-9).astype(np.int64), 0, n - 1)
        value = np.unique(ordered[picks])
        at_least = n - np.searchsorted(ordered, value, side="left")
        return cls(value, -np.log10(at_least / n))

    def of(self, values: F4) -> F4:
        """Return the evidence of values of any shape; flat beyond the sample's range."""
        return np.interp(values, self.value, self.evidence).astype(np.float32)


def share_far_out(sample: F4, spreads: float, floor: float) -> float:
    """Return the share of a sample further above its median than so many upper spreads.

    The upper spread is the distance from the median to the 84th percentile (one standard
    deviation of a normal distribution), which a few per cent of true targets cannot move.

    Args:
        sample: Shape (n,), n ≥ 1.
        spreads: How many spreads away counts as far.
        floor: Least spread that is believed, in the sample's unit.
    """
    median, upper = np.percentile(sample, [50, 84])
    limit = median + spreads * max(float(upper - median), floor)
    return float(np.mean(sample > limit))
