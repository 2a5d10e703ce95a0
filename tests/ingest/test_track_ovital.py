"""Ovital's ovjsn, DJI's SRT, files that are not read, and floods of the log formats."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_track_logs import OZI, SETTINGS, codes, only_segment, read

from geoinspect.errors import TooLargeError, TrackError
from geoinspect.ingest.datum import wgs84_to_gcj02
from geoinspect.ingest.formats.reading import MAX_SEGMENTS
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Datum, Extra

# --- Ovital ---


def ovital(kind: int, name: str, **detail: object) -> dict:
    return {"Type": kind, "Object": {"Name": name, "Type": kind, "ObjectDetail": detail}}


def ovjsn(*items: dict) -> bytes:
    document = {"Version": "V10.4.0", "Type": 1, "ObjItems": list(items)}
    return json.dumps(document).encode("utf-8-sig")


LINE = [23.1, 112.5, 23.2, 112.6]


def test_ovital_lines_of_both_datums_come_out_right(tmp_path):
    lon, lat = wgs84_to_gcj02(np.array(LINE[1::2]), np.array(LINE[::2]))
    shifted = np.column_stack([lat, lon]).ravel().tolist()
    folder = ovital(
        30, "folder",
        ObjChildren=[
            ovital(8, "gcj", Gcj02=1, Obj3dView={"Gcj02": 0}, Latlng=shifted),
            ovital(30, "inner", ObjChildren=[ovital(8, "wgs", Gcj02=0, Latlng=LINE)]),
        ],
    )  # fmt: skip
    path = tmp_path / "a.ovjsn"
    path.write_bytes(ovjsn(ovital(7, "place", Lat=23.1, Lng=112.5), folder))
    file = read_track(path, settings=SETTINGS)
    assert [line.name for line in file.lines] == ["gcj", "wgs"]
    for line in file.lines:
        (segment,) = line.segments
        np.testing.assert_allclose(segment.lat, LINE[::2], atol=1e-9)
        np.testing.assert_allclose(segment.lon, LINE[1::2], atol=1e-9)


@pytest.mark.parametrize(("flag", "datum"), [(0, Datum.WGS84), (1, Datum.GCJ02)])
def test_ovital_flag_goes_before_the_extension(tmp_path, flag, datum):
    path = tmp_path / "a.ovjsn"
    view = {"Gcj02": 1 - flag}
    path.write_bytes(ovjsn(ovital(8, "a", Obj3dView=view, Gcj02=flag, Latlng=LINE)))
    assert read_track(path, settings=SETTINGS).datum.used is datum


def test_ovital_shapes_count_only_without_a_track():
    drawing, track = ovital(13, "area", Latlng=LINE), ovital(8, "walk", Latlng=[*LINE, 23.3])
    _, reading = read(ovjsn(drawing, track))
    assert [line.name for line in reading.lines] == ["walk"]
    assert codes(reading) == {"shapes_left_out": 1}
    assert reading.refused == {"coordinate_missing": 1}
    _, reading = read(ovjsn(drawing))
    assert codes(reading) == {"shapes_only": 1}
    _, reading = read(ovjsn(ovital(7, "place", Lat=1, Lng=2)))
    assert (reading.lines, reading.waypoints) == ((), 1)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Type",
                    "Object",
                    "ObjItems",
                    "ObjChildren",
                    "ObjectDetail",
                    "Latlng",
                    "Gcj02",
                    "Name",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(JSON_VALUES, max_size=5))
def test_ovital_of_any_shape_ends_in_a_reading(items):
    _, reading = read(json.dumps({"ObjItems": items}))
    assert reading.lines is not None


# --- DJI subtitles ---


def frame(number: int, clock: str, lat: float, extra: str = "") -> str:
    return (
        f'{number}\n00:00:00,{number:03} --> 00:00:00,999\n<font size="28">FrameCnt: {number}\n'
        f"{clock}\n[iso: 100] [latitude: {lat:.6f}] [longitude: {112.5 if lat else 0:.6f}] "
        f"[rel_alt: 50.100 abs_alt: 512.000] {extra}</font>\n\n"
    )


def test_srt_holds_place_height_and_camera():
    camera = "[gb_yaw: -12.5 gb_pitch: -89.9 gb_roll: 0.0]"
    text = frame(1, "2026-05-14 10:00:00.033", 0.0)
    text += frame(2, "2026-05-14 10:00:00.066", 23.1, camera)
    text += frame(3, "2026-05-14 10:00:00.099", 23.1, camera)
    text += frame(4, "2026-05-14 10:00:00,132,500", 23.2)
    format_, reading = read(text)
    segment = only_segment(reading)
    begun = datetime(2026, 5, 14, 2, tzinfo=UTC).timestamp()
    assert format_ == "srt"
    np.testing.assert_allclose(segment.time_s, [begun + 0.066, begun + 0.132], atol=1e-6)
    assert segment.extras[Extra.HEIGHT].tolist() == [50.1, 50.1]
    assert segment.extras[Extra.ELEVATION].tolist() == [512, 512]
    assert segment.extras[Extra.PITCH][0] == -89.9
    assert segment.extras[Extra.HEADING][0] == -12.5
    assert codes(reading) == {"local_time": 2, "no_fix": 1, "repeated_frames": 1}


# --- what is not read, and bounds ---


@pytest.mark.parametrize(
    ("data", "name", "advice"),
    [
        (b"MsRcf\x00" + b"\x01" * 300, "x", "BaseCamp"),
        (b"\x10\x20\x01\x00\x00\x00\x00\x00\x90\x01\x0b" + bytes(100), "x.txt", "AirData"),
        (bytes(16) + b"BUILD 2019" + bytes(300), "FLY001.DAT", "AirData"),
        (b"\x01\x02\xff\xfe\x00\x99" * 50, "DJIFlightRecord_2026-05-14.txt", "AirData"),
        (b"\x01\x02\xff\xfe\x00\x99" * 50, "巡护.ovobj", "ovjsn"),
        (b"OVOB" + random.Random(7).randbytes(20_000), "巡护.ovobj", "ovjsn"),
        (b"\x01\x02\xff\xfe\x00\x99" * 50, "a.fmm", "GPX"),
        (b"\x01\x02\xff\xfe\x00\x99" * 50, "a.bin", "GPX"),
    ],
)
def test_unreadable_files_get_advice(data, name, advice):
    with pytest.raises(TrackError) as caught:
        read(data, name)
    assert advice in caught.value.text.zh
    assert advice in caught.value.text.en


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (OZI + "23.1,112.5,1,0,46156.02\n" * (MAX_SEGMENTS + 1), "too_many_segments"),
        ("$GPRMC," * 1_000_001, "too_many_sentences"),
        ('{"ObjItems":[' + "{}," * 1_200_000 + "{}]}", "too_large"),
    ],
)
def test_floods_are_refused(data, code):
    with pytest.raises(TooLargeError) as caught:
        read(data)
    assert caught.value.code == code


def test_nested_folders_end_in_words():
    with pytest.raises(TrackError, match="JSON"):
        read('{"ObjItems":[' * 100_000)
