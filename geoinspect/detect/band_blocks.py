"""The second pixel pass, for pictures with more than three colours: each block's mean in each band.

Blocks are those of the first pass. Like there, a block belongs to one window and is summed in one
order, so that no cut and no number of threads changes it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.gate import pixel_scale
from geoinspect.detect.measure import Progress, Source, Stopped
from geoinspect.detect.plane_store import writing
from geoinspect.detect.scene import COLOURS, RasterScene
from geoinspect.detect.sheets import Scale
from geoinspect.detect.windows import Core, runs_of
from geoinspect.ingest.raster_bands import bands_of
from geoinspect.ingest.rasters import Validity, open_raster
from geoinspect.ingest.survey_checks.exposure import exposure_of

U2 = NDArray[np.uint16]
Mask = NDArray[np.bool_]

# The order bands are kept in: by wavelength.
ROLES = ("blue", "green", "red", "rededge", "nir")
BEYOND = ("rededge", "nir")
TOP_LEVEL = 65_535
# Of the median brightness of vegetation: as in the first pass, darker is deep shadow.
_SHADOW = 0.3
# Above all that a sample shows there may be brighter pixels; floats have no top of their own.
_ROOM = 2.0


class BandFile:
    """Means of a raster's blocks, row after row; 0 is no lit ground, as is what was never written.

    Raises:
        StoreError: The disk is full or fails.
    """

    def __init__(self, path: Path, rows: int, cols: int, bands: int) -> None:
        self.path, self.rows, self.cols, self.bands = path, rows, cols, bands
        with writing(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(self._handle, rows * cols * bands * 2)
            except OSError:
                os.close(self._handle)
                raise

    def write(self, top: int, left: int, means: U2) -> None:
        """Keep the blocks of a rectangle, shape (rows, cols, bands)."""
        with writing(self.path):
            for i, row in enumerate(means):
                data, place = row.tobytes(), self._place(top + i, left)
                while data:
                    written = os.pwrite(self._handle, data, place)
                    data, place = data[written:], place + written

    def read(self, top: int, left: int, bottom: int, right: int) -> U2:
        """Return the blocks of a rectangle, shape (rows, cols, bands)."""
        out = np.empty((bottom - top, right - left, self.bands), dtype=np.uint16)
        for i in range(len(out)):
            raw = os.pread(self._handle, out[i].nbytes, self._place(top + i, left))
            out[i] = np.frombuffer(raw, dtype=np.uint16).reshape(out[i].shape)
        return out

    def close(self) -> None:
        """Give the file back to the system."""
        os.close(self._handle)

    def _place(self, row: int, col: int) -> int:
        return (row * self.cols + col) * self.bands * 2


@dataclass(frozen=True, slots=True, eq=False)
class BandScene:
    """A raster's bands, block by block.

    Attributes:
        means: In levels of ``step``.
        roles: Of the bands, by wavelength.
        step: Pixel value of one level.
        units: What pixel values seem to be: ``0-1`` or ``0-10000`` (reflectance) or ``dn``.
    """

    means: BandFile
    roles: tuple[str, ...]
    step: float
    units: str

    @property
    def reflectance_levels(self) -> float | None:
        """Levels of reflectance 1; None where the values don't seem to be reflectance."""
        full = {"0-1": 1.0, "0-10000": 10_000.0}.get(self.units)
        return None if full is None else full / self.step


def band_roles(
    dataset: rasterio.DatasetReader, given: Mapping[str, int] | None
) -> dict[str, int] | None:
    """Return the band numbers by role; None unless three colours and one beyond them are known.

    What was given counts alone; else what the file says.
    """
    told = given or {band.role: band.index for band in bands_of(dataset)}
    roles = {role: told[role] for role in ROLES if role in told}
    three = all(role in roles for role in COLOURS)
    return roles if three and any(role in roles for role in BEYOND) else None


