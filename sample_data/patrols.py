"""Who went where and when: searches on foot, drives, a boat trip and drone flights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect.records import Mode
from sample_data import names
from sample_data.areas import SampleArea, Tree
from sample_data.people import crew
from sample_data.terrain import Terrain
from sample_data.trails import Trails, smoothed
from sample_data.walking import Pace, lawn_mower, search_line

F8 = NDArray[np.float64]

SEASON_START, SEASON_END = date(2026, 4, 1), date(2026, 6, 15)
_BEIJING = timedelta(hours=8)
_INTERVALS_S = (5.0, 8.0, 10.0, 10.0, 12.0, 15.0)
# So many senders say how many people went.
_COUNTED_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Patrol:
    """One outing: its line in the terrain's CRS and how it was moved along.

    Attributes:
        person: Code of who recorded it.
        headcount: How many went, where the sender says so.
        mode: As the sender says.
    """

    unit: str
    unit_name: str
    team: str
    person: str
    headcount: int | None
    mode: Mode
    day: date
    start_s: float
    line: F8
    pace: Pace


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is walked.

    Attributes:
        shares: Share of each township's compartments that is searched, best township first.
        spacing_m: Between the lines of a search.
        outing_m: Length of a search line after which a team goes home.
    """

    shares: tuple[float, ...]
    spacing_m: float
    outing_m: float


class _Diary:
    """Gives every team its own days, never two outings on one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._last: dict[str, int] = {}

    def next_day(self, team: str) -> tuple[date, float]:
        """Return the team's next free day and the second (UTC) at which it sets out."""
        span = (SEASON_END - SEASON_START).days
        first = int(self._rng.integers(0, 12))
        day_number = self._last.get(team, first - 1) + int(self._rng.integers(1, 6))
        day_number = min(day_number, span)
        self._last[team] = day_number
        day = SEASON_START + timedelta(days=day_number)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - _BEIJING
        # Devices note whole seconds.
        return day, midnight.timestamp() + round(float(self._rng.uniform(7.3, 9.2)) * 3600)


def plan_patrols(
    terrain: Terrain, tree: Tree, trails: Trails, rng: np.random.Generator, effort: Effort
) -> list[Patrol]:
    """Return all outings but the drones', the searches of the best township first."""
    diary = _Diary(rng)
    # Small townships are finished first; the largest is left nearly untouched.
    towns = sorted(tree.level("township"), key=lambda town: town.polygon.area)
    patrols: list[Patrol] = []
    for town, share in zip(towns, effort.shares, strict=False):
        patrols += _searches(town, share, tree, trails, rng, effort, diary)
    patrols += _drives(tree, trails, rng, diary)
    patrols += _boat(terrain, tree, rng, diary)
    return patrols


def _searches(
    town: SampleArea,
    share: float,
    tree: Tree,
    trails: Trails,
    rng: np.random.Generator,
    effort: Effort,
    diary: _Diary,
) -> list[Patrol]:
    compartments = tree.below(town.code, "compartment")
    villages = {village.code: village for village in tree.below(town.code, "village")}
    count = max(1, round(share * len(compartments))) if share > 0 else 0
    picked = sorted(rng.choice(len(compartments), count, replace=False))
    teams = [
        (town.code, f"{town.name}人民政府", "一组"),
        (f"{town.code}F", f"{town.name}林业工作站", "护林一组"),
        (town.code, f"{town.name}人民政府", "二组"),
        (f"{town.code}F", f"{town.name}林业工作站", "护林二组"),
        (town.code, f"{town.name}人民政府", "村组联队"),
    ]
    patrols = []
    turn = 0
    for index in picked:
        compartment = compartments[index]
        village = villages[compartment.parent or ""]
        line = search_line(compartment.polygon, effort.spacing_m * rng.uniform(0.9, 1.15), rng)
        for piece in _pieces(line, effort.outing_m):
            unit, unit_name, team = teams[turn % len(teams)]
            turn += 1
            day, start_s = diary.next_day(f"{unit}{team}")
            there = trails.way(village.seat_xy, (piece[0, 0], piece[0, 1]))
            # The nearer part of the way is driven, before the track is switched on.
            there = there[-min(len(there), int(rng.integers(60, 220))) :]
            whole = np.vstack([there, piece])
            if rng.random() < 0.4:
                back = trails.way((piece[-1, 0], piece[-1, 1]), village.seat_xy)
                whole = np.vstack([whole, back[: int(rng.integers(60, 200))]])
            patrols.append(
                Patrol(
                    unit,
                    unit_name,
                    team,
                    str(rng.choice(crew(unit, team))),
                    int(rng.integers(2, 5)) if rng.random() < _COUNTED_SHARE else None,
                    Mode.FOOT,
                    day,
                    start_s,
                    whole,
                    _on_foot(rng),
                )
            )
    return patrols


