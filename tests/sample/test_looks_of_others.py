"""Outlines that others hand over: flight blocks to the wished share, a scene with a cloud hole."""

from __future__ import annotations

import json
from datetime import date

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.ingest.areas import read_areas
from sample_data.areas import make_tree
from sample_data.county import SMALL
from sample_data.flights import spans, write_footprints
from sample_data.manifest import NOTE, Ledger
from sample_data.patrols import SEASON_START
from sample_data.terrain import make_terrain

SURVEY = "footprints/outside-survey.geojson"
SATELLITE = "footprints/satellite.geojson"
FIELDS = {"name", "kind", "taken", "rate", "patch_m2", "unit", "note"}


def read(county, relative):
    """Return features' properties and shapes in metres."""
    features = json.loads((county / relative).read_text("utf-8"))["features"]
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    metric = geopandas.GeoSeries(shapes, crs="EPSG:4326").to_crs("EPSG:4544").to_numpy()
    return [feature["properties"] for feature in features], metric


@pytest.fixture(scope="module")
def towns(county):
    """Townships in metres, smallest first."""
    areas = read_areas(county / "areas/county_townships.geojson").areas
    frame = geopandas.GeoSeries(
        {area.code: area.polygon for area in areas if area.level == "township"}, crs="EPSG:4326"
    ).to_crs("EPSG:4544")
    return frame.iloc[np.argsort(frame.area)]


def test_every_block_says_what_a_footprint_must(county, manifest):
    properties, _ = read(county, SURVEY)
    units = {u["code"] for u in json.loads((county / "units/units.json").read_text())["units"]}
    assert len(properties) > 5
    for block in properties:
        assert set(block) == FIELDS
        assert (block["kind"], block["rate"], block["patch_m2"]) == ("survey", 0.86, 4)
        assert date(2026, 5, 25) <= date.fromisoformat(block["taken"]) <= date(2026, 6, 10)
        assert block["unit"] is None or block["unit"] in units
        assert block["note"].startswith(NOTE)
    assert len({block["name"] for block in properties}) == len(properties)
    by_path = {file.path: file for file in manifest.of_kind("footprints")}
    assert {path: file.about["method"] for path, file in by_path.items()} == {
        SURVEY: "survey",
        SATELLITE: "satellite",
    }


def test_blocks_are_whole_polygons_inside_the_county(county, towns):
    _, blocks = read(county, SURVEY)
    whole = shapely.union_all(towns.to_numpy()).buffer(1.0)
    assert {block.geom_type for block in blocks} == {"Polygon"}
    assert shapely.is_valid(blocks).all()
    assert shapely.covers(whole, blocks).all()
    assert min(shapely.area(blocks)) > 0


def test_each_township_is_flown_to_its_wished_share(county, towns):
    _, blocks = read(county, SURVEY)
    flown = shapely.union_all(blocks)
    for town, share in zip(towns, SMALL.flown, strict=True):
        assert flown.intersection(town).area / town.area == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("seed", [0, 12])
@pytest.mark.parametrize("shares", [(0.95, 0.02, 0.6), (0.0, 0.97, 0.3)])
def test_any_county_is_flown_to_its_wished_shares(tmp_path, seed, shares):
    rng = np.random.default_rng(seed)
    terrain = make_terrain(rng, side_m=SMALL.side_m, step_m=100)
    tree = make_tree(terrain, rng, SMALL.tree)
    write_footprints(Ledger(tmp_path), terrain, tree, shares, rng)
    _, blocks = read(tmp_path, SURVEY)
    flown = shapely.union_all(blocks)
    by_size = sorted((town.polygon for town in tree.level("township")), key=shapely.area)
    for town, share in zip(by_size, shares, strict=True):
        # A neighbour's blocks reach over the border.
        beyond = 45 * town.length / town.area
        got = flown.intersection(town).area / town.area
        assert share - 0.03 <= got <= share + 0.03 + beyond * (share < 0.5)


@given(
    start=st.floats(-1e6, 1e6),
    wide=st.floats(10, 40_000),
    seed=st.integers(0, 2**32 - 1),
)
def test_spans_overlap_or_leave_a_strip_of_40_to_120_m(start, wide, seed):
    found = spans(start, start + wide, (900.0, 1400.0), np.random.default_rng(seed))
    assert found[0][0] < start
    assert found[-1][1] > start + wide
    for (_, end), (begin, _) in zip(found, found[1:], strict=False):
        assert begin - end == pytest.approx(-40) or 40 - 1e-6 <= begin - end <= 120 + 1e-6


def test_the_scene_is_early_and_sees_all_but_what_a_cloud_hid(county, towns, manifest):
    (scene,), (outline,) = read(county, SATELLITE)
    assert set(scene) == FIELDS
    assert (scene["kind"], scene["rate"], scene["patch_m2"]) == ("satellite", 0.05, 400)
    taken = date.fromisoformat(scene["taken"])
    assert date.fromisoformat(manifest.campaign["start"]) <= taken < SEASON_START
    whole = shapely.union_all(towns.to_numpy())
    (hole,) = outline.interiors
    hidden = shapely.Polygon(hole)
    assert 0.02 < hidden.intersection(whole).area / whole.area < 0.3
    assert shapely.covers(shapely.union(outline, hidden), whole)
