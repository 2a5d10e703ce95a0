"""The model's own grid over a raster: windows on one lattice, pixels brought to the model's size.

Pixel i of the grid covers pixels i·f to (i + 1)·f of the raster, f being how much larger the
model's pixels are, counted from the raster's corner: what a window shows of a place doesn't depend
on where the window lies. Windows belong to rectangles of whole blocks, so that each block is
answered once. The lattice is part of the method, not of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rasterio.windows import Window

from geoinspect.detect.onnx.manifest import Manifest
from geoinspect.detect.scene import RasterScene
from geoinspect.detect.sheets import Scale

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Pixels this much alike in size are taken as they are, rather than blurred.
_SAME = 0.05
# Pixels of the raster read at once.
_READ_PX = 4_000_000


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of blocks, the lower bounds exclusive, and the window that answers for it.

    Attributes:
        row, col: Corner of the window in pixels of the grid, below 0 at the raster's edge.
    """

    top: int
    left: int
    bottom: int
    right: int
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Lattice:
    """How a model's windows lie on a raster.

    Attributes:
        factor: Side of a pixel of the model in pixels of the raster.
        window_px: Height and width of the windows, in pixels of the model.
        halo_px: Edge of a window that is thrown away.
        step: Windows begin at whole multiples of it.
        block_px: Side of a block in pixels of the raster.
        tile_blocks: Height and width of a tile in blocks.
        raster_px: Height and width of the raster.
    """

    factor: float
    window_px: tuple[int, int]
    halo_px: int
    step: int
    block_px: int
    tile_blocks: tuple[int, int]
    raster_px: tuple[int, int]

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        scale: Scale,
        raster_px: tuple[int, int],
        *,
        tile_blocks: tuple[int, int] | None = None,
    ) -> Lattice | None:
        """Return the lattice of a model on a raster; None if a window is smaller than a block.

        Args:
            raster_px: Height and width.
            tile_blocks: At most so many blocks a tile; as many as a window takes without it.
        """
        factor = manifest.input.gsd_cm / 100 / scale.gsd_m
        if abs(factor - 1) < _SAME:
            factor = 1.0
        step, halo = manifest.input.multiple_of, manifest.halo_px
        # Blocks begin within a pixel of the grid and windows at a whole step.
        room = [side - 2 * halo - step - 1 for side in manifest.window_px]
        blocks = [math.floor(side * factor / scale.block_px) for side in room]
        if tile_blocks is not None:
            blocks = [min(own, most) for own, most in zip(blocks, tile_blocks, strict=True)]
        if min(blocks) < 1:
            return None
        tile = blocks[0], blocks[1]
        return cls(factor, manifest.window_px, halo, step, scale.block_px, tile, raster_px)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        high, wide = self.raster_px
        return -(-high // self.block_px), -(-wide // self.block_px)

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles in reading order; each block is in one of them."""
        rows, cols = self.shape
        high, wide = self.tile_blocks
        for top in range(0, rows, high):
            for left in range(0, cols, wide):
                yield Tile(
                    top,
                    left,
                    min(rows, top + high),
                    min(cols, left + wide),
                    self._start(top),
                    self._start(left),
                )

    @property
    def tile_count(self) -> int:
        """How many tiles there are."""
        rows, cols = self.shape
        return -(-rows // self.tile_blocks[0]) * -(-cols // self.tile_blocks[1])

    def _start(self, block: int) -> int:
        """Return where the window of a tile begins whose first block is this."""
        pixel = math.floor(block * self.block_px / self.factor) - self.halo_px
        return pixel // self.step * self.step


def weights_of(start: int, count: int, factor: float) -> tuple[I8, F8]:
    """Return which pixels of a raster make up pixels of a grid along one axis.

    Area average where the grid is coarser, bilinear where it is finer.

    Args:
        start: First pixel of the grid.
        count: How many.
        factor: Side of a pixel of the grid in pixels of the raster.

    Returns:
        The first raster pixel of each, shape (count,); the weights of it and those after it, shape
        (count, k), with sum 1.
    """
    own = np.arange(start, start + count, dtype=np.float64)
    if factor >= 1:
        low, high = own * factor, (own + 1) * factor
        first = np.floor(low + 1e-9).astype(np.int64)
        along = first[:, None] + np.arange(math.ceil(factor) + 1)
        part = np.minimum(along + 1, high[:, None]) - np.maximum(along, low[:, None])
        weights = np.where(part > 1e-9, part, 0.0) / factor
        while weights.shape[1] > 1 and not weights[:, -1].any():
            weights = weights[:, :-1]
        return first, np.ascontiguousarray(weights)
    middle = (own + 0.5) * factor - 0.5
    first = np.floor(middle).astype(np.int64)
    share = middle - first
    return first, np.stack([1 - share, share], axis=1)


def read_window(
    scene: RasterScene, lattice: Lattice, tile: Tile, gain: F4, fill: F4
) -> tuple[F4, Mask] | None:
    """Return what a model sees of a tile.

    Args:
        gain: What a pixel is multiplied by and what is added then, shape (2, bands).
        fill: What stands where there is no ground, of each band, after that.

    Returns:
        Pixels, shape (bands, h, w), and where there is ground, shape (h, w): at least half of the
        pixel; None where there is none.
    """
    high, wide = lattice.window_px
    rows, row_weights = weights_of(tile.row, high, lattice.factor)
    cols, col_weights = weights_of(tile.col, wide, lattice.factor)
    tall, broad = lattice.raster_px
    left, right = max(0, int(cols[0])), min(broad, int(cols[-1]) + col_weights.shape[1])
    out = np.empty((len(scene.bands), high, wide), dtype=np.float32)
    out[:] = fill[:, None, None]
    ground = np.zeros((high, wide), dtype=np.bool_)
    if right <= left:
        return None
    at_once = max(1, int(_READ_PX / max(1.0, lattice.factor) / (right - left)))
    for begin in range(0, high, at_once):
        part = slice(begin, min(high, begin + at_once))
        top = max(0, int(rows[part][0]))
        bottom = min(tall, int(rows[part][-1]) + row_weights.shape[1])
        if bottom <= top:
            continue
        read = scene.read(Window(left, top, right - left, bottom - top))
        if read is None:
            continue
        _resample(
            read[0],
            read[1],
            rows[part] - top,
            row_weights[part],
            cols - left,
            col_weights,
            gain,
            out[:, part],
            ground[part],
        )
    return (out, ground) if ground.any() else None


@njit(cache=True, nogil=True)
def _resample(
    pixels: NDArray[np.generic],
    valid: Mask,
    rows: I8,
    row_weights: F8,
    cols: I8,
    col_weights: F8,
    gain: F4,
    out: F4,
    ground: Mask,
) -> None:
    """Average valid pixels by weight; each sum in one order, whatever part was read."""
    bands, high, wide = pixels.shape
    sums = np.zeros(bands, dtype=np.float64)
    for i in range(len(rows)):
        for j in range(len(cols)):
            sums[:] = 0.0
            seen = 0.0
            for a in range(row_weights.shape[1]):
                y = rows[i] + a
                if y < 0 or y >= high or row_weights[i, a] == 0.0:
                    continue
                for b in range(col_weights.shape[1]):
                    x = cols[j] + b
                    if x < 0 or x >= wide or not valid[y, x]:
                        continue
                    weight = row_weights[i, a] * col_weights[j, b]
                    seen += weight
                    for k in range(bands):
                        sums[k] += weight * pixels[k, y, x]
            if seen < 0.5:
                continue
            ground[i, j] = True
            for k in range(bands):
                out[k, i, j] = np.float32(sums[k] / seen) * gain[0, k] + gain[1, k]
