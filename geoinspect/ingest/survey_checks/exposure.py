"""Whether a picture is too bright, too dark or too flat, band by band, from a sample of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

# Levels this close to the end of an 8-bit scale are clipped: JPEG wobbles by one.
_END_LEVELS = 1
# A share this large at one and the same top value of a deeper scale is a clipped end.
_PILE = 0.005
# Darker than this share of white, shadow holds noise and sky only.
_DARK = 0.12
_BLOCKED_LEVELS = 300


@dataclass(frozen=True, slots=True)
class BandLevels:
    """One band: shares of pixels at the black and white end, and how many values it uses."""

    index: int
    role: str
    black: float
    white: float
    levels: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """How light the picture is.

    Attributes:
        bands: Each colour band.
        dark_share: Pixels darker than 12 % of white.
        contrast: Spread of brightness from its 5th to its 95th percentile, as a share of white.
        scale: What the numbers seem to be: ``dn`` (as the camera wrote them), ``0-1`` or
            ``0-10000`` (reflectance); a guess from their type and size.
        few_levels: A deep scale of which hardly more values are used than 8 bits have.
    """

    bands: tuple[BandLevels, ...]
    dark_share: float
    contrast: float
    scale: str
    few_levels: bool


def exposure_of(pixels: NDArray[np.generic], bands: tuple[tuple[int, str], ...]) -> Exposure | None:
    """Return the exposure of sampled valid pixels; None for fewer than 100.

    Args:
        pixels: Shape (bands, n).
        bands: Number in the file and role of each.
    """
    if pixels.shape[1] < 100:
        return None
    dtype = pixels.dtype
    values = pixels.astype(np.float64)
    scale = _scale_of(values, dtype)
    deep = dtype.itemsize > 1
    white = float(np.quantile(values, 0.995)) if deep else (127.0 if dtype.kind == "i" else 255.0)
    levels = tuple(_levels(values[k], dtype, index, role) for k, (index, role) in enumerate(bands))
    colours = [k for k, (_, role) in enumerate(bands) if role in ("red", "green", "blue")]
    bright = values[colours or slice(None)].mean(axis=0) / max(white, 1e-12)
    low, high = np.quantile(bright, [0.05, 0.95])
    few = dtype.kind in "ui" and deep and max(band.levels for band in levels) < _BLOCKED_LEVELS
    return Exposure(levels, float((bright < _DARK).mean()), float(high - low), scale, bool(few))


def _levels(values: F8, dtype: np.dtype[np.generic], index: int, role: str) -> BandLevels:
    used = len(np.unique(values))
    if dtype == np.uint8:
        black, white = values <= _END_LEVELS, values >= 255 - _END_LEVELS
        return BandLevels(index, role, float(black.mean()), float(white.mean()), used)
    top = float((values == values.max()).mean())
    at_white = top if top >= _PILE and used > 2 else 0.0
    return BandLevels(index, role, float((values <= 0).mean()), at_white, used)


def _scale_of(values: F8, dtype: np.dtype[np.generic]) -> str:
    high = float(np.quantile(values, 0.99))
    if dtype.kind == "f" and 0 < high <= 2.0:
        return "0-1"
    # Bright ground reflects up to about 60 %, so reflectance × 10,000 stays well below its top.
    if dtype.itemsize > 1 and len(values) >= 4 and 500 <= high <= 12_000:
        return "0-10000"
    return "dn"
