"""First routes of all teams on a board, good enough for the search to begin with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, is_clear, leg_time, times_along, times_to
from geoinspect.planning.metres import walk_line
from geoinspect.planning.obstacles import WayTree, detour
from geoinspect.planning.slopes import FASTEST
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
# On slopes the quickest of so many near points is gone to.
_QUICKEST = 6
# A straight leg longer than so many cells and so much slower than flat is led by gentler ground.
_LONG_LEG, _STEEP_LEG = 2.0, 1.3
# Cells at which the steepness of a team's ground is looked at.
_SLOPE_LOOKS = 400


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


def first_routes(board: Board, crew: Crew, goals: Goals, side: int, known: Sequence[F8]) -> list[F8]:  # fmt: skip
    """Return several routes of one team, the one that gains most first.

    Args:
        board: The window; what others walk is taken off its values, nothing is walked on it.
        crew: The team.
        goals: Cells that it can reach.
        side: Lattice points along a cell's side.
        known: Lines that are there already; those that the team can't walk in time are left out.

    Returns:
        Lines in metres from the corner, each from the start back to it and within time.
    """
    x, y = _middles(board, goals)
    home_s = _home_seconds(board, crew, x, y)
    metres = board.speed_mps * crew.budget_s / _slowness(board, x, y)
    lines = [line for line in known if can_walk(board, crew, line)]
    lines += nearest_gap_routes(board, [crew], goals, among=_among(board))
    for reach in _REACHES:
        close = goals.only(home_s <= reach * crew.budget_s / 2)
        price, _ = free_walking_price(close.worth, board.effort_per_m, metres)
        if not np.isfinite(price):
            continue
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
                lines += _tours(board, [crew], [(x, y)], _among(board))
    gains = [walked_gain(board, [line]) for line in lines]
    return [lines[k] for k in sorted(range(len(lines)), key=lambda k: -gains[k])]


def _among(board: Board) -> int:
    """Return among how many of the nearest points the quickest is looked for."""
    return _QUICKEST if board.height_m > 0.0 else 1


def _middles(board: Board, goals: Goals) -> tuple[F8, F8]:
    x, y = (np.asarray(at, np.float64) + 0.5 for at in (goals.col, goals.row))
    return x * board.cell_m, y * board.cell_m


def _slowness(board: Board, x: F8, y: F8) -> float:
    """Return how much slower than on flat ground a step of one cell is, in the middling cell."""
    if board.height_m == 0.0 or len(x) == 0:
        return 1.0
    flat_s = board.cell_m / board.speed_mps
    some = slice(None, None, len(x) // _SLOPE_LOOKS + 1)
    steps = [
        leg_time(board, px, py, px + dx, py + dy)
        for px, py in zip(x[some].tolist(), y[some].tolist(), strict=True)
        for dx, dy in ((board.cell_m, 0.0), (0.0, board.cell_m))
    ]
    return float(max(np.median(steps) / flat_s, 1.0))


def can_walk(board: Board, crew: Crew, line: F8) -> bool:
    """Return whether a line begins at the team's start and is clear and within its time."""
    if not np.allclose(line[0], crew.start) or line_seconds(board, line) > crew.budget_s:
        return False
    return all(is_clear(board, *a, *b) for a, b in itertools.pairwise(line.tolist()))


def nearest_gap_routes(board: Board, crews: Sequence[Crew], goals: Goals, *, among: int = 1) -> list[F8]:  # fmt: skip
    """Return the second baseline: always to the nearest cell with POD < 0.8, unseen ones first."""
    rounds: list[tuple[F8, F8]] = []
    for picked in (goals.pod == 0.0, (goals.pod > 0.0) & (goals.pod < 0.8)):
        rounds.append(_middles(board, goals.only(picked)))
    return _tours(board, crews, rounds, among)


def _tours(board: Board, crews: Sequence[Crew], rounds: Sequence[tuple[F8, F8]], among: int) -> list[F8]:  # fmt: skip
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
            left_s = max(crew.budget_s - spent_s, 0.0)
            start_s = home_s if at == crew.start else np.full(len(x), np.inf)
            picked = nearest_tour(board, x, y, left, start_s, home_s, at, left_s, among)
            points = list(zip(x[picked].tolist(), y[picked].tolist(), strict=True))
            for point in points:
                spent_s += leg_time(board, *at, *point)
                at = point
            order += points
        routes.append(_within_time(board, crew, order))
    return routes


def _home_seconds(board: Board, crew: Crew, x: F8, y: F8) -> F8:
    """Return the seconds from each point back to a team's start, inf where there is no way."""
    straight = times_to(board, np.asarray(x), np.asarray(y), *crew.start)
    if crew.ways is None:
        return np.asarray(straight, dtype=np.float64)
    by_ways = crew.ways.seconds_at(x, y)
    if board.height_m > 0.0:
        clear = np.isfinite(by_ways) if board.fine_m == 0.0 else np.zeros(len(x), bool)
        return np.where(clear, np.minimum(straight, by_ways), by_ways)
    # Lattice ways are up to 8 % longer than they need be; never count less than the straight one.
    return np.asarray(np.maximum(straight, by_ways / 1.08), dtype=np.float64)


def _within_time(board: Board, crew: Crew, order: Points) -> F8:
    """Return the longest beginning of a tour that gets home in time, led round slow and closed ground."""
    pieces: list[Points] = []
    spent = [0.0]
    at = crew.start
    x, y = np.array([at, *order], np.float64).T
    straight_s = times_along(board, x.copy(), y.copy()).tolist()
    for point, leg_s in zip(order, straight_s, strict=True):
        piece = [] if crew.ways is None else _between(board, crew, at, point)
        if piece is None or spent[-1] > crew.budget_s:
            break
        pieces.append([*piece, point])
        longer_s = line_seconds(board, np.array([at, *pieces[-1]])) if piece else leg_s
        spent.append(spent[-1] + longer_s)
        at = point
    for last in range(len(pieces), 0, -1):
        left_s = crew.budget_s - spent[last]
        if left_s < np.hypot(*np.subtract(order[last - 1], crew.start)) / (
            FASTEST * board.speed_mps
        ):
            continue
        home = _between(board, crew, order[last - 1], crew.start)
        if home is None:
            continue
        line = np.array([crew.start, *itertools.chain(*pieces[:last]), *home, crew.start])
        if line_seconds(board, line) <= crew.budget_s:
            return line
    return np.array([crew.start, crew.start])


def _between(board: Board, crew: Crew, one: tuple[float, float], other: tuple[float, float]) -> Points | None:  # fmt: skip
    """Return the points between two places, none when straight is clear and quick; None: no way."""
    clear = bool(is_clear(board, *one, *other))
    if crew.ways is None or (clear and board.height_m == 0.0):
        return []
    if not clear:
        return detour(board, crew.ways, one, other)
    straight_s = leg_time(board, *one, *other)
    far_m = float(np.hypot(other[0] - one[0], other[1] - one[1]))
    if far_m < _LONG_LEG * board.cell_m or straight_s < _STEEP_LEG * far_m / board.speed_mps:
        return []
    points = detour(board, crew.ways, one, other)
    if not points:
        return []
    return points if line_seconds(board, np.array([one, *points, other])) < straight_s else []


def line_seconds(board: Board, line: F8) -> float:
    """Return the seconds of a line by the board's speed and heights."""
    return float(times_along(board, line[:, 0].copy(), line[:, 1].copy()).sum())


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
        reach = crew.budget_s * board.speed_mps / 4
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
                    line = boustrophedon(
                        board, box, crew.start, corner, spacing_m, crew.budget_s, skip
                    )
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
