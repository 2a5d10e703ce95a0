"""How many plants stand on a piece of ground: counted one by one, or from sample squares.

立案追诉标准(三) art. 7 lets a count be taken as mean plants per m² of sample squares × planted area
where there are too many to count. ``docs/cases-counting.md`` says why these intervals and how often
they hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from geoinspect.errors import Text, UsageError

F8 = NDArray[np.float64]
Method = Literal["plain", "poisson", "negative_binomial"]

# Chance that even counts are taken for clumped: it bounds what the choice can add to the coverage
# of even counts, and catches mild clumping in few quadrats. Measured in docs/cases-counting.md.
_TEST_LEVEL = 0.2
# On even ground the wider interval misses about a fifth as often as it may; the even one makes up
# for it, so that both together hold the level: (1 − 0.2 · 0.2) / (1 − 0.2).
_EVEN_MISSES = 1.2
# Quadrats within a millionth of the area are all of it; places of the area are seldom surer.
_WHOLE = 1e-6
_MAX_QUADRATS = 10_000
_MAX_PLANTS = 1_000_000_000
_QUADRAT_M2 = (0.01, 10_000.0)
_MAX_AREA_M2 = 1e9
# The widest factor that an interval may reach; beyond it nothing is known anyway.
_WIDEST = 1000.0
# An upper end this many times the count is told to be no use.
_USELESS = 5.0


@dataclass(frozen=True, slots=True)
class PlantCount:
    """A number of plants with its interval.

    Attributes:
        plants, low, high: Best figure and interval; all one number where all were counted.
        level: Share of such intervals that should hold the truth; 1 where all were counted.
        method: How the interval was made.
        why: What was chosen and why, for the officer.
        per_m2: Plants per m² of the quadrats; None for a plain count.
        quadrats: How many; 0 for a plain count.
        quadrat_m2: Ground of one quadrat; None for a plain count.
        area_m2: Planted ground that the figure is for; None for a plain count.
        dispersion: Variance / mean of the counts: about 1 when evenly scattered, above when in
            clumps; None with fewer than two quadrats or no plants in them.
    """

    plants: float
    low: float
    high: float
    level: float
    method: Method
    why: Text
    per_m2: float | None = None
    quadrats: int = 0
    quadrat_m2: float | None = None
    area_m2: float | None = None
    dispersion: float | None = None


def plain_count(plants: float) -> PlantCount:
    """Return a count of every plant: no interval.

    Raises:
        UsageError: It is no whole number from 0 on.
    """
    number = float(_whole_number(plants, "株数", "the count of plants"))
    why = Text("逐株清点,没有抽样误差", "every plant was counted; there is no sampling error")
    return PlantCount(number, number, number, 1.0, "plain", why)


def count_quadrats(
    counts: Sequence[float], quadrat_m2: float, area_m2: float, level: float = 0.95
) -> PlantCount:
    """Return the plants of a piece of ground from counts in equal quadrats placed at random.

    Counts that agree with an even scatter (index-of-dispersion test, Fisher 1925) get the score
    interval of a Binomial(N, share of the ground counted): the Poisson interval with its
    finite-population correction. Clumped ones get the profile likelihood of a negative binomial,
    cut where Student's interval would cut it for normal data, and drawn together by √(1 − f).

    Args:
        counts: Plants in each quadrat, whole numbers.
        quadrat_m2: Ground of one quadrat.
        area_m2: Planted ground, of which the quadrats are part.
        level: Share of intervals that should hold the truth, 0.5 to 0.999.

    Raises:
        UsageError: A value can't be, or the quadrats are more ground than there is.
    """
    values = _checked_counts(counts)
    share = _share_counted(len(values), quadrat_m2, area_m2)
    if not (isinstance(level, int | float) and 0.5 <= level <= 0.999):
        raise _bad(
            f"置信水平要在 0.5 到 0.999 之间,不能是 {level!r:.40}",
            f"the level must be between 0.5 and 0.999, not {level!r:.40}",
        )
    n, total = len(values), float(values.sum())
    spread = float(values.var(ddof=1)) / (total / n) if n > 1 and total > 0 else None
    method: Method = "poisson"
    if share >= 1:
        method, low, high = "plain", total, total
    elif spread is not None and _is_clumped(spread, n):
        method = "negative_binomial"
        low, high = _clumped_interval(values, share, level)
    else:
        tested = spread is not None
        even_level = 1 - (1 - level) * (_EVEN_MISSES if tested else 1.0)
        low, high = _even_interval(total, share, even_level)
    return PlantCount(
        plants=total / share,
        low=max(low, total),
        high=high,
        level=1.0 if method == "plain" else level,
        method=method,
        why=_why(method, n, total, spread, useless=high * share > _USELESS * total),
        per_m2=total / (n * quadrat_m2),
        quadrats=n,
        quadrat_m2=float(quadrat_m2),
        area_m2=float(area_m2),
        dispersion=spread,
    )


def quadrats_needed(
    counts: Sequence[float],
    quadrat_m2: float,
    area_m2: float,
    within: float = 0.2,
    level: float = 0.95,
) -> int:
    """Return about how many quadrats give the count to ± a share, going by a pilot.

    The pilot's own clumping is uncertain, so the figure is advice. Never more than fill the area.

    Args:
        counts: Plants in each quadrat of the pilot, at least two.
        within: Half the interval as a share of the count, such as 0.2.

    Raises:
        UsageError: A value can't be, or the pilot found no plant or had one quadrat.
    """
    pilot = count_quadrats(counts, quadrat_m2, area_m2, level)
    if pilot.dispersion is None:
        raise _bad(
            "预试样方至少要 2 个,且至少有一株,才能估计所需样方数",
            "a pilot needs two quadrats and at least one plant in them",
        )
    if not (math.isfinite(within) and 0 < within < 1):
        raise _bad(
            f"精度要在 0 到 1 之间,不能是 {within!r:.40}",
            f"the precision must be between 0 and 1, not {within!r:.40}",
        )
    mean = math.fsum(float(value) for value in counts) / len(counts)
    relative_variance = max(pilot.dispersion, 1.0) / mean
    full = max(math.floor(area_m2 / quadrat_m2 + _WHOLE), pilot.quadrats)
    needed = 2
    while needed < full:
        t = float(stats.t.ppf((1 + level) / 2, needed - 1))
        if t * t * relative_variance / needed * (1 - needed / full) <= within * within:
            break
        needed += 1 + needed // 100
    return min(needed, full)


def _is_clumped(spread: float, n: int) -> bool:
    """Whether counts scatter more than an even scatter should: Fisher's index of dispersion."""
    return float(stats.chi2.sf((n - 1) * spread, n - 1)) < _TEST_LEVEL


