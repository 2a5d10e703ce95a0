"""Planned against walked: how much of a route was walked, and what it was worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect.errors import UsageError
from geoinspect.planning.metres import route_gain
from geoinspect.planning.records import PlanCells

F8 = NDArray[np.float64]

_QUAD_SEGS = 16


@dataclass(frozen=True, slots=True)
class Walked:
    """What became of a planned route.

    Attributes:
        planned_m: Metres planned.
        followed_m: Of them, metres with a walked line within the tolerance.
        walked_m: Metres walked in all.
        off_plan_m: Of them, metres farther from the plan than the tolerance.
    """

    planned_m: float
    followed_m: float
    walked_m: float
    off_plan_m: float

    @property
    def followed_share(self) -> float | None:
        """Share of the planned metres that was walked; None when nothing was planned."""
        return self.followed_m / self.planned_m if self.planned_m > 0 else None


def compare_walked(route_line: F8, walked_lines: Sequence[F8], tolerance_m: float) -> Walked:
    """Compare a planned route with the lines that were walked.

    Metres count with every pass; order and direction do not matter. Round corners are chords of
    a circle, right to 0.2 % of the tolerance.

    Args:
        route_line: Points of the plan, metres, shape (n, 2).
        walked_lines: Lines walked, same CRS, each of shape (m, 2).
        tolerance_m: Within this of each other, both are the same way.

    Raises:
        UsageError: The tolerance is no positive number.
    """
    if not (np.isfinite(tolerance_m) and tolerance_m > 0):
        raise UsageError(
            f"容差必须是正数(米),得到 {tolerance_m}",
            f"the tolerance must be a positive number of metres, got {tolerance_m}",
            code="bad_tolerance",
        )
    planned, walked = _legs([route_line]), _legs(walked_lines)
    planned_m, walked_m = float(shapely.length(planned).sum()), float(shapely.length(walked).sum())
    return Walked(
        planned_m=planned_m,
        followed_m=_near_m(planned, walked, tolerance_m),
        walked_m=walked_m,
        off_plan_m=max(walked_m - _near_m(walked, planned, tolerance_m), 0.0),
    )


def realised_gains(
    cells: PlanCells, route_line: F8, walked_lines: Sequence[F8], width_m: float
) -> tuple[float, float]:
    """Return the gain that was planned and the gain of what was walked, on the same cells."""
    planned = route_gain(cells, [route_line], width_m)
    walked = route_gain(cells, walked_lines, width_m)
    return float(planned.gains.sum()), float(walked.gains.sum())


def _legs(lines: Sequence[F8]) -> NDArray[np.object_]:
    """Return every leg of the lines as a line of its own."""
    pairs = [np.stack([line[:-1], line[1:]], axis=1) for line in lines if len(line) > 1]
    if not pairs:
        return np.array([], dtype=object)
    return np.asarray(shapely.linestrings(np.concatenate(pairs)), dtype=object)


def _near_m(legs: NDArray[np.object_], others: NDArray[np.object_], tolerance_m: float) -> float:
    """Return the metres of legs that lie within the tolerance of any other."""
    if len(legs) == 0 or len(others) == 0:
        return 0.0
    ground = shapely.union_all(shapely.buffer(others, tolerance_m, quad_segs=_QUAD_SEGS))
    # Leg by leg: an overlay of whole lines would count ground walked twice only once.
    return float(shapely.length(shapely.intersection(legs, ground)).sum())
