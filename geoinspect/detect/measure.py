"""The pixel pass over a file: both cores, stopped and taken up again, the same for any cut."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from geoinspect.detect.gate import PixelScale, pixel_scale
from geoinspect.detect.plane_store import PlaneFile, writing
from geoinspect.detect.planes import U2, Plane, block_planes
from geoinspect.detect.scene import RasterScene
from geoinspect.detect.sheets import Scale
from geoinspect.detect.tally import GroundTally
from geoinspect.detect.windows import Core, runs_of
from geoinspect.detect.work_log import PLANES_NAME, WorkLog
from geoinspect.errors import Text
from geoinspect.ingest.raster_ground import Placement
from geoinspect.ingest.rasters import Validity, open_raster
from geoinspect.settings import Settings

Progress = Callable[[float], None]

# Raised when what the planes mean changes, so that half-done work of an older version is not
# taken up.
VERSION = 1
_ROWS_AT_ONCE = 256
# Windows done are put on the disk for good this often: more would cost time, less would lose work.
_KEEP_EVERY_S = 1.0


class Stopped(Exception):  # noqa: N818 - it is no error: somebody asked for it
    """The work was cancelled; what is done so far is kept."""


@dataclass(frozen=True, slots=True)
class Source:
    """A raster file and how it is read.

    Attributes:
        name: What the sender calls it.
        bands: Numbers of red, green and blue; None takes what the file says.
        window_px: Side of square windows instead of one chosen from memory; changes no figure.
    """

    path: Path
    name: str
    settings: Settings
    bands: Mapping[str, int] | None = None
    window_px: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """All that whoever works through windows must know; can be sent to another process."""

    source: Source
    scale: Scale
    pixels: PixelScale
    validity: Validity


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A raster after the pixel pass.

    Attributes:
        planes: None when the picture is black.
        valid_area_m2: Ground that holds data.
    """

    placement: Placement
    scale: Scale
    planes: PlaneFile | None
    valid_area_m2: float
    warnings: tuple[Text, ...]


Done = Generator[tuple[Core, U2 | None], None, None]
Fan = Callable[[Job, list[Core]], Done]


def measure(
    source: Source,
    folder: Path,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    workers: int | None = None,
    fan: Fan | None = None,
) -> Measured:
    """Boil a raster down to planes, kept in a folder.

    Work that was broken off goes on where it stopped when the file and the way of reading are
    the same.

    Args:
        folder: Exists; in it, each raster has a folder of its own with ``planes.bin`` and a list
            of the windows done.
        cancelled: Asked after each window.
        workers: Threads; all of this machine's cores without it.
        fan: Another way to work through the windows, for example on a cluster.

    Raises:
        RasterError: The file can't be read.
        StoreError: The disk is full or fails.
        UsageError: Another process does the same work in the same folder.
        Stopped: It was cancelled.
    """
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        scene = RasterScene(dataset, name=source.name, bands=source.bands)
        scale = Scale.of_gsd(scene.gsd_m)
        pixels = pixel_scale(scene.sample_pixels())
        cores = scene.cores(scale.block_px, source.window_px)
        placement, warnings = scene.placement, tuple(scene.warnings)
        if pixels is None:
            area_m2 = _valid_area(scene, cores)
            return Measured(placement, scale, None, area_m2, warnings)
    job = Job(source, scale, pixels, scene.validity)
    planes = _filled(job, cores, placement, folder, progress, cancelled, fan or threads(workers))
    return Measured(placement, scale, planes, _tallied(planes, placement, scale), warnings)


