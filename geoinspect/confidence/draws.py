"""How far a claim moves when its inputs are only known as distributions (Monte Carlo).

A factor on the exposure is drawn once a draw for each group of looks (usually a method) and
holds for all its cells: a sweep width that is wrong is wrong everywhere, so errors don't average
out over the cells. Factors are lognormal with median 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoinspect.confidence.absence import (
    SearchedCells,
    check_share,
    part_prior,
    posterior,
    system_sensitivity,
    zone_sensitivity,
)
from geoinspect.confidence.kernels import add_draws
from geoinspect.errors import UsageError

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]

LEVEL = 0.9
# What a sweep width of a table, not measured here, may be wrong by: about ± 30 % (one sd).
DEFAULT_SD_LOG = 0.3


@dataclass(frozen=True, slots=True)
class FixedPrior:
    """A prior taken as known."""

    value: float

    def sample(self, random: np.random.Generator, draws: int) -> F8:
        """Return the same value for every draw, shape (draws,)."""
        return np.full(draws, self.value)

    def as_json(self) -> dict[str, Any]:
        """Return the distribution by name and parameters."""
        return {"distribution": "fixed", "value": self.value}


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """A prior as sure as ``strength`` past seasons would make it, of which ``mean`` were clean."""

    mean: float
    strength: float

    def sample(self, random: np.random.Generator, draws: int) -> F8:
        """Return draws of the prior, shape (draws,)."""
        if not 0 < self.mean < 1:
            return np.full(draws, self.mean)
        a, b = self.mean * self.strength, (1 - self.mean) * self.strength
        return random.beta(a, b, draws)

    def as_json(self) -> dict[str, Any]:
        """Return the distribution by name and parameters."""
        return {"distribution": "beta", "mean": self.mean, "strength": self.strength}


@dataclass(frozen=True, slots=True)
class TriangularPrior:
    """A prior that experts put between ``low`` and ``high``, most likely at ``mode``."""

    low: float
    mode: float
    high: float

    def sample(self, random: np.random.Generator, draws: int) -> F8:
        """Return draws of the prior, shape (draws,)."""
        if self.low == self.high:
            return np.full(draws, self.mode)
        return random.triangular(self.low, self.mode, self.high, draws)

    def as_json(self) -> dict[str, Any]:
        """Return the distribution by name and parameters."""
        figures = {"low": self.low, "mode": self.mode, "high": self.high}
        return {"distribution": "triangular", **figures}


Prior: TypeAlias = FixedPrior | BetaPrior | TriangularPrior


@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """What the looks at each cell amount to, by group of looks.

    A cell's sensitivity is ``min(cap, scale·(1 − exp(−Σ exposure)))``.

    Attributes:
        exposure: ``W·L/A`` at the best guess of W, ≥ 0, shape (groups, cells).
        cap: What the sensitivity does not exceed (the share of the cell seen), shape (cells,).
        widens: Where the cap grows and shrinks with the exposure, as the seen share of lines does
            with their width, shape (cells,); None is nowhere.
        scale: Shape (cells,); 1 where the exposure is the cell's own.
        groups: Name of each group.
    """

    exposure: F4
    cap: F4
    scale: F4
    groups: tuple[str, ...]
    widens: NDArray[np.bool_] | None = None

    @property
    def sensitivity(self) -> F8:
        """Sensitivity at the best guess of every input, shape (cells,)."""
        effort = self.exposure.astype(np.float64).sum(axis=0)
        found: F8 = self.scale * -np.expm1(-effort) + 0.0
        return np.minimum(self.cap.astype(np.float64), found)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How unsure the inputs are.

    Attributes:
        prior: Distribution of the prior.
        sd_log: Standard deviation of the logarithm of each group's factor.
        risk_sd_log: The same for the exponent of each part of the risk (``RR^e``, median 1).
        draws: How many draws.
        seed: The same seed gives the same draws.
    """

    prior: Prior
    sd_log: tuple[float, ...]
    risk_sd_log: tuple[float, ...] = ()
    draws: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every figure.

        Raises:
            UsageError: One is out of its range.
        """
        _check_prior(self.prior)
        for value in (*self.sd_log, *self.risk_sd_log):
            if not (math.isfinite(value) and 0 <= value <= 3):
                raise UsageError(
                    f"不确定度应在 0 到 3 之间(对数标准差),得到 {value:g}",
                    f"an uncertainty (sd of the logarithm) lies between 0 and 3, got {value:g}",
                    code="bad_uncertainty",
                )
        if self.draws < 1 or self.seed < 0:
            raise UsageError(
                f"抽样次数应 ≥ 1、种子应 ≥ 0,得到 {self.draws} 和 {self.seed}",
                f"draws must be ≥ 1 and the seed ≥ 0, got {self.draws} and {self.seed}",
                code="bad_draws",
            )

    def as_json(self, groups: Sequence[str], factors: Sequence[str] = ()) -> dict[str, Any]:
        """Return every input as a named distribution."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "level": LEVEL,
            "prior": self.prior.as_json(),
            "exposure_factors": _lognormals(groups, self.sd_log),
            "risk_exponents": _lognormals(factors, self.risk_sd_log),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ClaimDraws:
    """The claim under each draw of the inputs.

    Attributes:
        prior, system_sensitivity, posterior: Shape (draws,).
        zone_sensitivity: Shape (draws, zones), NaN in a zone without any risk.
        zone_posterior: That the zone alone is clean, with the part of the prior that falls to it
            (:func:`~geoinspect.confidence.absence.part_prior`), shape (draws, zones).
    """

    prior: F8
    system_sensitivity: F8
    posterior: F8
    zone_sensitivity: F8
    zone_posterior: F8

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the central interval of the posterior."""
        low, high = np.quantile(self.posterior, _tails(level))
        return float(low), float(high)

    def zone_intervals(self, level: float = LEVEL) -> F8:
        """Return the central interval of each zone's posterior, shape (zones, 2)."""
        return np.quantile(self.zone_posterior, _tails(level), axis=0).T.astype(np.float64)


