"""How often the interval of a walked area holds the truth. Simulated walks round squares.

    python scripts/walk_trials.py --walks 400       (~30 seconds)

Fixes come each second at 1 m/s; their errors go together for a stated time (first-order
autoregression), as a receiver's do.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np
import pyproj
from numpy.typing import NDArray

from geoinspect.cases.ground import walked_ring
from geoinspect.errors import InputError

F8 = NDArray[np.float64]
GEOD = pyproj.Geod(ellps="WGS84")
ACCURACY_M = 5.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--walks", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("\n".join(rows(args.walks, args.seed)))


def rows(walks: int, seed: int) -> Iterator[str]:
    """Yield the table."""
    yield "| side, m | errors go together for, s | refused, % | interval holds, % | independent ± holds, % | middle interval ÷ area |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for side_m in (10, 20, 60, 200):
        for together_s in (20, 60, 300):
            yield row(side_m, together_s, walks, np.random.default_rng(seed))


def row(side_m: float, together_s: float, walks: int, rng: np.random.Generator) -> str:
    """Return one row of the table."""
    along = np.arange(0, 4 * side_m + 0.5)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * side_m
    true = np.column_stack([np.interp(along, np.arange(5) * side_m, c) for c in corners.T])
    held = independent = 0
    ends = []
    for _ in range(walks):
        lon, lat = placed(true + drift(len(true), together_s, rng))
        try:
            found = walked_ring(lon, lat, accuracy_m=np.full(len(lon), ACCURACY_M))
        except InputError:
            continue
        held += found.low_m2 <= side_m**2 <= found.high_m2
        independent += abs(found.area_m2 - side_m**2) <= 1.96 * found.sd_independent_m2
        ends.append((found.low_m2 / side_m**2, found.high_m2 / side_m**2))
    low, high = np.median(ends, axis=0)
    done = len(ends)
    return (
        f"| {side_m:g} | {together_s:g} | {100 * (1 - done / walks):.0f} | {100 * held / done:.0f} | "
        f"{100 * independent / done:.0f} | {low:.2f} – {high:.2f} |"
    )


def drift(n: int, together_s: float, rng: np.random.Generator) -> F8:
    """Return errors in metres, shape (n, 2), with the 68 % radius of :data:`ACCURACY_M`."""
    keep = math.exp(-1 / together_s)
    fresh = rng.normal(0, 1, (n, 2))
    errors = np.empty_like(fresh)
    errors[0] = fresh[0]
    for i in range(1, n):
        errors[i] = keep * errors[i - 1] + math.sqrt(1 - keep * keep) * fresh[i]
    return errors * ACCURACY_M / math.sqrt(-2 * math.log(0.32))


def placed(metres: F8) -> tuple[F8, F8]:
    """Return lon, lat of places by metres east and north of one in Gansu."""
    x, y = metres.T
    azimuth = np.degrees(np.arctan2(x, y))
    lon, lat, _ = GEOD.fwd(np.full(len(x), 104.1), np.full(len(x), 34.2), azimuth, np.hypot(x, y))
    return lon, lat


if __name__ == "__main__":
    main()
