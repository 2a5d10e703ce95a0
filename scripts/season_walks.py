"""Ways to search a county, as walks in metres: at random, by plan, and in between."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
Random = np.random.Generator
# South-west corner and size of the square to search, metres.
Square = tuple[float, float, float]
# Longest step of a walk; a wandering one turns at each.
_STEP_M, _TURN_STEP_M = 50.0, 10.0


def chords(random: Random, square: Square, length_m: float) -> list[F8]:
    """Straight lines across the square, of any direction and place."""
    x0, y0, size_m = square
    middle, reach_m = np.array([x0, y0]) + size_m / 2, size_m * 0.75
    lines, done_m = [], 0.0
    while done_m < length_m:
        angle, aside_m = random.uniform(0, np.pi), random.uniform(-reach_m, reach_m)
        along = np.array([np.cos(angle), np.sin(angle)])
        line = _within(
            square, middle + aside_m * along[::-1] * [-1, 1] + _ticks(reach_m * 2)[:, None] * along
        )
        if len(line) > 1:
            lines.append(line)
            done_m += _length(line)
    return lines


def wanderings(random: Random, square: Square, length_m: float) -> list[F8]:
    """Correlated random walks of 2–6 km that turn back at the borders of the square."""
    x0, y0, size_m = square
    turn = random.choice([0.05, 0.15, 0.4])
    lines, done_m = [], 0.0
    while done_m < length_m:
        count = int(random.uniform(2000, 6000) / _TURN_STEP_M)
        heading = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, turn, count))
        steps = _TURN_STEP_M * np.column_stack([np.cos(heading), np.sin(heading)])
        way = random.uniform(0, size_m, 2) + np.cumsum(steps, axis=0)
        # Folded at the borders: the walk turns back there.
        way = np.abs((way + size_m) % (2 * size_m) - size_m)
        lines.append(way + np.array([x0, y0]))
        done_m += count * _TURN_STEP_M
    return lines


def sweeps(
    random: Random, square: Square, length_m: float, *, times: int = 1, angle: float | None = None
) -> list[F8]:
    """Parallel lines over the whole square, each walked ``times``; spaced to give the length."""
    x0, y0, size_m = square
    spacing_m = times * size_m**2 / length_m
    angle = random.choice([0.0, random.uniform(0, np.pi)]) if angle is None else angle
    along = np.array([np.cos(angle), np.sin(angle)])
    middle, reach_m = np.array([x0, y0]) + size_m / 2, size_m * 0.75
    lines = []
    for aside_m in np.arange(-reach_m + random.uniform(0, spacing_m), reach_m, spacing_m):
        line = _within(
            square, middle + aside_m * along[::-1] * [-1, 1] + _ticks(reach_m * 2)[:, None] * along
        )
        lines += [line] * times if len(line) > 1 else []
    return lines


def repeated(random: Random, square: Square, length_m: float) -> list[F8]:
    """Parallel lines, each walked two to four times over."""
    return sweeps(random, square, length_m, times=int(random.integers(2, 5)))


def blocks(random: Random, square: Square, length_m: float) -> list[F8]:
    """Blocks of 500 m swept by lines: four in ten not at all, two in ten on lines walked thrice."""
    x0, y0, size_m = square
    count = int(size_m // 500)
    lines = []
    for col, row in itertools.product(range(count), range(count)):
        kind = random.uniform()
        if kind < 0.4:
            continue
        block = (x0 + 500.0 * col, y0 + 500.0 * row, 500.0)
        share_m = length_m / (0.6 * count**2)
        lines += sweeps(random, block, share_m, times=3 if kind < 0.6 else 1, angle=0.0)
    return lines


def mixtures(random: Random, square: Square, length_m: float) -> list[F8]:
    """Some of each: lines of a plan, blocks, and people who wander."""
    shares = random.dirichlet(np.ones(3)) * length_m
    return [
        line
        for way, share_m in zip((sweeps, blocks, wanderings), shares, strict=True)
        for line in way(random, square, max(share_m, 1e4))
    ]


Way = Callable[[Random, Square, float], list[F8]]
RANDOM: dict[str, Way] = {"chords": chords, "wanderings": wanderings}
PLANNED: dict[str, Way] = {"sweeps": sweeps, "sweeps repeated": repeated}
MIXED: dict[str, Way] = {"blocks": blocks, "mixtures": mixtures}
WAYS: dict[str, Way] = {**RANDOM, **PLANNED, **MIXED}


def legs(lines: list[F8]) -> Iterator[F8]:
    """Return each line without points that repeat the one before."""
    for line in lines:
        moved = np.concatenate([[True], np.any(np.diff(line, axis=0) != 0, axis=1)])
        yield line[moved]


def _ticks(length_m: float) -> F8:
    return np.arange(-length_m / 2, length_m / 2 + _STEP_M, _STEP_M)


def _within(square: Square, line: F8) -> F8:
    x0, y0, size_m = square
    inside = ((line >= [x0, y0]) & (line <= [x0 + size_m, y0 + size_m])).all(axis=1)
    return line[inside]


def _length(line: F8) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
