"""First routes for the search, and the two simple ways of walking that plans are compared with."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.planning.kernels import Board, is_clear, leg_time, times_along, times_to
from geoinspect.planning.slopes import FASTEST

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B1 = NDArray[np.bool_]

# How many of the nearest points are looked at for one that a straight leg reaches in time.
_LOOKS = 24
# More points than this make no better start.
MAX_POINTS = 6000


@numba.njit(cache=True, nogil=True, error_model="numpy")
def nearest_tour(
    board: Board,
    x: F8,
    y: F8,
    free: B1,
    start_s: F8,
    home_s: F8,
    start: tuple[float, float],
    budget_s: float,
    among: int,
) -> I8:
    """Return points in the order of walking always to the nearest free one, while time allows.

    Args:
        board: Times and no-go ground.
        x, y: Points, shape (n,).
        free: Points still to visit; those visited become False.
        start_s: Seconds to each point from where the walk begins, by the best way known.
        home_s: Seconds from each point back home.
        start: Where the walk begins.
        budget_s: Seconds, the way back included.
        among: Of so many nearest points, take the one that is quickest to get to.
    """
    order = np.empty(len(x), np.int64)
    used, at_x, at_y, spent = 0, start[0], start[1], 0.0
    tried = np.full(len(x), -1, np.int64)
    while used < len(x):
        chosen, chosen_s, seen, fallback, fallback_s = -1, np.inf, 0, -1, 0.0
        for _ in range(_LOOKS):
            near, best = -1, np.inf
            for i in range(len(x)):
                if free[i] and tried[i] != used:
                    away = (x[i] - at_x) ** 2 + (y[i] - at_y) ** 2
                    if away < best:
                        near, best = i, away
            if near < 0:
                break
            tried[near] = used
            seconds = leg_time(board, at_x, at_y, x[near], y[near])
            if used == 0:
                seconds = min(seconds, start_s[near])
            if spent + seconds + home_s[near] > budget_s:
                continue
            if is_clear(board, at_x, at_y, x[near], y[near]):
                if seconds < chosen_s:
                    chosen, chosen_s = near, seconds
                seen += 1
                if seen >= among:
                    break
            elif fallback < 0:
                fallback, fallback_s = near, 1.5 * seconds
        if chosen < 0:
            chosen, chosen_s = fallback, fallback_s
        if chosen < 0:
            break
        free[chosen] = False
        order[used] = chosen
        used, spent = used + 1, spent + chosen_s
        at_x, at_y = x[chosen], y[chosen]
    return order[:used]


def points_for(
    row: I8, col: I8, worth: F8, price: float, *, cell_m: float, effort_per_m: float, side: int
) -> tuple[F8, F8]:
    """Return points that spread effort as if every metre cost a price.

    A cell of remaining value v is walked until one more metre is worth the price:
    ``L = ln(v·e / price) / e`` with ``e`` the effort of a metre. That takes about ``L / cell``
    lines across it, put down as a lattice of as many points a side.

    Args:
        row, col: Of the cells in the window, shape (n,).
        worth: Value of each, shape (n,).
        price: Gain a metre.
        cell_m: Side of a cell.
        effort_per_m: Effort that a metre adds.
        side: Lattice points along a cell's side, the most a cell gets.

    Returns:
        x and y in metres from the window's corner.
    """
    with np.errstate(divide="ignore"):
        metres = np.log(np.maximum(worth, 1e-300) * effort_per_m / price) / effort_per_m
    lines = np.clip(np.rint(metres / cell_m), 0, side).astype(np.int64)
    xs, ys = [], []
    for n in range(1, side + 1):
        picked = lines == n
        place = (np.floor((np.arange(n) + 0.5) * side / n) + 0.5) / side
        dx, dy = np.meshgrid(place, place)
        xs.append((col[picked][:, None] + dx.ravel()).ravel() * cell_m)
        ys.append((row[picked][:, None] + dy.ravel()).ravel() * cell_m)
    return np.concatenate(xs), np.concatenate(ys)


def free_walking_price(worth: F8, effort_per_m: float, metres: float) -> tuple[float, float]:
    """Return the gain of a metre, and of them all, where all metres are put where they gain most.

    Water-filling of the concave law (Charnes & Cooper 1958, The theory of search: optimum
    distribution of search effort); nobody pays for getting from one cell to the next.
    """
    value = np.sort(worth[worth > 0])[::-1]
    if len(value) == 0 or metres <= 0:
        return np.inf, 0.0
    logs = np.log(value)
    # With the k best cells walked, the price p solves Σ ln(v·e/p) = e·metres.
    count = np.arange(1, len(value) + 1)
    log_price = (np.cumsum(logs) - effort_per_m * metres) / count
    k = int(np.flatnonzero(log_price <= logs)[-1])
    left = np.exp(log_price[k])
    gain = float(value[: k + 1].sum() - left * (k + 1))
    return float(left * effort_per_m), gain


def boustrophedon(board: Board, box: tuple[float, float, float, float], start: tuple[float, float], corner: int, spacing_m: float, budget_s: float, skip: int = 0) -> F8:  # fmt: skip
    """Return a mowing of a box from one of its corners, cut so that it ends at the start in time.

    Args:
        board: Times the legs.
        box: West, south, east, north in metres.
        start: Where the walk begins and ends.
        corner: 0–7: bit 0 east, bit 1 north, bit 2 lines that run north–south.
        spacing_m: Between lines.
        budget_s: Seconds to walk, both ways to the box included.
        skip: Lines that others have walked already.

    Returns:
        The line, shape (n, 2); only the start when the box is too far.
    """
    west, south, east, north = box
    upright = bool(corner & 4)
    along, across = ((south, north), (west, east)) if upright else ((west, east), (south, north))
    lines = int((across[1] - across[0]) / spacing_m) + 1
    metres = budget_s * board.speed_mps * (FASTEST if board.height_m > 0 else 1.0)
    lines = min(lines, skip + int(metres / (along[1] - along[0])) + 2)
    place = across[0] + spacing_m * (np.arange(lines) + 0.5)
    place = np.minimum(place, across[1] - 1e-6)
    if corner & (1 if upright else 2):
        place = across[0] + across[1] - place
    ends = np.where((np.arange(lines) % 2 == 0)[:, None], along, along[::-1])
    if corner & (2 if upright else 1):
        ends = ends[:, ::-1]
    u, v = ends.ravel(), np.repeat(place, 2)
    u, v = u[2 * skip :], v[2 * skip :]
    walk = np.column_stack([v, u]) if upright else np.column_stack([u, v])
    return cut_home(board, np.vstack([start, walk]), budget_s)


def cut_home(board: Board, walk: F8, budget_s: float) -> F8:
    """Return the longest beginning of a walk from which its first point is reached in time."""
    x, y = walk[:, 0].copy(), walk[:, 1].copy()
    done = np.concatenate([[0.0], np.cumsum(times_along(board, x, y))])
    home = times_to(board, x, y, x[0], y[0])
    over = np.flatnonzero(done + home > budget_s)
    if len(over) == 0:
        return np.vstack([walk, walk[:1]])
    last = int(over[0]) - 1
    # On the leg where time runs out, halve the way: on flat ground what is spent only grows
    # along it, and elsewhere the lower end is in time all the same.
    low, high = 0.0, 1.0
    a, b = walk[last], walk[last + 1]
    for _ in range(60):
        middle = 0.5 * (low + high)
        p = a + middle * (b - a)
        spent = done[last] + leg_time(board, *a, *p) + leg_time(board, *p, *walk[0])
        low, high = (middle, high) if spent <= budget_s else (low, middle)
    return np.vstack([walk[: last + 1], a + low * (b - a), walk[:1]])
