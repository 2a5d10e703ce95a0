"""Which classes of the law a case's plants, area and facts reach, on a day. Always indicative.

The numbers are data (:mod:`geoinspect.cases.law_table`). A count is an interval, so it may reach two
classes at once; then both are named, with the threshold between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from geoinspect.cases.law_table import (
    NUMBER_FACTS,
    Condition,
    LargeScaleRule,
    LawRow,
    LawTable,
    Unit,
    shipped_law,
)
from geoinspect.errors import Text, UsageError

STATEMENT = Text("仅供参考,不是法律认定", "indicative only, not a legal finding")

# How much of the interval lies in a class: all of it, the best figure but not all, or only an end.
Reach = Literal["whole", "point", "part"]
# "unknown": the fact was not given; "maybe": the interval has the threshold inside.
Verdict = Literal["yes", "maybe", "unknown", "no"]
_WORST_FIRST: tuple[Verdict, ...] = ("no", "unknown", "maybe", "yes")
_BEST_FIRST: tuple[Verdict, ...] = ("yes", "maybe", "unknown", "no")
_UNIT_WORDS: dict[Unit, Text] = {"plants": Text("株", "plants"), "m2": Text("平方米", "m²")}


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known of a case; None is not known.

    Attributes:
        plants, area_m2: Best figures, with ``_low`` and ``_high`` where they are intervals; a missing
            end is the figure itself.
        sprouted: Whether anything has come up; the area counts in law only where nothing has.
        repeated: Planted again after being dealt with by the police.
        resisted: Eradication was resisted.
        removed_by_grower_before_harvest: Without being told to.
        plant: Key of the plant in the table of law.

    Raises:
        UsageError: A number can't be, or an interval doesn't hold its figure.
    """

    plants: float | None = None
    plants_low: float | None = None
    plants_high: float | None = None
    area_m2: float | None = None
    area_low_m2: float | None = None
    area_high_m2: float | None = None
    sprouted: bool | None = None
    repeated: bool | None = None
    resisted: bool | None = None
    removed_by_grower_before_harvest: bool | None = None
    plant: str = "poppy"

    def __post_init__(self) -> None:
        _check_interval(self.plants_low, self.plants, self.plants_high, "株数", "plants")
        _check_interval(self.area_low_m2, self.area_m2, self.area_high_m2, "面积", "the area")

    def interval(self, unit: Unit) -> tuple[float, float, float] | None:
        """Return low, best and high in plants or m²; None when not known."""
        low, best, high = (
            (self.plants_low, self.plants, self.plants_high)
            if unit == "plants"
            else (self.area_low_m2, self.area_m2, self.area_high_m2)
        )
        if best is None:
            return None
        return best if low is None else low, best, best if high is None else high


