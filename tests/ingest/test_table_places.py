"""Datums, projected numbers, zones and swapped columns of tables."""

from __future__ import annotations

import pyproj
import pytest
from table_builders import APPS, TRUTH, codes, points, read, refusal

from geoinspect.ingest.tracks import inspect_track
from geoinspect.records import Datum
from geoinspect.settings import Settings

SETTINGS = Settings()


@pytest.mark.parametrize(
    ("header", "datum"),
    [
        ("百度经度,百度纬度", Datum.BD09),
        ("bd09_lng,bd09_lat", Datum.BD09),
        ("高德经度,高德纬度", Datum.GCJ02),
        ("经度(GCJ-02),纬度(GCJ-02)", Datum.GCJ02),
        ("火星经度,火星纬度", Datum.GCJ02),
        ("WGS84经度,WGS84纬度", Datum.WGS84),
        ("经度,纬度", None),
    ],
)
def test_headers_that_name_the_datum(tmp_path, header, datum):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n112.5521,23.1694\n112.5522,23.1695\n", "utf-8")
    report = inspect_track(path, settings=SETTINGS)
    assert report["datum"]["found"] == (datum.value if datum else "unknown")


def test_of_two_pairs_the_unshifted_one_is_read():
    text = "百度经度,百度纬度,经度_gcj02,纬度_gcj02,WGS84经度,WGS84纬度\n3,4,5,6,112.5521,23.1694\n"
    reading = read(text)
    assert points(reading) == TRUTH[:1]
    assert reading.statements == ["WGS84"]


def test_preamble_and_column_name_the_datum():
    assert (
        "坐标系 百度坐标" in read("坐标系,百度坐标\nlon,lat\n112.5,23.1\n112.6,23.1\n").statements
    )
    reading = read("lon,lat,coordType\n112.5,23.1,bd09ll\n112.6,23.1,bd09ll\n")
    assert [line.datum for line in reading.lines] == [Datum.BD09]


def test_ovital_flags_part_the_lines():
    text = "g 116.7210 34.7050 a 52\ng 116.7220 34.7051 b 52\nb 116.7230 34.7052 c 52\n"
    reading = read(text)
    assert [(line.datum, len(line.segments[0])) for line in reading.lines] == [
        (Datum.GCJ02, 2),
        (Datum.BD09, 1),
    ]
    assert "columns_guessed" in codes(reading)
    written = read("116°43'16.8618\" 34°42'29.0002\" x\n116°43'17.8618\" 34°42'29.0002\" y\n")
    assert points(written)[0] == pytest.approx((116.72135050, 34.70805561), abs=1e-7)


GAUSS = {
    # EPSG code, longitude, latitude
    4526: (113.6, 23.2),
    4513: (75.5, 38.0),
    4533: (134.2, 47.0),
    4491: (75.5, 38.0),
    4495: (99.5, 25.0),
    4501: (134.2, 47.0),
}


def projected(epsg: int) -> list[tuple[float, float]]:
    """Five places, east and north."""
    lon, lat = GAUSS.get(epsg, (113.6, 23.2))
    move = pyproj.Transformer.from_crs(4490, epsg, always_xy=True).transform
    return [move(lon + k / 1000, lat + k / 1000) for k in range(5)]


@pytest.mark.parametrize("epsg", GAUSS)
@pytest.mark.parametrize(
    ("header", "north_first"),
    [("X,Y", True), ("北坐标,东坐标", True), ("Y,X", False), ("", True), ("N,E", True)],
)
def test_zone_prefix_tells_the_zone(epsg, header, north_first):
    lines = [header]
    for x, y in projected(epsg):
        lines.append(f"{y:.4f},{x:.4f}" if north_first else f"{x:.4f},{y:.4f}")
    reading = read("\n".join(lines))
    lon, lat = GAUSS[epsg]
    assert points(reading)[0] == pytest.approx((lon, lat), abs=2e-9)
    assert f"EPSG:{epsg}" in next(p for p in reading.problems if p.code == "projected").text.en


def test_rows_of_another_zone_are_counted():
    rows = "".join(f"{y:.3f},{x:.3f}\n" for x, y in projected(4526))
    reading = read("X,Y\n" + rows + "2563000,39454000\n")
    assert reading.refused == {"coordinate_outside_projection": 1}
    assert len(points(reading)) == 5


@pytest.mark.parametrize(
    "rows",
    [
        projected(3857),  # Web Mercator of Guangdong
        [(13_358_338.9 + k, 3_503_549.8) for k in range(5)],  # of 120 E: looks like zone 13
        [(39_980_000.0 + k, 3_503_549.8) for k in range(5)],  # 480 km off the middle of a zone
    ],
)
def test_metres_of_unknown_projection_are_asked_for(rows):
    error = refusal("X,Y\n" + "".join(f"{a:.2f},{b:.2f}\n" for a, b in rows))
    assert error.code == "crs_needed"
    assert "--crs EPSG:4534" in error.text.zh
    assert f"{min(a for a, _ in rows):.0f}" in error.text.zh


