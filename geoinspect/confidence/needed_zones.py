"""What it would take over several zones, when more than one target a zone is assumed.

With a design prevalence P above 1, a metre counts less in a zone that is searched well already:
the claim grows by ``w_z·P·missed_z^(P−1)`` times the miss it saves there. The least miss of a
zone is log-convex in its metres, so ``missed_z^P`` is convex for any P > 0, and the zones' metres
are best where all give the same rate; it is found by bisection.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoinspect.confidence.absence import (
    check_prevalence,
    check_share,
    posterior,
    system_sensitivity,
)
from geoinspect.confidence.needed import EffortCurve, Need, Pace, needed_sensitivity

F8 = NDArray[np.float64]

_STEPS = 60


def needed_over_zones(
    curves: Sequence[EffortCurve],
    zone_weights: ArrayLike,
    pace: Pace,
    *,
    prior: float,
    target: float,
    design_prevalence: float,
    zone_prevalence: float = 1.0,
) -> Need:
    """Return the least effort that lifts the claim of several zones together to a target.

    Args:
        curves: One a zone that has a weight, at the pace's sweep width.
        zone_weights: Share of the presence that each carries, shape (zones,).
        pace: How a team searches.
        prior, target, design_prevalence, zone_prevalence: As for the estimate.

    Raises:
        UsageError: A probability outside 0–1, or a prevalence that is not positive.
    """
    check_share("先验概率 prior", prior)
    check_share("目标 target", target)
    check_prevalence("设计流行数 design prevalence", design_prevalence)
    check_prevalence("区域流行数 zone prevalence", zone_prevalence)
    weights = np.asarray(zone_weights, np.float64)
    assert len(curves) == len(weights)
    assert all(curve.width_m == pace.width_m for curve in curves)
    spread = _Spread(curves, weights / weights.sum(), design_prevalence)

    def claim(missed: F8) -> float:
        found = 1.0 - missed**design_prevalence
        return float(posterior(prior, system_sensitivity(found, spread.weights, zone_prevalence)))

    floor = np.array([curve.floor for curve in curves])
    wanted = needed_sensitivity(prior, target)
    metres = math.inf
    if wanted is not None:
        metres = spread.metres_for((1.0 - wanted) ** (1.0 / zone_prevalence))
    reachable = math.isfinite(metres)
    return Need(
        target=target,
        posterior_now=claim(spread.missed(np.zeros(len(curves)))),
        posterior_best=claim(floor),
        reachable=reachable,
        sensitivity_needed=wanted,
        metres=metres if reachable else None,
        team_days=metres / pace.day_m if reachable else None,
        posterior_one_day_more=claim(spread.missed(spread.best(pace.day_m))),
    )


class _Spread:
    """Metres spread over zones so that every zone in use gives the same rate."""

    def __init__(self, curves: Sequence[EffortCurve], weights: F8, prevalence: float) -> None:
        self.curves, self.weights, self.prevalence = curves, weights, prevalence
        self._first = [self._log_rate(z, 0.0) for z in range(len(curves))]
        # From here on a zone has nothing left to give that a double could tell.
        self._most_m = [0.0 if len(c.rate) == 0 else 80.0 * float(c.reach_m.sum()) for c in curves]

    def missed(self, metres: F8) -> F8:
        """Return what is left unfound in each zone, shape (zones,)."""
        return np.array(
            [curve.missed_after(m) for curve, m in zip(self.curves, metres, strict=True)]
        )

    def metres_for(self, missed: float) -> float:
        """Return the least metres that lower ``Σ w·missed_z^P`` to a value; infinite if none do."""

        def left(metres: F8) -> float:
            return float((self.weights * self.missed(metres) ** self.prevalence).sum())

        if left(np.zeros(len(self.curves))) <= missed:
            return 0.0
        floor = np.array([curve.floor for curve in self.curves])
        if float((self.weights * floor**self.prevalence).sum()) >= missed:
            return math.inf
        return float(self._level(lambda metres: left(metres) - missed).sum())

    def best(self, total_m: float) -> F8:
        """Return how much of a total goes to each zone, shape (zones,)."""
        if sum(self._most_m) <= total_m:
            return np.array(self._most_m)
        return self._level(lambda metres: total_m - float(metres.sum()))

    def _level(self, wanting: Callable[[F8], float]) -> F8:
        """Return the zones' metres at the highest common rate at which nothing is wanting."""
        high = max(self._first)
        low = high - 200.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if wanting(self._at(middle)) > 0:
                high = middle
            else:
                low = middle
        return self._at(low)

    def _at(self, log_rate: float) -> F8:
        return np.array([self._metres_at(z, log_rate) for z in range(len(self.curves))])

    def _metres_at(self, zone: int, log_rate: float) -> float:
        """Return the metres after which a zone gives a rate."""
        if self._first[zone] <= log_rate:
            return 0.0
        low, high = 0.0, self._most_m[zone]
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self._log_rate(zone, middle) > log_rate:
                low = middle
            else:
                high = middle
        return high

    def _log_rate(self, zone: int, metres: float) -> float:
        """Return the logarithm of what a zone's next metre adds to the claim."""
        curve = self.curves[zone]
        if len(curve.rate) == 0 or self.weights[zone] == 0:
            return -math.inf
        own = curve.log_rate_after(metres) + math.log(self.weights[zone] * self.prevalence)
        return own + (self.prevalence - 1.0) * math.log(curve.missed_after(metres))
