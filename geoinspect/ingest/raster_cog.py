"""Our own copy of a survey: a lossless cloud-optimised GeoTIFF.

Every later reader (tiles, chips, detection in a workspace) opens this copy only. It is written in
two steps: our own plain tiled file from windows of the source, so that nothing of the source but
its pixels, places and colours comes along and memory stays bounded; then GDAL's COG driver, which
orders the blocks and adds overviews.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio import shutil as raster_shutil
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.windows import Window

from geoinspect.errors import StoreError
from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.raster_open import CACHE_BYTES, open_raster
from geoinspect.ingest.raster_validity import Validity, validity_of
from geoinspect.settings import Settings

_BLOCK_PX = 512
_CHUNK_BYTES = 64_000_000
# Copying takes about a third of the time, packing with overviews the rest.
_COPY_SHARE = 0.35


def reencode_cog(
    source: Path,
    target: Path,
    *,
    progress: Callable[[float], None] | None = None,
    settings: Settings | None = None,
    name: str | None = None,
) -> None:
    """Write ``target`` as a COG whose bands equal those of ``source`` pixel for pixel.

    Kept: all bands and their type, CRS, geotransform (also rotated), nodata, alpha, mask, colour
    interpretation, band descriptions, the date in the header. Dropped: every other tag. A margin
    that was recognised as fill and an unnamed alpha band become a real mask and a real alpha
    channel, so that every later reader sees the same valid ground.

    Args:
        source: A foreign GeoTIFF.
        target: Written under a temporary name beside it, then renamed.
        progress: Called with the share done, 0 to 1.
        settings: Limits; the defaults without them.
        name: What the sender calls the file, for messages.

    Raises:
        RasterError: The source can't be read to its end.
        TooLargeError: The source is beyond the limits.
        StoreError: The target can't be written (disk full, no permission).
    """
    report = progress or (lambda _share: None)
    shown = name if name is not None else source.name
    with (
        _writing(shown),
        tempfile.TemporaryDirectory(prefix=".cog-", dir=target.parent) as folder,
    ):
        plain, packed = Path(folder) / "plain.tif", Path(folder) / "packed.tif"
        with open_raster(source, settings=settings, name=shown) as dataset:
            _copy_plain(dataset, plain, shown, report)
        _pack(plain, packed)
        _sync(packed)
        packed.replace(target)
    report(1.0)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    """Say of a failure to write whose copy it was."""
    try:
        yield
    except (OSError, RasterioError, CPLE_BaseError) as error:
        raise StoreError(
            f"无法写入影像“{name}”的副本:{error};请检查磁盘空间和权限",
            f"cannot write the copy of {name!r}: {error}; check disk space and permissions",
            code="cannot_write",
        ) from error


def _copy_plain(
    dataset: rasterio.DatasetReader, plain: Path, name: str, report: Callable[[float], None]
) -> None:
    """Copy pixels, places and colours into a plain tiled file of our own."""
    validity = validity_of(dataset)
    colours = _colours(dataset)
    profile = {
        "driver": "GTiff",
        "width": dataset.width,
        "height": dataset.height,
        "count": dataset.count,
        "dtype": dataset.dtypes[0],
        "crs": dataset.crs,
        "transform": dataset.transform,
        "nodata": dataset.nodata,
        "tiled": True,
        "blockxsize": _BLOCK_PX,
        "blockysize": _BLOCK_PX,
        "interleave": "pixel",
        "BIGTIFF": "IF_SAFER",
    }
    if colours[:3] == (ColorInterp.red, ColorInterp.green, ColorInterp.blue):
        profile["photometric"] = "RGB"
    with rasterio.open(plain, "w", **profile) as copy:
        copy.colorinterp = colours
        for index, description in enumerate(dataset.descriptions, start=1):
            if description:
                copy.set_band_description(index, description)
        moment = dataset.tags().get("TIFFTAG_DATETIME")
        if moment:
            copy.update_tags(TIFFTAG_DATETIME=moment[:19])
        _copy_pixels(dataset, copy, validity, name, report)


def _copy_pixels(
    dataset: rasterio.DatasetReader,
    copy: rasterio.io.DatasetWriter,
    validity: Validity,
    name: str,
    report: Callable[[float], None],
) -> None:
    """Copy band by window, with the mask where the source has one or its margin is fill."""
    with_mask = validity.masked or bool(validity.fills)
    pixel_bytes = np.dtype(dataset.dtypes[0]).itemsize * dataset.count
    high = _BLOCK_PX
    wide = max(_BLOCK_PX, _CHUNK_BYTES // (pixel_bytes * high) // _BLOCK_PX * _BLOCK_PX)
    down, across = math.ceil(dataset.height / high), math.ceil(dataset.width / wide)
    for i in range(down):
        for j in range(across):
            row, col = i * high, j * wide
            window = Window(
                col, row, min(wide, dataset.width - col), min(high, dataset.height - row)
            )
            pixels = dataset.read(window=window)
            mask = validity.read(dataset, window) if with_mask else None
            # A full disk must not be taken for a damaged source, so only the writing is watched.
            with _writing(name):
                copy.write(pixels, window=window)
                if mask is not None:
                    copy.write_mask(mask, window=window)
            report(_COPY_SHARE * (i * across + j + 1) / (down * across))


def _colours(dataset: rasterio.DatasetReader) -> tuple[ColorInterp, ...]:
    """Return the colour interpretation to write: the source's, with a found alpha named."""
    colours = list(dataset.colorinterp)
    alpha = band_with(bands_of(dataset), "alpha")
    if alpha is not None:
        colours[alpha - 1] = ColorInterp.alpha
    return tuple(colours)


def _pack(plain: Path, packed: Path) -> None:
    """Turn our plain file into a COG."""
    with (
        rasterio.Env(
            GDAL_TIFF_INTERNAL_MASK=True, GDAL_CACHEMAX=CACHE_BYTES, GDAL_PAM_ENABLED="NO"
        ),
        rasterio.open(plain, driver="GTiff") as dataset,
    ):
        raster_shutil.copy(
            dataset,
            packed,
            driver="COG",
            COMPRESS="DEFLATE",
            LEVEL=6,
            PREDICTOR="YES",
            BLOCKSIZE=_BLOCK_PX,
            OVERVIEWS="AUTO",
            OVERVIEW_RESAMPLING="AVERAGE",
            BIGTIFF="IF_SAFER",
            NUM_THREADS="ALL_CPUS",
        )


def _sync(path: Path) -> None:
    """Make sure the bytes are on the disk before the name is."""
    with contextlib.closing(path.open("rb")) as handle:
        os.fsync(handle.fileno())
