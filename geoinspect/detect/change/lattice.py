"""A piece of any survey on a common lattice of the ground: read thinned, then sampled by hand.

Pictures of two dates have their own CRS, pixel size and turn; both are brought onto one lattice by
map coordinates, so that no difference between them is left but that of the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rasterio
from numba import njit
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from geoinspect.crs import transform_xy
from geoinspect.ingest.raster_ground import Placement

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Coordinates are changed exactly at nodes and interpolated between: millimetres over 500 m.
_NODES = 9
_ALL_VALID = 250


@dataclass(frozen=True, slots=True)
class Lattice:
    """A square of ground cut into pixels, north up.

    Attributes:
        crs: Metric.
        west, north: Its upper left corner.
        gsd_m: Side of a pixel.
        side_px: Pixels a side.
    """

    crs: str
    west: float
    north: float
    gsd_m: float
    side_px: int

    def moved(self, east_m: float, north_m: float) -> Lattice:
        """Return it shifted over the ground."""
        return Lattice(self.crs, self.west + east_m, self.north + north_m, self.gsd_m, self.side_px)


def brightness_on(
    dataset: rasterio.DatasetReader, placement: Placement, bands: Sequence[int], lattice: Lattice
) -> tuple[F4, Mask] | None:
    """Return the brightness of a survey on a lattice, and which pixels hold ground.

    Args:
        dataset: Opened by :func:`geoinspect.ingest.rasters.open_raster`.
        placement: Where it lies.
        bands: Numbers of the bands that are added up.

    Returns:
        Two arrays of shape (side_px, side_px); None where no pixel of the survey lies there.
    """
    cols, rows = _pixel_places(placement, lattice)
    # A whole power of two, so that the thinned pictures kept in the file fit.
    ratio = lattice.gsd_m / placement.gsd_m
    factor = 2 ** max(0, int(np.floor(np.log2(ratio * 1.01)))) if ratio > 1 else 1
    window = _window(cols, rows, factor, dataset.width, dataset.height)
    if window is None:
        return None
    shape = (int(window.height) // factor, int(window.width) // factor)
    pixels = dataset.read(
        list(bands), window=window, out_shape=(len(bands), *shape), resampling=Resampling.average
    ).astype(np.float32)
    mask = dataset.dataset_mask(window=window, out_shape=shape, resampling=Resampling.average)
    valid = (mask >= _ALL_VALID) & np.isfinite(pixels).all(axis=0)
    # The plain black or white margin of pictures that have neither alpha nor nodata.
    valid &= (pixels > 0).any(axis=0)
    if pixels.size and dataset.dtypes[0] == "uint8":
        valid &= (pixels < 255).any(axis=0)
    places_x = (cols - window.col_off) / factor - 0.5
    places_y = (rows - window.row_off) / factor - 0.5
    out, seen = _sampled(pixels.sum(axis=0), valid, places_x, places_y)
    return (out, seen) if seen.any() else None


def _pixel_places(placement: Placement, lattice: Lattice) -> tuple[F8, F8]:
    """Return column and row (pixel corners whole) in the survey of each pixel of the lattice."""
    ends = np.linspace(0, lattice.side_px, _NODES)
    x, y = np.meshgrid(lattice.west + ends * lattice.gsd_m, lattice.north - ends * lattice.gsd_m)
    far_x, far_y = transform_xy(lattice.crs, placement.crs, x.ravel(), y.ravel())
    a, b, c, d, e, f = (~placement.transform)[:6]
    cols = (a * far_x + b * far_y + c).reshape(x.shape)
    rows = (d * far_x + e * far_y + f).reshape(x.shape)
    middles = (np.arange(lattice.side_px) + 0.5) / lattice.side_px * (_NODES - 1)
    near = np.minimum(middles.astype(np.int64), _NODES - 2)
    share = middles - near
    return _between(cols, near, share), _between(rows, near, share)


def _between(nodes: F8, near: NDArray[np.int64], share: F8) -> F8:
    lines = nodes[near] * (1 - share)[:, None] + nodes[near + 1] * share[:, None]
    places: F8 = lines[:, near] * (1 - share) + lines[:, near + 1] * share
    return places


def _window(cols: F8, rows: F8, factor: int, width: int, height: int) -> Window | None:
    """Return the part of the survey to read, whole blocks of ``factor`` pixels."""
    if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
        return None
    spare = 2 * factor
    left = max(0, int((cols.min() - spare) // factor) * factor)
    top = max(0, int((rows.min() - spare) // factor) * factor)
    wide = (min(width, int(cols.max()) + spare) - left) // factor * factor
    high = (min(height, int(rows.max()) + spare) - top) // factor * factor
    return Window(left, top, wide, high) if wide > 0 and high > 0 else None


@njit(cache=True, nogil=True)
def _sampled(picture: F4, valid: Mask, x: F8, y: F8) -> tuple[F4, Mask]:
    """Return a picture bilinearly at places, and where all four neighbours are valid."""
    rows, cols = x.shape
    h, w = picture.shape
    out = np.zeros((rows, cols), dtype=np.float32)
    seen = np.zeros((rows, cols), dtype=np.bool_)
    for i in range(rows):
        for j in range(cols):
            left, top = int(np.floor(x[i, j])), int(np.floor(y[i, j]))
            if left < 0 or top < 0 or left + 1 >= w or top + 1 >= h:
                continue
            if not (
                valid[top, left]
                and valid[top, left + 1]
                and valid[top + 1, left]
                and valid[top + 1, left + 1]
            ):
                continue
            u, v = x[i, j] - left, y[i, j] - top
            upper = picture[top, left] * (1 - u) + picture[top, left + 1] * u
            lower = picture[top + 1, left] * (1 - u) + picture[top + 1, left + 1] * u
            out[i, j] = upper * (1 - v) + lower * v
            seen[i, j] = True
    return out, seen
