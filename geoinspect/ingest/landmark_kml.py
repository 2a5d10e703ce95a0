"""Points, lines and polygons of KML Placemarks, with their names and their data."""

from __future__ import annotations

import re
from typing import BinaryIO

from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84
from geoinspect.ingest.boundaries.kml import read_placemarks
from geoinspect.ingest.boundaries.layers import Boundaries, Layer, polygon_of
from geoinspect.ingest.landmark_layers import gathered, line_of, point_of

_AROUND_COMMA = re.compile(r"\s*,\s*")


def read_kml(stream: BinaryIO, label: str) -> Boundaries:
    """Return points, lines and polygons of the Placemarks; links are not followed.

    Raises:
        AreaError: The document declares entities, nests absurdly or has an absurdly long tag.
    """
    return read_placemarks(stream, label, _MarkSink)


class _MarkSink:
    """Collects the geometries of each Placemark."""

    def __init__(self) -> None:
        self.layer = Layer(crs=WGS84)
        self.links = 0
        self._parts: list[BaseGeometry] | None = None
        # Of the geometry that is open: its kind and its lists of positions, one a ring.
        self._kind = ""
        self._rings: list[list[list[str]]] = []
        self._name = ""
        self._data: dict[str, str] = {}
        self._key = ""
        self._broken = False
        self.starts = {
            "Placemark": self._start_placemark,
            "NetworkLink": self._start_link,
            "Point": lambda _: self._start("Point"),
            "LineString": lambda _: self._start("LineString"),
            "Polygon": lambda _: self._start("Polygon"),
            "LinearRing": lambda _: self._start_ring(),
            "Data": self._start_data,
            "SimpleData": self._start_data,
        }
        self.ends = {
            "Placemark": self._end_placemark,
            "Point": self._end,
            "LineString": self._end,
            "Polygon": self._end,
        }
        self.texts = {
            "name": self._take_name,
            "value": self._take_data,
            "SimpleData": self._take_data,
        }
        self.bulk = {"coordinates": self._take_coordinates}

    def _start_link(self, _: dict[str, str]) -> None:
        self.links += 1

    def _start_placemark(self, _: dict[str, str]) -> None:
        self._parts, self._name, self._broken, self._kind = [], "", False, ""
        self._data, self._key = {}, ""

    def _end_placemark(self) -> None:
        parts, self._parts = self._parts, None
        if parts is None:
            return
        if self._broken:
            self.layer.broken += 1
        else:
            name = {"name": self._name} if self._name else {}
            self.layer.add(gathered(parts), {**self._data, **name})

    def _start(self, kind: str) -> None:
        self._kind, self._rings = kind, [] if kind == "Polygon" else [[]]

    def _start_ring(self) -> None:
        if self._kind == "Polygon":
            self._rings.append([])

    def _end(self) -> None:
        kind, rings, self._kind = self._kind, self._rings, ""
        if self._parts is None or not kind or not any(rings):
            return
        try:
            if kind == "Polygon":
                made = polygon_of(rings)
            else:
                made = point_of(rings[0][0]) if kind == "Point" else line_of(rings[0])
        except ValueError:
            self._broken = True
            return
        self._parts += [] if made is None else [made]

    def _take_coordinates(self, text: str) -> None:
        if self._kind and self._rings:
            tuples = _AROUND_COMMA.sub(",", text).split()
            self._rings[-1].extend(position.split(",") for position in tuples)

    def _start_data(self, attributes: dict[str, str]) -> None:
        self._key = attributes.get("name", "")

    def _take_data(self, text: str) -> None:
        if self._parts is not None and self._key and text.strip():
            self._data[self._key] = text.strip()
            self._key = ""

    def _take_name(self, text: str) -> None:
        # The Placemark's own name comes first; later ones are of styles and the like.
        if self._parts is not None and not self._name:
            self._name = text.strip()
