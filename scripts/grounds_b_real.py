"""Ground made of real pictures, quilted from mirrored windows with blended seams."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image

_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagery"
_MOST_ENLARGED = 1.5
# A window is of use when this much of it is seen and not painted on.
_SEEN_SHARE = 0.999
_CHOICES = 8


@dataclass(frozen=True, slots=True)
class _Source:
    file: str
    gsd_m: float
    painted: bool = False
    from_col: int = 0


REAL_GROUNDS: Mapping[str, _Source] = {
    "pasture": _Source("pasture_10cm_rgb.tif", 0.10),
    "plots": _Source("plots_35cm_rgba.tif", 0.353),
    "maize": _Source("maize_2cm_rgba.tif", 0.02, painted=True, from_col=340),
    "woodland": _Source("woodland_1.8cm_rgb.tif", 0.018),
    "urban": _Source("urban_25cm_rgb.tif", 0.25),
}


def real_ground(name: str, seed: int, side_m: float, gsd_m: float) -> NDArray[np.uint8] | None:
    """Return ground quilted from a real picture, shape (3, n, n) with n = side_m / gsd_m.

    Windows of the picture, mirrored at random and chosen to agree, are laid with overlaps; each seam runs
    where the two differ least (Efros & Freeman 2001), softened over a few pixels. None when the
    picture would have to be enlarged more than 1.5 times, or is not there.
    """
    source = REAL_GROUNDS[name]
    if source.gsd_m > _MOST_ENLARGED * gsd_m:
        return None
    loaded = _scaled(name, round(gsd_m, 5))
    if loaded is None:
        return None
    pixels, usable = loaded
    size = max(1, round(side_m / gsd_m))
    block = int(min(size, 0.45 * min(usable.shape), 700))
    corners = _corners(usable, block)
    while not len(corners) and block > 24:
        block = int(block * 0.75)
        corners = _corners(usable, block)
    if not len(corners) or block < 8:
        return None
    return _quilt(pixels, corners, block, size, np.random.default_rng([seed, 99]))


@lru_cache(maxsize=8)
def _scaled(name: str, gsd_m: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Return a picture at another GSD, shape (3, h, w), and where it may be used."""
    source = REAL_GROUNDS[name]
    path = _FOLDER / source.file
    if not path.exists():
        return None
    with rasterio.open(path) as raster:
        bands = raster.read()
    rgb = bands[:3]
    usable = rgb.max(axis=0) > 0
    if len(bands) > 3:
        usable &= bands[3] > 0
    if source.painted:
        usable &= ~_painted(rgb)
    # What lies left of the maize is another field; the two don't mix in a quilt.
    usable[:, : source.from_col] = False
    factor = source.gsd_m / gsd_m
    h, w = (max(1, round(s * factor)) for s in usable.shape)
    ways = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    planes = [np.asarray(Image.fromarray(plane).resize((w, h), ways)) for plane in rgb]
    holes = Image.fromarray(~usable * np.uint8(255)).resize((w, h), Image.Resampling.BOX)
    return np.stack(planes).astype(np.float32), np.asarray(holes) < 2


def _painted(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where marks in pure colours were painted, and a margin around them."""
    values = np.sort(rgb.astype(np.int16), axis=0)
    marks = (values[2] > 150) & (values[2] - values[1] > 110)
    grown = Image.fromarray(marks.astype(np.uint8) * 255).resize(
        (marks.shape[1] // 4, marks.shape[0] // 4), Image.Resampling.BOX
    )
    small = np.asarray(grown) > 60
    wide = small.copy()
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            wide |= np.roll(small, (dy, dx), (0, 1))
    back = Image.fromarray(wide.astype(np.uint8) * 255).resize(
        (marks.shape[1], marks.shape[0]), Image.Resampling.NEAREST
    )
    return np.asarray(back) > 0


def _corners(usable: NDArray[np.bool_], block: int) -> NDArray[np.int64]:
    """Return the upper left corners of windows that are wholly usable."""
    if min(usable.shape) < block:
        return np.empty((0, 2), dtype=np.int64)
    total = np.zeros((usable.shape[0] + 1, usable.shape[1] + 1))
    total[1:, 1:] = usable.cumsum(0).cumsum(1)
    seen = total[block:, block:] - total[:-block, block:] - total[block:, :-block]
    seen = seen + total[:-block, :-block]
    return np.argwhere(seen >= _SEEN_SHARE * block * block)


def _quilt(
    pixels: NDArray[np.float32],
    corners: NDArray[np.int64],
    block: int,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    lap = max(2, block // 5)
    step = block - lap
    count = max(1, math.ceil((size - lap) / step))
    out = np.zeros((3, count * step + lap, count * step + lap), dtype=np.float32)
    for i in range(count):
        for j in range(count):
            here = out[:, i * step : i * step + block, j * step : j * step + block]
            piece = _best_piece(pixels, corners, here, (lap * (i > 0), lap * (j > 0)), rng)
            weight = np.ones((block, block), dtype=np.float32)
            gap = ((here - piece) ** 2).sum(axis=0)
            if j > 0:
                weight[:, :lap] = np.minimum(weight[:, :lap], _seam(gap[:, :lap]))
            if i > 0:
                weight[:lap] = np.minimum(weight[:lap], _seam(gap[:lap].T).T)
            here += weight * (piece - here)
    return np.clip(out[:, :size, :size] + 0.5, 0, 255).astype(np.uint8)


def _best_piece(
    pixels: NDArray[np.float32],
    corners: NDArray[np.int64],
    here: NDArray[np.float32],
    laps: tuple[int, int],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the window, of some drawn, that agrees best with what lies above and to the left."""
    block = here.shape[1]
    best, least = here, math.inf
    for row, col in corners[rng.integers(len(corners), size=_CHOICES)]:
        piece = pixels[:, row : row + block, col : col + block]
        piece = piece[:, :: rng.choice([1, -1]), :: rng.choice([1, -1])]
        above = np.abs(here[:, : laps[0] : 3, ::3] - piece[:, : laps[0] : 3, ::3]).sum()
        beside = np.abs(here[:, ::3, : laps[1] : 3] - piece[:, ::3, : laps[1] : 3]).sum()
        if above + beside < least:
            best, least = piece, float(above + beside)
    return best


def _seam(gap: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weight of the new piece, shape of ``gap``: 0 before the cheapest way down."""
    rows, cols = gap.shape
    cost = gap.copy()
    for i in range(1, rows):
        above = cost[i - 1]
        least = np.minimum(above, np.minimum(np.r_[np.inf, above[:-1]], np.r_[above[1:], np.inf]))
        cost[i] += least
    way = np.empty(rows, dtype=np.int64)
    way[-1] = int(np.argmin(cost[-1]))
    for i in range(rows - 2, -1, -1):
        low = max(0, way[i + 1] - 1)
        way[i] = low + int(np.argmin(cost[i, low : way[i + 1] + 2]))
    soft = max(1.0, cols / 12)
    ramp = (np.arange(cols)[None, :] - way[:, None]) / soft + 0.5
    return np.clip(ramp, 0, 1).astype(np.float32)
