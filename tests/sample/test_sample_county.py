"""The sample county keeps its promises: a partition, the same bytes again, truth inside pictures."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.features import rasterize

import sample_data
from geoinspect.ingest.areas import read_areas, read_zones
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Datum, Extra, Level, Rule, ZoneKind
from geoinspect.settings import Settings
from sample_data.county import inputs_for
from sample_data.manifest import read_manifest
from sample_data.sendings import HOSTILE_NAME
from sample_data.truth import REASONS


def areas_of(county: Path, manifest: sample_data.Manifest) -> geopandas.GeoDataFrame:
    areas = [
        area for file in manifest.of_kind("areas") for area in read_areas(county / file.path).areas
    ]
    frame = geopandas.GeoDataFrame(
        {
            "code": [area.code for area in areas],
            "level": [area.level.value for area in areas],
            "parent": [area.parent_code for area in areas],
            "unit": [area.unit_code for area in areas],
        },
        geometry=[area.polygon for area in areas],
        crs="EPSG:4326",
    )
    return frame.to_crs(manifest.crs)


def test_each_level_is_a_partition_of_the_one_above(county, manifest):
    areas = areas_of(county, manifest)
    assert list(Counter(areas["level"])) == [
        Level.COUNTY,
        Level.TOWNSHIP,
        Level.VILLAGE,
        Level.COMPARTMENT,
    ]
    area_m2 = dict(zip(areas["code"], areas.geometry.area, strict=True))
    for parent, children in areas.dropna(subset="parent").groupby("parent"):
        assert sum(children.geometry.area) == pytest.approx(area_m2[parent], rel=1e-6)
    for level, group in areas.groupby("level"):
        union = shapely.union_all(group.geometry.to_numpy())
        assert union.area == pytest.approx(group.geometry.area.sum(), rel=1e-6), level
        assert shapely.is_valid(group.geometry).all()


def test_areas_name_their_units_and_codes_nest(county, manifest):
    areas = areas_of(county, manifest)
    units = json.loads((county / "units/units.json").read_text("utf-8"))["units"]
    assert set(areas["unit"]) <= {unit["code"] for unit in units}
    children = areas.dropna(subset="parent")
    assert all(c.startswith(p) for c, p in zip(children["code"], children["parent"], strict=True))


def test_manifest_lists_every_file_and_no_other(county, manifest):
    written = {p.relative_to(county).as_posix() for p in county.rglob("*") if p.is_file()}
    assert written == {file.path for file in manifest.files} | {"manifest.json"}
    for file in manifest.files:
        data = (county / file.path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)


def test_the_same_seed_gives_the_same_files(tmp_path, county, manifest):
    again = sample_data.generate(tmp_path / "again", seed=7, size=sample_data.SMALL)
    assert (
        again.files == manifest.files
        or [
            a.path for a, b in zip(again.files, manifest.files, strict=True) if a.sha256 != b.sha256
        ]
        == []
    )


def test_truth_lies_inside_its_picture(county, manifest):
    truth = pyogrio.read_dataframe(county / "truth/patches.gpkg")
    assert len(truth) == sum(file.about["patches"] for file in manifest.of_kind("survey"))
    for patch in truth.itertuples():
        with rasterio.open(county / "surveys" / patch.raster) as picture:
            shape = geopandas.GeoSeries([patch.geometry], crs=truth.crs).to_crs(picture.crs)[0]
            valid = picture.dataset_mask() > 0
            inside = rasterize([shape], out_shape=valid.shape, transform=picture.transform) > 0
        assert inside.any()
        assert valid[inside].all()
        assert inside.sum() * picture.res[0] ** 2 == pytest.approx(shape.area, rel=0.1)


def test_pictures_hold_what_they_say(county, manifest):
    first, second = manifest.of_kind("survey")
    with rasterio.open(county / first.path) as picture:
        assert picture.count == 3
        assert picture.block_shapes[0] == (512, 512)
        assert picture.tags()["TIFFTAG_DATETIME"].startswith("2026:05:12")
        assert picture.read(1).std() > 10
    with rasterio.open(county / second.path) as picture:
        assert picture.count == 4
        assert picture.block_shapes[0][1] == picture.width
        assert 0.2 < np.mean(picture.read(4) > 0) < 0.98


def test_zones_hold_a_valid_and_an_expired_licence(county):
    zones = read_zones(county / "zones/zones.geojson", kind=None).zones
    kinds = Counter(zone.kind for zone in zones)
    assert kinds[ZoneKind.LICENSED] == 3
    assert kinds[ZoneKind.NO_GO] == 1
    truth = pyogrio.read_dataframe(county / "truth/patches.gpkg").to_crs("EPSG:4326")
    ends = {
        licence: next(
            zone.valid_to
            for zone in zones
            if zone.kind is ZoneKind.LICENSED and zone.polygon.contains(shape)
        )
        for licence, shape in zip(truth["licence"], truth.geometry, strict=True)
    }
    assert ends["expired"].year < 2026 < ends["valid"].year


def test_every_track_is_read_in_its_format(county, manifest):
    formats: set[str] = set()
    for file in manifest.of_kind("track"):
        read = read_track(county / file.path, settings=Settings())
        dirt = file.about["dirt"]
        formats.add(read.format)
        points = sum(map(len, read.segments)) + sum(read.refused.values())
        assert points == file.about["points"], file.path
        assert bool(read.refused) == ("bad_point" in dirt)
        assert read.datum.used is (Datum.GCJ02 if "gcj02" in dirt else Datum.WGS84)
        if "hostile_name" in dirt:
            assert {line.name for line in read.lines} == {HOSTILE_NAME}
        if "no_time" in dirt:
            assert all(np.isnan(segment.time_s).all() for segment in read.segments)
        if file.about["mode"] == "drone":
            assert read.segments[0].extras[Extra.PITCH] == pytest.approx(-90)
            assert read.segments[0].extras[Extra.HEIGHT] == pytest.approx(120, abs=0.1)
    assert formats == {"gpx", "kml", "kmz", "tcx", "geojson", "csv", "nmea"}


def test_every_kind_of_dirt_is_there(manifest):
    dirt = {kind for file in manifest.of_kind("track") for kind in file.about["dirt"]}
    assert dirt == {
        *("spikes", "small_spikes", "rest", "repeated_times", "swapped", "late", "zeros"),
        *("poor_accuracy", "lost_first_fix", "resume", "gap", "bad_point", "gcj02", "no_time"),
        *("hostile_name", "uploaded_twice", "duplicate", "cut_in_two", *REASONS),
    }
    modes = {file.about["mode"] for file in manifest.of_kind("track")}
    assert modes >= {"foot", "vehicle", "drone"}
    assert any(len(file.about["days"]) == 3 for file in manifest.of_kind("track"))


def test_planted_points_lie_where_the_truth_says(county, manifest):
    """Read with our readers, so that indices, times and places agree with what was written."""
    truth = json.loads((county / "truth/tracks.json").read_text("utf-8"))["files"]
    assert [file["file"] for file in truth] == [f.path for f in manifest.of_kind("track")]
    planted: Counter[str] = Counter()
    for file in truth:
        if file["refused"] or file["doubt"] == "undeclared_datum":
            continue
        read = read_track(county / file["file"], settings=Settings()).segments
        lon, lat, time_s = (
            np.concatenate([getattr(segment, name) for segment in read])
            for name in ("lon", "lat", "time_s")
        )
        for rule, points in file["points"].items():
            planted[rule] += len(points)
            for index, x, y, t in points:
                assert (lon[index], lat[index]) == pytest.approx((x, y), abs=2e-7), file["file"]
                assert t is None or time_s[index] == t
    assert set(planted) == {rule.value for rule in Rule}


def test_everybody_who_goes_out_is_on_the_roster_of_their_unit(county, manifest):
    with (county / "units/roster.csv").open(encoding="utf-8-sig", newline="") as stream:
        roster = {row["person"]: row["unit"] for row in csv.DictReader(stream)}
    units = json.loads((county / "units/units.json").read_text("utf-8"))["units"]
    assert set(roster.values()) <= {unit["code"] for unit in units}
    sent = {(file.about["person"], file.about["unit"]) for file in manifest.of_kind("track")}
    assert sent <= set(roster.items())
    assert len(roster) > len({person for person, _ in sent})


def test_the_file_sent_twice_is_the_same_bytes(county, manifest):
    (copy,) = (file for file in manifest.of_kind("track") if "same_as" in file.about)
    assert (county / copy.path).read_bytes() == (county / copy.about["same_as"]).read_bytes()


def test_every_kind_of_file_says_simulated(county, manifest):
    def says(path: Path) -> bool:
        data = path.read_bytes()
        if path.suffix in (".zip", ".kmz"):
            with zipfile.ZipFile(path) as archive:
                data = b"".join(archive.read(name) for name in archive.namelist())
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        return "模拟".encode() in data or "模拟".encode("gbk") in data or b"simulated" in data

    assert [file.path for file in manifest.files if not says(county / file.path)] == []
    assert manifest.simulated


def test_base_map_is_readable_tiles(county):
    with closing(sqlite3.connect(county / "basemap/basemap.mbtiles")) as database:
        metadata = dict(database.execute("SELECT name, value FROM metadata"))
        zooms = [z for (z,) in database.execute("SELECT DISTINCT zoom_level FROM tiles")]
        (tile,) = database.execute("SELECT tile_data FROM tiles LIMIT 1").fetchone()
    assert metadata["name"] == "模拟地形 simulated terrain"
    assert (min(zooms), max(zooms)) == (8, 11)
    assert tile.startswith(b"\x89PNG")


def test_inputs_are_made_once_and_then_reused(county, manifest):
    told: list[object] = []
    before = (county / "manifest.json").stat().st_mtime_ns
    inputs, basemap = inputs_for(county, tell=told.append, seed=7)
    assert (county / "manifest.json").stat().st_mtime_ns == before
    assert told == []
    assert basemap.is_file()
    assert len(inputs.tracks) == len(manifest.of_kind("track"))
    assert all(tags.person is not None for _, tags in inputs.tracks)
    assert all(path.is_file() for path, _ in inputs.tracks)


def test_inputs_hold_what_coverage_confidence_and_plans_need(county, manifest):
    inputs, _ = inputs_for(county, tell=lambda _: None, seed=7)
    assert inputs.footprints == [
        county / "footprints/outside-survey.geojson",
        county / "footprints/satellite.geojson",
    ]
    assert inputs.landmarks == [
        (county / f"landmarks/{name}.geojson", name) for name in ("roads", "houses", "water")
    ]
    assert inputs.dem == county / "basemap/dem.tif"
    assert [(method, day.isoformat()) for _, _, method, day in inputs.trials] == [
        ("foot", "2026-05-20"),
        ("drone", "2026-05-21"),
    ]
    files = [path for targets, walk, _, _ in inputs.trials for path in (targets, walk)]
    assert all(path.is_file() for path in [*inputs.footprints, inputs.dem, *files])
    assert inputs.campaign.start.isoformat() == manifest.campaign["start"] == "2026-03-01"


def test_a_county_of_an_older_generator_is_made_anew(tmp_path):
    (tmp_path / "manifest.json").write_text('{"seed": 7, "files": []}', "utf-8")
    assert read_manifest(tmp_path) is None
