"""In which order to visit some places: the shortest open way from a start, straight between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.cases.distances import places_of
from geoinspect.crs import GEOD
from geoinspect.errors import UsageError

F8 = NDArray[np.float64]

# Held and Karp's table has n · 2^n entries; with more places the way is bettered step by step.
EXACT_STOPS = 9
MOST_STOPS = 60
# Less than this is not shorter.
_LEAST_GAIN = 1e-9


def metres_between(places: Sequence[tuple[float, float]]) -> F8:
    """Return the geodesic distances between places lon, lat (WGS84) in metres, shape (n, n).

    Raises:
        UsageError: A place is none.
    """
    found = places_of(places, "stops")
    n = len(found)
    lon, lat = found[:, 0], found[:, 1]
    one, other = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    _, _, metres = GEOD.inv(lon[one], lat[one], lon[other], lat[other])
    # A place lies exactly nowhere from itself, whatever rounding says.
    square = np.asarray(metres, np.float64).reshape(n, n)
    np.fill_diagonal(square, 0.0)
    return (square + square.T) / 2


def visiting_order(metres: F8) -> list[int]:
    """Return the order in which to visit every place but the first, which is the start.

    The shortest of all up to nine places (Held and Karp 1962); beyond, the nearest first, then
    bettered by turning pieces round (2-opt, Croes 1958) and by moving pieces of up to three
    places (Or 1976) until neither helps.

    Args:
        metres: Distances, symmetric, shape (n, n); row 0 is the start.

    Returns:
        Row numbers 1 … n − 1, each once.

    Raises:
        UsageError: They are no distances, or too many places.
    """
    n = len(metres)
    square = metres.ndim == 2 and metres.shape == (n, n) and n > 0
    if not square or not bool(np.isfinite(metres).all()) or bool((metres < 0).any()):
        raise UsageError(
            "距离应为非负的方阵", "distances must be a square of numbers", code="bad_places"
        )
    if n - 1 > MOST_STOPS:
        raise UsageError(
            f"最多 {MOST_STOPS} 个点,得到 {n - 1} 个",
            f"at most {MOST_STOPS} stops, got {n - 1}",
            code="too_many_stops",
        )
    table = metres.tolist()
    return _exact(table) if n - 1 <= EXACT_STOPS else _bettered(table, _nearest_first(table))


def way_m(metres: F8, order: Sequence[int]) -> float:
    """Return the length of the way from the start through places in an order, in metres."""
    return float(sum(metres[a, b] for a, b in zip([0, *order], order, strict=False)))


def _exact(metres: list[list[float]]) -> list[int]:
    n = len(metres) - 1
    if n == 0:
        return []
    full = 1 << n
    best = [[float("inf")] * n for _ in range(full)]
    came = [[-1] * n for _ in range(full)]
    for last in range(n):
        best[1 << last][last] = metres[0][last + 1]
    for seen in range(1, full):
        for last in range(n):
            here = best[seen][last]
            if here == float("inf"):
                continue
            for to in range(n):
                if seen >> to & 1:
                    continue
                further = here + metres[last + 1][to + 1]
                if further < best[seen | 1 << to][to]:
                    best[seen | 1 << to][to] = further
                    came[seen | 1 << to][to] = last
    last = min(range(n), key=lambda k: best[full - 1][k])
    order, seen = list[int](), full - 1
    while last >= 0:
        order.append(last + 1)
        seen, last = seen & ~(1 << last), came[seen][last]
    return order[::-1]


def _nearest_first(metres: list[list[float]]) -> list[int]:
    left, at, order = set(range(1, len(metres))), 0, list[int]()
    while left:
        row = metres[at]
        at = min(left, key=lambda k: (row[k], k))
        left.remove(at)
        order.append(at)
    return order


def _bettered(metres: list[list[float]], order: list[int]) -> list[int]:
    while True:
        further = _turned(metres, order) or _moved(metres, order)
        if further is None:
            return order
        order = further


def _turned(metres: list[list[float]], order: list[int]) -> list[int] | None:
    """Return the order with one piece turned round where that is shorter; None where none is."""
    n, way = len(order), [0, *order]
    for i in range(n - 1):
        for j in range(i + 1, n):
            # Between way[i] and way[j + 1]; the way ends open, so the last leg may be none.
            before = metres[way[i]][order[i]]
            after = metres[way[i]][order[j]]
            if j + 1 < n:
                before += metres[order[j]][order[j + 1]]
                after += metres[order[i]][order[j + 1]]
            if after < before - _LEAST_GAIN:
                return [*order[:i], *reversed(order[i : j + 1]), *order[j + 1 :]]
    return None


def _moved(metres: list[list[float]], order: list[int]) -> list[int] | None:
    """Return the order with a piece of up to three places moved where that is shorter."""
    length = _length(metres, order)
    n = len(order)
    for size in (1, 2, 3):
        for i in range(n - size + 1):
            piece, rest = order[i : i + size], [*order[:i], *order[i + size :]]
            for j in range(len(rest) + 1):
                for part in (piece, piece[::-1]):
                    tried = [*rest[:j], *part, *rest[j:]]
                    if _length(metres, tried) < length - _LEAST_GAIN:
                        return tried
    return None


def _length(metres: list[list[float]], order: list[int]) -> float:
    return sum(metres[a][b] for a, b in zip([0, *order], order, strict=False))
