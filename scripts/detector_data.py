"""Planted scenes boiled down to planes, kept in a folder so that training need not paint again."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import shapely
from planted_scenes import STRATA, Hand, Stratum, grounds_of, planted

from geoinspect.detect.gate import pixel_scale
from geoinspect.detect.planes import block_planes
from geoinspect.detect.sheets import Scale


def planes_of(pixels: np.ndarray, gsd_m: float) -> np.ndarray | None:
    """Return the planes of a whole picture in memory; None when it is black."""
    scale = Scale.of_gsd(gsd_m)
    sample = pixels.reshape(3, -1)[:, ::199].T.astype(np.float32)
    found = pixel_scale(sample)
    if found is None:
        return None
    valid = np.ones(pixels.shape[1:], dtype=bool)
    return block_planes(pixels, valid, scale.block_px, found.reference, found.gate)


def make(
    folder: Path, ground: str, hand: Hand, stratum: Stratum, seed: int, side_m: float, per_ha: float
) -> bool:
    """Make one scene's file unless it is there; return whether there is one."""
    name = f"{hand}_{ground}_{stratum.name}_{seed}".replace(":", "-").replace(" ", "_")
    path = folder / f"{name.replace('/', '-')}.npz"
    if path.exists():
        return True
    scene = planted(ground, hand, stratum, seed, side_m=side_m, targets_per_ha=per_ha, most_px=5000)
    if scene is None:
        return False
    planes = planes_of(scene.pixels, scene.gsd_m)
    if planes is None:
        return False
    draft = path.with_suffix(".part.npz")
    np.savez(
        draft,
        planes=planes,
        gsd_m=scene.gsd_m,
        outline=np.array([shapely.to_wkt(i.outline, rounding_precision=1) for i in scene.implants]),
        kind=np.array([i.wish.kind.value for i in scene.implants]),
        bloom=np.array([i.wish.bloom_per_m2 for i in scene.implants]),
        area_m2=np.array([i.area_m2 for i in scene.implants]),
        ground=ground,
        stratum=stratum.name,
    )
    draft.rename(path)
    return True


def main() -> None:
    """Make the scenes of one hand."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hand", choices=("a", "b"), required=True)
    parser.add_argument("--grounds", help="a, b or real:NAME; the hand's own without it")
    parser.add_argument("--scenes", type=int, default=20, help="for each stratum")
    parser.add_argument("--side-m", type=float, default=110.0)
    parser.add_argument(
        "--per-ha",
        type=float,
        nargs="+",
        default=[2.0, 5.0, 12.0],
        help="patches for each hectare, in turn: ranks depend on how much of a scene is poppy",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    kinds = asked.grounds or asked.hand
    names = [kinds] if ":" in kinds else [f"{kinds}:{name}" for name in grounds_of(kinds)]
    with ProcessPoolExecutor(asked.workers) as pool:
        jobs = {}
        for number in range(asked.scenes):
            ground, seed = names[number % len(names)], asked.seed + number
            per_ha = asked.per_ha[number // len(names) % len(asked.per_ha)]
            for stratum in STRATA:
                job = (asked.folder, ground, asked.hand, stratum, seed, asked.side_m, per_ha)
                jobs[pool.submit(make, *job)] = (ground, stratum.name, per_ha, seed)
        for done in as_completed(jobs):
            print(*jobs[done], done.result(), sep=" | ", file=sys.stderr)


if __name__ == "__main__":
    main()
