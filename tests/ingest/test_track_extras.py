"""What GPX, KML and GeoJSON say of a point beside its place and time."""

from __future__ import annotations

import numpy as np
import pytest

from geoinspect.ingest.tracks import read_track
from geoinspect.records import Extra
from geoinspect.settings import Settings


@pytest.fixture
def segment(tmp_path):
    def of(text: str):
        path = tmp_path / "up"
        path.write_text(text)
        (found,) = read_track(path, settings=Settings()).segments
        return found

    return of


def same(values, wanted) -> bool:
    return np.array_equal(values, wanted, equal_nan=True)


def gpx(points: str) -> str:
    return f"<gpx><wpt lat='1' lon='1'><ele>7</ele></wpt><trk><trkseg>{points}</trkseg></trk></gpx>"


def test_gpx_elevation_and_accuracy(segment):
    found = segment(
        gpx(
            '<trkpt lat="1" lon="2"><ele>10.5</ele><hdop>99</hdop></trkpt>'
            '<trkpt lat="95" lon="2"><ele>666</ele></trkpt>'
            '<trkpt lat="1" lon="2"><extensions><ele>5</ele><ot:accuracy_horizontal>4'
            "</ot:accuracy_horizontal></extensions></trkpt>"
            '<trkpt lat="1" lon="2"><ele>n/a</ele><accuracy>inf</accuracy></trkpt>'
            '<trkpt lat="1" lon="2"><ele> -3 </ele><accuracy>12</accuracy></trkpt>'
        )
    )
    assert same(found.extras[Extra.ELEVATION], [10.5, np.nan, np.nan, -3])
    assert same(found.extras[Extra.ACCURACY], [np.nan, 4, np.nan, 12])


def test_gpx_without_them_says_nothing(segment):
    assert not segment(gpx('<trkpt lat="1" lon="2"><ele/><hdop>2</hdop></trkpt>')).extras


def test_gpx_extras_stay_with_their_points_over_many_blocks(segment):
    count = 150_000
    rows = "".join(
        f'<trkpt lat="{i / 1e5}" lon="2">{f"<ele>{i}</ele>" if i % 3 else ""}</trkpt>'
        for i in range(count)
    )
    found = segment(gpx(rows))
    wanted = np.where(np.arange(count) % 3, np.arange(count), np.nan)
    assert same(found.extras[Extra.ELEVATION], wanted)


def test_gpx_route_elevations(segment):
    found = segment('<gpx><rte><rtept lat="1" lon="2"><ele>4</ele></rtept></rte></gpx>')
    assert same(found.extras[Extra.ELEVATION], [4])


def test_kml_track_altitude_and_accuracy_series(segment):
    found = segment(
        "<kml><Placemark><gx:Track><when>2026-05-14T00:30:00Z</when><when>2026-05-14T00:30:01Z</when>"
        "<when>2026-05-14T00:30:02Z</when><gx:coord>2 1 30.5</gx:coord><gx:coord/>"
        "<gx:coord>2 1 0</gx:coord><ExtendedData><SchemaData>"
        '<gx:SimpleArrayData name="speed"><gx:value>9</gx:value></gx:SimpleArrayData>'
        '<gx:SimpleArrayData name="accuracy_horizontal"><gx:value>5</gx:value><gx:value>6</gx:value>'
        "<gx:value>7</gx:value><gx:value>8</gx:value></gx:SimpleArrayData></SchemaData>"
        "</ExtendedData></gx:Track></Placemark></kml>"
    )
    assert same(found.extras[Extra.ELEVATION], [30.5, np.nan])
    assert same(found.extras[Extra.ACCURACY], [5, 7])


def test_kml_line_altitude(segment):
    found = segment(
        "<kml><Placemark><LineString><coordinates>2,1,0.0 2,1,-12.5 2,1</coordinates></LineString>"
        "</Placemark></kml>"
    )
    assert same(found.extras[Extra.ELEVATION], [np.nan, -12.5, np.nan])


def test_geojson_third_number(segment):
    found = segment(
        '{"type":"LineString","coordinates":[[2,1,8],[2,1],[2,1,0,1778718600],[2,1,1778718600],'
        "[2,1,null]]}"
    )
    assert same(found.extras[Extra.ELEVATION], [8, np.nan, 0, np.nan, np.nan])
