"""Seeded trials: dummy targets are put out, a team searches, and what it found says how well.

Three ways to a sweep width, by what is known of the trial:

- by distance: how far each dummy lay from the line walked, and whether it was found (the lateral
  range curve itself; the best of the three);
- by counts: how much was walked around each dummy (random search, as claims are computed);
- by detection range: the mean distance at which dummies were first seen (AMDR; no interval).

Pictures have no sweep width; their rate is a share with its exact interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geoinspect.confidence.rates import Interval, beta_quantile, bisected, check_counts, share_found
from geoinspect.errors import Text, UsageError
from geoinspect.search_records import Visibility

F8 = NDArray[np.float64]
Law = Literal["exponential", "half_normal", "hazard_rate"]

# 95 %: half the chi-square quantile of one degree of freedom.
_HALF_CHI2 = 1.920729
_TAIL = 0.025
# Fewer than this is told as too few, whatever the interval says.
FEW = 10
# Sweep width over mean detection range (Koester et al. 2014, Wilderness &
# Environmental Medicine 25:132–142).
AMDR_FACTORS = {Visibility.OPEN: 1.8, Visibility.MIXED: 1.6, Visibility.DENSE: 1.1}

_TOO_FEW = Text("试验数量太少,区间很宽", "too few trials: the interval is wide")
_ALL = Text(
    "全部找到,只能给出下限;请把目标放得更远、更隐蔽,或少走一些",
    "all were found, which gives a lower bound only: put dummies farther off, or walk less",
)
_NONE = Text("一个也没有找到,只能给出上限", "none was found, which gives an upper bound only")


@dataclass(frozen=True, slots=True)
class WidthEstimate:
    """A sweep width from a trial, with its 95 % interval.

    Attributes:
        width_m: Best guess, full width; None when the trial gives a lower bound only.
        low_m, high_m: Interval; None where the trial gives no bound.
        method: ``counts``, ``detection_range`` or the curve fitted.
        found, shown: Dummies found, and passed by.
        notes: What to know before using it.
    """

    width_m: float | None
    low_m: float | None
    high_m: float | None
    method: str
    found: int
    shown: int
    notes: tuple[Text, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return {
            "width_m": self.width_m,
            "low_m": self.low_m,
            "high_m": self.high_m,
            "method": self.method,
            "found": self.found,
            "shown": self.shown,
            "notes": [note.en for note in self.notes],
            "notes_zh": [note.zh for note in self.notes],
        }


def width_by_counts(found: ArrayLike, effort_per_m: ArrayLike) -> WidthEstimate:
    """Return the sweep width at which random search finds what was found.

    Each dummy is found with ``1 − e^(−W·L/A)``; W by maximum likelihood (the likelihood has one
    top), its interval by the likelihood ratio; exact bounds when none or all were found. Evenly
    spaced lines find more than random ones of the same length, which comes out as a larger W
    (6 % at C = 0.12, more at dense lines): walk a trial as patrols walk, or use distances.

    Args:
        found: Whether each dummy was found, shape (n,).
        effort_per_m: Metres walked around it over the ground around it, ``L/A`` in 1/m, ≥ 0,
            shape (n,). Those without any are left out.

    Raises:
        UsageError: No dummy was walked by, or an effort is negative or no number.
    """
    hit, effort = _trial(found, effort_per_m, "走过密度 effort")
    hit, effort = hit[effort > 0], effort[effort > 0]
    check_counts(int(hit.sum()), len(hit))
    notes = (_TOO_FEW,) if len(hit) < FEW else ()
    seen, total = int(hit.sum()), float(effort.sum())

    def log_likelihood(log_width: float) -> float:
        return _random_search(hit, effort, math.exp(log_width))

    # The width is far below the first and far above the second place for any data.
    first, last = math.log(1e-9 / total), math.log(1e3 / float(effort.min()))
    if seen == 0:
        high_m = -math.log(_TAIL) / total
        return WidthEstimate(0.0, 0.0, high_m, "counts", 0, len(hit), (_NONE, *notes))
    if seen == len(hit):
        low = bisected(lambda v: log_likelihood(v) - math.log(_TAIL), first, last)
        return WidthEstimate(None, math.exp(low), None, "counts", seen, seen, (_ALL, *notes))
    best = bisected(lambda v: -_slope(hit, effort, math.exp(v)), first, last)
    edge = log_likelihood(best) - _HALF_CHI2
    low = bisected(lambda v: log_likelihood(v) - edge, first, best)
    high = bisected(lambda v: edge - log_likelihood(v), best, last)
    width_m, low_m, high_m = (math.exp(v) for v in (best, low, high))
    return WidthEstimate(width_m, low_m, high_m, "counts", seen, len(hit), notes)


def width_by_distance(
    found: ArrayLike, distance_m: ArrayLike, *, law: Law | None = None
) -> WidthEstimate:
    """Return the sweep width as the area under a lateral range curve fitted to the trial.

    ``W = 2·∫ P(x) dx`` from the line to the farthest dummy: what would be found still farther off
    was not tried and is not counted. Curves: exponential ``g·e^(−x/s)``, half-normal ``g·e^(−x²/2s²)`` and hazard-rate
    ``g·(1 − e^(−(x/s)^−b))``, by maximum likelihood over a fine lattice of their parameters. The
    interval holds the widths of all lattice points within the 95 % likelihood ratio of the best,
    with Student's t² in place of χ², since few trials make the plain ratio too sure.

    Args:
        found: Whether each dummy was found, shape (n,).
        distance_m: How far it lay from the line at its nearest, ≥ 0, shape (n,).
        law: The curve; without it the one of lower AIC, and the interval of all.

    Raises:
        UsageError: There are no dummies, all lie on the line, or a distance is negative.
    """
    hit, distance = _trial(found, distance_m, "侧向距离 distance")
    check_counts(int(hit.sum()), len(hit))
    reach_m = float(distance.max())
    if reach_m == 0:
        raise UsageError(
            "所有目标都在行走线上,无法得到扫视宽度;请按不同侧向距离放置",
            "all dummies lie on the line walked: put them at several distances beside it",
            code="bad_trial",
        )
    fits = [_fit(hit, distance, name) for name in _CURVES if law in (None, name)]
    best = min(fits, key=lambda fit: fit.aic)
    # Which curve is true is not known either: a width is likely when it is on any curve tried.
    # What a trial can tell is limited by its rarer outcome, not by the number put out.
    rarer = int(min(hit.sum(), (~hit).sum()))
    edge = max(float(fit.scores.max()) for fit in fits) - _half_t2(rarer)
    likely = np.concatenate([fit.widths_m[fit.scores >= edge] for fit in fits])
    width_m = float(best.widths_m[np.argmax(best.scores)])
    low_m, high_m = float(likely.min()), float(likely.max())
    notes = [_TOO_FEW] if len(hit) < FEW else []
    notes += [_NONE] if not hit.any() else [_ALL] if hit.all() else []
    seen = int(hit.sum())
    return WidthEstimate(width_m, low_m, high_m, best.name, seen, len(hit), tuple(notes))


def width_by_range(range_m: Sequence[float], visibility: Visibility) -> WidthEstimate:
    """Return the sweep width from the distances at which dummies were first seen (AMDR).

    Raises:
        UsageError: There is no distance, or one that is not positive.
    """
    ranges = np.asarray(range_m, np.float64)
    if len(ranges) == 0 or not (np.isfinite(ranges) & (ranges > 0)).all():
        raise UsageError(
            "请给出至少一个大于 0 的发现距离(米)",
            "give at least one detection distance above 0 m",
            code="bad_trial",
        )
    width_m = AMDR_FACTORS[visibility] * float(ranges.mean())
    note = Text(
        "经验换算(AMDR),没有区间;有条件时请做放置试验",
        "a rule of thumb (AMDR) without an interval: a trial with dummies is better",
    )
    n = len(ranges)
    return WidthEstimate(width_m, None, None, "detection_range", n, n, (note,))


def detection_rate(found: int, shown: int) -> Interval:
    """Return the detection rate of pictures, with its exact 95 % interval."""
    return share_found(found, shown)


def local_effort(targets_xy: ArrayLike, lines: Sequence[ArrayLike], *, radius_m: float) -> F8:
    """Return ``L/A`` in a disk around each dummy, in 1/m, shape (n,).

    Args:
        targets_xy: Metres, shape (n, 2).
        lines: Lines walked, metres, each of shape (points, 2).
        radius_m: Radius of the disk, at least some sweep widths, so that what is walked in it
            does not depend on whether the dummy was seen.
    """
    disks = shapely.buffer(shapely.points(np.asarray(targets_xy, np.float64)), radius_m)
    length_m = np.zeros(len(disks))
    for line in lines:
        xy = np.asarray(line, np.float64)
        # Step by step: an intersection of the whole line would count once what was walked twice.
        for step in shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)):
            length_m += shapely.length(shapely.intersection(disks, step))
    effort: F8 = length_m / shapely.area(disks)
    return effort


def lateral_distance(targets_xy: ArrayLike, lines: Sequence[ArrayLike]) -> F8:
    """Return how far each dummy lies from the nearest line walked, metres, shape (n,)."""
    walked = shapely.multilinestrings([shapely.linestrings(line) for line in lines])
    points = shapely.points(np.asarray(targets_xy, np.float64))
    return np.asarray(shapely.distance(points, walked), np.float64)


def _trial(found: ArrayLike, figure: ArrayLike, name: str) -> tuple[NDArray[np.bool_], F8]:
    hit, values = np.asarray(found, np.bool_).ravel(), np.asarray(figure, np.float64).ravel()
    if len(hit) != len(values) or not (np.isfinite(values) & (values >= 0)).all():
        raise UsageError(
            f"每个目标都要有一个不小于 0 的{name}(共 {len(hit)} 个目标、{len(values)} 个数)",
            f"each dummy needs one {name} of at least 0 ({len(hit)} dummies, {len(values)} figures)",
            code="bad_trial",
        )
    return hit, values


def _random_search(hit: NDArray[np.bool_], effort: F8, width_m: float) -> float:
    """Return the logarithm of the likelihood of a trial under random search."""
    expected = width_m * effort
    with np.errstate(divide="ignore"):
        return float(np.log(-np.expm1(-expected[hit])).sum() - expected[~hit].sum())


def _slope(hit: NDArray[np.bool_], effort: F8, width_m: float) -> float:
    """Return its derivative by the width, which falls as the width grows."""
    expected = np.minimum(width_m * effort[hit], 700.0)
    return float((effort[hit] / np.expm1(expected)).sum() - effort[~hit].sum())


def _exponential(ratio: F8, _: float) -> F8:
    return np.exp(-ratio)


def _half_normal(ratio: F8, _: float) -> F8:
    return np.exp(-0.5 * ratio**2)


def _hazard_rate(ratio: F8, power: float) -> F8:
    return -np.expm1(-(np.maximum(ratio, 1e-9) ** -power))


_CURVES: dict[Law, tuple[Callable[[F8, float], F8], tuple[float, ...]]] = {
    "exponential": (_exponential, (1.0,)),
    "half_normal": (_half_normal, (2.0,)),
    "hazard_rate": (_hazard_rate, (1.5, 2.5, 4.0, 8.0)),
}
# Height on the line, and reach of the curve as a share of the farthest distance tried.
_HEIGHTS = np.append(0.0, np.linspace(0.04, 1.0, 25))
_REACHES = np.geomspace(0.02, 20.0, 80)
_ACROSS = np.linspace(0.0, 1.0, 201)
# Log-likelihood below the best at which the second, finer lattice ends: wider than any interval.
_FAR_BELOW = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Likelihoods and widths of one curve over the lattice, both of shape (points,)."""

    name: Law
    parameters: int
    scores: F8
    widths_m: F8

    @property
    def aic(self) -> float:
        return 2.0 * self.parameters - 2.0 * float(self.scores.max())


