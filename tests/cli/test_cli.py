"""The command line keeps its contract: one JSON document, exit statuses, words instead of tracebacks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import county_builder as county
import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from geoinspect.cli import main
from geoinspect.crs import transform_xy


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*args: object, cwd: Path | None = None, stdin: str = "") -> Done:
    """Run the command line in this process: the same entry, without a second of start-up each."""
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    with (
        mock.patch.object(sys, "argv", ["geoinspect", *map(str, args)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            os.chdir(cwd or before)
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            os.chdir(before)
    return Done(int(code or 0), out.getvalue(), err.getvalue())


def answer(*args: object, status: int = 0, cwd: Path | None = None) -> Any:
    done = run(*args, "--json", cwd=cwd)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace `w`, a county, two walks and one web page that says it is a track."""
    folder = tmp_path_factory.mktemp("office")
    county.write_county(folder)
    (folder / "a.gpx").write_text(county.gpx(county.walk()), "utf-8")
    (folder / "b.gpx").write_text(county.gpx(county.walk(offset=0.003), name="{{7*7}}"), "utf-8")
    (folder / "page.gpx").write_text("<html><body>login</body></html>", "utf-8")
    assert run("init", folder / "w").returncode == 0
    assert run("-w", folder / "w", "areas", "add", folder / "county.geojson").returncode == 0
    made = answer(
        "-w",
        folder / "w",
        "campaigns",
        "add",
        "春季",
        "--area",
        "990100",
        "--from",
        "2026-04-01",
        "--to",
        "2026-06-30",
        "--cell",
        "100",
    )
    assert made["crs"] == "EPSG:4545"
    return folder


def test_tracks_go_in_once_and_bad_ones_stop_nothing(office: Path) -> None:
    files = [office / name for name in ("a.gpx", "page.gpx", "b.gpx", "a.gpx", "missing.gpx")]
    report = answer("-w", office / "w", "tracks", "add", *files, status=1)
    assert (report["added"], report["duplicates"], report["refused"]) == (2, 1, 2)
    shown = answer("-w", office / "w", "coverage", "show", "--by", "village")
    assert shown["total"]["touched"] > 60
    assert sum(row["seen_m2"] for row in shown["areas"]) == pytest.approx(
        shown["total"]["seen_m2"], abs=1
    )
    before = answer("-w", office / "w", "coverage", "show", "--as-of", "2026-05-13")
    assert before["total"]["touched"] == 0
    assert answer("-w", office / "w", "audit", "verify")["rows"] >= 4


def test_a_new_campaign_finds_what_is_already_there(office: Path) -> None:
    run("-w", office / "w", "tracks", "add", office / "a.gpx")
    made = answer(
        "-w",
        office / "w",
        "campaigns",
        "add",
        "复查",
        "--area",
        "990100001",
        "--from",
        "2026-05-01",
        "--to",
        "2026-05-31",
        "--cell",
        "50",
    )
    assert made["looks"] >= 1
    shown = answer("-w", office / "w", "coverage", "show", "--campaign", "复查", "--by", "village")
    assert shown["total"]["touched"] > 0
    assert {row["code"] for row in shown["areas"]} == {"990100001001", "990100001002"}


