"""Write tracks as field apps do: GPX 1.1 and 1.0, KML with and without times, TCX, GeoJSON.

Tables and receiver logs are in ``track_tables``.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from xml.sax.saxutils import escape

from sample_data.manifest import NOTE
from sample_data.track_tables import airdata, csv_gbk, csv_plane, nmea
from sample_data.written import Point, TrackText

TrackFormat = Literal[
    "gpx11",
    "gpx11_gz",
    "gpx10",
    "kml_track",
    "kml_line",
    "kmz",
    "ovkml",
    "tcx",
    "geojson",
    "csv_gbk",
    "csv_plane",
    "nmea",
    "airdata",
]


def write_track(path: Path, text: TrackText, form: TrackFormat) -> None:
    """Write one file; line ends and bytes depend on the content alone."""
    path.write_bytes(_WRITERS[form](text))


def _trkpt(point: Point) -> str:
    said = point.accuracy and f"<extensions><accuracy>{point.accuracy}</accuracy></extensions>"
    return (
        f'<trkpt lat="{point.lat}" lon="{point.lon}"><ele>{point.height}</ele>'
        f"<time>{point.time}</time>{said}</trkpt>"
    )


def _gpx11(text: TrackText) -> bytes:
    title, note = escape(text.title), escape(NOTE)
    tracks = "".join(
        f"<trk><name>{title}</name><desc>{note}</desc><type>patrol</type><trkseg>\n"
        + "\n".join(map(_trkpt, track))
        + "\n</trkseg></trk>\n"
        for track in text.tracks
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="simulated field app" '
        'xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<metadata><name>{title}</name><desc>{note}</desc></metadata>\n{tracks}</gpx>\n"
    ).encode()


def _gpx11_gz(text: TrackText) -> bytes:
    return gzip.compress(_gpx11(text), mtime=0)


def _gpx10(text: TrackText) -> bytes:
    title, note = escape(text.title), escape(NOTE)
    tracks = "".join(
        f"<trk><name>{title}</name><trkseg>\n"
        + "\n".join(map(_trkpt, track))
        + "\n</trkseg></trk>\n"
        for track in text.tracks
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.0" creator="simulated handset" '
        'xmlns="http://www.topografix.com/GPX/1/0">\n'
        f"<name>{title}</name><desc>{note}</desc>\n{tracks}</gpx>\n"
    ).encode()


def _kml(text: TrackText, places: str, more: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2" '
        'xmlns:gx="http://www.google.com/kml/ext/2.2">\n'
        f"<Document><name>{escape(text.title)}</name>"
        f"<description>{escape(NOTE + more)}</description>\n{places}</Document></kml>\n"
    ).encode()


def _kml_track(text: TrackText, more: str = "") -> bytes:
    places = "".join(
        f"<Placemark><name>{escape(text.title)}</name><gx:Track>\n"
        + "\n".join(f"<when>{point.time}</when>" for point in track)
        + "\n"
        + "\n".join(f"<gx:coord>{p.lon} {p.lat} {p.height}</gx:coord>" for p in track)
        + "\n</gx:Track></Placemark>\n"
        for track in text.tracks
    )
    return _kml(text, places, more)


def _kml_line(text: TrackText) -> bytes:
    places = "".join(
        f"<Placemark><name>{escape(text.title)}</name><LineString><coordinates>\n"
        + "\n".join(f"{point.lon},{point.lat},{point.height}" for point in track)
        + "\n</coordinates></LineString></Placemark>\n"
        for track in text.tracks
    )
    return _kml(text, places)


def _ovkml(text: TrackText) -> bytes:
    return _kml_track(text, more=" 坐标系:GCJ-02(火星坐标)")


def _kmz(text: TrackText) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("doc.kml", (2026, 3, 25, 8, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, _kml_track(text))
    return packed.getvalue()


def _tcx(text: TrackText) -> bytes:
    activities = "".join(
        f'<Activity Sport="Other"><Id>{track[0].time}</Id><Lap StartTime="{track[0].time}"><Track>\n'
        + "\n".join(
            f"<Trackpoint><Time>{p.time}</Time><Position><LatitudeDegrees>{p.lat}"
            f"</LatitudeDegrees><LongitudeDegrees>{p.lon}</LongitudeDegrees></Position>"
            f"<AltitudeMeters>{p.height}</AltitudeMeters></Trackpoint>"
            for p in track
        )
        + f"\n</Track></Lap><Notes>{escape(text.title + ' ' + NOTE)}</Notes></Activity>\n"
        for track in text.tracks
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">\n'
        f"<Activities>{activities}</Activities></TrainingCenterDatabase>\n"
    ).encode()


def _geojson(text: TrackText) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": text.title,
                "note": NOTE,
                "coordTimes": [point.time for point in track],
            },
            "geometry": {
                "type": "LineString",
                "coordinates": [[float(p.lon), float(p.lat), float(p.height)] for p in track],
            },
        }
        for track in text.tracks
    ]
    collection = {"type": "FeatureCollection", "note": NOTE, "features": features}
    return (json.dumps(collection, ensure_ascii=False) + "\n").encode()


_WRITERS: dict[TrackFormat, Callable[[TrackText], bytes]] = {
    "gpx11": _gpx11,
    "gpx11_gz": _gpx11_gz,
    "gpx10": _gpx10,
    "kml_track": _kml_track,
    "kml_line": _kml_line,
    "kmz": _kmz,
    "ovkml": _ovkml,
    "tcx": _tcx,
    "geojson": _geojson,
    "csv_gbk": csv_gbk,
    "csv_plane": csv_plane,
    "nmea": nmea,
    "airdata": airdata,
}

SUFFIX = MappingProxyType[TrackFormat, str](
    {
        "gpx11": ".gpx",
        "gpx11_gz": ".gpx.gz",
        "gpx10": ".gpx",
        "kml_track": ".kml",
        "kml_line": ".kml",
        "kmz": ".kmz",
        "ovkml": ".ovkml",
        "tcx": ".tcx",
        "geojson": ".geojson",
        "csv_gbk": ".csv",
        "csv_plane": ".csv",
        "nmea": ".nmea",
        "airdata": ".csv",
    }
)