def measure_bands(
    source: Source,
    roles: Mapping[str, int],
    scale: Scale,
    path: Path,
    *,
    workers: int,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BandScene | None:
    """Boil all bands of a raster down to blocks; None when the picture is black.

    Args:
        roles: Band numbers by role, from :func:`band_roles`.
        path: File the means are kept in; the caller closes ``means`` and removes it.

    Raises:
        RasterError: The raster can't be read.
        StoreError: The disk is full or fails.
        Stopped: It was cancelled.
    """
    names = tuple(role for role in ROLES if role in roles)
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        scene = _scene(dataset, source, roles)
        sample = scene.sample_pixels()
        pixels = pixel_scale(sample[:, _colours(names)])
        if pixels is None:
            return None
        dtype = np.dtype(dataset.dtypes[roles[names[0]] - 1])
        told = exposure_of(sample.T.astype(dtype), tuple((roles[name], name) for name in names))
        cores = scene.cores(scale.block_px, source.window_px)
        rows, cols = -(-dataset.height // scale.block_px), -(-dataset.width // scale.block_px)
        validity = scene.validity
    # Of other types than these there is no top; what a sample shows has to do.
    exact = dtype.kind == "u" and dtype.itemsize <= 2
    top = float(np.iinfo(dtype).max) if exact else _ROOM * float(sample.max())
    step = top / TOP_LEVEL
    means = BandFile(path, rows, cols, len(names))
    todo = _Pass(
        source, roles, validity, scale.block_px, _SHADOW * pixels.reference, step, cancelled
    )
    try:
        todo.run(cores, means, workers, progress or (lambda share: None))
    except BaseException:
        means.close()
        raise
    return BandScene(means, names, step, "dn" if told is None else told.scale)


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """What the threads of one pass must know."""

    source: Source
    roles: Mapping[str, int]
    validity: Validity
    block_px: int
    dark: float
    step: float
    cancelled: Callable[[], bool] | None

    def run(self, cores: list[Core], means: BandFile, workers: int, progress: Progress) -> None:
        """Work through all windows, a row of them at a time in each thread."""
        total = sum(core.pixels for core in cores)
        left, lock, failed = iter(runs_of(cores)), threading.Lock(), threading.Event()
        ready = 0

        def work() -> None:
            nonlocal ready
            try:
                with self._opened() as scene:
                    while not failed.is_set():
                        with lock:
                            run = next(left, [])
                        if not run:
                            return
                        for core in run:
                            self._measure(scene, core, means)
                            with lock:
                                ready += core.pixels
                                progress(ready / total)
            except BaseException:
                failed.set()
                raise

        with ThreadPoolExecutor(workers, "bands") as pool:
            try:
                for task in [pool.submit(work) for _ in range(workers)]:
                    task.result()
            finally:
                # Who breaks off waits for the windows being worked at, not for the whole raster.
                failed.set()

    @contextmanager
    def _opened(self) -> Iterator[RasterScene]:
        source = self.source
        with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
            yield _scene(dataset, source, self.roles, self.validity)

    def _measure(self, scene: RasterScene, core: Core, means: BandFile) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Stopped
        read = scene.read_core(core)
        if read is not None:
            names = tuple(role for role in ROLES if role in self.roles)
            colours = np.array(_colours(names))
            part = band_means(*read, self.block_px, self.dark, self.step, colours)
            means.write(core.row // self.block_px, core.col // self.block_px, part)


def _scene(
    dataset: rasterio.DatasetReader,
    source: Source,
    roles: Mapping[str, int],
    validity: Validity | None = None,
) -> RasterScene:
    names = [role for role in ROLES if role in roles]
    return RasterScene(dataset, name=source.name, bands=roles, roles=names, validity=validity)


def _colours(names: Sequence[str]) -> list[int]:
    """Return where red, green and blue stand among the bands."""
    return [names.index(role) for role in COLOURS]


@njit(cache=True, nogil=True)
def band_means(
    pixels: NDArray[np.generic],
    valid: Mask,
    block_px: int,
    dark: float,
    step: float,
    colours: NDArray[np.int64],
) -> U2:
    """Return the mean of each band over the valid lit pixels of each block of a window.

    Args:
        pixels: Shape (bands, h, w); ``valid`` has shape (h, w).
        block_px: Side of a block; the first begins at the window's corner.
        dark: Pixels whose three colours sum to less are shade.
        step: Pixel value of one level.
        colours: Places of the three colours among the bands.

    Returns:
        Levels of 1 to 65,535, all 0 without such pixels; shape (rows, cols, bands).
    """
    bands, h, w = pixels.shape
    rows, cols = -(-h // block_px), -(-w // block_px)
    out = np.zeros((rows, cols, bands), dtype=np.uint16)
    sums = np.zeros(bands)
    for i in range(rows):
        for j in range(cols):
            sums[:] = 0.0
            count = 0
            for row in range(i * block_px, min(h, (i + 1) * block_px)):
                for col in range(j * block_px, min(w, (j + 1) * block_px)):
                    if not valid[row, col]:
                        continue
                    bright = 0.0
                    for k in colours:
                        bright += max(float(pixels[k, row, col]), 0.0)
                    if bright < dark:
                        continue
                    count += 1
                    for k in range(bands):
                        sums[k] += max(float(pixels[k, row, col]), 0.0)
            if count > 0:
                for k in range(bands):
                    level = int(sums[k] / count / step + 0.5)
                    out[i, j, k] = min(max(level, 1), 65535)
    return out
