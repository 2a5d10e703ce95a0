"""One open raster as detection reads it: windows, valid pixels, a sample spread over all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from geoinspect.detect.windows import Core, plan_cores
from geoinspect.errors import RasterError, Text
from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.raster_ground import placement_of
from geoinspect.ingest.rasters import Validity, validity_of

F4 = NDArray[np.float32]

COLOURS = ("red", "green", "blue")
# Squares for pixel statistics: as many rows as columns, one square in each (a Latin square, so
# that few blocks of the file are opened); the step has no common factor with the number.
_SQUARES, _SQUARE_STEP, _SQUARE_PX = 48, 19, 64
# Where the squares miss a picture that is mostly margin, thinned windows fill up to this.
_LEAST_SAMPLE, _SAMPLE_STRIDE = 20_000, 17
# Knuth's multiplicative hash: an order of the windows that has no pattern on the ground.
_HASH, _HASH_BITS = 2_654_435_761, 2**32


class RasterScene:
    """One raster, its ground, and which of its bands are read.

    Not for two threads at once: each opens the file for itself.

    Attributes:
        placement: Where it lies.
        gsd_m: Ground sampling distance at its centre.
        bands: Band numbers in the order of the roles asked for.
        validity: How to tell its valid pixels.
        warnings: What the reader of the result should know.
    """

    def __init__(
        self,
        dataset: rasterio.DatasetReader,
        *,
        name: str,
        bands: Mapping[str, int] | None = None,
        roles: Sequence[str] = COLOURS,
        validity: Validity | None = None,
    ) -> None:
        self._dataset = dataset
        self.name = name
        self.placement = placement_of(dataset, name)
        self.gsd_m = self.placement.gsd_m
        self.bands, self.warnings = _choose_bands(dataset, roles, name, bands)
        # Finding it out can cost a look at the whole raster.
        self.validity = validity or validity_of(dataset)

    def cores(self, block_px: int, window_px: int | None = None) -> list[Core]:
        """Return the windows that tile the raster, each whole blocks."""
        return list(
            plan_cores(
                self._dataset.width,
                self._dataset.height,
                block_px=block_px,
                tile_px=self._dataset.block_shapes[0],
                window_px=window_px,
            )
        )

    def read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        """Return pixels (bands, h, w) in a type the kernels are compiled for, and their mask.

        None when no pixel is valid; a wide empty margin costs next to nothing.
        """
        if self.validity.surely_empty(self._dataset, window):
            return None
        pixels = self._dataset.read(list(self.bands), window=window)
        if set(self.validity.colours) == set(self.bands):
            valid = self.validity.of_pixels(self._dataset, window, pixels)
        else:
            valid = self.validity.read(self._dataset, window)
        if pixels.dtype not in (np.uint8, np.uint16, np.float32):
            pixels = pixels.astype(np.float32)
        if pixels.dtype == np.float32:
            valid &= np.isfinite(pixels).all(axis=0)
        return (pixels, valid) if valid.any() else None

    def read_core(self, core: Core) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        """Return the pixels of a core and their mask; None when there is no ground in it."""
        return self.read(core.window)

    def sample_pixels(self) -> F4:
        """Return valid pixels of small squares spread over the raster, shape (n, bands)."""
        width, height = self._dataset.width, self._dataset.height
        side_x, side_y = min(_SQUARE_PX, width), min(_SQUARE_PX, height)
        parts = [np.empty((0, len(self.bands)), dtype=np.float32)]
        for i in range(_SQUARES):
            row = (height - side_y) * i // (_SQUARES - 1)
            col = (width - side_x) * (i * _SQUARE_STEP % _SQUARES) // (_SQUARES - 1)
            read = self.read(Window(col, row, side_x, side_y))
            if read is not None:
                parts.append(read[0][:, read[1]].T.astype(np.float32))
        if sum(map(len, parts)) < _LEAST_SAMPLE:
            for core in self._mixed_cores():
                read = self.read_core(core)
                if read is not None:
                    parts.append(read[0][:, read[1]][:, ::_SAMPLE_STRIDE].T.astype(np.float32))
                if sum(map(len, parts)) >= _LEAST_SAMPLE:
                    break
        return np.concatenate(parts)

    def _mixed_cores(self) -> list[Core]:
        # Bands of whole rows for any file, so that the sample doesn't hang on how it is stored.
        width, height = self._dataset.width, self._dataset.height
        cores = list(plan_cores(width, height, block_px=1, tile_px=(1, width)))
        return [cores[i] for i in sorted(range(len(cores)), key=lambda i: i * _HASH % _HASH_BITS)]


def _choose_bands(
    dataset: rasterio.DatasetReader,
    wanted: Sequence[str],
    name: str,
    given: Mapping[str, int] | None,
) -> tuple[tuple[int, ...], list[Text]]:
    """Return the band numbers of the roles wanted: as given, as the file says, or 1, 2, 3."""
    needed = len(wanted)
    if dataset.count < needed:
        raise RasterError(
            f"影像“{name}”只有 {dataset.count} 个波段,检测需要红、绿、蓝 {needed} 个波段",
            f"{name!r} has {dataset.count} band(s), detection needs {needed}: red, green, blue",
            code="too_few_bands",
        )
    if given is not None:
        chosen = tuple(given[role] for role in wanted)
        if max(chosen) > dataset.count:
            raise RasterError(
                f"影像“{name}”只有 {dataset.count} 个波段,--bands 却要第 {max(chosen)} 个",
                f"{name!r} has {dataset.count} bands but --bands asks for number {max(chosen)}",
                code="no_such_band",
            )
        return chosen, []
    roles = bands_of(dataset)
    found = [band_with(roles, role) for role in wanted]
    named = tuple(index for index in found if index is not None)
    if len(named) < needed:
        named = tuple(range(1, needed + 1))
    elif dataset.count <= 4 or any(dataset.descriptions):
        return named, []
    numbers = ", ".join(map(str, named))
    doubt = Text(
        f"影像“{name}”没有写明各波段的颜色,按第 {numbers} 波段为红、绿、蓝处理;"
        "如不对,请用 --bands 指定",
        f"{name!r} does not name its bands; {numbers} were taken as red, green, blue; "
        "give --bands if that is wrong",
    )
    return named, [doubt]
