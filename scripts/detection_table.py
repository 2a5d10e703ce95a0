"""The table of recall at fixed false alarms: ours, label-free and with ten labels, beside others.

    scripts/detection_table --scenes 20 --side-m 230 --out docs/detection-table.md

Scenes are planted by renderer B on grounds that training never saw. Each goes through a GeoTIFF
and `detect` as a user's would. All of it is simulated: it says nothing about real poppy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
import shapely
from detection_peers import PEERS, peer_points
from planted_scenes import REAL, STRATA, Scene, Stratum, grounds_of, planted
from rasterio.transform import from_origin

from geoinspect.detect.implants import Planted
from geoinspect.detect.labelled import Label
from geoinspect.detect.run import detect
from geoinspect.settings import load_settings

CRS, WEST, NORTH = "EPSG:4545", 500_000.0, 3_760_000.0
LEAST_M2 = 10.0
LABELS = 10
# A find hits a patch when it covers this much of it and lies on it by this much.
COVER, INSIDE = 0.2, 0.2
RING_M = 1.0
BUDGET_KM2 = 4000.0
LIMITS = {
    ("in bloom, 1–3 cm", "free"): 100,
    ("in bloom, 5–10 cm", "free"): 300,
    ("before bloom, 2–10 cm", "free"): 300,
    ("in bloom, 1–3 cm", "labels"): 50,
    ("in bloom, 5–10 cm", "labels"): 100,
    ("before bloom, 2–10 cm", "labels"): 100,
}


@dataclass
class Tally:
    """What one way found in one scene."""

    km2: float
    alarms: list[float] = field(default_factory=list)
    targets: list[float] = field(default_factory=list)
    decoys: list[float] = field(default_factory=list)
    alike: list[float] = field(default_factory=list)


def write(scene: Scene, path: Path) -> None:
    """Write a scene as a tiled GeoTIFF."""
    _, h, w = scene.pixels.shape
    profile = {"driver": "GTiff", "width": w, "height": h, "count": 3, "dtype": "uint8", "crs": CRS}
    place = from_origin(WEST, NORTH, scene.gsd_m, scene.gsd_m)
    with rasterio.open(
        path, "w", tiled=True, compress="deflate", zlevel=1, transform=place, **profile
    ) as out:
        out.write(scene.pixels)


def on_ground(scene: Scene, shape: shapely.Geometry) -> shapely.Geometry:
    """Return an outline in pixels in the scene's CRS."""
    return shapely.transform(
        shape,
        lambda p: np.column_stack([WEST + p[:, 0] * scene.gsd_m, NORTH - p[:, 1] * scene.gsd_m]),
    )


def judge(scene: Scene, finds: list[tuple[float, shapely.Geometry]], left_out: set[int]) -> Tally:
    """Match finds, best first, with what was planted."""
    truth = [on_ground(scene, implant.outline) for implant in scene.implants]
    around = [shapely.buffer(shape, RING_M) for shape in truth]
    side_m = scene.pixels.shape[1] * scene.gsd_m
    tally = Tally(km2=side_m**2 / 1e6)
    best = np.full(len(truth), -np.inf)
    tree = shapely.STRtree(around)
    for score, ground in finds:
        near = tree.query(ground, predicate="intersects")
        if not len(near):
            tally.alarms.append(score)
            continue
        for i in near:
            if ground.geom_type == "Point":
                hit = True
            else:
                common = shapely.area(shapely.intersection(ground, truth[i]))
                inside = shapely.area(shapely.intersection(ground, around[i]))
                hit = common >= COVER * truth[i].area and inside >= INSIDE * ground.area
            if hit:
                best[i] = max(best[i], score)
    for i, implant in enumerate(scene.implants):
        if implant.area_m2 < LEAST_M2 or i in left_out:
            continue
        kind = implant.wish.kind
        group = tally.targets if kind is Planted.POPPY else tally.alike
        (tally.decoys if kind is Planted.DECOY else group).append(float(best[i]))
    return tally


