"""Texture and colours for a patch, taken from the same picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.implants import Picture
from geoinspect.detect.rehearse.layers import between_knots
from geoinspect.detect.rehearse.siting import Grounds

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

# How grass and bare soil of middling brightness look to a camera set by daylight, 0–1 of white;
# used only where a picture has none of its own.
_GRASS = np.array([0.40, 0.47, 0.29])
_EARTH = np.array([0.58, 0.50, 0.41])
_PIECE_M = 3.0
_LEAST_PIECE_BLOCKS = 3
_LEAFY_SHARE = 0.85
_CHOICES = 10
# Soil is darker under and beside plants: moist, and tilled.
_LEAST_SOIL_BLOCKS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Colours of a picture, each of shape (3,), in its own units.

    Attributes:
        leaf: Of its low vegetation; ``soil``: of its bare ground; ``white``: of white petals.
        noise: Spread of the sensor's noise at the brightness of ``leaf``, by channel.
    """

    leaf: F8
    soil: F8
    white: F8
    noise: F8


def palette_of(picture: Picture, grounds: Grounds) -> Palette:
    """Take colours and noise from a picture with open ground; what it lacks is guessed by its light."""
    flat = grounds.colour
    middle = np.median(flat[:, grounds.open], axis=1).astype(np.float64)
    light = middle.mean() / _EARTH.mean()
    if grounds.leafy.sum() >= _LEAST_PIECE_BLOCKS**2:
        leafy = flat[:, grounds.leafy]
        # The greener half: the rest has soil and dead leaves in it.
        excess = leafy[1] / np.maximum(leafy.sum(axis=0), 1e-6)
        leaf = np.median(leafy[:, excess >= np.median(excess)], axis=1).astype(np.float64)
    else:
        # The cast of the ground's colour is half the camera's, half the soil's own.
        cast = np.sqrt(np.clip(middle / (_EARTH * light), 0.7, 1.4))
        leaf = _GRASS * light * cast
    if grounds.soil.sum() >= _LEAST_SOIL_BLOCKS:
        soil = np.median(flat[:, grounds.soil], axis=1).astype(np.float64)
    else:
        soil = leaf * (_EARTH / _GRASS) * 0.9
    top = brightest(picture)
    # Petals reflect three to four times as much as leaves, which a camera's curve compresses.
    level = min(2.3 * float(leaf.mean()), 0.98 * top)
    cast = np.sqrt(np.clip(soil / soil.mean() / (_EARTH / _EARTH.mean()), 0.8, 1.25))
    return Palette(leaf, soil, np.minimum(level * cast, top), _noise_of(picture))


def brightest(picture: Picture) -> float:
    """Return the most a pixel of the picture can hold."""
    return float(256**picture.pixels.dtype.itemsize - 1)


def _noise_of(picture: Picture) -> F8:
    """Return the noise by channel, from second differences (Immerkær 1996) where all is calm."""
    h, w = picture.valid.shape
    if min(h, w) < 8:
        return np.zeros(3)
    cut = picture.pixels[:, : min(h, 512), : min(w, 512)].astype(np.float32)
    valid = picture.valid[: cut.shape[1], : cut.shape[2]]
    calm = valid[1:-1, 1:-1] & valid[:-2, :-2] & valid[2:, 2:]
    out = np.zeros(3)
    if not calm.any():
        return out
    for c, plane in enumerate(cut):
        cross = plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:]
        corner = plane[:-2, :-2] + plane[2:, 2:] + plane[:-2, 2:] + plane[2:, :-2]
        bend = np.abs(4 * plane[1:-1, 1:-1] - 2 * cross + corner)[calm]
        # The calmest fifth: elsewhere it is texture that bends.
        out[c] = np.percentile(bend, 10) / (6 * 0.126)
    return out


