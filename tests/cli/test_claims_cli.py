"""Claims, plans, cross-checks and reports on the command line."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import county_builder as county
import numpy as np
import openpyxl
import pyogrio
import pytest
from patrol_builders import EAST, WEST, Office, at
from searched_builders import FIELD, polygon, walked, write_layer, write_survey
from test_search_cli import EAST_TOWN, WEST_TOWN, refuses, says, told

from geoinspect.ingest.tracks import read_track
from geoinspect.settings import Settings

MIDDLE = f"{county.WEST + county.WIDTH},{county.SOUTH + county.HEIGHT / 2}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two walks and a survey of the western unit that cleared a field."""
    folder = tmp_path_factory.mktemp("made")
    with Office(folder) as office:
        walked(office)
        told(office, "footprints", "add", write_survey(folder), "--unit", WEST)
    return folder / "w"


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        office.workspace.close()
        shutil.rmtree(tmp_path / "w")
        shutil.copytree(made, tmp_path / "w")
        reopened = type(office.workspace).open(tmp_path / "w")
        office.workspace = reopened
        yield office


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that folds no words."""
    monkeypatch.setenv("COLUMNS", "240")


def test_the_claim_says_what_it_is_and_what_more_would_take(office: Office) -> None:
    claim = told(office, "confidence", "show", "--draws", 100)
    whole = claim["whole"]
    assert whole["prior"] == 0.5
    assert whole["posterior_low"] < whole["posterior"] < whole["posterior_high"]
    assert whole["posterior"] > 0.5
    assert {part["code"] for part in claim["parts"]} == {WEST_TOWN, EAST_TOWN}
    assert claim["names"][WEST_TOWN] == "西乡"
    # Least sure first: the east was only walked.
    assert claim["parts"][0]["code"] == EAST_TOWN
    for area in (whole, *claim["parts"]):
        assert area["need"]["metres"] > 0
        assert area["need"]["one_day_gain"] > 0
    assert claim["smallest_patch_m2"] == 4
    # The contract's keys, as `confidence estimate` gives them from a file of cells.
    for key in ("prior", "posterior", "posterior_low", "posterior_high"):
        assert claim[key] == whole[key]
    assert claim["system_sensitivity"] == whole["sensitivity"]
    assert claim["expected_missed"] == pytest.approx(1 - whole["sensitivity"])
    assert {zone["zone"] for zone in claim["zones"]} == {WEST_TOWN, EAST_TOWN}
    assert sum(zone["weight"] for zone in claim["zones"]) == pytest.approx(1)
    shown = says(office, "confidence", "show", "--draws", 50)
    assert "does not prove that nothing grows" in shown
    assert "不证明没有种植" in shown
    assert "最小图斑 4 平方米" in shown


def test_claims_repeat_by_their_seed_and_follow_their_inputs(office: Office) -> None:
    show = ("confidence", "show", "--draws", 100)
    assert told(office, *show, "--seed", 5) == told(office, *show, "--seed", 5)
    other = told(office, *show, "--seed", 6)["whole"]
    assert other["posterior_low"] != told(office, *show, "--seed", 5)["whole"]["posterior_low"]
    sure = told(office, *show, "--prior", 0.9)
    assert sure["whole"]["posterior"] > 0.9
    assert "given" in sure["prior_from"]
    reached = told(office, *show, "--target", 0.5)
    assert reached["whole"]["need"]["metres"] == 0
    before = told(office, *show, "--as-of", "2026-05-13")
    assert before["whole"]["posterior"] == pytest.approx(0.5)
    for wrong in (("--prior", "1.2"), ("--target", "-0.1"), ("--prior", "nan")):
        refuses(office, *show, *wrong)


def test_a_kept_claim_is_the_next_seasons_prior(office: Office) -> None:
    kept = told(office, "confidence", "record", "--draws", 50)
    (row,) = told(office, "confidence", "list")
    assert row["id"] == kept["id"]
    assert row["posterior"] == kept["whole"]["posterior"]
    assert "cli" in says(office, "confidence", "list")
    told(
        office,
        *("campaigns", "add", "明年", "--area", "990100", "--from", "2027-04-01"),
        *("--to", "2027-05-31", "--cell", "100"),
    )
    nxt = told(office, "confidence", "show", "--campaign", "明年", "--draws", 50)
    assert nxt["whole"]["prior"] == pytest.approx(kept["next_prior"])
    assert "2026-05-31" in nxt["prior_from"]
    assert told(office, "confidence", "list") == []


def test_plans_of_a_workspace_are_kept_and_compared_with_the_walk(
    office: Office, tmp_path: Path
) -> None:
    made = told(
        office,
        *("plan", "patrol", "--start", MIDDLE, "--hours", 1, "--teams", 2, "--name", "周一"),
        *("--day", "2026-05-18", "--unit", EAST, "--out", tmp_path / "plan.gpx"),
    )
    assert (made["plan"], made["name"]) == (1, "周一")
    assert len(made["routes"]) == 2
    assert all(route["hours"] <= 1 for route in made["routes"])
    assert sum(route["gain"] for route in made["routes"]) == pytest.approx(made["gain"])
    assert made["gain"] > 0
    track = read_track(tmp_path / "plan.gpx", settings=Settings())
    assert len(track.segments) == 2
    (listed,) = told(office, "plan", "list")
    assert (listed["teams"], listed["unit"], listed["gain"]) == (2, EAST, made["gain"])
    for suffix, mark in (("gpx", "<rte>"), ("kml", "<LineString>"), ("html", "<svg")):
        says(office, "plan", "show", 1, "--out", tmp_path / f"p.{suffix}")
        assert mark in (tmp_path / f"p.{suffix}").read_text("utf-8")
    assert told(office, "plan", "walked", 1)["walked_m"] == 0
    # The team walks the first route as planned, at 3 km/h.
    line = told(office, "plan", "show", 1)["routes"][0]["line"]
    office.send(walk_along(tmp_path / "walk.gpx", line), unit_code=EAST)
    found = told(office, "plan", "walked", 1)
    assert found["routes"][0]["followed_share"] > 0.95
    assert found["gain_walked"] > 0.3 * found["gain_planned"]
    for words in (("list",), ("show", 1), ("walked", 1)):
        assert "周一" in says(office, "plan", *words)


def walk_along(path: Path, line: list[list[float]]) -> Path:
    """GPX of a walk along lon, lat points, a fix every ten metres or so, on 18 May."""
    points = np.array(line)
    metres = points * (92_385.0, 110_925.0)
    along = np.append(0, np.cumsum(np.hypot(*np.diff(metres, axis=0).T)))
    every = np.arange(0, along[-1], 8.0)
    lon, lat = (np.interp(every, along, points[:, k]) for k in (0, 1))
    start = datetime.fromtimestamp(at(8, 18), UTC)
    text = county.gpx(np.column_stack([lon, lat]), start=start, step_s=10)
    path.write_text(text, "utf-8")
    return path


def test_plans_keep_to_a_drawn_area_and_its_rules(office: Office, tmp_path: Path) -> None:
    w, s = county.WEST, county.SOUTH
    area = write_layer(tmp_path / "a.geojson", polygon(w, s, w + 0.01, s + 0.01))
    far = write_layer(tmp_path / "far.geojson", polygon(10, 10, 11, 11))
    plan = ("plan", "patrol", "--start", f"{w + 0.001},{s + 0.001}", "--hours", 1)
    told(office, *plan, "--area-file", area)
    (route,) = told(office, "plan", "show", 1)["routes"]
    assert max(lon for lon, _ in route["line"]) < w + 0.013
    assert "outside" in refuses(office, *plan, "--area-file", far)
    assert "--no-go" in refuses(office, *plan, "--no-go", area)
    assert "--cells" in refuses(office, *plan, "--cells", tmp_path / "c.gpkg", "--name", "x")
    refuses(office, *plan, "--unit", "NOPE")
    refuses(office, "plan", "patrol", "--start", "1000,2", "--hours", 1)
    refuses(office, *plan[:-1], 0)
    assert len(told(office, "plan", "list")) == 1
    assert "--day" in refuses(office, "plan", "walked", 1)
    refuses(office, "plan", "show", 99)


def test_cross_checks_are_drawn_entered_and_adopted(office: Office, tmp_path: Path) -> None:
    draw = ("checks", "draw", "--seed", "彩票 2026-05-20")
    first, again = told(office, *draw, "--share", 0.2), told(office, *draw, "--share", 0.2)
    cells = [cell["cell"] for cell in first["cells"]]
    assert cells == [cell["cell"] for cell in again["cells"]]
    assert len(cells) == pytest.approx(0.2 * first["drawn_from"]["cleared"], abs=1)
    # What the west cleared goes to the east.
    assert {(c["cleared_by"], c["unit"]) for c in first["cells"]} == {(WEST, EAST)}
    assert first["checked"] == 0
    enter = ("checks", "enter", first["id"])
    for cell in cells[:3]:
        found = told(office, *enter, cell, "--first-only", 1, "--second-only", 1, "--both", 4)
    assert found["entered"] == 3
    assert found["result"]["rate"]["found"] == 15
    row = told(office, "checks", "adopt", first["id"])
    assert row["low"] < row["width_m"] < row["high"]
    assert row["source"].startswith("cross-check")
    listed = {one["id"]: one for one in told(office, "checks", "list")}
    assert listed[first["id"]]["entered"] == 3
    out = tmp_path / "c.csv"
    says(office, "checks", "show", first["id"], "--out", out)
    lines = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    assert len(lines) == len(cells) + 1
    says(office, "checks", "show", first["id"], "--out", tmp_path / "c.gpx")
    assert (tmp_path / "c.gpx").read_text("utf-8").count("<wpt ") == len(cells)
    assert "彩票" in says(office, "checks", "list")
    assert "too_few" in json.dumps(told(office, "checks", "show", first["id"]))
    refuses(office, "checks", "draw", "--seed", " ")
    refuses(office, *draw, "--share", "1.5")
    refuses(office, *draw, "--unit", "NOPE")
    refuses(office, *enter, "0_0", "--first-only", 0, "--second-only", 0, "--both", 0)
    refuses(office, "checks", "adopt", again["id"])


def test_the_report_opens_as_a_workbook(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "r.xlsx"
    w, s = county.WEST, county.SOUTH
    layer = write_layer(tmp_path / "l.geojson", polygon(w, s, w + 0.01, s + 0.01, name="=1+1"))
    done = told(office, "report", "coverage", "--out", out, "--layer", layer)
    assert done["areas"] == 2
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["覆盖 coverage", "图层 layer", "说明 notes"]
    sheet = book["覆盖 coverage"]
    assert sheet.freeze_panes == "C2"
    heads = [cell.value for cell in sheet[1]]
    at_column = {head: k for k, head in enumerate(heads)}
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    total = told(office, "coverage", "show")["total"]
    mu, ha = at_column["面积(亩)\narea, mu"], at_column["面积(公顷)\narea, ha"]
    assert rows[-1][mu] == pytest.approx(total["area_m2"] * 15 / 1e4)
    assert rows[-1][ha] == pytest.approx(total["area_m2"] / 1e4)
    cleared = at_column["查清格\ncleared cells"]
    assert [row[cleared] for row in rows][-1] == total["cleared"]
    assert sum(row[cleared] for row in rows[:-1]) == total["cleared"]
    assert book["图层 layer"]["B2"].value == "=1+1"
    assert book["图层 layer"]["B2"].data_type == "s"
    notes = [cell.value for row in book["说明 notes"] for cell in row if cell.value is not None]
    claim = told(office, "confidence", "show")
    for figure in (claim["whole"]["posterior"], claim["parts"][0]["posterior_low"]):
        assert any(isinstance(n, float) and n == pytest.approx(figure) for n in notes)
    for words in ("数据截至 data until", "2026-05-15", claim["meaning_zh"], "假设 assumed"):
        assert words in notes


def test_the_report_opens_in_qgis(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "r.gpkg"
    told(office, "report", "coverage", "--by", "village", "--out", out)
    names = {name for name, _ in pyogrio.list_layers(out)}
    assert names == {"areas", "cells", "gaps", "layer_styles"}
    areas = pyogrio.read_dataframe(out, layer="areas")
    assert len(areas) == 4
    styles = pyogrio.read_dataframe(out, layer="layer_styles", read_geometry=False)
    assert set(styles[styles["useAsDefault"]]["f_table_name"]) == {"areas", "cells", "gaps"}
    towns = told(office, "coverage", "show", "--out", tmp_path / "t.gpkg")
    claims = pyogrio.read_dataframe(tmp_path / "t.gpkg", layer="areas").set_index("code")
    assert (claims["p_clean_low"] < claims["p_clean"]).all()
    assert claims.loc[WEST_TOWN, "p_clean"] > claims.loc[EAST_TOWN, "p_clean"]
    assert len(towns["areas"]) == 2
    narrow = told(office, "report", "coverage", "--unit", EAST, "--out", tmp_path / "e.gpkg")
    assert narrow["areas"] == 2
    east = pyogrio.read_dataframe(tmp_path / "e.gpkg", layer="areas").set_index("code")
    assert east.loc[WEST_TOWN, "seen_m2"] == 0
    # A claim counts everybody's looks, whatever the report was narrowed to.
    assert east.loc[WEST_TOWN, "p_clean"] == pytest.approx(claims.loc[WEST_TOWN, "p_clean"])


def test_a_field_drawn_as_a_layer_is_cleared(office: Office, tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "f.geojson", polygon(*FIELD, name="田"))
    (row,) = told(office, "coverage", "show", "--layer", layer)["layer"]
    assert row["seen_fraction"] > 0.99
    assert row["cleared_m2"] > 0.7 * row["area_m2"]
