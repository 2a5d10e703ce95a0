"""Polygons from KML: every Placemark of every folder, with its name and extended data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, Protocol, TypeVar

from shapely import Polygon

from geoinspect.crs import WGS84
from geoinspect.errors import AreaError, Text, TrackError
from geoinspect.ingest.boundaries.layers import Boundaries, Layer, joined, polygon_of
from geoinspect.ingest.formats.markup import Sink, read_markup
from geoinspect.records import Problem

_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_AROUND_COMMA = re.compile(r"\s*,\s*")


def root_name(head: str) -> str | None:
    """Return the local name of a document's root element; None when there is none in sight.

    Args:
        head: The beginning of the document as text.
    """
    text = head.lstrip("\ufeff\u200b")
    before = _BEFORE_ROOT.match(text)
    match = _ROOT.match(text, before.end() if before else 0)
    return match[1] if match else None


class PlacemarkSink(Sink, Protocol):
    """Collects what it wants of a KML document's Placemarks into one layer."""

    layer: Layer
    links: int


_Sink = TypeVar("_Sink", bound=PlacemarkSink)


def read_kml(stream: BinaryIO, label: str) -> Boundaries:
    """Return the polygons of the Placemarks of a KML document; links are not followed.

    Raises:
        AreaError: The document declares entities, nests absurdly or has an absurdly long tag.
    """
    return read_placemarks(stream, label, _BoundarySink)


def read_placemarks(stream: BinaryIO, label: str, sink_type: Callable[[], _Sink]) -> Boundaries:
    """Return what a sink collects of a KML document. Network links are not followed.

    Raises:
        AreaError: The document declares entities, nests absurdly or has an absurdly long tag.
    """
    try:
        sink, problems = read_markup(stream, sink_type)
    except TrackError as error:
        raise AreaError(
            f"{label}:文件含有实体声明、过深嵌套或超长标签,正常的 KML 没有这些,已拒绝读取;请重新导出",
            f"{label}: the file has entity declarations, absurd nesting or an absurdly long tag, "
            "which no honest KML needs, and was not read: export it again",
            code="hostile_markup",
        ) from error
    told = [_cut_off(p) if p.code == "truncated" else p for p in problems]
    if sink.links > 0:
        told.append(_links_ignored(sink.links))
    return Boundaries([sink.layer], told)


class _BoundarySink:
    """Collects the polygons of each Placemark."""

    def __init__(self) -> None:
        self.layer = Layer(crs=WGS84)
        self.links = 0
        self._polygons: list[Polygon] | None = None
        self._rings: list[list[list[str]]] | None = None
        self._attributes: dict[str, str] = {}
        self._broken = False
        self._in_ring = False
        self._key = ""
        self._named = False
        self.starts = {
            "Placemark": self._start_placemark,
            "Polygon": self._start_polygon,
            "LinearRing": self._start_ring,
            "Data": self._start_data,
            "SimpleData": self._start_data,
            "NetworkLink": self._start_link,
        }
        self.ends = {
            "Placemark": self._end_placemark,
            "Polygon": self._end_polygon,
            "LinearRing": self._end_ring,
            "Data": self._end_data,
        }
        self.texts = {
            "name": self._take_name,
            "value": self._take_value,
            "SimpleData": self._take_value,
        }
        self.bulk = {"coordinates": self._take_coordinates}

    def _start_link(self, _: dict[str, str]) -> None:
        self.links += 1

    def _start_placemark(self, _: dict[str, str]) -> None:
        self._polygons, self._attributes, self._broken = [], {}, False
        self._named = False

    def _end_placemark(self) -> None:
        polygons = self._polygons
        self._polygons = None
        if polygons is None:
            return
        if self._broken:
            self.layer.broken += 1
        else:
            self.layer.add(joined(polygons), self._attributes)

    def _start_polygon(self, _: dict[str, str]) -> None:
        self._rings = []

    def _end_polygon(self) -> None:
        rings, self._rings = self._rings, None
        if rings is None or self._polygons is None:
            return
        try:
            polygon = polygon_of(rings)
        except ValueError:
            self._broken = True
            return
        if polygon is not None:
            self._polygons.append(polygon)

    def _start_ring(self, _: dict[str, str]) -> None:
        self._in_ring = self._rings is not None
        if self._rings is not None:
            self._rings.append([])

    def _end_ring(self) -> None:
        self._in_ring = False

    def _take_coordinates(self, text: str) -> None:
        if self._in_ring and self._rings:
            tuples = _AROUND_COMMA.sub(",", text).split()
            self._rings[-1].extend(position.split(",") for position in tuples)

    def _start_data(self, attributes: dict[str, str]) -> None:
        self._key = attributes.get("name", "")

    def _end_data(self) -> None:
        self._key = ""

    def _take_name(self, text: str) -> None:
        # The Placemark's own name comes first; later ones are of styles and the like.
        if self._polygons is not None and not self._named:
            self._named = True
            self._put("name", text)

    def _take_value(self, text: str) -> None:
        if self._polygons is not None and self._key:
            self._put(self._key, text)

    def _put(self, key: str, text: str) -> None:
        if text.strip():
            self._attributes[key] = text.strip()


def _cut_off(problem: Problem) -> Problem:
    return replace(
        problem,
        text=Text(
            "文件不完整或中途损坏,只读取了损坏处之前的区域,后面的可能缺失;请检查原文件并重新导出",
            "the file is cut off or damaged; only the areas before that place were read and others "
            "may be missing: check the original and export it again",
        ),
    )


def _links_ignored(count: int) -> Problem:
    return Problem(
        "links_ignored",
        Text(
            f"文件里有 {count} 个网络链接,不会打开;请把链接的内容另存为 KML 后导入",
            f"{count} network links in the file are never opened: save what they show as KML",
        ),
        count,
    )
