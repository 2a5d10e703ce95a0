"""A field person's day for the phone: GPX 1.1 with one waypoint a stop and the way through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geoinspect.report.gap_files import gpx_place
from geoinspect.report.plain_text import xml_text


@dataclass(frozen=True, slots=True)
class DayStop:
    """A stop of the day.

    Attributes:
        lon, lat: WGS84.
        title: What a phone shows on the map.
        words: What to do there, by when.
        kind: ``case``, ``site`` or ``gap``.
    """

    lon: float
    lat: float
    title: str
    words: str
    kind: str


def day_gpx(name: str, start: tuple[float, float], stops: Sequence[DayStop]) -> str:
    """Return GPX 1.1 that is valid against its schema: the stops, then one route from the start.

    Args:
        name: Of the route.
        start: Where it begins, lon, lat.
        stops: In the order of visiting.
    """
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
    ]
    for number, stop in enumerate(stops, start=1):
        parts.append(
            f"<wpt {gpx_place(stop.lon, stop.lat)}><name>{number:02d} {xml_text(stop.title)}</name>"
            f"<desc>{xml_text(stop.words)}</desc><type>{xml_text(stop.kind)}</type></wpt>\n"
        )
    if stops:
        parts.append(f"<rte><name>{xml_text(name)}</name>\n<rtept {gpx_place(*start)}/>\n")
        parts += [f"<rtept {gpx_place(stop.lon, stop.lat)}/>\n" for stop in stops]
        parts.append("</rte>\n")
    parts.append("</gpx>\n")
    return "".join(parts)
