"""Laws of the datum shift, and the published vectors."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.crs import GEOD
from geoinspect.ingest import datum as shift
from geoinspect.records import Datum, Segment, TrackLine

DATUMS = {"WGS84": Datum.WGS84, "GCJ02": Datum.GCJ02, "BD09": Datum.BD09}
EXACT = ("formula", "exact inverse", "identity")

# Around the mainland's middle, away from every border.
inland = st.tuples(st.floats(100, 115), st.floats(26, 38))


def place(lon, lat):
    return np.array([float(lon)]), np.array([float(lat)])


def metres(one, other) -> float:
    return float(GEOD.inv(one[0], one[1], other[0], other[1])[2].max())


def converted(row):
    """One row of the vectors, by the function that serves it."""
    start = place(row["from_lon"], row["from_lat"])
    source, target = DATUMS[row["from_crs"]], DATUMS[row["to_crs"]]
    if target is Datum.WGS84:
        return shift.to_wgs84(*start, source)
    if source is Datum.WGS84:
        return shift.wgs84_to_gcj02(*start) if shift.has_offset(*start) else start
    return (shift.gcj02_to_bd09 if target is Datum.BD09 else shift.bd09_to_gcj02)(*start)


def test_vectors(shared_data):
    checked = 0
    with (shared_data / "gcj02_vectors.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found, wanted = converted(row), place(row["to_lon"], row["to_lat"])
            if row["nature"].startswith(EXACT):
                checked += 1
                assert metres(found, wanted) < 1e-3, row
            elif row["nature"].startswith("empirical"):
                assert metres(found, wanted) < 15, row
    assert checked >= 35


@settings(deadline=None)
@given(inland)
def test_round_trips_below_a_micrometre(position):
    lon, lat = place(*position)
    gcj = shift.wgs84_to_gcj02(lon, lat)
    assert metres(shift.gcj02_to_wgs84(*gcj), (lon, lat)) < 1e-6
    assert metres(shift.to_wgs84(*gcj, Datum.GCJ02), (lon, lat)) < 1e-6
    bd = shift.gcj02_to_bd09(*gcj)
    assert metres(shift.bd09_to_gcj02(*bd), gcj) < 1e-6
    assert metres(shift.to_wgs84(*bd, Datum.BD09), (lon, lat)) < 1e-6


@settings(deadline=None)
@given(inland)
def test_offset_is_of_the_known_size(position):
    lon, lat = place(*position)
    assert 30 < metres(shift.wgs84_to_gcj02(lon, lat), (lon, lat)) < 1000


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (114.17, 22.30), (114.10, 22.50), (113.55, 22.19), (113.56, 22.12), (121.5, 25.05),
        (118.32, 24.43), (105.85, 21.03), (106.9, 47.9), (85.3, 27.7), (0.0, 0.0), (-180.0, 90.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_nothing_moves_where_there_is_no_offset(lon, lat, datum):
    start = place(lon, lat)
    assert shift.to_wgs84(*start, datum) == start


@pytest.mark.parametrize(("lon", "lat"), [(114.06, 22.54), (113.53, 22.27), (118.10, 24.47)])
def test_across_the_water_it_does(lon, lat):
    start = place(lon, lat)
    assert metres(shift.to_wgs84(*start, Datum.GCJ02), start) > 100


def test_a_line_is_never_torn():
    # Out to sea from Qinhuangdao: the first part on land, the last beyond any tolerance.
    lon = np.linspace(119.3, 120.4, 400)
    lat = np.linspace(40.1, 39.6, 400)
    moved = shift.to_wgs84(lon, lat, Datum.GCJ02)
    steps = np.hypot(np.diff(moved[0] - lon), np.diff(moved[1] - lat))
    assert steps.max() < 1e-4
    boat_lon, boat_lat = lon[-5:] + 1.5, lat[-5:] - 1.5
    assert shift.to_wgs84(boat_lon, boat_lat, Datum.GCJ02)[0] is boat_lon


def test_just_offshore_counts_as_mainland():
    beach = place(119.62, 39.87)
    assert metres(shift.to_wgs84(*beach, Datum.GCJ02), beach) > 100


def test_a_wild_fix_does_not_spoil_the_line():
    lon = np.array([112.5, 0.0, 112.5001, 179.0])
    lat = np.array([23.1, 0.0, 23.1001, 90.0])
    moved_lon, moved_lat = shift.to_wgs84(lon, lat, Datum.BD09)
    assert np.isfinite(moved_lon).all()
    assert np.isfinite(moved_lat).all()
    assert (moved_lon != lon).tolist() == [True, False, True, False]


def test_lines_keep_their_segments_and_times():
    first = Segment(np.array([112.5, 112.6]), np.array([23.1, 23.2]), np.array([1.0, np.nan]))
    last = Segment(np.array([112.7]), np.array([23.3]), np.array([5.0]))
    (line,) = shift.lines_to_wgs84([TrackLine("线", (first, last))], Datum.GCJ02)
    assert [len(segment) for segment in line.segments] == [2, 1]
    assert line.segments[0].time_s is first.time_s
    assert line.name == "线"
    (same,) = shift.lines_to_wgs84([line], Datum.WGS84)
    assert same is line


def test_choice_explains_itself():
    for declared in (None, *Datum):
        for flagged in (None, *Datum):
            choice = shift.resolve_datum(declared, flagged)
            assert choice.used is (declared or flagged or Datum.WGS84)
            assert choice.found is flagged
            assert choice.why.zh
            assert choice.why.en
    unknown = shift.resolve_datum(None, None)
    assert "没有注明" in unknown.why.zh


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GCJ-02", Datum.GCJ02), ("gcj02", Datum.GCJ02), ("GCJ_02", Datum.GCJ02),
        ("火星坐标系", Datum.GCJ02), ("bd09ll", Datum.BD09), ("BD-09", Datum.BD09),
        ("百度坐标", Datum.BD09), ("WGS 84", Datum.WGS84), ("CGCS2000", Datum.WGS84),
        ("abd0912", None), ("高德镇巡护", None), ("GCJ-02 → WGS84", None), ("", None),
    ],
)  # fmt: skip
def test_words(text, found):
    assert shift.named_datum([text]) is found
