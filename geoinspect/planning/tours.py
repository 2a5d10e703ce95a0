"""First routes of all teams on a board, good enough for the search to begin with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, is_clear, leg_time
from geoinspect.planning.metres import walk_line
from geoinspect.planning.obstacles import WayTree, detour
from geoinspect.planning.starts import (
    MAX_POINTS,
    boustrophedon,
    free_walking_price,
    nearest_tour,
    points_for,
)

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Points = list[tuple[float, float]]

# Prices tried, as multiples of the price at which walking everywhere free would use all metres.
_PRICES = (0.5, 0.8, 1.2, 1.7, 2.5, 4.0, 7.0)
# How far out of what is reachable a first tour may go.
_REACHES = (1.0, 0.5, 0.25)


@dataclass(frozen=True, slots=True, eq=False)
class Crew:
    """One team on the board: where it begins (metres from the corner), its time, its ways."""

    start: tuple[float, float]
    budget_s: float
    ways: WayTree | None


@dataclass(frozen=True, slots=True, eq=False)
class Goals:
    """Cells worth walking on a board: row and column in the window, value, POD; shape (n,)."""

    row: I8
    col: I8
    worth: F8
    pod: F8

    def only(self, keep: NDArray[np.bool_]) -> Goals:
        """Return some of them."""
        return Goals(self.row[keep], self.col[keep], self.worth[keep], self.pod[keep])


def away_m(board: Board, goals: Goals, crew: Crew) -> F8:
    """Return how far each goal's square lies from a team's start, in a straight line."""
    x, y = (
        np.maximum(
            np.maximum(at * board.cell_m - s, s - (at + 1) * board.cell_m),
            0.0,
        )
        for at, s in ((goals.col, crew.start[0]), (goals.row, crew.start[1]))
    )
    return np.asarray(np.hypot(x, y), dtype=np.float64)


def first_routes(board: Board, crews: Sequence[Crew], goals: Goals, reach_m: float, side: int, known: Sequence[list[F8]]) -> list[list[F8]]:  # fmt: skip
    """Return several sets of routes, one route a team, the best set first.

    Args:
        board: The window, nothing walked on it.
        crews: The teams.
        goals: Cells that some team can reach.
        reach_m: The farthest that any team can go and come back.
        side: Lattice points along a cell's side.
        known: Sets that are there already and within time.

    Returns:
        Sets of lines in metres from the corner, each from the start back to it and within time.
    """
    metres = board.speed_mps * sum(crew.budget_s for crew in crews)
    price, _ = free_walking_price(goals.worth, board.effort_per_m, metres)
    nearest = np.min([away_m(board, goals, crew) for crew in crews], axis=0)
    sets = list(known) or [nearest_gap_routes(board, crews, goals)]
    for reach in _REACHES:
        close = goals.only(nearest <= reach * reach_m)
        for factor in _PRICES:
            x, y = points_for(
                close.row,
                close.col,
                close.worth,
                price * factor,
                cell_m=board.cell_m,
                effort_per_m=board.effort_per_m,
                side=side,
            )
            if 0 < len(x) <= MAX_POINTS:
                sets.append(_tours(board, crews, [(x, y)]))
    gains = [walked_gain(board, routes) for routes in sets]
    best = sorted(range(len(sets)), key=lambda k: -gains[k])
    return [sets[k] for k in best]


def nearest_gap_routes(board: Board, crews: Sequence[Crew], goals: Goals) -> list[F8]:
    """Return the second baseline: always to the nearest cell with POD < 0.8, unseen ones first."""
    rounds: list[tuple[F8, F8]] = []
    for picked in (goals.pod == 0.0, (goals.pod > 0.0) & (goals.pod < 0.8)):
        some = goals.only(picked)
        x, y = (np.asarray(n, np.float64) + 0.5 for n in (some.col, some.row))
        rounds.append((x * board.cell_m, y * board.cell_m))
    return _tours(board, crews, rounds)


def _tours(board: Board, crews: Sequence[Crew], rounds: Sequence[tuple[F8, F8]]) -> list[F8]:
    """Return nearest-neighbour routes, one team after another; later rounds when time is left."""
    free = [np.ones(len(x), bool) for x, _ in rounds]
    routes = []
    for crew in crews:
        order: Points = []
        spent_s, at = 0.0, crew.start
        for (x, y), left in zip(rounds, free, strict=True):
            if not left.any():
                continue
            home_s = _home_seconds(board, crew, x, y)
            picked = nearest_tour(board, x, y, left, home_s, at, max(crew.budget_s - spent_s, 0.0))
            points = list(zip(x[picked].tolist(), y[picked].tolist(), strict=True))
            for point in points:
                spent_s += leg_time(board, *at, *point)
                at = point
            order += points
        routes.append(_within_time(board, crew, order))
    return routes


def _home_seconds(board: Board, crew: Crew, x: F8, y: F8) -> F8:
    """Return the seconds from each point back to a team's start, inf where there is no way."""
    if board.height_m > 0.0:
        seconds = np.array(
            [leg_time(board, px, py, *crew.start) for px, py in zip(x, y, strict=True)]
        )
    else:
        seconds = np.hypot(x - crew.start[0], y - crew.start[1]) / board.speed_mps
    if crew.ways is None:
        return seconds
    rows, cols = board.blocked.shape
    row = np.clip((y / crew.ways.side_m).astype(np.int64), 0, rows - 1)
    col = np.clip((x / crew.ways.side_m).astype(np.int64), 0, cols - 1)
    by_ways = crew.ways.metres[row * cols + col] / board.speed_mps
    # Lattice ways are up to 8 % longer than they need be; never count less than the straight one.
    return np.asarray(np.maximum(seconds, by_ways / 1.08), dtype=np.float64)