def test_measure_on_files_alone(office: Path) -> None:
    cells = office / "cells.gpkg"
    common = (
        "coverage",
        "measure",
        "--area",
        office / "county.geojson",
        "--cell",
        100,
        "--width",
        40,
    )
    once = answer(*common, "--tracks", office / "a.gpx", office / "b.gpx", "--out", cells)
    twice = answer(
        *common, "--tracks", office / "a.gpx", "--tracks", office / "b.gpx", office / "a.gpx"
    )
    assert once == twice
    frame = geopandas.read_file(cells, layer="cells")
    assert len(frame) == once["cells"]
    assert str(frame.crs) == once["crs"] == "EPSG:4545"
    expected = [
        "cell_id",
        "row",
        "col",
        "area_m2",
        "seen_fraction",
        "length_m",
        "coverage",
        "pod",
        "passes",
        "last_seen",
        "state",
    ]
    assert [c for c in frame.columns if c in expected] == expected
    assert (frame["area_m2"] * frame["seen_fraction"]).sum() == pytest.approx(
        once["seen_m2"], rel=1e-6
    )
    np.testing.assert_allclose(
        frame["coverage"], 40 * frame["length_m"] / frame["area_m2"], rtol=1e-9
    )
    np.testing.assert_allclose(frame["pod"], 1 - np.exp(-frame["coverage"]), atol=1e-9)
    assert set(frame.loc[frame["seen_fraction"] > 0, "state"]) <= {"touched", "covered", "cleared"}
    assert frame.loc[frame["passes"] > 0, "last_seen"].notna().all()
    bad = answer(*common, "--tracks", office / "a.gpx", office / "page.gpx", status=1)
    assert len(bad["refused"]) == 1


def test_footprints_count_by_their_valid_data(office: Path, tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    pixels = np.full((4, 200, 200), 90, np.uint8)
    pixels[3] = 255
    pixels[3, :, 100:] = 0
    corner = np.array([county.WEST + 0.004]), np.array([county.SOUTH + 0.012])
    x, y = transform_xy("EPSG:4326", "EPSG:4545", *corner)
    transform = from_origin(round(x[0]), round(y[0]), 2.0, 2.0)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=200,
        height=200,
        count=4,
        dtype="uint8",
        crs="EPSG:4545",
        transform=transform,
        photometric="RGB",
        alpha="yes",
    ) as out:
        out.write(pixels)
    found = answer(
        "coverage",
        "measure",
        "--area",
        office / "county.geojson",
        "--cell",
        100,
        "--width",
        40,
        "--footprint",
        path,
        "--footprint-pod",
        0.9,
    )
    assert found["seen_m2"] == pytest.approx(200 * 400, rel=0.02)
    assert found["cleared"] >= 3
    assert found["length_m"] == 0


def test_inspect_and_convert(office: Path, tmp_path: Path) -> None:
    reports = answer("tracks", "inspect", office / "a.gpx", office / "page.gpx", status=1)
    assert [r["status"] for r in reports] == ["ok", "refused"]
    assert reports[0]["points"] == 200
    out = tmp_path / "out.gpx"
    assert run("tracks", "convert", office / "a.gpx", "--out", out).returncode == 0
    again = answer("tracks", "inspect", out)[0]
    assert again["points"] == 200
    assert again["length_m"] == pytest.approx(reports[0]["length_m"], abs=0.05)
    assert (
        run("tracks", "convert", office / "page.gpx", "--out", tmp_path / "x.gpx").returncode == 3
    )
    assert not (tmp_path / "x.gpx").exists()
    assert run("tracks", "convert", office / "a.gpx", "--out", tmp_path / "x.shp").returncode == 2


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("nonsense",), 2, ""),
        (("-w", "nowhere", "coverage", "show"), 2, "geoinspect init"),
        (("init", "w2", "--db", "postgresql://u@h/d"), 2, "PostGIS"),
        (
            ("coverage", "measure", "--area", "page.gpx", "--cell", "100", "--width", "20"),
            3,
            "GeoJSON",
        ),
        (
            ("coverage", "measure", "--area", "county.geojson", "--cell", "0", "--width", "20"),
            2,
            "正数",
        ),
        (
            ("coverage", "measure", "--area", "county.geojson", "--cell", "100", "--width", "-1"),
            2,
            "正数",
        ),
        (
            ("coverage", "measure", "--area", "county.geojson", "--cell", "nan", "--width", "20"),
            2,
            "正数",
        ),
        (
            ("coverage", "measure", "--area", "none.geojson", "--cell", "100", "--width", "20"),
            3,
            "none.geojson",
        ),
        (
            (
                "-w",
                "w",
                "campaigns",
                "add",
                "x",
                "--area",
                "1",
                "--from",
                "2026-05-01",
                "--to",
                "2026-05-02",
                "--cell",
                "100",
            ),
            2,
            "areas add",
        ),
        (
            (
                "-w",
                "w",
                "campaigns",
                "add",
                "y",
                "--area",
                "990100",
                "--from",
                "2026-05-09",
                "--to",
                "2026-05-02",
                "--cell",
                "100",
            ),
            2,
            "2026-05-09",
        ),
        (("-w", "w", "tracks", "add", "a.gpx", "--unit", "NOPE"), 2, "NOPE"),
        (("detect", "page.gpx", "--out", "p.gpkg"), 3, "TIFF"),
        (("detect",), 2, "--out"),
        (("detect", "a.tif", "--out", "p.gpkg", "--bands", "red"), 2, "red=1"),
        (("-w", "w", "detect", "--survey", "99"), 2, "99"),
        (("-w", "w", "users", "add", "x", "--role", "king"), 2, ""),
        (("-w", "w", "tokens", "add", "t", "--days", "1"), 2, "users add"),
        (("-w", "w", "areas", "add", "county.geojson", "--code-field", "nope"), 2, "nope"),
        (("-w", "w", "areas", "add", "page.gpx"), 3, "GeoJSON"),
    ],
)
def test_wrong_calls_end_in_words(
    office: Path, args: tuple[str, ...], status: int, words: str
) -> None:
    done = run(*args, cwd=office)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert done.stderr.strip()
    if words:
        assert any("一" <= letter <= "鿿" for letter in done.stderr), "no Chinese in it"
        assert "Error:" in done.stderr


