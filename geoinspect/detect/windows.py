"""How a raster of any size is read: windows whose cores tile it, each with a halo.

Cores are whole blocks, every pixel belongs to exactly one core, and a halo as wide as the
detector's reach makes what is computed inside a core independent of where the windows lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rasterio.windows import Window

# Pixels in one window: some 50 MB with three bands, mask and block sums.
WINDOW_PX = 4_000_000
# A window over whole strips may be this much larger before its columns are cut as well.
_STRIP_SLACK = 4


@dataclass(frozen=True, slots=True)
class Core:
    """The pixels a window owns: a rectangle of whole blocks, cut at the raster's edges."""

    row: int
    col: int
    height: int
    width: int

    def with_halo(self, halo_px: int, *, height: int, width: int) -> Window:
        """Return the core with its halo, cut at the raster's edges."""
        top, left = max(0, self.row - halo_px), max(0, self.col - halo_px)
        bottom = min(height, self.row + self.height + halo_px)
        right = min(width, self.col + self.width + halo_px)
        return Window(left, top, right - left, bottom - top)


def plan_cores(
    width: int,
    height: int,
    *,
    block_px: int,
    halo_px: int,
    striped: bool,
    window_px: int | None = None,
) -> Iterator[Core]:
    """Yield the cores of a raster, row by row, from left to right.

    Striped files are read by bands of whole rows, tiled ones by squares.

    Args:
        width, height: Of the raster, pixels.
        block_px: Cores start at whole multiples of it.
        halo_px: Reach of the detector; rows of a band are at least four times as many.
        striped: Whether the file holds whole rows.
        window_px: Side of square windows, instead of a size chosen from memory.
    """
    if window_px is not None:
        high = wide = window_px
    elif striped:
        high = max(WINDOW_PX // width, 4 * halo_px, block_px)
        wide = min(width, _STRIP_SLACK * WINDOW_PX // high)
    else:
        high = wide = int(WINDOW_PX**0.5)
    high = max(1, high // block_px) * block_px
    wide = width if wide >= width else max(1, wide // block_px) * block_px
    for row in range(0, height, high):
        for col in range(0, width, wide):
            yield Core(row, col, min(high, height - row), min(wide, width - col))