def exposures_of(sensitivity: ArrayLike, *, group: str = "all") -> Exposures:
    """Return the exposure ``−ln(1 − s)`` behind sensitivities of unknown making, one group."""
    found = np.asarray(sensitivity, np.float64)
    with np.errstate(divide="ignore"):
        effort = -np.log1p(-found) + 0.0
    ones = np.ones(len(found), np.float32)
    return Exposures(effort.astype(np.float32)[None, :], ones, ones, (group,))


def draw_claims(
    cells: SearchedCells,
    exposures: Exposures,
    uncertainty: Uncertainty,
    *,
    design_prevalence: float = 1.0,
    zone_prevalence: float = 1.0,
    log_risk: ArrayLike | None = None,
) -> ClaimDraws:
    """Return the claim under draws of all uncertain inputs.

    Args:
        cells: Risks, zones and counts; their ``sensitivity`` is not read.
        exposures: What the sensitivities are made of, in the order of the cells.
        uncertainty: A value of ``sd_log`` for each group, of ``risk_sd_log`` for each part.
        design_prevalence, zone_prevalence: As for the estimate.
        log_risk: Logarithms of the parts whose product is the risk, finite, shape
            (parts, cells).
    """
    parts = np.zeros((0, len(cells.risk)), np.float32)
    if log_risk is not None:
        parts = np.ascontiguousarray(log_risk, np.float32)
    assert exposures.exposure.shape == (len(uncertainty.sd_log), len(cells.risk))
    assert parts.shape == (len(uncertainty.risk_sd_log), len(cells.risk))
    assert np.isfinite(parts).all()
    draws, zones = uncertainty.draws, len(cells.zone_names)
    found, total = np.zeros((zones, draws)), np.zeros((zones, draws))
    add_draws(
        np.ascontiguousarray(exposures.exposure, np.float32),
        exposures.cap,
        np.zeros(len(cells.risk), np.bool_) if exposures.widens is None else exposures.widens,
        exposures.scale,
        cells.risk * cells.count,
        cells.zone,
        _factors(uncertainty, 1, uncertainty.sd_log),
        parts,
        _factors(uncertainty, 2, uncertainty.risk_sd_log) - 1.0,
        found,
        total,
    )
    reached = np.full_like(found, np.nan)
    np.divide(found, total, out=reached, where=total > 0)
    share = total * cells.zone_risk[:, None]
    share /= share.sum(axis=0)
    by_zone = zone_sensitivity(np.clip(reached.T, 0.0, 1.0), design_prevalence)
    known = np.where(np.isnan(by_zone), 0.0, by_zone)
    system = system_sensitivity(known, share.T, zone_prevalence)
    prior = uncertainty.prior.sample(_stream(uncertainty, 0), draws)
    return ClaimDraws(
        prior=prior,
        system_sensitivity=system,
        posterior=posterior(prior, system),
        zone_sensitivity=by_zone,
        zone_posterior=posterior(part_prior(prior[:, None], share.T), known),
    )


def _stream(uncertainty: Uncertainty, number: int) -> np.random.Generator:
    # Each input has its own stream, so that one more group leaves the others' draws as they are.
    return np.random.default_rng([uncertainty.seed, number])


def _factors(uncertainty: Uncertainty, number: int, sd_log: Sequence[float]) -> F8:
    normal = _stream(uncertainty, number).standard_normal((len(sd_log), uncertainty.draws))
    return np.exp(np.asarray(sd_log, np.float64)[:, None] * normal)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _lognormals(names: Sequence[str], sd_log: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {"name": name, "distribution": "lognormal", "median": 1.0, "sd_log": sd}
        for name, sd in zip(names, sd_log, strict=True)
    ]


def _check_prior(prior: Prior) -> None:
    match prior:
        case FixedPrior(value):
            check_share("先验概率 prior", value)
        case BetaPrior(mean, strength):
            check_share("先验概率 prior", mean)
            if not (math.isfinite(strength) and strength > 0):
                raise UsageError(
                    f"先验的等效样本数必须大于 0,得到 {strength:g}",
                    f"the strength of the prior must be above 0, got {strength:g}",
                    code="bad_prior",
                )
        case TriangularPrior(low, mode, high):
            for value in (low, mode, high):
                check_share("先验概率 prior", value)
            if not low <= mode <= high:
                raise UsageError(
                    f"先验的下限、最可能值、上限应依次不减,得到 {low:g}、{mode:g}、{high:g}",
                    f"the prior's low, mode and high must ascend, got {low:g}, {mode:g}, {high:g}",
                    code="bad_prior",
                )
