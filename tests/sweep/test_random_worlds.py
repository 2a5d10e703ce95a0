"""In short what ``scripts/soak worlds`` shows at length: coverage against shapely anywhere."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from geoinspect.coverage.cells import Thresholds
from geoinspect.coverage.measure import measure

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from coverage_worlds import PLACES, World, judge, make_world, summary, worlds

WORLDS = list(worlds(45, seed=11))


def test_both_ways_agree_with_shapely_in_random_worlds() -> None:
    told = summary([judge(world) for world in WORLDS])
    assert told["exact, worst"] <= 1e-6
    # Few worlds say less of the total than the many of the long run, where it is 0.03 %.
    assert told["bits total"] <= 3e-3
    assert told["campaign bits total"] <= 5e-3
    assert told["bits rms"] <= 0.02
    assert told["campaign bits rms"] <= 0.03


def test_the_worlds_are_as_varied_as_they_say() -> None:
    codes = {world.crs for world in WORLDS}
    assert len(codes) >= len(PLACES) - 1
    assert any(code.startswith("EPSG:32") for code in codes)
    parts = [shapely.get_parts(world.shape) for world in WORLDS]
    assert max(map(len, parts)) > 1
    assert any(len(part.interiors) for found in parts for part in found)
    assert {world.cell_m for world in WORLDS} == {20.0, 50.0, 100.0, 250.0}
    assert sum(walked_m(world) > 0 for world in WORLDS) > len(WORLDS) / 2


def walked_m(world: World) -> float:
    """Length of the walks inside the area."""
    lines = shapely.union_all([shapely.LineString(walk) for walk in world.walks])
    return float(shapely.intersection(world.shape, lines).length)


def test_a_wrong_width_would_be_seen() -> None:
    world = max(WORLDS, key=walked_m)
    wider = replace(world, width_m=1.05 * world.width_m)
    right = measure(
        world.area, world.tracks, [], cell_m=world.cell_m, width_m=world.width_m, gap_s=300.0,
        thresholds=Thresholds(),
    )  # fmt: skip
    seen_m2 = float((right.seen_fraction * right.ground.cell_m2).sum())
    assert judge(wider).truth_m2 > seen_m2 * 1.005


def test_the_same_seed_gives_the_same_world() -> None:
    one, other = (make_world(np.random.default_rng([5, 3]), 3) for _ in range(2))
    assert one.area.equals(other.area)
    assert all(np.array_equal(a, b) for a, b in zip(one.walks, other.walks, strict=True))
