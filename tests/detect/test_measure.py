"""The pixel pass: broken off and taken up again, with any number of threads, on a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from raster_builders import Planted, grass, write_raster

from geoinspect.detect.measure import Measured, Source, Stopped, measure
from geoinspect.detect.plane_store import PlaneFile
from geoinspect.errors import StoreError, UsageError
from geoinspect.settings import Settings

WINDOW_PX = 50
WINDOWS = 8 * 9


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels = grass(400, 430, [Planted(100, 120, 80, 100)])
    return write_raster(tmp_path_factory.mktemp("raster") / "a.tif", pixels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def source(path: Path, window_px: int | None = WINDOW_PX) -> Source:
    return Source(path, "a.tif", Settings(), window_px=window_px)


def content(measured: Measured) -> tuple[float, bytes]:
    planes = measured.planes
    assert planes is not None
    told = planes.read(0, 0, planes.rows, planes.cols).tobytes()
    planes.close()
    return measured.valid_area_m2, told


@pytest.fixture(scope="module")
def right(raster: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, bytes]:
    told = content(measure(source(raster), tmp_path_factory.mktemp("right")))
    assert len(np.unique(np.frombuffer(told[1], dtype=np.uint16))) > 100
    return told


def log_of(folder: Path) -> Path:
    [path] = folder.glob("*/done.jsonl")
    return path


def stop_after(windows: int) -> object:
    """Return a question that is answered with yes from a number of windows on."""
    asked = iter(range(10**6))
    return lambda: next(asked) + 1 >= windows


def first_shares(path: Path, folder: Path, **more: object) -> tuple[float, tuple[float, bytes]]:
    """Return how much was ready when the work began, and what came of it."""
    shares: list[float] = []
    told = content(measure(source(path), folder, progress=shares.append, **more))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return shares[0], told


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_threads_and_the_windows_change_no_byte(
    raster: Path, folder: Path, right: tuple[float, bytes], workers: int
) -> None:
    for window_px in (None, 77):
        told = content(measure(source(raster, window_px), folder, workers=workers))
        assert told == right


def test_cancelled_work_goes_on_where_it_stopped(
    raster: Path, folder: Path, right: tuple[float, bytes]
) -> None:
    before = threading.active_count()
    with pytest.raises(Stopped):
        measure(source(raster), folder, cancelled=stop_after(20))
    assert threading.active_count() == before
    assert len(log_of(folder).read_text().splitlines()) == 21
    ready, told = first_shares(raster, folder)
    assert 0.2 < ready < 0.4
    assert told == right
    # All is done: nothing is read again.
    assert first_shares(raster, folder)[0] == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from geoinspect.detect import measure as measuring
from geoinspect.settings import Settings

measuring._KEEP_EVERY_S = 0.0

def fall(share):
    if share > 0.45:
        os.kill(os.getpid(), signal.SIGKILL)

raster, folder = map(Path, sys.argv[1:])
measuring.measure(
    measuring.Source(raster, "a.tif", Settings(), window_px=50), folder, progress=fall
)
"""


def test_a_killed_process_leaves_work_that_another_ends(
    raster: Path, folder: Path, right: tuple[float, bytes]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(raster), str(folder)],
        check=False,
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    ready, told = first_shares(raster, folder)
    assert 0.3 < ready < 0.6
    assert told == right


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda text: text[:-3], True),
        (lambda text: text + b"[100, ", True),
        (lambda text: text + b"\xff\xfe\n", True),
        (lambda text: text + b'[100, 0, "x", 50]\n', True),
        (lambda text: text + b"7\n", True),
        (lambda text: b"", False),
        (lambda text: b"\0" * len(text), False),
        (lambda text: text[5:], False),
    ],
)
def test_a_damaged_list_loses_no_more_than_its_damaged_part(
    raster: Path, folder: Path, right: tuple[float, bytes], damage: object, kept: bool
) -> None:
    with pytest.raises(Stopped):
        measure(source(raster), folder, cancelled=stop_after(30))
    log = log_of(folder)
    log.write_bytes(damage(log.read_bytes()))
    ready, told = first_shares(raster, folder)
    assert (ready > 0.3) is kept
    assert told == right


@pytest.mark.parametrize("how", ["gone", "short"])
def test_lost_figures_are_made_again(
    raster: Path, folder: Path, right: tuple[float, bytes], how: str
) -> None:
    with pytest.raises(Stopped):
        measure(source(raster), folder, cancelled=stop_after(30))
    planes = log_of(folder).with_name("planes.bin")
    if how == "gone":
        planes.unlink()
    else:
        os.truncate(planes, 1000)
    ready, told = first_shares(raster, folder)
    assert ready == 0
    assert told == right


