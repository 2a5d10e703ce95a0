"""Forms of GPX, KML and GeoJSON as apps write them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geoinspect.errors import TooLargeError, TrackError
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.formats import reading
from geoinspect.ingest.track_exports import as_geojson, as_gpx
from geoinspect.ingest.tracks import read_track, summary
from geoinspect.records import Datum
from geoinspect.settings import Settings

SETTINGS = Settings()
POINTS = '<trkpt lat="23.1" lon="112.5"/><trkpt lat="23.1001" lon="112.5001"/>'


@pytest.fixture
def read(tmp_path):
    def read_text(data, name="up.bin", **options):
        path = tmp_path / "server-made"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return read_track(path, name=name, settings=SETTINGS, **options)

    return read_text


def gpx(body: str, head: str = "") -> str:
    return f"{head}<gpx version='1.1'><trk>{body}</trk></gpx>"


def codes(file) -> set[str]:
    return {problem.code for problem in file.problems}


def geojson(*features, **members) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def feature(kind, coordinates, **properties) -> dict:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(read, encoding):
    file = read(gpx(f"<name>巡护</name><trkseg>{POINTS}</trkseg>").encode(encoding))
    assert file.lines[0].name == "巡护"
    assert len(file.segments[0]) == 2


@pytest.mark.parametrize("declared", ["GBK", "gb2312", "GB18030"])
def test_declared_chinese_encodings(read, declared):
    text = gpx(
        f"<name>巡护䶮</name><trkseg>{POINTS}</trkseg>",
        f"<?xml version='1.0' encoding='{declared}'?>",
    )
    file = read(text.encode("gb18030"))
    assert file.lines[0].name == "巡护䶮"
    assert not codes(file)


def test_one_broken_byte_does_not_garble_the_rest(read):
    name = "巡护一号线二号线三号线".encode()
    data = (
        gpx("<name>@</name><trkseg>" + POINTS + "</trkseg>").encode().replace(b"@", name + b"\xff")
    )
    file = read(data)
    assert file.lines[0].name.startswith("巡护一号线")
    assert codes(file) == {"encoding_damaged"}


def test_loose_signs_and_entities_are_repaired(read):
    file = read(gpx(f"<name>a&nbsp;b & c < d &#11;</name><trkseg>{POINTS}</trkseg>"))
    assert file.lines[0].name == "a b & c < d"
    assert codes(file) == {"repaired"}


def test_entities_inside_cdata_are_nobodys_business(read):
    file = read(gpx(f"<desc><![CDATA[<b>&nbsp;&foo; </b>]]></desc><trkseg>{POINTS}</trkseg>"))
    assert not codes(file)


@pytest.mark.parametrize("chunk", [7, 64, 1000])
def test_chunks_never_matter(read, monkeypatch, chunk):
    body = f"<name>巡护&nbsp;线</name><trkseg>{POINTS * 20}</trkseg>"
    kml = "<kml><Placemark><LineString><coordinates>" + "112.5, 23.1, 0\n" * 40
    whole_gpx, whole_kml = read(gpx(body)), read(kml)
    monkeypatch.setattr("geoinspect.ingest.formats.text.CHUNK_BYTES", chunk)
    for whole, data in ((whole_gpx, gpx(body)), (whole_kml, kml)):
        part = read(data)
        assert part.lines[0].name == whole.lines[0].name
        assert np.array_equal(part.segments[0].lon, whole.segments[0].lon)


def test_waypoints_and_extension_times_do_not_count(read):
    file = read(
        "<gpx><wpt lat='1' lon='1'><time>2026-05-14T00:00:00Z</time><name>x</name></wpt><trk>"
        "<name>real</name><trkseg><trkpt lat='23' lon='112'><time>2026-05-14T00:30:00Z</time>"
        "<extensions><a:time>2001-01-01T00:00:00Z</a:time><a:name>no</a:name></extensions></trkpt>"
        "</trkseg></trk></gpx>"
    )
    assert file.lines[0].name == "real"
    assert file.segments[0].time_s.tolist() == [1778718600.0]


def test_routes_only_without_any_track_point(read):
    route = "<rte><rtept lat='1' lon='1'/><rtept lat='1' lon='2'/></rte>"
    assert codes(read(f"<gpx>{route}<trk></trk></gpx>")) == {"route_only"}
    file = read(f"<gpx>{route}<trk><trkseg>{POINTS}</trkseg></trk></gpx>")
    assert len(file.segments) == 1
    with pytest.raises(TrackError) as caught:
        read(f"<gpx>{route}<trk><trkseg><trkpt lat='x' lon='1'/></trkseg></trk></gpx>")
    assert caught.value.code == "no_usable_point"


def test_too_many_points(read, monkeypatch):
    monkeypatch.setattr(reading, "MAX_POINTS", 3)
    with pytest.raises(TooLargeError):
        read(gpx(f"<trkseg>{POINTS * 2}</trkseg>"))


def test_kml_blanks_and_comments_between_numbers(read):
    file = read(
        "<kml><Placemark><name>线</name><LineString><coordinates>112.1, 23.1, 5\n 112.2 ,23.2"
        "<!-- c --> 112.3,23.3,</coordinates></LineString></Placemark></kml>"
    )
    assert file.lines[0].name == "线"
    assert file.segments[0].lon.tolist() == [112.1, 112.2, 112.3]
    assert file.segments[0].lat.tolist() == [23.1, 23.2, 23.3]


def test_kml_broken_off_keeps_whole_tuples(read):
    file = read("<kml><Placemark><LineString><coordinates>112.1,23.1 112.2,23.2,0 112.3,23.")
    assert len(file.segments[0]) == 2
    assert "truncated" in codes(file)


def test_kml_line_that_repeats_the_track_counts_once(read):
    track = (
        "<gx:Track><when>2026-05-14T00:00:00Z</when><when>2026-05-14T00:00:09Z</when>"
        "<gx:coord>112 23 0</gx:coord><gx:coord>112.0001 23 0</gx:coord></gx:Track>"
    )
    line = "<LineString><coordinates>{}</coordinates></LineString>"
    same = line.format("112,23,0 112.0001,23,0")
    other = line.format("113,23,0 113.0001,23,0")
    doc = "<kml><Placemark>{}</Placemark><Placemark>{}</Placemark></kml>"
    assert len(read(doc.format(track, same)).lines) == 1
    assert "repeated_line" in codes(read(doc.format(track, same)))
    assert len(read(doc.format(track, other)).lines) == 2


def test_kml_polygons_are_no_tracks(read):
    with pytest.raises(TrackError):
        read(
            "<kml><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,2 1,2 1,1"
            "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
        )


def test_kml_timed_places_only_without_lines(read):
    place = (
        "<Placemark><TimeStamp><when>2026-05-14T00:00:0{0}Z</when></TimeStamp>"
        "<Point><coordinates>112.000{0},23</coordinates></Point></Placemark>"
    )
    places = "".join(place.format(i) for i in range(4))
    file = read(f"<kml>{places}</kml>")
    assert len(file.segments[0]) == 4
    assert np.isfinite(file.segments[0].time_s).all()
    line = "<Placemark><LineString><coordinates>1,1 2,2</coordinates></LineString></Placemark>"
    assert len(read(f"<kml>{places}{line}</kml>").segments[0]) == 2


@pytest.mark.parametrize(
    "properties",
    [
        {"coordTimes": ["2026-05-14T00:30:00Z", None]},
        {"times": [1778718600000, None]},
        {"coordinateProperties": {"times": ["2026-05-14T00:30:00Z"]}},
        {"timestamps": ["2026-05-14 08:30:00+0800"]},
    ],
)
def test_geojson_times_of_a_line(read, properties):
    file = read(geojson(feature("LineString", [[112, 23], [112.1, 23]], **properties)))
    assert file.segments[0].time_s[0] == 1778718600
    assert np.isnan(file.segments[0].time_s[1])


def test_geojson_multiline_times_are_nested(read):
    lines = [[[112, 23], [112.1, 23]], [[113, 23], [113.1, 23]]]
    times = [["2026-05-14T00:30:00Z"] * 2, ["2026-05-14T00:31:00Z"] * 2]
    file = read(geojson(feature("MultiLineString", lines, coordTimes=times, name="a")))
    assert [segment.time_s[0] for segment in file.segments] == [1778718600, 1778718660]


@pytest.mark.parametrize("key", ["time", "timestamp", "recorded_at", "Recorded At", "定位时间"])
@pytest.mark.parametrize("group", ["track_id", "deviceId", "id", "人员"])
def test_geojson_points_by_sender(read, key, group):
    points = [
        feature(
            "Point", [112 + i / 1000, 23], **{key: f"2026-05-14T00:00:0{i}Z", group: f"r{i % 2}"}
        )
        for i in range(6)
    ]
    file = read(geojson(*points))
    assert [line.name for line in file.lines] == ["r0", "r1"]
    assert [len(segment) for segment in file.segments] == [3, 3]


def test_geojson_row_numbers_are_no_senders(read):
    points = [feature("Point", [112, 23 + i / 1e3], id=i, time=1778718600 + i) for i in range(5)]
    assert len(read(geojson(*points)).lines) == 1


def test_geojson_untimed_points_are_no_track(read):
    with pytest.raises(TrackError) as caught:
        read(geojson(feature("Point", [112, 23]), feature("Point", [113, 23])))
    assert caught.value.code == "no_track"


def test_geojson_numbers_beyond_any_size_cost_their_point(read):
    huge = geojson(feature("LineString", [[112.5, 23.1], [112.5, 23.2]], id=7)).replace(
        "[112.5, 23.2]", f"[{'9' * 10_000}, 23.2], [-{'9' * 350}, 23.2], [112.6, 23.2]"
    )
    file = read(huge)
    assert sum(len(segment) for segment in file.segments) == 2
    assert sum(file.refused.values()) == 2


@pytest.mark.parametrize(
    ("name", "kept"),
    [("踏查\ud83d\x00😀\x1b[31m", "踏查😀[31m"), ("\udc00 \x07", None), (" 甲\n乙 ", "甲 乙")],
)
def test_names_can_be_written_anywhere(read, name, kept):
    file = read(geojson(feature("LineString", [[112.5, 23.1], [112.6, 23.2]], name=name)))
    assert file.lines[0].name == kept
    assert as_geojson(file).encode()
    assert as_gpx(file).encode()


def test_geojson_crs_member(read):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    file = read(geojson(feature("LineString", [[5e5, 2.56e6], [5.001e5, 2.56e6]]), crs=crs))
    assert file.segments[0].lon[0] == pytest.approx(114)
    crs["properties"]["name"] = "EPSG:99999"
    with pytest.raises(TrackError):
        read(geojson(feature("LineString", [[5e5, 2.56e6]]), crs=crs))


@pytest.mark.parametrize(
    ("data", "name", "found"),
    [
        (gpx(f"<desc>坐标系:GCJ-02</desc><trkseg>{POINTS}</trkseg>"), "a.gpx", Datum.GCJ02),
        (gpx(f"<desc>百度坐标</desc><trkseg>{POINTS}</trkseg>"), "a.gpx", Datum.BD09),
        (gpx(f"<desc>gcj02 to wgs84</desc><trkseg>{POINTS}</trkseg>"), "a.gpx", None),
        (gpx(f"<name>高德镇</name><trkseg>{POINTS}</trkseg>"), "a.gpx", None),
        (gpx(f"<trkseg>{POINTS}</trkseg>"), "a.OVKML", Datum.GCJ02),
        (geojson(feature("LineString", [[112.5, 23.1]] * 2, datum="gcj02")), "a", Datum.GCJ02),
        (geojson(feature("LineString", [[112.5, 23.1]] * 2), datum="BD-09"), "a", Datum.BD09),
        (
            "<kml><Placemark><ExtendedData><Data name='坐标系'><value>WGS84</value></Data>"
            "</ExtendedData><LineString><coordinates>1,1 2,2</coordinates></LineString></Placemark>"
            "</kml>",
            "a.ovkml",
            Datum.WGS84,
        ),
    ],
)
def test_datum_named_in_the_file(read, data, name, found):
    assert read(data, name).datum.found is found


def test_declared_datum_beats_the_flag(read):
    file = read(gpx(f"<desc>GCJ-02</desc><trkseg>{POINTS}</trkseg>"), datum=Datum.WGS84)
    assert file.datum.used is Datum.WGS84
    assert file.datum.found is Datum.GCJ02
    assert codes(file) == {"datum_contradiction"}
    assert file.segments[0].lon[0] == 112.5


def test_datum_abroad_is_told(read):
    file = read("<gpx><trk><trkpt lat='46' lon='14'/></trk></gpx>", datum=Datum.GCJ02)
    assert file.segments[0].lon[0] == 14
    assert "datum_not_shifted" in codes(file)


def test_summary_says_what_was_done(read):
    file = read(gpx(f"<trkseg>{POINTS}<trkpt lat='95' lon='1'/></trkseg>"), datum=Datum.GCJ02)
    text = summary(file, [clean(file.segments, mode=None, settings=SETTINGS)], "甲.gpx")
    assert text.zh.startswith("轨迹 甲.gpx:2 个点,跳过不可用的点(纬度超出范围 1);")
    assert "GCJ-02" in text.zh
    assert "1 latitude out of range" in text.en
