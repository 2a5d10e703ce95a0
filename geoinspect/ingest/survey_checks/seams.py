"""Seams of a mosaic: straight steps of light across ground that is otherwise the same.

A seam is a line along which all colours jump by about the same factor while the texture on both
sides stays as it was; the border of a field changes colour or texture, a path comes back to where
it was, a shadow's edge is not straight for long. Steps are looked for in tiles of 64 px (mean
log-brightness of strips on both sides of lines in all directions, as in the Radon transform), then
joined: three tiles that agree on one line (some 150 px) make a seam. It is built to raise no false
alarm: in a single window it finds about two in three steps of 20 % on even ground, hardly any on
coarse texture such as tree crowns, and few below 10 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

TILE_PX = 64
_ANGLES = np.arange(36) * np.pi / 36
# Lines are tried at every pixel this far from a tile's middle; profiles reach to its corners.
_OFFSETS_PX = np.arange(-28, 29)
_REACH_PX = 46
_NEAR_PX, _FAR_PX = 5, 10
_LEAST_STEP = 0.05
_LEAST_CLARITY = 2.5
# All colours step alike, the strips beyond agree with the near ones, texture stays.
_MOST_COLOUR_SPREAD = 0.4
_MOST_SLOPE = 0.8
_MOST_TEXTURE_RATIO = 1.7
_MOST_UNEVEN = 1.0
_SAME_ANGLE_RAD = 0.15
_SAME_LINE_PX = 5.0
_LEAST_TILES = 3


@dataclass(frozen=True, slots=True)
class Seam:
    """A seam in a window: how large the step of brightness (a ratio − 1) and how long."""

    step: float
    length_px: float


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """The largest step of each tile of a window.

    Attributes:
        places: Nearest point of its line to the tile's middle, pixels x, y, shape (tiles, 2).
        angles: Of the line's normal, radians, shape (tiles,).
        steps: Of log-brightness along the normal, shape (tiles,).
    """

    places: F8
    angles: F8
    steps: F8

    def mates(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which chosen tiles lie on each tile's line and step the same way, (tiles, tiles)."""
        turn = self.angles[None, :] - self.angles[:, None]
        flipped = np.abs(turn) > np.pi / 2
        turn = (turn + np.pi / 2) % np.pi - np.pi / 2
        ratio = np.where(flipped, -1, 1) * self.steps[None, :] / self.steps[:, None]
        normals = np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)
        away = np.einsum("ijk,ik->ij", self.places[None] - self.places[:, None], normals)
        same = (np.abs(turn) <= _SAME_ANGLE_RAD) & (ratio >= 0.5) & (ratio <= 2)
        mates: NDArray[np.bool_] = same & (np.abs(away) <= _SAME_LINE_PX) & chosen & chosen[:, None]
        return mates


