"""Bad rows cost themselves, and hostile tables end in words, in time and in memory."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_builders import START_S, TRUTH, codes, points, read, refusal, segments

from geoinspect.errors import TrackError


@pytest.mark.parametrize(
    "text",
    [
        "id,name,time\n1,a,2026-05-14T00:00:00Z\n",
        "Dear all, we met, walked, and left.\nNothing was found, as usual, up there.\n",
        "a,b\n1,2\n3,4\n",
        ",,,\n,,,\n",
        "经度,海拔\n112.5,3\n",
        "item,price,weight\na,101.125,23.456\nb,99.125,23.999\n",
        "经度度,经度分,纬度度,纬度分\n112,33.1,23,10.1\n112,33.2,23,10.2\n",
        "lat_deg,lat_min,lon_deg,lon_min\n23,10.1,112,33.1\n23,10.2,112,33.2\n",
    ],
)
def test_tables_without_coordinates(text):
    assert refusal(text).code == "no_coordinates"


def test_bad_rows_cost_themselves_only():
    text = (
        "lat,lon,time\n23.1694,112.5521,2026-05-14T00:30:00Z\n,,2026-05-14T00:30:01Z\n"
        "abc,112.5521,2026-05-14T00:30:02Z\n95.0,112.5521,2026-05-14T00:30:03Z\n"
        "nan,112.5521,2026-05-14T00:30:04Z\n23.1,190,2026-05-14T00:30:04Z\n"
        "# comment\n23.169375,112.5521287,later\n合计,,\n"
    )
    reading = read(text)
    assert points(reading) == TRUTH
    assert reading.refused == {
        "coordinate_missing": 2,
        "coordinate_not_a_number": 2,
        "latitude_out_of_range": 1,
        "longitude_out_of_range": 1,
    }
    assert "bad_time" in codes(reading)


def test_rows_that_are_no_points_have_no_times_to_miss():
    head = "时间,经度,纬度\n"
    row = "2026-05-14 08:30:00,112.5521,23.1694\n"
    reading = read(head + row + "合计,,\n,,\n")
    assert reading.refused == {"coordinate_missing": 1}
    assert codes(reading) == ["local_time"]


def test_an_open_quote_costs_one_row_at_most():
    rows = [f"23.1{k:03},112.5{k:03},x" for k in range(200)]
    rows[50] = '"23.1050,112.5050,x'
    reading = read("lat,lon,note\n" + "\n".join(rows) + "\n")
    assert len(points(reading)) >= 199
    assert len(points(reading)) + sum(reading.refused.values()) == 200


def test_an_endless_row_costs_one_row():
    text = "lat,lon\n23.1694,112.5521\n" + "9" * 3_000_000 + ",1\n23.169375,112.5521287\n"
    reading = read(text)
    assert points(reading) == TRUTH
    assert reading.refused == {"row_unreadable": 1}


@st.composite
def tables(draw):
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    places = draw(
        st.lists(st.tuples(st.floats(73.5, 134.9), st.floats(18.1, 53.4)), min_size=2, max_size=20)
    )
    notes = draw(
        st.lists(st.text("ab ,;|\t\"'\n中", max_size=6), min_size=len(places), max_size=len(places))
    )
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))
    )
    writer.writerow(["备注", "经度", "纬度", "时间"])
    for k, ((lon, lat), note) in enumerate(zip(places, notes, strict=True)):
        writer.writerow([note, repr(lon), repr(lat), f"2026-05-14 08:30:{k:02}"])
    return places, out.getvalue()


@given(tables())
@settings(max_examples=120, deadline=None)
def test_what_a_csv_writer_writes_comes_back(table):
    places, text = table
    reading = read(text)
    (segment,) = segments(reading)
    assert list(zip(segment.lon.tolist(), segment.lat.tolist(), strict=True)) == places
    assert segment.time_s.tolist() == [START_S + k for k in range(len(places))]


PIECES = [
    "lat", "lon", "经度", "纬度", "X", "Y", ",", ";", "\t", "|", " ", "\n", "\r\n", '"', "'", "#",
    "23.1694", "112.5521", "38454000.1", "2563000.1", "454000", "nan", "1e999", "-", "time", "utc",
    "2026-05-14 08:30:00", "05/06/2026", "23°10'", "N", "E", "g", "b", "=1+1", "\x00", "\ufeff",
    "trip_id", "坐标系", "0", "0.0", "datum", "(deg)", "ddmm", "9" * 400, "１２",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_ends_in_points_or_in_words(pieces):
    try:
        reading = read("".join(pieces))
    except TrackError as error:
        assert error.text.zh  # noqa: PT017 - any refusal will do
        return
    for segment in segments(reading):
        assert len(segment) > 0
        assert (np.abs(segment.lon) <= 180).all()
        assert (np.abs(segment.lat) <= 90).all()


PROBE = r"""
import json, re, sys, time
from pathlib import Path
from zoneinfo import ZoneInfo
from geoinspect.errors import InputError
from geoinspect.ingest.formats.reading import ReadOptions
from geoinspect.ingest.formats.tables import read_table
begun = time.monotonic()
try:
    with Path(sys.argv[1]).open("rb") as stream:
        reading = read_table(stream, ReadOptions(ZoneInfo("UTC")))
    said = {"points": sum(len(s) for line in reading.lines for s in line.segments)}
except InputError as error:
    said = {"refused": error.code}
peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps({**said, "seconds": time.monotonic() - begun, "rss_mb": int(peak[1]) / 1024}))
"""


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("one endless line", b"lat,lon\n" + b"9" * 20_000_000),
        ("only quotes", b'lat,lon\n"' + b'"\n' * 200_000),
        ("only open quotes", b'lat,lon\n' + b'"1,\n' * 150_000),
        ("only delimiters", b"lat,lon\n" + (b"," * 100_000 + b"\n") * 100),
        ("wide rows", b"lat,lon\n" + (b"1," * 60_000 + b"\n") * 50),
        ("a track a row", b"trip,lat,lon\n1,2,3\n1,2,3\n" + b"".join(b"%d,23,112\n" % k for k in range(50_000))),
    ],
)  # fmt: skip
def test_hostile_tables_end_in_time_and_memory(tmp_path, label, data):
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], capture_output=True, timeout=60, check=True
    )
    said = json.loads(run.stdout)
    assert said["seconds"] < 5, (label, said)
    assert said["rss_mb"] < 300, (label, said)


def test_messages_name_no_placeholder():
    for text in (
        "a,b\n1,2\n",
        "lat,lon\n112,23\n112,24\n",
        "X,Y\n454000,2563000\n454001,2563000\n",
    ):
        error = refusal(text)
        assert not re.search(r"[{}]", error.text.zh + error.text.en)
