"""Cross-checks (交叉检查, 抽查): some cleared cells are walked again by another unit.

The draw can be repeated by anybody with a SHA-256 tool: a cell's number comes from the seed and
its name alone, so neither order, machine nor library changes it (:func:`draw_key`).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geoinspect.confidence.rates import beta_quantile
from geoinspect.errors import Text, UsageError

# The first 53 bits of the hash: as many as a double holds exactly.
_HASH_BITS = 53
# Below these the figures are told as too few (Robson and Regier 1964 for the recaptures).
FEW_FINDS = 10
FEW_RECAPTURES = 7

_FEW = Text(
    "发现数太少,检出率主要来自先前的假设",
    "too few finds: the rate is mostly what was assumed before",
)
_FEW_BOTH = Text(
    "两队共同发现的太少,漏查数的估计不可靠",
    "too few were found by both teams: the estimate of what both missed is not reliable",
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell to be checked again.

    Attributes:
        cell: Its name.
        key: Its number in the draw; the largest are taken.
    """

    cell: str
    key: float


def draw_key(seed: str, cell: str, weight: float) -> float:
    """Return a cell's number in the draw, ``ln(u)/weight`` ≤ 0; larger is earlier.

    ``u = (n + ½)/2^53``, where n is the first 53 bits of the SHA-256 of ``seed:cell`` in UTF-8.
    The largest ``u^(1/weight)`` are a weighted draw without replacement (Efraimidis and Spirakis
    2006); its logarithm has the same order and does not underflow.
    """
    digest = hashlib.sha256(f"{seed}:{cell}".encode()).digest()
    number = int.from_bytes(digest[:8], "big") >> (64 - _HASH_BITS)
    return math.log((number + 0.5) / 2**_HASH_BITS) / weight


def draw_cells(
    cells: Sequence[str], weights: ArrayLike, *, share: float = 0.1, seed: str
) -> tuple[Drawn, ...]:
    """Return a share of cells, drawn by weight without replacement, first drawn first.

    Args:
        cells: Names of the cleared cells, each once.
        weights: Risk of each, ≥ 0, shape (cells,); cells without any are never drawn.
        share: Of the cells with a weight, 0–1; rounded up, so one at least.
        seed: Shown with the draw, best set before the result can be known.

    Raises:
        UsageError: The share is outside 0–1, a weight is negative or no number, or a cell is
            named twice.
    """
    heavy = np.asarray(weights, np.float64).ravel()
    if not 0 < share <= 1:
        raise UsageError(
            f"抽查比例应大于 0、不超过 1,得到 {share:g}",
            f"the share to draw must be above 0 and at most 1, got {share:g}",
            code="bad_share",
        )
    if len(heavy) != len(cells) or not (np.isfinite(heavy) & (heavy >= 0)).all():
        raise UsageError(
            "每个单元都要有一个不小于 0 的风险",
            "each cell needs one risk of at least 0",
            code="bad_risk",
        )
    if len(set(cells)) != len(cells):
        name = Counter(cells).most_common(1)[0][0]
        raise UsageError(f"单元 {name} 出现了不止一次", f"cell {name} is named twice", code="twice")
    keyed = [
        Drawn(cell, draw_key(seed, cell, weight))
        for cell, weight in zip(cells, heavy.tolist(), strict=True)
        if weight > 0
    ]
    keyed.sort(key=lambda drawn: (-drawn.key, drawn.cell))
    # A share of 0.07 of 100 is 7, although 0.07 × 100 is 7.000000000000001 in binary.
    return tuple(keyed[: math.ceil(share * len(keyed) - 1e-9)])


def assign_units(
    cells: Sequence[str], cleared_by: Mapping[str, str], units: Sequence[str]
) -> dict[str, str]:
    """Return which unit checks each drawn cell: never the one that cleared it, loads level.

    Loads are as level as they can be: when one unit cleared most, the others must take more. The
    same input gives the same answer.

    Args:
        cells: Drawn cells, in the order of the draw.
        cleared_by: The unit that cleared each.
        units: Units that may check.

    Raises:
        UsageError: A cell has no other unit to check it.
    """
    others = sorted(set(units))
    held: dict[str, list[str]] = {unit: [] for unit in others}
    for cell in cells:
        able = [unit for unit in others if unit != cleared_by[cell]]
        if not able:
            raise UsageError(
                f"单元 {cell} 由 {cleared_by[cell]} 查清,没有别的单位可以复查;请至少给出两个单位",
                f"cell {cell} was cleared by {cleared_by[cell]} and no other unit is there to check "
                "it: name at least two",
                code="no_other_unit",
            )
        held[min(able, key=lambda unit: len(held[unit]))].append(cell)
    while way := _levelling_way(held, cleared_by):
        for cell, giver, taker in way:
            held[giver].remove(cell)
            held[taker].append(cell)
    unit_of = {cell: unit for unit in others for cell in held[unit]}
    return {cell: unit_of[cell] for cell in cells}


