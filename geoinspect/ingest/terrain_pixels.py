"""Which pixels of a DEM to read, and reading them in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from geoinspect.crs import WGS84, densified, transform_geometry
from geoinspect.errors import RasterError, TooLargeError

F4 = NDArray[np.float32]
Bounds = tuple[float, float, float, float]

# A county of 8,000 km² at 11 m; in single precision 256 MB.
MAX_KEPT_PX = 64_000_000
# A province at 12.5 m; it is averaged in blocks while it is read.
MAX_READ_PX = 4_000_000_000
_CHUNK_PX = 8_000_000
# Lower than the Dead Sea or higher than Everest: a code for "no data" that the file didn't declare.
LOWEST_M, HIGHEST_M = -500.0, 9000.0
# About 1 km: the cells at the edge of an area reach beyond it, and their samples beyond them.
_MARGIN_DEG = 0.01
_MARGIN_PX = 2
_EDGE_STEPS = 32


def window_on(
    dataset: rasterio.DatasetReader, crs: str, within: Bounds | None, label: str
) -> Window:
    """Return the pixels on the ground asked for, with a margin.

    Raises:
        RasterError: There are none.
        TooLargeError: There are more than we read.
    """
    window = Window(0, 0, dataset.width, dataset.height)
    if within is not None:
        west, south, east, north = within
        box = shapely.box(west, south, east, north).buffer(_MARGIN_DEG, join_style="mitre")
        step = max(east - west, north - south, _MARGIN_DEG) / _EDGE_STEPS
        moved = transform_geometry(WGS84, crs, densified(box, step))
        xy = shapely.get_coordinates(moved)
        a, b, c, d, e, f = (~dataset.transform)[:6]
        cols, rows = a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f
        first_col, first_row, end_col, end_row = 0, 0, 0, 0
        if np.isfinite(cols).all() and np.isfinite(rows).all():
            first_col = max(math.floor(cols.min()) - _MARGIN_PX, 0)
            first_row = max(math.floor(rows.min()) - _MARGIN_PX, 0)
            end_col = min(math.ceil(cols.max()) + _MARGIN_PX, dataset.width)
            end_row = min(math.ceil(rows.max()) + _MARGIN_PX, dataset.height)
        if first_col >= end_col or first_row >= end_row:
            raise RasterError(
                f"高程文件“{label}”不在辖区范围内:请提供覆盖辖区的高程数据,或检查坐标系",
                f"{label!r} lies away from the ground asked for: give heights of that ground, or "
                "check the coordinate system",
                code="outside_area",
            )
        window = Window(first_col, first_row, end_col - first_col, end_row - first_row)
    if window.width * window.height > MAX_READ_PX:
        raise TooLargeError(
            f"高程文件“{label}”在所需范围内有 {window.width}×{window.height} 像素,"
            f"上限 {MAX_READ_PX / 1e9:g} 十亿:请裁剪到辖区或降低分辨率",
            f"{label!r} has {window.width}×{window.height} pixels on the ground asked for, the "
            f"limit is {MAX_READ_PX / 1e9:g} gigapixels: clip it to the area or make it coarser",
        )
    return window


def read_window(dataset: rasterio.DatasetReader, window: Window) -> tuple[F4, int, int]:
    """Return heights, how many pixels make one of theirs along a side, and unlikely pixels."""
    step = max(1, math.ceil(math.sqrt(window.width * window.height / MAX_KEPT_PX)))
    rows, cols = math.ceil(window.height / step), math.ceil(window.width / step)
    out = np.empty((rows, cols), np.float32)
    unlikely = 0
    for i, j, part in _parts(window, step):
        values = dataset.read(1, window=part, masked=True).astype(np.float64).filled(np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            values = values * dataset.scales[0] + dataset.offsets[0]
            odd = (values < LOWEST_M) | (values > HIGHEST_M)
        values[odd] = np.nan
        unlikely += int(odd.sum())
        means = block_means(values.astype(np.float32), step)
        out[i : i + means.shape[0], j : j + means.shape[1]] = means
    return out, step, unlikely


def _parts(window: Window, step: int) -> Iterator[tuple[int, int, Window]]:
    """Yield windows that fit in memory, whole blocks of ``step``, and where their means go.

    They are as wide as can be: a file in strips would be unpacked again for every part of a row.
    """
    wide = min(window.width, max(_CHUNK_PX // step // step * step, step))
    high = max(_CHUNK_PX // wide // step * step, step)
    for row in range(0, window.height, high):
        for col in range(0, window.width, wide):
            size = min(wide, window.width - col), min(high, window.height - row)
            at = window.col_off + col, window.row_off + row
            yield row // step, col // step, Window(*at, *size)


def block_means(values: F4, step: int) -> F4:
    """Return the mean of what is known in each block of ``step`` × ``step`` pixels.

    A block of which less than half is known is unknown: the mean of one corner is not that of the
    block. Blocks at the far edges may be cut.
    """
    if step == 1:
        return values
    rows, cols = values.shape
    if rows % step or cols % step:
        margin = ((0, -rows % step), (0, -cols % step))
        values = np.pad(values, margin, constant_values=np.float32(np.nan))
    blocks = values.reshape(values.shape[0] // step, step, values.shape[1] // step, step)
    known = ~np.isnan(blocks)
    count = known.sum(axis=(1, 3))
    total = blocks.sum(axis=(1, 3), dtype=np.float64, where=known)
    wide = np.minimum(step, cols - np.arange(blocks.shape[2]) * step)
    high = np.minimum(step, rows - np.arange(blocks.shape[0]) * step)
    enough = 2 * count >= high[:, None] * wide
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32)
