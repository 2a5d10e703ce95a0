"""Pixels of web-map tiles from a raster in any other projection.

It gives what ``rio_tiler.io.Reader.tile`` gives, in half of the time: what is the same for all tiles
of a raster is found out once, and nothing is asked that no tile shows.
Source: rio-tiler 9, rio_tiler/reader.py (``read``, ``part``) and utils.py (``get_vrt_transform``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

from webmap.tiles.mercator import TILE_PX, bounds_m

Bands = NDArray[np.generic]
Flags = NDArray[np.bool_]

_MERCATOR = CRS.from_epsg(3857)
# Beyond it the projection has no end; rio-tiler cuts such rasters off, and is asked for them.
_MOST_LAT_DEG = 85.0
_OPAQUE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Warping:
    """What every tile of an opened raster needs.

    Attributes:
        dataset: Opened; it stays its owner's.
        bounds_m: West, south, east, north in EPSG:3857.
        pixel_m: Width and height of one of its pixels there.
        alpha: Whether it has an alpha band or a mask of that kind.
    """

    dataset: rasterio.DatasetReader
    bounds_m: tuple[float, float, float, float]
    pixel_m: tuple[float, float]
    alpha: bool

    @classmethod
    def of(cls, dataset: rasterio.DatasetReader) -> Warping | None:
        """Return the warping of a raster; None for one that rio-tiler reads in another way."""
        if dataset.crs is None or dataset.crs == _MERCATOR or dataset.gcps[0]:
            return None
        _, south, _, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
        if not -_MOST_LAT_DEG < south < north < _MOST_LAT_DEG:
            return None
        there, _, _ = calculate_default_transform(
            dataset.crs, _MERCATOR, dataset.width, dataset.height, *dataset.bounds
        )
        flagged = any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums)
        return cls(
            dataset,
            transform_bounds(dataset.crs, _MERCATOR, *dataset.bounds, densify_pts=21),
            (abs(there.a), abs(there.e)),
            flagged or ColorInterp.alpha in dataset.colorinterp,
        )

    def tile(self, z: int, x: int, y: int, indexes: tuple[int, ...]) -> tuple[Bands, Flags] | None:
        """Return bands, shape (bands, 256, 256), and which pixels hold any; None off the raster."""
        west, south, east, north = bounds = bounds_m(z, x, y)
        own = self.bounds_m
        if west >= own[2] or east <= own[0] or south >= own[3] or north <= own[1]:
            return None
        # From its own pixels or an overview of them, never from coarser ones.
        width = max(1, round((east - west) / min(self.pixel_m[0], (east - west) / TILE_PX)))
        height = max(1, round((north - south) / min(self.pixel_m[1], (north - south) / TILE_PX)))
        nodata = self.dataset.nodata
        marks = {"add_alpha": not self.alpha}
        if nodata is not None:
            marks = {"add_alpha": False, "nodata": nodata, "src_nodata": nodata}
        with WarpedVRT(
            self.dataset,
            crs=_MERCATOR,
            transform=from_bounds(*bounds, width, height),
            width=width,
            height=height,
            dtype=self.dataset.dtypes[0],
            resampling=Resampling.nearest,
            **marks,
        ) as warped:
            return self._read(warped, indexes)

    def _read(self, warped: WarpedVRT, indexes: tuple[int, ...]) -> tuple[Bands, Flags]:
        colours, nodata = warped.colorinterp, self.dataset.nodata
        marked = nodata is None and ColorInterp.alpha in colours
        wanted = (*indexes, colours.index(ColorInterp.alpha) + 1) if marked else indexes
        shape = (len(wanted), TILE_PX, TILE_PX)
        pixels = warped.read(wanted, out_shape=shape, resampling=Resampling.bilinear)
        if nodata is not None:
            absent = np.isnan(pixels) if np.isnan(nodata) else pixels == nodata
            return pixels, ~absent.all(axis=0)
        if not marked:
            masks = warped.read_masks(wanted, out_shape=shape, resampling=Resampling.bilinear)
            return pixels, (masks > 0).any(axis=0)
        bands, alpha = pixels[:-1], pixels[-1]
        if ColorInterp.alpha in self.dataset.colorinterp:
            return bands, alpha > 0
        # GDAL makes an alpha of 0 to 255 from a mask, whatever the type of the bands.
        most = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else np.finfo(alpha.dtype).max
        return bands, alpha == (_OPAQUE if alpha.max() == _OPAQUE else most)


def tile_of(
    dataset: rasterio.DatasetReader,
    warping: Warping | None,
    at: tuple[int, int, int],
    indexes: tuple[int, ...],
) -> tuple[Bands, Flags] | None:
    """Return a tile of a raster (see :meth:`Warping.tile`), by rio-tiler where there is no warping.

    Args:
        dataset: Opened.
        warping: Of the same raster, if it has one.
        at: z, x and y.
        indexes: Bands, counted from 1.
    """
    if warping is not None:
        return warping.tile(*at, indexes)
    z, x, y = at
    with Reader(None, dataset=dataset) as reader:
        try:
            image = reader.tile(
                x, y, z, tilesize=TILE_PX, indexes=indexes, resampling_method="bilinear"
            )
        except TileOutsideBounds:
            return None
    return image.data, image.mask > 0
