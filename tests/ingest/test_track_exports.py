"""What ``tracks convert`` writes: GeoJSON and GPX 1.1 that others can read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xmlschema

from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.datum_choice import resolve_datum
from geoinspect.ingest.track_exports import as_geojson, as_gpx
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Extra, Segment, TrackFile, TrackLine
from geoinspect.settings import Settings

SETTINGS = Settings()
NASTY = "</name><x>&amp;\x0b\x00\ud800\uffff ${a} {{7*7}} 巡护"
# The parts of GPX 1.1 that we write, in the order and with the bounds that its schema demands.
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="http://www.topografix.com/GPX/1/1"
 targetNamespace="http://www.topografix.com/GPX/1/1" elementFormDefault="qualified">
 <xs:simpleType name="lat"><xs:restriction base="xs:decimal"><xs:minInclusive value="-90.0"/>
  <xs:maxInclusive value="90.0"/></xs:restriction></xs:simpleType>
 <xs:simpleType name="lon"><xs:restriction base="xs:decimal"><xs:minInclusive value="-180.0"/>
  <xs:maxExclusive value="180.0"/></xs:restriction></xs:simpleType>
 <xs:complexType name="pt"><xs:sequence><xs:element name="ele" type="xs:decimal" minOccurs="0"/>
  <xs:element name="time" type="xs:dateTime" minOccurs="0"/>
  </xs:sequence><xs:attribute name="lat" type="g:lat" use="required"/>
  <xs:attribute name="lon" type="g:lon" use="required"/></xs:complexType>
 <xs:complexType name="seg"><xs:sequence>
  <xs:element name="trkpt" type="g:pt" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
 <xs:complexType name="trk"><xs:sequence><xs:element name="name" type="xs:string" minOccurs="0"/>
  <xs:element name="trkseg" type="g:seg" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
 <xs:element name="gpx"><xs:complexType><xs:sequence>
  <xs:element name="trk" type="g:trk" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="version" type="xs:string" use="required" fixed="1.1"/>
  <xs:attribute name="creator" type="xs:string" use="required"/></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(SCHEMA)


def made(*lines: TrackLine) -> TrackFile:
    return TrackFile("gpx", lines, {}, (), resolve_datum(None, None))


def segment(
    count: int, *, timed: bool = True, lon: float = 112.5, elevation: tuple[float, ...] = ()
) -> Segment:
    steps = np.arange(count)
    time_s = 1778718600 + steps * 0.5 if timed else np.full(count, np.nan)
    extras = {Extra.ELEVATION: np.array(elevation)} if elevation else {}
    return Segment(lon + steps * 1e-4, 23 + steps * 1e-4, time_s, extras)


FILES = {
    "plain": made(TrackLine("a", (segment(3),))),
    "many": made(TrackLine("a", (segment(3), segment(1), segment(2))), TrackLine(None, (segment(1),))),
    "untimed": made(TrackLine(None, (segment(3, timed=False),))),
    "high": made(TrackLine("h", (segment(4, elevation=(812.456, np.nan, -3.0, 1e21)),))),
    "high and untimed": made(TrackLine("h", (segment(2, timed=False, elevation=(0.0, 5.5)),))),
    "nasty": made(TrackLine(NASTY, (segment(2),))),
    "edges": made(
        TrackLine(
            "e", (Segment(np.array([180.0, 179.99999999, -180.0]), np.array([90.0, -90.0, 0]), np.full(3, np.nan)),)
        )
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_gpx_is_valid(schema, name):
    schema.validate(as_gpx(FILES[name]))


@pytest.mark.parametrize("write", [as_gpx, as_geojson])
@pytest.mark.parametrize("name", ["plain", "many", "untimed", "high", "high and untimed"])
def test_comes_back_the_same(tmp_path, write, name):
    path = tmp_path / "out"
    path.write_text(write(FILES[name]), encoding="utf-8")
    again = read_track(path, settings=SETTINGS)
    wanted = [s for s in FILES[name].segments if len(s) > 1 or write is as_gpx]
    for one, other in zip(again.segments, wanted, strict=True):
        assert one.lon == pytest.approx(other.lon, abs=6e-8)
        assert one.lat == pytest.approx(other.lat, abs=6e-8)
        assert np.array_equal(one.time_s, other.time_s, equal_nan=True)
        assert one.extras.keys() == other.extras.keys()
        for extra, values in other.extras.items():
            assert one.extras[extra] == pytest.approx(values, abs=0.006, nan_ok=True)


def test_names_are_text(tmp_path):
    path = tmp_path / "out.gpx"
    path.write_text(as_gpx(FILES["nasty"]), encoding="utf-8")
    assert read_track(path, settings=SETTINGS).lines[0].name == "</name><x>&amp; ${a} {{7*7}} 巡护"


def test_geojson_form():
    features = json.loads(as_geojson(FILES["many"]))["features"]
    kinds = [feature["geometry"]["type"] for feature in features]
    assert kinds == ["MultiLineString", "Point", "Point"]
    multi = features[0]
    assert [len(part) for part in multi["geometry"]["coordinates"]] == [3, 2]
    assert [len(part) for part in multi["properties"]["coordTimes"]] == [3, 2]
    assert multi["properties"]["coordTimes"][0][1] == "2026-05-14T00:30:00.500Z"
    assert "coordTimes" not in json.loads(as_geojson(FILES["untimed"]))["features"][0]["properties"]


def test_cleaned_is_written_instead(shared_data, schema):
    file = read_track(shared_data / "tracks" / "syn_outliers.gpx", settings=SETTINGS)
    cleaned = clean(file.segments, mode=None, settings=SETTINGS)
    text = as_gpx(file, cleaned)
    schema.validate(text)
    assert text.count("<trkpt") == sum(len(s) for s in cleaned.segments)
    assert "<name>" in text
    positions = json.loads(as_geojson(file, cleaned))["features"][0]["geometry"]["coordinates"]
    assert len(positions) == text.count("<trkpt")
