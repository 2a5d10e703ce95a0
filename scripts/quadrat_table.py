"""The table of how often the intervals of quadrat counts hold the truth. All of it is simulated.

    python scripts/quadrat_table.py --write     the full table into docs/cases-counting.md (~5 minutes)
    python scripts/quadrat_table.py --quick     a short form on the screen (~10 seconds)

Worlds know nothing of the intervals: plants are put down, quadrats drawn from them, and the
interval is compared with the number that was put down.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from geoinspect.cases.counting import PlantCount, count_quadrats

I8 = NDArray[np.int64]
# One world: sampled counts, shape (quadrats,), and the plants on the whole ground.
World = Callable[[np.random.Generator], tuple[I8, int]]

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/cases-counting.md"
MARK = "<!-- figures -->\n"
MEANS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
QUADRATS = (3, 5, 8, 12, 20, 60)
CLUMPING = (5.0, 2.0, 1.0, 0.5, 0.3)
# Quadrats that would fill the ground, as a multiple of those counted.
LARGE, HALF = 500, 2
SIDE = 20


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of simulated grounds, from 0 to 1, and middle ends as multiples of the count."""

    ours: float
    student: float
    poisson: float
    above: float
    clumped: float
    low: float
    high: float


def main() -> None:
    """Make the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few worlds, on the screen")
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    even, clumped = (300, 60) if args.quick else (4000, 1000)
    text = "\n".join(
        [
            f"Simulated; seed {args.seed}; {even} grounds a cell of the first table, {clumped} a row of the others.\n",
            *even_rows(even, args.seed),
            *clumped_rows(clumped, args.seed),
            *scattered_rows(clumped, args.seed),
        ]
    )
    if args.write:
        head = DOCUMENT.read_text("utf-8").partition(MARK)[0]
        DOCUMENT.write_text(f"{head}{MARK}\n{text}\n", "utf-8")
    else:
        print(text)


def mixed(mean: float, k: float, quadrats: int, times: int) -> World:
    """Return a world of Poisson (k infinite) or negative-binomial quadrats, independent."""

    def draw(rng: np.random.Generator, size: int, cells: int) -> I8:
        if math.isinf(k):
            return rng.poisson(mean * cells, size)
        # A sum of so many negative binomials of one k is one again.
        return rng.poisson(rng.gamma(k * cells, mean / k, size))

    def world(rng: np.random.Generator) -> tuple[I8, int]:
        counts = draw(rng, quadrats, 1)
        rest = draw(rng, 1, quadrats * (times - 1)) if times > 1 else np.zeros(1, np.int64)
        return counts, int(counts.sum() + rest.sum())

    return world


def clumps(quadrats: int, density: float, size: float, spread_m: float) -> World:
    """Return a ground of 20 × 20 m with plants in clumps (Thomas process, edges joined).

    Args:
        quadrats: Of 1 m², drawn without replacement.
        density: Plants per m².
        size: Mean plants of a clump.
        spread_m: Standard deviation of plants about their clump's middle.
    """

    def world(rng: np.random.Generator) -> tuple[I8, int]:
        middles = rng.uniform(0, SIDE, (rng.poisson(density * SIDE**2 / size), 2))
        each = np.repeat(middles, rng.poisson(size, len(middles)), axis=0)
        return sampled(rng, (each + rng.normal(0, spread_m, each.shape)) % SIDE, quadrats)

    return world


def rows_sown(quadrats: int, gaps: float) -> World:
    """Return a ground of 20 × 20 m sown in rows 0.4 m apart, a plant each 0.25 m, some missing."""

    def world(rng: np.random.Generator) -> tuple[I8, int]:
        x, y = np.meshgrid(np.arange(0.2, SIDE, 0.4), np.arange(0.1, SIDE, 0.25))
        places = np.column_stack([x.ravel(), y.ravel()])
        places = places[rng.random(len(places)) > gaps]
        return sampled(rng, (places + rng.normal(0, 0.05, places.shape)) % SIDE, quadrats)

    return world


def sampled(rng: np.random.Generator, places: NDArray[np.float64], quadrats: int) -> tuple[I8, int]:
    """Return counts in squares of 1 m² drawn without replacement, and all plants."""
    column, row = np.minimum(places.astype(np.int64), SIDE - 1).T
    cells = np.bincount(row * SIDE + column, minlength=SIDE**2)
    return rng.choice(cells, quadrats, replace=False), len(places)


@lru_cache(maxsize=100_000)
def interval(counts: tuple[int, ...], area_m2: float) -> PlantCount:
    """Return our interval; the order of quadrats does not count."""
    return count_quadrats(counts, 1.0, area_m2)


def score(world: World, quadrats: int, area_m2: float, grounds: int, seed: int) -> Score:
    """Return how often intervals hold the truth on so many grounds."""
    rng = np.random.default_rng(seed)
    share = quadrats / area_m2
    t = float(stats.t.ppf(0.975, quadrats - 1))
    hits = np.zeros(5)
    ends = []
    for _ in range(grounds):
        counts, truth = world(rng)
        found = interval(tuple(sorted(counts.tolist())), area_m2)
        half = t * math.sqrt(counts.var(ddof=1) / quadrats * (1 - share)) * area_m2
        total = counts.sum()
        c = 1.96**2 * (1 - share)
        even = (total + c / 2 + np.array([-1, 1]) * math.sqrt(c * total + c * c / 4)) / share
        hits += (
            found.low - 1e-6 <= truth <= found.high + 1e-6,
            abs(found.plants - truth) <= half,
            max(even[0], total) <= truth <= even[1],
            truth > found.high + 1e-6,
            found.method == "negative_binomial",
        )
        if found.plants:
            ends.append((found.low / found.plants, found.high / found.plants))
    low, high = np.median(ends, axis=0) if ends else (math.nan, math.nan)
    return Score(*(hits / grounds).tolist(), low=float(low), high=float(high))


def even_rows(grounds: int, seed: int) -> Iterator[str]:
    """Yield the table of evenly scattered plants."""
    yield "### Evenly scattered plants (Poisson): share of intervals that hold the truth, %\n"
    yield "Each pair: ground 500 times the quadrats / ground twice the quadrats.\n"
    yield f"| quadrats | {' | '.join(f'mean {mean:g}' for mean in MEANS)} |"
    yield f"| --- |{' --- |' * len(MEANS)}"
    for n in QUADRATS:
        cells = []
        for mean in MEANS:
            both = [
                score(mixed(mean, math.inf, n, times), n, n * times, grounds, seed + i).ours
                for i, times in enumerate((LARGE, HALF))
            ]
            cells.append(" / ".join(f"{100 * share:.1f}" for share in both))
        yield f"| {n} | {' | '.join(cells)} |"
    yield ""


HEADER = (
    "ours | too low, % | t alone | Poisson alone | taken for clumped, % | middle interval ÷ count |"
)


def told(found: Score) -> str:
    """Return the cells of a row."""
    return (
        f"**{100 * found.ours:.1f}** | {100 * found.above:.1f} | {100 * found.student:.1f} | "
        f"{100 * found.poisson:.1f} | {100 * found.clumped:.0f} | {found.low:.2f} – {found.high:.2f} |"
    )


def clumped_rows(grounds: int, seed: int) -> Iterator[str]:
    """Yield the table of clumped plants."""
    yield "### Clumped plants (negative binomial): share of intervals that hold the truth, %\n"
    yield f"| clumping k | mean a quadrat | quadrats | {HEADER}"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for k in CLUMPING:
        for mean in (1.0, 5.0, 30.0):
            for n in QUADRATS:
                found = score(mixed(mean, k, n, LARGE), n, n * LARGE, grounds, seed)
                yield f"| {k:g} | {mean:g} | {n} | {told(found)}"
    for k in (2.0, 0.5):
        for n in QUADRATS:
            found = score(mixed(5.0, k, n, HALF), n, n * HALF, grounds, seed)
            yield f"| {k:g} | 5, half counted | {n} | {told(found)}"
    yield ""


def scattered_rows(grounds: int, seed: int) -> Iterator[str]:
    """Yield the table of grounds where the counts are no negative binomials."""
    yield "### Plants put down one by one on 20 × 20 m, 1 m² quadrats\n"
    yield f"| ground | quadrats | {HEADER}"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for n in QUADRATS:
        for name, world in (
            ("clumps of 10 within 0.3 m, 5 plants/m²", clumps(n, 5, 10, 0.3)),
            ("clumps of 40 within 1 m, 5 plants/m²", clumps(n, 5, 40, 1.0)),
            ("clumps of 300 within 2 m, 5 plants/m²", clumps(n, 5, 300, 2.0)),
            ("rows, a tenth missing", rows_sown(n, 0.1)),
        ):
            yield f"| {name} | {n} | {told(score(world, n, SIDE**2, grounds, seed))}"


if __name__ == "__main__":
    main()
