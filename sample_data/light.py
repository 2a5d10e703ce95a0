"""Sun, lens and sensor: how a canvas of heights and colours becomes a picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from sample_data.canvas import Canvas
from sample_data.noise import smooth_field

F4 = NDArray[np.float32]

_SKY = np.array([0.30, 0.35, 0.43], np.float32)
_SUN = np.array([1.00, 0.94, 0.84], np.float32)
_HAZE = np.float32(0.16)
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
    rng = canvas.rng
    shadow = _shadow(canvas, weather)
    gain = _mosaic_gain(canvas)
    picture = np.empty((*canvas.shape, 3), np.uint8)
    rows = canvas.shape[0]
    for top in range(0, rows, _BAND_ROWS):
        low = min(top + _BAND_ROWS, rows)
        # Two rows more on either side, for slopes and for the blur.
        first, last = max(top - 2, 0), min(low + 2, rows)
        lit = canvas.colour[first:last] * _light(canvas, shadow, weather, first, last)
        lit = _blurred(lit)[top - first : low - first]
        lit *= gain[top:low, :, None] * np.array(weather.white, np.float32) * weather.exposure
        np.clip(lit, 0, None, out=lit)
        # Air between the ground and the lens takes some of the colour away.
        grey = lit.mean(axis=2, keepdims=True)
        lit = (1 - _HAZE) * lit + _HAZE * grey + np.float32(0.012)
        # A soft shoulder instead of clipped whites, then the screen's gamma.
        lit = lit * (1 + lit / 2.2) / (1 + lit)
        seen = 6 + 246 * lit ** np.float32(1 / 2.2)
        seen += weather.noise_dn * rng.standard_normal(seen.shape, dtype=np.float32)
        picture[top:low] = np.clip(np.round(seen), 1, 255).astype(np.uint8)
    return picture


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


def _light(canvas: Canvas, shadow: F4, weather: Weather, first: int, last: int) -> F4:
    """Return the light on some rows relative to level open ground, shape (rows, cols, 3)."""
    azimuth, elevation = radians(weather.azimuth_deg), radians(weather.elevation_deg)
    south, east = np.gradient(canvas.height_m[first:last], canvas.gsd_m)
    np.clip(south, -1.6, 1.6, out=south)
    np.clip(east, -1.6, 1.6, out=east)
    facing = sin(elevation) - cos(elevation) * (east * sin(azimuth) - south * cos(azimuth))
    facing /= np.sqrt(1 + south**2 + east**2)
    direct = np.maximum(facing, 0) * (1 - shadow[first:last])
    level = _SKY + _SUN * np.float32(sin(elevation))
    return np.asarray((_SKY + direct[:, :, None] * _SUN) / level, dtype=np.float32)


def _blurred(picture: F4) -> F4:
    """Return the picture through a lens: a point spreads over 0.6 pixels (deviation)."""
    side, middle = np.float32(0.165), np.float32(0.67)
    across = middle * picture
    across[:, 1:] += side * picture[:, :-1]
    across[:, :-1] += side * picture[:, 1:]
    across[:, 0] += side * picture[:, 0]
    across[:, -1] += side * picture[:, -1]
    both = middle * across
    both[1:] += side * across[:-1]
    both[:-1] += side * across[1:]
    both[0] += side * across[0]
    both[-1] += side * across[-1]
    return np.asarray(both)


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
