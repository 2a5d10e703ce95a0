"""What a camera does to a patch: blur, noise, compression."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

_POOL = 99_991


@dataclass(frozen=True, slots=True)
class Camera:
    """One flight's camera: blur in pixels, JPEG quality, and the way the sun's shade falls."""

    psf_px: float
    quality: int
    shade_x: float
    shade_y: float


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw a camera; its limits are assumptions about survey cameras."""
    turn = rng.uniform(0, 2 * math.pi)
    long = rng.uniform(0.2, 0.6)
    return Camera(
        float(rng.uniform(0.4, 1.2)),
        int(rng.integers(75, 96)),
        long * math.cos(turn),
        long * math.sin(turn),
    )


def reach_px(psf_px: float) -> int:
    """Return how far the blur reaches."""
    return math.ceil(2.5 * psf_px)


def blurred(plane: F4, psf_px: float) -> F4:
    """Return a plane, shape (h, w), blurred by a Gaussian; nothing lies outside."""
    reach = reach_px(psf_px)
    at = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (at / psf_px) ** 2)
    out: F4 = _blur(np.ascontiguousarray(plane), (weights / weights.sum()).astype(np.float32))
    return out


@njit(cache=True, nogil=True, fastmath=True)
def _blur(plane: F4, weights: F4) -> F4:
    """Weigh neighbours along rows, then along columns."""
    h, w = plane.shape
    reach = len(weights) // 2
    across = np.zeros((h, w), dtype=np.float32)
    out = np.zeros((h, w), dtype=np.float32)
    for i in range(h):
        for k in range(-reach, reach + 1):
            weight = weights[k + reach]
            for j in range(max(0, -k), min(w, w - k)):
                across[i, j] += weight * plane[i, j + k]
    for i in range(h):
        for k in range(max(-reach, -i), min(reach, h - 1 - i) + 1):
            weight = weights[k + reach]
            for j in range(w):
                out[i, j] += weight * across[i + k, j]
    return out


def add_grain(colour: F4, share: F4, level: F8, spread: F8, rng: np.random.Generator) -> None:
    """Add shot noise to a picture of shape (3, h, w): ``spread`` at ``level``, growing by root.

    ``share``, shape (h, w), says how much of each pixel's noise has to come from here.
    """
    # Rows start at changing places of one pool of dice, a tenth of the cost of fresh ones.
    pool = rng.standard_normal(_POOL, dtype=np.float32)
    starts = rng.integers(0, _POOL, colour.shape[:2])
    _grain(colour, share, np.maximum(level, 1e-6), spread, pool, starts)


@njit(cache=True, nogil=True)
def _grain(
    colour: F4, share: F4, level: F8, spread: F8, pool: F4, starts: NDArray[np.int64]
) -> None:
    for c in range(3):
        for i in range(share.shape[0]):
            for j in range(share.shape[1]):
                if share[i, j] > 0:
                    bright = np.sqrt(max(colour[c, i, j], 0.0) / level[c])
                    dice = pool[(starts[c, i] + j) % len(pool)]
                    colour[c, i, j] += dice * bright * spread[c] * share[i, j]


def compressed(colour: F4, top: float, quality: int) -> F4:
    """Return what JPEG of this quality leaves of a picture of shape (3, h, w), 0 to ``top``."""
    scale = np.float32(255.0 / top)
    eight = np.clip(colour * scale + np.float32(0.5), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.moveaxis(eight, 0, -1)).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        kept = np.moveaxis(np.asarray(picture.convert("RGB")), -1, 0)
    # Only the error of compression is taken: 16-bit pictures keep their steps.
    lost = kept.astype(np.float32) - eight.astype(np.float32)
    return np.asarray(colour + lost / scale, dtype=np.float32)
