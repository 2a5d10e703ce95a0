"""Searching on the command line: footprints, layers, rates, stages, gaps, exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import county_builder as county
import numpy as np
import pyogrio
import pytest
import rasterio
from patrol_builders import EAST, WEST, Office, wander
from raster_builders import grass, write_raster
from rasterio.transform import Affine
from searched_builders import (
    FIELD,
    polygon,
    walked,
    write_heights,
    write_layer,
    write_roads,
    write_survey,
)
from test_cli import Done, run

from geoinspect.cell_story import cell_at
from geoinspect.crs import transform_xy
from geoinspect.snapshot import take_snapshot
from geoinspect.store import sightings

WEST_TOWN, EAST_TOWN = "990100002", "990100001"


def cli(office: Office, *args: object) -> Done:
    return run("-w", office.folder / "w", *args)


def told(office: Office, *args: object, status: int = 0) -> Any:
    done = cli(office, *args, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def says(office: Office, *args: object) -> str:
    """What people read: a table, never JSON and never nothing."""
    done = cli(office, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def refuses(office: Office, *args: object, status: int = 2) -> str:
    done = cli(office, *args)
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "错误" in done.stderr
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that folds no words."""
    monkeypatch.setenv("COLUMNS", "240")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that tests only read: two walks, a survey's outline, a road."""
    folder = tmp_path_factory.mktemp("searched")
    with Office(folder) as office:
        walked(office)
        assert told(office, "footprints", "add", write_survey(folder))["added"] == 1
        assert (
            told(office, "landmarks", "add", write_roads(folder), "--kind", "roads")["added"] == 1
        )
        yield office


def test_footprints_count_once_and_bad_ones_stop_nothing(office: Office, tmp_path: Path) -> None:
    good = write_survey(tmp_path)
    bad = write_layer(tmp_path / "bad.geojson", polygon(*FIELD, kind="dream", taken="2026-05-15"))
    found = told(office, "footprints", "add", good, bad, good, status=1)
    assert (found["added"], found["duplicates"], found["refused"]) == (1, 1, 1)
    listed = told(office, "footprints", "list")
    assert [row["kind"] for row in listed] == ["survey"]
    assert listed[0]["rate"] == 0.95
    assert 0.5e6 < listed[0]["area_m2"] < 0.8e6
    assert "外部航测" in says(office, "footprints", "list")
    assert told(office, "coverage", "show")["total"]["cleared"] > 30
    only = told(office, "coverage", "show", "--method", "survey")
    assert only["total"] == told(office, "coverage", "show")["total"]
    assert told(office, "coverage", "show", "--method", "foot")["total"]["touched"] == 0


def test_what_the_sender_says_of_footprints_goes_first(office: Office, tmp_path: Path) -> None:
    path = write_survey(tmp_path)
    given = ("--kind", "video", "--taken", "2026-05-16", "--rate", 0.4, "--patch-m2", 3)
    told(office, "footprints", "add", path, *given, "--unit", WEST)
    (row,) = told(office, "footprints", "list")
    assert (row["kind"], row["taken"], row["rate"]) == ("video", "2026-05-16", 0.4)
    assert (row["patch_m2"], row["unit"]) == (3, WEST)
    refuses(office, "footprints", "add", path, "--rate", "1.5")
    refuses(office, "footprints", "add", path, "--unit", "NOPE")


def test_landmarks_take_the_place_of_earlier_ones(office: Office, tmp_path: Path) -> None:
    for _ in range(2):
        told(office, "landmarks", "add", write_roads(tmp_path), "--kind", "roads")
    counts = {row["kind"]: row["features"] for row in told(office, "landmarks", "list")}
    assert counts == {"houses": 0, "roads": 1, "water": 0, "access": 0}
    assert "roads" in says(office, "landmarks", "list")
    page = tmp_path / "page.kml"
    page.write_text("<html>login</html>", "utf-8")
    refuses(office, "landmarks", "add", page, "--kind", "roads", status=3)


def test_heights_move_the_calendar(office: Office, tmp_path: Path) -> None:
    flat = told(office, "coverage", "stages", "--as-of", "2026-05-14")
    assert {row["stage"] for row in flat["areas"]} == {"flower"}
    assert told(office, "terrain", "add", write_heights(tmp_path))["added"] == 1
    hills = told(office, "coverage", "stages", "--as-of", "2026-05-14")
    begins = {row["code"]: row["begins"]["flower"] for row in hills["areas"]}
    # 100 m are 3.28 days: the eastern township lies some 400 m above the western one.
    west, east = (np.datetime64(begins[code]) for code in (WEST_TOWN, EAST_TOWN))
    assert 10 <= int((east - west).astype(int)) <= 16
    assert "花期" in says(office, "coverage", "stages", "--as-of", "2026-05-14")
    refuses(office, "terrain", "add", tmp_path / "none.tif", status=3)


