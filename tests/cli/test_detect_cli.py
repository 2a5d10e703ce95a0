"""``geoinspect detect``: its work beside the output, taken up again, and what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from raster_builders import grass, write_raster

from geoinspect.cli.breaking import stoppable
from geoinspect.cli.detect_work import work_beside
from geoinspect.detect.measure import Stopped


def start(*args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "geoinspect", "detect", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"GEOINSPECT_DEBUG": "1"},
    )


def run(*args: object) -> tuple[int, str, str]:
    process = start(*args)
    out, err = process.communicate(timeout=150)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("raster") / "a.tif", grass(1400, 1400))


def test_workers_change_nothing_and_no_work_is_left(tmp_path: Path, raster: Path) -> None:
    told = []
    for workers in (1, 3):
        out = tmp_path / f"{workers}.gpkg"
        status, text, err = run(raster, "--out", out, "--workers", workers, "--json")
        assert status == 0, err
        told.append(gpd.read_file(out).to_json())
        assert json.loads(text)["patches"] > 0
    assert told[0] == told[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.gpkg", "3.gpkg"]


def test_an_interrupted_run_says_where_its_work_lies_and_goes_on(
    tmp_path: Path, raster: Path
) -> None:
    out, folder = tmp_path / "p.gpkg", tmp_path / "p.gpkg.work"
    process = start(raster, "--out", out)
    until_s = time.monotonic() + 100
    while not list(folder.glob("*/done.jsonl")) and time.monotonic() < until_s:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    assert str(folder) in err
    assert "接着做" in err
    assert "to go on" in err
    assert not out.exists()
    status, _, err = run(raster, "--out", out)
    assert status == 0, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.gpkg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--workers", 0), "--workers"),
        (("--workers", "many"), "--workers"),
        (("--scheduler", "nonsense://x"), "nonsense://x"),
        (("--scheduler", "tcp://"), "tcp://"),
    ],
)
def test_wrong_calls_are_said_and_leave_nothing(
    tmp_path: Path, raster: Path, options: tuple, words: str
) -> None:
    status, _, err = run(raster, "--out", tmp_path / "p.gpkg", *options)
    assert status == 2
    assert words in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_work_is_left_alone(tmp_path: Path, raster: Path) -> None:
    (tmp_path / "p.gpkg.work").write_text("mine")
    status, _, err = run(raster, "--out", tmp_path / "p.gpkg")
    assert status == 2
    assert "p.gpkg.work" in err
    assert (tmp_path / "p.gpkg.work").read_text() == "mine"


def test_only_our_own_files_are_removed_from_the_folder_beside(tmp_path: Path) -> None:
    folder = tmp_path / "p.gpkg.work"
    ours, mine = folder / "0123456789abcdef", folder / "mine"
    for held in (ours, mine):
        held.mkdir(parents=True)
    for name in ("done.jsonl", "planes.bin"):
        (ours / name).write_text("")
    (mine / "planes.bin").write_text("of somebody else")
    with work_beside(tmp_path / "p.gpkg", None, None) as work:
        assert work.folder == folder
    assert list(folder.rglob("*")) == [mine, mine / "planes.bin"]
    (mine / "planes.bin").unlink()
    mine.rmdir()
    with work_beside(tmp_path / "p.gpkg", None, None):
        pass
    assert not folder.exists()


def test_work_that_stops_for_an_interrupt_ends_as_one() -> None:
    with pytest.raises(KeyboardInterrupt), stoppable():
        raise Stopped


def test_work_options_do_not_go_with_a_stored_survey() -> None:
    for option in (("--workers", 2), ("--scheduler", "tcp://127.0.0.1:1")):
        status, _, err = run("--survey", 1, *option)
        assert status == 2
        assert "--workers" in err


def test_the_sensitivity_is_measured_on_request(tmp_path: Path, raster: Path) -> None:
    bare = write_raster(tmp_path / "bare.tif", np.full((3, 200, 200), 128, np.uint8))
    status, text, err = run(
        *(
            raster,
            bare,
            "--out",
            tmp_path / "p.gpkg",
            "--measure-sensitivity",
            "--min-area-m2",
            "4",
            "--json",
        )
    )
    assert status == 0, err
    green, grey = json.loads(text)["sensitivity"]
    assert green["measured"]
    assert green["simulated"]
    assert green["planted"] > 0
    assert all(cell["planted"] >= cell["found"] >= 0 for cell in green["strata"])
    assert not grey["measured"]
    assert "vegetation" in grey["message"]
    assert not list(tmp_path.glob("*.work"))


@pytest.mark.parametrize(
    "more",
    [
        ("--measure-sensitivity", "--detector", "m.onnx"),
        ("--measure-sensitivity", "--target", "cannabis"),
        ("--measure-sensitivity", "--signature", "target"),
        ("--no-learn",),
    ],
)
def test_what_can_not_be_measured_or_learnt_is_said(
    tmp_path: Path, raster: Path, more: tuple[str, ...]
) -> None:
    status, _, err = run(raster, "--out", tmp_path / "p.gpkg", *more)
    assert status == 2
    assert "--measure-sensitivity" in err or "--survey" in err
    assert not (tmp_path / "p.gpkg").exists()
