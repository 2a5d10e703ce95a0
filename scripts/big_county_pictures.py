"""Small simulated drone pictures, as cloud-optimised files to be laid anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

PICTURE_M = 1_400.0
PICTURE_PX = 2048
TEMPLATES = 4


def template_pictures(folder: Path, random: np.random.Generator) -> list[Path]:
    """Return the paths of some pictures of meadows; they lie nowhere yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_picture(folder / f"{n}.tif", random) for n in range(TEMPLATES)]


def _picture(path: Path, random: np.random.Generator) -> Path:
    coarse = random.integers(60, 190, (48, 48, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BICUBIC)
    grain = random.normal(0, 6, (PICTURE_PX, PICTURE_PX, 1))
    pixels = np.clip(np.asarray(smooth, np.float64) + grain, 1, 254).astype(np.uint8)
    plain = path.with_suffix(".plain.tif")
    transform = rasterio.transform.from_bounds(0, 0, 0.01, 0.01, PICTURE_PX, PICTURE_PX)
    profile = {
        "driver": "GTiff",
        "width": PICTURE_PX,
        "height": PICTURE_PX,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:4326",
        "transform": transform,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "JPEG",
        "photometric": "YCBCR",
    }
    with rasterio.open(plain, "w", **profile) as out:
        out.write(np.moveaxis(pixels, 2, 0))
    with rasterio.open(plain, "r+", driver="GTiff") as raster:
        raster.build_overviews([2, 4, 8], rasterio.enums.Resampling.average)
    plain.replace(path)
    return path