def test_stages_say_how_long_a_look_holds(searched: Office) -> None:
    found = told(searched, "coverage", "stages", "--as-of", "2026-03-01")
    row = found["areas"][0]
    assert row["stage"] == "seedling"
    assert row["begins"]["seedling"] == "2026-02-14"
    # Seen as a seedling on 1 March: through the bud stage, and no longer than 45 days.
    assert row["holds_until"] == "2026-04-15"
    assert found["holds"][0] == {"stage": "seedling", "holds_through": "bud", "days": 45}
    winter = told(searched, "coverage", "stages", "--as-of", "2026-01-20")["areas"][0]
    assert (winter["stage"], winter["holds_until"]) == ("none", None)


def test_rates_hold_from_a_day_and_change_coverage(office: Office) -> None:
    walked(office)
    before = told(office, "coverage", "show")["total"]["seen_m2"]
    done = told(
        office,
        *("coverage", "rates", "set", "--method", "foot", "--width", 61, "--low", 40),
        *("--high", 80, "--from", "2026-05-10", "--source", "=试验1", "--patch-m2", 2),
    )
    assert (done["width_m"], done["looks"], done["valid_from"]) == (61, 2, "2026-05-10")
    assert told(office, "coverage", "show")["total"]["seen_m2"] > 2 * before
    table = told(office, "coverage", "rates", "list", "--on", "2026-05-14")
    foot = [row for row in table["rates"] if row["method"] == "foot"]
    assert {row["width_m"] for row in foot} == {61}
    early = told(office, "coverage", "rates", "list", "--on", "2026-05-01")
    assert 61 not in {row["width_m"] for row in early["rates"]}
    assert [row["id"] for row in table["entered"]] == [done["id"]]
    assert "试验1" in says(office, "coverage", "rates", "list", "--on", "2026-05-14")
    assert told(office, "coverage", "rates", "drop", done["id"])["looks"] == 2
    assert told(office, "coverage", "show")["total"]["seen_m2"] == pytest.approx(before)


def test_a_detection_range_becomes_a_width_by_the_published_factor(office: Office) -> None:
    set_ = ("coverage", "rates", "set", "--method", "foot", "--source", "现场")
    for visibility, factor in (("open", 1.8), ("mixed", 1.6), ("dense", 1.1)):
        made = told(office, *set_, "--range", 10, "--visibility", visibility)
        assert made["width_m"] == pytest.approx(10 * factor)
        assert "AMDR" in made["source"]
    refuses(office, *set_, "--range", 10)
    refuses(office, *set_, "--range", 10, "--visibility", "open", "--width", 20)
    refuses(office, *set_, "--range", "nan", "--visibility", "open")


@pytest.mark.parametrize(
    "options",
    [
        ("--method", "foot", "--rate", 0.5),
        ("--method", "survey", "--width", 10),
        ("--method", "foot", "--width", -3),
        ("--method", "foot", "--width", "nan"),
        ("--method", "survey", "--rate", 1.2),
        ("--method", "survey", "--rate", 0.5, "--low", 0.6),
        ("--method", "foot", "--width", 20, "--patch-m2", 0),
        ("--method", "foot"),
    ],
)
def test_rates_that_cannot_be_are_refused(office: Office, options: tuple[object, ...]) -> None:
    refuses(office, "coverage", "rates", "set", *options, "--source", "x")
    assert told(office, "coverage", "rates", "list")["entered"] == []


def test_a_rate_of_no_survey_or_row_is_not_found(office: Office) -> None:
    refuses(office, "surveys", "rate", 7, "--rate", 0.7, "--source", "implants")
    refuses(office, "coverage", "rates", "drop", 7)


