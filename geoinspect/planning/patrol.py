"""Plan a patrol: routes of N teams that raise confidence most within their hours.

Each team's first routes are built in several ways and the best improved by annealing, beside what
the others do; the plan is then measured anew, exactly: metres, seconds, gain, and that no line enters no-go ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text, UsageError
from geoinspect.planning.annealing import improve
from geoinspect.planning.kernels import Board
from geoinspect.planning.metres import Window, plain_board, route_gain, window_over
from geoinspect.planning.obstacles import cells_near, enters, gate_of, squares_of, ways_from
from geoinspect.planning.records import Baselines, HeightsAt, Plan, PlanCells, PlanOptions, Route
from geoinspect.planning.slopes import FASTEST, lattice_heights
from geoinspect.planning.starts import free_walking_price
from geoinspect.planning.timing import Clock, in_time, stretch
from geoinspect.planning.tours import (
    Crew,
    Goals,
    away_m,
    mowing_routes,
    nearest_gap_routes,
    walked_gain,
)

F8 = NDArray[np.float64]
Ground: TypeAlias = Polygon | MultiPolygon

_MAX_LATTICE_SIDE = 6
# Squares of no-go ground are about this wide, and no more than this many.
_NO_GO_SQUARE_M, _MAX_SQUARES = 20.0, 3_000_000
# Kept free round no-go ground; wider when a line should still enter it.
_MARGINS_M = (1.0, 10.0)
# Between the search's heights and the plan's.
_SLOPE_SPARE = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """What a plan is made in: the window, its board, who walks from where."""

    cells: PlanCells
    options: PlanOptions
    no_go: tuple[Ground, ...]
    heights: HeightsAt | None
    window: Window
    board: Board
    goals: Goals
    reach_m: float
    side: int

    @property
    def clock(self) -> Clock:
        """What measures the routes' time."""
        speed_mps, step_m = self.options.speed_mps, self.cells.cell_m / 2
        return Clock(self.cells.crs, speed_mps, self.heights, step_m)


def plan_patrol(
    cells: PlanCells,
    options: PlanOptions,
    no_go: Sequence[Ground] = (),
    heights: HeightsAt | None = None,
) -> Plan:
    """Return the routes that raise confidence most, as far as the search finds them.

    The same cells (in any order), wishes and seed give the same plan on any machine.

    Args:
        cells: Cells as they stand.
        options: Teams, hours, speed, width.
        no_go: Polygons in the cells' CRS that no route enters.
        heights: Metres above sea level at x, y of the cells' CRS; None for flat ground.

    Raises:
        UsageError: A start lies in no-go ground.
        TooLargeError: The cells within reach span an absurd window.
    """
    cells = _sorted(cells)
    no_go = tuple(polygon for polygon in no_go if not polygon.is_empty)
    _check_starts(options, no_go)
    scene = _scene(cells, options, no_go, heights, _MARGINS_M[0])
    if scene is None:
        return _measured(cells, options, {}, no_go, heights, Baselines(0.0, 0.0, 0.0))
    found: dict[int, F8] = {}
    simple = _simple_ways(scene)
    for _ in _MARGINS_M:
        found = _planned(scene, simple)
        if not any(enters(line, no_go) for line in found.values()):
            break
        scene = _scene(cells, options, no_go, heights, _MARGINS_M[-1]) or scene
    else:
        found = {team: line for team, line in found.items() if not enters(line, no_go)}
    return _measured(cells, options, found, no_go, heights, _baselines(scene, simple))


def _sorted(cells: PlanCells) -> PlanCells:
    """Return the cells in the order of the grid, so that a file's order changes nothing."""
    order = np.lexsort((cells.col, cells.row))
    return PlanCells(
        row=np.asarray(cells.row, np.int64)[order],
        col=np.asarray(cells.col, np.int64)[order],
        cell_m=cells.cell_m,
        area_m2=cells.area_m2[order],
        pod=cells.pod[order],
        risk=cells.risk[order],
        crs=cells.crs,
        origin_m=cells.origin_m,
    )


def _check_starts(options: PlanOptions, no_go: Sequence[Ground]) -> None:
    for k, (x, y) in enumerate(options.starts_xy):
        point = shapely.Point(x, y)
        if any(shapely.contains(polygon, point) for polygon in no_go):
            raise UsageError(
                f"第 {k + 1} 个出发点在禁入区内:请换一个出发点",
                f"start point {k + 1} lies in no-go ground: choose another",
                code="start_in_no_go",
            )


