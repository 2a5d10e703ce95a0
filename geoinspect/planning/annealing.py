"""Plan all teams: one after another, then together, then each again beside what the others do.

The law is ``1 − e^(−W·L/A)``, so what others walk takes a known share off each cell's value and
a team can be planned alone on what is left: exact, and judged on its own ground. Two searches run
in two threads (first with the teams in either order, then both on each team in turn), the same
for the same seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, Journal
from geoinspect.planning.metres import walk_line
from geoinspect.planning.routes import Routes, lay, mark
from geoinspect.planning.search import Pool, anneal
from geoinspect.planning.tours import Crew, Goals, first_routes, walked_board, walked_gain

F8 = NDArray[np.float64]
U8 = NDArray[np.uint64]

_CHAINS = 2
_JOURNAL = 1 << 15
_MAX_WAYPOINTS = 4000
# A move takes longer on longer routes.
_USUAL_WAYPOINTS = 400
# Shares of the budget of moves: a team on its own, a team of several at first and again, and all
# of them together. With more teams than four, each gets less.
_ALONE, _FIRST, _AGAIN, _TOGETHER, _MANY_TEAMS = 0.5, 0.2, 0.3, 0.25, 4
# Rounds of planning each team again, while any team's own gain still rises by so much.
_ROUNDS, _WORTH_A_ROUND = 3, 0.03
# First routes that are tried, and the share of a team's moves that each of them gets.
_TRIED, _TRIAL = 3, 0.15
# First temperature.
_HOT = 0.8
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What one chain works on: a board of its own with nothing walked on it, teams, goals."""

    board: Board
    crews: Sequence[Crew]
    goals: Goals
    within: Sequence[NDArray[np.bool_]]
    known: Sequence[Sequence[F8]]
    side: int
    rng: U8


def improve(board: Board, crews: Sequence[Crew], goals: Goals, within: Sequence[NDArray[np.bool_]], known: Sequence[Sequence[F8]], *, side: int, seed: int, iterations: int) -> list[F8]:  # fmt: skip
    """Return the best routes found, one a team, metres from the window's corner.

    Args:
        board: The window, nothing walked on it.
        crews: The teams.
        goals: Cells worth going to.
        within: Which of them each team can reach, each of shape (goals,).
        known: Lines that each team might begin with, where they are within its time.
        side: Waypoints lie on a lattice of so many along a cell's side.
        seed: Same seed, same routes.
        iterations: What the moves tried are counted in: half of it by a team on its own.
    """
    tasks = [
        _Task(_own(board), crews, goals, within, known, side, _generator(seed, chain))
        for chain in range(_CHAINS)
    ]
    with ThreadPoolExecutor(_CHAINS) as threads:
        if len(crews) == 1:
            still = [np.array([crews[0].start] * 2)]
            return [_best_alone(threads, tasks, still, 0, (), int(_ALONE * iterations))]
        moves = iterations * min(_MANY_TEAMS / len(crews), 1.0) ** 0.5
        orders = (range(len(crews)), range(len(crews))[::-1])
        found = list(threads.map(lambda task, way: _chain(task, way, moves), tasks, orders))
        gains = [walked_gain(board, lines) for lines in found]
        lines, others = found[int(np.argmax(gains))], found[int(np.argmin(gains))]
        for _ in range(_ROUNDS):
            rise = 0.0
            for t in range(len(crews)):
                before, rest = walked_gain(board, lines), walked_gain(board, _without(lines, t))
                also = (others[t],)
                lines[t] = _best_alone(threads, tasks, lines, t, also, int(_AGAIN * moves))
                more = walked_gain(board, lines) - before
                rise = max(rise, more / max(before - rest, 1e-300))
            if rise < _WORTH_A_ROUND:
                break
    return lines


def _own(board: Board) -> Board:
    """Return a board with arrays of its own: threads counting references to one hold each other up."""
    return walked_board(board)._replace(
        value=board.value.copy(),
        blocked=board.blocked.copy(),
        near=board.near.copy(),
        heights=board.heights.copy(),
    )


def _generator(seed: int, chain: int) -> U8:
    return np.array([((seed + 1) * _GOLDEN + chain * 7919) % 2**64 or 1], np.uint64)


def _chain(task: _Task, order: Sequence[int], moves: float) -> list[F8]:
    """Return routes planned one after another, then together."""
    lines = [np.array([crew.start, crew.start]) for crew in task.crews]
    for t in order:
        lines[t] = _alone(task, lines, t, (), int(_FIRST * moves))[1]
    return _together(task, lines, int(_TOGETHER * moves))


def _best_alone(threads: ThreadPoolExecutor, tasks: Sequence[_Task], lines: Sequence[F8], t: int, also: Sequence[F8], moves: int) -> F8:  # fmt: skip
    """Return the better of a team's routes that the two searches find beside what others do."""
    found = list(threads.map(lambda task: _alone(task, lines, t, also, moves), tasks))
    return max(found, key=lambda result: result[0])[1]


