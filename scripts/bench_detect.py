"""Detection on 20,000 × 20,000 pixels beside reading them: one core, two cores, memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from bench_rows import CRS, SEED, X0, Y0, Line
from rasterio.transform import from_origin
from rasterio.windows import Window

from geoinspect.detect.implants import Picture, Planted, Wish
from geoinspect.detect.run import detect
from geoinspect.detect.scan import Work
from geoinspect.detect.simulate import simulate
from geoinspect.ingest.raster_open import CACHE_BYTES
from geoinspect.search_records import GrowthStage
from geoinspect.settings import load_settings

SIDE_PX, TILE_PX, GSD_M = 20_000, 2_000, 0.03
_REPEAT = 2


def meadow(random: np.random.Generator) -> np.ndarray:
    """Return a textured tile that compresses about as an orthomosaic does, two patches on it."""
    field = np.zeros((TILE_PX, TILE_PX), dtype=np.float32)
    for side in (3, 10, 40, 160):
        coarse = random.normal(size=(TILE_PX // side + 2,) * 2).astype(np.float32)
        field += np.kron(coarse, np.ones((side, side), np.float32))[:TILE_PX, :TILE_PX] * 7
    soil = np.kron(random.random((20, 20)) < 0.3, np.ones((100, 100), dtype=bool))
    tile = np.where(soil, *(np.array(c)[:, None, None] for c in ((150, 120, 95), (92, 124, 66))))
    tile = tile + field + random.normal(scale=5, size=(3, TILE_PX, TILE_PX))
    pixels = np.clip(tile, 1, 254).astype(np.uint8)
    picture = Picture(pixels, np.ones(pixels.shape[1:], dtype=bool), GSD_M)
    wishes = [Wish(Planted.POPPY, area_m2, GrowthStage.FLOWER, 15) for area_m2 in (12, 40)]
    return np.asarray(simulate(picture, wishes, random).pixels)


def write(path: Path, side_px: int) -> None:
    """Write a tiled, compressed raster of meadows, no two tiles alike to the last pixel."""
    random = np.random.default_rng(SEED)
    kinds = [meadow(random) for _ in range(4)]
    profile = {"width": side_px, "height": side_px, "count": 3, "dtype": "uint8", "crs": CRS}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    profile["transform"] = from_origin(X0, Y0, GSD_M, GSD_M)
    with rasterio.open(path, "w", driver="GTiff", photometric="RGB", **profile, **layout) as out:
        for row in range(0, side_px, TILE_PX):
            for col in range(0, side_px, TILE_PX):
                tile = np.rot90(kinds[random.integers(4)], random.integers(4), axes=(1, 2))
                tile = np.roll(tile, random.integers(0, TILE_PX, 2), axis=(1, 2))
                out.write(tile, window=Window(col, row, TILE_PX, TILE_PX))


def read_s(path: Path) -> tuple[float, float]:
    """Return wall and CPU time to read all blocks of all bands in one thread, as the engine does."""
    started, busy = time.perf_counter(), time.process_time()
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), rasterio.open(path, driver="GTiff") as dataset:
        for _, window in dataset.block_windows(1):
            dataset.read(window=window)
    return time.perf_counter() - started, time.process_time() - busy


def peak_mb() -> float:
    """Return the most memory this program has held.

    Not ``ru_maxrss``: a child takes that over from the process that forked it.
    """
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    held = next(line for line in lines if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1024


def alone(path: Path, workers: int) -> dict[str, float]:
    """Return time, memory and finds of a detection, measured in a process of its own."""
    command = [sys.executable, __file__, str(path), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def lines(side_px: int = SIDE_PX) -> list[Line]:
    """Measure and tell."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.tif"
        write(path, side_px)
        # In turns, so that a busy machine harms all alike; the best of each counts.
        reads, one, two = [], [], []
        for _ in range(_REPEAT):
            reads.append(read_s(path))
            one.append(alone(path, 1))
            two.append(alone(path, 2))
        size_mb = path.stat().st_size / 1e6
    raw_s, raw_busy_s = (min(values) for values in zip(*reads, strict=True))
    busy_s = min(told["busy_s"] for told in one)
    one_s, two_s = (min(told["seconds"] for told in runs) for runs in (one, two))
    peak_mb = max(told["peak_mb"] for told in [*one, *two])
    name = (
        f"detect, {side_px:,} × {side_px:,} px, {size_mb:.0f} MB, {one[0]['patches']:.0f} patches"
    )
    peer = f"reading its blocks {raw_s:.1f} s"
    return [
        Line(name, f"{two_s:.1f} s on 2 cores", peer, f"{two_s / raw_s:.1f} × the read", "≤ 8 ×"),
        Line("", f"{one_s:.1f} s on 1 core", "", f"{one_s / raw_s:.1f} × the read", ""),
        Line(
            "",
            f"{busy_s:.1f} s of CPU",
            f"reading {raw_busy_s:.1f} s of CPU",
            f"{busy_s / raw_busy_s:.1f} ×",
            "",
        ),
        Line("", "two cores beside one", "", f"{one_s / two_s:.2f} ×", "≥ 1.7 ×"),
        Line("", f"peak {peak_mb:.0f} MB", "", "", "≤ 1 GB"),
    ]


def main() -> None:
    """Detect once and print what it took."""
    path, workers = Path(sys.argv[1]), int(sys.argv[2])
    if workers == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    settings = load_settings()
    started, busy = time.perf_counter(), time.process_time()
    detection, _ = detect([("big", path)], settings=settings, work=Work(workers=workers))
    told = {
        "seconds": time.perf_counter() - started,
        "busy_s": time.process_time() - busy,
        "peak_mb": peak_mb(),
        "patches": len(detection.patches),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
