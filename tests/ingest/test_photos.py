"""Photos become points: where, when and how they were taken, and what ground a drone's photo shows."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from photo_builders import (
    DRONE,
    GPS,
    LAT,
    LON,
    SETTINGS,
    codes,
    drone_xmp,
    exif_bytes,
    gps_of,
    heic_bytes,
    in_app1,
    jpeg_bytes,
    rationals,
    read,
    refusal,
    tiff,
)

from geoinspect.cli import app
from geoinspect.crs import GEOD
from geoinspect.errors import UsageError
from geoinspect.ingest.datum import gcj02_to_bd09, wgs84_to_gcj02
from geoinspect.ingest.photos import photo_report, seen_ground
from geoinspect.ingest.pictures.exif import Tag, read_exif
from geoinspect.records import Datum

# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [jpeg_bytes, heic_bytes])
def test_a_phone_photo_is_a_point_with_time_and_heading(tmp_path: Path, write: Any) -> None:
    photo = read(tmp_path, write(exif_bytes()))
    assert photo.format == ("jpeg" if write is jpeg_bytes else "heic")
    assert (photo.lon, photo.lat) == (pytest.approx(LON), pytest.approx(LAT))
    assert photo.taken == datetime(2026, 5, 14, 0, 30, 5, 250_000, UTC)
    assert (photo.heading_deg, photo.heading_magnetic) == (271.5, False)
    assert photo.altitude_m == pytest.approx(2012.5)
    assert photo.accuracy_m == pytest.approx(4.7)
    assert (photo.height_m, photo.pitch_deg, photo.yaw_deg) == (None, None, None)
    assert (photo.camera.make, photo.camera.model) == ("DJI", "L2D-20c")
    assert (photo.camera.width_px, photo.camera.height_px) == (528, 396)
    assert photo.datum.found is Datum.WGS84
    assert photo.problems == ()
    assert seen_ground(photo) is None


@pytest.mark.parametrize("as_elements", [False, True])
@pytest.mark.parametrize("write", [jpeg_bytes, heic_bytes])
def test_a_drone_photo_says_where_its_camera_looked(
    tmp_path: Path, write: Any, as_elements: bool
) -> None:
    xmp = drone_xmp(DRONE | {"RtkStdLon": "0.03", "RtkStdLat": "0.04"}, as_elements=as_elements)
    photo = read(tmp_path, write(exif_bytes({17: None, 31: None, 6: None}), xmp))
    assert (photo.height_m, photo.pitch_deg, photo.yaw_deg, photo.roll_deg) == (60, -90, -30, 0)
    assert photo.heading_deg == 330
    assert photo.altitude_m == 2072.5
    assert photo.accuracy_m == pytest.approx(0.05)
    assert photo.problems == ()


def test_the_footprint_of_a_photo_straight_down(tmp_path: Path) -> None:
    photo = read(tmp_path, jpeg_bytes(exif_bytes(), drone_xmp(DRONE)))
    # 12.4 mm and 24 mm on film: a diagonal of 22.35 mm, 4 to 3.
    assert photo.camera.sensor_mm == pytest.approx((17.88, 13.41), abs=0.01)
    assert photo.camera.fov_h_deg == pytest.approx(71.6, abs=0.05)
    seen = seen_ground(photo)
    assert seen is not None
    assert not seen.clipped
    assert seen.centre == (pytest.approx(LON), pytest.approx(LAT))
    ring = np.array(seen.polygon.exterior.coords)
    assert seen.polygon.exterior.is_ccw
    sides = GEOD.inv(*ring[:-1].T, *ring[1:].T)[2]
    assert sorted(sides) == pytest.approx(
        sorted(2 * 60 * mm / 2 / 12.4 for mm in photo.camera.sensor_mm * 2), rel=1e-6
    )
    # The picture's top looks 30° west of north.
    azimuths = np.array(GEOD.inv(*ring[:-1].T, *ring[1:].T)[0]) % 90
    assert azimuths == pytest.approx([60] * 4, abs=0.01)
    higher = seen_ground(photo, ground_above_takeoff_m=30)
    assert higher is not None
    shape = [GEOD.geometry_area_perimeter(s.polygon)[0] for s in (seen, higher)]
    assert shape[1] == pytest.approx(shape[0] / 4, rel=1e-6)
    assert seen_ground(photo, ground_above_takeoff_m=60) is None


def test_a_tilted_drone_photo_is_centred_ahead(tmp_path: Path) -> None:
    xmp = drone_xmp(DRONE | {"GimbalPitchDegree": "-45.0", "GimbalYawDegree": "90"})
    seen = seen_ground(read(tmp_path, jpeg_bytes(exif_bytes(), xmp)))
    assert seen is not None
    assert seen.centre is not None
    azimuth, _, distance = GEOD.inv(LON, LAT, *seen.centre)
    assert (azimuth, distance) == (pytest.approx(90, abs=0.01), pytest.approx(60, rel=1e-6))
    assert seen.polygon.contains(shapely.Point(seen.centre))


def test_a_portrait_is_turned_upright(tmp_path: Path) -> None:
    wide = read(tmp_path, jpeg_bytes(exif_bytes())).camera
    tall = read(tmp_path, jpeg_bytes(exif_bytes(image={0x0112: 6}))).camera
    assert (tall.width_px, tall.height_px) == (wide.height_px, wide.width_px)
    assert (tall.fov_h_deg, tall.fov_v_deg) == (wide.fov_v_deg, wide.fov_h_deg)
    assert tall.sensor_mm == wide.sensor_mm[::-1]
    assert tall.orientation == 6


def test_the_sensor_by_its_pixels_a_unit(tmp_path: Path) -> None:
    # 528 pixels on 17.6 mm: 30 a millimetre, 762 an inch.
    for unit, resolution in ((2, 762.0), (3, 300.0), (4, 30.0), (None, 762.0)):
        photo = {0xA20E: resolution, 0xA20F: resolution, 0xA210: unit}
        camera = read(tmp_path, jpeg_bytes(exif_bytes(photo=photo))).camera
        assert camera.sensor_mm == pytest.approx((17.6, 13.2))
        assert camera.fov_h_deg == pytest.approx(2 * math.degrees(math.atan(17.6 / 2 / 12.4)))
    wrong = read(tmp_path, jpeg_bytes(exif_bytes(photo={0xA20E: 762.0, 0xA20F: 762.0, 0xA210: 3})))
    assert codes(wrong) == ["sensor_contradiction"]
    assert wrong.camera.sensor_mm == pytest.approx((17.88, 13.41), abs=0.01)
    none = read(tmp_path, jpeg_bytes(exif_bytes(photo={0xA405: None})))
    assert (none.camera.sensor_mm, none.camera.fov_h_deg) == (None, None)


def test_a_drone_photo_without_focal_length_has_no_footprint(tmp_path: Path) -> None:
    photo = read(
        tmp_path, jpeg_bytes(exif_bytes(photo={0x920A: None, 0xA405: None}), drone_xmp(DRONE))
    )
    assert codes(photo) == ["no_footprint"]
    assert "focal length" in photo.problems[0].text.en
    assert seen_ground(photo) is None
    # The equivalent alone is enough.
    photo = read(tmp_path, jpeg_bytes(exif_bytes(photo={0x920A: None}), drone_xmp(DRONE)))
    assert seen_ground(photo) is not None


@pytest.mark.parametrize("name", ["GpsLongitude", "GpsLongtitude"])
def test_the_drones_own_position_stands_in(tmp_path: Path, name: str) -> None:
    xmp = drone_xmp(DRONE | {"GpsLatitude": "+25.7375", name: "+103.5125"})
    photo = read(tmp_path, jpeg_bytes(None, xmp))
    assert (photo.lon, photo.lat) == (LON, LAT)
    assert codes(photo) == ["no_time", "no_footprint"]


# --- time ---------------------------------------------------------------------------------------

STAMP = {29: "2026:05:14", 7: (0.0, 30.0, 5.0)}
MOMENT = datetime(2026, 5, 14, 0, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("photo", "gps", "expected", "told"),
    [
        ({}, {}, MOMENT, []),
        ({0x9011: None}, {}, MOMENT, ["local_time"]),
        ({0x9011: "   :  "}, {}, MOMENT, ["local_time"]),
        ({0x9011: None}, STAMP, MOMENT, []),
        ({0x9011: "+09:00"}, {}, MOMENT - timedelta(hours=1), []),
        ({0x9011: "+09:00"}, STAMP, MOMENT, ["clock_disagrees"]),
        ({0x9003: "2015:01:01 00:00:00"}, STAMP, MOMENT, ["clock_disagrees"]),
        ({0x9003: "    :  :     :  :  "}, STAMP, MOMENT, []),
        ({0x9003: "0000:00:00 00:00:00"}, {}, None, ["no_time"]),
        ({0x9003: None, 0x9004: "2026:05:14 08:30:05"}, {}, MOMENT, ["local_time"]),
        ({0x9003: "1980:01:06 08:00:00"}, {}, datetime(1980, 1, 6, tzinfo=UTC), ["implausible_time"]),
        ({0x9003: "2026-05-14T08:30:05"}, {}, MOMENT, []),
        ({0x9003: "bad"}, {29: "2026:05:14", 7: (25.0, 0.0, 0.0)}, None, ["no_time"]),
    ],
)  # fmt: skip
def test_the_moment(
    tmp_path: Path, photo: dict[int, Any], gps: dict[int, Any], expected: Any, told: list[str]
) -> None:
    read_back = read(tmp_path, jpeg_bytes(exif_bytes(gps, {0x9291: None} | photo)))
    assert read_back.taken == expected
    assert codes(read_back) == told


def test_a_clock_without_zone_goes_by_the_zone_asked_for(tmp_path: Path) -> None:
    data = jpeg_bytes(exif_bytes(photo={0x9011: None, 0x9291: None}))
    there = read(tmp_path, data, timezone="Asia/Urumqi")
    assert there.taken == MOMENT + timedelta(hours=2)
    assert "Asia/Urumqi" in there.problems[0].text.zh
    with pytest.raises(UsageError, match="Mars/Base"):
        read(tmp_path, data, timezone="Mars/Base")


@pytest.mark.parametrize("exposed", ["2026:05:14 00:30:05", "2026-05-14T00:30:05"])
def test_the_drones_exposure_time_is_utc(tmp_path: Path, exposed: str) -> None:
    xmp = drone_xmp(DRONE | {"UTCAtExposure": exposed})
    photo = read(tmp_path, jpeg_bytes(exif_bytes(photo={0x9003: None}), xmp))
    assert photo.taken == MOMENT


# --- position and datum -------------------------------------------------------------------------


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from("<>"))
def test_any_position_in_either_byte_order(lat: float, lon: float, order: str) -> None:
    def fields(value: float) -> bytes:
        seconds = round(abs(value) * 3600 * 10_000)
        degrees, rest = divmod(seconds, 36_000_000)
        minutes, rest = divmod(rest, 600_000)
        return rationals(order, (degrees, 1), (minutes, 1), (rest, 10_000))

    rows = [
        (1, 2, 2, b"S\0" if lat < 0 else b"N\0"),
        (2, 5, 3, fields(lat)),
        (3, 2, 2, b"W\0" if lon < 0 else b"E\0"),
        (4, 5, 3, fields(lon)),
    ]
    exif = read_exif(tiff(order, {"gps": rows}))
    assert not exif.damaged
    parts = [exif.numbers(tag) for tag in (Tag.LATITUDE, Tag.LONGITUDE)]
    written = [d + m / 60 + s / 3600 for d, m, s in parts]
    assert written == [pytest.approx(abs(v), abs=2e-8) for v in (lat, lon)]
    assert exif.text(Tag.LATITUDE_REF) == ("S" if lat < 0 else "N")


@pytest.mark.parametrize(
    ("block", "expected", "told"),
    [
        (gps_of(">", rationals(">", (25, 1), (44, 1), (15, 1))), LAT, []),
        (gps_of("<", rationals("<", (25, 1), (4425, 100), (0, 1))), LAT, []),
        (gps_of("<", rationals("<", (257375, 10_000)), count=1), LAT, []),
        (gps_of("<", rationals("<", (25, 1), (4425, 100)), count=2), LAT, []),
        (gps_of("<", struct.pack("<d", 25.7375), type_=12, count=1), LAT, []),
        (gps_of("<", struct.pack("<fff", 25, 44, 15), type_=11), LAT, []),
        (gps_of("<", b"25.7375\0", type_=2, count=8), LAT, []),
        (gps_of("<", struct.pack("<d", -25.7375), type_=12, count=1, ref=b""), -LAT, []),
        (gps_of("<", struct.pack("<d", -25.7375), type_=12, count=1, ref=b"S\0"), -LAT, []),
        (gps_of("<", rationals("<", (25, 1), (44, 1), (15, 1)), ref=b""), LAT, ["no_hemisphere"]),
        (gps_of("<", rationals("<", (25, 1), (44, 1), (15, 1)), ref=b"s\0"), -LAT, []),
    ],
)
def test_odd_ways_to_write_a_latitude(
    tmp_path: Path, block: bytes, expected: float, told: list[str]
) -> None:
    photo = read(tmp_path, in_app1(block))
    assert photo.lat == pytest.approx(expected, abs=1e-6)
    assert photo.lon == pytest.approx(LON)
    assert codes(photo) == [*told, "no_time"]


@pytest.mark.parametrize(
    "latitude",
    [
        rationals("<", (25, 0), (44, 1), (15, 1)),
        rationals("<", (25, 1), (44, 1), (15, 0)),
        rationals("<", (25, 1), (61, 1), (0, 1)),
        rationals("<", (91, 1), (0, 1), (0, 1)),
    ],
)
def test_a_position_that_means_nothing_is_refused(tmp_path: Path, latitude: bytes) -> None:
    error = refusal(tmp_path, in_app1(gps_of("<", latitude)))
    assert error.code == "bad_position"
    assert "103.5125" in error.text.en


def test_no_position_comes_with_advice(tmp_path: Path) -> None:
    zero = {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}
    stripped = jpeg_bytes()
    for data in (stripped, jpeg_bytes(exif_bytes(zero)), heic_bytes(), jpeg_bytes(exif_bytes(dict.fromkeys(GPS)))):  # fmt: skip
        error = refusal(tmp_path, data)
        assert error.code == "no_position"
        assert "微信" in error.text.zh
        assert "WeChat" in error.text.en


def test_a_fix_the_device_calls_void_is_told(tmp_path: Path) -> None:
    assert codes(read(tmp_path, jpeg_bytes(exif_bytes({9: "V"})))) == ["void_fix"]
    assert codes(read(tmp_path, jpeg_bytes(exif_bytes({9: "A"})))) == []


def test_a_magnetic_heading_is_told(tmp_path: Path) -> None:
    photo = read(tmp_path, jpeg_bytes(exif_bytes({16: "M"})))
    assert photo.heading_magnetic
    assert codes(photo) == ["magnetic_heading"]


def test_below_the_sea(tmp_path: Path) -> None:
    assert read(tmp_path, jpeg_bytes(exif_bytes({5: b"\x01", 6: 154.0}))).altitude_m == -154


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_declared_datum_is_converted(tmp_path: Path, datum: Datum) -> None:
    lon, lat = wgs84_to_gcj02(np.array([LON]), np.array([LAT]))
    if datum is Datum.BD09:
        lon, lat = gcj02_to_bd09(lon, lat)
    gps = {2: (float(lat[0]), 0.0, 0.0), 4: (float(lon[0]), 0.0, 0.0), 18: None}
    photo = read(tmp_path, jpeg_bytes(exif_bytes(gps)), datum=datum)
    assert GEOD.inv(LON, LAT, photo.lon, photo.lat)[2] < 0.5  # Pillow rounds its fractions
    assert photo.datum.used is datum
    assert photo.problems == ()
    as_it_is = read(tmp_path, jpeg_bytes(exif_bytes(gps)))
    assert GEOD.inv(LON, LAT, as_it_is.lon, as_it_is.lat)[2] > 100


def test_what_the_photo_says_of_its_datum_counts(tmp_path: Path) -> None:
    flagged = read(tmp_path, jpeg_bytes(exif_bytes({18: "GCJ-02"})))
    assert flagged.datum.used is Datum.GCJ02
    assert GEOD.inv(LON, LAT, flagged.lon, flagged.lat)[2] > 100
    declared = read(tmp_path, jpeg_bytes(exif_bytes()), datum=Datum.GCJ02)
    assert codes(declared) == ["datum_contradiction"]
    abroad = exif_bytes({2: (22.0, 18.0, 0.0), 4: (114.0, 10.0, 0.0), 18: None})
    assert codes(read(tmp_path, jpeg_bytes(abroad), datum=Datum.GCJ02)) == ["datum_not_shifted"]


# --- report and command -------------------------------------------------------------------------


def test_the_report_is_json_with_every_key(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jpg", tmp_path / "bad.png"
    good.write_bytes(jpeg_bytes(exif_bytes(), drone_xmp(DRONE)))
    bad.write_bytes(b"\x89PNG")
    reports = [photo_report(path, settings=SETTINGS) for path in (good, bad)]
    json.dumps(reports, allow_nan=False)
    assert reports[0].keys() == reports[1].keys()
    assert reports[0]["taken"] == "2026-05-14T00:30:05.250Z"
    assert reports[0]["centre"] == [LON, LAT]
    ring = reports[0]["footprint"]["coordinates"][0]  # type: ignore[index]
    assert len(ring) == 5
    assert ring[0] == ring[-1]
    assert reports[1]["status"] == "refused"
    assert reports[1]["problems"][0]["code"] == "not_a_photo"  # type: ignore[index]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "good.jpg"
    path.write_bytes(jpeg_bytes(exif_bytes(), drone_xmp(DRONE)))
    files = [str(path), str(tmp_path / "none.jpg")]
    status = app.main(["photos", "inspect", *files, "--json"], standalone_mode=False)
    reports = json.loads(capsys.readouterr().out)
    assert status == 1
    assert [report["status"] for report in reports] == ["ok", "refused"]
    assert app.main(["photos", "inspect", files[0]], standalone_mode=False) == 0
    assert "103.5125, 25.7375" in capsys.readouterr().out
