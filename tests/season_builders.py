"""Simulated seasons of NDVI. All parameters of plants are made up for the tests."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from geoinspect.detect.ndvi_series import NdviSeries
from geoinspect.detect.phenology import Spread, TargetCourse

YEAR = 2024
UTM = "EPSG:32649"
GRID = Affine(10, 0, 500_000, 0, -10, 3_700_000)
# Base, amplitude, half of the rise (day), its width, half of the fall (day), its width.
KINDS = {
    "poppy": (0.15, 0.60, 60, 8, 135, 5),
    "wheat": (0.20, 0.60, 70, 10, 158, 7),
    "maize": (0.15, 0.65, 165, 9, 255, 10),
    "forest": (0.45, 0.40, 105, 8, 300, 12),
    "evergreen": (0.75, 0.05, 120, 20, 280, 20),
}
NAMES = tuple(KINDS)
TARGET = TargetCourse(
    first_day=20,
    last_day=185,
    green_up_day=Spread(60, 12),
    peak_day=Spread(100, 14),
    senescence_day=Spread(135, 10),
    fall_per_day=Spread(0.02, 0.007),
    amplitude=Spread(0.55, 0.12),
)


def logistic(days, base, amplitude, up, up_width, down, down_width) -> np.ndarray:
    rise = 1 / (1 + np.exp(-(days - up) / up_width))
    return base + amplitude * (rise - 1 / (1 + np.exp(-(days - down) / down_width)))


def field(
    seed: int, *, clouds: float = 0.0, masked: bool = False, step: int = 5, until: int = 230
) -> tuple[NdviSeries, np.ndarray]:
    """A simulated county of 32 × 32 pixels with all kinds, few poppies; its kinds by number."""
    rng = np.random.default_rng(seed)
    days = np.arange(-10, until, step)
    kind = rng.choice(len(NAMES), size=(32, 32), p=[0.04, 0.4, 0.22, 0.24, 0.1])
    values = np.empty((len(days), 32, 32))
    for i, j in np.ndindex(kind.shape):
        base, amplitude, up, up_width, down, down_width = KINDS[NAMES[kind[i, j]]]
        values[:, i, j] = logistic(
            days,
            base,
            amplitude * rng.normal(1, 0.06),
            up + rng.normal(0, 5),
            up_width,
            down + rng.normal(0, 4),
            down_width,
        )
    values += rng.normal(0, 0.02, values.shape)
    cloudy = rng.random(values.shape) < clouds
    values[cloudy] = np.nan if masked else rng.uniform(-0.05, 0.25, cloudy.sum())
    dates = tuple(date(YEAR, 1, 1) + timedelta(int(day) - 1) for day in days)
    return NdviSeries(dates, values.astype(np.float32), UTM, GRID, 10.0), kind


def write_series(folder: Path) -> Path:
    """A file may have at most 16 bands: every third date of the season."""
    series, _ = field(1)
    chosen = range(2, len(series.dates), 3)
    path = folder / "ndvi.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(chosen),
        height=32,
        width=32,
        dtype="float32",
        crs=series.crs,
        transform=series.transform,
    ) as dataset:
        for number, index in enumerate(chosen, start=1):
            dataset.write(series.values[index], number)
            dataset.set_band_description(number, series.dates[index].isoformat())
    return path
