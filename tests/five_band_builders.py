"""Simulated five-band pictures: endmember spectra mixed as reflectance. All spectra are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from raster_builders import write_raster

ROLES = ("blue", "green", "red", "rededge", "nir")
ENDMEMBERS = {
    "soil": (0.09, 0.13, 0.17, 0.22, 0.26),
    "grass": (0.04, 0.10, 0.05, 0.22, 0.40),
    "crop": (0.05, 0.12, 0.06, 0.20, 0.44),
    # In the three colours much like the others; told apart by its red edge.
    "target": (0.05, 0.11, 0.06, 0.29, 0.46),
}
# Rows and columns in pixels of 5 cm.
PATCHES = ((120, 150, 70, 80), (420, 380, 60, 60), (300, 90, 60, 50))
SIDE_PX = 600


def five_bands(seed: int = 3, patches: tuple[tuple[int, int, int, int], ...] = PATCHES) -> NDArray:
    """Return reflectance × 10,000, shape (5, SIDE_PX, SIDE_PX), uint16."""
    rng = np.random.default_rng(seed)

    def field(side: int) -> NDArray:
        coarse = rng.random((SIDE_PX // side + 2, SIDE_PX // side + 2))
        return np.kron(coarse, np.ones((side, side)))[:SIDE_PX, :SIDE_PX]

    share = {name: field(side) ** 2 for name, side in (("soil", 9), ("grass", 30), ("crop", 70))}
    share["soil"] *= 0.4
    share["target"] = np.zeros((SIDE_PX, SIDE_PX))
    for row, col, high, wide in patches:
        here = slice(row, row + high), slice(col, col + wide)
        for name in ("grass", "crop"):
            share[name][here] *= 0.25
        share["target"][here] = rng.uniform(0.5, 1.0, (high, wide))
    total = sum(share.values())
    spectra = {name: np.array(values)[:, None, None] for name, values in ENDMEMBERS.items()}
    mixed = sum(spectra[name] * (part / total) for name, part in share.items())
    light = 1 + 0.1 * (field(15) - 0.5) + rng.normal(0, 0.06, (SIDE_PX, SIDE_PX))
    noisy = mixed * light + rng.normal(0, 0.006, mixed.shape)
    return np.clip(noisy * 10_000, 1, 12_000).astype(np.uint16)


def write_five_bands(path: Path, pixels: NDArray, **options: object) -> Path:
    """Write them with their roles as the bands' names."""
    write_raster(path, pixels, photometric="minisblack", **options)
    with rasterio.open(path, "r+", driver="GTiff") as dataset:
        for number, role in enumerate(ROLES[: len(pixels)], start=1):
            dataset.set_band_description(number, role)
    return path
