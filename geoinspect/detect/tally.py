"""How much valid ground was looked at, counted so that the windows make no difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.raster_ground import Placement

_BINS = 32


class GroundTally:
    """Counts valid pixels on a fixed lattice over the raster, then turns them into ground.

    The counts are whole numbers on bins that don't depend on the windows, so neither does the
    area, and with it the budget.
    """

    def __init__(self, placement: Placement, block_px: int) -> None:
        self._placement = placement
        self._rows = -(-placement.height // block_px)
        self._cols = -(-placement.width // block_px)
        self._counts = np.zeros((_BINS, _BINS), dtype=np.int64)

    def add(self, valid_px: NDArray[np.int32], origin: tuple[int, int]) -> None:
        """Add the valid pixels of blocks, shape (rows, cols), the first at ``origin``."""
        rows = (origin[0] + np.arange(valid_px.shape[0])) * _BINS // self._rows
        cols = (origin[1] + np.arange(valid_px.shape[1])) * _BINS // self._cols
        lines = np.zeros((_BINS, valid_px.shape[1]), dtype=np.int64)
        np.add.at(lines, rows, valid_px)
        np.add.at(self._counts.T, cols, lines.T)

    @property
    def area_m2(self) -> float:
        """Ground area of the pixels counted so far."""
        width, height = self._placement.width, self._placement.height
        return sum(
            float(self._counts[i, j])
            * self._placement.pixel_area_m2((j + 0.5) / _BINS * width, (i + 0.5) / _BINS * height)
            for i, j in zip(*np.nonzero(self._counts), strict=True)
        )
