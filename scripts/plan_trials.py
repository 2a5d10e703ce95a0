"""Plans beside the two simple ways of walking, on seeded maps: 24 unequal, 4 even, 8 steep.

    python scripts/plan_trials.py [--beside] [first] [last]

Same hours, travel included, same evaluation (exact metres, the concave law). The simple ways may
cross no-go ground; plans may not. On steep ground everybody walks at Tobler's speeds. ``free`` is
the share of what all metres would gain if getting anywhere cost nothing: no plan can reach 1.
``used`` is the least share of its hours that a team uses. With ``--beside``, ``one by one`` is
the plan of all teams over the sum of gains when each is planned after those before it, with all
the moves each time; ``alone`` the least share that a team adds of what it reaches planned alone
beside the others.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from plan_builders import TrialMap, steep_maps, trial_maps

from geoinspect.planning.metres import route_gain
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import Plan, PlanCells

BESIDE = "--beside"


def left_by(trial: TrialMap, lines: list[np.ndarray]) -> PlanCells:
    """Return the cells as they stand after lines were walked."""
    metres = route_gain(trial.cells, lines, trial.options.width_m).metres
    effort = trial.options.width_m * metres / trial.cells.cell_m**2
    left: PlanCells = replace(trial.cells, pod=1 - (1 - trial.cells.pod) * np.exp(-effort))
    return left


def alone(trial: TrialMap, team: int, lines: list[np.ndarray]) -> Plan:
    """Return the plan of one team after others have walked."""
    options = replace(trial.options, teams=1, starts_xy=(trial.options.start_of(team),))
    return plan_patrol(left_by(trial, lines), options, trial.no_go, trial.heights)


def beside(trial: TrialMap, plan: Plan) -> tuple[float, float]:
    """Return the plan over that of one team after another, and the least share of a team's own."""
    if trial.options.teams == 1 or BESIDE not in sys.argv:
        return np.nan, np.nan
    lines = [route.line for route in plan.routes]
    shares: list[float] = []
    walked: list[np.ndarray] = []
    total = 0.0
    for team in range(trial.options.teams):
        others = lines[:team] + lines[team + 1 :]
        own = alone(trial, team, others).gain
        rest = route_gain(left_by(trial, others), [lines[team]], trial.options.width_m)
        shares.append(float(rest.gains.sum()) / own)
        after = alone(trial, team, walked)
        walked.append(after.routes[0].line)
        total += after.gain
    return plan.gain / total, min(shares)


def main() -> None:
    """Print a table, one row a map, and the worst ratios."""
    maps = [*trial_maps(), *steep_maps()]
    wanted = [int(word) for word in sys.argv[1:] if word != BESIDE]
    first, last = (wanted[0], wanted[1]) if len(wanted) > 1 else (0, len(maps))
    worst: dict[str, list[tuple[float, ...]]] = {}
    print(
        "| map | cells | teams | hours | gain | × boustrophedon | × nearest gap | free | used "
        "| one by one | alone | s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for trial in maps[first:last]:
        begun = time.perf_counter()
        plan = plan_patrol(trial.cells, trial.options, trial.no_go, trial.heights)
        took_s = time.perf_counter() - begun
        assert all(r.duration_s <= trial.options.budget_s for r in plan.routes)
        mow = plan.gain / plan.baselines.boustrophedon
        gap = plan.gain / plan.baselines.nearest_gap
        free = plan.gain / plan.baselines.free_walking
        used = min(r.duration_s for r in plan.routes) / trial.options.budget_s
        one, own = beside(trial, plan)
        kind = "steep" if trial.heights else "even" if trial.even else "unequal"
        worst.setdefault(kind, []).append((mow, gap, free, used, one, own))
        name = trial.name + (" no-go" if trial.no_go else "")
        print(
            f"| {name} | {len(trial.cells.row):,} × {trial.cells.cell_m:g} m | {trial.options.teams} "
            f"| {trial.options.hours:g} | {plan.gain:.4f} | {mow:.2f} | {gap:.2f} | {free:.2f} "
            f"| {used:.3f} | {one:.3f} | {own:.3f} | {took_s:.1f} |",
            flush=True,
        )
    for kind, ratios in worst.items():
        low, middle = np.fmin.reduce(ratios), np.median(ratios, axis=0)
        print(
            f"{kind}: at least {low[0]:.2f} × boustrophedon, {low[1]:.2f} × nearest gap (medians "
            f"{middle[0]:.2f}, {middle[1]:.2f}; free {middle[2]:.2f}); hours used {low[3]:.3f}; "
            f"one by one {low[4]:.3f}; alone {low[5]:.3f}"
        )


if __name__ == "__main__":
    main()
