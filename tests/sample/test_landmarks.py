"""Roads, houses and water as layers, and the heights: on the county's ground, in a stated CRS."""

from __future__ import annotations

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely


@pytest.fixture(scope="module")
def layers(county):
    def read(name: str) -> geopandas.GeoDataFrame:
        frame = geopandas.read_file(county / f"landmarks/{name}.geojson")
        assert frame.crs == "EPSG:4326"
        return frame.to_crs("EPSG:4544")

    return {name: read(name) for name in ("roads", "houses", "water")}


def test_layers_are_small_and_named_in_the_manifest(county, manifest, layers):
    listed = {file.about["landmark"]: file for file in manifest.of_kind("landmarks")}
    assert set(listed) == set(layers)
    for name, frame in layers.items():
        assert listed[name].path == f"landmarks/{name}.geojson"
        assert listed[name].size < 1_500_000
        assert listed[name].about["count"] == len(frame) > 0
        assert frame[["name", "kind"]].notna().all(axis=None)
        assert frame["name"].str.contains("模拟").all()
        assert frame.is_valid.all()
        assert not frame.is_empty.any()


def test_layers_hold_points_lines_and_a_reservoir(layers):
    roads, houses, water = layers["roads"], layers["houses"], layers["water"]
    assert set(roads.geom_type) == {"LineString"}
    assert set(houses.geom_type) == {"Point"}
    assert set(roads["kind"]) == {"county_road", "village_road"}
    assert set(houses["kind"]) == {"village_seat", "house"}
    assert set(water["kind"]) <= {"river", "stream", "reservoir"}
    lake = water["kind"] == "reservoir"
    assert set(water[lake].geom_type) <= {"Polygon", "MultiPolygon"}
    assert set(water[~lake].geom_type) <= {"LineString", "MultiLineString"}


def test_every_village_has_its_seat_on_a_road_and_houses_of_its_own(county, layers):
    villages = pyogrio.read_dataframe(county / "areas/villages.gpkg").to_crs("EPSG:4544")
    houses, roads = layers["houses"], shapely.union_all(layers["roads"].geometry.to_numpy())
    lake = shapely.union_all(layers["water"].query("kind == 'reservoir'").geometry.to_numpy())
    seats = houses[houses["kind"] == "village_seat"]
    assert len(seats) == len(villages)
    for village in villages.itertuples():
        own = houses[houses.within(village.geometry.buffer(1))]
        assert (own["kind"] == "village_seat").sum() == 1
        (seat,) = own.loc[own["kind"] == "village_seat", "geometry"]
        # Roads run on every second cell.
        assert seat.distance(roads) < 110
    built = houses[houses["kind"] == "house"]
    assert len(built) > 3 * len(seats)
    # The shore is drawn to half a cell.
    assert not built.within(lake.buffer(-60)).any()


def test_heights_cover_the_county_and_state_their_crs(county, manifest):
    (file,) = manifest.of_kind("dem")
    areas = geopandas.read_file(county / "areas/county_townships.geojson").to_crs(manifest.crs)
    with rasterio.open(county / file.path) as dem:
        assert dem.crs == rasterio.crs.CRS.from_string(manifest.crs)
        assert file.about["crs"] == manifest.crs
        assert dem.units[0] == "m"
        west, south, east, north = areas.total_bounds
        assert dem.bounds.left < west < east < dem.bounds.right
        assert dem.bounds.bottom < south < north < dem.bounds.top
        height = dem.read(1)
    assert np.isfinite(height).all()
    assert 900 < height.min() < height.max() < 4000