@dataclass(frozen=True, slots=True)
class Reached:
    """A row of the law that the case reaches, and how surely."""

    row: LawRow
    reach: Reach

    def as_json(self) -> dict[str, Any]:
        """Return the row's words, numbers and sources."""
        row = self.row
        return {
            "key": row.key,
            "class": row.class_,
            "basis": row.basis,
            "zh": row.zh,
            "en": row.en,
            "from": row.from_,
            "below": row.below,
            "unit": row.unit,
            "reach": self.reach,
            "source": row.source,
            "read_in": row.read_in,
            "verified": row.verified,
            "note": row.note,
        }


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold inside an interval, with the classes on both sides of it."""

    threshold: float
    unit: Unit
    below: tuple[LawRow, ...]
    above: tuple[LawRow, ...]
    text: Text

    def as_json(self) -> dict[str, Any]:
        """Return the threshold, the keys on both sides and the words."""
        return {
            "threshold": self.threshold,
            "unit": self.unit,
            "below": [row.key for row in self.below],
            "above": [row.key for row in self.above],
            "zh": self.text.zh,
            "en": self.text.en,
        }


@dataclass(frozen=True, slots=True)
class Indications:
    """What the law's table says of a case on a day.

    Attributes:
        reached: Rows in the order of the table.
        crosses: Thresholds inside the intervals, lowest first.
        unanswered: What would have to be known for a full answer.
        indicative: Always True.
    """

    day: date
    reached: tuple[Reached, ...]
    crosses: tuple[Crossing, ...]
    unanswered: tuple[Text, ...]
    indicative: Literal[True] = True
    statement: Text = STATEMENT

    def as_json(self) -> dict[str, Any]:
        """Return all of it for programs and pages."""
        return {
            "day": self.day.isoformat(),
            "reached": [found.as_json() for found in self.reached],
            "crosses": [crossing.as_json() for crossing in self.crosses],
            "unanswered": [{"zh": text.zh, "en": text.en} for text in self.unanswered],
            "indicative": self.indicative,
            "statement": {"zh": self.statement.zh, "en": self.statement.en},
        }


@dataclass(frozen=True, slots=True)
class LargeScale:
    """Whether a case is large-scale by the rules of the table; any one rule makes it so.

    Attributes:
        verdict: The best of the rules' verdicts.
        rules: Each rule that holds that day, with its verdict.
        indicative: Always True.
    """

    verdict: Verdict
    rules: tuple[tuple[LargeScaleRule, Verdict], ...]
    indicative: Literal[True] = True
    statement: Text = STATEMENT

    def as_json(self) -> dict[str, Any]:
        """Return the verdict and every rule with words and source."""
        return {
            "verdict": self.verdict,
            "rules": [
                {
                    "key": rule.key,
                    "zh": rule.zh,
                    "en": rule.en,
                    "verdict": verdict,
                    "source": rule.source,
                    "read_in": rule.read_in,
                    "verified": rule.verified,
                }
                for rule, verdict in self.rules
            ],
            "indicative": self.indicative,
            "statement": {"zh": self.statement.zh, "en": self.statement.en},
        }


def indications(facts: CaseFacts, day: date, table: LawTable | None = None) -> Indications:
    """Return every class of the law that the facts reach on a day.

    Args:
        facts: What is known.
        day: The day whose law counts, as the office sees it; usually the day it was found.
        table: The office's own table; None takes the shipped one.
    """
    rows = [row for row in (table or shipped_law()).row if row.holds(facts.plant, day)]
    reached = [Reached(row, reach) for row in rows if (reach := _reach_of(row, facts)) is not None]
    crosses = [
        crossing
        for unit in ("plants", "m2")
        if _counts_in_law(unit, facts)
        for crossing in _crossings(reached, rows, unit, facts)
    ]
    return Indications(day, tuple(reached), tuple(crosses), _unanswered(rows, facts))


def large_scale(facts: CaseFacts, day: date, table: LawTable | None = None) -> LargeScale:
    """Return whether the facts make a large-scale case on a day, by any rule of the table."""
    judged = tuple(
        (rule, min((_verdict(c, facts) for c in rule.when), key=_WORST_FIRST.index))
        for rule in (table or shipped_law()).large_scale
        if rule.holds(facts.plant, day)
    )
    verdicts = {verdict for _, verdict in judged}
    best: Verdict = next((verdict for verdict in _BEST_FIRST if verdict in verdicts), "no")
    return LargeScale(best, judged)


def _reach_of(row: LawRow, facts: CaseFacts) -> Reach | None:
    acts = {
        "repetition": facts.repeated,
        "resistance": facts.resisted,
        "self_removal": facts.removed_by_grower_before_harvest,
    }
    if row.unit is None:
        return "whole" if acts[row.basis] else None
    interval = facts.interval(row.unit)
    if interval is None or not _counts_in_law(row.unit, facts):
        return None
    low, best, high = interval
    if not row.meets(low, high):
        return None
    if row.contains(low) and row.contains(high):
        return "whole"
    return "point" if row.contains(best) else "part"


def _counts_in_law(unit: Unit, facts: CaseFacts) -> bool:
    """Areas count only where nothing has sprouted."""
    return unit == "plants" or facts.sprouted is False


def _crossings(
    reached: Sequence[Reached], rows: Sequence[LawRow], unit: Unit, facts: CaseFacts
) -> list[Crossing]:
    interval = facts.interval(unit)
    if interval is None:
        return []
    low, _, high = interval
    numbers = {n for row in rows if row.unit == unit for n in (row.from_, row.below)}
    mine = [found.row for found in reached if found.row.unit == unit]
    crossings = []
    for n in sorted(n for n in numbers if n is not None and low < n <= high):
        below = tuple(row for row in mine if row.below == n)
        above = tuple(row for row in mine if row.from_ == n)
        crossings.append(
            Crossing(n, unit, below, above, _crossing_text((low, high), n, unit, below, above))
        )
    return crossings


def _crossing_text(
    ends: tuple[float, float],
    n: float,
    unit: Unit,
    below: Sequence[LawRow],
    above: Sequence[LawRow],
) -> Text:
    words = _UNIT_WORDS[unit]
    span = f"{_told(ends[0])}–{_told(ends[1])}"
    zh = ["、".join(row.zh for row in rows) or "不到本表的任何一档" for rows in (below, above)]
    en = [
        " and ".join(row.en for row in rows) or "no class of the table" for rows in (below, above)
    ]
    return Text(
        f"区间 {span} {words.zh}跨过 {_told(n)}:可能是:{zh[0]};也可能是:{zh[1]}",
        f"the interval {span} {words.en} crosses {_told(n)}: either {en[0]}; or {en[1]}",
    )


def _told(number: float) -> str:
    return f"{number:.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"


def _unanswered(rows: Sequence[LawRow], facts: CaseFacts) -> tuple[Text, ...]:
    """Return what is missing for rows that could matter."""
    missing = []
    bases = {row.basis for row in rows}
    if not any(row.unit for row in rows):
        missing.append(
            Text(
                f"本表当日没有“{facts.plant[:40]}”的株数或面积标准",
                f"the table has no numbers for {facts.plant[:40]!r} on that day",
            )
        )
    if "area_before_sprouting" in bases:
        if facts.sprouted is None:
            missing.append(
                Text(
                    "未填是否已出苗:面积标准只用于尚未出苗,暂不适用",
                    "not said whether it has sprouted: areas count only where it has not",
                )
            )
        elif facts.sprouted is False and facts.area_m2 is None:
            missing.append(Text("尚未出苗,但没有面积", "not sprouted, but no area is given"))
    if "plants" in bases and facts.plants is None and facts.sprouted is not False:
        missing.append(Text("没有株数", "no count of plants"))
    for basis, fact, zh, en in (
        ("repetition", facts.repeated, "是否曾被处理后又种", "whether it was planted again"),
        ("resistance", facts.resisted, "是否抗拒铲除", "whether eradication was resisted"),
        (
            "self_removal",
            facts.removed_by_grower_before_harvest,
            "是否在收获前自动铲除",
            "whether the grower removed it before harvest",
        ),
    ):
        if basis in bases and fact is None:
            missing.append(Text(f"未填{zh}", f"not said {en}"))
    return tuple(missing)


def _verdict(condition: Condition, facts: CaseFacts) -> Verdict:
    if condition.fact in NUMBER_FACTS:
        interval = facts.interval("plants" if condition.fact == "plants" else "m2")
        if interval is None or condition.at_least is None:
            return "unknown"
        low, _, high = interval
        if low >= condition.at_least:
            return "yes"
        return "maybe" if high >= condition.at_least else "no"
    answer = {
        "sprouted": facts.sprouted,
        "repeated": facts.repeated,
        "resisted": facts.resisted,
        "self_removed": facts.removed_by_grower_before_harvest,
    }[condition.fact]
    if answer is None:
        return "unknown"
    return "yes" if answer == condition.is_ else "no"


def _check_interval(
    low: float | None, best: float | None, high: float | None, zh: str, en: str
) -> None:
    given = [n for n in (low, best, high) if n is not None]
    right = all(math.isfinite(n) and n >= 0 for n in given) and given == sorted(given)
    if not right or (given and best is None):
        got = f"{low} ≤ {best} ≤ {high}"
        raise UsageError(
            f"{zh}要满足 0 ≤ 下限 ≤ 数值 ≤ 上限,且有数值,不能是 {got}",
            f"{en} must be 0 ≤ low ≤ figure ≤ high with a figure, not {got}",
            code="bad_facts",
        )
