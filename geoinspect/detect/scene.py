"""One open raster as detectors see it: tiles with halos, samples spread over all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from geoinspect.detect.detector import Detector, Tile
from geoinspect.detect.windows import Core, plan_cores
from geoinspect.errors import RasterError, Text
from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.raster_ground import placement_of
from geoinspect.ingest.rasters import validity_of

F4 = NDArray[np.float32]
I4 = NDArray[np.int32]

# Rasters up to this size are learnt from as a whole, larger ones from as much of them.
_SAMPLE_PX = 48_000_000
# Squares for pixel statistics: as many rows as columns, one square in each (a Latin square, so
# that few blocks of the file are opened); the step has no common factor with the number.
_SQUARES, _SQUARE_STEP, _SQUARE_PX = 48, 19, 64
# Where the squares miss a picture that is mostly margin, thinned tiles fill up to this.
_LEAST_SAMPLE, _SAMPLE_STRIDE = 20_000, 17
# Knuth's multiplicative hash: an order of the cores that has no pattern on the ground.
_HASH, _HASH_BITS = 2_654_435_761, 2**32


class RasterScene:
    """One raster, its ground, and which of its bands a detector reads.

    Attributes:
        placement: Where it lies.
        gsd_m: Ground sampling distance at its centre.
        layout: How the detector sees it.
        bands: Band numbers in the detector's order.
        warnings: What the reader of the result should know.
    """

    def __init__(
        self,
        dataset: rasterio.DatasetReader,
        detector: Detector,
        *,
        name: str,
        bands: Mapping[str, int] | None,
    ) -> None:
        self._dataset = dataset
        self.name = name
        self.placement = placement_of(dataset, name)
        self.gsd_m = self.placement.gsd_m
        self.layout = detector.layout(self.gsd_m)
        self.bands, self.warnings = _choose_bands(dataset, detector, name, bands)
        self._validity = validity_of(dataset)
        self._striped = dataset.block_shapes[0][1] >= dataset.width
        pixels = min(dataset.width * dataset.height, _SAMPLE_PX)
        self.sample_blocks = -(-pixels // self.layout.block_px**2)

    def cores(self, window_px: int | None = None) -> list[Core]:
        """Return the windows that tile the raster."""
        return list(
            plan_cores(
                self._dataset.width,
                self._dataset.height,
                block_px=self.layout.block_px,
                halo_px=self.layout.halo_px,
                striped=self._striped,
                window_px=window_px,
            )
        )

    def tile(self, core: Core) -> Tile | None:
        """Read a core with its halo; None when there is no ground in it."""
        width, height = self._dataset.width, self._dataset.height
        window = core.with_halo(self.layout.halo_px, height=height, width=width)
        read = self._read(window)
        if read is None:
            return None
        pixels, valid = read
        block_px = self.layout.block_px
        top = (core.row - int(window.row_off)) // block_px
        left = (core.col - int(window.col_off)) // block_px
        rows, cols = -(-core.height // block_px), -(-core.width // block_px)
        inside = (slice(top, top + rows), slice(left, left + cols))
        return Tile(pixels, valid, inside, (core.row // block_px, core.col // block_px))

    def valid_blocks(self, core: Core) -> I4 | None:
        """Return how many pixels of each block of a core hold ground, shape (rows, cols)."""
        read = self._read(Window(core.col, core.row, core.width, core.height))
        if read is None:
            return None
        block_px = self.layout.block_px
        starts = np.arange(0, core.height, block_px), np.arange(0, core.width, block_px)
        lines = np.add.reduceat(read[1], starts[0], axis=0, dtype=np.int32)
        return np.add.reduceat(lines, starts[1], axis=1)

    def sample_tiles(self) -> Iterator[Tile]:
        """Yield the tiles to learn from, in an order without pattern, until enough was seen.

        Empty margins don't count, so a picture that fills a corner of its frame is learnt too.
        """
        cores, seen_px = self.cores(), 0.0
        for i in sorted(range(len(cores)), key=lambda i: i * _HASH % _HASH_BITS):
            tile = self.tile(cores[i])
            if tile is None:
                continue
            seen_px += float(tile.valid.mean()) * cores[i].height * cores[i].width
            yield tile
            if seen_px >= _SAMPLE_PX:
                return

    def sample_pixels(self) -> F4:
        """Return valid pixels of small squares spread over the raster, shape (n, bands)."""
        width, height = self._dataset.width, self._dataset.height
        side_x, side_y = min(_SQUARE_PX, width), min(_SQUARE_PX, height)
        parts = [np.empty((0, len(self.bands)), dtype=np.float32)]
        for i in range(_SQUARES):
            row = (height - side_y) * i // (_SQUARES - 1)
            col = (width - side_x) * (i * _SQUARE_STEP % _SQUARES) // (_SQUARES - 1)
            read = self._read(Window(col, row, side_x, side_y))
            if read is not None:
                parts.append(read[0][:, read[1]].T.astype(np.float32))
        if sum(map(len, parts)) < _LEAST_SAMPLE:
            for tile in self.sample_tiles():
                parts.append(tile.pixels[:, tile.valid][:, ::_SAMPLE_STRIDE].T.astype(np.float32))
                if sum(map(len, parts)) >= _LEAST_SAMPLE:
                    break
        return np.concatenate(parts)

    def _read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]] | None:
        """Return pixels (bands, h, w) in a type the kernels are compiled for, and their mask.

        None when no pixel is valid; a wide empty margin costs next to nothing.
        """
        if self._validity.surely_empty(self._dataset, window):
            return None
        pixels = self._dataset.read(list(self.bands), window=window)
        if set(self._validity.colours) == set(self.bands):
            valid = self._validity.of_pixels(self._dataset, window, pixels)
        else:
            valid = self._validity.read(self._dataset, window)
        if pixels.dtype not in (np.uint8, np.uint16, np.float32):
            pixels = pixels.astype(np.float32)
        if pixels.dtype == np.float32:
            valid &= np.isfinite(pixels).all(axis=0)
        return (pixels, valid) if valid.any() else None


def _choose_bands(
    dataset: rasterio.DatasetReader,
    detector: Detector,
    name: str,
    given: Mapping[str, int] | None,
) -> tuple[tuple[int, ...], list[Text]]:
    """Return the band numbers for a detector: as given, as the file says, or 1, 2, 3."""
    needed = len(detector.bands)
    if dataset.count < needed:
        raise RasterError(
            f"影像“{name}”只有 {dataset.count} 个波段,检测需要红、绿、蓝 {needed} 个波段",
            f"{name!r} has {dataset.count} band(s), detection needs {needed}: red, green, blue",
            code="too_few_bands",
        )
    if given is not None:
        chosen = tuple(given[role] for role in detector.bands)
        if max(chosen) > dataset.count:
            raise RasterError(
                f"影像“{name}”只有 {dataset.count} 个波段,--bands 却要第 {max(chosen)} 个",
                f"{name!r} has {dataset.count} bands but --bands asks for number {max(chosen)}",
                code="no_such_band",
            )
        return chosen, []
    roles = bands_of(dataset)
    found = [band_with(roles, role) for role in detector.bands]
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
