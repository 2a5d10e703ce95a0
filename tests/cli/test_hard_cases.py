"""What an attacker found once, and must not find again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from raster_builders import grass, write_raster
from test_cli import answer, run

from geoinspect.cli.output import print_reports, print_table, say_error
from geoinspect.crs import metric_crs_for
from geoinspect.errors import StoreError, Text, UsageError
from geoinspect.files import check_output, readable
from geoinspect.settings import load_settings
from geoinspect.store.workspace import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    county.write_county(tmp_path)
    (tmp_path / "a.gpx").write_text(county.gpx(county.walk()), "utf-8")
    write_raster(tmp_path / "a.tif", grass(200, 200))
    return tmp_path


def test_an_output_never_replaces_an_input(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    (folder / "b.gpkg").symlink_to(folder / "a.tif")
    assert run("tracks", "convert", folder / "a.gpx", "--out", folder / "a.gpx").returncode == 2
    assert run("detect", folder / "a.tif", "--out", folder / "b.gpkg").returncode == 2
    assert run("detect", folder / "a.tif", "--out", folder / "a.tif").returncode == 2
    measured = run(
        "coverage",
        "measure",
        "--area",
        folder / "county.geojson",
        "--cell",
        100,
        "--width",
        20,
        "--out",
        folder / "county.geojson",
    )
    assert measured.returncode == 2
    assert {
        p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and not p.is_symlink()
    } == before


def test_an_output_is_an_ordinary_file(tmp_path: Path) -> None:
    for wrong in (tmp_path, Path("/dev/null"), tmp_path / "no" / "x.gpkg"):
        with pytest.raises(UsageError):
            check_output(wrong)


@pytest.mark.timeout(60)
def test_a_pipe_named_like_a_track_does_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe.gpx")
    report = answer("tracks", "inspect", folder / "pipe.gpx", folder / "a.gpx", status=1)
    assert [r["status"] for r in report] == ["refused", "ok"]
    measured = answer(
        "coverage",
        "measure",
        "--area",
        folder / "county.geojson",
        "--cell",
        100,
        "--width",
        20,
        "--tracks",
        folder / "pipe.gpx",
        "/dev/zero",
        folder / "a.gpx",
        status=1,
    )
    assert len(measured["refused"]) == 2
    assert measured["touched"] > 0


def test_names_that_are_not_utf8_are_shown_and_kept(folder: Path) -> None:
    name = "天目.gpx".encode("gb18030")
    odd = Path(os.fsdecode(os.path.join(os.fsencode(folder), name)))
    odd.write_bytes((folder / "a.gpx").read_bytes())
    assert readable(odd.name) == "天目.gpx"
    run("init", folder / "w")
    done = run("-w", folder / "w", "tracks", "add", odd, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout.encode("utf-8"))["results"][0]["file"] == "天目.gpx"
    assert run("tracks", "inspect", odd, "--json").stdout.encode("utf-8")


def test_strangers_words_never_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "红\x1b]0;x\x07\x1b[2J\x9b31m"
    say_error(Text(hostile, hostile))
    print_table(hostile, ["a"], [[hostile]])
    problem = {"message": hostile, "message_zh": hostile}
    print_reports([{"file": hostile, "status": "ok", "problems": [problem]}], {"file": "文件"})
    shown = capsys.readouterr()
    assert shown.out.count("红") == 6
    assert not set(shown.out + shown.err) & set("\x07\x1b\x9b")


@pytest.mark.parametrize("name", ["w?x", "w%41x#é 中", "w&y=1"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    Workspace.create(tmp_path / name).close()
    assert (tmp_path / name / "geoinspect.db").is_file()
    assert [p.name for p in tmp_path.iterdir()] == [name]
    Workspace.open(tmp_path / name).close()


def test_a_lost_database_is_told_not_made_anew(folder: Path) -> None:
    Workspace.create(folder / "w").close()
    (folder / "w" / "geoinspect.db").unlink()
    with pytest.raises(StoreError, match="missing"):
        Workspace.open(folder / "w")


def test_a_lost_raster_is_told_and_comes_back(folder: Path) -> None:
    run("init", folder / "w")
    assert run("-w", folder / "w", "surveys", "add", folder / "a.tif").returncode == 0
    (folder / "w" / "surveys" / "1.tif").unlink()
    assert run("-w", folder / "w", "doctor").returncode == 3
    assert run("-w", folder / "w", "surveys", "add", folder / "a.tif").returncode == 0
    assert run("-w", folder / "w", "doctor").returncode == 0


@pytest.mark.parametrize("text", ["x = = 3", 'survey_pod = "abc"', "survey_pod = 7"])
def test_wrong_settings_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "geoinspect.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"survey_pod|geoinspect\.toml"):
        load_settings(tmp_path)


def test_wrong_numbers_and_names(folder: Path) -> None:
    run("init", folder / "w")
    run("-w", folder / "w", "users", "add", "主任", "--role", "admin")
    office = ("-w", folder / "w")
    assert run(*office, "tokens", "add", "t", "--days", "99999999").returncode == 2
    assert run(*office, "units", "add", "", "x").returncode == 2
    assert run(*office, "users", "add", "a\nuser=b password=c", "--role", "field").returncode == 2
    assert (
        run(
            "detect",
            folder / "a.tif",
            "--out",
            folder / "p.gpkg",
            "--bands",
            "red=²,green=2,blue=3",
        ).returncode
        == 2
    )
    wide = run(
        "coverage", "measure", "--area", folder / "county.geojson", "--cell", "1e9", "--width", "20"
    )
    assert wide.returncode == 2
    assert "Error" in wide.stderr


def test_coast_and_islands_use_the_chinese_zones() -> None:
    places = {"Sanya": (109.5, 18.25), "Changdao": (120.73, 37.92), "Xiamen": (118.1, 24.45)}
    for name, (lon, lat) in places.items():
        assert 4534 <= int(metric_crs_for(lon, lat).split(":")[1]) <= 4554, name
    assert metric_crs_for(2.35, 48.86) == "EPSG:32631"
    assert metric_crs_for(-70.6, -33.4) == "EPSG:32719"
    assert metric_crs_for(105.0, 33.0) in {"EPSG:4544"}
    meridians = np.arange(75, 136, 3)
    for lon in (80.2, 97.4, 106.51, 119.9):
        zone = int(metric_crs_for(lon, 36.0).split(":")[1]) - 4534
        assert abs(meridians[zone] - lon) <= 1.5
