"""What a model says of each block of a raster, in a file: ground, mean chance, highest chance.

Blocks and not pixels are kept, so that memory and disk stay small for any raster, and patches are
whatever hangs together on the ground, however the windows lay.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING
from geoinspect.detect.onnx.answers import Boxes
from geoinspect.detect.onnx.grid import Lattice, Tile
from geoinspect.detect.plane_store import read_whole, writing

F4 = NDArray[np.float32]
U1 = NDArray[np.uint8]
I2 = NDArray[np.int16]
Mask = NDArray[np.bool_]

GROUND, MEAN, PEAK = range(3)
CHANCES = 3
_STEPS = 255.0


class ChanceFile:
    """Ground and chances of a raster's blocks, row after row; what was never written is no ground.

    Each uint8: how much of the block is ground, the mean and the highest chance, in 1/255.

    Raises:
        StoreError: The disk is full or fails.
    """

    def __init__(self, path: Path, rows: int, cols: int) -> None:
        self.path, self._rows, self._cols = path, rows, cols
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with writing(path):
            self._handle = os.open(path, flags, 0o600)
            try:
                os.ftruncate(self._handle, rows * cols * CHANCES)
            except OSError:
                os.close(self._handle)
                raise

    @property
    def rows(self) -> int:
        """Rows of blocks."""
        return self._rows

    @property
    def cols(self) -> int:
        """Columns of blocks."""
        return self._cols

    def merge(self, top: int, left: int, chances: U1) -> None:
        """Raise the figures of a rectangle to those given, shape (rows, cols, 3)."""
        high, wide = chances.shape[:2]
        raised = np.maximum(self.read(top, left, top + high, left + wide), chances)
        with writing(self.path):
            for i in range(high):
                self._put(raised[i].tobytes(), self._place(top + i, left))

    def read(self, top: int, left: int, bottom: int, right: int) -> U1:
        """Return the blocks of a rectangle, shape (rows, cols, 3)."""
        out = np.empty((bottom - top, right - left, CHANCES), dtype=np.uint8)
        for i in range(len(out)):
            raw = read_whole(self._handle, (right - left) * CHANCES, self._place(top + i, left))
            out[i] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, CHANCES)
        return out

    def close(self) -> None:
        """Give the file back to the system."""
        os.close(self._handle)

    def _put(self, data: bytes, place: int) -> None:
        while data:
            written = os.pwrite(self._handle, data, place)
            data, place = data[written:], place + written

    def _place(self, row: int, col: int) -> int:
        return (row * self._cols + col) * CHANCES


def chance_evidence(chances: U1) -> I2:
    """Return mean chances as evidence: logits in 1/EVIDENCE_STEPS.

    Args:
        chances: Shape (rows, cols, 3).

    Returns:
        Shape (rows, cols), NOTHING where there is no ground. Chances of 0 and 1 count as half a
        step (1/510) away from them: more is not known of a figure of eight bits.
    """
    levels = np.clip(np.arange(256) / _STEPS, 0.5 / _STEPS, 1 - 0.5 / _STEPS)
    table = np.rint(np.log(levels / (1 - levels)) * EVIDENCE_STEPS).astype(np.int16)
    evidence: I2 = np.where(chances[:, :, GROUND] > 0, table[chances[:, :, MEAN]], NOTHING)
    return evidence


def tile_chances(chances: F4, ground: Mask, lattice: Lattice, tile: Tile) -> U1:
    """Return the figures of a tile's blocks from the chances of its window's pixels.

    Args:
        chances: Of the window's pixels, shape (h, w); zeros of a model that gives boxes.
        ground: Where they count, shape (h, w).
    """
    out = np.zeros((tile.bottom - tile.top, tile.right - tile.left, CHANCES), dtype=np.uint8)
    side = lattice.block_px / lattice.factor
    high, wide = (edge / lattice.factor for edge in lattice.raster_px)
    _sum_blocks(
        chances, ground, side, (tile.top, tile.left), (tile.row, tile.col), (high, wide), out
    )
    return out


@njit(cache=True, nogil=True)
def _sum_blocks(
    chances: F4,
    ground: Mask,
    side: float,
    first: tuple[int, int],
    corner: tuple[int, int],
    ends: tuple[float, float],
    out: U1,
) -> None:
    """Average pixels over blocks by their common area; all in pixels of the model's grid."""
    for i in range(out.shape[0]):
        north = (first[0] + i) * side
        south = min(north + side, ends[0])
        for j in range(out.shape[1]):
            west = (first[1] + j) * side
            east = min(west + side, ends[1])
            total, seen, peak = 0.0, 0.0, 0.0
            for y in range(int(np.floor(north + 1e-9)), int(np.ceil(south - 1e-9))):
                tall = min(south, y + 1.0) - max(north, float(y))
                for x in range(int(np.floor(west + 1e-9)), int(np.ceil(east - 1e-9))):
                    if not ground[y - corner[0], x - corner[1]]:
                        continue
                    area = tall * (min(east, x + 1.0) - max(west, float(x)))
                    chance = float(chances[y - corner[0], x - corner[1]])
                    seen += area
                    total += area * chance
                    peak = max(peak, chance)
            if seen <= 0.0:
                continue
            share = seen / max((south - north) * (east - west), 1e-9)
            out[i, j, 0] = max(1, int(min(share, 1.0) * 255.0 + 0.5))
            out[i, j, 1] = int(total / seen * 255.0 + 0.5)
            out[i, j, 2] = int(peak * 255.0 + 0.5)


def paint_boxes(file: ChanceFile, boxes: Boxes, lattice: Lattice, tile: Tile) -> None:
    """Raise the chances of the blocks under boxes: by share of the block, and at its highest.

    A box counts where its middle lies, so it is painted once, though its edges reach into other
    tiles; boxes on one another raise each other's blocks to the higher chance, never out.
    """
    f, block = lattice.factor, lattice.block_px
    shift = np.array([tile.col, tile.row, tile.col, tile.row], dtype=np.float64)
    edges = (boxes.edges + shift) * f / block
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    high, wide = lattice.raster_px
    ends = np.array([wide, high, wide, high]) / block
    for number in range(len(edges)):
        x, y = middle[number]
        if not (tile.left <= x < tile.right and tile.top <= y < tile.bottom):
            continue
        west, north, east, south = np.clip(edges[number], 0, ends)
        top, left = int(north), int(west)
        rows = np.arange(top, max(top + 1, int(np.ceil(south))))
        cols = np.arange(left, max(left + 1, int(np.ceil(east))))
        tall = np.minimum(south, rows + 1) - np.maximum(north, rows)
        broad = np.minimum(east, cols + 1) - np.maximum(west, cols)
        chance = float(boxes.chances[number])
        painted = np.zeros((len(rows), len(cols), CHANCES), dtype=np.uint8)
        share = np.clip(np.outer(tall, broad), 0, 1)
        painted[:, :, MEAN] = np.rint(share * chance * _STEPS)
        painted[:, :, PEAK] = np.where(share > 0, np.rint(chance * _STEPS), 0)
        file.merge(top, left, painted)