def _filled(
    job: Job,
    cores: list[Core],
    placement: Placement,
    folder: Path,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
    fan: Fan,
) -> PlaneFile:
    """Return the planes of all windows, on the disk."""
    block_px = job.scale.block_px
    rows, cols = -(-placement.height // block_px), -(-placement.width // block_px)
    own = folder / hashlib.sha256(os.fsencode(job.source.path.resolve())).hexdigest()[:16]
    with writing(own):
        own.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(WorkLog(own, _fingerprint(job), PlaneFile.bytes_of(rows, cols)))
        planes = PlaneFile(own / PLANES_NAME, rows, cols)
        close = stack.enter_context(contextlib.ExitStack())
        close.callback(planes.close)
        keeper = _Keeper(planes, log)
        # Also what was done when the work is broken off, for whatever reason.
        close.callback(keeper.keep)
        todo = [core for core in cores if core not in log.done]
        total = sum(core.pixels for core in cores)
        ready = total - sum(core.pixels for core in todo)
        report = progress or (lambda share: None)
        report(ready / total)
        found = stack.enter_context(contextlib.closing(fan(job, todo)))
        for core, part in found:
            if part is not None:
                planes.write(core.row // block_px, core.col // block_px, part)
            keeper.add(core)
            ready += core.pixels
            report(ready / total)
            if cancelled is not None and cancelled():
                raise Stopped
        keeper.keep()
        close.pop_all()
    return planes


class _Keeper:
    """Puts windows on the disk for good, then on the list of those done."""

    def __init__(self, planes: PlaneFile, log: WorkLog) -> None:
        self._planes, self._log = planes, log
        self._waiting: list[Core] = []
        self._kept_s = time.monotonic()

    def add(self, core: Core) -> None:
        self._waiting.append(core)
        if time.monotonic() - self._kept_s >= _KEEP_EVERY_S:
            self.keep()

    def keep(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._planes.sync()
            for core in waiting:
                self._log.add(core)
        self._kept_s = time.monotonic()


@contextlib.contextmanager
def opened(job: Job) -> Iterator[RasterScene]:
    """Open a job's file for one thread.

    Raises:
        RasterError: It can't be read.
    """
    source = job.source
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        yield RasterScene(dataset, name=source.name, bands=source.bands, validity=job.validity)


def planes_of_core(scene: RasterScene, core: Core, job: Job) -> U2 | None:
    """Return the planes of one window; None when there is no ground in it."""
    read = scene.read_core(core)
    if read is None:
        return None
    pixels = job.pixels
    return block_planes(read[0], read[1], job.scale.block_px, pixels.reference, pixels.gate)


def cores_of_machine() -> int:
    """Return how many cores this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def threads(workers: int | None) -> Fan:
    """Return a way to work through the windows in threads, each with the file open for itself.

    GDAL and the kernels let go of Python's lock, so threads use all cores.
    """
    count = workers or cores_of_machine()

    def fan(job: Job, cores: list[Core]) -> Done:
        work = _Work(job, cores, most_waiting=2 * count)
        running = [
            threading.Thread(target=work.run, name=f"pixels-{i}")
            for i in range(min(count, len(cores)))
        ]
        for thread in running:
            thread.start()
        try:
            yield from work.results()
        finally:
            work.stop()
            for thread in running:
                thread.join()

    return fan


class _Work:
    """Windows shared by threads, and their planes on the way back."""

    def __init__(self, job: Job, cores: list[Core], *, most_waiting: int) -> None:
        self._job, self._count = job, len(cores)
        self._left = _shares(cores)
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._ready: queue.Queue[tuple[Core, U2 | None] | BaseException] = queue.Queue(most_waiting)

    def run(self) -> None:
        """Take rows of windows until there are none."""
        try:
            with opened(self._job) as scene:
                while run := self._next():
                    for core in run:
                        if self._stopped.is_set():
                            return
                        self._give((core, planes_of_core(scene, core, self._job)))
        except BaseException as error:  # noqa: BLE001 - raised again where the results are read
            self._give(error)

    def results(self) -> Iterator[tuple[Core, U2 | None]]:
        """Yield the planes of all windows, in the order they come.

        Raises:
            RasterError: A window could not be read.
        """
        for _ in range(self._count):
            result = self._ready.get()
            if isinstance(result, BaseException):
                raise result
            yield result

    def stop(self) -> None:
        """Let the threads end after the windows they are at."""
        self._stopped.set()

    def _next(self) -> list[Core]:
        with self._lock:
            return next(self._left, [])

    def _give(self, result: tuple[Core, U2 | None] | BaseException) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put(result, timeout=0.1)
                return


def _shares(cores: list[Core]) -> Iterator[list[Core]]:
    """Yield rows of windows; the last few one by one, so that all threads end together."""
    runs = runs_of(cores)
    yield from runs[:-2]
    for run in runs[-2:]:
        yield from ([core] for core in run)


def _fingerprint(job: Job) -> dict[str, object]:
    source = job.source
    stat = source.path.stat()
    return {
        "version": VERSION,
        "bytes": stat.st_size,
        "changed_ns": stat.st_mtime_ns,
        "bands": dict(source.bands) if source.bands else None,
        "window_px": source.window_px,
        "scale": asdict(job.scale),
        "pixels": asdict(job.pixels),
    }


def _tallied(planes: PlaneFile, placement: Placement, scale: Scale) -> float:
    tally = GroundTally(placement, scale.block_px)
    for top in range(0, planes.rows, _ROWS_AT_ONCE):
        bottom = min(planes.rows, top + _ROWS_AT_ONCE)
        part = planes.read(top, 0, bottom, planes.cols)
        tally.add(part[:, :, Plane.VALID].astype("int32"), (top, 0))
    return tally.area_m2


def _valid_area(scene: RasterScene, cores: list[Core]) -> float:
    """Return the valid ground of a picture that is black all over."""
    tally = GroundTally(scene.placement, 1)
    for core in cores:
        read = scene.read_core(core)
        if read is not None:
            tally.add(read[1].astype("int32"), (core.row, core.col))
    return tally.area_m2
