"""Growth stages by place and day, and whether what was seen earlier still holds.

The table (``data/growth.toml``, or the workspace's own) gives for every stage the day of the year
it begins as a plane in latitude and altitude. A look holds for as long as its stage's row says;
then the ground counts as if it had not been looked at.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoinspect.errors import UsageError
from geoinspect.search_records import GrowthStage

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BASE_LATITUDE_DEG = 25.0
STAGES = (
    GrowthStage.SEEDLING,
    GrowthStage.ROSETTE,
    GrowthStage.BUD,
    GrowthStage.FLOWER,
    GrowthStage.CAPSULE,
)
# Positions in a season: before it comes up, the five stages, gone.
_BEFORE, _GONE = 0, len(STAGES) + 1
_YEAR_DAYS = 365
_FOREVER_DAYS = 10_000
# A plane steeper than this is a slip of the pen.
_Slope = Annotated[float, Field(ge=-30, le=30)]


class _Begin(BaseModel):
    """The day of the year something begins, as a plane in latitude and altitude."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    day: float = Field(ge=-180, le=365)
    per_degree: _Slope
    per_100_m: _Slope

    def day_at(self, latitude_deg: F8, altitude_m: F8) -> F8:
        """Return the day of the year (1 January is 1) at each place, shape as given."""
        north = self.per_degree * (latitude_deg - _BASE_LATITUDE_DEG)
        at: F8 = self.day + north + self.per_100_m * altitude_m / 100
        return at


class StageRow(_Begin):
    """When a stage begins, and how long a look made at it holds.

    Attributes:
        holds_through: Last stage at which the look still counts.
        max_days: Most days it counts; None is no limit.
    """

    stage: GrowthStage
    holds_through: GrowthStage | Literal["gone"]
    max_days: int | None = Field(None, ge=1)


class Observed(BaseModel):
    """That a stage was seen to begin in an area on a day, which moves the area's calendar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: str
    stage: GrowthStage
    day: date


class GrowthTable(BaseModel):
    """The whole table; the stages in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: tuple[StageRow, ...]
    gone: _Begin
    observed: tuple[Observed, ...] = ()

    @model_validator(mode="after")
    def _each_stage_once(self) -> GrowthTable:
        if tuple(row.stage for row in self.stage) != STAGES:
            raise ValueError(f"the stages must be {', '.join(STAGES)}, each once, in this order")
        for row in self.stage:
            if row.holds_through is GrowthStage.NONE:
                raise ValueError("holds_through is a stage or 'gone'")
        if any(seen.stage is GrowthStage.NONE for seen in self.observed):
            raise ValueError("a stage is observed, not that there is none")
        return self


def load_growth(path: Path | None = None) -> GrowthTable:
    """Return the table of a file, or the one that comes with the package.

    Raises:
        UsageError: The file can't be read, is no TOML, or has a value it can't have.
    """
    try:
        if path is None:
            text = resources.files("geoinspect").joinpath("data/growth.toml").read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        return GrowthTable.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        name = "growth.toml" if path is None else path.name
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = (
            " · ".join(map(str, error.errors()[0]["loc"]))
            if isinstance(error, ValidationError)
            else ""
        )
        raise UsageError(
            f"物候表“{name}”不可用({where} {why}):请对照说明改正",
            f"the growth table {name!r} can't be used ({where} {why}): correct it",
            code="bad_growth_table",
        ) from error


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The stages of a campaign's cells; cells with the same dates are one kind.

    Attributes:
        kind_of_cell: Shape (cells,).
        begins: Day of the year each stage begins and all is gone, shape (kinds, 6).
        holds: Position through which a look at a position holds, shape (7,).
        max_days: Most days it holds, shape (7,).
    """

    kind_of_cell: NDArray[np.int16]
    begins: I8
    holds: I8
    max_days: I8

    @property
    def kinds(self) -> int:
        """How many kinds of cells there are."""
        return len(self.begins)

    def position(self, day: date) -> tuple[I8, I8]:
        """Return season (year of harvest) and position in it of every kind, shapes (kinds,).

        Positions: 0 not up yet, 1–5 the stages, 6 gone.
        """
        since = (day - date(day.year, 1, 1)).days + 1
        # What is sown in autumn for next year's harvest comes up before the year is over.
        early = since - _YEAR_DAYS >= self.begins[:, 0]
        position = np.where(
            early,
            (self.begins <= since - _YEAR_DAYS).sum(axis=1),
            (self.begins <= since).sum(axis=1),
        )
        return np.where(early, day.year + 1, day.year), position

    def stages(self, day: date) -> list[GrowthStage]:
        """Return the stage of every kind on a day."""
        names = (GrowthStage.NONE, *STAGES, GrowthStage.NONE)
        return [names[int(p)] for p in self.position(day)[1]]

    def fresh(self, looked: Sequence[date], as_of: date) -> Flags:
        """Return whether looks of these days still hold on a day, shape (looks, kinds).

        A look of a later day never counts; one of another season does not hold.
        """
        season, now = self.position(as_of)
        out = np.zeros((len(looked), self.kinds), np.bool_)
        known: dict[date, Flags] = {}
        for k, day in enumerate(looked):
            if day not in known:
                then_season, then = self.position(day)
                days = (as_of - day).days
                known[day] = (
                    (days >= 0)
                    & (then_season == season)
                    & (now <= self.holds[then])
                    & (days <= self.max_days[then])
                )
            out[k] = known[day]
        return out


def make_calendar(
    table: GrowthTable, latitude_deg: F8, altitude_m: F8, shift_days: F8 | float = 0.0
) -> Calendar:
    """Return the calendar of cells.

    Args:
        table: Dates and how long looks hold.
        latitude_deg: Shape (cells,).
        altitude_m: Above sea level, shape (cells,); NaN counts as 0.
        shift_days: Later than the table says, shape (cells,) or one number.
    """
    altitude_m = np.nan_to_num(altitude_m, nan=0.0)
    rows = [*table.stage, table.gone]
    begins = np.stack([row.day_at(latitude_deg, altitude_m) for row in rows], axis=1)
    # Whole days, as nobody sows by the hour; and a stage never begins before the one before it.
    days = np.rint(begins + np.reshape(shift_days, (-1, 1))).astype(np.int64)
    days = np.maximum.accumulate(days, axis=1)
    kinds, which = np.unique(days, axis=0, return_inverse=True)
    holds = [_BEFORE, *(_holds(row) for row in table.stage), _GONE]
    most = [_FOREVER_DAYS, *(row.max_days or _FOREVER_DAYS for row in table.stage), _FOREVER_DAYS]
    return Calendar(which.reshape(-1).astype(np.int16), kinds, np.array(holds), np.array(most))


def _holds(row: StageRow) -> int:
    return _GONE if row.holds_through == "gone" else STAGES.index(row.holds_through) + 1


def observed_shift(
    table: GrowthTable, seen: Observed, latitude_deg: float, altitude_m: float
) -> float:
    """Return by how many days an observation lies after the table's date at a place."""
    row = table.stage[STAGES.index(seen.stage)]
    expected = row.day_at(np.array([latitude_deg]), np.array([altitude_m]))
    since = (seen.day - date(seen.day.year, 1, 1)).days + 1
    late = since - float(expected[0])
    return late - _YEAR_DAYS if late > _YEAR_DAYS / 2 else late
