"""Proof of absence: from the sensitivity of searched cells to the probability that none is there.

Scenario trees for freedom from disease (Martin, Cameron and Greiner 2007, Preventive Veterinary
Medicine 79:71–97) made spatial (Anderson et al. 2013, Epidemiology and Infection 141:1509–1521):
cells → zones → system → posterior → next year's prior. ``docs/decisions/0015`` writes it out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoinspect.errors import InputError, UsageError

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

ONE_ZONE = "all"


@dataclass(frozen=True, slots=True, eq=False)
class SearchedCells:
    """Cells of a claim, checked; made by :func:`searched_cells`. Arrays of shape (cells,).

    Attributes:
        sensitivity: Probability that a target there would have been found, 0 where not searched.
        risk: Relative risk of the cell, ≥ 0; only ratios count.
        zone: Index into ``zone_names``.
        zone_names: Name of each zone.
        zone_risk: Relative risk of each zone, shape (zones,).
        count: Equal cells that a row stands for.
    """

    sensitivity: F8
    risk: F8
    zone: I4
    zone_names: tuple[str, ...]
    zone_risk: F8
    count: F8

    @property
    def weights(self) -> F8:
        """Share of the presence that a row carries, RR·RRz·count over its sum, shape (cells,)."""
        heavy: F8 = self.risk * self.zone_risk[self.zone] * self.count
        shares: F8 = heavy / heavy.sum()
        return shares

    @property
    def zone_weights(self) -> F8:
        """Share of the presence that each zone carries, shape (zones,); they sum to 1."""
        return self.by_zone(self.weights)

    def by_zone(self, values: F8) -> F8:
        """Return the sums over each zone, shape (zones,)."""
        sums = np.bincount(self.zone, weights=values, minlength=len(self.zone_names))
        return sums.astype(np.float64)


@dataclass(frozen=True, slots=True)
class ZoneEstimate:
    """What was reached in one zone.

    Attributes:
        cells, searched: Cells, and those with a sensitivity above zero.
        weighted_sensitivity: Mean over all its cells by risk; None when no cell has any risk.
        sensitivity: That targets at design prevalence in this zone would have been found.
        weight: Share of the presence that the zone carries.
    """

    zone: str
    cells: int
    searched: int
    weighted_sensitivity: float | None
    sensitivity: float | None
    weight: float

    def as_json(self) -> dict[str, Any]:
        """Return the contract's keys."""
        return {
            "zone": self.zone,
            "cells": self.cells,
            "searched": self.searched,
            "weighted_sensitivity": self.weighted_sensitivity,
            "sensitivity": self.sensitivity,
            "weight": self.weight,
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """One season's claim: a model's number, true as far as its inputs are.

    Attributes:
        system_sensitivity: Probability that targets at design prevalence would have been found.
        prior, posterior: Probability that there are none, before and after the search found none.
        next_prior: What is left of it next season, after new introduction.
        expected_missed: Targets still there and unfound, were they at design prevalence.
    """

    system_sensitivity: float
    prior: float
    posterior: float
    next_prior: float
    expected_missed: float
    zones: tuple[ZoneEstimate, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the contract's figures of ``confidence estimate``."""
        return {
            "system_sensitivity": self.system_sensitivity,
            "prior": self.prior,
            "posterior": self.posterior,
            "next_prior": self.next_prior,
            "zones": [zone.as_json() for zone in self.zones],
            "expected_missed": self.expected_missed,
        }


def searched_cells(
    sensitivity: ArrayLike,
    risk: ArrayLike | None = None,
    *,
    zone: ArrayLike | None = None,
    zone_names: Sequence[str] = (ONE_ZONE,),
    zone_risk: ArrayLike | None = None,
    count: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> SearchedCells:
    """Check cells and return them ready for a claim.

    Args:
        sensitivity: 0–1, shape (cells,).
        risk: ≥ 0, shape (cells,); equal without it.
        zone: Index into ``zone_names``, shape (cells,); all in the first without it.
        zone_names: Name of each zone.
        zone_risk: ≥ 0, shape (zones,); equal without it.
        count: Equal cells a row stands for, > 0, shape (cells,); one without it.
        names: What to call each row in messages; its number without it.

    Raises:
        InputError: No cells, a value outside its range or absent, or no risk anywhere.
    """
    found = np.atleast_1d(np.asarray(sensitivity, np.float64))
    n = len(found)
    if n == 0:
        raise InputError("没有网格单元,无法估计", "there are no cells to estimate", code="no_cells")
    zones = tuple(zone_names)
    cells = SearchedCells(
        sensitivity=found,
        risk=_filled(risk, n),
        zone=np.zeros(n, np.int32) if zone is None else np.asarray(zone, np.int32),
        zone_names=zones,
        zone_risk=_filled(zone_risk, len(zones)),
        count=_filled(count, n),
    )
    for values in (cells.risk, cells.zone, cells.count):
        assert values.shape == (n,)
    assert cells.zone_risk.shape == (len(zones),)
    rows = names if names is not None else range(1, n + 1)
    _check_rows("灵敏度", "sensitivity", found, (found >= 0) & (found <= 1), rows, "0–1")
    for zh, en, values, ok in (
        ("风险", "risk", cells.risk, cells.risk >= 0),
        ("数量", "count", cells.count, cells.count > 0),
    ):
        _check_rows(zh, en, values, ok & np.isfinite(values), rows, "≥ 0")
    _check_zones(cells)
    return cells


def estimate(
    cells: SearchedCells,
    *,
    prior: float,
    design_prevalence: float = 1.0,
    zone_prevalence: float = 1.0,
    introduction: float = 0.0,
) -> Estimate:
    """Return the claim that a search without a find supports.

    Args:
        cells: What was searched, how well, and at what risk.
        prior: Probability that there are none before the search.
        design_prevalence: Targets in a zone that has any, which the search must not miss.
        zone_prevalence: Zones that have any.
        introduction: Probability that new ones come before the next season.

    Raises:
        UsageError: A probability outside 0–1, or a prevalence that is not positive.
    """
    check_share("先验概率 prior", prior)
    check_share("引入概率 introduction", introduction)
    check_prevalence("设计流行数 design prevalence", design_prevalence)
    check_prevalence("区域流行数 zone prevalence", zone_prevalence)
    at_risk = cells.risk * cells.count
    total = cells.by_zone(at_risk)
    with np.errstate(invalid="ignore"):
        reached = np.minimum(cells.by_zone(at_risk * cells.sensitivity) / total, 1.0)
    weights = cells.zone_weights
    found = zone_sensitivity(reached, design_prevalence)
    system = float(system_sensitivity(np.where(total > 0, found, 0.0), weights, zone_prevalence))
    after = float(posterior(prior, system))
    missed = float((cells.weights * (1.0 - cells.sensitivity)).sum())
    return Estimate(
        system_sensitivity=system,
        prior=prior,
        posterior=after,
        next_prior=next_prior(after, introduction),
        expected_missed=design_prevalence * zone_prevalence * missed,
        zones=_zone_rows(cells, reached, found, weights),
    )


def zone_sensitivity(weighted_sensitivity: F8, design_prevalence: float) -> F8:
    """Return ``1 − (1 − m)^P*`` of each zone; NaN stays NaN."""
    if design_prevalence == 1:
        return weighted_sensitivity
    with np.errstate(divide="ignore"):
        return -np.expm1(design_prevalence * np.log1p(-weighted_sensitivity)) + 0.0


def system_sensitivity(sensitivity: F8, weights: F8, zone_prevalence: float) -> F8:
    """Return ``1 − (1 − Σ SSe_z·w_z)^Pz``; zones lie along the last axis of both."""
    share = np.minimum((sensitivity * weights).sum(axis=-1), 1.0)
    return zone_sensitivity(share, zone_prevalence)


def posterior(prior: ArrayLike, sensitivity: ArrayLike) -> F8:
    """Return ``prior / (1 − SSe·(1 − prior))``.

    A prior of 0 stays 0, also under a perfect search, where the formula is 0/0: who is certain
    that there are some learns from not finding them that an input was wrong, not that none exist.
    """
    before = np.asarray(prior, np.float64)
    # The same sum, written so that a perfect search of any prior above 0 gives 1 to the last digit.
    unfound = before + (1.0 - before) * (1.0 - np.asarray(sensitivity, np.float64))
    return np.divide(before, unfound, out=np.zeros(unfound.shape), where=unfound > 0)


def next_prior(posterior_now: float, introduction: float) -> float:
    """Return ``1 − ((1 − posterior) + I − (1 − posterior)·I)``, next season's prior."""
    present = 1.0 - posterior_now
    return 1.0 - (present + introduction - present * introduction)


def part_prior(prior: ArrayLike, share: ArrayLike) -> F8:
    """Return the prior of a part that carries a share of the presence: ``prior^share``.

    Presence by a Poisson process of mean ``−ln prior``, so priors of parts that don't overlap
    multiply to that of the whole. A share of 0 gives 1: nothing is expected there.
    """
    return np.power(np.asarray(prior, np.float64), np.asarray(share, np.float64))


def check_share(name: str, value: float) -> None:
    """Check that a probability lies in 0–1.

    Raises:
        UsageError: It does not, or is no number.
    """
    if not 0 <= value <= 1:
        raise UsageError(
            f"{name} 应在 0 到 1 之间,得到 {value:g}",
            f"{name} lies between 0 and 1, got {value:g}",
            code="bad_share",
        )


def check_prevalence(name: str, value: float) -> None:
    """Check that a number of targets or zones is positive.

    Raises:
        UsageError: It is not, or is not finite.
    """
    if not (math.isfinite(value) and value > 0):
        raise UsageError(
            f"{name} 必须大于 0,得到 {value:g}",
            f"{name} must be above 0, got {value:g}",
            code="bad_prevalence",
        )


def _filled(values: ArrayLike | None, n: int) -> F8:
    return np.ones(n) if values is None else np.atleast_1d(np.asarray(values, np.float64))


def _check_rows(
    zh: str, en: str, values: F8, ok: NDArray[np.bool_], rows: Sequence[object], bounds: str
) -> None:
    wrong = np.flatnonzero(~ok)
    if len(wrong):
        where, value = rows[int(wrong[0])], values[wrong[0]]
        shown = "空 absent" if np.isnan(value) else f"{value:g}"
        raise InputError(
            f"单元 {where} 的{zh}为 {shown},应为 {bounds};共有 {len(wrong)} 个这样的单元(未搜索请填 0)",
            f"cell {where}: its {en} is {shown}, it must be {bounds}; {len(wrong)} cells are like "
            "this (not searched is 0)",
            code=f"bad_{en}",
        )


def _check_zones(cells: SearchedCells) -> None:
    wrong = np.flatnonzero(~(np.isfinite(cells.zone_risk) & (cells.zone_risk >= 0)))
    if len(wrong):
        name, value = cells.zone_names[wrong[0]], cells.zone_risk[wrong[0]]
        raise InputError(
            f"区域 {name} 的风险为 {value:g},应 ≥ 0",
            f"zone {name}: its risk is {value:g}, it must be ≥ 0",
            code="bad_risk",
        )
    with np.errstate(over="ignore"):
        total = float((cells.risk * cells.zone_risk[cells.zone] * cells.count).sum())
    if not (total > 0 and math.isfinite(total)):
        raise InputError(
            f"所有单元的风险之和为 {total:g}:至少一个单元的风险和区域风险要大于 0,且不能大到溢出",
            f"the risks of all cells sum to {total:g}: at least one cell needs a risk and a zone risk "
            "above 0, and none may be so large that the sum overflows",
            code="no_risk",
        )


def _zone_rows(
    cells: SearchedCells, reached: F8, found: F8, weights: F8
) -> tuple[ZoneEstimate, ...]:
    searched = cells.by_zone(cells.count * (cells.sensitivity > 0))
    counts = cells.by_zone(cells.count)
    return tuple(
        ZoneEstimate(
            zone=name,
            cells=round(counts[i]),
            searched=round(searched[i]),
            weighted_sensitivity=None if np.isnan(reached[i]) else float(reached[i]),
            sensitivity=None if np.isnan(found[i]) else float(found[i]),
            weight=float(weights[i]),
        )
        for i, name in enumerate(cells.zone_names)
    )
