"""Zipped Shapefiles with the encodings, names and litter that offices really send."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
from area_builders import dbf, shapefile_parts, square, zipped

from geoinspect.errors import AreaError, TooLargeError
from geoinspect.ingest.areas import read_areas
from geoinspect.ingest.vectors import read_shapes
from geoinspect.records import Level

FIELDS = (("code", "C", 12), ("名称", "C", 20), ("级别", "C", 9), ("责任单位", "C", 20))
ROW = ("330185100", "天目山镇啊", "乡镇", "派出所")


def table(encoding: str) -> bytes:
    fields = [(name.encode(encoding), kind, size) for name, kind, size in FIELDS]
    return dbf(fields, [[value.encode(encoding) for value in ROW]])


@pytest.mark.parametrize(
    ("encoding", "cpg", "told"),
    [
        ("utf-8", None, []),
        ("gbk", None, []),
        ("utf-8", b"UTF-8", []),
        ("gbk", b"GBK", []),
        ("gbk", b"936", []),
        ("gbk", b"ANSI 936", []),
        ("gbk", b"CP936", []),
        ("gbk", b"System", []),
        ("gbk", b"OEM\r\n", []),
        ("big5", b"BIG5", ["x"]),
        ("gbk", b"UTF-8", ["encoding_mismatch"]),
        ("gbk", b"ISO-8859-1", ["encoding_mismatch"]),
        ("utf-8", b"GBK", ["encoding_mismatch"]),
    ],
)
def test_the_bytes_decide_the_encoding(
    tmp_path: Path, encoding: str, cpg: bytes | None, told: list[str]
) -> None:
    if encoding == "big5":
        content = dbf([(b"code", "C", 8), (b"name", "C", 20)], [[b"1", "鄉鎮".encode("big5")]])
        parts = shapefile_parts(tmp_path / "s", [square()], content, cpg=cpg)
        read = read_shapes(zipped(tmp_path / "a.zip", {"x": parts}))
        assert read.shapes[0].attributes == {"code": "1", "name": "鄉鎮"}
        return
    parts = shapefile_parts(tmp_path / "s", [square()], table(encoding), cpg=cpg)
    read = read_areas(zipped(tmp_path / "a.zip", {"乡镇": parts}))
    (area,) = read.areas
    # In UTF-8 the name 责任单位 is cut in its fourth character, and found all the same.
    assert (area.code, area.name, area.level, area.unit_code) == (
        "330185100", "天目山镇啊", Level.TOWNSHIP, "派出所",
    )  # fmt: skip
    assert [problem.code for problem in read.problems] == told


def test_values_cut_inside_a_character_and_deleted_rows(tmp_path: Path) -> None:
    fields = [(b"code", "N", 14), (b"name", "C", 10), (b"day", "D", 8), (b"ha", "N", 9)]
    rows = [
        [b"330185100001", "天目山镇".encode(), b"20260514", b"1.50"],
        [b"330185100002.0", "桥".encode(), b"00000000", b"*********"],
        [b"3", b"gone", b"", b""],
    ]
    content = bytearray(dbf(fields, rows))
    content[-1 - 42] = 0x2A
    parts = shapefile_parts(tmp_path / "s", [square(), square(115), square(116)], bytes(content))
    read = read_shapes(zipped(tmp_path / "a.zip", {"x": parts}))
    assert [shape.attributes for shape in read.shapes] == [
        {"code": "330185100001", "name": "天目山", "day": "2026-05-14", "ha": "1.5"},
        {"code": "330185100002", "name": "桥"},
    ]


def test_a_table_that_is_no_text_at_all_still_gives_its_polygons(tmp_path: Path) -> None:
    content = dbf([(b"code", "C", 8), (b"name", "C", 8)], [[b"1", b"a\xff\xffb\x81"]])
    parts = shapefile_parts(tmp_path / "s", [square()], content)
    read = read_shapes(zipped(tmp_path / "a.zip", {"x": parts}))
    assert read.shapes[0].attributes["code"] == "1"
    assert [problem.code for problem in read.problems] == ["encoding_damaged"]


def test_macs_litter_folders_and_several_layers(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path / "s", [square()], table("utf-8"))
    upper = {suffix.upper(): data for suffix, data in parts.items()}
    litter = {"__MACOSX/._乡镇.shp": b"x", "data/._乡镇.dbf": b"x", ".DS_Store": b""}
    points = b"\0\0\x27\x0a" + bytes(24) + struct.pack("<ii", 1000, 1) + bytes(64)
    layers = {"data/乡镇": parts, "村": upper, "点": {**parts, ".shp": points}}
    read = read_shapes(zipped(tmp_path / "a.zip", layers, **litter))
    assert len(read.shapes) == 2
    assert [problem.code for problem in read.problems] == ["layers_without_polygons"]
    assert "点" in read.problems[0].text.zh


def test_gbk_names_in_a_zip(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path / "s", [square()], table("gbk"))
    path = zipped(tmp_path / "a.zip", {"YYYY": {k: v for k, v in parts.items() if k != ".prj"}})
    path.write_bytes(path.read_bytes().replace(b"YYYY", "乡镇".encode("gbk")))
    with pytest.raises(AreaError) as caught:
        read_shapes(path)
    assert caught.value.code == "no_crs"
    assert "乡镇" in caught.value.text.zh


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({".prj": b"garbage"}, "bad_crs"),
        ({".prj": b'LOCAL_CS["Arbitrary",UNIT["m",1]]'}, "bad_crs"),
        ({".shp": b"\0\0\x27\x0a" + bytes(28) + b"\5\0\0\0" + bytes(64)}, "damaged"),
        ({".shp": b"not a shapefile, long enough to have a header"}, "damaged"),
        ({".shx": b""}, "damaged"),
        ({".dbf": b"x"}, "damaged"),
        ({".dbf": bytes(99)}, "damaged"),
    ],
)
def test_damage_is_told_without_words_of_a_library(
    tmp_path: Path, change: dict[str, bytes], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    parts = {**shapefile_parts(tmp_path / "s", [square()], table("utf-8")), **change}
    with pytest.raises(AreaError) as caught:
        read_shapes(zipped(tmp_path / "a.zip", {"x": parts}))
    assert caught.value.code == code
    for foreign in ("tmp", "GDAL", "OGR", "driver", "LOCAL_CS", "areas.shp"):
        assert foreign not in caught.value.text.en
    assert capfd.readouterr().err == ""


def test_zips_that_are_no_shapefile(tmp_path: Path) -> None:
    parts = shapefile_parts(tmp_path / "s", [square()], table("utf-8"))
    without = {suffix: data for suffix, data in parts.items() if suffix != ".dbf"}
    for layers in ({"x": without}, {"doc": {".kml": b"<kml/>"}}):
        with pytest.raises(AreaError) as caught:
            read_shapes(zipped(tmp_path / "a.zip", layers))
        assert caught.value.code == "bad_shapefile_zip"
    whole = zipped(tmp_path / "a.zip", {"x": parts}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AreaError) as caught:
        read_shapes(tmp_path / "cut.zip")
    assert caught.value.code == "bad_zip"


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shx", ".dbf"):
            archive.writestr(f"a{suffix}", b"x")
        with archive.open("a.shp", "w") as stream:
            for _ in range(501):
                stream.write(bytes(1 << 20))
    with pytest.raises(TooLargeError):
        read_shapes(path)
    # The same with a size that lies: no more is unpacked than it declares.
    data = path.read_bytes().replace(struct.pack("<I", 501 << 20), struct.pack("<I", 4096))
    path.write_bytes(data)
    with pytest.raises(AreaError):
        read_shapes(path)
