"""Write tracks as field apps do: GPX 1.1 and 1.0, KML with and without times, GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from sample_data.manifest import NOTE

TrackFormat = Literal["gpx11", "gpx10", "kml_track", "kml_line", "geojson", "ovkml"]


@dataclass(frozen=True, slots=True)
class Point:
    """One point as it is written: text, because some of it is wrong on purpose."""

    lon: str
    lat: str
    height: str
    time: str


@dataclass(frozen=True, slots=True)
class TrackText:
    """What goes into one file: its title, and the points of each track."""

    title: str
    tracks: Sequence[Sequence[Point]]


def iso(time_s: float) -> str:
    """Return whole seconds UTC with Z."""
    return datetime.fromtimestamp(round(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_track(path: Path, text: TrackText, form: TrackFormat) -> None:
    """Write one file; line ends and bytes depend on the content alone."""
    path.write_text(_WRITERS[form](text), "utf-8", newline="\n")


def _trkpt(point: Point) -> str:
    return (
        f'<trkpt lat="{point.lat}" lon="{point.lon}"><ele>{point.height}</ele>'
        f"<time>{point.time}</time></trkpt>"
    )


def _gpx11(text: TrackText) -> str:
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
    )


def _gpx10(text: TrackText) -> str:
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
    )


def _kml(text: TrackText, places: str, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2" '
        'xmlns:gx="http://www.google.com/kml/ext/2.2">\n'
        f"<Document><name>{escape(text.title)}</name>"
        f"<description>{escape(NOTE + more)}</description>\n{places}</Document></kml>\n"
    )


def _kml_track(text: TrackText, more: str = "") -> str:
    places = "".join(
        f"<Placemark><name>{escape(text.title)}</name><gx:Track>\n"
        + "\n".join(f"<when>{point.time}</when>" for point in track)
        + "\n"
        + "\n".join(f"<gx:coord>{p.lon} {p.lat} {p.height}</gx:coord>" for p in track)
        + "\n</gx:Track></Placemark>\n"
        for track in text.tracks
    )
    return _kml(text, places, more)


def _kml_line(text: TrackText) -> str:
    places = "".join(
        f"<Placemark><name>{escape(text.title)}</name><LineString><coordinates>\n"
        + "\n".join(f"{point.lon},{point.lat},{point.height}" for point in track)
        + "\n</coordinates></LineString></Placemark>\n"
        for track in text.tracks
    )
    return _kml(text, places)


def _ovkml(text: TrackText) -> str:
    return _kml_track(text, more=" 坐标系:GCJ-02(火星坐标)")


def _geojson(text: TrackText) -> str:
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
    return json.dumps(collection, ensure_ascii=False) + "\n"


_WRITERS: dict[TrackFormat, Callable[[TrackText], str]] = {
    "gpx11": _gpx11,
    "gpx10": _gpx10,
    "kml_track": _kml_track,
    "kml_line": _kml_line,
    "geojson": _geojson,
    "ovkml": _ovkml,
}

SUFFIX: dict[TrackFormat, str] = {
    "gpx11": ".gpx",
    "gpx10": ".gpx",
    "kml_track": ".kml",
    "kml_line": ".kml",
    "geojson": ".geojson",
    "ovkml": ".ovkml",
}