def test_a_changed_file_starts_afresh(tmp_path: Path, folder: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(400, 430))
    with pytest.raises(Stopped):
        measure(source(path), folder, cancelled=stop_after(30))
    write_raster(path, grass(400, 430, seed=8))
    ready, told = first_shares(path, folder)
    assert ready == 0
    (tmp_path / "clean").mkdir()
    assert told == content(measure(source(path), tmp_path / "clean"))


def test_two_rasters_share_a_folder_without_harm(
    tmp_path: Path, raster: Path, folder: Path, right: tuple[float, bytes]
) -> None:
    other = write_raster(tmp_path / "b.tif", grass(100, 100))
    for path in (raster, other):
        with pytest.raises(Stopped):
            measure(source(path), folder, cancelled=stop_after(2))
    ready, told = first_shares(raster, folder)
    assert ready > 0
    assert told == right


def test_the_same_work_twice_at_once_is_refused(raster: Path, folder: Path) -> None:
    def again(share: float) -> None:
        if share > 0.5:
            measure(source(raster), folder)

    with pytest.raises(UsageError) as caught:
        measure(source(raster), folder, progress=again)
    assert caught.value.code == "work_in_progress"


def test_a_faulty_fan_is_told_and_what_was_done_is_kept(
    raster: Path, folder: Path, right: tuple[float, bytes]
) -> None:
    from geoinspect.detect.measure import threads

    closed: list[bool] = []

    def fan(job: object, cores: list) -> Iterator:
        inner = threads(1)(job, cores)
        try:
            for number, result in enumerate(inner):
                if number == 9:
                    raise RuntimeError("broken")
                yield result
        finally:
            inner.close()
            closed.append(True)

    with pytest.raises(RuntimeError, match="broken"):
        measure(source(raster), folder, fan=fan)
    assert closed == [True]
    assert len(log_of(folder).read_text().splitlines()) == 10
    assert first_shares(raster, folder)[1] == right


FULL = """
import resource, sys
from pathlib import Path
from geoinspect.detect.measure import Source, measure
from geoinspect.errors import StoreError
from geoinspect.settings import Settings

raster, folder, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
measure(Source(raster, "a.tif", Settings(), window_px=50), folder.parent)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    measure(Source(raster, "a.tif", Settings(), window_px=50), folder)
except StoreError as error:
    print(error.code, error.text.zh, error.text.en)
"""


@pytest.mark.parametrize("most_bytes", [400, 3000])
def test_a_full_disk_is_said_in_words(
    raster: Path, folder: Path, right: tuple[float, bytes], most_bytes: int
) -> None:
    """A limit on the size of files stands for the disk: neither the planes nor the list fit."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(raster), str(folder), str(most_bytes)],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cannot_write")
    assert "磁盘" in done.stdout
    assert "disk" in done.stdout
    assert first_shares(raster, folder)[1] == right


def test_a_disk_that_fills_up_in_the_midst_loses_only_what_did_not_fit(
    raster: Path,
    folder: Path,
    right: tuple[float, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = 0
    pwrite = os.pwrite

    def full(handle: int, data: memoryview, place: int) -> int:
        nonlocal written
        if written + len(data) > 150_000:
            raise OSError(28, "No space left on device")
        written += len(data)
        return pwrite(handle, data, place)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreError, match="No space left"):
        measure(source(raster), folder)
    monkeypatch.undo()
    done = len(log_of(folder).read_text().splitlines()) - 1
    assert 0 < done < WINDOWS
    ready, told = first_shares(raster, folder)
    assert ready > 0
    assert told == right


def test_files_are_given_back_whatever_happens(raster: Path, folder: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(Stopped):
            measure(source(raster), folder, cancelled=stop_after(2))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_missing_raster_among_the_work_is_said(tmp_path: Path, folder: Path) -> None:
    from geoinspect.errors import RasterError

    with pytest.raises(RasterError):
        measure(source(tmp_path / "gone.tif"), folder)
    assert list(folder.iterdir()) == []


def test_planes_never_written_read_as_no_ground(tmp_path: Path) -> None:
    planes = PlaneFile(tmp_path / "p.bin", 4, 5)
    part = np.arange(2 * 3 * 22, dtype=np.uint16).reshape(2, 3, 22)
    planes.write(1, 2, part)
    whole = planes.read(0, 0, 4, 5).copy()
    np.testing.assert_array_equal(whole[1:3, 2:5], part)
    np.testing.assert_array_equal(planes.read(1, 2, 3, 5), part)
    whole[1:3, 2:5] = 0
    assert not whole.any()
    planes.close()


def test_the_list_names_what_it_is_for(raster: Path, folder: Path) -> None:
    content(measure(source(raster), folder))
    head, *windows = log_of(folder).read_text().splitlines()
    assert json.loads(head)["bytes"] == raster.stat().st_size
    assert sorted(map(json.loads, windows))[0] == [0, 0, 50, 50]
    assert len(windows) == WINDOWS