def _within_time(board: Board, crew: Crew, order: Points) -> F8:
    """Return the longest beginning of a tour that gets home in time, led round no-go ground."""
    low, high = 0, len(order)
    best = np.array([crew.start, crew.start])
    whole = _connected(board, crew, order)
    if whole is not None and line_seconds(board, whole) <= crew.budget_s:
        return whole
    while low < high:
        middle = (low + high + 1) // 2
        line = _connected(board, crew, order[:middle])
        if line is not None and line_seconds(board, line) <= crew.budget_s:
            low, best = middle, line
        else:
            high = middle - 1
    return best


def _connected(board: Board, crew: Crew, order: Points) -> F8 | None:
    """Return the line through the points in their order; None when there is no way."""
    line: Points = [crew.start]
    for point in [*order, crew.start]:
        if crew.ways is not None and not is_clear(board, *line[-1], *point):
            between = detour(board, crew.ways, line[-1], point)
            if between is None:
                return None
            line += between
        line.append(point)
    return np.array(line)


def line_seconds(board: Board, line: F8) -> float:
    """Return the seconds of a line by the board's speed and heights."""
    return float(sum(leg_time(board, *a, *b) for a, b in itertools.pairwise(line)))


def mowing_routes(board: Board, crews: Sequence[Crew]) -> list[F8]:
    """Return the first baseline: parallel lines one sweep width apart from the best corner.

    The box is that of the cells, or its part within reach of a start, whichever gains more; a
    team goes on where the one before it stopped, or begins at another corner if that gains more.
    """
    whole = (0.0, 0.0, board.cols * board.cell_m, board.rows * board.cell_m)
    spacing_m = board.effort_per_m * board.cell_m**2
    done: dict[tuple[int, bool], int] = {}
    routes: list[F8] = []
    fresh = walked_board(board)
    for crew in crews:
        metres = crew.budget_s * board.speed_mps
        reach = metres / 4
        near = (
            max(whole[0], crew.start[0] - reach),
            max(whole[1], crew.start[1] - reach),
            min(whole[2], crew.start[0] + reach),
            min(whole[3], crew.start[1] + reach),
        )
        tried = []
        for cut, box in ((False, whole), (True, near)):
            if box[0] >= box[2] or box[1] >= box[3]:
                continue
            for corner in range(8):
                for skip in {0, done.get((corner, cut), 0)}:
                    line = boustrophedon(box, crew.start, corner, spacing_m, metres, skip)
                    gain = walk_line(walked_board(fresh), line)
                    tried.append((gain, corner, cut, skip, line))
        gain, corner, cut, skip, line = max(tried, key=lambda t: (t[0], -t[1], -t[3]))
        walk_line(fresh, line)
        done[corner, cut] = skip + max((len(line) - 3) // 2, 0)
        routes.append(line)
    return routes


def walked_board(board: Board) -> Board:
    """Return a board with metres of its own."""
    return board._replace(metres=board.metres.copy(), miss=board.miss.copy())


def walked_gain(board: Board, routes: Sequence[F8]) -> float:
    """Return what routes gain together on a board."""
    fresh = walked_board(board)
    return sum(walk_line(fresh, line) for line in routes)
