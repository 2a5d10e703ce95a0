"""Tables of points: every app's headers, whose points they are, and the logs of drones."""

from __future__ import annotations

import math
import re

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_builders import APPS, START_S, TRUTH, codes, points, read, refusal, segments, times

from geoinspect.ingest.formats.table_layout import looks_like_table
from geoinspect.ingest.tracks import inspect_track
from geoinspect.records import Extra
from geoinspect.settings import Settings

SETTINGS = Settings()


def test_shared_tables_agree(shared_data):
    from test_track_files import disagreements, load

    folder = shared_data / "tracks"
    found = {}
    for name, entry in load(folder).items():
        if entry["format"] == "csv":
            zone = "Asia/Shanghai" if name == "syn_bd09_gbk.csv" else "UTC"
            report = inspect_track(folder / name, timezone=zone, settings=SETTINGS)
            found[name] = list(disagreements(entry, report))
    assert len(found) >= 12
    # The issue lets a zone prefix tell the zone, with a flag.
    assert found.pop("syn_projected_cgcs2000.csv") == ["accepted with 50 points"]
    assert not any(found.values()), found


def test_shared_projected_table_lies_where_its_zone_says(shared_data):
    raw = (shared_data / "tracks" / "syn_projected_cgcs2000.csv").read_bytes()
    reading = read(raw)
    lon, lat = pyproj.Transformer.from_crs("EPSG:4526", "EPSG:4326", always_xy=True).transform(
        38454000.0, 2563000.0
    )
    assert points(reading)[0] == pytest.approx((lon, lat), abs=1e-7)
    assert codes(reading) == ["projected"]
    assert "EPSG:4526" in reading.problems[0].text.zh


@pytest.mark.parametrize("app", APPS)
def test_apps(app):
    text = APPS[app]
    assert looks_like_table(text)
    reading = read(text)
    assert points(reading) == TRUTH
    assert times(reading) == pytest.approx([0, 5], abs=1e-3)
    assert len(segments(reading)) == 1
    assert not reading.refused


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("gbk"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
)
def test_encodings(encode):
    reading = read(encode(APPS["Excel in China"]))
    assert points(reading) == TRUTH
    assert codes(reading) == ["local_time"]


def test_extras_in_metres_and_degrees():
    text = (
        "latitude,longitude,height_above_takeoff(feet),altitude_above_seaLevel(feet),"
        "gimbal_pitch(degrees),gimbal_heading(degrees),accuracy(ft),speed(mph)\n"
        "23.1694,112.5521,393.7,1000,-90,271.5,10,2\n23.169375,112.5521287,0,,-45,90,0,2\n"
    )
    (segment,) = segments(read(text))
    assert segment.extras[Extra.HEIGHT] == pytest.approx([120.0, 0.0], abs=1e-3)
    assert segment.extras[Extra.ELEVATION][0] == pytest.approx(304.8)
    assert math.isnan(segment.extras[Extra.ELEVATION][1])
    assert segment.extras[Extra.PITCH].tolist() == [-90, -45]
    assert segment.extras[Extra.HEADING].tolist() == [271.5, 90]
    # An accuracy of 0 is one that the app does not know.
    assert segment.extras[Extra.ACCURACY][0] == pytest.approx(3.048)
    assert math.isnan(segment.extras[Extra.ACCURACY][1])


def test_course_and_hdop_are_no_camera_and_no_accuracy():
    (segment,) = segments(read(APPS["GPSLogger"].replace("accuracy", "acc_x")))
    assert set(segment.extras) == {Extra.ELEVATION}


def rows_of(*groups: tuple[str, int], header: str = "trip_id,lon,lat,time") -> str:
    lines = [header]
    for number, (group, count) in enumerate(groups):
        lines += [
            f"{group},{112.5 + number / 10 + k / 1e4:.5f},23.1,2026-05-14T00:{number:02}:{k:02}Z"
            for k in range(count)
        ]
    return "\n".join(lines) + "\n"


def test_one_segment_for_every_track():
    reading = read(rows_of(("7", 5), ("8", 3), ("9", 4)))
    assert len(reading.lines) == 1
    assert [len(segment) for segment in segments(reading)] == [5, 3, 4]


def test_mixed_rows_of_people_come_apart():
    head, *rows = rows_of(("张三", 6), ("李四", 6), header="姓名,经度,纬度,时间").splitlines()
    mixed = [row for pair_ in zip(rows[:6], rows[6:], strict=True) for row in pair_]
    apart, together = read("\n".join([head, *mixed])), read("\n".join([head, *rows]))
    assert points(apart) == points(together)
    assert [len(segment) for segment in segments(apart)] == [6, 6]


def test_person_and_trip_together_tell_a_track():
    text = rows_of(("a,1", 4), ("a,2", 4), ("b,1", 4), header="user_id,trip_id,lon,lat,time")
    assert [len(segment) for segment in segments(read(text))] == [4, 4, 4]


