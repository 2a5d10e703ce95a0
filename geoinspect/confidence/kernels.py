"""The inner loop of the draws: what each draw of the inputs makes of every cell."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]

# exp(±40) is nothing, or all, beside any other term of the sums.
_MOST = 40.0


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _exp(x: float) -> float:
    """Return ``exp(x)`` with a relative error below 1e-8; x is cut at ±40.

    ``exp(x) = exp(x/1024)^1024``, the inner one by six terms of its series: plain products, which
    the compiler turns into vector instructions. A call to ``exp`` it can't (six times slower).
    """
    t = max(min(x, _MOST), -_MOST) / 1024.0
    e = 1.0 + t * (1.0 + t * (0.5 + t * (1.0 / 6.0 + t * (1.0 / 24.0 + t * (1.0 / 120.0)))))
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    return e * e


@numba.njit(cache=True, nogil=True, error_model="numpy")
def add_draws(
    exposure: F4,
    cap: F4,
    widens: NDArray[np.bool_],
    scale: F4,
    weight: F8,
    zone: I4,
    factor: F8,
    log_risk: F4,
    power: F8,
    found: F8,
    total: F8,
) -> None:
    """Add to each zone's sums, draw by draw, what some cells contribute.

    A cell's sensitivity in a draw is ``min(cap, scale·(1 − exp(−Σ_g factor_g·exposure_g)))``; a
    cap that widens is multiplied, up to 1, as the exposure is: a strip that is wider than thought
    shows more ground. Its weight is ``weight·exp(Σ_f power_f·log_risk_f)``.

    Args:
        exposure: ``W·L/A`` by group of looks, shape (groups, cells).
        cap, widens, scale: Shape (cells,).
        weight: Relative risk times count, shape (cells,).
        zone: Shape (cells,).
        factor: What each draw multiplies a group's exposure by, shape (groups, draws).
        log_risk: Logarithms of the parts that a risk is made of, shape (factors, cells).
        power: What each draw adds to their exponent 1, shape (factors, draws).
        found: Sums of weight × sensitivity, added to, shape (zones, draws).
        total: Sums of weight, added to, shape (zones, draws).
    """
    groups, draws = factor.shape
    factors = power.shape[0]
    effort, heavy = np.empty(draws), np.empty(draws)
    for i in range(len(weight)):
        if weight[i] == 0.0:
            continue
        z, full, most = zone[i], np.float64(scale[i]), np.float64(cap[i])
        heavy[:] = 0.0
        for f in range(factors):
            part = np.float64(log_risk[f, i])
            for d in range(draws if part != 0.0 else 0):
                heavy[d] += power[f, d] * part
        for d in range(draws):
            heavy[d] = weight[i] * _exp(heavy[d]) if factors > 0 else weight[i]
            total[z, d] += heavy[d]
        effort[:] = 0.0
        searched, best_guess = False, 0.0
        for g in range(groups):
            looked = np.float64(exposure[g, i])
            if looked > 0.0:
                searched = True
                best_guess += looked
                for d in range(draws):
                    effort[d] += factor[g, d] * looked
        if searched and widens[i]:
            per_effort = most / best_guess
            for d in range(draws):
                seen = min(1.0, per_effort * effort[d])
                found[z, d] += heavy[d] * min(seen, full * (1.0 - _exp(-effort[d])))
        elif searched:
            for d in range(draws):
                found[z, d] += heavy[d] * min(most, full * (1.0 - _exp(-effort[d])))
