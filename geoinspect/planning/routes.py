"""Numba state of the search: the routes' waypoints and the edits that moves are made of."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, Journal, is_clear, leg_time, walk_leg

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]

# Legs that turn back on themselves by less than 6° walk the same ground twice.
_SPIKE_COS = -0.9945


class Routes(NamedTuple):
    """Waypoints of every team, the first and last of each being where it starts.

    Attributes:
        x, y: Metres from the window's corner, shape (teams, most).
        points: How many waypoints each has, shape (teams,).
        time_s: Seconds of each route, shape (teams,).
        budget_s: Seconds each may take, shape (teams,).
        spikes: Sharp turns of each, shape (teams,).
        taken: Waypoints on each lattice square, shape (rows·k, cols·k): a point is visited once.
        lattice_m: Side of a lattice square.
        log: Squares that a move marked, with a sign for in (k + 1) or out (−k − 1), to undo them.
        logged: How many, shape (1,).
    """

    x: F8
    y: F8
    points: I8
    time_s: F8
    budget_s: F8
    spikes: I8
    taken: U1
    lattice_m: float
    log: I8
    logged: I8


@numba.njit(cache=True, nogil=True, error_model="numpy")
def rand(rng: U8) -> float:
    """Return a number in [0, 1) and move the generator on (xorshift64*, Vigna 2016)."""
    s = rng[0]
    s ^= s >> np.uint64(12)
    s ^= s << np.uint64(25)
    s ^= s >> np.uint64(27)
    rng[0] = s
    return float((s * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mark(routes: Routes, x: float, y: float, change: int) -> None:
    """Count a waypoint in or out of its lattice square."""
    row, col = int(np.floor(y / routes.lattice_m)), int(np.floor(x / routes.lattice_m))
    rows, cols = routes.taken.shape
    if 0 <= row < rows and 0 <= col < cols:
        routes.taken[row, col] = np.uint8(routes.taken[row, col] + change)
        routes.log[routes.logged[0] % len(routes.log)] = change * (row * cols + col + 1)
        routes.logged[0] += 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def is_taken(routes: Routes, x: float, y: float) -> bool:
    """Return whether a waypoint lies on the point's lattice square, or the point is outside."""
    row, col = int(np.floor(y / routes.lattice_m)), int(np.floor(x / routes.lattice_m))
    rows, cols = routes.taken.shape
    if not (0 <= row < rows and 0 <= col < cols):
        return True
    return bool(routes.taken[row, col] > 0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def leg(board: Board, routes: Routes, journal: Journal, t: int, i: int, sign: float) -> float:
    """Add or take away the leg from waypoint ``i`` to the next; return the gain."""
    x0, y0, x1, y1 = routes.x[t, i], routes.y[t, i], routes.x[t, i + 1], routes.y[t, i + 1]
    routes.time_s[t] += sign * leg_time(board, x0, y0, x1, y1)
    return walk_leg(board, journal, x0, y0, x1, y1, sign)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def remove(board: Board, routes: Routes, journal: Journal, t: int, i: int) -> float:
    """Take waypoint ``i`` out; return the gain (at most a little above 0)."""
    gain = leg(board, routes, journal, t, i - 1, -1.0) + leg(board, routes, journal, t, i, -1.0)
    mark(routes, routes.x[t, i], routes.y[t, i], -1)
    for k in range(i, routes.points[t] - 1):
        routes.x[t, k], routes.y[t, k] = routes.x[t, k + 1], routes.y[t, k + 1]
    routes.points[t] -= 1
    return gain + leg(board, routes, journal, t, i - 1, 1.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def insert(board: Board, routes: Routes, journal: Journal, t: int, i: int, x: float, y: float) -> float:  # fmt: skip
    """Put a waypoint before waypoint ``i``; return the gain."""
    gain = leg(board, routes, journal, t, i - 1, -1.0)
    for k in range(routes.points[t], i, -1):
        routes.x[t, k], routes.y[t, k] = routes.x[t, k - 1], routes.y[t, k - 1]
    routes.x[t, i], routes.y[t, i] = x, y
    routes.points[t] += 1
    mark(routes, x, y, 1)
    gain += leg(board, routes, journal, t, i - 1, 1.0)
    return gain + leg(board, routes, journal, t, i, 1.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def cheapest(routes: Routes, t: int, x: float, y: float) -> tuple[int, float]:
    """Return before which waypoint a point makes the shortest detour, and that detour in metres."""
    best, where = np.inf, 1
    ax, ay = routes.x[t, 0] - x, routes.y[t, 0] - y
    a = np.sqrt(ax * ax + ay * ay)
    for i in range(1, routes.points[t]):
        bx, by = routes.x[t, i] - x, routes.y[t, i] - y
        b = np.sqrt(bx * bx + by * by)
        # The detour is at least twice what the nearer end is away, less the leg.
        detour = a + b - np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
        if detour < best:
            best, where = detour, i
        ax, ay, a = bx, by, b
    return where, best


@numba.njit(cache=True, nogil=True, error_model="numpy")
def count_spikes(routes: Routes, t: int) -> int:
    """Return how often a route turns back on itself."""
    found = 0
    x, y = routes.x[t], routes.y[t]
    for i in range(1, routes.points[t] - 1):
        ax, ay, bx, by = x[i] - x[i - 1], y[i] - y[i - 1], x[i + 1] - x[i], y[i + 1] - y[i]
        dot = ax * bx + ay * by
        if dot < 0 and dot * dot > _SPIKE_COS**2 * (ax * ax + ay * ay) * (bx * bx + by * by):
            found += 1
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")
def leg_clear(board: Board, routes: Routes, t: int, i: int) -> bool:
    """Return whether the leg from waypoint ``i`` keeps off no-go ground."""
    return is_clear(board, routes.x[t, i], routes.y[t, i], routes.x[t, i + 1], routes.y[t, i + 1])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def retime(board: Board, routes: Routes, t: int) -> None:
    """Time a route anew."""
    total = 0.0
    for i in range(routes.points[t] - 1):
        total += leg_time(
            board, routes.x[t, i], routes.y[t, i], routes.x[t, i + 1], routes.y[t, i + 1]
        )
    routes.time_s[t] = total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def lay(board: Board, routes: Routes, journal: Journal) -> float:
    """Walk all routes over an untouched board; set their times and marks; return the gain."""
    gain = 0.0
    for t in range(len(routes.points)):
        retime(board, routes, t)
        routes.spikes[t] = count_spikes(routes, t)
        for i in range(routes.points[t] - 1):
            journal.used[0] = 0
            gain += walk_leg(
                board, journal, routes.x[t, i], routes.y[t, i],
                routes.x[t, i + 1], routes.y[t, i + 1], 1.0,
            )  # fmt: skip
        for i in range(1, routes.points[t] - 1):
            mark(routes, routes.x[t, i], routes.y[t, i], 1)
    journal.used[0] = 0
    routes.logged[0] = 0
    return gain


@numba.njit(cache=True, nogil=True, error_model="numpy")
def keep(routes: Routes, other: Routes, t: int) -> None:
    """Copy one team's route (without marks) from ``routes`` to ``other``."""
    n = routes.points[t]
    other.x[t, :n] = routes.x[t, :n]
    other.y[t, :n] = routes.y[t, :n]
    other.points[t] = n
    other.time_s[t] = routes.time_s[t]
    other.spikes[t] = routes.spikes[t]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def unmark(routes: Routes) -> None:
    """Undo the marks of one move; a move makes far fewer than the log holds."""
    cols = routes.taken.shape[1]
    for k in range(routes.logged[0]):
        square = abs(routes.log[k]) - 1
        change = -1 if routes.log[k] > 0 else 1
        row, col = square // cols, square % cols
        routes.taken[row, col] = np.uint8(routes.taken[row, col] + change)
    routes.logged[0] = 0
