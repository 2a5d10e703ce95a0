"""Target lists as offices send them: tables in every dress, map files, and bad rows among good."""

from __future__ import annotations

import math
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoinspect.errors import GeoInspectError, InputError, TooLargeError
from geoinspect.ingest import target_tables
from geoinspect.ingest.datum import from_wgs84
from geoinspect.ingest.target_lists import read_target_list
from geoinspect.records import MU_M2, Datum
from geoinspect.settings import Settings

LON, LAT = 104.37125, 33.78549
HEADER = "靶标编号,经度,纬度,面积(亩),影像日期,备注"


def read(path: Path, **more):
    return read_target_list(path, settings=Settings(), **more)


def listed(tmp_path: Path, text: str | bytes, name: str = "靶标.csv", **more):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path, **more)


def book(tmp_path: Path, rows: list[list[object]], *, cover: bool = False) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    if cover:
        sheet.append(["2026 年靶标核查清单"])
        sheet = workbook.create_sheet("清单")
    for row in rows:
        sheet.append(row)
    path = tmp_path / "靶标.xlsx"
    workbook.save(path)
    return path


def codes(problems) -> set[str]:
    return {problem.code for problem in problems}


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_in_every_dress(tmp_path, delimiter, encoding) -> None:
    text = f"{HEADER}\r\nTM-001,104.37125,33.78549,1.5,2026-05-02,沟口\r\nTM-002,104.4,33.8,,,\r\n"
    found = listed(tmp_path, text.replace(",", delimiter).encode(encoding))
    first, second = found.targets
    assert (first.code, first.lon, first.lat) == ("TM-001", LON, LAT)
    assert first.area_m2 == pytest.approx(1.5 * MU_M2)
    assert (first.day, first.note, first.polygon, first.row) == (date(2026, 5, 2), "沟口", None, 2)
    assert (second.code, second.area_m2, second.day, second.note) == ("TM-002", None, None, "")
    assert found.refused == ()
    assert found.name == "靶标.csv"


def test_bad_rows_are_named_and_never_lose_the_file(tmp_path) -> None:
    rows = [
        HEADER,
        "A,104.37125,33.78549,1,2026-05-02,good",
        "",
        "B,,,1,,no place",
        "C,abc,33.7,1,,words",
        "D,nan,33.7,1,,NaN",
        "E,inf,33.7,1,,infinite",
        "F,33.78549,104.37125,1,,swapped",
        "G,0,0,1,,zero",
        "H,500,95,1,,nowhere",
        "I,=A1+1,33.7,1,,formula",
        "J,104.38,33.79,many,2026-13-45,cells",
        "K,104.38,33.80,7,05/06/2026,cells",
        f"L,104.39,33.80,7,2026-05-02,{'x' * 90_000}",
        f"M,104.39,33.81,7,2026-05-02,{'x' * 110_000}",
        ",104.40,33.82,3亩,20260502,",
        "A,104.41,33.82,,,again",
        "Z,104.41,33.82,,,same place",
        "合计,,,44,,",
        "X,39.47,80.12,1,,swapped in the west",
    ]
    found = listed(tmp_path, "\n".join(rows))
    by_rule = {refused.rule: refused.rows for refused in found.refused}
    assert by_rule == {
        "coordinate_missing": (4, 19),
        "coordinate_not_a_number": (5, 6, 7),
        "coordinate_swapped": (8, 20),
        "at_zero": (9,),
        "out_of_range": (10,),
        "coordinate_formula": (11,),
        "row_unreadable": (15,),
    }
    assert [t.code for t in found.targets] == ["A", "J", "K", "L", "row-16", "A", "Z"]
    told = {problem.code: problem for problem in found.problems}
    assert told["area_unreadable"].count == told["day_unreadable"].count == 1
    assert told["day_ambiguous"].count == told["code_missing"].count == 1
    assert "17" in told["code_twice"].text.zh
    assert "18" in told["place_twice"].text.en
    assert "4, 19" in told["coordinate_missing"].text.zh
    long = next(t for t in found.targets if t.code == "L")
    assert len(long.note) == 500
    assert found.targets[4].area_m2 == pytest.approx(3 * MU_M2)
    assert found.targets[4].day == date(2026, 5, 2)


