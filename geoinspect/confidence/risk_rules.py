"""What raises or lowers the prior risk of a cell, as data with sources.

Their form is ``data/risk_rules.toml``; an office may bring a file of the same form. Figures that
nobody measured say so in ``source``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from enum import StrEnum
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoinspect.errors import UsageError

F8 = NDArray[np.float64]

# Beyond this a figure is a slip of the keyboard, and a product of them still is a number.
MAX_MULTIPLIER = 1e6
# A smaller change of a risk is none, lest a road at the other end of a county be a reason.
NEGLIGIBLE = 5e-4
_Multiplier = Annotated[float, Field(ge=0, le=MAX_MULTIPLIER)]


class RiskFactor(StrEnum):
    """What a relative risk may depend on."""

    FORMER = "former"
    PRIORITY = "priority"
    LICENSED = "licensed"
    HOUSES = "houses"
    ROADS = "roads"
    WATER = "water"
    SLOPE = "slope"
    ALTITUDE = "altitude"


DISTANCE_FACTORS = (RiskFactor.FORMER, RiskFactor.HOUSES, RiskFactor.ROADS, RiskFactor.WATER)
SHARE_FACTORS = (RiskFactor.PRIORITY, RiskFactor.LICENSED)
TERRAIN_FACTORS = (RiskFactor.SLOPE, RiskFactor.ALTITUDE)


class RiskRule(BaseModel):
    """One row of the rules: what one factor does to the relative risk of a cell.

    Attributes:
        multiplier: Relative risk at distance 0, or of ground that lies all inside; 1 is neutral.
            Not for terrain.
        decay_m: Of distance factors: at distance d the relative risk is
            ``1 + (multiplier - 1) · e^(-d / decay_m)``.
        breakpoints: Of terrain: pairs (degrees or metres, relative risk) with rising values,
            linear between them and level beyond the first and last.
        half_life_years: Of former finds: years after which what a find adds is half; None never.
        active: Whether the row is used.
        source: Where the figure comes from, in words a reader can check.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    factor: RiskFactor
    multiplier: _Multiplier = 1.0
    decay_m: float | None = Field(None, gt=0, le=1e6)
    breakpoints: tuple[tuple[float, _Multiplier], ...] = ()
    half_life_years: float | None = Field(None, gt=0, le=1000)
    active: bool = True
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _keys_fit_the_factor(self) -> RiskRule:
        name = self.factor.value
        if (self.decay_m is not None) != (self.factor in DISTANCE_FACTORS):
            wanted = "needs" if self.decay_m is None else "takes no"
            raise ValueError(f"{name} {wanted} decay_m")
        if bool(self.breakpoints) != (self.factor in TERRAIN_FACTORS):
            wanted = "takes no" if self.breakpoints else "needs"
            raise ValueError(f"{name} {wanted} breakpoints")
        if self.factor in TERRAIN_FACTORS and self.multiplier != 1:
            raise ValueError(f"{name} takes no multiplier, only breakpoints")
        if self.half_life_years is not None and self.factor is not RiskFactor.FORMER:
            raise ValueError(f"{name} takes no half_life_years")
        if any(one[0] >= other[0] for one, other in pairwise(self.breakpoints)):
            raise ValueError("the values of breakpoints must rise")
        return self

    @property
    def neutral(self) -> bool:
        """Whether the row can change no risk."""
        if self.factor in TERRAIN_FACTORS:
            return not self.active or all(effect == 1 for _, effect in self.breakpoints)
        return not self.active or self.multiplier == 1

    @property
    def reach_m(self) -> float:
        """Metres beyond which a feature changes nothing; 0 for a neutral row."""
        change = abs(self.multiplier - 1)
        if self.decay_m is None or change <= NEGLIGIBLE:
            return 0.0
        return self.decay_m * float(np.log(change / NEGLIGIBLE))

    def at_distance(self, distance_m: F8, strength: F8 | float = 1.0) -> F8:
        """Return the relative risk at distances from the nearest feature.

        Args:
            distance_m: Shape (n,); infinite where there is none.
            strength: Share of the full effect that is left (0-1), such as of an old find.
        """
        decay_m = self.decay_m or 1.0
        change = (self.multiplier - 1) * strength * np.exp(-distance_m / decay_m)
        return np.where(np.abs(change) < NEGLIGIBLE, 1.0, 1 + change)

    def at_share(self, share: F8) -> F8:
        """Return the relative risk of cells of whose ground a share (0-1) lies inside."""
        return 1 + (self.multiplier - 1) * share

    def at_value(self, value: F8) -> F8:
        """Return the relative risk at slopes (degrees) or altitudes (metres); 1 where NaN."""
        places, effects = zip(*self.breakpoints, strict=True)
        effect = np.interp(value, places, effects)
        return np.where(np.isnan(value), 1.0, effect)