def _reach_m(options: PlanOptions, heights: HeightsAt | None) -> float:
    """Return how far a team can go and still come back."""
    fastest = options.speed_mps * (1.0 if heights is None else FASTEST)
    return options.budget_s * fastest / 2


def _scene(
    cells: PlanCells,
    options: PlanOptions,
    no_go: tuple[Ground, ...],
    heights: HeightsAt | None,
    margin_m: float,
) -> _Scene | None:
    """Return the window that the teams can reach; None when no team reaches anything."""
    reach_m = _reach_m(options, heights)
    wanted = (cells.risk > 0) & (cells.pod < 1)
    starts = np.array([options.start_of(t) for t in range(options.teams)]) - cells.origin_m
    near = np.zeros(len(cells.row), bool)
    for x, y in np.unique(starts, axis=0).tolist():
        dx = np.maximum(
            np.maximum(cells.col * cells.cell_m - x, x - (cells.col + 1) * cells.cell_m), 0
        )
        dy = np.maximum(
            np.maximum(cells.row * cells.cell_m - y, y - (cells.row + 1) * cells.cell_m), 0
        )
        near |= np.hypot(dx, dy) < reach_m
    near &= wanted
    if not near.any():
        return None
    row, col = cells.row[near], cells.col[near]
    low, high = [int(row.min()), int(col.min())], [int(row.max()), int(col.max())]
    if no_go or heights is not None:
        place = np.floor(starts / cells.cell_m).astype(np.int64)
        # A few cells beyond, so that ways round no-go ground at the rim are found.
        for c, r in place.tolist():
            if (
                min(r, c) > -(2**31)
                and max(r, c) < 2**31
                and _within(r, c, low, high, reach_m / cells.cell_m)
            ):
                low, high = [min(low[0], r), min(low[1], c)], [max(high[0], r), max(high[1], c)]
        low, high = [v - 5 for v in low], [v + 5 for v in high]
    window = window_over(cells, (low[0], low[1]), (high[0], high[1]))
    board = plain_board(window, cells, options.width_m, options.speed_mps)
    board = _with_no_go(board, window, no_go, margin_m)
    if heights is not None:
        lattice, spacing_m = lattice_heights(heights, window, cells.cell_m)
        board = board._replace(heights=lattice, height_m=spacing_m)
    worth = (cells.risk * (1.0 - cells.pod))[near] / cells.total_risk
    goals = Goals(row - window.row0, col - window.col0, worth, cells.pod[near])
    side = int(np.clip(round(cells.cell_m / options.width_m), 1, _MAX_LATTICE_SIDE))
    return _Scene(cells, options, no_go, heights, window, board, goals, reach_m, side)


def _within(row: int, col: int, low: list[int], high: list[int], reach: float) -> bool:
    return all(a - reach <= v <= b + reach for v, a, b in zip((row, col), low, high, strict=True))


def _with_no_go(board: Board, window: Window, no_go: tuple[Ground, ...], margin_m: float) -> Board:
    if not no_go:
        return board
    most = int(np.sqrt(_MAX_SQUARES / (board.rows * board.cols)))
    k = int(np.clip(np.ceil(board.cell_m / _NO_GO_SQUARE_M), 1, max(most, 1)))
    side_m = board.cell_m / k
    blocked = squares_of(no_go, window.corner_m, (board.rows * k, board.cols * k), side_m, margin_m)
    return board._replace(blocked=blocked, near=cells_near(blocked, k), fine_m=side_m)


def _planned(scene: _Scene, simple: tuple[list[F8], list[F8]]) -> dict[int, F8]:
    """Return the line of each team that goes anywhere, in the grid's CRS."""
    crews: list[Crew] = []
    teams: list[int] = []
    gates: dict[tuple[float, float], tuple[float, float] | None] = {}
    goals_of: list[NDArray[np.bool_]] = []
    for team in range(scene.options.teams):
        start = scene.options.start_of(team)
        local = (start[0] - scene.window.corner_m[0], start[1] - scene.window.corner_m[1])
        if start not in gates:
            gates[start] = gate_of(scene.board, local, scene.window.corner_m, scene.no_go)
        gate = gates[start]
        if gate is None:
            continue
        crew = _crew(scene, np.array(start), np.array(gate) + scene.window.corner_m, crews)
        within = _can_reach(scene, crew)
        if within.any():
            crews.append(crew)
            teams.append(team)
            goals_of.append(within)
    if not crews:
        return {}
    some = np.any(goals_of, axis=0)
    lines = improve(
        scene.board,
        crews,
        scene.goals.only(some),
        [within[some] for within in goals_of],
        [[way[team] for way in simple] for team in teams],
        side=scene.side,
        seed=scene.options.seed,
        iterations=scene.options.iterations,
    )
    corner = scene.window.corner_m
    return {
        team: in_time(
            line + corner,
            np.array(scene.options.start_of(team)),
            scene.clock,
            scene.options.budget_s,
            scene.board,
            scene.window,
        )
        for team, line in zip(teams, lines, strict=True)
    }


