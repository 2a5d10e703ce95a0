"""The windows of a raster on a Dask cluster: the same planes, whatever happens to the workers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raster_builders import Planted, grass, write_raster

from geoinspect.detect.fanout import fan_of, tasks_of
from geoinspect.detect.measure import Source, measure
from geoinspect.detect.planes import PLANES
from geoinspect.detect.windows import plan_cores
from geoinspect.errors import UsageError
from geoinspect.settings import Settings

SCRIPT = Path(__file__).with_name("cluster_run.py")


def test_two_workers_give_the_planes_of_this_machine_even_when_one_is_killed(
    tmp_path: Path,
) -> None:
    raster = write_raster(tmp_path / "a.tif", grass(1000, 1100, [Planted(200, 240, 80, 100)]))
    alone = measure(Source(raster, "a.tif", Settings()), tmp_path)
    assert alone.planes is not None
    content = alone.planes.read(0, 0, alone.planes.rows, alone.planes.cols).tobytes()
    alone.planes.close()
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(raster), str(tmp_path / "work")],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["plain"] == told["killed"] == hashlib.sha256(content).hexdigest()
    code, zh, en = told["hidden"]
    assert code == "worker_cannot_see"
    for text in (zh, en):
        assert "tcp://127.0.0.1" in text
        assert str(raster) in text


@pytest.mark.parametrize(
    "address", ["nonsense://here", "tcp://", "tcp://127.0.0.1:1", "", "tcp://127.0.0.1:99999999"]
)
def test_a_scheduler_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(UsageError, match="10") as caught:
        fan_of(address)
    assert caught.value.code == "no_scheduler"
    assert repr(address) in caught.value.text.en


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="cluster") as caught:
        fan_of("tcp://127.0.0.1:1")
    assert caught.value.code == "no_dask"


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 40), st.booleans())
def test_tasks_hold_all_windows_in_order_and_a_few_megabytes(
    width: int, height: int, block_px: int, striped: bool
) -> None:
    tile_px = (1, width) if striped else (512, 512)
    cores = list(plan_cores(width, height, block_px=block_px, tile_px=tile_px))
    tasks = tasks_of(cores, block_px)
    assert [core for task in tasks for core in task] == cores
    for task in tasks:
        size = sum(core.pixels for core in task) / block_px**2 * PLANES * 2
        assert task
        assert size <= 8e6 or len(task) == 1
