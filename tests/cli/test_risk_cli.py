"""Prior risk and seeded trials on the command line."""

from __future__ import annotations

from pathlib import Path

import county_builder as county
import numpy as np
import pytest
import rasterio
from patrol_builders import Office, wander
from rasterio.transform import from_origin
from searched_builders import FIELD, polygon, write_heights, write_layer, write_roads
from season_builders import YEAR, write_series
from test_search_cli import EAST_TOWN, WEST_TOWN, refuses, says, told


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that folds no words."""
    monkeypatch.setenv("COLUMNS", "240")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def test_risk_is_shown_changed_and_reset(office: Office, tmp_path: Path) -> None:
    flat = told(office, "risk", "show")
    assert [row["mean"] for row in flat["areas"]] == pytest.approx([1, 1])
    told(office, "landmarks", "add", write_roads(tmp_path), "--kind", "roads")
    changed = told(office, "risk", "set", "roads", "--multiplier", 4, "--note", "近路")
    assert changed["multiplier"] == 4
    assert changed["decay_m"] == 300
    assert "assumed" not in changed["source"]
    place = f"{county.WEST + 0.001},{county.SOUTH + 0.0005}"
    cell = told(office, "risk", "show", "--cell", place)["cell"]
    assert 2 < cell["risk"] < 4
    assert [reason["factor"] for reason in cell["reasons"]] == ["roads"]
    rules = {r["factor"]: r for r in told(office, "risk", "show", "--rules")["rules"]}
    assert rules["roads"]["multiplier"] == 4
    assert told(office, "risk", "show")["areas"][0]["mean"] > 1
    off = told(office, "risk", "set", "roads", "--inactive")
    assert (off["active"], off["multiplier"]) == (False, 4)
    assert told(office, "risk", "show", "--cell", place)["cell"]["risk"] == 1
    back = told(office, "risk", "reset", "roads")
    assert back["taken_back"]["multiplier"] == 4
    rules = {r["factor"]: r for r in told(office, "risk", "show", "--rules")["rules"]}
    assert (rules["roads"]["multiplier"], rules["roads"]["active"]) == (1, True)
    for words in ((), ("--rules",), ("--cell", place)):
        assert "相对风险" in says(office, "risk", "show", *words)


def season_over(folder: Path, west: float) -> Path:
    """A simulated season of NDVI over the county from ``west`` on."""
    folder.mkdir()
    path = write_series(folder)
    with rasterio.open(path, "r+") as series:
        series.crs = "EPSG:4326"
        series.transform = from_origin(west, county.SOUTH + 0.02, 0.04 / 32, 0.04 / 32)
    return path


def test_a_season_of_ndvi_weighs_areas_and_is_taken_back(office: Office, tmp_path: Path) -> None:
    flat = {row["code"]: row["mean"] for row in told(office, "risk", "show")["areas"]}
    by_hand = write_layer(tmp_path / "by_hand.geojson", polygon(*FIELD))
    told(office, "risk", "edit", by_hand, "--multiplier", 1, "--note", "看过")
    over = season_over(tmp_path / "over", county.WEST)
    made = told(office, "risk", "season", over, "--harvest-year", YEAR)
    found = {row["code"]: row["multiplier"] for row in made["areas"]}
    assert found
    assert all(0.25 <= factor <= 4 for factor in found.values())
    assert any("pixels can't see small patches" in text for text in made["said"])
    after = told(office, "risk", "show")
    moved = {row["code"]: row["mean"] for row in after["areas"]}
    assert moved != flat
    # A town's risk lies among those of its villages.
    low, high = min(1, *found.values()), max(1, *found.values())
    assert all(low <= mean <= high for mean in moved.values())
    notes = [edit["note"] for edit in after["edits"]]
    assert sum("NDVI" in note for note in notes) == len(found)
    # The same season again takes its own place and not that of a person's edit.
    told(office, "risk", "season", over, "--harvest-year", YEAR)
    edits = told(office, "risk", "show")["edits"]
    assert len(edits) == len(after["edits"]) == len(found) + 1
    elsewhere = season_over(tmp_path / "elsewhere", county.WEST + 5)
    assert told(office, "risk", "season", elsewhere, "--harvest-year", YEAR)["areas"] == []
    told(office, "risk", "season", over, "--harvest-year", YEAR)
    assert told(office, "risk", "season", "--drop")["dropped"] == len(found)
    assert [edit["note"] for edit in told(office, "risk", "show")["edits"]] == ["看过"]
    assert "--drop" in refuses(office, "risk", "season")


def test_terrain_takes_breakpoints(office: Office, tmp_path: Path) -> None:
    told(office, "terrain", "add", write_heights(tmp_path))
    made = told(
        office, *("risk", "set", "altitude"), *("--breakpoint", 900, 3), *("--breakpoint", 300, 1)
    )
    assert made["breakpoints"] == [[300, 1], [900, 3]]
    mean = {row["code"]: row["mean"] for row in told(office, "risk", "show")["areas"]}
    assert mean[EAST_TOWN] > mean[WEST_TOWN] > 1


def test_risk_edits_are_kept_with_their_reason(office: Office, tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "field.geojson", polygon(*FIELD))
    made = told(office, "risk", "edit", layer, "--multiplier", 5, "--note", "=历史线索")
    middle = f"{(FIELD[0] + FIELD[2]) / 2},{(FIELD[1] + FIELD[3]) / 2}"
    cell = told(office, "risk", "show", "--cell", middle)["cell"]
    assert cell["risk"] == pytest.approx(5)
    assert cell["reasons"][0]["note"] == "=历史线索"
    assert [row["id"] for row in told(office, "risk", "show")["edits"]] == made["ids"]
    assert told(office, "risk", "drop", made["ids"][0])["multiplier"] == 5
    assert told(office, "risk", "show", "--cell", middle)["cell"]["risk"] == 1
    refuses(office, "risk", "drop", made["ids"][0])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("risk", "set", "roads"), "nothing to change"),
        (("risk", "set", "roads", "--multiplier", "-1"), "multiplier"),
        (("risk", "set", "roads", "--multiplier", "nan"), "multiplier"),
        (("risk", "set", "slope", "--multiplier", "2"), "slope"),
        (("risk", "set", "roads", "--breakpoint", "1", "1"), "breakpoints"),
        (("risk", "show", "--cell", "x"), "LON,LAT"),
        (("risk", "show", "--cell", "-3.7,40.4"), "outside"),
        (("risk", "edit", "none.geojson", "--multiplier", "nan", "--note", "x"), "multiplier"),
        (("risk", "edit", "none.geojson", "--multiplier", "2", "--note", " "), "note"),
    ],
)
def test_wrong_risks_end_in_words(office: Office, args: tuple[str, ...], words: str) -> None:
    assert words in refuses(office, *args)
    assert told(office, "risk", "show")["areas"][0]["mean"] == 1


def trial_files(office: Office, folder: Path) -> tuple[Path, Path]:
    """A walk and dummies beside it: found when they lay within 15 m of where it passed."""
    segment = wander(7, minutes=30).recorded(3, noise_m=0.5)
    random = np.random.default_rng(1)
    at = random.integers(10, len(segment) - 10, 40)
    north_m = random.uniform(-30, 30, 40)
    rows = ["编号,经度,纬度,找到"]
    for k, (place, aside) in enumerate(zip(at, north_m, strict=True)):
        lat = segment.lat[place] + aside / 110_925.0
        rows.append(f"T{k},{segment.lon[place]:.7f},{lat:.7f},{'是' if abs(aside) < 15 else '否'}")
    targets = folder / "targets.csv"
    targets.write_text("\n".join(rows), "gb18030")
    return targets, office.write("walk.gpx", segment)


def test_trials_give_a_width_that_can_be_adopted(office: Office, tmp_path: Path) -> None:
    targets, walk = trial_files(office, tmp_path)
    common = ("trials", "add", targets, "--method", "foot", "--date", "2026-05-14")
    made = told(office, *common, "--walk", walk, "--visibility", "open", "--stage", "flower")
    result = made["result"]
    assert result["shown"] == 40
    assert result["low_m"] < result["width_m"] < result["high_m"]
    assert 15 < result["width_m"] < 45
    assert [row["id"] for row in told(office, "trials", "list")] == [made["id"]]
    assert "W = " in says(office, "trials", "list")
    row = told(office, "trials", "adopt", made["id"])
    assert row["width_m"] == result["width_m"]
    table = told(office, "coverage", "rates", "list", "--on", "2026-05-14")["rates"]
    mine = [r for r in table if r["source"].startswith("trial")]
    assert {(r["visibility"], r["stage"]) for r in mine} == {("open", "flower")}
    assert "without it" in refuses(office, *common)
    refuses(office, "trials", "adopt", 99)


def test_a_trial_in_pictures_gives_a_rate(office: Office, tmp_path: Path) -> None:
    targets, _ = trial_files(office, tmp_path)
    made = told(office, *("trials", "add", targets, "--method", "video", "--date", "2026-05-14"))[
        "result"
    ]
    assert made["rate"] == pytest.approx(made["found"] / 40, abs=0.03)
    assert made["low"] < made["rate"] < made["high"]
    bad = tmp_path / "bad.csv"
    bad.write_text("target,lon,lat,found\nA,999,34,1\n", "utf-8")
    refuses(office, "trials", "add", bad, "--method", "video", "--date", "2026-05-14", status=3)
    refuses(
        office,
        *("trials", "add", targets, "--method", "video", "--date", "2026-05-14"),
        *("--patch-m2", "nan"),
    )
