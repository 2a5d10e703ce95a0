"""The one door for rasters that others made: nothing else opens a foreign raster.

A file's own driver choice is never trusted: a VRT or MRF renamed ``.tif`` would read or write
other files, so the file must start like a TIFF and is opened by the GeoTIFF driver alone, without
looking at the files beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from geoinspect.errors import RasterError, TooLargeError
from geoinspect.ingest.raster_layout import TiffLayout, read_layout
from geoinspect.settings import Settings

# Bytes: rasterio hands the number to GDALSetCacheMax64, so GDAL's "256 means MB" doesn't hold here.
CACHE_BYTES = 256_000_000
GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": CACHE_BYTES,
    "GDAL_NUM_THREADS": "1",
}
MAX_BANDS = 16
# 40 Gpx of four 16-bit bands, or of eight 8-bit ones, at the default limit.
_MAX_BYTES_PER_PX = 8
# A bomb is large (≥ 1 GB unpacked) and nearly nothing but one colour. Deflate packs a constant at
# about 1000:1 and real drone ground at 1.5:1 to 40:1 (lossy), so a survey of which 97 % is empty
# margin stays below about 700:1; beyond 800:1 there is no picture left to look at.
_BOMB_BYTES = 1_000_000_000
_BOMB_RATIO = 800
# One block is decoded whole; a larger one breaks the memory promise of every later step.
_MAX_BLOCK_BYTES = 512_000_000
# What rasterio raises for broken files: its own errors, GDAL's unwrapped where it forgets to wrap
# them, and UnicodeError for broken text in tags.
_DAMAGE = (RasterioError, CPLE_BaseError, UnicodeError)


@contextmanager
def open_raster(
    path: Path | str, *, settings: Settings | None = None, name: str | None = None
) -> Iterator[rasterio.DatasetReader]:
    """Open a foreign GeoTIFF for reading, checked before any pixel is read.

    Errors of reading inside the ``with`` block come out as :class:`RasterError` naming the file.

    Args:
        path: The file, on this machine.
        settings: Limits; the defaults without them.
        name: What the sender calls the file, for messages; the path's last part without it.

    Yields:
        The open dataset, with a CRS and a georeferencing that can be turned round.

    Raises:
        RasterError: Not a GeoTIFF, damaged, cut off, or not placed on the ground.
        TooLargeError: Beyond the limits of size, or a small file that unpacks to a huge one.
    """
    path = Path(path)
    shown = name if name is not None else path.name
    limits = settings if settings is not None else Settings()
    layout = read_layout(path, shown)
    _check_file_size(layout, limits, shown)
    with rasterio.Env(**GDAL_OPTIONS):
        try:
            dataset = _open_geotiff(path)
        except _DAMAGE as error:
            raise _unreadable(shown) from error
        with dataset:
            _check_size(dataset, layout, limits, shown)
            _check_content(dataset, layout, shown)
            _check_placed(dataset, shown)
            try:
                yield dataset
            except _DAMAGE as error:
                raise _unreadable(shown) from error


def _open_geotiff(path: Path) -> rasterio.DatasetReader:
    """Open with the GeoTIFF driver only; a missing georeference is judged later, in words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path.resolve(), driver="GTiff")


def _unreadable(name: str) -> RasterError:
    return RasterError(
        f"影像“{name}”已损坏,无法读取:请重新从软件导出或重新上传",
        f"{name!r} is damaged and cannot be read: export it again or upload it again",
        code="damaged",
    )


def _check_file_size(layout: TiffLayout, limits: Settings, name: str) -> None:
    megabytes = layout.file_bytes / 1e6
    if megabytes > limits.raster_max_mb:
        raise TooLargeError(
            f"影像“{name}”有 {megabytes:.0f} MB,上限 {limits.raster_max_mb:.0f} MB:请分块导出",
            f"{name!r} has {megabytes:.0f} MB, the limit is {limits.raster_max_mb:.0f} MB: "
            "export it in pieces",
        )


