"""What `plan patrol` reads and writes: hostile cells, GPX, KML, GeoPackage, the sheet, the command."""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import geopandas
import numpy as np
import pytest
import shapely
import xmlschema
from click.testing import CliRunner
from plan_builders import CRS, as_file, block, cells_of, place, trial_map

from geoinspect import crs as crs_
from geoinspect.cli.planning import plan as plan_command
from geoinspect.errors import GeoInspectError, InputError, UsageError
from geoinspect.planning.cell_files import read_plan_cells
from geoinspect.planning.metres import route_gain
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import PlanOptions
from geoinspect.planning.route_files import plan_gpx, plan_kml, route_degrees, write_plan
from geoinspect.planning.sheets import plan_sheet

# The parts of GPX 1.1 that we write, in the order and with the bounds that its schema demands.
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="http://www.topografix.com/GPX/1/1"
 targetNamespace="http://www.topografix.com/GPX/1/1" elementFormDefault="qualified">
 <xs:simpleType name="lat"><xs:restriction base="xs:decimal"><xs:minInclusive value="-90.0"/>
  <xs:maxInclusive value="90.0"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="lon"><xs:restriction base="xs:decimal"><xs:minInclusive value="-180.0"/>
  <xs:maxExclusive value="180.0"/></xs:restriction></xs:simpleType>
 <xs:complexType name="pt"><xs:attribute name="lat" type="g:lat" use="required"/>
  <xs:attribute name="lon" type="g:lon" use="required"/></xs:complexType>
 <xs:complexType name="rte"><xs:sequence><xs:element name="name" type="xs:string" minOccurs="0"/>
  <xs:element name="cmt" type="xs:string" minOccurs="0"/>
  <xs:element name="desc" type="xs:string" minOccurs="0"/>
  <xs:element name="number" type="xs:nonNegativeInteger" minOccurs="0"/>
  <xs:element name="rtept" type="g:pt" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
 <xs:element name="gpx"><xs:complexType><xs:sequence>
  <xs:element name="rte" type="g:rte" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="version" type="xs:string" use="required" fixed="1.1"/>
  <xs:attribute name="creator" type="xs:string" use="required"/></xs:complexType></xs:element>
