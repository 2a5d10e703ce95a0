"""Detection laws: from coverage C = W·L/A of one pass to the probability of detection (POD).

An *exposure* E is −ln(1 − POD). Exposures of independent looks add up, so every law can be
cumulated the same way: ``POD = 1 − e^(−ΣE)``.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.search_records import DetectionLaw

F8 = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)
def _erf(x: F8) -> F8:
    out = np.empty_like(x)
    for k in range(x.size):
        out.flat[k] = math.erf(x.flat[k])
    return out


def detection_probability(coverage: F8, law: DetectionLaw) -> F8:
    """Return POD of one pass, same shape.

    Args:
        coverage: C = W·L/A of the pass, unitless, ≥ 0.
        law: How POD grows with it.
    """
    if law is DetectionLaw.DEFINITE_RANGE:
        return np.minimum(coverage, 1.0)
    if law is DetectionLaw.INVERSE_CUBE:
        found: F8 = _erf(math.sqrt(math.pi) / 2 * np.atleast_1d(coverage).astype(np.float64))
        return found.reshape(np.shape(coverage))
    return -np.expm1(-coverage)


def exposure(coverage: F8, law: DetectionLaw) -> F8:
    """Return −ln(1 − POD) of one pass, same shape; infinite where the law says certainty."""
    if law is DetectionLaw.RANDOM_SEARCH:
        return np.asarray(coverage, np.float64)
    with np.errstate(divide="ignore"):
        return -np.log1p(-detection_probability(coverage, law))