def _check_size(
    dataset: rasterio.DatasetReader, layout: TiffLayout, limits: Settings, name: str
) -> None:
    """Refuse what would not fit, from the header alone."""
    pixels = dataset.width * dataset.height
    itemsize = max(np.dtype(dtype).itemsize for dtype in _plain_dtypes(dataset, name))
    unpacked = pixels * dataset.count * itemsize
    if pixels > limits.raster_max_gpx * 1e9 or unpacked > (
        limits.raster_max_gpx * 1e9 * _MAX_BYTES_PER_PX
    ):
        raise TooLargeError(
            f"影像“{name}”有 {dataset.width}×{dataset.height} 像素、{dataset.count} 个波段,"
            f"上限 {limits.raster_max_gpx:g} 十亿像素:请分块导出",
            f"{name!r} has {dataset.width}×{dataset.height} pixels in {dataset.count} bands, the "
            f"limit is {limits.raster_max_gpx:g} gigapixels: export it in pieces",
        )
    if unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * layout.file_bytes:
        raise TooLargeError(
            f"影像“{name}”只有 {layout.file_bytes / 1e6:.1f} MB,却声称解压后有 "
            f"{unpacked / 1e9:.1f} GB,几乎没有内容:请裁掉空白边缘后重新导出",
            f"{name!r} has {layout.file_bytes / 1e6:.1f} MB but claims {unpacked / 1e9:.1f} GB "
            "unpacked, so there is next to nothing in it: crop the empty margin and export again",
            code="bomb",
        )
    rows, cols = dataset.block_shapes[0]
    per_block = rows * cols * itemsize
    if dataset.interleaving is not None and dataset.interleaving.name == "pixel":
        per_block *= dataset.count
    if dataset.compression is not None and per_block > _MAX_BLOCK_BYTES:
        raise TooLargeError(
            f"影像“{name}”的一个压缩块有 {per_block / 1e6:.0f} MB,上限 "
            f"{_MAX_BLOCK_BYTES / 1e6:.0f} MB:导出时请选择“分块(tiled)”",
            f"one packed block of {name!r} has {per_block / 1e6:.0f} MB, the limit is "
            f"{_MAX_BLOCK_BYTES / 1e6:.0f} MB: choose 'tiled' when exporting",
            code="block_too_large",
        )


def _plain_dtypes(dataset: rasterio.DatasetReader, name: str) -> tuple[str, ...]:
    """Return the bands' data types; refuse complex numbers and too many bands."""
    if dataset.count > MAX_BANDS:
        raise RasterError(
            f"影像“{name}”有 {dataset.count} 个波段,上限 {MAX_BANDS} 个:请只导出需要的波段",
            f"{name!r} has {dataset.count} bands, the limit is {MAX_BANDS}: export fewer bands",
            code="too_many_bands",
        )
    dtypes: tuple[str, ...] = dataset.dtypes
    if any("complex" in dtype for dtype in dtypes):
        raise RasterError(
            f"影像“{name}”的像素是复数({dtypes[0]}),不是照片:请导出正射影像",
            f"the pixels of {name!r} are complex numbers ({dtypes[0]}), not a picture: export "
            "the orthomosaic",
            code="complex_pixels",
        )
    return dtypes


def _check_content(dataset: rasterio.DatasetReader, layout: TiffLayout, name: str) -> None:
    """Refuse a file whose list of blocks points beyond its end."""
    if layout.beyond_end:
        raise RasterError(
            f"影像“{name}”不完整:{layout.blocks} 个数据块中缺少 {layout.beyond_end} 个,"
            "可能没有传完;请重新复制或重新上传",
            f"{name!r} is cut off: {layout.beyond_end} of {layout.blocks} blocks are missing; "
            "copy or upload the file again",
            code="truncated",
        )


def _check_placed(dataset: rasterio.DatasetReader, name: str) -> None:
    """Refuse a picture that can't be placed on the ground."""
    if not dataset.crs:
        raise RasterError(
            f"影像“{name}”没有坐标系:请在导出时选择带坐标系的 GeoTIFF(例如 CGCS2000 或 WGS84)",
            f"{name!r} has no coordinate system: export it as a GeoTIFF with one, such as "
            "CGCS2000 or WGS84",
            code="no_crs",
        )
    transform = dataset.transform
    usable = all(np.isfinite(transform[:6])) and transform.determinant != 0
    if transform.is_identity or not usable:
        raise RasterError(
            f"影像“{name}”没有地理定位(缺少坐标变换):请导出带地理定位的 GeoTIFF 正射影像",
            f"{name!r} is not placed on the ground (no geotransform): export a georeferenced "
            "orthomosaic",
            code="no_geotransform",
        )
