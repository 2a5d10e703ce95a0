"""Shares with exact intervals: the Beta distribution without scipy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from geoinspect.errors import UsageError

_STEPS = 300
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its central interval."""

    value: float
    low: float
    high: float
    level: float = 0.95


def share_found(found: int, shown: int, *, level: float = 0.95) -> Interval:
    """Return the share found with its exact interval (Clopper and Pearson 1934).

    Raises:
        UsageError: The counts can't be: negative, none shown, or more found than shown.
    """
    check_counts(found, shown)
    tail = (1 - level) / 2
    low = 0.0 if found == 0 else beta_quantile(tail, found, shown - found + 1)
    high = 1.0 if found == shown else beta_quantile(1 - tail, found + 1, shown - found)
    return Interval(found / shown, low, high, level)


def check_counts(found: int, shown: int) -> None:
    """Check that so many of so many can have been found.

    Raises:
        UsageError: They can't.
    """
    if not (0 <= found <= shown and shown > 0):
        raise UsageError(
            f"放置 {shown} 个、找到 {found} 个:放置数要大于 0,找到数在 0 到放置数之间",
            f"{found} found of {shown}: some must be placed, and no more found than placed",
            code="bad_counts",
        )


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return the quantile of a Beta(a, b), by bisection to the last digit."""
    return bisected(lambda x: beta_cdf(x, a, b) - share, 0.0, 1.0)


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(x, a, b)


def bisected(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function crosses zero between two places."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for n in range(1, _STEPS + int(10 * math.sqrt(max(a, b)))):
        k = n // 2
        if n % 2 == 0:
            term = k * (b - k) * x / ((a + n - 1) * (a + n))
        else:
            term = -(a + k) * (a + b + k) * x / ((a + n - 1) * (a + n))
        d = 1.0 + term * d
        d = 1.0 / (d if abs(d) > _TINY else _TINY)
        c = 1.0 + term / c
        c = c if abs(c) > _TINY else _TINY
        value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
