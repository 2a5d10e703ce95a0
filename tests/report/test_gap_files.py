"""Gaps and draws as files: valid against their schemas, the same ground to any reader, inert."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.errors import UsageError
from geoinspect.ingest.vectors import read_shapes
from geoinspect.report.check_files import check_file
from geoinspect.report.gap_files import GapRow, gap_file

# What GPX 1.1 says of waypoints and routes, in its order and with its bounds.
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="http://www.topografix.com/GPX/1/1"
 targetNamespace="http://www.topografix.com/GPX/1/1" elementFormDefault="qualified">
 <xs:simpleType name="lat"><xs:restriction base="xs:decimal"><xs:minInclusive value="-90.0"/>
  <xs:maxInclusive value="90.0"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="lon"><xs:restriction base="xs:decimal"><xs:minInclusive value="-180.0"/>
  <xs:maxExclusive value="180.0"/></xs:restriction></xs:simpleType>
 <xs:complexType name="wptType"><xs:sequence>
  <xs:element name="ele" type="xs:decimal" minOccurs="0"/><xs:element name="time" type="xs:dateTime" minOccurs="0"/>
  <xs:element name="name" type="xs:string" minOccurs="0"/><xs:element name="cmt" type="xs:string" minOccurs="0"/>
  <xs:element name="desc" type="xs:string" minOccurs="0"/><xs:element name="src" type="xs:string" minOccurs="0"/>
  <xs:element name="sym" type="xs:string" minOccurs="0"/><xs:element name="type" type="xs:string" minOccurs="0"/>
  </xs:sequence><xs:attribute name="lat" type="g:lat" use="required"/>
  <xs:attribute name="lon" type="g:lon" use="required"/></xs:complexType>
 <xs:complexType name="rteType"><xs:sequence>
  <xs:element name="name" type="xs:string" minOccurs="0"/><xs:element name="cmt" type="xs:string" minOccurs="0"/>
  <xs:element name="desc" type="xs:string" minOccurs="0"/><xs:element name="src" type="xs:string" minOccurs="0"/>
  <xs:element name="number" type="xs:nonNegativeInteger" minOccurs="0"/>
  <xs:element name="type" type="xs:string" minOccurs="0"/>
  <xs:element name="rtept" type="g:wptType" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
 <xs:element name="gpx"><xs:complexType><xs:sequence>
  <xs:element name="wpt" type="g:wptType" minOccurs="0" maxOccurs="unbounded"/>
  <xs:element name="rte" type="g:rteType" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="version" type="xs:string" use="required" fixed="1.1"/>
  <xs:attribute name="creator" type="xs:string" use="required"/></xs:complexType></xs:element>
</xs:schema>"""
VALID = xmlschema.XMLSchema(SCHEMA)
GPX = "{http://www.topografix.com/GPX/1/1}"
NASTY = '=cmd|"/C calc"!A1</name><x>&amp;\x0b\x00\ud800\uffff 某镇'
HOLED = shapely.Polygon(
    shapely.box(108, 34, 108.02, 34.01).exterior.coords,
    [shapely.box(108.005, 34.002, 108.01, 34.006).exterior.coords],
)


def row(
    rank: int = 1, name: str = "东镇", outline: shapely.Geometry = HOLED, **changes: object
) -> GapRow:
    figures = {
        "name": f"990100001-{rank}",
        "rank": rank,
        "area_code": "990100001",
        "area_name": name,
        "unit_name": None,
        "area_m2": 20_000.0,
        "risk": 1.5,
        "cells": 3,
        "outline": outline,
        "access": (108.001, 34.001),
        "access_kind": "road",
    }
    return GapRow(**(figures | changes))


def two() -> list[GapRow]:
    apart = shapely.MultiPolygon([HOLED, shapely.box(108.1, 34, 108.11, 34.01)])
    return [row(1), row(2, "西乡", apart, unit_name="派出所", access_kind="inside")]


