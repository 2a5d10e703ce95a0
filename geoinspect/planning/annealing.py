"""Run the search from several first routes, in threads, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, Journal
from geoinspect.planning.routes import Routes, lay
from geoinspect.planning.search import Pool, anneal
from geoinspect.planning.tours import Crew, Goals

F8 = NDArray[np.float64]

_CHAINS = 2
_JOURNAL = 1 << 15
_MAX_WAYPOINTS = 4000
# A move takes longer on longer routes, and fewer teams need fewer moves.
_USUAL_WAYPOINTS, _MANY_TEAMS = 400, 3
# Temperatures, as shares of what a waypoint gains at first.
_HEAT = (0.8, 0.003)
_GOLDEN = 0x9E3779B97F4A7C15


def improve(board: Board, crews: Sequence[Crew], sets: Sequence[Sequence[F8]], goals: Goals, *, lattice_m: float, seed: int, iterations: int) -> tuple[float, list[F8]]:  # fmt: skip
    """Return the score (gain less what turns cost) and the best routes found.

    Args:
        board: The window, nothing walked on it.
        crews: The teams.
        sets: Feasible sets of routes, metres from the window's corner, the best first.
        goals: Cells worth going to.
        lattice_m: Spacing of waypoints.
        seed: Same seed, same routes.
        iterations: Moves that each chain tries for several teams and routes of usual length.
    """
    flat = goals.row * board.cols + goals.col
    pool = Pool(flat.astype(np.int64), np.cumsum(goals.worth))
    begun = list(sets[:_CHAINS])

    def run(chain: int) -> tuple[float, list[F8]]:
        rng = np.array([((seed + 1) * _GOLDEN + chain * 7919) % 2**64 or 1], np.uint64)
        return _chain(board, crews, begun[chain], pool, lattice_m, rng, iterations)

    with ThreadPoolExecutor(_CHAINS) as pool_of_threads:
        found = list(pool_of_threads.map(run, range(len(begun))))
    return max(found, key=lambda result: result[0])


def _chain(board: Board, crews: Sequence[Crew], lines: Sequence[F8], pool: Pool, lattice_m: float, rng: NDArray[np.uint64], iterations: int) -> tuple[float, list[F8]]:  # fmt: skip
    budget_s = np.array([crew.budget_s for crew in crews])
    longest = max(len(line) for line in lines)
    most = int(budget_s.max() * board.speed_mps / lattice_m) + 32
    most = max(min(most, _MAX_WAYPOINTS), longest + 32)
    routes = _routes(board, lines, budget_s, most, lattice_m)
    # Arrays of its own: two threads counting references to one array hold each other up.
    own = board._replace(
        value=board.value.copy(),
        metres=board.metres.copy(),
        miss=board.miss.copy(),
        blocked=board.blocked.copy(),
        near=board.near.copy(),
        heights=board.heights.copy(),
    )
    pool = Pool(pool.cell.copy(), pool.sum_value.copy())
    journal = Journal(
        np.zeros(_JOURNAL, np.int32),
        np.zeros(_JOURNAL),
        np.zeros(_JOURNAL),
        np.zeros(1, np.int32),
    )
    gain = lay(own, routes, journal)
    before, best = (_copied(routes) for _ in range(2))
    per_waypoint = gain / max(int(routes.points.sum()) - 2 * len(crews), 1)
    heat = (_HEAT[0] * per_waypoint, _HEAT[1] * per_waypoint)
    if gain <= 0:
        # Nothing walked yet: what a metre in the middling cell gains sets the scale.
        scale = float(np.median(np.diff(pool.sum_value, prepend=0.0))) * own.effort_per_m
        heat = (_HEAT[0] * scale * own.cell_m, _HEAT[1] * scale * own.cell_m)
    usual = _USUAL_WAYPOINTS / max(float(routes.points.mean()), _USUAL_WAYPOINTS)
    iterations = int(iterations * usual * min((len(crews) + 1) / (_MANY_TEAMS + 1), 1.0))
    score = anneal(own, routes, before, best, journal, pool, rng, gain, iterations, heat)
    found = [
        np.column_stack([best.x[t, : best.points[t]], best.y[t, : best.points[t]]])
        for t in range(len(crews))
    ]
    return float(score), found


def _routes(board: Board, lines: Sequence[F8], budget_s: F8, most: int, lattice_m: float) -> Routes:
    teams = len(lines)
    side = max(round(board.cell_m / lattice_m), 1)
    x, y = np.zeros((teams, most)), np.zeros((teams, most))
    for t, line in enumerate(lines):
        x[t, : len(line)], y[t, : len(line)] = line[:, 0], line[:, 1]
    return Routes(
        x=x,
        y=y,
        points=np.array([len(line) for line in lines], np.int64),
        time_s=np.zeros(teams),
        # A nanosecond for the sums of seconds that were added and taken away.
        budget_s=budget_s + 1e-9,
        spikes=np.zeros(teams, np.int64),
        taken=np.zeros((board.rows * side, board.cols * side), np.uint8),
        lattice_m=lattice_m,
        log=np.zeros(256, np.int64),
        logged=np.zeros(1, np.int64),
    )


def _copied(routes: Routes) -> Routes:
    return routes._replace(
        x=routes.x.copy(),
        y=routes.y.copy(),
        points=routes.points.copy(),
        time_s=routes.time_s.copy(),
        spikes=routes.spikes.copy(),
        taken=np.zeros((1, 1), np.uint8),
    )
