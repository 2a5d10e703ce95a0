"""Is the sensitivity that is told of a survey right? Predicted against found, stratum by stratum.

On each ground the sensitivity is first predicted the way a user's is (``detect.rehearse`` on the
picture as it is). Then patches of the *other* renderer (``detect.simulate``) are planted on that
picture, the whole detector runs over it, and what it lists at the same number of false alarms is
counted. All of it is simulated.

    python scripts/sensitivity_check.py --scenes 10 --gsd 0.05 --stage flower
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import rasterio
import shapely
from planted_scenes import REAL, grounds_of, make_ground
from rasterio.transform import from_origin
from shapely import affinity

from geoinspect.detect.implants import Implant, Picture, Planted
from geoinspect.detect.listing import Listed, listing_of
from geoinspect.detect.measure import Measured, Source, measure
from geoinspect.detect.model import Ranking, load, shipped
from geoinspect.detect.ranking import score_of
from geoinspect.detect.rehearse import rehearse
from geoinspect.detect.scan import least_blocks
from geoinspect.detect.search import Find, search
from geoinspect.detect.sensitivity import measure_sensitivity
from geoinspect.detect.sensitivity_plan import wishes_of
from geoinspect.detect.sensitivity_table import Share, Stratum
from geoinspect.detect.sheets import learn_levels
from geoinspect.detect.simulate import simulate
from geoinspect.search_records import GrowthStage
from geoinspect.settings import Settings

SETTINGS = Settings()
MIN_AREA_M2 = 2.0
# Enough finds that the list never ends before its false alarms do.
MOST = 20_000


def written(folder: Path, pixels: np.ndarray, gsd_m: float) -> Source:
    """Write a picture as a raster in metres."""
    path = folder / "scene.tif"
    profile = {
        "driver": "GTiff",
        "count": 3,
        "height": pixels.shape[1],
        "width": pixels.shape[2],
        "dtype": pixels.dtype,
        "crs": "EPSG:32648",
        "transform": from_origin(500_000, 3_350_000, gsd_m, gsd_m),
        "tiled": True,
        "photometric": "rgb",
    }
    with rasterio.open(path, "w", **profile) as out:
        out.write(pixels)
    return Source(path, path.name, SETTINGS)


def searched(measured: Measured, ranking: Ranking) -> tuple[list[Find], object]:
    """Return all finds of a raster, best first, and its tables."""
    assert measured.planes is not None
    tables = learn_levels(measured.planes, measured.scale)
    assert tables is not None
    area = float(np.max(measured.placement.node_area_m2)) * measured.scale.block_px**2
    finds = search(
        measured.planes,
        measured.scale,
        tables,
        ranking,
        least_blocks=least_blocks(MIN_AREA_M2, area),
        most=MOST,
        workers=2,
    )
    return finds, tables


def overlaps(find: Find, outline: shapely.Geometry) -> bool:
    """Tell whether a find is one of a patch; both in blocks."""
    common = shapely.intersection(find.outline, outline).area
    union = find.outline.area + outline.area - common
    return common >= 0.2 * outline.area and common >= 0.1 * union


def found_of(
    finds: list[Find], implants: tuple[Implant, ...], block_px: int, false_alarms: int
) -> list[bool]:
    """Return which implants stand in the list up to so many false alarms."""
    outlines = [
        affinity.scale(i.outline, 1 / block_px, 1 / block_px, origin=(0, 0)) for i in implants
    ]
    tree = shapely.STRtree(outlines)
    found = [False] * len(implants)
    wrong = 0
    for find in finds:
        near = tree.query(find.outline).tolist()
        hit = [i for i in near if overlaps(find, outlines[i])]
        for i in hit:
            found[i] = True
        wrong += not any(implants[i].wish.kind is Planted.POPPY for i in hit)
        if wrong >= false_alarms:
            break
    return found


def one_scene(args: argparse.Namespace, ground: str, seed: int, ranking: Ranking) -> list[dict]:
    """Return predicted and found of one ground, a row for each stratum."""
    pixels = make_ground(ground, seed, args.side, args.gsd)
    if pixels is None:
        return []
    stage = GrowthStage(args.stage)
    rows: dict[Stratum, dict] = defaultdict(lambda: {"p": (0, 0), "f": (0, 0)})
    with tempfile.TemporaryDirectory(prefix="sensitivity-") as name:
        folder = Path(name)
        source = written(folder, pixels, args.gsd)
        measured = measure(source, folder)
        assert measured.planes is not None
        finds, tables = searched(measured, ranking)
        allowed = max(1, int(args.budget * measured.valid_area_m2 / 1e6))
        listing = listing_of(
            # Nowhere near: neither side of this comparison knows crowding.
            [Listed(0.0, 0.0, find.logit, score_of(find.logit)) for find in finds[:allowed]],
            budget_per_km2=args.budget,
            valid_area_m2=measured.valid_area_m2,
            min_area_m2=MIN_AREA_M2,
        )
        told = measure_sensitivity(
            source, measured, tables, ranking, listing, stage=stage, patches=args.patches, seed=seed
        )
        for cell in told.strata:
            rows[cell.stratum]["p"] = (cell.share.found, cell.share.planted)
        measured.planes.close()
        rng = np.random.default_rng([seed, 99])
        count = max(5, round(args.per_ha * args.side**2 / 1e4))
        picture = Picture(pixels, np.ones(pixels.shape[1:], dtype=bool), args.gsd)
        draw = simulate if args.hand == "a" else rehearse
        made = draw(picture, wishes_of(stage, count, rng), rng)
        source = written(folder, np.asarray(made.pixels), args.gsd)
        measured = measure(source, folder)
        assert measured.planes is not None
        finds, _ = searched(measured, ranking)
        allowed = max(1, int(args.budget * measured.valid_area_m2 / 1e6))
        hit = found_of(finds, made.implants, measured.scale.block_px, allowed)
        measured.planes.close()
    for implant, is_found in zip(made.implants, hit, strict=True):
        if implant.wish.kind is Planted.POPPY:
            found, planted = rows[Stratum.of(implant.wish)]["f"]
            rows[Stratum.of(implant.wish)]["f"] = (found + is_found, planted + 1)
    return [
        {
            "ground": ground,
            "area_m2": stratum.area_m2,
            "bloom_per_m2": stratum.bloom_per_m2,
            "predicted": row["p"],
            "found": row["f"],
        }
        for stratum, row in rows.items()
    ]


def tell(title: str, rows: list[dict]) -> None:
    """Print one line: predicted, found, their difference with a 95 % interval, n."""
    predicted = Share(*(sum(row["predicted"][k] for row in rows) for k in range(2)))
    found = Share(*(sum(row["found"][k] for row in rows) for k in range(2)))
    if predicted.rate is None or found.rate is None:
        return
    gap = predicted.rate - found.rate
    sides = [share.interval for share in (predicted, found)]
    low = gap - np.hypot(predicted.rate - sides[0][0], sides[1][1] - found.rate)
    high = gap + np.hypot(sides[0][1] - predicted.rate, found.rate - sides[1][0])
    print(
        f"{title:34} {predicted.rate:6.2f} {found.rate:6.2f} {gap:+6.2f} ({low:+.2f}…{high:+.2f})"
        f"  n {predicted.planted}/{found.planted}",
        flush=True,
    )


def main() -> None:
    """Predict, plant, search and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=10)
    parser.add_argument("--gsd", type=float, default=0.05)
    parser.add_argument("--side", type=float, default=200.0)
    parser.add_argument("--stage", default="flower")
    parser.add_argument("--budget", type=float, default=300.0)
    parser.add_argument("--patches", type=int, default=60)
    parser.add_argument("--per-ha", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--hand", choices="ab", default="a", help="who plants; b: the method without the renderer"
    )
    parser.add_argument("--grounds", nargs="*", help="names as in planted_scenes; all without it")
    parser.add_argument("--ranking", type=Path, help="a .npz instead of the shipped ranking")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    ranking = shipped() if args.ranking is None else load(args.ranking)
    names = args.grounds or [
        *(f"a:{name}" for name in grounds_of("a")),
        *(f"b:{name}" for name in grounds_of("b")),
        *(f"real:{name}" for name in REAL),
    ]
    rows: list[dict] = []
    for number in range(args.scenes):
        started = time.perf_counter()
        ground = names[number % len(names)]
        part = one_scene(args, ground, args.seed + number, ranking)
        rows += part
        if part:
            tell(f"{ground} ({time.perf_counter() - started:.0f} s)", part)
    print(
        f"\n{args.gsd * 100:g} cm, {args.stage}, {args.budget:g} false alarms/km²: predicted, found"
    )
    for area in sorted({row["area_m2"] for row in rows}):
        tell(f"{area:g} m²", [row for row in rows if row["area_m2"] == area])
    for bloom in sorted({row["bloom_per_m2"] for row in rows}):
        tell(f"{bloom:g} flowers/m²", [row for row in rows if row["bloom_per_m2"] == bloom])
    tell("patches from 10 m²", [row for row in rows if row["area_m2"] >= 10])
    tell("all", rows)
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
