"""Cells as a cloud-optimised GeoTIFF that QGIS opens in the colours of the map."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from geoinspect.coverage.ground import Ground
from geoinspect.files import replaced_file
from geoinspect.report.qgis_styles import LAYER_WORDS, CellLayer, raster_qml

F8 = NDArray[np.float64]

NODATA = -9999.0
_BLOCK_PX = 512
_DAY_S, _CHINA_S = 86_400, 8 * 3600
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def write_cell_raster(
    path: Path, ground: Ground, bands: Mapping[CellLayer, F8], *, as_of: date, title: str
) -> list[Path]:
    """Write one band a layer, each with its description, and the styles beside; return all names.

    Args:
        path: ``.tif``; the style of its first band is ``.qml``, that of others ``.LAYER.qml``.
        ground: The cells; one pixel each, outside them there is no data.
        bands: Value of every cell, NaN where there is none, shape (cells,).
        as_of: The day that the values are of, kept in the file.
        title: Of the campaign, kept in the file.

    Raises:
        UsageError: The folder is missing or can't be written.
        StoreError: The disk is full or fails.
    """
    grid = ground.grid
    west, _, _, north = grid.bounds
    profile = {
        "driver": "GTiff",
        "width": grid.cols,
        "height": grid.rows,
        "count": len(bands),
        "dtype": "float32",
        "crs": grid.crs,
        "transform": from_origin(west, north, grid.cell_m, grid.cell_m),
        "nodata": NODATA,
        "tiled": True,
        "blockxsize": _BLOCK_PX,
        "blockysize": _BLOCK_PX,
        "BIGTIFF": "IF_SAFER",
    }
    with MemoryFile() as memory, replaced_file(path) as temp:
        with memory.open(**profile) as plain:
            plain.update_tags(TITLE=title, AS_OF=as_of.isoformat(), CELL_M=f"{grid.cell_m:g}")
            for number, (layer, values) in enumerate(bands.items(), start=1):
                plain.write(_pixels(ground, values), number)
                plain.set_band_description(number, layer.value)
                plain.update_tags(number, MEANING=LAYER_WORDS[layer])
        # An average of states would be none, so overviews take the nearest cell.
        with memory.open(driver="GTiff") as plain, rasterio.Env(GDAL_PAM_ENABLED="NO"):
            rasterio.shutil.copy(
                plain,
                temp,
                driver="COG",
                COMPRESS="DEFLATE",
                BLOCKSIZE=_BLOCK_PX,
                OVERVIEWS="AUTO",
                RESAMPLING="NEAREST",
                BIGTIFF="IF_SAFER",
            )
    written = [path]
    for number, (layer, values) in enumerate(bands.items(), start=1):
        ending = ".qml" if number == 1 else f".{layer.value}.qml"
        style = path.with_suffix(ending)
        with replaced_file(style) as temp:
            temp.write_text(raster_qml(layer, number, values), encoding="utf-8")
        written.append(style)
    return written


def days_since(last_seen_s: F8, as_of: date) -> F8:
    """Return whole days in China's time from the last look to a day, NaN where unknown."""
    today = as_of.toordinal() - _EPOCH_DAY
    days: F8 = today - np.floor((last_seen_s + _CHINA_S) / _DAY_S)
    return days


def _pixels(ground: Ground, values: F8) -> NDArray[np.float32]:
    """Return the values with north up, shape (rows, cols)."""
    # An index of -1, outside the ground, takes the last entry.
    known = np.append(np.where(np.isnan(values), NODATA, values), NODATA).astype(np.float32)
    return known[ground.index[::-1]]
