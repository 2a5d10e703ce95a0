"""Who goes along: person codes, and the roster of everybody who should patrol."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from sample_data import names
from sample_data.manifest import NOTE, Ledger

_TEAMS = {
    "一组": "A",
    "护林一组": "A",
    "巡逻车1": "A",
    "二组": "B",
    "护林二组": "B",
    "巡逻车2": "B",
    "村组联队": "C",
    "水上组": "C",
    "航测组": "D",
}
_CREW = 3


def crew(unit: str, team: str) -> tuple[str, ...]:
    """Return the codes of a team's people; nobody real has such a code."""
    return tuple(f"SIM-{unit}-{_TEAMS[team]}{number + 1}" for number in range(_CREW))


def write_roster(ledger: Ledger, units: Sequence[tuple[str, str, str | None]]) -> None:
    """Write everybody's code and unit; some of them never go out."""
    with ledger.path("units/roster.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["person", "unit", "note"])
        for unit, _, parent in units:
            for team in _teams(unit, parent):
                table.writerows([person, unit, NOTE] for person in crew(unit, team))
    ledger.add("units/roster.csv", "roster")


def _teams(unit: str, parent: str | None) -> tuple[str, ...]:
    if parent is None:
        return ()
    if unit == f"{names.COUNTY_CODE}P":
        return ("巡逻车1", "巡逻车2", "水上组", "航测组")
    return ("护林一组", "护林二组") if unit.endswith("F") else ("一组", "二组", "村组联队")
