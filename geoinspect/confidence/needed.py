"""What it would take: the least walking that lifts a claim to a target, and what a day buys.

Search effort of a fixed total is spread best by giving every metre to the cell where it finds
most (Koopman 1980, *Search and Screening*; Charnes and Cooper 1958): a metre in cell i lowers the
risk-weighted miss at the rate ``w_i·q_i·(W/A_i)·e^(−W·x_i/A_i)``, so the cells searched on are
raised to one common rate μ and the others left. With exponential detection the answer is closed:
sort by rate, sum, and cut. Ways to and between the cells are not in it, so it is a lower bound;
the planned patrol says what walking really takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoinspect.confidence.absence import check_prevalence, check_share, posterior
from geoinspect.errors import InputError, Text, UsageError

F8 = NDArray[np.float64]

LOWER_BOUND = Text(
    "不含往返和格间路程,是下限;实际要走多少,以路线规划为准",
    "ways to and between cells are not in it, so it is a lower bound: the planned patrol says what "
    "it really takes",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a team searches.

    Attributes:
        width_m: Full effective sweep width.
        speed_kmh: Speed while searching.
        hours: Searching hours a day.
    """

    width_m: float = 20.0
    speed_kmh: float = 3.0
    hours: float = 6.0

    def __post_init__(self) -> None:
        """Check every figure.

        Raises:
            UsageError: One is not above 0.
        """
        for name, value in (
            ("扫视宽度 sweep width", self.width_m),
            ("速度 speed", self.speed_kmh),
            ("每日小时数 hours a day", self.hours),
        ):
            if not (math.isfinite(value) and value > 0):
                raise UsageError(
                    f"{name} 必须大于 0,得到 {value:g}",
                    f"{name} must be above 0, got {value:g}",
                    code="bad_pace",
                )

    @property
    def day_m(self) -> float:
        """Metres that one team searches in one day."""
        return self.speed_kmh * 1000.0 * self.hours


@dataclass(frozen=True, slots=True, eq=False)
class EffortCurve:
    """What the best use of more metres leaves unfound; made by :func:`effort_curve`.

    Cells that more walking can't improve are left out of the arrays, of shape (k,); the others
    stand in the order in which they are taken up.

    Attributes:
        cell: Index of each cell as it was given.
        rate: Miss saved by a cell's first metre, descending.
        reach_m: ``A/W``, the metres that lower a cell's findable miss by the factor e.
        floor: Miss that no walking removes.
        width_m: Sweep width that it holds for.
        cells: How many cells were given.
    """

    cell: NDArray[np.int64]
    rate: F8
    reach_m: F8
    floor: float
    width_m: float
    cells: int
    _reach_sum: F8
    _log_sum: F8
    _rest: F8
    _begin_m: F8

    def missed_after(self, metres: float) -> float:
        """Return the risk-weighted miss (1 − mean sensitivity) after the best ``metres``."""
        if len(self.rate) == 0:
            return self.floor
        taken, log_level = self._level(metres)
        rest = self._rest[taken] + math.exp(log_level) * self._reach_sum[taken]
        return float(self.floor + rest)

    def metres_for(self, missed: float) -> float:
        """Return the least metres that lower the miss to ``missed``; infinite when none do."""
        left = missed - self.floor
        if left >= self._rest[0]:
            return 0.0
        if left <= 0:
            return math.inf
        # Miss when the cells up to and with k are level with the next one's rate.
        at_next = self._rest[1:] + np.append(self.rate[1:], 0.0) * self._reach_sum[1:]
        taken = int(np.searchsorted(-at_next, -left)) + 1
        log_level = math.log((left - self._rest[taken]) / self._reach_sum[taken])
        metres = self._log_sum[taken] - log_level * self._reach_sum[taken]
        return max(0.0, float(metres))

    def allocation(self, metres: float) -> F8:
        """Return how many of the best ``metres`` go to each cell as given, shape (cells,)."""
        spread = np.zeros(self.cells)
        if len(self.rate) and metres > 0:
            taken, log_level = self._level(metres)
            deep = np.log(self.rate[:taken]) - log_level
            spread[self.cell[:taken]] = self.reach_m[:taken] * np.maximum(deep, 0.0)
        return spread

    def log_rate_after(self, metres: float) -> float:
        """Return the logarithm of the miss that one metre more would save; −∞ when none can."""
        return self._level(metres)[1] if len(self.rate) else -math.inf

    def _level(self, metres: float) -> tuple[int, float]:
        """Return how many cells are taken up, and the log of the rate they are level at."""
        taken = int(np.searchsorted(self._begin_m, metres, side="left")) + 1
        return taken, float((self._log_sum[taken] - metres) / self._reach_sum[taken])


@dataclass(frozen=True, slots=True)
class Need:
    """What would lift a claim to a target.

    Attributes:
        posterior_now: The claim as it stands.
        posterior_best: What endless walking would come near to.
        reachable: Whether a finite effort reaches the target.
        sensitivity_needed: System sensitivity at which the target is reached; None when none is.
        metres, team_days: Least effort; None when unreachable.
        posterior_one_day_more: After one team's best day.
    """

    target: float
    posterior_now: float
    posterior_best: float
    reachable: bool
    sensitivity_needed: float | None
    metres: float | None
    team_days: float | None
    posterior_one_day_more: float

    def as_json(self) -> dict[str, Any]:
        """Return all figures, with what they leave out."""
        return {
            "target": self.target,
            "posterior_now": self.posterior_now,
            "posterior_best": self.posterior_best,
            "reachable": self.reachable,
            "sensitivity_needed": self.sensitivity_needed,
            "metres": self.metres,
            "team_days": self.team_days,
            "posterior_one_day_more": self.posterior_one_day_more,
            "one_day_gain": self.posterior_one_day_more - self.posterior_now,
            "note": LOWER_BOUND.en,
            "note_zh": LOWER_BOUND.zh,
        }