def _even_interval(total: float, share: float, level: float) -> tuple[float, float]:
    """Return N with (total − N·share)² ≤ z²·N·share·(1 − share): the score interval (Rao)."""
    c = float(stats.norm.ppf((1 + level) / 2)) ** 2 * (1 - share)
    half = math.sqrt(c * total + c * c / 4)
    # The product of both ends is total²: no loss of digits in the lower one.
    high = total + c / 2 + half
    return total * total / high / share, high / share


def _clumped_interval(values: F8, share: float, level: float) -> tuple[float, float]:
    """Return the interval of N by the negative binomial's profile likelihood.

    For normal data the profile likelihood ratio is n·log(1 + t²/(n − 1)); cutting there makes up
    for few quadrats as Student's t does.
    """
    n = len(values)
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    profile = _Profile.of(values)
    top = profile.at(0.0)
    drop = n * math.log1p(t * t / (n - 1)) / 2

    def above(log_factor: float) -> float:
        return profile.at(log_factor) - top + drop

    widest = math.log(_WIDEST)
    ends = []
    for sign in (-1.0, 1.0):
        reach = 0.5
        while above(sign * reach) > 0 and reach < widest:
            reach = min(2 * reach, widest)
        far = sign * reach
        ends.append(far if above(far) > 0 else optimize.brentq(above, 0.0, far, xtol=1e-6))
    # What is already counted has no error; a share f of the ground leaves √(1 − f) of it.
    shrink = math.sqrt(1 - share)
    plants = float(values.sum()) / share
    return plants * math.exp(ends[0] * shrink), plants * math.exp(ends[1] * shrink)


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """Log-likelihood of a negative binomial's mean, at the best clumping k for each mean.

    Attributes:
        log_k: Grid of log k, even steps, shape (grid,).
        data: Part of the log-likelihood that hangs on the counts and k alone, shape (grid,).
    """

    log_k: F8
    data: F8
    n: int
    total: float

    @classmethod
    def of(cls, values: F8) -> _Profile:
        mean = float(values.mean())
        excess = max(float(values.var(ddof=1)) - mean, 1e-9 * mean)
        # Away from the sample mean the best k is smaller than the moments' k, seldom much larger.
        log_k = np.linspace(-11.0, 5.0, 161) + math.log(mean * mean / excess)
        k = np.exp(log_k)[:, None]
        distinct, times = np.unique(values, return_counts=True)
        # log Γ(y + k) / Γ(k), by the beta function where both are large and nearly equal.
        grown = special.gammaln(distinct + k) - special.gammaln(k)
        data: F8 = grown @ times.astype(np.float64)
        return cls(log_k, data, len(values), float(values.sum()))

    def at(self, log_factor: float) -> float:
        """Return the profile log-likelihood of the mean exp(log_factor) × sample mean."""
        mean = self.total / self.n * math.exp(log_factor)
        k = np.exp(self.log_k)
        heights: F8 = (
            self.data
            - self.n * k * np.log1p(mean / k)
            + self.total * (math.log(mean) - np.log(k + mean))
        )
        i = min(max(int(np.argmax(heights)), 1), len(k) - 2)
        left, middle, right = (float(h) for h in heights[i - 1 : i + 2])
        bend = left - 2 * middle + right
        if bend >= 0:
            return max(left, middle, right)
        return middle - (right - left) ** 2 / (8 * bend)


