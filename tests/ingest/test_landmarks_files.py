"""Landmarks: every kind of geometry from every format, in WGS84, the rest told in words."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import GEOD, WGS84, transform_geometry
from geoinspect.errors import AreaError, GeoInspectError, TooLargeError
from geoinspect.ingest import landmarks
from geoinspect.ingest.datum import from_wgs84
from geoinspect.ingest.landmark_layers import geometry_of_wkb
from geoinspect.ingest.landmarks import LandmarkKind, read_landmarks
from geoinspect.ingest.vectors import read_shapes
from geoinspect.records import Datum
from tests.area_builders import feature, geojson, kml

ROADS = LandmarkKind.ROADS
LON, LAT = 114.0, 31.0
POINT = shapely.Point(LON, LAT)
LINE = shapely.LineString([(LON, LAT), (LON + 0.01, LAT + 0.005), (LON + 0.02, LAT)])
AREA = shapely.box(LON, LAT, LON + 0.01, LAT + 0.01).difference(
    shapely.box(LON + 0.004, LAT + 0.004, LON + 0.006, LAT + 0.006)
)
EACH = [
    POINT, LINE, AREA,
    shapely.MultiPoint([POINT, shapely.Point(LON + 0.01, LAT)]),
    shapely.MultiLineString([LINE, shapely.transform(LINE, lambda p: p + 0.1)]),
    shapely.MultiPolygon([AREA, shapely.transform(AREA, lambda p: p + 0.1)]),
]  # fmt: skip


def saved(path: Path, shapes: list[BaseGeometry | None], *, crs: str = WGS84, **options) -> Path:
    names = [f"第{i}号" for i in range(len(shapes))]
    moved = [None if s is None else transform_geometry(WGS84, crs, s) for s in shapes]
    geopandas.GeoDataFrame({"名称": names}, geometry=moved, crs=crs).to_file(path, **options)
    return path


def zipped_shapefile(path: Path, shapes: list[BaseGeometry], crs: str = WGS84) -> Path:
    folder = path.with_suffix("")
    folder.mkdir()
    saved(folder / "roads.shp", shapes, crs=crs, encoding="utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    return path


def same(got: tuple[BaseGeometry, ...], want: list[BaseGeometry], tolerance: float = 1e-9) -> None:
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        kinds = [[part.geom_type for part in shapely.get_parts(g)] for g in (one, other)]
        assert kinds[0] == kinds[1]
        assert one.geom_type == other.geom_type
        assert shapely.hausdorff_distance(one, other) <= tolerance


def test_every_kind_from_geojson(tmp_path: Path) -> None:
    mixed = shapely.GeometryCollection([POINT, LINE, AREA])
    path = geojson(tmp_path / "x.txt", *(feature(s, name="a") for s in [*EACH, mixed]))
    read = read_landmarks(path, ROADS)
    same(read.geometries, [*EACH, mixed])
    assert read.names == ("a",) * 7
    assert read.problems == ()
    assert read.kind is ROADS


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:4547"])
def test_every_kind_from_geopackage(tmp_path: Path, crs: str) -> None:
    read = read_landmarks(saved(tmp_path / "x.gpkg", EACH, crs=crs, driver="GPKG"), ROADS)
    same(read.geometries, EACH)
    assert read.names[2] == "第2号"


def test_all_layers_of_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    saved(path, [LINE], driver="GPKG", layer="a")
    saved(path, [POINT], driver="GPKG", layer="b", crs="EPSG:4547")
    same(read_landmarks(path, ROADS).geometries, [LINE, POINT])


@pytest.mark.parametrize("shape", EACH)
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4547"])
def test_every_kind_from_a_zipped_shapefile(tmp_path: Path, shape: BaseGeometry, crs: str) -> None:
    read = read_landmarks(zipped_shapefile(tmp_path / "x.zip", [shape], crs), ROADS)
    same(read.geometries, [shape], 1e-7)
    assert read.names == ("第0号",)


def test_every_kind_from_kml(tmp_path: Path) -> None:
    def mark(name: str, inner: str) -> str:
        return f"<Placemark><name>{name}</name><Style><name>s</name></Style>{inner}</Placemark>"

    def places(coords: object) -> str:
        return f"<coordinates>{' '.join(f'{x},{y},7' for x, y in coords)}</coordinates>"

    point = f"<Point>{places(POINT.coords)}</Point>"
    line = f"<LineString>{places(LINE.coords)}</LineString>"
    outer = f"<LinearRing>{places(AREA.exterior.coords)}</LinearRing>"
    inner = f"<LinearRing>{places(AREA.interiors[0].coords)}</LinearRing>"
    area = (
        f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>"
        f"<innerBoundaryIs>{inner}</innerBoundaryIs></Polygon>"
    )
    path = kml(
        tmp_path / "x.kml", mark("桥", point), mark("路", line), mark("", area),
        mark("多", f"<MultiGeometry>{point}{line}</MultiGeometry>"), mark("空", ""),
        mark("坏", "<Point><coordinates>a,b</coordinates></Point>"),
        "<NetworkLink><href>http://x/y.kml</href></NetworkLink>",
    )  # fmt: skip
    read = read_landmarks(path, ROADS)
    same(read.geometries, [POINT, LINE, AREA, shapely.GeometryCollection([POINT, LINE])])
    assert read.names[:2] == ("桥", "路")
    assert {p.code: p.count for p in read.problems} == {
        "links_ignored": 1,
        "no_shape": 1,
        "broken": 1,
    }


def test_the_area_reader_still_takes_polygons_only(tmp_path: Path) -> None:
    path = geojson(tmp_path / "x.json", feature(LINE), feature(AREA), feature(POINT))
    assert len(read_shapes(path).shapes) == 1
    assert len(read_landmarks(path, ROADS).geometries) == 3


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_declared_offset_is_taken_out(tmp_path: Path, datum: Datum) -> None:
    lon, lat = from_wgs84(*np.array(LINE.coords).T, datum)
    shifted = shapely.LineString(np.column_stack([lon, lat]))
    assert GEOD.inv(LON, LAT, lon[0], lat[0])[2] > 300
    path = geojson(tmp_path / "x.json", feature(shifted))
    same(read_landmarks(path, ROADS, datum=datum).geometries, [LINE], 1e-8)
    metres = saved(tmp_path / "m.gpkg", [LINE], crs="EPSG:4547", driver="GPKG")
    with pytest.raises(AreaError) as caught:
        read_landmarks(metres, ROADS, datum=datum)
    assert caught.value.code == "datum_of_metres"


def test_what_is_wrong_with_some_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon(
        [(LON, LAT), (LON + 0.01, LAT + 0.01), (LON + 0.01, LAT), (LON, LAT + 0.01)]
    )
    path = geojson(
        tmp_path / "x.json",
        feature(LINE),
        feature(shapely.Point(31.0, 114.0)),
        feature(shapely.Point(500_000, 3_400_000)),
        feature({"type": "Point", "coordinates": [200.0, 31.0]}),
        feature({"type": "Point", "coordinates": [None, 31.0]}),
        feature({"type": "LineString", "coordinates": [[1, 2], "x"]}),
        feature({"type": "LineString", "coordinates": [[1e999, 2], [3, 4]]}),
        feature(None),
        feature({"type": "Point", "coordinates": []}),
        feature({"type": "Circle", "coordinates": [1, 2]}),
        feature(bow_tie),
        5,
    )
    read = read_landmarks(path, ROADS)
    assert len(read.geometries) == 2
    assert read.geometries[1].is_valid
    assert {p.code: p.count for p in read.problems} == {
        "swapped_axes": 1,
        "metric_without_crs": 1,
        "off_the_earth": 1,
        "broken": 3,
        "no_shape": 4,
        "self_intersection_repaired": 1,
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"hello", "unknown_format"),
        (b"{", "bad_json"),
        (b'{"type": "Topology"}', "not_geojson"),
        (b'{"type": "FeatureCollection", "features": []}', "no_features"),
        (b'{"type": "Point", "coordinates": [31, 114]}', "swapped_axes"),
        (b'{"type": "Point", "coordinates": [1, 2], "crs": "moon"}', "bad_crs"),
        (b"[" * 100_000, "bad_json"),
        (b"PK\x03\x04....", "bad_zip"),
        (b"SQLite format 3\0" + b"x" * 200, "damaged"),
        (b"\x00\x00\x27\x0a" + bytes(96), "unknown_format"),
        (b"<kml><Placemark/></kml>", "no_features"),
        (b'<!DOCTYPE k [<!ENTITY a "b">]><kml>&a;</kml>', "hostile_markup"),
        (b"<kml>" + b"<Folder>" * 500, "hostile_markup"),
    ],
)
def test_what_can_not_be_read_is_refused_in_words(
    tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "路网.bin"
    path.write_bytes(content)
    with pytest.raises(AreaError) as caught:
        read_landmarks(path, ROADS)
    assert caught.value.code == code
    assert "路网.bin" in caught.value.text.zh
    assert "路网.bin" in caught.value.text.en


def test_missing_files_folders_and_no_crs_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.kml", tmp_path):
        with pytest.raises(AreaError) as caught:
            read_landmarks(path, ROADS)
        assert caught.value.code == "cannot_open"
    folder = tmp_path / "s"
    folder.mkdir()
    saved(folder / "r.shp", [LINE])
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for suffix in (".shp", ".shx", ".dbf"):
            archive.write(folder / f"r{suffix}", f"r{suffix}")
    with pytest.raises(AreaError) as caught:
        read_landmarks(tmp_path / "s.zip", ROADS)
    assert caught.value.code == "no_crs"


def test_too_many_vertices_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "MAX_VERTICES", 2)
    with pytest.raises(TooLargeError):
        read_landmarks(geojson(tmp_path / "x.json", feature(LINE)), ROADS)


def test_deeply_nested_collections_do_not_end_the_process(tmp_path: Path) -> None:
    nested = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 200_000
    assert geometry_of_wkb(nested + shapely.to_wkb(LINE)).equals(LINE)
    with pytest.raises(ValueError, match="breaks off"):
        geometry_of_wkb(nested)
    document: dict[str, object] = {"type": "Point", "coordinates": [LON, LAT]}
    for _ in range(400):
        document = {"type": "GeometryCollection", "geometries": [document]}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    same(read_landmarks(path, ROADS).geometries, [POINT])


@given(
    st.sampled_from(EACH), st.sampled_from(["extended", "iso"]), st.booleans(), st.integers(0, 1)
)
def test_wkb_is_read_as_geos_reads_it(
    shape: BaseGeometry, flavor: str, high: bool, order: int
) -> None:
    solid = shapely.force_3d(shape, 5.0) if high else shape
    data = shapely.to_wkb(solid, flavor=flavor, byte_order=order, output_dimension=3)
    assert geometry_of_wkb(data).equals_exact(shape, 0)
    assert geometry_of_wkb(shapely.to_wkb(shapely.Point())) is None


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("samples")
    made = [
        geojson(folder / "a.json", *(feature(s, name="a") for s in EACH)),
        saved(folder / "b.gpkg", EACH, driver="GPKG"),
        zipped_shapefile(folder / "c.zip", [LINE, LINE]),
        kml(
            folder / "d.kml",
            "<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>",
        ),
    ]
    return [path.read_bytes() for path in made]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_bent_files_give_features_or_words(
    samples: list[bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("bent") / "bent"
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    try:
        read = read_landmarks(path, ROADS)
    except GeoInspectError as error:
        told = error.text.zh
    else:
        told = "bent" if len(read.geometries) == len(read.names) > 0 else ""
        assert np.isfinite(shapely.get_coordinates(np.array(read.geometries, object))).all()
    assert "bent" in told


def test_a_custom_projection_of_a_prj_is_read(tmp_path: Path) -> None:
    own = pyproj.CRS("+proj=tmerc +lon_0=113.5 +k=1 +x_0=500000 +ellps=GRS80 +units=m").to_wkt()
    same(
        read_landmarks(zipped_shapefile(tmp_path / "x.zip", [LINE], own), ROADS).geometries,
        [LINE],
        1e-7,
    )