@cache
def _bins() -> tuple[NDArray[np.int64], F8]:
    """Return the bin of each pixel of a halved tile along each normal, and each bin's count.

    Shapes: (angles, (TILE_PX / 2)²) and (angles, 2 · _REACH_PX); bins are one pixel wide.
    """
    axis = (np.arange(TILE_PX // 2) - (TILE_PX // 2 - 1) / 2) * 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    across = np.multiply.outer(np.cos(_ANGLES), x) + np.multiply.outer(np.sin(_ANGLES), y)
    bins = np.floor(across).astype(np.int64).reshape(len(_ANGLES), -1) + _REACH_PX
    counts = np.stack([np.bincount(row, minlength=2 * _REACH_PX) for row in bins])
    return bins, counts.astype(np.float64)


def _steps(halved: F4) -> F8:
    """Return the step of mean brightness across every line, shape (tiles, angles, offsets).

    Args:
        halved: Log-brightness, shape (tiles, TILE_PX / 2, TILE_PX / 2).
    """
    bins, counts = _bins()
    size, tiles = 2 * _REACH_PX, len(halved)
    values = halved.reshape(-1).astype(np.float64)
    shift = np.repeat(np.arange(tiles) * size, halved[0].size)
    sums = np.stack(
        [
            np.bincount(np.tile(row, tiles) + shift, values, tiles * size).reshape(tiles, size)
            for row in bins
        ],
        axis=1,
    )
    edge = _OFFSETS_PX + _REACH_PX
    light, pixels = (
        np.pad(p, [(0, 0)] * (p.ndim - 1) + [(1, 0)]).cumsum(-1) for p in (sums, counts)
    )

    def mean(start: NDArray[np.int64], end: NDArray[np.int64]) -> F8:
        number = pixels[..., end] - pixels[..., start]
        total = light[..., end] - light[..., start]
        return np.where(number >= TILE_PX // 2, total / np.maximum(number, 1), np.nan)

    steps: F8 = np.nan_to_num(mean(edge, edge + _NEAR_PX) - mean(edge - _NEAR_PX, edge))
    return steps


def seams_of(pixels: NDArray[np.generic], valid: NDArray[np.bool_]) -> tuple[list[Seam], int]:
    """Return the seams of a window and how many of its tiles were looked at.

    Args:
        pixels: Up to three colours, shape (bands, h, w).
        valid: Shape (h, w); only tiles that are all ground are looked at.
    """
    corners = [
        (top, left)
        for top in range(0, valid.shape[0] - TILE_PX + 1, TILE_PX)
        for left in range(0, valid.shape[1] - TILE_PX + 1, TILE_PX)
        if valid[top : top + TILE_PX, left : left + TILE_PX].all()
    ]
    if not corners:
        return [], 0
    logs = _logs(pixels)
    tiles = [logs[:, top : top + TILE_PX, left : left + TILE_PX] for top, left in corners]
    half = TILE_PX // 2
    halved = np.stack([t.mean(axis=0).reshape(half, 2, half, 2).mean(axis=(1, 3)) for t in tiles])
    steps = _steps(halved).reshape(len(tiles), -1)
    best = np.abs(steps).argmax(axis=1)
    largest = steps[np.arange(len(tiles)), best]
    noise = 1.4826 * np.median(np.abs(steps), axis=1)
    clear = np.abs(largest) >= np.maximum(np.log1p(_LEAST_STEP), _LEAST_CLARITY * noise)
    angle = _ANGLES[best // len(_OFFSETS_PX)]
    offset = _OFFSETS_PX[best % len(_OFFSETS_PX)].astype(np.float64)
    middle = np.array(corners)[:, ::-1] + (TILE_PX - 1) / 2
    places = middle + offset[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = _Steps(places, angle, largest)
    # Judging a step costs more than finding one, so those that nobody continues are left out first.
    ours = clear & (found.mates(clear).sum(axis=1) >= _LEAST_TILES)
    for k in np.flatnonzero(ours):
        ours[k] = _is_seam(tiles[k], float(angle[k]), float(offset[k]))
    return _joined(found, ours), len(tiles)


def _logs(pixels: NDArray[np.generic]) -> F4:
    """Return log-brightness of each colour, with a floor so that black has no jumps of its own."""
    values = np.maximum(pixels[:3].astype(np.float32), 0)
    floor = 0.02 * float(values.mean()) + 1e-9
    return np.log(values + np.float32(floor))


def _is_seam(colours: F4, angle: float, offset: float) -> bool:
    """Return whether a step looks like one of light only: see the module."""
    axis = np.arange(TILE_PX) - (TILE_PX - 1) / 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    d = x * np.cos(angle) + y * np.sin(angle) - offset
    along = -x * np.sin(angle) + y * np.cos(angle)
    left, right = (d < -0.5) & (d >= -_NEAR_PX), (d > 0.5) & (d <= _NEAR_PX)
    steps = colours[:, right].mean(axis=1) - colours[:, left].mean(axis=1)
    step = float(steps.mean())
    if np.ptp(steps) > _MOST_COLOUR_SPREAD * abs(step):
        return False
    grey = colours.mean(axis=0)
    beyond_left, beyond_right = (d < -_NEAR_PX) & (d >= -_FAR_PX), (d > _NEAR_PX) & (d <= _FAR_PX)
    for near, beyond in ((left, beyond_left), (right, beyond_right)):
        if beyond.sum() > TILE_PX and (
            abs(float(grey[beyond].mean() - grey[near].mean())) > _MOST_SLOPE * abs(step)
        ):
            return False
    rough = [float(grey[side].std()) + 1e-6 for side in (left, right)]
    if max(rough) > _MOST_TEXTURE_RATIO * min(rough):
        return False
    quarters = np.clip(((along + TILE_PX / 2) // (TILE_PX / 4)).astype(int), 0, 3)
    parts = [
        float(grey[right & (quarters == q)].mean() - grey[left & (quarters == q)].mean()) / step
        for q in range(4)
        if min((right & (quarters == q)).sum(), (left & (quarters == q)).sum()) >= 16
    ]
    return len(parts) >= 2 and all(abs(part - 1) <= _MOST_UNEVEN for part in parts)


def _joined(found: _Steps, ours: NDArray[np.bool_]) -> list[Seam]:
    """Return the seams that three tiles or more agree on."""
    seams, left = [], ours.copy()
    while left.any():
        mates = found.mates(left)
        first = int(mates.sum(axis=1).argmax())
        group = mates[first]
        if group.sum() < _LEAST_TILES:
            break
        step = float(np.expm1(np.median(np.abs(found.steps[group]))))
        seams.append(Seam(step, float(group.sum() * TILE_PX)))
        left &= ~group
    return seams