def _alone(task: _Task, lines: Sequence[F8], t: int, also: Sequence[F8], moves: int) -> tuple[float, F8]:  # fmt: skip
    """Return score and route of a team on what the others leave; never worse than the one it has."""
    others = _without(lines, t)
    left = walked_board(task.board)
    for line in others:
        walk_line(left, line)
    value = left.value * left.miss
    left.metres[:], left.miss[:] = 0.0, 1.0
    left = left._replace(value=value)
    mine = task.goals.only(task.within[t])
    flat = mine.row * left.cols + mine.col
    mine = Goals(mine.row, mine.col, value[flat], mine.pod)
    crew = task.crews[t]
    begun = first_routes(left, crew, mine, task.side, [lines[t], *also, *task.known[t]])
    pool = Pool(flat.astype(np.int64), np.cumsum(mine.worth))
    if pool.sum_value[-1] <= 0.0:
        return 0.0, lines[t]
    scale = np.array([_scale(left, begun[0], pool)])
    alone = _Search(left, [crew], pool, others, task.side, task.rng, scale, np.ones(1))
    tried = [alone.run([lines[t]], 0, _HOT)]
    for line in _unlike(left, begun):
        tried.append(alone.run([line], int(_TRIAL * moves), _HOT))
    best = max(tried, key=lambda found: found[0])
    tried.append(alone.run(best[1], int((1 - _TRIED * _TRIAL) * moves), _HOT / 2))
    score, found = max(tried, key=lambda found: found[0])
    return score, found[0]


def _without(lines: Sequence[F8], t: int) -> list[F8]:
    return [line for k, line in enumerate(lines) if k != t]


def _unlike(board: Board, lines: Sequence[F8]) -> list[F8]:
    """Return the best few of lines in the order of their gain, of those that gain alike only one."""
    kept: list[F8] = []
    gains: list[float] = []
    for line in lines:
        gain = walked_gain(board, [line])
        if not gains or gain < gains[-1] * (1 - 1e-6):
            kept.append(line)
            gains.append(gain)
        if len(kept) == _TRIED:
            break
    return kept


def _together(task: _Task, lines: Sequence[F8], moves: int) -> list[F8]:
    """Return routes after moves that carry waypoints between teams too."""
    flat = task.goals.row * task.board.cols + task.goals.col
    pool = Pool(flat.astype(np.int64), np.cumsum(task.goals.worth))
    scale = np.array([_scale(task.board, line, pool) for line in lines])
    gains = np.array([walked_gain(task.board, [line]) for line in lines])
    share = gains / max(float(gains.sum()), 1e-300)
    board = walked_board(task.board)
    search = _Search(board, task.crews, pool, (), task.side, task.rng, scale, share)
    return search.run(lines, moves, _HOT)[1]


def _scale(board: Board, line: F8, pool: Pool) -> float:
    """Return what a waypoint on a line gains, or a cell on its way where waypoints are few."""
    gain = walked_gain(board, [line])
    cells = float(np.hypot(*np.diff(line, axis=0).T).sum()) / board.cell_m
    if gain > 0:
        return gain / max(len(line) - 2, cells, 1.0)
    # Nothing walked yet: what crossing the middling cell gains.
    middling = float(np.median(np.diff(pool.sum_value, prepend=0.0)))
    return middling * -float(np.expm1(-board.effort_per_m * board.cell_m))


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Annealing of some teams on a board on which nothing is walked between runs."""

    board: Board
    crews: Sequence[Crew]
    pool: Pool
    others: Sequence[F8]
    side: int
    rng: U8
    scale: F8
    share: F8

    def run(self, lines: Sequence[F8], moves: int, hot: float) -> tuple[float, list[F8]]:
        """Return the score (gain less what turns cost) and the best routes found."""
        board = self.board
        board.metres[:], board.miss[:] = 0.0, 1.0
        routes = self._routes(lines)
        journal = Journal(
            np.zeros(_JOURNAL, np.int32),
            np.zeros(_JOURNAL),
            np.zeros(_JOURNAL),
            np.zeros(1, np.int32),
        )
        gain = lay(board, routes, journal)
        before, best = (_copied(routes) for _ in range(2))
        usual = _USUAL_WAYPOINTS / max(float(routes.points.mean()), _USUAL_WAYPOINTS)
        score = anneal(
            board, routes, before, best, journal, self.pool, self.rng, gain, int(moves * usual),
            self.scale, self.share, hot,
        )  # fmt: skip
        found = [
            np.column_stack([best.x[t, : best.points[t]], best.y[t, : best.points[t]]])
            for t in range(len(lines))
        ]
        return float(score), found

    def _routes(self, lines: Sequence[F8]) -> Routes:
        budget_s = np.array([crew.budget_s for crew in self.crews])
        lattice_m = self.board.cell_m / self.side
        longest = max(len(line) for line in lines)
        most = int(budget_s.max() * self.board.speed_mps / lattice_m) + 32
        most = max(min(most, _MAX_WAYPOINTS), longest + 32)
        teams = len(lines)
        x, y = np.zeros((teams, most)), np.zeros((teams, most))
        for t, line in enumerate(lines):
            x[t, : len(line)], y[t, : len(line)] = line[:, 0], line[:, 1]
        routes = Routes(
            x=x,
            y=y,
            points=np.array([len(line) for line in lines], np.int64),
            time_s=np.zeros(teams),
            # A nanosecond for the sums of seconds that were added and taken away.
            budget_s=budget_s + 1e-9,
            spikes=np.zeros(teams, np.int64),
            taken=np.zeros((self.board.rows * self.side, self.board.cols * self.side), np.uint8),
            lattice_m=lattice_m,
            log=np.zeros(256, np.int64),
            logged=np.zeros(1, np.int64),
        )
        for line in self.others:
            for px, py in line[1:-1].tolist():
                mark(routes, px, py, 1)
        return routes


def _copied(routes: Routes) -> Routes:
    return routes._replace(
        x=routes.x.copy(),
        y=routes.y.copy(),
        points=routes.points.copy(),
        time_s=routes.time_s.copy(),
        spikes=routes.spikes.copy(),
        taken=np.zeros((1, 1), np.uint8),
    )
