"""The rules of what makes a patrol valid, as data with dates and sources.

Their form is ``data/patrol_rules.toml``; an office may bring a file of the same form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoinspect.errors import UsageError
from geoinspect.records import Mode

_Days = Annotated[int, Field(ge=0, le=28)]


class PatrolRule(BaseModel):
    """One row of the rules: what makes a patrol valid, and how many valid days a month needs.

    Attributes:
        from_, to: First and last day it holds; None is open.
        modes: The modes that it judges; no two rows hold for one mode on one day.
        min_length_m, min_duration_s: Inside the own area; what lies outside does not count.
        photo_required: At least one photo must go with the patrol.
        max_route_overlap: Share of the route that one earlier patrol of the month may have gone
            over; 1 allows any repetition. It does not apply once the whole area is covered.
        days: Valid days that each month needs, January first.
        days_each_third: Of them in each third of the month (旬: from the 1st, 11th and 21st).
        source: Where the rule is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1)
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    modes: tuple[Mode, ...] = Field(min_length=1)
    min_length_m: float = Field(ge=0)
    min_duration_s: float = Field(ge=0)
    photo_required: bool = False
    max_route_overlap: float = Field(1.0, ge=0, le=1)
    days: tuple[_Days, ...] = Field(min_length=12, max_length=12)
    days_each_third: int = Field(0, ge=0, le=8)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _dates_in_order(self) -> PatrolRule:
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise ValueError(f"from {self.from_} is later than to {self.to}")
        return self

    def holds_on(self, day: date) -> bool:
        """Return whether the row is in force on a day."""
        return (self.from_ is None or self.from_ <= day) and (self.to is None or day <= self.to)

    def required_days(self, month: int) -> int:
        """Return the valid days that a month (1 to 12) needs."""
        return self.days[month - 1]

    def month_is_met(self, days: Iterable[date], month: int) -> bool:
        """Return whether the valid days of one month are enough and spread as the rule wants.

        A month that needs none is met.
        """
        if self.required_days(month) == 0:
            return True
        distinct = set(days)
        thirds = np.bincount([min((day.day - 1) // 10, 2) for day in distinct], minlength=3)
        spread = bool((thirds >= self.days_each_third).all())
        return len(distinct) >= self.required_days(month) and spread


class _RuleFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: tuple[PatrolRule, ...] = Field(min_length=1)


def load_rules(path: Path | None = None) -> tuple[PatrolRule, ...]:
    """Return the rules of a file, or those that come with the package.

    Raises:
        UsageError: The file is missing, no TOML, or a row has a value it can't have.
    """
    if path is None:
        text = resources.files("geoinspect").joinpath("data/patrol_rules.toml").read_text("utf-8")
        return _parsed(text, "patrol_rules.toml")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(
            f"无法读取巡护规则文件“{path.name}”({error});请检查路径,并保存为 UTF-8",
            f"cannot read the patrol rules {path.name!r} ({error}): check the path and save it as "
            "UTF-8",
        ) from error
    return _parsed(text, path.name)


def rule_for(rules: Sequence[PatrolRule], day: date, mode: Mode) -> PatrolRule | None:
    """Return the rule that judges a mode on a day; None when none does."""
    return next((rule for rule in rules if rule.holds_on(day) and mode in rule.modes), None)


def _parsed(text: str, name: str) -> tuple[PatrolRule, ...]:
    try:
        rules = _RuleFile.model_validate(tomllib.loads(text)).rule
    except tomllib.TOMLDecodeError as error:
        raise _bad(
            f"巡护规则文件“{name}”不是可用的 TOML:{error}",
            f"the patrol rules {name!r} are no usable TOML: {error}",
        ) from error
    except ValidationError as error:
        wrong = error.errors()[0]
        row, what = _place(wrong["loc"])
        got = str(wrong["input"])[:80]
        raise _bad(
            f"巡护规则文件“{name}”{row[0]}{what} 的值 {got!r} 不可用({wrong['msg']});请对照自带的 patrol_rules.toml",
            f"the patrol rules {name!r}: {row[1]}{what} can't be {got!r} ({wrong['msg']}): compare "
            "the patrol_rules.toml that comes with geoinspect",
        ) from error
    for (one, rule), (two, other) in combinations(enumerate(rules, 1), 2):
        shared = set(rule.modes) & set(other.modes)
        if shared and _meet(rule, other):
            mode = min(shared).value
            raise _bad(
                f"巡护规则文件“{name}”第 {one} 行和第 {two} 行规则对方式“{mode}”同时有效;请改开日期或方式",
                f"the patrol rules {name!r}: rows {one} and {two} both hold for mode {mode!r} on "
                "one day: change their dates or modes",
            )
    return rules


def _place(where: Sequence[int | str]) -> tuple[tuple[str, str], str]:
    """Return the row, in both languages, and the field that an error is in."""
    row = next((part for part in where if isinstance(part, int)), None)
    fields = [part for part in where[1:] if isinstance(part, str)] or ["rule"]
    rows = ("", "") if row is None else (f"第 {row + 1} 行的 ", f"row {row + 1}, ")
    return rows, ".".join(fields)


def _meet(rule: PatrolRule, other: PatrolRule) -> bool:
    starts_in_time = other.to is None or rule.from_ is None or rule.from_ <= other.to
    ends_in_time = rule.to is None or other.from_ is None or other.from_ <= rule.to
    return starts_in_time and ends_in_time


def _bad(zh: str, en: str) -> UsageError:
    return UsageError(zh, en, code="bad_patrol_rules")
