"""How many candidates must be looked at until 90 % of the findable patches were shown.

    python scripts/click_trials.py --scenes 10

On planted scenes of renderer B the candidates of one scene are reviewed by somebody who is always
right, in four orders: that of `detect.learn` (learning from each click), the detector's, at random,
and always the candidate whose answer is least sure. Findable are the patches that at least one
candidate shows. All of it is simulated.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from detection_table import scenes
from numpy.typing import NDArray
from planted_rasters import INSIDE, outlines_of, write
from planted_scenes import STRATA, Scene

from geoinspect.detect.implants import Planted
from geoinspect.detect.learn import Figures, Relearned, Verdicts, next_to_show, relearn
from geoinspect.detect.run import detect
from geoinspect.settings import load_settings

SHARE = 0.9
_SHUFFLES = 25
ORDERS = ("learning", "detector", "random", "uncertainty only")
Choice = Callable[[Relearned, NDArray[np.bool_], int], int | None]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The candidates of a scene.

    Attributes:
        features, start: As the detector gave them, best first, shapes (n, f) and (n,).
        shows: Number of the patch that each shows, −1 for none, shape (n,).
    """

    features: NDArray[np.float32]
    start: NDArray[np.float64]
    shows: NDArray[np.int64]

    @property
    def wanted(self) -> int:
        """How many patches must be shown."""
        return math.ceil(SHARE * len(set(self.shows[self.shows >= 0].tolist())) - 1e-9)


def main() -> None:
    """Make the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=10, help="for each stratum")
    parser.add_argument("--side-m", type=float, default=150.0)
    parser.add_argument("--per-ha", type=float, default=3.0, help="patches for each hectare")
    parser.add_argument("--candidates", type=int, default=300, help="of each scene, at most")
    parser.add_argument("--seed", type=int, default=8000)
    parser.add_argument("--strata", type=int, nargs="*", default=[0, 1, 2])
    asked = parser.parse_args()
    asked.km2 = 0.0
    for stratum in [STRATA[i] for i in asked.strata]:
        clicks: dict[str, list[float]] = defaultdict(list)
        findable = []
        for seed, scene in scenes(stratum, asked):
            candidates = candidates_of(scene, asked.candidates)
            if candidates is None or candidates.wanted == 0:
                print(stratum.name, scene.ground, seed, "nothing findable", file=sys.stderr)
                continue
            findable.append(candidates.wanted)
            for order in ORDERS:
                clicks[order].append(clicks_in(order, candidates, seed))
            said = {order: clicks[order][-1] for order in ORDERS}
            print(stratum.name, scene.ground, seed, candidates.wanted, said, file=sys.stderr)
        for row in rows(stratum.name, clicks, findable):
            print(json.dumps(row, ensure_ascii=False), flush=True)


def candidates_of(scene: Scene, most: int) -> Candidates | None:
    """Return the candidates that the detector lists on a scene; None when it lists nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        write(scene, path)
        km2 = scene.pixels[0].size * scene.gsd_m**2 / 1e6
        found, refused = detect(
            [(path.name, path)], settings=load_settings(), budget_per_km2=most / km2
        )
    assert not refused, refused
    if not found.patches:
        return None
    truth = outlines_of(scene)
    poppy = [i for i, p in enumerate(scene.implants) if p.wish.kind is Planted.POPPY]
    return Candidates(
        features=np.stack([patch.features for patch in found.patches]),
        start=np.array([patch.logit for patch in found.patches]),
        shows=np.array([_shown(patch.polygon, truth, poppy) for patch in found.patches]),
    )


def clicks_in(order: str, candidates: Candidates, seed: int) -> float:
    """Return how many candidates are looked at in an order; at random, the median of some."""
    if order == "detector":
        return until_shown(candidates, range(len(candidates.start)))
    if order == "random":
        rng = np.random.default_rng([seed, 7])
        shuffles = [rng.permutation(len(candidates.start)).tolist() for _ in range(_SHUFFLES)]
        return float(np.median([until_shown(candidates, shuffle) for shuffle in shuffles]))
    choose = next_to_show if order == "learning" else least_sure
    return until_shown(candidates, learning_order(candidates, choose))


def until_shown(candidates: Candidates, order: Iterator[int] | Sequence[int]) -> int:
    """Return how many candidates of an order are looked at until enough patches were shown."""
    seen: set[int] = set()
    for clicks, number in enumerate(order, start=1):
        seen.add(int(candidates.shows[number]))
        if len(seen - {-1}) >= candidates.wanted:
            return clicks
    raise ValueError("the order leaves candidates out")


def learning_order(candidates: Candidates, choose: Choice) -> Iterator[int]:
    """Yield candidates one after another, each chosen after learning from all before."""
    poppy = candidates.shows >= 0
    scale = Figures.of(candidates.features)
    open_ = np.ones(len(poppy), dtype=bool)
    seen: list[int] = []
    while True:
        verdicts = Verdicts(candidates.features[seen], candidates.start[seen], poppy[seen])
        order = relearn(candidates.features, candidates.start, verdicts, scale)
        number = choose(order, open_, len(seen))
        if number is None:
            return
        yield number
        open_[number] = False
        seen.append(number)


def least_sure(order: Relearned, open_: NDArray[np.bool_], seen: int) -> int | None:
    """Return the open candidate whose chance is nearest to one half."""
    places = np.flatnonzero(open_)
    return int(places[np.argmin(np.abs(order.chance[places] - 0.5))]) if len(places) else None


def rows(
    stratum: str, clicks: Mapping[str, Sequence[float]], findable: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield the table's rows: medians over the scenes, with 95 % bootstrap intervals."""
    rng = np.random.default_rng(0)
    for order, counts in clicks.items():
        drawn = rng.choice(counts, (2000, len(counts)))
        low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
        yield {
            "simulated": True,
            "stratum": stratum,
            "order": order,
            "scenes": len(counts),
            "patches_wanted": float(np.median(findable)),
            "clicks": float(np.median(counts)),
            "low": float(low),
            "high": float(high),
            "most": float(np.max(counts)),
        }


def _shown(
    polygon: shapely.Geometry, truth: Sequence[shapely.Geometry], poppy: Sequence[int]
) -> int:
    """Return the patch on which enough of a candidate lies for a person to see it; −1 for none."""
    best, most = -1, INSIDE * polygon.area
    for number in poppy:
        common = float(shapely.area(shapely.intersection(polygon, truth[number])))
        if common >= most:
            best, most = number, common
    return best


if __name__ == "__main__":
    main()