def test_a_list_without_one_good_row_is_refused_with_the_reason(tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        listed(tmp_path, f"{HEADER}\nA,,,1,,\nB,,,2,,\n")
    assert caught.value.code == "coordinate_missing"
    assert "2, 3" in caught.value.text.zh


def test_a_title_degrees_minutes_and_a_quoted_cell_of_two_lines(tmp_path) -> None:
    text = (
        "2026 年第二批靶标\n靶标编号,东经,北纬,备注\n"
        'T1,104°22′16.5″,33°47′7.764″,"沟口\n向北"\nT2,104°23′,33°48′,\n'
    )
    one, two = listed(tmp_path, text).targets
    assert (one.lon, one.lat) == pytest.approx((LON, LAT), abs=1e-9)
    assert one.note == "沟口 向北"
    assert two.row == 5


def test_whole_columns_swapped_are_asked_about(tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        listed(tmp_path, "编号,经度,纬度\nA,33.78,104.37\nB,33.79,104.38\n")
    assert caught.value.code == "swapped_columns"


def test_metres_need_their_zone_or_a_declared_crs(tmp_path) -> None:
    zoned = "编号,X,Y\nA,3740000.0,35441000.0\nB,3740100.0,35441100.0\n"
    found = listed(tmp_path, zoned)
    assert found.targets[0].lon == pytest.approx(104.36, abs=0.05)
    assert "projected" in codes(found.problems)
    bare = "编号,X,Y\nA,3740000.0,441000.0\nB,3740100.0,441100.0\n"
    with pytest.raises(InputError) as caught:
        listed(tmp_path, bare)
    assert caught.value.code == "crs_needed"
    declared = listed(tmp_path, bare, crs="EPSG:4544")
    assert declared.targets[0].lon == pytest.approx(found.targets[0].lon, abs=1e-7)
    with pytest.raises(InputError) as caught:
        listed(tmp_path, zoned, datum=Datum.GCJ02)
    assert caught.value.code == "datum_of_metres"


def gcj(lon: float, lat: float, datum: Datum = Datum.GCJ02) -> tuple[float, float]:
    x, y = from_wgs84(np.array([lon]), np.array([lat]), datum)
    return float(x[0]), float(y[0])


@pytest.mark.parametrize(
    ("header", "name", "declared"),
    [
        ("编号,经度,纬度", "a.csv", Datum.GCJ02),
        ("编号,GCJ02经度,GCJ02纬度", "a.csv", None),
        ("坐标系:火星坐标 GCJ-02\n编号,经度,纬度", "a.csv", None),
        ("编号,经度,纬度", "靶标_GCJ02.csv", None),
    ],
)
def test_the_datum_is_declared_or_said(tmp_path, header, name, declared) -> None:
    x, y = gcj(LON, LAT)
    found = listed(tmp_path, f"{header}\nA,{x!r},{y!r}\n", name, datum=declared)
    assert found.datum.used is Datum.GCJ02
    assert (found.targets[0].lon, found.targets[0].lat) == pytest.approx((LON, LAT), abs=1e-9)


def test_a_declaration_goes_before_the_file_and_nothing_said_asks(tmp_path) -> None:
    x, y = gcj(LON, LAT)
    found = listed(tmp_path, f"编号,GCJ02经度,GCJ02纬度\nA,{x!r},{y!r}\n", datum=Datum.WGS84)
    assert (found.targets[0].lon, found.targets[0].lat) == (x, y)
    assert "datum_contradiction" in codes(found.problems)
    silent = listed(tmp_path, f"编号,经度,纬度\nA,{x!r},{y!r}\n")
    assert silent.datum.found is None
    assert "GCJ-02" in silent.datum.why.zh


def test_rows_may_name_their_own_datum(tmp_path) -> None:
    x, y = gcj(LON, LAT)
    bx, by = gcj(LON, LAT, Datum.BD09)
    text = f"编号,经度,纬度,坐标系\nA,{LON},{LAT},WGS84\nB,{x!r},{y!r},高德\nC,{bx!r},{by!r},百度\n"
    found = listed(tmp_path, text)
    assert all((t.lon, t.lat) == pytest.approx((LON, LAT), abs=1e-9) for t in found.targets)
    assert "mixed_datum" in codes(found.problems)


def test_abroad_nothing_is_shifted(tmp_path) -> None:
    found = listed(tmp_path, "编号,经度,纬度\nA,98.9,19.8\n", datum=Datum.GCJ02)
    assert (found.targets[0].lon, found.targets[0].lat) == (98.9, 19.8)
    assert "datum_not_shifted" in codes(found.problems)


def test_a_workbook(tmp_path) -> None:
    rows = [
        ["编号", "经度", "纬度", "面积(平方米)", "日期", "备注"],
        [
            "T1",
            LON,
            LAT,
            12.5,
            datetime(2026, 5, 2, 9, 30, tzinfo=UTC).replace(tzinfo=None),
            'a,b\n"c"',
        ],
        [],
        [7, "104°22′16.5″", "33°47′7.764″", "1,200", "2026年5月3日", "=1+1"],
        ["T3", "=B2+0.1", 33.8, None, None, None],
        ['=HYPERLINK("http://x")', 104.5, 33.8, "=D2*2", 46144, None],
    ]
    found = read(book(tmp_path, rows, cover=True))
    one, two, three = found.targets
    assert (one.code, one.lon, one.lat, one.area_m2) == ("T1", LON, LAT, 12.5)
    assert (one.day, one.note) == (date(2026, 5, 2), 'a,b "c"')
    assert (two.code, two.area_m2, two.day, two.note) == ("7", 1200.0, date(2026, 5, 3), "=1+1")
    assert (two.lon, two.row) == (pytest.approx(LON), 4)
    assert three.code == '=HYPERLINK("http://x")'
    assert (three.area_m2, three.day) == (None, date(2026, 5, 2))
    assert [(r.rule, r.rows) for r in found.refused] == [("coordinate_formula", (5,))]
    assert {"one_sheet", "area_unreadable"} <= codes(found.problems)


def test_a_workbook_may_not_swell_or_declare_entities(tmp_path, monkeypatch) -> None:
    path = book(tmp_path, [["编号", "经度", "纬度"], ["A", LON, LAT]])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/extra.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>')
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == "damaged"
    monkeypatch.setattr(target_tables, "_MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(TooLargeError):
        read(path)


def test_a_workbook_that_is_bent_is_refused(tmp_path) -> None:
    path = book(tmp_path, [["编号", "经度", "纬度"], ["A", LON, LAT]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["xl/worksheets/sheet1.xml"] = members["xl/worksheets/sheet1.xml"][:200]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == "damaged"


def test_too_many_rows_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("geoinspect.ingest.target_rows.MAX_ROWS", 10)
    text = "编号,经度,纬度\n" + "".join(f"{n},104.{n + 10},33.7\n" for n in range(11))
    with pytest.raises(TooLargeError):
        listed(tmp_path, text)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\0\0\n", "empty_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_excel"),
        (b"PK\x03\x04 broken", "bad_zip"),
        (b"<html><body>1,2</body></html>", "unknown_format"),
        ("编号,名称\nA,B\n".encode(), "no_coordinates"),
        (b'{"type": "FeatureCollection", "features": [', None),
        (bytes(range(256)) * 40, None),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, data, code) -> None:
    with pytest.raises(InputError) as caught:
        listed(tmp_path, data)
    assert code in (None, caught.value.code)
    assert caught.value.text.zh


cells = st.one_of(
    st.floats(-200, 200).map(str),
    st.sampled_from(
        ["", "=1", "nan", "1e400", "\ud7ff", '"', "''", "东经104°", "104.37,33.78", "0", "-"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(cells, max_size=7), max_size=6))
def test_whatever_stands_in_other_rows_the_good_ones_stay(tmp_path, rows) -> None:
    """Junk under good rows is refused row by row, or the good rows come through all the same."""
    junk = "\n".join(
        ",".join(cell.replace("\n", " ").replace('"', "") for cell in row) for row in rows
    )
    good = "".join(f"G{n},104.{n}7125,33.78549,1,2026-05-02,\n" for n in range(1, 9))
    found = listed(tmp_path, f"{HEADER}\n{good}{junk}\n")
    assert [t.code for t in found.targets][:8] == [f"G{n}" for n in range(1, 9)]
    for target in found.targets:
        assert abs(target.lon) <= 180
        assert abs(target.lat) <= 90
        assert target.area_m2 is None or (math.isfinite(target.area_m2) and target.area_m2 > 0)
        assert len(target.code) <= 100


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.binary(max_size=400),
    head=st.sampled_from([b"", b"{", b"<kml>", b"PK\x03\x04", b"lon,lat\n"]),
)
def test_any_bytes_are_read_or_refused_in_words(tmp_path, data, head) -> None:
    try:
        targets = len(listed(tmp_path, head + data).targets)
        words = "taken"
    except GeoInspectError as error:
        targets, words = 0, error.text.zh
    assert words
    assert (words == "taken") == (targets > 0)
