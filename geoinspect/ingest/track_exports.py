"""Tracks as GeoJSON and GPX 1.1, in WGS84."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

from geoinspect.records import CleanedTrack, Extra, Segment, TrackFile, TrackLine, utc_iso

# What XML 1.0 can't hold even escaped (2.2, Char).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECIMALS = 7
_ELEVATION_DECIMALS = 2


def as_geojson(file: TrackFile, cleaned: CleanedTrack | None = None) -> str:
    """Return a FeatureCollection (RFC 7946): one feature a track, with ``coordTimes``.

    Positions have a third number where the elevation is known. A segment of a single point is no line and becomes a Point.

    Args:
        file: The track as read.
        cleaned: Write this instead of the raw points.
    """
    features = [feature for line in _lines(file, cleaned) for feature in _features(line)]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, allow_nan=False)


def as_gpx(file: TrackFile, cleaned: CleanedTrack | None = None) -> str:
    """Return GPX 1.1 that is valid against its schema: one ``trk`` a track.

    Args:
        file: The track as read.
        cleaned: Write this instead of the raw points.
    """
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
    ]
    for line in _lines(file, cleaned):
        parts.append("<trk>")
        if line.name is not None:
            parts.append(f"<name>{escape(_NOT_XML.sub('', line.name))}</name>")
        for segment in line.segments:
            parts.append("\n<trkseg>\n")
            parts += _track_points(segment)
            parts.append("</trkseg>")
        parts.append("</trk>\n")
    parts.append("</gpx>\n")
    return "".join(parts)


def _lines(file: TrackFile, cleaned: CleanedTrack | None) -> Sequence[TrackLine]:
    if cleaned is None:
        return file.lines
    names = [line.name for line in file.lines if line.name is not None]
    return [TrackLine(names[0] if names else None, cleaned.segments)]


def _features(line: TrackLine) -> list[dict[str, object]]:
    runs = [segment for segment in line.segments if len(segment) > 1]
    features = []
    if len(runs) == 1:
        coordinates: object = _positions(runs[0])
        features.append(_feature("LineString", coordinates, line.name, _times(runs[0])))
    elif runs:
        coordinates = [_positions(segment) for segment in runs]
        times = [_times(segment) for segment in runs]
        timed = None if all(part is None for part in times) else times
        features.append(_feature("MultiLineString", coordinates, line.name, timed))
    for segment in line.segments:
        if len(segment) == 1:
            feature = _feature("Point", _positions(segment)[0], line.name, None)
            feature["properties"] = {"name": line.name, "time": utc_iso(float(segment.time_s[0]))}
            features.append(feature)
    return features


def _feature(kind: str, coordinates: object, name: str | None, times: object) -> dict[str, object]:
    properties: dict[str, object] = {"name": name}
    if times is not None:
        properties["coordTimes"] = times
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _positions(segment: Segment) -> list[list[float]]:
    columns = np.column_stack([segment.lon, segment.lat])
    positions: list[list[float]] = np.round(columns, _DECIMALS).tolist()
    for position, elevation in zip(positions, _elevations(segment), strict=True):
        if elevation is not None:
            position.append(elevation)
    return positions


def _elevations(segment: Segment) -> list[float | None]:
    """Return metres above sea level, None where they are not known."""
    metres = segment.extras.get(Extra.ELEVATION)
    if metres is None:
        return [None] * len(segment)
    return [
        round(value, _ELEVATION_DECIMALS) if np.isfinite(value) else None
        for value in metres.tolist()
    ]


def _times(segment: Segment) -> list[str | None] | None:
    """Return a time or null for each point; None when none has a time."""
    if not np.isfinite(segment.time_s).any():
        return None
    return [utc_iso(moment) for moment in segment.time_s.tolist()]


def _track_points(segment: Segment) -> list[str]:
    points = []
    for (lon, lat, *elevation), time_s in zip(
        _positions(segment), segment.time_s.tolist(), strict=True
    ):
        # The schema's longitude ends before 180, which is the same meridian as -180.
        west_lon = -180.0 if lon == 180.0 else lon
        moment = utc_iso(time_s)
        inner = "".join(f"<ele>{metres:.{_ELEVATION_DECIMALS}f}</ele>" for metres in elevation)
        if moment is not None:
            inner += f"<time>{moment}</time>"
        body = f">{inner}</trkpt>\n" if inner else "/>\n"
        points.append(f'<trkpt lat="{lat:.{_DECIMALS}f}" lon="{west_lon:.{_DECIMALS}f}"{body}')
    return points