def test_numbers_of_points_and_courses_part_nothing():
    rows = "".join(f"{k},{90 + k % 2},{8 + k % 2},112.55{k},23.16{k}\n" for k in range(1, 10))
    assert len(segments(read("id,track,sn,lon,lat\n" + rows))) == 1


def test_a_single_name_names_the_track():
    reading = read(rows_of(("=HYPERLINK(1)", 4), header="name,lon,lat,time"))
    assert [line.name for line in reading.lines] == ["=HYPERLINK(1)"]


@given(st.lists(st.integers(0, 4), min_size=12, max_size=60))
@settings(max_examples=60, deadline=None)
def test_groups_lose_no_point_and_keep_their_order(who):
    rows = [f"{w},{112 + k / 1000:.3f},23.{w}\n" for k, w in enumerate(who)]
    reading = read("track_id,lon,lat\n" + "".join(rows))
    found = points(reading)
    assert sorted(found) == [
        (round(112 + k / 1000, 3), float(f"23.{w}")) for k, w in enumerate(who)
    ]
    if len(segments(reading)) > 1:
        assert len(segments(reading)) == len(set(who))
    for segment in segments(reading):
        assert (np.diff(segment.lon) > 0).all()


AIRDATA = (
    "time(millisecond),datetime(utc),latitude,longitude,height_above_takeoff(meters),"
    "gimbal_pitch(degrees),compass_heading(degrees)"
)


def flight(rate_ms: int, first_ms: int = 0, count: int = 45) -> str:
    rows = []
    for k in range(count):
        now_ms = first_ms + k * rate_ms
        rows.append(
            f"{now_ms},2026-05-14 00:30:{now_ms // 1000:02},{23.1694 + k / 1e6:.6f},112.5521,"
            f"{k / 10},-90,{k}"
        )
    return "\n".join([AIRDATA, *rows])


def test_ten_hertz_rows_lie_within_their_second():
    (segment,) = segments(read(flight(100)))
    assert segment.time_s - START_S == pytest.approx(np.arange(45) / 10, abs=2e-3)
    assert segment.extras[Extra.HEADING][3] == 3


def test_ten_hertz_rows_with_an_american_clock():
    text = re.sub(r"2026-05-14 00:(\d\d):(\d\d)", r"5/14/2026 12:\1:\2 AM", flight(100))
    assert times(read(text)) == pytest.approx(list(np.arange(45) / 10), abs=2e-3)


@given(st.integers(20, 1500), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_divided_seconds_stay_in_order_and_in_their_second(rate_ms, first_ms):
    (segment,) = segments(read(flight(rate_ms, first_ms, count=30)))
    truth_s = START_S + (first_ms + np.arange(30) * rate_ms) / 1000
    assert (np.diff(segment.time_s) > 0).all()
    assert (np.floor(segment.time_s + 1e-6) == np.floor(truth_s + 1e-6)).all()


def test_rows_before_the_first_fix_are_left_out_and_told():
    rows = "".join(f"{100 * k},2026-05-14 00:30:00,0.0,0.0,0,0,0\n" for k in range(12))
    later = "1200,2026-05-14 00:30:01,23.1694,112.5521,1,-90,5\n"
    reading = read(AIRDATA + "\n" + rows + later)
    assert points(reading) == TRUTH[:1]
    assert not reading.refused
    (problem,) = [p for p in reading.problems if p.code == "no_fix"]
    assert problem.count == 12
    assert read(AIRDATA + "\n" + rows).lines == ()


def test_start_and_end_of_a_trip_are_no_track():
    assert refusal("起点经度,起点纬度,终点经度,终点纬度\n112,23,112,24\n").code == "no_coordinates"


def test_an_altitude_of_unknown_zero_is_left_alone():
    text = "latitude,longitude,altitude(m),ascent(m)\n23.1694,112.5521,50,1\n"
    (segment,) = segments(read(text))
    assert Extra.ELEVATION not in segment.extras


def test_phantom_log():
    text = (
        "sep=,\nCUSTOM.date [local],CUSTOM.updateTime [local],OSD.flyTime [s],OSD.latitude,"
        "OSD.longitude,OSD.height [ft],OSD.altitude [ft],GIMBAL.pitch,GIMBAL.yaw,HOME.latitude,"
        "HOME.longitude\n"
        "5/14/2026,8:30:00.25 AM,0.1,23.1694,112.5521,393.7,1000,-89.9,12.5,1,2\n"
        "5/14/2026,8:30:00.35 AM,0.2,23.169375,112.5521287,393.7,1000,-89.9,12.5,1,2\n"
    )
    reading = read(text)
    assert points(reading) == TRUTH
    assert times(reading) == pytest.approx([0.25, 0.35], abs=1e-6)
    (segment,) = segments(reading)
    assert segment.extras[Extra.HEIGHT][0] == pytest.approx(120, abs=1e-3)
    assert segment.extras[Extra.PITCH][0] == -89.9