def donor_texture(
    picture: Picture, grounds: Grounds, palette: Palette, size: tuple[int, int],
    rng: np.random.Generator,
) -> F4:  # fmt: skip
    """Return low vegetation of the picture quilted over a window, shape (3, h, w).

    Pieces of some 3 m, turned and mirrored, all from places of like colour. Grown from noise at
    several scales where the picture has no vegetation that large.
    """
    side = max(1, round(_PIECE_M / (grounds.block_px * picture.gsd_m)))
    need = -(-max(size) // grounds.block_px) + 1
    side = min(side, need)
    corners = _leafy_corners(grounds, side)
    while not len(corners) and side > _LEAST_PIECE_BLOCKS:
        side = max(_LEAST_PIECE_BLOCKS, side * 2 // 3)
        corners = _leafy_corners(grounds, side)
    if not len(corners) or side * grounds.block_px < 6:
        return grown_texture(palette, size, picture.gsd_m, rng)
    first = corners[rng.integers(len(corners))]
    wanted = _mean_colours(grounds, first[None], side)[0]
    piece_px = side * grounds.block_px
    lap = max(2, piece_px // 6)
    step = piece_px - lap
    rows, cols = (-(-max(1, n - lap) // step) for n in size)
    out = np.zeros((3, rows * step + lap, cols * step + lap), dtype=np.float32)
    ramp = np.clip((np.arange(piece_px) + 0.5) / lap, 0, 1).astype(np.float32)
    for i in range(rows):
        for j in range(cols):
            at = _like(grounds, corners, wanted, side, rng) * grounds.block_px
            piece = _turned(
                picture.pixels[:, at[0] : at[0] + piece_px, at[1] : at[1] + piece_px], rng
            )
            weight = (ramp if i else 1.0) * np.ones(piece_px, dtype=np.float32)
            across = (ramp if j else 1.0) * np.ones(piece_px, dtype=np.float32)
            here = out[:, i * step : i * step + piece_px, j * step : j * step + piece_px]
            here += np.minimum(weight[:, None], across[None, :]) * (piece - here)
    return np.ascontiguousarray(out[:, : size[0], : size[1]])


def _turned(piece: NDArray[np.generic], rng: np.random.Generator) -> F4:
    turned = np.rot90(piece, int(rng.integers(4)), axes=(1, 2))
    return np.asarray(turned[:, :, ::-1] if rng.random() < 0.5 else turned, dtype=np.float32)


def _leafy_corners(grounds: Grounds, side: int) -> NDArray[np.int64]:
    """Return upper left blocks of squares that are low vegetation nearly everywhere."""
    if side in grounds.donors:
        return grounds.donors[side]
    rows, cols = grounds.leafy.shape
    if rows < side or cols < side:
        return np.empty((0, 2), dtype=np.int64)
    total = np.zeros((rows + 1, cols + 1), dtype=np.int64)
    total[1:, 1:] = grounds.leafy.cumsum(0).cumsum(1)
    count = (
        total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    )
    grounds.donors[side] = np.argwhere(count >= _LEAFY_SHARE * side * side)
    return grounds.donors[side]


def _mean_colours(grounds: Grounds, at: NDArray[np.int64], side: int) -> F8:
    """Return the mean colours of squares of blocks, shape (n, 3), from running sums."""
    row, col = at.T
    sums = grounds.running
    total = sums[:, row + side, col + side] - sums[:, row, col + side]
    total += sums[:, row, col] - sums[:, row + side, col]
    return np.asarray(total.T / side**2)


def _like(
    grounds: Grounds, corners: NDArray[np.int64], wanted: F8, side: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the place, of a few drawn, whose colour is nearest to the one wanted."""
    drawn = corners[rng.integers(len(corners), size=_CHOICES)]
    far = ((_mean_colours(grounds, drawn, side) - wanted) ** 2).sum(axis=1)
    return np.asarray(drawn[int(np.argmin(far))])


def grown_texture(
    palette: Palette, size: tuple[int, int], gsd_m: float, rng: np.random.Generator
) -> F4:
    """Return vegetation made of noise at several scales, in the picture's leaf colour."""
    light = np.ones(size, dtype=np.float32)
    for scale_m, depth in ((0.0, 0.10), (0.08, 0.09), (0.3, 0.07), (1.5, 0.05)):
        light += np.float32(depth) * smooth_noise(size, max(1.0, scale_m / gsd_m), rng)
    hue = smooth_noise(size, max(1.0, 0.6 / gsd_m), rng) * np.float32(0.05)
    tints = np.stack([1 + hue, np.ones_like(hue), 1 - hue])
    return np.asarray(palette.leaf[:, None, None] * tints * light, dtype=np.float32)


def smooth_noise(size: tuple[int, int], scale_px: float, rng: np.random.Generator) -> F4:
    """Return noise of about unit spread that changes over ``scale_px`` pixels."""
    h, w = size
    rows, cols = int(h / scale_px) + 3, int(w / scale_px) + 3
    knots = rng.standard_normal((rows, cols), dtype=np.float32) * np.float32(1.3)
    if scale_px <= 1.0:
        return knots[:h, :w] / np.float32(1.3)
    plane: F4 = between_knots(knots, h, w, scale_px)
    return plane
