"""Measure how well changes between two dates are told, on simulated pairs of surveys.

    .venv/bin/python scripts/change_trials.py --scenes 6

Everything is simulated: ground, patches, light, season, shift. It says nothing of real poppy.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

import grounds_a
import numpy as np
import shapely
from change_pairs import STATES, Pair, plant_pair

from geoinspect.detect.change.compare import Change
from geoinspect.detect.change.rasters import compare_rasters
from geoinspect.detect.measure import Source
from geoinspect.detect.rehearse import rehearse
from geoinspect.detect.simulate import simulate
from geoinspect.settings import Settings

_EACH = {"unchanged": 4, "new": 4, "cleared": 4, "grown": 3, "shrunk": 3}
_SAME_GROUND = 0.2


def judged(
    pair: Pair, changes: tuple[Change, ...], moved: list[shapely.Geometry]
) -> list[tuple[str, str, bool]]:
    """Return true state, told state ('missed' without a patch, 'nothing' without a truth), open."""
    told, used = [], set()
    for (state, _), shape in zip(pair.truth, moved, strict=True):
        shares = [
            shapely.intersection(c.polygon, shape).area / min(c.polygon.area, shape.area)
            for c in changes
        ]
        best = int(np.argmax(shares)) if shares else -1
        if best < 0 or shares[best] < _SAME_GROUND:
            told.append((state, "missed", False))
            continue
        used.add(best)
        told.append((state, changes[best].state.value, changes[best].uncertain))
    for i, change in enumerate(changes):
        if i not in used and not any(change.polygon.intersects(s) for s in moved):
            told.append(("nothing", change.state.value, change.uncertain))
    return told


def main() -> None:
    """Make pairs, compare them, print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--side-m", type=float, default=70.0)
    parser.add_argument("--gsd-m", type=float, default=0.025)
    parser.add_argument("--budget-per-km2", type=float, default=4000.0)
    chosen = parser.parse_args()
    characters = list(grounds_a.CHARACTERS)
    table: Counter[tuple[str, str, bool]] = Counter()
    errors_m = []
    for number in range(chosen.first, chosen.first + chosen.scenes):
        rng = np.random.default_rng([number, 5])
        ground = grounds_a.ground(
            100 + number, chosen.side_m, chosen.gsd_m, characters[number % len(characters)]
        )
        most_px = int(2.5 / chosen.gsd_m / 2**0.5)
        shift = tuple(int(v) for v in rng.integers(0, most_px, 2))
        renderer = simulate if number % 2 else rehearse
        with tempfile.TemporaryDirectory() as folder:
            pair = plant_pair(
                Path(folder), ground, chosen.gsd_m, renderer, each=_EACH,
                shift_px=(shift[0], shift[1]), thinner=1 + number % 3 // 2, seed=number,
            )  # fmt: skip
            settings = Settings(budget_per_km2=chosen.budget_per_km2)
            sources = [Source(p, p.name, settings) for p in (pair.before, pair.after)]
            made = compare_rasters(*sources)
        errors_m.append(float(np.hypot(*np.subtract(made.alignment.shift_m, pair.shift_m))))
        moved = [made.alignment.to_after(shape) for _, shape in pair.truth]
        table.update(judged(pair, made.changes, moved))
    print(json.dumps(figures(table, errors_m, chosen.scenes), indent=1))


def figures(
    table: Counter[tuple[str, str, bool]], errors_m: list[float], scenes: int
) -> dict[str, object]:
    """Return recall and precision of each state: all verdicts, and those not called uncertain."""
    out: dict[str, object] = {
        "simulated": True,
        "scenes": scenes,
        "alignment_error_m": [round(error, 4) for error in errors_m],
    }
    for name, kept in (("all", (False, True)), ("certain", (False,))):
        rows = {}
        for state in STATES:
            truth = sum(n for (t, _, _), n in table.items() if t == state)
            found = sum(n for (t, s, _), n in table.items() if t == state and s != "missed")
            right = sum(n for (t, s, u), n in table.items() if t == s == state and u in kept)
            planted = sum(
                n for (t, s, u), n in table.items() if t != "nothing" and s == state and u in kept
            )
            stray = sum(
                n for (t, s, u), n in table.items() if t == "nothing" and s == state and u in kept
            )
            rows[state] = {
                "planted": truth,
                "detected": found,
                "right": right,
                "recall_of_detected": round(right / found, 3) if found else None,
                "precision_on_planted": round(right / planted, 3) if planted else None,
                "on_unplanted_ground": stray,
            }
        out[name] = rows
    return out


if __name__ == "__main__":
    main()
