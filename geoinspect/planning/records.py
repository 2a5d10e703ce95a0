"""What a patrol plan is made of: cells, wishes, routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import InputError, Text, UsageError

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
# Metres above sea level at x, y of the grid's CRS (arrays of one shape); NaN where unknown.
HeightsAt = Callable[[F8, F8], F8]

MAX_TEAMS = 50
MAX_HOURS = 72.0
MAX_SPEED_KMH = 300.0


@dataclass(frozen=True, eq=False)
class PlanCells:
    """Cells to plan over; arrays of shape (cells,).

    Attributes:
        row, col: Place on the lattice: west = ``origin_m[0] + col · cell_m``, south alike.
        cell_m: Side of a cell, metres.
        area_m2: Ground of each cell that counts, at most ``cell_m²``.
        pod: Probability so far that a target there would have been found, 0–1.
        risk: Relative risk, ≥ 0; the weight of the cell.
        crs: Projected CRS in metres, ``EPSG:n`` or WKT.
        origin_m: Where row 0 and column 0 begin.
    """

    row: I8
    col: I8
    cell_m: float
    area_m2: F8
    pod: F8
    risk: F8
    crs: str
    origin_m: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        lengths = {len(a) for a in (self.row, self.col, self.area_m2, self.pod, self.risk)}
        if len(lengths) != 1 or lengths == {0}:
            raise InputError("没有可规划的网格", "there are no cells to plan over", code="no_cells")
        for name, values, top in (("pod", self.pod, 1.0), ("risk", self.risk, np.inf)):
            bad = ~(np.isfinite(values) & (values >= 0) & (values <= top))
            if bad.any():
                value = values[np.flatnonzero(bad)[0]]
                raise InputError(
                    f"{name} 应为{'0 到 1 之间' if top == 1 else '不小于 0'}的数,有 {int(bad.sum())} 格不是(如 {value})",
                    f"{name} must be {'0 to 1' if top == 1 else 'at least 0'}; it is not in "
                    f"{int(bad.sum())} cells (one has {value})",
                    code=f"bad_{name}",
                )
        if not self.total_risk > 0:
            raise InputError(
                "所有网格的风险都是 0,无法规划:请检查风险字段",
                "every cell's risk is 0, there is nothing to plan: check the risk field",
                code="no_risk",
            )

    @cached_property
    def total_risk(self) -> float:
        """Sum of the weights, in an order that does not depend on the file's."""
        return float(np.sort(self.risk).sum())

    @property
    def confidence(self) -> float:
        """System sensitivity at design prevalence 1, one zone: Σ w·pod / Σ w."""
        return float(np.sort(self.risk * self.pod).sum()) / self.total_risk


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the teams have.

    Attributes:
        starts_xy: Where teams start and end, metres in the cells' CRS; team k uses start k,
            begun again when there are fewer.
        teams: How many.
        hours: For each team, travel included.
        speed_mps: On flat ground.
        width_m: Effective sweep width.
        seed: Same seed, same plan.
        iterations: What the changes that each of the two searches tries are counted in (half of
            it for one team, up to 4.7 times it for four; fewer for routes of very many
            waypoints): a budget that does not depend on the machine.
    """

    starts_xy: tuple[tuple[float, float], ...]
    teams: int = 1
    hours: float = 6.0
    speed_mps: float = 3.0 / 3.6
    width_m: float = 20.0
    seed: int = 0
    iterations: int = 200_000

    def __post_init__(self) -> None:
        for zh, en, value, top in (
            ("队数", "the number of teams", self.teams, MAX_TEAMS),
            ("小时数", "the hours", self.hours, MAX_HOURS),
            ("速度(公里/时)", "the speed in km/h", self.speed_mps * 3.6, MAX_SPEED_KMH),
            ("扫视宽度(米)", "the sweep width in metres", self.width_m, 100_000.0),
        ):
            if not 0 < value <= top * (1 + 1e-12):
                raise UsageError(
                    f"{zh}应大于 0、不超过 {top:g},得到 {value:g}",
                    f"{en} must be above 0 and at most {top:g}, got {value:g}",
                    code="bad_plan_option",
                )
        if not self.starts_xy or not np.isfinite(self.starts_xy).all():
            raise UsageError(
                "需要至少一个出发点", "at least one start point is needed", code="no_start"
            )

    @property
    def budget_s(self) -> float:
        """Seconds each team has."""
        return self.hours * 3600.0

    def start_of(self, team: int) -> tuple[float, float]:
        """Return the start of a team, counted from 0."""
        return self.starts_xy[team % len(self.starts_xy)]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One team's way.

    Attributes:
        team: Counted from 1.
        line: Waypoints from the start back to it, metres in the cells' CRS, shape (n, 2).
        leg_s: Seconds of each leg, shape (n - 1,).
        length_m: Metres in the grid.
        duration_s: Travel included, never more than the hours.
        cells: Cells with ground that the line enters.
        gain: Confidence that it adds after the routes before it.
    """

    team: int
    line: F8
    leg_s: F8
    length_m: float
    duration_s: float
    cells: int
    gain: float


@dataclass(frozen=True, slots=True)
class Baselines:
    """What simpler ways of walking would gain in the same hours; no-go ground is open to them.

    Attributes:
        boustrophedon: Parallel lines one sweep width apart from the best corner of the cells' box.
        nearest_gap: Always to the nearest cell that is not cleared.
        free_walking: Upper bound: the best use of all metres if getting anywhere cost nothing.
    """

    boustrophedon: float
    nearest_gap: float
    free_walking: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Routes and what they are worth; ``gain`` is the sum of the routes' gains."""

    routes: tuple[Route, ...]
    confidence_before: float
    confidence_after: float
    baselines: Baselines
    warnings: tuple[Text, ...] = ()

    @property
    def gain(self) -> float:
        """Confidence added by all routes."""
        return self.confidence_after - self.confidence_before
