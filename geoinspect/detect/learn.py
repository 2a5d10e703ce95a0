"""Learning from clicks: a Gaussian process that bends the detector's order to what people said.

Binary classification with the Laplace approximation (Rasmussen & Williams 2006, algorithms 3.1
and 3.2). The detector's own logit is the mean, so that without labels the order is the detector's;
a constant, a linear and a squared-exponential covariance over the candidates' standardised figures
carry a click to what looks alike. It needs milliseconds, draws nothing at random, and says how
sure it is, which choosing what to show next and advice on when to stop both need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Variances in squared logits. The constant is wide: how common real patches are is what nobody
# knows before the first clicks.
_CONSTANT, _LINEAR, _ALIKE = 9.0, 2.0, 4.0
# Candidates this many standard deviations apart, per figure, no longer look alike.
_REACH = 0.7
_STEPS, _SETTLED = 50, 1e-9
_MOST_LABELS = 1500
# Standardised figures are cut here, so that one odd candidate doesn't outweigh all others.
_FAR = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Figures of candidates on one scale.

    Attributes:
        middle, spread: Of each figure over the survey's candidates, shape (f,).
    """

    middle: F8
    spread: F8

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> Figures:
        """Return the scale of candidates of shape (n, f), n ≥ 1: median and quartile range."""
        low, middle, high = np.percentile(features.astype(np.float64), [25, 50, 75], axis=0)
        spread = np.maximum((high - low) / 1.349, 1e-6)
        fallback = features.astype(np.float64).std(axis=0)
        spread = np.where(high > low, spread, np.maximum(fallback, 1e-6))
        return cls(middle, spread)

    def scaled(self, features: NDArray[np.floating]) -> F8:
        """Return candidates in these units, cut at four spreads."""
        scaled: F8 = np.clip((features - self.middle) / self.spread, -_FAR, _FAR)
        return scaled


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What people said of candidates of this or another survey.

    Attributes:
        features: Shape (m, f), as the detector gave them.
        start: The detector's logits, shape (m,).
        poppy: Shape (m,).
    """

    features: NDArray[np.floating]
    start: F8
    poppy: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Relearned:
    """The order after learning.

    Attributes:
        mean, variance: Of each candidate's logit, shape (n,).
        chance: Model's chance that a candidate is a patch, averaged over what is not known of
            its logit; a model's number.
    """

    mean: F8
    variance: F8

    @property
    def chance(self) -> F8:
        """Shape (n,), by MacKay's (1992) approximation of the averaged logistic."""
        chance: F8 = _logistic(self.mean / np.sqrt(1 + np.pi / 8 * self.variance))
        return chance


def relearn(
    features: NDArray[np.floating], start: F8, verdicts: Verdicts, scale: Figures | None = None
) -> Relearned:
    """Return what the verdicts make of the candidates.

    Args:
        features: Of the candidates, shape (n, f).
        start: The detector's logits, shape (n,).
        verdicts: Of any candidates of the same figures; the newest 1,500 count.
        scale: Of the figures; that of these candidates without it.
    """
    told = len(verdicts.poppy)
    if told == 0 or len(features) == 0:
        return Relearned(start.astype(np.float64), np.full(len(features), _CONSTANT))
    scale = scale or Figures.of(features)
    recent = slice(max(0, told - _MOST_LABELS), told)
    known = scale.scaled(verdicts.features[recent])
    here = scale.scaled(features)
    sign = np.where(verdicts.poppy[recent], 1.0, -1.0)
    covariance = _covariance(known, known)
    mode, weight = _mode(covariance, sign, verdicts.start[recent])
    gradient = sign * _logistic(-sign * mode)
    across = _covariance(here, known)
    mean = start + across @ gradient
    root = np.sqrt(weight)
    lower = np.linalg.cholesky(np.eye(len(sign)) + root[:, None] * covariance * root)
    solved = np.linalg.solve(lower, (root * across).T)
    variance = np.maximum(_own_variance(here) - (solved**2).sum(axis=0), 1e-9)
    return Relearned(mean, variance)


