"""A campaign as somebody asks for it: looked at before the long work, and closed before its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import ConflictError, Text, UsageError
from geoinspect.grid import MAX_CELLS, check_cell_size
from geoinspect.records import Problem
from geoinspect.store import audit, grounds
from geoinspect.store.names import checked_name
from geoinspect.store.schema import CampaignRow

# Working rules of ours: beyond these an office machine works for minutes, or a cell says little.
_MANY_CELLS = 1_000_000
_LARGE_CELL_M = 500.0
_SEASON_DAYS = 366


@dataclass(frozen=True, slots=True)
class CampaignAsked:
    """A campaign that somebody wants.

    Attributes:
        start, end: First and last day.
        cell_m: Side of a cell, metres.
    """

    name: str
    area_code: str
    start: date
    end: date
    cell_m: float

    def as_args(self) -> dict[str, Any]:
        """Return it as a job keeps it."""
        return {
            "name": self.name,
            "area": self.area_code,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "cell_m": self.cell_m,
        }

    @classmethod
    def from_args(cls, args: dict[str, Any]) -> CampaignAsked:
        """Return it from what :meth:`as_args` made."""
        return cls(
            str(args["name"]),
            str(args["area"]),
            date.fromisoformat(args["start"]),
            date.fromisoformat(args["end"]),
            float(args["cell_m"]),
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a campaign will be, without making it.

    Attributes:
        cells: About how many cells, from the area alone.
    """

    cells: int
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {
            "cells": self.cells,
            "problems": [problem.as_json() for problem in self.problems],
        }


def estimated(session: Session, asked: CampaignAsked) -> Estimate:
    """Check a campaign and say what it will be.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The name is taken or can't be one, the days are turned round, or the cell size
            is unusable.
    """
    checked_name(asked.name, "行动名称", "campaign name")
    if asked.end < asked.start:
        raise UsageError(
            f"结束日期 {asked.end} 早于开始日期 {asked.start}",
            f"the end {asked.end} is before the start {asked.start}",
            code="bad_window",
        )
    if any(row.name == asked.name for row in grounds.campaigns(session)):
        raise UsageError(
            f"已有名为“{asked.name}”的行动:请换一个名字",
            f"there is already a campaign named {asked.name!r}: choose another name",
            code="name_taken",
        )
    check_cell_size(asked.cell_m)
    area = grounds.area(session, asked.area_code)
    # Compared without dividing: the square of a tiny side is zero.
    if area.area_m2 > (MAX_CELLS + 0.5) * asked.cell_m**2:
        raise UsageError(
            f"网格 {asked.cell_m:g} 米太小,格子超过上限 {MAX_CELLS} 个;请加大网格边长",
            f"cells of {asked.cell_m:g} m are more than {MAX_CELLS}, the limit: choose a larger cell",
            code="too_many_cells",
        )
    cells = max(1, round(area.area_m2 / asked.cell_m**2))
    return Estimate(cells, tuple(_problems(session, asked, cells)))


def close_campaign(session: Session, row: CampaignRow, *, today: date, actor: str) -> None:
    """End a campaign with today as its last day; what counts already stays.

    Raises:
        ConflictError: It is over, or has not begun.
    """
    if not row.start <= today < row.end:
        raise ConflictError(
            f"行动“{row.name}”({row.start} 至 {row.end})不在进行中,不能提前结束",
            f"the campaign {row.name!r} ({row.start} to {row.end}) is not running, or ends today "
            "anyway",
            code="not_running",
        )
    details: dict[str, object] = {"id": row.id, "old_end": str(row.end), "end": str(today)}
    row.end = today
    audit.record(session, actor=actor, action="campaign.close", subject=row.name, details=details)


def _problems(session: Session, asked: CampaignAsked, cells: int) -> list[Problem]:
    found = []
    if cells > _MANY_CELLS:
        found.append(
            Problem(
                "many_cells",
                Text(
                    "格子很多,建立和每次重新计算都要几分钟:确有需要再用这么小的网格",
                    "so many cells take minutes to make and to reckon anew: use them only where needed",
                ),
            )
        )
    if asked.cell_m > _LARGE_CELL_M:
        found.append(
            Problem(
                "large_cells",
                Text(
                    "网格超过 500 米,一个格子里看过和没看过的地会混在一起",
                    "cells larger than 500 m mix ground that was seen with ground that was not",
                ),
            )
        )
    if asked.end - asked.start > timedelta(days=_SEASON_DAYS):
        found.append(
            Problem(
                "longer_than_a_season",
                Text(
                    "超过一年的行动不区分季节,踏查不会过期",
                    "a campaign longer than a year is no season: looks never expire in it",
                ),
            )
        )
    same = [
        row.name
        for row in grounds.campaigns(session)
        if row.area_code == asked.area_code and row.start <= asked.end and asked.start <= row.end
    ]
    if same:
        names = ", ".join(same[:3])
        found.append(
            Problem(
                "overlaps",
                Text(
                    f"同一辖区在这段时间已有行动:{names};轨迹会同时计入两者",
                    f"this area has a campaign in these days already: {names}; tracks count in both",
                ),
            )
        )
    return found
