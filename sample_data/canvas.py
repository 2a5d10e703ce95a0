"""The canvas of a drone picture: height and colour of every pixel, and stamps that draw on both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sample_data.noise import fractal

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Shades = NDArray[np.floating[Any]]

_TILE_PX = 1024


def linear(red: float, green: float, blue: float) -> F4:
    """Return a colour as reflected light (0–1) from its look on a screen (0–255)."""
    return ((np.array([red, green, blue]) / 255) ** 2.2).astype(np.float32)


@dataclass(eq=False)
class Canvas:
    """What the drone sees, before light and lens.

    Attributes:
        gsd_m: Side of a pixel, metres.
        ground_m: Height of the bare ground, shape (rows, cols).
        height_m: Height of what stands there, the same shape.
        colour: Reflected light 0–1, shape (rows, cols, 3).
    """

    gsd_m: float
    ground_m: F4
    height_m: F4
    colour: F4
    rng: np.random.Generator
    grain: F4 = field(init=False)
    clumps: F4 = field(init=False)

    def __post_init__(self) -> None:
        shape = (_TILE_PX, _TILE_PX)
        self.grain = fractal(shape, self.rng, slope=0.55)
        self.clumps = fractal(shape, self.rng, slope=1.15, coarsest_px=2.5 / self.gsd_m)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_m.shape[0], self.height_m.shape[1]

    def texture(self, tile: F4, cells: I8) -> F4:
        """Return a tile's values for pixels given by flat index, from a random corner."""
        down, right = self.rng.integers(0, _TILE_PX, 2)
        cols = self.shape[1]
        row = (cells // cols + down) & (_TILE_PX - 1)
        col = (cells % cols + right) & (_TILE_PX - 1)
        return np.asarray(tile[row, col])

    def paint(self, cells: I8, colour: Shades, shade: Shades, above_m: Shades | float) -> None:
        """Give pixels a colour (shape (3,) or (n, 3)) times a shade, and a height above ground."""
        self.colour.reshape(-1, 3)[cells] = colour * np.maximum(shade, 0.05)[:, None]
        self.height_m.ravel()[cells] = self.ground_m.ravel()[cells] + above_m

    def stamp(self, blobs: Blobs) -> None:
        """Draw blobs; of two at one pixel the higher stays."""
        rows, cols = self.shape
        row, col = blobs.row, blobs.col
        # What stands outside reaches in with its crown, from the ground at the edge.
        at = np.clip(row, 0, rows - 1).astype(int), np.clip(col, 0, cols - 1).astype(int)
        ground = self.ground_m[at]
        _stamp(
            self.height_m,
            self.colour,
            row,
            col,
            (blobs.radius_m / self.gsd_m).astype(np.float32),
            (ground + blobs.above_m).astype(np.float32),
            blobs.dome_m.astype(np.float32),
            blobs.lobes,
            blobs.depth,
            self.rng.uniform(0, 2 * np.pi, len(row)).astype(np.float32),
            blobs.colour,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Rounded things seen from above: leaves, crowns, petals. All arrays of one length n.

    Attributes:
        row, col: Middle, in pixels.
        radius_m: Mean radius.
        above_m: Height of the rim above ground; ``dome_m`` is added in the middle.
        lobes, depth: Outline is radius * (1 + depth * cos(lobes * angle)).
        colour: Reflected light, shape (n, 3).
    """

    row: F8
    col: F8
    radius_m: F8
    above_m: F8
    dome_m: F8
    lobes: float
    depth: float
    colour: F4


def varied(colours: Sequence[F4], count: int, spread: float, rng: np.random.Generator) -> F4:
    """Return ``count`` colours picked from a palette, each a little different."""
    picked = np.stack(colours)[rng.integers(0, len(colours), count)]
    shade = np.exp(spread * rng.standard_normal((count, 1)))
    tint = np.exp(0.4 * spread * rng.standard_normal((count, 3)))
    return np.asarray(picked * shade * tint, dtype=np.float32)


def _draw(
    height: F4,
    colour: F4,
    row: F8,
    col: F8,
    radius: F4,
    rim: F4,
    dome: F4,
    lobes: float,
    depth: float,
    phase: F4,
    rgb: F4,
) -> None:
    rows, cols = height.shape
    for k in range(len(row)):
        reach = radius[k] * (1 + depth) + 1.0
        top, low = max(0, int(row[k] - reach)), min(rows - 1, int(row[k] + reach))
        left, right = max(0, int(col[k] - reach)), min(cols - 1, int(col[k] + reach))
        for r in range(top, low + 1):
            dy = r + 0.5 - row[k]
            for c in range(left, right + 1):
                dx = c + 0.5 - col[k]
                away = np.sqrt(dx * dx + dy * dy)
                edge = radius[k]
                if depth > 0:
                    edge *= 1 + depth * np.cos(lobes * np.arctan2(dy, dx) + phase[k])
                # Share of the pixel that is covered: soft edges, and specks under a pixel.
                cover = min(edge - away + 0.5, 1.0, 2 * edge)
                if cover <= 0:
                    continue
                part = min(away / max(edge, 0.5), 1.0)
                z = rim[k] + dome[k] * (1 - part * part)
                if z < height[r, c]:
                    continue
                height[r, c] += cover * (z - height[r, c])
                for band in range(3):
                    colour[r, c, band] += cover * (rgb[k, band] - colour[r, c, band])


_stamp: Callable[..., None] = numba.njit(cache=True)(_draw)
