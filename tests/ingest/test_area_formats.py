"""Boundary files as offices have them: what is read, and what is said about the rest."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import geopandas
import pytest
import shapely
from area_builders import feature, geojson, kml, placemark, ring, square
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon

from geoinspect.errors import AreaError, UsageError
from geoinspect.ingest.areas import FieldChoice, read_areas, read_zones
from geoinspect.ingest.vectors import ShapeFile, read_shapes
from geoinspect.records import Level, ZoneKind


def codes(file: ShapeFile) -> dict[str, int]:
    return {problem.code: problem.count for problem in file.problems}


def same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    return shapely.symmetric_difference(one, other).area < 1e-12


def test_every_geojson_form_is_read(tmp_path: Path) -> None:
    deep = GeometryCollection(
        [GeometryCollection([MultiPolygon([square()])]), LineString([(1, 1), (2, 2)])]
    )
    read = read_shapes(geojson(tmp_path / "a", feature(square(), n=5.0, t=[1]), feature(deep)))
    assert read.shapes[0].attributes == {"n": "5"}
    assert all(same(shape.polygon, square()) for shape in read.shapes)
    bare = tmp_path / "b"
    bare.write_text(json.dumps(feature(square())["geometry"]))
    single = tmp_path / "c"
    single.write_text(json.dumps({**feature(square(), code="x"), "id": 7}))
    assert read_shapes(bare).shapes[0].attributes == {}
    assert read_shapes(single).shapes[0].attributes == {"code": "x", "id": "7"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
def test_chinese_geojson_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    read = read_shapes(geojson(tmp_path / "a", feature(square(), name="天目镇"), encoding=encoding))
    assert read.shapes[0].attributes == {"name": "天目镇"}
    assert codes(read) == ({"encoding_mismatch": 1} if encoding == "gbk" else {})


def test_one_bad_feature_never_loses_a_file(tmp_path: Path) -> None:
    broken = {"type": "Polygon", "coordinates": [[[114, 31], ["x", 31], [114, 32]]]}
    tall = {"type": "Polygon", "coordinates": [[[114, 31, 5], [114.1, 31, 5], [114, 31.1, 5]]]}
    bow = Polygon([(114, 31), (114.02, 31.02), (114.02, 31), (114, 31.02)])
    off = {"type": "Polygon", "coordinates": [[[114, 31], [114.1, 91], [114.2, 31], [114, 31]]]}
    inf = '{"type":"Polygon","coordinates":[[[114,31],[1e999,31],[114,32],[114,31]]]}'
    path = geojson(
        tmp_path / "a", feature(broken), feature(tall, code="t"), feature(bow), feature(off),
        feature(None), feature(Point(1, 1)), feature({"type": "Polygon", "coordinates": []}),
        feature(json.loads(inf)), "nonsense",
    )  # fmt: skip
    read = read_shapes(path)
    assert len(read.shapes) == 2
    assert not read.shapes[0].polygon.has_z
    assert codes(read) == {
        "broken": 2,
        "off_the_earth": 1,
        "no_polygon": 4,
        "self_intersection_repaired": 1,
    }


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", (114.0, 31.0)),
        ("urn:ogc:def:crs:EPSG::4490", (114.0, 31.0)),
        ("CGCS2000", (114.0, 31.0)),
        ("EPSG:4547", (114.0, 31.6226)),
    ],
)
def test_the_crs_member_counts(tmp_path: Path, name: str, bounds: tuple[float, float]) -> None:
    metres = shapely.box(500_000, 3_500_000, 502_000, 3_502_000)
    shape = metres if name == "EPSG:4547" else shapely.box(114, 31, 115, 32)
    member = {"type": "name", "properties": {"name": name}}
    read = read_shapes(geojson(tmp_path / "a", feature(shape), crs=member))
    assert read.shapes[0].polygon.bounds[:2] == pytest.approx(bounds, abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "member", "code"),
    [
        (shapely.box(500_000, 3_500_000, 502_000, 3_502_000), None, "metric_without_crs"),
        (shapely.box(500_000, 3_500_000, 502_000, 3_502_000), "EPSG:4490", "wrong_crs"),
        (shapely.box(31, 114, 31.1, 114.1), None, "swapped_axes"),
        (shapely.box(31, 114, 31.1, 114.1), "EPSG:4490", "swapped_axes"),
        (square(), "GCJ-02", "bad_crs"),
        (square(), "EPSG:999999", "bad_crs"),
    ],
)
def test_wrong_places_are_told_apart(
    tmp_path: Path, shape: Polygon, member: str | None, code: str
) -> None:
    crs = {"type": "name", "properties": {"name": member}}
    path = geojson(tmp_path / "a", feature(shape), **({} if member is None else {"crs": crs}))
    with pytest.raises(AreaError) as caught:
        read_shapes(path, name="边界.geojson")
    assert caught.value.code == code
    assert "边界.geojson" in caught.value.text.zh
    assert "边界.geojson" in caught.value.text.en


def test_all_folders_of_a_kml_with_holes_and_data(tmp_path: Path) -> None:
    data = '<Data name="code"><value> 330100 </value></Data>'
    schema = '<SchemaData><SimpleData name="level">township</SimpleData></SchemaData>'
    hole = square(half=0.005)
    both = f"<MultiGeometry>{''.join(f'<Polygon><outerBoundaryIs>{ring(square(lon))}</outerBoundaryIs></Polygon>' for lon in (116, 117))}</MultiGeometry>"
    path = kml(
        tmp_path / "a",
        f"<Folder><name>F</name>{placemark(square(), '天目', data + schema, hole)}</Folder>",
        f"<Folder><Folder>{placemark(square(115), '桥')}</Folder></Folder>",
        f"<Placemark><name>two</name>{both}</Placemark>",
        "<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>",
        "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>",
        before=f"<!--{'x' * 3000}-->",
    )
    read = read_shapes(path)
    first, second, third = read.shapes
    assert first.attributes == {"name": "天目", "code": "330100", "level": "township"}
    assert same(first.polygon, square() - hole)
    assert (second.attributes, third.polygon.geom_type) == ({"name": "桥"}, "MultiPolygon")
    assert codes(read) == {"links_ignored": 1, "no_polygon": 1}


def test_prefixed_and_cut_off_kml(tmp_path: Path) -> None:
    path = kml(tmp_path / "a", placemark(square(), "一"), placemark(square(115), "二"))
    text = path.read_text("utf-8")
    path.write_text(text[: text.rindex("<LinearRing")], "utf-8")
    read = read_shapes(path)
    assert [shape.attributes["name"] for shape in read.shapes] == ["一"]
    assert codes(read) == {"truncated": 1}
    path.write_text(text.replace("<kml xmlns=", "<k:kml xmlns:k=").replace("</kml", "</k:kml"))
    assert len(read_shapes(path).shapes) == 2


def test_all_polygon_layers_of_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for layer, crs, shape in (
        ("点", "EPSG:4326", Point(114, 31)),
        ("镇界", "EPSG:4547", square()),
        ("村 \"界'", "EPSG:4326", MultiPolygon([square(115)])),
    ):
        frame = geopandas.GeoDataFrame({"code": [layer], "n": [3.0], "day": ["2026-05-14"]}, geometry=[shape], crs="EPSG:4326")  # fmt: skip
        frame.to_crs(crs).to_file(path, layer=layer, driver="GPKG")
    read = read_shapes(path)
    assert [shape.attributes["code"] for shape in read.shapes] == ["镇界", "村 \"界'"]
    assert read.shapes[0].attributes == {"code": "镇界", "n": "3", "day": "2026-05-14"}
    assert shapely.hausdorff_distance(read.shapes[0].polygon, square()) < 1e-8
    assert codes(read) == {"layers_without_polygons": 1}
    assert "点" in read.problems[0].text.en


def test_fields_are_recognised_or_chosen(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a", feature(square(), 编号="7", 责任单="派出所", LEVEL="镇"))
    with pytest.raises(AreaError, match="--code-field"):
        read_areas(path)
    with pytest.raises(UsageError, match="LEVEL"):
        read_areas(path, chosen=FieldChoice(code="nosuch"))
    (area,) = read_areas(path, chosen=FieldChoice(code="编号")).areas
    assert (area.code, area.level, area.unit_code) == ("7", Level.TOWNSHIP, "派出所")
    # A short name of its own is no cut one.
    other = geojson(tmp_path / "b", feature(square(), code="7", uni="x", level="镇"))
    assert read_areas(other).areas[0].unit_code is None


def test_zones_with_bad_dates_are_left_out_and_told(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a",
        feature(square(), name="证一", valid_from="2026/5/1", valid_to="20261001"),
        feature(square(), name="证二", valid_to="明年"),
        feature(square(), name="证三", valid_from="2026-05-02", valid_to="2026-05-01"),
        feature(None),
    )
    read = read_zones(path, kind=ZoneKind.LICENSED)
    (zone,) = read.zones
    assert (zone.valid_from, zone.valid_to) == (date(2026, 5, 1), date(2026, 10, 1))
    assert {p.code: p.count for p in read.problems} == {"no_polygon": 1, "bad_date": 2}
    with pytest.raises(AreaError) as caught:
        read_zones(path, kind=None)
    assert caught.value.code == "bad_zone_kind"