def test_people_and_tokens(office: Path) -> None:
    workspace = ("-w", office / "w")
    made = run(
        *workspace,
        "users",
        "add",
        "主任",
        "--role",
        "admin",
        "--password-stdin",
        stdin="long enough 1\n",
    )
    assert made.returncode == 0
    assert "password" not in made.stdout
    token = answer(*workspace, "tokens", "add", "qgis", "--days", "30")
    assert set(token) == {"token", "label", "user", "expires", "scope"}
    assert token["user"] == "主任"


def test_areas_that_overlap_or_cross_themselves_are_told_and_taken(
    office: Path, tmp_path: Path
) -> None:
    w, s = county.WEST, county.SOUTH
    bow = [[[w, s], [w + 0.01, s + 0.01], [w + 0.01, s], [w, s + 0.01], [w, s]]]
    features = [
        county.feature("1", "甲", "township", None, county.box(w, s, w + 0.02, s + 0.02)),
        county.feature("2", "乙", "township", None, county.box(w + 0.01, s, w + 0.03, s + 0.02)),
        county.feature("3", "丙", "village", None, bow),
    ]
    path = tmp_path / "bad.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    run("init", tmp_path / "w")
    report = answer("-w", tmp_path / "w", "areas", "add", path)
    assert report["added"] == 3
    assert {p["code"] for p in report["problems"]} == {
        "areas_overlap",
        "self_intersection_repaired",
    }


def test_a_workspace_is_found_by_environment_and_by_folder(office: Path) -> None:
    assert run("areas", "list", "--json", cwd=office / "w").returncode == 0
    assert run("areas", "list", "--json", cwd=office).returncode == 2


def test_outputs_are_whole_or_absent(office: Path, tmp_path: Path) -> None:
    done = run("-w", office / "w", "coverage", "show", "--out", tmp_path / "no" / "such" / "x.csv")
    assert done.returncode == 2
    out = tmp_path / "c.csv"
    assert run("-w", office / "w", "coverage", "show", "--out", out).returncode == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert (
        run("-w", office / "w", "report", "coverage", "--out", tmp_path / "c.xlsx").returncode == 0
    )
    assert (
        run("-w", office / "w", "report", "coverage", "--out", tmp_path / "c.gpkg").returncode == 0
    )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_installed_command_speaks_and_exits_the_same(office: Path) -> None:
    command = [sys.executable, "-m", "geoinspect", "tracks", "inspect", "page.gpx", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=office, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["status"] == "refused"
    assert "Traceback" not in done.stderr