def test_questions_narrow_what_counts(searched: Office) -> None:
    total = told(searched, "coverage", "show")
    assert total["as_of"] == "2026-05-31"
    assert total["question"] == {"units": None, "teams": None, "methods": None}
    west = told(searched, "coverage", "show", "--unit", WEST)
    east = told(searched, "coverage", "show", "--unit", EAST)
    assert west["question"]["units"] == [WEST]
    by_code = {row["code"]: row for row in west["areas"]}
    assert by_code[EAST_TOWN]["seen_m2"] == 0
    assert by_code[WEST_TOWN]["seen_m2"] > 0
    both = told(searched, "coverage", "show", "--unit", WEST, "--unit", EAST, "--method", "foot")
    assert both["total"]["length_m"] == pytest.approx(
        west["total"]["length_m"] + east["total"]["length_m"], abs=0.2
    )
    assert told(searched, "coverage", "show", "--team", "二组")["total"] == east["total"]
    assert told(searched, "coverage", "show", "--as-of", "2026-05-13")["total"]["seen_m2"] == 0
    assert told(searched, "coverage", "show", "--as-of", "2026-05-14")["total"]["cleared"] == 0
    refuses(searched, "coverage", "show", "--unit", "NOPE")
    assert WEST in says(searched, "coverage", "show", "--unit", WEST)


def test_looks_that_ran_out_are_counted(office: Office) -> None:
    # In the rosette stage a look holds 75 days; the campaign ends before that.
    walked(office)
    found = told(office, "coverage", "show", "--as-of", "2027-05-14")
    assert found["expired_cells"] > 0
    assert found["total"]["touched"] == 0
    assert "过期" in says(office, "coverage", "show", "--as-of", "2027-05-14")


def test_any_layer_of_polygons_is_summed(searched: Office, tmp_path: Path) -> None:
    w, s, wide, high = county.WEST, county.SOUTH, county.WIDTH, county.HEIGHT
    halves = [
        polygon(w, s, w + wide, s + high, name="西半"),
        polygon(w + wide, s, w + 2 * wide, s + high, name="东半"),
        polygon(10, 10, 11, 11, name="远方"),
    ]
    layer = write_layer(tmp_path / "layer.geojson", *halves)
    found = told(searched, "coverage", "show", "--layer", layer)
    assert [row["name"] for row in found["layer"]] == ["西半", "东半", "远方"]
    for key in ("seen_m2", "unseen_m2", "area_m2"):
        total = sum(row[key] for row in found["layer"])
        assert total == pytest.approx(found["total"][key], rel=2e-3)
    assert found["layer"][2]["area_m2"] == 0
    assert found["layer"][2]["seen_fraction"] is None
    assert "西半" in says(searched, "coverage", "show", "--layer", layer)
    refuses(searched, "coverage", "show", "--layer", tmp_path / "none.geojson", status=3)


def test_gaps_are_ranked_and_reached_from_the_road(searched: Office) -> None:
    found = told(searched, "coverage", "gaps")
    weights = [gap["area_m2"] * gap["risk"] for gap in found["gaps"]]
    assert weights == sorted(weights, reverse=True)
    assert [gap["rank"] for gap in found["gaps"]] == list(range(1, found["total"] + 1))
    assert {gap["access_from"] for gap in found["gaps"]} == {"road"}
    unseen = told(searched, "coverage", "show")["total"]["unseen_m2"]
    assert sum(gap["area_m2"] for gap in found["gaps"]) == pytest.approx(unseen, rel=1e-3)
    uncleared = told(searched, "coverage", "gaps", "--state", "uncleared")
    assert sum(gap["area_m2"] for gap in uncleared["gaps"]) > unseen
    one = told(searched, "coverage", "gaps", "--top", 1)
    assert len(one["gaps"]) == 1
    assert one["total"] == found["total"]
    assert "道路" in says(searched, "coverage", "gaps")


def test_gaps_of_a_village_are_cut_from_its_township(searched: Office) -> None:
    whole = told(searched, "coverage", "gaps", "--area", WEST_TOWN)
    assert {gap["area"] for gap in whole["gaps"]} == {WEST_TOWN}
    villages = [f"{WEST_TOWN}00{k}" for k in (1, 2)]
    cut = [told(searched, "coverage", "gaps", "--area", code)["gaps"] for code in villages]
    for code, gaps in zip(villages, cut, strict=True):
        assert gaps
        assert {gap["area"] for gap in gaps} == {code}
        assert [gap["rank"] for gap in gaps] == list(range(1, len(gaps) + 1))
    total = sum(gap["area_m2"] for gaps in cut for gap in gaps)
    assert total == pytest.approx(sum(gap["area_m2"] for gap in whole["gaps"]), rel=1e-3)
    refuses(searched, "coverage", "gaps", "--area", "12345")