def _crew(scene: _Scene, start: F8, gate: F8, others: Sequence[Crew]) -> Crew:
    """Return a team at its gate, with the time that is left there."""
    access = np.array([start, gate, start])
    spent_s = scene.clock.line_s(access)
    spare = 1.0 if scene.heights is None else _SLOPE_SPARE
    longer = stretch(scene.cells.crs, scene.window, scene.cells.cell_m)
    left_s = scene.options.budget_s * spare / longer - spent_s
    local = (float(gate[0] - scene.window.corner_m[0]), float(gate[1] - scene.window.corner_m[1]))
    for other in others:
        if other.start == local:
            return Crew(local, left_s, other.ways)
    return Crew(local, left_s, ways_from(scene.board, *local, 0.55 * left_s))


def _can_reach(scene: _Scene, crew: Crew) -> NDArray[np.bool_]:
    """Return which goals a team can reach and come back from, no-go ground considered."""
    far = away_m(scene.board, scene.goals, crew)
    within = np.asarray(
        far < min(scene.reach_m, crew.budget_s * scene.reach_m * 2 / scene.options.budget_s)
    )
    if crew.ways is not None:
        # Of a cell partly behind no-go ground, any square will do.
        k = max(round(scene.board.cell_m / crew.ways.side_m), 1)
        seconds = np.full(len(far), np.inf)
        for i, j in np.ndindex(k, k):
            x = (scene.goals.col + (j + 0.5) / k) * scene.board.cell_m
            y = (scene.goals.row + (i + 0.5) / k) * scene.board.cell_m
            np.minimum(seconds, crew.ways.seconds_at(x, y), out=seconds)
        within &= np.isfinite(seconds)
    return within


def _simple_ways(scene: _Scene) -> tuple[list[F8], list[F8]]:
    """Return the two simple ways' routes; no-go ground is open to them: never to our favour."""
    open_board = scene.board._replace(fine_m=0.0)
    budget_s = scene.options.budget_s / stretch(scene.cells.crs, scene.window, scene.cells.cell_m)
    crews = []
    for team in range(scene.options.teams):
        x, y = scene.options.start_of(team)
        start = (x - scene.window.corner_m[0], y - scene.window.corner_m[1])
        crews.append(Crew(start, budget_s, None))
    mowing = mowing_routes(open_board, crews)
    return mowing, nearest_gap_routes(open_board, crews, scene.goals)


def _baselines(scene: _Scene, simple: tuple[list[F8], list[F8]]) -> Baselines:
    """Return what the simple ways gain, and what nobody can."""
    metres = 2 * scene.reach_m * scene.options.teams
    _, most = free_walking_price(scene.goals.worth, scene.board.effort_per_m, metres)
    mowing, nearest = (walked_gain(scene.board, routes) for routes in simple)
    return Baselines(boustrophedon=mowing, nearest_gap=nearest, free_walking=most)


def _measured(
    cells: PlanCells,
    options: PlanOptions,
    found: dict[int, F8],
    no_go: Sequence[Ground],
    heights: HeightsAt | None,
    baselines: Baselines,
) -> Plan:
    """Return the plan with every figure measured on the lines themselves."""
    lines = [found.get(t, np.array([options.start_of(t)] * 2)) for t in range(options.teams)]
    gain = route_gain(cells, lines, options.width_m)
    clock = Clock(cells.crs, options.speed_mps, heights, cells.cell_m / 2)
    routes, warnings = [], []
    for team, line in enumerate(lines):
        length_m = float(np.hypot(*np.diff(line, axis=0).T).sum())
        routes.append(
            Route(
                team=team + 1,
                line=line,
                leg_s=clock.legs_s(line),
                length_m=length_m,
                duration_s=clock.line_s(line),
                cells=int(gain.entered[team]),
                gain=float(gain.gains[team]),
            )
        )
        if len(line) < 3:
            warnings.append(_idle_text(team + 1))
    return Plan(tuple(routes), gain.before, gain.after, baselines, tuple(warnings))


def _idle_text(team: int) -> Text:
    return Text(
        f"第 {team} 队从出发点在规定时间内到不了任何需要踏查的网格:请换出发点或增加时间",
        f"team {team} reaches no cell worth walking from its start within the hours: choose another "
        "start or give more time",
    )
