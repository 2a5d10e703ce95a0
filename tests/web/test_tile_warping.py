"""Tiles of pictures show pixel for pixel what rio-tiler reads, of every kind of raster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from raster_builders import EAST, NORTH, grass, write_raster
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import transform
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader
from test_tiles import tile_at

from webmap.tiles.warping import Warping, tile_of

SIDE_PX, PIXEL_M = 480, 0.25
NORTH_UP = Affine(PIXEL_M, 0, EAST, 0, -PIXEL_M, NORTH)
TURNED = NORTH_UP @ Affine.rotation(27)
DEGREES = Affine(3e-6, 0, 108.0, 0, -2.5e-6, 30.0)
PIXELS = grass(SIDE_PX, SIDE_PX)
HOLE = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
HOLE[120:320, 160:360] = 0
HALF = np.where(HOLE > 0, HOLE, 120).astype(np.uint8)
HOLED = np.where(HOLE > 0, PIXELS, 0).astype(np.uint8)
FAR = HOLED.astype(np.float32) / np.float32(255)
MAKES: dict[str, dict[str, Any]] = {
    "plain": {"pixels": PIXELS},
    "turned": {"pixels": PIXELS, "transform": TURNED},
    "degrees": {"pixels": PIXELS, "transform": DEGREES, "crs": "EPSG:4326"},
    "mercator": {"pixels": PIXELS, "crs": "EPSG:3857"},
    "alpha": {"pixels": HOLED, "alpha": HOLE},
    "half seen through": {"pixels": PIXELS, "alpha": HALF},
    "nodata": {"pixels": HOLED, "nodata": 0},
    "16 bits and nodata": {"pixels": HOLED.astype(np.uint16) * 40, "nodata": 0},
    "16 bits and alpha": {"pixels": HOLED.astype(np.uint16) * 40, "alpha": HOLE.astype(int) * 257},
    "floats without a number": {"pixels": np.where(HOLE > 0, FAR, np.nan), "nodata": np.nan},
    "grey": {"pixels": HOLED[:1], "nodata": 0},
}


def made(folder: Path, what: str) -> Path:
    path = folder / "made.tif"
    write_raster(path, **({"transform": NORTH_UP} | MAKES.get(what, {"pixels": HOLED})))
    if what == "mask":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as out:
            out.write_mask(HOLE)
    with rasterio.open(path, "r+") as out:
        out.build_overviews([2, 4], Resampling.average)
    return path


def tiles_of(dataset: rasterio.DatasetReader) -> Iterator[tuple[int, int, int]]:
    """Tiles at its middle, its corners and beside it, from far off to far too near."""
    for col, row in ((0.5, 0.5), (0.02, 0.03), (0.98, 0.97), (0.55, 0.6), (1.4, 0.5)):
        x, y = dataset.transform @ (col * dataset.width, row * dataset.height)
        (lon,), (lat,) = transform(dataset.crs, "EPSG:4326", [x], [y])
        for z in (14, 17, 19, 21):
            yield (z, *tile_at(lon, lat, z)[:2])


def by_rio_tiler(
    dataset: rasterio.DatasetReader, at: tuple[int, int, int], indexes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    z, x, y = at
    with Reader(None, dataset=dataset) as reader:
        try:
            image = reader.tile(
                x, y, z, tilesize=256, indexes=indexes, resampling_method="bilinear"
            )
        except TileOutsideBounds:
            return None
    return image.data, image.mask > 0


@pytest.mark.parametrize("what", [*MAKES, "mask"])
def test_tiles_equal_those_of_rio_tiler(tmp_path: Path, what: str) -> None:
    seen = hidden = beside = 0
    with rasterio.open(made(tmp_path, what), driver="GTiff") as dataset:
        warping = Warping.of(dataset)
        assert (warping is None) == (what == "mercator")
        indexes = (1, 2, 3) if dataset.count >= 3 else (1,)
        for at in tiles_of(dataset):
            ours, theirs = (
                tile_of(dataset, warping, at, indexes),
                by_rio_tiler(dataset, at, indexes),
            )
            if ours is None or theirs is None:
                # A tile beside it may be asked for in vain: it holds nothing.
                assert all(not one[1].any() for one in (ours, theirs) if one is not None)
                beside += 1
                continue
            np.testing.assert_array_equal(ours[1], theirs[1])
            np.testing.assert_array_equal(ours[0][:, ours[1]], theirs[0][:, theirs[1]])
            assert ours[0].dtype == theirs[0].dtype
            seen += int(ours[1].sum())
            hidden += int((~ours[1]).sum())
    assert min(seen, hidden, beside) > 0