def _checked_counts(counts: Sequence[float]) -> F8:
    if isinstance(counts, str | bytes) or not 1 <= len(counts) <= _MAX_QUADRATS:
        raise _bad(
            f"样方数要在 1 到 {_MAX_QUADRATS} 之间",
            f"there must be between 1 and {_MAX_QUADRATS} quadrats",
        )
    return np.array(
        [
            _whole_number(value, f"第 {i} 个样方的株数", f"the count of quadrat {i}")
            for i, value in enumerate(counts, 1)
        ],
        dtype=np.float64,
    )


def _whole_number(value: object, zh: str, en: str) -> int:
    """Return a count as int; whole floats such as 3.0 (as JSON may bring them) are taken."""
    number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not number or not 0 <= value <= _MAX_PLANTS or value % 1:  # type: ignore[operator]
        raise _bad(
            f"{zh}要是 0 到 {_MAX_PLANTS} 的整数,不能是 {value!r:.40}",
            f"{en} must be a whole number from 0 to {_MAX_PLANTS}, not {value!r:.40}",
        )
    return int(value)  # type: ignore[call-overload,no-any-return]


def _share_counted(n: int, quadrat_m2: float, area_m2: float) -> float:
    """Return the share of the ground that was counted, 1 for all of it."""
    low_m2, high_m2 = _QUADRAT_M2
    for value, least, most, zh, en in (
        (quadrat_m2, low_m2, high_m2, "样方面积", "the area of a quadrat"),
        (area_m2, low_m2, _MAX_AREA_M2, "种植面积", "the planted area"),
    ):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value <= most:
            raise _bad(
                f"{zh}要在 {least:g} 到 {most:g} 平方米之间,不能是 {value!r:.40}",
                f"{en} must be between {least:g} and {most:g} m², not {value!r:.40}",
            )
    share = n * quadrat_m2 / area_m2
    if share > 1 + _WHOLE:
        raise _bad(
            f"{n} 个样方共 {n * quadrat_m2:g} 平方米,超过种植面积 {area_m2:g} 平方米:请核对样方面积和种植面积",
            f"{n} quadrats are {n * quadrat_m2:g} m², more than the planted area of {area_m2:g} m²: "
            "check both areas",
            code="quadrats_exceed_area",
        )
    return 1.0 if share > 1 - _WHOLE else share


def _why(method: Method, n: int, total: float, spread: float | None, *, useless: bool) -> Text:
    if method == "plain":
        return Text(
            "样方盖满全部种植面积,等于逐株清点,没有抽样误差",
            "the quadrats fill the whole ground: every plant was counted, no sampling error",
        )
    if method == "negative_binomial":
        more_zh = ";上限太宽,没有用处,请增加样方" if useless else ""
        more_en = "; the upper end is too wide to be of use: count more quadrats" if useless else ""
        return Text(
            f"各样方株数相差大(方差/均值 = {spread:.1f}),按成丛分布(负二项,剖面似然)给出较宽的区间{more_zh}",
            f"counts scatter more than chance (variance/mean = {spread:.1f}): the wider interval for "
            f"clumped plants (negative binomial, profile likelihood){more_en}",
        )
    if n == 1:
        return Text(
            "只有 1 个样方,看不出是否成丛;区间只在植株均匀散布时成立,请增加样方",
            "one quadrat can't show clumps; the interval holds only for evenly scattered plants: "
            "count more quadrats",
        )
    if total == 0:
        return Text(
            "样方内一株也没有,看不出是否成丛;上限只在植株均匀散布时成立",
            "no plant in any quadrat, so clumps can't show; the upper end holds only for evenly "
            "scattered plants",
        )
    return Text(
        f"各样方株数与均匀散布相符(方差/均值 = {spread:.1f}),用泊松计数的得分区间",
        f"counts agree with an even scatter (variance/mean = {spread:.1f}): score interval of a "
        "Poisson count",
    )


def _bad(zh: str, en: str, *, code: str = "bad_count") -> UsageError:
    return UsageError(zh, en, code=code)
