"""Compile the numeric kernels once, at set-up, so that nobody waits for them later.

``python -m geoinspect.warmup`` runs each of them on a tiny case; numba keeps the result in its
cache beside the code.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

from geoinspect.coverage.cells import Thresholds, combine
from geoinspect.coverage.ground import make_ground
from geoinspect.coverage.looks import Sweeper
from geoinspect.coverage.sums import own_sums
from geoinspect.detect.run import detect
from geoinspect.records import Segment
from geoinspect.settings import load_settings


def warm_coverage() -> None:
    """Sweep three points over four cells."""
    square = shapely.box(500_000, 3_763_600, 500_150, 3_763_750)
    ground = make_ground({"a": square}, crs="EPSG:4545", cell_m=100.0, side=8)
    track = Segment(
        np.array([108.0, 108.0005, 108.001]),
        np.array([34.0, 34.0004, 34.0]),
        np.array([0.0, 9.0, 18.0]),
    )
    sweeper = Sweeper(ground)
    looks = [
        sweeper.track([track], width_m=50.0, gap_s=300.0),
        sweeper.picture(shapely.box(108.0, 34.0, 108.001, 34.001), pod=0.8),
    ]
    own_sums(ground, combine(ground, looks, Thresholds()))


def warm_detection() -> None:
    """Search a small picture of noise."""
    random = np.random.default_rng(1)
    pixels = random.integers(60, 160, (3, 96, 96)).astype(np.uint8)
    pixels[:, :12, :12] = 0
    profile = {"width": 96, "height": 96, "count": 3, "dtype": "uint8", "crs": "EPSG:4545"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.tif"
        transform = from_origin(500_000, 3_763_600, 0.05, 0.05)
        with rasterio.open(path, "w", driver="GTiff", transform=transform, **profile) as out:
            out.write(pixels)
        detect([("noise", path)], settings=load_settings())


if __name__ == "__main__":
    warm_coverage()
    warm_detection()
