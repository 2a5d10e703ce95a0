"""Ovital's ovjsn (奥维互动地图): JSON of objects in folders.

There is no official description; what is known was taken from files: type 8 is a track with a
flat list of latitudes and longitudes, 7 a place, 30 a folder. Each object says in ``Gcj02`` of
its own detail whether it is in GCJ-02; the ``Gcj02`` of its nested 3-D view says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.formats.json_text import load_json, scalar, sequence
from geoinspect.ingest.formats.reading import Reading, ReadOptions, TrackBuilder
from geoinspect.records import Datum, Problem

_PLACE, _TRACK = 7, 8
_CHILDREN = ("ObjItems", "ObjChildren")
_VERTICES = ("Latlng", "PointList")

Json = Mapping[str, object]


class _Lines:
    """Lines of one sort."""

    def __init__(self) -> None:
        self.builder = TrackBuilder()
        self.count = 0

    def add(self, name: object, detail: Json, vertices: Sequence[object]) -> None:
        builder, values = self.builder, iter(vertices)
        for lat, lon in zip_longest(values, values):
            builder.flush_when_full()
            builder.lat.append(scalar(lat))
            builder.lon.append(scalar(lon))
            builder.time.append(None)
        self.count += 1
        builder.set_name(name if isinstance(name, str) else None)
        builder.set_datum(_datum(detail.get("Gcj02")))
        builder.end_line()


def read_ovjsn(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the tracks of an ovjsn file; other lines only where it has no track.

    Raises:
        TrackError: Not JSON.
        TooLargeError: More points than any day's work.
    """
    reading = Reading()
    tracks, shapes = _Lines(), _Lines()
    for kind, name, detail in _objects(load_json(stream, reading)):
        vertices = next((found for key in _VERTICES if (found := sequence(detail.get(key)))), ())
        if kind == _TRACK:
            tracks.add(name, detail, vertices)
        elif len(vertices) >= 4:
            shapes.add(name, detail, vertices)
        elif kind == _PLACE:
            reading.waypoints += 1
    chosen = tracks if tracks.builder.points_seen else shapes
    reading.lines = chosen.builder.lines()
    reading.refused = chosen.builder.refused
    if shapes.count:
        reading.problems.append(
            _shapes_only(shapes.count) if chosen is shapes else _shapes_left(shapes.count)
        )
    return reading


def _objects(document: object) -> Iterator[tuple[object, object, Json]]:
    """Yield type, name and detail of every object, also of those in folders, in file order."""
    pending = [document]
    while pending:
        item = _mapping(pending.pop())
        inner = _mapping(item.get("Object"))
        detail = _mapping(inner.get("ObjectDetail"))
        yield item.get("Type", inner.get("Type")), inner.get("Name"), detail
        for holder in (item, inner, detail):
            for key in _CHILDREN:
                pending += reversed(sequence(holder.get(key)))


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _datum(flag: object) -> Datum | None:
    """Return the datum that a ``Gcj02`` of 0 or 1 states; None for anything else."""
    if flag in (1, "1"):
        return Datum.GCJ02
    return Datum.WGS84 if flag in (0, "0") else None


def _shapes_only(count: int) -> Problem:
    return Problem(
        "shapes_only",
        Text(
            f"文件里没有轨迹,已把 {count} 个画出的图形当作轨迹读取;请确认走过这些路线",
            f"the file holds no track; {count} drawn shapes were read as tracks: make sure that "
            "they were walked",
        ),
        count,
    )


def _shapes_left(count: int) -> Problem:
    return Problem(
        "shapes_left_out",
        Text(
            f"文件里另有 {count} 个画出的图形,不是轨迹,未采用",
            f"{count} drawn shapes of the file are no tracks and were left out",
        ),
        count,
    )
