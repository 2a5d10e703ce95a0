"""County confidence under uncertain inputs, beside a plain numpy loop, in one run.

490,000 cells of which all are searched, 1,000 draws, 30 zones. The loop does the same arithmetic
draw by draw on a share of the draws; its time grows with their number.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from geoinspect.confidence.absence import searched_cells
from geoinspect.confidence.draws import BetaPrior, Exposures, Uncertainty, draw_claims

CELLS, ZONES, DRAWS, LOOP_DRAWS = 490_000, 30, 1000, 20
SEED = 7


def timed(work: Callable[[], object], *, repeat: int) -> float:
    """Return the best of some runs, seconds."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def measure(groups: int, factors: int) -> dict[str, float]:
    """Return seconds of ours and of the loop, and the largest difference of their posteriors."""
    random = np.random.default_rng(SEED)
    exposure = random.gamma(0.5, 1.5, (groups, CELLS)).astype(np.float32)
    cap = random.uniform(0.3, 1.0, CELLS).astype(np.float32)
    scale = np.ones(CELLS, np.float32)
    names = tuple(f"g{i}" for i in range(groups))
    exposures = Exposures(exposure, cap, scale, names)
    parts = random.normal(0, 1, (factors, CELLS)).astype(np.float32)
    zone = np.sort(random.integers(0, ZONES, CELLS))
    cells = searched_cells(
        exposures.sensitivity,
        np.exp(parts.astype(np.float64).sum(axis=0)),
        zone=zone,
        zone_names=tuple(map(str, range(ZONES))),
    )
    unsure = Uncertainty(BetaPrior(0.6, 20), (0.3,) * groups, (0.2,) * factors, draws=DRAWS)
    kept = {}

    def ours() -> None:
        kept["ours"] = draw_claims(cells, exposures, unsure, log_risk=parts)

    factor = np.exp(0.3 * np.random.default_rng([0, 1]).standard_normal((groups, DRAWS)))
    power = np.exp(0.2 * np.random.default_rng([0, 2]).standard_normal((factors, DRAWS)))

    def loop() -> None:
        system = np.empty(LOOP_DRAWS)
        for d in range(LOOP_DRAWS):
            effort = (factor[:, d, None] * exposure).sum(axis=0)
            s = np.minimum(cap, 1 - np.exp(-effort))
            heavy = np.exp((power[:, d, None] * parts).sum(axis=0)) if factors else cells.risk
            inside = np.bincount(zone, weights=heavy, minlength=ZONES)
            found = np.bincount(zone, weights=heavy * s, minlength=ZONES)
            system[d] = (found / inside * inside / inside.sum()).sum()
        kept["loop"] = system

    ours()
    ours_s = timed(ours, repeat=3)
    loop_s = timed(loop, repeat=1) * DRAWS / LOOP_DRAWS
    apart = float(np.abs(kept["ours"].system_sensitivity[:LOOP_DRAWS] - kept["loop"]).max())
    return {"ours_s": ours_s, "loop_s": loop_s, "apart": apart}


def main() -> None:
    """Print one line a case."""
    print(f"{CELLS:,} cells, {DRAWS:,} draws, {ZONES} zones (aim: 5 s)")
    for groups, factors in ((1, 0), (3, 0), (3, 2)):
        told = measure(groups, factors)
        print(
            f"{groups} groups, {factors} parts of the risk: {told['ours_s']:.2f} s, numpy loop "
            f"{told['loop_s']:.1f} s ({told['loop_s'] / told['ours_s']:.0f} x), "
            f"apart by {told['apart']:.1e}"
        )


if __name__ == "__main__":
    main()
