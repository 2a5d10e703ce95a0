"""Target lists in map files: points, polygons, and features that are neither."""

from __future__ import annotations

import json
import zipfile
from datetime import date

import geopandas
import numpy as np
import pytest
import shapely

from geoinspect.ingest.datum import from_wgs84
from geoinspect.ingest.target_lists import read_target_list
from geoinspect.records import MU_M2, Datum
from geoinspect.settings import Settings

LON, LAT = 104.37125, 33.78549


def read(path, **more):
    return read_target_list(path, settings=Settings(), **more)


def listed(tmp_path, text: str, name: str, **more):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read(path, **more)


def features(*items) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties, "geometry": geometry}
                for geometry, properties in items
            ],
        }
    )


BOX = shapely.box(LON, LAT, LON + 1e-3, LAT + 1e-3)


def test_geojson_points_and_polygons(tmp_path) -> None:
    outline = json.loads(shapely.to_geojson(BOX))
    bow = {
        "type": "Polygon",
        "coordinates": [[[104, 33], [104.01, 33.01], [104.01, 33], [104, 33.01], [104, 33]]],
    }
    text = features(
        (
            {"type": "Point", "coordinates": [LON, LAT]},
            {"编号": "P", "面积(亩)": 2, "日期": "2026-05-01"},
        ),
        (outline, {"编号": "Q", "备注": "面"}),
        ({"type": "LineString", "coordinates": [[104, 33], [105, 34]]}, {"编号": "L"}),
        ({"type": "MultiPoint", "coordinates": [[104, 33], [105, 34]]}, {"编号": "M"}),
        ({"type": "Point", "coordinates": [LAT, LON]}, {"编号": "S"}),
        (None, {"编号": "N"}),
        ({"type": "Point", "coordinates": ["x", 1]}, {"编号": "B"}),
        (bow, {"编号": "W"}),
    )
    found = listed(tmp_path, text, "靶标.geojson")
    point, ground, bow_tie = found.targets
    assert (point.code, point.lon, point.lat, point.day) == ("P", LON, LAT, date(2026, 5, 1))
    assert point.area_m2 == pytest.approx(2 * MU_M2)
    assert ground.polygon is not None
    assert ground.polygon.covers(shapely.Point(ground.lon, ground.lat))
    assert ground.polygon.equals(BOX)
    assert ground.area_m2 == pytest.approx(92.6 * 110.9, rel=0.01)
    assert bow_tie.polygon is not None
    assert bow_tie.polygon.is_valid
    rules = {refused.rule: refused.count for refused in found.refused}
    assert rules == {"not_point_or_polygon": 2, "coordinate_swapped": 1, "no_shape": 1, "broken": 1}


def test_a_polygon_is_shifted_as_a_whole(tmp_path) -> None:
    x, y = from_wgs84(*shapely.get_coordinates(BOX).T, Datum.GCJ02)
    moved = shapely.Polygon(np.column_stack([x, y]))
    text = features((json.loads(shapely.to_geojson(moved)), {}))
    (target,) = listed(tmp_path, text, "a.geojson", datum=Datum.GCJ02).targets
    assert target.polygon is not None
    assert shapely.hausdorff_distance(target.polygon, BOX) < 1e-8
    assert target.polygon.covers(shapely.Point(target.lon, target.lat))
    assert target.code == "row-1"


def test_kml(tmp_path) -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Placemark><name>T1</name><Point><coordinates>{LON},{LAT},0</coordinates></Point></Placemark>"
        "</Document></kml>"
    )
    (target,) = listed(tmp_path, text, "a.kml").targets
    assert (target.code, target.lon, target.lat) == ("T1", LON, LAT)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4544"])
def test_geopackage_and_shapefile(tmp_path, crs) -> None:
    frame = geopandas.GeoDataFrame(
        {"code": ["A", "B"], "area_mu": [1.0, None], "geometry": [BOX, BOX]}, crs="EPSG:4326"
    ).to_crs(crs)
    frame.to_file(tmp_path / "t.gpkg")
    folder = tmp_path / "shp"
    folder.mkdir()
    frame.to_file(folder / "t.shp")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    for name in ("t.gpkg", "t.zip"):
        one, two = read(tmp_path / name).targets
        assert (one.code, two.code) == ("A", "B")
        assert one.area_m2 == pytest.approx(MU_M2)
        assert two.area_m2 == pytest.approx(92.6 * 110.9, rel=0.01)
        assert one.polygon is not None
        assert shapely.hausdorff_distance(one.polygon, BOX) < 1e-8
