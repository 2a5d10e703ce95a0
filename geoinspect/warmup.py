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
from numpy.typing import NDArray
from rasterio.transform import from_origin

from geoinspect.confidence.absence import searched_cells
from geoinspect.confidence.draws import Exposures, FixedPrior, Uncertainty, draw_claims
from geoinspect.coverage.cells import Thresholds, combine
from geoinspect.coverage.gaps import find_gaps
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Sweeper
from geoinspect.coverage.sensitivity import searched_well
from geoinspect.coverage.sums import own_sums
from geoinspect.detect.implants import Picture, Planted, Wish
from geoinspect.detect.rehearse import rehearse
from geoinspect.detect.run import detect
from geoinspect.detect.simulate import simulate
from geoinspect.detect.spectral import Levels, Moments, ace, background_of, matched_filter, rx
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import PlanCells, PlanOptions
from geoinspect.records import Segment
from geoinspect.search_records import DetectionLaw, GrowthStage
from geoinspect.settings import load_settings

_SIDE, _GSD_M = 320, 0.05


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
    table = combine(ground, looks, Thresholds(), DetectionLaw.INVERSE_CUBE)
    own_sums(ground, table)
    find_gaps(ground, table.state == 0, {"a": "a"})
    well = searched_well(ground, table)
    cells = searched_cells(well.sensitivity)
    exposures = Exposures(well.exposure, well.cap, well.scale, well.methods, ~well.pictured)
    draw_claims(cells, exposures, Uncertainty(FixedPrior(0.5), (0.3,) * len(well.methods), draws=2))
    warm_plan(ground, well.sensitivity)


def warm_plan(ground: Ground, sensitivity: NDArray[np.float64]) -> None:
    """Plan one short walk over four cells, past a small square that nobody may enter."""
    cells = PlanCells(
        ground.cell_row.astype(np.int64),
        ground.cell_col.astype(np.int64),
        ground.grid.cell_m,
        ground.cell_m2,
        sensitivity,
        np.ones(len(sensitivity)),
        ground.grid.crs,
    )
    starts = ((500_020.0, 3_763_620.0), (500_120.0, 3_763_620.0))
    options = PlanOptions(starts, teams=2, hours=0.2, iterations=50)
    no_go = (shapely.box(500_060, 3_763_660, 500_070, 3_763_670),)
    plan_patrol(cells, options, no_go, lambda x, y: 0.1 * (x + y))


def warm_detection() -> None:
    """Search small meadows of noise with a plot on them, in each type that pixels come in."""
    random = np.random.default_rng(1)
    green = np.array([92, 124, 66])[:, None, None] + random.normal(0, 12, (3, _SIDE, _SIDE))
    pixels = np.clip(green, 1, 254).astype(np.uint8)
    wish = Wish(Planted.POPPY, 12.0, GrowthStage.FLOWER, 15.0)
    picture = Picture(pixels, np.ones(pixels.shape[1:], dtype=np.bool_), _GSD_M)
    planted = simulate(picture, [wish], random).pixels
    rehearse(picture, [wish], random)
    settings = load_settings()
    profile = {"width": _SIDE, "height": _SIDE, "count": 3, "crs": "EPSG:4545"}
    profile["transform"] = from_origin(500_000, 3_763_600, _GSD_M, _GSD_M)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("uint8", "uint16", "float32"):
            path = Path(folder) / f"{kind}.tif"
            with rasterio.open(path, "w", driver="GTiff", dtype=kind, **profile) as out:
                out.write(planted.astype(kind))
            detect([(kind, path)], settings=settings)
    warm_spectral(pixels)


def warm_spectral(pixels: NDArray[np.uint8]) -> None:
    """Compare a small picture with itself, in each type that pixels come in."""
    valid = np.ones(pixels.shape[1:], dtype=np.bool_)
    valid[:9] = False
    for kind in (np.uint8, np.uint16, np.float32):
        bands = pixels.astype(kind)
        levels = Levels.of_dtype(bands.dtype, len(bands)) or Levels.of_range((0,) * 3, (255,) * 3)
        background = background_of(Moments.of_block(bands, valid, levels))
        assert background is not None
        rx(bands, valid, background)
        for against in (matched_filter, ace):
            against(bands, valid, background, np.array([60.0, 90.0, 80.0]))


if __name__ == "__main__":
    warm_coverage()
    warm_detection()
