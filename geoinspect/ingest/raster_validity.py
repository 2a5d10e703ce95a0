"""Which pixels hold ground: alpha, masks, nodata, and the fill round a picture that has none.

A pixel is valid when its alpha is above 0, the file's own mask says so, not all of its colours are
nodata (for floats: none is), and all of them are finite.

Many programs write an orthomosaic with neither alpha nor nodata and fill the margin black or
white. Such fill is found once per raster on a thinned picture of at most 1024 pixels a side: a
colour (all bands 0, or all at the type's maximum) counts as fill when a connected piece of it that
touches a corner of the picture covers at least 1 % of it; then every piece of that colour touching
the border is fill. Full-size pixels are fill where they have that colour (within a small
tolerance, for JPEG) inside or next to those pieces. The decision does not depend on the window, so
black shadow and white roofs inside the picture stay valid however it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Compression, MaskFlags
from rasterio.windows import Window

from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.raster_flood import border_pieces

Mask = NDArray[np.bool_]
Pixels = NDArray[np.generic]

_THIN_PX = 1024
_CORNER_SHARE = 0.01
_PIECE_PX = 16
_JPEG_TOLERANCE = 6


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """Constant margin of one colour: where it may be, on the thinned picture."""

    value: int
    tolerance: int
    near: Mask

    def covers(self, colours: Pixels, window: Window, width: int, height: int) -> Mask:
        """Return which pixels of ``colours`` (bands, h, w) are fill, shape (h, w)."""
        _, h, w = colours.shape
        rows = (int(window.row_off) + np.arange(h)) * self.near.shape[0] // height
        cols = (int(window.col_off) + np.arange(w)) * self.near.shape[1] // width
        inside = self.near[np.ix_(rows, cols)]
        if not inside.any():
            return inside
        return inside & _has_colour(colours, self.value, self.tolerance)


@dataclass(frozen=True, slots=True, eq=False)
class Validity:
    """How to tell valid pixels of one raster, decided once.

    Attributes:
        colours: Bands (from 1) that are looked at for nodata and fill.
        alpha: Band with the alpha channel.
        masked: The file has a mask of its own beside the bands.
        nodata: Value that means nothing was seen.
        fills: Constant margins.
    """

    width: int
    height: int
    colours: tuple[int, ...]
    alpha: int | None
    masked: bool
    nodata: float | None
    fills: tuple[Fill, ...]
    floats: bool

    @property
    def whole(self) -> bool:
        """Whether every pixel is valid without looking at it."""
        return not (
            self.fills
            or self.masked
            or self.floats
            or self.alpha is not None
            or self.nodata is not None
        )

    def read(self, dataset: rasterio.DatasetReader, window: Window) -> Mask:
        """Return the valid pixels of a window, shape (h, w)."""
        shape = (int(window.height), int(window.width))
        if self.whole:
            return np.ones(shape, dtype=bool)
        needed = self.floats or self.nodata is not None or bool(self.fills)
        colours = (
            dataset.read(list(self.colours), window=window)
            if needed
            else np.empty((0, *shape), dtype=np.uint8)
        )
        return self.of_pixels(dataset, window, colours)

    def surely_empty(self, dataset: rasterio.DatasetReader, window: Window) -> bool:
        """Return whether alpha or the file's mask already says that a window holds nothing."""
        if self.alpha is not None:
            return not dataset.read(self.alpha, window=window).any()
        return self.masked and not dataset.dataset_mask(window=window).any()

    def of_pixels(self, dataset: rasterio.DatasetReader, window: Window, colours: Pixels) -> Mask:
        """Return the valid pixels of a window whose ``colours`` are already read (bands, h, w)."""
        valid = np.ones((int(window.height), int(window.width)), dtype=bool)
        if self.alpha is not None:
            valid &= dataset.read(self.alpha, window=window) > 0
        if self.masked:
            valid &= dataset.dataset_mask(window=window) > 0
        if len(colours) == 0:
            return valid
        if self.floats:
            valid &= np.isfinite(colours).all(axis=0)
        if self.nodata is not None and np.isfinite(self.nodata):
            absent = np.equal(colours, np.asarray(self.nodata).astype(colours.dtype))
            valid &= ~(absent.any(axis=0) if self.floats else absent.all(axis=0))
        for fill in self.fills:
            valid &= ~fill.covers(colours, window, self.width, self.height)
        return valid


