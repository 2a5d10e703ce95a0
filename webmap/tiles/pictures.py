"""Tiles of drone pictures, from our own cloud-optimised copies.

Rasters with more than 8 bits are stretched between the 2nd and 98th percentile of the whole
picture, so that tiles beside each other never differ in brightness.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import ColorInterp

from geoinspect.errors import NotFoundError
from webmap.tiles.warping import Warping, tile_of

F4 = NDArray[np.float32]
U1 = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_OPEN_PER_THREAD = 4
_SAMPLE_PX = 1024
_WEBP_QUALITY, _JPEG_QUALITY = 82, 84


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How one picture is shown.

    Attributes:
        indexes: Bands shown, one or three, counted from 1.
        low, high: What becomes black and white, per band; shape (bands,).
    """

    indexes: tuple[int, ...]
    low: F4
    high: F4

    @property
    def as_it_is(self) -> bool:
        """Whether 8-bit values are shown as they are."""
        return bool((self.low == 0).all() and (self.high == 255).all())

    def shown(self, pixels: NDArray[np.generic], valid: NDArray[np.bool_]) -> U1:
        """Return RGBA of shape (rows, columns, 4) for pixels of shape (bands, rows, columns)."""
        if self.as_it_is and pixels.dtype == np.uint8:
            return _stacked(np.asarray(pixels, np.uint8), valid)
        span = np.maximum(self.high - self.low, np.float32(1e-12))
        scaled = (pixels.astype(np.float32) - self.low[:, None, None]) * (
            np.float32(255) / span[:, None, None]
        )
        grey = np.nan_to_num(np.clip(scaled, 0, 255), nan=0.0).astype(np.uint8)
        return _stacked(grey, valid)


def _stacked(bands: U1, valid: NDArray[np.bool_]) -> U1:
    """Return one or three bands as RGBA."""
    rgba = np.empty((*valid.shape, 4), np.uint8)
    rgba[:, :, :3] = np.moveaxis(bands if len(bands) == 3 else bands[:1], 0, 2)
    rgba[:, :, 3] = np.where(valid, np.uint8(255), np.uint8(0))
    return rgba


class _Opened(NamedTuple):
    dataset: rasterio.DatasetReader
    warping: Warping | None


class Pictures:
    """Opened rasters and how each is shown. Safe for threads: each thread opens its own."""

    def __init__(self) -> None:
        self._looks: dict[Path, Look] = {}
        self._local = threading.local()

    def tile(self, path: Path, z: int, x: int, y: int, shown: Flags | None = None) -> bytes | None:
        """Return a tile as JPEG, or as WebP where some of it is transparent; None where the picture has nothing. Only pixels that
        are ``shown``, shape (256, 256), are in it; all for None.

        Raises:
            NotFoundError: The raster is gone from the workspace.
        """
        rgba = self.pixels(path, z, x, y, shown)
        return None if rgba is None else encoded(rgba)

    def pixels(self, path: Path, z: int, x: int, y: int, shown: Flags | None = None) -> U1 | None:
        """Return the same as RGBA, shape (256, 256, 4).

        Raises:
            NotFoundError: The raster is gone from the workspace.
        """
        dataset, warping = self._open(path)
        look = self._look(path, dataset)
        found = tile_of(dataset, warping, (z, x, y), look.indexes)
        if found is None:
            return None
        bands, valid = found
        if shown is not None:
            valid &= shown
        if not valid.any():
            return None
        rgba = look.shown(bands, valid)
        if shown is not None:
            # Nothing of a hidden pixel may stay under its transparency.
            rgba[~shown] = 0
        return rgba

    def opened(self, path: Path) -> tuple[rasterio.DatasetReader, Look]:
        """Return this thread's opened raster, which stays ours, and how it is shown.

        Raises:
            NotFoundError: The raster is gone from the workspace.
        """
        dataset, _ = self._open(path)
        return dataset, self._look(path, dataset)

    def _open(self, path: Path) -> _Opened:
        """Return this thread's opened raster; the least used of a few is closed."""
        opened: OrderedDict[Path, _Opened] | None
        opened = getattr(self._local, "opened", None)
        if opened is None:
            opened = self._local.opened = OrderedDict()
        if path not in opened:
            if not path.is_file():
                raise NotFoundError(
                    "这张影像的文件不在工作区里:请从备份恢复,或重新添加",
                    "the raster of this survey is missing from the workspace: restore a backup "
                    "or add it again",
                    code="no_raster",
                )
            dataset = rasterio.open(path, driver="GTiff")
            opened[path] = _Opened(dataset, Warping.of(dataset))
            if len(opened) > _OPEN_PER_THREAD:
                opened.popitem(last=False)[1].dataset.close()
        opened.move_to_end(path)
        return opened[path]

    def _look(self, path: Path, dataset: rasterio.DatasetReader) -> Look:
        if path not in self._looks:
            self._looks[path] = look_of(dataset)
        return self._looks[path]


def encoded(rgba: U1) -> bytes:
    """Return pixels as JPEG, which takes a quarter of the time, or as WebP where some of them are
    transparent.
    """
    out = io.BytesIO()
    if rgba[:, :, 3].all():
        Image.fromarray(rgba[:, :, :3]).save(out, "JPEG", quality=_JPEG_QUALITY)
    else:
        Image.fromarray(rgba, "RGBA").save(out, "WEBP", quality=_WEBP_QUALITY, method=0)
    return out.getvalue()


def type_of(picture: bytes) -> str:
    """Return the type of a tile that :func:`encoded` made."""
    return "image/webp" if picture.startswith(b"RIFF") else "image/jpeg"


def look_of(dataset: rasterio.DatasetReader) -> Look:
    """Return which bands of a raster to show, and how bright."""
    colours = list(dataset.colorinterp)
    wanted = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    plain = [i + 1 for i, c in enumerate(colours) if c != ColorInterp.alpha] or [1]
    if all(colour in colours for colour in wanted):
        indexes = tuple(colours.index(colour) + 1 for colour in wanted)
    else:
        indexes = tuple(plain[:3]) if len(plain) >= 3 else (plain[0],)
    if all(dataset.dtypes[i - 1] == "uint8" for i in indexes):
        n = len(indexes)
        return Look(indexes, np.zeros(n, np.float32), np.full(n, 255, np.float32))
    thin = max(1.0, max(dataset.width, dataset.height) / _SAMPLE_PX)
    shape = (max(1, round(dataset.height / thin)), max(1, round(dataset.width / thin)))
    sample = dataset.read(indexes, out_shape=(len(indexes), *shape), masked=True)
    low, high = [], []
    for band in sample:
        values = band.compressed().astype(np.float64)
        values = values[np.isfinite(values)]
        ends = np.percentile(values, [2, 98]) if len(values) else np.array([0.0, 1.0])
        low.append(ends[0])
        high.append(ends[1])
    return Look(indexes, np.array(low, np.float32), np.array(high, np.float32))