</xs:schema>"""
GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture(scope="module")
def trial():
    return trial_map("t", 8, kind="clusters", n=20, teams=2, hours=1.5, iterations=2000)


@pytest.fixture(scope="module")
def plan(trial):
    return plan_patrol(trial.cells, trial.options)


@pytest.fixture
def cells_path(tmp_path, trial):
    path = tmp_path / "cells.gpkg"
    as_file(trial.cells, path)
    return path


def degrees(xy) -> str:
    lon, lat = crs_.transform_xy(CRS, crs_.WGS84, np.array([xy[0]]), np.array([xy[1]]))
    return f"{lon[0]:.7f},{lat[0]:.7f}"


def run(*args: object):
    return CliRunner().invoke(plan_command, ["patrol", *map(str, args)])


def test_cells_come_back(cells_path, trial):
    cells = read_plan_cells(cells_path, risk_field="risk")
    assert (cells.cell_m, cells.crs, cells.origin_m) == (100.0, CRS, (0.0, 0.0))
    for name in ("row", "col", "pod", "risk", "area_m2"):
        assert getattr(cells, name).tolist() == getattr(trial.cells, name).tolist()
    assert (read_plan_cells(cells_path).risk == 1).all()


def test_a_lattice_that_begins_anywhere(tmp_path):
    squares = shapely.box(*(np.array([[7.5, 37.5, 67.5], [11, 11, 41]])), *(np.array([[37.5, 67.5, 97.5], [41, 41, 71]])))  # fmt: skip
    path = tmp_path / "odd.gpkg"
    geopandas.GeoDataFrame({"pod": [0.0, 0.5, 1.0]}, geometry=squares, crs=CRS).to_file(
        path, layer="cells", engine="pyogrio"
    )
    cells = read_plan_cells(path)
    assert cells.origin_m == (7.5, 11.0)
    assert list(zip(cells.row.tolist(), cells.col.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 2)]  # fmt: skip
    assert (cells.cell_m, cells.area_m2.tolist()) == (30.0, [900.0] * 3)


def written(tmp_path, geometry, crs=CRS, layer="cells", **fields):
    path = tmp_path / "bad.gpkg"
    given = fields or {"pod": np.zeros(len(geometry))}
    geopandas.GeoDataFrame(given, geometry=geometry, crs=crs).to_file(
        path, layer=layer, engine="pyogrio"
    )
    return path


SQUARES = shapely.box(np.arange(4) * 100.0, 0, np.arange(4) * 100.0 + 100, 100)


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("bad_crs", {"geometry": shapely.box([8.0, 9.0], 8, [9.0, 10.0], 9), "crs": "EPSG:4326"}),
        ("bad_crs", {"geometry": SQUARES, "crs": "EPSG:2263"}),
        ("not_squares", {"geometry": shapely.buffer(shapely.points([0, 90], 0), 50)}),
        ("not_squares", {"geometry": shapely.points([0, 100], 0)}),
        ("not_squares", {"geometry": shapely.box([0, 100], 0, [100, 220], [100, 120])}),
        ("not_squares", {"geometry": shapely.box([0, 150], 0, [100, 250], 100)}),
        ("repeated_cells", {"geometry": np.append(SQUARES, SQUARES[:1])}),
        ("no_field", {"geometry": SQUARES, "other": [1] * 4}),
        ("no_number", {"geometry": SQUARES, "pod": ["a", "b", "c", "d"]}),
        ("bad_pod", {"geometry": SQUARES, "pod": [0.1, 0.2, 1.3, 0.1]}),
        ("bad_pod", {"geometry": SQUARES, "pod": [0.1, None, 0.3, 0.1]}),
    ],
)  # fmt: skip
def test_wrong_cells_are_refused(tmp_path, code, make):
    with pytest.raises(InputError) as caught:
        read_plan_cells(written(tmp_path, **make))
    assert caught.value.code == code


def test_what_is_no_geopackage_is_refused(tmp_path, cells_path):
    whole = cells_path.read_bytes()
    for name, content in {
        "empty.gpkg": b"",
        "text.gpkg": b"<OGRVRTDataSource/>",
        "cut.gpkg": whole[: len(whole) // 2],
        "header.gpkg": b"SQLite format 3\0" + bytes(4000),
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_plan_cells(path)
    with pytest.raises(InputError):
        read_plan_cells(tmp_path / "missing.gpkg")
    with sqlite3.connect(cells_path) as db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (trigger,) in names:
            db.execute(f'DROP TRIGGER "{trigger}"')
        db.execute("UPDATE cells SET geom = x'00' WHERE fid = 3")
    db.close()
    with pytest.raises(InputError, match="squares"):
        read_plan_cells(cells_path)


def test_gpx_is_valid_and_says_the_route(plan, trial):
    text = plan_gpx(plan, CRS)
    xmlschema.XMLSchema(SCHEMA).validate(text)
    routes = ElementTree.fromstring(text.encode()).findall(f"{GPX}rte")
    assert len(routes) == 2
    for k, (found, route) in enumerate(zip(routes, plan.routes, strict=True)):
        lonlat = np.array([(float(p.get("lon")), float(p.get("lat"))) for p in found.findall(f"{GPX}rtept")])  # fmt: skip
        assert lonlat[0].tolist() == lonlat[-1].tolist()
        start = tuple(map(float, degrees(trial.options.start_of(k)).split(",")))
        assert lonlat[0] == pytest.approx(start, abs=1.1e-7)
        line = np.column_stack(crs_.transform_xy(crs_.WGS84, CRS, *lonlat.T.copy()))
        gain = route_gain(trial.cells, [line], 20.0)
        alone = route_gain(trial.cells, [route.line], 20.0)
        assert gain.after == pytest.approx(alone.after, abs=1e-5)


def test_long_legs_stay_where_they_were_checked(plan, trial):
    far = plan_patrol(
        cells_of(np.eye(90) + 1e-9, cell_m=200.0),
        PlanOptions((place(1, 1, 200.0),), hours=8, speed_mps=8.0, width_m=200.0, iterations=500),
    )
    lonlat = route_degrees(far.routes[0], CRS)
    x, y = crs_.transform_xy(crs_.WGS84, CRS, *shapely.get_coordinates(shapely.segmentize(shapely.LineString(lonlat), 0.001)).T.copy())  # fmt: skip
    line = shapely.LineString(far.routes[0].line)
    assert shapely.distance(line, shapely.points(x, y)).max() < 0.1


@pytest.mark.parametrize("points", [1, 2])
def test_a_team_that_goes_nowhere_is_written_all_the_same(tmp_path, plan, points):
    start = plan.routes[0].line[:1].repeat(points, axis=0)
    idle = replace(plan.routes[0], line=start, leg_s=np.zeros(points - 1), length_m=0.0)
    still = replace(plan, routes=(idle,))
    assert len(route_degrees(idle, CRS)) == points
    assert "<rtept" in plan_gpx(still, CRS, name="周一")
    assert "周一" in plan_gpx(still, CRS, name="周一")
    assert "<coordinates>" in plan_kml(still, CRS)
    for suffix in (".gpx", ".kml", ".gpkg"):
        write_plan(tmp_path / f"idle{suffix}", still, CRS)
        assert (tmp_path / f"idle{suffix}").stat().st_size > 0


def test_kml_and_geopackage(tmp_path, plan):
    root = ElementTree.fromstring(plan_kml(plan, CRS).encode())
    lines = root.findall(".//{*}LineString/{*}coordinates")
    assert [len(line.text.split()) for line in lines] == [len(route_degrees(r, CRS)) for r in plan.routes]  # fmt: skip
    path = tmp_path / "plan.gpkg"
    write_plan(path, plan, CRS)
    frame = geopandas.read_file(path, layer="routes")
    assert frame.team.tolist() == [1, 2]
    assert frame.gain.tolist() == [r.gain for r in plan.routes]
    assert frame.geometry.length.tolist() == pytest.approx([r.length_m for r in plan.routes])


def test_the_sheet_has_a_page_a_team_and_no_link(plan, trial):
    text = plan_sheet(plan, trial.cells, day=date(2027, 4, 5), name="周一<script>", no_go=[block(1, 1, 2, 2)], simulated=True)  # fmt: skip
    assert text.count("周一&lt;script&gt;") == 3
    assert "<script" not in text
    assert text.count("<section>") == 2
    assert "2027-04-05" in text
    assert text.count("模拟数据 simulated data") == 2
    assert not any(word in text for word in ("http", "src=", "href", "@import", "url("))
    for route in plan.routes:
        assert f"+{100 * route.gain:.2f} 个百分点" in text
        assert f"{route.length_m / 1000:.2f} km" in text
    for route, page in zip(plan.routes, text.split("<section>")[1:], strict=True):
        marks = [line.split("<td>")[1:] for line in page.split("<tr>")[1:] if "<td>" in line]
        assert 2 <= len(marks) <= min(21, len(route.line))
        assert [float(place) for place in marks[0][1:3]] == pytest.approx(
            [float(place) for place in marks[-1][1:3]], abs=1e-6
        )
        minutes = [int(mark[4].split("<")[0]) for mark in marks]
        assert minutes == sorted(minutes)
        assert minutes[-1] == round(route.duration_s / 60)


def test_the_command_prints_the_contract(tmp_path, cells_path, trial):
    out = tmp_path / "plan.gpx"
    starts = [degrees(trial.options.start_of(k)) for k in range(2)]
    result = run("--cells", cells_path, "--start", *starts, "--hours", 1, "--teams", 3, "--risk-field", "risk", "--out", out, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert {"routes", "gain", "confidence_before", "confidence_after"} <= document.keys()
    assert [set(r) for r in document["routes"]] == [{"team", "length_m", "hours", "cells", "gain"}] * 3  # fmt: skip
    assert document["gain"] == pytest.approx(document["confidence_after"] - document["confidence_before"])  # fmt: skip
    assert document["gain"] == pytest.approx(sum(r["gain"] for r in document["routes"]))
    assert all(0 < r["hours"] <= 1 for r in document["routes"])
    xmlschema.XMLSchema(SCHEMA).validate(out.read_text("utf-8"))


def test_places_west_of_greenwich(cells_path):
    result = run("--cells", cells_path, "--start", "-3.7,40.4", "-3.6,-40.5", "--hours", 1, "--teams", 2, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["gain"] == 0
    assert len(document["warnings"]) == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--start", "34.2"], UsageError),
        (["--start"], UsageError),
        (["--start", "--teams", "2"], UsageError),
        (["--start", "nan,34"], UsageError),
        (["--start", "200,34"], UsageError),
        (["--start", "108,34", "--teams", "0"], UsageError),
        (["--start", "108,34", "--hours", "nan"], UsageError),
        (["--start", "108,34", "--width", "-3"], UsageError),
        (["--start", "108,34", "--out", "plan.docx"], UsageError),
        (["--start", "108,34", "--risk-field", "nothing"], InputError),
        (["--start", "108,34", "--no-go", "/nowhere.kml"], InputError),
        (["--start", "108,34", "--dem", "/nowhere.tif"], InputError),
    ],
)
def test_wrong_wishes_are_told(cells_path, options, error):
    result = run("--cells", cells_path, "--hours", "1", *options)
    assert isinstance(result.exception, error)
    assert isinstance(result.exception, GeoInspectError)
    assert result.stdout == ""


def test_hours_are_never_rounded_up(cells_path, trial):
    result = run("--cells", cells_path, "--start", degrees(trial.options.start_of(0)), "--hours", 0.7, "--json")  # fmt: skip
    hours = json.loads(result.stdout)["routes"][0]["hours"]
    assert 0.6 < hours <= 0.7
    assert math.isfinite(hours)
