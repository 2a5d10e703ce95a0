"""Simulated annealing over routes: take a stretch out, put better points in, untangle, swap.

Ruin-and-insert after Schrimpf et al. (2000, J. Comput. Phys. 159), with the value of a route the
concave law ``1 − e^(−W·L/A)`` over all cells it crosses, not prizes at its nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, Journal, is_clear, leg_time, take_back
from geoinspect.planning.routes import (
    Routes,
    cheapest,
    count_spikes,
    insert,
    is_taken,
    keep,
    leg,
    leg_clear,
    rand,
    remove,
    retime,
    unmark,
)

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]

_BLOCK = 2048
_MAX_STRING = 6
_REFUSED = -np.inf
# Of two routes as good, the one with fewer waypoints: people have to follow it.
_WAYPOINT = 0.05
# In units of what a cell on the way gains: what a sharp turn costs, and the last temperature.
_TURN, _COLD = 0.8, 0.003
# What time is worth at first, as a share of what it gains on average.
_TIME = 0.6


class Pool(NamedTuple):
    """Cells worth going to: numbers in the window, and their value summed up, shape (n,)."""

    cell: I8
    sum_value: F8


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _worth(board: Board, x: float, y: float) -> float:
    """Return what one more metre at a point is worth, unscaled; -1 outside."""
    row, col = int(np.floor(y / board.cell_m)), int(np.floor(x / board.cell_m))
    if not (0 <= row < board.rows and 0 <= col < board.cols):
        return -1.0
    cell = row * board.cols + col
    return float(board.value[cell] * board.miss[cell])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _near_point(board: Board, lattice_m: float, rng: U8, x: float, y: float) -> tuple[float, float]:
    """Return the best of three lattice points near a point."""
    pick = rand(rng)
    reach_m = board.cell_m * (0.8 if pick < 0.4 else 1.6 if pick < 0.8 else 5.0)
    best, best_x, best_y = -2.0, x, y
    for _ in range(3):
        px = (np.floor((x + (2 * rand(rng) - 1) * reach_m) / lattice_m) + 0.5) * lattice_m
        py = (np.floor((y + (2 * rand(rng) - 1) * reach_m) / lattice_m) + 0.5) * lattice_m
        worth = _worth(board, px, py)
        if worth > best:
            best, best_x, best_y = worth, px, py
    return best_x, best_y


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _valued_point(board: Board, lattice_m: float, pool: Pool, rng: U8) -> tuple[float, float]:
    """Return a lattice point in a cell drawn by the value that is left in it."""
    cell = 0
    for _ in range(8):
        k = np.searchsorted(pool.sum_value, rand(rng) * pool.sum_value[-1], side="right")
        cell = pool.cell[min(k, len(pool.cell) - 1)]
        if rand(rng) < board.miss[cell]:
            break
    row, col = cell // board.cols, cell % board.cols
    x = (np.floor((col + rand(rng)) * board.cell_m / lattice_m) + 0.5) * lattice_m
    y = (np.floor((row + rand(rng)) * board.cell_m / lattice_m) + 0.5) * lattice_m
    return x, y


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _try_insert(board: Board, routes: Routes, journal: Journal, t: int, x: float, y: float) -> float:  # fmt: skip
    """Put a point where its detour is shortest, when time and ground allow; return the gain."""
    if is_taken(routes, x, y) or routes.points[t] + 1 >= routes.x.shape[1]:
        return 0.0
    i, detour_m = cheapest(routes, t, x, y)
    spare_s = routes.budget_s[t] - routes.time_s[t]
    ax, ay, bx, by = routes.x[t, i - 1], routes.y[t, i - 1], routes.x[t, i], routes.y[t, i]
    if board.height_m == 0.0:
        extra_s = detour_m / board.speed_mps
    else:
        extra_s = leg_time(board, ax, ay, x, y) + leg_time(board, x, y, bx, by)
        extra_s -= leg_time(board, ax, ay, bx, by)
    if extra_s > spare_s:
        return 0.0
    if not (is_clear(board, ax, ay, x, y) and is_clear(board, x, y, bx, by)):
        return 0.0
    return insert(board, routes, journal, t, i, x, y)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _ruin_and_insert(
    board: Board, routes: Routes, journal: Journal, pool: Pool, rng: U8, t: int
) -> float:
    inner = routes.points[t] - 2
    gain, m, lo = 0.0, 0, 1
    if inner > 0:
        lo = 1 + int(rand(rng) * inner)
        m = min(int(rand(rng) * rand(rng) * (_MAX_STRING + 1)), inner - lo + 1)
        for _ in range(m):
            gain += remove(board, routes, journal, t, lo)
        if m > 0 and not leg_clear(board, routes, t, lo - 1):
            return _REFUSED
    for _ in range(m + 1 + int(rand(rng) * 3)):
        if rand(rng) < 0.8:
            i = min(lo - 1 + int(rand(rng) * (m + 2)), routes.points[t] - 1)
            x, y = _near_point(board, routes.lattice_m, rng, routes.x[t, i], routes.y[t, i])
        else:
            x, y = _valued_point(board, routes.lattice_m, pool, rng)
        gain += _try_insert(board, routes, journal, t, x, y)
    return gain


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _shift(board: Board, routes: Routes, journal: Journal, rng: U8, t: int) -> float:
    inner = routes.points[t] - 2
    if inner < 1:
        return _REFUSED
    i = 1 + int(rand(rng) * inner)
    step = routes.lattice_m
    x = routes.x[t, i] + step * np.floor(rand(rng) * 7 - 3)
    y = routes.y[t, i] + step * np.floor(rand(rng) * 7 - 3)
    x, y = (np.floor(x / step) + 0.5) * step, (np.floor(y / step) + 0.5) * step
    if is_taken(routes, x, y):
        return _REFUSED
    gain = remove(board, routes, journal, t, i) + insert(board, routes, journal, t, i, x, y)
    clear = leg_clear(board, routes, t, i - 1) and leg_clear(board, routes, t, i)
    return gain if clear else _REFUSED


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _two_opt(board: Board, routes: Routes, journal: Journal, rng: U8, t: int) -> float:
    n = routes.points[t]
    if n < 5:
        return _REFUSED
    i = int(rand(rng) * (n - 1))
    j, nearest = -1, np.inf
    for _ in range(6):
        k = int(rand(rng) * (n - 1))
        away = (routes.x[t, k] - routes.x[t, i]) ** 2 + (routes.y[t, k] - routes.y[t, i]) ** 2
        if abs(k - i) > 1 and away < nearest:
            j, nearest = k, away
    if j < 0:
        return _REFUSED
    i, j = min(i, j), max(i, j)
    gain = leg(board, routes, journal, t, i, -1.0) + leg(board, routes, journal, t, j, -1.0)
    routes.x[t, i + 1 : j + 1] = routes.x[t, i + 1 : j + 1][::-1].copy()
    routes.y[t, i + 1 : j + 1] = routes.y[t, i + 1 : j + 1][::-1].copy()
    gain += leg(board, routes, journal, t, i, 1.0) + leg(board, routes, journal, t, j, 1.0)
    if board.height_m > 0.0:
        retime(board, routes, t)
    return gain if leg_clear(board, routes, t, i) and leg_clear(board, routes, t, j) else _REFUSED


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _carry(board: Board, routes: Routes, journal: Journal, rng: U8, t: int, other: int) -> float:
    """Move a string of waypoints to where it fits best in the same or another route."""
    inner = routes.points[t] - 2
    if inner < 1:
        return _REFUSED
    lo = 1 + int(rand(rng) * inner)
    m = min(1 + int(rand(rng) * _MAX_STRING), inner - lo + 1)
    if routes.points[other] + m >= routes.x.shape[1]:
        return _REFUSED
    x, y = routes.x[t, lo : lo + m].copy(), routes.y[t, lo : lo + m].copy()
    gain = 0.0
    for _ in range(m):
        gain += remove(board, routes, journal, t, lo)
    if not leg_clear(board, routes, t, lo - 1):
        return _REFUSED
    if rand(rng) < 0.5:
        x, y = x[::-1].copy(), y[::-1].copy()
    i, _ = cheapest(routes, other, x[m // 2], y[m // 2])
    if t == other and i == lo:
        return _REFUSED
    for k in range(m):
        gain += insert(board, routes, journal, other, i + k, x[k], y[k])
    clear = leg_clear(board, routes, other, i - 1) and leg_clear(board, routes, other, i + m - 1)
    return gain if clear else _REFUSED


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _move(
    board: Board, routes: Routes, journal: Journal, pool: Pool, rng: U8, t: int, other: int
) -> float:
    kind = rand(rng)
    if t != other or kind < 0.15:
        return _carry(board, routes, journal, rng, t, other)
    if kind < 0.7:
        return _ruin_and_insert(board, routes, journal, pool, rng, t)
    if kind < 0.88:
        return _shift(board, routes, journal, rng, t)
    return _two_opt(board, routes, journal, rng, t)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _harder(routes: Routes, before: Routes, t: int) -> float:
    """Return how much harder a route is to follow than before; inf when it may not be so.

    It may not take too long nor have more sharp turns. A sharp turn counts 1, any waypoint little.
    """
    routes.spikes[t] = count_spikes(routes, t)
    sharper = routes.spikes[t] - before.spikes[t]
    if routes.time_s[t] > routes.budget_s[t] or sharper > 0:
        return np.inf
    return float(sharper + _WAYPOINT * (routes.points[t] - before.points[t]))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def anneal(
    board: Board,
    routes: Routes,
    before: Routes,
    best: Routes,
    journal: Journal,
    pool: Pool,
    rng: U8,
    gain: float,
    iterations: int,
    scale: F8,
    share: F8,
    hot: float,
) -> float:
    """Improve routes that were laid on the board; the best ever found is left in ``best``.

    Args:
        board, routes: As :func:`geoinspect.planning.routes.lay` left them; changed.
        before, best: Room for copies, each holding the routes as they are.
        journal: Room for the changes of one move.
        pool: Cells worth going to.
        rng: The generator's state, not 0.
        gain: Of the routes as they are.
        iterations: Moves to try.
        scale: What a cell on each team's way gains, shape (teams,): teams on poor ground are
            judged by what is to be had there, not by what others find elsewhere.
        share: Each team's share of the gain, shape (teams,).
        hot: First temperature in units of ``scale``.

    Returns:
        The best gain, less what its turns cost.
    """
    teams = len(routes.points)
    dear = _TURN * scale
    score = gain
    for k in range(teams):
        score -= dear[k] * (routes.spikes[k] + _WAYPOINT * routes.points[k])
    top = score
    price, warmth = np.zeros(teams), hot
    for step in range(iterations):
        if step % _BLOCK == 0:
            done = step / iterations
            warmth = hot * (_COLD / hot) ** done
            # Time saved is worth something while there is still time to use it.
            early = _TIME * (1.0 - done) * min(hot / _TURN, 1.0)
            price = early * max(score, 0.0) * share / routes.budget_s
        t = int(rand(rng) * teams)
        other = int(rand(rng) * teams) if rand(rng) < 0.1 else t
        journal.used[0], routes.logged[0] = 0, 0
        spent_s, others_s = routes.time_s[t], routes.time_s[other]
        change = _move(board, routes, journal, pool, rng, t, other)
        taken, harder = False, 0.0
        warm = warmth * 0.5 * (scale[t] + scale[other])
        if change != _REFUSED and journal.used[0] <= len(journal.cell):
            harder = dear[t] * _harder(routes, before, t)
            worth = change - price[t] * (routes.time_s[t] - spent_s)
            if other != t:
                harder += dear[other] * _harder(routes, before, other)
                worth -= price[other] * (routes.time_s[other] - others_s)
            worth -= harder
            taken = worth >= 0 or rand(rng) < np.exp(worth / warm)
        if taken:
            score += change - harder
            keep(routes, before, t)
            if other != t:
                keep(routes, before, other)
            if score > top + 1e-9 * abs(top):
                top = score
                for k in range(teams):
                    keep(routes, best, k)
        else:
            take_back(board, journal)
            unmark(routes)
            keep(before, routes, t)
            if other != t:
                keep(before, routes, other)
    return float(top)
