"""Files that want something else read, opened or asked: they get nothing."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sqlite3
import struct
from pathlib import Path

import geopandas
import pytest
from area_builders import dbf, feature, geojson, kml, placemark, shapefile_parts, square, zipped

from geoinspect.errors import AreaError, InputError
from geoinspect.ingest.vectors import read_shapes

LAYER = "canary"


def refusal(path: Path) -> str:
    with pytest.raises(AreaError) as caught:
        read_shapes(path)
    return caught.value.code


@pytest.mark.parametrize(
    "document",
    [
        "<OGRVRTDataSource>{}</OGRVRTDataSource>",
        "<OGRVRTDataSource><!--<kml -->{}</OGRVRTDataSource>",
        '<?xml version="1.0"?>\n<!-- <kml> --><OGRVRTDataSource><kml/>{}</OGRVRTDataSource>',
        "<kml><OGRVRTDataSource>{}</OGRVRTDataSource></kml>",
        '{{"type":"FeatureCollection","x":"<OGRVRTDataSource>{}</OGRVRTDataSource>"}}',
    ],
)
@pytest.mark.parametrize("name", ["a.kml", "a.vrt", "a.geojson", "a.gpkg"])
def test_a_vrt_reads_no_file_and_asks_no_host(tmp_path: Path, document: str, name: str) -> None:
    canary = geojson(tmp_path / f"{LAYER}.geojson", feature(square(), secret="x"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        for source in (canary, f"/vsicurl/http://127.0.0.1:{port}/{LAYER}.geojson"):
            layer = (
                f'<OGRVRTLayer name="{LAYER}"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
            )
            path = tmp_path / name
            path.write_text(document.format(layer.replace('"', "'")))
            assert refusal(path) in {"unknown_format", "no_polygon"}
        with pytest.raises(TimeoutError):
            listener.accept()


def test_what_gdal_would_open_by_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    for text, code in (
        ('{"type":"Topology","objects":{},"arcs":[]}', "not_geojson"),
        ('{"geometryType":"esriGeometryPolygon","features":[]}', "not_geojson"),
        ("[1,2,3]", "not_geojson"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "bad_json"),
        ('{"type":"FeatureCollection","features":[', "bad_json"),
        ("PG:host=127.0.0.1", "unknown_format"),
        ("<FeatureCollection><!--<kml --></FeatureCollection>", "unknown_format"),
        ("", "empty_file"),
    ):
        path.write_text(text)
        assert refusal(path) == code


def test_entities_are_refused(tmp_path: Path) -> None:
    place = placemark(square(), "&a;")
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    for entity in (f'<!ENTITY a SYSTEM "{secret}">', '<!ENTITY a "lol"><!ENTITY b "&a;&a;">'):
        path = kml(tmp_path / "a.kml", place, before=f"<!--x--><!DOCTYPE kml [{entity}]>")
        assert refusal(path) == "hostile_markup"


def test_pipes_devices_folders_and_missing_files_end_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.geojson")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(tmp_path / "pipe.geojson")
    words = {
        tmp_path / "pipe.geojson": "管道",
        tmp_path / "link": "管道",
        Path("/dev/zero"): "管道",
        tmp_path: "文件夹",
        tmp_path / "gone.kml": "不存在",
        tmp_path / "loop": "不存在",
    }
    for path, word in words.items():
        with pytest.raises(AreaError, match=word) as caught:
            read_shapes(path)
        assert caught.value.code == "cannot_open"


def gpkg(path: Path) -> Path:
    frame = geopandas.GeoDataFrame({"code": ["1"]}, geometry=[square()], crs="EPSG:4326")
    frame.to_file(path, layer="a", driver="GPKG")
    return path


def test_a_sqlite_file_is_not_yet_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE a (code TEXT)")
    db.close()
    assert refusal(path) == "no_geopackage"
    whole = gpkg(tmp_path / "b.gpkg").read_bytes()
    path.write_bytes(whole[:5000])
    assert refusal(path) == "damaged"


def test_hostile_geometry_in_a_geopackage_is_left_out(tmp_path: Path) -> None:
    """Collections nested a million deep would end the process inside GEOS."""
    path = gpkg(tmp_path / "a.gpkg")
    head = b"GP\0\1" + struct.pack("<i", 4326)
    nested = (
        head + (b"\1" + struct.pack("<II", 7, 1)) * 1_000_000 + b"\1" + struct.pack("<II", 7, 0)
    )
    huge = head + b"\1" + struct.pack("<III", 3, 1, 2**32 - 1)
    many = head + b"\1" + struct.pack("<II", 6, 2**32 - 1)
    with sqlite3.connect(path) as db:
        for trigger in [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'")]:  # fmt: skip
            db.execute(f'DROP TRIGGER "{trigger}"')
        for blob in (nested, huge, many, b"", b"GP", b"nonsense but long enough", "text"):
            db.execute("INSERT INTO a (geom, code) VALUES (?, 'x')", [blob])
    db.close()
    read = read_shapes(path)
    assert [shape.attributes["code"] for shape in read.shapes] == ["1"]
    assert {problem.code: problem.count for problem in read.problems} == {
        "broken": 6,
        "no_polygon": 1,
    }


def test_a_crs_that_names_another_file_is_refused(tmp_path: Path) -> None:
    grid = tmp_path / "grid"
    os.mkfifo(grid)
    base = 'GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]'
    wkt = f'{base},EXTENSION["PROJ4","+proj=longlat +ellps=WGS84 +nadgrids={grid} +no_defs"]]'
    parts = shapefile_parts(tmp_path / "s", [square()], dbf([(b"code", "C", 4)], [[b"1"]]))
    path = zipped(tmp_path / "a.zip", {"x": {**parts, ".prj": wkt.encode()}})
    assert refusal(path) == "bad_crs"


def mutated(data: bytes, chance: random.Random) -> bytes:
    bent = bytearray(data)
    for _ in range(min(len(data), chance.choice((1, 3, 20)))):
        at = chance.randrange(len(bent))
        kind = chance.randrange(3)
        if kind == 0:
            bent[at] = chance.randrange(256)
        elif kind == 1:
            del bent[at + 1 : at + chance.randrange(1, 30)]
        else:
            bent[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"))
    return bytes(bent)


def test_bent_bytes_never_give_anything_but_an_answer_or_a_refusal(tmp_path: Path) -> None:
    chance = random.Random(20260514)
    parts = dict(shapefile_parts(tmp_path / "s", [square()], dbf([(b"code", "C", 4)], [[b"1"]])))
    whole = [
        gpkg(tmp_path / "a.gpkg").read_bytes(),
        geojson(tmp_path / "a.geojson", feature(square(), code="镇")).read_bytes(),
        kml(tmp_path / "a.kml", placemark(square(), "镇")).read_bytes(),
    ]
    path = tmp_path / "bent"
    for turn in range(600):
        if turn % 2:
            path.write_bytes(mutated(chance.choice(whole), chance))
        elif turn % 8 == 0:
            path.write_bytes(mutated(zipped(path, {"x": parts}).read_bytes(), chance))
        else:
            suffix = chance.choice(sorted(parts))
            zipped(path, {"x": {**parts, suffix: mutated(parts[suffix], chance)}})
        with contextlib.suppress(InputError):
            read_shapes(path)


def test_a_schema_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = gpkg(tmp_path / "a.gpkg")
    path.write_bytes(
        path.read_bytes().replace(b"CREATE TABLE gpkg_contents", b"CREATE\x96TABLE gpkg_contents")
    )
    assert refusal(path) == "damaged"


def test_a_file_name_in_gbk_is_shown_as_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xcc\xec\xc4\xbf.geojson"))
    with pytest.raises(AreaError, match="天目"):
        read_shapes(path)