def _pieces(line: F8, outing_m: float) -> list[F8]:
    """Cut a search line into the outings it takes."""
    if len(line) < 2:
        return []
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    outings = max(1, round(walked[-1] / outing_m))
    cuts = np.searchsorted(walked, np.linspace(0, walked[-1], outings + 1)[1:-1])
    return [piece for piece in np.split(line, cuts) if len(piece) > 1]


def _on_foot(rng: np.random.Generator) -> Pace:
    interval_s = float(rng.choice(_INTERVALS_S))
    pauses = int(rng.integers(1, 6))
    return Pace(float(rng.uniform(1.05, 1.35)), 1.8, interval_s, rng.uniform(2.0, 4.5), pauses)


def _drives(tree: Tree, trails: Trails, rng: np.random.Generator, diary: _Diary) -> list[Patrol]:
    """The police drive the roads between the seats, three drives of three roads each."""
    seats = [town.seat_xy for town in tree.level("township")]
    unit = f"{names.COUNTY_CODE}P"
    patrols = []
    for number in range(5):
        stops = rng.permutation(len(seats))[:3]
        legs = [trails.way(seats[a], seats[b]) for a, b in pairwise(stops)]
        day, start_s = diary.next_day(f"{unit}{number % 2}")
        pace = Pace(float(rng.uniform(8, 11)), 1.0, 5.0, 3.0, 3)
        team = f"巡逻车{number % 2 + 1}"
        patrols.append(_police(team, Mode.VEHICLE, day, start_s, np.vstack(legs), pace))
    return patrols


def _boat(terrain: Terrain, tree: Tree, rng: np.random.Generator, diary: _Diary) -> list[Patrol]:
    """One trip down the county's reservoir along its middle and back along a shore."""
    (county,) = tree.level("county")
    wet = np.flatnonzero(terrain.lake.ravel())
    ours = shapely.contains_xy(county.polygon, *terrain.cell_xy(wet))
    wet = wet[ours]
    if wet.size < 20:
        return []
    lake = np.zeros(terrain.lake.size, dtype=bool)
    lake[wet] = True
    best: list[int] = []
    for start in rng.choice(wet, min(60, wet.size), replace=False):
        cell, chain = int(start), []
        while cell >= 0 and lake[cell]:
            chain.append(cell)
            cell = int(terrain.receiver[cell])
        best = max(best, chain, key=len)
    x, y = terrain.cell_xy(np.array(best, np.int64))
    down = smoothed(np.column_stack([x, y])[::2])
    line = np.vstack([down, down[::-1] + rng.uniform(20, 35, 2)])
    unit = f"{names.COUNTY_CODE}P"
    day, start_s = diary.next_day(f"{unit}boat")
    pace = Pace(3.2, 0.0, 5.0, 2.5, 2)
    return [_police("水上组", Mode.BOAT, day, start_s, line, pace)]


def drone_flights(centres: Sequence[tuple[float, float]], days: Sequence[date]) -> list[Patrol]:
    """Return the flight lines over places, about 1000 × 800 m each, 45 m apart."""
    patrols = []
    for centre, day in zip(centres, days, strict=True):
        start_s = datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC).timestamp()
        line = lawn_mower(centre, 1000, 800, 45)
        pace = Pace(7.5, 0.0, 0.5, 0.6, 0)
        patrols.append(_police("航测组", Mode.DRONE, day, start_s, line, pace))
    return patrols


def _police(team: str, mode: Mode, day: date, start_s: float, line: F8, pace: Pace) -> Patrol:
    unit = f"{names.COUNTY_CODE}P"
    person = crew(unit, team)[day.day % 3]
    return Patrol(unit, "公安局禁毒大队", team, person, 2, mode, day, start_s, line, pace)