def ten_labels(scene: Scene, seed: int) -> tuple[list[Label], set[int]]:
    """Return five targets and five others, and which implants they used up."""
    rng = np.random.default_rng([seed, 5])
    poppies = [i for i, p in enumerate(scene.implants) if p.wish.kind is Planted.POPPY]
    others = [i for i, p in enumerate(scene.implants) if p.wish.kind is not Planted.POPPY]
    used = {int(i) for i in rng.permutation(poppies)[: LABELS // 2]}
    plain = {int(i) for i in rng.permutation(others)[:3]}
    labels = [Label(on_ground(scene, scene.implants[i].outline), CRS, True) for i in sorted(used)]
    labels += [
        Label(on_ground(scene, scene.implants[i].outline), CRS, False) for i in sorted(plain)
    ]
    taken = shapely.union_all([on_ground(scene, p.outline) for p in scene.implants])
    side_m = scene.pixels.shape[1] * scene.gsd_m
    while len(labels) < LABELS:
        x, y = rng.uniform(3, side_m - 3, 2)
        square = shapely.box(WEST + x - 2.5, NORTH - y - 2.5, WEST + x + 2.5, NORTH - y + 2.5)
        if not shapely.intersects(square, taken):
            labels.append(Label(square, CRS, False))
    return labels, used | plain


def ways(scene: Scene, path: Path, seed: int) -> Iterator[tuple[str, str, Tally]]:
    """Yield what each way found: name, group, tally."""
    settings = load_settings()
    least = settings.patch_min_area_m2

    def ours(labels: list[Label]) -> list[tuple[float, shapely.Geometry]]:
        found, refused = detect(
            [(path.name, path)],
            settings=settings,
            budget_per_km2=BUDGET_KM2,
            labels=labels,
            min_area_m2=least,
        )
        assert not refused
        return [(patch.logit, patch.polygon) for patch in found.patches]

    yield "geoinspect", "free", judge(scene, ours([]), set())
    labels, used = ten_labels(scene, seed)
    yield "geoinspect", "labels", judge(scene, ours(labels), used)
    for name, group in PEERS:
        points = [
            (score, on_ground(scene, shapely.Point(*place)))
            for score, place in peer_points(
                name, scene, [used, labels] if group == "labels" else None
            )
        ]
        yield name, group, judge(scene, points, used if group == "labels" else set())


def recall(tallies: list[Tally], per_km2: float) -> tuple[float, float]:
    """Return recall at a number of false alarms per km² over all scenes, and the cut."""
    km2 = sum(t.km2 for t in tallies)
    alarms = np.sort(np.concatenate([t.alarms for t in tallies]))[::-1]
    targets = np.concatenate([t.targets for t in tallies])
    allowed = int(per_km2 * km2)
    cut = alarms[allowed] if allowed < len(alarms) else -np.inf
    return (float(np.mean(targets > cut)) if len(targets) else float("nan")), float(cut)


def interval(tallies: list[Tally], per_km2: float, rounds: int = 1000) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the recall over scenes."""
    rng = np.random.default_rng(0)
    found = [
        recall([tallies[i] for i in rng.integers(0, len(tallies), len(tallies))], per_km2)[0]
        for _ in range(rounds)
    ]
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def rows(results: dict[tuple[str, str, str], list[Tally]]) -> Iterator[dict[str, object]]:
    """Yield the table's rows."""
    for (stratum, group, way), tallies in results.items():
        per_km2 = LIMITS[stratum, group]
        value, cut = recall(tallies, per_km2)
        decoys = np.concatenate([t.decoys for t in tallies])
        alike = np.concatenate([t.alike for t in tallies])
        low, high = interval(tallies, per_km2)
        yield {
            "stratum": stratum,
            "group": group,
            "way": way,
            "scenes": len(tallies),
            "km2": round(sum(t.km2 for t in tallies), 3),
            "patches": sum(len(t.targets) for t in tallies),
            "alarms_km2": per_km2,
            "recall": round(value, 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "decoys_hit": round(float(np.mean(decoys > cut)), 3) if len(decoys) else None,
            "alike_hit": round(float(np.mean(alike > cut)), 3) if len(alike) else None,
        }


def scenes(
    stratum: Stratum, count: int, side_m: float, per_ha: float, seed: int
) -> Iterator[tuple[int, Scene]]:
    """Yield planted scenes: simulated grounds in turn, every sixth a real one where it is sharp enough."""
    names = [f"b:{name}" for name in grounds_of("b")]
    real = [f"real:{name}" for name in REAL]
    for number in range(count):
        own = seed + number
        ground = names[number % len(names)] if number % 6 < 5 else real[number // 6 % len(real)]
        scene = planted(ground, "b", stratum, own, side_m=side_m, targets_per_ha=per_ha)
        if scene is None:
            scene = planted(
                names[number % len(names)], "b", stratum, own, side_m=side_m, targets_per_ha=per_ha
            )
        assert scene is not None
        yield own, scene


def main() -> None:
    """Make the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=20)
    parser.add_argument("--side-m", type=float, default=230.0)
    parser.add_argument("--per-ha", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--strata", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    results: dict[tuple[str, str, str], list[Tally]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for stratum in [STRATA[i] for i in asked.strata]:
            for seed, scene in scenes(
                stratum, asked.scenes, asked.side_m, asked.per_ha, asked.seed
            ):
                started = time.perf_counter()
                path = Path(folder) / "scene.tif"
                write(scene, path)
                for way, group, tally in ways(scene, path, seed):
                    results[stratum.name, group, way].append(tally)
                print(
                    stratum.name,
                    scene.ground,
                    seed,
                    f"{time.perf_counter() - started:.1f} s",
                    file=sys.stderr,
                )
            for row in rows({k: v for k, v in results.items() if k[0] == stratum.name}):
                print(json.dumps(row, ensure_ascii=False), flush=True)
    if asked.out:
        asked.out.write_text(markdown(list(rows(results))), "utf-8")


def markdown(lines: list[dict[str, object]]) -> str:
    """Return the table for the documentation."""
    head = (
        "| stratum | labels | way | scenes | km² | patches | false alarms / km² | recall (95 %) | decoys hit | look-alikes hit |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {r['stratum']} | {'none' if r['group'] == 'free' else LABELS} | {r['way']} | {r['scenes']} | {r['km2']} | "
        f"{r['patches']} | {r['alarms_km2']} | {r['recall']:.2f} ({r['low']:.2f}–{r['high']:.2f}) | {r['decoys_hit']} | {r['alike_hit']} |\n"
        for r in lines
    )


if __name__ == "__main__":
    main()