@pytest.mark.parametrize("suffix", ["gpx", "kml", "gpkg", "csv"])
def test_gaps_go_into_files(searched: Office, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"gaps.{suffix}"
    says(searched, "coverage", "gaps", "--out", out)
    assert out.stat().st_size > 100
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    refuses(searched, "coverage", "gaps", "--out", tmp_path / "gaps.pdf")


def test_a_gap_file_sent_back_counts_for_nothing(office: Office, tmp_path: Path) -> None:
    says(office, "coverage", "gaps", "--out", tmp_path / "gaps.gpx")
    sent = told(office, "tracks", "add", tmp_path / "gaps.gpx")
    assert "route_only" in {problem["code"] for problem in sent["results"][0]["problems"]}
    assert told(office, "coverage", "show")["total"]["touched"] == 0


def test_a_surveys_own_rate_is_kept_and_used(office: Office, tmp_path: Path) -> None:
    x, y = transform_xy(
        "EPSG:4326",
        "EPSG:4545",
        np.array([county.WEST + 0.005]),
        np.array([county.SOUTH + 0.015]),
    )
    place = Affine(1.0, 0, round(x[0], -2), 0, -1.0, round(y[0], -2))
    raster = write_raster(tmp_path / "s.tif", grass(300, 300), transform=place)
    told(office, "surveys", "add", raster, "--taken", "2026-05-15")
    with office.workspace.database.writing() as session:
        # As if a detector had run: only what was looked through counts.
        sightings.survey(session, 1).searched = True
    given = ("surveys", "rate", 1, "--low", 0.3, "--high", 0.6, "--patch-m2", 2)
    made = told(office, *given, "--rate", 0.45, "--source", "implants")
    assert (made["looks"], made["patch_m2"]) == (1, 2)
    cell = f"{county.WEST + 0.0065},{county.SOUTH + 0.0135}"
    assert told(office, "coverage", "show")["total"]["covered"] >= 4
    assert pod_of(office, cell) == pytest.approx(0.45)
    told(office, *given[:3], "--rate", 0.9, "--source", "implants")
    assert pod_of(office, cell) == pytest.approx(0.9)
    refuses(office, *given, "--rate", 0.2, "--source", "implants")


def pod_of(office: Office, place: str) -> float:
    lon, lat = map(float, place.split(","))
    snapshot = take_snapshot(office.workspace, 1)
    cell = cell_at(snapshot, lon, lat)
    assert cell is not None
    return float(snapshot.table.pod[cell])


def test_cells_go_to_qgis(searched: Office, tmp_path: Path) -> None:
    shown = told(searched, "coverage", "show")["total"]
    made = told(searched, "coverage", "export", tmp_path / "c.gpkg")
    frame = pyogrio.read_dataframe(tmp_path / "c.gpkg", layer="cells")
    assert len(frame) == made["cells"] == shown["cells"]
    assert (frame["state"] == "cleared").sum() == shown["cleared"]
    assert {"zone", "area", "risk", "sensitivity", "faded_from", "remaining"} <= set(frame.columns)
    files = told(searched, "coverage", "export", tmp_path / "c.tif", "--layers", "risk,state")
    assert [Path(name).name for name in files["files"]] == ["c.tif", "c.qml", "c.state.qml"]
    with rasterio.open(tmp_path / "c.tif") as raster:
        assert raster.descriptions == ("risk", "state")
        state = raster.read(2)
        assert (state == 3).sum() == shown["cleared"]
        assert (state != raster.nodata).sum() == shown["cells"]
    refuses(searched, "coverage", "export", tmp_path / "c.tif", "--layers", "pod,moon")
    refuses(searched, "coverage", "export", tmp_path / "c.png")


def test_visibility_of_a_walk_changes_its_width(office: Office) -> None:
    seen = {}
    for number, visibility in enumerate(("open", "dense")):
        path = office.write(f"{visibility}.gpx", wander(2 + number).recorded(1))
        unit = (EAST, WEST)[number]
        added = ("tracks", "add", path, "--mode", "foot", "--unit", unit)
        told(office, *added, "--visibility", visibility)
        seen[visibility] = told(office, "coverage", "show", "--unit", unit)["total"]
    per_m = {name: total["seen_m2"] / total["length_m"] for name, total in seen.items()}
    # 20 m on foot, times 1.125 in the open and 0.6875 through dense growth; turns overlap a little.
    assert 20 < per_m["open"] < 22.6
    assert 12.5 < per_m["dense"] < 13.8
