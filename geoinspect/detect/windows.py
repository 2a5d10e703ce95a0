"""How a raster of any size is read: windows of whole blocks that tile it.

Every pixel belongs to exactly one window and every block lies in one, so what is computed for a
block doesn't depend on how the raster was cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rasterio.windows import Window

# Pixels in one window: some 50 MB with three bands, mask and what is made of them.
WINDOW_PX = 4_000_000
# Blocks in one window, for coarse rasters whose blocks are single pixels: 12 MB of figures.
WINDOW_BLOCKS = 262_144
# A window over whole strips may be this much larger before its columns are cut as well.
_STRIP_SLACK = 4
# Sides that fit the file's tiles may make a window this much larger.
_TILE_SLACK = 2


@dataclass(frozen=True, slots=True)
class Core:
    """The pixels of a window: a rectangle of whole blocks, cut at the raster's edges."""

    row: int
    col: int
    height: int
    width: int

    @property
    def window(self) -> Window:
        """The window to read."""
        return Window(self.col, self.row, self.width, self.height)

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return self.height * self.width


def plan_cores(
    width: int,
    height: int,
    *,
    block_px: int,
    tile_px: tuple[int, int],
    window_px: int | None = None,
) -> Iterator[Core]:
    """Yield the windows of a raster, row by row, from left to right.

    Striped files are read by bands of whole rows, tiled ones by squares that end where the file's
    tiles end if that is possible: a tile cut by two windows is unpacked twice.

    Args:
        width, height: Of the raster, pixels.
        block_px: Windows start at whole multiples of it.
        tile_px: Height and width of the file's tiles; as wide as the raster in striped files.
        window_px: Side of square windows, instead of a size chosen from memory.
    """
    most = min(WINDOW_PX, WINDOW_BLOCKS * block_px * block_px)
    if window_px is not None:
        high = wide = _whole(window_px, block_px)
    elif tile_px[1] >= width:
        high = _whole(max(most // width, 1), block_px)
        wide = _whole(min(width, _STRIP_SLACK * most // high), block_px)
    else:
        high = _fitting(most, block_px, tile_px[0])
        wide = _fitting(most, block_px, tile_px[1])
        if high * wide > _TILE_SLACK * most:
            high = wide = _whole(math.isqrt(most), block_px)
    for row in range(0, height, high):
        for col in range(0, width, wide):
            yield Core(row, col, min(high, height - row), min(wide, width - col))


def runs_of(cores: list[Core]) -> list[list[Core]]:
    """Return windows by rows: read one after another they share tiles that are still unpacked."""
    return [list(run) for _, run in groupby(cores, key=lambda core: core.row)]


def _whole(side_px: int, step_px: int) -> int:
    return max(1, side_px // step_px) * step_px


def _fitting(most_px: int, block_px: int, tile_px: int) -> int:
    """Return a side of whole blocks and whole tiles, or just blocks where that is too long."""
    side, step = math.isqrt(most_px), math.lcm(block_px, tile_px)
    return _whole(side, step if step <= 1.5 * side else block_px)
