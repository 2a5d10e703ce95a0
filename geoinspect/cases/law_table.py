"""The table of law: thresholds and rules as dated data, with the source of each row.

Its form is ``cases/thresholds.toml``; an office may bring its own ``law.toml`` in the workspace.
Indicative only.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoinspect.errors import Text, UsageError

LAW_NAME = "law.toml"
SHIPPED_LAW = "thresholds.toml"
_MAX_BYTES = 1_000_000

Basis = Literal["plants", "area_before_sprouting", "repetition", "resistance", "self_removal"]
Unit = Literal["plants", "m2"]
UNIT_OF: dict[str, Unit] = {"plants": "plants", "area_before_sprouting": "m2"}
NUMBER_FACTS = ("plants", "area_m2")
Fact = Literal["plants", "area_m2", "sprouted", "repeated", "resisted", "self_removed"]

_Words = Annotated[str, Field(min_length=1, max_length=500)]
_Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
_Number = Annotated[float, Field(ge=0, le=1e9, strict=True)]


class _Dated(BaseModel):
    """What every row has.

    Attributes:
        key: Short name of the row, unlike any other's.
        plant: The plant it is for; None for any.
        zh, en: What it means, in words.
        valid_from, valid_to: First and last day in force; None is open.
        source: Name of the law and article.
        read_in: Where the figure was seen.
        verified: False when it was stated from memory and must be looked up.
        note: Anything to tell beside it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    key: _Key
    plant: _Key | None = None
    zh: _Words
    en: _Words
    valid_from: date | None = None
    valid_to: date | None = None
    source: _Words
    read_in: _Words
    verified: Annotated[bool, Field(strict=True)]
    note: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _dates_in_order(self) -> _Dated:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is later than valid_to {self.valid_to}")
        return self

    @property
    def words(self) -> Text:
        """Return the row's words."""
        return Text(self.zh, self.en)

    def holds(self, plant: str, day: date) -> bool:
        """Return whether the row is for the plant and in force on the day."""
        return (
            self.plant in (None, plant)
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


class LawRow(_Dated):
    """One class of the law.

    Attributes:
        basis: What it goes by; ``area_before_sprouting`` counts only where nothing has sprouted.
        from_, below: Lowest number in the class and lowest beyond it; both None for acts. A class
            without ``from`` begins above 0.
        unit: Of the two numbers.
        class_: Name of the class, shared by rows that mean the same.
    """

    basis: Basis
    from_: _Number | None = Field(None, alias="from")
    below: _Number | None = None
    unit: Unit | None = None
    class_: _Key = Field(alias="class")

    @model_validator(mode="after")
    def _numbers_fit(self) -> LawRow:
        numbers = [n for n in (self.from_, self.below) if n is not None]
        if self.unit != UNIT_OF.get(self.basis):
            raise ValueError(f"basis {self.basis} needs unit {UNIT_OF.get(self.basis)}")
        if bool(numbers) != (self.unit is not None):
            raise ValueError("from and below go with plants and areas, and one of them must be set")
        if len(numbers) == 2 and numbers[0] >= numbers[1]:
            raise ValueError(f"from {numbers[0]:g} is not less than below {numbers[1]:g}")
        return self

    def contains(self, value: float) -> bool:
        """Return whether a number of plants or m² is in the class."""
        above = value > 0 if self.from_ is None else value >= self.from_
        return above and (self.below is None or value < self.below)

    def meets(self, low: float, high: float) -> bool:
        """Return whether an interval has numbers in the class."""
        starts = high > 0 if self.from_ is None else high >= self.from_
        return starts and (self.below is None or low < self.below)


class Condition(BaseModel):
    """One condition of a large-scale rule: a number at least so large, or an answer.

    Attributes:
        at_least: For ``plants`` and ``area_m2``.
        is_: For the facts that are answered by yes or no.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    fact: Fact
    at_least: _Number | None = None
    is_: Annotated[bool, Field(strict=True)] | None = Field(None, alias="is")

    @model_validator(mode="after")
    def _fits_the_fact(self) -> Condition:
        number = self.fact in NUMBER_FACTS
        if (self.at_least is not None) != number or (self.is_ is not None) == number:
            raise ValueError(f"{self.fact} needs {'at_least' if number else 'is'}, and only that")
        return self


class LargeScaleRule(_Dated):
    """A rule that makes a case large-scale when all its conditions hold."""

    when: tuple[Condition, ...] = Field(min_length=1, max_length=20)


class LawTable(BaseModel):
    """All rows, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: tuple[LawRow, ...] = Field(min_length=1, max_length=500)
    large_scale: tuple[LargeScaleRule, ...] = Field((), max_length=100)

    @model_validator(mode="after")
    def _keys_differ(self) -> LawTable:
        for rows in (self.row, self.large_scale):
            key, times = Counter(row.key for row in rows).most_common(1)[0] if rows else ("", 1)
            if times > 1:
                raise ValueError(f"key {key!r} is used {times} times")
        return self


@lru_cache(maxsize=1)
def shipped_law() -> LawTable:
    """Return the table that comes with the package."""
    raw = resources.files("geoinspect.cases").joinpath(SHIPPED_LAW).read_bytes()
    return _parsed(raw, SHIPPED_LAW)


def read_law(path: Path) -> LawTable:
    """Return an office's own table.

    Raises:
        UsageError: The file can't be read, is no TOML, or has a value it can't have.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unusable(path.name, f"无法读取:{error}", f"can't be read: {error}") from error
    if len(raw) > _MAX_BYTES:
        raise _unusable(path.name, f"大于 {_MAX_BYTES} 字节", f"is larger than {_MAX_BYTES} bytes")
    return _parsed(raw, path.name)


def law_of(folder: Path | None) -> LawTable:
    """Return the ``law.toml`` of a workspace's folder, or the package's where it has none.

    Raises:
        UsageError: The folder's own table can't be used.
    """
    own = None if folder is None else folder / LAW_NAME
    return read_law(own) if own is not None and own.is_file() else shipped_law()


def _parsed(raw: bytes, name: str) -> LawTable:
    try:
        return LawTable.model_validate(tomllib.loads(raw.decode("utf-8-sig")))
    except ValidationError as error:
        wrong: Any = error.errors()[0]
        where = _place(wrong["loc"])
        raise _unusable(
            name, f"{where}:{wrong['msg'][:200]}", f"{where}: {wrong['msg'][:200]}"
        ) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        # tomllib lets a ValueError of its own through for numbers too long to read.
        why = str(error)[:200]
        raise _unusable(name, f"不是可用的 TOML:{why}", f"is no usable TOML: {why}") from error


def _place(where: Sequence[int | str]) -> str:
    """Return such as ``[[row]] 3 from``, counting rows from 1 as a person does."""
    parts = [str(part + 1) if isinstance(part, int) else str(part)[:60] for part in where]
    return " ".join([f"[[{parts[0]}]]", *parts[1:]]) if parts else "[[row]]"


def _unusable(name: str, zh: str, en: str) -> UsageError:
    return UsageError(
        f"法律标准表“{name[:80]}”不可用({zh});请对照自带的 {SHIPPED_LAW} 改正",
        f"the table of law {name[:80]!r} can't be used ({en}): compare the {SHIPPED_LAW} that comes "
        "with geoinspect",
        code="bad_law",
    )