def _mode(covariance: F8, sign: F8, start: F8) -> tuple[F8, F8]:
    """Return the most likely logits and the curvature there, by Newton's method."""
    n = len(sign)
    logit = start.copy()
    pull = np.zeros(n)
    best = -np.inf
    for _ in range(_STEPS):
        chance = _logistic(logit)
        weight = chance * (1 - chance)
        gradient = (sign + 1) / 2 - chance
        root = np.sqrt(weight)
        matrix = np.eye(n) + root[:, None] * covariance * root
        lower = np.linalg.cholesky(matrix)
        target = weight * (logit - start) + gradient
        inner = np.linalg.solve(lower.T, np.linalg.solve(lower, root * (covariance @ target)))
        step = target - root * inner - pull
        # A full step may overshoot; halve it until the posterior rises.
        size = 1.0
        while size > _SETTLED:
            trial = pull + size * step
            moved = start + covariance @ trial
            height = -0.5 * trial @ (moved - start) - np.logaddexp(0, -sign * moved).sum()
            if height >= best:
                break
            size /= 2
        if size <= _SETTLED or height - best < _SETTLED:
            break
        pull, logit, best = trial, moved, height
    chance = _logistic(logit)
    return logit, np.maximum(chance * (1 - chance), 1e-12)


def _covariance(one: F8, two: F8) -> F8:
    """Return how the logits of two sets of candidates go together, shape (len(one), len(two))."""
    figures = one.shape[1]
    inner = one @ two.T / figures
    apart = (one**2).mean(axis=1)[:, None] + (two**2).mean(axis=1) - 2 * inner
    covariance: F8 = _CONSTANT + _LINEAR * inner + _ALIKE * np.exp(-apart / (2 * _REACH**2))
    return covariance


def _own_variance(one: F8) -> F8:
    variance: F8 = _CONSTANT + _LINEAR * (one**2).mean(axis=1) + _ALIKE
    return variance


def _logistic(value: F8) -> F8:
    logistic: F8 = 0.5 * (1 + np.tanh(0.5 * value))
    return logistic


def next_to_show(order: Relearned, open_: Mask, seen: int) -> int | None:
    """Return the candidate to show next, None when none is open.

    Mostly the likeliest; every third time the one whose answer would teach most: the least sure
    among those that may still be patches. With few labels both find more than either alone.

    Args:
        open_: Candidates nobody has judged, shape (n,).
        seen: How many have been judged so far.
    """
    places = np.flatnonzero(open_)
    if not len(places):
        return None
    chance = order.chance[places]
    if seen % 3 == 2:
        doubt = order.variance[places] * chance * (1 - chance)
        return int(places[np.argmax(doubt)])
    return int(places[np.argmax(chance)])


@dataclass(frozen=True, slots=True)
class Advice:
    """What going on would bring.

    Attributes:
        candidates: How many would be looked at.
        expected: Patches among them, by the model.
        low, high: 95 % interval of that number.
    """

    candidates: int
    expected: float
    low: int
    high: int


def what_is_left(order: Relearned, open_: Mask, *, candidates: int = 100) -> Advice:
    """Return how many patches the next candidates would hold.

    The count is a sum of unlike yes-or-no draws; its spread has two parts, the draws' own and that
    of the common logit shift that the labels have not settled (taken at five quantiles).
    """
    places = np.flatnonzero(open_)
    best = places[np.argsort(-order.chance[places], kind="stable")[:candidates]]
    if not len(best):
        return Advice(0, 0.0, 0, 0)
    shared = float(np.sqrt(order.variance[best].min()))
    rest = np.maximum(order.variance[best] - shared**2, 0)
    shifts = np.array([-1.2816, -0.5244, 0.0, 0.5244, 1.2816])
    counts = np.zeros(len(best) + 1)
    for shift in shifts:
        chances = _logistic((order.mean[best] + shift * shared) / np.sqrt(1 + np.pi / 8 * rest))
        counts += _count_shares(chances) / len(shifts)
    total = np.cumsum(counts)
    expected = float(counts @ np.arange(len(counts)))
    low, high = (int(np.searchsorted(total, q - 1e-12)) for q in (0.025, 0.975))
    return Advice(len(best), expected, low, high)


def _count_shares(chances: F8) -> F8:
    """Return the chance of each count of successes (Poisson binomial, by convolution)."""
    shares = np.zeros(len(chances) + 1)
    shares[0] = 1.0
    for chance in chances:
        shares[1:] = shares[1:] * (1 - chance) + shares[:-1] * chance
        shares[0] *= 1 - chance
    return shares