class _RuleFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: tuple[RiskRule, ...] = Field(min_length=1)


def load_rules(path: Path | None = None) -> tuple[RiskRule, ...]:
    """Return the rules of a file, or those that come with the package.

    A factor that a file leaves out has no effect.

    Raises:
        UsageError: The file is missing, no TOML, has a factor twice, or a row has a value it
            can't have.
    """
    if path is None:
        text = resources.files("geoinspect").joinpath("data/risk_rules.toml").read_text("utf-8")
        return _parsed(text, "risk_rules.toml")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(
            f"无法读取风险规则文件“{path.name}”({error});请检查路径,并保存为 UTF-8",
            f"cannot read the risk rules {path.name!r} ({error}): check the path and save it as "
            "UTF-8",
        ) from error
    return _parsed(text, path.name)


def rule_of(rules: Sequence[RiskRule], factor: RiskFactor) -> RiskRule | None:
    """Return the row of a factor; None when there is none."""
    return next((rule for rule in rules if rule.factor is factor), None)


def with_rule(
    rules: Sequence[RiskRule], factor: RiskFactor | str, **values: object
) -> tuple[RiskRule, ...]:
    """Return the rules with some values of one factor's row changed, or with a row added.

    Args:
        rules: At most one row a factor.
        factor: Which row.
        **values: Fields of :class:`RiskRule`, such as ``multiplier=5``.

    Raises:
        UsageError: There is no such factor or field, or the value can't be one.
    """
    try:
        which = RiskFactor(factor)
    except ValueError as error:
        known = ", ".join(RiskFactor)
        raise _bad(
            f"没有风险因素“{str(factor)[:40]}”;可用的有:{known}",
            f"there is no risk factor {str(factor)[:40]!r}; there are: {known}",
        ) from error
    row = rule_of(rules, which)
    old: dict[str, object] = {} if row is None else row.model_dump()
    try:
        new = RiskRule.model_validate({**old, **values, "factor": which})
    except ValidationError as error:
        what, got, why = _first_fault(error)
        raise _bad(
            f"风险因素“{which.value}”的 {what} 不能是 {got}({why})",
            f"{what} of the risk factor {which.value!r} can't be {got} ({why})",
        ) from error
    if row is None:
        return (*rules, new)
    return tuple(new if rule is row else rule for rule in rules)


def _parsed(text: str, name: str) -> tuple[RiskRule, ...]:
    try:
        rules = _RuleFile.model_validate(tomllib.loads(text)).rule
    except tomllib.TOMLDecodeError as error:
        raise _bad(
            f"风险规则文件“{name}”不是可用的 TOML:{error}",
            f"the risk rules {name!r} are no usable TOML: {error}",
        ) from error
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        number = next((part + 1 for part in place if isinstance(part, int)), None)
        row = ("", "") if number is None else (f"第 {number} 行的 ", f"row {number}, ")
        what, got, why = _first_fault(error)
        raise _bad(
            f"风险规则文件“{name}”{row[0]}{what} 不能是 {got}({why});请对照自带的 risk_rules.toml",
            f"the risk rules {name!r}: {row[1]}{what} can't be {got} ({why}): compare the "
            "risk_rules.toml that comes with geoinspect",
        ) from error
    for number, rule in enumerate(rules, 1):
        first = rules.index(next(other for other in rules if other.factor is rule.factor)) + 1
        if first != number:
            raise _bad(
                f"风险规则文件“{name}”第 {first} 行和第 {number} 行都是因素“{rule.factor.value}”;请只留一行",
                f"the risk rules {name!r}: rows {first} and {number} are both of the factor "
                f"{rule.factor.value!r}: keep one",
            )
    return rules


def _first_fault(error: ValidationError) -> tuple[str, str, str]:
    """Return the first faulty field without the row it is in, its value and what is wrong."""
    wrong = error.errors()[0]
    place = wrong["loc"][2:] if wrong["loc"][:1] == ("rule",) else wrong["loc"]
    return ".".join(map(str, place)) or "rule", repr(wrong["input"])[:80], wrong["msg"]


def _bad(zh: str, en: str) -> UsageError:
    return UsageError(zh, en, code="bad_risk_rules")
