"""A bounded sample of a raster: small windows spread over all of it, read cheaply."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from geoinspect.ingest.raster_validity import Validity

WINDOW_PX = 256
_ACROSS = 8
# A second, denser lattice where the first met mostly margin.
_DENSER = 13
_ENOUGH = 16
MOST_WINDOWS = _ACROSS**2
_LEAST_VALID = 0.02
# What may be unpacked for it, about a second's work.
_BUDGET_BYTES = 250_000_000
_DAMAGE = (RasterioError, CPLE_BaseError, UnicodeError)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One window: its colours, shape (bands, h, w), and which pixels hold ground, shape (h, w)."""

    pixels: NDArray[np.generic]
    valid: NDArray[np.bool_]


@dataclass(slots=True)
class Tally:
    """How the reading went: windows tried, and those that could not be unpacked."""

    tried: int = 0
    damaged: int = 0


def looks_of(dataset: rasterio.DatasetReader, validity: Validity, tally: Tally) -> Iterator[Look]:
    """Yield up to 64 windows with ground in them; what can't be unpacked is counted, not raised."""
    found = 0
    spent = 0
    for across in (_ACROSS, _DENSER):
        for window in _lattice(dataset, across):
            spent += _unpacked_bytes(dataset, window)
            if found >= MOST_WINDOWS or (tally.tried > 0 and spent > 2 * _BUDGET_BYTES):
                return
            tally.tried += 1
            try:
                pixels = dataset.read(list(validity.colours), window=window)
                valid = validity.of_pixels(dataset, window, pixels)
            except _DAMAGE:
                tally.damaged += 1
                continue
            if valid.mean() >= _LEAST_VALID:
                found += 1
                yield Look(pixels, valid)
        if found >= min(_ENOUGH, tally.tried):
            return


def _lattice(dataset: rasterio.DatasetReader, across: int) -> list[Window]:
    """Return windows row by row, so that strips they share are unpacked once."""
    width, height = dataset.width, dataset.height
    side_x, side_y = min(WINDOW_PX, width), min(WINDOW_PX, height)
    cols = min(across, math.ceil(width / WINDOW_PX))
    rows = min(across, math.ceil(height / WINDOW_PX))
    if dataset.block_shapes[0][1] >= width:
        strip = _unpacked_bytes(dataset, Window(0, 0, width, side_y))
        rows = max(1, min(rows, _BUDGET_BYTES // max(strip, 1)))
    return [
        Window(_place(width - side_x, j, cols), _place(height - side_y, i, rows), side_x, side_y)
        for i in range(rows)
        for j in range(cols)
    ]


def _place(room: int, k: int, count: int) -> int:
    """Return where the k-th of some windows starts: from edge to edge, one alone in the middle."""
    return room // 2 if count == 1 else room * k // (count - 1)


def _unpacked_bytes(dataset: rasterio.DatasetReader, window: Window) -> int:
    """Return how much is unpacked for a window; a strip is counted once for its first window."""
    rows, cols = dataset.block_shapes[0]
    if cols >= dataset.width and window.col_off > 0:
        return 0
    high = (math.ceil(window.height / rows) + 1) * rows
    wide = min(dataset.width, (math.ceil(window.width / cols) + 1) * cols)
    return int(high * wide * dataset.count * np.dtype(dataset.dtypes[0]).itemsize)
