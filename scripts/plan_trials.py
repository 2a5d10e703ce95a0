"""Plans beside the two simple ways of walking, on 24 seeded maps of unequal risk and 4 even ones.

    python scripts/plan_trials.py [first] [last]

Same hours, travel included, same evaluation (exact metres, the concave law). The simple ways may
cross no-go ground; plans may not. ``free`` is the share of what all metres would gain if getting
anywhere cost nothing: no plan can reach 1.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from plan_builders import trial_maps

from geoinspect.planning.patrol import plan_patrol


def main() -> None:
    """Print a table, one row a map, and the worst ratios."""
    first, last = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (0, 28)
    worst: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    print("| map | cells | teams | hours | gain | × boustrophedon | × nearest gap | free | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for trial in trial_maps()[first:last]:
        begun = time.perf_counter()
        plan = plan_patrol(trial.cells, trial.options, trial.no_go)
        took_s = time.perf_counter() - begun
        assert all(r.duration_s <= trial.options.budget_s for r in plan.routes)
        mow = plan.gain / plan.baselines.boustrophedon
        gap = plan.gain / plan.baselines.nearest_gap
        worst[trial.even].append((mow, gap))
        name = trial.name + (" no-go" if trial.no_go else "")
        print(
            f"| {name} | {len(trial.cells.row):,} × {trial.cells.cell_m:g} m | {trial.options.teams} "
            f"| {trial.options.hours:g} | {plan.gain:.4f} | {mow:.2f} | {gap:.2f} "
            f"| {plan.gain / plan.baselines.free_walking:.2f} | {took_s:.1f} |",
            flush=True,
        )
    for even, ratios in worst.items():
        if ratios:
            mows, gaps = zip(*ratios, strict=True)
            kind = "even" if even else "unequal"
            print(
                f"{kind}: at least {min(mows):.2f} × boustrophedon, {min(gaps):.2f} × nearest gap"
            )


if __name__ == "__main__":
    main()
