"""How blurred a picture is, in pixels, from the fall of its power spectrum.

The power spectrum of natural pictures falls as ``f^-slope`` with a slope near 2 (Field 1987, J.
Opt. Soc. Am. A 4; van der Schaaf & van Hateren 1996, Vision Research 36), and white noise is flat.
A Gaussian blur of ``sigma`` pixels multiplies power by ``exp(-4 π² sigma² f²)``. Sigma, slope and
noise are fitted together to the spectrum averaged over directions, so that soft ground (a steep
slope) is not taken for a blurred picture and grain is not taken for detail. The prior holds the
slope near 2 where the spectrum can't tell it from blur. What comes out includes the lens, the
pixel's own aperture, motion, the mosaic's resampling and what JPEG took away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

TILE_PX = 64
_LOWEST, _HIGHEST = 3, 31  # rings of the spectrum in use, in cycles per tile
# Softest of the untouched sample pictures (0.0 to 1.0 px): what a sharp mosaic may have.
OWN_BLUR_PX = 1.0
BLURRED_PX = 1.5
_SIGMAS_PX = np.concatenate([np.arange(0.0, 3.0, 0.1), np.arange(3.0, 8.01, 0.25)])
_SLOPES = np.arange(0.0, 4.01, 0.25)
# Noise power as a share of the lowest ring's, from none to nothing but noise.
_NOISES = np.concatenate([[1e-12], np.logspace(-8, 0, 25)])
_SLOPE_NEAR, _SLOPE_SPREAD = 2.0, 0.8
# Rings of a mean over a window's tiles scatter by about this much in ln(power).
_RING_SCATTER = 0.15
# Signal must stand above noise up to this frequency (cycles per pixel) for blur to be told.
_LEAST_REACH = 0.08


@dataclass(frozen=True, slots=True)
class Blur:
    """Blur of one window.

    Attributes:
        sigma_px: Standard deviation of the Gaussian that fits.
        slope: Of the ground's own spectrum.
        reach: Highest frequency at which the ground stands above noise, cycles per pixel.
    """

    sigma_px: float
    slope: float
    reach: float


def _rings() -> tuple[NDArray[np.int64], F8]:
    """Return the ring of each coefficient of a tile's half spectrum, and the rings' frequencies."""
    across, down = np.fft.rfftfreq(TILE_PX), np.fft.fftfreq(TILE_PX)
    radius = np.hypot(across[None, :], down[:, None]) * TILE_PX
    ring = np.rint(radius).astype(np.int64)
    used = np.arange(_LOWEST, _HIGHEST + 1)
    return ring, used / TILE_PX


_RING, _FREQUENCY = _rings()
_HANN = np.hanning(TILE_PX + 1)[:-1]


def _models() -> tuple[F8, F8, F8]:
    """Return all models as ln(power) less its mean, their penalties, and the blurred ground's part.

    Shapes: (sigmas · slopes · noises, rings), (models,), (models, rings).
    """
    f = _FREQUENCY
    fall = np.exp(-4 * np.pi**2 * _SIGMAS_PX[:, None, None, None] ** 2 * f**2)
    ground = fall * (f / f[0]) ** -_SLOPES[None, :, None, None]
    ground = ground / ground[..., :1]
    noise = np.broadcast_to(_NOISES[None, None, :, None], (*ground.shape[:2], len(_NOISES), 1))
    power = ground + noise
    share = ground / power
    shape = np.log(power)
    shape = shape - shape.mean(axis=-1, keepdims=True)
    prior = np.broadcast_to(
        (((_SLOPES - _SLOPE_NEAR) / _SLOPE_SPREAD) ** 2)[None, :, None], power.shape[:3]
    )
    rings = len(f)
    return shape.reshape(-1, rings), prior.reshape(-1), share.reshape(-1, rings)


_SHAPES, _PRIOR, _SHARES = _models()


def spectrum(tiles: F8) -> F8:
    """Return the mean power of each used ring over tiles, shape (rings,).

    Args:
        tiles: Brightness, shape (tiles, TILE_PX, TILE_PX).
    """
    level = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.rfft2(level * _HANN[:, None] * _HANN[None, :])) ** 2
    mean = power.mean(axis=0)
    sums = np.bincount(_RING.ravel(), mean.ravel(), TILE_PX)
    counts = np.bincount(_RING.ravel(), minlength=TILE_PX)
    return sums[_LOWEST : _HIGHEST + 1] / counts[_LOWEST : _HIGHEST + 1]


def blur_of(tiles: F8) -> Blur | None:
    """Return the blur of a window; None where it is too flat or too grainy to tell.

    Args:
        tiles: Brightness of its tiles, all valid, shape (tiles, TILE_PX, TILE_PX).
    """
    if len(tiles) == 0:
        return None
    power = spectrum(tiles)
    if not np.all(np.isfinite(power)) or power[0] <= 1e-9:
        return None
    seen = np.log(np.maximum(power, power[0] * 1e-12))
    seen = seen - seen.mean()
    misfit = ((_SHAPES - seen) ** 2).sum(axis=1) / _RING_SCATTER**2 + _PRIOR
    best = int(np.argmin(misfit))
    i, rest = divmod(best, len(_SLOPES) * len(_NOISES))
    above = _FREQUENCY[_SHARES[best] > 0.5]
    reach = float(above.max()) if above.size else 0.0
    if reach < _LEAST_REACH:
        return None
    return Blur(float(_SIGMAS_PX[i]), float(_SLOPES[rest // len(_NOISES)]), reach)


def copied_factor(tiles: NDArray[np.generic]) -> float | None:
    """Return how many times rows and columns were repeated (nearest-neighbour enlargement).

    Where pixels were copied, whole rows and columns of a tile equal the ones before them, over and
    over and never more at a stretch than the enlargement; ground does not do that, and even faces
    (a roof, painted over) repeat for longer. 1.0 is no copying; None where the tiles are too even
    to tell.

    Args:
        tiles: All colours of textured tiles, shape (tiles, bands, TILE_PX, TILE_PX).
    """
    across = (tiles[..., 1:] == tiles[..., :-1]).all(axis=(1, 2))
    down = (tiles[..., 1:, :] == tiles[..., :-1, :]).all(axis=(1, 3))
    factors = [
        np.sqrt(one * other)
        for one, other in zip(map(_enlargement, across), map(_enlargement, down), strict=True)
        if one is not None and other is not None
    ]
    return float(np.median(factors)) if factors else None


def _enlargement(repeats: NDArray[np.bool_]) -> float | None:
    """Return the enlargement that repeated lines speak of; None where they repeat too long."""
    changes = np.flatnonzero(np.concatenate([[True], ~repeats, [True]]))
    if repeats.all():
        return None
    factor = 1 / (1 - float(repeats.mean()))
    longest = int(np.diff(changes).max()) - 1
    return factor if longest <= np.ceil(factor) else None
