"""From a lit patch to the picture: soft edge, blur, noise, compression, clipping."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely import Polygon

from geoinspect.detect.simulate.grain import chance, smooth_chance

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TOUCHED = 1e-3
# Three uniform numbers less their mean have this standard deviation: near enough to a Gaussian.
_THREE_UNIFORM = 0.5


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _blurred(planes: F4, kernel: F4) -> F4:
    n, h, w = planes.shape
    reach = kernel.size // 2
    out = np.empty_like(planes)
    line = np.empty((h, w), dtype=np.float32)
    for plane in range(n):
        for y in range(h):
            for x in range(w):
                line[y, x] = 0
            for k in range(kernel.size):
                v = min(h - 1, max(0, y + k - reach))
                for x in range(w):
                    line[y, x] += kernel[k] * planes[plane, v, x]
        for y in range(h):
            for x in range(w):
                total = np.float32(0)
                for k in range(kernel.size):
                    total += kernel[k] * line[y, min(w - 1, max(0, x + k - reach))]
                out[plane, y, x] = total
    return out


def blur(planes: F4, sigma_px: float) -> F4:
    """Blur each plane of shape (n, h, w) with a Gaussian; edges are repeated."""
    reach = max(1, math.ceil(2.5 * sigma_px))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    done: F4 = _blurred(planes, (kernel / kernel.sum()).astype(np.float32))
    return done


def inside_share(shape_px: Polygon, left: int, top: int, h: int, w: int) -> F4:
    """Return which share of each pixel of a box lies in an outline, by 2 × 2 points."""
    sheet = Image.new("L", (2 * w, 2 * h), 0)
    corners = (np.asarray(shape_px.exterior.coords) - (left, top)) * 2 - 0.5
    ImageDraw.Draw(sheet).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(np.asarray(sheet).reshape(h, 2, w, 2).mean(axis=(1, 3)), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Bed:
    """The worked ground between the plants.

    Attributes:
        soil: Its mean colour, shape (3,).
        weight: How far it replaces what was there; 0 leaves that.
        clods: Share by which it varies.
        scale_px: Size of its clods.
    """

    soil: F8
    weight: float
    clods: float
    scale_px: float


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _composed(
    rgb: F4,
    layers: F4,
    inside: F4,
    soil: F8,
    weight: float,
    clods: float,
    scale_px: float,
    noise: float,
    seed: int,
) -> Flags:
    h, w = inside.shape
    touched = np.zeros((h, w), dtype=np.bool_)
    for y in range(h):
        for x in range(w):
            share = inside[y, x] * weight
            cover = min(1.0, max(0.0, 1.0 - layers[3, y, x]))
            if share <= _TOUCHED and cover <= _TOUCHED:
                continue
            touched[y, x] = True
            tone = 1.0
            if share > _TOUCHED:
                u, v = x / scale_px, y / scale_px
                rough = 2.2 * (smooth_chance(u, v, seed) - 0.5)
                rough += 1.5 * (smooth_chance(3.1 * u, 3.1 * v, seed + 1) - 0.5)
                rough += 1.2 * (chance(x, y, seed + 2) - 0.5)
                tone = max(0.3, 1.0 + clods * rough)
            new = max(share, cover)
            common = chance(x, y, seed + 3) + chance(x, y, seed + 4) + chance(x, y, seed + 5) - 1.5
            for band in range(3):
                was = rgb[band, y, x]
                ground = was + share * (soil[band] * tone - was)
                own = chance(x, y, seed + 6 + band) + chance(x, y, seed + 9 + band) - 1.0
                grain = noise * new * (0.8 * common / _THREE_UNIFORM + 1.47 * own)
                rgb[band, y, x] = ground * layers[3, y, x] + layers[band, y, x] + grain
    return touched


def compose(rgb: F4, layers: F4, inside: F4, bed: Bed, noise: float, seed: int) -> Flags:
    """Lay a patch over a box, in place, with noise like the picture's own where it is new.

    Args:
        rgb: The box, shape (3, h, w); changed.
        layers: What `canopy.to_pixels` returned, blurred; shape (4, h, w).
        inside: Share of each pixel within the outline, soft, shape (h, w).
        noise: Standard deviation of a band, in the picture's unit.

    Returns:
        Which pixels were touched, shape (h, w).
    """
    args = (bed.soil, bed.weight, bed.clods, bed.scale_px, noise, seed)
    touched: Flags = _composed(rgb, layers, inside, *args)
    return touched


def compressed(rgb: F4, ceiling: float, quality: int) -> F4:
    """Return a box after JPEG at a quality, shape (3, h, w), any unit up to ``ceiling``."""
    scale = np.float32(255.0 / ceiling)
    bytes_ = np.clip(rgb * scale + 0.5, 0, 255).astype(np.uint8)
    store = io.BytesIO()
    flat = Image.fromarray(np.ascontiguousarray(bytes_.transpose(1, 2, 0)))
    flat.save(store, "JPEG", quality=quality)
    back = np.asarray(Image.open(store), dtype=np.float32).transpose(2, 0, 1)
    # Only what the compression changed, so that 16-bit pictures keep their fine steps.
    return np.asarray(rgb + (back - bytes_) / scale, dtype=np.float32)


@njit(cache=True, nogil=True)
def lay(out: NDArray[np.generic], after: F4, touched: Flags, ceiling: float) -> None:
    """Round a box into the picture where it was touched; what was brighter than white may stay."""
    for band in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                if touched[y, x]:
                    limit = max(float(out[band, y, x]), ceiling)
                    out[band, y, x] = int(min(limit, max(0.0, after[band, y, x] + 0.5)))