def _fit(hit: NDArray[np.bool_], distance: F8, name: Law) -> _Fit:
    """Return one curve over a lattice that is fine where the likelihood is."""
    _, powers = _CURVES[name]
    scores, widths = [], []
    for power in powers:
        heights, reaches = _HEIGHTS, _REACHES
        for _ in range(2):
            score, width_m = _lattice(hit, distance, name, power, heights, reaches)
            scores.append(score.ravel())
            widths.append(width_m.ravel())
            row, col = np.nonzero(score >= score.max() - _FAR_BELOW)
            r0, r1 = max(row.min() - 1, 0), min(row.max() + 1, len(reaches) - 1)
            c0, c1 = max(col.min() - 1, 0), min(col.max() + 1, len(heights) - 1)
            reaches = np.geomspace(reaches[r0], reaches[r1], 100)
            heights = np.linspace(heights[c0], heights[c1], 60)
    return _Fit(name, 2 + (len(powers) > 1), np.concatenate(scores), np.concatenate(widths))


def _lattice(
    hit: NDArray[np.bool_], distance: F8, name: Law, power: float, heights: F8, reaches: F8
) -> tuple[F8, F8]:
    """Return log-likelihoods and widths in metres, both of shape (reaches, heights)."""
    curve, reach_m = _CURVES[name][0], float(distance.max())
    shape = curve(distance / (reaches[:, None] * reach_m), power)
    across = curve(_ACROSS / reaches[:, None], power)
    score = np.empty((len(reaches), len(heights)))
    for i, height in enumerate(heights):
        seen = height * shape
        with np.errstate(divide="ignore"):
            score[:, i] = np.log(np.where(hit, seen, 1.0 - seen)).sum(axis=1)
    area = np.asarray(np.trapezoid(across, _ACROSS, axis=1))
    return score, 2.0 * reach_m * area[:, None] * heights


def _half_t2(freedom: int) -> float:
    """Return half the squared 97.5 % quantile of Student's t: 1.92 for many trials, more for few."""
    share = beta_quantile(0.95, 0.5, max(freedom, 2) / 2)
    return max(freedom, 2) * share / (1 - share) / 2
