"""Any bytes end as a track or as an error in words, never as anything else."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.errors import InputError
from geoinspect.ingest.tracks import inspect_track, read_track
from geoinspect.settings import Settings

SETTINGS = Settings()
SEEDS = (
    "syn_bad_times.gpx", "syn_gbk_lying_utf8.gpx", "syn_utf16.gpx", "OpenTracks__kml22_time_decreases.kml",
    "togeojson__gxmultitrack.kml", "togeojson__bad.kml", "ecoscope__observations.geojson",
    "syn_coordtimes.geojson", "hostile_xxe.gpx", "togeojson__linestring.kml", "hostile_xss_name.gpx",
)  # fmt: skip
PIECES = [
    b"<gpx>", b"</gpx>", b"<trk>", b"<trkseg>", b'<trkpt lat="1" lon="2">', b"</trkpt>", b"<time>",
    b"2026-05-14T00:30:00Z", b"</time>", b"<kml>", b"<Placemark>", b"<LineString>", b"<coordinates>",
    b"1,2,3 4,5", b"</coordinates>", b"<gx:Track>", b"<when>", b"<gx:coord>", b"<![CDATA[", b"]]>",
    b"&nbsp;", b"&#0;", b"<!DOCTYPE x [", b"]>", b"<!--", b"-->", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00",
    b'{"type":"FeatureCollection","features":[', b'{"type":"LineString","coordinates":[[1,2],[3,4]]}',
    b"]}", b"NaN", b"1e999", b",", b'"crs":', b"\xb5\xd8", b"<?xml version='1.0' encoding='gbk'?>",
]  # fmt: skip


def check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "up"
        path.write_bytes(data)
        report = inspect_track(path, settings=SETTINGS)
        if report["status"] == "refused":
            with pytest.raises(InputError) as caught:
                read_track(path, settings=SETTINGS)
            assert caught.value.text.zh
            assert caught.value.text.en
            return
        file = read_track(path, settings=SETTINGS)
        assert file.lines
        for segment in file.segments:
            assert len(segment.lon) == len(segment.lat) == len(segment.time_s) > 0
            assert (np.abs(segment.lon) <= 180).all()
            assert (np.abs(segment.lat) <= 90).all()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data):
    check(data)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=40))
def test_pieces_of_formats(pieces):
    check(b"".join(pieces))


def test_mutated_real_files(shared_data):
    rng = random.Random(20260514)
    for name in SEEDS:
        whole = (shared_data / "tracks" / name).read_bytes()[:6000]
        for _ in range(25):
            check(mutated(whole, rng))


def mutated(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                data[at:at] = rng.choice(PIECES)
            case 1:
                del data[at : at + rng.randint(1, 200)]
            case 2:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 3:
                data[at:at] = data[at : at + 100]
            case _:
                data = data[: max(at, 1)]
    return bytes(data)


@pytest.mark.parametrize("element", ["trkseg", "trk", "rte"])
def test_a_container_that_ends_inside_a_point(element):
    point = (
        f'<trkpt lat="1" lon="2"><{element}></{element}><time>2026-05-14T00:30:00Z</time></trkpt>'
    )
    check(f"<gpx><trk><trkseg>{point}<ele>3</ele></trkseg></trk></gpx>".encode())


def test_a_flight_log_whose_counter_is_endless():
    rows = ["time(millisecond),datetime(utc),latitude,longitude"]
    rows += [f"{ms},2026-05-14 00:30:00,23.1,112.5" for ms in ("0", "1e999", "inf", "nan")]
    check("\n".join(rows).encode())


@pytest.mark.parametrize("before", ["", "\x1e"])
def test_features_in_a_row_are_one_file(tmp_path, before):
    line = '{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[112,23],[112.001,23]]}}'
    path = tmp_path / "rows.geojsonl"
    path.write_text("".join(f"{before}{line}\n" for _ in range(3)), "utf-8")
    assert inspect_track(path, settings=SETTINGS)["points"] == 6
    path.write_text(f"{before}{line}\n{before}{line[:40]}", "utf-8")
    assert inspect_track(path, settings=SETTINGS)["status"] == "refused"
