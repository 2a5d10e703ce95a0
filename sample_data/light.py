"""Sun, lens and sensor: how a canvas of heights and colours becomes a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

import numba
import numpy as np
from numpy.typing import NDArray

from sample_data.canvas import Canvas
from sample_data.noise import smooth_field

F4 = NDArray[np.float32]

_SKY = np.array([0.30, 0.35, 0.43], np.float32)
_SUN = np.array([1.00, 0.94, 0.84], np.float32)
_HAZE = 0.10
# A point spreads over 0.6 pixels (deviation): weight of the pixel itself and of each neighbour.
_LENS = (0.67, 0.165)
_BAND_ROWS = 512


@dataclass(frozen=True, slots=True)
class Weather:
    """Sun and camera of one flight.

    Attributes:
        azimuth_deg: Of the sun; between 100 and 260, as shadows are cast northward.
        elevation_deg: Of the sun.
        exposure: 1 is neutral.
        white: Gain of red, green and blue.
        noise_dn: Deviation of the sensor's noise, grey levels.
    """

    azimuth_deg: float
    elevation_deg: float
    exposure: float
    white: tuple[float, float, float]
    noise_dn: float


def photograph(canvas: Canvas, weather: Weather) -> NDArray[np.uint8]:
    """Return the picture, shape (rows, cols, 3)."""
    shadow = _shadow(canvas, weather)
    azimuth, elevation = radians(weather.azimuth_deg), radians(weather.elevation_deg)
    sun = (cos(elevation) * sin(azimuth), cos(elevation) * cos(azimuth), sin(elevation))
    _light(canvas.colour, canvas.height_m, shadow, canvas.gsd_m, np.array(sun, np.float32))
    del shadow
    gain = _mosaic_gain(canvas)
    gain *= weather.exposure
    white = np.array(weather.white, np.float32)
    picture = np.empty((*canvas.shape, 3), np.uint8)
    for top in range(0, canvas.shape[0], _BAND_ROWS):
        low = min(top + _BAND_ROWS, canvas.shape[0])
        noise = canvas.rng.standard_normal((low - top, canvas.shape[1], 3), dtype=np.float32)
        noise *= weather.noise_dn
        _expose(picture, canvas.colour, gain, white, noise, top)
    return picture


def _light_pixels(colour: F4, height: F4, shadow: F4, gsd_m: float, sun: F4) -> None:
    rows, cols = height.shape
    level = _SKY + _SUN * sun[2]
    for r in range(rows):
        up, down = max(r - 1, 0), min(r + 1, rows - 1)
        for c in range(cols):
            left, right = max(c - 1, 0), min(c + 1, cols - 1)
            south = (height[down, c] - height[up, c]) / ((down - up) * gsd_m)
            east = (height[r, right] - height[r, left]) / ((right - left) * gsd_m)
            south = min(max(south, -1.6), 1.6)
            east = min(max(east, -1.6), 1.6)
            facing = (sun[2] - east * sun[0] + south * sun[1]) / np.sqrt(
                1 + south * south + east * east
            )
            direct = max(facing, 0.0) * (1 - shadow[r, c])
            for band in range(3):
                colour[r, c, band] *= (_SKY[band] + direct * _SUN[band]) / level[band]


def _expose_pixels(
    picture: NDArray[np.uint8], lit: F4, gain: F4, white: F4, noise: F4, top: int
) -> None:
    rows, cols = gain.shape
    seen = np.empty(3, np.float32)
    for r in range(top, top + noise.shape[0]):
        for c in range(cols):
            for band in range(3):
                total = 0.0
                for dr in range(-1, 2):
                    for dc in range(-1, 2):
                        weight = _LENS[abs(dr)] * _LENS[abs(dc)]
                        near_r, near_c = (
                            min(max(r + dr, 0), rows - 1),
                            min(max(c + dc, 0), cols - 1),
                        )
                        total += weight * lit[near_r, near_c, band]
                seen[band] = total * gain[r, c] * white[band]
            grey = (seen[0] + seen[1] + seen[2]) / 3
            for band in range(3):
                # Air between ground and lens takes colour away; then a soft shoulder and gamma.
                value = (1 - _HAZE) * seen[band] + _HAZE * grey + 0.006
                value = value * (1 + value / 2.2) / (1 + value)
                level = 6 + 246 * value ** (1 / 2.2) + noise[r - top, c, band]
                picture[r, c, band] = np.uint8(min(max(level + 0.5, 1.0), 255.0))


_light: Callable[..., None] = numba.njit(cache=True)(_light_pixels)
"""Multiply colours by the light that falls on them, relative to level open ground.

``sun`` points to the sun: east, north, up.
"""

_expose: Callable[..., None] = numba.njit(cache=True)(_expose_pixels)
"""Blur by the lens, grade and add noise to the rows of a band that begins at ``top``."""


def _shadow(canvas: Canvas, weather: Weather) -> F4:
    """Return 0 (lit) to 1 (shaded), by carrying each row's shadow height on to the next."""
    azimuth = np.radians(weather.azimuth_deg)
    aside = np.tan(azimuth - np.pi)
    run_m = canvas.gsd_m / abs(np.cos(azimuth))
    drop_m = np.float32(run_m * np.tan(np.radians(weather.elevation_deg)))
    cols = canvas.shape[1]
    whole = int(np.floor(aside))
    share = np.float32(aside - whole)
    at = np.clip(np.arange(cols) - whole, 0, cols - 1)
    beside = np.clip(at - 1, 0, cols - 1)
    shaded = np.empty_like(canvas.height_m)
    carried = np.full(cols, -np.inf, np.float32)
    for row in range(canvas.shape[0] - 1, -1, -1):
        height = canvas.height_m[row]
        shaded[row] = np.clip((carried - height) / 0.10, 0, 1)
        top = np.maximum(height, carried)
        carried = (1 - share) * top[at] + share * top[beside] - drop_m
    return shaded


def _mosaic_gain(canvas: Canvas) -> F4:
    """Return the brightness of the pictures that the mosaic was cut from, with its seams."""
    rows, cols = (side // 4 + 1 for side in canvas.shape)
    span_px = 26.0 / canvas.gsd_m / 4
    rng = canvas.rng
    count = max(4, int(rows * cols / span_px**2))
    centre = rng.uniform((0, 0), (rows, cols), (count, 2))
    row, col = np.mgrid[:rows, :cols].astype(np.float32)
    row += 0.12 * span_px * smooth_field((rows, cols), span_px * 0.5, rng)
    nearest = np.full((rows, cols), np.inf, np.float32)
    gain = np.ones((rows, cols), np.float32)
    for (r, c), level in zip(centre, rng.normal(1, 0.022, count), strict=True):
        away = (row - np.float32(r)) ** 2 + (col - np.float32(c)) ** 2
        closer = away < nearest
        nearest[closer] = away[closer]
        gain[closer] = level
    cloud = 1 + 0.04 * smooth_field((rows, cols), span_px * 2.5, rng)
    full = np.repeat(np.repeat(gain * cloud, 4, axis=0), 4, axis=1)
    return np.asarray(full[: canvas.shape[0], : canvas.shape[1]])
