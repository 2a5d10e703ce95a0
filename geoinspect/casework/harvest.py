"""How long until a plot can be harvested: by the stage that was seen there, else by the calendar.

Opium is cut from the green capsules, so the harvest can begin when the capsules come. A plot that
was seen in a stage stays in it for at most as long as the calendar gives that stage, which bounds
the day; nobody knows how far in its stage it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from geoinspect.coverage.growth import STAGES
from geoinspect.search_records import GrowthStage
from geoinspect.season import stage_rows
from geoinspect.snapshot import Snapshot

Json = dict[str, Any]

_CAPSULE = STAGES.index(GrowthStage.CAPSULE)


@dataclass(frozen=True, slots=True)
class Growing:
    """The calendar of one area in the season of a day.

    Attributes:
        begins: First day of each stage and of ``gone``, the area's median cell, shape 6.
        first: The same of its earliest cell.
        last: The same of its latest cell.
    """

    begins: tuple[date, ...]
    first: tuple[date, ...]
    last: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Harvest:
    """When a plot can be harvested.

    Attributes:
        known_from: ``seen`` on the ground, or ``calendar``.
        stage: The stage that was seen, and on which day; None by the calendar alone.
        earliest, latest: First day of capsules at the earliest and at the latest.
        over: Day from which on the calendar expects nothing to stand; None where it was seen.
    """

    known_from: str
    stage: GrowthStage | None
    seen_on: date | None
    earliest: date
    latest: date
    over: date | None

    def as_json(self, today: date) -> Json:
        """Return it with the days that are left; 0 once the harvest may have begun."""
        return {
            "from": self.known_from,
            "stage": None if self.stage is None else self.stage.value,
            "seen_on": None if self.seen_on is None else self.seen_on.isoformat(),
            "earliest": self.earliest.isoformat(),
            "latest": self.latest.isoformat(),
            "days_left": max(0, (self.earliest - today).days),
            "days_left_most": max(0, (self.latest - today).days),
            "begun": self.earliest <= today,
            "over": self.over is not None and today >= self.over,
        }


def calendars(snapshot: Snapshot | None) -> dict[str, Growing]:
    """Return the calendar of each area that gaps are listed by; nothing without a campaign."""
    if snapshot is None:
        return {}
    found = {}
    for row in stage_rows(snapshot):
        begins = tuple(date.fromisoformat(day) for day in row["begins"].values())
        ends = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in row["first_last"]]
        found[row["code"]] = Growing(begins, tuple(a for a, _ in ends), tuple(b for _, b in ends))
    return found


def harvest_of(facts: Mapping[str, Mapping[str, Any]], growing: Growing | None) -> Harvest | None:
    """Return when a plot can be harvested; None where neither a stage nor a calendar is known.

    Args:
        facts: Of the case by step; the newest stage that was seen wins over the calendar.
        growing: The calendar of the plot's area.
    """
    stage, day = _seen(facts)
    if stage is not None and day is not None:
        return _by_stage(stage, day, growing)
    if growing is None:
        return None
    return Harvest(
        "calendar",
        None,
        None,
        growing.first[_CAPSULE],
        growing.last[_CAPSULE],
        growing.last[_CAPSULE + 1],
    )


def _seen(facts: Mapping[str, Mapping[str, Any]]) -> tuple[GrowthStage | None, date | None]:
    for step in ("rechecked", "verified"):
        said = facts.get(step, {})
        if (
            said.get("outcome") in ("confirmed", "standing")
            and said.get("stage")
            and said.get("day")
        ):
            return GrowthStage(said["stage"]), date.fromisoformat(said["day"])
    return None, None


def _by_stage(stage: GrowthStage, day: date, growing: Growing | None) -> Harvest | None:
    if stage is GrowthStage.CAPSULE:
        return Harvest("seen", stage, day, day, day, None)
    if stage not in STAGES or growing is None:
        return None
    at = STAGES.index(stage)
    begins = growing.begins
    soonest = begins[_CAPSULE] - begins[at + 1]
    longest = begins[_CAPSULE] - begins[at]
    none = timedelta(0)
    earliest, latest = day + max(soonest, none), day + max(longest, soonest, none)
    return Harvest("seen", stage, day, earliest, latest, None)
