"""Small seeded rasters for tests: grass with planted patches, written in any way TIFF allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

GSD_M = 0.05
EAST, NORTH = 500_000.0, 3_350_000.0


@dataclass(frozen=True)
class Planted:
    """A rectangle of glaucous plants with petals, in pixels."""

    row: int
    col: int
    height: int
    width: int
    petals: float = 0.03


def grass(
    height: int, width: int, planted: Sequence[Planted] = (), seed: int = 7
) -> NDArray[np.uint8]:
    """Return a meadow as red, green, blue, shape (3, height, width)."""
    rng = np.random.default_rng(seed)
    field = np.zeros((height, width))
    for side in (4, 16, 64, 200):
        coarse = rng.normal(size=(height // side + 2, width // side + 2))
        field += np.kron(coarse, np.ones((side, side)))[:height, :width] * 5
    pixels = np.empty((3, height, width))
    for band, level in enumerate((92, 124, 66)):
        pixels[band] = level + field + rng.normal(scale=5, size=(height, width))
    for patch in planted:
        rows = slice(patch.row, patch.row + patch.height)
        cols = slice(patch.col, patch.col + patch.width)
        pixels[:, rows, cols] += np.array([8.0, -2.0, 38.0])[:, None, None]
        bloom = rng.random((patch.height, patch.width)) < patch.petals
        for band, level in enumerate((235, 180, 225)):
            pixels[band, rows, cols][bloom] = level
    return np.clip(pixels, 1, 254).astype(np.uint8)


def north_up(gsd_m: float = GSD_M) -> Affine:
    """Return the usual geotransform, metres."""
    return Affine(gsd_m, 0, EAST, 0, -gsd_m, NORTH)


def write_raster(
    path: Path,
    pixels: NDArray[Any],
    *,
    crs: str | None = "EPSG:4545",
    transform: Affine | None = None,
    alpha: NDArray[Any] | None = None,
    nodata: float | None = None,
    **options: Any,
) -> Path:
    """Write a GeoTIFF of bands (n, h, w) and return its path; alpha becomes one band more."""
    bands = pixels if alpha is None else np.concatenate([pixels, alpha[None].astype(pixels.dtype)])
    profile = {"compress": "deflate", "tiled": True, "blockxsize": 256, "blockysize": 256}
    profile |= options
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=bands.shape[2],
        height=bands.shape[1],
        count=len(bands),
        dtype=bands.dtype,
        crs=crs,
        transform=transform if transform is not None else north_up(),
        nodata=nodata,
        **profile,
    ) as out:
        out.write(bands)
        if alpha is not None:
            out.colorinterp = [*out.colorinterp[: len(pixels)], ColorInterp.alpha]
    return path