def test_gpx_is_valid_and_marks_access_and_outline() -> None:
    data = gap_file(".gpx", two())
    VALID.validate(io.BytesIO(data))
    root = ET.fromstring(data)
    names = [point.find(f"{GPX}name").text for point in root.findall(f"{GPX}wpt")]
    assert names == ["001 东镇", "002 西乡"]
    routes = root.findall(f"{GPX}rte")
    assert [route.find(f"{GPX}number").text for route in routes] == ["1", "2", "2"]
    ring = [(float(p.get("lon")), float(p.get("lat"))) for p in routes[0].iter(f"{GPX}rtept")]
    np.testing.assert_allclose(ring, HOLED.exterior.coords, atol=1e-7)
    assert root.findall(f"{GPX}trk") == []
    assert "30.0 亩" in data.decode()


@given(
    name=st.text(max_size=60),
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    kind=st.sampled_from(["road", "searched", "inside"]),
)
@settings(max_examples=60, deadline=None)
def test_gpx_and_kml_hold_any_name_and_any_place(
    name: str, lon: float, lat: float, kind: str
) -> None:
    gap = row(name=name, unit_name=name, access=(lon, lat), access_kind=kind)
    VALID.validate(io.BytesIO(gap_file(".gpx", [gap])))
    ET.fromstring(gap_file(".kml", [gap]))


def test_hostile_names_stay_text() -> None:
    gap = row(name=NASTY, unit_name=NASTY)
    for suffix in (".gpx", ".kml"):
        data = gap_file(suffix, [gap])
        assert b"<x>" not in data
        ET.fromstring(data)
    lines = list(csv.reader(io.StringIO(gap_file(".csv", [gap]).decode("utf-8-sig"))))
    assert lines[1][2].startswith("'=cmd")


@pytest.mark.parametrize("suffix", [".kml", ".gpkg"])
def test_polygons_come_back_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"gaps{suffix}"
    path.write_bytes(gap_file(suffix, two()))
    ours = [shape.polygon for shape in read_shapes(path).shapes]
    layer = "gaps" if suffix == ".gpkg" else None
    frame = pyogrio.read_dataframe(path, layer=layer)
    theirs = [shape for shape in frame.geometry if shape.area > 0]
    for gap, shape, other in zip(two(), ours, theirs, strict=True):
        assert shapely.symmetric_difference(gap.outline, shape).area < 1e-12
        assert shapely.symmetric_difference(gap.outline, shapely.force_2d(other)).area < 1e-12


def test_the_geopackage_has_both_layers_and_a_default_style(tmp_path: Path) -> None:
    path = tmp_path / "gaps.gpkg"
    path.write_bytes(gap_file(".gpkg", two()))
    assert {name for name, _ in pyogrio.list_layers(path)} == {"gaps", "access", "layer_styles"}
    gaps = pyogrio.read_dataframe(path, layer="gaps")
    assert gaps["area_mu"].tolist() == pytest.approx([30, 30])
    assert gaps["area_ha"].tolist() == pytest.approx([2, 2])
    access = pyogrio.read_dataframe(path, layer="access")
    assert access.geometry.x.tolist() == pytest.approx([108.001] * 2)


@pytest.mark.parametrize("suffix", [".gpx", ".kml", ".gpkg", ".csv"])
def test_no_gap_is_a_file_too(tmp_path: Path, suffix: str) -> None:
    data = gap_file(suffix, [])
    path = tmp_path / f"none{suffix}"
    path.write_bytes(data)
    if suffix == ".gpkg":
        assert len(pyogrio.read_dataframe(path, layer="gaps")) == 0
    elif suffix != ".csv":
        ET.fromstring(data)
    assert data


def test_other_suffixes_are_refused() -> None:
    with pytest.raises(UsageError):
        gap_file(".pdf", two())
    with pytest.raises(UsageError):
        check_file(".kml", {"cells": []})


def test_a_draw_goes_to_phones_and_tables() -> None:
    cells = [
        {
            "cell": "37592_4916",
            "unit": NASTY,
            "cleared_by": None,
            "lon": 180.0,
            "lat": 34.0,
            "pod": 0.9,
            "risk": 1.0,
            "checked": None,
            "found": found,
        }
        for found in (None, {"first_only": 1, "second_only": 0, "both": 2, "note": ""})
    ]
    check = {"cells": cells}
    VALID.validate(io.BytesIO(check_file(".gpx", check)))
    lines = list(csv.reader(io.StringIO(check_file(".csv", check).decode("utf-8-sig"))))
    assert lines[2][-3:] == ["1", "0", "2"]
    assert lines[1][-3:] == ["", "", ""]
    assert lines[1][1].startswith("'=")