@pytest.mark.parametrize("north_first", [True, False])
def test_metres_without_zone_are_asked_for_with_the_place_of_each(north_first):
    places = [(x - 38e6, y) for x, y in projected(4526)]
    rows = "".join(f"{y:.2f},{x:.2f}\n" if north_first else f"{x:.2f},{y:.2f}\n" for x, y in places)
    error = refusal("X,Y\n" + rows)
    assert error.code == "crs_needed"
    assert "114° → 东经113.60° 北纬23.20° (EPSG:4547)" in error.text.zh
    assert "117° → E 116.60° N 23.20° (EPSG:4548)" in error.text.en
    assert "--crs" in error.text.zh
    reading = read("X,Y\n" + rows, crs="EPSG:4547")
    assert points(reading)[0] == pytest.approx((113.6, 23.2), abs=1e-6)


@pytest.mark.parametrize("prefix", [38e6, 0.0])
def test_metres_of_an_older_datum_are_asked_for(prefix):
    rows = "".join(f"{y:.3f},{x - 38e6 + prefix:.3f}\n" for x, y in projected(4526))
    error = refusal("坐标系:北京54\nX,Y\n" + rows)
    assert error.code == "crs_needed"
    assert "东经" not in error.text.zh


@pytest.mark.parametrize("header", ["X,Y", "Y,X", "east,north"])
@pytest.mark.parametrize("epsg", [4547, 3857, 32649, 4526])
def test_declared_crs(header, epsg):
    lines = [header, *(f"{y:.4f},{x:.4f}" for x, y in projected(epsg))]
    reading = read("\n".join(lines), crs=f"EPSG:{epsg}")
    assert points(reading)[0] == pytest.approx((113.6, 23.2), abs=2e-9)
    assert "projected" in codes(reading)


def test_declared_crs_that_does_not_fit():
    rows = "X,Y\n" + "".join(f"{y:.2f},{x - 38e6:.2f}\n" for x, y in projected(4526))
    assert refusal(rows, crs="EPSG:4526").code == "crs_mismatch"
    assert refusal(rows, crs="EPSG:4326").code == "crs_mismatch"
    assert refusal(rows, crs="EPSG:999999").code == "bad_crs"
    assert refusal(rows, crs="+proj=longlat +nadgrids=/etc/passwd").code == "bad_crs"


@pytest.mark.parametrize("epsg", [2362, 2414, 4610, 4214])  # Xi'an 1980, Beijing 1954
def test_a_declared_older_datum_is_told(epsg):
    crs = pyproj.CRS(epsg)
    places = [(113.6 + k / 1000, 23.2) for k in range(3)]
    if crs.is_projected:
        move = pyproj.Transformer.from_crs(crs.geodetic_crs, epsg, always_xy=True).transform
        places = [move(*place) for place in places]
    reading = read("X,Y\n" + "".join(f"{x!r},{y!r}\n" for x, y in places), crs=f"EPSG:{epsg}")
    told = next(problem for problem in reading.problems if problem.code == "other_datum")
    assert crs.geodetic_crs.name in told.text.en
    assert "CGCS2000" in told.text.zh


@pytest.mark.parametrize("epsg", [4547, 4526, 32649, 3857])
def test_a_declared_crs_of_our_datum_raises_no_doubt(epsg):
    rows = "".join(f"{x!r},{y!r}\n" for x, y in projected(epsg))
    assert "other_datum" not in codes(read("X,Y\n" + rows, crs=f"EPSG:{epsg}"))


@pytest.mark.parametrize("epsg", [4978, 5773])
def test_a_declared_crs_must_hold_two_coordinates(epsg):
    error = refusal("X,Y\n2563000,38456000\n2563001,38456001\n", crs=f"EPSG:{epsg}")
    assert error.code == "bad_crs"
    assert f"EPSG:{epsg}" in error.text.zh


def test_degrees_need_no_declared_crs():
    reading = read(APPS["GPSLogger"], crs="EPSG:4547")
    assert points(reading) == TRUTH
    assert codes(reading) == ["crs_not_used"]
    assert points(read(APPS["GPSLogger"], crs="EPSG:4490")) == TRUTH


@pytest.mark.parametrize(
    "text",
    [
        "lat,lon\n112.5521,23.1694\n112.5522,23.1695\n",
        "经度,纬度\n23.1694,112.5521\n23.1695,112.5522\n",
        "经度,纬度\n43.8,87.6\n43.81,87.61\n",  # Urumqi: a latitude of 87.6 would be the Arctic
    ],
)
def test_swapped_columns_are_refused(text):
    error = refusal(text)
    assert error.code == "swapped_columns"
    assert text.split("\n")[0].split(",")[0] in error.text.zh


def test_one_swapped_row_is_one_bad_point():
    rows = "".join(f"23.16{k},112.55{k}\n" for k in range(9))
    reading = read("lat,lon\n" + rows + "112.5521,23.1694\n")
    assert reading.refused == {"latitude_out_of_range": 1}
    assert len(points(reading)) == 9


def test_x_and_y_in_degrees_go_by_value():
    reading = read("X,Y\n23.1694,112.5521\n23.169375,112.5521287\n")
    assert points(reading) == TRUTH
    assert codes(reading) == ["axes_by_value"]


def test_world_without_header():
    reading = read("-120.51234,45.12345\n-120.51235,45.12346\n")
    assert points(reading)[0] == (-120.51234, 45.12345)
    assert refusal("7.0389004,47.0516249\n7.038636,47.0514312\n").code == "no_coordinates"
