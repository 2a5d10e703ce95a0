"""``surveys compare`` and ``surveys verify`` from the command line."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import geopandas as gpd
import pytest
import shapely
from raster_builders import EAST, NORTH, Planted, grass, write_raster

from geoinspect.cli import main
from geoinspect.detect.change.compare import ChangeState
from geoinspect.detect.change.verify import PlaceState
from geoinspect.detect.change.words import PLACE_WORDS, STATE_WORDS
from geoinspect.intake import Intake
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import DetectOptions


@dataclass(frozen=True)
class Done:
    exit_code: int
    stdout: str
    stderr: str


def run(*args: object) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["geoinspect", *map(str, args)]),
        pytest.raises(SystemExit) as done,
    ):
        main()
    return Done(int(done.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dates")
    first = write_raster(folder / "a.tif", grass(400, 420, [Planted(100, 120, 90, 90)]))
    later = write_raster(folder / "b.tif", grass(400, 420))
    return first, later


def test_two_files_are_compared(dates: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "changes.gpkg"
    result = run("surveys", "compare", *dates, "--out", out, "--budget-per-km2", 9000, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["alignment"]["aligned"] is True
    assert abs(told["alignment"]["shift_east_m"]) < 0.01
    assert sum(told["counts"].values()) == len(told["changes"]) == len(gpd.read_file(out))
    assert all(change["reason_zh"] for change in told["changes"])


def test_places_are_verified(dates: tuple[Path, Path], tmp_path: Path) -> None:
    places = tmp_path / "places.gpkg"
    # The bed, and ground far off both pictures.
    shapes = [
        shapely.box(EAST + 6, NORTH - 9.5, EAST + 10.5, NORTH - 5),
        shapely.box(EAST + 900, NORTH - 9, EAST + 905, NORTH - 5),
    ]
    gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4545").to_file(places)
    first, later = dates
    result = run("surveys", "verify", later, "--places", places, "--before", first, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert [place["state"] for place in told["places"]][1] == "not_seen"
    assert told["places"][0]["before"]["petal_share"] > told["places"][0]["after"]["petal_share"]
    assert told["assumptions"]
    assert sum(told["counts"].values()) == 2


def test_wrong_calls_are_refused_in_words(dates: tuple[Path, Path], tmp_path: Path) -> None:
    mixed = run("surveys", "compare", "1", dates[0])
    assert mixed.exit_code == 2
    assert "两个编号" in mixed.stderr
    replaced = run("surveys", "compare", *dates, "--out", tmp_path / "x.tif")
    assert replaced.exit_code == 2
    missing = run("surveys", "compare", dates[0], tmp_path / "none.tif")
    assert missing.exit_code == 3
    far = write_raster(tmp_path / "far.tif", grass(100, 100), crs="EPSG:4550")
    apart = run("surveys", "compare", dates[0], far)
    assert apart.exit_code == 3
    assert "没有重叠" in apart.stderr


def test_a_stored_survey_is_verified_as_it_was_searched(tmp_path: Path) -> None:
    picture = write_raster(tmp_path / "a.tif", grass(150, 150))
    bands = {"red": 3, "green": 2, "blue": 1}
    with Workspace.create(tmp_path / "w") as workspace:
        intake = Intake(workspace, actor="t")
        survey_id = intake.add_survey(picture).record_id
        intake.detect_survey(survey_id, options=DetectOptions(bands=bands))
        planes = workspace.planes_path(survey_id)
    (log,) = planes.rglob("done.jsonl")
    # Not its time: the system notes that of a mapped file when it pleases.
    before = log.read_text("utf-8"), log.with_name("planes.bin").stat().st_ino
    assert '"red": 3' in before[0]
    places = tmp_path / "places.gpkg"
    ground = shapely.box(EAST + 2, NORTH - 5, EAST + 5, NORTH - 2)
    gpd.GeoDataFrame(geometry=[ground], crs="EPSG:4545").to_file(places)
    result = run("-w", tmp_path / "w", "surveys", "verify", survey_id, "--places", places)
    assert result.exit_code == 0, result.stderr
    # No window was read again, nor with other bands.
    assert (log.read_text("utf-8"), log.with_name("planes.bin").stat().st_ino) == before
    assert "有植被但无异常" in result.stdout or "已清除" in result.stdout or "仍有" in result.stdout
    assert "Text(" not in result.stdout


def test_states_are_told_in_both_languages(dates: tuple[Path, Path]) -> None:
    result = run("surveys", "compare", *dates, "--budget-per-km2", 9000)
    assert result.exit_code == 0, result.stderr
    said = result.stdout + result.stderr
    assert "图斑:新增 " in said
    assert "patches: new " in said
    assert "not_seen" not in said


def test_each_state_has_words() -> None:
    assert set(STATE_WORDS) == set(ChangeState)
    assert set(PLACE_WORDS) == set(PlaceState)