def effort_curve(
    weight: ArrayLike,
    sensitivity: ArrayLike,
    area_m2: ArrayLike,
    *,
    width_m: float,
    ceiling: ArrayLike | None = None,
) -> EffortCurve:
    """Return what more walking does to the miss of an area.

    Args:
        weight: Risk of each cell (with its zone's), ≥ 0, any scale, shape (cells,).
        sensitivity: Reached so far, 0–1, shape (cells,).
        area_m2: Ground of each cell, > 0, shape (cells,).
        width_m: Full effective sweep width.
        ceiling: Highest sensitivity that walking can reach, ≥ ``sensitivity``, shape (cells,); 1
            without it. Equal to the sensitivity where nobody may go.

    Raises:
        InputError: There is no risk anywhere, or a cell without ground.
    """
    heavy, found = np.asarray(weight, np.float64), np.asarray(sensitivity, np.float64)
    ground = np.asarray(area_m2, np.float64)
    total = float(heavy.sum())
    if not (total > 0 and math.isfinite(total) and (ground > 0).all()):
        raise InputError(
            "至少一个单元要有风险,每个单元的面积都要大于 0",
            "at least one cell needs a risk, and each cell ground",
            code="no_risk",
        )
    most = np.ones_like(found) if ceiling is None else np.asarray(ceiling, np.float64)
    share = heavy / total
    left = share * np.maximum(most - found, 0.0)
    rate = left * width_m / ground
    cell = np.flatnonzero(rate > 0)
    cell = cell[np.argsort(-rate[cell], kind="stable")]
    reach_m, log_rate = ground[cell] / width_m, np.log(rate[cell])
    reach_sum = np.append(0.0, np.cumsum(reach_m))
    log_sum = np.append(0.0, np.cumsum(reach_m * log_rate))
    return EffortCurve(
        cell=cell,
        rate=rate[cell],
        reach_m=reach_m,
        floor=float((share * (1.0 - np.maximum(most, found))).sum()),
        width_m=width_m,
        cells=len(heavy),
        _reach_sum=reach_sum,
        _log_sum=log_sum,
        # Summed from the back, so that the last entries are exact zeros and small ones keep digits.
        _rest=np.append(np.cumsum(left[cell][::-1])[::-1], 0.0),
        # Metres spent when each cell but the first is taken up.
        _begin_m=log_sum[1:-1] - log_rate[1:] * reach_sum[1:-1],
    )


def needed(
    curve: EffortCurve, pace: Pace, *, prior: float, target: float, prevalence: float = 1.0
) -> Need:
    """Return the least effort that lifts an area's claim to a target.

    The area is one zone of the method. Over several zones this is exact at prevalence 1, and else
    :func:`~geoinspect.confidence.needed_zones.needed_over_zones` is.

    Args:
        curve: Of the area, at the pace's sweep width.
        pace: How a team searches.
        prior: Probability that there are none before the search.
        target: Posterior to reach.
        prevalence: Design prevalence times zone prevalence.

    Raises:
        UsageError: A probability outside 0–1, or a prevalence that is not positive.
    """
    assert curve.width_m == pace.width_m
    check_share("先验概率 prior", prior)
    check_share("目标 target", target)
    check_prevalence("流行数 prevalence", prevalence)

    def claim(missed: float) -> float:
        return float(posterior(prior, _sensitivity(missed, prevalence)))

    wanted = needed_sensitivity(prior, target)
    metres = math.inf
    if wanted is not None:
        metres = curve.metres_for((1.0 - wanted) ** (1.0 / prevalence))
    reachable = math.isfinite(metres)
    return Need(
        target=target,
        posterior_now=claim(curve.missed_after(0.0)),
        posterior_best=claim(curve.floor),
        reachable=reachable,
        sensitivity_needed=wanted,
        metres=metres if reachable else None,
        team_days=metres / pace.day_m if reachable else None,
        posterior_one_day_more=claim(curve.missed_after(pace.day_m)),
    )


def needed_sensitivity(prior: float, target: float) -> float | None:
    """Return the system sensitivity at which the posterior is ``target``: (1 − π/T)/(1 − π).

    0 when the prior is as high already, None when no sensitivity lifts a prior of 0.
    """
    if prior >= target:
        return 0.0
    return None if prior == 0 else (1.0 - prior / target) / (1.0 - prior)


def gain_curve(
    curve: EffortCurve, *, prior: float, metres: ArrayLike, prevalence: float = 1.0
) -> F8:
    """Return the posterior after the best use of each of some metres, shape of ``metres``."""
    missed = np.array([curve.missed_after(m) for m in np.ravel(metres)])
    after = posterior(prior, _sensitivity(missed, prevalence))
    return after.reshape(np.shape(metres))


def _sensitivity(missed: ArrayLike, prevalence: float) -> F8:
    return np.clip(1.0 - np.asarray(missed, np.float64) ** prevalence, 0.0, 1.0)