def _levelling_way(
    held: Mapping[str, Sequence[str]], cleared_by: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return handovers (cell, giver, taker) that level the loads; none when they are level.

    Loads are level when no chain of handovers leads from a unit to one with two cells fewer
    (Harvey et al. 2006, optimal semi-matchings).
    """
    for start in sorted(held, key=lambda unit: (-len(held[unit]), unit)):
        ways: dict[str, list[tuple[str, str, str]]] = {start: []}
        queue = [start]
        for giver in queue:
            if len(held[giver]) <= len(held[start]) - 2:
                return ways[giver]
            for taker in sorted(set(held) - ways.keys()):
                free = next((cell for cell in held[giver] if cleared_by[cell] != taker), None)
                if free is not None:
                    ways[taker] = [*ways[giver], (free, giver, taker)]
                    queue.append(taker)
    return []


@dataclass(frozen=True, slots=True)
class RateUpdate:
    """A detection rate after a cross-check: a Beta distribution.

    Attributes:
        found, missed: Targets of the checked cells that the first team had found, and had not.
        a, b: Parameters of the distribution.
        low, high: 90 % interval.
        too_few: Whether the data hardly say anything.
    """

    found: int
    missed: int
    a: float
    b: float
    low: float
    high: float
    too_few: bool

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return self.a / (self.a + self.b)

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        notes = (_FEW,) if self.too_few else ()
        return {
            "found": self.found,
            "missed": self.missed,
            "rate": self.mean,
            "low": self.low,
            "high": self.high,
            "beta": [self.a, self.b],
            "too_few": self.too_few,
            "notes": [note.en for note in notes],
            "notes_zh": [note.zh for note in notes],
        }


def update_rate(
    *, found: int, missed: int, rate: float | None = None, strength: float = 4.0
) -> RateUpdate:
    """Return the first team's detection rate after another unit walked its cells again.

    Targets that both missed are in neither count, so the rate is rather too high
    (:func:`both_teams` estimates them).

    Args:
        found: Targets in the checked cells that the first team had found.
        missed: Those that only the second found.
        rate: What was believed before, such as the cell's POD; Jeffreys' Beta(½, ½) without it.
        strength: How many targets that belief weighs.

    Raises:
        UsageError: A count is negative, or a belief out of range.
    """
    _check_finds(found, missed)
    a, b = 0.5, 0.5
    if rate is not None:
        if not (0 < rate < 1 and math.isfinite(strength) and strength > 0):
            raise UsageError(
                f"先前的检出率应在 0 和 1 之间、权重大于 0,得到 {rate:g} 和 {strength:g}",
                f"the rate before must lie between 0 and 1 and its strength above 0, got {rate:g} "
                f"and {strength:g}",
                code="bad_rate",
            )
        a, b = rate * strength, (1 - rate) * strength
    a, b = a + found, b + missed
    low, high = beta_quantile(0.05, a, b), beta_quantile(0.95, a, b)
    return RateUpdate(found, missed, a, b, low, high, found + missed < FEW_FINDS)


@dataclass(frozen=True, slots=True)
class BothTeams:
    """What two independent searches of the same ground say together.

    Attributes:
        seen: Targets that either found.
        total: Estimate of all that were there (Chapman).
        missed, low, high: Estimate of what both missed, with its 95 % interval.
        first_rate, second_rate: Share of the other's finds that each found; None without any.
        too_few: Whether too few were found by both.
    """

    seen: int
    total: float
    missed: float
    low: float
    high: float
    first_rate: float | None
    second_rate: float | None
    too_few: bool

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        notes = (_FEW_BOTH,) if self.too_few else ()
        return {
            "seen": self.seen,
            "total": self.total,
            "missed": self.missed,
            "low": self.low,
            "high": self.high,
            "first_rate": self.first_rate,
            "second_rate": self.second_rate,
            "too_few": self.too_few,
            "notes": [note.en for note in notes],
            "notes_zh": [note.zh for note in notes],
        }


def both_teams(*, first_only: int, second_only: int, both: int) -> BothTeams:
    """Return what both teams missed, by Chapman's form of the Lincoln–Petersen estimate.

    Targets differ in how well they can be seen, which makes the estimate rather too low. The
    interval is log-normal on what both missed (Chao 1987), so it never goes below zero.

    Raises:
        UsageError: A count is negative.
    """
    _check_finds(first_only, second_only, both)
    first, second = first_only + both, second_only + both
    seen = first_only + second_only + both
    total = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * first_only * second_only / (both + 1) ** 2 / (both + 2)
    missed = total - seen
    low = high = missed
    if missed > 0:
        spread = math.exp(1.96 * math.sqrt(math.log1p(variance / missed**2)))
        low, high = missed / spread, missed * spread
    return BothTeams(
        seen=seen,
        total=total,
        missed=missed,
        low=low,
        high=high,
        first_rate=both / second if second else None,
        second_rate=both / first if first else None,
        too_few=both < FEW_RECAPTURES,
    )


def _check_finds(*counts: int) -> None:
    if min(counts) < 0:
        shown = "、".join(map(str, counts))
        raise UsageError(
            f"发现数不能为负,得到 {shown}",
            f"counts of finds can't be negative, got {shown.replace('、', ', ')}",
            code="bad_counts",
        )