def validity_of(dataset: rasterio.DatasetReader) -> Validity:
    """Decide how to tell valid pixels of a raster; reads corners, and a thinned picture if need be.

    The nodata value counts only when the band's type can hold it.
    """
    bands = bands_of(dataset)
    alpha = band_with(bands, "alpha")
    colours = tuple(band.index for band in bands if band.role != "alpha") or (1,)
    flags = dataset.mask_flag_enums[0]
    masked = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
    dtype = np.dtype(dataset.dtypes[colours[0] - 1])
    nodata = dataset.nodata
    if nodata is not None and dtype.kind in "ui":
        info = np.iinfo(dtype)
        nodata = nodata if info.min <= nodata <= info.max and nodata == int(nodata) else None
    unmarked = alpha is None and not masked and nodata is None
    fills = _find_fills(dataset, colours) if unmarked else ()
    return Validity(
        dataset.width, dataset.height, colours, alpha, masked, nodata, fills, dtype.kind == "f"
    )


def valid_mask(
    dataset: rasterio.DatasetReader, window: Window, validity: Validity | None = None
) -> Mask:
    """Return which pixels of a window hold ground, shape (h, w).

    Args:
        dataset: An open raster.
        window: Inside the raster.
        validity: What :func:`validity_of` said; decided anew without it, which costs a look at
            the whole raster for files with neither alpha nor nodata.
    """
    return (validity or validity_of(dataset)).read(dataset, window)


def _find_fills(dataset: rasterio.DatasetReader, colours: tuple[int, ...]) -> tuple[Fill, ...]:
    dtype = np.dtype(dataset.dtypes[colours[0] - 1])
    lossy = dataset.compression in (Compression.jpeg, Compression.webp)
    tolerance = _JPEG_TOLERANCE if lossy and dtype == np.uint8 else 0
    values = (0,) if dtype.kind == "f" else (0, int(np.iinfo(dtype).max))
    corners = np.stack(
        [
            dataset.read(list(colours), window=Window(col, row, 1, 1))[:, 0, 0]
            for row in (0, dataset.height - 1)
            for col in (0, dataset.width - 1)
        ],
        axis=1,
    )[:, None, :]
    candidates = [v for v in values if _has_colour(corners, v, tolerance).any()]
    if not candidates:
        return ()
    step = max(1.0, max(dataset.width, dataset.height) / _THIN_PX)
    shape = (max(1, int(dataset.height / step)), max(1, int(dataset.width / step)))
    thin = dataset.read(list(colours), out_shape=(len(colours), *shape))
    found = (_fill_region(_has_colour(thin, value, tolerance)) for value in candidates)
    return tuple(
        Fill(value, tolerance, near)
        for value, near in zip(candidates, found, strict=True)
        if near is not None
    )


def _has_colour(colours: Pixels, value: int, tolerance: int) -> Mask:
    """Return where every band is within ``tolerance`` of ``value``, shape (h, w)."""
    if tolerance == 0:
        same = np.equal(colours, np.asarray(value).astype(colours.dtype))
    else:
        same = np.less_equal(np.abs(colours.astype(np.int32) - value), tolerance)
    everywhere: Mask = np.logical_and.reduce(same, axis=0, dtype=bool)
    return everywhere


def _fill_region(colour: Mask) -> Mask | None:
    """Return the border pieces of one colour, grown by a pixel; None when it is no fill."""
    h, w = colour.shape
    labels, sizes = border_pieces(colour)
    kept = sizes >= min(_PIECE_PX, h * w)
    kept[0] = False
    if (
        sizes[labels[[0, 0, -1, -1], [0, -1, 0, -1]]].max() < _CORNER_SHARE * h * w
        or not kept.any()
    ):
        return None
    region = np.pad(kept[labels], 1)
    grown: Mask = np.logical_or.reduce(
        [region[i : i + h, j : j + w] for i in range(3) for j in range(3)]
    )
    return grown
